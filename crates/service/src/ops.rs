//! What an operator can do: a module per operation, each with options, a function `run` and a report.

mod problem;
mod progress;
mod selection;

pub use problem::Problem;
pub use progress::Progress;
pub use selection::Selection;

use crate::clock::Clock;
use crate::coordination::Coordination;
use crate::db::Db;
use crate::deliveries::Bodies;
use crate::storage::Storage;

/// What operations use that change stored files and their rows.
#[derive(Clone, Copy)]
pub struct FileDeps<'a> {
    pub db: &'a Db,
    pub storage: &'a Storage,
    pub bodies: &'a Bodies,
    pub clock: &'a Clock,
    pub coordination: &'a Coordination,
    /// The random name of this process.
    pub owner: &'a str,
}

/// A copy of the database and the files, made while the service runs.
pub mod backup;

/// One encrypted file, decrypted without a database.
pub mod decrypt;

/// Media that failed or expired, acknowledged.
pub mod dismiss;

/// Deleting a person's data.
pub mod erasure;

/// Stored files copied into a folder or an archive, with a manifest.
pub mod export;

/// The gateway's admin API, with the token of one instance.
pub mod gateway_admin;

/// Probes of everything that storing media depends on.
pub mod health;

/// Another system's data, imported.
pub mod import;

/// An instance as operators add it, look at it, and connect it with its gateway.
pub mod instance;

/// What happens now, for a person who watches.
pub mod live;

/// Whether database and storage belong together.
pub mod opening;

/// Probes of disks and of the server.
pub mod probe;

/// A client that receives nothing more.
pub mod remove_client;

/// Deliveries read again with the current version.
pub mod replay;

/// Retention rules.
pub mod retention;

/// Media queued again.
pub mod retry;

/// What runs, what waits, and what needs a person.
pub mod status;

/// One delivery through the whole pipeline, step by step.
pub mod test_delivery;

/// Stored files compared with their hashes, and repaired.
pub mod verify;

mod json;
