//! Limits requests that a trusted proxy sends for others, per client.

use std::net::SocketAddr;

use axum::extract::{ConnectInfo, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};

use super::HttpState;
use super::body::beginning;
use super::client_address::{ClientAddress, ClientNetwork, client_of};
use super::error::Error;
use super::refusals::count_connection;

/// Refuses a request while its client has too many in progress through trusted proxies.
pub(super) async fn limit(
    State(state): State<HttpState>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    mut request: Request,
    next: Next,
) -> Response {
    let client = client_of(peer.ip(), request.headers(), &state.trusted_proxies);
    request.extensions_mut().insert(ClientAddress(client));
    let (client, peer) = (ClientNetwork::from(client), ClientNetwork::from(peer.ip()));
    if client == peer {
        return next.run(request).await;
    }
    match state.connections.admit_forwarded(client) {
        Ok(_place) => next.run(request).await,
        Err(full) => {
            count_connection(&state.app, full, client, state.connections.count());
            let (head, body) = request.into_parts();
            beginning(body, &head.headers).await;
            Error::Unavailable.into_response()
        }
    }
}
