//! One media: its fields and every attempt.

use serde_json::{Map, Value};

use super::text::wrap;
use super::*;
use crate::cli::{language, media};
use midiateca_service::media::RecordedAttempt;
use midiateca_service::model::Reason;

/// Fields that are shown before the attempts.
const FIRST: [&str; 4] = ["status", "reason", "instance", "kind"];

pub(super) fn draw(frame: &mut Frame<'_>, area: Rect, state: &State) {
    let View::Opened { id, found, scroll } = &state.view else {
        return;
    };
    let id = plain(id.as_str());
    let title = fill!(state.lang, texts::MEDIA, id);
    let area = sheet(frame, area, &title);
    let Some(opened) = found else {
        return note(frame, area, texts::READING, state);
    };
    let Some(Value::Object(media)) = &opened.media else {
        return note(frame, area, texts::UNKNOWN_MEDIA, state);
    };
    let columns = area.width.saturating_sub(1);
    let mut lines = fields(media, true, columns, state);
    lines.push(Line::default());
    lines.extend(attempts(&opened.attempts, columns, state));
    lines.push(Line::default());
    lines.extend(fields(media, false, columns, state));
    let length = u16::try_from(lines.len()).unwrap_or(u16::MAX);
    scroll.set(scroll.get().min(length.saturating_sub(area.height)));
    frame.render_widget(Paragraph::new(lines).scroll((scroll.get(), 0)), area);
}

fn fields<'a>(
    media: &Map<String, Value>,
    is_first: bool,
    columns: u16,
    state: &State,
) -> Vec<Line<'a>> {
    let lang = state.lang;
    let lengths = media.keys().map(|name| lang.name(name).chars().count());
    let indent = lengths.max().unwrap_or(0).max(15) + 2;
    let shown = media
        .iter()
        .filter(|(name, _)| FIRST.contains(&name.as_str()) == is_first);
    let lines = shown.filter_map(|(name, value)| {
        let (text, style) = match value {
            Value::String(code) if name == "reason" => (reason(code, state), BAD),
            value => (language::value(lang, name, value)?, Style::new()),
        };
        Some(styled(
            format!("{:<indent$}{text}", lang.name(name)),
            style,
            columns,
            indent,
        ))
    });
    lines.flatten().collect()
}

/// The newest first.
fn attempts<'a>(attempts: &[RecordedAttempt], columns: u16, state: &State) -> Vec<Line<'a>> {
    let lang = state.lang;
    if attempts.is_empty() {
        return vec![Line::styled(lang.say(texts::NO_ATTEMPTS), FAINT)];
    }
    let head = fill!(lang, texts::ATTEMPTS, count = attempts.len());
    let mut lines = vec![Line::styled(head, STRONG)];
    for attempt in attempts.iter().rev() {
        let facts = media::attempt_facts(attempt, lang);
        let facts = format!("{}. {facts}", attempt.n);
        lines.extend(styled(facts, Style::new(), columns, 3));
        let (result, style) = match attempt.reason.map(Reason::as_str) {
            Some(code) => (reason(code, state), BAD),
            None => (lang.say(texts::SUCCEEDED).to_owned(), GOOD),
        };
        lines.extend(styled(format!("   {result}"), style, columns, 3));
    }
    lines
}

fn reason(code: &str, state: &State) -> String {
    format!("{code}: {}", state.lang.reason(code))
}

fn styled<'a>(
    text: String,
    style: Style,
    columns: u16,
    indent: usize,
) -> impl Iterator<Item = Line<'a>> {
    let lines = wrap(&text, columns, indent).into_iter();
    lines.map(move |line| Line::styled(line, style))
}
