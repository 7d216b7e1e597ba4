//! What a key does.

use std::cell::Cell;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::{Notice, State, View};
use crate::cli::language::Language;
use midiateca_service::model::{MediaId, MediaKind};
use midiateca_service::ops::live::{LiveFilter, RoundResult};

/// A page of the events.
const PAGE: u16 = 10;

/// What the loop is to do after a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::cli::monitor) enum Step {
    Stay,
    End,
    /// Draw all of it anew.
    Redraw,
    Retry(MediaId),
}

impl State {
    /// Takes a key.
    pub fn key(&mut self, key: KeyEvent) -> Step {
        if !key.is_press() && !key.is_repeat() {
            return Step::Stay;
        }
        if key.modifiers.contains(KeyModifiers::CONTROL) {
            return match key.code {
                KeyCode::Char('c' | 'd') => Step::End,
                KeyCode::Char('l') => Step::Redraw,
                _ => Step::Stay,
            };
        }
        if let Some(id) = self.asking.take() {
            let yes = match self.lang {
                Language::English => 'y',
                Language::Portuguese => 's',
            };
            let is_yes =
                matches!(key.code, KeyCode::Char(letter) if letter.eq_ignore_ascii_case(&yes));
            return if is_yes { Step::Retry(id) } else { Step::Stay };
        }
        match self.view {
            View::Panels => self.key_at_panels(key.code),
            View::Opened { .. } => self.key_at_opened(key.code),
            View::Help => self.key_at_help(key.code),
        }
    }

    fn key_at_panels(&mut self, code: KeyCode) -> Step {
        let page = PAGE.cast_signed().into();
        match code {
            KeyCode::Char('q' | 'Q') | KeyCode::Esc => return Step::End,
            KeyCode::Char(' ') => self.wanted.is_paused = !self.wanted.is_paused,
            KeyCode::Char('i') => self.next_instance(),
            KeyCode::Char('t') => {
                self.wanted.filter.kind = next(&MediaKind::ALL, self.wanted.filter.kind);
                self.filter_changed();
            }
            KeyCode::Char('s' | 'f') => {
                self.wanted.filter.result = next(&RoundResult::ALL, self.wanted.filter.result);
                self.filter_changed();
            }
            KeyCode::Char('c') => {
                self.wanted.filter = LiveFilter::default();
                self.filter_changed();
            }
            KeyCode::Down | KeyCode::Char('j') => self.select(1),
            KeyCode::Up | KeyCode::Char('k') => self.select(-1),
            KeyCode::PageDown => self.select(page),
            KeyCode::PageUp => self.select(-page),
            KeyCode::Home | KeyCode::Char('g') => self.select(isize::MIN),
            KeyCode::End | KeyCode::Char('G') => self.select(isize::MAX),
            KeyCode::Enter => self.open(),
            KeyCode::Char('r') => self.ask(),
            KeyCode::Char('?' | 'h') => self.view = View::Help,
            _ => {}
        }
        Step::Stay
    }

    fn key_at_opened(&mut self, code: KeyCode) -> Step {
        let View::Opened { scroll, limit, .. } = &mut self.view else {
            return Step::Stay;
        };
        let down = |by| scroll.saturating_add(by).min(limit.get());
        match code {
            KeyCode::Esc | KeyCode::Enter | KeyCode::Char('q' | 'Q') => self.close(),
            KeyCode::Down | KeyCode::Char('j') => *scroll = down(1),
            KeyCode::Up | KeyCode::Char('k') => *scroll = scroll.saturating_sub(1),
            KeyCode::PageDown | KeyCode::Char(' ') => *scroll = down(PAGE),
            KeyCode::PageUp => *scroll = scroll.saturating_sub(PAGE),
            KeyCode::Home | KeyCode::Char('g') => *scroll = 0,
            KeyCode::End | KeyCode::Char('G') => *scroll = limit.get(),
            KeyCode::Char('r') => self.ask(),
            _ => {}
        }
        Step::Stay
    }

    fn key_at_help(&mut self, code: KeyCode) -> Step {
        if matches!(
            code,
            KeyCode::Esc | KeyCode::Enter | KeyCode::Char('q' | 'Q' | '?' | 'h')
        ) {
            self.close();
        }
        Step::Stay
    }

    fn close(&mut self) {
        self.view = View::Panels;
        self.wanted.opened = None;
    }

    fn open(&mut self) {
        let Some(id) = self.media_at_hand() else {
            return self.notify(Notice::NoMedia);
        };
        self.wanted.opened = Some(id.clone());
        self.view = View::Opened {
            id,
            found: None,
            scroll: 0,
            limit: Cell::new(u16::MAX),
        };
    }

    fn ask(&mut self) {
        self.asking = self.media_at_hand();
        if self.asking.is_none() {
            self.notify(Notice::NoMedia);
        }
    }

    /// The media that is open, else that of the chosen event.
    fn media_at_hand(&self) -> Option<MediaId> {
        match &self.view {
            View::Opened { id, .. } => Some(id.clone()),
            _ => self.selected_event()?.media.clone().map(MediaId),
        }
    }

    fn next_instance(&mut self) {
        let instances = self
            .figures
            .snapshot
            .iter()
            .flat_map(|snapshot| &snapshot.instances);
        let ids: Vec<_> = instances.map(|instance| instance.id.clone()).collect();
        self.wanted.filter.instance = next(&ids, self.wanted.filter.instance.take());
        self.filter_changed();
    }

    /// What was read for another filter is not shown under this one.
    fn filter_changed(&mut self) {
        self.selected = None;
        self.figures.events.clear();
        if self
            .figures
            .counts
            .as_ref()
            .is_some_and(|counts| !counts.filter.counts_like(&self.wanted.filter))
        {
            self.figures.counts = None;
        }
    }
}

/// The one after `now`; nothing after the last.
fn next<T: Clone + PartialEq>(all: &[T], now: Option<T>) -> Option<T> {
    let at = match now {
        None => 0,
        Some(now) => all.iter().position(|one| *one == now)? + 1,
    };
    all.get(at).cloned()
}
