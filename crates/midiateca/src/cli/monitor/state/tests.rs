use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use serde_json::json;

use super::*;
use crate::cli::monitor::fixture::{self, FIRST, OTHER, counts, letter, press, receive};
use midiateca_service::clock::MINUTE;
use midiateca_service::model::MediaKind;
use midiateca_service::ops::live::{LiveFilter, LiveSnapshot, MOST_EVENTS, RoundResult};

#[test]
fn filters_go_through_all_there_is_and_back_to_everything() {
    let mut state = fixture::state(Language::English);
    let mut seen = Vec::new();
    for _ in 0..3 {
        letter(&mut state, 'i');
        seen.push(state.wanted.filter.instance.clone());
    }
    assert_eq!(seen, [Some(FIRST.to_owned()), Some(OTHER.to_owned()), None]);
    for kind in MediaKind::ALL {
        letter(&mut state, 't');
        assert_eq!(state.wanted.filter.kind, Some(kind));
    }
    letter(&mut state, 's');
    letter(&mut state, 'f');
    assert_eq!(state.wanted.filter.result, Some(RoundResult::Failed));
    letter(&mut state, 'c');
    assert_eq!(state.wanted.filter, LiveFilter::default());
}

#[test]
fn the_queue_is_that_of_the_filter() {
    let mut state = fixture::state(Language::English);
    let queue = state.figures.queue(&state.wanted.filter).unwrap();
    let moving = (queue.ready, queue.waiting, queue.downloading);
    let ended = (queue.stored, queue.failed, queue.skipped);
    assert_eq!((moving, ended), ((3, 16, 2), (120_334, 7, 41)));
    assert_eq!(queue.due, [3, 0, 5, 11]);
    letter(&mut state, 'i');
    letter(&mut state, 'i');
    let queue = state.figures.queue(&state.wanted.filter);
    assert_eq!(queue, None, "counts of another filter are shown");
    state.apply(Update::Counts(Box::new(counts(&state.wanted.filter))));
    let queue = state.figures.queue(&state.wanted.filter).unwrap();
    let counts = (queue.ready, queue.waiting, queue.stored, queue.failed);
    assert_eq!(counts, (0, 11, 0, 7));
}

#[test]
fn events_read_for_another_filter_or_during_a_pause_are_not_shown() {
    let mut state = fixture::state(Language::English);
    letter(&mut state, 's');
    assert!(state.figures.events.is_empty());
    receive(&mut state, true);
    assert!(state.figures.events.is_empty());
    letter(&mut state, 'c');
    letter(&mut state, ' ');
    receive(&mut state, false);
    assert!(state.figures.events.is_empty());
    // The first snapshot after a change of the filter is shown even then.
    receive(&mut state, true);
    assert_eq!(state.figures.events.len(), 5);
}

#[test]
fn the_selected_event_stays_selected_while_others_come() {
    let mut state = fixture::state(Language::English);
    letter(&mut state, 'j');
    let selected = |state: &State| state.selected_event().unwrap().seq;
    assert_eq!(selected(&state), 4);
    let newer = LiveSnapshot {
        events: vec![fixture::event(6, "media.stored", FIRST, json!({}))],
        ..fixture::snapshot(&LiveFilter::default(), false)
    };
    state.apply(Update::Snapshot(Box::new(newer)));
    assert_eq!((state.selected(), selected(&state)), (Some(2), 4));
    press(&mut state, KeyCode::Home);
    assert_eq!(selected(&state), 6);
    press(&mut state, KeyCode::End);
    assert_eq!(selected(&state), 1);
    letter(&mut state, 'r');
    assert!(state.asking.is_none() && state.notice().is_some());
}

#[test]
fn a_media_is_queued_only_after_a_yes() {
    use Language::{English, Portuguese};
    for (lang, yes, no) in [(English, 'y', 's'), (Portuguese, 'S', 'y')] {
        let mut state = fixture::state(lang);
        let id = MediaId("019a-5".to_owned());
        letter(&mut state, 'r');
        assert_eq!(state.asking, Some(id.clone()));
        assert_eq!(letter(&mut state, no), Step::Stay);
        assert_eq!(state.asking, None);
        assert_eq!(letter(&mut state, yes), Step::Stay);
        letter(&mut state, 'r');
        assert_eq!(letter(&mut state, yes), Step::Retry(id.clone()));
        state.notify(Notice::Retried(id, Ok(Retried::Queued)));
        assert!(state.notice().is_some());
        state.now += MINUTE;
        assert!(state.notice().is_none());
    }
}

#[test]
fn a_media_is_opened_and_closed_again() {
    let mut state = fixture::state(Language::English);
    press(&mut state, KeyCode::Enter);
    let id = state.wanted.opened.clone().unwrap();
    let mut receive = |id: &MediaId| {
        state.apply(Update::Opened(Box::new(fixture::details(id))));
        matches!(&state.view, View::Opened { found: Some(_), .. })
    };
    assert!(!receive(&MediaId("another".to_owned())));
    assert!(receive(&id));
    assert_eq!(press(&mut state, KeyCode::Esc), Step::Stay);
    assert!(matches!(state.view, View::Panels) && state.wanted.opened.is_none());
    assert_eq!(press(&mut state, KeyCode::Esc), Step::End);
    assert_eq!(letter(&mut state, 'q'), Step::End);
    let control_c = KeyEvent::new(KeyCode::Char('c'), KeyModifiers::CONTROL);
    press(&mut state, KeyCode::Enter);
    assert_eq!(state.key(control_c), Step::End);
}

#[test]
fn an_error_is_shown_until_the_database_answers_again() {
    let mut state = fixture::state(Language::English);
    let path = "/srv".into();
    state.apply(Update::Failed(live::Error::Missing { path }));
    assert!(state.error.is_some());
    receive(&mut state, false);
    assert!(state.error.is_none() && state.silent_for().is_none());
    state.now += 10 * SECOND;
    assert_eq!(state.silent_for(), Some(10 * SECOND));
    letter(&mut state, ' ');
    assert_eq!(state.silent_for(), None);
}

#[test]
fn no_more_events_are_kept_than_can_be_scrolled_through() {
    let mut state = fixture::state(Language::English);
    for _ in 0..100 {
        receive(&mut state, false);
    }
    assert_eq!(state.figures.events.len(), MOST_EVENTS as usize);
}
