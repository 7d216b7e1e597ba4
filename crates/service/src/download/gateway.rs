//! The gateway's route: it downloads, decrypts and hands out a link.

use url::Url;

use super::Downloader;
use super::stream::{self, StreamSource, stream_plain};
use super::{Proven, Trace};
use crate::gateway::{Link, LinkRequest};
use crate::instances::{self, Instance};
use crate::model::Reason;
use crate::net::guard::Guard;
use crate::net::{self, DownloadRequest, RequestStyle};
use crate::queue::Job;
use crate::telemetry;

/// The gateway needs the same key and path as the CDN.
pub(super) fn can_ask(job: &Job) -> Result<(), Reason> {
    match (&job.media_key, &job.direct_path) {
        (Some(_), Some(_)) => Ok(()),
        _ if job.media_key_malformed => Err(Reason::BadMediaKey),
        _ => Err(Reason::KeysMissing),
    }
}

/// Requests a link, downloads its file, and verifies it.
pub(super) async fn fetch(
    downloader: &Downloader,
    job: &Job,
    instance: &Instance,
    trace: &mut Trace<'_>,
) -> Result<Proven, Reason> {
    let api_base = Url::parse(&instance.api_base).map_err(|_| Reason::LinkRefused)?;
    let link = ask_for_link(downloader, job, instance, &api_base, trace).await?;
    // The status was the gateway's, and the link's host may be refused without a request.
    downloader.fetch.answered(&host_for(instance));
    trace.http_status = None;
    trace.host = Url::parse(&link.url)
        .ok()
        .and_then(|link| link.host_str().map(str::to_owned));
    let guard = Guard::new(
        api_base,
        instance.gateway.known_domains(),
        &downloader.settings.allowed_hosts,
    );
    let source = StreamSource {
        guard: &guard,
        wanted: DownloadRequest {
            link: &link.url,
            from: 0,
            style: RequestStyle::Link,
        },
        expected_bytes: job.declared_length,
        most_resumes: 0,
        as_sent: false,
        explain,
    };
    stream_plain(downloader, job, &source, trace).await
}

/// The key of the gateway's cooldown: it counts the calls of each instance separately.
pub fn host_for(instance: &Instance) -> String {
    format!("gateway {}", instance.id)
}

fn explain(error: &net::Error, trace: &mut Trace<'_>) -> Reason {
    stream::explain(error, trace, Reason::LinkFailed, |status, _| match status {
        403 | 404 | 410 => Reason::LinkGone,
        _ => Reason::LinkFailed,
    })
}

async fn ask_for_link(
    downloader: &Downloader,
    job: &Job,
    instance: &Instance,
    api_base: &Url,
    trace: &mut Trace<'_>,
) -> Result<Link, Reason> {
    let (Some(media_key), Some(direct_path)) = (&job.media_key, &job.direct_path) else {
        return Err(Reason::KeysMissing);
    };
    let sealed = instance
        .token_sealed
        .as_deref()
        .ok_or(Reason::TokenMissing)?;
    let context = instances::token_context(&instance.id);
    let token = downloader
        .secrets
        .unseal(&context, sealed)
        .map_err(|_| Reason::TokenUnreadable)?;
    let (path, body) = instance.gateway.link_call(&LinkRequest {
        media_key,
        direct_path,
        kind: job.kind,
        key_kind: job.key_kind,
        mime: job.mime_declared.as_deref(),
    });
    let mut url = api_base.clone();
    url.set_path(&format!("{}/{path}", api_base.path().trim_end_matches('/')));
    url.query_pairs_mut()
        .append_pair("instanceId", instance.id.as_str());
    trace.host = url.host_str().map(str::to_owned);
    let answer = downloader
        .fetch
        .call(url, &token, &body)
        .await
        .map_err(|error| {
            trace.cause = Some(telemetry::chain(&error));
            match error {
                net::Error::TimedOut => Reason::GatewayTimeout,
                net::Error::TooLarge { .. }
                | net::Error::UnknownCoding(_)
                | net::Error::Undecodable(_) => Reason::GatewayBadAnswer,
                _ => Reason::GatewayUnreachable,
            }
        })?;
    trace.http_status = Some(answer.status);
    trace.retry_after = answer.retry_after;
    if let (429, Some(asked)) = (answer.status, answer.retry_after) {
        downloader.fetch.throttle(&host_for(instance), asked);
    }
    instance.gateway.read_link(answer.status, &answer.body)
}
