//! Conditions for lists of media and for operations on them.

use crate::clock::Millis;
use crate::db::{Value, values};
use crate::model::contact::bare;
use crate::model::{MediaKind, MediaStatus, Reason};

/// Conditions on media; all given ones must match.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    pub client: Option<i64>,
    pub instance: Option<String>,
    pub kind: Option<MediaKind>,
    pub status: Option<MediaStatus>,
    /// Any id of the chat: with a server, with a device, or bare. A private chat also matches the phone number and
    /// the LID of its sender.
    pub chat: Option<String>,
    /// By time of receipt, inclusive.
    pub since: Option<Millis>,
    /// By time of receipt, exclusive.
    pub until: Option<Millis>,
    pub reason: Option<Reason>,
}

/// The condition of a [`Filter`] on a row, with the values `$1` to `$8`. With `is null or`, the time conditions let
/// the engine use the index of the id, which is the order of pages.
macro_rules! matches_filter {
    () => {
        concat!(
            "($1 is null or client = $1) and ($2 is null or instance = $2) and ($3 is null or kind = $3)
             and ($4 is null or status = $4) and ($6 is null or reason = $6)
             and ($7 is null or received_at >= $7) and ($8 is null or received_at < $8)
             and ($5 is null or chat_id = $5 or substr(chat_id, 1, length($5) + 1) in ($5 || '@', $5 || ':')
               or from_me = 0 and ",
            crate::model::origin::chat_kind_of_row!(),
            " = 'private' and (sender_lid = $5 or substr(sender_lid, 1, length($5) + 1) in ($5 || '@', $5 || ':')
               or sender_id = $5 or substr(sender_id, 1, length($5) + 1) in ($5 || '@', $5 || ':')))"
        )
    };
}
pub(super) use matches_filter;

impl Filter {
    /// The values of the condition, then those of the rest of the statement, from `$9` on.
    pub(super) fn values(&self, more: Vec<Value>) -> Vec<Value> {
        let mut values = values![
            self.client,
            self.instance.clone(),
            self.kind.map(MediaKind::as_str),
            self.status.map(MediaStatus::as_str),
            self.chat.as_deref().map(|chat| bare(chat).to_owned()),
            self.reason.map(Reason::as_str),
            self.since,
            self.until,
        ];
        values.extend(more);
        values
    }
}

/// `$1, $2, …`, starting at `first`.
pub(super) fn placeholders(first: usize, count: usize) -> String {
    let names: Vec<_> = (first..first + count).map(|n| format!("${n}")).collect();
    names.join(", ")
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
                " as kind from (select $1 as chat_id, $2 as is_group)"
            );
            let row = db.row(sql, crate::db::values![chat, is_group]).await;
            let found = row.unwrap().unwrap().text("kind").unwrap();
            assert_eq!(found, kind.as_str(), "{chat:?} in SQL");
        }
        db.close().await;
    }
}
