//! The folder of a backup: whether a backup may be written to it, the names in it, and how a file gets its name.

use std::collections::{BTreeSet, HashSet};
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use walkdir::WalkDir;

use super::error::{Error, at, of_storage};
use super::manifest::{EarlierManifest, FORMAT, FileCounts, ManifestFile};
use super::{Paths, copy, sync_folder};
use crate::clock::Millis;
use crate::config::Config;
use crate::deliveries::BODIES;
use crate::disk::{self, unless_missing};
use crate::storage;

/// As in a data folder.
const FILES: &str = "media_storage";
pub(super) const DATABASE: &str = "midiateca.db";
const KEY: &str = "secret.key";
const SETTINGS: &str = "midiateca.toml";
/// The name of settings with paths, so that a server on the backup does not use the data folder in use.
const SETTINGS_ELSEWHERE: &str = "midiateca.toml.elsewhere";
const MANIFEST: &str = "manifest.json";
/// Marks a folder as a backup; locked by the process that writes to it.
const MARKER: &str = ".midiateca-backup";
const MARKED: &str = "midiateca backup, format 1\n";
/// Has when the first client was added, in a backup that was never complete.
const BEGUN: &str = ".midiateca-begun";
/// Files before they are verified.
const STAGING: &str = ".incomplete";
/// In the staging folder: files that replace others.
const REPLACEMENTS: &str = "replacements";
/// Free space that the file system needs for itself.
const RESERVE_BYTES: u64 = 16 << 20;

pub(super) struct Folder {
    root: PathBuf,
    /// When the first client of the backup that is there was added.
    earlier: Option<Millis>,
    _lock: File,
}

impl Folder {
    /// Opens the folder, creates it if it does not exist, and deletes what an earlier run left staged.
    pub fn open(target: &Path, paths: &Paths) -> Result<Self, Error> {
        refuse_within(target, paths)?;
        if fs::symlink_metadata(target).is_err_and(|it| it.kind() == io::ErrorKind::NotFound) {
            create(target)?;
        }
        if fs::metadata(target).is_ok_and(|found| !found.is_dir()) {
            return Err(Error::NotAFolder(target.to_owned()));
        }
        let lock = mark(target)?;
        let mut folder = Self {
            root: target.to_owned(),
            earlier: None,
            _lock: lock,
        };
        folder.earlier = folder.read_earlier()?;
        folder.clear_staging()?;
        for made in [folder.stage(REPLACEMENTS), folder.root.join(FILES)] {
            disk::create_folder(&made).map_err(at(&made))?;
        }
        Ok(folder)
    }

    pub fn stage(&self, name: &str) -> PathBuf {
        self.root.join(STAGING).join(name)
    }

    pub fn file(&self, path: &Path) -> PathBuf {
        self.root.join(FILES).join(path)
    }

    /// The folder of the long texts of deliveries.
    pub fn bodies(&self) -> PathBuf {
        self.root.join(BODIES)
    }

    /// Records, before any file is copied, whose backup it is. Refuses one of another database.
    pub fn begin(&self, first_added: Option<Millis>) -> Result<(), Error> {
        if self.earlier.is_some() && self.earlier != first_added {
            return Err(Error::OtherDatabase(self.root.clone()));
        }
        match first_added {
            Some(first) if !is_complete(&self.root) => {
                self.write(BEGUN, format!("{first}\n").as_bytes())
            }
            _ => Ok(()),
        }
    }

    fn read_earlier(&self) -> Result<Option<Millis>, Error> {
        if !is_complete(&self.root) {
            return self.read_begun();
        }
        let path = self.root.join(MANIFEST);
        let text = fs::read(&path).map_err(at(&path))?;
        let foreign = || Error::Foreign(self.root.clone());
        let manifest: EarlierManifest = serde_json::from_slice(&text).map_err(|_| foreign())?;
        if manifest.format != FORMAT {
            return Err(foreign());
        }
        let first_added = manifest.first_added;
        let millis = first_added.map(|first| first.millis().ok_or_else(foreign));
        millis.transpose()
    }

    fn read_begun(&self) -> Result<Option<Millis>, Error> {
        let path = self.root.join(BEGUN);
        let text = unless_missing(fs::read_to_string(&path)).map_err(at(&path))?;
        Ok(text.and_then(|text| text.trim().parse().ok()))
    }

    /// Whether names that differ only in case are one file here.
    pub fn folds_case(&self) -> Result<bool, Error> {
        let staging = self.stage(REPLACEMENTS);
        disk::folds_case(&staging, "probe").map_err(at(&staging))
    }

    pub fn check_space(&self, bytes: u64) -> Result<(), Error> {
        let free = storage::free_bytes_at(&self.root).map_err(at(&self.root))?;
        let needed = bytes.saturating_add(RESERVE_BYTES);
        if free < needed {
            let path = self.root.clone();
            return Err(Error::NoSpace { path, needed, free });
        }
        Ok(())
    }

    /// Gives a staged, synced file its name. A log of a database that was opened in the backup does not belong to the one
    /// that replaces it.
    pub fn publish(&self, staged: &Path, name: &str) -> Result<(), Error> {
        if name == DATABASE {
            for log in ["-wal", "-shm", "-journal"] {
                self.remove(&format!("{name}{log}"))?;
            }
        }
        let target = self.root.join(name);
        fs::rename(staged, &target).map_err(at(&target))?;
        sync_folder(&self.root)
    }

    /// Adds a staged file that replaces another once all others are there.
    pub fn add_replacement(&self, number: u64, path: &Path) -> Result<(), Error> {
        let to = self.stage(REPLACEMENTS).join(path);
        if let Some(folder) = to.parent() {
            disk::create_folder(folder).map_err(at(folder))?;
        }
        fs::rename(self.stage(&number.to_string()), &to).map_err(at(&to))
    }

    pub fn publish_replacements(&self) -> Result<(), Error> {
        let staged = self.stage(REPLACEMENTS);
        let mut touched = BTreeSet::new();
        for path in walk(&staged)? {
            let target = self.file(&path);
            fs::rename(staged.join(&path), &target).map_err(at(&target))?;
            touched.extend(target.parent().map(Path::to_owned));
        }
        self.sync(touched)
    }

    /// Syncs these folders, and those above them in the backup.
    pub fn sync(&self, touched: BTreeSet<PathBuf>) -> Result<(), Error> {
        let mut all = BTreeSet::new();
        for folder in &touched {
            let above = folder.ancestors();
            all.extend(above.take_while(|above| above.starts_with(&self.root)));
        }
        all.into_iter().try_for_each(sync_folder)
    }

    pub fn copy_settings(&self, settings: Option<&Path>) -> Result<Option<String>, Error> {
        let name = settings.map(|settings| {
            if has_paths(settings) {
                SETTINGS_ELSEWHERE
            } else {
                SETTINGS
            }
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

    /// Gives the files in the backup the id of the database in it.
    pub fn mark_storage(&self, id: &str) -> Result<(), Error> {
        let root = self.root.join(FILES);
        storage::write_marker(&root, id).map_err(|error| of_storage(&root, error))
    }

    pub fn copy_key(&self, key_file: &Path) -> Result<(), Error> {
        let key = fs::read(key_file).map_err(at(key_file))?;
        self.write(KEY, &key)
    }

    pub fn has_any_key(&self) -> bool {
        self.root.join(KEY).exists()
    }

    /// Whether the key in use is in the backup. Another one may be there that was created when the backup was opened as a
    /// data folder.
    pub fn has_key(&self, key_file: &Path) -> Result<bool, Error> {
        let read = |path: &Path| unless_missing(fs::read_to_string(path)).map_err(at(path));
        let Some(copied) = read(&self.root.join(KEY))? else {
            return Ok(false);
        };
        let in_use = read(key_file)?;
        Ok(in_use.is_some_and(|in_use| in_use.trim() == copied.trim()))
    }

    /// Counts the files that the database no longer names, and removes them if `prune` says so.
    pub fn surplus(
        &self,
        named: &HashSet<PathBuf>,
        prune: bool,
        counts: &mut FileCounts,
    ) -> Result<(), Error> {
        let root = self.root.join(FILES);
        let mut touched = BTreeSet::new();
        for path in walk(&root)? {
            if named.contains(&path) || path == storage::marker_path(Path::new("")) {
                continue;
            }
            counts.surplus += 1;
            if prune {
                let target = root.join(&path);
                fs::remove_file(&target).map_err(at(&target))?;
                counts.pruned += 1;
                touched.extend(target.parent().map(Path::to_owned));
            }
        }
        self.sync(touched)
    }

    /// Writes the manifest: the backup is complete.
    pub fn write_manifest(&self, manifest: &ManifestFile<'_>) -> Result<(), Error> {
        let path = self.root.join(MANIFEST);
        let text = serde_json::to_vec_pretty(manifest).map_err(|error| at(&path)(error.into()))?;
        self.write(MANIFEST, &text)?;
        self.remove(BEGUN)?;
        self.clear_staging()
    }

    fn write(&self, name: &str, bytes: &[u8]) -> Result<(), Error> {
        let staged = self.stage(name);
        copy::write(&staged, bytes)?;
        self.publish(&staged, name)
    }

    fn remove(&self, name: &str) -> Result<(), Error> {
        let path = self.root.join(name);
        let removed = unless_missing(fs::remove_file(&path));
        removed.map(drop).map_err(at(&path))
    }

    fn clear_staging(&self) -> Result<(), Error> {
        let staging = self.root.join(STAGING);
        let removed = unless_missing(fs::remove_dir_all(&staging));
        removed.map(drop).map_err(at(&staging))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // The next run removes files that cannot be removed now.
        let _ = self.clear_staging();
    }
}

pub fn is_complete(target: &Path) -> bool {
    target.join(MANIFEST).is_file()
}

/// Whether settings name a database, storage or key by its path.
fn has_paths(settings: &Path) -> bool {
    Config::read(settings).is_ok_and(|config| {
        !config.database.url.is_empty()
            || !config.storage.url.is_empty()
            || !config.secrets.key_file.as_os_str().is_empty()
    })
}

/// Creates a folder in an existing one: a missing one is more likely a disk that is not mounted.
fn create(target: &Path) -> Result<(), Error> {
    let above = disk::parent(target);
    if !above.is_dir() {
        return Err(Error::Absent(above.to_owned()));
    }
    disk::create_folder(target).map_err(at(target))
}

/// Marks an empty folder as a backup, and locks it. Refuses any other folder that is not one.
fn mark(target: &Path) -> Result<File, Error> {
    let marker = target.join(MARKER);
    let foreign = || Error::Foreign(target.to_owned());
    let text = unless_missing(fs::read(&marker)).map_err(at(&marker))?;
    let text = text.unwrap_or_default();
    // A backup that was served has become a data folder.
    if !MARKED.as_bytes().starts_with(&text) || target.join("serve.lock").exists() {
        return Err(foreign());
    }
    if text != MARKED.as_bytes() {
        for entry in fs::read_dir(target).map_err(at(target))? {
            let name = entry.map_err(at(target))?.file_name();
            // Every ext file system has that folder; and a run may have been killed while it wrote the marker.
            if name != "lost+found" && name != MARKER {
                return Err(foreign());
            }
        }
        copy::write(&marker, MARKED.as_bytes())?;
    }
    let file = File::open(&marker).map_err(at(&marker))?;
    match file.try_lock() {
        Err(fs::TryLockError::WouldBlock) => Err(Error::Busy(target.to_owned())),
        // Some network file systems have no locks.
        _ => Ok(file),
    }
}

/// Refuses a backup inside of what is copied, and the other way round.
fn refuse_within(target: &Path, paths: &Paths) -> Result<(), Error> {
    let real = resolve(target)?;
    let mut others = vec![];
    for folder in [&paths.data, &paths.storage] {
        others.push((folder, real.starts_with(resolve(folder)?)));
    }
    others.extend([&paths.database, &paths.key].map(|file| (file, false)));
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

/// The path without links, as far as it exists.
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

/// All files below a folder, by their paths below it. Links are files, and are not followed.
fn walk(root: &Path) -> Result<Vec<PathBuf>, Error> {
    let mut files = Vec::new();
    for entry in WalkDir::new(root) {
        let entry = entry.map_err(|error| at(root)(error.into()))?;
        if let Ok(below) = entry.path().strip_prefix(root)
            && !entry.file_type().is_dir()
        {
            files.push(below.to_owned());
        }
    }
    Ok(files)
}
