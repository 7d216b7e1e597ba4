//! Giving proven bytes their names. A name that something has already is never given again, whoever it belongs to.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use wa_media::Verified;

use super::layout::RelativePath;
use super::{Error, STAGING, Staging, Storage, blocking, free_bytes_at, hash_open};
use crate::disk;

/// What came of giving a file its name.
pub enum Published {
    /// The bytes have it.
    Done,
    /// Something else has that name; here are the bytes again, where they were staged.
    Taken(Option<Staging>),
}

impl Storage {
    /// Gives proven bytes their name. `same` names a file of the same client that should hold the same bytes:
    /// if it truly does, the new name becomes a second link to it. The same bytes under exactly that name are what an
    /// earlier try left.
    pub async fn publish(
        &self,
        mut staging: Staging,
        verified: &Verified,
        path: &RelativePath,
        same: Option<RelativePath>,
    ) -> Result<Published, Error> {
        let target = self.root.join(path.as_path());
        let same = same.filter(|same| same != path && !self.is_behind_link(same));
        let same = same.map(|same| self.root.join(same.as_path()));
        let sha256 = *verified.sha256();
        let storage = self.clone();
        blocking(move || {
            storage.verify()?;
            storage.create_folder(disk::parent(&target))?;
            if !same.is_some_and(|same| link_if_intact(&same, &target, &sha256)) {
                staging.seal()?;
                match staging.name_as(&target) {
                    Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                        if !is_repeat(&target, &sha256) {
                            return Ok(Published::Taken(Some(staging)));
                        }
                    }
                    named => named?,
                }
            }
            disk::sync_folder(disk::parent(&target))?;
            Ok(Published::Done)
        })
        .await
    }

    /// Whether a file of somewhere else can have a second name here. It has one for a moment. Blocking.
    pub fn can_link(&self, source: &Path) -> bool {
        let target = self.passing("link");
        let is_linked = fs::hard_link(source, &target).is_ok();
        if is_linked {
            // What cannot be removed now is swept at the next start.
            let _ = fs::remove_file(&target);
        }
        is_linked
    }

    /// Whether names that differ only in case meet in one file here. Blocking.
    pub fn folds_case(&self) -> Result<bool, Error> {
        let passing = self.passing("probe");
        let name = passing.file_name().unwrap_or_default().to_string_lossy();
        Ok(disk::folds_case(disk::parent(&passing), &name)?)
    }

    /// A path in the staging folder that nobody else uses.
    fn passing(&self, what: &str) -> PathBuf {
        let n = self.staged.fetch_add(1, Ordering::Relaxed);
        let name = format!("{}-{n}-{what}", self.prefix);
        self.root.join(STAGING).join(name)
    }

    /// Gives a proven file of somewhere else a second name here; where the file system cannot, it is copied, unless
    /// less than `keep_free_bytes` would stay free. The hash is compared again, and a link to a file is not followed.
    pub async fn adopt(
        &self,
        source: PathBuf,
        verified: &Verified,
        path: &RelativePath,
        keep_free_bytes: u64,
    ) -> Result<Published, Error> {
        let target = self.root.join(path.as_path());
        let (sha256, needed) = (*verified.sha256(), verified.size_bytes());
        let root = Arc::clone(&self.root);
        let (storage, mut staging) = (self.clone(), self.stage());
        blocking(move || {
            storage.verify()?;
            storage.create_folder(disk::parent(&target))?;
            if target.symlink_metadata().is_ok() {
                if !is_repeat(&target, &sha256) {
                    return Ok(Published::Taken(None));
                }
            } else if !link_if_intact(&source, &target, &sha256) {
                if free_bytes_at(&root)?.saturating_sub(keep_free_bytes) < needed {
                    return Err(Error::Full(io::ErrorKind::StorageFull.into()));
                }
                staging.copy(&source, &sha256)?;
                match staging.name_as(&target) {
                    Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                        return Ok(Published::Taken(None));
                    }
                    named => named?,
                }
            }
            disk::sync_folder(disk::parent(&target))?;
            Ok(Published::Done)
        })
        .await
    }

    /// The bytes of a file of ours once more, to be given another name with [`Storage::restore`]: quick where the file
    /// system has links, else a staged copy. Nothing when they are not those bytes. Blocking.
    pub fn second(&self, existing: &str, sha256: &[u8; 32]) -> Result<Option<Staging>, Error> {
        let existing = RelativePath::from_row(existing.to_owned());
        let Some(existing) = existing.filter(|existing| !self.is_behind_link(existing)) else {
            return Ok(None);
        };
        let existing = self.root.join(existing.as_path());
        let mut staging = self.stage();
        if link_if_intact(&existing, staging.path(), sha256) {
            staging.is_whole();
            return Ok(Some(staging));
        }
        match staging.copy(&existing, sha256) {
            Err(Error::Io(error)) if error.kind() == io::ErrorKind::InvalidData => Ok(None),
            Err(Error::Io(error)) if error.kind() == io::ErrorKind::InvalidInput => Ok(None),
            copied => copied.map(|()| Some(staging)),
        }
    }

    /// Gives what [`Storage::second`] made a name that nothing has. Quick, but blocking.
    pub fn restore(&self, staging: &mut Staging, path: &str) -> Result<(), Error> {
        self.verify()?;
        let target = self.at(path)?;
        self.create_folder(disk::parent(&target))?;
        staging.name_as(&target)?;
        Ok(disk::sync_folder(disk::parent(&target))?)
    }

    /// Whether a path below the root leads through a link, or is one. What cannot be looked at may be one; what is not
    /// there is none.
    pub fn is_behind_link(&self, path: &RelativePath) -> bool {
        let mut at = self.root.to_path_buf();
        path.as_path().iter().any(|name| {
            at.push(name);
            match fs::symlink_metadata(&at) {
                Ok(metadata) => metadata.is_symlink(),
                Err(error) => !super::removal::is_absent(&error),
            }
        })
    }
}

/// A second name for the same bytes, but only if they are still those bytes and the file is no link to another. Any
/// failure means no.
fn link_if_intact(existing: &Path, target: &Path, sha256: &[u8; 32]) -> bool {
    let Ok(file) = disk::open_no_link(existing) else {
        return false;
    };
    let Ok(hashed) = file.metadata() else {
        return false;
    };
    let is_intact = matches!(hash_open(file, &mut |_| true), Ok(Some(found)) if found == *sha256);
    if !is_intact || fs::hard_link(existing, target).is_err() {
        return false;
    }
    // Something else may have come there since it was read.
    let is_it = |linked: fs::Metadata| linked.is_file() && disk::is_same_file(&linked, &hashed);
    let is_linked = fs::symlink_metadata(target).is_ok_and(is_it);
    if !is_linked {
        let _ = fs::remove_file(target);
    }
    is_linked
}

/// Whether a file under exactly this name is what an earlier try left that did not come to its end. It is synced, for
/// that try may not have come so far.
fn is_repeat(target: &Path, sha256: &[u8; 32]) -> bool {
    let Ok(file) = disk::open_no_link(target) else {
        return false;
    };
    let Ok(handle) = file.try_clone() else {
        return false;
    };
    matches!(hash_open(file, &mut |_| true), Ok(Some(found)) if found == *sha256)
        && disk::has_exact_name(target).unwrap_or(false)
        && handle.sync_all().is_ok()
}
