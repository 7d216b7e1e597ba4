//! Why a file cannot be written.

use std::io::{self, ErrorKind};
use std::path::Path;

use crate::model::codes;
use crate::storage;

/// With more free space than this, a full disk has run out of directory entries (inodes).
const NOT_FULL_BYTES: u64 = 1 << 20;

/// Error codes without a kind of their own in the standard library; the same on Linux and macOS.
const EPERM: i32 = 1;
const EIO: i32 = 5;
const ENFILE: i32 = 23;
const EMFILE: i32 = 24;

codes! {
    /// The reason why a file cannot be written.
    WriteCause {
        DiskFull "disk_full",
        /// There is space, but no inode for another file.
        NoInodes "no_inodes",
        QuotaExceeded "quota_exceeded",
        ReadOnly "read_only",
        /// The file belongs to another user.
        Owner "owner",
        /// It does not exist, and this user may not create it there.
        Parent "parent",
        /// The file belongs to this user, and its mode forbids writing.
        Mode "mode",
        /// The mode allows it; an attribute (`chattr +i`) or a security module does not.
        Forbidden "forbidden",
        NotAFolder "not_a_folder",
        Missing "missing",
        /// The device failed (EIO).
        DeviceFailed "device_failed",
        /// A network or FUSE file system does not answer.
        FileSystemGone "file_system_gone",
        TooManyFiles "too_many_files",
        /// Another program has it locked.
        Busy "busy",
        Other "other",
    }
}

impl WriteCause {
    /// The cause of an error of the system at that path.
    pub fn of_error(path: &Path, error: &io::Error) -> Self {
        match error.kind() {
            ErrorKind::StorageFull => {
                let free_bytes = storage::free_bytes_at(path).unwrap_or(0);
                if free_bytes > NOT_FULL_BYTES {
                    Self::NoInodes
                } else {
                    Self::DiskFull
                }
            }
            ErrorKind::QuotaExceeded => Self::QuotaExceeded,
            ErrorKind::ReadOnlyFilesystem => Self::ReadOnly,
            ErrorKind::PermissionDenied => permission(path, error),
            ErrorKind::NotADirectory => Self::NotAFolder,
            ErrorKind::NotFound => Self::Missing,
            ErrorKind::StaleNetworkFileHandle
            | ErrorKind::NotConnected
            | ErrorKind::TimedOut
            | ErrorKind::HostUnreachable
            | ErrorKind::NetworkDown
            | ErrorKind::NetworkUnreachable => Self::FileSystemGone,
            ErrorKind::ResourceBusy => Self::Busy,
            _ if cfg!(unix) => match error.raw_os_error() {
                Some(EIO) => Self::DeviceFailed,
                Some(EMFILE | ENFILE) => Self::TooManyFiles,
                _ => Self::Other,
            },
            _ => Self::Other,
        }
    }

    /// Whether the user that runs the server may have a different result.
    pub fn depends_on_user(self) -> bool {
        matches!(self, Self::Owner | Self::Mode | Self::Parent)
    }
}

#[cfg(unix)]
fn permission(path: &Path, error: &io::Error) -> WriteCause {
    if error.raw_os_error() == Some(EPERM) {
        return WriteCause::Forbidden;
    }
    whose(path, rustix::process::geteuid().as_raw())
}

/// Why the user with this id is not permitted to write there.
#[cfg(unix)]
fn whose(path: &Path, us: u32) -> WriteCause {
    use std::os::unix::fs::MetadataExt as _;
    // A path whose metadata cannot be read is inside a folder that is closed to this user.
    let known = path
        .ancestors()
        .find_map(|above| Some((above, above.metadata().ok()?)));
    match known {
        _ if us == 0 => WriteCause::Forbidden,
        Some((found, _)) if found != path => WriteCause::Parent,
        Some((_, found)) if found.uid() == us => WriteCause::Mode,
        _ => WriteCause::Owner,
    }
}

#[cfg(not(unix))]
fn permission(_: &Path, _: &io::Error) -> WriteCause {
    WriteCause::Owner
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[test]
    fn only_the_owner_of_what_is_there_is_a_cause() {
        use std::os::unix::fs::MetadataExt as _;
        let folder = tempfile::tempdir().unwrap();
        let owner = folder.path().metadata().unwrap().uid();
        let other = owner.wrapping_add(1_000);
        let absent = folder.path().join("a/b");
        assert_eq!(whose(folder.path(), other), WriteCause::Owner);
        // Its parent is not to be given away.
        assert_eq!(whose(&absent, other), WriteCause::Parent);
        assert_eq!(whose(folder.path(), 0), WriteCause::Forbidden);
        if owner != 0 {
            assert_eq!(whose(folder.path(), owner), WriteCause::Mode);
        }
    }

    #[cfg(unix)]
    #[test]
    fn error_codes_of_the_system_have_their_cause() {
        // Linux's numbers of EIO, ENOTDIR, EMFILE, ENFILE, ENOENT, EROFS, EPERM.
        for (code, cause) in [
            (5, WriteCause::DeviceFailed),
            (20, WriteCause::NotAFolder),
            (24, WriteCause::TooManyFiles),
            (23, WriteCause::TooManyFiles),
            (2, WriteCause::Missing),
            (30, WriteCause::ReadOnly),
            (1, WriteCause::Forbidden),
        ] {
            let error = io::Error::from_raw_os_error(code);
            assert_eq!(
                WriteCause::of_error(Path::new("/"), &error),
                cause,
                "{code}"
            );
        }
    }
}
