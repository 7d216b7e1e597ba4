//! Ids as operators write them: whole, or shortened to a unique prefix. An id that does not exist is wrong usage, not an
//! empty answer.

use std::fmt::Display;

use super::UsageError;
use super::context::Context;
use super::language::plain;
use super::words::{TextKey, ids as words};
use midiateca_service::app::App;
use midiateca_service::instances::Instance;
use midiateca_service::model::{DeliveryId, MediaId, PrefixError, by_prefix};
use midiateca_service::{deliveries, instances, media};

/// How many ids an error names.
const CANDIDATES: usize = 5;

/// What an id names: the text for one that does not exist, and the command that lists them.
#[derive(Clone, Copy)]
pub(super) struct Noun {
    unknown: TextKey,
    see: TextKey,
}

pub(super) const MEDIA: Noun = Noun {
    unknown: words::UNKNOWN_MEDIA,
    see: words::SEE_MEDIA,
};
pub(super) const DELIVERY: Noun = Noun {
    unknown: words::UNKNOWN_DELIVERY,
    see: words::SEE_DELIVERIES,
};
pub(super) const INSTANCE: Noun = Noun {
    unknown: words::UNKNOWN_INSTANCE,
    see: words::SEE_INSTANCES,
};
const CLIENT: Noun = Noun {
    unknown: words::UNKNOWN_CLIENT,
    see: words::SEE_CLIENTS,
};

/// An id that does not exist.
pub(super) fn unknown(context: &Context, noun: Noun, id: impl Display) -> UsageError {
    let values: [(&str, &dyn Display); 1] = [("id", &plain(&id.to_string()))];
    UsageError::new(context.lang, noun.unknown, &values).hint(context.lang, noun.see)
}

pub(super) fn unknown_client(context: &Context, client: i64) -> UsageError {
    unknown(context, CLIENT, client)
}

/// A prefix that names no id, or several.
pub(super) fn not_one(context: &Context, noun: Noun, text: &str, why: PrefixError) -> UsageError {
    let PrefixError::Ambiguous { candidates } = why else {
        return unknown(context, noun, text);
    };
    let named = candidates.iter().take(CANDIDATES).map(|id| plain(id));
    let mut named: Vec<_> = named.collect();
    if candidates.len() > CANDIDATES {
        named.push("…".to_owned());
    }
    let values: [(&str, &dyn Display); 2] =
        [("id", &plain(text)), ("candidates", &named.join(", "))];
    UsageError::new(context.lang, words::AMBIGUOUS, &values).hint(context.lang, words::GIVE_MORE)
}

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
            return Err(unknown_client(context, client).into());
        }
    }
    let Some(text) = instance else {
        return Ok(None);
    };
    let known = instances::every_instance(&app.db).await?;
    Ok(Some(one_instance(context, text, known)?.id.0))
}

/// An instance that was not removed.
pub(super) async fn instance(context: &Context, app: &App, text: &str) -> anyhow::Result<Instance> {
    let known = instances::instances(&app.db).await?;
    Ok(one_instance(context, text, known)?)
}

fn one_instance(
    context: &Context,
    text: &str,
    known: Vec<Instance>,
) -> Result<Instance, UsageError> {
    let found = by_prefix(text, known, |instance| instance.id.as_str());
    found.map_err(|why| not_one(context, INSTANCE, text, why))
}

async fn find_media(app: &App, text: &str) -> anyhow::Result<Result<MediaId, PrefixError>> {
    let text = written(text);
    let found = media::ids_beginning(&app.db, &text, CANDIDATES + 1).await?;
    Ok(by_prefix(&text, found, MediaId::as_str))
}

async fn find_delivery(app: &App, text: &str) -> anyhow::Result<Result<DeliveryId, PrefixError>> {
    let text = written(text);
    let found = deliveries::ids_beginning(&app.db, &text, CANDIDATES + 1).await?;
    Ok(by_prefix(&text, found, DeliveryId::as_str))
}

/// The ids that the service makes are in lower case.
fn written(text: &str) -> String {
    text.trim().to_ascii_lowercase()
}

pub(super) async fn media(context: &Context, app: &App, text: &str) -> anyhow::Result<MediaId> {
    let found = find_media(app, text).await?;
    Ok(found.map_err(|why| not_one(context, MEDIA, text, why))?)
}

pub(super) async fn delivery(
    context: &Context,
    app: &App,
    text: &str,
) -> anyhow::Result<DeliveryId> {
    let found = find_delivery(app, text).await?;
    Ok(found.map_err(|why| not_one(context, DELIVERY, text, why))?)
}

/// The same of several; one that does not exist stays as it is, for the command reports on each.
pub(super) async fn several_media(
    context: &Context,
    app: &App,
    texts: Vec<String>,
) -> anyhow::Result<Vec<MediaId>> {
    let mut ids = Vec::with_capacity(texts.len());
    for text in texts {
        let found = find_media(app, &text).await?;
        ids.push(or_as_it_is(context, MEDIA, found, text, MediaId)?);
    }
    Ok(ids)
}

/// The same of several; one that does not exist stays as it is, for the command reports on each.
pub(super) async fn deliveries(
    context: &Context,
    app: &App,
    texts: Vec<String>,
) -> anyhow::Result<Vec<DeliveryId>> {
    let mut ids = Vec::with_capacity(texts.len());
    for text in texts {
        let found = find_delivery(app, &text).await?;
        ids.push(or_as_it_is(context, DELIVERY, found, text, DeliveryId)?);
    }
    Ok(ids)
}

fn or_as_it_is<I>(
    context: &Context,
    noun: Noun,
    found: Result<I, PrefixError>,
    text: String,
    make: fn(String) -> I,
) -> Result<I, UsageError> {
    match found {
        Err(PrefixError::Unknown) => Ok(make(text)),
        found => found.map_err(|why| not_one(context, noun, &text, why)),
    }
}
