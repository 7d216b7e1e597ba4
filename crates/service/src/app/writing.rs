//! Errors that may come from a disk that cannot be written; which errors of operations have one of them as their cause is
//! known where they are explained.

use std::io::{self, ErrorKind};

use super::{Error, OpeningError};
use crate::{coordination, db, secrets, storage};

/// The same on Linux and macOS.
const EIO: i32 = 5;

/// Whether a data folder that could not be opened may still be readable.
pub fn may_be_readable(error: &Error) -> bool {
    let of_db = |error: &db::Error| {
        let is_gone = matches!(error, db::Error::Displaced { .. });
        error.is_unavailable() && !error.is_busy() && !is_gone
    };
    let of_storage = |error: &storage::Error| !matches!(error, storage::Error::Displaced { .. });
    match error {
        Error::Folder { .. } => true,
        Error::Coordination(error) => of_lease(error),
        Error::Storage(error) | Error::Opening(OpeningError::Storage(error)) => of_storage(error),
        Error::Secrets(error) => matches!(error, secrets::Error::KeyFile { .. }),
        Error::Db(error) | Error::Opening(OpeningError::Db(error)) => of_db(error),
        Error::NoData { .. } | Error::Opening(_) => false,
    }
}

/// Primary result codes: 8 READONLY, 10 IOERR, 13 FULL, 14 CANTOPEN (sqlite.org/rescode.html).
pub fn of_db(error: &db::Error) -> bool {
    matches!(error.engine_code(), Some(8 | 10 | 13 | 14))
}

pub fn of_storage(error: &storage::Error) -> bool {
    matches!(error, storage::Error::Full(_) | storage::Error::Io(_))
}

pub fn of_lease(error: &coordination::Error) -> bool {
    use coordination::Error::{Folder, Lock};
    matches!(error, Folder { .. } | Lock { .. })
}

pub fn of_system(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::ReadOnlyFilesystem
            | ErrorKind::StorageFull
            | ErrorKind::QuotaExceeded
            | ErrorKind::PermissionDenied
            | ErrorKind::StaleNetworkFileHandle
    ) || cfg!(unix) && error.raw_os_error() == Some(EIO)
}
