//! WhatsApp's own CDN: no session, no token, no go-between. The bytes come encrypted, and are decrypted and
//! proven as they come. What a status means is taken from WhatsApp Web's behaviour.

use wa_media::{Cause, Decryptor, DirectPath, Verified};

use super::{Trace, expected, keys, reason_of_download, reason_of_storage};
use crate::app::App;
use crate::fetch::Error;
use crate::fetch::guard::Guard;
use crate::media::Reason;
use crate::queue::Job;
use crate::registry::Instance;
use crate::vault::Staging;

/// The usual host, and the one that is asked when it fails.
const ORIGINS: [&str; 2] = [
    "https://mmg.whatsapp.net",
    "https://mmg-fallback.whatsapp.net",
];
const DOMAINS: &[&str] = &["whatsapp.net"];
/// How often a download that broke off is taken up where it ended.
const MOST_RESUMES: u32 = 4;

/// Whether the link's own signature has expired, so that asking is of no use.
pub(super) fn is_too_late(app: &App, job: &Job) -> bool {
    let expires_at = job.direct_path.as_deref().and_then(wa_media::expiry_of);
    expires_at.is_some_and(|at| app.clock.now() >= at.saturating_mul(1_000))
}

/// Fetches the encrypted file from one host, or from the next, and decrypts it.
pub(super) async fn fetch(
    app: &App,
    job: &Job,
    instance: &Instance,
    trace: &mut Trace,
) -> Result<(Staging, Verified), Reason> {
    let (_, path) = keys(job)?;
    let path = DirectPath::parse(path).map_err(|_| Reason::BadDirectPath)?;
    let origins = match &instance.cdn_base {
        Some(origin) => vec![origin.as_str()],
        None => ORIGINS.to_vec(),
    };
    let mut failed = Reason::CdnUnreachable;
    for origin in origins {
        match from_host(app, job, origin, &path, trace).await {
            Err(reason) if another_host_may_help(reason) => failed = reason,
            outcome => return outcome,
        }
    }
    Err(failed)
}

fn another_host_may_help(reason: Reason) -> bool {
    matches!(
        reason,
        Reason::CdnUnreachable
            | Reason::CdnForbidden
            | Reason::CdnFailed
            | Reason::CdnCorrupt
            | Reason::CutShort
            | Reason::DownloadTimeout
    )
}

async fn from_host(
    app: &App,
    job: &Job,
    origin: &str,
    path: &DirectPath,
    trace: &mut Trace,
) -> Result<(Staging, Verified), Reason> {
    let base = url::Url::parse(origin).map_err(|_| Reason::LinkRefused)?;
    let host = base.host_str().unwrap_or("").to_owned();
    trace.host = Some(host.clone());
    if app.fetch.is_braked(&host) {
        return Err(Reason::CdnThrottled);
    }
    let guard = Guard::new(base, DOMAINS, &app.config.fetch.allowed_hosts);
    let link = path.url(origin);
    let (key, _) = keys(job)?;
    let mut decryptor = Decryptor::new(key, job.key_kind, expected(job));
    let mut staging = app.vault.stage();
    let mut plaintext = Vec::new();
    let mut resumes = 0;
    loop {
        let broke =
            match receive(app, job, &guard, &link, &mut decryptor, &mut staging, trace).await? {
                Received::All => break,
                Received::Broke(reason) => reason,
            };
        resumes += 1;
        if resumes > MOST_RESUMES || decryptor.received_bytes() == 0 {
            return Err(broke);
        }
    }
    let decrypted = decryptor
        .finish(&mut plaintext)
        .map_err(|failure| reason_of_cause(failure.cause))?;
    staging
        .write(&plaintext)
        .await
        .map_err(|error| reason_of_storage(&error))?;
    Ok((staging, decrypted.verified))
}

enum Received {
    All,
    /// The connection ended or stalled in the middle; what came is good so far.
    Broke(Reason),
}

/// Takes what one connection gives, from where the last one ended.
async fn receive(
    app: &App,
    job: &Job,
    guard: &Guard,
    link: &str,
    decryptor: &mut Decryptor,
    staging: &mut Staging,
    trace: &mut Trace,
) -> Result<Received, Reason> {
    let from = decryptor.received_bytes();
    let mut download = match app
        .fetch
        .download_from(guard, link, from, job.length_told)
        .await
    {
        Ok(download) => download,
        Err(error) => return Err(refusal(app, &error, trace)),
    };
    trace.http_status = Some(download.status);
    let mut plaintext = Vec::new();
    loop {
        let chunk = match download.next().await {
            Ok(Some(chunk)) => chunk,
            Ok(None) => return Ok(Received::All),
            Err(error @ (Error::CutShort(_) | Error::TimedOut)) => {
                return Ok(Received::Broke(reason_of_download(&error, trace)));
            }
            Err(error) => return Err(reason_of_download(&error, trace)),
        };
        decryptor.update(&chunk, &mut plaintext);
        trace.size_bytes = decryptor.received_bytes();
        staging
            .write(&plaintext)
            .await
            .map_err(|error| reason_of_storage(&error))?;
        plaintext.clear();
    }
}

/// What it means that no file came.
fn refusal(app: &App, error: &Error, trace: &mut Trace) -> Reason {
    let Error::Status {
        status,
        retry_after,
        excerpt,
    } = error
    else {
        return match error {
            Error::Unreachable(_) => Reason::CdnUnreachable,
            other => reason_of_download(other, trace),
        };
    };
    trace.http_status = Some(*status);
    trace.retry_after = *retry_after;
    match status {
        400 => Reason::CdnRefused,
        403 if excerpt.contains("URL signature expired") => Reason::CdnExpired,
        401 | 403 => Reason::CdnForbidden,
        404 | 410 => Reason::CdnGone,
        429 | 507 => {
            if let Some(host) = &trace.host {
                app.fetch.brake(host, *retry_after);
            }
            Reason::CdnThrottled
        }
        _ => Reason::CdnFailed,
    }
}

fn reason_of_cause(cause: Cause) -> Reason {
    match cause {
        Cause::TooShort { received: 0 } => Reason::EmptyBody,
        Cause::TooShort { .. } | Cause::BadShape { .. } | Cause::Corrupt => Reason::CdnCorrupt,
        Cause::WrongKey => Reason::WrongKey,
        Cause::BadPadding => Reason::BadPadding,
        Cause::PlainHashMismatch => Reason::HashMismatch,
    }
}
