//! What can go wrong with the database, in the terms of its callers.

use std::path::PathBuf;
use std::sync::Arc;

use super::{Found, postgres};

#[derive(Clone, Debug, thiserror::Error)]
pub enum Error {
    /// Locked, disk full, I/O error, server not reachable, or shutting down: retry later.
    #[error("the database cannot commit now")]
    Unavailable(#[source] Option<EngineError>),
    /// The database at its path is not the open one, so a commit would be lost with the process: retry later.
    #[error("the database at {path} is not the open one ({})", found.as_str())]
    Displaced { path: PathBuf, found: Found },
    /// The commit itself failed, or what follows it: the rows may be committed or not. Retry later.
    #[error("whether the database committed is not known")]
    Uncertain(#[source] Box<Error>),
    /// Another transaction changed the same rows at the same time, again and again: retry later.
    #[error("other transactions are in the way")]
    Conflict(#[source] EngineError),
    /// The file was written by a newer midiateca.
    #[error("the database was written by a newer version (migration {version}); use that version")]
    TooNew {
        /// The first unknown migration.
        version: i64,
    },
    /// The file is a database of another program.
    #[error("the file is a database of another program")]
    Foreign,
    /// The bundled SQLite has a known corruption bug.
    #[error("SQLite {found} is too old to be trusted with a write-ahead log")]
    UnsafeSqlite {
        /// The result of `sqlite_version()`.
        found: String,
    },
    /// A column does not contain what its type requires.
    #[error("column {column} has an unexpected value")]
    Malformed { column: String },
    /// It can only be read from a copy, which cannot be made.
    #[error("the database cannot be read in place, and cannot be copied to {folder}")]
    NoCopy {
        folder: PathBuf,
        #[source]
        source: Arc<std::io::Error>,
    },
    /// The query took longer than its limit.
    #[error("the query takes too long")]
    TooSlow,
    /// The write panicked and was rolled back.
    #[error("the work on the database panicked")]
    Panicked,
    /// Any other error of the engine.
    #[error("the database refused a statement")]
    Statement(#[source] EngineError),
}

/// The error as the engine said it.
#[derive(Clone, Debug, thiserror::Error)]
pub enum EngineError {
    #[error(transparent)]
    Sqlite(Arc<rusqlite::Error>),
    #[error(transparent)]
    Postgres(postgres::EngineError),
}

impl Error {
    /// Whether the same call may succeed later without a change by an operator.
    pub fn is_unavailable(&self) -> bool {
        matches!(
            self,
            Self::Unavailable(_) | Self::Displaced { .. } | Self::Uncertain(_) | Self::Conflict(_)
        )
    }

    /// The state of the database's path, if that is the error.
    pub fn displaced(&self) -> Option<Found> {
        match self {
            Self::Displaced { found, .. } => Some(*found),
            Self::Uncertain(cause) => cause.displaced(),
            _ => None,
        }
    }

    /// Whether the rows may be committed although the write failed: files that they name must stay.
    pub fn is_uncertain(&self) -> bool {
        matches!(self, Self::Uncertain(_))
    }

    /// Whether the file is not a database of SQLite (SQLITE_NOTADB).
    pub fn is_not_a_database(&self) -> bool {
        let Self::Statement(EngineError::Sqlite(error)) = self else {
            return false;
        };
        let error = error.sqlite_error();
        error.is_some_and(|error| error.code == rusqlite::ErrorCode::NotADatabase)
    }

    /// Whether pages of the file do not match, as while a write-ahead log is only partly written back.
    pub(super) fn is_inconsistent(&self) -> bool {
        // Primary result codes: 10 IOERR, 11 CORRUPT (sqlite.org/rescode.html).
        matches!(self.engine_code(), Some(10 | 11))
    }

    /// Whether another process has locked the file.
    pub fn is_busy(&self) -> bool {
        // Primary result codes: 5 BUSY, 6 LOCKED (sqlite.org/rescode.html).
        matches!(self, Self::Unavailable(_)) && matches!(self.engine_code(), Some(5 | 6))
    }

    /// The primary result code of SQLite (sqlite.org/rescode.html), if it gave one.
    pub fn engine_code(&self) -> Option<i32> {
        let (Self::Unavailable(Some(EngineError::Sqlite(error)))
        | Self::Statement(EngineError::Sqlite(error))) = self
        else {
            return None;
        };
        error.sqlite_error().map(|error| error.extended_code & 0xff)
    }
}

impl From<rusqlite::Error> for Error {
    fn from(error: rusqlite::Error) -> Self {
        // Primary result codes: 5 BUSY, 6 LOCKED, 8 READONLY, 9 INTERRUPT, 10 IOERR, 13 FULL, 14 CANTOPEN
        // (sqlite.org/rescode.html).
        let code = error
            .sqlite_error()
            .map_or(0, |error| error.extended_code & 0xff);
        let error = EngineError::Sqlite(Arc::new(error));
        match code {
            5 | 6 | 8 | 10 | 13 | 14 => Self::Unavailable(Some(error)),
            9 => Self::TooSlow,
            _ => Self::Statement(error),
        }
    }
}
