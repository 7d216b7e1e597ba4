//! Resolves names like the system does.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};

use hyper_util::client::legacy::connect::dns::Name;
use tower_service::Service;

use super::guard;

/// A name without an address, or for which no resolver answered.
#[derive(Debug, thiserror::Error)]
#[error("its name leads to no address")]
pub struct Unresolved(#[source] pub io::Error);

impl From<Unresolved> for io::Error {
    fn from(error: Unresolved) -> Self {
        Self::new(error.0.kind(), error)
    }
}

/// The connection uses the addresses that were checked.
#[derive(Clone, Copy)]
pub(super) enum Resolver {
    PublicOnly,
    AnyAddress,
}

type Found = io::Result<std::vec::IntoIter<SocketAddr>>;

impl Service<Name> for Resolver {
    type Response = std::vec::IntoIter<SocketAddr>;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = Found> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, name: Name) -> Self::Future {
        let resolver = *self;
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await;
            let found = found.map_err(Unresolved)?;
            Ok(match resolver {
                Self::AnyAddress => found.collect::<Vec<_>>().into_iter(),
                Self::PublicOnly => guard::only_public(found)
                    .map_err(io::Error::other)?
                    .into_iter(),
            })
        })
    }
}
