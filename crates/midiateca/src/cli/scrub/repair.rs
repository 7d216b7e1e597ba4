//! Puts right what can be put right. Nothing is deleted: what is not trusted any more is moved below
//! `.quarantine/{time of this run}`. Everything is looked at again inside the transaction that changes it, for the
//! server runs meanwhile.

use serde_json::json;

use super::unknown::{self, Coming};
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
    /// It was taken for lost, and is there: its row says so again.
    Found,
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
    /// When it began and who it is name its folder in quarantine.
    pub fn of_run(began: String, owner: &str) -> Self {
        // The end of an owner's name is random.
        let owner = owner.get(owner.len().saturating_sub(8)..).unwrap_or(owner);
        Self {
            run: format!("{began}-{owner}"),
        }
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
        let _files = app.hold_files_alone().await?;
        let repairing = app.db.write(async move |tx| {
            let is_as_seen = vault.stamp(&held.path).is_ok_and(|found| found == stamp);
            if !is_as_seen || !catalog::is_held(tx, &held).await? {
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

    /// A file that no row names: perhaps one that was taken for lost before, else out of the way with it.
    pub async fn unknown(&mut self, app: &App, path: &str) -> anyhow::Result<Repaired> {
        if !unknown::is_ours(path) {
            return Ok(Repaired::LeftAlone);
        }
        let full = app.vault.root().join(path);
        let hashing = tokio::task::spawn_blocking(move || vault::hash_file(&full));
        let Ok(sha256) = hashing.await? else {
            return Ok(Repaired::LeftAlone);
        };
        let (vault, run, path) = (app.vault.clone(), self.run.clone(), path.to_owned());
        let _files = app.hold_files_alone().await?;
        let moving = app.db.write(async move |tx| {
            let coming = Coming::of(&queue::claimed_in(tx).await?);
            if coming.has(&path) || catalog::is_path_held(tx, &path).await? {
                return Ok(Ok(Repaired::LeftAlone));
            }
            if queue::find_again(tx, &path, &sha256).await?.is_some() {
                return Ok(Ok(Repaired::Found));
            }
            let moved = vault.quarantine(&path, &run, vault::NOBODY);
            Ok(moved.map(|moved| match moved {
                Some(_) => Repaired::Quarantined,
                None => Repaired::LeftAlone,
            }))
        });
        Ok(moving.await??)
    }
}

/// Takes away what lies there, and puts the twin's bytes in its place; says whether it did.
fn replace(
    vault: &Vault,
    held: &Held,
    run: &str,
    twin: Option<&str>,
) -> Result<bool, vault::Error> {
    vault.quarantine(&held.path, run, held.id.as_str())?;
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
