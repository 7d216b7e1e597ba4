//! The bytes in the delivery itself: nothing is requested.
//!
//! They are decoded piece by piece from the stored delivery. Once a stored file has them, the delivery only refers to it,
//! and they are read from there.

use std::io;

use bytes::Bytes;
use wa_media::{Base64Decoder, Inline, PlainVerifier, Refusal, Verified};

use super::{Downloader, stream};
use super::{Proven, Trace, expected, hints, refusal_reason, storage_reason};
use crate::deliveries::parts::{self, Pieces, Segment, Unavailable};
use crate::deliveries::{self, BodyReader};
use crate::gateway::locate;
use crate::instances::Instance;
use crate::media::{self, Media};
use crate::model::{MediaId, Reason};
use crate::queue::Job;
use crate::storage::{Staging, Storage};

/// Bytes of a stored file that are read at once.
const PIECE_BYTES: usize = 64 << 10;

/// Reads the delivery again, and takes the file out of it.
pub(super) async fn take(
    downloader: &Downloader,
    job: &Job,
    instance: &Instance,
    trace: &mut Trace<'_>,
) -> Result<Proven, Reason> {
    let inline = find(downloader, job, instance).await?;
    let segments = parts::segments(
        &downloader.db,
        &downloader.bodies,
        &job.delivery,
        inline.text(),
    )
    .await;
    let segments = segments.map_err(|error| match error {
        Unavailable::Gone => Reason::InlineGone,
        Unavailable::Db(_) | Unavailable::Io(_) => {
            tracing::error!(media = %job.id, error = crate::telemetry::chain(&error), "cannot read the bytes of a delivery now");
            Reason::StorageFailed
        }
    })?;
    let mut sink = InlineDecoder::new(downloader, job, trace);
    match stored(&segments) {
        Some((media, sha256)) => sink.copy(downloader, job, &media, &sha256).await?,
        None => sink.decode(segments).await?,
    }
    let (staging, verified) = sink.finish().await?;
    let verified = verified.map_err(|refusal| match refusal_reason(&refusal) {
        // The same bytes will be no better next time.
        Reason::HashMismatch => Reason::SenderHashWrong,
        _ => Reason::InlineMalformed,
    })?;
    Ok((staging, verified))
}

/// Takes the file that a gateway answered with.
pub(super) async fn take_answer(
    downloader: &Downloader,
    job: &Job,
    trace: &mut Trace<'_>,
    mut bytes: BodyReader<'_>,
) -> Result<Proven, Reason> {
    let mut sink = InlineDecoder::new(downloader, job, trace);
    while let Some(piece) = bytes.next().await.map_err(|error| match error.kind() {
        io::ErrorKind::InvalidData => Reason::GatewayBadAnswer,
        _ => Reason::StorageFailed,
    })? {
        sink.take(&piece).await?;
    }
    let (staging, verified) = sink.finish().await.map_err(|reason| match reason {
        Reason::InlineMalformed => Reason::GatewayBadAnswer,
        reason => reason,
    })?;
    Ok((
        staging,
        verified.map_err(|refusal| refusal_reason(&refusal))?,
    ))
}

/// Finds the file of a job in its delivery.
async fn find(downloader: &Downloader, job: &Job, instance: &Instance) -> Result<Inline, Reason> {
    let body = deliveries::body(&downloader.db, &job.delivery).await;
    let body = body.map_err(|error| {
        tracing::error!(media = %job.id, error = crate::telemetry::chain(&error), "cannot read a delivery now");
        Reason::StorageFailed
    })?;
    let body = body.ok_or(Reason::InlineGone)?;
    let readings = downloader
        .reader
        .read(instance.gateway, &Bytes::from(body))
        .await;
    let readings = readings
        .ok()
        .and_then(Result::ok)
        .ok_or(Reason::InlineGone)?;
    let found = locate(&readings, job.sought(), |found| found.inline.is_some());
    let inline = found.and_then(|found| found.inline.clone());
    inline.ok_or(Reason::InlineGone)
}

/// The stored file with the bytes, if the delivery only refers to one.
fn stored(segments: &[Segment]) -> Option<(MediaId, [u8; 32])> {
    let mut stored = None;
    for segment in segments {
        match segment {
            // The prefix of a `data:` address.
            Segment::Here(text)
                if text
                    .get(..5)
                    .is_some_and(|start| start.eq_ignore_ascii_case(b"data:")) => {}
            Segment::Stored { media, sha256 } if stored.is_none() => {
                stored = Some((media.clone(), *sha256));
            }
            _ => return None,
        }
    }
    stored
}

struct InlineDecoder<'s, 'r> {
    verifier: PlainVerifier,
    staging: Staging,
    trace: &'s mut Trace<'r>,
    size_bytes: u64,
}

impl<'s, 'r> InlineDecoder<'s, 'r> {
    fn new(downloader: &Downloader, job: &Job, trace: &'s mut Trace<'r>) -> Self {
        Self {
            verifier: PlainVerifier::new(expected(job), hints(job)),
            staging: downloader.storage.stage_for(&job.id),
            trace,
            size_bytes: 0,
        }
    }

    async fn finish(mut self) -> Result<(Staging, Result<Verified, Refusal>), Reason> {
        if self.size_bytes == 0 {
            return Err(Reason::InlineMalformed);
        }
        stream::read_again(&mut self.verifier, &self.staging).await?;
        Ok((self.staging, self.verifier.finish()))
    }

    async fn take(&mut self, bytes: &[u8]) -> Result<(), Reason> {
        self.verifier.update(bytes);
        self.size_bytes += bytes.len() as u64;
        self.trace.record_bytes(self.size_bytes);
        let written = self.staging.write(bytes).await;
        written.map_err(|error| storage_reason(&error))
    }

    async fn decode(&mut self, segments: Vec<Segment>) -> Result<(), Reason> {
        let mut decoder = Base64Decoder::new();
        let mut decoded = Vec::new();
        let malformed = |_| Reason::InlineMalformed;
        for segment in segments {
            let mut pieces = match segment {
                Segment::Here(text) => Pieces::Here(text),
                Segment::File {
                    file,
                    start,
                    length,
                } => Pieces::of_file(file, start, length).map_err(|error| piece_reason(&error))?,
                Segment::Stored { .. } => return Err(Reason::InlineGone),
            };
            while let Some(piece) = pieces.next().await.map_err(|error| piece_reason(&error))? {
                decoder.update(&piece, &mut decoded).map_err(malformed)?;
                self.take(&decoded).await?;
                decoded.clear();
            }
        }
        decoder.finish(&mut decoded).map_err(malformed)?;
        self.take(&decoded).await
    }

    async fn copy(
        &mut self,
        downloader: &Downloader,
        job: &Job,
        media: &MediaId,
        sha256: &[u8; 32],
    ) -> Result<(), Reason> {
        let path = path_of(downloader, job, media, sha256).await?;
        let path = path.ok_or(Reason::InlineGone)?;
        let opening = move |storage: &Storage| storage.open_stored(&path);
        let opened = downloader.storage.blocking(opening).await;
        let mut file = opened.map_err(|error| {
            if error.is_missing() {
                Reason::InlineGone
            } else {
                Reason::StorageFailed
            }
        })?;
        loop {
            let reading = file.piece(PIECE_BYTES).await;
            let (rest, piece) = reading.map_err(|error| piece_reason(&error))?;
            if piece.is_empty() {
                break;
            }
            self.take(&piece).await?;
            file = rest;
        }
        // A modified file does not have the delivery's bytes.
        if self.verifier.sha256() == *sha256 {
            Ok(())
        } else {
            Err(Reason::InlineGone)
        }
    }
}

/// The stored file of the media, or another of the same client with the same bytes.
async fn path_of(
    downloader: &Downloader,
    job: &Job,
    media: &MediaId,
    sha256: &[u8; 32],
) -> Result<Option<String>, Reason> {
    let unavailable = |_| Reason::StorageFailed;
    let known = media::find(&downloader.db, media)
        .await
        .map_err(unavailable)?;
    let known = known.filter(|known| known.client == job.client);
    match known.as_ref().and_then(Media::path) {
        Some(path) => Ok(Some(path.to_owned())),
        None => media::same_bytes(&downloader.db, job.client, sha256)
            .await
            .map_err(unavailable),
    }
}

/// Why the next piece cannot be read.
fn piece_reason(error: &io::Error) -> Reason {
    match error.kind() {
        // The file is shorter than before.
        io::ErrorKind::UnexpectedEof => Reason::InlineGone,
        _ => Reason::StorageFailed,
    }
}
