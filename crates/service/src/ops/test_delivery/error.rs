//! Why a test delivery ended early.

use std::io;

use crate::{coordination, db};

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(transparent)]
    Db(#[from] db::Error),
    #[error(transparent)]
    Coordination(#[from] coordination::Error),
    #[error("the delivery cannot be written to the data folder")]
    Body(#[source] io::Error),
    #[error("the media was deleted after it was committed")]
    MediaDeleted,
}
