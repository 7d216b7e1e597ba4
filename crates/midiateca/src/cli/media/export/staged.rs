//! A file that nobody takes for whole before it is: written under another name, synced, and renamed; dropped before
//! that, it is removed. Whoever is killed leaves it behind, and the next run takes it away.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};

pub(super) struct Staged {
    path: PathBuf,
    file: File,
    is_published: bool,
}

impl Staged {
    /// Begins one; nothing when another process is writing it now.
    pub fn create(path: PathBuf) -> io::Result<Option<Self>> {
        let file = match new(&path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                if !is_left_over(&path)? {
                    return Ok(None);
                }
                new(&path)?
            }
            file => file?,
        };
        // Held for as long as the file is open; not every file system has locks.
        if let Err(TryLockError::WouldBlock) = file.try_lock() {
            return Ok(None);
        }
        Ok(Some(Self {
            path,
            file,
            is_published: false,
        }))
    }

    /// What writes it. All of them write where the last one ended.
    pub fn writer(&self) -> io::Result<File> {
        self.file.try_clone()
    }

    /// How long it is, and what reads it from its beginning. To be asked for when all is written.
    pub fn reader(&mut self) -> io::Result<(u64, File)> {
        self.file.rewind()?;
        Ok((self.file.metadata()?.len(), self.file.try_clone()?))
    }

    /// Where the next byte comes.
    pub fn position(&mut self) -> io::Result<u64> {
        self.file.stream_position()
    }

    /// Takes back all from there on.
    pub fn cut(&mut self, from: u64) -> io::Result<()> {
        self.file.set_len(from)?;
        self.file.seek(SeekFrom::Start(from)).map(drop)
    }

    /// Gives it its name. Whoever calls syncs the folder.
    pub fn publish(mut self, target: &Path) -> io::Result<()> {
        self.file.sync_all()?;
        fs::rename(&self.path, target)?;
        self.is_published = true;
        Ok(())
    }
}

impl Drop for Staged {
    fn drop(&mut self) {
        if !self.is_published {
            // What cannot be removed now is at the next run.
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// What people sent each other is nobody else's.
fn new(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// Takes away what a killed run left; says no when somebody is writing it.
fn is_left_over(path: &Path) -> io::Result<bool> {
    let file = match File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(true),
        file => file?,
    };
    if let Err(TryLockError::WouldBlock) = file.try_lock() {
        return Ok(false);
    }
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(true),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    #[test]
    fn only_what_was_published_stays_and_what_a_killed_run_left_does_not_matter() {
        let folder = tempfile::tempdir().unwrap();
        let (path, target) = (folder.path().join("a.partial"), folder.path().join("a"));
        fs::write(&path, "left by a killed run, and longer").unwrap();
        let staged = Staged::create(path.clone()).unwrap().unwrap();
        staged.writer().unwrap().write_all(b"new").unwrap();
        assert!(
            Staged::create(path.clone()).unwrap().is_none(),
            "two write the same file"
        );
        drop(staged);
        assert!(!path.exists());
        let mut staged = Staged::create(path.clone()).unwrap().unwrap();
        staged.writer().unwrap().write_all(b"right, wrong").unwrap();
        staged.cut(5).unwrap();
        staged.writer().unwrap().write_all(b"!").unwrap();
        staged.publish(&target).unwrap();
        assert_eq!(fs::read(&target).unwrap(), b"right!");
        assert!(!path.exists());
    }
}
