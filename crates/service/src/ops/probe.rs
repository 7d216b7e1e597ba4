//! Probes that several operations use: whether files can be written, and whether the server answers.

mod cause;
mod published;
mod server;
mod write;

pub use cause::WriteCause;
pub use published::{Displaced, address_of_server};
pub use server::{ServerState, ServerStatus, answers_healthz, server_status};
pub use write::{
    WriteFailure, create_entry, first_unwritable, write_database, write_folder, write_storage,
};
