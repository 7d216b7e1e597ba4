//! How an erasure ends: nothing of it goes on coming in, nobody is told of it any more, and nothing lies between the
//! rows of the database.

use std::time::Duration;

use serde_json::json;

use super::owed::Compaction;
use super::{Work, files};
use crate::app::App;
use crate::db::Key;
use crate::events::{self, News};
use crate::ops::retention::Error;
use crate::storage;

/// How long those who read the database are waited for.
const PATIENCE: Duration = Duration::from_secs(5);
const PAUSE: Duration = Duration::from_millis(200);

impl Work<'_> {
    /// Events of what was erased tell no more, and one event tells that and how much was erased, not whose it was. Then
    /// nothing is left but what the database's files still hold between the rows.
    pub(super) async fn finish(&mut self) -> Result<(), Error> {
        // An erasure that was killed between a delivery and its texts left these.
        self.app.bodies.sweep(&self.app.db, false).await?;
        self.erasure.downloads_left = files::end_downloads(self.app, &self.media).await?;
        self.erase_remains().await?;
        let (now, client) = (self.app.clock.now(), self.erasure.client);
        let erasure = &self.erasure;
        let is_news = erasure.media + erasure.deliveries > 0;
        let data = json!({"media": erasure.media, "files": erasure.files.len(), "size": erasure.bytes, "deliveries": erasure.deliveries});
        let left = erasure.has_left();
        let (owed, names) = (self.owed.clone(), erasure.names.clone());
        let ending = self.app.db.write(Key::Everything, async move |tx| {
            events::erase(tx, client).await?;
            let news = News {
                kind: "contact.erased",
                client,
                instance: "",
                media: None,
                data: data.clone(),
            };
            if is_news {
                events::append(tx, now, news);
            }
            match left {
                true => Ok(()),
                false => owed.done(tx, &names, now).await,
            }
        });
        ending.await?;
        let compacted = match left {
            true => Compacted::Kept,
            false => compact(self.app).await?,
        };
        self.erasure.left_in_database = compacted != Compacted::Done;
        if let Compacted::NoRoom { needed_bytes } = compacted {
            self.erasure.room_needed_bytes = Some(needed_bytes);
        }
        if self.erasure.is_whole() {
            let (owed, names) = (self.owed.clone(), self.erasure.names.clone());
            let proving = self.app.db.write(Key::Everything, async move |tx| {
                owed.proven(tx, &names, now).await
            });
            proving.await?;
        }
        Ok(())
    }
}

/// What became of the database's files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Compacted {
    /// Nothing lies between the rows.
    Done,
    /// They could not be written anew, for so much is to be free.
    NoRoom { needed_bytes: u64 },
    /// They were not, or somebody reads or writes all the while.
    Kept,
}

/// Writes the database anew, and empties its write-ahead log, if anybody's erasure owes that.
pub(super) async fn compact(app: &App) -> Result<Compacted, Error> {
    let Some(owed) = Compaction::owed(app).await? else {
        return Ok(Compacted::Done);
    };
    if let Some(needed_bytes) = lacking(app) {
        tracing::warn!(needed_bytes, "there is no room to write the database anew");
        fold(app).await?;
        return Ok(Compacted::NoRoom { needed_bytes });
    }
    let compacted = app.db.compact().await;
    let is_folded = fold(app).await?;
    if let Err(error) = compacted {
        let error = crate::telemetry::chain(&error);
        tracing::warn!(error, "the database could not be written anew");
        return Ok(Compacted::Kept);
    }
    if !is_folded {
        tracing::warn!(
            "somebody reads the database, and keeps its write-ahead log from being emptied"
        );
        return Ok(Compacted::Kept);
    }
    owed.done(app).await?;
    Ok(Compacted::Done)
}

/// How much is to be free for the database to be written anew, if it is not: a copy of it and a write-ahead log of the
/// same length, beside what downloads leave free.
fn lacking(app: &App) -> Option<u64> {
    let file = app.config.database_file(&app.data);
    let size = std::fs::metadata(&file).ok()?.len();
    let free = storage::free_bytes_at(file.parent()?).ok()?;
    let needed = size
        .saturating_mul(2)
        .saturating_add(app.config.storage.pause_below_bytes);
    (free < needed).then_some(needed)
}

/// Empties the write-ahead log; false when somebody kept it from being emptied.
async fn fold(app: &App) -> Result<bool, Error> {
    let began = tokio::time::Instant::now();
    while !app.db.fold().await? {
        if began.elapsed() >= PATIENCE {
            return Ok(false);
        }
        tokio::time::sleep(PAUSE).await;
    }
    Ok(true)
}
