//! Legal holds: what retention and erasure leave alone, and the ids by which a hold covers media.

use std::collections::BTreeMap;

use serde::Serialize;

use super::people::People;
use super::person::{is_person, is_theirs};
use super::sql::{covering_hold, covers, is_on_hold};
use super::statement::Statement;
use super::whole;
use crate::clock::{Millis, as_rfc3339, as_rfc3339_or_null};
use crate::db::{Db, Error, Key, Row, Tx, values};
use crate::model::{MediaId, Role, Scope, fresh_id};

/// Everything of a client, a chat, or a person with what they sent in any chat.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    Client,
    Chat(String),
    Person(String),
}

#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct Hold {
    pub id: String,
    pub client: i64,
    /// The chat, as it was given. Without chat and person it covers everything of the client.
    pub chat: Option<String>,
    /// The person, as it was given.
    pub person: Option<String>,
    pub reason: String,
    /// `key:ID`, `user:ID` or `command_line`.
    pub created_by: String,
    #[serde(serialize_with = "as_rfc3339")]
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Millis,
    #[serde(serialize_with = "as_rfc3339_or_null")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub released_at: Option<Millis>,
}

impl Hold {
    pub fn target(&self) -> Target {
        match (&self.chat, &self.person) {
            (Some(chat), _) => Target::Chat(chat.clone()),
            (None, Some(person)) => Target::Person(person.clone()),
            (None, None) => Target::Client,
        }
    }
}

/// A hold in force, as the things that it covers name it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct CoveringHold {
    pub id: String,
    /// For administrators only.
    pub reason: Option<String>,
    #[serde(serialize_with = "as_rfc3339")]
    #[schema(value_type = String, format = DateTime)]
    pub since: Millis,
}

impl CoveringHold {
    /// Without what the role may not know.
    #[must_use]
    pub fn for_role(self, role: Role) -> Self {
        Self {
            reason: self.reason.filter(|_| role.includes(Role::Admin)),
            ..self
        }
    }
}

/// The fields of a hold to add.
#[derive(Clone, Debug)]
pub struct NewHold {
    pub client: i64,
    pub target: Target,
    pub reason: String,
    pub created_by: String,
}

const COLUMNS: &str =
    "id, client, chat, person, reason, created_by, created_at, released_at from holds";

fn hold_of(row: &Row) -> Result<Hold, Error> {
    Ok(Hold {
        id: row.text("id")?,
        client: row.int("client")?,
        chat: row.text_or_none("chat")?,
        person: row.text_or_none("person")?,
        reason: row.text("reason")?,
        created_by: row.text("created_by")?,
        created_at: row.int("created_at")?,
        released_at: row.int_or_none("released_at")?,
    })
}

/// Adds a hold; `ids` are those of its chat or person, without server and device.
pub async fn add(tx: &mut Tx, new: NewHold, ids: &[String], now: Millis) -> Result<Hold, Error> {
    let (chat, person) = match new.target {
        Target::Client => (None, None),
        Target::Chat(chat) => (Some(chat), None),
        Target::Person(person) => (None, Some(person)),
    };
    let hold = Hold {
        id: fresh_id(now),
        client: new.client,
        chat,
        person,
        reason: new.reason,
        created_by: new.created_by,
        created_at: now,
        released_at: None,
    };
    let sql = "insert into holds (id, client, chat, person, reason, created_by, created_at) values ($1, $2, $3, $4, $5, $6, $7)";
    let values = values![
        &hold.id,
        hold.client,
        hold.chat.clone(),
        hold.person.clone(),
        &hold.reason,
        &hold.created_by,
        now,
    ];
    tx.run(sql, values).await?;
    cover(tx, &hold, ids).await?;
    Ok(hold)
}

/// Adds ids by which a hold covers media.
pub async fn cover(tx: &mut Tx, hold: &Hold, ids: &[String]) -> Result<(), Error> {
    let target = hold.target();
    let everything = [String::new()];
    let ids = match target {
        Target::Client => &everything,
        _ => ids,
    };
    let of_sender = matches!(target, Target::Person(_));
    let sql = "insert into hold_ids (hold, id, of_sender) values ($1, $2, $3) on conflict (hold, id) do nothing";
    for id in ids {
        tx.run(sql, values![&hold.id, id, of_sender]).await?;
    }
    Ok(())
}

/// The ids by which a hold covers media.
pub async fn ids(db: &Db, hold: &Hold) -> Result<Vec<String>, Error> {
    let sql = "select id from hold_ids where hold = $1 order by id";
    let rows = db.rows(sql, values![&hold.id]).await?;
    rows.iter().map(|row| row.text("id")).collect()
}

/// All holds that a scope includes, released ones too, newest first.
pub async fn list(db: &Db, scope: Scope) -> Result<Vec<Hold>, Error> {
    let sql = format!("select {COLUMNS} where $1 is null or client = $1 order by id desc");
    let rows = db.rows_of(sql, values![scope.client()]).await?;
    rows.iter().map(hold_of).collect()
}

/// All holds that are in force.
pub async fn in_force(db: &Db) -> Result<Vec<Hold>, Error> {
    let mut holds = list(db, Scope::All).await?;
    holds.retain(|hold| hold.released_at.is_none());
    Ok(holds)
}

pub async fn find(db: &Db, scope: Scope, id: &str) -> Result<Option<Hold>, Error> {
    let sql = format!("select {COLUMNS} where id = $1 and ($2 is null or client = $2)");
    let rows = db.rows_of(sql, values![id, scope.client()]).await?;
    rows.first().map(hold_of).transpose()
}

/// False when it was released before.
pub async fn release(tx: &mut Tx, id: &str, now: Millis) -> Result<bool, Error> {
    let sql = "update holds set released_at = $2 where id = $1 and released_at is null";
    let is_released = tx.run(sql, values![id, now]).await? == 1;
    let sql = "delete from hold_deliveries where hold = $1";
    tx.run(sql, values![id]).await?;
    Ok(is_released)
}

/// How many media a hold covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Covered {
    pub media: i64,
    /// False when there may be more: not all were counted.
    pub is_complete: bool,
}

/// Media that are counted of one hold.
pub const MOST_COUNTED: u32 = 10_000;
/// Media of groups that are looked at for those of one person.
const MOST_LOOKED_AT: u32 = 100_000;

/// Counts the media that a hold covers now, up to a bound; none once it is released.
pub async fn covered(db: &Db, hold: &Hold) -> Result<Covered, Error> {
    if hold.released_at.is_some() {
        return Ok(Covered {
            media: 0,
            is_complete: true,
        });
    }
    let people = match hold.target() {
        Target::Client => None,
        target => {
            let ids = ids(db, hold).await?;
            let mut people = People::of_ids(db, hold.client, &ids).await?;
            if matches!(target, Target::Chat(_)) {
                people.clear_senders();
            }
            Some(people)
        }
    };
    let statement = covered_statement(hold.client, people.as_ref());
    let rows = db.rows_of(statement.sql, statement.values).await?;
    let count = |name| rows.first().map_or(Ok(0), |row| row.int(name));
    let (media, looked_at) = (count("n")?, count("looked_at")?);
    Ok(Covered {
        media: media.min(i64::from(MOST_COUNTED)),
        is_complete: media <= i64::from(MOST_COUNTED) && looked_at < i64::from(MOST_LOOKED_AT),
    })
}

fn covered_statement(client: i64, people: Option<&People>) -> Statement {
    let most = i64::from(MOST_COUNTED) + 1;
    let is_there = " and reason is distinct from 'erased'";
    let mut statement = Statement::new("");
    let Some(people) = people else {
        statement.push(
            "select count(*) as n, 0 as looked_at from (select 1 from media where client = $$",
            client,
        );
        statement.sql.push_str(is_there);
        statement.push(" limit $$) as counted", most);
        return statement;
    };
    statement
        .sql
        .push_str("with sent as materialized (select * from (");
    let others = people.sent_in.difference(&people.chats);
    statement.of_chats("id, sender_id, sender_lid, reason", others, |_| ());
    statement.push(") as found limit $$)", MOST_LOOKED_AT);
    statement
        .sql
        .push_str(" select (select count(*) from sent) as looked_at, (select count(*) from (");
    statement.of_chats("1", people.chats.iter(), |statement| {
        statement.sql.push_str(is_there);
    });
    statement.push(
        " limit $$) as counted) + (select count(*) from sent where ",
        most,
    );
    people.add_sent(&mut statement);
    statement.sql.push_str(is_there);
    statement.sql.push_str(") as n");
    statement
}

/// Media that are looked at in one query.
const PAGE: u32 = 5_000;

/// Finds the raw deliveries of media on hold that are not known yet, without a lock on writers while it looks.
pub async fn cover_deliveries(db: &Db) -> Result<(), Error> {
    if in_force(db).await?.is_empty() {
        return Ok(());
    }
    let mut after = String::new();
    loop {
        let sql = "select max(id) as last from (select id from media where id > $1 order by id limit $2) as page";
        let row = db.row(sql, values![&after, PAGE]).await?;
        let last = row.map_or(Ok(None), |row| row.text_or_none("last"))?;
        let Some(last) = last else { return Ok(()) };
        let sql = concat!(
            "select distinct media.delivery as delivery, h.id as hold from media join holds h on h.client = media.client
             where media.id > $1 and media.id <= $2 and media.delivery <> '' and ",
            covers!(),
            " and not exists (select 1 from hold_deliveries d where d.delivery = media.delivery and d.hold = h.id)"
        );
        let rows = db.rows(sql, values![&after, &last]).await?;
        let found = rows
            .iter()
            .map(|row| Ok((row.text("delivery")?, row.text("hold")?)));
        let found: Vec<(String, String)> = found.collect::<Result<_, Error>>()?;
        if !found.is_empty() {
            db.write(Key::Everything, async move |tx| {
                let sql = "insert into hold_deliveries (delivery, hold)
                           select $1, id from holds where id = $2 and released_at is null on conflict (delivery, hold) do nothing";
                for (delivery, hold) in &found {
                    tx.run(sql, values![delivery, hold]).await?;
                }
                Ok(())
            })
            .await?;
        }
        after = last;
    }
}

const OF_MEDIA: &str = concat!(
    "select (select h.id ",
    covering_hold!(),
    " order by h.id limit 1) as hold from media where media.id = $1"
);

/// The id of a hold that covers the media.
pub async fn of_media(db: &Db, id: &MediaId) -> Result<Option<String>, Error> {
    let row = db.row(OF_MEDIA, values![id.as_str()]).await?;
    row.map_or(Ok(None), |row| row.text_or_none("hold"))
}

/// The holds in force that cover each of these media of a client; a media that none covers is not in the map.
pub async fn covering(
    db: &Db,
    media: &[MediaId],
) -> Result<BTreeMap<String, Vec<CoveringHold>>, Error> {
    let mut covering = BTreeMap::<String, Vec<CoveringHold>>::new();
    if media.is_empty() || !any_in_force(db).await? {
        return Ok(covering);
    }
    let mut statement = Statement::new(concat!(
        "select media.id as media, h.id as hold, h.reason as reason, h.created_at as created_at
         from media join holds h on h.client = media.client where ",
        covers!()
    ));
    for (n, id) in media.iter().enumerate() {
        let piece = if n == 0 {
            " and media.id in ($$"
        } else {
            ", $$"
        };
        statement.push(piece, id.as_str());
    }
    statement.sql.push_str(") order by h.id");
    for row in db.rows_of(statement.sql, statement.values).await? {
        let hold = CoveringHold {
            id: row.text("hold")?,
            reason: Some(row.text("reason")?),
            since: row.int("created_at")?,
        };
        covering.entry(row.text("media")?).or_default().push(hold);
    }
    Ok(covering)
}

/// The holds in force that cover the whole of a chat.
pub async fn covering_chat(
    db: &Db,
    client: i64,
    chat_id: &str,
) -> Result<Vec<CoveringHold>, Error> {
    let sql = "select distinct h.id as hold, h.reason as reason, h.created_at as created_at from holds h join hold_ids i on i.hold = h.id
               where h.released_at is null and h.client = $1
                 and (i.id = '' or i.id = $2 or substr($2, 1, length(i.id) + 1) in (i.id || '@', i.id || ':')) order by h.id";
    let rows = db.rows(sql, values![client, chat_id]).await?;
    let hold = |row: &Row| {
        Ok(CoveringHold {
            id: row.text("hold")?,
            reason: Some(row.text("reason")?),
            since: row.int("created_at")?,
        })
    };
    rows.iter().map(hold).collect()
}

async fn any_in_force(db: &Db) -> Result<bool, Error> {
    let sql = "select 1 as found from holds where released_at is null limit 1";
    Ok(db.row(sql, values![]).await?.is_some())
}

/// [`of_media`] within a transaction.
pub async fn of_media_now(tx: &mut Tx, id: &MediaId) -> Result<Option<String>, Error> {
    let row = tx.row(OF_MEDIA, values![id.as_str()]).await?;
    row.map_or(Ok(None), |row| row.text_or_none("hold"))
}

/// The id of a hold on a client's person or chat with this id, on everything of the client, or on media that the person
/// sent or that are in the chat with them.
pub async fn of_person(db: &Db, client: i64, id: &str) -> Result<Option<String>, Error> {
    let sql = "select h.id as hold from holds h join hold_ids i on i.hold = h.id
               where h.released_at is null and h.client = $1 and i.id in ('', $2) order by h.id limit 1";
    if let Some(row) = db.row(sql, values![client, id]).await? {
        return row.text_or_none("hold");
    }
    let sql = concat!(
        "select (select h.id ",
        covering_hold!(),
        " order by h.id limit 1) as hold from media where media.client = $1 and ",
        is_theirs!(),
        " and ",
        is_on_hold!(),
        " limit 1"
    );
    let row = db.row(sql, values![client, id]).await?;
    row.map_or(Ok(None), |row| row.text_or_none("hold"))
}

/// Replaces what released holds of a client say about these ids.
pub async fn erase(tx: &mut Tx, client: i64, ids: &[String]) -> Result<(), Error> {
    let sql = format!("select {COLUMNS} where client = $1 and released_at is not null");
    for row in tx.rows_of(sql, values![client]).await? {
        let hold = hold_of(&row)?;
        let sql = "select id from hold_ids where hold = $1";
        let covered = tx.rows(sql, values![&hold.id]).await?;
        let covered: Vec<_> = covered.iter().map(|row| row.text("id")).collect();
        let covered = covered.into_iter().collect::<Result<Vec<_>, _>>()?;
        let is_about = covered.iter().any(|id| ids.contains(id));
        let is_named = |id: &String| whole(hold.reason.as_bytes(), id).next().is_some();
        if !is_about && !ids.iter().any(is_named) {
            continue;
        }
        let masked = |text: &Option<String>| text.as_ref().map(|_| super::person::MASKED);
        let (chat, person) = if is_about {
            (masked(&hold.chat), masked(&hold.person))
        } else {
            (hold.chat.as_deref(), hold.person.as_deref())
        };
        let reason = ids.iter().fold(hold.reason.clone(), |reason, id| {
            super::person::without(&reason, id)
        });
        let sql = "update holds set chat = $2, person = $3, reason = $4 where id = $1";
        tx.run(sql, values![&hold.id, chat, person, reason]).await?;
        if is_about {
            let sql = "delete from hold_ids where hold = $1";
            tx.run(sql, values![&hold.id]).await?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    /// A client's media are not scanned for each hold that is shown.
    #[tokio::test]
    async fn the_media_of_a_hold_are_counted_in_an_index() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("t.db");
        let db = Db::open_sqlite(&path, Duration::from_secs(1))
            .await
            .unwrap();
        let people = People {
            chats: [(2, "c".to_owned())].into(),
            sent_in: [(2, "g".to_owned()), (2, String::new())].into(),
            sender_ids: ["c".to_owned()].into(),
            sender_lids: ["l@lid".to_owned()].into(),
        };
        for (people, index) in [
            (None, "media_by_client (client=?)"),
            (Some(&people), "media_by_chat (client=? AND chat_id=?)"),
        ] {
            let statement = covered_statement(2, people);
            let sql = format!("explain query plan {}", statement.sql);
            let rows = db.rows_of(sql, statement.values).await.unwrap();
            let steps: Vec<_> = rows.iter().map(|row| row.text("detail").unwrap()).collect();
            let reads: Vec<_> = steps
                .iter()
                .filter(|step| step.contains(" media "))
                .collect();
            assert!(!reads.is_empty(), "{steps:?}");
            assert!(reads.iter().all(|step| step.contains(index)), "{steps:?}");
        }
        db.close().await;
    }
}
