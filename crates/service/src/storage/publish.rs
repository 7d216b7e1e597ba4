//! Publishing verified bytes. An existing name is never replaced.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;

use wa_media::Verified;

use super::layout::RelativePath;
use super::{Backend, Error, STAGING, Staging, Storage, blocking, hash_open};
use crate::disk;

pub enum Published {
    Done,
    /// As a further name of a file that has the same bytes.
    Linked,
    /// The name exists; returns the bytes if they are still staged.
    Taken(Option<Staging>),
}

/// Verified bytes, and the name that they get.
pub struct NamedStaging {
    pub staging: Staging,
    pub verified: Verified,
    pub path: RelativePath,
}

impl Storage {
    /// Publishes verified bytes. `same` is a file of the same client that should have the same bytes; if it does, the
    /// new name becomes a hard link to it. Equal bytes with exactly this name are the result of an earlier attempt.
    pub async fn publish(
        &self,
        staging: Staging,
        verified: &Verified,
        path: &RelativePath,
        same: Option<RelativePath>,
    ) -> Result<Published, Error> {
        if self.is_remote() {
            let (verified, path) = (verified.clone(), path.clone());
            let publishing = move |storage: &Self| {
                storage.publish_object(staging, &verified, &path, same.as_ref())
            };
            return self.blocking(publishing).await;
        }
        let target = self.root.join(path.as_path());
        let same = same.filter(|same| same != path && !self.is_behind_link(same));
        let same = same.map(|same| self.root.join(same.as_path()));
        let storage = self.clone();
        let file = NamedStaging {
            staging,
            verified: verified.clone(),
            path: path.clone(),
        };
        blocking(move || {
            if let Some(same) = same {
                storage.verify()?;
                storage.create_folder(disk::parent(&target))?;
                if link_if_intact(&same, &target, file.verified.sha256()) {
                    disk::sync_folder(disk::parent(&target))?;
                    return Ok(Published::Linked);
                }
            }
            let published = storage.publish_now(vec![file]).pop();
            published.unwrap_or_else(|| Err(Error::Io(io::ErrorKind::Interrupted.into())))
        })
        .await
    }

    /// Publishes files that are ready at the same time: checks the storage once, and syncs each folder once. The order
    /// is the same as for one: all files are synced before one gets its name, and a file is published when its folder
    /// is synced. Returns a result per file.
    pub async fn publish_together(
        &self,
        files: Vec<NamedStaging>,
    ) -> Vec<Result<Published, Error>> {
        if self.is_remote() {
            return self.publish_objects(files).await;
        }
        let (storage, count) = (self.clone(), files.len());
        let publishing = tokio::task::spawn_blocking(move || storage.publish_now(files));
        let interrupted = |_| Err(Error::Io(io::ErrorKind::Interrupted.into()));
        publishing
            .await
            .unwrap_or_else(|_| (0..count).map(interrupted).collect())
    }

    fn publish_now(&self, files: Vec<NamedStaging>) -> Vec<Result<Published, Error>> {
        let (mut is_verified, is_alone) = (false, files.len() == 1);
        let write = |mut file: NamedStaging| {
            if !is_verified {
                self.verify()?;
                is_verified = true;
            }
            let target = self.root.join(file.path.as_path());
            self.create_folder(disk::parent(&target))?;
            if !is_alone {
                file.staging.begin_seal()?;
            }
            Ok((file, target))
        };
        // All are written before the first is synced: its sync then takes the others with it on most file systems.
        let written: Vec<Result<_, Error>> = files.into_iter().map(write).collect();
        let seal = |written: Result<(NamedStaging, PathBuf), Error>| {
            let (mut file, target) = written?;
            file.staging.seal()?;
            Ok((file, target))
        };
        let sealed: Vec<Result<_, Error>> = written.into_iter().map(seal).collect();
        let mut folders: Vec<(PathBuf, io::Result<()>)> = Vec::new();
        let mut named = Vec::with_capacity(sealed.len());
        for sealed in sealed {
            named.push(sealed.and_then(|(mut file, target)| {
                if !name(&mut file.staging, &target, file.verified.sha256())? {
                    return Ok((Published::Taken(Some(file.staging)), None));
                }
                let folder = disk::parent(&target);
                let known = folders.iter().position(|(other, _)| other == folder);
                let at = known.unwrap_or_else(|| {
                    folders.push((folder.to_owned(), Ok(())));
                    folders.len() - 1
                });
                Ok((Published::Done, Some(at)))
            }));
        }
        for (folder, synced) in &mut folders {
            *synced = disk::sync_folder(folder);
        }
        let result = |named: Result<(Published, Option<usize>), Error>| {
            let (published, folder) = named?;
            match folder.map(|at| &folders[at].1) {
                Some(Err(error)) => Err(copy_of(error).into()),
                _ => Ok(published),
            }
        };
        named.into_iter().map(result).collect()
    }

    /// Whether a file outside the storage can be hard-linked here, tested with a temporary link. Blocking.
    pub fn can_link(&self, source: &Path) -> bool {
        if self.is_remote() {
            return false;
        }
        let target = self.temporary_path("link");
        let is_linked = fs::hard_link(source, &target).is_ok();
        if is_linked {
            // The next start sweeps what cannot be removed now.
            let _ = fs::remove_file(&target);
        }
        is_linked
    }

    /// Whether this storage treats names that differ only in case as one. Blocking.
    pub fn folds_case(&self) -> Result<bool, Error> {
        if self.is_remote() {
            return Ok(false);
        }
        let path = self.temporary_path("probe");
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        Ok(disk::folds_case(disk::parent(&path), &name)?)
    }

    /// An unused path in the staging folder.
    fn temporary_path(&self, what: &str) -> PathBuf {
        let n = self.staged.fetch_add(1, Ordering::Relaxed);
        let name = format!("{}-{n}-{what}", self.prefix);
        self.root.join(STAGING).join(name)
    }

    /// Publishes a verified file from outside with a hard link, or with a copy where links fail and at least
    /// `keep_free_bytes` stay free. Compares the hash again, and does not follow links.
    pub async fn adopt(
        &self,
        source: PathBuf,
        verified: &Verified,
        path: &RelativePath,
        keep_free_bytes: u64,
    ) -> Result<Published, Error> {
        let target = self.root.join(path.as_path());
        let (sha256, needed) = (*verified.sha256(), verified.size_bytes());
        let (storage, mut staging) = (self.clone(), self.stage());
        let row = path.clone();
        blocking(move || {
            storage.verify()?;
            if let Backend::S3(bucket) = &storage.backend {
                storage.copy_to_stage(&mut staging, &source, &sha256, (needed, keep_free_bytes))?;
                bucket.put(row.as_str(), staging.upload()?)?;
                return Ok(Published::Done);
            }
            storage.create_folder(disk::parent(&target))?;
            if target.symlink_metadata().is_ok() {
                if !is_repeat(&target, &sha256) {
                    return Ok(Published::Taken(None));
                }
            } else if !link_if_intact(&source, &target, &sha256) {
                storage.copy_to_stage(&mut staging, &source, &sha256, (needed, keep_free_bytes))?;
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

    fn copy_to_stage(
        &self,
        staging: &mut Staging,
        source: &Path,
        sha256: &[u8; 32],
        (needed, keep_free_bytes): (u64, u64),
    ) -> Result<(), Error> {
        if self.free_bytes()?.saturating_sub(keep_free_bytes) < needed {
            return Err(Error::Full(io::ErrorKind::StorageFull.into()));
        }
        staging.copy(source, sha256)
    }

    /// Stages the bytes of a stored file for another name, see [`Storage::restore`]: as a hard link where possible,
    /// else as a copy. None when the bytes do not match. Blocking.
    pub fn second(&self, existing: &str, sha256: &[u8; 32]) -> Result<Option<Staging>, Error> {
        if self.is_remote() {
            return self.second_object(existing, sha256);
        }
        let existing = RelativePath::from_row(existing.to_owned());
        let Some(existing) = existing.filter(|existing| !self.is_behind_link(existing)) else {
            return Ok(None);
        };
        let existing = self.root.join(existing.as_path());
        let mut staging = self.stage();
        if link_if_intact(&existing, staging.path(), sha256) {
            staging.set_complete();
            return Ok(Some(staging));
        }
        match staging.copy(&existing, sha256) {
            Err(Error::Io(error)) if error.kind() == io::ErrorKind::InvalidData => Ok(None),
            Err(Error::Io(error)) if error.kind() == io::ErrorKind::InvalidInput => Ok(None),
            copied => copied.map(|()| Some(staging)),
        }
    }

    /// Publishes what [`Storage::second`] staged. Quick on a disk, but blocking.
    pub fn restore(&self, staging: &mut Staging, path: &str) -> Result<(), Error> {
        self.verify()?;
        if let Backend::S3(bucket) = &self.backend {
            return bucket.put(path, staging.upload()?);
        }
        let target = self.at(path)?;
        self.create_folder(disk::parent(&target))?;
        staging.name_as(&target)?;
        Ok(disk::sync_folder(disk::parent(&target))?)
    }

    /// Whether a path below the root is a link or leads through one. True when that cannot be determined, false when
    /// it does not exist.
    pub fn is_behind_link(&self, path: &RelativePath) -> bool {
        if self.is_remote() {
            return false;
        }
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

/// An error that concerns several files.
fn copy_of(error: &io::Error) -> io::Error {
    let code = error.raw_os_error();
    code.map_or_else(|| error.kind().into(), io::Error::from_raw_os_error)
}

/// Gives sealed bytes their name; false when another file has it.
fn name(staging: &mut Staging, target: &Path, sha256: &[u8; 32]) -> Result<bool, Error> {
    match staging.name_as(target) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(is_repeat(target, sha256)),
        named => Ok(named.map(|()| true)?),
    }
}

/// Hard-links a file if its bytes are intact and it is not a symbolic link. False on any error.
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
    // The file may have been replaced since it was read.
    let is_it = |linked: fs::Metadata| linked.is_file() && disk::is_same_file(&linked, &hashed);
    let is_linked = fs::symlink_metadata(target).is_ok_and(is_it);
    if !is_linked {
        let _ = fs::remove_file(target);
    }
    is_linked
}

/// Whether exactly this name has the bytes of an unfinished earlier attempt. Syncs it, because that attempt may not
/// have.
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

#[cfg(test)]
mod tests {
    use wa_media::{Expected, PlainHints, PlainVerifier};

    use super::*;
    use crate::model::{KeyKind, MediaKind};

    async fn file(storage: &Storage, bytes: &[u8], path: &str) -> NamedStaging {
        let expected = Expected {
            sha256: None,
            enc_sha256: None,
        };
        let hints = PlainHints {
            kind: MediaKind::Document,
            mime: None,
            file_name: None,
            media_key: None,
            key_kind: KeyKind::Document,
        };
        let mut verifier = PlainVerifier::new(expected, hints);
        verifier.update(bytes);
        let mut staging = storage.stage();
        staging.write(bytes).await.unwrap();
        NamedStaging {
            staging,
            verified: verifier.finish().unwrap(),
            path: RelativePath::from_row(path.to_owned()).unwrap(),
        }
    }

    #[tokio::test]
    async fn of_files_published_together_each_has_its_own_result() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("storage");
        let storage = Storage::open(&root, "test").unwrap();
        for (path, bytes) in [("a/taken", "of another"), ("a/repeat", "repeat")] {
            fs::create_dir_all(root.join("a")).unwrap();
            fs::write(root.join(path), bytes).unwrap();
        }
        fs::write(root.join("file"), "").unwrap();
        let files = [
            ("new", "a/new"),
            ("taken", "a/taken"),
            ("repeat", "a/repeat"),
            ("lost", "file/below"),
            ("other", "b/other"),
            ("second", "b/other"),
        ];
        let mut together = Vec::new();
        for (bytes, path) in files {
            together.push(file(&storage, bytes.as_bytes(), path).await);
        }
        let published = storage.publish_together(together).await;
        let results: Vec<_> = published
            .iter()
            .map(|published| match published {
                Ok(Published::Done) => "done",
                Ok(Published::Linked) => "linked",
                Ok(Published::Taken(_)) => "taken",
                Err(_) => "error",
            })
            .collect();
        let wanted = ["done", "taken", "done", "error", "done", "taken"];
        assert_eq!(results, wanted);
        for (path, bytes) in [
            ("a/new", "new"),
            ("a/taken", "of another"),
            ("b/other", "other"),
        ] {
            assert_eq!(fs::read_to_string(root.join(path)).unwrap(), bytes);
        }
        drop(published);
        let left = fs::read_dir(root.join(STAGING)).unwrap().count();
        assert_eq!(left, 0);
    }
}
