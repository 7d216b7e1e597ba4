//! Reads the body of a webhook within the memory that all bodies share. Long texts in it go to files while it is read, so
//! only the rest counts. `pace` limits how slowly it may come.

use std::io::{self, Read as _};

use axum::body::Body as Stream;
use axum::http::{HeaderMap, header};
use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt as _;
use tokio::sync::{Semaphore, SemaphorePermit};

use super::HttpState;
use super::encoding::{BodyCodings, Decoding};
use super::error::Error;
use crate::deliveries::{Body, Incoming};
use crate::gateway::Gateway;
use crate::gateway::multipart::Multipart;
use crate::gateway::signature::{Refusal, Signed, Verifier};
use crate::ingest;

const STEP_KIB: usize = 16;
/// The rest of a body is in memory several times while it is read, compressed and committed.
const COPIES: usize = 3;
/// A body that needs more memory is a large one. Large bodies leave a quarter of the memory to the others.
const LARGE_KIB: usize = 128;
const DECODED_PIECE_BYTES: usize = 64 << 10;
/// The free disk space is checked after this many bytes.
const CHECK_SPACE_EVERY_BYTES: u64 = 8 << 20;

/// The memory shared by the bodies of all requests.
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

/// The memory reserved for one body.
pub(super) struct MemoryShare<'m> {
    memory: &'m Memory,
    all: SemaphorePermit<'m>,
    large: Option<SemaphorePermit<'m>>,
}

impl<'m> MemoryShare<'m> {
    fn new(memory: &'m Memory) -> Result<Self, Error> {
        Ok(Self {
            memory,
            all: take(&memory.all, STEP_KIB)?,
            large: None,
        })
    }

    /// Reserves memory for `bytes`. A size that is only announced reserves nothing.
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

pub(super) enum ReadBody {
    /// As received, or decoded.
    Read(Body),
    /// As received: its `Content-Encoding` does not decode it.
    Undecodable(Body),
    /// As received: its `Content-Encoding` is unknown.
    UnknownEncoding(Body),
    /// As received: it is not proven to be the gateway's.
    Refused(Body, Refusal),
}

/// What happens to the bytes of a body while they arrive.
pub(super) struct Arrival {
    pub signed: Signed,
    /// `None` when only the address proves the delivery.
    pub verifier: Option<Verifier>,
    /// Converts a multipart body.
    pub multipart: Option<Multipart>,
}

impl Arrival {
    /// Takes bytes as they came; returns what to read.
    fn take(&mut self, data: Bytes) -> Bytes {
        let Some(multipart) = &mut self.multipart else {
            if let Some(verifier) = &mut self.verifier {
                verifier.update(&data);
            }
            return data;
        };
        multipart.update(&data).into()
    }

    /// The rest of what to read.
    fn finish(&mut self) -> Vec<u8> {
        let Some(multipart) = self.multipart.take() else {
            return Vec::new();
        };
        let Ok((rest, fields)) = multipart.finish() else {
            return Vec::new();
        };
        if let (Some(verifier), Some(fields)) = (&mut self.verifier, fields) {
            verifier.update(&fields);
            self.signed.fields = String::from_utf8(fields).ok();
        }
        rest
    }

    fn verdict(&mut self) -> Result<(), Refusal> {
        self.verifier.take().map_or(Ok(()), Verifier::finish)
    }
}

/// Reads the whole body. Its memory stays reserved until it is committed.
pub(super) async fn read<'d>(
    state: &'d HttpState,
    gateway: Gateway,
    headers: &HeaderMap,
    stream: &mut Stream,
    limit_bytes: usize,
    arrival: &mut Arrival,
) -> Result<(ReadBody, MemoryShare<'d>), Error> {
    let mut share = MemoryShare::new(&state.memory)?;
    if headers.contains_key(header::CONTENT_ENCODING) {
        arrival.multipart = None;
        let whole = read_coded(state, headers, stream, limit_bytes, (&mut share, arrival)).await?;
        let whole = match (arrival.verdict(), whole) {
            (
                Err(refusal),
                ReadBody::Read(body)
                | ReadBody::Undecodable(body)
                | ReadBody::UnknownEncoding(body),
            ) => {
                return Ok((ReadBody::Refused(body, refusal), share));
            }
            (_, whole) => whole,
        };
        let whole = match whole {
            ReadBody::Read(body) => {
                ReadBody::Read(open(state, gateway, body, limit_bytes, &mut share).await?)
            }
            whole => whole,
        };
        return Ok((whole, share));
    }
    let mut reading = BodyReading::new(state, limit_bytes);
    while let Some(frame) = stream.frame().await {
        if let Ok(data) = frame.map_err(|_| Error::BodyIncomplete)?.into_data() {
            let data = arrival.take(data);
            reading.take(&data, &mut share, 0).await?;
        }
    }
    reading.take(&arrival.finish(), &mut share, 0).await?;
    let body = reading.finish().await?;
    if let Err(refusal) = arrival.verdict() {
        return Ok((ReadBody::Refused(body, refusal), share));
    }
    let body = open(state, gateway, body, limit_bytes, &mut share).await?;
    Ok((ReadBody::Read(body), share))
}

/// Opens the texts in which a body hides another one.
async fn open(
    state: &HttpState,
    gateway: Gateway,
    mut body: Body,
    limit_bytes: usize,
    share: &mut MemoryShare<'_>,
) -> Result<Body, Error> {
    for _ in 0..ingest::MOST_OPENED {
        let Some(mut opening) = ingest::open(&state.app.ingest, gateway, &body).await? else {
            break;
        };
        let mut reading = BodyReading::new(state, limit_bytes);
        while let Some(piece) = opening.next().await.map_err(cannot_write)? {
            reading.take(&piece, share, body.text.len()).await?;
        }
        body = reading.finish().await?;
    }
    Ok(body)
}

/// Keeps a compressed body as received until it is decoded, piece by piece.
async fn read_coded(
    state: &HttpState,
    headers: &HeaderMap,
    stream: &mut Stream,
    limit_bytes: usize,
    (share, arrival): (&mut MemoryShare<'_>, &mut Arrival),
) -> Result<ReadBody, Error> {
    let mut coded = BytesMut::new();
    while let Some(frame) = stream.frame().await {
        let Ok(data) = frame.map_err(|_| Error::BodyIncomplete)?.into_data() else {
            continue;
        };
        if coded.len() + data.len() > limit_bytes {
            return Err(Error::BodyTooLarge { limit_bytes });
        }
        share.grow(coded.len() + data.len())?;
        let data = arrival.take(data);
        coded.extend_from_slice(&data);
    }
    let coded = coded.freeze();
    let as_it_came = async |share: &mut MemoryShare<'_>| {
        let mut reading = BodyReading::new(state, limit_bytes);
        reading.take(&coded, share, coded.len()).await?;
        reading.finish().await
    };
    Ok(match BodyCodings::detect(headers, &coded) {
        BodyCodings::Plain => ReadBody::Read(as_it_came(share).await?),
        BodyCodings::Unknown => ReadBody::UnknownEncoding(as_it_came(share).await?),
        BodyCodings::Coded(decoding) => {
            match decode(state, &decoding, coded.clone(), limit_bytes, share).await? {
                Some(body) => ReadBody::Read(body),
                None => ReadBody::Undecodable(as_it_came(share).await?),
            }
        }
    })
}

/// The decoded body, which may be of any length. `None` when the coding does not fit.
async fn decode(
    state: &HttpState,
    decoding: &Decoding,
    coded: Bytes,
    limit_bytes: usize,
    share: &mut MemoryShare<'_>,
) -> Result<Option<Body>, Error> {
    let coded_bytes = coded.len();
    let Ok(mut reader) = decoding.read(coded) else {
        return Ok(None);
    };
    let mut reading = BodyReading::new(state, limit_bytes);
    let mut piece = vec![0; DECODED_PIECE_BYTES];
    loop {
        match reader.read(&mut piece) {
            Ok(0) => return reading.finish().await.map(Some),
            Ok(count) => reading.take(&piece[..count], share, coded_bytes).await?,
            Err(_) => return Ok(None),
        }
        tokio::task::yield_now().await;
    }
}

/// A body while it is read, within its limits.
struct BodyReading<'d> {
    state: &'d HttpState,
    incoming: Incoming,
    limit_bytes: usize,
    size_bytes: usize,
    checked_at_bytes: u64,
}

impl<'d> BodyReading<'d> {
    fn new(state: &'d HttpState, limit_bytes: usize) -> Self {
        Self {
            state,
            incoming: Incoming::new(&state.app.bodies, state.app.clock.now()),
            limit_bytes,
            size_bytes: 0,
            checked_at_bytes: 0,
        }
    }

    /// Takes the next bytes; `other_bytes` are in memory as well.
    async fn take(
        &mut self,
        data: &[u8],
        share: &mut MemoryShare<'_>,
        other_bytes: usize,
    ) -> Result<(), Error> {
        self.size_bytes += data.len();
        if self.size_bytes > self.limit_bytes {
            let limit_bytes = self.limit_bytes;
            return Err(Error::BodyTooLarge { limit_bytes });
        }
        self.incoming.take(data).await.map_err(cannot_write)?;
        share.grow(other_bytes + self.incoming.memory_bytes())?;
        if self.incoming.file_bytes() >= self.checked_at_bytes + CHECK_SPACE_EVERY_BYTES {
            self.checked_at_bytes = self.incoming.file_bytes();
            if !self.state.app.has_room_for_bodies() {
                return Err(Error::Unavailable);
            }
        }
        Ok(())
    }

    async fn finish(self) -> Result<Body, Error> {
        self.incoming.finish().await.map_err(cannot_write)
    }
}

fn cannot_write(error: io::Error) -> Error {
    tracing::error!(%error, "cannot write the body of a webhook");
    Error::Unavailable
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_bodies_leave_memory_to_small_ones() {
        let memory = Memory::new(8 << 20);
        let mut large = Vec::new();
        while let Ok(mut share) = MemoryShare::new(&memory) {
            if share.grow(1 << 20).is_err() {
                break;
            }
            large.push(share);
        }
        assert_eq!(large.len(), 2, "three copies of 1 MiB each, of 6 MiB");
        let small: Vec<_> = (0..32)
            .map(|_| {
                let mut share = MemoryShare::new(&memory).ok()?;
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
