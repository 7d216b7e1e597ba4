//! One media from near: all its fields but the secret ones, and every attempt to get it.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::Line;
use ratatui::widgets::Paragraph;
use serde_json::Value;

use super::text::wrap;
use super::{Skin, sentence, sheet};
use crate::cli::language::{self, plain};
use crate::cli::monitor::state::{State, View};
use crate::cli::words::monitor as words;
use midiateca_service::clock::rfc3339;
use midiateca_service::media::RecordedAttempt;
use midiateca_service::model::Reason;

/// Room for the longest name of a field.
const NAME: usize = 17;

pub(super) fn draw(frame: &mut Frame<'_>, area: Rect, state: &State, skin: Skin) {
    let View::Opened {
        id,
        found,
        scroll,
        limit,
    } = &state.view
    else {
        return;
    };
    let title = skin.lang.fill(words::MEDIA, &[("id", &plain(id.as_str()))]);
    let inside = sheet(frame, area, &format!(" {title} "), skin);
    let Some(opened) = found else {
        return sentence(frame, inside, skin.lang.say(words::READING), skin);
    };
    let Some(media) = &opened.media else {
        return sentence(frame, inside, skin.lang.say(words::UNKNOWN_MEDIA), skin);
    };
    let columns = usize::from(inside.width).saturating_sub(2);
    let mut lines = fields(media, true, columns, skin);
    lines.push(Line::default());
    lines.extend(attempts(&opened.attempts, columns, skin));
    lines.push(Line::default());
    lines.extend(fields(media, false, columns, skin));
    let most = u16::try_from(lines.len())
        .unwrap_or(u16::MAX)
        .saturating_sub(inside.height);
    limit.set(most);
    frame.render_widget(
        Paragraph::new(lines).scroll(((*scroll).min(most), 0)),
        inside,
    );
}

/// Whether a field tells how the media stands, and so comes before the attempts.
fn is_first(name: &str) -> bool {
    matches!(name, "status" | "reason" | "instance" | "kind")
}

fn fields<'a>(media: &Value, first: bool, columns: usize, skin: Skin) -> Vec<Line<'a>> {
    let Value::Object(fields) = media else {
        return Vec::new();
    };
    let mut lines = Vec::new();
    for (name, value) in fields.iter().filter(|(name, _)| is_first(name) == first) {
        let (text, style) = match value {
            Value::String(reason) if name == "reason" => (
                format!("{reason}: {}", skin.lang.reason(reason)),
                skin.bad(),
            ),
            value => match language::value(skin.lang, name, value) {
                Some(text) => (text, Style::new()),
                None => continue,
            },
        };
        let parts = wrap(&text, columns.saturating_sub(NAME));
        for (at, part) in parts.into_iter().enumerate() {
            let name = if at == 0 { skin.lang.name(name) } else { "" };
            lines.push(Line::styled(format!(" {name:<NAME$}{part}"), style));
        }
    }
    lines
}

/// The newest first.
fn attempts<'a>(attempts: &[RecordedAttempt], columns: usize, skin: Skin) -> Vec<Line<'a>> {
    if attempts.is_empty() {
        return vec![Line::styled(
            format!(" {}", skin.lang.say(words::NO_ATTEMPTS)),
            skin.faint(),
        )];
    }
    let head = skin
        .lang
        .fill(words::ATTEMPTS, &[("count", &attempts.len())]);
    let mut lines = vec![Line::styled(format!(" {head}"), skin.strong())];
    for attempt in attempts.iter().rev() {
        let status = attempt
            .http_status
            .map_or_else(|| "-".to_owned(), |status| status.to_string());
        let facts = format!(
            "{}. {} {} {} HTTP {status} {} bytes {} ms",
            attempt.n,
            rfc3339(attempt.started_at),
            attempt.route.as_str(),
            plain(attempt.host.as_deref().unwrap_or("-")),
            attempt.size,
            attempt.duration_ms
        );
        lines.extend(
            wrap(&facts, columns)
                .into_iter()
                .map(|part| Line::raw(format!(" {part}"))),
        );
        let (told, style) = match attempt.reason.map(Reason::as_str) {
            Some(reason) => (
                format!("{reason}: {}", skin.lang.reason(reason)),
                skin.bad(),
            ),
            None => (skin.lang.say(words::WENT_WELL).to_owned(), skin.good()),
        };
        let parts = wrap(&told, columns.saturating_sub(3)).into_iter();
        lines.extend(parts.map(|part| Line::styled(format!("    {part}"), style)));
    }
    lines
}
