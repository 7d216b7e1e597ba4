//! What an operator can do: a module per operation.

/// A copy of the database and the files, made while the service runs.
pub mod backup;

/// Taking over another system's data.
pub mod import;

/// Retention rules and erasure.
pub mod retention;
