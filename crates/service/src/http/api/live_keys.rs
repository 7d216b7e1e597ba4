//! Which keys and sessions are valid, for connections that stay open.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use tokio::sync::Mutex;

use crate::access::{Actor, Grant, keys, users};
use crate::app::App;
use crate::db::Error;

/// How long what was read is used again.
const FRESH: Duration = Duration::from_secs(5);

#[derive(Default)]
struct Valid {
    keys: HashSet<String>,
    sessions: HashSet<Vec<u8>>,
}

impl Valid {
    async fn read(app: &App) -> Result<Self, Error> {
        let (db, now) = (&app.db, app.clock.now());
        Ok(Self {
            keys: keys::valid_ids(db, now).await?,
            sessions: users::valid_sessions(db, now).await?,
        })
    }

    fn has(&self, grant: &Grant) -> bool {
        match (&grant.actor, &grant.session) {
            (Actor::Key(id), _) => self.keys.contains(id),
            (_, Some(session)) => self.sessions.contains(session),
            (_, None) => true,
        }
    }
}

/// Read for all streams together.
#[derive(Default)]
pub struct LiveKeys(Mutex<Option<(Instant, Valid)>>);

impl LiveKeys {
    pub async fn is_valid(&self, app: &App, grant: &Grant) -> Result<bool, Error> {
        let mut known = self.0.lock().await;
        // What is not in it may be newer.
        if let Some((read, valid)) = known.as_ref()
            && read.elapsed() < FRESH
            && valid.has(grant)
        {
            return Ok(true);
        }
        let valid = Valid::read(app).await?;
        let is_valid = valid.has(grant);
        *known = Some((Instant::now(), valid));
        Ok(is_valid)
    }
}
