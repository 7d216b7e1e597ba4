//! A file that nobody takes for whole before it is: written under another name, synced, and renamed; dropped before
//! that, it is removed. Whoever is killed leaves it behind, and the next run takes it away.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use midiateca_service::disk;
use midiateca_service::media::hex;

/// How the names end of what is staged beside a target.
const ENDING: &str = ".partial";
/// Of a target's own name, so much is in those names.
const NAME_LETTERS: usize = 60;

pub(super) struct Staged {
    path: PathBuf,
    file: File,
    is_published: bool,
}

impl Staged {
    /// Begins one beside a target, for that part of it, under a name that nobody else would choose. What a killed run
    /// left under such a name is taken away; nothing when another process is writing one now.
    pub fn beside(target: &Path, part: &str) -> io::Result<Option<Self>> {
        let above = target
            .parent()
            .filter(|above| !above.as_os_str().is_empty());
        let above = above.unwrap_or(Path::new("."));
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
            // What somebody else's run left and keeps closed is in nobody's way: this one has a name of its own.
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

    /// Begins one in that folder that never gets a name: it is gone with the process that writes it, however that ends.
    pub fn unnamed(folder: &Path) -> io::Result<Self> {
        let random = uuid::Uuid::now_v7().simple();
        let path = folder.join(format!(".midiateca-{random}"));
        let file = unlinked(&path)?;
        Ok(Self {
            path,
            file,
            // Nothing is left to be taken away.
            is_published: true,
        })
    }

    /// Begins one in a folder of ours; nothing when another process is writing it now.
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

    /// Gives it its name, which nobody has had until then: what appeared there meanwhile is somebody's. Whoever calls
    /// syncs the folder.
    pub fn publish_new(mut self, target: &Path) -> io::Result<()> {
        self.file.sync_all()?;
        disk::name_new(&self.path, target)?;
        self.is_published = true;
        Ok(())
    }

    /// Gives it its name in a folder of ours, in the place of what had it. Whoever calls syncs the folder.
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

/// How the names begin of what is staged beside a target, for that part of it.
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

/// What people sent each other is nobody else's.
fn new(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

#[cfg(not(windows))]
fn unlinked(path: &Path) -> io::Result<File> {
    let file = new(path)?;
    fs::remove_file(path)?;
    Ok(file)
}

/// Windows takes no name away from a file that is open, but the whole file when it is closed.
#[cfg(windows)]
fn unlinked(path: &Path) -> io::Result<File> {
    use std::os::windows::fs::OpenOptionsExt as _;
    const FILE_FLAG_DELETE_ON_CLOSE: u32 = 0x0400_0000;
    let mut options = OpenOptions::new();
    options.read(true).write(true).create_new(true);
    options
        .share_mode(0)
        .custom_flags(FILE_FLAG_DELETE_ON_CLOSE);
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
    fn what_others_have_beside_a_target_stays_and_so_does_what_appears_in_its_place() {
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
        let staged = Staged::beside(&target, "archive").unwrap().unwrap();
        assert!(!folder.path().join(&left).exists());
        assert!(
            Staged::beside(&target, "archive").unwrap().is_none(),
            "two write to one target"
        );
        let other = folder.path().join("out.zip");
        let other = Staged::beside(&other, "archive").unwrap().unwrap();
        fs::write(&target, "somebody's").unwrap();
        let refused = staged.publish_new(&target).unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(fs::read(&target).unwrap(), b"somebody's");
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

    /// Whoever may open everything takes it away; all others leave it.
    #[cfg(unix)]
    #[test]
    fn what_another_user_left_beside_a_target_is_in_nobodys_way() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let left = format!(".out.tar.midiateca-archive-{}.partial", "0".repeat(32));
        let left = folder.path().join(left);
        fs::write(&left, "theirs").unwrap();
        fs::set_permissions(&left, fs::Permissions::from_mode(0o000)).unwrap();
        let target = folder.path().join("out.tar");
        let staged = Staged::beside(&target, "archive").unwrap().unwrap();
        staged.publish_new(&target).unwrap();
        assert!(target.exists());
    }

    #[test]
    fn what_never_gets_a_name_is_written_and_read_and_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let mut staged = Staged::unnamed(folder.path()).unwrap();
        staged.writer().unwrap().write_all(b"told").unwrap();
        #[cfg(unix)]
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
        let (size_bytes, mut reader) = staged.reader().unwrap();
        let mut read = String::new();
        io::Read::read_to_string(&mut reader, &mut read).unwrap();
        assert_eq!((size_bytes, read.as_str()), (4, "told"));
        drop((staged, reader));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }

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
