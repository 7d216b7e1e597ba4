//! Reads the body of a webhook within the memory that all bodies share. Long texts in it go to files while it is read, so
//! only the rest counts. `pace` limits how slowly it may come.

use std::io::{self, Read as _};
use std::time::Duration;

use axum::body::Body as Stream;
use axum::http::{HeaderMap, header};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt as _;
use tokio::sync::{Semaphore, SemaphorePermit};

use super::HttpState;
use super::encoding::{BodyCodings, Decoding, is_compressed};
use super::error::Error;
use crate::deliveries::{Body, Incoming};
use crate::gateway::Gateway;
use crate::gateway::multipart::{self, Multipart};
use crate::gateway::signature::{Refusal, Signed, Verifier};
use crate::gateway::wide_text::{WideForm, WideText};
use crate::ingest;

const STEP_KIB: usize = 16;
/// The rest of a body is in memory several times while it is read, compressed and committed.
const COPIES: usize = 3;
/// A body that needs more memory is a large one. Large bodies leave a quarter of the memory to the others.
const LARGE_KIB: usize = 128;
const PIECE_BYTES: usize = 64 << 10;
/// The free disk space is checked after this many bytes.
const CHECK_SPACE_EVERY_BYTES: u64 = 8 << 20;

/// How much of a refused body is searched for the instance that it names.
const BEGINNING_BYTES: usize = 16 << 10;
/// How long to wait for it.
const BEGINNING_PATIENCE: Duration = Duration::from_millis(200);

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

/// How the body of a delivery is checked while it arrives.
pub(super) struct Arrival {
    /// The values to check it again.
    pub signed: Signed,
    /// Before its first byte; `None` when only the address proves the delivery.
    pub verifier: Option<Verifier>,
    /// The boundary of a multipart body, by the headers.
    pub boundary: Option<String>,
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
    let first = next_data(stream).await?.unwrap_or_default();
    // Forwarders drop the header of a body that they pass on as it is.
    let is_coded = headers.contains_key(header::CONTENT_ENCODING) || is_compressed(&first);
    let whole = if is_coded {
        let coded = read_all(stream, first, limit_bytes, &mut share).await?;
        read_coded(state, headers, coded, limit_bytes, (&mut share, arrival)).await?
    } else {
        let mut reading = CheckedReading::new(state, limit_bytes, arrival);
        let mut next = Some(first);
        while let Some(data) = next {
            reading.take(&data, &mut share, 0).await?;
            next = next_data(stream).await?;
        }
        reading.finish(&mut share, 0).await?.verdict(arrival, None)
    };
    let whole = match whole {
        ReadBody::Read(body) => {
            ReadBody::Read(open(state, gateway, body, limit_bytes, &mut share).await?)
        }
        whole => whole,
    };
    Ok((whole, share))
}

async fn next_data(stream: &mut Stream) -> Result<Option<Bytes>, Error> {
    while let Some(frame) = stream.frame().await {
        if let Ok(data) = frame.map_err(|_| Error::BodyIncomplete)?.into_data() {
            return Ok(Some(data));
        }
    }
    Ok(None)
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

/// A compressed body is kept as received until it is decoded, piece by piece.
async fn read_all(
    stream: &mut Stream,
    first: Bytes,
    limit_bytes: usize,
    share: &mut MemoryShare<'_>,
) -> Result<Bytes, Error> {
    let (mut coded, mut next) = (BytesMut::new(), Some(first));
    while let Some(data) = next {
        if coded.len() + data.len() > limit_bytes {
            return Err(Error::BodyTooLarge { limit_bytes });
        }
        share.grow(coded.len() + data.len())?;
        coded.extend_from_slice(&data);
        next = next_data(stream).await?;
    }
    Ok(coded.freeze())
}

/// A gateway signs what it sends, and a proxy may compress it afterwards, so a signature may be over either.
async fn read_coded(
    state: &HttpState,
    headers: &HeaderMap,
    coded: Bytes,
    limit_bytes: usize,
    (share, arrival): (&mut MemoryShare<'_>, &mut Arrival),
) -> Result<ReadBody, Error> {
    let codings = BodyCodings::detect(headers, &coded);
    if let BodyCodings::Coded(decoding) = &codings {
        let reading = CheckedReading::new(state, limit_bytes, arrival);
        let read = decode(reading, decoding, coded.clone(), share).await?;
        if let Some(read) = read {
            return Ok(read.verdict(arrival, Some(&coded)));
        }
    }
    let mut reading = CheckedReading::new(state, limit_bytes, arrival);
    reading.take(&coded, share, coded.len()).await?;
    let read = reading.finish(share, coded.len()).await?;
    Ok(match (codings, read.verdict(arrival, None)) {
        (BodyCodings::Unknown, ReadBody::Read(body)) => ReadBody::UnknownEncoding(body),
        (BodyCodings::Coded(_), ReadBody::Read(body)) => ReadBody::Undecodable(body),
        (_, read) => read,
    })
}

/// The decoded body, which may be of any length. `None` when the coding does not fit.
async fn decode(
    mut reading: CheckedReading<'_>,
    decoding: &Decoding,
    coded: Bytes,
    share: &mut MemoryShare<'_>,
) -> Result<Option<CheckedBody>, Error> {
    let coded_bytes = coded.len();
    let Ok(mut reader) = decoding.read(coded) else {
        return Ok(None);
    };
    let mut piece = vec![0; PIECE_BYTES];
    loop {
        match reader.read(&mut piece) {
            Ok(0) => return reading.finish(share, coded_bytes).await.map(Some),
            Ok(count) => reading.take(&piece[..count], share, coded_bytes).await?,
            Err(_) => return Ok(None),
        }
        tokio::task::yield_now().await;
    }
}

/// So much of a body decides whether it is a multipart one, or in UTF-16 or UTF-32.
const HEAD_BYTES: usize = 512;
/// Longer compressed bodies are only checked again over what they contain.
const MOST_CODED_BYTES: usize = 16 << 20;

/// A body that is checked while it is read. A multipart one is read as JSON too, and one in UTF-16 or UTF-32 as UTF-8. A
/// multipart one is kept as it came if it is malformed, or its signature is refused.
struct CheckedReading<'d> {
    whole: BodyReading<'d>,
    verifier: Option<Verifier>,
    /// Before the first byte.
    fresh: Option<Verifier>,
    boundary: Option<String>,
    /// The beginning, until it is decided what the body is.
    head: Option<Vec<u8>>,
    converted: Option<Converted<'d>>,
}

struct Converted<'d> {
    converter: Converter,
    reading: BodyReading<'d>,
}

enum Converter {
    /// With its boundary.
    Multipart(Multipart, String),
    Wide(WideText),
}

impl Converter {
    fn new(declared_boundary: Option<&str>, head: &[u8]) -> Option<Self> {
        if let Some(wide) = WideText::detect(head) {
            return Some(Self::Wide(wide));
        }
        let boundary = multipart::boundary_of_head(declared_boundary, head)?;
        Some(Self::Multipart(Multipart::new(&boundary), boundary))
    }

    fn update(&mut self, data: &[u8]) -> Vec<u8> {
        match self {
            Self::Multipart(multipart, _) => multipart.update(data),
            Self::Wide(wide) => wide.update(data),
        }
    }
}

/// How a body came that was converted.
enum OriginalForm {
    /// With its boundary.
    Multipart(String),
    /// `None` if it cannot be written again.
    Wide(Option<WideForm>),
}

/// A body that was read, and its checks.
struct CheckedBody {
    whole: Body,
    converted: Option<(Body, OriginalForm)>,
    verifiers: Vec<Verifier>,
}

impl<'d> CheckedReading<'d> {
    fn new(state: &'d HttpState, limit_bytes: usize, arrival: &Arrival) -> Self {
        Self {
            whole: BodyReading::new(state, limit_bytes),
            verifier: arrival.verifier.clone(),
            fresh: arrival.verifier.clone(),
            boundary: arrival.boundary.clone(),
            head: Some(Vec::new()),
            converted: None,
        }
    }

    async fn take(
        &mut self,
        data: &[u8],
        share: &mut MemoryShare<'_>,
        other_bytes: usize,
    ) -> Result<(), Error> {
        if let Some(verifier) = &mut self.verifier {
            verifier.update(data);
        }
        self.whole.take(data, share, other_bytes).await?;
        if let Some(head) = &mut self.head {
            head.extend_from_slice(data);
            if head.len() < HEAD_BYTES {
                return Ok(());
            }
            return self.decide(share, other_bytes).await;
        }
        self.convert(data, share, other_bytes).await
    }

    /// Begins to convert a body, by its first bytes.
    async fn decide(
        &mut self,
        share: &mut MemoryShare<'_>,
        other_bytes: usize,
    ) -> Result<(), Error> {
        let head = self.head.take().unwrap_or_default();
        let converter = Converter::new(self.boundary.as_deref(), &head);
        self.converted = converter.map(|converter| Converted {
            converter,
            // Files become a third longer in base64, and Asian letters half as long again.
            reading: BodyReading::new(
                self.whole.state,
                self.whole.limit_bytes / 2 * 3 + PIECE_BYTES,
            ),
        });
        self.convert(&head, share, other_bytes).await
    }

    async fn convert(
        &mut self,
        data: &[u8],
        share: &mut MemoryShare<'_>,
        other_bytes: usize,
    ) -> Result<(), Error> {
        let Some(converted) = &mut self.converted else {
            return Ok(());
        };
        let json = converted.converter.update(data);
        let other_bytes = other_bytes + self.whole.incoming.memory_bytes();
        converted.reading.take(&json, share, other_bytes).await
    }

    async fn finish(
        mut self,
        share: &mut MemoryShare<'_>,
        other_bytes: usize,
    ) -> Result<CheckedBody, Error> {
        if self.head.is_some() {
            self.decide(share, other_bytes).await?;
        }
        let mut verifiers: Vec<_> = self.verifier.into_iter().collect();
        let mut read = None;
        if let Some(mut converted) = self.converted {
            let ended = match converted.converter {
                Converter::Wide(wide) => {
                    let (rest, form) = wide.finish();
                    Some((rest, None, OriginalForm::Wide(form)))
                }
                Converter::Multipart(multipart, boundary) => {
                    let ended = multipart.finish().ok();
                    ended.map(|(rest, fields)| (rest, fields, OriginalForm::Multipart(boundary)))
                }
            };
            if let Some((rest, fields, form)) = ended {
                converted.reading.take(&rest, share, other_bytes).await?;
                read = Some((converted.reading.finish().await?, form));
                if let (Some(mut verifier), Some(fields)) = (self.fresh, fields) {
                    verifier.update(&fields);
                    verifiers.push(verifier);
                }
            }
        }
        Ok(CheckedBody {
            whole: self.whole.finish().await?,
            converted: read,
            verifiers,
        })
    }
}

impl CheckedBody {
    /// The part of it to read, or why it is refused. `coded` is the body before it was decoded.
    fn verdict(self, arrival: &mut Arrival, coded: Option<&Bytes>) -> ReadBody {
        let mut verifiers = self.verifiers;
        if let (Some(coded), Some(mut verifier)) = (coded, arrival.verifier.clone()) {
            verifier.update(coded);
            verifiers.push(verifier);
        }
        let verdict = match arrival.verifier {
            Some(_) => Verifier::any(verifiers),
            None => Ok(()),
        };
        match (verdict, self.converted) {
            (Ok(()), Some((body, _))) => ReadBody::Read(body),
            (Ok(()), None) => ReadBody::Read(self.whole),
            (Err(refusal), converted) => {
                let coded = coded.filter(|coded| coded.len() <= MOST_CODED_BYTES);
                arrival.signed.coded = coded.map(|coded| STANDARD.encode(coded));
                let kept = match converted {
                    // Its tokens and names are found in UTF-8 only. One with too many defects is not accepted any more.
                    Some((body, OriginalForm::Wide(form))) => {
                        arrival.signed.wide = form;
                        body
                    }
                    Some((_, OriginalForm::Multipart(boundary))) => {
                        arrival.signed.boundary = Some(boundary);
                        self.whole
                    }
                    None => self.whole,
                };
                ReadBody::Refused(kept, refusal)
            }
        }
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

/// The beginning of a refused body, as far as it has arrived: the answer does not wait for the rest. A client that asks
/// first whether to send the body (`Expect: 100-continue`) is answered without it.
pub(super) async fn beginning(mut body: Stream, headers: &HeaderMap) -> Vec<u8> {
    let mut beginning = Vec::new();
    if headers.contains_key(header::EXPECT) {
        return beginning;
    }
    let reading = async {
        while beginning.len() < BEGINNING_BYTES {
            let Some(Ok(frame)) = body.frame().await else {
                break;
            };
            let Some(data) = frame.data_ref() else {
                continue;
            };
            let remaining = BEGINNING_BYTES - beginning.len();
            beginning.extend_from_slice(&data[..data.len().min(remaining)]);
        }
    };
    let _ = tokio::time::timeout(BEGINNING_PATIENCE, reading).await;
    beginning
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
