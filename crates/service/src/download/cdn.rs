//! WhatsApp's own CDN: no session, no token, no intermediary. The bytes arrive encrypted, and are decrypted and verified
//! while they arrive. The meaning of each status follows WhatsApp Web.

use std::time::Duration;

use url::{Position, Url};
use wa_media::{
    Cause, Decryptor, DirectPath, Failure, KeyKind, LabelFinder, MediaKey, Verification,
};

use super::Downloader;
use super::stream::{self, SentCoding, StreamSource, Streamed, stream, stream_plain};
use super::{Proven, Trace, expected, storage_reason};
use crate::clock::Millis;
use crate::instances::Instance;
use crate::model::Reason;
use crate::net::guard::Guard;
use crate::net::{self, DownloadRequest, RequestStyle};
use crate::queue::Job;
use crate::storage::Staging;

/// The usual host, and its fallback.
pub const ORIGINS: [&str; 2] = [
    "https://mmg.whatsapp.net",
    "https://mmg-fallback.whatsapp.net",
];
pub(super) const DOMAINS: &[&str] = &["whatsapp.net"];
const MOST_RESUMES: u32 = 4;
/// The cooldown of a host that answered 429 or 507 without a time.
const USUAL_REST: Duration = Duration::from_secs(30);
const REST_AFTER_507: Duration = Duration::from_secs(600);

/// One address on the CDN.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct CdnLink {
    /// The whole address; never to be logged.
    url: String,
    origin: Url,
    /// Whether the operator configured the origin, which then may be anywhere.
    is_configured: bool,
    /// The host, with its port if it is not the default one: the key of its cooldown.
    pub authority: String,
}

/// The media's addresses in the order of use; or why there are none.
pub(super) fn links(job: &Job, instance: &Instance) -> Result<Vec<CdnLink>, Reason> {
    if job.media_key_malformed {
        return Err(Reason::BadMediaKey);
    }
    let Some(path) = &job.direct_path else {
        // Only media of channels have a link without a path.
        let url = job.static_url.as_ref().ok_or(Reason::KeysMissing)?;
        let path = wa_media::path_of_url(url).ok_or(Reason::LinkRefused)?;
        return Ok(vec![CdnLink::new(
            &url[..url.len() - path.len()],
            path,
            false,
        )?]);
    };
    let path = DirectPath::parse(path).map_err(|_| Reason::BadDirectPath)?;
    let origins = origins(instance);
    let is_configured = instance.cdn_base.is_some();
    let link = |origin: &str| CdnLink::new(origin, path.as_str(), is_configured);
    origins.into_iter().map(link).collect()
}

fn origins(instance: &Instance) -> Vec<&str> {
    match &instance.cdn_base {
        Some(bases) => bases.split(',').collect(),
        None => ORIGINS.to_vec(),
    }
}

/// The CDN hosts of an instance, in the form of [`CdnLink::authority`].
pub(super) fn authorities(instance: &Instance) -> Vec<String> {
    let parsed = |origin: &str| Url::parse(origin.trim()).ok();
    let urls = origins(instance).into_iter().filter_map(parsed);
    urls.map(|url| url.authority().to_owned()).collect()
}

/// Whether the link has expired by our clock. It is still requested, after the other routes: only its server knows.
pub(super) fn is_past(job: &Job, now: Millis) -> bool {
    let expires_at = job.direct_path.as_deref().and_then(wa_media::expiry_of);
    expires_at.is_some_and(|at| now >= at.saturating_mul(1_000))
}

impl CdnLink {
    /// Appends a path to an origin, and checks that the result has that path and origin.
    fn new(origin: &str, path: &str, is_configured: bool) -> Result<Self, Reason> {
        let origin = Url::parse(origin.trim()).map_err(|_| Reason::LinkRefused)?;
        let url = format!("{}{path}", origin.as_str().trim_end_matches('/'));
        let joined = Url::parse(&url).map_err(|_| Reason::BadDirectPath)?;
        if joined.origin() != origin.origin() || !joined[Position::BeforePath..].ends_with(path) {
            return Err(Reason::BadDirectPath);
        }
        let authority = origin.authority().to_owned();
        Ok(Self {
            url,
            origin,
            is_configured,
            authority,
        })
    }
}

/// Whether another CDN host may have the same file.
pub(super) fn another_host_may_help(reason: Reason) -> bool {
    matches!(
        reason,
        Reason::CdnUnreachable
            | Reason::CdnForbidden
            | Reason::CdnFailed
            | Reason::CdnCorrupt
            | Reason::CutShort
            | Reason::DownloadTimeout
            | Reason::EmptyBody
            | Reason::HtmlBody
            | Reason::JsonBody
            | Reason::BadEncoding
    )
}

/// Downloads the file, decrypts it if it has a key, and verifies it.
pub(super) async fn fetch(
    downloader: &Downloader,
    job: &Job,
    link: &CdnLink,
    trace: &mut Trace<'_>,
) -> Result<Proven, Reason> {
    trace.host = link.origin.host_str().map(str::to_owned);
    let allowed = &downloader.settings.allowed_hosts;
    let guard = if link.is_configured {
        Guard::new(link.origin.clone(), DOMAINS, allowed)
    } else {
        Guard::for_domains(DOMAINS, allowed)
    };
    let source = StreamSource {
        guard: &guard,
        wanted: DownloadRequest {
            link: &link.url,
            from: 0,
            style: RequestStyle::Cdn,
            headers: &[],
        },
        expected_bytes: job.declared_length,
        most_resumes: MOST_RESUMES,
        as_sent: false,
        explain,
    };
    let outcome = proven(downloader, job, &source, trace).await;
    if outcome.as_ref().err() == Some(&Reason::CdnThrottled) {
        let usual = match trace.http_status {
            Some(507) => REST_AFTER_507,
            _ => USUAL_REST,
        };
        let rest = *trace.retry_after.get_or_insert(usual);
        downloader.fetch.throttle(&link.authority, rest);
    }
    outcome
}

async fn proven(
    downloader: &Downloader,
    job: &Job,
    source: &StreamSource<'_>,
    trace: &mut Trace<'_>,
) -> Result<Proven, Reason> {
    let Some(key) = &job.media_key else {
        return unencrypted(downloader, job, source, trace).await;
    };
    let decryptor = Decryptor::new(key, job.key_kind, expected(job));
    let failure = match decrypted(downloader, job, source, trace, decryptor).await? {
        Ok(proven) => return Ok(proven),
        Err(failure) => failure,
    };
    match failure.cause {
        Cause::NotEncrypted => unencrypted(downloader, job, source, trace).await,
        // The bytes are right, or there is no hash to check: then another label may fit the key.
        Cause::WrongKey | Cause::Corrupt if failure.checks.enc_sha256 != Some(false) => {
            let label = fitting_label(downloader, source, trace, key).await?;
            let label = label.ok_or_else(|| cooldown_reason(failure.cause))?;
            let decryptor = Decryptor::of_proven_label(key, label, expected(job));
            let again = decrypted(downloader, job, source, trace, decryptor).await?;
            again.map_err(|failure| cooldown_reason(failure.cause))
        }
        cause => Err(cooldown_reason(cause)),
    }
}

async fn decrypted(
    downloader: &Downloader,
    job: &Job,
    source: &StreamSource<'_>,
    trace: &mut Trace<'_>,
    decryptor: Decryptor,
) -> Result<Result<Proven, Failure>, Reason> {
    let staging = downloader.storage.stage_for(&job.id);
    let Streamed {
        mut staging,
        process: decryptor,
        sent,
    } = stream(downloader, source, staging, trace, decryptor).await?;
    let mut last = Vec::new();
    let decrypted = match decryptor.finish(&mut last) {
        Ok(decrypted) => decrypted,
        Err(_) if sent == SentCoding::Unknown => return Err(Reason::BadEncoding),
        Err(failure) => return Ok(Err(rechecked(failure, &staging).await?)),
    };
    staging
        .write(&last)
        .await
        .map_err(|error| storage_reason(&error))?;
    if decrypted.key_kind != job.key_kind {
        tracing::info!(media = %job.id, declared = job.key_kind.wire_type(), found = decrypted.key_kind.wire_type(), "encrypted under another label than its type's");
    }
    Ok(Ok((staging, decrypted.verified)))
}

/// The failure with its exact cause, which may depend on the hash of the encrypted file.
async fn rechecked(failure: Failure, staging: &Staging) -> Result<Failure, Reason> {
    let mut recheck = match failure.recheck() {
        Ok(recheck) => recheck,
        Err(failure) => return Ok(failure),
    };
    let reading = staging.read(|plaintext| recheck.update(plaintext));
    reading.await.map_err(|error| storage_reason(&error))?;
    Ok(recheck.finish())
}

/// Reads the file a second time, to find the label that fits the key.
async fn fitting_label(
    downloader: &Downloader,
    source: &StreamSource<'_>,
    trace: &mut Trace<'_>,
    key: &MediaKey,
) -> Result<Option<KeyKind>, Reason> {
    let (finder, nothing) = (LabelFinder::new(key), downloader.storage.stage());
    let streamed = stream(downloader, source, nothing, trace, finder).await?;
    Ok(streamed.process.finish())
}

/// Media of channels are not encrypted; only their hash proves them.
async fn unencrypted(
    downloader: &Downloader,
    job: &Job,
    source: &StreamSource<'_>,
    trace: &mut Trace<'_>,
) -> Result<Proven, Reason> {
    let plain = stream_plain(downloader, job, source, trace).await;
    let (staging, verified) = plain.map_err(|reason| match (reason, &job.media_key) {
        // If the file is encrypted after all, the key is missing.
        (Reason::StillEncrypted, None) => Reason::KeysMissing,
        (reason, _) => reason,
    })?;
    // Without key and hash an encrypted file looks like noise, unless it begins like a known format.
    if verified.verification() == Verification::Unproven && !verified.begins_like_a_known_file() {
        return Err(Reason::Unprovable);
    }
    Ok((staging, verified))
}

/// The reason for a failed download.
fn explain(error: &net::Error, trace: &mut Trace<'_>) -> Reason {
    stream::explain(
        error,
        trace,
        Reason::CdnUnreachable,
        |status, said| match status {
            400 | 413 | 415 => Reason::CdnRefused,
            403 if said.contains("URL signature expired") => Reason::CdnExpired,
            401 | 403 => Reason::CdnForbidden,
            404 | 410 => Reason::CdnGone,
            429 | 507 => Reason::CdnThrottled,
            _ => Reason::CdnFailed,
        },
    )
}

fn cooldown_reason(cause: Cause) -> Reason {
    match cause {
        Cause::TooShort { received: 0 } => Reason::EmptyBody,
        Cause::TooShort { .. } | Cause::BadShape { .. } | Cause::Corrupt => Reason::CdnCorrupt,
        Cause::WrongKey => Reason::WrongKey,
        Cause::BadPadding => Reason::BadPadding,
        Cause::PlainHashMismatch | Cause::NotEncrypted => Reason::SenderHashWrong,
    }
}
