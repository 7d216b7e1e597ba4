//! The first lines and the last one: what is watched, what is wrong, and which keys there are.

use std::fmt::Display;

use indicatif::HumanBytes;
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::text::{Line, Span};

use super::Skin;
use super::text::{age, day_and_time, fit, kind_name, width};
use crate::cli::complaint;
use crate::cli::language::plain;
use crate::cli::monitor::state::{Notice, State, View};
use crate::cli::words::{Words, monitor as words};
use midiateca_service::model::MediaId;
use midiateca_service::ops::live::{Error, RoundResult};
use midiateca_service::ops::retry::Retried;

/// What is watched, and what is wrong with it.
pub(super) fn header(frame: &mut Frame<'_>, area: Rect, state: &State, skin: Skin) {
    let rows = [Constraint::Length(1), Constraint::Fill(1)];
    let [first, second] = Layout::vertical(rows).areas(area);
    if area.height > 1 {
        title(frame, first, state, skin);
        frame.render_widget(standing(second.width, state, skin), second);
    } else if trouble(state, skin).is_some()
        || state.wanted.is_paused
        || state.wanted.filter != Default::default()
    {
        frame.render_widget(standing(first.width, state, skin), first);
    } else {
        title(frame, first, state, skin);
    }
}

fn title(frame: &mut Frame<'_>, area: Rect, state: &State, skin: Skin) {
    let (server, style) = match &state.figures.snapshot {
        None => (words::NOT_KNOWN, skin.faint()),
        Some(snapshot) if snapshot.is_served => (words::SERVED, skin.good()),
        Some(_) => (words::NOT_SERVED, skin.bad()),
    };
    let right = vec![
        Span::styled(format!("● {}", skin.lang.say(server)), style),
        Span::raw(format!("  {} UTC ", day_and_time(state.now))),
    ];
    let right = Line::from(right).right_aligned();
    let room = usize::from(area.width).saturating_sub(right.width() + 1);
    let name = " midiateca monitor";
    let data = fit(&state.data, room.saturating_sub(name.len() + 2));
    let left = Line::from(vec![
        Span::styled(fit(name, room), skin.strong()),
        Span::raw(format!("  {data}")),
    ]);
    frame.render_widget(right, area);
    if room >= name.len() {
        let left_area = Rect {
            width: u16::try_from(room).unwrap_or(area.width),
            ..area
        };
        frame.render_widget(left, left_area);
    }
}

fn trouble(state: &State, skin: Skin) -> Option<String> {
    let lang = skin.lang;
    match (&state.error, state.silent_for()) {
        (Some(Error::Missing { path }), _) => Some(lang.fill(
            words::GONE,
            &[("path", &plain(&path.display().to_string()))],
        )),
        (Some(Error::Db(error)), _) => refused(error, skin),
        (None, Some(silence)) => Some(lang.fill(words::SILENT, &[("age", &age(silence))])),
        (None, None) => no_room(state, skin),
    }
}

fn refused(error: &(dyn std::error::Error + 'static), skin: Skin) -> Option<String> {
    let why = plain(&complaint::why(error, skin.lang));
    Some(skin.lang.fill(words::REFUSED, &[("why", &why)]))
}

/// That nothing is fetched because of the disk, while something waits.
fn no_room(state: &State, skin: Skin) -> Option<String> {
    let stopped = state.figures.snapshot.as_ref()?.paused?;
    let waits = state
        .figures
        .queue(&state.wanted.filter)
        .is_some_and(|queue| queue.ready > 0);
    let free = HumanBytes(stopped.free_bytes);
    let resume = HumanBytes(stopped.resume_above_bytes);
    let values: [(&str, &dyn Display); 2] = [("free", &free), ("resume", &resume)];
    waits.then(|| skin.lang.fill(words::NO_ROOM, &values))
}

/// What is wrong; else what is shown.
fn standing<'a>(columns: u16, state: &State, skin: Skin) -> Line<'a> {
    let lang = skin.lang;
    let mut line = Line::raw(" ");
    if state.wanted.is_paused {
        line.push_span(Span::styled(
            format!(" {} ", lang.say(words::PAUSED)),
            skin.chosen(),
        ));
        line.push_span(" ");
    }
    let room = usize::from(columns).saturating_sub(line.width());
    if let Some(trouble) = trouble(state, skin) {
        line.push_span(Span::styled(fit(&trouble, room), skin.bad()));
        return line;
    }
    let filter = &state.wanted.filter;
    let outcome = |outcome: RoundResult| lang.say(outcome_words(outcome)).to_owned();
    let parts: Vec<_> = [
        filter.instance.as_deref().map(plain),
        filter.kind.map(|kind| kind_name(kind.as_str(), lang)),
        filter.result.map(outcome),
    ]
    .into_iter()
    .flatten()
    .collect();
    line.push_span(if parts.is_empty() {
        Span::styled(lang.say(words::SHOWING_ALL), skin.faint())
    } else {
        let text = format!("{} {}", lang.say(words::SHOWING), parts.join(" · "));
        Span::styled(fit(&text, room), skin.uneasy())
    });
    line
}

/// How a round ended, in a word.
pub(super) fn outcome_words(outcome: RoundResult) -> Words {
    match outcome {
        RoundResult::Stored => words::STORED,
        RoundResult::Failed => words::FAILED,
        RoundResult::Expired => words::EXPIRED,
        RoundResult::Postponed => words::POSTPONED,
    }
}

/// A question, a sentence about what was done, or the keys.
pub(super) fn footer(frame: &mut Frame<'_>, area: Rect, state: &State, skin: Skin) {
    let room = usize::from(area.width).saturating_sub(1);
    let line = if let Some(id) = &state.asking {
        let question = skin.lang.fill(words::ASK, &[("id", &short(id))]);
        Line::styled(format!(" {}", fit(&question, room)), skin.chosen())
    } else if let Some(notice) = state.notice() {
        let (sentence, style) = said(notice, skin);
        Line::styled(format!(" {}", fit(&sentence, room)), style)
    } else {
        keys(room, state, skin)
    };
    frame.render_widget(line, area);
}

fn said(notice: &Notice, skin: Skin) -> (String, ratatui::style::Style) {
    use Retried as R;
    let lang = skin.lang;
    match notice {
        Notice::NoMedia => (lang.say(words::NO_MEDIA).to_owned(), skin.uneasy()),
        Notice::Retried(id, Err(why)) => {
            let values: [(&str, &dyn std::fmt::Display); 2] =
                [("id", &short(id)), ("why", &plain(why))];
            (lang.fill(words::NOT_QUEUED, &values), skin.bad())
        }
        Notice::Retried(id, Ok(outcome)) => {
            let (words, style) = match outcome {
                R::Queued => (words::QUEUED, skin.good()),
                R::QueuedFileMissing => (words::QUEUED_LOST, skin.good()),
                R::AlreadyStored | R::Downloading | R::Erased | R::Skipped => {
                    (words::LEFT_ALONE, skin.uneasy())
                }
                R::NotFound => (words::UNKNOWN, skin.bad()),
            };
            (lang.fill(words, &[("id", &short(id))]), style)
        }
    }
}

/// An id's end, which is what sets it apart from its neighbours'.
fn short(id: &MediaId) -> String {
    let id = plain(id.as_str());
    let skipped = id.chars().count().saturating_sub(12);
    let end: String = id.chars().skip(skipped).collect();
    if skipped > 0 {
        format!("…{end}")
    } else {
        end
    }
}

/// The keys, as many as there is room for; the most important come first.
fn keys<'a>(room: usize, state: &State, skin: Skin) -> Line<'a> {
    let say = |words| skin.lang.say(words);
    let pause = if state.wanted.is_paused {
        words::KEY_GO_ON
    } else {
        words::KEY_PAUSE
    };
    let all = match state.view {
        View::Panels => vec![
            ("q", words::KEY_QUIT),
            ("?", words::KEY_HELP),
            (say(words::KEY_SPACE), pause),
            ("↵", words::KEY_OPEN),
            ("r", words::KEY_RETRY),
            ("i", words::KEY_INSTANCE),
            ("t", words::KEY_KIND),
            ("s", words::KEY_STATUS),
            ("c", words::KEY_CLEAR),
        ],
        View::Opened { .. } => vec![
            ("Esc", words::KEY_CLOSE),
            ("r", words::KEY_RETRY),
            ("↑↓", words::KEY_SCROLL),
        ],
        View::Help => vec![("Esc", words::KEY_CLOSE)],
    };
    let mut line = Line::raw(" ");
    for (key, does) in all {
        let does = format!(" {}  ", say(does));
        if line.width() + width(key) + width(does.trim_end()) > room {
            break;
        }
        line.push_span(Span::styled(key, skin.strong().patch(skin.accent())));
        line.push_span(does);
    }
    line
}
