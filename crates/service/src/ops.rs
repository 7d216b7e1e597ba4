//! What an operator can do: a module per operation, each with options, a function `run` and a report.

mod progress;

pub use progress::Progress;

/// A copy of the database and the files, made while the service runs.
pub mod backup;

/// Deleting a person's data.
pub mod erasure;

/// Taking over another system's data.
pub mod import;

/// Retention rules.
pub mod retention;

/// Stored files compared with their hashes, and repaired.
pub mod verify;
