//! The rate of deliveries with the media of the last hour, and the queue by status and deadline.

use midiateca_service::model::EventKind;
use ratatui::widgets::Sparkline;

use super::text::{brief, count};
use super::*;
use midiateca_service::ops::live::QueueCounts;

/// Levels of a bar in one row of the terminal.
const LEVELS: u64 = 8;

pub(super) fn deliveries(frame: &mut Frame<'_>, area: Rect, state: &State) {
    let (lang, figures) = (state.lang, &state.figures);
    let area = panel(frame, area, lang.say(texts::DELIVERIES));
    let [first, middle, last] = Layout::vertical([Length(1), Fill(1), Length(1)]).areas(area);
    let minutes = figures.minutes(state.now);
    let rate = match figures.deliveries_per_minute(&state.wanted.filter) {
        Some(rate) => {
            let places = if rate >= 100.0 || rate == 0.0 { 0 } else { 1 };
            fill!(lang, texts::NOW, rate = lang.decimal(rate, places))
        }
        None => lang.say(texts::MEASURING).to_owned(),
    };
    let mut line = Line::from(Span::styled(rate, STRONG));
    if figures.counts.is_some() {
        let received = count(minutes.iter().sum::<u64>(), lang);
        let received = fill!(lang, texts::RECEIVED, count = received);
        line.push_span(format!(" · {received}"));
        let stored = count(figures.last_hour(EventKind::MediaStored), lang);
        let failed =
            figures.last_hour(EventKind::MediaFailed) + figures.last_hour(EventKind::MediaExpired);
        let failed = count(failed, lang);
        let ended = fill!(lang, texts::ENDED, stored, failed);
        frame.render_widget(ended, last);
    }
    frame.render_widget(line, first);
    let bars = bars(&minutes, middle.width, middle.height);
    let sparkline = Sparkline::default().data(bars);
    frame.render_widget(sparkline.style(ACCENT), middle);
}

/// The minutes in the available columns: a bar each, or several to a bar. A minute with media is never drawn as empty.
fn bars(minutes: &[u64], columns: u16, rows: u16) -> Vec<u64> {
    let each = minutes.len().div_ceil(usize::from(columns.max(1))).max(1);
    let parts = minutes.rchunks(each).rev();
    let bars: Vec<u64> = parts.map(|part| part.iter().sum()).collect();
    let most = bars.iter().copied().max().unwrap_or(0);
    let least = most.div_ceil(LEVELS * u64::from(rows.max(1)));
    let shown = |bar| if bar > 0 { least.max(bar) } else { 0 };
    bars.into_iter().map(shown).collect()
}

type Figure = (TextKey, i64, Style);

fn alarming(key: TextKey, number: i64, style: Style) -> Figure {
    (key, number, if number > 0 { style } else { Style::new() })
}

fn statuses(queue: &QueueCounts) -> [Figure; 8] {
    [
        (texts::READY, queue.ready, Style::new()),
        alarming(texts::WAITING, queue.waiting, WARNING),
        (texts::DOWNLOADING, queue.downloading, ACCENT),
        (texts::STORED_ALL, queue.stored, GOOD),
        alarming(texts::FAILED_ALL, queue.failed, BAD),
        alarming(texts::EXPIRED_ALL, queue.expired, BAD),
        (texts::SKIPPED_ALL, queue.skipped, FAINT),
        (texts::DISMISSED_ALL, queue.dismissed, FAINT),
    ]
}

fn deadlines(queue: &QueueCounts) -> [Figure; 4] {
    let [hour, day, week, later] = queue.due;
    [
        alarming(texts::DUE_HOUR, hour, BAD),
        alarming(texts::DUE_DAY, day, WARNING),
        (texts::DUE_WEEK, week, Style::new()),
        (texts::DUE_LATER, later, Style::new()),
    ]
}

pub(super) fn by_status(frame: &mut Frame<'_>, area: Rect, state: &State) {
    counted(frame, area, (texts::QUEUE, 0), statuses, state);
}

pub(super) fn by_deadline(frame: &mut Frame<'_>, area: Rect, state: &State) {
    counted(frame, area, (texts::DUE, 20), deadlines, state);
}

fn counted<const N: usize>(
    frame: &mut Frame<'_>,
    area: Rect,
    (title, bar): (TextKey, i64),
    figures: fn(&QueueCounts) -> [Figure; N],
    state: &State,
) {
    let area = panel(frame, area, state.lang.say(title));
    match state.figures.queue(&state.wanted.filter) {
        Some(queue) => table(frame, area, &figures(&queue), bar, state),
        None => note(frame, area, texts::COUNTING, state),
    }
}

fn table(frame: &mut Frame<'_>, area: Rect, figures: &[Figure], bar: i64, state: &State) {
    let all: i64 = figures.iter().map(|(_, number, _)| number).sum();
    let widths = figures
        .iter()
        .map(|(key, ..)| Line::raw(state.lang.say(*key)).width());
    let name = u16::try_from(widths.max().unwrap_or(0)).unwrap_or(0);
    let rows = figures.iter().map(|(key, number, style)| {
        let least = if *number > 0 { bar.min(1) } else { 0 };
        let length = (number * bar / all.max(1)).max(least);
        Row::new([
            Line::raw(state.lang.say(*key)),
            Line::styled(count(*number, state.lang), *style).right_aligned(),
            Line::styled("█".repeat(usize::try_from(length).unwrap_or(0)), *style),
        ])
    });
    frame.render_widget(Table::new(rows, [Length(name), Length(9), Fill(1)]), area);
}

pub(super) fn in_short(frame: &mut Frame<'_>, area: Rect, state: &State) {
    let area = panel(frame, area, state.lang.say(texts::QUEUE));
    let Some(queue) = state.figures.queue(&state.wanted.filter) else {
        return note(frame, area, texts::COUNTING, state);
    };
    let figures = statuses(&queue);
    let line = |shown: &[usize]| {
        let shown = shown.iter().map(|n| figures[*n]);
        joined(shown, |number| count(number, state.lang), state)
    };
    let lines = if area.height >= 4 {
        let mut due = Line::raw(format!("{} ", state.lang.say(texts::DUE_SHORT)));
        due.extend(joined(deadlines(&queue).into_iter(), brief, state));
        vec![line(&[0, 1, 2]), line(&[3, 4]), line(&[5, 6, 7]), due]
    } else {
        // In two lines, what may need a person comes first.
        vec![line(&[0, 1, 2, 4]), line(&[3, 5, 6, 7])]
    };
    frame.render_widget(Text::from(lines), area);
}

fn joined<'a>(
    figures: impl Iterator<Item = Figure>,
    write: impl Fn(i64) -> String,
    state: &State,
) -> Line<'a> {
    let mut line = Line::default();
    for (key, number, style) in figures {
        let gap = if line.spans.is_empty() { "" } else { "  " };
        line.push_span(format!("{gap}{} ", state.lang.say(key)));
        line.push_span(Span::styled(write(number), style));
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_have_all_minutes_and_show_the_smallest() {
        let mut minutes = vec![0; 60];
        (minutes[0], minutes[59]) = (1_000, 1);
        assert_eq!(bars(&minutes, 80, 1).len(), 60);
        assert_eq!(bars(&minutes, 80, 1)[59], 125);
        let halves = bars(&minutes, 38, 2);
        assert_eq!((halves.len(), halves[0], halves[29]), (30, 1_000, 63));
        assert_eq!(bars(&minutes, 1, 1), [1_001]);
        assert_eq!(bars(&minutes, 0, 0).len(), 1);
    }
}
