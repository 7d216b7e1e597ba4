//! The figures of the last minutes, from snapshots and counts. Pure.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use serde::Serialize;

use super::rate::DeliveryRate;
use super::speed::DownloadSpeeds;
use super::{Download, LiveCounts, LiveFilter, LiveInstance, LiveSnapshot, MOST_EVENTS};
use crate::clock::{MINUTE, Millis};
use crate::events::Event;
use crate::media::counts::Due;
use crate::model::{EventKind, InstanceState, MediaStatus};

#[derive(Default)]
pub struct Figures {
    pub snapshot: Option<LiveSnapshot>,
    pub counts: Option<LiveCounts>,
    /// The newest first.
    pub events: Vec<Event>,
    rate: DeliveryRate,
    speeds: DownloadSpeeds,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct QueueCounts {
    pub ready: i64,
    pub waiting: i64,
    pub downloading: i64,
    pub stored: i64,
    pub failed: i64,
    pub expired: i64,
    pub skipped: i64,
    pub dismissed: i64,
    /// Of those that are ready or wait, in the order of [`Due::ALL`].
    pub due: [i64; 4],
}

impl Figures {
    pub fn add(&mut self, mut snapshot: LiveSnapshot) {
        self.rate.add(snapshot.at, &snapshot.instances);
        self.speeds.add(snapshot.at, &snapshot.in_flight);
        let fresh = std::mem::take(&mut snapshot.events);
        if snapshot.is_whole {
            self.events = fresh;
        } else {
            self.events.splice(0..0, fresh);
            self.events.truncate(MOST_EVENTS as usize);
        }
        self.snapshot = Some(snapshot);
    }

    /// The instances, those with a problem first.
    pub fn instances(&self, filter: &LiveFilter) -> Vec<&LiveInstance> {
        let all = self
            .snapshot
            .iter()
            .flat_map(|snapshot| &snapshot.instances);
        let mut instances: Vec<_> = all
            .filter(|instance| filter.includes(&instance.id))
            .collect();
        instances.sort_by_key(|instance| {
            let is_well =
                instance.problem.is_none() && instance.state != InstanceState::Disconnected;
            (is_well, Reverse(instance.last_delivery_at))
        });
        instances
    }

    /// Deliveries per minute over the last minute; none until it is known.
    pub fn deliveries_per_minute(&self, filter: &LiveFilter) -> Option<f64> {
        self.rate.per_minute(|instance| filter.includes(instance))
    }

    pub fn speed(&self, download: &Download) -> Option<f64> {
        self.speeds.per_second(&download.id)
    }

    /// Bytes per second of all listed downloads.
    pub fn total_speed(&self) -> f64 {
        let downloads = self
            .snapshot
            .iter()
            .flat_map(|snapshot| &snapshot.in_flight);
        downloads.filter_map(|download| self.speed(download)).sum()
    }

    /// Media received in each of the last sixty minutes, the oldest first.
    pub fn minutes(&self, now: Millis) -> Vec<u64> {
        let this = now / MINUTE;
        let minutes = self.counts.iter().flat_map(|counts| &counts.minutes);
        let counts: BTreeMap<_, _> = minutes.copied().collect();
        (this - 59..=this)
            .map(|minute| counts.get(&minute).copied().unwrap_or(0))
            .collect()
    }

    pub fn last_hour(&self, kind: EventKind) -> u64 {
        let hour = self.counts.iter().flat_map(|counts| &counts.hour);
        hour.filter(|(found, _)| found == kind.as_str())
            .map(|(_, count)| count)
            .sum()
    }

    /// The queue of the filter; none until it has been counted.
    pub fn queue(&self, filter: &LiveFilter) -> Option<QueueCounts> {
        let counts = self.counts.as_ref()?;
        let kind = filter.kind;
        let mut queue = QueueCounts::default();
        for standing in counts
            .standing
            .iter()
            .filter(|standing| filter.includes(&standing.instance))
            .filter(|standing| kind.is_none_or(|kind| kind == standing.kind))
        {
            let place = match standing.status {
                MediaStatus::Stored => &mut queue.stored,
                MediaStatus::Failed => &mut queue.failed,
                MediaStatus::Expired => &mut queue.expired,
                MediaStatus::Skipped => &mut queue.skipped,
                MediaStatus::Dismissed => &mut queue.dismissed,
                MediaStatus::Downloading => &mut queue.downloading,
                MediaStatus::Pending => &mut queue.ready,
            };
            *place += standing.count;
        }
        for waiting in counts
            .waiting
            .iter()
            .filter(|waiting| filter.includes(&waiting.instance))
        {
            let place = if waiting.is_ready {
                &mut queue.ready
            } else {
                &mut queue.waiting
            };
            *place += waiting.count;
            let due = Due::ALL.iter().position(|due| *due == waiting.due);
            queue.due[due.unwrap_or(3)] += waiting.count;
        }
        Some(queue)
    }
}
