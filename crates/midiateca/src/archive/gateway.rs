//! The gateway's own way: it downloads, decrypts and hands out a link.

use url::Url;
use wa_media::{PlainHints, PlainVerifier, Refusal, Verified};

use super::{Trace, expected, keys, reason_of_download, reason_of_storage};
use crate::app::App;
use crate::fetch::guard::Guard;
use crate::fetch::{self, Download};
use crate::gateway::LinkRequest;
use crate::media::Reason;
use crate::queue::Job;
use crate::registry::{self, Instance};
use crate::vault::Staging;

/// Asks for a link, fetches what is behind it, and proves it.
pub(super) async fn fetch(
    app: &App,
    job: &Job,
    instance: &Instance,
    trace: &mut Trace,
) -> Result<(Staging, Verified), Reason> {
    let api_base = Url::parse(&instance.api_base).map_err(|_| Reason::LinkRefused)?;
    let link = ask_for_link(app, job, instance, &api_base, trace).await?;
    trace.host = Url::parse(&link)
        .ok()
        .and_then(|link| link.host_str().map(str::to_owned));
    let guard = Guard::new(
        api_base,
        instance.gateway.known_domains(),
        &app.config.fetch.allowed_hosts,
    );
    let download = app.fetch.download(&guard, &link, job.length_told).await;
    let download = download.map_err(|error| reason_of_download(&error, trace))?;
    prove(app, job, download, trace).await
}

async fn ask_for_link(
    app: &App,
    job: &Job,
    instance: &Instance,
    api_base: &Url,
    trace: &mut Trace,
) -> Result<String, Reason> {
    let (media_key, direct_path) = keys(job)?;
    let sealed = instance
        .token_sealed
        .as_deref()
        .ok_or(Reason::TokenMissing)?;
    let context = registry::token_context(&instance.id);
    let token = app
        .secrets
        .unseal(&context, sealed)
        .map_err(|_| Reason::TokenMissing)?;
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
    let answer = app
        .fetch
        .call(url, &token, &body)
        .await
        .map_err(|error| match error {
            fetch::Error::TimedOut => Reason::GatewayTimeout,
            fetch::Error::TooLarge { .. } => Reason::GatewayBadAnswer,
            _ => Reason::GatewayUnreachable,
        })?;
    trace.http_status = Some(answer.status);
    trace.retry_after = answer.retry_after;
    Ok(instance.gateway.read_link(answer.status, &answer.body)?.url)
}

/// Streams the bytes into a staged file and judges them at the end.
async fn prove(
    app: &App,
    job: &Job,
    mut download: Download,
    trace: &mut Trace,
) -> Result<(Staging, Verified), Reason> {
    trace.http_status = Some(download.status);
    trace.host = download.host().map(str::to_owned);
    let hints = PlainHints {
        kind: job.kind,
        mime: job.mime_declared.clone(),
        file_name: job.file_name.clone(),
        media_key: job.media_key.clone(),
        key_kind: job.key_kind,
    };
    let mut verifier = PlainVerifier::new(expected(job), hints);
    let mut staging = app.vault.stage();
    loop {
        let chunk = download.next().await;
        trace.size_bytes = download.received_bytes();
        let Some(chunk) = chunk.map_err(|error| reason_of_download(&error, trace))? else {
            break;
        };
        verifier.update(&chunk);
        staging
            .write(&chunk)
            .await
            .map_err(|error| reason_of_storage(&error))?;
    }
    let verified = verifier.finish().map_err(|refusal| match refusal {
        Refusal::Empty => Reason::EmptyBody,
        Refusal::Html => Reason::HtmlBody,
        Refusal::Json => Reason::JsonBody,
        Refusal::StillEncrypted => Reason::StillEncrypted,
        Refusal::PlainHashMismatch => Reason::HashMismatch,
    })?;
    Ok((staging, verified))
}
