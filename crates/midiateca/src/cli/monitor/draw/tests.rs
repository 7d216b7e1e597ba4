use crossterm::event::KeyCode;
use ratatui::Terminal;
use ratatui::backend::TestBackend;

use super::*;
use crate::cli::monitor::state::Notice;
use crate::cli::monitor::state::tests::{FIRST, OTHER, glance, opened, press, told};
use midiateca_service::clock::SECOND;
use midiateca_service::ops::live::{self, LiveFilter, Update};
use midiateca_service::ops::retry::Retried;

fn drawn(state: &State, width: u16, height: u16) -> String {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    let skin = Skin {
        lang: state.lang,
        has_color: true,
    };
    terminal.draw(|frame| draw(frame, state, skin)).unwrap();
    terminal.backend().to_string()
}

fn must_show(shown: &str, wanted: &[&str]) {
    for text in wanted {
        assert!(shown.contains(text), "{text} is not in\n{shown}");
    }
}

/// Every state that a screen can be in.
fn states() -> Vec<State> {
    let mut states = Vec::new();
    for lang in [Language::English, Language::Portuguese] {
        states.push(State::new("/srv/midiateca".to_owned(), lang, 0));
        states.push(told(lang));
        for keys in ["?", "r", " itsc", "its"] {
            let mut state = told(lang);
            for key in keys.chars() {
                press(&mut state, KeyCode::Char(key));
            }
            states.push(state);
        }
        let mut state = told(lang);
        press(&mut state, KeyCode::Enter);
        let id = state.wanted.opened.clone().unwrap();
        state.apply(Update::Opened(Box::new(opened(&id))));
        press(&mut state, KeyCode::PageDown);
        states.push(state);
        let mut state = told(lang);
        state.apply(Update::Failed(live::Error::Missing {
            path: "no".repeat(200).into(),
        }));
        state.notify(Notice::Retried(id, Ok(Retried::AlreadyStored)));
        states.push(state);
    }
    states
}

#[test]
fn downloads_that_wait_for_room_are_told_of_while_something_waits() {
    let mut state = told(Language::English);
    let sentence = "the disk is nearly full (1.00 KiB free): downloads wait for 2.00 KiB";
    assert!(!drawn(&state, 120, 40).contains(sentence));
    state.figures.snapshot.as_mut().unwrap().paused = Some(midiateca_service::worker::Paused {
        free_bytes: 1_024,
        resume_above_bytes: 2_048,
    });
    must_show(&drawn(&state, 120, 40), &[sentence]);
    state.figures.counts.as_mut().unwrap().waiting.clear();
    assert!(!drawn(&state, 120, 40).contains(sentence));
}

#[test]
fn no_size_makes_it_panic() {
    for state in states() {
        for width in [1, 2, 19, 20, 40, 72, 80, 120, 200] {
            for height in [1, 3, 4, 5, 8, 10, 14, 24, 40, 60] {
                drawn(&state, width, height);
            }
        }
    }
}

#[test]
fn eighty_by_twenty_four_shows_all_that_matters() {
    let shown = drawn(&told(Language::English), 80, 24);
    must_show(
        &shown,
        &[
            "midiateca monitor",
            "/srv/midiateca",
            "server running",
            "2026-11-24 12:00:00 UTC",
            "measuring",
            "904 media/h",
            "880 stored, 6 failed",
            "▁",
            "ready 3",
            "waiting 16",
            "downloading 2",
            "stored 120,334",
            "failed 7",
            "expired 0",
            "skipped 41",
            "<1h 3",
            "<1d 0",
            "<7d 5",
            "later 11",
            "25%",
            "2.00 MiB / 8.00 MiB",
            "starting",
            FIRST,
            OTHER,
            "disconnected",
            "└ the gateway refused the instance's token: set it again",
            "12 s",
            "✗ failed",
            "✓ stored",
            "the link points to a host that is not allowed (see fetch.allowed_hosts)",
            "q quit",
            "? help",
            "s status",
        ],
    );
}

#[test]
fn a_large_terminal_shows_whole_sentences_and_names() {
    let shown = drawn(&told(Language::Portuguese), 160, 50);
    must_show(
        &shown,
        &[
            "servidor em execução",
            "904 mídias/h",
            "armazenadas",
            "120.334",
            "em espera",
            "Espera, por prazo",
            "depois",
            "o gateway recusou o token da instância",
            "o link aponta para um host não permitido (veja fetch.allowed_hosts)",
            "a CDN do WhatsApp pediu menos downloads",
            "o link do WhatsApp expirou",
            "adiada",
            "expirou",
            "relatório",
            "q sair",
            "c tudo",
        ],
    );
}

#[test]
fn strangers_texts_do_not_reach_the_terminal_unchanged() {
    for state in states() {
        for (width, height) in [(80, 24), (160, 50)] {
            let shown = drawn(&state, width, height);
            assert!(!shown.contains(['\u{1b}', '\u{202e}', '\u{7}']), "{shown}");
        }
    }
}

#[test]
fn a_media_is_shown_with_every_attempt() {
    let mut state = told(Language::English);
    press(&mut state, KeyCode::Enter);
    must_show(&drawn(&state, 80, 24), &["reading"]);
    let id = state.wanted.opened.clone().unwrap();
    state.apply(Update::Opened(Box::new(opened(&id))));
    let shown = drawn(&state, 80, 24);
    must_show(
        &shown,
        &[
            "Media 019a-5",
            "failed",
            "link_refused: the link points",
            "9. 2026-11-24T12:00:00.000Z cdn mmg.whatsapp.net HTTP 404 0 bytes 120 ms",
            "cdn_gone: WhatsApp no longer has the file",
            "Esc close",
        ],
    );
    for _ in 0..200 {
        press(&mut state, KeyCode::Down);
    }
    let shown = drawn(&state, 80, 24);
    must_show(&shown, &["voice_note       false"]);
    press(&mut state, KeyCode::Up);
    assert_ne!(
        shown,
        drawn(&state, 80, 24),
        "scrolling went beyond the end"
    );
}

#[test]
fn filter_pause_and_trouble_are_in_the_header() {
    let mut state = told(Language::English);
    must_show(&drawn(&state, 80, 24), &["showing everything"]);
    for key in ['i', 't', 's', ' '] {
        press(&mut state, KeyCode::Char(key));
    }
    let wanted = format!("only {FIRST} · image · stored");
    must_show(&drawn(&state, 80, 24), &[&wanted, "PAUSED", "space resume"]);
    state.apply(Update::Failed(live::Error::Missing {
        path: "/srv/midiateca/midiateca.db".into(),
    }));
    must_show(
        &drawn(&state, 80, 24),
        &["/srv/midiateca/midiateca.db is missing"],
    );
    let mut state = told(Language::English);
    state.now += 30 * SECOND;
    must_show(&drawn(&state, 80, 24), &["has not answered for 30 s"]);
}

#[test]
fn the_last_line_asks_and_tells() {
    let mut state = told(Language::Portuguese);
    press(&mut state, KeyCode::Char('r'));
    must_show(
        &drawn(&state, 80, 24),
        &["Colocar a mídia 019a-5 na fila de novo? s/n"],
    );
    press(&mut state, KeyCode::Char('n'));
    let id = midiateca_service::model::MediaId("019a-5".to_owned());
    state.notify(Notice::Retried(id, Ok(Retried::Queued)));
    must_show(&drawn(&state, 80, 24), &["a mídia 019a-5 está na fila"]);
}

#[test]
fn without_color_there_is_none() {
    let mut state = told(Language::English);
    state.apply(Update::Snapshot(Box::new(glance(
        &LiveFilter::default(),
        false,
    ))));
    for has_color in [false, true] {
        let mut terminal = Terminal::new(TestBackend::new(80, 24)).unwrap();
        let skin = Skin {
            lang: state.lang,
            has_color,
        };
        terminal.draw(|frame| draw(frame, &state, skin)).unwrap();
        let cells = &terminal.backend().buffer().content;
        let colored = cells
            .iter()
            .any(|cell| cell.fg != Color::Reset || cell.bg != Color::Reset);
        assert_eq!(colored, has_color);
    }
}
