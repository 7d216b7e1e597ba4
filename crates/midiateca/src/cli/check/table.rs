//! The report for people.

use std::fmt::Write as _;

use comfy_table::presets::UTF8_FULL_CONDENSED;
use comfy_table::{CellAlignment, Table};
use indicatif::HumanBytes;

use super::super::language::{Language, plain};
use super::Report;

/// Headed, with its numbers on the right.
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

pub(super) fn of(report: &Report, lang: Language) -> String {
    let mut text = String::new();
    let mut part = |title: &str, body: &dyn std::fmt::Display| {
        let _ = write!(text, "{title}\n{body}\n\n");
    };
    part(
        lang.pick("Instances", "Instâncias"),
        &instances(report, lang),
    );
    part(lang.pick("Media", "Mídias"), &media(report, lang));
    if !report.reasons.is_empty() {
        part(
            lang.pick("Not stored, and why", "Não gravadas, e por quê"),
            &reasons(report, lang),
        );
    }
    part(lang.pick("Folders", "Pastas"), &folders(report, lang));
    text.push_str(&summary(report, lang));
    text
}

fn instances(report: &Report, lang: Language) -> Table {
    let heads = [
        lang.pick("client", "cliente"),
        lang.pick("instance", "instância"),
        lang.pick("state", "estado"),
        "token",
        lang.pick("deliveries", "entregas"),
        lang.pick("last delivery", "última entrega"),
    ];
    let mut table = table(&heads, &[0, 4]);
    for instance in &report.instances {
        let state = instance["state"].as_str().unwrap_or("unknown");
        let token = if instance["token"] == true {
            lang.pick("kept", "gravado")
        } else {
            lang.pick("missing", "falta")
        };
        table.add_row([
            instance["client"].to_string(),
            plain(instance["instance"].as_str().unwrap_or("")),
            state_name(state, lang).to_owned(),
            token.to_owned(),
            instance["deliveries"].to_string(),
            instance["last_delivery_at"]
                .as_str()
                .unwrap_or("-")
                .to_owned(),
        ]);
    }
    table
}

fn state_name(state: &str, lang: Language) -> &str {
    match state {
        "connected" => lang.pick("connected", "conectada"),
        "disconnected" => lang.pick("disconnected", "desconectada"),
        _ => lang.pick("not told yet", "ainda não informado"),
    }
}

fn status_name(status: &str, lang: Language) -> &str {
    match status {
        "pending" => lang.pick("pending", "pendente"),
        "downloading" => lang.pick("downloading", "baixando"),
        "stored" => lang.pick("stored", "gravada"),
        "failed" => lang.pick("failed", "falhou"),
        "expired" => lang.pick("expired", "expirou"),
        "skipped" => lang.pick("skipped", "ignorada"),
        other => other,
    }
}

fn kind_name(kind: &str, lang: Language) -> &str {
    match kind {
        "image" => lang.pick("image", "imagem"),
        "video" => lang.pick("video", "vídeo"),
        "audio" => lang.pick("audio", "áudio"),
        "document" => lang.pick("document", "documento"),
        "sticker" => lang.pick("sticker", "figurinha"),
        other => other,
    }
}

fn media(report: &Report, lang: Language) -> Table {
    let heads = [
        lang.pick("by kind", "por tipo"),
        "",
        lang.pick("stored bytes", "bytes gravados"),
        lang.pick("by status", "por estado"),
        "",
        lang.pick("last hour", "última hora"),
    ];
    let mut table = table(&heads, &[1, 2, 4, 5]);
    for n in 0..report.by_kind.len().max(report.by_status.len()) {
        let kind = report.by_kind.get(n);
        let status = report.by_status.get(n);
        let lately = status.map(|status| report.last_hour.get(&status.name).copied().unwrap_or(0));
        table.add_row([
            kind.map_or_else(String::new, |kind| kind_name(&kind.name, lang).to_owned()),
            kind.map_or_else(String::new, |kind| kind.count.to_string()),
            kind.map_or_else(String::new, |kind| {
                HumanBytes(kind.size.unsigned_abs()).to_string()
            }),
            status.map_or_else(String::new, |status| {
                status_name(&status.name, lang).to_owned()
            }),
            status.map_or_else(String::new, |status| status.count.to_string()),
            lately.map_or_else(String::new, |count| count.to_string()),
        ]);
    }
    table
}

fn reasons(report: &Report, lang: Language) -> Table {
    let heads = [
        lang.pick("count", "quantas"),
        lang.pick("reason", "motivo"),
        lang.pick("what it means", "o que significa"),
        lang.pick("may heal", "pode sarar"),
    ];
    let mut table = table(&heads, &[0]);
    for failing in &report.reasons {
        let heals = if failing.recoverable {
            lang.pick("yes", "sim")
        } else {
            lang.pick("no", "não")
        };
        table.add_row([
            failing.count.to_string(),
            failing.reason.clone(),
            failing.sentence.clone(),
            heals.to_owned(),
        ]);
    }
    table
}

fn folders(report: &Report, lang: Language) -> Table {
    let heads = [
        lang.pick("folder", "pasta"),
        lang.pick("files", "arquivos"),
        "bytes",
    ];
    let mut table = table(&heads, &[1, 2]);
    for folder in &report.folders {
        let files = if folder.exists {
            folder.files.to_string()
        } else {
            lang.pick("missing", "falta").to_owned()
        };
        table.add_row([
            plain(&folder.path),
            files,
            HumanBytes(folder.size).to_string(),
        ]);
    }
    table
}

fn summary(report: &Report, lang: Language) -> String {
    let mut text = String::new();
    let mut line = |name: &str, value: String| {
        let _ = writeln!(text, "{name}: {value}");
    };
    let files = &report.files;
    line(
        lang.pick("files on disk", "arquivos no disco"),
        format!(
            "{} {}, {} {}, {} {}",
            files.present,
            lang.pick("present", "presentes"),
            files.missing,
            lang.pick("missing", "faltando"),
            files.wrong_size,
            lang.pick("of the wrong size", "de tamanho errado")
        ),
    );
    for example in &files.examples {
        line(lang.pick("  look at", "  veja"), plain(example));
    }
    let rate = report
        .success_rate
        .map_or_else(|| "-".to_owned(), |rate| format!("{:.1} %", rate * 100.0));
    line(lang.pick("success rate", "taxa de sucesso"), rate);
    line(
        lang.pick("oldest waiting", "espera mais antiga"),
        report
            .oldest_waiting
            .clone()
            .unwrap_or_else(|| "-".to_owned()),
    );
    line(
        lang.pick("next deadline", "próximo prazo"),
        report
            .next_deadline
            .clone()
            .unwrap_or_else(|| "-".to_owned()),
    );
    if report.instances.is_empty() {
        line(
            lang.pick("next", "próximo passo"),
            "midiateca client add NAME; midiateca instance add ID --client N --token-env VAR"
                .to_owned(),
        );
    }
    for need in &report.needs_attention {
        line(
            lang.pick("needs attention", "precisa de atenção"),
            plain(need),
        );
    }
    if report.needs_attention.is_empty() {
        line(
            lang.pick("verdict", "veredito"),
            lang.pick("nothing needs a person", "nada precisa de uma pessoa")
                .to_owned(),
        );
    }
    text
}
