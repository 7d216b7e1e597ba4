//! Reads an object like a file: from any position, and only what is wanted.

use std::io::{self, Read, Seek, SeekFrom};
use std::time::SystemTime;

use bytes::{Buf as _, Bytes};
use futures_util::StreamExt as _;
use futures_util::stream::BoxStream;
use object_store::path::Path as Key;
use object_store::{GetOptions, ObjectStore as _};

use super::super::Error;
use super::{Bucket, Object, RemoteError, failed};

/// An object, and a position in it. Blocking, and a request begins with the first byte that is read.
pub struct ObjectReader {
    bucket: Bucket,
    key: Key,
    size_bytes: u64,
    modified: SystemTime,
    position: u64,
    /// What is requested ends here.
    end: u64,
    running: Option<Running>,
}

/// An answer that is being read.
struct Running {
    pieces: BoxStream<'static, object_store::Result<Bytes>>,
    /// Read and not yet passed on.
    rest: Bytes,
}

impl ObjectReader {
    pub(super) fn new(bucket: Bucket, key: Key, found: &Object) -> Self {
        Self {
            bucket,
            key,
            size_bytes: found.size_bytes,
            modified: found.modified,
            position: 0,
            end: found.size_bytes,
            running: None,
        }
    }

    pub fn size_bytes(&self) -> u64 {
        self.size_bytes
    }

    pub fn modified(&self) -> SystemTime {
        self.modified
    }

    /// Nothing from `end` on is wanted.
    pub fn limit(&mut self, end: u64) {
        self.end = end.min(self.size_bytes);
        self.running = None;
    }

    fn begin(&self) -> Result<Running, Error> {
        let (store, key) = (self.bucket.0.reads.clone(), self.key.clone());
        let range = self.position..self.end;
        let starting = async move {
            let options = GetOptions {
                range: Some(range.into()),
                ..GetOptions::default()
            };
            let found = store.get_opts(&key, options).await?;
            Ok(found.into_stream())
        };
        match self.bucket.wait(starting)? {
            Err(object_store::Error::NotFound { .. }) => {
                Err(Error::Io(io::ErrorKind::NotFound.into()))
            }
            pieces => Ok(Running {
                pieces: pieces.map_err(failed)?,
                rest: Bytes::new(),
            }),
        }
    }

    /// The next bytes; empty at the end of the answer.
    fn piece(&mut self) -> Result<Bytes, Error> {
        let mut running = match self.running.take() {
            Some(running) => running,
            None => self.begin()?,
        };
        if running.rest.is_empty() {
            let mut pieces = running.pieces;
            let reading = async move {
                loop {
                    let next = pieces.next().await;
                    // A piece without bytes is not the end.
                    if !matches!(&next, Some(Ok(piece)) if piece.is_empty()) {
                        return (next, pieces);
                    }
                }
            };
            let (next, pieces) = self.bucket.wait(reading)?;
            running.pieces = pieces;
            running.rest = next.transpose().map_err(failed)?.unwrap_or_default();
        }
        let piece = running.rest.clone();
        self.running = Some(running);
        Ok(piece)
    }
}

impl Read for ObjectReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.position >= self.end || buffer.is_empty() {
            return Ok(0);
        }
        let piece = self.piece().map_err(as_io)?;
        if piece.is_empty() {
            // The answer ended before the object did.
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let count = piece.len().min(buffer.len());
        buffer[..count].copy_from_slice(&piece[..count]);
        if let Some(running) = &mut self.running {
            running.rest.advance(count);
        }
        self.position += count as u64;
        Ok(count)
    }
}

impl Seek for ObjectReader {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let position = match to {
            SeekFrom::Start(position) => Some(position),
            SeekFrom::End(offset) => self.size_bytes.checked_add_signed(offset),
            SeekFrom::Current(offset) => self.position.checked_add_signed(offset),
        };
        let position = position.ok_or(io::ErrorKind::InvalidInput)?;
        if position != self.position {
            (self.position, self.running) = (position, None);
        }
        Ok(position)
    }
}

fn as_io(error: Error) -> io::Error {
    match error {
        Error::Io(error) | Error::Full(error) => error,
        other => io::Error::other(other),
    }
}

impl From<RemoteError> for io::Error {
    fn from(error: RemoteError) -> Self {
        Self::other(error)
    }
}
