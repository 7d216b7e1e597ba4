//! Streams one file from the network into a staged one, and verifies every chunk.

use std::time::Duration;

use wa_media::{PlainVerifier, Verification};

use super::Downloader;
use super::pipeline::{Pipeline, Process};
use super::{Proven, Trace, expected, hints, refusal_reason, storage_reason};
use crate::model::Reason;
use crate::net::guard::Guard;
use crate::net::{self, Coding, Decoder, DownloadRequest, TransferPace, UnknownCoding};
use crate::queue::Job;
use crate::storage::Staging;
use crate::telemetry;

/// A connection with fewer bytes than this, and less than a sixteenth of the file, made no progress.
const LEAST_PROGRESS_BYTES: u64 = 64 << 10;
/// The pause after a host dropped a connection.
const BETWEEN_RESUMES: Duration = Duration::from_millis(100);

/// A file to download, and how to explain its failures.
pub(super) struct StreamSource<'a> {
    pub guard: &'a Guard,
    pub wanted: DownloadRequest<'a>,
    /// The expected size, which decides how long the download may take.
    pub expected_bytes: Option<u64>,
    /// How often in a row an interrupted download is resumed without progress.
    pub most_resumes: u32,
    /// Whether compressed bytes are taken as they are: some servers declare a file compressed that is sent as stored.
    pub as_sent: bool,
    /// Names a failure and records its details.
    pub explain: fn(&net::Error, &mut Trace<'_>) -> Reason,
}

/// How a file was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SentCoding {
    Plain,
    /// Compressed, and decoded.
    Decoded,
    /// Compressed in a way that cannot be decoded, or so the server says: taken as sent.
    Unknown,
}

/// The way of a download: decoder, verification, staged file.
struct StreamSink<P> {
    pipeline: Pipeline<P>,
    /// Of the first response; later ones must have the same.
    codings: Option<Result<Vec<Coding>, UnknownCoding>>,
    decoder: Decoder,
    /// Decoded bytes that are not processed yet.
    decoded: Vec<u8>,
    size_bytes: u64,
    limit_bytes: u64,
    as_sent: bool,
}

impl<P: Process> StreamSink<P> {
    /// Begins a response.
    fn begin(&mut self, codings: &Result<Vec<Coding>, UnknownCoding>) -> Result<(), Reason> {
        match &self.codings {
            Some(before) if before != codings => return Err(Reason::CutShort),
            Some(_) => {}
            None => {
                self.codings = Some(codings.clone());
                let codings = codings.as_deref().unwrap_or_default();
                self.decoder = Decoder::new(if self.as_sent { &[] } else { codings });
            }
        }
        Ok(())
    }

    /// Whether the bytes are taken as sent, without a decoder and its buffers.
    fn is_plain(&self) -> bool {
        self.as_sent || matches!(&self.codings, Some(Ok(codings)) if codings.is_empty())
    }

    async fn put(&mut self, chunk: &[u8]) -> Result<(), Reason> {
        if self.is_plain() {
            return self.pass(chunk).await;
        }
        self.decoder.push(chunk);
        while self
            .decoder
            .next(&mut self.decoded)
            .map_err(|error| coding_reason(&error))?
        {
            self.pass_decoded().await?;
        }
        Ok(())
    }

    async fn finish(mut self) -> Result<Streamed<P>, Reason> {
        let finished = self.decoder.finish(&mut self.decoded);
        finished.map_err(|error| coding_reason(&error))?;
        self.pass_decoded().await?;
        let finished = self.pipeline.finish().await;
        let (staging, process) = finished.map_err(|error| storage_reason(&error))?;
        let sent = match &self.codings {
            Some(Err(_)) => SentCoding::Unknown,
            Some(Ok(codings)) if !codings.is_empty() => SentCoding::Decoded,
            _ => SentCoding::Plain,
        };
        Ok(Streamed {
            staging,
            process,
            sent,
        })
    }

    async fn pass_decoded(&mut self) -> Result<(), Reason> {
        let mut decoded = std::mem::take(&mut self.decoded);
        self.pass(&decoded).await?;
        decoded.clear();
        self.decoded = decoded;
        Ok(())
    }

    async fn pass(&mut self, bytes: &[u8]) -> Result<(), Reason> {
        self.size_bytes += bytes.len() as u64;
        if self.size_bytes > self.limit_bytes {
            return Err(Reason::TooLarge);
        }
        let putting = self.pipeline.put(bytes);
        putting.await.map_err(|error| storage_reason(&error))
    }
}

fn coding_reason(error: &std::io::Error) -> Reason {
    match error.kind() {
        std::io::ErrorKind::UnexpectedEof => Reason::CutShort,
        _ => Reason::BadEncoding,
    }
}

/// A download whose bytes all arrived.
pub(super) struct Streamed<P> {
    pub staging: Staging,
    pub process: P,
    pub sent: SentCoding,
}

/// Downloads the whole file through `process`.
pub(super) async fn stream<P: Process>(
    downloader: &Downloader,
    source: &StreamSource<'_>,
    staging: Staging,
    trace: &mut Trace<'_>,
    process: P,
) -> Result<Streamed<P>, Reason> {
    let mut sink = StreamSink {
        pipeline: Pipeline::new(staging, process, &downloader.lanes),
        codings: None,
        decoder: Decoder::new(&[]),
        decoded: Vec::new(),
        size_bytes: 0,
        limit_bytes: downloader.settings.max_file.bytes(),
        as_sent: source.as_sent,
    };
    let mut whole_bytes: Option<u64> = None;
    let mut received = 0;
    let mut pace = downloader.fetch.pace(source.expected_bytes);
    // Resumes in a row without progress. A server that drops often but continues sends the whole file in the end.
    let mut in_vain = 0;
    loop {
        let before = received;
        let broken = match receive(
            downloader,
            source,
            &mut sink,
            trace,
            &mut pace,
            (received, whole_bytes),
        )
        .await?
        {
            Received { error: None, .. } => return sink.finish().await,
            Received {
                error: Some(error),
                bytes,
                whole,
            } => {
                received = bytes;
                whole_bytes = whole;
                error
            }
        };
        let progress = whole_bytes.map_or(LEAST_PROGRESS_BYTES, |whole| {
            (whole / 16).clamp(1, LEAST_PROGRESS_BYTES)
        });
        in_vain = if received - before >= progress {
            0
        } else {
            in_vain + 1
        };
        if received == 0
            || pace.is_over(tokio::time::Instant::now())
            || source.most_resumes == 0
            || in_vain > source.most_resumes
            || !may_go_on(&broken)
        {
            return Err((source.explain)(&broken, trace));
        }
        tokio::time::sleep(BETWEEN_RESUMES).await;
    }
}

/// The result of one connection.
struct Received {
    bytes: u64,
    whole: Option<u64>,
    /// Why it did not reach the end.
    error: Option<net::Error>,
}

/// Reads one connection, from byte `from` on.
async fn receive(
    downloader: &Downloader,
    source: &StreamSource<'_>,
    sink: &mut StreamSink<impl Process>,
    trace: &mut Trace<'_>,
    pace: &mut TransferPace,
    (from, whole): (u64, Option<u64>),
) -> Result<Received, Reason> {
    let wanted = DownloadRequest {
        from,
        ..source.wanted
    };
    let stopped = |bytes, whole, error| {
        Ok(Received {
            bytes,
            whole,
            error,
        })
    };
    let mut download = match downloader.fetch.download(source.guard, &wanted, pace).await {
        Ok(download) => download,
        // The server will not resume; the next attempt starts over.
        Err(net::Error::Status {
            status: status @ (200 | 416),
            ..
        }) if from > 0 => {
            trace.http_status = Some(status);
            return Err(Reason::CutShort);
        }
        Err(error) => return stopped(from, whole, Some(error)),
    };
    trace.http_status = Some(download.status);
    trace.host = Some(download.host().to_owned());
    if whole.is_some() && download.whole_bytes != whole {
        return Err(Reason::CutShort);
    }
    sink.begin(&download.codings)?;
    if let Err(unknown) = &download.codings {
        trace.cause = Some(unknown.to_string());
    }
    let whole = whole.or(download.whole_bytes);
    let mut bytes = from;
    loop {
        let chunk = match download.next(pace).await {
            Ok(Some(chunk)) => chunk,
            Ok(None) if whole.is_some_and(|whole| bytes < whole) => {
                return stopped(bytes, whole, Some(net::Error::EndedEarly));
            }
            Ok(None) => return stopped(bytes, whole, None),
            Err(error) => return stopped(bytes, whole, Some(error)),
        };
        bytes += chunk.len() as u64;
        trace.record_bytes(bytes);
        sink.put(&chunk).await?;
    }
}

fn may_go_on(error: &net::Error) -> bool {
    match error {
        net::Error::CutShort(_)
        | net::Error::EndedEarly
        | net::Error::TimedOut
        | net::Error::Unreachable(_) => true,
        net::Error::Status { status, .. } => matches!(status, 500..=506 | 508..=599),
        net::Error::Refused(_)
        | net::Error::ProxyAuthorization
        | net::Error::UnknownCoding(_)
        | net::Error::Undecodable(_)
        | net::Error::TooLarge { .. } => false,
    }
}

/// Downloads the whole unencrypted file, and verifies it.
pub(super) async fn stream_plain(
    downloader: &Downloader,
    job: &Job,
    source: &StreamSource<'_>,
    trace: &mut Trace<'_>,
) -> Result<Proven, Reason> {
    let as_sent = StreamSource {
        as_sent: true,
        ..*source
    };
    // Some servers declare a file compressed in transit that is compressed itself.
    let is_compressed = is_gzip(job);
    let first = if is_compressed && job.expected_sha256.is_none() {
        &as_sent
    } else {
        source
    };
    match stream_once(downloader, job, first, trace).await {
        Err((reason @ (Reason::HashMismatch | Reason::BadEncoding), SentCoding::Decoded))
            if job.expected_sha256.is_some() =>
        {
            let again = stream_once(downloader, job, &as_sent, trace).await;
            again.map_err(|_| reason)
        }
        outcome => outcome.map_err(|(reason, _)| reason),
    }
}

/// Also returns how the file was sent when it is not the expected one.
async fn stream_once(
    downloader: &Downloader,
    job: &Job,
    source: &StreamSource<'_>,
    trace: &mut Trace<'_>,
) -> Result<Proven, (Reason, SentCoding)> {
    let verifier = PlainVerifier::new(expected(job), hints(job));
    let staging = downloader.storage.stage_for(&job.id);
    let streamed = stream(downloader, source, staging, trace, verifier).await;
    let Streamed {
        staging,
        process: mut verifier,
        sent,
    } = streamed.map_err(|reason| match reason {
        // Only decoded bytes can be undecodable.
        Reason::BadEncoding => (reason, SentCoding::Decoded),
        _ => (reason, SentCoding::Plain),
    })?;
    let reread = read_again(&mut verifier, &staging).await;
    reread.map_err(|reason| (reason, SentCoding::Plain))?;
    match verifier.finish() {
        // Nothing proves that it is the file.
        Ok(verified)
            if sent == SentCoding::Unknown && verified.verification() == Verification::Unproven =>
        {
            Err((Reason::BadEncoding, sent))
        }
        Ok(verified) => Ok((staging, verified)),
        Err(_) if sent == SentCoding::Unknown => Err((Reason::BadEncoding, sent)),
        Err(refusal) => Err((refusal_reason(&refusal), sent)),
    }
}

/// The second reading of the staged bytes, if it decides whether they are still encrypted.
pub(super) async fn read_again(
    verifier: &mut PlainVerifier,
    staging: &Staging,
) -> Result<(), Reason> {
    if !verifier.needs_second_reading() {
        return Ok(());
    }
    let reading = staging.read(|bytes| verifier.read_again(bytes));
    reading.await.map_err(|error| storage_reason(&error))
}

/// Whether the message declares the file as gzip.
fn is_gzip(job: &Job) -> bool {
    let mime = job
        .mime_declared
        .as_deref()
        .unwrap_or("")
        .to_ascii_lowercase();
    let name = job.file_name.as_deref().unwrap_or("").to_ascii_lowercase();
    mime.contains("gzip") || name.ends_with(".gz") || name.ends_with(".tgz")
}

/// Explains the failures that all routes share; the caller explains a missing answer and a status.
pub(super) fn explain(
    error: &net::Error,
    trace: &mut Trace<'_>,
    unreachable: Reason,
    of_status: impl FnOnce(u16, &str) -> Reason,
) -> Reason {
    trace.cause = Some(telemetry::chain(error));
    match error {
        net::Error::Refused(_) => Reason::LinkRefused,
        net::Error::Unreachable(_) | net::Error::ProxyAuthorization => unreachable,
        net::Error::TimedOut => Reason::DownloadTimeout,
        net::Error::CutShort(_) | net::Error::EndedEarly => Reason::CutShort,
        net::Error::UnknownCoding(_) | net::Error::Undecodable(_) => Reason::BadEncoding,
        net::Error::TooLarge { .. } => Reason::TooLarge,
        net::Error::Status {
            status,
            retry_after,
            excerpt,
        } => {
            trace.http_status = Some(*status);
            trace.retry_after = *retry_after;
            of_status(*status, excerpt)
        }
    }
}
