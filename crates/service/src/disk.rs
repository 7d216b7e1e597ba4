//! Durable folders, files and names on every file system.
//!
//! Promises: a folder created here is durable with every new folder above it; `name_new` never replaces an existing
//! name; a file system that cannot sync folders (SMB, some FUSE, old NAS kernels) is reported once and tolerated,
//! while a real I/O error is returned. Permissions are set once, see `set_access`.

mod access;
mod name;

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

pub use access::{Access, restrict, set_access, wider_than_needed};
pub use name::{folds_case, has_exact_name, move_new, name_new};

/// The folder that contains a path's name.
pub fn parent(path: &Path) -> &Path {
    match path.parent() {
        Some(above) if !above.as_os_str().is_empty() => above,
        _ => Path::new("."),
    }
}

/// A path whose name is followed by a suffix.
pub fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// Identifies a file. Always equal where the system has no inodes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileId {
    device: u64,
    inode: u64,
}

impl FileId {
    /// `None` if there is no file.
    pub fn at(path: &Path) -> Option<Self> {
        fs::metadata(path).ok().map(|found| Self::new(&found))
    }

    #[cfg(unix)]
    pub fn new(metadata: &fs::Metadata) -> Self {
        use std::os::unix::fs::MetadataExt as _;
        Self {
            device: metadata.dev(),
            inode: metadata.ino(),
        }
    }

    #[cfg(not(unix))]
    pub fn new(_: &fs::Metadata) -> Self {
        Self {
            device: 0,
            inode: 0,
        }
    }
}

/// `None` if there is nothing at the path.
pub fn unless_missing<T>(result: io::Result<T>) -> io::Result<Option<T>> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        result => result.map(Some),
    }
}

/// Options to write a file that only its owner may open, if they create it.
pub fn private_options() -> fs::OpenOptions {
    let mut options = File::options();
    options.write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

/// Creates a folder and its missing parents, and makes each new name durable. An existing folder is fine.
pub fn create_folder(folder: &Path) -> io::Result<()> {
    let mut missing = Vec::new();
    let mut at = folder;
    while let Err(error) = fs::metadata(at) {
        if error.kind() != io::ErrorKind::NotFound {
            return Err(error);
        }
        missing.push(at);
        at = parent(at);
    }
    for new in missing.into_iter().rev() {
        match access::folder_builder().create(new) {
            // Another thread or process was faster; sync its name too.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            created => created.map(|()| access::give_to_owner_of(parent(new), new))?,
        }
        sync_folder(parent(new))?;
    }
    if fs::metadata(folder)?.is_dir() {
        Ok(())
    } else {
        Err(io::ErrorKind::NotADirectory.into())
    }
}

/// Creates a file that must not exist, for its owner or, with `storage.group_access`, its group.
pub fn create_new(path: &Path) -> io::Result<File> {
    let file = access::file_options().create_new(true).open(path)?;
    access::give_to_owner_of(parent(path), path);
    Ok(file)
}

/// Opens a file that only its owner may open, and creates it when it does not exist: a group with access to the data
/// folder could otherwise hold its lock.
pub fn open_lock(path: &Path) -> io::Result<File> {
    let is_new = !path.exists();
    let file = private_options().create(true).truncate(false).open(path)?;
    if is_new {
        access::give_to_owner_of(parent(path), path);
    }
    access::restrict_lock(&file);
    Ok(file)
}

/// Opens a regular file read-only. Refuses links, and files whose opening could block.
pub fn open_no_link(path: &Path) -> io::Result<File> {
    if !fs::symlink_metadata(path)?.is_file() {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    let mut options = File::options();
    options.read(true);
    #[cfg(unix)]
    {
        use rustix::fs::OFlags;
        let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK).bits();
        std::os::unix::fs::OpenOptionsExt::custom_flags(&mut options, flags.cast_signed());
    }
    let file = options.open(path)?;
    if file.metadata()?.is_file() {
        Ok(file)
    } else {
        Err(io::ErrorKind::InvalidInput.into())
    }
}

/// Whether two files are the same. False where the system has no inodes.
pub fn is_same_file(one: &fs::Metadata, other: &fs::Metadata) -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt as _;
        (one.dev(), one.ino()) == (other.dev(), other.ino())
    }
    #[cfg(not(unix))]
    {
        let _ = (one, other);
        false
    }
}

/// Has the system begin to write a file to the disk. A hint: a sync is still needed, and reports what failed.
///
/// The man page of `posix_fadvise` does not say so, but Linux starts the writes for `DONTNEED` (`generic_fadvise` in
/// `mm/fadvise.c`), as for `sync_file_range`, which has no safe binding.
#[cfg(target_os = "linux")]
pub fn begin_sync(file: &File) {
    let _ = rustix::fs::fadvise(file, 0, None, rustix::fs::Advice::DontNeed);
}

#[cfg(not(target_os = "linux"))]
pub fn begin_sync(_: &File) {}

/// Makes the names in a folder durable, where the file system supports that.
#[cfg(unix)]
pub fn sync_folder(folder: &Path) -> io::Result<()> {
    let synced = match File::open(folder) {
        // Write permission on a folder does not imply read permission.
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            report_unsynced(folder, &error);
            return Ok(());
        }
        opened => opened?.sync_all(),
    };
    match synced {
        Err(error) if is_unsupported(&error) => {
            report_unsynced(folder, &error);
            Ok(())
        }
        synced => synced,
    }
}

/// Windows cannot sync a folder; NTFS journals its names.
#[cfg(not(unix))]
pub fn sync_folder(_: &Path) -> io::Result<()> {
    Ok(())
}

/// Errors of file systems that cannot sync folders.
#[cfg(unix)]
fn is_unsupported(error: &io::Error) -> bool {
    use rustix::io::Errno;
    let unsupported = [
        Errno::INVAL,
        Errno::NOTSUP,
        Errno::OPNOTSUPP,
        Errno::NOSYS,
        Errno::BADF,
        Errno::NOTTY,
    ];
    let code = error.raw_os_error();
    unsupported
        .iter()
        .any(|errno| Some(errno.raw_os_error()) == code)
}

/// Reports once per file system.
#[cfg(unix)]
fn report_unsynced(folder: &Path, error: &io::Error) {
    use std::collections::BTreeSet;
    use std::os::unix::fs::MetadataExt as _;
    use std::sync::{Mutex, PoisonError};
    static REPORTED: Mutex<BTreeSet<u64>> = Mutex::new(BTreeSet::new());
    let device = fs::metadata(folder).map_or(0, |metadata| metadata.dev());
    let mut reported = REPORTED.lock().unwrap_or_else(PoisonError::into_inner);
    if reported.insert(device) {
        tracing::warn!(
            folder = %folder.display(),
            %error,
            "this file system cannot sync folders: after a power cut the newest names may be missing there"
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_are_created_with_all_above_them_and_again_is_fine() {
        let folder = tempfile::tempdir().unwrap();
        let deep = folder.path().join("a/b/c");
        for _ in 0..2 {
            create_folder(&deep).unwrap();
        }
        assert!(deep.is_dir());
        fs::write(folder.path().join("file"), "x").unwrap();
        for path in ["file", "file/below"] {
            assert!(create_folder(&folder.path().join(path)).is_err(), "{path}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn only_answers_that_mean_unsupported_are_passed_over() {
        use rustix::io::Errno;
        for (errno, expected) in [
            (Errno::INVAL, true),
            (Errno::NOTSUP, true),
            (Errno::NOSYS, true),
            (Errno::BADF, true),
            (Errno::IO, false),
            (Errno::NOSPC, false),
            (Errno::ROFS, false),
        ] {
            let error = io::Error::from_raw_os_error(errno.raw_os_error());
            assert_eq!(is_unsupported(&error), expected, "{errno:?}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_link_is_not_opened_as_a_file() {
        let folder = tempfile::tempdir().unwrap();
        let (file, link) = (folder.path().join("file"), folder.path().join("link"));
        fs::write(&file, "x").unwrap();
        std::os::unix::fs::symlink(&file, &link).unwrap();
        assert!(open_no_link(&file).is_ok());
        assert!(open_no_link(&link).is_err());
        assert!(open_no_link(folder.path()).is_err());
    }
}
