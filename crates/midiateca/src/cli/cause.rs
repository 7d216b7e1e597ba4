//! What to do about a file that cannot be written: a hint for each cause.

use std::io::{self, ErrorKind};
use std::path::Path;

use super::context;
use super::language::Language;
use midiateca_service::config::Config;
use midiateca_service::i18n::explain::explain;
use midiateca_service::ops::probe;
use midiateca_service::ops::{erasure, retention};
use midiateca_service::{coordination, db, storage};

/// The same on Linux and macOS.
const EIO: i32 = 5;

/// Whether an error may come from a disk that cannot be written.
pub(crate) fn is_about_writing(error: &(dyn std::error::Error + 'static)) -> bool {
    let of_db = |error: &db::Error| {
        // Primary result codes: 8 READONLY, 10 IOERR, 13 FULL, 14 CANTOPEN (sqlite.org/rescode.html).
        matches!(error.engine_code(), Some(8 | 10 | 13 | 14))
    };
    let of_storage =
        |error: &storage::Error| matches!(error, storage::Error::Full(_) | storage::Error::Io(_));
    let of_lease = |error: &coordination::Error| {
        use coordination::Error::{Folder, Lock};
        matches!(error, Folder { .. } | Lock { .. })
    };
    if let Some(error) = error.downcast_ref::<retention::Error>() {
        return match error {
            retention::Error::Db(error) => of_db(error),
            retention::Error::Coordination(error) => of_lease(error),
            retention::Error::Storage(error) => of_storage(error),
            _ => false,
        };
    }
    if let Some(error) = error.downcast_ref::<erasure::Error>() {
        return match error {
            erasure::Error::Db(error) => of_db(error),
            erasure::Error::Coordination(error) => of_lease(error),
            erasure::Error::Storage(error) => of_storage(error),
            _ => false,
        };
    }
    if let Some(error) = error.downcast_ref() {
        return context::is_about_writing(error);
    }
    error.downcast_ref().is_some_and(of_db)
        || error.downcast_ref().is_some_and(of_storage)
        || error.downcast_ref().is_some_and(of_lease)
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

/// What to do about the first of data folder, database and storage that cannot be written.
pub(crate) fn hint_of(data: &Path, config: &Config, lang: Language) -> Option<String> {
    explain(&probe::first_unwritable(data, config)?, lang).hint
}
