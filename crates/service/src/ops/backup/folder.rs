//! The folder of a backup: whether it may be one, what lies in it under which name, and how a file gets its name.

use std::collections::{BTreeSet, HashSet};
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use super::manifest::{FORMAT, Figures, Manifest};
use super::{Error, RESERVE_BYTES, Source, at, copy, names_places, of_storage, sync_folder};
use crate::clock::Millis;
use crate::{disk, storage};

/// The files, as the data folder calls them.
pub(super) const FILES: &str = "media_storage";
pub(super) const DATABASE: &str = "midiateca.db";
const KEY: &str = "secret.key";
const SETTINGS: &str = "midiateca.toml";
/// Settings that name places of their own are not to be found by whoever tries the backup.
const SETTINGS_ELSEWHERE: &str = "midiateca.toml.elsewhere";
const MANIFEST: &str = "manifest.json";
/// Says that a folder was made by this program for this purpose; who writes to it holds its lock.
const MARKER: &str = ".midiateca-backup";
const MARKED: &str = "midiateca backup, format 1\n";
/// Of which database a backup is that never came to its end; the manifest tells it from then on.
const BEGUN: &str = ".midiateca-begun";
/// What is not yet known to be right.
const STAGING: &str = ".incomplete";
/// In the staging folder: files that take the place of others.
const REPLACEMENTS: &str = "replacements";

/// A folder that may be written to, for as long as this is held.
pub(super) struct Folder {
    root: PathBuf,
    _lock: File,
}

impl Folder {
    /// Opens the folder, making it when it is not there, and throws away what an earlier time left half done.
    pub fn open(target: &Path, source: &Source) -> Result<Self, Error> {
        refuse_within(target, source)?;
        match fs::symlink_metadata(target) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => make(target)?,
            _ => {}
        }
        if fs::metadata(target).is_ok_and(|found| !found.is_dir()) {
            let path = target.to_owned();
            return Err(Error::NotAFolder { path });
        }
        let lock = mark(target)?;
        let folder = Self {
            root: target.to_owned(),
            _lock: lock,
        };
        folder.clear_staging()?;
        for made in [folder.stage(REPLACEMENTS), folder.root.join(FILES)] {
            disk::create_folder(&made).map_err(at(&made))?;
        }
        Ok(folder)
    }

    /// Where a file lies until it is known to be right.
    pub fn stage(&self, name: &str) -> PathBuf {
        self.root.join(STAGING).join(name)
    }

    /// Where a file of the storage lies in the backup.
    pub fn file(&self, path: &Path) -> PathBuf {
        self.root.join(FILES).join(path)
    }

    /// Where the long texts of deliveries lie in the backup.
    pub fn bodies(&self) -> PathBuf {
        self.root.join(crate::app::BODIES)
    }

    /// What the backup says of itself; nothing when none came to its end yet.
    pub fn manifest(&self) -> Result<Option<Manifest>, Error> {
        let path = self.root.join(MANIFEST);
        let text = match fs::read(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            read => read.map_err(at(&path))?,
        };
        match serde_json::from_slice::<Manifest>(&text) {
            Ok(manifest) if manifest.format == FORMAT => Ok(Some(manifest)),
            _ => Err(Error::Foreign {
                path: self.root.clone(),
            }),
        }
    }

    /// Of which database the backup is that was begun here and cut short, see [`Manifest::first_added`].
    pub fn begun(&self) -> Result<Option<Millis>, Error> {
        let path = self.root.join(BEGUN);
        match fs::read_to_string(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            read => Ok(read.map_err(at(&path))?.trim().parse().ok()),
        }
    }

    /// Notes, before any file is copied, of which database they are.
    pub fn begin(&self, first_added: Option<Millis>) -> Result<(), Error> {
        match first_added {
            Some(first) if !has_manifest(&self.root) => {
                self.write(BEGUN, format!("{first}\n").as_bytes())
            }
            _ => Ok(()),
        }
    }

    /// Whether names that differ only in case meet in one file here.
    pub fn folds_case(&self) -> Result<bool, Error> {
        let staging = self.stage(REPLACEMENTS);
        disk::folds_case(&staging, "probe").map_err(at(&staging))
    }

    /// Makes sure that so much can be written.
    pub fn make_room(&self, bytes: u64) -> Result<(), Error> {
        let free = storage::free_bytes_at(&self.root).map_err(at(&self.root))?;
        let needed = bytes.saturating_add(RESERVE_BYTES);
        if free < needed {
            let path = self.root.clone();
            return Err(Error::NoRoom { path, needed, free });
        }
        Ok(())
    }

    /// Gives a staged, synced file its name. A log that somebody left who opened the database in the backup is not of the
    /// one that takes its place.
    pub fn place(&self, staged: &Path, name: &str) -> Result<(), Error> {
        if name == DATABASE {
            for log in ["-wal", "-shm", "-journal"] {
                self.remove(&format!("{name}{log}"))?;
            }
        }
        let target = self.root.join(name);
        fs::rename(staged, &target).map_err(at(&target))?;
        sync_folder(&self.root)
    }

    /// Notes a staged file that is to take the place of another, once all others are there.
    pub fn replacement(&self, number: u64, path: &Path) -> Result<(), Error> {
        let to = self.stage(REPLACEMENTS).join(path);
        if let Some(folder) = to.parent() {
            disk::create_folder(folder).map_err(at(folder))?;
        }
        fs::rename(self.stage(&number.to_string()), &to).map_err(at(&to))
    }

    /// Puts all of them in their places.
    pub fn place_replacements(&self) -> Result<(), Error> {
        let staged = self.stage(REPLACEMENTS);
        let mut touched = BTreeSet::new();
        for path in walk(&staged)? {
            let target = self.file(&path);
            fs::rename(staged.join(&path), &target).map_err(at(&target))?;
            touched.extend(target.parent().map(Path::to_owned));
        }
        self.sync(touched)
    }

    /// Makes the names in these folders durable, and those of the folders themselves.
    pub fn sync(&self, touched: BTreeSet<PathBuf>) -> Result<(), Error> {
        let mut all = BTreeSet::new();
        for folder in &touched {
            let above = folder.ancestors();
            all.extend(above.take_while(|above| above.starts_with(&self.root)));
        }
        all.into_iter().try_for_each(sync_folder)
    }

    /// Copies the settings; answers with the name they have in the backup.
    pub fn copy_settings(&self, settings: Option<&Path>) -> Result<Option<String>, Error> {
        let name = settings.map(|settings| match names_places(settings) {
            true => SETTINGS_ELSEWHERE,
            false => SETTINGS,
        });
        if let (Some(settings), Some(name)) = (settings, name) {
            let text = fs::read(settings).map_err(at(settings))?;
            self.write(name, &text)?;
        }
        for other in [SETTINGS, SETTINGS_ELSEWHERE] {
            if Some(other) != name {
                self.remove(other)?;
            }
        }
        Ok(name.map(str::to_owned))
    }

    /// Makes the files in the backup the storage of the database in it.
    pub fn mark_storage(&self, id: &str) -> Result<(), Error> {
        let root = self.root.join(FILES);
        storage::write_marker(&root, id).map_err(|error| of_storage(&root, error))
    }

    /// Copies the key.
    pub fn copy_key(&self, key_file: &Path) -> Result<(), Error> {
        let key = fs::read(key_file).map_err(at(key_file))?;
        self.write(KEY, &key)
    }

    /// Whether the key is in the backup, from now or from before: that key, not one that somebody made who opened the
    /// backup as a data folder.
    pub fn holds_key(&self, key_file: &Path) -> Result<bool, Error> {
        let read = |path: &Path| match fs::read_to_string(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            read => read.map(Some).map_err(at(path)),
        };
        let held = read(&self.root.join(KEY))?;
        let in_use = match held {
            Some(_) => read(key_file)?,
            None => None,
        };
        let same = |(held, in_use): (String, String)| held.trim() == in_use.trim();
        Ok(held.zip(in_use).is_some_and(same))
    }

    /// Counts, and takes away if that is wanted, the files that the database no longer names.
    pub fn surplus(
        &self,
        named: &HashSet<PathBuf>,
        prune: bool,
        figures: &mut Figures,
    ) -> Result<(), Error> {
        let root = self.root.join(FILES);
        let mut touched = BTreeSet::new();
        for path in walk(&root)? {
            if named.contains(&path) || path == storage::marker_path(Path::new("")) {
                continue;
            }
            figures.surplus += 1;
            if prune {
                let target = root.join(&path);
                fs::remove_file(&target).map_err(at(&target))?;
                figures.pruned += 1;
                touched.extend(target.parent().map(Path::to_owned));
            }
        }
        self.sync(touched)
    }

    /// Writes the manifest, which makes the backup whole.
    pub fn write_manifest(&self, manifest: &Manifest) -> Result<(), Error> {
        let path = self.root.join(MANIFEST);
        let text = serde_json::to_vec_pretty(manifest).map_err(|error| at(&path)(error.into()))?;
        self.write(MANIFEST, &text)?;
        self.remove(BEGUN)?;
        self.clear_staging()
    }

    /// A small file of its owner's, whole or not at all.
    fn write(&self, name: &str, bytes: &[u8]) -> Result<(), Error> {
        let staged = self.stage(name);
        copy::create(&staged)
            .and_then(|mut file| file.write_all(bytes).and_then(|()| file.sync_all()))
            .map_err(at(&staged))?;
        self.place(&staged, name)
    }

    fn remove(&self, name: &str) -> Result<(), Error> {
        let path = self.root.join(name);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(at(&path)(error)),
            _ => Ok(()),
        }
    }

    fn clear_staging(&self) -> Result<(), Error> {
        let staging = self.root.join(STAGING);
        match fs::remove_dir_all(&staging) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(at(&staging)(error)),
            _ => Ok(()),
        }
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What cannot be removed now is at the next time.
        let _ = self.clear_staging();
    }
}

pub(super) fn has_manifest(root: &Path) -> bool {
    root.join(MANIFEST).is_file()
}

/// Makes a folder in one that is there: one that is not is more likely a disk that is not mounted.
fn make(target: &Path) -> Result<(), Error> {
    let above = target
        .parent()
        .filter(|above| !above.as_os_str().is_empty());
    if let Some(above) = above.filter(|above| !above.is_dir()) {
        let path = above.to_owned();
        return Err(Error::Absent { path });
    }
    disk::create_folder(target).map_err(at(target))
}

/// Takes the folder for a backup, if it is one or is empty, and locks it.
fn mark(target: &Path) -> Result<File, Error> {
    let marker = target.join(MARKER);
    let foreign = || Error::Foreign {
        path: target.to_owned(),
    };
    let text = match fs::read(&marker) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
        read => read.map_err(at(&marker))?,
    };
    // A backup that was served has become a data folder.
    if !MARKED.as_bytes().starts_with(&text) || target.join("serve.lock").exists() {
        return Err(foreign());
    }
    if text != MARKED.as_bytes() {
        for entry in fs::read_dir(target).map_err(at(target))? {
            let name = entry.map_err(at(target))?.file_name();
            // Every file system of the ext family begins with that folder; and who was here first may have been ended
            // while the marker was written.
            if name != "lost+found" && name != MARKER {
                return Err(foreign());
            }
        }
        copy::create(&marker)
            .and_then(|mut file| {
                file.write_all(MARKED.as_bytes())
                    .and_then(|()| file.sync_all())
            })
            .map_err(at(&marker))?;
    }
    let file = File::open(&marker).map_err(at(&marker))?;
    match file.try_lock() {
        Err(fs::TryLockError::WouldBlock) => Err(Error::Taken {
            path: target.to_owned(),
        }),
        // Some network file systems know no locks.
        _ => Ok(file),
    }
}

/// Neither may the backup lie in what is copied, nor what is copied in the backup.
fn refuse_within(target: &Path, source: &Source) -> Result<(), Error> {
    let real = resolve(target)?;
    let mut others = vec![];
    for folder in [&source.data, &source.storage] {
        others.push((folder, real.starts_with(resolve(folder)?)));
    }
    others.extend([&source.database, &source.key_file].map(|file| (file, false)));
    for (other, holds_target) in others {
        if holds_target || resolve(other)?.starts_with(&real) {
            return Err(Error::Within {
                target: target.to_owned(),
                other: other.clone(),
            });
        }
    }
    Ok(())
}

/// The path without links, as far as it is there.
fn resolve(path: &Path) -> Result<PathBuf, Error> {
    let absolute = std::path::absolute(path).map_err(at(path))?;
    for above in absolute.ancestors() {
        if let Ok(real) = fs::canonicalize(above) {
            let rest = absolute.strip_prefix(above).unwrap_or(Path::new(""));
            return Ok(real.join(rest));
        }
    }
    Ok(absolute)
}

/// All files below a folder, by their paths below it; links are files, and are not followed.
fn walk(root: &Path) -> Result<Vec<PathBuf>, Error> {
    let mut files = Vec::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).map_err(at(&folder))? {
            let entry = entry.map_err(at(&folder))?;
            let path = entry.path();
            if entry.file_type().map_err(at(&path))?.is_dir() {
                folders.push(path);
            } else if let Ok(below) = path.strip_prefix(root) {
                files.push(below.to_owned());
            }
        }
    }
    Ok(files)
}
