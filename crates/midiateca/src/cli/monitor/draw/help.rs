//! What every key does.

use super::text::wrap;
use super::*;

/// Columns of the keys.
const KEY: u16 = 11;

pub(super) fn draw(frame: &mut Frame<'_>, area: Rect, state: &State) {
    let say = |key| state.lang.say(key);
    let area = sheet(frame, area, say(texts::HELP));
    let row = |key: &'static str, text| {
        let lines = wrap(say(text), area.width.saturating_sub(KEY + 1), 0);
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
    let table = Table::new(rows, [Length(KEY), Fill(1)]).column_spacing(0);
    frame.render_widget(table, area);
}
