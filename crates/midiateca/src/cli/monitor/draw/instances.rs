//! How each instance is: its connection, what is wrong with it, and what it has to do.

use ratatui::Frame;
use ratatui::layout::Constraint;
use ratatui::style::Style;
use ratatui::text::Line;
use ratatui::widgets::{Cell, Row, Table};

use super::text::{age, count, fit};
use super::{Panel, Skin, sentence};
use crate::cli::monitor::state::State;
use crate::cli::words::{Words, monitor as words};
use crate::registry::Instance;

pub(super) fn draw(frame: &mut Frame<'_>, panel: Panel, state: &State, skin: Skin) {
    let instances = state.instances();
    let borders = if panel.is_framed { 3 } else { 2 };
    let room = usize::from(panel.area.height.saturating_sub(borders));
    let shown: [(&str, &dyn std::fmt::Display); 2] = [
        ("shown", &room.min(instances.len())),
        ("all", &instances.len()),
    ];
    let more = if instances.len() > room {
        format!(": {}", skin.lang.fill(words::MORE, &shown))
    } else {
        String::new()
    };
    let area = panel.open(frame, skin, &more);
    if instances.is_empty() {
        if state.glance.is_some() {
            sentence(frame, area, skin.lang.say(words::NO_INSTANCES), skin);
        }
        return;
    }
    let head = |words, is_right| cell(skin.lang.say(words), is_right, skin.faint());
    let header = Row::new([
        cell(
            &format!(" {}", skin.lang.say(words::HEAD_INSTANCE)),
            false,
            skin.faint(),
        ),
        head(words::HEAD_STATE, false),
        head(words::HEAD_LAST, true),
        head(words::HEAD_DELIVERIES, true),
        head(words::HEAD_WAITING, true),
        head(words::HEAD_FAILED, true),
        head(words::HEAD_PROBLEM, false),
    ]);
    let rows = instances
        .into_iter()
        .take(room)
        .map(|instance| row(instance, state, skin));
    let widths = [
        Constraint::Length(22),
        Constraint::Length(13),
        Constraint::Length(6),
        Constraint::Length(10),
        Constraint::Length(8),
        Constraint::Length(7),
        Constraint::Fill(1),
    ];
    frame.render_widget(Table::new(rows, widths).header(header), area);
}

fn cell<'a>(text: &str, is_right: bool, style: Style) -> Cell<'a> {
    let line = Line::styled(text.to_owned(), style);
    Cell::new(if is_right { line.right_aligned() } else { line })
}

fn row<'a>(instance: &Instance, state: &State, skin: Skin) -> Row<'a> {
    let (named, style): (Words, _) = match instance.state.as_str() {
        "connected" => (words::CONNECTED, skin.good()),
        "disconnected" => (words::DISCONNECTED, skin.bad()),
        _ => (words::NOT_TOLD, skin.faint()),
    };
    let last = instance
        .last_delivery_at
        .map_or_else(|| "-".to_owned(), |at| age(state.now - at));
    let queue = state.queue_of(instance);
    let figure = |n: Option<i64>| n.map_or_else(|| "…".to_owned(), |n| count(n, skin.lang));
    let waits = queue.map(|queue| queue.ready + queue.waiting);
    let failed = queue.map(|queue| queue.failed + queue.expired);
    let of_failed = if failed.unwrap_or(0) > 0 {
        skin.bad()
    } else {
        Style::new()
    };
    let problem = instance.problem.as_deref();
    let problem = problem.map_or("", |reason| skin.lang.reason(reason));
    Row::new([
        cell(
            &format!(" {}", fit(instance.id.as_str(), 21)),
            false,
            Style::new(),
        ),
        cell(skin.lang.say(named), false, style),
        cell(&last, true, Style::new()),
        cell(
            &count(instance.delivery_count, skin.lang),
            true,
            Style::new(),
        ),
        cell(&figure(waits), true, Style::new()),
        cell(&figure(failed), true, of_failed),
        cell(problem, false, skin.bad()),
    ])
}
