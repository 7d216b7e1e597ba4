//! How updates and keys change the state. Its invented figures are those of the screens as well.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use serde_json::{Value, json};

use super::state::{Notice, State, Step, View};
use crate::cli::language::Language;
use midiateca_service::clock::{MINUTE, Millis, SECOND};
use midiateca_service::events::Event;
use midiateca_service::media::RecordedAttempt;
use midiateca_service::media::counts::{Due, StatusCount, WaitingCount};
use midiateca_service::model::{
    EventKind, InstanceState, MediaId, MediaKind, MediaStatus, Reason, Route,
};
use midiateca_service::ops::live::{
    Download, Error, LiveCounts, LiveFilter, LiveInstance, LiveSnapshot, MOST_EVENTS, MediaDetails,
    Update,
};
use midiateca_service::ops::retry::Retried;

pub(super) const FIRST: &str = "3B6XIW-ZTS923-GEAY6V";
pub(super) const OTHER: &str = "QK2MPA-7TTN4C-W0ZE1H";
/// 24 November 2026, 12:00 UTC.
pub(super) const NOON: Millis = 1_795_521_600_000;

fn instance(id: &str, delivery_count: i64, problem: Option<&str>) -> LiveInstance {
    LiveInstance {
        id: id.to_owned(),
        state: InstanceState::of(problem.is_none()),
        problem: problem.map(str::to_owned),
        last_delivery_at: Some(NOON - 12 * SECOND),
        delivery_count,
    }
}

fn download(id: &str, fetched_bytes: Option<u64>, declared_length: u64) -> Download {
    Download {
        id: MediaId(id.to_owned()),
        instance: FIRST.to_owned(),
        kind: MediaKind::Video,
        file_name: Some("relatório 写真 \u{202e}\u{1b}[2J.pdf".to_owned()),
        fetched_bytes,
        declared_length: Some(declared_length),
    }
}

pub(super) fn event(seq: i64, kind: &str, instance: &str, data: Value) -> Event {
    Event {
        seq,
        at: NOON - 60 * SECOND + seq * SECOND,
        kind: kind.to_owned(),
        client: Some(2),
        instance: Some(instance.to_owned()),
        media: kind.starts_with("media.").then(|| format!("019a-{seq}")),
        data,
    }
}

fn events() -> Vec<Event> {
    let stored = json!({"kind": "image", "size": 24_000, "path": "cliente_2/写真.jpg"});
    let failed = |kind, reason| json!({"kind": kind, "reason": reason});
    vec![
        event(5, "media.failed", OTHER, failed("document", "link_refused")),
        event(4, "media.stored", FIRST, stored),
        event(
            3,
            "media.postponed",
            FIRST,
            failed("audio", "cdn_throttled"),
        ),
        event(2, "media.expired", FIRST, failed("video", "cdn_expired")),
        event(1, "instance.connected", FIRST, json!({})),
    ]
}

pub(super) fn snapshot(filter: &LiveFilter, is_whole: bool) -> LiveSnapshot {
    LiveSnapshot {
        at: NOON,
        filter: filter.clone(),
        is_served: true,
        paused: None,
        instances: vec![
            instance(FIRST, 1_200, None),
            instance(OTHER, 7, Some("gateway_token_refused")),
        ],
        in_flight: vec![
            download("A", Some(2 << 20), 8 << 20),
            download("B", None, 8 << 20),
            // Encryption adds up to 26 bytes; more cannot belong to a file of the declared length.
            download("C", Some(1_026), 1_000),
            download("D", Some(1_027), 1_000),
            download("E", Some(0), 0),
        ],
        events: events(),
        is_whole,
    }
}

pub(super) fn counted(filter: &LiveFilter) -> LiveCounts {
    use MediaKind::{Document, Image, Sticker, Video};
    use MediaStatus::{Downloading, Failed, Skipped, Stored};
    let standing = [
        (FIRST, Image, Stored, 120_334),
        (FIRST, Video, Downloading, 2),
        (OTHER, Document, Failed, 7),
        (OTHER, Sticker, Skipped, 41),
    ];
    let standing = standing.map(|(instance, kind, status, count)| StatusCount {
        instance: instance.to_owned(),
        kind,
        status,
        count,
    });
    let waiting = [
        (FIRST, true, Due::Hour, 3),
        (FIRST, false, Due::Week, 5),
        (OTHER, false, Due::Later, 11),
    ];
    let waiting = waiting.map(|(instance, is_ready, due, count)| WaitingCount {
        instance: instance.to_owned(),
        is_ready,
        due,
        count,
    });
    let hour = [("media.stored", 880), ("media.failed", 6)];
    LiveCounts {
        filter: filter.clone(),
        standing: standing.to_vec(),
        waiting: waiting.to_vec(),
        minutes: vec![(NOON / MINUTE - 30, 900), (NOON / MINUTE, 4)],
        hour: hour.map(|(kind, count)| (kind.to_owned(), count)).to_vec(),
    }
}

pub(super) fn filled(lang: Language) -> State {
    let everything = LiveFilter::default();
    let mut state = State::new("/srv/midiateca".to_owned(), lang, NOON);
    state.has_color = true;
    receive(&mut state, true);
    state.apply(Update::Counts(Box::new(counted(&everything))));
    state
}

pub(super) fn receive(state: &mut State, is_whole: bool) {
    let snapshot = snapshot(&LiveFilter::default(), is_whole);
    state.apply(Update::Snapshot(Box::new(snapshot)));
}

pub(super) fn details(id: &MediaId) -> MediaDetails {
    MediaDetails {
        id: id.clone(),
        media: Some(json!({
            "id": id.as_str(),
            "instance": OTHER,
            "kind": "document",
            "file_name": "写真 \u{1b}[2J.pdf",
            "caption": "segue ".repeat(40),
            "sender_name": "Clínica Aurora",
            "from_me": false,
            "received_at": "2026-11-24T12:00:00.000Z",
            "status": "failed",
            "reason": "link_refused",
            "attempts": 2,
            "voice_note": false,
        })),
        attempts: (1..=9)
            .map(|n| RecordedAttempt {
                n,
                route: Route::Cdn,
                host: Some("mmg.whatsapp.net".to_owned()),
                started_at: NOON,
                duration_ms: 120,
                http_status: Some(404),
                size: 0,
                reason: (n > 1).then_some(Reason::CdnGone),
            })
            .collect(),
    }
}

pub(super) fn press(state: &mut State, code: KeyCode) -> Step {
    state.key(KeyEvent::new(code, KeyModifiers::NONE))
}

pub(super) fn letter(state: &mut State, letter: char) -> Step {
    press(state, KeyCode::Char(letter))
}

#[test]
fn filters_go_through_all_there_is_and_back_to_everything() {
    let mut state = filled(Language::English);
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
    assert_eq!(state.wanted.filter.result, Some(EventKind::MediaFailed));
    letter(&mut state, 'c');
    assert_eq!(state.wanted.filter, LiveFilter::default());
}

#[test]
fn the_queue_is_that_of_the_filter() {
    let mut state = filled(Language::English);
    let queue = state.figures.queue(&state.wanted.filter).unwrap();
    let moving = (queue.ready, queue.waiting, queue.downloading);
    let ended = (queue.stored, queue.failed, queue.skipped);
    assert_eq!((moving, ended), ((3, 16, 2), (120_334, 7, 41)));
    assert_eq!(queue.due, [3, 0, 5, 11]);
    letter(&mut state, 'i');
    letter(&mut state, 'i');
    let queue = state.figures.queue(&state.wanted.filter);
    assert_eq!(queue, None, "counts of another filter are shown");
    state.apply(Update::Counts(Box::new(counted(&state.wanted.filter))));
    let queue = state.figures.queue(&state.wanted.filter).unwrap();
    let counts = (queue.ready, queue.waiting, queue.stored, queue.failed);
    assert_eq!(counts, (0, 11, 0, 7));
}

#[test]
fn events_read_for_another_filter_or_during_a_pause_are_not_shown() {
    let mut state = filled(Language::English);
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
    let mut state = filled(Language::English);
    letter(&mut state, 'j');
    let selected = |state: &State| state.selected_event().unwrap().seq;
    assert_eq!(selected(&state), 4);
    let newer = LiveSnapshot {
        events: vec![event(6, "media.stored", FIRST, json!({}))],
        ..snapshot(&LiveFilter::default(), false)
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
        let mut state = filled(lang);
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
    let mut state = filled(Language::English);
    press(&mut state, KeyCode::Enter);
    let id = state.wanted.opened.clone().unwrap();
    let mut receive = |id: &MediaId| {
        state.apply(Update::Opened(Box::new(details(id))));
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
    let mut state = filled(Language::English);
    let path = "/srv".into();
    state.apply(Update::Failed(Error::Missing { path }));
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
    let mut state = filled(Language::English);
    for _ in 0..100 {
        receive(&mut state, false);
    }
    assert_eq!(state.figures.events.len(), MOST_EVENTS as usize);
}
