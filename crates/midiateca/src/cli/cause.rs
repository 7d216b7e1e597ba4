//! Why a file cannot be written, and what to do about it: a hint for each cause, and no other.

use std::io::{self, ErrorKind};
use std::path::Path;

use super::context;
use super::language::Language;
use super::probe::{self, Refused};
use super::words::{Words, causes as words};
use midiateca_service::config::Config;
use midiateca_service::ops::{erasure, retention};
use midiateca_service::{db, storage};

/// So much free space, and the disk is not full: what ran out are the entries for files.
const NOT_FULL_BYTES: u64 = 1 << 20;

/// What keeps a file from being written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cause {
    Full,
    /// There is space, but no entry for another file.
    NoEntries,
    Quota,
    ReadOnly,
    /// It belongs to another user.
    Owner,
    /// It is this user's own, and its mode forbids it.
    Mode,
    /// The mode allows it; an attribute (`chattr +i`) or a security module does not.
    Forbidden,
    NotAFolder,
    Missing,
    /// The device failed (EIO).
    Device,
    /// A network or FUSE file system has gone away.
    Gone,
    TooManyFiles,
    /// Another program holds it.
    Busy,
    Other,
}

/// Error codes without a kind of their own in the standard library; the same on Linux and macOS.
const EPERM: i32 = 1;
const EIO: i32 = 5;
const ENFILE: i32 = 23;
const EMFILE: i32 = 24;

impl Cause {
    /// The cause behind an error of the system on that path.
    pub fn of(refused: &Refused) -> Self {
        let (path, error) = (&refused.path, &refused.error);
        match error.kind() {
            ErrorKind::StorageFull => {
                let free = midiateca_service::storage::free_bytes_at(path).unwrap_or(0);
                match free > NOT_FULL_BYTES {
                    true => Self::NoEntries,
                    false => Self::Full,
                }
            }
            ErrorKind::QuotaExceeded => Self::Quota,
            ErrorKind::ReadOnlyFilesystem => Self::ReadOnly,
            ErrorKind::PermissionDenied => permission(path, error),
            ErrorKind::NotADirectory => Self::NotAFolder,
            ErrorKind::NotFound => Self::Missing,
            ErrorKind::StaleNetworkFileHandle
            | ErrorKind::NotConnected
            | ErrorKind::TimedOut
            | ErrorKind::HostUnreachable
            | ErrorKind::NetworkDown
            | ErrorKind::NetworkUnreachable => Self::Gone,
            ErrorKind::ResourceBusy => Self::Busy,
            _ if cfg!(unix) => match error.raw_os_error() {
                Some(EIO) => Self::Device,
                Some(EMFILE | ENFILE) => Self::TooManyFiles,
                _ => Self::Other,
            },
            _ => Self::Other,
        }
    }

    /// Whether it may be different for the user that runs the server.
    pub fn depends_on_user(self) -> bool {
        matches!(self, Self::Owner | Self::Mode)
    }

    /// What to do; empty where nothing is known to help.
    pub fn hint(self, lang: Language, path: &Path) -> String {
        lang.fill(self.words(), &[("path", &path.display())])
    }

    /// The sentence of [`Cause::hint`], with `{path}` in it where it names the path.
    pub fn words(self) -> Words {
        match self {
            Self::Full => words::FULL,
            Self::NoEntries => words::NO_ENTRIES,
            Self::Quota => words::QUOTA,
            Self::ReadOnly => words::READ_ONLY,
            Self::Owner => words::OWNER,
            Self::Mode => words::MODE,
            Self::Forbidden => words::FORBIDDEN,
            Self::NotAFolder => words::NOT_A_FOLDER,
            Self::Missing => words::MISSING,
            Self::Device => words::DEVICE,
            Self::Gone => words::GONE,
            Self::TooManyFiles => words::TOO_MANY_FILES,
            Self::Busy => words::BUSY,
            Self::Other => words::OTHER,
        }
    }
}

/// Whether an error may come from a disk that cannot be written.
pub(crate) fn is_about_writing(error: &(dyn std::error::Error + 'static)) -> bool {
    let of_db = |error: &db::Error| {
        // Primary result codes: 8 READONLY, 10 IOERR, 13 FULL, 14 CANTOPEN (sqlite.org/rescode.html).
        matches!(error.engine_code(), Some(8 | 10 | 13 | 14))
    };
    let of_vault =
        |error: &storage::Error| matches!(error, storage::Error::Full(_) | storage::Error::Io(_));
    if let Some(error) = error.downcast_ref::<retention::Error>() {
        return match error {
            retention::Error::Db(error) => of_db(error),
            retention::Error::App(error) => context::is_about_writing(error),
            retention::Error::Vault(error) => of_vault(error),
            _ => false,
        };
    }
    if let Some(error) = error.downcast_ref::<erasure::Error>() {
        return match error {
            erasure::Error::Db(error) => of_db(error),
            erasure::Error::App(error) => context::is_about_writing(error),
            erasure::Error::Vault(error) => of_vault(error),
            _ => false,
        };
    }
    if let Some(error) = error.downcast_ref() {
        return context::is_about_writing(error);
    }
    error.downcast_ref().is_some_and(of_db)
        || error.downcast_ref().is_some_and(of_vault)
        || error.downcast_ref().is_some_and(is_of_disk)
}

fn is_of_disk(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::ReadOnlyFilesystem
            | ErrorKind::StorageFull
            | ErrorKind::QuotaExceeded
            | ErrorKind::PermissionDenied
            | ErrorKind::StaleNetworkFileHandle
    ) || cfg!(unix) && error.raw_os_error() == Some(EIO)
}

/// What to do about the first of data folder, database and storage that cannot be written; nothing when all can.
pub(crate) fn hint_of(data: &Path, config: &Config, lang: Language) -> Option<String> {
    let exists = |path: &Path| path.symlink_metadata().is_ok();
    let folder = |path: &Path| {
        let there = path.ancestors().find(|path| exists(path))?;
        probe::folder(there).err()
    };
    let database = config.database_file(data);
    let storage = config.storage_folder(data);
    let refused = folder(data)
        .or_else(|| {
            probe::database(&database)
                .err()
                .filter(|_| exists(&database))
        })
        .or_else(|| match exists(&storage) {
            true => probe::storage(&storage).err(),
            false => folder(&storage),
        })?;
    Some(Cause::of(&refused).hint(lang, &refused.path))
}

/// Owner, mode, or neither.
#[cfg(unix)]
fn permission(path: &Path, error: &io::Error) -> Cause {
    use std::os::unix::fs::MetadataExt as _;
    if error.raw_os_error() == Some(EPERM) {
        return Cause::Forbidden;
    }
    let us = rustix::process::geteuid().as_raw();
    // What cannot be looked at is behind a folder that is closed to this user.
    let mut known = path.ancestors().filter_map(|path| path.metadata().ok());
    match known.next() {
        _ if us == 0 => Cause::Forbidden,
        Some(found) if found.uid() == us => Cause::Mode,
        _ => Cause::Owner,
    }
}

#[cfg(not(unix))]
fn permission(_: &Path, _: &io::Error) -> Cause {
    Cause::Owner
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(error: io::Error) -> Cause {
        Cause::of(&Refused {
            path: "/".into(),
            error,
        })
    }

    #[cfg(unix)]
    #[test]
    fn every_cause_has_its_own_hint() {
        // Linux's numbers of EIO, ENOTDIR, EMFILE, ENFILE, ENOENT, EROFS.
        for (code, cause) in [
            (5, Cause::Device),
            (20, Cause::NotAFolder),
            (24, Cause::TooManyFiles),
            (23, Cause::TooManyFiles),
            (2, Cause::Missing),
            (30, Cause::ReadOnly),
            (1, Cause::Forbidden),
        ] {
            assert_eq!(of(io::Error::from_raw_os_error(code)), cause, "{code}");
        }
        let hints: std::collections::BTreeSet<_> = [
            Cause::Full,
            Cause::NoEntries,
            Cause::Quota,
            Cause::ReadOnly,
            Cause::Owner,
            Cause::Mode,
            Cause::Forbidden,
            Cause::NotAFolder,
            Cause::Missing,
            Cause::Device,
            Cause::Gone,
            Cause::TooManyFiles,
            Cause::Busy,
            Cause::Other,
        ]
        .map(|cause| cause.hint(Language::English, Path::new("/srv")))
        .into();
        assert_eq!(hints.len(), 14);
    }
}
