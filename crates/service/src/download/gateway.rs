//! The gateway's route: it downloads and decrypts, and answers with the file or a link to it.

use std::time::Duration;

use url::Url;

use super::Downloader;
use super::stream::{self, StreamSource, stream_plain};
use super::{Proven, Trace, inline, link};
use crate::deliveries::{Body, Incoming};
use crate::gateway::{Access, Call, FileAnswer, FileCall, FileRequest};
use crate::instances::Instance;
use crate::model::{ChatId, Reason};
use crate::net::guard::Guard;
use crate::net::{self, DownloadRequest, RequestStyle};
use crate::queue::Job;
use crate::telemetry;

/// The gateway needs the same key and path as the CDN.
pub(super) fn can_ask(job: &Job, instance: &Instance) -> Result<(), Reason> {
    let access = Access {
        instance: "",
        token: "",
        secret: None,
    };
    match job.gateway.file_call(access, &request(job)) {
        Some(_) if instance.api_base.is_empty() => Err(Reason::TokenMissing),
        Some(_) => Ok(()),
        None if job.media_key_malformed => Err(Reason::BadMediaKey),
        None => Err(Reason::KeysMissing),
    }
}

pub(super) fn request(job: &Job) -> FileRequest<'_> {
    FileRequest {
        message_id: &job.message_id,
        chat: job.origin.chat.as_ref().map(ChatId::as_str),
        from_me: job.origin.from_me,
        participant: participant(job),
        media_key: job.media_key.as_ref(),
        direct_path: job.direct_path.as_deref(),
        sha256: job.expected_sha256.as_ref(),
        enc_sha256: job.expected_enc_sha256.as_ref(),
        length_bytes: job.declared_length,
        media_id: job.media_id.as_deref(),
        kind: job.kind,
        key_kind: job.key_kind,
        mime: job.mime_declared.as_deref(),
    }
}

/// Who sent it to a group.
fn participant(job: &Job) -> Option<&str> {
    let sender = &job.origin.sender;
    let sender = sender.lid.as_deref().or(sender.id.as_deref());
    sender.filter(|_| job.origin.is_group)
}

/// A call for a file.
pub(super) struct Asking<'a> {
    pub call: FileCall,
    pub token: &'a str,
    /// How long the gateway may take to answer.
    pub patience: Duration,
}

/// Asks for the file, downloads it if the answer is a link, and verifies it.
pub(super) async fn fetch(
    downloader: &Downloader,
    job: &Job,
    instance: &Instance,
    trace: &mut Trace<'_>,
) -> Result<Proven, Reason> {
    let token = link::token(downloader, instance)?;
    let access = link::access(instance, &token);
    let call = instance.gateway.file_call(access, &request(job));
    let asking = Asking {
        call: call.ok_or(Reason::KeysMissing)?,
        token: &token,
        patience: downloader.settings.call_timeout.duration(),
    };
    fetch_by(downloader, job, instance, trace, asking).await
}

pub(super) async fn fetch_by(
    downloader: &Downloader,
    job: &Job,
    instance: &Instance,
    trace: &mut Trace<'_>,
    asking: Asking<'_>,
) -> Result<Proven, Reason> {
    let api_base = Url::parse(&instance.api_base).map_err(|_| Reason::LinkRefused)?;
    trace.host = api_base.host_str().map(str::to_owned);
    let (token, patience) = (asking.token, asking.patience);
    let call = match asking.call {
        FileCall::Ask(call) => call,
        FileCall::Fetch(call) => {
            return fetch_at(downloader, job, instance, trace, (&api_base, &call)).await;
        }
    };
    let (status, answer) = ask(downloader, instance, trace, (&api_base, &call, patience)).await?;
    match instance.gateway.read_file_answer(status, &answer.text)? {
        FileAnswer::Link(link) => {
            // The status was the gateway's, and the link's host may be refused without a request.
            downloader.fetch.answered(&host_for(instance));
            trace.http_status = None;
            let guard = Guard::new(
                api_base.clone(),
                instance.gateway.known_domains(),
                &downloader.settings.allowed_hosts,
            );
            let target = (&api_base, &guard);
            link::follow(downloader, job, instance, trace, (&link, token), target).await
        }
        FileAnswer::Base64(text) => {
            let bytes = answer.open_base64(&text).ok_or(Reason::GatewayBadAnswer)?;
            inline::take_answer(downloader, job, trace, bytes).await
        }
    }
}

/// Downloads the file that a call answers with.
async fn fetch_at(
    downloader: &Downloader,
    job: &Job,
    instance: &Instance,
    trace: &mut Trace<'_>,
    (api_base, call): (&Url, &Call),
) -> Result<Proven, Reason> {
    let url = call.url(api_base).ok_or(Reason::LinkRefused)?;
    let guard = Guard::new(
        api_base.clone(),
        instance.gateway.known_domains(),
        &downloader.settings.allowed_hosts,
    );
    let source = StreamSource {
        guard: &guard,
        wanted: DownloadRequest {
            link: url.as_str(),
            from: 0,
            style: RequestStyle::Link,
            headers: &call.headers,
        },
        expected_bytes: job.declared_length,
        most_resumes: 0,
        as_sent: false,
        explain: explain_file,
    };
    stream_plain(downloader, job, &source, trace).await
}

fn explain_file(error: &net::Error, trace: &mut Trace<'_>) -> Reason {
    stream::explain(
        error,
        trace,
        Reason::GatewayUnreachable,
        |status, _| match status {
            401 | 403 => Reason::GatewayTokenRefused,
            400 | 404 | 410 => Reason::GatewayFileGone,
            429 => Reason::GatewayThrottled,
            502..=504 => Reason::GatewayUnavailable,
            _ => Reason::GatewayFailed,
        },
    )
}

/// The key of the gateway's cooldown: it counts the calls of each instance separately.
pub fn host_for(instance: &Instance) -> String {
    format!("gateway {}", instance.id)
}

/// Calls the gateway. A file in the answer goes to the disk while it arrives.
async fn ask(
    downloader: &Downloader,
    instance: &Instance,
    trace: &mut Trace<'_>,
    (api_base, call, patience): (&Url, &Call, Duration),
) -> Result<(u16, Body), Reason> {
    let asked = downloader.fetch.call_for_file(api_base, call, patience);
    let mut answer = match asked.await {
        Ok(answer) => answer,
        Err(error) => return Err(call_reason(&error, trace)),
    };
    trace.http_status = Some(answer.status);
    trace.retry_after = answer.retry_after;
    if let (429, Some(asked)) = (answer.status, answer.retry_after) {
        downloader.fetch.throttle(&host_for(instance), asked);
    }
    let mut incoming = Incoming::new(&downloader.bodies, downloader.clock.now());
    let failed = |_| Reason::StorageFailed;
    loop {
        match answer.next().await {
            Ok(Some(chunk)) => incoming.take(&chunk).await.map_err(failed)?,
            Ok(None) => break,
            Err(error) => return Err(call_reason(&error, trace)),
        }
    }
    let body = incoming.finish().await.map_err(failed)?;
    Ok((answer.status, body))
}

fn call_reason(error: &net::Error, trace: &mut Trace<'_>) -> Reason {
    trace.cause = Some(telemetry::chain(error));
    match error {
        net::Error::TimedOut => Reason::GatewayTimeout,
        net::Error::TooLarge { .. } | net::Error::UnknownCoding(_) | net::Error::Undecodable(_) => {
            Reason::GatewayBadAnswer
        }
        _ => Reason::GatewayUnreachable,
    }
}
