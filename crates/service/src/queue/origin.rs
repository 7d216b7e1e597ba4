//! Who sent a message, and in which chat.

use crate::db::{Error, Row};
use crate::gateway::Message;
use crate::model::contact::{Contact, Match, is_of_several};

/// Where a message comes from, by all ids that are known.
pub(super) struct Origin {
    chat_id: Option<String>,
    sender_id: Option<String>,
    sender_lid: Option<String>,
    from_me: bool,
    is_group: bool,
}

impl Origin {
    pub(super) fn of(message: &Message) -> Self {
        Self {
            chat_id: message.chat_id.clone(),
            sender_id: message.sender_id.clone(),
            sender_lid: message.sender_lid.clone(),
            from_me: message.from_me,
            is_group: message.is_group,
        }
    }

    pub(super) fn of_row(row: &Row) -> Result<Self, Error> {
        Ok(Self {
            chat_id: row.text_or_none("chat_id")?,
            sender_id: row.text_or_none("sender_id")?,
            sender_lid: row.text_or_none("sender_lid")?,
            from_me: row.flag("from_me")?,
            is_group: row.flag("is_group")?,
        })
    }

    fn is_private(&self) -> bool {
        !self.is_group && !self.chat_id.as_deref().is_some_and(is_of_several)
    }

    fn sender(&self) -> Contact<'_> {
        Contact::of([self.sender_id.as_deref(), self.sender_lid.as_deref()])
    }

    /// In a private chat, who did not write from this account is the one with whom it is.
    fn chat(&self) -> Contact<'_> {
        let is_senders = self.is_private() && !self.from_me;
        let sender =
            [&self.sender_id, &self.sender_lid].map(|id| id.as_deref().filter(|_| is_senders));
        Contact::of(std::iter::once(self.chat_id.as_deref()).chain(sender))
    }

    /// Whether two messages come from the same person in the same chat.
    pub(super) fn compare(&self, other: &Self) -> Match {
        let chats = self.chat().compare(&other.chat());
        let senders = match self.from_me && other.from_me {
            // Every id of a sender is the account's own.
            true => chats,
            false => self.sender().compare(&other.sender()),
        };
        match (chats, senders) {
            (Match::Different, _) | (_, Match::Different) => Match::Different,
            (_, Match::Same) => Match::Same,
            (Match::Same, Match::Unclear) if self.is_private() => Match::Same,
            _ => Match::Unclear,
        }
    }

    /// Whether what `other` says may change what this one said: it is not from somebody else, nor from a member of a group
    /// of whom it cannot be known who it is.
    pub(super) fn may_be_edited_by(&self, other: &Self) -> bool {
        let is_anonymous = |origin: &Self| origin.chat().is_empty() && origin.sender().is_empty();
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
