//! A ZIP as an answer, written while it is read.

use std::io::{self, Write};
use std::panic::AssertUnwindSafe;
use std::sync::{Mutex, PoisonError};

use axum::body::Body;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use futures_util::stream;
use tokio::sync::mpsc;

use super::error::{ApiError, Result};
use crate::access::Grant;
use crate::telemetry;

/// Pieces that wait for a slow reader.
const WAITING: usize = 8;
const PIECE_BYTES: usize = 64 << 10;
/// Archives that are written at the same time, each by a thread: in all, and for one caller.
const AT_ONCE: usize = 8;
const AT_ONCE_EACH: usize = 2;

/// Who is being sent an archive now.
static WRITING: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// A place among them.
pub struct Place(String);

impl Place {
    /// Unavailable when many archives are written already.
    pub fn take(grant: &Grant) -> Result<Self> {
        let actor = grant.actor.code();
        let mut writing = WRITING.lock().unwrap_or_else(PoisonError::into_inner);
        let own = writing.iter().filter(|known| **known == actor).count();
        if writing.len() >= AT_ONCE || own >= AT_ONCE_EACH {
            return Err(ApiError::unavailable());
        }
        writing.push(actor.clone());
        Ok(Self(actor))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut writing = WRITING.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(at) = writing.iter().position(|known| *known == self.0) {
            writing.swap_remove(at);
        }
    }
}

type Piece = io::Result<Bytes>;

/// Passes what is written on to a reader, and waits for it.
struct Pipe {
    sender: mpsc::Sender<Piece>,
    buffer: Vec<u8>,
}

impl Pipe {
    fn send(&mut self) -> io::Result<()> {
        let piece = std::mem::take(&mut self.buffer);
        if piece.is_empty() {
            return Ok(());
        }
        // What writes may be between two awaits, where its thread must not block.
        let send = || self.sender.blocking_send(Ok(piece.into()));
        let sent = tokio::task::block_in_place(send);
        sent.map_err(|_| io::ErrorKind::BrokenPipe.into())
    }
}

impl Write for Pipe {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.buffer.extend_from_slice(bytes);
        if self.buffer.len() >= PIECE_BYTES {
            self.send()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.send()
    }
}

/// Whether an archive was written to its end.
pub enum Ended {
    Whole,
    Cancelled,
}

/// The answer with what `write` writes, on a thread of its own; an error ends the answer before its end.
pub fn answer<E: std::error::Error + 'static>(
    place: Place,
    name: &str,
    write: impl AsyncFnOnce(Box<dyn Write + Send>) -> Result<Ended, E> + Send + 'static,
) -> Response {
    let (sender, receiver) = mpsc::channel(WAITING);
    let runtime = tokio::runtime::Handle::current();
    tokio::task::spawn_blocking(move || {
        let _place = place;
        let pipe = Pipe {
            sender: sender.clone(),
            buffer: Vec::with_capacity(PIECE_BYTES),
        };
        let writing = || runtime.block_on(write(Box::new(pipe)));
        match std::panic::catch_unwind(AssertUnwindSafe(writing)) {
            Ok(Ok(Ended::Whole)) => return,
            // The panic is in the log.
            Ok(Ok(Ended::Cancelled)) | Err(_) => {}
            Ok(Err(error)) if !sender.is_closed() => {
                let error = telemetry::chain(&error);
                tracing::warn!(error, "an archive could not be written to its end");
            }
            Ok(Err(_)) => {}
        }
        let _ = sender.blocking_send(Err(io::ErrorKind::Interrupted.into()));
    });
    let pieces = stream::unfold(receiver, async |mut receiver| {
        let piece = receiver.recv().await?;
        Some((piece, receiver))
    });
    with_headers(Body::from_stream(pieces), name)
}

/// The answer to a request for the headers only.
pub fn head(name: &str) -> Response {
    // An empty body would have the length 0, which is not that of the archive.
    let unknown = stream::empty::<io::Result<Bytes>>();
    with_headers(Body::from_stream(unknown), name)
}

fn with_headers(body: Body, name: &str) -> Response {
    let mut response = body.into_response();
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/zip"),
    );
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    let disposition = format!("attachment; filename=\"{name}\"");
    if let Ok(disposition) = HeaderValue::try_from(disposition) {
        headers.insert(header::CONTENT_DISPOSITION, disposition);
    }
    response
}
