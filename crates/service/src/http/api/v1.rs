//! The resources of version 1, a module each.

pub mod archive;
pub mod audit;
pub mod bulk;
pub mod chats;
pub mod clients;
pub mod deliveries;
pub mod dossier;
pub mod endpoints;
pub mod events;
pub mod holds;
pub mod instances;
pub mod keys;
pub mod links;
pub mod media;
pub mod previews;
pub mod reports;
pub mod session;
pub mod users;

use axum::extract::{FromRequestParts, Path};
use axum::http::request::Parts;

use super::error::{ApiError, Result};
use crate::access::Grant;
use crate::access::audit::NewEntry;
use crate::http::HttpState;
use crate::i18n::keys as texts;

/// The id in an address. One that is no text is unknown.
pub struct Id(pub String);

impl FromRequestParts<HttpState> for Id {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &HttpState) -> Result<Self> {
        let path = Path::<String>::from_request_parts(parts, state).await;
        match path {
            Ok(Path(id)) if !id.contains('\0') => Ok(Self(id)),
            _ => Err(ApiError::not_found(texts::api::PAGE_NOT_FOUND)),
        }
    }
}

/// Two ids in an address.
pub struct Ids(pub String, pub String);

impl FromRequestParts<HttpState> for Ids {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &HttpState) -> Result<Self> {
        let path = Path::<(String, String)>::from_request_parts(parts, state).await;
        match path {
            Ok(Path((first, second))) if !first.contains('\0') && !second.contains('\0') => {
                Ok(Self(first, second))
            }
            _ => Err(ApiError::not_found(texts::api::PAGE_NOT_FOUND)),
        }
    }
}

/// Writes to the audit log what a caller did.
async fn record(state: &HttpState, grant: &Grant, entry: NewEntry) -> Result<()> {
    let (db, clock) = (&state.app.db, &state.app.clock);
    Ok(crate::access::audit::record(db, clock, &grant.actor, entry).await?)
}

/// Runs an operation on a thread of its own: one that is generic over its progress cannot move between threads.
pub(in crate::http) async fn apart<T: Send + 'static>(
    operation: impl AsyncFnOnce() -> T + Send + 'static,
) -> Result<T> {
    let runtime = tokio::runtime::Handle::current();
    let running = tokio::task::spawn_blocking(move || runtime.block_on(operation()));
    running.await.map_err(|error| ApiError::internal(&error))
}
