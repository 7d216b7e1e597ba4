//! The screens as snapshots. `cargo insta review` shows what changed.

use std::fmt::Write as _;

use crossterm::event::KeyCode;
use ratatui::Terminal;
use ratatui::backend::TestBackend;

use super::*;
use crate::cli::monitor::state::Notice;
use crate::cli::monitor::tests::{self as fixture, letter, press};
use midiateca_service::clock::SECOND;
use midiateca_service::model::MediaId;
use midiateca_service::ops::live::{Error, Update};
use midiateca_service::ops::retry::Retried;
use midiateca_service::worker::Paused;

type Size = (u16, u16);
const SMALL: Size = (80, 24);
const LINES: &[Size] = &[(80, 4)];

/// The name of a screen, its sizes, and how it differs from the panels of the fixture.
type Screen = (&'static str, &'static [Size], fn(&mut State));
const SCREENS: [Screen; 10] = [
    ("panels", &[(60, 12), SMALL, (160, 60)], |_| ()),
    ("starting", &[(15, 3), SMALL], |state| {
        *state = State::new(state.data.clone(), state.lang, state.now);
    }),
    ("help", &[(40, 14), SMALL], |state| keys(state, "?")),
    ("reading", &[(60, 8)], |state| {
        _ = press(state, KeyCode::Enter)
    }),
    ("opened", &[SMALL, (120, 40)], open),
    ("filtered", LINES, |state| keys(state, "its ")),
    ("asking", LINES, |state| keys(state, "r")),
    ("without_database", LINES, lose_database),
    ("silent", LINES, |state| state.now += 30 * SECOND),
    ("without_space", LINES, fill_disk),
];

fn keys(state: &mut State, keys: &str) {
    for key in keys.chars() {
        letter(state, key);
    }
}

fn open(state: &mut State) {
    press(state, KeyCode::Enter);
    let details = fixture::details(state.wanted.opened.as_ref().unwrap());
    state.apply(Update::Opened(Box::new(details)));
}

fn lose_database(state: &mut State) {
    let path = "/srv/midiateca/midiateca.db".into();
    state.apply(Update::Failed(Error::Missing { path }));
    let id = MediaId("019a-5".to_owned());
    state.notify(Notice::Retried(id, Ok(Retried::Queued)));
}

fn fill_disk(state: &mut State) {
    state.figures.snapshot.as_mut().unwrap().paused = Some(Paused {
        free_bytes: 1_024,
        resume_above_bytes: 2_560,
    });
}

fn backend(state: &State, (width, height): Size) -> TestBackend {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    terminal.draw(|frame| draw(frame, state)).unwrap();
    terminal.backend().clone()
}

fn drawn(state: &State, size: Size) -> String {
    backend(state, size).to_string()
}

#[test]
fn screens_look_as_before_in_both_languages() {
    for (name, sizes, change) in SCREENS {
        let mut screens = String::new();
        for lang in Language::ALL {
            for size in sizes {
                let mut state = fixture::filled(lang);
                change(&mut state);
                let screen = drawn(&state, *size);
                let _ = writeln!(screens, "{} {size:?}\n{screen}", lang.code());
            }
        }
        insta::assert_snapshot!(name, screens);
    }
}

#[test]
fn no_size_makes_it_panic_and_foreign_texts_are_made_harmless() {
    for (_, _, change) in SCREENS {
        let mut state = fixture::filled(Language::Portuguese);
        change(&mut state);
        for width in [1, 2, 19, 20, 40, 72, 80, 120, 200] {
            for height in [1, 3, 4, 5, 8, 10, 14, 24, 40, 60] {
                let shown = drawn(&state, (width, height));
                assert!(!shown.contains(['\u{1b}', '\u{202e}', '\u{7}']), "{shown}");
            }
        }
    }
}

#[test]
fn a_lack_of_space_is_shown_only_while_something_waits_for_it() {
    let mut state = fixture::filled(Language::Portuguese);
    fill_disk(&mut state);
    let text = "o disco está quase cheio (1,00 KiB livres)";
    assert!(drawn(&state, SMALL).contains(text));
    state.figures.counts.as_mut().unwrap().waiting.clear();
    assert!(!drawn(&state, SMALL).contains(text));
}

#[test]
fn scrolling_ends_at_the_last_line() {
    let mut state = fixture::filled(Language::English);
    open(&mut state);
    drawn(&state, SMALL);
    press(&mut state, KeyCode::End);
    let end = drawn(&state, SMALL);
    assert!(end.contains("voice note"), "{end}");
    press(&mut state, KeyCode::Down);
    assert_eq!(end, drawn(&state, SMALL));
    press(&mut state, KeyCode::Up);
    assert_ne!(end, drawn(&state, SMALL));
}
