//! A staged file: written under a temporary name, synced, and renamed; dropped before that, it is removed. What a killed
//! run leaves behind, the next run removes.

use std::fs::{self, File, TryLockError};
use std::io::{self, Seek as _, SeekFrom, Write};
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};
use tempfile::TempPath;

use crate::disk;
use crate::media::hex;

const ENDING: &str = ".partial";
/// How much of the target's name is in theirs.
const NAME_LETTERS: usize = 60;

pub(in crate::ops) struct Staged {
    file: File,
    /// `None` when it never had a name. Dropped, the file is removed.
    path: Option<TempPath>,
}

impl Staged {
    /// Creates one next to a target, for that part of it, under a random name. Removes what a killed run left; `None`
    /// when another process is writing the same part.
    pub fn next_to(target: &Path, part: &str) -> io::Result<Option<Self>> {
        let above = disk::parent(target);
        let prefix = prefix(target, part);
        for entry in fs::read_dir(above)?.flatten() {
            let name = entry.file_name();
            let random = name.to_str().and_then(|name| {
                let rest = name.strip_prefix(&prefix)?;
                rest.strip_suffix(ENDING)
            });
            let is_random = |random: &str| {
                random.len() == 32 && random.bytes().all(|byte| byte.is_ascii_hexdigit())
            };
            let is_file = entry.file_type().is_ok_and(|kind| kind.is_file());
            // A file of another user that cannot be opened is not in the way: this one gets its own name.
            if is_file
                && random.is_some_and(is_random)
                && !is_left_over(&entry.path()).unwrap_or(true)
            {
                return Ok(None);
            }
        }
        let random = uuid::Uuid::now_v7().simple();
        Self::create(above.join(format!("{prefix}{random}{ENDING}")))
    }

    /// Creates one that never gets a name, and ends with its process.
    pub fn unnamed(folder: &Path) -> io::Result<Self> {
        let file = tempfile::tempfile_in(folder)?;
        Ok(Self { file, path: None })
    }

    /// Creates one in a folder of the export; `None` when another process is writing it.
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
        // Locked as long as it is open; not every file system has locks.
        if let Err(TryLockError::WouldBlock) = file.try_lock() {
            return Ok(None);
        }
        let path = Some(TempPath::try_from_path(path)?);
        Ok(Some(Self { file, path }))
    }

    /// A writer; all of them share one position.
    pub fn writer(&self) -> io::Result<File> {
        self.file.try_clone()
    }

    /// Its length and a reader from its beginning, once everything is written.
    pub fn reader(&mut self) -> io::Result<(u64, File)> {
        self.file.rewind()?;
        Ok((self.file.metadata()?.len(), self.file.try_clone()?))
    }

    pub fn position(&mut self) -> io::Result<u64> {
        self.file.stream_position()
    }

    pub fn cut(&mut self, from: u64) -> io::Result<()> {
        self.file.set_len(from)?;
        self.file.seek(SeekFrom::Start(from)).map(drop)
    }

    /// Renames it, unless a file of that name exists. The caller syncs the folder.
    pub fn publish_new(self, target: &Path) -> io::Result<()> {
        self.file.sync_all()?;
        let path = self.path.ok_or(io::ErrorKind::NotFound)?;
        disk::name_new(&path, target)
    }

    /// Renames it over an earlier file of the export. The caller syncs the folder.
    pub fn publish(self, target: &Path) -> io::Result<()> {
        self.file.sync_all()?;
        let path = self.path.ok_or(io::ErrorKind::NotFound)?;
        path.persist(target).map_err(|failed| failed.error)
    }
}

impl Write for Staged {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// The beginning of the names of staged files next to a target, for that part of it.
fn prefix(target: &Path, part: &str) -> String {
    let name = target.file_name().unwrap_or_default();
    let mut shown = name.to_string_lossy().into_owned();
    if shown.chars().count() > NAME_LETTERS {
        shown = shown.chars().take(NAME_LETTERS).collect();
        shown.push('~');
        shown.push_str(&hex(&Sha256::digest(name.as_encoded_bytes())[..8]));
    }
    format!(".{shown}.midiateca-{part}-")
}

fn new(path: &Path) -> io::Result<File> {
    disk::private_options()
        .read(true)
        .create_new(true)
        .open(path)
}

/// Removes what a killed run left; false when another process is writing it.
fn is_left_over(path: &Path) -> io::Result<bool> {
    let Some(file) = disk::unless_missing(File::open(path))? else {
        return Ok(true);
    };
    if let Err(TryLockError::WouldBlock) = file.try_lock() {
        return Ok(false);
    }
    disk::unless_missing(fs::remove_file(path)).map(|_| true)
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    #[test]
    fn files_of_others_next_to_a_target_stay_and_so_does_one_that_appears_in_its_place() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("out.tar");
        let theirs = [
            "out.tar.partial",
            "out.tar.manifest.partial",
            ".out.tar.midiateca-archive-mine.partial",
        ];
        for name in theirs {
            fs::write(folder.path().join(name), "theirs").unwrap();
        }
        let left = format!(".out.tar.midiateca-archive-{}.partial", "0".repeat(32));
        fs::write(folder.path().join(&left), "left by a killed run").unwrap();
        let staged = Staged::next_to(&target, "archive").unwrap().unwrap();
        assert!(!folder.path().join(&left).exists());
        assert!(
            Staged::next_to(&target, "archive").unwrap().is_none(),
            "two write to one target"
        );
        let other = folder.path().join("out.zip");
        let other = Staged::next_to(&other, "archive").unwrap().unwrap();
        fs::write(&target, "another's").unwrap();
        let refused = staged.publish_new(&target).unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(fs::read(&target).unwrap(), b"another's");
        other.publish_new(&folder.path().join("out.zip")).unwrap();
        let mut names: Vec<_> = fs::read_dir(folder.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        assert_eq!(
            names,
            [theirs[2], "out.tar", theirs[1], theirs[0], "out.zip"]
        );
    }

    /// Root can open and remove it; other users leave it.
    #[cfg(unix)]
    #[test]
    fn a_staged_file_of_another_user_next_to_a_target_is_not_in_the_way() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let left = format!(".out.tar.midiateca-archive-{}.partial", "0".repeat(32));
        let left = folder.path().join(left);
        fs::write(&left, "theirs").unwrap();
        fs::set_permissions(&left, fs::Permissions::from_mode(0o000)).unwrap();
        let target = folder.path().join("out.tar");
        let staged = Staged::next_to(&target, "archive").unwrap().unwrap();
        staged.publish_new(&target).unwrap();
        assert!(target.exists());
    }

    #[test]
    fn an_unnamed_file_is_written_and_read_and_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let mut staged = Staged::unnamed(folder.path()).unwrap();
        staged.writer().unwrap().write_all(b"text").unwrap();
        #[cfg(unix)]
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
        let (size_bytes, mut reader) = staged.reader().unwrap();
        let mut read = String::new();
        io::Read::read_to_string(&mut reader, &mut read).unwrap();
        assert_eq!((size_bytes, read.as_str()), (4, "text"));
        drop((staged, reader));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn only_a_published_file_stays_and_leftovers_of_a_killed_run_do_not_matter() {
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
