//! The append-only log of events, written in the transaction of each change.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use facts::Fact;

use crate::clock::Millis;
use crate::db::{Db, Error, Row, Tx, values};
use crate::media::sql::{erased_of_client, kind_of};
use crate::model::{EventKind, MediaKind, Scope};

pub mod endpoints;
pub mod facts;
pub mod feed;
pub mod notifications;
pub mod signing;

/// The kinds of events, as in JSON.
pub const KINDS: [&str; EventKind::ALL.len()] = EventKind::CODES;

/// In place of the kind of an event that was erased, which has no data.
pub const ERASED: &str = "erased";

#[derive(Clone, Debug)]
pub struct Event {
    /// Increasing; the cursor of every reader.
    pub seq: i64,
    pub at: Millis,
    /// The code of an [`EventKind`] or [`ERASED`], unless a newer version wrote it.
    pub kind: String,
    /// None when the event concerns no client.
    pub client: Option<i64>,
    pub instance: Option<String>,
    pub media: Option<String>,
    /// Further fields.
    pub data: Json,
}

impl Event {
    pub fn is(&self, kind: EventKind) -> bool {
        self.kind == kind.as_str()
    }
}

/// A new event. The fields are those of [`Event`].
pub struct News<'a> {
    pub client: Option<i64>,
    pub instance: Option<&'a str>,
    pub media: Option<&'a str>,
    pub fact: Fact,
}

/// Appends an event at the end of the commit group, so that events are numbered in commit order.
pub fn append(tx: &mut Tx, now: Millis, news: News<'_>) {
    let (kind, client) = (news.fact.kind().as_str(), news.client);
    let values = values![
        now,
        kind,
        client,
        news.instance,
        news.media,
        news.fact.data().to_string()
    ];
    tx.defer(async move |tx| {
        let sql = "insert into events (at, kind, client, instance, media, data) values ($1, $2, $3, $4, $5, $6) returning seq";
        let Some(row) = tx.row(sql, values).await? else {
            return Ok(());
        };
        notifications::enqueue(tx, row.int("seq")?, kind, client, now).await
    });
}

/// Up to `limit` events of a scope after `seq`, oldest first.
pub async fn visible_after(
    db: &Db,
    scope: Scope,
    seq: i64,
    limit: u32,
) -> Result<Vec<Event>, Error> {
    let Some(client) = scope.client() else {
        return after(db, seq, limit).await;
    };
    let sql = "select seq, at, kind, client, instance, media, data from events
               where client = $1 and seq > $2 order by seq limit $3";
    let rows = db.rows(sql, values![client, seq, limit]).await?;
    rows.iter().map(event_of).collect()
}

/// The oldest event that is kept.
pub async fn oldest(db: &Db) -> Result<Option<i64>, Error> {
    let row = db.row("select min(seq) as seq from events", vec![]).await?;
    row.map_or(Ok(None), |row| row.int_or_none("seq"))
}

/// The newest number that was ever given, also when its event was deleted.
pub async fn last_given(db: &Db) -> Result<i64, Error> {
    db.last_event_number().await
}

/// Up to `limit` events after `seq`, oldest first.
pub async fn after(db: &Db, seq: i64, limit: u32) -> Result<Vec<Event>, Error> {
    let sql = "select seq, at, kind, client, instance, media, data from events where seq > $1 order by seq limit $2";
    let rows = db.rows(sql, values![seq, limit]).await?;
    rows.iter().map(event_of).collect()
}

fn event_of(row: &Row) -> Result<Event, Error> {
    Ok(Event {
        seq: row.int("seq")?,
        at: row.int("at")?,
        kind: row.text("kind")?,
        client: row.int_or_none("client")?,
        instance: row.text_or_none("instance")?,
        media: row.text_or_none("media")?,
        data: serde_json::from_str(&row.text("data")?).unwrap_or(Json::Null),
    })
}

/// Conditions on events; None means any.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Which {
    pub kind: Option<EventKind>,
    pub instance: Option<String>,
    /// The kind of the event's media.
    pub media_kind: Option<MediaKind>,
}

/// Up to `limit` events after `seq`, newest first. Reads backwards from the end, so the cost depends on `seq`.
pub async fn newest_of(db: &Db, which: &Which, seq: i64, limit: u32) -> Result<Vec<Event>, Error> {
    let sql = concat!(
        "select seq, at, kind, client, instance, media, data from events
         where seq > $1 and ($2 is null or kind = $2) and ($3 is null or instance = $3) and ($4 is null or ",
        kind_of!("events.media"),
        " = $4) order by seq desc limit $5"
    );
    let media_kind = which.media_kind.map(MediaKind::as_str);
    let kind = which.kind.map(EventKind::as_str);
    let values = values![seq, kind, which.instance.clone(), media_kind, limit];
    let rows = db.rows(sql, values).await?;
    rows.iter().map(event_of).collect()
}

/// The number of events of each kind since then.
pub async fn counts_since(
    db: &Db,
    which: &Which,
    since: Millis,
) -> Result<Vec<(String, u64)>, Error> {
    let sql = concat!(
        "select kind, count(*) as n from events
         where at >= $1 and ($2 is null or instance = $2) and ($3 is null or ",
        kind_of!("events.media"),
        " = $3) group by kind"
    );
    let media_kind = which.media_kind.map(MediaKind::as_str);
    let values = values![since, which.instance.clone(), media_kind];
    let rows = db.rows(sql, values).await?;
    rows.iter()
        .map(|row| Ok((row.text("kind")?, row.count("n")?)))
        .collect()
}

/// The newest event's number; 0 without events.
pub async fn newest(db: &Db) -> Result<i64, Error> {
    let row = db
        .row("select coalesce(max(seq), 0) as seq from events", vec![])
        .await?;
    row.map_or(Ok(0), |row| row.int("seq"))
}

/// The newest one of a scope; 0 without one.
pub async fn newest_visible(db: &Db, scope: Scope) -> Result<i64, Error> {
    let Some(client) = scope.client() else {
        return newest(db).await;
    };
    let sql = "select coalesce(max(seq), 0) as seq from events where client = $1";
    let row = db.row(sql, values![client]).await?;
    row.map_or(Ok(0), |row| row.int("seq"))
}

/// The number before the first event since then; the newest one's when there is none.
pub async fn before_time(db: &Db, since: Millis) -> Result<i64, Error> {
    let sql = "select min(seq) as seq from events where at >= $1";
    let row = db.row(sql, values![since]).await?;
    match row.map_or(Ok(None), |row| row.int_or_none("seq"))? {
        Some(first) => Ok(first - 1),
        None => newest(db).await,
    }
}

/// The number of events before that time.
pub async fn older_than(db: &Db, before: Millis) -> Result<u64, Error> {
    let sql = "select count(*) as n from events where at < $1";
    let row = db.row(sql, values![before]).await?;
    row.map_or(Ok(0), |row| row.count("n"))
}

/// Deletes up to `limit` events before that time; returns the number. Event numbers are never reused.
pub async fn prune(tx: &mut Tx, before: Millis, limit: u32) -> Result<u64, Error> {
    let sql = "delete from events where seq in (select seq from events where at < $1 order by seq limit $2) returning seq, client";
    let deleted = tx.rows(sql, values![before, limit]).await?;
    let mut marks = BTreeMap::<i64, i64>::new();
    for row in &deleted {
        if let Some(client) = row.int_or_none("client")? {
            let (seq, mark) = (row.int("seq")?, marks.entry(client).or_default());
            *mark = seq.max(*mark);
        }
    }
    for (client, last) in marks {
        let sql = "insert into event_marks (client, last) values ($1, $2)
                   on conflict (client) do update set last = case when excluded.last > event_marks.last then excluded.last else event_marks.last end";
        tx.run(sql, values![client, last]).await?;
    }
    Ok(deleted.len() as u64)
}

/// The number of a client's last event that was deleted for its age; 0 without one.
pub async fn last_deleted(db: &Db, client: i64) -> Result<i64, Error> {
    let row = db.row(
        "select last from event_marks where client = $1",
        values![client],
    );
    row.await?.map_or(Ok(0), |row| row.int("last"))
}

pub async fn last_at(db: &Db) -> Result<Option<Millis>, Error> {
    let row = db
        .row("select max(at) as at from events", values![])
        .await?;
    row.map_or(Ok(None), |row| row.int_or_none("at"))
}

/// Removes the data of all events of a client's erased media.
pub async fn erase(tx: &mut Tx, client: i64) -> Result<u64, Error> {
    tx.run_deferred().await?;
    let sql = concat!(
        "update events set data = '{}', kind = 'erased' where client = $1 and kind <> 'erased' and media in ",
        erased_of_client!("$1")
    );
    let erased = tx.run(sql, values![client]).await?;
    notifications::erase_answers(tx, client).await?;
    Ok(erased)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::db::Key;
    use crate::model::Reason;

    fn news(media: Option<&'static str>, kind: &'static str) -> News<'static> {
        News {
            client: Some(1),
            instance: None,
            media,
            fact: Fact::MediaFailed(facts::MediaEnded {
                kind,
                reason: Reason::FileLost,
            }),
        }
    }

    #[tokio::test]
    async fn events_are_of_the_kind_of_their_media_whatever_their_data_says() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("t.db");
        let db = Db::open(&path, Duration::from_secs(1)).await.unwrap();
        db.write(Key::Everything, async |tx| {
            for sql in [
                "insert into clients (id, name, created_at) values (1, 'A', 0)",
                "insert into instances (id, client, gateway, hook_hash, api_base, created_at) values ('I', 1, 'wapi', cast('00' as /*sqlite*/blob/*postgres bytea */), '', 0)",
                "insert into media (id, instance, client, gateway, message_id, slot, delivery, kind, key_kind, from_me, is_group, voice_note,
                   received_at, file_time, media_key_malformed, inline, status, deadline)
                 values ('m-image', 'I', 1, 'wapi', 'M', 0, 'd', 'image', 'image', 0, 0, 0, 0, 0, 0, 0, 'stored', 0),
                   ('m-audio', 'I', 1, 'wapi', 'N', 0, 'd', 'audio', 'audio', 0, 0, 0, 0, 0, 0, 0, 'stored', 0)",
            ] {
                tx.run(sql, values![]).await?;
            }
            append(tx, 5, news(Some("m-image"), "sticker"));
            append(tx, 5, news(Some("m-audio"), "image"));
            append(tx, 5, news(None, "image"));
            Ok(())
        })
        .await
        .unwrap();
        for (media_kind, expected, count) in [
            (Some(MediaKind::Image), &[1][..], 1),
            (Some(MediaKind::Audio), &[2], 1),
            (Some(MediaKind::Video), &[], 0),
            (None, &[3, 2, 1], 3),
        ] {
            let which = Which {
                media_kind,
                ..Which::default()
            };
            let found = newest_of(&db, &which, 0, 10).await.unwrap();
            let found: Vec<_> = found.iter().map(|event| event.seq).collect();
            assert_eq!(found, expected, "{media_kind:?}");
            let counts = counts_since(&db, &which, 0).await.unwrap();
            let counted = counts.iter().map(|(_, count)| count).sum::<u64>();
            assert_eq!(counted, count, "{media_kind:?}");
        }
    }
}
