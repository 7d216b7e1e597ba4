//! The state of the screen, and how updates and keys change it. Pure: time comes from outside.

mod keys;

use std::cell::Cell;

use crate::cli::Language;
use midiateca_service::clock::{Millis, SECOND};
use midiateca_service::events::Event;
use midiateca_service::model::MediaId;
use midiateca_service::ops::live::{self, Figures, MediaDetails, Update};
use midiateca_service::ops::retry::Retried;

pub(super) use keys::Step;

const NOTICE: Millis = 8 * SECOND;
/// After this long without an update the database is reported as silent.
const SILENCE: Millis = 4 * SECOND;

#[derive(Clone, Debug, Default)]
pub(super) enum View {
    #[default]
    Panels,
    /// One media and its attempts.
    Opened {
        id: MediaId,
        /// None until it has been read.
        found: Option<Box<MediaDetails>>,
        /// Drawing limits it to the length of the text.
        scroll: Cell<u16>,
    },
    Help,
}

/// Shown once in the last line.
#[derive(Clone, Debug)]
pub(super) enum Notice {
    Retried(MediaId, Result<Retried, String>),
    /// The selected event has no media.
    NoMedia,
}

#[derive(Default)]
pub(super) struct State {
    pub data: String,
    pub lang: Language,
    pub has_color: bool,
    pub now: Millis,
    pub wanted: live::Options,
    pub view: View,
    pub asking: Option<MediaId>,
    pub figures: Figures,
    pub error: Option<live::Error>,
    notice: Option<(Millis, Notice)>,
    /// The sequence number of the selected event; the newest one if none is.
    selected: Option<i64>,
    updated_at: Millis,
}

impl State {
    pub fn new(data: String, lang: Language, now: Millis) -> Self {
        Self {
            data,
            lang,
            now,
            updated_at: now,
            ..Self::default()
        }
    }

    pub fn apply(&mut self, update: Update) {
        match update {
            Update::Failed(error) => self.error = Some(error),
            Update::Opened(details) => {
                self.database_answered();
                if let View::Opened { id, found, .. } = &mut self.view
                    && *id == details.id
                {
                    *found = Some(details);
                }
            }
            Update::Counts(counts) => {
                if counts.filter.counts_like(&self.wanted.filter) {
                    self.figures.counts = Some(*counts);
                }
            }
            Update::Snapshot(snapshot) => {
                self.database_answered();
                // It may be of a former filter, or have been read before the pause.
                let is_late = snapshot.filter != self.wanted.filter;
                if !is_late && (!self.wanted.is_paused || snapshot.is_whole) {
                    self.figures.add(*snapshot);
                }
            }
        }
    }

    fn database_answered(&mut self) {
        self.updated_at = self.now;
        self.error = None;
    }

    pub fn notify(&mut self, notice: Notice) {
        self.notice = Some((self.now, notice));
    }

    pub fn notice(&self) -> Option<&Notice> {
        let (at, notice) = self.notice.as_ref()?;
        (self.now - at < NOTICE).then_some(notice)
    }

    /// For how long there was no update, if that is too long.
    pub fn silent_for(&self) -> Option<Millis> {
        let silence = self.now - self.updated_at;
        let is_expected = !self.wanted.is_paused || self.wanted.opened.is_some();
        (silence > SILENCE && is_expected).then_some(silence)
    }

    /// The index of the selected event. If it is no longer in the list, the oldest is selected.
    pub fn selected(&self) -> Option<usize> {
        let last = self.figures.events.len().checked_sub(1)?;
        let Some(seq) = self.selected else {
            return Some(0);
        };
        let mut events = self.figures.events.iter();
        Some(events.position(|event| event.seq <= seq).unwrap_or(last))
    }

    pub fn selected_event(&self) -> Option<&Event> {
        self.figures.events.get(self.selected()?)
    }

    /// Moves the selection down; at the top, it follows new events.
    fn select(&mut self, by: isize) {
        let Some(at) = self.selected() else { return };
        let last = self.figures.events.len() - 1;
        let to = at.saturating_add_signed(by).min(last);
        self.selected = (to > 0).then(|| self.figures.events[to].seq);
    }
}
