//! Ids as operators write them: whole, or shortened to a unique prefix. An id that does not exist is wrong usage, not an
//! empty answer.

use std::fmt::Display;

pub(super) use crate::cli::words::ids::{
    UNKNOWN_CLIENT as CLIENT, UNKNOWN_DELIVERY as DELIVERY, UNKNOWN_ENDPOINT as ENDPOINT,
    UNKNOWN_HOLD as HOLD, UNKNOWN_INSTANCE as INSTANCE, UNKNOWN_KEY as KEY, UNKNOWN_MEDIA as MEDIA,
};
use crate::cli::{Context, Language, TextKey, UsageError, plain, words::ids as words};
use midiateca_service::app::App;
use midiateca_service::instances::Instance;
use midiateca_service::model::{DeliveryId, MediaId, PrefixError, by_prefix};
use midiateca_service::{deliveries, instances, media};

const CANDIDATES: usize = 5;

pub(super) fn unknown(context: &Context, text: TextKey, id: impl Display) -> UsageError {
    usage!(context.lang, text, id = plain(&id.to_string()))
}

/// The client that something is for, for people; `None` for all.
pub(super) fn client_or_all(lang: Language, client: Option<i64>) -> String {
    let all = || lang.say(words::ALL_CLIENTS).to_owned();
    client.map_or_else(all, |client| format!("cliente_{client}"))
}

/// Ids with commas; dots in place of those after the first `most`.
pub(super) fn listed<'a>(ids: impl Iterator<Item = &'a str>, most: usize) -> String {
    let mut named: Vec<_> = ids.map(plain).collect();
    if named.len() > most {
        named.truncate(most);
        named.push("…".to_owned());
    }
    named.join(", ")
}

/// A prefix that names no id, or several.
pub(super) fn not_one(
    context: &Context,
    unknown: TextKey,
    id: &str,
    why: PrefixError,
) -> UsageError {
    if id.trim().is_empty() {
        return usage!(context.lang, words::EMPTY);
    }
    let PrefixError::Ambiguous { candidates } = why else {
        return self::unknown(context, unknown, id);
    };
    let candidates = listed(candidates.iter().map(String::as_str), CANDIDATES);
    usage!(context.lang, words::AMBIGUOUS, id = plain(id), candidates)
}

/// The one that a prefix of its id names.
pub(super) fn one<T>(
    context: &Context,
    unknown: TextKey,
    text: &str,
    known: Vec<T>,
    id: impl Fn(&T) -> &str,
) -> anyhow::Result<T> {
    let found = by_prefix(text, known, id);
    Ok(found.map_err(|why| not_one(context, unknown, text, why))?)
}

/// Several ids, each found by `one`.
pub(super) async fn each<T>(
    texts: &[String],
    one: impl AsyncFn(&str) -> anyhow::Result<T>,
) -> anyhow::Result<Vec<T>> {
    let mut ids = Vec::with_capacity(texts.len());
    for text in texts {
        ids.push(one(text).await?);
    }
    Ok(ids)
}

/// Refuses a client that never existed; one that was removed still has its media.
pub(super) async fn check_client(context: &Context, app: &App, client: i64) -> anyhow::Result<()> {
    let clients = instances::every_client(&app.db).await?;
    if !clients.iter().any(|known| known.id == client) {
        return Err(unknown(context, CLIENT, client).into());
    }
    Ok(())
}

/// The whole id of an instance, which may have been removed: its media are there.
pub(super) async fn check_instance(
    context: &Context,
    app: &App,
    text: Option<&str>,
) -> anyhow::Result<Option<String>> {
    let Some(text) = text else { return Ok(None) };
    let known = instances::every_instance(&app.db).await?;
    let found = one(context, INSTANCE, text, known, |known| known.id.as_str())?;
    Ok(Some(found.id.0))
}

/// An instance that was not removed.
pub(super) async fn instance(context: &Context, app: &App, text: &str) -> anyhow::Result<Instance> {
    let known = instances::instances(&app.db).await?;
    one(context, INSTANCE, text, known, |known| known.id.as_str())
}

/// The ids that the service makes are in lower case.
fn written(text: &str) -> String {
    text.trim().to_ascii_lowercase()
}

pub(super) async fn media(context: &Context, app: &App, text: &str) -> anyhow::Result<MediaId> {
    let prefix = written(text);
    let found = media::ids_beginning(&app.db, &prefix, CANDIDATES + 1).await?;
    one(context, MEDIA, &prefix, found, MediaId::as_str)
}

pub(super) async fn delivery(
    context: &Context,
    app: &App,
    text: &str,
) -> anyhow::Result<DeliveryId> {
    let prefix = written(text);
    let found = deliveries::ids_beginning(&app.db, &prefix, CANDIDATES + 1).await?;
    one(context, DELIVERY, &prefix, found, DeliveryId::as_str)
}
