//! From what is known to a frame: a file per panel. Pure; whatever the size of the terminal, it shows what fits.

mod deliveries;
mod downloads;
mod edges;
mod events;
mod help;
mod instances;
mod opened;
mod queue;
#[cfg(test)]
mod tests;
mod text;

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Color, Modifier, Style};
use ratatui::text::Line;
use ratatui::widgets::{Block, Borders, Clear, Paragraph, Wrap};

use super::state::{State, View};
use crate::cli::language::Language;
use crate::cli::words::monitor as words;

/// Below this there is no room for anything but a sentence.
const LEAST_WIDTH: u16 = 20;
const LEAST_HEIGHT: u16 = 4;
/// From here on panels have frames around them, and a line for each figure.
const ROOMY_WIDTH: u16 = 120;
const ROOMY_HEIGHT: u16 = 40;

/// How things look: the sixteen colours that every terminal has, or none at all.
#[derive(Clone, Copy)]
pub(super) struct Skin {
    pub lang: Language,
    pub has_color: bool,
}

impl Skin {
    fn colored(self, color: Color) -> Style {
        if self.has_color {
            Style::new().fg(color)
        } else {
            Style::new()
        }
    }

    fn good(self) -> Style {
        self.colored(Color::Green)
    }

    fn uneasy(self) -> Style {
        self.colored(Color::Yellow)
    }

    fn bad(self) -> Style {
        self.colored(Color::Red).add_modifier(Modifier::BOLD)
    }

    fn accent(self) -> Style {
        self.colored(Color::Cyan)
    }

    fn strong(self) -> Style {
        Style::new().add_modifier(Modifier::BOLD)
    }

    fn faint(self) -> Style {
        Style::new().add_modifier(Modifier::DIM)
    }

    fn chosen(self) -> Style {
        Style::new().add_modifier(Modifier::REVERSED)
    }
}

/// Draws all of it.
pub(super) fn draw(frame: &mut Frame<'_>, state: &State, skin: Skin) {
    let area = frame.area();
    if area.width < LEAST_WIDTH || area.height < LEAST_HEIGHT {
        let sentence = Paragraph::new(skin.lang.say(words::TOO_SMALL));
        return frame.render_widget(sentence.wrap(Wrap { trim: true }), area);
    }
    let head = if area.height < 10 { 1 } else { 2 };
    let rows = [
        Constraint::Length(head),
        Constraint::Fill(1),
        Constraint::Length(1),
    ];
    let [header, middle, footer] = Layout::vertical(rows).areas(area);
    edges::header(frame, header, state, skin);
    match &state.view {
        View::Panels => panels(frame, middle, state, skin),
        View::Opened { .. } => opened::draw(frame, middle, state, skin),
        View::Help => help::draw(frame, middle, skin),
    }
    edges::footer(frame, footer, state, skin);
}

fn panels(frame: &mut Frame<'_>, area: Rect, state: &State, skin: Skin) {
    let is_roomy = area.width >= ROOMY_WIDTH && area.height >= ROOMY_HEIGHT;
    let top = match area.height {
        _ if is_roomy => 9,
        10.. => 5,
        7.. => 3,
        _ => 0,
    };
    let left = area.height - top;
    let list = if left >= 12 { left / 4 } else { 0 };
    let rows = [
        Constraint::Length(top),
        Constraint::Length(list),
        Constraint::Length(if list > 0 { list + 1 } else { 0 }),
        Constraint::Fill(1),
    ];
    let [figures, flying, instances, events] = Layout::vertical(rows).areas(area);
    let panel = |area, title| Panel {
        area,
        title,
        is_framed: is_roomy,
    };
    figures_row(frame, figures, state, skin, is_roomy);
    if list > 0 {
        downloads::draw(frame, panel(flying, words::DOWNLOADS), state, skin);
        instances::draw(frame, panel(instances, words::INSTANCES), state, skin);
    }
    events::draw(frame, panel(events, words::EVENTS), state, skin);
}

fn figures_row(frame: &mut Frame<'_>, area: Rect, state: &State, skin: Skin, is_roomy: bool) {
    let panel = |area, title| Panel {
        area,
        title,
        is_framed: is_roomy,
    };
    if is_roomy {
        let columns = [
            Constraint::Fill(1),
            Constraint::Length(34),
            Constraint::Length(42),
        ];
        let [left, middle, right] = Layout::horizontal(columns).areas(area);
        deliveries::draw(frame, panel(left, words::DELIVERIES), state, skin);
        queue::by_state(frame, panel(middle, words::QUEUE), state, skin);
        queue::by_deadline(frame, panel(right, words::DUE), state, skin);
    } else if area.width >= 72 && area.height >= 4 {
        let columns = [
            Constraint::Fill(1),
            Constraint::Length(1),
            Constraint::Length((area.width / 2).max(43)),
        ];
        let [left, _, right] = Layout::horizontal(columns).areas(area);
        deliveries::draw(frame, panel(left, words::DELIVERIES), state, skin);
        queue::in_short(frame, panel(right, words::QUEUE), state, skin);
    } else if area.height > 0 {
        queue::in_short(frame, panel(area, words::QUEUE), state, skin);
    }
}

/// A part of the screen with a title.
#[derive(Clone, Copy)]
struct Panel {
    area: Rect,
    title: crate::cli::words::Words,
    is_framed: bool,
}

impl Panel {
    /// Draws title and frame, and gives what is left inside. `more` stands behind the title.
    fn open(self, frame: &mut Frame<'_>, skin: Skin, more: &str) -> Rect {
        let title = format!(" {}{more} ", skin.lang.say(self.title));
        framed(frame, self.area, &title, self.is_framed, skin)
    }
}

fn framed(frame: &mut Frame<'_>, area: Rect, title: &str, all: bool, skin: Skin) -> Rect {
    let borders = if all { Borders::ALL } else { Borders::TOP };
    let block = Block::new()
        .borders(borders)
        .border_style(skin.faint())
        .title(Line::styled(title, skin.strong().patch(skin.accent())));
    let inside = block.inner(area);
    frame.render_widget(block, area);
    inside
}

/// Lays a framed sheet over everything, and gives what is inside.
fn sheet(frame: &mut Frame<'_>, area: Rect, title: &str, skin: Skin) -> Rect {
    frame.render_widget(Clear, area);
    framed(frame, area, title, true, skin)
}

/// A sentence where a panel has nothing to show.
fn sentence(frame: &mut Frame<'_>, area: Rect, text: &str, skin: Skin) {
    frame.render_widget(Line::styled(format!(" {text}"), skin.faint()), area);
}
