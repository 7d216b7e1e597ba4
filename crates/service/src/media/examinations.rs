//! Results of the operator's programs for stored files: transcripts, and the scanner's verdicts. A media that is erased or deleted
//! has neither.

use super::search;
use crate::clock::Millis;
use crate::db::{Db, Error, Tx, values};
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

/// The file that has been due for longest.
pub async fn next_due(db: &Db, task: Task, now: Millis) -> Result<Option<Due>, Error> {
    let sql = "select media, attempts from examinations where task = $1 and next_attempt_at <= $2
               order by next_attempt_at limit 1";
    let row = db.row(sql, values![task.as_str(), now]).await?;
    let due = |row: crate::db::Row| {
        Ok(Due {
            media: MediaId(row.text("media")?),
            attempts: row.int("attempts")?,
        })
    };
    row.map(due).transpose()
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

/// A scanner that fails leaves an earlier verdict on the same bytes.
pub async fn set_verdict(
    tx: &mut Tx,
    media: &MediaId,
    sha256: [u8; 32],
    verdict: ScanVerdict,
    now: Millis,
) -> Result<(), Error> {
    let sql = "insert into scans (media, sha256, verdict, at) values ($1, $2, $3, $4)
               on conflict (media) do update set sha256 = excluded.sha256, verdict = excluded.verdict, at = excluded.at
               where excluded.verdict <> 'error' or scans.sha256 <> excluded.sha256 or scans.verdict = 'error'";
    let values = values![media.as_str(), sha256, verdict.as_str(), now];
    tx.run(sql, values).await.map(drop)
}

/// A condition on media.
pub(super) const IS_NOT_INFECTED: &str = " and not exists (select 1 from scans s where s.media = media.id and s.sha256 = media.sha256 and s.verdict = 'infected')";

/// Begins with the scans, which are few.
pub(super) const INFECTED: &str = "select count(*) as n from scans s where s.verdict = 'infected' and exists
    (select 1 from media where media.id = s.media and media.status = 'stored' and media.sha256 = s.sha256)";

/// Stored files that the scanner found infected.
pub async fn infected(db: &Db) -> Result<i64, Error> {
    let row = db.row(INFECTED, values![]).await?;
    row.map_or(Ok(0), |row| row.int("n"))
}

/// Deletes what was found in a file that is deleted, and its words.
pub(super) async fn forget(tx: &mut Tx, media: &MediaId) -> Result<(), Error> {
    for sql in [
        "delete from transcripts where media = $1",
        "delete from scans where media = $1",
        "delete from examinations where media = $1",
    ] {
        tx.run(sql, values![media.as_str()]).await?;
    }
    Ok(())
}
