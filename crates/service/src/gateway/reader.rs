//! Reading bodies of any size.

use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::Mutex;

use super::signature::Headers;
use super::{Error, Gateway, ParsedDelivery, Reading};

/// Most webhooks are ten times smaller.
const LARGE_BYTES: usize = 32 << 10;

/// The parser panicked.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("parsing a body panicked")]
pub struct Panicked;

/// Parses small bodies at once, and large ones outside of the async threads and one at a time, because parsing takes a
/// multiple of their size in memory. Cheap to clone.
#[derive(Clone, Default)]
pub struct Reader {
    large_bodies: Arc<Mutex<()>>,
}

impl Reader {
    /// Reads the body of a delivery.
    pub async fn read(
        &self,
        gateway: Gateway,
        body: &Bytes,
    ) -> Result<Result<Vec<ParsedDelivery>, Error>, Panicked> {
        self.parse(body, move |body| gateway.read(body)).await
    }

    /// Reads the body of a delivery that came to an instance of the gateway.
    pub async fn read_from(
        &self,
        gateway: Gateway,
        body: &Bytes,
        headers: &Headers,
    ) -> Result<Result<Reading, Error>, Panicked> {
        if body.len() <= LARGE_BYTES {
            return Ok(gateway.read_from(body, headers));
        }
        let headers = headers.clone();
        self.parse(body, move |body| gateway.read_from(body, &headers))
            .await
    }

    /// The texts of a body that may hold another body in a form that cannot be read.
    pub async fn unreadable_texts(
        &self,
        gateway: Gateway,
        body: &Bytes,
    ) -> Result<Vec<String>, Panicked> {
        self.parse(body, move |body| gateway.unreadable_texts(body))
            .await
    }

    async fn parse<T: Send + 'static>(
        &self,
        body: &Bytes,
        parse: impl FnOnce(&[u8]) -> T + Send + 'static,
    ) -> Result<T, Panicked> {
        if body.len() <= LARGE_BYTES {
            return Ok(parse(body));
        }
        let _turn = self.large_bodies.lock().await;
        let body = body.clone();
        tokio::task::spawn_blocking(move || parse(&body))
            .await
            .map_err(|_| Panicked)
    }
}
