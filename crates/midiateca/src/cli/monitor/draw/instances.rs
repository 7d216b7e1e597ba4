//! Each instance: its connection, its problem, and its queue.

use midiateca_service::model::InstanceState;
use ratatui::widgets::Cell;

use super::text::{count, fit};
use super::*;
use midiateca_service::ops::live::{LiveFilter, LiveInstance};

const ID: u16 = 21;
/// Those left of the problem, and the frame.
const OTHERS: u16 = 76;

pub(super) fn draw(frame: &mut Frame<'_>, area: Rect, state: &State) {
    let lang = state.lang;
    let instances = state.figures.instances(&state.wanted.filter);
    // Borders and the table's header.
    let lines_left = area
        .height
        .saturating_sub(if is_roomy(frame) { 3 } else { 2 });
    let (mut rows, mut shown) = (Vec::new(), 0);
    for instance in &instances {
        let mut added = rows_of(instance, area.width, state);
        if rows.len() + added.len() > usize::from(lines_left) && shown > 0 {
            break;
        }
        rows.append(&mut added);
        shown += 1;
    }
    let mut title = lang.say(texts::INSTANCES).to_owned();
    if instances.len() > shown {
        let more = fill!(lang, texts::MORE, shown, all = instances.len());
        title = format!("{title}: {more}");
    }
    let area = panel(frame, area, &title);
    if instances.is_empty() {
        if state.figures.snapshot.is_some() {
            note(frame, area, texts::NO_INSTANCES, state);
        }
        return;
    }
    let head = |key| Line::raw(lang.say(key));
    let mut heads = vec![head(texts::HEAD_INSTANCE), head(texts::HEAD_STATE)];
    let numbers = [
        texts::HEAD_LAST,
        texts::HEAD_DELIVERIES,
        texts::HEAD_WAITING,
        texts::HEAD_FAILED,
    ];
    heads.extend(numbers.map(|key| head(key).right_aligned()));
    heads.extend((area.width >= WIDE).then(|| head(texts::HEAD_PROBLEM)));
    let columns = Constraint::from_lengths([ID, 13, 7, 11, 8, 7]);
    let columns = columns.into_iter().chain([Fill(1)]);
    let heads = Row::new(heads).style(FAINT);
    frame.render_widget(Table::new(rows, columns).header(heads), area);
}

/// The problem has a column, or a line of its own where there is no room for one.
fn rows_of<'a>(instance: &LiveInstance, columns: u16, state: &State) -> Vec<Row<'a>> {
    let lang = state.lang;
    let style = match instance.state {
        InstanceState::Connected => GOOD,
        InstanceState::Disconnected => BAD,
        InstanceState::Unknown => FAINT,
    };
    let last = instance
        .last_delivery_at
        .map(|at| lang.span((state.now - at).max(0)));
    let queue = state.figures.queue(&LiveFilter {
        instance: Some(instance.id.clone()),
        ..state.wanted.filter.clone()
    });
    let figure = |number: Option<i64>, style| {
        let text = number.map_or_else(|| "…".to_owned(), |number| count(number, lang));
        Cell::from(Line::styled(text, style).right_aligned())
    };
    let failed = queue.map(|queue| queue.failed + queue.expired);
    let failed_style = match failed {
        Some(1..) => BAD,
        _ => Style::new(),
    };
    let problem = instance.problem.as_deref().map(|code| lang.reason(code));
    let (in_column, below) = if columns >= WIDE {
        (problem.unwrap_or_default(), None)
    } else {
        ("", problem)
    };
    let in_column = fit(in_column, columns.saturating_sub(OTHERS));
    let row = Row::new([
        Cell::from(fit(&instance.id, ID)),
        Cell::from(Line::styled(
            plain(lang.name(instance.state.as_str())),
            style,
        )),
        Cell::from(Line::raw(last.unwrap_or_else(|| "-".to_owned())).right_aligned()),
        figure(Some(instance.delivery_count), Style::new()),
        figure(queue.map(|queue| queue.ready + queue.waiting), Style::new()),
        figure(failed, failed_style),
        Cell::from(Line::styled(in_column, BAD)),
    ]);
    let below = below.map(|problem| {
        let problem = fit(&format!("└ {problem}"), columns.saturating_sub(1));
        Row::new([Cell::from(Line::styled(problem, BAD)).column_span(7)])
    });
    std::iter::once(row).chain(below).collect()
}
