//! Whether a file that is not there should be. A sweep, an erasure or another repair takes files away before their rows
//! say so, and whoever looks meanwhile would cry for nothing.

use midiateca_service::app::{self, App};
use midiateca_service::media::{self, Held};
use midiateca_service::ops::retention;

/// How much it is doubted.
pub(super) struct Doubt {
    /// Whether it is waited for those who take files away; an import may hold them for hours.
    waits: bool,
}

impl Doubt {
    pub fn new() -> Self {
        Self { waits: true }
    }

    /// Looks again, when nobody is between a file and its row.
    pub async fn is_missing(&mut self, app: &App, held: &Held) -> anyhow::Result<bool> {
        if self.waits {
            match app.hold_files_alone().await {
                Ok(files) => drop(files),
                Err(app::Error::Files { .. } | app::Error::Lock { .. }) => self.waits = false,
                Err(error) => return Err(error.into()),
            }
        }
        let row = media::find(&app.db, &held.id).await?;
        let is_held = row.is_some_and(|row| {
            row.status == "stored" && row.path.as_deref() == Some(held.path.as_str())
        });
        Ok(is_held
            && matches!(app.vault.stamp(&held.path), Ok(None))
            && !retention::is_on_its_way(app, &held.id).await?)
    }
}
