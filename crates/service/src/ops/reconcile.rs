//! Asks a gateway for the messages that it lists, and ingests media of those whose delivery never came.
//!
//! The lists are those of the gateways' interfaces for chats and logs; nothing of it was run against live gateways, so the
//! answers are read tolerantly.

use std::sync::Arc;

use serde::Serialize;

use super::Progress;
use super::gateway_admin::{self, GatewayAdmin};
use super::instance::GatewayDeps;
use crate::clock::{DAY, Millis};
use crate::db::{self, Key};
use crate::deliveries::Body;
use crate::gateway::{HistoryRange, ParsedDelivery};
use crate::ingest::{self, Ingest, Receipt};
use crate::instances::{self, Instance};
use crate::media;
use crate::model::MediaId;
use crate::shutdown::CancellationToken;

/// The most pages of one run.
const MOST_PAGES: u32 = 500;
/// Pages without a message after which there are no more.
const MOST_EMPTY: u32 = 3;
/// Messages of one page.
const PAGE: u32 = 20;
/// Older messages are counted as old: their links have usually expired.
const OLD: Millis = 14 * DAY;

#[derive(Clone, Copy)]
pub struct Deps<'a> {
    pub gateway: GatewayDeps<'a>,
    pub ingest: &'a Ingest,
}

#[derive(Clone)]
pub struct Options {
    pub instance: Instance,
    /// Messages sent at or after.
    pub since: Millis,
    /// Only report what would be ingested.
    pub dry_run: bool,
}

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("{0} has no list of past messages")]
    NoHistory(&'static str),
    #[error(transparent)]
    Gateway(#[from] gateway_admin::Error),
    #[error(transparent)]
    Db(#[from] db::Error),
    #[error("cannot write a delivery")]
    Body(#[source] std::io::Error),
}

/// One message whose delivery never came.
#[derive(Clone, Debug, Serialize)]
pub struct Item {
    pub message_id: String,
    #[serde(serialize_with = "crate::ops::json::time_or_null")]
    pub sent_at: Option<Millis>,
    /// Too old for its link to work still.
    pub old: bool,
    /// None in a dry run.
    pub media: Vec<MediaId>,
}

#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Report {
    pub pages: u32,
    /// Messages with media that the gateway lists.
    pub listed: u64,
    /// Of these, messages whose delivery never came.
    pub missing: u64,
    /// Of these, old ones.
    pub old: u64,
    pub dry_run: bool,
    /// It was cancelled, or there were more pages than one run reads.
    pub stopped: bool,
}

/// Reads the gateway's list back to `since`.
pub async fn run(
    deps: Deps<'_>,
    options: Options,
    progress: Arc<dyn Progress<Item>>,
    cancelled: CancellationToken,
) -> Result<Report, Error> {
    let instance = options.instance;
    let gateway = instance.gateway;
    let admin = GatewayAdmin::open(deps.gateway.client, deps.gateway.secrets, &instance)?;
    let mut report = Report {
        dry_run: options.dry_run,
        ..Report::default()
    };
    let (mut empty, mut first) = (0, None);
    for page in 0..MOST_PAGES {
        if cancelled.is_cancelled() {
            report.stopped = true;
            return Ok(report);
        }
        let range = HistoryRange {
            since: options.since,
            until: deps.gateway.clock.now(),
            page,
            page_size: PAGE,
        };
        let call = gateway.history_call(admin.access(), range);
        let call = call.ok_or(Error::NoHistory(gateway.as_str()))?;
        let answer = admin.call(&call).await?.body;
        let bodies = gateway.read_history(admin.access(), answer);
        report.pages += 1;
        // A page of a log may have no messages. A gateway that ignores the page would answer the same for ever.
        empty = if bodies.is_empty() { empty + 1 } else { 0 };
        if empty == MOST_EMPTY || first.is_some() && first == bodies.first().cloned() {
            return Ok(report);
        }
        first = bodies.first().cloned();
        let mut is_before = !bodies.is_empty();
        for body in bodies {
            let body = body.to_string();
            let Ok(readings) = gateway.read(body.as_bytes()) else {
                continue;
            };
            let sent_at = readings.iter().find_map(|reading| reading.message.sent_at);
            let is_in_range = sent_at.is_none_or(|at| at >= options.since);
            is_before &= !is_in_range;
            if is_in_range {
                let taken = take(deps, &instance, &readings, &body, options.dry_run).await?;
                report.listed += u64::from(readings.iter().any(|it| !it.media.is_empty()));
                if let Some(item) = taken {
                    report.missing += 1;
                    report.old += u64::from(item.old);
                    progress.finding(&item);
                }
            }
        }
        progress.advance(1);
        if is_before {
            return Ok(report);
        }
    }
    report.stopped = true;
    Ok(report)
}

/// Ingests a message if no row of it is here, erased ones included.
async fn take(
    deps: Deps<'_>,
    instance: &Instance,
    readings: &[ParsedDelivery],
    body: &str,
    dry_run: bool,
) -> Result<Option<Item>, Error> {
    let with_media = readings.iter().find(|reading| !reading.media.is_empty());
    let Some(message) = with_media.map(|reading| &reading.message) else {
        return Ok(None);
    };
    if message.id.is_empty() {
        return Ok(None);
    }
    let known = media::message::of_message(deps.gateway.db, &instance.id, &message.id).await?;
    if !known.is_empty() {
        return Ok(None);
    }
    let now = deps.gateway.clock.now();
    let mut item = Item {
        message_id: message.id.clone(),
        sent_at: message.sent_at,
        old: message.sent_at.is_some_and(|at| at < now - OLD),
        media: Vec::new(),
    };
    if dry_run {
        return Ok(Some(item));
    }
    let received = Body::from_bytes(&deps.ingest.bodies, now, body.as_bytes()).await;
    let receipt = ingest::receive(deps.ingest, instance, received.map_err(Error::Body)?).await?;
    let Receipt::Accepted { media, .. } = receipt else {
        return Ok(None);
    };
    item.media = media.into_iter().map(|(_, put)| put.id).collect();
    let (id, key) = (instance.id.clone(), Key::instance(instance.id.as_str()));
    let counting = deps.gateway.db.write(key, async move |tx| {
        instances::count_undelivered(tx, &id, now).await
    });
    counting.await?;
    tracing::warn!(instance = %instance.id, media = item.media.len(), old = item.old, "a delivery never came; its media were found in the gateway's list");
    Ok(Some(item))
}
