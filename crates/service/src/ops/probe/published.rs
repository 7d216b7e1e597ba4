//! The file that a running server publishes for other processes: where it listens, and which data is not in its place.

use std::net::SocketAddr;
use std::path::Path;

use serde_json::{Value, json};

use crate::coordination::Coordination;
use crate::{db, storage};

/// The state of the database's path and of the root of the storage, where it is not the right one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Displaced {
    pub database: Option<db::Found>,
    pub storage: Option<storage::Found>,
}

impl Displaced {
    /// The contents for a server that listens on `address`.
    pub fn published(self, address: SocketAddr) -> Value {
        json!({
            "address": address.to_string(),
            "database": self.database,
            "storage": self.storage,
        })
    }

    /// The findings of the server on this data folder; none when none runs.
    pub async fn of_server(data: &Path) -> Self {
        let published = Coordination::new(data).published().await;
        let published = published.unwrap_or_default();
        let code = |name: &str| published[name].as_str();
        Self {
            database: code("database").and_then(db::Found::parse),
            storage: code("storage").and_then(storage::Found::parse),
        }
    }
}

/// Where the server on this data folder listens; `None` when none runs, or it has not published it yet.
pub async fn address_of_server(data: &Path) -> Option<SocketAddr> {
    let published = Coordination::new(data).published().await?;
    // Earlier versions had another name for it.
    let address = published["address"].as_str().or(published["door"].as_str());
    address?.parse().ok()
}
