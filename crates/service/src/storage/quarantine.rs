//! Quarantine: files that are moved out of the way, and the way back.
//!
//! `.quarantine/{run}/{owner}/{path}`, where `owner` is a media's id or `in-no-row` for orphans. Only erasure and
//! retention delete files there. Nothing is overwritten.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use walkdir::WalkDir;

use super::layout::RelativePath;
use super::s3::Bucket;
use super::{Backend, Error, QUARANTINE, Stamp, Storage, hash_file, slashed};
use crate::disk;

impl Error {
    /// Whether a move failed only because the target is on another disk.
    pub fn is_other_disk(&self) -> bool {
        matches!(self, Self::Io(error) if error.kind() == io::ErrorKind::CrossesDevices)
    }
}

/// A quarantine copy of a file on another disk. Deleted on drop unless the original was removed.
pub struct QuarantineCopy {
    path: PathBuf,
    /// The original's state during the copy.
    stamp: Stamp,
    is_kept: AtomicBool,
}

impl Drop for QuarantineCopy {
    fn drop(&mut self) {
        if !self.is_kept.load(Ordering::Relaxed) {
            // The original still exists.
            let _ = fs::remove_file(&self.path);
        }
    }
}

impl Storage {
    /// Moves a file into quarantine, or removes the original of a finished copy (`copied`). False when the file does
    /// not exist, changed after the copy, or is a link or behind one, because the target may be another program's.
    /// Quick on a disk, but blocking.
    pub fn quarantine(
        &self,
        path: &str,
        run: &str,
        owner: &str,
        copied: Option<&QuarantineCopy>,
    ) -> Result<bool, Error> {
        self.verify()?;
        if let Backend::S3(bucket) = &self.backend {
            return move_object(bucket, path, &name_aside(path, run, owner));
        }
        let (from, to) = (self.at(path)?, self.aside(path, run, owner)?);
        let Some(found) = self.stamp(path)? else {
            return Ok(false);
        };
        if self.leads_through_link(path) {
            return Ok(false);
        }
        match copied {
            Some(copied) if copied.stamp != found => return Ok(false),
            Some(copied) => {
                fs::remove_file(&from)?;
                copied.is_kept.store(true, Ordering::Relaxed);
                disk::sync_folder(disk::parent(&from))?;
            }
            None => {
                self.create_folder(disk::parent(&to))?;
                disk::move_new(&from, &to)?;
            }
        }
        Ok(true)
    }

    /// Copies a file into quarantine that cannot be moved, and verifies the copy; None when it does not exist.
    /// Blocking.
    pub fn copy_aside(
        &self,
        path: &str,
        run: &str,
        owner: &str,
    ) -> Result<Option<QuarantineCopy>, Error> {
        self.verify()?;
        let (from, to) = (self.at(path)?, self.aside(path, run, owner)?);
        let Some(stamp) = self.stamp(path)? else {
            return Ok(None);
        };
        if self.leads_through_link(path) {
            return Ok(None);
        }
        self.create_folder(disk::parent(&to))?;
        copy(&from, &to)?;
        disk::sync_folder(disk::parent(&to))?;
        Ok(Some(QuarantineCopy {
            path: to,
            stamp,
            is_kept: AtomicBool::new(false),
        }))
    }

    /// All quarantined files, by their size in bytes. Links are no copies. Blocking.
    pub fn quarantined(&self) -> BTreeMap<u64, Vec<PathBuf>> {
        let mut by_size: BTreeMap<u64, Vec<PathBuf>> = BTreeMap::new();
        if let Backend::S3(bucket) = &self.backend {
            let listed = bucket.each(Some(QUARANTINE), None, |found| {
                let files = by_size.entry(found.size_bytes).or_default();
                files.push(PathBuf::from(found.path));
                true
            });
            // What cannot be listed is not found, as in an unreadable folder.
            drop(listed);
            return by_size;
        }
        for entry in WalkDir::new(self.root.join(QUARANTINE)).sort_by_file_name() {
            let Ok(entry) = entry else { continue };
            if let Ok(found) = entry.metadata()
                && found.is_file()
            {
                by_size
                    .entry(found.len())
                    .or_default()
                    .push(entry.into_path());
            }
        }
        by_size
    }

    /// Moves a file back from quarantine. Blocking.
    pub fn bring_back(&self, from: &Path, path: &str) -> Result<(), Error> {
        self.verify()?;
        if let Backend::S3(bucket) = &self.backend {
            let is_moved = move_object(bucket, &slashed(from), path)?;
            let missing = || Error::Io(io::ErrorKind::NotFound.into());
            return is_moved.then_some(()).ok_or_else(missing);
        }
        let to = self.at(path)?;
        self.create_folder(disk::parent(&to))?;
        match disk::move_new(from, &to) {
            Err(error) if error.kind() == io::ErrorKind::CrossesDevices => {
                copy(from, &to)?;
                disk::sync_folder(disk::parent(&to))?;
                fs::remove_file(from)?;
                Ok(disk::sync_folder(disk::parent(from))?)
            }
            moved => Ok(moved?),
        }
    }

    /// Whether a row's path is a link or leads through one.
    pub fn leads_through_link(&self, path: &str) -> bool {
        let path = RelativePath::from_row(path.to_owned());
        path.is_none_or(|path| self.is_behind_link(&path))
    }

    fn aside(&self, path: &str, run: &str, owner: &str) -> Result<PathBuf, Error> {
        self.at(&name_aside(path, run, owner))
    }

    /// Whether a file that [`Storage::quarantined`] listed is still there. Blocking.
    pub fn is_quarantined(&self, path: &Path) -> bool {
        match &self.backend {
            Backend::Disk => path.is_file(),
            Backend::S3(bucket) => matches!(bucket.find(&slashed(path)), Ok(Some(_))),
        }
    }
}

fn name_aside(path: &str, run: &str, owner: &str) -> String {
    format!("{QUARANTINE}/{run}/{owner}/{path}")
}

/// The copy is confirmed before the original goes. False when there is none.
fn move_object(bucket: &Bucket, from: &str, to: &str) -> Result<bool, Error> {
    let Some(found) = bucket.find(from)? else {
        return Ok(false);
    };
    let is_copied = bucket.copy(from, to, found.size_bytes)?;
    if is_copied {
        bucket.delete(from)?;
    }
    Ok(is_copied)
}

/// Copies, syncs and verifies; leaves no incomplete copy.
fn copy(from: &Path, to: &Path) -> Result<(), Error> {
    let mut target = disk::create_new(to)?;
    let mut copied = || {
        io::copy(&mut disk::open_no_link(from)?, &mut target)?;
        target.sync_all()?;
        if hash_file(from)? == hash_file(to)? {
            Ok(())
        } else {
            Err(io::Error::from(io::ErrorKind::InvalidData))
        }
    };
    copied().map_err(|error: io::Error| {
        // Incomplete, and in no list.
        let _ = fs::remove_file(to);
        error.into()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn storage() -> (tempfile::TempDir, Storage) {
        let folder = tempfile::tempdir().unwrap();
        let storage = Storage::open(folder.path(), "test").unwrap();
        fs::create_dir_all(folder.path().join("a")).unwrap();
        fs::write(folder.path().join("a/b"), "kept").unwrap();
        (folder, storage)
    }

    #[test]
    fn a_file_that_can_only_be_copied_is_removed_once_its_copy_is_verified_and_can_be_restored() {
        let (folder, storage) = storage();
        drop(storage.copy_aside("a/b", "run", "me").unwrap().unwrap());
        let aside = folder.path().join(".quarantine/run/me/a/b");
        assert!(!aside.exists() && folder.path().join("a/b").exists());
        let copied = storage.copy_aside("a/b", "run", "me").unwrap();
        assert!(
            storage
                .quarantine("a/b", "run", "me", copied.as_ref())
                .unwrap()
        );
        drop(copied);
        assert_eq!(fs::read_to_string(&aside).unwrap(), "kept");
        assert!(!folder.path().join("a/b").exists());
        assert_eq!(
            storage.quarantined(),
            BTreeMap::from([(4, vec![aside.clone()])])
        );
        storage.bring_back(&aside, "a/b").unwrap();
        assert_eq!(
            fs::read_to_string(folder.path().join("a/b")).unwrap(),
            "kept"
        );
        assert!(storage.quarantined().is_empty());
    }

    #[test]
    fn a_file_that_changed_after_it_was_copied_stays() {
        let (folder, storage) = storage();
        let copied = storage.copy_aside("a/b", "run", "me").unwrap();
        fs::write(folder.path().join("a/b"), "another, and longer").unwrap();
        assert!(
            !storage
                .quarantine("a/b", "run", "me", copied.as_ref())
                .unwrap()
        );
        assert!(folder.path().join("a/b").exists());
    }

    #[test]
    fn staged_files_are_swept_and_those_that_cannot_be_are_skipped() {
        let (folder, storage) = storage();
        let staging = folder.path().join(".staging");
        fs::create_dir(staging.join("a folder")).unwrap();
        fs::write(staging.join("z"), "left").unwrap();
        storage.sweep().unwrap();
        let left: Vec<_> = fs::read_dir(&staging).unwrap().collect();
        assert_eq!(left.len(), 1);
    }

    #[test]
    fn nothing_outside_the_root_is_touched() {
        let (folder, storage) = storage();
        let outside = tempfile::tempdir().unwrap();
        let file = outside.path().join("x");
        fs::write(&file, "not ours").unwrap();
        let name = outside.path().file_name().unwrap().to_str().unwrap();
        let absolute = file.to_str().unwrap().to_owned();
        for path in [
            format!("../{name}/x"),
            absolute,
            String::new(),
            "a/../a/b".to_owned(),
        ] {
            assert!(storage.stamp(&path).is_err(), "{path}");
            assert!(
                storage.quarantine(&path, "run", "me", None).is_err(),
                "{path}"
            );
            assert!(storage.bring_back(&file, &path).is_err(), "{path}");
        }
        assert!(file.exists() && folder.path().join("a/b").exists());
    }
}
