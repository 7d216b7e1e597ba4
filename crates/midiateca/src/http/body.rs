//! The body of a webhook: read within the memory that all bodies share. Long texts in it go to files as they come, so what
//! is counted is what is left of it. How slow it may come is not said here: see `pace`.

use std::io;

use axum::body::Body as Stream;
use http_body_util::BodyExt as _;
use tokio::sync::{Semaphore, SemaphorePermit};

use super::Door;
use super::error::Error;
use crate::delivery::{Body, Incoming};

const STEP_KIB: usize = 16;
/// What is left of a body is held several times while it is read, compressed and committed.
const COPIES: usize = 3;
/// A body that takes more memory is a large one. Large ones leave a quarter of the memory to all others.
const LARGE_KIB: usize = 128;
/// How much goes to files between two looks at the disk.
const LOOK_EVERY_BYTES: u64 = 8 << 20;

/// The memory that the bodies of all requests share.
pub(super) struct Memory {
    all: Semaphore,
    large: Semaphore,
}

impl Memory {
    pub fn new(bytes: usize) -> Self {
        let kib = bytes / 1_024;
        Self {
            all: Semaphore::new(kib),
            large: Semaphore::new(kib / 4 * 3),
        }
    }
}

/// What one body takes of it.
pub(super) struct Share<'m> {
    memory: &'m Memory,
    all: SemaphorePermit<'m>,
    large: Option<SemaphorePermit<'m>>,
}

impl<'m> Share<'m> {
    fn of(memory: &'m Memory) -> Result<Self, Error> {
        Ok(Self {
            memory,
            all: take(&memory.all, STEP_KIB)?,
            large: None,
        })
    }

    /// Makes sure of so much. What a sender merely announces takes nothing from others.
    fn grow(&mut self, bytes: usize) -> Result<(), Error> {
        let needed = (bytes * COPIES).div_ceil(STEP_KIB * 1_024) * STEP_KIB;
        let more = needed.saturating_sub(self.all.num_permits());
        if more > 0 {
            self.all.merge(take(&self.memory.all, more)?);
        }
        if needed > LARGE_KIB {
            let taken = self.large.as_ref().map_or(0, SemaphorePermit::num_permits);
            let permit = take(&self.memory.large, needed.saturating_sub(taken))?;
            match &mut self.large {
                Some(large) => large.merge(permit),
                None => self.large = Some(permit),
            }
        }
        Ok(())
    }
}

fn take(semaphore: &Semaphore, kib: usize) -> Result<SemaphorePermit<'_>, Error> {
    let kib = u32::try_from(kib).unwrap_or(u32::MAX);
    semaphore
        .try_acquire_many(kib)
        .map_err(|_| Error::Unavailable)
}

/// The whole body, and its share of the memory, to be held until it is committed.
pub(super) async fn read<'d>(
    door: &'d Door,
    stream: &mut Stream,
    limit_bytes: usize,
) -> Result<(Body, Share<'d>), Error> {
    let mut share = Share::of(&door.memory)?;
    let mut incoming = Incoming::new(&door.app.bodies, door.app.clock.now());
    let (mut size_bytes, mut looked_at) = (0_usize, 0);
    while let Some(frame) = stream.frame().await {
        let Ok(data) = frame.map_err(|_| Error::BodyIncomplete)?.into_data() else {
            continue;
        };
        size_bytes += data.len();
        if size_bytes > limit_bytes {
            return Err(Error::BodyTooLarge { limit_bytes });
        }
        incoming.take(&data).await.map_err(cannot_write)?;
        share.grow(incoming.memory_bytes())?;
        if incoming.file_bytes() >= looked_at + LOOK_EVERY_BYTES {
            looked_at = incoming.file_bytes();
            if !door.app.has_room_for_bodies() {
                return Err(Error::Unavailable);
            }
        }
    }
    let body = incoming.finish().await.map_err(cannot_write)?;
    Ok((body, share))
}

fn cannot_write(error: io::Error) -> Error {
    tracing::error!(%error, "the body of a webhook cannot be written");
    Error::Unavailable
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_bodies_leave_memory_to_small_ones() {
        let memory = Memory::new(8 << 20);
        let mut large = Vec::new();
        while let Ok(mut share) = Share::of(&memory) {
            if share.grow(1 << 20).is_err() {
                break;
            }
            large.push(share);
        }
        assert_eq!(large.len(), 2, "three copies of 1 MiB each, of 6 MiB");
        let small: Vec<_> = (0..32)
            .map(|_| {
                let mut share = Share::of(&memory).ok()?;
                share.grow(20_000).ok()?;
                Some(share)
            })
            .collect();
        assert!(small.iter().all(Option::is_some));
        drop((large, small));
        assert_eq!(memory.all.available_permits(), 8 << 10);
        assert_eq!(memory.large.available_permits(), 6 << 10);
    }
}
