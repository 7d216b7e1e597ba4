//! The screens as snapshots; `cargo insta review` shows what changed.

use std::fmt::Write as _;

use crossterm::event::KeyCode;
use ratatui::Terminal;
use ratatui::backend::TestBackend;

use super::*;
use crate::cli::monitor::fixture::{self, letter, press, receive};
use crate::cli::monitor::state::Notice;
use midiateca_service::clock::SECOND;
use midiateca_service::ops::live::{self, Update};
use midiateca_service::ops::retry::Retried;
use midiateca_service::worker::Paused;

fn backend(state: &State, (width, height): (u16, u16), has_color: bool) -> TestBackend {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    let skin = Skin {
        lang: state.lang,
        has_color,
    };
    terminal.draw(|frame| draw(frame, state, skin)).unwrap();
    terminal.backend().clone()
}

fn drawn(state: &State, size: (u16, u16)) -> String {
    backend(state, size, true).to_string()
}

/// Compares the screen in both languages with the snapshot of this name.
fn must_look(name: &str, sizes: &[(u16, u16)], state: impl Fn(Language) -> State) {
    let mut screens = String::new();
    for lang in Language::ALL {
        for size in sizes {
            let screen = drawn(&state(lang), *size);
            let _ = writeln!(screens, "{} {size:?}\n{screen}", lang.code());
        }
    }
    insta::assert_snapshot!(name, screens);
}

fn after_keys(lang: Language, keys: &str) -> State {
    let mut state = fixture::state(lang);
    for key in keys.chars() {
        letter(&mut state, key);
    }
    state
}

fn opened(lang: Language) -> State {
    let mut state = fixture::state(lang);
    press(&mut state, KeyCode::Enter);
    let id = state.wanted.opened.clone().unwrap();
    state.apply(Update::Opened(Box::new(fixture::details(&id))));
    state
}

fn without_database(lang: Language) -> State {
    let mut state = fixture::state(lang);
    let path = "/srv/midiateca/midiateca.db".into();
    state.apply(Update::Failed(live::Error::Missing { path }));
    let id = midiateca_service::model::MediaId("019a-5".to_owned());
    state.notify(Notice::Retried(id, Ok(Retried::Queued)));
    state
}

fn silent(lang: Language) -> State {
    let mut state = fixture::state(lang);
    state.now += 30 * SECOND;
    state
}

/// Downloads wait for disk space.
fn without_space(lang: Language) -> State {
    let mut state = fixture::state(lang);
    state.figures.snapshot.as_mut().unwrap().paused = Some(Paused {
        free_bytes: 1_024,
        resume_above_bytes: 2_560,
    });
    state
}

const SMALL: (u16, u16) = (80, 24);

#[test]
fn the_panels_look_like_this() {
    must_look("panels", &[(60, 12), SMALL, (160, 50)], fixture::state);
}

#[test]
fn other_screens_look_like_this() {
    let starting = |lang| State::new("/srv/midiateca".to_owned(), lang, fixture::NOON);
    must_look("starting", &[(15, 3), SMALL], starting);
    must_look("help", &[(40, 14), SMALL], |lang| after_keys(lang, "?"));
    must_look("opened", &[SMALL, (120, 40)], opened);
    must_look("reading", &[(60, 8)], |lang| {
        let mut state = fixture::state(lang);
        press(&mut state, KeyCode::Enter);
        state
    });
}

#[test]
fn the_first_and_last_lines_look_like_this() {
    const LINES: &[(u16, u16)] = &[(80, 4)];
    must_look("filtered", LINES, |lang| after_keys(lang, "its "));
    must_look("asking", LINES, |lang| after_keys(lang, "r"));
    must_look("without_database", LINES, without_database);
    must_look("silent", LINES, silent);
    must_look("without_space", LINES, without_space);
}

#[test]
fn a_lack_of_space_is_shown_only_while_something_waits_for_it() {
    let mut state = without_space(Language::English);
    let text = "the disk is nearly full (1.00 KiB free)";
    assert!(drawn(&state, SMALL).contains(text));
    state.figures.counts.as_mut().unwrap().waiting.clear();
    assert!(!drawn(&state, SMALL).contains(text));
}

#[test]
fn no_size_makes_it_panic_and_foreign_texts_are_made_harmless() {
    for lang in Language::ALL {
        let states = [
            State::new("/srv/midiateca".to_owned(), lang, 0),
            fixture::state(lang),
            after_keys(lang, "?"),
            after_keys(lang, " itsc"),
            after_keys(lang, "its"),
            opened(lang),
            without_database(lang),
        ];
        for state in states {
            for width in [1, 2, 19, 20, 40, 72, 80, 120, 200] {
                for height in [1, 3, 4, 5, 8, 10, 14, 24, 40, 60] {
                    let shown = drawn(&state, (width, height));
                    assert!(!shown.contains(['\u{1b}', '\u{202e}', '\u{7}']), "{shown}");
                }
            }
        }
    }
}

#[test]
fn scrolling_ends_at_the_last_line() {
    let mut state = opened(Language::English);
    drawn(&state, SMALL);
    for _ in 0..200 {
        press(&mut state, KeyCode::Down);
    }
    let end = drawn(&state, SMALL);
    assert!(end.contains("voice_note       false"), "{end}");
    press(&mut state, KeyCode::Up);
    assert_ne!(end, drawn(&state, SMALL));
}

#[test]
fn without_color_there_is_none() {
    let mut state = fixture::state(Language::English);
    receive(&mut state, false);
    for has_color in [false, true] {
        let screen = backend(&state, SMALL, has_color);
        let cells = &screen.buffer().content;
        let colored = cells
            .iter()
            .any(|cell| cell.fg != Color::Reset || cell.bg != Color::Reset);
        assert_eq!(colored, has_color);
    }
}
