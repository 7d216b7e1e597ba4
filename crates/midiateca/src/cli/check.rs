//! `check`: the full report; exit 1 when something needs a person.

use comfy_table::presets::UTF8_FULL_CONDENSED;
use comfy_table::{CellAlignment, ContentArrangement, Table};
use serde_json::json;

use crate::cli::{
    Context, Ending, Language, TextKey, answer, plain, summary, tame, words::check as texts, zone,
};
use midiateca_service::app::AllowedStorage;
use midiateca_service::ops::status::{self, CheckReport};

pub(crate) async fn run(context: &Context) -> anyhow::Result<Ending> {
    // A storage that is not the right one is a part of the report.
    let app = context.open_to_look(AllowedStorage::Unused).await?;
    let report = status::check(app.status_deps()).await?;
    let (text, needs) = (text(&report, context.lang), &report.needs_attention);
    answer::report_with_needs(json!(report), text, needs, context.lang);
    Ok(Ending::fine_if(report.needs_attention.is_empty()))
}

pub(super) fn text(report: &CheckReport, lang: Language) -> String {
    let mut text = instances(report, lang) + &media(report, lang);
    if !report.reasons.is_empty() {
        text += &reasons(report, lang);
    }
    text + &folders(report, lang) + &figures(report, lang)
}

/// A table with its title. The columns in `numbers` are aligned to the right.
fn table<const COLUMNS: usize>(
    lang: Language,
    title: TextKey,
    heads: [TextKey; COLUMNS],
    numbers: &[usize],
    rows: impl Iterator<Item = [String; COLUMNS]>,
) -> String {
    let mut table = Table::new();
    table.load_style(UTF8_FULL_CONDENSED);
    // On a terminal it is as wide as that, at most.
    table.set_content_arrangement(ContentArrangement::Dynamic);
    table.set_header(heads.map(|head| lang.say(head)));
    table.add_rows(rows);
    for column in numbers {
        if let Some(column) = table.column_mut(*column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    format!("{}\n{table}\n\n", lang.say(title))
}

fn instances(report: &CheckReport, lang: Language) -> String {
    let rows = report.instances.iter().map(|instance| {
        let token = if instance.has_token {
            texts::TOKEN_STORED
        } else {
            texts::MISSING
        };
        [
            instance.client.to_string(),
            plain(&instance.id),
            lang.name(instance.state.as_str()).to_owned(),
            lang.say(token).to_owned(),
            instance.deliveries.to_string(),
            zone::or_dash(instance.last_delivery_at),
        ]
    });
    let heads = [
        texts::CLIENT,
        texts::INSTANCE,
        texts::STATE,
        texts::TOKEN,
        texts::DELIVERIES,
        texts::LAST_DELIVERY,
    ];
    table(lang, texts::INSTANCES, heads, &[0, 4], rows)
}

/// By kind and by status, next to each other.
fn media(report: &CheckReport, lang: Language) -> String {
    let length = report.by_kind.len().max(report.by_status.len());
    let rows = (0..length).map(|n| {
        let kind = report.by_kind.get(n).map(|kind| {
            let size = lang.bytes(kind.size.unsigned_abs());
            [lang.name(&kind.name).into(), kind.count.to_string(), size]
        });
        let status = report.by_status.get(n).map(|status| {
            let (name, count) = (lang.name(&status.name), status.count.to_string());
            let last_hour = report.last_hour.get(&status.name).copied();
            [name.to_owned(), count, last_hour.unwrap_or(0).to_string()]
        });
        let [kind, count, size] = kind.unwrap_or_default();
        let [status, with_status, last_hour] = status.unwrap_or_default();
        [kind, count, size, status, with_status, last_hour]
    });
    let heads = [
        texts::BY_KIND,
        texts::COUNT,
        texts::STORED_BYTES,
        texts::BY_STATUS,
        texts::COUNT,
        texts::LAST_HOUR,
    ];
    table(lang, texts::MEDIA, heads, &[1, 2, 4, 5], rows)
}

fn reasons(report: &CheckReport, lang: Language) -> String {
    let rows = report.reasons.iter().map(|failing| {
        let retryable = lang.name(if failing.recoverable { "true" } else { "false" });
        [
            failing.count.to_string(),
            failing.reason.clone(),
            lang.reason(&failing.reason).to_owned(),
            retryable.to_owned(),
        ]
    });
    let heads = [
        texts::COUNT,
        texts::REASON,
        texts::MEANING,
        texts::RETRYABLE,
    ];
    table(lang, texts::REASONS, heads, &[0], rows)
}

fn folders(report: &CheckReport, lang: Language) -> String {
    let rows = report.folders.iter().map(|folder| {
        let files = if folder.exists {
            folder.files.to_string()
        } else {
            lang.say(texts::MISSING).to_owned()
        };
        [tame(&folder.path), files, lang.bytes(folder.size)]
    });
    let heads = [texts::FOLDER, texts::FILES, texts::BYTES];
    table(lang, texts::FOLDERS, heads, &[1, 2], rows)
}

fn figures(report: &CheckReport, lang: Language) -> String {
    let mut text = summary(lang, texts::ON_DISK, &report.files) + "\n";
    for example in &report.files.examples {
        text += &(fill!(lang, texts::LOOK_AT, file = tame(example)) + "\n");
    }
    for instance in report.instances.iter().filter(|it| it.undelivered > 0) {
        let (id, count) = (plain(&instance.id), instance.undelivered);
        text += &(fill!(lang, texts::NEVER_MADE, count, instance = id) + "\n");
    }
    let rate = report
        .success_rate
        .map(|rate| lang.decimal(rate * 100.0, 1));
    let rate = rate.map_or_else(|| "-".to_owned(), |rate| rate + " %");
    let oldest = zone::or_dash(report.oldest_waiting);
    let deadline = zone::or_dash(report.next_deadline);
    text += &fill!(lang, texts::FIGURES, rate, oldest, deadline);
    text += "\n";
    if report.instances.is_empty() {
        text += lang.say(texts::HINT);
    }
    text
}
