//! What is shown, and how news and keys change it. Pure: it reads nothing, draws nothing and knows no time but what
//! it is told.

mod keys;
mod rate;
mod speed;
#[cfg(test)]
pub(super) mod tests;

use std::cell::Cell;
use std::collections::BTreeMap;

use super::sample::{self, Census, Glance, Opened, Trouble, Update, Wanted};
use crate::cli::language::Language;
use crate::cli::monitor::sample::Download;
use midiateca_service::clock::{MINUTE, Millis, SECOND};
use midiateca_service::events::Event;
use midiateca_service::instances::Instance;
use midiateca_service::media::counts::Due;
use midiateca_service::model::{MediaId, MediaStatus};
use midiateca_service::ops::retry::Retried;

pub(super) use keys::Step;
use rate::Rate;
use speed::Speeds;

/// How long a sentence about what was done stays.
const NOTICE: Millis = 8 * SECOND;
/// After so long without news the database counts as silent.
const SILENCE: Millis = 4 * SECOND;
/// Events that are kept for scrolling.
const MOST_EVENTS: usize = sample::MOST_EVENTS as usize;

/// What lies over the panels.
#[derive(Clone, Debug, Default)]
pub(super) enum View {
    #[default]
    Panels,
    /// One media and its attempts; nothing of it until it has been read.
    Opened {
        id: MediaId,
        found: Option<Box<Opened>>,
        scroll: u16,
        /// How far it can be scrolled; only whoever draws it knows.
        limit: Cell<u16>,
    },
    Help,
}

/// Something to be said once.
#[derive(Clone, Debug)]
pub(super) enum Notice {
    Retried(MediaId, Result<Retried, String>),
    /// The chosen event tells of no media.
    NoMedia,
}

/// All that is shown.
#[derive(Default)]
pub(super) struct State {
    pub data: String,
    pub lang: Language,
    pub now: Millis,
    pub wanted: Wanted,
    pub view: View,
    /// The media that a person is asked about.
    pub asking: Option<MediaId>,
    /// What was read last.
    pub glance: Option<Glance>,
    pub census: Option<Census>,
    /// The newest first.
    pub events: Vec<Event>,
    pub trouble: Option<Trouble>,
    notice: Option<(Millis, Notice)>,
    /// The chosen event; the newest one while nothing is chosen.
    selected: Option<i64>,
    rate: Rate,
    speeds: Speeds,
    heard_at: Millis,
}

/// How many media of those that are wanted stand so.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Queue {
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

impl State {
    /// Nothing is known yet.
    pub fn new(data: String, lang: Language, now: Millis) -> Self {
        Self {
            data,
            lang,
            now,
            heard_at: now,
            ..Self::default()
        }
    }

    /// Takes what was read.
    pub fn apply(&mut self, update: Update) {
        match update {
            Update::Trouble(trouble) => self.trouble = Some(trouble),
            Update::Retried(id, outcome) => self.notify(Notice::Retried(id, outcome)),
            Update::Opened(news) => {
                self.hear();
                if let View::Opened { id, found, .. } = &mut self.view
                    && *id == news.id
                {
                    *found = Some(news);
                }
            }
            Update::Census(census) => {
                if census.filter.counts_like(&self.wanted.filter) {
                    self.census = Some(*census);
                }
            }
            Update::Glance(glance) => {
                self.hear();
                // What was on its way when the filter changed is of no more use; nor is what comes during a pause.
                let is_late = glance.filter != self.wanted.filter;
                if !is_late && (!self.wanted.is_paused || glance.is_whole) {
                    self.take(*glance);
                }
            }
        }
    }

    fn hear(&mut self) {
        self.heard_at = self.now;
        self.trouble = None;
    }

    fn take(&mut self, mut glance: Glance) {
        self.rate.note(glance.at, &glance.instances);
        self.speeds.note(glance.at, &glance.in_flight);
        let fresh = std::mem::take(&mut glance.events);
        if glance.is_whole {
            self.events = fresh;
        } else {
            self.events.splice(0..0, fresh);
            self.events.truncate(MOST_EVENTS);
        }
        self.glance = Some(glance);
    }

    fn notify(&mut self, notice: Notice) {
        self.notice = Some((self.now, notice));
    }

    /// What is to be said now.
    pub fn notice(&self) -> Option<&Notice> {
        let fresh = |(at, _): &&(Millis, Notice)| self.now - *at < NOTICE;
        self.notice.as_ref().filter(fresh).map(|(_, notice)| notice)
    }

    /// For how long the database has said nothing, if that is too long.
    pub fn silent_for(&self) -> Option<Millis> {
        let silence = self.now - self.heard_at;
        (silence > SILENCE && (!self.wanted.is_paused || self.wanted.opened.is_some()))
            .then_some(silence)
    }

    /// Which line of the events is chosen.
    pub fn selected(&self) -> Option<usize> {
        let last = self.events.len().checked_sub(1)?;
        let Some(seq) = self.selected else {
            return Some(0);
        };
        // One that has fallen off the end leaves its place to the oldest that is kept.
        Some(
            self.events
                .iter()
                .position(|event| event.seq <= seq)
                .unwrap_or(last),
        )
    }

    /// The chosen event.
    pub fn chosen(&self) -> Option<&Event> {
        self.selected().and_then(|at| self.events.get(at))
    }

    /// Chooses the event so many lines further down; the top follows what comes.
    fn select(&mut self, by: isize) {
        let Some(at) = self.selected() else { return };
        let to = at.saturating_add_signed(by).min(self.events.len() - 1);
        self.selected = (to > 0).then(|| self.events[to].seq);
    }

    fn is_wanted(&self, instance: &str) -> bool {
        let wanted = self.wanted.filter.instance.as_deref();
        wanted.is_none_or(|wanted| wanted == instance)
    }

    /// The instances, those that need somebody first.
    pub fn instances(&self) -> Vec<&Instance> {
        let all = self.glance.iter().flat_map(|glance| &glance.instances);
        let mut wanted: Vec<_> = all
            .filter(|instance| self.is_wanted(instance.id.as_str()))
            .collect();
        wanted.sort_by_key(|instance| {
            let is_well = instance.problem.is_none() && instance.state != "disconnected";
            (is_well, std::cmp::Reverse(instance.last_delivery_at))
        });
        wanted
    }

    /// Deliveries in a minute, as of the last minute; nothing until that can be told.
    pub fn deliveries_per_minute(&self) -> Option<f64> {
        self.rate.per_minute(|instance| self.is_wanted(instance))
    }

    /// Bytes in a second of one download.
    pub fn speed(&self, download: &Download) -> Option<f64> {
        self.speeds.of(&download.id)
    }

    /// Bytes in a second of all downloads that are listed.
    pub fn speed_in_all(&self) -> f64 {
        let downloads = self.glance.iter().flat_map(|glance| &glance.in_flight);
        downloads.filter_map(|download| self.speed(download)).sum()
    }

    /// Media that came in each of the last sixty minutes, the oldest first.
    pub fn minutes(&self) -> Vec<u64> {
        let this = self.now / MINUTE;
        let minutes = self.census.iter().flat_map(|census| &census.minutes);
        let counts: BTreeMap<_, _> = minutes.copied().collect();
        (this - 59..=this)
            .map(|minute| counts.get(&minute).copied().unwrap_or(0))
            .collect()
    }

    /// Events of the last hour of that kind.
    pub fn in_the_hour(&self, kind: &str) -> u64 {
        let hour = self.census.iter().flat_map(|census| &census.hour);
        hour.filter(|(found, _)| found == kind)
            .map(|(_, n)| n)
            .sum()
    }

    /// The queue of what is wanted; nothing until it has been counted.
    pub fn queue(&self) -> Option<Queue> {
        self.queue_where(|instance| self.is_wanted(instance))
    }

    /// The queue of one instance.
    pub fn queue_of(&self, instance: &Instance) -> Option<Queue> {
        self.queue_where(|found| found == instance.id.as_str())
    }

    fn queue_where(&self, wanted: impl Fn(&str) -> bool) -> Option<Queue> {
        let census = self.census.as_ref()?;
        let kind = self.wanted.filter.kind;
        let mut queue = Queue::default();
        for standing in census
            .standing
            .iter()
            .filter(|standing| wanted(&standing.instance))
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
        for waiting in census
            .waiting
            .iter()
            .filter(|waiting| wanted(&waiting.instance))
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
