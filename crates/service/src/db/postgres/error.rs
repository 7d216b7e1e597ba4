//! The errors of the server and of the connection.

use tokio_postgres::error::SqlState;

use crate::db::Error;

/// What the server, or the connection, said. Without values of rows.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{said}{}", code.as_ref().map_or(String::new(), |code| format!(" (SQLSTATE {code})")))]
pub struct EngineError {
    /// The SQLSTATE (PostgreSQL manual, appendix A). None when the connection failed.
    pub code: Option<String>,
    said: String,
}

impl EngineError {
    pub(super) fn new(said: impl Into<String>) -> Self {
        Self {
            code: None,
            said: said.into(),
        }
    }

    /// Whether a statement failed only because an earlier one of its transaction did.
    pub(super) fn is_consequence(&self) -> bool {
        self.code.as_deref() == Some(SqlState::IN_FAILED_SQL_TRANSACTION.code())
    }
}

/// Whether the connection was lost or is about to be, so that a new one may work: also when the server said so first
/// (classes 08 and 57P).
pub(super) fn is_lost(error: &Error) -> bool {
    let Error::Unavailable(Some(super::super::EngineError::Postgres(error))) = error else {
        return false;
    };
    let code = error.code.as_deref();
    code.is_none_or(|code| code.starts_with("08") || code.starts_with("57P"))
}

/// An error of the connection, in whose place a new one may work.
pub(super) fn lost(said: impl Into<String>) -> Error {
    Error::Unavailable(Some(super::super::EngineError::Postgres(EngineError::new(
        said,
    ))))
}

impl From<tokio_postgres::Error> for Error {
    fn from(error: tokio_postgres::Error) -> Self {
        let Some(answer) = error.as_db_error() else {
            return lost(innermost(&error));
        };
        let code = answer.code().code().to_owned();
        // Messages on data (class 22) and constraints (class 23) name values.
        let said = match (&code[..2], answer.constraint()) {
            ("22", _) => "a value is not accepted".to_owned(),
            ("23", Some(name)) => format!("the constraint {name} is violated"),
            ("23", None) => "a constraint is violated".to_owned(),
            _ => answer.message().to_owned(),
        };
        let error = EngineError {
            code: Some(code.clone()),
            said,
        };
        let error = super::super::EngineError::Postgres(error);
        match code.as_str() {
            // serialization_failure, deadlock_detected
            "40001" | "40P01" => Self::Conflict(error),
            // read_only_sql_transaction (a replica), lock_not_available, query_canceled, object_in_use
            "25006" | "25P03" | "55P03" | "57014" | "55006" => Self::Unavailable(Some(error)),
            // Connection, resources, operator intervention, system errors, authorization (which an operator may be changing)
            code if ["08", "28", "53", "57", "58", "3D"].contains(&&code[..2]) => {
                Self::Unavailable(Some(error))
            }
            _ => Self::Statement(error),
        }
    }
}

/// The cause that says most: the outer ones only say that something failed.
fn innermost(error: &tokio_postgres::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(next) = cause.source() {
        cause = next;
    }
    cause.to_string()
}
