//! Ids as operators write them: whole, or the beginning of one, if only one begins so. A mistyped client or instance is
//! wrong usage, not an empty answer.

use std::fmt::Display;

use super::UsageError;
use super::context::Context;
use super::language::plain;
use super::words::ids as words;
use midiateca_service::app::App;
use midiateca_service::model::{DeliveryId, InstanceId, MediaId};
use midiateca_service::{deliveries, instances, media};

/// How many ids an error names.
const CANDIDATES: usize = 5;

/// Refuses a client or an instance that never existed; one that was removed still has its media. Answers with the whole
/// id of the instance.
pub(super) async fn check(
    context: &Context,
    app: &App,
    client: Option<i64>,
    instance: Option<&str>,
) -> anyhow::Result<Option<String>> {
    if let Some(client) = client {
        let clients = instances::every_client(&app.db).await?;
        if !clients.iter().any(|known| known.id == client) {
            let values: [(&str, &dyn Display); 1] = [("client", &client)];
            return Err(UsageError(context.lang.fill(words::UNKNOWN_CLIENT, &values)).into());
        }
    }
    match instance {
        Some(text) => Ok(Some(instance_of_any_time(context, app, text).await?.0)),
        None => Ok(None),
    }
}

/// The media of that id.
pub(super) async fn media(context: &Context, app: &App, text: &str) -> anyhow::Result<MediaId> {
    match find_media(context, app, text).await? {
        Some(id) => Ok(id),
        None => Err(unknown(context, words::UNKNOWN_MEDIA, text).into()),
    }
}

/// The same of several; one that does not exist stays as it is, for the command reports on each.
pub(super) async fn several_media(
    context: &Context,
    app: &App,
    texts: Vec<String>,
) -> anyhow::Result<Vec<MediaId>> {
    let mut ids = Vec::with_capacity(texts.len());
    for text in texts {
        let found = find_media(context, app, &text).await?;
        ids.push(found.unwrap_or(MediaId(text)));
    }
    Ok(ids)
}

async fn find_media(context: &Context, app: &App, text: &str) -> anyhow::Result<Option<MediaId>> {
    let found = media::ids_beginning(&app.db, &written(text), CANDIDATES + 1).await?;
    Ok(only(context, text, found, MediaId::as_str)?)
}

pub(super) async fn delivery(
    context: &Context,
    app: &App,
    text: &str,
) -> anyhow::Result<DeliveryId> {
    match find_delivery(context, app, text).await? {
        Some(id) => Ok(id),
        None => Err(unknown(context, words::UNKNOWN_DELIVERY, text).into()),
    }
}

/// The same of several; one that does not exist stays as it is, for the command reports on each.
pub(super) async fn deliveries(
    context: &Context,
    app: &App,
    texts: Vec<String>,
) -> anyhow::Result<Vec<DeliveryId>> {
    let mut ids = Vec::with_capacity(texts.len());
    for text in texts {
        let found = find_delivery(context, app, &text).await?;
        ids.push(found.unwrap_or(DeliveryId(text)));
    }
    Ok(ids)
}

async fn find_delivery(
    context: &Context,
    app: &App,
    text: &str,
) -> anyhow::Result<Option<DeliveryId>> {
    let found = deliveries::ids_beginning(&app.db, &written(text), CANDIDATES + 1).await?;
    Ok(only(context, text, found, DeliveryId::as_str)?)
}

/// An instance that was not removed.
pub(super) async fn instance(
    context: &Context,
    app: &App,
    text: &str,
) -> anyhow::Result<InstanceId> {
    let known = instances::instances(&app.db).await?;
    one_instance(context, text, known)
}

/// The same, for filters: a removed instance still has its media.
pub(super) async fn instance_of_any_time(
    context: &Context,
    app: &App,
    text: &str,
) -> anyhow::Result<InstanceId> {
    let known = instances::every_instance(&app.db).await?;
    one_instance(context, text, known)
}

fn one_instance(
    context: &Context,
    text: &str,
    known: Vec<instances::Instance>,
) -> anyhow::Result<InstanceId> {
    let ids = known.into_iter().map(|instance| instance.id);
    let found = ids.filter(|id| id.as_str().starts_with(text)).collect();
    let found = only(context, text, found, InstanceId::as_str)?;
    found.ok_or_else(|| unknown(context, words::UNKNOWN_INSTANCE, text).into())
}

/// Ids that we make are in lower case.
fn written(text: &str) -> String {
    text.trim().to_ascii_lowercase()
}

/// The one whose id this is, or the only one; nothing where none begins so.
fn only<I>(
    context: &Context,
    text: &str,
    mut found: Vec<I>,
    as_str: fn(&I) -> &str,
) -> Result<Option<I>, UsageError> {
    if let Some(at) = found.iter().position(|id| as_str(id) == text) {
        return Ok(Some(found.swap_remove(at)));
    }
    // Every id begins with nothing.
    if text.trim().is_empty() {
        return Ok(None);
    }
    if found.len() <= 1 {
        return Ok(found.pop());
    }
    let more = if found.len() > CANDIDATES {
        ", …"
    } else {
        ""
    };
    let named = found.iter().take(CANDIDATES).map(|id| plain(as_str(id)));
    let candidates = named.collect::<Vec<_>>().join(", ") + more;
    let values: [(&str, &dyn Display); 2] = [("id", &plain(text)), ("candidates", &candidates)];
    Err(UsageError(context.lang.fill(words::AMBIGUOUS, &values)))
}

pub(super) fn unknown_media(context: &Context, text: &str) -> UsageError {
    unknown(context, words::UNKNOWN_MEDIA, text)
}

/// A delivery that is not kept.
pub(super) fn unknown_delivery(context: &Context, text: &str) -> UsageError {
    unknown(context, words::UNKNOWN_DELIVERY, text)
}

fn unknown(context: &Context, key: super::words::TextKey, text: &str) -> UsageError {
    UsageError(context.lang.fill(key, &[("id", &plain(text))]))
}
