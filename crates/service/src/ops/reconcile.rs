//! Asks a gateway for the messages that it lists, and ingests media of those whose webhook never came.
//!
//! The lists are those of the gateways' interfaces for chats and logs; nothing of it was run against live gateways, so the
//! answers are read tolerantly.

mod list;

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::Progress;
use super::gateway_admin::{self, GatewayAdmin};
use super::instance::GatewayDeps;
use crate::access::Actor;
use crate::access::audit::{self, Action, NewEntry};
use crate::clock::{DAY, MINUTE, Millis};
use crate::db;
use crate::deliveries::Body;
use crate::gateway::ParsedDelivery;
use crate::ingest::{self, Ingest, Receipt};
use crate::instances::Instance;
use crate::media;
use crate::model::{Arrival, MediaId};
use crate::shutdown::CancellationToken;
use list::Lists;

/// The most calls of a run that an operator starts.
pub const MOST_CALLS: u32 = 500;
/// Older messages are marked as old: their links have usually expired.
const OLD: Millis = 14 * DAY;
/// The webhook of a newer message may still come: gateways repeat it for some minutes.
pub const SETTLED: Millis = 5 * MINUTE;

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
    pub most_calls: u32,
    /// Continues a run that was cut short.
    pub resumed: Option<Resumed>,
    /// Who asked for it; without one, it is the server's own work, which is not in the audit log.
    pub actor: Option<Actor>,
}

/// A place in the lists of a gateway.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub struct Position {
    /// 0 for the list of all messages, else the number of a chat's.
    pub list: u32,
    pub page: u32,
}

/// Where a run continues, and the newest message of the run that it continues.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub struct Resumed {
    pub until: Millis,
    pub position: Position,
}

impl Options {
    fn first_page(&self, list: u32) -> u32 {
        let resumed = self.resumed.filter(|it| it.position.list == list);
        // New messages move older ones to later pages, never to earlier ones.
        resumed.map_or(0, |it| it.position.page)
    }

    fn skips(&self, list: u32) -> bool {
        self.resumed.is_some_and(|it| list < it.position.list)
    }
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

impl Error {
    /// Whether the gateway says that it has no such list, or that it is switched off.
    pub fn is_without_list(&self) -> bool {
        let Self::Gateway(error) = self else {
            return matches!(self, Self::NoHistory(_));
        };
        let status = match error {
            gateway_admin::Error::Status { status, .. } => *status,
            _ => return false,
        };
        matches!(status, 404 | 405 | 501)
    }
}

/// One message whose webhook never came.
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
    /// Of these, messages whose webhook never came.
    pub missing: u64,
    /// Of these, old ones.
    pub old: u64,
    pub dry_run: bool,
    /// It was cancelled, or there was more than one run reads.
    pub stopped: bool,
    /// Where the next run continues then.
    #[serde(skip)]
    pub position: Option<Position>,
}

/// Reads the gateway's lists back to `since`.
pub async fn run(
    deps: Deps<'_>,
    options: Options,
    progress: Arc<dyn Progress<Item>>,
    cancelled: CancellationToken,
) -> Result<Report, Error> {
    let admin = GatewayAdmin::open(deps.gateway.client, deps.gateway.secrets, &options.instance)?;
    if let Some(actor) = options.actor.as_ref().filter(|_| !options.dry_run) {
        let client = Some(options.instance.client);
        let entry = NewEntry::new(Action::Reconcile, client, json!({}));
        let entry = entry.instance(options.instance.id.as_str());
        audit::record(deps.gateway.db, deps.gateway.clock, actor, entry).await?;
    }
    let newest = deps.gateway.clock.now() - SETTLED;
    let until = options.resumed.map_or(newest, |resumed| resumed.until);
    let mut lists = Lists::new(&admin, &options, until);
    let mut report = Report {
        dry_run: options.dry_run,
        ..Report::default()
    };
    while let Some(page) = lists.next(&cancelled).await? {
        for body in page {
            let body = body.to_string();
            let Ok(readings) = options.instance.gateway.read(body.as_bytes()) else {
                continue;
            };
            let sent_at = readings.iter().find_map(|reading| reading.message.sent_at);
            lists.note(sent_at);
            if sent_at.is_some_and(|at| at < options.since || at > until) {
                continue;
            }
            report.listed += u64::from(readings.iter().any(|it| !it.media.is_empty()));
            if let Some(item) = take(deps, &options, &readings, &body).await? {
                report.missing += 1;
                report.old += u64::from(item.old);
                progress.finding(&item);
            }
        }
        report.pages += 1;
        progress.advance(1);
    }
    report.stopped = lists.is_cut_short;
    report.position = lists.position();
    Ok(report)
}

/// Ingests a message if no row of it is here, erased ones included.
async fn take(
    deps: Deps<'_>,
    options: &Options,
    readings: &[ParsedDelivery],
    body: &str,
) -> Result<Option<Item>, Error> {
    let instance = &options.instance;
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
    if options.dry_run {
        return Ok(Some(item));
    }
    let arrival = if item.old {
        Arrival::ListedOld
    } else {
        Arrival::Listed
    };
    let body = Body::from_bytes(&deps.ingest.bodies, now, body.as_bytes()).await;
    let body = body.map_err(Error::Body)?;
    let receipt = ingest::receive_listed(deps.ingest, instance, body, arrival).await?;
    let Receipt::Accepted { media, .. } = receipt else {
        return Ok(None);
    };
    // Its webhook came in the meantime.
    if media.iter().all(|(_, put)| put.duplicate) {
        return Ok(None);
    }
    item.media = media.into_iter().map(|(_, put)| put.id).collect();
    tracing::warn!(instance = %instance.id, media = item.media.len(), old = item.old, "a webhook never came; its media were found in the gateway's list");
    Ok(Some(item))
}
