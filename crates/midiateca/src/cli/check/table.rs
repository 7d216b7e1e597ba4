//! The report for people.

use std::fmt::{Display, Write as _};

use comfy_table::presets::UTF8_FULL_CONDENSED;
use comfy_table::{CellAlignment, Table};
use indicatif::HumanBytes;

use super::super::language::{Language, plain, tame};
use super::super::needs;
use super::super::words::check as words;
use crate::cli::zone::local;
use midiateca_service::clock::Millis;
use midiateca_service::ops::status::CheckReport;

fn table(heads: &[&str], numbers: &[usize]) -> Table {
    let mut table = Table::new();
    table.load_style(UTF8_FULL_CONDENSED).set_header(heads);
    for column in numbers {
        if let Some(column) = table.column_mut(*column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table
}

pub(super) fn of(report: &CheckReport, lang: Language) -> String {
    let mut text = String::new();
    let mut part = |title, body: &dyn Display| {
        let _ = write!(text, "{}\n{body}\n\n", lang.say(title));
    };
    part(words::INSTANCES, &instances(report, lang));
    part(words::MEDIA, &media(report, lang));
    if !report.reasons.is_empty() {
        part(words::REASONS, &reasons(report, lang));
    }
    part(words::FOLDERS, &folders(report, lang));
    text.push_str(&summary(report, lang));
    text
}

fn instances(report: &CheckReport, lang: Language) -> Table {
    let heads = [
        words::CLIENT,
        words::INSTANCE,
        words::STATE,
        words::TOKEN,
        words::DELIVERIES,
        words::LAST_DELIVERY,
    ];
    let mut table = table(&heads.map(|head| lang.say(head)), &[0, 4]);
    for instance in &report.instances {
        let state = match instance.state.as_str() {
            known @ ("connected" | "disconnected") => lang.name(known),
            _ => lang.say(words::STATE_UNKNOWN),
        };
        let token = if instance.has_token {
            words::TOKEN_STORED
        } else {
            words::MISSING
        };
        table.add_row([
            instance.client.to_string(),
            plain(&instance.id),
            state.to_owned(),
            lang.say(token).to_owned(),
            instance.deliveries.to_string(),
            time(instance.last_delivery_at),
        ]);
    }
    table
}

fn media(report: &CheckReport, lang: Language) -> Table {
    let heads = [
        lang.say(words::BY_KIND),
        "",
        lang.say(words::STORED_BYTES),
        lang.say(words::BY_STATUS),
        "",
        lang.say(words::LAST_HOUR),
    ];
    let mut table = table(&heads, &[1, 2, 4, 5]);
    for n in 0..report.by_kind.len().max(report.by_status.len()) {
        let kind = report.by_kind.get(n);
        let status = report.by_status.get(n);
        let lately = status.map(|status| report.last_hour.get(&status.name).copied().unwrap_or(0));
        table.add_row([
            kind.map_or_else(String::new, |kind| lang.name(&kind.name).to_owned()),
            kind.map_or_else(String::new, |kind| kind.count.to_string()),
            kind.map_or_else(String::new, |kind| {
                HumanBytes(kind.size.unsigned_abs()).to_string()
            }),
            status.map_or_else(String::new, |status| lang.name(&status.name).to_owned()),
            status.map_or_else(String::new, |status| status.count.to_string()),
            lately.map_or_else(String::new, |count| count.to_string()),
        ]);
    }
    table
}

fn reasons(report: &CheckReport, lang: Language) -> Table {
    let heads = [
        words::COUNT,
        words::REASON,
        words::MEANING,
        words::RETRYABLE,
    ];
    let mut table = table(&heads.map(|head| lang.say(head)), &[0]);
    for failing in &report.reasons {
        let retryable = if failing.recoverable {
            words::YES
        } else {
            words::NO
        };
        table.add_row([
            failing.count.to_string(),
            failing.reason.clone(),
            lang.reason(&failing.reason).to_owned(),
            lang.say(retryable).to_owned(),
        ]);
    }
    table
}

fn folders(report: &CheckReport, lang: Language) -> Table {
    let heads = [words::FOLDER, words::FILES, words::BYTES];
    let mut table = table(&heads.map(|head| lang.say(head)), &[1, 2]);
    for folder in &report.folders {
        let files = if folder.exists {
            folder.files.to_string()
        } else {
            lang.say(words::MISSING).to_owned()
        };
        table.add_row([
            tame(&folder.path),
            files,
            HumanBytes(folder.size).to_string(),
        ]);
    }
    table
}

fn summary(report: &CheckReport, lang: Language) -> String {
    let mut text = String::new();
    let mut line = |words, values: &[(&str, &dyn Display)]| {
        let _ = writeln!(text, "{}", lang.fill(words, values));
    };
    let files = &report.files;
    line(
        words::ON_DISK,
        &[
            ("present", &files.present),
            ("missing", &files.missing),
            ("wrong_size", &files.wrong_size),
        ],
    );
    for example in &files.examples {
        line(words::LOOK_AT, &[("file", &tame(example))]);
    }
    let rate = report
        .success_rate
        .map_or_else(|| "-".to_owned(), |rate| format!("{:.1} %", rate * 100.0));
    line(words::SUCCESS_RATE, &[("rate", &rate)]);
    let oldest = time(report.oldest_waiting);
    line(words::OLDEST_WAITING, &[("time", &oldest)]);
    let next = time(report.next_deadline);
    line(words::NEXT_DEADLINE, &[("time", &next)]);
    if report.instances.is_empty() {
        line(words::HINT, &[]);
    }
    text + &needs::text(&report.needs_attention, lang)
}

fn time(at: Option<Millis>) -> String {
    at.map_or_else(|| "-".to_owned(), local)
}
