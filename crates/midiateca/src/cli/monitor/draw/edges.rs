//! The first lines: what is watched, and what is wrong with it. The last line: a question, what happened, or the keys.

use super::text::fit;
use super::*;
use crate::cli::complaint;
use crate::cli::monitor::state::Notice;
use midiateca_service::model::MediaId;
use midiateca_service::ops::live::{Error, LiveFilter};
use midiateca_service::ops::retry::Retried;

/// Where there is one line only, it shows what is not as usual.
pub(super) fn header(frame: &mut Frame<'_>, area: Rect, state: &State) {
    let [first, second] = Layout::vertical([Length(1), Fill(1)]).areas(area);
    let problem = problem(state);
    let is_filtered = state.wanted.filter != LiveFilter::default();
    let is_usual = problem.is_none() && !state.wanted.is_paused && !is_filtered;
    if area.height > 1 || is_usual {
        title(frame, first, state);
    }
    if area.height > 1 || !is_usual {
        let area = if area.height > 1 { second } else { first };
        frame.render_widget(situation(area.width, problem, state), area);
    }
}

fn title(frame: &mut Frame<'_>, area: Rect, state: &State) {
    let (server, style) = match &state.figures.snapshot {
        None => (texts::LOOKING, FAINT),
        Some(snapshot) if snapshot.is_served => (texts::SERVED, GOOD),
        Some(_) => (texts::NOT_SERVED, BAD),
    };
    let server = Span::styled(format!("● {}", state.lang.say(server)), style);
    let time = Span::raw(format!("  {} ", zone::local(state.now)));
    let right = Line::from(vec![server, time]);
    let columns = Layout::horizontal([Fill(1), Length(right.width() as u16)]);
    let [left_area, right_area] = columns.spacing(1).areas(area);
    frame.render_widget(right, right_area);
    let name = Span::styled(" midiateca monitor", STRONG);
    let columns_left = usize::from(left_area.width).saturating_sub(name.width() + 2);
    let data = format!("  {}", fit(&state.data, columns_left));
    frame.render_widget(Line::from(vec![name, data.into()]), left_area);
}

fn problem(state: &State) -> Option<String> {
    let lang = state.lang;
    match (&state.error, state.silent_for()) {
        (Some(Error::Missing { path }), _) => {
            let path = plain(&path.display().to_string());
            Some(fill!(lang, texts::DATABASE_MISSING, path))
        }
        (Some(Error::Db(error)), _) => {
            let why = plain(&complaint::why(error, lang));
            Some(fill!(lang, texts::DATABASE_FAILED, why))
        }
        (None, Some(silence)) => Some(fill!(lang, texts::SILENT, age = lang.span(silence))),
        (None, None) => lack_of_space(state),
    }
}

fn lack_of_space(state: &State) -> Option<String> {
    let paused = state.figures.snapshot.as_ref()?.paused?;
    let queue = state.figures.queue(&state.wanted.filter)?;
    let free = state.lang.bytes(paused.free_bytes);
    let resume = state.lang.bytes(paused.resume_above_bytes);
    let text = fill!(state.lang, texts::NO_SPACE, free, resume);
    (queue.ready > 0).then_some(text)
}

/// The problem, if there is one; else the selection.
fn situation<'a>(columns: u16, problem: Option<String>, state: &State) -> Line<'a> {
    let (lang, filter) = (state.lang, &state.wanted.filter);
    let mut line = Line::raw(" ");
    if state.wanted.is_paused {
        let paused = format!(" {} ", lang.say(texts::PAUSED));
        line.extend([Span::styled(paused, SELECTED), Span::raw(" ")]);
    }
    let result = filter.result.and_then(events::name);
    let parts = [
        filter.instance.as_deref().map(plain),
        filter.kind.map(|kind| lang.name(kind.as_str()).to_owned()),
        result.map(|name| lang.say(name).to_owned()),
    ];
    let parts: Vec<_> = parts.into_iter().flatten().collect();
    let (text, style) = if let Some(problem) = problem {
        (problem, BAD)
    } else if parts.is_empty() {
        (lang.say(texts::SHOWING_ALL).to_owned(), FAINT)
    } else {
        let text = format!("{} {}", lang.say(texts::SHOWING), parts.join(" · "));
        (text, WARNING)
    };
    let columns_left = usize::from(columns).saturating_sub(line.width());
    line.push_span(Span::styled(fit(&text, columns_left), style));
    line
}

pub(super) fn footer(frame: &mut Frame<'_>, area: Rect, state: &State) {
    let columns_left = area.width.saturating_sub(1);
    let text = if let Some(id) = &state.asking {
        Some((fill!(state.lang, texts::ASK, id = short(id)), SELECTED))
    } else {
        state.notice().map(|notice| sentence(notice, state.lang))
    };
    let line = match text {
        Some((text, style)) => Line::styled(format!(" {}", fit(&text, columns_left)), style),
        None => keys(columns_left, state),
    };
    frame.render_widget(line, area);
}

fn sentence(notice: &Notice, lang: Language) -> (String, Style) {
    use Retried::{AlreadyStored, Downloading, Erased, NotFound, Queued, Skipped};
    let (id, result) = match notice {
        Notice::NoMedia => return (lang.say(texts::NO_MEDIA).to_owned(), WARNING),
        Notice::Retried(id, result) => (short(id), result),
    };
    let (key, style) = match result {
        Ok(Queued) => (texts::QUEUED, GOOD),
        Ok(Retried::QueuedFileMissing) => (texts::QUEUED_MISSING, GOOD),
        Ok(AlreadyStored | Downloading | Erased | Skipped) => (texts::UNCHANGED, WARNING),
        Ok(NotFound) => (texts::UNKNOWN, BAD),
        Err(_) => (texts::NOT_QUEUED, BAD),
    };
    let why = plain(result.as_ref().err().map_or("", String::as_str));
    (fill!(lang, key, id, why), style)
}

/// The end of an id, which differs from that of other ids.
fn short(id: &MediaId) -> String {
    let id = plain(id.as_str());
    match id.char_indices().rev().nth(11) {
        Some((start, _)) if start > 0 => format!("…{}", &id[start..]),
        _ => id,
    }
}

/// As many keys as fit; the most important come first.
fn keys<'a>(columns_left: u16, state: &State) -> Line<'a> {
    let say = |key: TextKey| state.lang.say(key);
    let pause = if state.wanted.is_paused {
        texts::KEY_RESUME
    } else {
        texts::KEY_PAUSE
    };
    let keys = match state.view {
        View::Panels => &[
            ("q", texts::KEY_QUIT),
            ("?", texts::KEY_HELP),
            (say(texts::KEY_SPACE), pause),
            ("↵", texts::KEY_OPEN),
            ("r", texts::KEY_RETRY),
            ("i", texts::KEY_INSTANCE),
            ("t", texts::KEY_KIND),
            ("s", texts::KEY_STATUS),
            ("c", texts::KEY_CLEAR),
        ][..],
        View::Opened { .. } => &[
            ("Esc", texts::KEY_CLOSE),
            ("r", texts::KEY_RETRY),
            ("↑↓", texts::KEY_SCROLL),
        ],
        View::Help => &[("Esc", texts::KEY_CLOSE)],
    };
    let mut line = Line::raw(" ");
    for (key, action) in keys {
        let key = Span::styled(*key, TITLE);
        let action = Span::raw(format!(" {}  ", say(*action)));
        if line.width() + key.width() + action.width() > usize::from(columns_left) + 2 {
            break;
        }
        line.extend([key, action]);
    }
    line
}
