//! Reads raw deliveries again with the current version: what an older version missed is found, and what is not stored is
//! queued. Nothing is doubled.

use std::collections::HashMap;
use std::sync::Arc;

use bytes::Bytes;
use serde::{Serialize, Serializer};
use serde_json::json;

use super::Progress;
use super::ownership::{is_of_another, is_shared};
use crate::access::Actor;
use crate::access::audit::{self, Action, NewEntry};
use crate::db::Error;
use crate::deliveries::{self, DeliveryFilter, DeliverySummary};
use crate::gateway::ParsedDelivery;
use crate::ingest::signed::{self, Refused};
use crate::ingest::{self, Ingest, Receipt, Replaced, Replay};
use crate::instances;
use crate::model::{
    DeliveryId, DeliveryReason, InstanceId, MediaId, MediaKind, MediaStatus, fresh_id,
};
use crate::shutdown::CancellationToken;

/// Rows that one query reads.
const PAGE: u32 = 500;

#[derive(Clone, Debug)]
pub struct Options {
    pub deliveries: Deliveries,
    /// Only report what would be found.
    pub dry_run: bool,
    pub actor: Actor,
}

#[derive(Clone, Debug)]
pub enum Deliveries {
    Ids(Vec<DeliveryId>),
    /// All that a filter selects, oldest first.
    Selected(DeliveryFilter),
}

/// The result for one delivery. In a dry run, what the result would be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Replayed {
    Read,
    NoMedia,
    /// Its message was erased on request.
    Erased,
    Unreadable,
    /// Its instance was removed, or is another client's now.
    InstanceRemoved,
    /// Retention deleted its body.
    BodyDeleted,
    NotFound,
}

/// One delivery.
#[derive(Clone, Debug, Serialize)]
pub struct Item {
    pub delivery: DeliveryId,
    pub result: Replayed,
    /// Why it is unreadable.
    pub reason: Option<DeliveryReason>,
    pub media: Vec<Media>,
}

/// One media of a delivery. A dry run knows its kind only.
#[derive(Clone, Debug, Serialize)]
pub struct Media {
    #[serde(serialize_with = "kind")]
    pub kind: MediaKind,
    pub id: Option<MediaId>,
    pub status: Option<MediaStatus>,
    /// It was known before.
    pub duplicate: Option<bool>,
    /// The state of the stored file that replaced the bytes in the delivery.
    pub stored_bytes: Option<Replaced>,
}

/// Counts of one run.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Report {
    pub read: u64,
    pub unreadable: u64,
    /// Without media, erased, or of which the body or the instance is gone.
    pub skipped: u64,
    pub not_found: u64,
    pub dry_run: bool,
    /// It was cancelled before its end.
    pub stopped: bool,
}

impl Report {
    fn count(&mut self, result: Replayed) {
        let count = match result {
            Replayed::Read => &mut self.read,
            Replayed::Unreadable => &mut self.unreadable,
            Replayed::NoMedia
            | Replayed::Erased
            | Replayed::InstanceRemoved
            | Replayed::BodyDeleted => &mut self.skipped,
            Replayed::NotFound => &mut self.not_found,
        };
        *count += 1;
    }
}

/// Reads deliveries again. Progress counts deliveries.
pub async fn run(
    ingest: &Ingest,
    options: Options,
    progress: Arc<dyn Progress<Item>>,
    cancelled: CancellationToken,
) -> Result<Report, Error> {
    let mut run = Run {
        ingest,
        dry_run: options.dry_run,
        report: Report {
            dry_run: options.dry_run,
            ..Report::default()
        },
        shared: HashMap::new(),
        progress,
        cancelled,
    };
    if !options.dry_run {
        record(ingest, &options).await?;
    }
    match options.deliveries {
        Deliveries::Ids(ids) => run.ids(ids).await?,
        Deliveries::Selected(filter) => run.selected(&filter).await?,
    }
    Ok(run.report)
}

async fn record(ingest: &Ingest, options: &Options) -> Result<(), Error> {
    let (instance, data) = match &options.deliveries {
        Deliveries::Selected(filter) => (filter.instance.clone().map(InstanceId), json!({})),
        Deliveries::Ids(ids) => match ids.as_slice() {
            [id] => {
                let found = deliveries::find(&ingest.db, id).await?;
                let instance = found.map(|found| found.instance);
                (instance, json!({"delivery": id.as_str()}))
            }
            ids => (None, json!({"total": ids.len()})),
        },
    };
    let known = match &instance {
        Some(id) => instances::instance_or_removed(&ingest.db, id).await?,
        None => None,
    };
    let client = known.map(|known| known.client);
    let entry = NewEntry {
        instance: instance.map(|id| id.0),
        ..NewEntry::new(Action::Replay, client, data)
    };
    audit::record(&ingest.db, &ingest.clock, &options.actor, entry).await
}

struct Run<'a> {
    ingest: &'a Ingest,
    dry_run: bool,
    report: Report,
    /// Whether each instance belonged to another client before.
    shared: HashMap<InstanceId, bool>,
    progress: Arc<dyn Progress<Item>>,
    cancelled: CancellationToken,
}

impl Run<'_> {
    async fn ids(&mut self, ids: Vec<DeliveryId>) -> Result<(), Error> {
        for id in ids {
            if self.is_stopped() {
                return Ok(());
            }
            let item = match deliveries::find(&self.ingest.db, &id).await? {
                Some(entry) => self.replay(entry).await?,
                None => item(id, Replayed::NotFound),
            };
            self.record(&item);
        }
        Ok(())
    }

    async fn selected(&mut self, filter: &DeliveryFilter) -> Result<(), Error> {
        let mut after = String::new();
        // A refused delivery becomes a new one, which is not read again.
        let end = fresh_id(self.ingest.clock.now());
        loop {
            let page = deliveries::list(&self.ingest.db, filter, &after, PAGE).await?;
            let Some(last) = page.last() else {
                return Ok(());
            };
            after.clone_from(&last.id.0);
            for entry in page {
                if entry.id.0 >= end || self.is_stopped() {
                    return Ok(());
                }
                let item = self.replay(entry).await?;
                self.record(&item);
            }
        }
    }

    fn is_stopped(&mut self) -> bool {
        self.report.stopped = self.cancelled.is_cancelled();
        self.report.stopped
    }

    fn record(&mut self, item: &Item) {
        self.report.count(item.result);
        self.progress.finding(item);
        self.progress.advance(1);
    }

    async fn replay(&mut self, entry: DeliverySummary) -> Result<Item, Error> {
        let db = &self.ingest.db;
        let Some(instance) = instances::instance(db, &entry.instance).await? else {
            return Ok(item(entry.id, Replayed::InstanceRemoved));
        };
        // Deliveries to an earlier client are not given to the one that has the instance now.
        let client = instance.client;
        let is_shared = match self.shared.get(&instance.id) {
            Some(known) => *known,
            None => is_shared(db, &instance.id, client).await?,
        };
        self.shared.insert(instance.id.clone(), is_shared);
        if is_shared && is_of_another(db, &entry, client).await? {
            return Ok(item(entry.id, Replayed::InstanceRemoved));
        }
        if entry.reason.is_some_and(DeliveryReason::is_of_signature) {
            return self.receive_again(&instance, entry).await;
        }
        let Some(body) = deliveries::body(db, &entry.id).await? else {
            return Ok(item(entry.id, Replayed::BodyDeleted));
        };
        let body = Bytes::from(body);
        if self.dry_run {
            let readings = match ingest::look_again(self.ingest, &instance, &body).await? {
                Err(reason) => return Ok(unreadable(entry.id, reason)),
                Ok(readings) => readings,
            };
            return Ok(would_be_read(entry.id, &readings));
        }
        Ok(
            match ingest::replay(self.ingest, &instance, &entry.id, &body).await? {
                Replay::Unreadable { reason } => unreadable(entry.id, reason),
                Replay::Nothing => item(entry.id, Replayed::NoMedia),
                Replay::Erased => item(entry.id, Replayed::Erased),
                Replay::Media(media) => Item {
                    media: media.into_iter().map(known).collect(),
                    ..item(entry.id, Replayed::Read)
                },
            },
        )
    }
}

impl Run<'_> {
    /// A delivery that was refused for its signature becomes a new one once it is right.
    async fn receive_again(
        &self,
        instance: &instances::Instance,
        entry: DeliverySummary,
    ) -> Result<Item, Error> {
        let receiving = signed::receive_again(self.ingest, instance, &entry, self.dry_run);
        Ok(match receiving.await? {
            Err(Refused::Still(reason)) => unreadable(entry.id, reason),
            Err(Refused::Gone) => item(entry.id, Replayed::BodyDeleted),
            Ok(None) => {
                let body = deliveries::body(&self.ingest.db, &entry.id).await?;
                let body = Bytes::from(body.unwrap_or_default());
                // A compressed body is read only when it is received.
                match ingest::look_again(self.ingest, instance, &body).await? {
                    Ok(readings) => would_be_read(entry.id, &readings),
                    Err(_) => item(entry.id, Replayed::Read),
                }
            }
            Ok(Some(Receipt::Accepted {
                delivery, media, ..
            })) => {
                let media = media.into_iter().map(|(kind, put)| {
                    known(ingest::Replayed {
                        kind,
                        put,
                        bytes: None,
                    })
                });
                Item {
                    media: media.collect(),
                    ..item(delivery, Replayed::Read)
                }
            }
            Ok(Some(Receipt::Ignored { .. })) => item(entry.id, Replayed::NoMedia),
            Ok(Some(Receipt::SetAside { reason, .. })) => unreadable(entry.id, reason),
            Ok(Some(Receipt::WrongInstance { .. })) => {
                unreadable(entry.id, DeliveryReason::OtherInstance)
            }
        })
    }
}

fn kind<S: Serializer>(kind: &MediaKind, serializer: S) -> Result<S::Ok, S::Error> {
    kind.as_str().serialize(serializer)
}

fn item(delivery: DeliveryId, result: Replayed) -> Item {
    Item {
        delivery,
        result,
        reason: None,
        media: Vec::new(),
    }
}

fn unreadable(delivery: DeliveryId, reason: DeliveryReason) -> Item {
    Item {
        reason: Some(reason),
        ..item(delivery, Replayed::Unreadable)
    }
}

fn would_be_read(delivery: DeliveryId, readings: &[ParsedDelivery]) -> Item {
    let media = readings.iter().flat_map(|reading| &reading.media);
    let media: Vec<_> = media.map(|media| of_kind(media.kind)).collect();
    let result = if media.is_empty() {
        Replayed::NoMedia
    } else {
        Replayed::Read
    };
    Item {
        media,
        ..item(delivery, result)
    }
}

fn of_kind(kind: MediaKind) -> Media {
    Media {
        kind,
        id: None,
        status: None,
        duplicate: None,
        stored_bytes: None,
    }
}

fn known(media: ingest::Replayed) -> Media {
    Media {
        id: Some(media.put.id),
        status: Some(media.put.status),
        duplicate: Some(media.put.duplicate),
        stored_bytes: media.bytes,
        ..of_kind(media.kind)
    }
}
