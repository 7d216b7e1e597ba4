//! Out of the way, and still there: where what is no longer trusted lies, and the way back from it.
//!
//! `.quarantine/{run}/{whose}/{path}`: nothing looks for a file there, and only erasure and retention remove it; `whose` is
//! a media's id, for a file that a row names. Nothing is ever written over.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use super::layout::RelativePath;
use super::{Error, NOBODY, QUARANTINE, Stamp, Storage, hash_file};
use crate::disk;

impl Error {
    /// Whether a file could not be moved only because its new place is on another disk.
    pub fn is_other_disk(&self) -> bool {
        matches!(self, Self::Io(error) if error.kind() == io::ErrorKind::CrossesDevices)
    }
}

/// A copy in quarantine of a file that lies on another disk and can only be copied there. Gone again when it is dropped
/// before the file itself was taken away.
pub struct Copied {
    path: PathBuf,
    /// What the file was when it was copied.
    stamp: Stamp,
    is_kept: AtomicBool,
}

impl Drop for Copied {
    fn drop(&mut self) {
        if !self.is_kept.load(Ordering::Relaxed) {
            // The file itself is still where it was.
            let _ = fs::remove_file(&self.path);
        }
    }
}

impl Storage {
    /// Moves a file into quarantine, or takes it away where it has been `copied` there. Answers whether it did; it does
    /// not when the file is not there, not the one that was copied, a link, or behind one: what a link leads to may be
    /// another's. Quick, but blocking.
    pub fn quarantine(
        &self,
        path: &str,
        run: &str,
        whose: &str,
        copied: Option<&Copied>,
    ) -> Result<bool, Error> {
        self.verify()?;
        let (from, to) = (self.at(path)?, self.aside(path, run, whose)?);
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
            }
            None => {
                self.create_folder(disk::parent(&to))?;
                disk::name_new(&from, &to)?;
            }
        }
        disk::sync_folder(disk::parent(&to))?;
        disk::sync_folder(disk::parent(&from))?;
        Ok(true)
    }

    /// Copies a file into quarantine that cannot be moved there, and proves the copy; nothing when it is not there.
    /// Blocking for as long as that takes.
    pub fn copy_aside(&self, path: &str, run: &str, whose: &str) -> Result<Option<Copied>, Error> {
        self.verify()?;
        let (from, to) = (self.at(path)?, self.aside(path, run, whose)?);
        let Some(stamp) = self.stamp(path)? else {
            return Ok(None);
        };
        if self.leads_through_link(path) {
            return Ok(None);
        }
        self.create_folder(disk::parent(&to))?;
        copy(&from, &to)?;
        disk::sync_folder(disk::parent(&to))?;
        Ok(Some(Copied {
            path: to,
            stamp,
            is_kept: AtomicBool::new(false),
        }))
    }

    /// Where files of that path lie in quarantine that are that media's, or nobody's.
    pub fn in_quarantine(&self, path: &str, whose: &[&str]) -> Result<Vec<PathBuf>, Error> {
        let runs = match fs::read_dir(self.root.join(QUARANTINE)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            runs => runs?,
        };
        let mut found = Vec::new();
        // It is checked as any other path, and lies that far below.
        self.at(path)?;
        for run in runs.flatten() {
            let places = whose.iter().map(|whose| run.path().join(whose).join(path));
            found.extend(places.filter(|place| is_file(place)));
            if whose.contains(&NOBODY) {
                found.extend(under_another_name(&run.path().join(NOBODY), path));
            }
        }
        Ok(found)
    }

    /// Puts a file back from quarantine to where it was. Blocking.
    pub fn bring_back(&self, from: &Path, path: &str) -> Result<(), Error> {
        self.verify()?;
        let to = self.at(path)?;
        self.create_folder(disk::parent(&to))?;
        match disk::name_new(from, &to) {
            Err(error) if error.kind() == io::ErrorKind::CrossesDevices => {
                copy(from, &to)?;
                fs::remove_file(from)?;
            }
            named => named?,
        }
        disk::sync_folder(disk::parent(&to))?;
        Ok(disk::sync_folder(disk::parent(from))?)
    }

    /// Whether a path of a row is a link, or leads through one.
    pub fn leads_through_link(&self, path: &str) -> bool {
        let path = RelativePath::from_row(path.to_owned());
        path.is_none_or(|path| self.is_behind_link(&path))
    }

    fn aside(&self, path: &str, run: &str, whose: &str) -> Result<PathBuf, Error> {
        self.at(&format!("{QUARANTINE}/{run}/{whose}/{path}"))
    }
}

/// A file of that path that was taken away through a link to its client's folder lies under the link's name.
fn under_another_name(nobody: &Path, path: &str) -> Vec<PathBuf> {
    let Some((client, rest)) = path.split_once('/') else {
        return Vec::new();
    };
    let names = fs::read_dir(nobody).into_iter().flatten().flatten();
    let others = names.filter(|name| name.file_name() != client);
    let places = others.map(|name| name.path().join(rest));
    places.filter(|place| is_file(place)).collect()
}

/// What is a link in quarantine is no copy.
fn is_file(path: &Path) -> bool {
    path.symlink_metadata().is_ok_and(|it| it.is_file())
}

/// A copy that lasts and is proven, or none.
fn copy(from: &Path, to: &Path) -> Result<(), Error> {
    let mut target = disk::create_new(to)?;
    let copying = || {
        io::copy(&mut disk::open_no_link(from)?, &mut target)?;
        target.sync_all()?;
        match hash_file(from)? == hash_file(to)? {
            true => Ok(()),
            false => Err(io::Error::from(io::ErrorKind::InvalidData)),
        }
    };
    let mut copying = copying;
    copying().map_err(|error: io::Error| {
        // It is not complete, and nobody knows of it.
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
    fn what_can_only_be_copied_is_taken_away_once_its_copy_is_proven_and_comes_back() {
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
        let found = storage.in_quarantine("a/b", &["me"]).unwrap();
        assert_eq!(found, [aside]);
        storage.bring_back(&found[0], "a/b").unwrap();
        assert_eq!(
            fs::read_to_string(folder.path().join("a/b")).unwrap(),
            "kept"
        );
        assert!(storage.in_quarantine("a/b", &["me"]).unwrap().is_empty());
    }

    #[test]
    fn what_became_another_file_after_it_was_copied_stays_where_it_is() {
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
    fn what_is_staged_is_swept_and_what_cannot_be_is_passed_over() {
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
