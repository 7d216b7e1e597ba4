//! The effect of each key.

use std::cell::Cell;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::{Notice, State, View};
use crate::cli::Language;
use midiateca_service::model::{MediaId, MediaKind};
use midiateca_service::ops::live::{LiveFilter, ROUND_RESULTS};

const PAGE: u16 = 10;

/// The next action of the loop after a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::cli::monitor) enum Step {
    Stay,
    End,
    Redraw,
    Retry(MediaId),
}

impl State {
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
                Language::English => ['y', 'Y'],
                Language::Portuguese => ['s', 'S'],
            };
            let is_yes = yes.map(KeyCode::Char).contains(&key.code);
            return if is_yes { Step::Retry(id) } else { Step::Stay };
        }
        match self.view {
            View::Panels => return self.key_at_panels(key.code),
            View::Opened { .. } => self.key_at_opened(key.code),
            View::Help => self.key_at_help(key.code),
        }
        Step::Stay
    }

    fn key_at_panels(&mut self, code: KeyCode) -> Step {
        let page = isize::from(PAGE.cast_signed());
        match code {
            KeyCode::Char('q' | 'Q') | KeyCode::Esc => return Step::End,
            KeyCode::Char(' ') => self.wanted.is_paused = !self.wanted.is_paused,
            KeyCode::Char('i') => self.next_instance(),
            KeyCode::Char('t') => {
                self.change_filter(|filter| filter.kind = next(&MediaKind::ALL, filter.kind));
            }
            KeyCode::Char('s' | 'f') => {
                self.change_filter(|filter| filter.result = next(&ROUND_RESULTS, filter.result));
            }
            KeyCode::Char('c') => self.change_filter(|filter| *filter = LiveFilter::default()),
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

    fn key_at_opened(&mut self, code: KeyCode) {
        let View::Opened { scroll, .. } = &self.view else {
            return;
        };
        let at = scroll.get();
        scroll.set(match code {
            KeyCode::Down | KeyCode::Char('j') => at.saturating_add(1),
            KeyCode::Up | KeyCode::Char('k') => at.saturating_sub(1),
            KeyCode::PageDown | KeyCode::Char(' ') => at.saturating_add(PAGE),
            KeyCode::PageUp => at.saturating_sub(PAGE),
            KeyCode::Home | KeyCode::Char('g') => 0,
            KeyCode::End | KeyCode::Char('G') => u16::MAX,
            KeyCode::Esc | KeyCode::Enter | KeyCode::Char('q' | 'Q') => return self.close(),
            KeyCode::Char('r') => return self.ask(),
            _ => at,
        });
    }

    fn key_at_help(&mut self, code: KeyCode) {
        use KeyCode::{Char, Enter, Esc};
        if matches!(code, Esc | Enter | Char('q' | 'Q' | '?' | 'h')) {
            self.close();
        }
    }

    fn close(&mut self) {
        self.view = View::Panels;
        self.wanted.opened = None;
    }

    fn open(&mut self) {
        let Some(id) = self.selected_media() else {
            return self.notify(Notice::NoMedia);
        };
        self.wanted.opened = Some(id.clone());
        self.view = View::Opened {
            id,
            found: None,
            scroll: Cell::new(0),
        };
    }

    fn ask(&mut self) {
        self.asking = self.selected_media();
        if self.asking.is_none() {
            self.notify(Notice::NoMedia);
        }
    }

    /// The opened media, else that of the selected event.
    fn selected_media(&self) -> Option<MediaId> {
        match &self.view {
            View::Opened { id, .. } => Some(id.clone()),
            _ => self.selected_event()?.media.clone().map(MediaId),
        }
    }

    fn next_instance(&mut self) {
        let snapshot = self.figures.snapshot.as_ref();
        let instances = snapshot.map_or(&[][..], |snapshot| &snapshot.instances);
        let ids: Vec<_> = instances.iter().map(|it| it.id.clone()).collect();
        self.change_filter(|filter| filter.instance = next(&ids, filter.instance.take()));
    }

    /// Figures of the former filter are not shown under the new one.
    fn change_filter(&mut self, change: impl FnOnce(&mut LiveFilter)) {
        change(&mut self.wanted.filter);
        self.selected = None;
        self.figures.events.clear();
        let counts = &mut self.figures.counts;
        counts.take_if(|counts| !counts.filter.counts_like(&self.wanted.filter));
    }
}

/// The one after `current`; none after the last.
fn next<T: Clone + PartialEq>(all: &[T], current: Option<T>) -> Option<T> {
    let at = match current {
        None => 0,
        Some(current) => all.iter().position(|one| *one == current)? + 1,
    };
    all.get(at).cloned()
}
