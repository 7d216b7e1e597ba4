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
    pub client: i64,
    /// Zeros when it is not stored any more.
    pub sha256: [u8; 32],
    /// Failed ones.
    pub attempts: i64,
}

/// Lists a file for a task, also again.
pub async fn enqueue(tx: &mut Tx, task: Task, media: &str, now: Millis) -> Result<(), Error> {
    let sql = "insert into examinations (task, media, client, attempts, next_attempt_at)
               select $1, id, client, 0, $3 from media where id = $2
               on conflict (task, media) do update
               set client = excluded.client, attempts = 0, next_attempt_at = excluded.next_attempt_at";
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
                let sql =
                    "insert into examinations (task, media, client, attempts, next_attempt_at)
                           select 'scan', id, client, 0, $2 from media where id = $1
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

/// Of each client up to `most` new files and up to `most` that failed before, those that have been due for longest.
pub async fn due(db: &Db, task: Task, most: usize, now: Millis) -> Result<Vec<Due>, Error> {
    let rows = db
        .rows(DUE, values![task.as_str(), now, most as u64])
        .await?;
    let due = |row: &crate::db::Row| {
        Ok(Due {
            media: MediaId(row.text("media")?),
            client: row.int("client")?,
            sha256: row.bytes32_or_none("sha256")?.unwrap_or_default(),
            attempts: row.int("attempts")?,
        })
    };
    rows.iter().map(due).collect()
}

/// Reads a few rows of the index for each client, however many files are due.
const DUE: &str = "with recursive turns (client) as (
      select min(client) from examinations where task = $1
      union all
      select (select min(e.client) from examinations e where e.task = $1 and e.client > turns.client)
      from turns where turns.client is not null
    )
    select e.media, e.client, e.attempts, e.next_attempt_at, media.sha256
    from turns
    join examinations e on e.task = $1 and e.media in (
      select n.media from examinations n
      where n.task = $1 and n.client = turns.client and n.attempts = 0 and n.next_attempt_at <= $2
      order by n.next_attempt_at limit $3)
    left join media on media.id = e.media
    union all
    select e.media, e.client, e.attempts, e.next_attempt_at, media.sha256
    from turns
    join examinations e on e.task = $1 and e.media in (
      select n.media from examinations n
      where n.task = $1 and n.client = turns.client and n.attempts > 0 and n.next_attempt_at <= $2
      order by n.next_attempt_at limit $3)
    left join media on media.id = e.media
    order by 4, 1";

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

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test]
    async fn many_files_of_one_client_hide_none_of_another() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("t.db");
        let db = Db::open_sqlite(&path, Duration::from_secs(1))
            .await
            .unwrap();
        for sql in [
            "with recursive numbers (n) as (select 1 union all select n + 1 from numbers where n < 5000)
             insert into examinations (task, media, client, attempts, next_attempt_at) select 'scan', 'A' || n, 1, n % 2, n from numbers",
            "insert into examinations (task, media, client, attempts, next_attempt_at)
             values ('scan', 'B', 7, 0, 9000), ('scan', 'C', 9, 3, 9001), ('scan', 'LATER', 9, 0, 9999), ('transcribe', 'D', 8, 0, 1)",
        ] {
            let writing = db.write(Key::Nothing, async move |tx| tx.run(sql, values![]).await);
            writing.await.unwrap();
        }
        let due = due(&db, Task::Scan, 2, 9_998).await.unwrap();
        let due: Vec<_> = due
            .iter()
            .map(|due| (due.media.as_str(), due.client, due.attempts))
            .collect();
        let expected = [
            ("A1", 1, 1),
            ("A2", 1, 0),
            ("A3", 1, 1),
            ("A4", 1, 0),
            ("B", 7, 0),
            ("C", 9, 3),
        ];
        assert_eq!(due, expected);
        let plan = db.rows_of(
            format!("explain query plan {DUE}"),
            values!["scan", 0_i64, 1_i64],
        );
        let plan = plan.await.unwrap();
        let steps: Vec<_> = plan.iter().map(|row| row.text("detail").unwrap()).collect();
        for index in [
            "examinations_clients (task=? AND client>?)",
            "examinations_new (task=? AND client=? AND next_attempt_at<?)",
            "examinations_repeated (task=? AND client=? AND next_attempt_at<?)",
            "PRIMARY KEY (task=? AND media=?)",
        ] {
            assert!(steps.iter().any(|step| step.contains(index)), "{steps:#?}");
        }
        let scans = steps.iter().filter(|step| step.starts_with("SCAN"));
        assert!(
            scans.clone().all(|step| step.ends_with("turns")),
            "{steps:#?}"
        );
        db.close().await;
    }
}
