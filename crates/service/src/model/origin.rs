//! The chat and the sender of a message, and the only rules for kinds of chats.

use super::contact::{Contact, Match};

#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ChatKind {
    /// Between two people.
    Private,
    /// A group or a community.
    Group,
    /// A channel (WhatsApp's newsletters).
    Channel,
    /// A status update, visible to all contacts.
    Story,
    /// A broadcast list.
    Broadcast,
}

impl ChatKind {
    /// The code in settings, SQL and JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Private => "private",
            Self::Group => "group",
            Self::Channel => "channel",
            Self::Story => "story",
            Self::Broadcast => "broadcast",
        }
    }
}

/// The chat kind in SQL, from the columns `chat_id` and `is_group`; the same rules as [`Origin::chat_kind`].
macro_rules! chat_kind_of_row {
    () => {
        "case when chat_id in ('status', 'status@broadcast') then 'story' when chat_id like '%@newsletter' then 'channel'
              when chat_id like '%@broadcast' then 'broadcast' when is_group = 1 or chat_id like '%@g.us' then 'group'
              else 'private' end"
    };
}
pub(crate) use chat_kind_of_row;

/// A chat id as the gateway wrote it: with a server (`…@g.us`, `…@s.whatsapp.net`, `…@lid`) or without.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ChatId(pub String);

impl ChatId {
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The kind by the id's server. An id without a server is a private chat, unless the delivery says that it is a
    /// group.
    pub fn kind(&self) -> ChatKind {
        // W-API names the chat of status updates `status`.
        if matches!(self.as_str(), "status" | "status@broadcast") {
            return ChatKind::Story;
        }
        match self.0.rsplit_once('@').map(|(_, server)| server) {
            Some("newsletter") => ChatKind::Channel,
            Some("broadcast") => ChatKind::Broadcast,
            Some("g.us") => ChatKind::Group,
            _ => ChatKind::Private,
        }
    }
}

/// The sender of a message, with a phone number, a LID (a privacy id, `…@lid`), or both.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SenderId {
    /// As the gateway wrote it: the phone number if known, else the LID.
    pub id: Option<String>,
    pub lid: Option<String>,
}

impl SenderId {
    /// Fills `lid` when `id` is a LID.
    pub fn new(id: Option<String>, lid: Option<String>) -> Self {
        Self {
            lid: lid.or_else(|| id.clone().filter(|id| is_lid(id))),
            id,
        }
    }
}

pub fn is_lid(id: &str) -> bool {
    id.ends_with("@lid")
}

/// All known ids of a message's chat and sender.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Origin {
    pub chat: Option<ChatId>,
    pub sender: SenderId,
    /// Sent by the account.
    pub from_me: bool,
    /// According to the delivery or to the chat id.
    pub is_group: bool,
}

impl Origin {
    /// Private when there is no chat id.
    pub fn chat_kind(&self) -> ChatKind {
        match self.chat.as_ref().map(ChatId::kind) {
            None | Some(ChatKind::Private) if self.is_group => ChatKind::Group,
            kind => kind.unwrap_or(ChatKind::Private),
        }
    }

    fn chat_id(&self) -> Option<&str> {
        self.chat.as_ref().map(ChatId::as_str)
    }

    fn is_private(&self) -> bool {
        let is_of_several = super::contact::is_of_several;
        self.chat_kind() == ChatKind::Private && !self.chat_id().is_some_and(is_of_several)
    }

    fn sender_contact(&self) -> Contact<'_> {
        Contact::new([self.sender.id.as_deref(), self.sender.lid.as_deref()])
    }

    /// In a private chat, the sender of a received message is the chat's other person.
    fn chat_contact(&self) -> Contact<'_> {
        let is_senders = self.is_private() && !self.from_me;
        let sender =
            [&self.sender.id, &self.sender.lid].map(|id| id.as_deref().filter(|_| is_senders));
        Contact::new(std::iter::once(self.chat_id()).chain(sender))
    }

    /// Whether two messages have the same sender and chat.
    pub fn compare(&self, other: &Self) -> Match {
        let chats = self.chat_contact().compare(&other.chat_contact());
        let senders = if self.from_me && other.from_me {
            // Every sender id is the account's own.
            chats
        } else {
            self.sender_contact().compare(&other.sender_contact())
        };
        match (chats, senders) {
            (Match::Different, _) | (_, Match::Different) => Match::Different,
            (_, Match::Same) => Match::Same,
            (Match::Same, Match::Unclear) if self.is_private() => Match::Same,
            _ => Match::Unclear,
        }
    }

    /// Whether this message may have been deleted for everyone by `other`. In a private chat only its author can; `by_me` is
    /// unknown where the gateway does not say it. In a group an administrator can, too.
    pub fn may_be_deleted_by(&self, other: &Self, by_me: Option<bool>) -> bool {
        let is_authors = by_me.is_none_or(|by_me| by_me == self.from_me);
        let chat = other.chat_contact();
        if chat.is_empty() {
            return is_authors || !self.is_private();
        }
        match self.chat_contact().compare(&chat) {
            Match::Same => is_authors || !self.is_private(),
            Match::Different => false,
            // A phone number and a LID, of which either may be the other's.
            Match::Unclear => is_authors && self.is_private() && other.is_private(),
        }
    }

    /// Whether an edit from `other` may change this message. An edit by another person, or by an unknown member of a
    /// group, may not.
    pub fn may_be_edited_by(&self, other: &Self) -> bool {
        let is_anonymous =
            |origin: &Self| origin.chat_contact().is_empty() && origin.sender_contact().is_empty();
        if self.from_me != other.from_me {
            return false;
        }
        match self.compare(other) {
            Match::Same => true,
            Match::Different => false,
            Match::Unclear => self.is_private() || is_anonymous(self) || is_anonymous(other),
        }
    }
}
