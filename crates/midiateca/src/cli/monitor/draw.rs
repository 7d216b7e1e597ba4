//! From the state to a frame, a file per panel. Pure; it shows what fits into the terminal.

mod downloads;
mod edges;
mod events;
mod figures;
mod instances;
mod opened;
#[cfg(test)]
mod tests;
mod text;

use ratatui::Frame;
use ratatui::layout::Constraint::{self, Fill, Length};
use ratatui::layout::{Layout, Rect};
use ratatui::style::{Color, Modifier, Style};
use ratatui::text::{Line, Span, Text};
use ratatui::widgets::{Block, Borders, Clear, Padding, Paragraph, Row, Table, Wrap};

use super::state::{State, View};
use crate::cli::{Language, TextKey, plain, words::monitor as texts, zone};

const GOOD: Style = Style::new().fg(Color::Green);
const WARNING: Style = Style::new().fg(Color::Yellow);
const BAD: Style = STRONG.fg(Color::Red);
const ACCENT: Style = Style::new().fg(Color::Cyan);
const TITLE: Style = STRONG.fg(Color::Cyan);
const STRONG: Style = Style::new().add_modifier(Modifier::BOLD);
const FAINT: Style = Style::new().add_modifier(Modifier::DIM);
const SELECTED: Style = Style::new().add_modifier(Modifier::REVERSED);

/// In a smaller terminal only a sentence is shown.
const LEAST_WIDTH: u16 = 20;
const LEAST_HEIGHT: u16 = 4;
/// From this size on panels have frames, and each figure has a line.
const ROOMY_WIDTH: u16 = 120;
const ROOMY_HEIGHT: u16 = 40;
/// From this width on there is room for whole names.
const WIDE: u16 = 110;

const HELP_KEY: u16 = 11;

pub(super) fn draw(frame: &mut Frame<'_>, state: &State) {
    draw_colored(frame, state);
    if !state.has_color {
        for cell in &mut frame.buffer_mut().content {
            cell.fg = Color::Reset;
        }
    }
}

fn draw_colored(frame: &mut Frame<'_>, state: &State) {
    let area = frame.area();
    if area.width < LEAST_WIDTH || area.height < LEAST_HEIGHT {
        let sentence = Paragraph::new(state.lang.say(texts::TOO_SMALL));
        return frame.render_widget(sentence.wrap(Wrap { trim: true }), area);
    }
    let head = if area.height < 10 { 1 } else { 2 };
    let rows = Layout::vertical([Length(head), Fill(1), Length(1)]);
    let [header, middle, footer] = rows.areas(area);
    edges::header(frame, header, state);
    match &state.view {
        View::Panels => panels(frame, middle, state),
        View::Opened { .. } => opened::draw(frame, middle, state),
        View::Help => help(frame, middle, state),
    }
    edges::footer(frame, footer, state);
}

fn is_roomy(frame: &Frame<'_>) -> bool {
    frame.area().width >= ROOMY_WIDTH && frame.area().height >= ROOMY_HEIGHT
}

fn panels(frame: &mut Frame<'_>, area: Rect, state: &State) {
    let top = match area.height {
        _ if is_roomy(frame) => 10,
        10.. => 5,
        7.. => 3,
        _ => 0,
    };
    let left = area.height - top;
    let list = if left >= 12 { left / 4 } else { 0 };
    let instances = if list > 0 { list + 1 } else { 0 };
    let rows = Layout::vertical([Length(top), Length(list), Length(instances), Fill(1)]);
    let [figures, downloads, instances, events] = rows.areas(area);
    figures_row(frame, figures, state);
    if list > 0 {
        downloads::draw(frame, downloads, state);
        instances::draw(frame, instances, state);
    }
    events::draw(frame, events, state);
}

fn figures_row(frame: &mut Frame<'_>, area: Rect, state: &State) {
    if is_roomy(frame) {
        let columns = Layout::horizontal([Fill(1), Length(34), Length(42)]);
        let [left, middle, right] = columns.areas(area);
        figures::deliveries(frame, left, state);
        figures::by_status(frame, middle, state);
        figures::by_deadline(frame, right, state);
    } else if area.width >= 72 && area.height >= 4 {
        let right = Length((area.width / 2).max(43));
        let [left, right] = Layout::horizontal([Fill(1), right]).spacing(1).areas(area);
        figures::deliveries(frame, left, state);
        figures::in_short(frame, right, state);
    } else if area.height > 0 {
        figures::in_short(frame, area, state);
    }
}

fn panel(frame: &mut Frame<'_>, area: Rect, title: &str) -> Rect {
    let is_roomy = is_roomy(frame);
    let borders = if is_roomy { Borders::ALL } else { Borders::TOP };
    bordered(frame, area, title, borders)
}

fn sheet(frame: &mut Frame<'_>, area: Rect, title: &str) -> Rect {
    frame.render_widget(Clear, area);
    bordered(frame, area, title, Borders::ALL)
}

fn bordered(frame: &mut Frame<'_>, area: Rect, title: &str, borders: Borders) -> Rect {
    let block = Block::new()
        .borders(borders)
        .border_style(FAINT)
        .padding(Padding::left(1))
        .title(Line::styled(format!(" {title} "), TITLE));
    let inside = block.inner(area);
    frame.render_widget(block, area);
    inside
}

fn note(frame: &mut Frame<'_>, area: Rect, key: TextKey, state: &State) {
    frame.render_widget(Line::styled(state.lang.say(key), FAINT), area);
}

fn help(frame: &mut Frame<'_>, area: Rect, state: &State) {
    let say = |key| state.lang.say(key);
    let area = sheet(frame, area, say(texts::HELP));
    let row = |key: &'static str, text| {
        let lines = text::wrap(say(text), area.width.saturating_sub(HELP_KEY + 1), 0);
        let height = u16::try_from(lines.len()).unwrap_or(1);
        let key = Text::styled(key, TITLE);
        Row::new([key, Text::from_iter(lines)]).height(height)
    };
    let rows = [
        row("q", texts::HELP_QUIT),
        row(say(texts::KEY_SPACE), texts::HELP_PAUSE),
        row("↑ ↓", texts::HELP_SELECT),
        row("Enter", texts::HELP_OPEN),
        row("r", texts::HELP_RETRY),
        row("i", texts::HELP_INSTANCE),
        row("t", texts::HELP_KIND),
        row("s, f", texts::HELP_STATUS),
        row("c", texts::HELP_CLEAR),
        row("Ctrl-L", texts::HELP_REDRAW),
        row("Esc", texts::HELP_CLOSE),
        row("", texts::HELP_TIMES).top_margin(1).style(FAINT),
    ];
    let table = Table::new(rows, [Length(HELP_KEY), Fill(1)]).column_spacing(0);
    frame.render_widget(table, area);
}
