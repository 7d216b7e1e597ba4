//! Positions of resumable work and other small states that survive a restart, as JSON.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::clock::Millis;
use crate::db::{Db, Error, Row, Tx, values};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Checkpoint {
    /// When deliveries that were set aside were last acknowledged (unix milliseconds).
    DeliveriesDismissed,
    /// Downloads are paused because the disk is full.
    DownloadsPaused,
    /// An import began; it publishes files before their rows.
    Import,
    /// The media whose files a retention run is deleting; scope: the run.
    Sweep,
    /// A client's erasures that are not proven yet; scope: the client's id.
    Erasure,
    /// Something was erased since the last compaction; a different text each time.
    Compaction,
    /// The media down to which files are verified; scope: the instance, or empty for all.
    Verify,
    /// The random name of the data folder, which the HTTP server reports.
    Folder,
    /// The test write of `doctor`.
    WriteTest,
    /// The event up to which stored files are listed for a program; scope: the task.
    Examine,
    /// Programs that are paused because they keep timing out.
    ProgramPauses,
    /// A run that the API started; scope: its id.
    Run,
    /// The server that asks gateways for missing messages; with an instance as scope, the time up to which it did.
    Reconcile,
}

impl Checkpoint {
    pub const ALL: [Self; 13] = [
        Self::DeliveriesDismissed,
        Self::DownloadsPaused,
        Self::Import,
        Self::Sweep,
        Self::Erasure,
        Self::Compaction,
        Self::Verify,
        Self::Folder,
        Self::WriteTest,
        Self::Reconcile,
        Self::Examine,
        Self::ProgramPauses,
        Self::Run,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::DeliveriesDismissed => "deliveries_dismissed",
            Self::DownloadsPaused => "downloads_paused",
            Self::Import => "import",
            Self::Sweep => "sweep",
            Self::Erasure => "erasure",
            Self::Compaction => "compaction",
            Self::Verify => "verify",
            Self::Folder => "folder",
            Self::WriteTest => "write_test",
            Self::Reconcile => "reconcile",
            Self::Examine => "examine",
            Self::ProgramPauses => "program_pauses",
            Self::Run => "run",
        }
    }

    /// Saves the state for a scope.
    pub async fn save(
        self,
        tx: &mut Tx,
        scope: &str,
        state: &impl Serialize,
        now: Millis,
    ) -> Result<(), Error> {
        let sql = "insert into checkpoints (kind, scope, state, at) values ($1, $2, $3, $4)
                   on conflict (kind, scope) do update set state = excluded.state, at = excluded.at";
        let state = serde_json::json!(state).to_string();
        let values = values![self.as_str(), scope, state, now];
        tx.run(sql, values).await.map(drop)
    }

    /// Deletes the state for a scope.
    pub async fn delete(self, tx: &mut Tx, scope: &str) -> Result<(), Error> {
        let sql = "delete from checkpoints where kind = $1 and scope = $2";
        tx.run(sql, values![self.as_str(), scope]).await.map(drop)
    }

    /// Loads the state for a scope.
    pub async fn load<T: DeserializeOwned>(self, db: &Db, scope: &str) -> Result<Option<T>, Error> {
        let row = db.row(FIND, values![self.as_str(), scope]).await?;
        row.map(|row| state_of(&row)).transpose()
    }

    /// Like [`Checkpoint::load`], within a transaction.
    pub async fn load_in<T: DeserializeOwned>(
        self,
        tx: &mut Tx,
        scope: &str,
    ) -> Result<Option<T>, Error> {
        let row = tx.row(FIND, values![self.as_str(), scope]).await?;
        row.map(|row| state_of(&row)).transpose()
    }

    /// Whether a state without a scope exists.
    pub async fn is_set(self, db: &Db) -> Result<bool, Error> {
        Ok(db.row(FIND, values![self.as_str(), ""]).await?.is_some())
    }

    /// All scopes and states of this kind.
    pub async fn all<T: DeserializeOwned>(self, db: &Db) -> Result<Vec<(String, T)>, Error> {
        let sql = "select scope, state from checkpoints where kind = $1 order by scope";
        let rows = db.rows(sql, values![self.as_str()]).await?;
        rows.iter()
            .map(|row| Ok((row.text("scope")?, state_of(row)?)))
            .collect()
    }
}

const FIND: &str = "select state from checkpoints where kind = $1 and scope = $2";

fn state_of<T: DeserializeOwned>(row: &Row) -> Result<T, Error> {
    serde_json::from_str(&row.text("state")?).map_err(|_| Error::Malformed {
        column: "checkpoints.state".to_owned(),
    })
}
