//! The operations of an operator: a module for each, each with options, a function `run` and a report.

pub mod backup;
pub mod clients;
pub mod decrypt;
pub mod dismiss;
pub mod dossier;
pub mod endpoints;
pub mod erasure;
pub mod export;
pub mod gateway_admin;
pub mod health;
pub mod holds;
pub mod import;
mod in_progress;
pub mod instance;
mod json;
pub mod keys;
pub mod live;
pub mod opening;
pub mod ownership;
pub mod probe;
mod problem;
mod progress;
pub mod reconcile;
pub mod replay;
pub mod retention;
pub mod retry;
mod selection;
pub mod status;
pub mod test_delivery;
pub mod users;
pub mod verify;

pub use problem::Problem;
pub use progress::Progress;
pub use selection::{Item, Selection};

use crate::clock::Clock;
use crate::coordination::Coordination;
use crate::db::Db;
use crate::deliveries::Bodies;
use crate::storage::Storage;

/// The dependencies of operations that change stored files and their rows.
#[derive(Clone, Copy)]
pub struct FileDeps<'a> {
    pub db: &'a Db,
    pub storage: &'a Storage,
    pub bodies: &'a Bodies,
    pub clock: &'a Clock,
    pub coordination: &'a Coordination,
    /// The random name of this process.
    pub owner: &'a str,
    /// How long a claim lasts: an object is no orphan before two of them are over.
    pub lease_ms: crate::clock::Millis,
}
