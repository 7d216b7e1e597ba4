//! The downloads in progress, with their progress and speed.

use super::text::fit;
use super::*;
use midiateca_service::ops::live::Download;

/// How much longer than the declared length a file can be: encryption adds padding and a MAC.
const OVERHEAD: u64 = 16 + 10;

pub(super) fn draw(frame: &mut Frame<'_>, area: Rect, state: &State) {
    let (lang, snapshot) = (state.lang, state.figures.snapshot.as_ref());
    let downloads = snapshot.map_or(&[][..], |snapshot| &snapshot.in_flight);
    let is_served = snapshot.is_some_and(|snapshot| snapshot.is_served);
    let title = match (lang.say(texts::DOWNLOADS), downloads.len()) {
        (title, 0) => title.to_owned(),
        (title, count) if is_served => {
            let speed = speed(state.figures.total_speed(), lang);
            format!("{title}: {count}  {speed}")
        }
        (title, count) => format!("{title}: {count}  {}", lang.say(texts::INTERRUPTED)),
    };
    let area = panel(frame, area, &title);
    if downloads.is_empty() {
        return note(frame, area, texts::NO_DOWNLOADS, state);
    }
    let [instance, name, bar] = if area.width >= WIDE {
        [21, 30, 28]
    } else {
        [9, 0, 14]
    };
    let rows = downloads.iter().map(|download| {
        let speed = state.figures.speed(download);
        let speed = speed.map_or_else(String::new, |per_second| self::speed(per_second, lang));
        Row::new([
            Line::raw(lang.name(download.kind.as_str())),
            Line::raw(fit(&download.instance, instance)),
            Line::raw(fit(download.file_name.as_deref().unwrap_or_default(), name)),
            progress(download, bar),
            Line::raw(bytes(download, lang)).right_aligned(),
            Line::raw(speed).right_aligned(),
        ])
    });
    let widths = [9, instance, name, bar + 5, 23, 13];
    frame.render_widget(Table::new(rows, widths), area);
}

/// Between 0 and 1, if the declared length can be right.
fn share(download: &Download) -> Option<f64> {
    let (fetched, declared) = (download.fetched_bytes?, download.declared_length?);
    let is_possible = declared > 0 && fetched <= declared + OVERHEAD;
    is_possible.then(|| (fetched as f64 / declared as f64).min(1.0))
}

fn progress<'a>(download: &Download, columns: u16) -> Line<'a> {
    let share = share(download);
    let filled = (share.unwrap_or(0.0) * f64::from(columns)).round() as usize;
    let percent = share.map(|share| format!(" {:>3.0}%", (share * 100.0).floor()));
    Line::from(vec![
        Span::styled("█".repeat(filled), ACCENT),
        Span::styled("░".repeat(usize::from(columns) - filled), FAINT),
        Span::raw(percent.unwrap_or_else(|| "    ?".to_owned())),
    ])
}

fn bytes(download: &Download, lang: Language) -> String {
    match (download.fetched_bytes, download.declared_length) {
        (None, _) => lang.say(texts::DOWNLOAD_STARTING).to_owned(),
        (Some(fetched), Some(declared)) if share(download).is_some() => {
            format!("{} / {}", lang.bytes(fetched), lang.bytes(declared))
        }
        (Some(fetched), _) => lang.bytes(fetched),
    }
}

fn speed(per_second: f64, lang: Language) -> String {
    format!("{}/s", lang.bytes(per_second.max(0.0) as u64))
}
