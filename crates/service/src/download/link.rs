//! A link to the decrypted file: in the delivery, or from the gateway.

use url::Url;

use super::Downloader;
use super::stream::{self, StreamSource, stream_plain};
use super::{Proven, Trace};
use crate::gateway::Access;
use crate::instances::{self, Instance};
use crate::model::Reason;
use crate::net::guard::Guard;
use crate::net::{self, DownloadRequest, RequestStyle};
use crate::queue::Job;

/// Stands for the address of a gateway that none was given for (RFC 6761, section 6.4).
const NOWHERE: &str = "https://gateway.invalid";
/// How often in a row an interrupted download is resumed without progress.
const MOST_RESUMES: u32 = 2;

/// Downloads the file of the job's link, and verifies it.
pub(super) async fn fetch(
    downloader: &Downloader,
    job: &Job,
    instance: &Instance,
    trace: &mut Trace<'_>,
) -> Result<Proven, Reason> {
    let link = job.link.as_deref().ok_or(Reason::KeysMissing)?;
    // Without an address of the gateway, only links to other servers can be followed.
    let api_base = Url::parse(&instance.api_base).or_else(|_| Url::parse(NOWHERE));
    let api_base = api_base.map_err(|_| Reason::LinkRefused)?;
    // Without a token, a link that needs one is refused by its server.
    let token = token(downloader, instance).unwrap_or_default();
    let guard = Guard::for_links(api_base.clone(), &downloader.settings.allowed_hosts);
    follow(
        downloader,
        job,
        instance,
        trace,
        (link, &token),
        (&api_base, &guard),
    )
    .await
}

/// Downloads a file from a link of the gateway.
pub(super) async fn follow(
    downloader: &Downloader,
    job: &Job,
    instance: &Instance,
    trace: &mut Trace<'_>,
    (link, token): (&str, &str),
    (api_base, guard): (&Url, &Guard),
) -> Result<Proven, Reason> {
    let url = instance.gateway.file_url(link, api_base);
    let url = url.ok_or(Reason::LinkRefused)?;
    trace.host = url.host_str().map(str::to_owned);
    if url.origin() == api_base.origin() && !instance.gateway.is_file_path(&url, api_base) {
        return Err(Reason::LinkRefused);
    }
    let access = access(instance, token);
    let headers = if token.is_empty() {
        Vec::new()
    } else {
        instance.gateway.file_headers(access, &url, api_base)
    };
    let source = StreamSource {
        guard,
        wanted: DownloadRequest {
            link: url.as_str(),
            from: 0,
            style: RequestStyle::Link,
            headers: &headers,
        },
        expected_bytes: job.declared_length,
        most_resumes: MOST_RESUMES,
        as_sent: false,
        explain,
    };
    stream_plain(downloader, job, &source, trace).await
}

/// The token of an instance, unsealed.
pub(super) fn token(downloader: &Downloader, instance: &Instance) -> Result<String, Reason> {
    let sealed = instance.token_sealed.as_deref();
    let sealed = sealed.ok_or(Reason::TokenMissing)?;
    let context = instances::token_context(&instance.id);
    let unsealed = downloader.secrets.unseal(&context, sealed);
    unsealed.map_err(|_| Reason::TokenUnreadable)
}

pub(super) fn access<'a>(instance: &'a Instance, token: &'a str) -> Access<'a> {
    Access {
        instance: instance.name_at_gateway(),
        token,
        secret: None,
    }
}

pub(super) fn explain(error: &net::Error, trace: &mut Trace<'_>) -> Reason {
    stream::explain(error, trace, Reason::LinkFailed, |status, _| match status {
        401 | 403 | 404 | 410 => Reason::LinkGone,
        _ => Reason::LinkFailed,
    })
}
