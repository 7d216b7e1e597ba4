//! How an erasure ends: no download of it runs, no event names it, no copy of its bytes is left, and the database's files
//! hold nothing between their rows.

use std::time::Duration;

use serde_json::json;

use super::journal::Compaction;
use super::{Error, Work, files};
use crate::access::audit;
use crate::access::audit::{Action, NewEntry};
use crate::db::Key;
use crate::events::facts::{ContactErased, Fact};
use crate::events::{self, News};
use crate::storage;

/// How long it waits for readers of the database.
const PATIENCE: Duration = Duration::from_secs(5);
const PAUSE: Duration = Duration::from_millis(200);

impl Work<'_> {
    /// One event says how much was erased, not whose it was.
    pub(super) async fn finish(&mut self) -> Result<(), Error> {
        // An erasure that was killed between a delivery and its texts left these.
        self.deps.bodies.sweep(self.deps.db, false).await?;
        self.report.downloads_left = files::end_downloads(self.deps, &self.media).await?;
        self.erase_copies().await?;
        self.record_end().await?;
        if self.report.is_unfinished() {
            self.report.left_in_database = true;
            return Ok(());
        }
        let compacted = self.compact().await?;
        self.report.left_in_database = compacted != Compacted::Done;
        if let Compacted::NotEnoughSpace { needed_bytes } = compacted {
            self.report.free_bytes_needed = Some(needed_bytes);
        }
        if self.report.is_complete() {
            let journal = self.journal.clone();
            let finished = self
                .deps
                .db
                .write(Key::Everything, async move |tx| journal.finished(tx).await);
            finished.await?;
        }
        Ok(())
    }

    async fn record_end(&self) -> Result<(), Error> {
        let (report, journal) = (&self.report, self.journal.clone());
        let actor = self.options.actor.clone();
        let is_news = report.media + report.deliveries > 0;
        let erased = ContactErased {
            media: report.media,
            files: report.files.len() as u64,
            size: report.bytes,
            deliveries: report.deliveries,
        };
        let data = json!(erased);
        let (is_unfinished, client, now) = (report.is_unfinished(), report.client, journal.now);
        let ended = self.deps.db.write(Key::Everything, async move |tx| {
            events::erase(tx, client).await?;
            let entry = NewEntry::new(Action::Erasure, Some(client), data.clone());
            audit::append(tx, &actor, entry, now).await?;
            let news = News {
                client: Some(client),
                instance: None,
                media: None,
                fact: Fact::ContactErased(erased.clone()),
            };
            if is_news {
                events::append(tx, now, news);
            }
            if is_unfinished {
                Ok(())
            } else {
                journal.only_compaction_left(tx).await
            }
        });
        Ok(ended.await?)
    }
}

/// The result for the database's files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Compacted {
    /// Nothing is left between the rows.
    Done,
    /// They were not rewritten: so many bytes must be free.
    NotEnoughSpace { needed_bytes: u64 },
    /// They were not rewritten, or another process keeps the log from being emptied.
    Kept,
}

impl Work<'_> {
    /// Rewrites the database and empties its write-ahead log, if any erasure left that to do.
    pub(super) async fn compact(&self) -> Result<Compacted, Error> {
        let Some(pending) = Compaction::pending(self.deps.db).await? else {
            return Ok(Compacted::Done);
        };
        if let Some(needed_bytes) = self.lacking_bytes() {
            tracing::warn!(
                needed_bytes,
                "not enough free space to rewrite the database"
            );
            self.fold().await?;
            return Ok(Compacted::NotEnoughSpace { needed_bytes });
        }
        let compacted = self.deps.db.compact().await;
        let is_folded = self.fold().await?;
        if let Err(error) = compacted {
            let error = crate::telemetry::chain(&error);
            tracing::warn!(error, "the database could not be rewritten");
            return Ok(Compacted::Kept);
        }
        if !is_folded {
            tracing::warn!("a reader keeps the database's write-ahead log from being emptied");
            return Ok(Compacted::Kept);
        }
        pending.done(self.deps.db).await?;
        Ok(Compacted::Done)
    }

    /// How many bytes must be free to rewrite the database, if they are not: a copy of it and a log of the same size, in
    /// addition to what downloads leave free.
    fn lacking_bytes(&self) -> Option<u64> {
        let file = self.config.database_file(self.data)?;
        let size = std::fs::metadata(&file).ok()?.len();
        let free = storage::free_bytes_at(file.parent()?).ok()?;
        let needed = size
            .saturating_mul(2)
            .saturating_add(self.config.storage.pause_below.bytes());
        (free < needed).then_some(needed)
    }

    /// Empties the write-ahead log; false when a reader prevents it.
    async fn fold(&self) -> Result<bool, Error> {
        let began = tokio::time::Instant::now();
        while !self.deps.db.fold().await? {
            if began.elapsed() >= PATIENCE {
                return Ok(false);
            }
            tokio::time::sleep(PAUSE).await;
        }
        Ok(true)
    }
}
