//! Repairs what can be repaired. Nothing is deleted: what is not trusted any more is moved below
//! `.quarantine/{time of this run}`. No file is moved or replaced through a link, neither one in its own place nor one in
//! the place of a folder above it: what it leads to may be another's. Everything is looked at again inside the
//! transaction that changes it, for the server runs meanwhile.

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::json;

use super::unknown::{self, Coming, Stranger};
use midiateca_service::app::App;
use midiateca_service::clock::Millis;
use midiateca_service::db::{self, Key, Tx};
use midiateca_service::events::{self, News};
use midiateca_service::media::{self, Held};
use midiateca_service::model::Reason;
use midiateca_service::queue::{self, Loss};
use midiateca_service::storage::{self, Copied, Staging, Stamp, Vault};

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
    /// The storage refused it.
    Failed,
}

/// What one try came to: nothing when the file lies on another disk than the quarantine, and must be copied first.
type Tried = Result<Option<Repaired>, storage::Error>;

/// The right bytes, while they have no name yet.
type Second = Arc<Mutex<Option<Staging>>>;

/// The repairs of one run.
#[derive(Clone)]
pub(super) struct Repair {
    run: String,
    /// Files that were moved to quarantine.
    moved: Arc<AtomicU64>,
}

impl Repair {
    /// When it began and who it is name its folder in quarantine.
    pub fn of_run(began: String, owner: &str) -> Self {
        // The end of an owner's name is random.
        let owner = owner.get(owner.len().saturating_sub(8)..).unwrap_or(owner);
        Self {
            run: format!("{began}-{owner}"),
            moved: Arc::default(),
        }
    }

    /// Where what it takes away lies, below the storage root.
    pub fn quarantine(&self) -> String {
        format!("{}/{}", storage::QUARANTINE, self.run)
    }

    /// How many files it took away.
    pub fn moved(&self) -> u64 {
        self.moved.load(Ordering::Relaxed)
    }

    /// A file that should be held and is gone (`stamp` is nothing), or is not what it was when it was stamped.
    pub async fn held(
        &self,
        app: &App,
        held: &Held,
        stamp: Option<Stamp>,
    ) -> anyhow::Result<Repaired> {
        let second = match app.vault.leads_through_link(&held.path) {
            true => None,
            false => second_of_twin(app, held).await?,
        };
        let second = Arc::new(Mutex::new(second));
        let again = Arc::clone(&second);
        let mut tried = self.try_held(app, held, stamp, second, None).await?;
        if let Ok(None) = tried {
            tried = match self.copy_aside(app, &held.path, held.id.as_str()).await? {
                Ok(copied) => self.try_held(app, held, stamp, again, copied).await?,
                Err(error) => Err(error),
            };
        }
        Ok(outcome(tried))
    }

    async fn try_held(
        &self,
        app: &App,
        held: &Held,
        stamp: Option<Stamp>,
        second: Second,
        copied: Option<Copied>,
    ) -> anyhow::Result<Tried> {
        let (vault, now) = (app.vault.clone(), app.clock.now());
        let (held, repair) = (held.clone(), self.clone());
        let _files = app.hold_files_alone().await?;
        let repairing = app.db.write(Key::Everything, async move |tx| {
            let is_as_seen = vault.stamp(&held.path).is_ok_and(|found| found == stamp);
            if !is_as_seen || !media::is_held(tx, &held).await? {
                return Ok(Ok(Some(Repaired::LeftAlone)));
            }
            // Where two rows name one file, it may be right for the other.
            let is_others = match vault.true_path(&held.path) {
                Some(path) => media::is_path_held(tx, &path).await?,
                None => false,
            };
            let is_linked = vault.leads_through_link(&held.path);
            if is_others || is_linked || media::is_path_shared(tx, &held).await? {
                return Ok(Ok(Some(lose(tx, &held, now).await?)));
            }
            match repair.replace(&vault, &held, &second, copied.as_ref()) {
                Ok(true) => Ok(Ok(Some(Repaired::Relinked))),
                Ok(false) => Ok(Ok(Some(lose(tx, &held, now).await?))),
                Err(error) => Ok(unless_other_disk(error)),
            }
        });
        Ok(repairing.await?)
    }

    /// Moves away what is there, and puts the twin's bytes in its place; says whether it did.
    fn replace(
        &self,
        vault: &Vault,
        held: &Held,
        second: &Second,
        copied: Option<&Copied>,
    ) -> Result<bool, storage::Error> {
        let moved = vault.quarantine(&held.path, &self.run, held.id.as_str(), copied)?;
        self.count(moved);
        let mut second = second.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(second) = second.as_mut() else {
            return Ok(false);
        };
        let restored = vault.restore(second, &held.path);
        if let Err(error) = &restored {
            let error = midiateca_service::telemetry::chain(error);
            tracing::warn!(media = %held.id, error, "the bytes of another copy could not be put in place");
        }
        Ok(restored.is_ok())
    }

    fn count(&self, moved: bool) {
        self.moved.fetch_add(u64::from(moved), Ordering::Relaxed);
    }

    /// A media that was taken for lost: stored again if its file is where it was, or can be put back from quarantine.
    /// Nothing when it is truly lost.
    pub async fn lost(&self, app: &App, held: &Held) -> anyhow::Result<Option<Repaired>> {
        let whose = [held.id.as_str(), storage::NOBODY];
        let Ok(at) = app.vault.at(&held.path) else {
            return Ok(None);
        };
        let found = at.symlink_metadata();
        if found.as_ref().is_ok_and(std::fs::Metadata::is_symlink) {
            return Ok(None);
        }
        let is_there = found.is_ok();
        // Without the folder, the disk is away that it is on.
        if !is_there && !at.parent().is_some_and(Path::is_dir) {
            return Ok(None);
        }
        let is_right = async |path: &Path| {
            let path = path.to_owned();
            let hashing = tokio::task::spawn_blocking(move || storage::hash_file(&path));
            Ok::<_, anyhow::Error>(hashing.await?.is_ok_and(|found| found == held.sha256))
        };
        let _files = if is_there {
            if !is_right(&at).await? {
                return Ok(None);
            }
            app.hold_files_alone().await?
        } else if app.vault.leads_through_link(&held.path) {
            return Ok(None);
        } else {
            let aside = app.vault.in_quarantine(&held.path, &whose);
            let Ok(aside) = aside else { return Ok(None) };
            let mut right = None;
            for path in aside {
                if is_right(&path).await? {
                    right = Some(path);
                }
            }
            let Some(from) = right else { return Ok(None) };
            let files = app.hold_files_alone().await?;
            let (vault, path) = (app.vault.clone(), held.path.clone());
            let moving = tokio::task::spawn_blocking(move || vault.bring_back(&from, &path));
            if let Err(error) = moving.await? {
                return Ok(Some(failed(&error)));
            }
            files
        };
        let (vault, held) = (app.vault.clone(), held.clone());
        let finding = app.db.write(Key::Everything, async move |tx| {
            // Not a moment ago, but now.
            if vault.size_bytes(&held.path) != Some(held.size_bytes) {
                return Ok(None);
            }
            queue::find_again(tx, &held.path, &held.sha256).await
        });
        Ok(finding.await?.map(|_| Repaired::Found))
    }

    /// A file that no row names: perhaps one that was taken for lost before, else out of the way with it. What a link
    /// leads to stays, for it may be somebody's under another name: another client's, or another data folder's.
    pub async fn unknown(&self, app: &App, stranger: &Stranger) -> anyhow::Result<Repaired> {
        let path = stranger.path.as_str();
        let full = app.vault.root().join(path);
        // What is no file is not ours: a pipe would be read for ever, and a link may lead anywhere.
        if !unknown::is_ours(path) || !full.symlink_metadata().is_ok_and(|it| it.is_file()) {
            return Ok(Repaired::LeftAlone);
        }
        let hashing = tokio::task::spawn_blocking(move || storage::hash_file(&full));
        let Ok(sha256) = hashing.await? else {
            return Ok(Repaired::LeftAlone);
        };
        let mut tried = self.try_unknown(app, stranger, sha256, None).await?;
        if let Ok(None) = tried {
            tried = match self.copy_aside(app, path, storage::NOBODY).await? {
                Ok(copied) => self.try_unknown(app, stranger, sha256, copied).await?,
                Err(error) => Err(error),
            };
        }
        Ok(outcome(tried))
    }

    async fn try_unknown(
        &self,
        app: &App,
        stranger: &Stranger,
        sha256: [u8; 32],
        copied: Option<Copied>,
    ) -> anyhow::Result<Tried> {
        let (vault, repair, path) = (app.vault.clone(), self.clone(), stranger.path.clone());
        let is_linked = stranger.is_linked;
        let _files = app.hold_files_alone().await?;
        let moving = app.db.write(Key::Everything, async move |tx| {
            let coming = Coming::of(&queue::claimed_in(tx).await?);
            if coming.has(&path) || media::is_path_held(tx, &path).await? {
                return Ok(Ok(Some(Repaired::LeftAlone)));
            }
            if queue::find_again(tx, &path, &sha256).await?.is_some() {
                return Ok(Ok(Some(Repaired::Found)));
            }
            if is_linked {
                return Ok(Ok(Some(Repaired::LeftAlone)));
            }
            Ok(
                match vault.quarantine(&path, &repair.run, storage::NOBODY, copied.as_ref()) {
                    Ok(moved) => {
                        repair.count(moved);
                        Ok(Some(match moved {
                            true => Repaired::Quarantined,
                            false => Repaired::LeftAlone,
                        }))
                    }
                    Err(error) => unless_other_disk(error),
                },
            )
        });
        Ok(moving.await?)
    }

    /// Nobody's writing waits while a large file is copied to another disk.
    async fn copy_aside(
        &self,
        app: &App,
        path: &str,
        whose: &str,
    ) -> anyhow::Result<Result<Option<Copied>, storage::Error>> {
        let (vault, run) = (app.vault.clone(), self.run.clone());
        let (path, whose) = (path.to_owned(), whose.to_owned());
        let copying = tokio::task::spawn_blocking(move || vault.copy_aside(&path, &run, &whose));
        Ok(copying.await?)
    }
}

fn unless_other_disk(error: storage::Error) -> Tried {
    match error.is_other_disk() {
        true => Ok(None),
        false => Err(error),
    }
}

/// One file that cannot be put right keeps no other from it.
fn outcome(tried: Tried) -> Repaired {
    match tried {
        Ok(repaired) => repaired.unwrap_or(Repaired::Failed),
        Err(error) => failed(&error),
    }
}

fn failed(error: &storage::Error) -> Repaired {
    let error = midiateca_service::telemetry::chain(error);
    tracing::warn!(error, "a file could not be repaired");
    Repaired::Failed
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
    events::append(tx, now, news);
    Ok(match loss {
        Loss::Requeued => Repaired::Requeued,
        Loss::Final => Repaired::GivenUp,
    })
}

/// The bytes of another file of the same client that truly holds them, ready to be given another name.
async fn second_of_twin(app: &App, held: &Held) -> anyhow::Result<Option<Staging>> {
    for twin in media::twins(&app.db, held).await? {
        let (vault, sha256) = (app.vault.clone(), held.sha256);
        let staging = tokio::task::spawn_blocking(move || vault.second(&twin, &sha256));
        match staging.await? {
            Ok(Some(second)) => return Ok(Some(second)),
            Ok(None) => {}
            Err(error) => {
                let error = midiateca_service::telemetry::chain(&error);
                tracing::warn!(media = %held.id, error, "another copy of a file could not be read or staged");
            }
        }
    }
    Ok(None)
}
