//! The newest events, each with its outcome or its reason. The chosen one is told in full below the list.

use indicatif::HumanBytes;
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout};
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Row, Table, TableState};

use super::edges::outcome_words;
use super::text::{column, fit, kind_name, time_of_day};
use super::{Panel, Skin, sentence};
use crate::cli::language::plain;
use crate::cli::monitor::state::State;
use crate::cli::words::monitor as words;
use midiateca_service::events::Event;
use midiateca_service::ops::live::RoundResult;

/// From here on whole names have room.
const WIDE: u16 = 110;
/// Room for a size: `999.99 MiB`.
const SIZE: usize = 10;

pub(super) fn draw(frame: &mut Frame<'_>, panel: Panel, state: &State, skin: Skin) {
    let area = panel.open(frame, skin, "");
    if state.figures.events.is_empty() {
        if state.figures.snapshot.is_some() {
            sentence(frame, area, skin.lang.say(words::NO_EVENTS), skin);
        }
        return;
    }
    let told = u16::from(area.height >= 4);
    let rows = [Constraint::Fill(1), Constraint::Length(told)];
    let [list, below] = Layout::vertical(rows).areas(area);
    let instance = if area.width >= WIDE { 21 } else { 9 };
    let rows = state
        .figures
        .events
        .iter()
        .map(|event| row(event, usize::from(instance), skin));
    let widths = [
        Constraint::Length(9),
        Constraint::Length(13),
        Constraint::Length(instance),
        Constraint::Length(10),
        Constraint::Fill(1),
    ];
    let table = Table::new(rows, widths).row_highlight_style(skin.chosen());
    let mut place = TableState::new().with_selected(state.selected());
    frame.render_stateful_widget(table, list, &mut place);
    if let Some(event) = state.selected_event() {
        let line = in_full(event, usize::from(below.width), skin);
        frame.render_widget(line, below);
    }
}

fn row<'a>(event: &Event, instance: usize, skin: Skin) -> Row<'a> {
    let (mark, style) = mark(event, skin);
    let name = match RoundResult::of_event(&event.kind) {
        Some(outcome) => skin.lang.say(outcome_words(outcome)).to_owned(),
        None => match event.kind.as_str() {
            "instance.connected" => skin.lang.say(words::CONNECTED).to_owned(),
            "instance.disconnected" => skin.lang.say(words::DISCONNECTED).to_owned(),
            "media.lost" => skin.lang.say(words::LOST).to_owned(),
            "media.removed" => skin.lang.say(words::REMOVED).to_owned(),
            "media.dismissed" => skin.lang.say(words::DISMISSED).to_owned(),
            "contact.erased" => skin.lang.say(words::ERASED).to_owned(),
            other => plain(other),
        },
    };
    let kind = event.data["kind"].as_str();
    Row::new([
        Line::raw(format!(" {}", time_of_day(event.at))),
        Line::from(Span::styled(format!("{mark} {}", fit(&name, 12)), style)),
        Line::raw(fit(event.instance.as_deref().unwrap_or(""), instance)),
        Line::raw(kind.map_or_else(String::new, |kind| kind_name(kind, skin.lang))),
        Line::raw(outcome(event, skin)),
    ])
}

fn mark(event: &Event, skin: Skin) -> (char, Style) {
    match event.kind.as_str() {
        "media.stored" | "instance.connected" => ('✓', skin.good()),
        "media.failed" | "media.expired" | "media.lost" | "instance.disconnected" => {
            ('✗', skin.bad())
        }
        "media.postponed" => ('↻', skin.uneasy()),
        _ => ('·', Style::new()),
    }
}

/// What came of it: the file's size and name, or why there is none.
fn outcome(event: &Event, skin: Skin) -> String {
    if let Some(reason) = event.data["reason"].as_str() {
        return plain(skin.lang.reason(reason));
    }
    let size = event.data["size"].as_u64();
    let size = size.map_or_else(String::new, |size| {
        column(&HumanBytes(size).to_string(), SIZE, true)
    });
    let name = event.data["path"].as_str();
    let name = name.and_then(|path| path.rsplit('/').next());
    size + &name.map(plain).unwrap_or_default()
}

fn in_full<'a>(event: &Event, columns: usize, skin: Skin) -> Line<'a> {
    let reason = event.data["reason"]
        .as_str()
        .map(|reason| skin.lang.reason(reason));
    let told = match (reason, event.data["path"].as_str()) {
        (Some(reason), _) => reason.to_owned(),
        (None, Some(path)) => format!("media_storage/{path}"),
        (None, None) => event.instance.clone().unwrap_or_default(),
    };
    let (_, style) = mark(event, skin);
    Line::styled(format!(" {}", fit(&told, columns.saturating_sub(1))), style)
}
