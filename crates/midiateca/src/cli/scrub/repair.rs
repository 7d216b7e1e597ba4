//! Puts right what can be put right. Nothing is deleted: what is not trusted any more is moved below
//! `.quarantine/{time of this run}`. Everything is looked at again inside the transaction that changes it, for the
//! server runs meanwhile.

use serde_json::json;

use super::unknown;
use crate::app::App;
use crate::catalog::{self, Held};
use crate::clock::Millis;
use crate::db::{self, Tx};
use crate::events::{self, News};
use crate::media::Reason;
use crate::queue::{self, Loss};
use crate::vault::{self, Stamp, Vault};

/// What was done about one file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Repaired {
    /// Its bytes were there under another name.
    Relinked,
    /// It is in the queue again.
    Requeued,
    /// It is recorded as lost.
    GivenUp,
    /// It lies in quarantine; no row named it.
    Quarantined,
    /// It is not as it was seen any more.
    LeftAlone,
}

/// The repairs of one run.
pub(super) struct Repair {
    run: String,
}

impl Repair {
    /// `run` names its folder in quarantine.
    pub fn of_run(run: String) -> Self {
        Self { run }
    }

    /// Where what it takes away lies, below the storage root.
    pub fn quarantine(&self) -> String {
        format!("{}/{}", vault::QUARANTINE, self.run)
    }

    /// A file that should be held and is gone (`stamp` is nothing), or is not what it was when it was stamped.
    pub async fn held(
        &mut self,
        app: &App,
        held: &Held,
        stamp: Option<Stamp>,
    ) -> anyhow::Result<Repaired> {
        let twin = intact_twin(app, held).await?;
        let (vault, run, now) = (app.vault.clone(), self.run.clone(), app.clock.now());
        let held = held.clone();
        let repairing = app.db.write(async move |tx| {
            if !catalog::is_held(tx, &held).await? || vault.stamp(&held.path) != stamp {
                return Ok(Ok(Repaired::LeftAlone));
            }
            match replace(&vault, &held, &run, twin.as_deref()) {
                Ok(true) => Ok(Ok(Repaired::Relinked)),
                Ok(false) => lose(tx, &held, now).await.map(Ok),
                Err(error) => Ok(Err(error)),
            }
        });
        Ok(repairing.await??)
    }

    /// A file that no row names.
    pub async fn unknown(&mut self, app: &App, path: &str) -> anyhow::Result<Repaired> {
        let (vault, run, path) = (app.vault.clone(), self.run.clone(), path.to_owned());
        let moving = app.db.write(async move |tx| {
            let claimed = queue::claimed_in(tx).await?;
            if unknown::is_coming(&claimed, &path) || catalog::is_path_held(tx, &path).await? {
                return Ok(Ok(None));
            }
            Ok(vault.quarantine(&path, &run))
        });
        Ok(match moving.await?? {
            Some(_) => Repaired::Quarantined,
            None => Repaired::LeftAlone,
        })
    }
}

/// Takes away what lies there, and puts the twin's bytes in its place; says whether it did.
fn replace(
    vault: &Vault,
    held: &Held,
    run: &str,
    twin: Option<&str>,
) -> Result<bool, vault::Error> {
    vault.quarantine(&held.path, run)?;
    match twin {
        // A file system may have no links, and the twin may be gone by now: then the row is told that it is lost.
        Some(twin) => Ok(vault.link(twin, &held.path).is_ok()),
        None => Ok(false),
    }
}

async fn lose(tx: &mut Tx, held: &Held, now: Millis) -> Result<Repaired, db::Error> {
    let loss = queue::lose(tx, &held.id, now).await?;
    let news = News {
        kind: "media.lost",
        client: held.client,
        instance: held.instance.as_str(),
        media: Some(held.id.as_str()),
        data: json!({"kind": held.kind, "reason": Reason::FileLost.as_str(), "path": held.path}),
    };
    events::append(tx, now, news).await?;
    Ok(match loss {
        Loss::Requeued => Repaired::Requeued,
        Loss::Final => Repaired::GivenUp,
    })
}

/// Another name under which the same client holds the same bytes, and under which they truly lie.
async fn intact_twin(app: &App, held: &Held) -> anyhow::Result<Option<String>> {
    for twin in catalog::twins(&app.db, held).await? {
        let path = app.vault.root().join(&twin);
        let hashing = tokio::task::spawn_blocking(move || vault::hash_file(&path));
        if hashing.await?.is_ok_and(|found| found == held.sha256) {
            return Ok(Some(twin));
        }
    }
    Ok(None)
}
