//! Why the server cannot start.

use std::io;

#[derive(Debug, thiserror::Error)]
#[error("cannot listen on {address}")]
pub struct ListenError {
    pub address: String,
    pub source: io::Error,
}

#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The address is in use, or does not belong to this machine.
    #[error(transparent)]
    Listen(#[from] ListenError),
    #[error("no address to listen on is given")]
    NoAddress,
    #[error(transparent)]
    App(#[from] super::Error),
    /// Another server runs.
    #[error(transparent)]
    Coordination(#[from] crate::coordination::Error),
    #[error(transparent)]
    Db(#[from] crate::db::Error),
}
