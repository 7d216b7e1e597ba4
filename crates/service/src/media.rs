//! What is held: find, list, count, forget.

mod forget;
mod person;

pub mod census;
pub mod holding;

use serde::Serialize;

use crate::clock::{Millis, rfc3339};
use crate::db::{Db, Error, Row, Value, values};
use crate::model::contact::bare;
use crate::model::{MediaId, MediaStatus, Reason, Route};

pub use forget::{Doomed, Meaning, doomed, doomed_of_id, let_go, meant_bytes};
pub use person::{
    Counterparts, Person, Theirs, condemn, counterparts, erase, has_id, mask, naming, of_person,
    whole,
};

/// A media as everybody sees it. Keys and tokens are not part of it.
#[derive(Clone, Debug, Default, Serialize)]
#[expect(
    missing_docs,
    reason = "the names are those of the public JSON, where they are described"
)]
pub struct MediaView {
    pub id: String,
    pub client: i64,
    pub instance: String,
    pub gateway: String,
    pub message_id: String,
    pub slot: i64,
    pub kind: String,
    pub mime_declared: Option<String>,
    pub mime: Option<String>,
    pub file_name: Option<String>,
    pub caption: Option<String>,
    pub chat_id: Option<String>,
    pub sender_id: Option<String>,
    pub sender_name: Option<String>,
    pub from_me: bool,
    pub is_group: bool,
    pub sent_at: Option<String>,
    pub received_at: String,
    pub status: String,
    pub reason: Option<String>,
    pub recoverable: bool,
    pub attempts: i64,
    pub next_attempt_at: Option<String>,
    pub expires_at: Option<String>,
    pub stored_at: Option<String>,
    pub route: Option<String>,
    pub size: Option<i64>,
    pub sha256: Option<String>,
    pub verified: Option<String>,
    pub path: Option<String>,
    pub width: Option<i64>,
    pub height: Option<i64>,
    pub seconds: Option<i64>,
    pub voice_note: bool,
}

/// One recorded try.
#[derive(Clone, Debug, Serialize)]
#[expect(
    missing_docs,
    reason = "the names are those of the public JSON, where they are described"
)]
pub struct AttemptView {
    pub n: i64,
    pub route: String,
    pub host: Option<String>,
    pub started_at: String,
    pub duration_ms: i64,
    pub http_status: Option<i64>,
    pub size: i64,
    pub reason: Option<String>,
}

/// Bytes as hexadecimal text.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A SHA-256 that is written in hexadecimal.
pub fn unhex(text: &str) -> Option<[u8; 32]> {
    let digits = text.as_bytes();
    let mut bytes = [0; 32];
    if digits.len() != 64 {
        return None;
    }
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks(2)) {
        let pair = std::str::from_utf8(pair).ok()?;
        *byte = u8::from_str_radix(pair, 16).ok()?;
    }
    Some(bytes)
}

fn view(row: &Row) -> Result<MediaView, Error> {
    let time = |column: &str| Ok::<_, Error>(row.int_or_none(column)?.map(rfc3339));
    let status = row.text("status")?;
    let is_stored = status == MediaStatus::Stored.as_str();
    let reason = row.text_or_none("reason")?;
    let known = reason.as_deref().and_then(Reason::parse);
    let routes = row.text_or_none("routes")?;
    let asks_gateway = routes.is_none_or(|routes| routes.contains(Route::Gateway.as_str()));
    let may_heal = known
        .is_none_or(|reason| reason.may_heal() && (asks_gateway || !reason.is_final_for_cdn()));
    Ok(MediaView {
        id: row.text("id")?,
        client: row.int("client")?,
        instance: row.text("instance")?,
        gateway: row.text("gateway")?,
        message_id: row.text("message_id")?,
        slot: row.int("slot")?,
        kind: row.text("kind")?,
        mime_declared: row.text_or_none("mime_declared")?,
        mime: row.text_or_none("mime")?,
        file_name: row.text_or_none("file_name")?,
        caption: row.text_or_none("caption")?,
        chat_id: row.text_or_none("chat_id")?,
        sender_id: row.text_or_none("sender_id")?,
        sender_name: row.text_or_none("sender_name")?,
        from_me: row.flag("from_me")?,
        is_group: row.flag("is_group")?,
        sent_at: time("sent_at")?,
        received_at: rfc3339(row.int("received_at")?),
        recoverable: !is_stored && may_heal,
        status,
        reason,
        attempts: row.int("attempts")?,
        next_attempt_at: time("next_attempt_at")?,
        expires_at: time("expires_at")?,
        stored_at: time("stored_at")?,
        route: row.text_or_none("route")?,
        size: row.int_or_none("size_bytes")?,
        sha256: row.bytes_or_none("sha256")?.map(|sha256| hex(&sha256)),
        verified: row.text_or_none("verified")?,
        path: row.text_or_none("path")?.filter(|_| is_stored),
        width: row.int_or_none("width")?,
        height: row.int_or_none("height")?,
        seconds: row.int_or_none("seconds")?,
        voice_note: row.flag("voice_note")?,
    })
}

/// One media.
pub async fn find(db: &Db, id: &MediaId) -> Result<Option<MediaView>, Error> {
    let row = db
        .row("select media.*, (select routes from instances where instances.id = media.instance) as routes from media where id = $1", values![id.as_str()])
        .await?;
    row.as_ref().map(view).transpose()
}

/// Which media are meant; what is not given does not matter.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Of this client.
    pub client: Option<i64>,
    /// Of this instance.
    pub instance: Option<String>,
    /// Of this kind.
    pub kind: Option<String>,
    /// Standing so.
    pub status: Option<String>,
    /// From this chat, by any id of it: with a server, with a device, or bare. A private chat is also that of its sender's
    /// phone number and LID.
    pub chat: Option<String>,
    /// Received since then.
    pub since: Option<Millis>,
    /// Received before then.
    pub until: Option<Millis>,
    /// For this reason.
    pub reason: Option<&'static str>,
}

/// What a [`Filter`] says of a row, with its values as `$1` to `$8`. Told this way, the times do not lure the engine
/// away from the index of the id, in whose order pages are read.
macro_rules! meant {
    () => {
        "($1 is null or client = $1) and ($2 is null or instance = $2) and ($3 is null or kind = $3)
         and ($4 is null or status = $4) and ($6 is null or reason = $6)
         and ($7 is null or received_at >= $7) and ($8 is null or received_at < $8)
         and ($5 is null or chat_id = $5 or substr(chat_id, 1, length($5) + 1) in ($5 || '@', $5 || ':')
           or from_me = 0 and is_group = 0 and chat_id not like '%@g.us' and chat_id not like '%@newsletter'
             and chat_id not like '%broadcast' and chat_id <> 'status'
             and (sender_lid = $5 or substr(sender_lid, 1, length($5) + 1) in ($5 || '@', $5 || ':')
               or sender_id = $5 or substr(sender_id, 1, length($5) + 1) in ($5 || '@', $5 || ':')))"
    };
}

/// A media's row with what its view needs beside it.
mod held;

pub use held::{
    Held, HeldWithTwin, Other, held, held_before, held_paths, held_with_twins, is_held,
    is_path_held, is_path_shared, lost_before, newest_held, others_at, twins,
};

macro_rules! seen {
    () => {
        "select media.*, (select routes from instances where instances.id = media.instance) as routes from media"
    };
}

impl Filter {
    /// With what else the statement needs, from `$9` on.
    fn values(&self, more: Vec<Value>) -> Vec<Value> {
        let mut values = values![
            self.client,
            self.instance.clone(),
            self.kind.clone(),
            self.status.clone(),
            self.chat.as_deref().map(|chat| bare(chat).to_owned()),
            self.reason,
            self.since,
            self.until,
        ];
        values.extend(more);
        values
    }
}

const LIST: &str = concat!(
    seen!(),
    " where received_at >= $9 and ",
    meant!(),
    " order by received_at desc, id desc limit $10"
);

/// Media, the newest first, at most `limit`.
pub async fn list(db: &Db, filter: &Filter, limit: u32) -> Result<Vec<MediaView>, Error> {
    let values = filter.values(values![filter.since.unwrap_or(0), limit]);
    let rows = db.rows(LIST, values).await?;
    rows.iter().map(view).collect()
}

const STORED: &str = concat!(
    seen!(),
    " where status = 'stored' and id > $9 and ",
    meant!(),
    " order by id limit $10"
);

/// Up to `limit` media whose files are held, after the media `after` (an id, or empty), in the order in which they came.
pub async fn stored(
    db: &Db,
    filter: &Filter,
    after: &str,
    limit: u32,
) -> Result<Vec<MediaView>, Error> {
    let rows = db
        .rows(STORED, filter.values(values![after, limit]))
        .await?;
    rows.iter().map(view).collect()
}

/// The tries of one media, in order.
pub async fn attempts(db: &Db, id: &MediaId) -> Result<Vec<AttemptView>, Error> {
    let rows = db
        .rows(
            "select * from attempts where media = $1 order by n",
            values![id.as_str()],
        )
        .await?;
    rows.iter()
        .map(|row| {
            Ok(AttemptView {
                n: row.int("n")?,
                route: row.text("route")?,
                host: row.text_or_none("host")?,
                started_at: rfc3339(row.int("started_at")?),
                duration_ms: row.int("duration_ms")?,
                http_status: row.int_or_none("http_status")?,
                size: row.int("size_bytes")?,
                reason: row.text_or_none("reason")?,
            })
        })
        .collect()
}

/// The path of a stored file of the same client with the same bytes, if there is one.
pub async fn same_bytes(db: &Db, client: i64, sha256: &[u8; 32]) -> Result<Option<String>, Error> {
    let sql = "select path from media where client = $1 and sha256 = $2 and status = 'stored' order by stored_at limit 1";
    let row = db.row(sql, values![client, sha256]).await?;
    row.map(|row| row.text("path")).transpose()
}

/// How many, and how large together.
#[derive(Clone, Debug, Serialize)]
pub struct Count {
    /// What is counted.
    pub name: String,
    /// How many media.
    pub count: i64,
    /// Bytes of those that are stored.
    pub size: i64,
}

async fn count_by(db: &Db, sql: &'static str, since: Millis) -> Result<Vec<Count>, Error> {
    let rows = db.rows(sql, values![since]).await?;
    rows.iter()
        .map(|row| {
            Ok(Count {
                name: row.text("name")?,
                count: row.int("n")?,
                size: row.int("size")?,
            })
        })
        .collect()
}

/// Media received since then, by kind.
pub async fn by_kind(db: &Db, since: Millis) -> Result<Vec<Count>, Error> {
    let sql =
        "select kind as name, count(*) as n, cast(coalesce(sum(case when status = 'stored' then size_bytes end), 0) as bigint) as size
               from media where received_at >= $1 group by kind order by kind";
    count_by(db, sql, since).await
}

/// Media received since then, by status.
pub async fn by_status(db: &Db, since: Millis) -> Result<Vec<Count>, Error> {
    let sql =
        "select status as name, count(*) as n, cast(coalesce(sum(case when status = 'stored' then size_bytes end), 0) as bigint) as size
               from media where received_at >= $1 group by status order by status";
    count_by(db, sql, since).await
}

/// Media that are not stored and not dismissed, by reason.
pub async fn by_reason(db: &Db) -> Result<Vec<Count>, Error> {
    let sql = "select reason as name, count(*) as n, cast(0 as bigint) as size
               from media where received_at >= $1 and status not in ('stored', 'dismissed') and reason is not null group by reason order by n desc";
    count_by(db, sql, 0).await
}

/// Media that wait for their next attempt, by the reason of the last one.
pub async fn waiting_by_reason(db: &Db) -> Result<Vec<Count>, Error> {
    let sql = "select reason as name, count(*) as n, cast(0 as bigint) as size
               from media where received_at >= $1 and status = 'pending' and reason is not null group by reason order by n desc";
    count_by(db, sql, 0).await
}

/// How much was stored of what was received since then.
pub async fn grown_bytes(db: &Db, since: Millis) -> Result<u64, Error> {
    let sql = "select cast(coalesce(sum(size_bytes), 0) as bigint) as size from media where received_at >= $1 and status = 'stored'";
    let row = db.row(sql, values![since]).await?;
    row.map_or(Ok(0), |row| row.count("size"))
}

/// How large everything is that is held and that one delivery told of.
pub async fn bytes_of_delivery(db: &Db, delivery: &str) -> Result<u64, Error> {
    let sql = "select cast(coalesce(sum(size_bytes), 0) as bigint) as size from media where delivery = $1 and status = 'stored'";
    let row = db.row(sql, values![delivery]).await?;
    row.map_or(Ok(0), |row| row.count("size"))
}

/// The oldest arrival that still waits, and the next deadline.
pub async fn waiting(db: &Db) -> Result<(Option<Millis>, Option<Millis>), Error> {
    let sql = "select min(received_at) as oldest, min(deadline) as next from media where status in ('pending', 'downloading')";
    match db.row(sql, values![]).await? {
        Some(row) => Ok((row.int_or_none("oldest")?, row.int_or_none("next")?)),
        None => Ok((None, None)),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test]
    async fn pages_follow_an_index_and_are_not_sorted() {
        let folder = tempfile::tempdir().unwrap();
        let db = Db::open(&folder.path().join("t.db"), Duration::from_secs(1))
            .await
            .unwrap();
        for sql in [STORED, held::HELD, held::HELD_BEFORE, held::LOST_BEFORE] {
            let plan = db.rows_of(format!("explain query plan {sql}"), values![]);
            let plan = plan.await.unwrap();
            let steps: Vec<_> = plan.iter().map(|row| row.text("detail").unwrap()).collect();
            assert!(steps[0].contains("(id"), "{sql}: {steps:?}");
            assert!(
                !steps.iter().any(|step| step.contains("B-TREE")),
                "{steps:?}"
            );
        }
        let plan = db.rows_of(format!("explain query plan {LIST}"), values![]);
        let plan = plan.await.unwrap()[0].text("detail").unwrap();
        assert!(plan.contains("media_by_time"), "{plan}");
        db.close().await;
    }
}
