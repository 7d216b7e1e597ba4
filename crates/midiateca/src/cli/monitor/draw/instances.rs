//! How each instance is: its connection, what is wrong with it, and what it has to do.

use ratatui::Frame;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use super::text::{age, column, count, fit, width};
use super::{Panel, Skin, sentence};
use crate::cli::monitor::state::State;
use crate::cli::words::{Words, monitor as words};
use midiateca_service::ops::live::{LiveFilter, LiveInstance};

/// Columns of the table, and whether they stand to the right.
const COLUMNS: [(usize, bool); 6] = [
    (21, false),
    (13, false),
    (7, true),
    (11, true),
    (8, true),
    (7, true),
];
/// From here on what is wrong has room beside the figures; below, it gets a line of its own.
const WIDE: u16 = 110;

pub(super) fn draw(frame: &mut Frame<'_>, panel: Panel, state: &State, skin: Skin) {
    let instances = state.figures.instances(&state.wanted.filter);
    let borders = if panel.is_framed { 2 } else { 1 };
    let room = usize::from(panel.area.height.saturating_sub(borders + 1));
    let (mut lines, mut shown) = (Vec::new(), 0);
    for instance in &instances {
        let of_this = lines_of(instance, state, panel.area.width, skin);
        if lines.len() + of_this.len() > room && shown > 0 {
            break;
        }
        lines.extend(of_this);
        shown += 1;
    }
    let figures: [(&str, &dyn std::fmt::Display); 2] =
        [("shown", &shown), ("all", &instances.len())];
    let more = if instances.len() > shown {
        format!(": {}", skin.lang.fill(words::MORE, &figures))
    } else {
        String::new()
    };
    let area = panel.open(frame, skin, &more);
    if instances.is_empty() {
        if state.figures.snapshot.is_some() {
            sentence(frame, area, skin.lang.say(words::NO_INSTANCES), skin);
        }
        return;
    }
    lines.insert(0, heads(area.width, skin));
    for (line, row) in lines.into_iter().zip(area.rows()) {
        frame.render_widget(line, row);
    }
}

fn heads<'a>(columns: u16, skin: Skin) -> Line<'a> {
    let names = [
        words::HEAD_INSTANCE,
        words::HEAD_STATE,
        words::HEAD_LAST,
        words::HEAD_DELIVERIES,
        words::HEAD_WAITING,
        words::HEAD_FAILED,
    ];
    let mut text = " ".to_owned();
    for (name, (columns, is_right)) in names.into_iter().zip(COLUMNS) {
        text.push_str(&column(skin.lang.say(name), columns, is_right));
    }
    if columns >= WIDE {
        text.push_str(skin.lang.say(words::HEAD_PROBLEM));
    }
    Line::styled(text, skin.faint())
}

fn lines_of<'a>(instance: &LiveInstance, state: &State, columns: u16, skin: Skin) -> Vec<Line<'a>> {
    let (named, style): (Words, _) = match instance.state.as_str() {
        "connected" => (words::CONNECTED, skin.good()),
        "disconnected" => (words::DISCONNECTED, skin.bad()),
        _ => (words::NOT_TOLD, skin.faint()),
    };
    let last = instance.last_delivery_at;
    let last = last.map_or_else(|| "-".to_owned(), |at| age(state.now - at));
    let filter = LiveFilter {
        instance: Some(instance.id.clone()),
        ..state.wanted.filter.clone()
    };
    let queue = state.figures.queue(&filter);
    let figure = |n: Option<i64>| n.map_or_else(|| "…".to_owned(), |n| count(n, skin.lang));
    let waits = queue.map(|queue| queue.ready + queue.waiting);
    let failed = queue.map(|queue| queue.failed + queue.expired);
    let of_failed = if failed.unwrap_or(0) > 0 {
        skin.bad()
    } else {
        Style::new()
    };
    let cells = [
        (instance.id.clone(), Style::new()),
        (skin.lang.say(named).to_owned(), style),
        (last, Style::new()),
        (count(instance.delivery_count, skin.lang), Style::new()),
        (figure(waits), Style::new()),
        (figure(failed), of_failed),
    ];
    let mut line = Line::raw(" ");
    for ((text, style), (columns, is_right)) in cells.into_iter().zip(COLUMNS) {
        line.push_span(Span::styled(column(&text, columns, is_right), style));
    }
    let Some(problem) = instance.problem.as_deref() else {
        return vec![line];
    };
    let problem = skin.lang.reason(problem);
    let room = usize::from(columns).saturating_sub(2);
    if columns >= WIDE {
        let left = room.saturating_sub(line.width());
        line.push_span(Span::styled(fit(problem, left), skin.bad()));
        return vec![line];
    }
    let below = format!(" └ {}", fit(problem, room.saturating_sub(width(" └ "))));
    vec![line, Line::styled(below, skin.bad())]
}
