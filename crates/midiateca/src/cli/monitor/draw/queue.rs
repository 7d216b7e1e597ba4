//! How many media stand how, and how soon what waits dies.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use super::text::{brief, count, width};
use super::{Panel, Skin, sentence};
use crate::cli::monitor::state::State;
use crate::cli::words::{Words, monitor as words};
use midiateca_service::ops::live::QueueCounts;

type Figure = (Words, i64, Style);

/// By state: what is in motion, and what has come to an end.
fn figures(queue: &QueueCounts, skin: Skin) -> [Figure; 8] {
    let alarming = |n, style| if n > 0 { style } else { Style::new() };
    [
        (words::READY, queue.ready, Style::new()),
        (
            words::WAITING,
            queue.waiting,
            alarming(queue.waiting, skin.uneasy()),
        ),
        (words::DOWNLOADING, queue.downloading, skin.accent()),
        (words::STORED_ALL, queue.stored, skin.good()),
        (
            words::FAILED_ALL,
            queue.failed,
            alarming(queue.failed, skin.bad()),
        ),
        (
            words::EXPIRED_ALL,
            queue.expired,
            alarming(queue.expired, skin.bad()),
        ),
        (words::SKIPPED_ALL, queue.skipped, skin.faint()),
        (words::DISMISSED_ALL, queue.dismissed, skin.faint()),
    ]
}

fn deadlines(queue: &QueueCounts, skin: Skin) -> [Figure; 4] {
    let [hour, day, week, later] = queue.due;
    let alarming = |n, style| if n > 0 { style } else { Style::new() };
    [
        (words::DUE_HOUR, hour, alarming(hour, skin.bad())),
        (words::DUE_DAY, day, alarming(day, skin.uneasy())),
        (words::DUE_WEEK, week, Style::new()),
        (words::DUE_LATER, later, Style::new()),
    ]
}

/// A line each.
pub(super) fn by_state(frame: &mut Frame<'_>, panel: Panel, state: &State, skin: Skin) {
    let area = panel.open(frame, skin, "");
    match state.figures.queue(&state.wanted.filter) {
        Some(queue) => lines(frame, area, &figures(&queue, skin), 0, skin),
        None => sentence(frame, area, skin.lang.say(words::COUNTING), skin),
    }
}

/// A line each, with a bar.
pub(super) fn by_deadline(frame: &mut Frame<'_>, panel: Panel, state: &State, skin: Skin) {
    let area = panel.open(frame, skin, "");
    match state.figures.queue(&state.wanted.filter) {
        Some(queue) => {
            let bar = usize::from(area.width).saturating_sub(20);
            lines(frame, area, &deadlines(&queue, skin), bar, skin);
        }
        None => sentence(frame, area, skin.lang.say(words::COUNTING), skin),
    }
}

fn lines(frame: &mut Frame<'_>, area: Rect, figures: &[Figure], bar: usize, skin: Skin) {
    let names = figures.iter().map(|(name, ..)| width(skin.lang.say(*name)));
    let widest = names.max().unwrap_or(0);
    let all: i64 = figures.iter().map(|(_, n, _)| n).sum();
    for ((name, n, style), row) in figures.iter().zip(area.rows()) {
        let name = skin.lang.say(*name);
        let gap = " ".repeat(widest - width(name));
        let mut line = Line::from(vec![
            Span::raw(format!(" {name}{gap} ")),
            Span::styled(format!("{:>9}", count(n, skin.lang)), *style),
        ]);
        let share =
            usize::try_from(*n).unwrap_or(0) * bar / usize::try_from(all).unwrap_or(1).max(1);
        if bar > 0 && *n > 0 {
            line.push_span(Span::styled(
                format!(" {}", "█".repeat(share.max(1))),
                *style,
            ));
        }
        frame.render_widget(line, row);
    }
}

/// All of it in a few lines.
pub(super) fn in_short(frame: &mut Frame<'_>, panel: Panel, state: &State, skin: Skin) {
    let area = panel.open(frame, skin, "");
    let Some(queue) = state.figures.queue(&state.wanted.filter) else {
        return sentence(frame, area, skin.lang.say(words::COUNTING), skin);
    };
    let [
        ready,
        waiting,
        downloading,
        stored,
        failed,
        expired,
        skipped,
        dismissed,
    ] = figures(&queue, skin);
    let due = joined(&deadlines(&queue, skin), brief, skin);
    let mut due_line = Line::raw(format!(" {} ", skin.lang.say(words::DUE_SHORT)));
    due_line.extend(due.spans);
    let rows: Vec<Line<'_>> = if area.height >= 4 {
        let lines = [
            &[ready, waiting, downloading][..],
            &[stored, failed],
            &[expired, skipped, dismissed],
        ];
        let lines = lines.iter().map(|figures| row(figures, skin));
        lines.chain([due_line]).collect()
    } else {
        // Where there is little room, what may need somebody comes first.
        let lines = [
            &[ready, waiting, downloading, failed][..],
            &[stored, expired, skipped, dismissed],
        ];
        lines.iter().map(|figures| row(figures, skin)).collect()
    };
    for (line, row) in rows.into_iter().zip(area.rows()) {
        frame.render_widget(line, row);
    }
}

fn row<'a>(figures: &[Figure], skin: Skin) -> Line<'a> {
    let mut line = Line::raw(" ");
    line.extend(joined(figures, |n| count(n, skin.lang), skin).spans);
    line
}

fn joined<'a>(figures: &[Figure], write: impl Fn(i64) -> String, skin: Skin) -> Line<'a> {
    let mut line = Line::default();
    for (at, (name, n, style)) in figures.iter().enumerate() {
        if at > 0 {
            line.push_span("  ");
        }
        line.push_span(format!("{} ", skin.lang.say(*name)));
        line.push_span(Span::styled(write(*n), *style));
    }
    line
}
