//! Deletes files: published, quarantined and staged.
//!
//! No file is deleted through a link, neither the file itself nor a folder above it, because the target may be
//! another program's. Each path is checked when it is deleted.

use std::collections::{BTreeSet, HashMap};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use super::layout::{self, RelativePath};
use super::s3::{Bucket, Object};
use super::{Backend, Error, ORPHANS, QUARANTINE, STAGING, Storage, blocking, hash_file, slashed};
use crate::disk;
use crate::model::MediaId;

/// A file found below the root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundFile {
    /// Below the root.
    pub path: PathBuf,
    pub size_bytes: u64,
}

/// Where a media's files may be.
#[derive(Clone, Debug, Default)]
pub struct PossiblePaths {
    /// Exactly these paths.
    pub names: Vec<RelativePath>,
    /// These paths with any number and extension.
    pub stems: Vec<RelativePath>,
}

/// Entries of folders by stem; each folder is read once. Valid while no relevant name is added.
#[derive(Clone, Default)]
pub struct Index(Arc<Mutex<HashMap<PathBuf, ByStem>>>);

type ByStem = HashMap<String, Vec<PathBuf>>;

impl Index {
    fn find(&self, place: &Path, stem: &RelativePath) -> Result<Vec<PathBuf>, Error> {
        let stem = place.join(stem.as_path());
        let folder = disk::parent(&stem);
        let name = stem.file_name().unwrap_or_default().to_string_lossy();
        let mut folders = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !folders.contains_key(folder) {
            folders.insert(folder.to_owned(), by_stem(folder)?);
        }
        let found = folders.get(folder).and_then(|names| names.get(&*name));
        Ok(found.cloned().unwrap_or_default())
    }
}

fn by_stem(folder: &Path) -> Result<ByStem, Error> {
    let mut names = ByStem::new();
    let entries = match fs::read_dir(folder) {
        Err(error) if is_absent(&error) => return Ok(names),
        entries => entries?,
    };
    for entry in entries {
        let entry = entry?;
        let name = entry.file_name();
        // Every stored file has an extension.
        if !name.to_string_lossy().contains('.') {
            continue;
        }
        let stem = layout::stem_of(&name.to_string_lossy()).to_owned();
        names.entry(stem).or_default().push(entry.path());
    }
    Ok(names)
}

/// The policy for a file found through a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Linked {
    /// An error.
    Keep,
    /// Deleted if it still has this hash.
    RemoveIf([u8; 32]),
}

impl Storage {
    /// Deletes a media's file right after it was stored. A missing file is fine.
    pub async fn remove(&self, path: RelativePath, sha256: [u8; 32]) -> Result<(), Error> {
        let storage = self.clone();
        blocking(move || {
            let removed = storage.remove_below(path.as_path(), Linked::RemoveIf(sha256));
            removed.map(drop)
        })
        .await
    }

    /// Finds all files of a media: at its paths, quarantined as an orphan, and quarantined under its own id.
    pub async fn everywhere(
        &self,
        media: &MediaId,
        paths: PossiblePaths,
        index: &Index,
    ) -> Result<Vec<FoundFile>, Error> {
        let (storage, media, index) = (self.clone(), media.clone(), index.clone());
        blocking(move || storage.find_everywhere(&media, &paths, &index)).await
    }

    /// Deletes files of a media. Returns those that existed. Continues after an error and returns it at the end.
    pub async fn remove_all(
        &self,
        media: &MediaId,
        files: Vec<FoundFile>,
        linked: Linked,
    ) -> Result<Vec<FoundFile>, Error> {
        let (storage, media) = (self.clone(), media.clone());
        blocking(move || {
            let (mut gone, mut failed) = (Vec::new(), None);
            for file in files {
                match storage.remove_below(&file.path, linked) {
                    Ok(true) => gone.push(file),
                    Ok(false) => {}
                    Err(error) => failed = Some(error),
                }
            }
            if storage.is_remote() {
                return failed.map_or(Ok(gone), Err);
            }
            // Only empty folders go; the error above reports files that remain.
            for run in storage.quarantine_runs()? {
                remove_empty(&run.join(media.as_str()));
            }
            failed.map_or(Ok(gone), Err)
        })
        .await
    }

    /// Staged files of these media.
    pub fn staged_of(&self, media: &BTreeSet<MediaId>) -> Result<Vec<PathBuf>, Error> {
        let mut found = Vec::new();
        let entries = match fs::read_dir(self.root.join(STAGING)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                self.verify_root()?;
                return Ok(found);
            }
            entries => entries?,
        };
        for entry in entries {
            let entry = entry?;
            let name = entry.file_name();
            let media_id = name.to_str().and_then(|name| name.splitn(3, '-').nth(2));
            if media_id.is_some_and(|id| media.contains(&MediaId(id.to_owned()))) {
                found.push(entry.path());
            }
        }
        Ok(found)
    }

    fn quarantine_runs(&self) -> Result<Vec<PathBuf>, Error> {
        let runs = match fs::read_dir(self.root.join(QUARANTINE)) {
            Err(error) if is_absent(&error) => return Ok(Vec::new()),
            runs => runs?,
        };
        runs.map(|run| Ok(run?.path())).collect()
    }

    fn find_everywhere(
        &self,
        media: &MediaId,
        paths: &PossiblePaths,
        index: &Index,
    ) -> Result<Vec<FoundFile>, Error> {
        // Missing storage does not mean that files are gone.
        self.verify()?;
        if let Backend::S3(bucket) = &self.backend {
            return find_objects(bucket, media, paths);
        }
        let runs = self.quarantine_runs()?;
        let mut places = vec![self.root.to_path_buf()];
        places.extend(runs.iter().map(|run| run.join(ORPHANS)));
        let mut files = BTreeSet::new();
        for place in &places {
            files.extend(paths.names.iter().map(|name| place.join(name.as_path())));
            for stem in &paths.stems {
                files.extend(index.find(place, stem)?);
            }
        }
        for run in &runs {
            below(&run.join(media.as_str()), &mut files)?;
        }
        let mut found = Vec::new();
        for file in files {
            let metadata = match fs::symlink_metadata(&file) {
                Err(error) if is_absent(&error) => continue,
                metadata => metadata?,
            };
            if !metadata.is_dir() {
                let path = file.strip_prefix(self.root.as_path()).unwrap_or(&file);
                found.push(FoundFile {
                    path: path.to_owned(),
                    size_bytes: metadata.len(),
                });
            }
        }
        Ok(found)
    }

    /// Deletes one file durably; returns whether it existed. Blocking.
    pub fn remove_below(&self, below: &Path, linked: Linked) -> Result<bool, Error> {
        self.verify()?;
        let refused = || Error::Io(io::ErrorKind::InvalidInput.into());
        let row = below.to_str().map(str::to_owned);
        let row = row.and_then(RelativePath::from_row).ok_or_else(refused)?;
        if let Backend::S3(bucket) = &self.backend {
            let path = slashed(row.as_path());
            let was_there = bucket.find(&path)?.is_some();
            bucket.delete(&path)?;
            return Ok(was_there);
        }
        let target = self.root.join(below);
        let found = match fs::symlink_metadata(&target) {
            Err(error) if is_absent(&error) => return Ok(false),
            found => found?,
        };
        if self.is_behind_link(&row) {
            // The target of a broken link is gone.
            let is_broken = found.is_symlink() && !target.exists();
            let is_it = || match linked {
                Linked::Keep => false,
                Linked::RemoveIf(sha256) => {
                    found.is_file() && hash_file(&target).is_ok_and(|found| found == sha256)
                }
            };
            if !is_broken && !is_it() {
                return Err(Error::Linked(target));
            }
        }
        let was_there = match fs::remove_file(&target) {
            Err(error) if is_absent(&error) => false,
            removed => removed.map(|()| true)?,
        };
        let folder = target.parent().filter(|folder| folder.is_dir());
        folder.map_or(Ok(()), disk::sync_folder)?;
        Ok(was_there)
    }
}

/// Like [`Storage::everywhere`]: the files that were moved away are few, so they are listed.
fn find_objects(
    bucket: &Bucket,
    media: &MediaId,
    paths: &PossiblePaths,
) -> Result<Vec<FoundFile>, Error> {
    let mut found = Vec::new();
    let mut add = |object: Object| {
        let file = FoundFile {
            path: PathBuf::from(object.path),
            size_bytes: object.size_bytes,
        };
        if !found.contains(&file) {
            found.push(file);
        }
    };
    let is_sought = |path: &str| {
        let stem = layout::stem_of(path);
        paths.names.iter().any(|name| name.as_str() == path)
            || paths.stems.iter().any(|sought| sought.as_str() == stem)
    };
    for name in &paths.names {
        bucket.find(name.as_str())?.into_iter().for_each(&mut add);
    }
    for stem in &paths.stems {
        let (folder, _) = stem.as_str().rsplit_once('/').unwrap_or_default();
        // Keys are listed in their order, so those of a stem follow it.
        bucket.each(Some(folder), Some(stem.as_str()), |object| {
            let is_near = object.path.starts_with(stem.as_str());
            if is_near && is_sought(&object.path) {
                add(object);
            }
            is_near
        })?;
    }
    bucket.each(Some(QUARANTINE), None, |object| {
        let mut parts = object.path.splitn(4, '/').skip(2);
        let is_of_media = match (parts.next(), parts.next()) {
            (Some(ORPHANS), Some(path)) => is_sought(path),
            (Some(owner), Some(_)) => owner == media.as_str(),
            _ => false,
        };
        if is_of_media {
            add(object);
        }
        true
    })?;
    Ok(found)
}

pub(super) fn is_absent(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
    )
}

fn below(folder: &Path, found: &mut BTreeSet<PathBuf>) -> Result<(), Error> {
    let entries = match fs::read_dir(folder) {
        Err(error) if is_absent(&error) => return Ok(()),
        entries => entries?,
    };
    for entry in entries {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            below(&entry.path(), found)?;
        } else {
            found.insert(entry.path());
        }
    }
    Ok(())
}

/// Removes folders that contain only folders.
fn remove_empty(folder: &Path) {
    let is_link = folder.symlink_metadata().is_ok_and(|it| it.is_symlink());
    if is_link {
        return;
    }
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            remove_empty(&entry.path());
        }
    }
    // A folder with files stays.
    let _ = fs::remove_dir(folder);
}
