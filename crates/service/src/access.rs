//! Who may see and do what: API keys, users, signed links, and the log of what was done.
//!
//! Promises: tokens and passwords are stored as hashes only; what was revoked or has expired opens nothing; the log has no phone numbers.

pub mod audit;
pub mod keys;
pub mod links;
pub mod password;
pub mod users;

use crate::model::{Role, Scope};

/// Who calls: for the log, and as the creator of links.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Actor {
    /// By the key's id.
    Key(String),
    /// By the user's id.
    User(String),
    /// Someone who is not signed in.
    Anonymous,
    /// Someone with access to the data folder, with the name of the system's user where it is known.
    CommandLine(Option<String>),
    /// A signed link, by its id.
    Link(String),
}

impl Actor {
    /// As in the database.
    pub fn code(&self) -> String {
        match self {
            Self::Key(id) => format!("key:{id}"),
            Self::User(id) => format!("user:{id}"),
            Self::Link(id) => format!("link:{id}"),
            Self::Anonymous => "anonymous".to_owned(),
            Self::CommandLine(_) => "command_line".to_owned(),
        }
    }
}

/// The permissions of a caller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    pub actor: Actor,
    pub role: Role,
    pub scope: Scope,
    /// The hash of a user's session.
    pub session: Option<Vec<u8>>,
}
