//! Conditions for lists of media and for operations on them.

use super::people::People;
use super::screening::Screening;
use super::search;
use super::statement::Statement;
use crate::clock::Millis;
use crate::db::{Db, Error};
use crate::model::phone::Typed;
use crate::model::{Direction, MediaId, MediaKind, MediaStatus, Reason, Scope, Verification};

/// Conditions on media; all given ones must match.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// The scope of the caller.
    pub scope: Scope,
    /// Leaves out files that the caller may not have.
    pub screening: Screening,
    /// Only these; all when empty.
    pub ids: Vec<MediaId>,
    pub client: Option<i64>,
    pub instance: Option<String>,
    pub kind: Option<MediaKind>,
    pub status: Option<MediaStatus>,
    /// Any id of the chat: with a server, with a device, or bare. A private chat also matches the phone number and
    /// the LID of its sender.
    pub chat: Option<String>,
    /// The sender's phone number or LID, as the chat's; a number also as people write it.
    pub sender: Option<String>,
    /// By time of receipt, inclusive.
    pub since: Option<Millis>,
    /// By time of receipt, exclusive.
    pub until: Option<Millis>,
    pub reason: Option<Reason>,
    pub verified: Option<Verification>,
    pub direction: Option<Direction>,
    pub message_id: Option<String>,
    /// The instances that may have the message; unknown when empty.
    pub instances: Vec<String>,
    /// The clients that may have the file; unknown when empty.
    pub clients: Vec<i64>,
    /// Of the stored file.
    pub sha256: Option<[u8; 32]>,
    /// Words of the caption, the file's and the sender's name; each may be the beginning of one.
    pub words: Option<String>,
}

impl Statement {
    /// Adds the conditions of a filter, each after an ` and `.
    pub fn filter(&mut self, filter: &ResolvedFilter) {
        self.filter_by(filter, Driver::Any);
    }

    /// Like [`Statement::filter`], for an engine that is to choose its index by `driver`: the other conditions are written so
    /// that no index fits them. Those of the driver are left to the caller.
    pub fn filter_by(&mut self, resolved: &ResolvedFilter, driver: Driver) {
        let filter = &resolved.filter;
        // Chats are a better driver than the client.
        let has_chats = resolved.chats.is_some();
        let (client, instance, kind, status) = match driver {
            Driver::Any if !has_chats => {
                ("client = $$", "instance = $$", "kind = $$", "status = $$")
            }
            Driver::Any | Driver::Given => (
                "coalesce(client, 0) = $$",
                "coalesce(instance, '') = $$",
                "coalesce(kind, '') = $$",
                "coalesce(status, '') = $$",
            ),
        };
        self.and(client, filter.scope.client());
        self.and(client, filter.client);
        self.and(instance, filter.instance.as_ref());
        self.and(kind, filter.kind.map(MediaKind::as_str));
        self.and(status, filter.status.map(MediaStatus::as_str));
        self.and("reason = $$", filter.reason.map(Reason::as_str));
        self.and("received_at >= $$", filter.since);
        self.and("received_at < $$", filter.until);
        if let Some(chats) = &resolved.chats
            && driver == Driver::Any
        {
            self.in_chats(chats);
        }
        if let Some(senders) = &resolved.senders {
            self.sql.push_str(" and ");
            senders.add_sent(self);
        }
        self.and("verified = $$", filter.verified.map(Verification::as_str));
        let from_me = filter
            .direction
            .map(|direction| direction == Direction::Sent);
        self.and("from_me = $$", from_me);
        self.and("message_id = $$", filter.message_id.as_ref());
        self.sql.push_str(filter.screening.condition());
        for (n, id) in filter.ids.iter().enumerate() {
            self.push(if n == 0 { " and id in ($$" } else { ", $$" }, id.as_str());
        }
        if !filter.ids.is_empty() {
            self.sql.push(')');
        }
        if let Some(sha256) = &filter.sha256 {
            self.sql.push_str(" and status = 'stored'");
            self.and("sha256 = $$", Some(sha256));
        }
        let words = filter.words.as_deref().map(search::query);
        match (&resolved.searched, words) {
            (Some(people), Some(words)) => {
                self.push(search::MATCHES_OR, words);
                people.add_ids(self);
                self.sql.push(')');
            }
            (_, Some(_)) if resolved.has_common_words => {
                let words = filter.words.as_deref().unwrap_or_default();
                self.sql
                    .push_str(" and exists (select 1 from media_words w where w.media = media.id");
                for pattern in search::patterns(words) {
                    self.push(" and ' ' || w.words like $$", pattern);
                }
                self.sql.push(')');
            }
            (_, words) => self.and(search::MATCHES, words),
        }
    }
}

/// Whether words of a search are a phone number, or an id with its server.
fn is_id(words: &str) -> bool {
    let is_whole_id = || words.contains('@') && !words.trim().contains(char::is_whitespace);
    Typed::parse(words).is_some() || is_whole_id()
}

/// Whether the engine chooses its index, or the caller did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Driver {
    Any,
    Given,
}

/// A filter whose chat is known by the ids that media have.
pub(super) struct ResolvedFilter<'a> {
    pub filter: &'a Filter,
    /// Clients and ids.
    pub chats: Option<Vec<(i64, String)>>,
    /// Who the sender may be.
    pub senders: Option<People>,
    /// Who is meant by the words, if these are a phone number or an id.
    pub searched: Option<People>,
    /// Whether very many media have the words.
    pub has_common_words: bool,
}

impl<'a> ResolvedFilter<'a> {
    pub async fn new(db: &Db, filter: &'a Filter) -> Result<Self, Error> {
        let find = async |text: &str| People::find(db, filter.scope, filter.client, text).await;
        let chats = match &filter.chat {
            Some(chat) => Some(find(chat).await?.chats.into_iter().collect()),
            None => None,
        };
        let senders = match &filter.sender {
            Some(sender) => Some(find(sender).await?),
            None => None,
        };
        let id = filter.words.as_deref().filter(|words| is_id(words));
        let searched = match id {
            Some(id) => Some(find(id).await?).filter(|people| !people.is_empty()),
            None => None,
        };
        let has_common_words = match &filter.words {
            Some(words) if searched.is_none() => search::is_common(db, words).await?,
            _ => false,
        };
        Ok(Self {
            filter,
            chats,
            senders,
            searched,
            has_common_words,
        })
    }

    /// Without a chat.
    #[cfg(test)]
    pub fn plain(filter: &'a Filter) -> Self {
        Self {
            filter,
            chats: None,
            senders: None,
            searched: None,
            has_common_words: false,
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::model::origin::chat_kind_of_row;
    use crate::model::{ChatId, ChatKind, Origin};

    #[tokio::test]
    async fn the_rules_for_chats_are_the_same_in_sql_and_here() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("t.db");
        let db = crate::db::Db::open(&path, std::time::Duration::from_secs(1));
        let db = db.await.unwrap();
        for (chat, is_group, kind) in [
            (None, false, ChatKind::Private),
            (None, true, ChatKind::Group),
            (Some("5500900000001"), false, ChatKind::Private),
            (
                Some("5500900000001@s.whatsapp.net"),
                false,
                ChatKind::Private,
            ),
            (Some("555566667777888@lid"), false, ChatKind::Private),
            (Some("120363000000000001"), true, ChatKind::Group),
            (Some("120363000000000001@g.us"), false, ChatKind::Group),
            (
                Some("120363000000000001@newsletter"),
                false,
                ChatKind::Channel,
            ),
            (Some("1612345678@broadcast"), false, ChatKind::Broadcast),
            (Some("status"), false, ChatKind::Story),
            (Some("status@broadcast"), true, ChatKind::Story),
        ] {
            let origin = Origin {
                chat: chat.map(|chat| ChatId(chat.to_owned())),
                is_group,
                ..Origin::default()
            };
            assert_eq!(origin.chat_kind(), kind, "{chat:?}");
            let sql = concat!(
                "select ",
                chat_kind_of_row!(),
                " as kind from (select $1 as chat_id, $2 as is_group) as row"
            );
            let row = db.row(sql, crate::db::values![chat, is_group]).await;
            let found = row.unwrap().unwrap().text("kind").unwrap();
            assert_eq!(found, kind.as_str(), "{chat:?} in SQL");
        }
        db.close().await;
    }
}
