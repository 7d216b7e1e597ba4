//! What every key does.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

use super::text::{width, wrap};
use super::{Skin, sheet};
use crate::cli::words::monitor as words;

/// Room for the longest name of a key.
const NAME: usize = 11;

pub(super) fn draw(frame: &mut Frame<'_>, area: Rect, skin: Skin) {
    let say = |words| skin.lang.say(words);
    let inside = sheet(frame, area, &format!(" {} ", say(words::HELP)), skin);
    let columns = usize::from(inside.width).saturating_sub(NAME + 2);
    let mut lines = Vec::new();
    for (key, does) in [
        ("q", words::HELP_QUIT),
        (say(words::KEY_SPACE), words::HELP_PAUSE),
        ("↑ ↓", words::HELP_SELECT),
        ("Enter", words::HELP_OPEN),
        ("r", words::HELP_RETRY),
        ("i", words::HELP_INSTANCE),
        ("t", words::HELP_KIND),
        ("s, f", words::HELP_STATUS),
        ("c", words::HELP_CLEAR),
        ("Ctrl-L", words::HELP_REDRAW),
        ("Esc", words::HELP_CLOSE),
    ] {
        for (at, part) in wrap(say(does), columns).into_iter().enumerate() {
            let key = if at == 0 { key } else { "" };
            let gap = " ".repeat(NAME.saturating_sub(width(key)));
            lines.push(Line::from(vec![
                Span::styled(format!(" {key}"), skin.strong().patch(skin.accent())),
                Span::raw(format!("{gap}{part}")),
            ]));
        }
    }
    lines.push(Line::default());
    let times = wrap(
        say(words::HELP_TIMES),
        usize::from(inside.width).saturating_sub(2),
    );
    lines.extend(
        times
            .into_iter()
            .map(|part| Line::styled(format!(" {part}"), skin.faint())),
    );
    frame.render_widget(Paragraph::new(lines), inside);
}
