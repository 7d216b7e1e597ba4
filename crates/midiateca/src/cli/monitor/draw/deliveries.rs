//! How fast deliveries come now, and how many media came in each minute of the last hour.

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout};
use ratatui::text::{Line, Span};
use ratatui::widgets::Sparkline;

use super::text::count;
use super::{Panel, Skin};
use crate::cli::language::Language;
use crate::cli::monitor::state::State;
use crate::cli::words::monitor as words;

/// Levels that a bar has in one row of the terminal.
const LEVELS: u64 = 8;

pub(super) fn draw(frame: &mut Frame<'_>, panel: Panel, state: &State, skin: Skin) {
    let area = panel.open(frame, skin, "");
    let minutes = state.figures.minutes(state.now);
    let rows = [
        Constraint::Length(1),
        Constraint::Fill(1),
        Constraint::Length(1),
    ];
    let [first, bars, last] = Layout::vertical(rows).areas(area);
    let lang = skin.lang;
    let rate = match state.figures.deliveries_per_minute(&state.wanted.filter) {
        Some(rate) => lang.fill(words::NOW, &[("rate", &rate_text(rate, lang))]),
        None => lang.say(words::MEASURING).to_owned(),
    };
    let mut line = Line::from(vec![Span::raw(" "), Span::styled(rate, skin.strong())]);
    if state.figures.counts.is_some() {
        let received = count(minutes.iter().sum::<u64>(), lang);
        let received = lang.fill(words::RECEIVED, &[("count", &received)]);
        line.push_span(format!(" · {received}"));
        let ended: [(&str, &dyn std::fmt::Display); 2] = [
            (
                "stored",
                &count(state.figures.last_hour("media.stored"), lang),
            ),
            (
                "failed",
                &count(
                    state.figures.last_hour("media.failed")
                        + state.figures.last_hour("media.expired"),
                    lang,
                ),
            ),
        ];
        frame.render_widget(
            Line::raw(format!(" {}", lang.fill(words::ENDED, &ended))),
            last,
        );
    }
    frame.render_widget(line, first);
    let bars = ratatui::layout::Rect {
        x: bars.x + 1,
        width: bars.width.saturating_sub(1),
        ..bars
    };
    let data = bars_of(&minutes, bars.width, bars.height);
    frame.render_widget(Sparkline::default().data(data).style(skin.accent()), bars);
}

fn rate_text(rate: f64, lang: Language) -> String {
    if rate >= 100.0 || rate == 0.0 {
        #[expect(clippy::cast_possible_truncation, reason = "a rate for people")]
        return count(rate.round() as i64, lang);
    }
    let text = format!("{rate:.1}");
    match lang {
        Language::English => text,
        Language::Portuguese => text.replace('.', ","),
    }
}

/// Sixty minutes in the columns that there are: a bar each, or several minutes to a bar. What is not nothing is
/// never drawn as nothing.
fn bars_of(minutes: &[u64], columns: u16, rows: u16) -> Vec<u64> {
    let columns = usize::from(columns).max(1);
    let each = minutes.len().div_ceil(columns);
    let bars: Vec<u64> = minutes
        .rchunks(each.max(1))
        .rev()
        .map(|minutes| minutes.iter().sum())
        .collect();
    let most = bars.iter().copied().max().unwrap_or(0);
    let least = most.div_ceil(LEVELS * u64::from(rows.max(1)));
    bars.into_iter()
        .map(|bar| if bar > 0 { bar.max(least) } else { 0 })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_hold_all_minutes_and_show_the_smallest() {
        let mut minutes = vec![0; 60];
        (minutes[0], minutes[59]) = (1_000, 1);
        assert_eq!(bars_of(&minutes, 80, 1).len(), 60);
        assert_eq!(bars_of(&minutes, 80, 1)[59], 125);
        let halves = bars_of(&minutes, 38, 2);
        assert_eq!((halves.len(), halves[0], halves[29]), (30, 1_000, 63));
        assert_eq!(bars_of(&minutes, 1, 1), [1_001]);
        assert_eq!(bars_of(&minutes, 0, 0).len(), 1);
    }
}
