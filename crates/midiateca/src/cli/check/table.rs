//! The report for people.

use std::fmt::{Display, Write as _};

use comfy_table::presets::UTF8_FULL_CONDENSED;
use comfy_table::{CellAlignment, Table};

use super::super::language::{Language, plain, tame};
use super::super::words::{TextKey, check as texts};
use super::super::zone;
use midiateca_service::clock::Millis;
use midiateca_service::i18n::needs;
use midiateca_service::ops::status::CheckReport;

pub(super) fn text(report: &CheckReport, lang: Language) -> String {
    let mut text = instances(report, lang) + &media(report, lang);
    if !report.reasons.is_empty() {
        text += &reasons(report, lang);
    }
    text + &folders(report, lang) + &summary(report, lang)
}

/// A table with its title. The columns in `numbers` are aligned to the right.
fn table<const COLUMNS: usize>(
    (title, lang): (TextKey, Language),
    heads: [Option<TextKey>; COLUMNS],
    numbers: &[usize],
    rows: impl Iterator<Item = [String; COLUMNS]>,
) -> String {
    let heads = heads.map(|head| head.map_or("", |head| lang.say(head)));
    let mut table = Table::new();
    table.load_style(UTF8_FULL_CONDENSED).set_header(heads);
    table.add_rows(rows);
    for column in numbers {
        if let Some(column) = table.column_mut(*column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    format!("{}\n{table}\n\n", lang.say(title))
}

fn instances(report: &CheckReport, lang: Language) -> String {
    let heads = [
        texts::CLIENT,
        texts::INSTANCE,
        texts::STATE,
        texts::TOKEN,
        texts::DELIVERIES,
        texts::LAST_DELIVERY,
    ];
    let rows = report.instances.iter().map(|instance| {
        let state = match instance.state.as_str() {
            known @ ("connected" | "disconnected") => lang.name(known),
            _ => lang.say(texts::STATE_UNKNOWN),
        };
        let token = if instance.has_token {
            texts::TOKEN_STORED
        } else {
            texts::MISSING
        };
        [
            instance.client.to_string(),
            plain(&instance.id),
            state.to_owned(),
            lang.say(token).to_owned(),
            instance.deliveries.to_string(),
            time(instance.last_delivery_at),
        ]
    });
    table((texts::INSTANCES, lang), heads.map(Some), &[0, 4], rows)
}

/// By kind and by status, next to each other.
fn media(report: &CheckReport, lang: Language) -> String {
    let heads = [
        Some(texts::BY_KIND),
        None,
        Some(texts::STORED_BYTES),
        Some(texts::BY_STATUS),
        None,
        Some(texts::LAST_HOUR),
    ];
    let length = report.by_kind.len().max(report.by_status.len());
    let rows = (0..length).map(|n| {
        let kind = report.by_kind.get(n).map(|kind| {
            let size = lang.bytes(kind.size.unsigned_abs());
            [
                lang.name(&kind.name).to_owned(),
                kind.count.to_string(),
                size,
            ]
        });
        let status = report.by_status.get(n).map(|status| {
            let last_hour = report.last_hour.get(&status.name).copied();
            let last_hour = last_hour.unwrap_or(0).to_string();
            [
                lang.name(&status.name).to_owned(),
                status.count.to_string(),
                last_hour,
            ]
        });
        let [kind, count, size] = kind.unwrap_or_default();
        let [status, with_status, last_hour] = status.unwrap_or_default();
        [kind, count, size, status, with_status, last_hour]
    });
    table((texts::MEDIA, lang), heads, &[1, 2, 4, 5], rows)
}

fn reasons(report: &CheckReport, lang: Language) -> String {
    let heads = [
        texts::COUNT,
        texts::REASON,
        texts::MEANING,
        texts::RETRYABLE,
    ];
    let rows = report.reasons.iter().map(|failing| {
        let retryable = if failing.recoverable {
            texts::YES
        } else {
            texts::NO
        };
        [
            failing.count.to_string(),
            failing.reason.clone(),
            lang.reason(&failing.reason).to_owned(),
            lang.say(retryable).to_owned(),
        ]
    });
    table((texts::REASONS, lang), heads.map(Some), &[0], rows)
}

fn folders(report: &CheckReport, lang: Language) -> String {
    let heads = [texts::FOLDER, texts::FILES, texts::BYTES];
    let rows = report.folders.iter().map(|folder| {
        let files = if folder.exists {
            folder.files.to_string()
        } else {
            lang.say(texts::MISSING).to_owned()
        };
        [tame(&folder.path), files, lang.bytes(folder.size)]
    });
    table((texts::FOLDERS, lang), heads.map(Some), &[1, 2], rows)
}

fn summary(report: &CheckReport, lang: Language) -> String {
    let mut text = String::new();
    let mut line = |key, values: &[(&str, &dyn Display)]| {
        let _ = writeln!(text, "{}", lang.fill(key, values));
    };
    let files = &report.files;
    line(
        texts::ON_DISK,
        &[
            ("present", &files.present),
            ("missing", &files.missing),
            ("wrong_size", &files.wrong_size),
        ],
    );
    for example in &files.examples {
        line(texts::LOOK_AT, &[("file", &tame(example))]);
    }
    let rate = report
        .success_rate
        .map(|rate| lang.decimal(rate * 100.0, 1));
    let rate = rate.map_or_else(|| "-".to_owned(), |rate| rate + " %");
    line(texts::SUCCESS_RATE, &[("rate", &rate)]);
    line(
        texts::OLDEST_WAITING,
        &[("time", &time(report.oldest_waiting))],
    );
    line(
        texts::NEXT_DEADLINE,
        &[("time", &time(report.next_deadline))],
    );
    if report.instances.is_empty() {
        line(texts::HINT, &[]);
    }
    text + &needs::text(&report.needs_attention, lang, zone::zone())
}

fn time(at: Option<Millis>) -> String {
    at.map_or_else(|| "-".to_owned(), zone::local)
}
