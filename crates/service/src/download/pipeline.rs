//! Received bytes on their way through verification into the staged file. Small files pass in the download's own task;
//! large ones on a thread, so that receiving, hashing and writing overlap.

use std::path::PathBuf;
use std::sync::Arc;
use std::{fs, io, mem, thread};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinHandle;
use wa_media::{Decryptor, LabelFinder, PlainVerifier};

use crate::storage::{Error, Staging};

/// From here on a file is large.
const LARGE_BYTES: u64 = 1 << 20;
/// The bytes that a thread gets at once: handing them over costs some 20 µs, hashing them about 400 µs.
const PIECE_BYTES: usize = 256 << 10;
/// Limits the memory: each large file takes three buffers of a piece.
const MOST_LANES: usize = 8;

/// Takes the received bytes, and appends those to be stored.
pub(super) trait Process: Send + 'static {
    fn process(&mut self, received: &[u8], kept: &mut Vec<u8>);
}

impl Process for Decryptor {
    fn process(&mut self, received: &[u8], kept: &mut Vec<u8>) {
        self.update(received, kept);
    }
}

impl Process for PlainVerifier {
    fn process(&mut self, received: &[u8], kept: &mut Vec<u8>) {
        self.update(received);
        kept.extend_from_slice(received);
    }
}

impl Process for LabelFinder {
    fn process(&mut self, received: &[u8], _: &mut Vec<u8>) {
        self.update(received);
    }
}

/// Limits how many files are processed on threads at once, to the number of cores: more would not be faster.
#[derive(Clone)]
pub struct Lanes(Arc<Semaphore>);

impl Default for Lanes {
    fn default() -> Self {
        let cores = thread::available_parallelism().map_or(1, usize::from);
        Self(Arc::new(Semaphore::new(cores.min(MOST_LANES))))
    }
}

/// The way of one file. On drop the staged file is removed.
pub(super) struct Pipeline<P> {
    /// `None` while a thread has it.
    work: Option<Work<P>>,
    running: Option<JoinHandle<Done<P>>>,
    /// Received and not handed over.
    piece: Vec<u8>,
    /// The buffer of the last piece.
    spare: Vec<u8>,
    lanes: Lanes,
    lane: Option<OwnedSemaphorePermit>,
    staged: PathBuf,
    received_bytes: u64,
}

struct Work<P> {
    staging: Staging,
    process: P,
}

/// With the emptied buffer of the piece.
type Done<P> = (Work<P>, Vec<u8>, Result<(), Error>);

impl<P: Process> Pipeline<P> {
    pub fn new(staging: Staging, process: P, lanes: &Lanes) -> Self {
        Self {
            staged: staging.path().to_owned(),
            work: Some(Work { staging, process }),
            running: None,
            piece: Vec::new(),
            spare: Vec::new(),
            lanes: lanes.clone(),
            lane: None,
            received_bytes: 0,
        }
    }

    pub async fn put(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.received_bytes += bytes.len() as u64;
        if self.lane.is_none() && self.received_bytes > LARGE_BYTES {
            self.lane = Arc::clone(&self.lanes.0).try_acquire_owned().ok();
        }
        if self.lane.is_some() {
            self.piece.extend_from_slice(bytes);
            if self.piece.len() >= PIECE_BYTES {
                self.hand_over().await?;
            }
            return Ok(());
        }
        let Work { staging, process } = self.work.as_mut().ok_or_else(interrupted)?;
        staging.append(|kept| process.process(bytes, kept)).await
    }

    /// Waits for the last bytes.
    pub async fn finish(mut self) -> Result<(Staging, P), Error> {
        if !self.piece.is_empty() {
            self.hand_over().await?;
        }
        self.wait().await?;
        let Work { staging, process } = self.work.take().ok_or_else(interrupted)?;
        Ok((staging, process))
    }

    async fn hand_over(&mut self) -> Result<(), Error> {
        self.wait().await?;
        let mut work = self.work.take().ok_or_else(interrupted)?;
        let mut piece = mem::replace(&mut self.piece, mem::take(&mut self.spare));
        self.running = Some(tokio::task::spawn_blocking(move || {
            let Work { staging, process } = &mut work;
            let written = staging.append_blocking(|kept| process.process(&piece, kept));
            piece.clear();
            (work, piece, written)
        }));
        Ok(())
    }

    async fn wait(&mut self) -> Result<(), Error> {
        let Some(running) = &mut self.running else {
            return Ok(());
        };
        let done = running.await;
        self.running = None;
        let (work, piece, written) = done.map_err(|_| interrupted())?;
        self.spare = piece;
        written?;
        self.work = Some(work);
        Ok(())
    }
}

impl<P> Drop for Pipeline<P> {
    fn drop(&mut self) {
        // The thread drops the staged file only after its piece; when the download is cancelled it has to be gone now.
        if self.running.is_some() {
            let _ = fs::remove_file(&self.staged);
        }
    }
}

/// A thread panicked.
fn interrupted() -> Error {
    Error::Io(io::ErrorKind::Interrupted.into())
}
