//! The folder with the long texts of deliveries, a file each: `{delivery}.{n}`, or `{delivery}.{n}.new` until the rows that
//! name it are committed. A file is needed while a row in `delivery_parts` names it and no stored file has the same bytes.

use std::collections::HashSet;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::Semaphore;

use super::needed;
use crate::db::{Db, Error};
use crate::disk;
use crate::model::DeliveryId;

/// The name of the folder, in the data folder.
pub const BODIES: &str = "bodies";
/// This many parts of a body have files of their own; the rest share one more.
pub(super) const MOST_FILES: u32 = 64;
/// Bytes that are processed at once.
pub(super) const PIECE_BYTES: usize = 64 << 10;
const UNCOMMITTED: &str = "new";
/// The folder, in this one, of files that belong to another database.
const OF_OTHERS: &str = "other-database";
/// How long files of another database stay.
const OTHERS_STAY: Duration = Duration::from_secs(30 * 24 * 3_600);
/// Blocking threads that may write and sync at once, so that on a slow disk the others stay free for the database.
const MOST_WRITERS: usize = 16;
/// Younger files may belong to another process that is about to commit.
const LEFT_BEHIND: Duration = Duration::from_secs(60);

/// A handle to the folder; cheap to clone.
#[derive(Clone, Debug)]
pub struct Bodies {
    folder: Arc<PathBuf>,
    /// Deliveries that this process may be about to commit.
    arriving: Arc<Mutex<HashSet<String>>>,
    writers: Arc<Semaphore>,
}

impl Bodies {
    /// The folder is made when it is first needed.
    pub fn new(folder: PathBuf) -> Self {
        Self {
            folder: Arc::new(folder),
            arriving: Arc::default(),
            writers: Arc::new(Semaphore::new(MOST_WRITERS)),
        }
    }

    /// Runs blocking work that writes to the folder.
    pub(super) async fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> io::Result<T> + Send + 'static,
    ) -> io::Result<T> {
        let permit = Arc::clone(&self.writers).acquire_owned().await;
        let permit = permit.map_err(|_| io::ErrorKind::Interrupted)?;
        // Freed when the work is done, whether or not the caller looks.
        let work = move || {
            let done = work();
            drop(permit);
            done
        };
        let done = tokio::task::spawn_blocking(work).await;
        done.unwrap_or_else(|_| Err(io::ErrorKind::Interrupted.into()))
    }

    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The names of a file before and after its commit. Look in this order: a commit may rename the file in between.
    fn names(&self, id: &str, file: u32) -> [PathBuf; 2] {
        [self.uncommitted(id, file), self.path(id, file)]
    }

    fn path(&self, id: &str, file: u32) -> PathBuf {
        self.folder.join(format!("{id}.{file}"))
    }

    fn uncommitted(&self, id: &str, file: u32) -> PathBuf {
        self.folder.join(format!("{id}.{file}.{UNCOMMITTED}"))
    }

    /// Opens a file. A process that was killed right after a commit has left it under its first name.
    pub fn open(&self, id: &DeliveryId, file: u32) -> io::Result<File> {
        let [uncommitted, path] = self.names(id.as_str(), file);
        match File::open(uncommitted) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => File::open(path),
            opened => opened,
        }
    }

    pub fn has(&self, id: &str, file: u32) -> bool {
        self.names(id, file).iter().any(|path| path.exists())
    }

    /// Removes the files of one delivery, if there are any.
    pub fn remove_all(&self, id: &DeliveryId) -> io::Result<()> {
        let mut is_gone = false;
        for file in 0..=MOST_FILES {
            for path in self.names(id.as_str(), file) {
                is_gone |= remove(&path)?;
            }
        }
        if is_gone { self.sync() } else { Ok(()) }
    }

    /// Removes these files. The next [`Bodies::sweep`] removes those that could not be removed.
    pub fn remove(&self, files: &[(DeliveryId, u32)]) {
        for (id, file) in files {
            for path in self.names(id.as_str(), *file) {
                if let Err(error) = remove(&path) {
                    tracing::warn!(delivery = %id, %error, "cannot remove the text of a delivery");
                }
            }
        }
    }

    /// Moves the files that no row needs into a folder of their own, for a database that replaced another one or is an older
    /// copy. They come back with their database.
    pub async fn set_aside(&self, db: &Db) -> Result<(), Error> {
        let others = self.folder.join(OF_OTHERS);
        let mut moved = 0_u32;
        for (name, id, file) in files_in(&self.folder) {
            let is_arriving = self.lock().contains(&id);
            if is_arriving || needed::is_needed(db, &DeliveryId(id), file).await? {
                continue;
            }
            let done = disk::create_folder(&others)
                .and_then(|()| fs::rename(self.folder.join(&name), others.join(&name)));
            moved += u32::from(done.is_ok());
            log_failure(done);
        }
        if moved > 0 {
            tracing::warn!(
                files = moved,
                folder = OF_OTHERS,
                "texts of deliveries belong to another database, or to a newer copy of this one: they are kept for 30 days"
            );
        }
        Ok(())
    }

    /// Brings files back that [`Bodies::set_aside`] moved and that this database needs, and removes old ones.
    pub async fn bring_back(&self, db: &Db) -> Result<(), Error> {
        let others = self.folder.join(OF_OTHERS);
        for (name, id, file) in files_in(&others) {
            if needed::is_needed(db, &DeliveryId(id), file).await? {
                log_failure(fs::rename(others.join(&name), self.folder.join(&name)));
            } else if is_older_than(&others.join(&name), OTHERS_STAY) {
                log_failure(fs::remove_file(others.join(&name)));
            }
        }
        Ok(())
    }

    /// Removes files that no row needs. Those whose rows may not be committed yet stay; `is_alone` says that only this process
    /// serves the folder.
    pub async fn sweep(&self, db: &Db, is_alone: bool) -> Result<(), Error> {
        for (name, id, file) in files_in(&self.folder) {
            let path = self.folder.join(&name);
            let is_uncommitted = name.ends_with(UNCOMMITTED);
            if is_uncommitted && !(is_alone && self.is_left_behind(&path, &id)) {
                continue;
            }
            let id = DeliveryId(id);
            let swept = if !needed::is_needed(db, &id, file).await? {
                remove(&path).map(drop)
            } else if is_uncommitted {
                fs::rename(&path, self.path(id.as_str(), file))
            } else {
                Ok(())
            };
            if let Err(error) = swept {
                tracing::warn!(delivery = %id, %error, "cannot remove the text of a delivery");
            }
        }
        Ok(())
    }

    fn is_left_behind(&self, path: &Path, id: &str) -> bool {
        !self.lock().contains(id) && is_older_than(path, LEFT_BEHIND)
    }

    /// The files of a delivery, numbered from `first`.
    pub(super) fn incoming_files(&self, id: &DeliveryId, first: u32) -> IncomingFiles {
        self.lock().insert(id.0.clone());
        let files = FilesState {
            made: first,
            is_written: false,
        };
        IncomingFiles {
            bodies: self.clone(),
            id: id.0.clone(),
            first,
            files: Mutex::new(files),
        }
    }

    fn sync(&self) -> io::Result<()> {
        disk::sync_folder(&self.folder)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashSet<String>> {
        self.arriving.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Every file in a folder with a name of that form: the name, the delivery and the number.
fn files_in(folder: &Path) -> Vec<(String, String, u32)> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
    names
        .filter_map(|name| {
            let mut parts = name.split('.');
            let (id, file) = (parts.next()?.to_owned(), parts.next()?.parse().ok()?);
            let is_ours = matches!(parts.next(), None | Some(UNCOMMITTED)) && id.len() == 36;
            is_ours.then_some((name, id, file))
        })
        .collect()
}

fn is_older_than(path: &Path, age: Duration) -> bool {
    let written = fs::metadata(path).and_then(|found| found.modified());
    let elapsed = written.ok().and_then(|written| written.elapsed().ok());
    elapsed.is_some_and(|elapsed| elapsed > age)
}

fn log_failure(done: io::Result<()>) {
    if let Err(error) = done {
        tracing::warn!(%error, "cannot move or remove the text of a delivery");
    }
}

fn remove(path: &Path) -> io::Result<bool> {
    Ok(disk::unless_missing(fs::remove_file(path))?.is_some())
}

/// The files of a delivery before its commit. Removed on drop unless [`IncomingFiles::set_written`] was called.
#[derive(Debug)]
pub(super) struct IncomingFiles {
    bodies: Bodies,
    id: String,
    /// Files with lower numbers are those of the same delivery as it was stored before.
    first: u32,
    files: Mutex<FilesState>,
}

#[derive(Debug, Default)]
struct FilesState {
    made: u32,
    is_written: bool,
}

impl IncomingFiles {
    /// The number of the next file.
    pub fn made(&self) -> u32 {
        self.lock().made
    }

    /// Appends to a file, and makes it when it is the next one. Blocking.
    pub fn append(&self, file: u32, bytes: &[u8]) -> io::Result<File> {
        let path = self.bodies.uncommitted(&self.id, file);
        let mut files = self.lock();
        let is_new = file >= files.made;
        let mut options = OpenOptions::new();
        options.append(true).create(is_new);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let opened = match options.open(&path) {
            Err(error) if is_new && error.kind() == io::ErrorKind::NotFound => {
                disk::create_folder(&self.bodies.folder)?;
                options.open(&path)
            }
            opened => opened,
        };
        let mut opened = opened?;
        files.made = files.made.max(file + 1);
        opened.write_all(bytes)?;
        Ok(opened)
    }

    /// Syncs the names of the files. Blocking.
    pub fn sync(&self) -> io::Result<()> {
        if self.lock().made == self.first {
            return Ok(());
        }
        self.bodies.sync()
    }

    /// The rows that name the files are written and may be committed at any moment; or they were not.
    pub fn set_written(&self, is_written: bool) {
        self.lock().is_written = is_written;
    }

    /// The rows are committed: renames the files to their last names, and removes those that are not needed.
    pub fn commit(&self, unneeded: &[u32]) {
        let made = self.lock().made;
        for file in self.first..made {
            let from = self.bodies.uncommitted(&self.id, file);
            let done = if unneeded.contains(&file) {
                remove(&from).map(drop)
            } else {
                fs::rename(&from, self.bodies.path(&self.id, file))
            };
            match done {
                Ok(()) => {}
                // A worker stored the media and removed the text already.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                // Readers look under the first name too.
                Err(error) => {
                    tracing::warn!(delivery = self.id, %error, "cannot rename the text of a delivery")
                }
            }
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, FilesState> {
        self.files.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for IncomingFiles {
    fn drop(&mut self) {
        let files = self.files.get_mut().unwrap_or_else(PoisonError::into_inner);
        if !files.is_written {
            for file in self.first..files.made {
                // The sweep removes it later.
                let _ = fs::remove_file(self.bodies.uncommitted(&self.id, file));
            }
        }
        self.bodies.lock().remove(&self.id);
    }
}
