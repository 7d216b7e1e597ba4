//! What is shown, and how news and keys change it. Pure: it reads nothing, draws nothing and knows no time but what
//! it is told.

mod keys;
#[cfg(test)]
mod tests;

use std::cell::Cell;

use crate::cli::language::Language;
use midiateca_service::clock::{Millis, SECOND};
use midiateca_service::events::Event;
use midiateca_service::model::MediaId;
use midiateca_service::ops::live::{self, Figures, MediaDetails, Update};
use midiateca_service::ops::retry::Retried;

pub(super) use keys::Step;

/// How long a sentence about what was done stays.
const NOTICE: Millis = 8 * SECOND;
/// After so long without news the database counts as silent.
const SILENCE: Millis = 4 * SECOND;
/// What lies over the panels.
#[derive(Clone, Debug, Default)]
pub(super) enum View {
    #[default]
    Panels,
    /// One media and its attempts; nothing of it until it has been read.
    Opened {
        id: MediaId,
        found: Option<Box<MediaDetails>>,
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
    pub wanted: live::Options,
    pub view: View,
    /// The media that a person is asked about.
    pub asking: Option<MediaId>,
    pub figures: Figures,
    pub error: Option<live::Error>,
    notice: Option<(Millis, Notice)>,
    /// The chosen event; the newest one while nothing is chosen.
    selected: Option<i64>,
    heard_at: Millis,
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
            Update::Failed(error) => self.error = Some(error),
            Update::Opened(news) => {
                self.hear();
                if let View::Opened { id, found, .. } = &mut self.view
                    && *id == news.id
                {
                    *found = Some(news);
                }
            }
            Update::Counts(counts) => {
                if counts.filter.counts_like(&self.wanted.filter) {
                    self.figures.counts = Some(*counts);
                }
            }
            Update::Snapshot(snapshot) => {
                self.hear();
                // What was on its way when the filter changed is of no more use; nor is what comes during a pause.
                let is_late = snapshot.filter != self.wanted.filter;
                if !is_late && (!self.wanted.is_paused || snapshot.is_whole) {
                    self.figures.add(*snapshot);
                }
            }
        }
    }

    fn hear(&mut self) {
        self.heard_at = self.now;
        self.error = None;
    }

    pub fn notify(&mut self, notice: Notice) {
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
        let last = self.figures.events.len().checked_sub(1)?;
        let Some(seq) = self.selected else {
            return Some(0);
        };
        // One that has fallen off the end leaves its place to the oldest that is kept.
        Some(
            self.figures
                .events
                .iter()
                .position(|event| event.seq <= seq)
                .unwrap_or(last),
        )
    }

    /// The chosen event.
    pub fn selected_event(&self) -> Option<&Event> {
        self.selected().and_then(|at| self.figures.events.get(at))
    }

    /// Chooses the event so many lines further down; the top follows what comes.
    fn select(&mut self, by: isize) {
        let Some(at) = self.selected() else { return };
        let to = at
            .saturating_add_signed(by)
            .min(self.figures.events.len() - 1);
        self.selected = (to > 0).then(|| self.figures.events[to].seq);
    }
}
