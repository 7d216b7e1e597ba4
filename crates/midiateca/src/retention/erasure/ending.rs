//! How an erasure ends: nothing of it goes on coming in, nobody is told of it any more, and nothing lies between the
//! rows of the database.

use std::time::Duration;

use serde_json::json;

use super::owed::Compaction;
use super::{Work, files};
use crate::app::App;
use crate::events::{self, News};
use crate::retention::Error;

/// How long those who read the database are waited for.
const PATIENCE: Duration = Duration::from_secs(5);
const PAUSE: Duration = Duration::from_millis(200);

impl Work<'_> {
    /// Events of what was erased tell no more, and one event tells that and how much was erased, not whose it was. Then
    /// nothing is left but what the database's files still hold between the rows.
    pub(super) async fn finish(&mut self) -> Result<(), Error> {
        self.erasure.downloads_left = files::end_downloads(self.app, &self.media).await?;
        let (now, client) = (self.app.clock.now(), self.erasure.client);
        let erasure = &self.erasure;
        let is_news = erasure.media + erasure.deliveries > 0;
        let data = json!({"media": erasure.media, "files": erasure.files.len(), "size": erasure.bytes, "deliveries": erasure.deliveries});
        let left = erasure.has_left();
        let (owed, names) = (self.owed.clone(), erasure.names.clone());
        let ending = self.app.db.write(async move |tx| {
            events::erase(tx, client).await?;
            let news = News {
                kind: "contact.erased",
                client,
                instance: "",
                media: None,
                data: data.clone(),
            };
            if is_news {
                events::append(tx, now, news).await?;
            }
            match left {
                true => Ok(()),
                false => owed.done(tx, &names, now).await,
            }
        });
        ending.await?;
        self.erasure.left_in_database = left || !compact(self.app).await?;
        if self.erasure.is_whole() {
            let (owed, names) = (self.owed.clone(), self.erasure.names.clone());
            let proving = self
                .app
                .db
                .write(async move |tx| owed.proven(tx, &names, now).await);
            proving.await?;
        }
        Ok(())
    }
}

/// Writes the database anew, and empties its write-ahead log, if anybody's erasure owes that; false when it could not
/// be, for want of room or because somebody reads or writes all the while.
pub(super) async fn compact(app: &App) -> Result<bool, Error> {
    let Some(owed) = Compaction::owed(app).await? else {
        return Ok(true);
    };
    if let Err(error) = app.db.compact().await {
        let error = crate::telemetry::chain(&error);
        tracing::warn!(error, "the database could not be written anew");
        return Ok(false);
    }
    let began = tokio::time::Instant::now();
    while !app.db.fold().await? {
        if began.elapsed() >= PATIENCE {
            tracing::warn!(
                "somebody reads the database, and keeps its write-ahead log from being emptied"
            );
            return Ok(false);
        }
        tokio::time::sleep(PAUSE).await;
    }
    owed.done(app).await?;
    Ok(true)
}
