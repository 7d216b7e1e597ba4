//! Which keys are valid, for connections that stay open.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use tokio::sync::Mutex;

use crate::access::{Actor, keys};
use crate::app::App;
use crate::db::Error;

/// How long what was read is used again.
const FRESH: Duration = Duration::from_secs(5);

/// The valid keys, read for all streams together.
#[derive(Default)]
pub struct LiveKeys(Mutex<Option<(Instant, HashSet<String>)>>);

impl LiveKeys {
    pub async fn is_valid(&self, app: &App, actor: &Actor) -> Result<bool, Error> {
        let Actor::Key(id) = actor else {
            return Ok(true);
        };
        let mut known = self.0.lock().await;
        if let Some((read, valid)) = known.as_ref()
            && read.elapsed() < FRESH
        {
            return Ok(valid.contains(id));
        }
        let valid = keys::valid_ids(&app.db, app.clock.now()).await?;
        let is_valid = valid.contains(id);
        *known = Some((Instant::now(), valid));
        Ok(is_valid)
    }
}
