//! Invented news, for the tests of what is shown as well.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use serde_json::json;

use super::*;
use midiateca_service::clock::MINUTE;
use midiateca_service::gateway::Gateway;
use midiateca_service::instances::Instance;
use midiateca_service::media::RecordedAttempt;
use midiateca_service::media::counts::{Due, StatusCount, WaitingCount};
use midiateca_service::model::{InstanceId, MediaKind, MediaStatus, Reason, Route};
use midiateca_service::ops::live::{
    Download, LiveCounts, LiveFilter, LiveSnapshot, MOST_EVENTS, MediaDetails, RoundResult,
};

pub(in crate::cli::monitor) const FIRST: &str = "3B6XIW-ZTS923-GEAY6V";
pub(in crate::cli::monitor) const OTHER: &str = "QK2MPA-7TTN4C-W0ZE1H";
/// 24 November 2026, noon.
pub(in crate::cli::monitor) const NOON: Millis = 1_795_521_600_000;

pub(in crate::cli::monitor) fn instance(id: &str, delivery_count: i64) -> Instance {
    Instance {
        id: InstanceId(id.to_owned()),
        client: 2,
        gateway: Gateway::Wapi,
        api_base: String::new(),
        cdn_base: None,
        routes: None,
        token_sealed: None,
        hook_hash: Vec::new(),
        hooks_before: Vec::new(),
        state: "connected".to_owned(),
        state_at: None,
        problem: None,
        last_delivery_at: Some(NOON - 12 * SECOND),
        delivery_count,
        ignored_count: 0,
        removed: false,
    }
}

pub(in crate::cli::monitor) fn download(id: &str, bytes: u64) -> Download {
    Download {
        id: MediaId(id.to_owned()),
        instance: FIRST.to_owned(),
        kind: MediaKind::Video,
        file_name: None,
        fetched_bytes: Some(bytes),
        declared_length: Some(8 << 20),
    }
}

fn event(seq: i64, kind: &str, instance: &str, data: serde_json::Value) -> Event {
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

pub(in crate::cli::monitor) fn events() -> Vec<Event> {
    vec![
        event(
            5,
            "media.failed",
            OTHER,
            json!({"kind": "document", "reason": "link_refused"}),
        ),
        event(
            4,
            "media.stored",
            FIRST,
            json!({"kind": "image", "size": 24_000, "path": "cliente_2/写真.jpg"}),
        ),
        event(
            3,
            "media.postponed",
            FIRST,
            json!({"kind": "audio", "reason": "cdn_throttled"}),
        ),
        event(
            2,
            "media.expired",
            FIRST,
            json!({"kind": "video", "reason": "cdn_expired"}),
        ),
        event(1, "instance.connected", FIRST, json!({})),
    ]
}

pub(in crate::cli::monitor) fn glance(filter: &LiveFilter, is_whole: bool) -> LiveSnapshot {
    let ill = Instance {
        problem: Some("gateway_token_refused".to_owned()),
        state: "disconnected".to_owned(),
        ..instance(OTHER, 7)
    };
    LiveSnapshot {
        at: NOON,
        filter: filter.clone(),
        is_served: true,
        paused: None,
        instances: vec![instance(FIRST, 1_200), ill],
        in_flight: vec![
            download("A", 2 << 20),
            Download {
                fetched_bytes: None,
                file_name: Some("relatório 写真 \u{202e}\u{1b}[2J.pdf".to_owned()),
                ..download("B", 0)
            },
        ],
        events: events(),
        is_whole,
    }
}

pub(in crate::cli::monitor) fn census(filter: &LiveFilter) -> LiveCounts {
    let standing = |instance: &str, kind: MediaKind, status, count| StatusCount {
        instance: instance.to_owned(),
        kind,
        status,
        count,
    };
    let waiting = |instance: &str, is_ready, due, count| WaitingCount {
        instance: instance.to_owned(),
        is_ready,
        due,
        count,
    };
    LiveCounts {
        filter: filter.clone(),
        standing: vec![
            standing(FIRST, MediaKind::Image, MediaStatus::Stored, 120_334),
            standing(FIRST, MediaKind::Video, MediaStatus::Downloading, 2),
            standing(OTHER, MediaKind::Document, MediaStatus::Failed, 7),
            standing(OTHER, MediaKind::Sticker, MediaStatus::Skipped, 41),
        ],
        waiting: vec![
            waiting(FIRST, true, Due::Hour, 3),
            waiting(FIRST, false, Due::Week, 5),
            waiting(OTHER, false, Due::Later, 11),
        ],
        minutes: vec![(NOON / MINUTE - 30, 900), (NOON / MINUTE, 4)],
        hour: vec![
            ("media.stored".to_owned(), 880),
            ("media.failed".to_owned(), 6),
        ],
    }
}

/// A state to which all of this was told.
pub(in crate::cli::monitor) fn told(lang: Language) -> State {
    let mut state = State::new("/srv/midiateca".to_owned(), lang, NOON);
    state.apply(Update::Snapshot(Box::new(glance(
        &LiveFilter::default(),
        true,
    ))));
    state.apply(Update::Counts(Box::new(census(&LiveFilter::default()))));
    state
}

pub(in crate::cli::monitor) fn opened(id: &MediaId) -> MediaDetails {
    MediaDetails {
        id: id.clone(),
        media: Some(json!({
            "id": id.as_str(),
            "client": 3,
            "instance": OTHER,
            "gateway": "wapi",
            "message_id": "3EB0A1C4D0F7B2E69A16",
            "slot": 0,
            "kind": "document",
            "file_name": "写真 \u{1b}[2J.pdf",
            "caption": "segue ".repeat(200),
            "chat_id": "5500900000001@s.whatsapp.net",
            "sender_name": "Clínica Aurora",
            "from_me": false,
            "is_group": false,
            "received_at": "2026-11-24T12:00:00.000Z",
            "status": "failed",
            "reason": "link_refused",
            "recoverable": true,
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
                reason: Some(Reason::CdnGone),
            })
            .collect(),
    }
}

pub(in crate::cli::monitor) fn press(state: &mut State, code: KeyCode) -> Step {
    state.key(KeyEvent::new(code, KeyModifiers::NONE))
}

fn letter(state: &mut State, letter: char) -> Step {
    press(state, KeyCode::Char(letter))
}

#[test]
fn filters_go_through_all_there_is_and_back_to_everything() {
    let mut state = told(Language::English);
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
    let mut state = told(Language::English);
    let queue = state.figures.queue(&state.wanted.filter).unwrap();
    assert_eq!(
        (
            queue.ready,
            queue.waiting,
            queue.downloading,
            queue.stored,
            queue.failed,
            queue.skipped
        ),
        (3, 16, 2, 120_334, 7, 41)
    );
    assert_eq!(queue.due, [3, 0, 5, 11]);
    letter(&mut state, 'i');
    letter(&mut state, 'i');
    assert_eq!(
        state.figures.queue(&state.wanted.filter),
        None,
        "counts of another filter are shown"
    );
    state.apply(Update::Counts(Box::new(census(&state.wanted.filter))));
    let queue = state.figures.queue(&state.wanted.filter).unwrap();
    assert_eq!(
        (queue.ready, queue.waiting, queue.stored, queue.failed),
        (0, 11, 0, 7)
    );
}

#[test]
fn what_was_read_for_another_filter_or_during_a_pause_is_not_shown() {
    let mut state = told(Language::English);
    letter(&mut state, 's');
    assert!(state.figures.events.is_empty());
    state.apply(Update::Snapshot(Box::new(glance(
        &LiveFilter::default(),
        true,
    ))));
    assert!(state.figures.events.is_empty());
    letter(&mut state, 'c');
    letter(&mut state, ' ');
    state.apply(Update::Snapshot(Box::new(glance(
        &LiveFilter::default(),
        false,
    ))));
    assert!(state.figures.events.is_empty());
    // The first reading after a change of the filter is shown even then.
    state.apply(Update::Snapshot(Box::new(glance(
        &LiveFilter::default(),
        true,
    ))));
    assert_eq!(state.figures.events.len(), 5);
}

#[test]
fn the_chosen_event_stays_chosen_while_others_come() {
    let mut state = told(Language::English);
    letter(&mut state, 'j');
    let chosen = state.chosen().unwrap().seq;
    assert_eq!(chosen, 4);
    let newer = LiveSnapshot {
        events: vec![event(6, "media.stored", FIRST, json!({}))],
        ..glance(&LiveFilter::default(), false)
    };
    state.apply(Update::Snapshot(Box::new(newer)));
    assert_eq!(
        (state.selected(), state.chosen().unwrap().seq),
        (Some(2), 4)
    );
    press(&mut state, KeyCode::Home);
    assert_eq!(state.chosen().unwrap().seq, 6);
    press(&mut state, KeyCode::End);
    assert_eq!(state.chosen().unwrap().seq, 1);
    letter(&mut state, 'r');
    assert!(state.asking.is_none() && state.notice().is_some());
}

#[test]
fn a_media_is_put_back_only_after_a_yes() {
    for (lang, yes, no) in [
        (Language::English, 'y', 's'),
        (Language::Portuguese, 'S', 'y'),
    ] {
        let mut state = told(lang);
        let id = MediaId("019a-5".to_owned());
        letter(&mut state, 'r');
        assert_eq!(state.asking, Some(id.clone()));
        assert_eq!(letter(&mut state, no), Step::Stay);
        assert_eq!(
            (state.asking.clone(), letter(&mut state, yes)),
            (None, Step::Stay)
        );
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
    let mut state = told(Language::English);
    press(&mut state, KeyCode::Enter);
    let id = state.wanted.opened.clone().unwrap();
    state.apply(Update::Opened(Box::new(opened(&MediaId(
        "another".to_owned(),
    )))));
    assert!(matches!(&state.view, View::Opened { found: None, .. }));
    state.apply(Update::Opened(Box::new(opened(&id))));
    assert!(matches!(&state.view, View::Opened { found: Some(_), .. }));
    assert_eq!(press(&mut state, KeyCode::Esc), Step::Stay);
    assert!(matches!(state.view, View::Panels) && state.wanted.opened.is_none());
    assert_eq!(press(&mut state, KeyCode::Esc), Step::End);
    assert_eq!(letter(&mut state, 'q'), Step::End);
    let control_c = KeyEvent::new(KeyCode::Char('c'), KeyModifiers::CONTROL);
    press(&mut state, KeyCode::Enter);
    assert_eq!(state.key(control_c), Step::End);
}

#[test]
fn trouble_is_told_until_news_come() {
    let mut state = told(Language::English);
    state.apply(Update::Failed(live::Error::Missing {
        path: "/srv".into(),
    }));
    assert!(state.trouble.is_some());
    state.apply(Update::Snapshot(Box::new(glance(
        &LiveFilter::default(),
        false,
    ))));
    assert!(state.trouble.is_none() && state.silent_for().is_none());
    state.now += 10 * SECOND;
    assert_eq!(state.silent_for(), Some(10 * SECOND));
    letter(&mut state, ' ');
    assert_eq!(state.silent_for(), None);
}

#[test]
fn no_more_events_are_kept_than_can_be_scrolled_through() {
    let mut state = told(Language::English);
    for _ in 0..100 {
        state.apply(Update::Snapshot(Box::new(glance(
            &LiveFilter::default(),
            false,
        ))));
    }
    assert_eq!(state.figures.events.len(), MOST_EVENTS as usize);
}
