//! The people of media, found by a phone number or an id as people write it: their ids, the private chats with them, and the
//! chats in which they sent something. `media_senders` has each sender once for each chat, and an index by the last digits of
//! a phone number, so that a search costs the same however many media there are.

use std::collections::BTreeSet;

use super::person::{is_person, is_theirs};
use super::statement::{Statement, is_id};
use crate::db::{Db, Error, Row, Tx, values};
use crate::model::Scope;
use crate::model::contact::{bare, is_of_several};
use crate::model::phone::Typed;

/// Numbers with the same last digits that are looked at.
const MOST_ROWS: u32 = 2_000;
/// A person has a number and a LID, perhaps two of each. An id with more counterparts is not one person's.
const MOST_COUNTERPARTS: usize = 8;
/// Of a search; the engine limits the values of a statement.
const MOST_FOUND: usize = 5_000;

/// The last eight digits of an id without its server and device; as in the migration, for its indexes.
macro_rules! tail {
    ($column:literal) => {
        concat!(
            "/*sqlite*/substr(substr(",
            $column,
            ", 1, min(instr(",
            $column,
            " || '@', '@'), instr(",
            $column,
            " || ':', ':')) - 1), -8)/*postgres phone_tail(",
            $column,
            ") */"
        )
    };
}

/// What is known of the people that a text means.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct People {
    /// The chats with them, or the chat of this id.
    pub chats: BTreeSet<(i64, String)>,
    /// The chats in which they sent something; empty ids for media without a chat.
    pub sent_in: BTreeSet<(i64, String)>,
    /// As media have them.
    pub sender_ids: BTreeSet<String>,
    pub sender_lids: BTreeSet<String>,
}

impl People {
    /// Finds the people and the chat that a text means: an id with or without its server, or a phone number, with the other ids
    /// that media give together with these.
    pub async fn find(
        db: &Db,
        scope: Scope,
        client: Option<i64>,
        text: &str,
    ) -> Result<Self, Error> {
        let lookup = Lookup { db, scope, client };
        let mut found = Self::default();
        let id = bare(text).trim_start_matches('+');
        let mut known = BTreeSet::from([id.to_owned()]);
        let mut others = BTreeSet::new();
        if !id.is_empty() {
            others.extend(lookup.by_id(id, &mut found).await?);
        }
        if let Some(typed) = Typed::parse(text) {
            others.extend(lookup.by_number(&typed, &mut found).await?);
        }
        others.retain(|id| known.insert(id.clone()));
        if others.len() <= MOST_COUNTERPARTS {
            for id in others {
                lookup.by_id(&id, &mut found).await?;
            }
        }
        Ok(found)
    }

    /// The chats and the senders with exactly these ids, with or without their servers.
    pub async fn of_ids(db: &Db, client: i64, ids: &[String]) -> Result<Self, Error> {
        let lookup = Lookup {
            db,
            scope: Scope::Client(client),
            client: None,
        };
        let mut found = Self::default();
        for id in ids {
            lookup.by_id(id, &mut found).await?;
        }
        let is_given = |(_, chat): &(i64, String)| ids.iter().any(|id| id == bare(chat));
        found.chats.retain(is_given);
        Ok(found)
    }

    /// Leaves the chats.
    pub fn clear_senders(&mut self) {
        self.sent_in.clear();
        self.sender_ids.clear();
        self.sender_lids.clear();
    }

    pub fn is_empty(&self) -> bool {
        self.chats.is_empty() && self.sender_ids.is_empty() && self.sender_lids.is_empty()
    }

    /// Adds that a media is one that they sent.
    pub fn add_sent(&self, statement: &mut Statement) {
        statement.sql.push_str("(sender_id in ");
        statement.list(&self.sender_ids);
        statement.sql.push_str(" or sender_lid in ");
        statement.list(&self.sender_lids);
        statement.sql.push(')');
    }

    /// Adds a statement of the ids of all media of the chats, and of those that they sent.
    pub fn add_ids(&self, statement: &mut Statement) {
        statement.of_chats("id", self.chats.iter(), |_| ());
        statement.sql.push_str(" union all ");
        let others = self.sent_in.difference(&self.chats);
        statement.of_chats("id", others, |statement| {
            statement.sql.push_str(" and ");
            self.add_sent(statement);
        });
    }
}

struct Lookup<'a> {
    db: &'a Db,
    scope: Scope,
    client: Option<i64>,
}

const CHATS: &str = "select client, chat_id, person_id, person_lid from media_chats where ";
const SENDERS: &str = "select client, chat_id, sender_id, sender_lid from media_senders where ";

const OF_CHAT: &str = concat!(
    "(",
    is_id!("chat_id"),
    " or ",
    is_id!("person_id"),
    " or ",
    is_id!("person_lid"),
    ")"
);
const OF_SENDER: &str = concat!("(", is_id!("sender_id"), " or ", is_id!("sender_lid"), ")");
const NUMBER_OF_CHAT: &str = concat!(
    "(",
    tail!("chat_id"),
    " = $$ or ",
    tail!("person_id"),
    " = $$)"
);
const NUMBER_OF_SENDER: &str = concat!(tail!("sender_id"), " = $$");

impl Lookup<'_> {
    /// Returns the other ids of the people.
    async fn by_id(&self, id: &str, found: &mut People) -> Result<BTreeSet<String>, Error> {
        let mut others = BTreeSet::new();
        for row in self.rows(CHATS, OF_CHAT, id).await? {
            others.extend(take_chat(&row, found)?);
        }
        for row in self.rows(SENDERS, OF_SENDER, id).await? {
            others.extend(take_sender(&row, found, |known| bare(known) == id)?);
        }
        Ok(others)
    }

    async fn by_number(
        &self,
        typed: &Typed,
        found: &mut People,
    ) -> Result<BTreeSet<String>, Error> {
        let mut others = BTreeSet::new();
        for row in self.rows(CHATS, NUMBER_OF_CHAT, typed.tail()).await? {
            let ids = [row.text_or_none("chat_id")?, row.text_or_none("person_id")?];
            if ids.iter().flatten().any(|id| typed.matches(id)) {
                others.extend(take_chat(&row, found)?);
            }
        }
        for row in self.rows(SENDERS, NUMBER_OF_SENDER, typed.tail()).await? {
            if typed.matches(&row.text("sender_id")?) {
                others.extend(take_sender(&row, found, |known| typed.matches(known))?);
            }
        }
        Ok(others)
    }

    async fn rows(&self, from: &str, condition: &str, value: &str) -> Result<Vec<Row>, Error> {
        let statement = self.statement(from, condition, value);
        self.db.rows_of(statement.sql, statement.values).await
    }

    fn statement(&self, from: &str, condition: &str, value: &str) -> Statement {
        let mut statement = Statement::new(from);
        statement.push(condition, value);
        // So that the engine does not choose its index by the client.
        statement.and("/*sqlite*/+/*postgres */client = $$", self.scope.client());
        statement.and("/*sqlite*/+/*postgres */client = $$", self.client);
        statement.push(" limit $$", MOST_ROWS);
        statement
    }
}

fn take_chat(row: &Row, found: &mut People) -> Result<Vec<String>, Error> {
    let (client, chat) = (row.int("client")?, row.text("chat_id")?);
    let ids = [
        Some(chat.clone()).filter(|chat| !is_of_several(chat)),
        row.text_or_none("person_id")?,
        row.text_or_none("person_lid")?,
    ];
    if found.chats.len() < MOST_FOUND {
        found.chats.insert((client, chat));
    }
    let ids = ids.iter().flatten();
    Ok(ids.map(|id| bare(id).to_owned()).collect())
}

/// Takes those ids of a sender that are the ones looked for; returns all of them.
fn take_sender(
    row: &Row,
    found: &mut People,
    is_it: impl Fn(&str) -> bool,
) -> Result<Vec<String>, Error> {
    let (client, chat) = (row.int("client")?, row.text("chat_id")?);
    let ids = [row.text("sender_id")?, row.text("sender_lid")?];
    let [id, lid] = &ids;
    if found.sent_in.len() < MOST_FOUND {
        found.sent_in.insert((client, chat));
        found.sender_ids.extend(is_it(id).then(|| id.clone()));
        found.sender_lids.extend(is_it(lid).then(|| lid.clone()));
    }
    let ids = ids.iter().filter(|id| !id.is_empty());
    Ok(ids.map(|id| bare(id).to_owned()).collect())
}

/// Deletes what is known of senders and chats with these ids, for an erasure.
pub async fn erase(tx: &mut Tx, client: i64, ids: &[String]) -> Result<(), Error> {
    let sql = concat!(
        "delete from media_senders where client = $1 and ",
        is_theirs!()
    );
    // What a hold keeps stays to be found.
    let again = concat!(
        "insert into media_senders (client, chat_id, sender_id, sender_lid)
           select client, coalesce(chat_id, ''), coalesce(sender_id, ''), coalesce(sender_lid, '') from media
           where client = $1 and exists (select 1 from holds where holds.client = $1 and released_at is null)
             and (sender_id is not null or sender_lid is not null) and ",
        is_theirs!(),
        " on conflict do nothing"
    );
    for id in ids {
        tx.run(sql, values![client, id]).await?;
        tx.run(again, values![client, id]).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    /// No statistics are collected, so that the plan does not change with the number of rows.
    #[tokio::test]
    async fn people_are_looked_up_in_indexes_only() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("t.db");
        let db = Db::open_sqlite(&path, Duration::from_secs(1))
            .await
            .unwrap();
        for scope in [Scope::All, Scope::Client(2)] {
            let lookup = Lookup {
                db: &db,
                scope,
                client: Some(2),
            };
            for (from, condition, table) in [
                (CHATS, OF_CHAT, "media_chats"),
                (SENDERS, OF_SENDER, "media_senders"),
                (CHATS, NUMBER_OF_CHAT, "media_chats"),
                (SENDERS, NUMBER_OF_SENDER, "media_senders"),
            ] {
                let statement = lookup.statement(from, condition, "87654321");
                let sql = format!("explain query plan {}", statement.sql);
                let rows = db.rows_of(sql, statement.values).await.unwrap();
                let steps: Vec<_> = rows.iter().map(|row| row.text("detail").unwrap()).collect();
                let reads = |step: &&String| step.contains(table);
                let is_found = |step: &String| step.starts_with("SEARCH") && step.contains("INDEX");
                let mut steps_of_table = steps.iter().filter(reads);
                assert!(steps.iter().any(|step| reads(&step)), "{steps:?}");
                assert!(steps_of_table.all(is_found), "{condition}: {steps:?}");
            }
        }
        db.close().await;
    }
}
