//! What is being downloaded now: how far each is, and how fast.

use indicatif::HumanBytes;
use ratatui::Frame;
use ratatui::layout::Constraint;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Row, Table};

use super::text::{fit, kind_name};
use super::{Panel, Skin, sentence};
use crate::cli::monitor::state::State;
use crate::cli::words::monitor as words;
use midiateca_service::ops::live::Download;

const BAR: u16 = 14;
/// From here on there is room for names.
const WIDE: u16 = 110;
/// What encryption adds to the told length at the most: padding and MAC.
const OVERHEAD: u64 = 16 + 10;

pub(super) fn draw(frame: &mut Frame<'_>, panel: Panel, state: &State, skin: Skin) {
    let downloads = state
        .figures
        .snapshot
        .as_ref()
        .map_or(&[][..], |snapshot| &snapshot.in_flight);
    let is_served = state
        .figures
        .snapshot
        .as_ref()
        .is_some_and(|snapshot| snapshot.is_served);
    let more = match downloads.len() {
        0 => String::new(),
        count if is_served => format!(": {count}  {}", speed_text(state.figures.total_speed())),
        count => format!(": {count}  {}", skin.lang.say(words::INTERRUPTED)),
    };
    let area = panel.open(frame, skin, &more);
    if downloads.is_empty() {
        return sentence(frame, area, skin.lang.say(words::NO_DOWNLOADS), skin);
    }
    let is_wide = area.width >= WIDE;
    let (bar, name, instance) = if is_wide {
        (BAR * 2, 30, 21)
    } else {
        (BAR, 0, 9)
    };
    let rows = downloads
        .iter()
        .take(usize::from(area.height))
        .map(|download| {
            let speed = state
                .figures
                .speed(download)
                .map(speed_text)
                .unwrap_or_default();
            Row::new([
                Line::raw(format!(" {}", kind_name(download.kind.as_str(), skin.lang))),
                Line::raw(fit(&download.instance, usize::from(instance))),
                Line::raw(fit(
                    download.file_name.as_deref().unwrap_or(""),
                    usize::from(name),
                )),
                progress(download, bar, skin),
                Line::raw(bytes_text(download, skin)).right_aligned(),
                Line::raw(speed).right_aligned(),
            ])
        });
    let widths = [
        Constraint::Length(10),
        Constraint::Length(instance),
        Constraint::Length(name),
        Constraint::Length(bar + 5),
        Constraint::Length(23),
        Constraint::Length(13),
    ];
    frame.render_widget(Table::new(rows, widths), area);
}

/// Between 0 and 1, where the told length can be true.
fn share(download: &Download) -> Option<f64> {
    let (fetched, told) = (download.fetched_bytes?, download.declared_length?);
    let can_be = told > 0 && fetched <= told + OVERHEAD;
    #[expect(clippy::cast_precision_loss, reason = "a bar for people")]
    can_be.then(|| (fetched as f64 / told as f64).min(1.0))
}

fn progress<'a>(download: &Download, columns: u16, skin: Skin) -> Line<'a> {
    let columns = usize::from(columns);
    let (filled, percent) = match share(download) {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "between 0 and 1"
        )]
        Some(share) => (
            (share * columns as f64).round() as usize,
            format!(" {:>3.0}%", (share * 100.0).floor()),
        ),
        None => (0, "    ?".to_owned()),
    };
    Line::from(vec![
        Span::styled("█".repeat(filled), skin.accent()),
        Span::styled("░".repeat(columns.saturating_sub(filled)), skin.faint()),
        Span::raw(percent),
    ])
}

fn bytes_text(download: &Download, skin: Skin) -> String {
    match (download.fetched_bytes, download.declared_length) {
        (None, _) => skin.lang.say(words::BEGINNING).to_owned(),
        (Some(fetched), Some(told)) if share(download).is_some() => {
            format!("{} / {}", HumanBytes(fetched), HumanBytes(told))
        }
        (Some(fetched), _) => HumanBytes(fetched).to_string(),
    }
}

fn speed_text(per_second: f64) -> String {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a speed for people"
    )]
    let per_second = HumanBytes(per_second.max(0.0) as u64);
    format!("{per_second}/s")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::monitor::fixture::download;

    #[test]
    fn a_told_length_that_cannot_be_true_gives_no_percentage() {
        let told = |declared_length, bytes| {
            share(&Download {
                declared_length,
                ..download("A", Some(bytes))
            })
        };
        assert_eq!(told(Some(1_000), 500), Some(0.5));
        assert_eq!(told(Some(1_000), 1_026), Some(1.0));
        assert_eq!(told(Some(1_000), 1_027), None);
        assert_eq!((told(Some(0), 0), told(None, 9)), (None, None));
    }
}
