//! Results of the operator's programs for stored files: transcripts, and the scanner's verdicts. A media that is erased or deleted
//! has neither. A verdict is about bytes: all media of a client with the same bytes have it.

use super::search;
use crate::clock::Millis;
use crate::db::{Db, Error, Key, Tx, values};
use crate::model::{MediaId, codes};

codes! {
    /// The task of a program with a file.
    Task {
        Transcribe "transcribe",
        Scan "scan",
    }
}

codes! {
    /// The scanner's verdict on a file.
    ScanVerdict {
        Clean "clean",
        Infected "infected",
        Error "error",
    }
}

/// Columns of media: the client's own verdict, and whether anyone's says that these bytes are infected.
macro_rules! scan_columns {
    () => {
        "(select v.verdict from verdicts v where v.client = media.client and v.sha256 = media.sha256) as scan,
         exists (select 1 from verdicts v where v.sha256 = media.sha256 and v.verdict = 'infected') as is_infected"
    };
}
pub(super) use scan_columns;

/// A file that is due.
pub struct Due {
    pub media: MediaId,
    /// Failed ones.
    pub attempts: i64,
}

/// Lists a file for a task, also again.
pub async fn enqueue(tx: &mut Tx, task: Task, media: &str, now: Millis) -> Result<(), Error> {
    let sql = "insert into examinations (task, media, attempts, next_attempt_at) values ($1, $2, 0, $3)
               on conflict (task, media) do update set attempts = 0, next_attempt_at = excluded.next_attempt_at";
    tx.run(sql, values![task.as_str(), media, now])
        .await
        .map(drop)
}

/// Lists those of the next stored files, older than `before` (an id), that the scanner has no verdict on; `before` becomes the
/// last one that was looked at. False when there are no more.
pub async fn enqueue_unscanned(
    db: &Db,
    before: &mut String,
    (looked_at, listed): (u32, usize),
    now: Millis,
) -> Result<bool, Error> {
    let sql = "select id, not exists (select 1 from verdicts v where v.client = media.client and v.sha256 = media.sha256)
                 and not exists (select 1 from examinations e where e.task = 'scan' and e.media = media.id) as is_new
               from media where status = 'stored' and id < $1 order by id desc limit $2";
    let rows = db.rows(sql, values![before.as_str(), looked_at]).await?;
    let mut new = Vec::new();
    for row in &rows {
        *before = row.text("id")?;
        if row.flag("is_new")? {
            new.push(before.clone());
        }
        if new.len() == listed {
            break;
        }
    }
    if !new.is_empty() {
        let listing = db.write(Key::Nothing, async move |tx| {
            for media in &new {
                let sql = "insert into examinations (task, media, attempts, next_attempt_at) values ('scan', $1, 0, $2)
                           on conflict (task, media) do nothing";
                tx.run(sql, values![media, now]).await?;
            }
            Ok(())
        });
        listing.await?;
    }
    Ok(!rows.is_empty())
}

/// Files of a task that failed at least this often.
pub async fn failing(db: &Db, task: Task, attempts: i64) -> Result<i64, Error> {
    let sql = "select count(*) as n from examinations where task = $1 and attempts >= $2";
    let row = db.row(sql, values![task.as_str(), attempts]).await?;
    row.map_or(Ok(0), |row| row.int("n"))
}

/// The files that have been due for longest, up to `most`; without repeats, those that have not failed yet.
pub async fn due(
    db: &Db,
    task: Task,
    (with_repeats, most): (bool, usize),
    now: Millis,
) -> Result<Vec<Due>, Error> {
    let sql = "select media, attempts from examinations where task = $1 and next_attempt_at <= $2 and attempts <= $3
               order by next_attempt_at limit $4";
    let most_attempts = if with_repeats { i64::MAX } else { 0 };
    let values = values![task.as_str(), now, most_attempts, most as u64];
    let due = |row: &crate::db::Row| {
        Ok(Due {
            media: MediaId(row.text("media")?),
            attempts: row.int("attempts")?,
        })
    };
    db.rows(sql, values).await?.iter().map(due).collect()
}

/// After a failed attempt.
pub async fn postpone(
    tx: &mut Tx,
    task: Task,
    media: &MediaId,
    until: Millis,
) -> Result<(), Error> {
    let sql = "update examinations set attempts = attempts + 1, next_attempt_at = $3 where task = $1 and media = $2";
    tx.run(sql, values![task.as_str(), media.as_str(), until])
        .await
        .map(drop)
}

/// The task is done, or will not be.
pub async fn end(tx: &mut Tx, task: Task, media: &MediaId) -> Result<(), Error> {
    let sql = "delete from examinations where task = $1 and media = $2";
    tx.run(sql, values![task.as_str(), media.as_str()])
        .await
        .map(drop)
}

pub async fn set_transcript(
    tx: &mut Tx,
    media: &MediaId,
    text: &str,
    now: Millis,
) -> Result<(), Error> {
    let sql = "insert into transcripts (media, text, at) values ($1, $2, $3)
               on conflict (media) do update set text = excluded.text, at = excluded.at";
    tx.run(sql, values![media.as_str(), text, now]).await?;
    search::index_now(tx, media).await
}

pub(super) async fn transcript_in(tx: &mut Tx, media: &MediaId) -> Result<Option<String>, Error> {
    let sql = "select text from transcripts where media = $1";
    let row = tx.row(sql, values![media.as_str()]).await?;
    row.map(|row| row.text("text")).transpose()
}

/// Without its words in the search.
pub(super) async fn replace_transcript(
    tx: &mut Tx,
    media: &MediaId,
    text: &str,
) -> Result<(), Error> {
    let sql = "update transcripts set text = $2 where media = $1";
    tx.run(sql, values![media.as_str(), text]).await.map(drop)
}

pub async fn transcript(db: &Db, media: &MediaId) -> Result<Option<String>, Error> {
    let sql = "select text from transcripts where media = $1";
    let row = db.row(sql, values![media.as_str()]).await?;
    row.map(|row| row.text("text")).transpose()
}

/// What the scanner said of a client's bytes, and when.
pub async fn verdict(
    db: &Db,
    client: i64,
    sha256: [u8; 32],
) -> Result<Option<(ScanVerdict, Millis)>, Error> {
    let sql = "select verdict, at from verdicts where client = $1 and sha256 = $2";
    let row = db.row(sql, values![client, sha256]).await?;
    let verdict = |row: crate::db::Row| {
        let verdict = row.parsed("verdict", ScanVerdict::parse)?;
        Ok((verdict, row.int("at")?))
    };
    row.map(verdict).transpose()
}

/// A scanner that fails leaves an earlier verdict on the same bytes.
pub async fn set_verdict(
    tx: &mut Tx,
    client: i64,
    sha256: [u8; 32],
    verdict: ScanVerdict,
    now: Millis,
) -> Result<(), Error> {
    let sql = "insert into verdicts (client, sha256, verdict, at) values ($1, $2, $3, $4)
               on conflict (client, sha256) do update set verdict = excluded.verdict, at = excluded.at
               where excluded.verdict <> 'error' or verdicts.verdict = 'error'";
    let values = values![client, sha256, verdict.as_str(), now];
    tx.run(sql, values).await.map(drop)
}

/// Begins with the verdicts, which are few.
pub(super) const INFECTED: &str = "select coalesce(sum((select count(*) from media
      where media.client = v.client and media.sha256 = v.sha256 and media.status = 'stored')), 0) as n
    from verdicts v where v.verdict = 'infected'";

/// Stored files that the scanner found infected.
pub async fn infected(db: &Db) -> Result<i64, Error> {
    let row = db.row(INFECTED, values![]).await?;
    row.map_or(Ok(0), |row| row.int("n"))
}

/// The client and the hash of a media's file.
pub(super) async fn bytes_of(
    tx: &mut Tx,
    media: &MediaId,
) -> Result<Option<(i64, [u8; 32])>, Error> {
    let sql = "select client, sha256 from media where id = $1";
    let Some(row) = tx.row(sql, values![media.as_str()]).await? else {
        return Ok(None);
    };
    let (client, sha256) = (row.int("client")?, row.bytes32_or_none("sha256")?);
    Ok(sha256.map(|sha256| (client, sha256)))
}

/// Deletes what was found in a file that is deleted, and its words. `bytes` are the client's, of a row that has them no longer.
pub(super) async fn forget(
    tx: &mut Tx,
    media: &MediaId,
    bytes: Option<(i64, [u8; 32])>,
) -> Result<(), Error> {
    for sql in [
        "delete from transcripts where media = $1",
        "delete from examinations where media = $1",
    ] {
        tx.run(sql, values![media.as_str()]).await?;
    }
    let Some((client, sha256)) = bytes else {
        return Ok(());
    };
    let sql = "delete from verdicts where client = $1 and sha256 = $2
               and not exists (select 1 from media where client = $1 and sha256 = $2 and status = 'stored')";
    tx.run(sql, values![client, sha256]).await.map(drop)
}
