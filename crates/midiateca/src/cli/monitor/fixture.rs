//! Invented figures, for the tests of the state and of the screens.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use serde_json::{Value, json};

use super::state::{State, Step};
use crate::cli::language::Language;
use midiateca_service::clock::{MINUTE, Millis, SECOND};
use midiateca_service::events::Event;
use midiateca_service::media::RecordedAttempt;
use midiateca_service::media::counts::{Due, StatusCount, WaitingCount};
use midiateca_service::model::{MediaId, MediaKind, MediaStatus, Reason, Route};
use midiateca_service::ops::live::{
    Download, LiveCounts, LiveFilter, LiveInstance, LiveSnapshot, MediaDetails, Update,
};

pub(super) const FIRST: &str = "3B6XIW-ZTS923-GEAY6V";
pub(super) const OTHER: &str = "QK2MPA-7TTN4C-W0ZE1H";
/// 24 November 2026, 12:00 UTC.
pub(super) const NOON: Millis = 1_795_521_600_000;

fn instance(id: &str, delivery_count: i64, problem: Option<&str>) -> LiveInstance {
    let state = problem.map_or("connected", |_| "disconnected");
    LiveInstance {
        id: id.to_owned(),
        state: state.to_owned(),
        problem: problem.map(str::to_owned),
        last_delivery_at: Some(NOON - 12 * SECOND),
        delivery_count,
    }
}

pub(super) fn download(id: &str, fetched_bytes: Option<u64>) -> Download {
    Download {
        id: MediaId(id.to_owned()),
        instance: FIRST.to_owned(),
        kind: MediaKind::Video,
        file_name: Some("relatório 写真 \u{202e}\u{1b}[2J.pdf".to_owned()),
        fetched_bytes,
        declared_length: Some(8 << 20),
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
        in_flight: vec![download("A", Some(2 << 20)), download("B", None)],
        events: events(),
        is_whole,
    }
}

pub(super) fn counts(filter: &LiveFilter) -> LiveCounts {
    let standing = |instance: &str, kind, status, count| StatusCount {
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

/// The panels with all of these figures.
pub(super) fn state(lang: Language) -> State {
    let everything = LiveFilter::default();
    let mut state = State::new("/srv/midiateca".to_owned(), lang, NOON);
    receive(&mut state, true);
    state.apply(Update::Counts(Box::new(counts(&everything))));
    state
}

/// Gives the state a snapshot of everything.
pub(super) fn receive(state: &mut State, is_whole: bool) {
    let snapshot = snapshot(&LiveFilter::default(), is_whole);
    state.apply(Update::Snapshot(Box::new(snapshot)));
}

pub(super) fn details(id: &MediaId) -> MediaDetails {
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
            "caption": "segue ".repeat(40),
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
