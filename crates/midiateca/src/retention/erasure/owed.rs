//! What an erasure that was cut short still owes: without it the next one would not find the names that the first rows
//! to go had told, nor know that the database is still to be written anew.

use crate::app::App;
use crate::clock::Millis;
use crate::db::{Error, Tx};

/// Whatever was erased may lie between the rows until the database is written anew. Says nothing of anybody.
const COMPACTION: &str = "erased, not compacted";

/// The names that erasures found which were not done, of one client.
pub(super) struct Owed {
    mark: String,
    sets: Vec<Vec<String>>,
    /// Whether the database is still to be written anew.
    pub compaction: bool,
}

impl Owed {
    pub async fn of(app: &App, client: i64) -> Result<Self, Error> {
        let mark = format!("forget {client}");
        let sets = app.db.marked(&mark).await?;
        // What cannot be read was written by nobody here, and is written anew.
        let sets = sets.and_then(|sets| serde_json::from_str(&sets).ok());
        Ok(Self {
            sets: sets.unwrap_or_default(),
            compaction: app.db.marked(COMPACTION).await?.is_some(),
            mark,
        })
    }

    pub fn names(&self) -> &[Vec<String>] {
        &self.sets
    }

    /// Whether an erasure of one of these was begun, and not done.
    pub fn is_begun(&self, names: &[String]) -> bool {
        self.sets.iter().flatten().any(|name| names.contains(name))
    }

    /// Remembers an erasure before its first row goes.
    pub async fn begin(&mut self, app: &App, names: &[String]) -> Result<(), Error> {
        self.sets.retain(|set| !shares(set, names));
        self.sets.push(names.to_owned());
        let (mark, now) = (self.mark.clone(), app.clock.now());
        let sets = serde_json::json!(self.sets).to_string();
        app.db
            .write(async move |tx| tx.mark(&mark, &sets, now).await)
            .await
    }

    /// What is to be remembered once nothing of these names is left but what the database was.
    pub fn without(&self, names: &[String]) -> Left {
        let sets: Vec<_> = self.sets.iter().filter(|set| !shares(set, names)).collect();
        let sets = (!sets.is_empty()).then(|| serde_json::json!(sets).to_string());
        let mark = self.mark.clone();
        Left { mark, sets }
    }

    /// Remembers that the database was written anew.
    pub async fn compacted(app: &App) -> Result<(), Error> {
        app.db.write(async |tx| tx.unmark(COMPACTION).await).await
    }
}

fn shares(set: &[String], names: &[String]) -> bool {
    set.iter().any(|name| names.contains(name))
}

/// What other erasures owe.
pub(super) struct Left {
    mark: String,
    sets: Option<String>,
}

impl Left {
    pub async fn write(&self, tx: &mut Tx, now: Millis) -> Result<(), Error> {
        match &self.sets {
            Some(sets) => tx.mark(&self.mark, sets, now).await?,
            None => tx.unmark(&self.mark).await?,
        }
        tx.mark(COMPACTION, "", now).await
    }
}
