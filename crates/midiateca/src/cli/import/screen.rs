//! An import on the terminal or as JSON: the whole plan in a dry run, otherwise what needs a person; and the sums.

use std::fmt::Display;

use serde_json::{Value, json};

use crate::cli::instance::webhook_address;
use crate::cli::{Context, Items, Language, Out, answer, plain};
use midiateca_service::config::Config;
use midiateca_service::gateway::Gateway;
use midiateca_service::ops::import::multichat::{ImportFinding, Mode, Outcome, Report};

pub(super) fn items(context: &Context, mode: Mode) -> Items<ImportFinding> {
    let (lang, config) = (context.lang, context.config.clone());
    let json = {
        let config = config.clone();
        move |finding: &ImportFinding| document(finding, &config).to_string()
    };
    let line =
        move |finding: &ImportFinding| line(finding, &document(finding, &config), mode, lang);
    Items::shown_as("items", json, line).to(Out::Unattended)
}

/// With the address of a new webhook, which can be shown only now.
fn document(finding: &ImportFinding, config: &Config) -> Value {
    let mut document = json!(finding);
    if let ImportFinding::Instance {
        hook: Some(hook), ..
    } = finding
    {
        document["address"] = webhook_address(config, Gateway::Wapi, hook).into();
    }
    document
}

/// Empty for what is not shown.
fn line(finding: &ImportFinding, item: &Value, mode: Mode, lang: Language) -> String {
    let text = |code| say(lang, code, item);
    match finding {
        ImportFinding::Client { new: true, .. } => text("client_new"),
        ImportFinding::Client { .. } => text("client_known"),
        ImportFinding::Instance { new, hook, .. } => {
            let known = if *new {
                text("instance_new")
            } else {
                text("instance_known")
            };
            match hook {
                Some(_) => format!("{known}\n{}", text("webhook")),
                None => known,
            }
        }
        ImportFinding::Media { outcome, .. } if mode == Mode::DryRun || outcome.needs_person() => {
            media(lang, outcome, item)
        }
        ImportFinding::Media { .. } => String::new(),
    }
}

pub(super) fn finish(items: &Items<ImportFinding>, report: &Report, lang: Language) {
    let mut sum = json!(report.sum);
    sum["bytes"] = lang.bytes(report.sum.bytes).into();
    let mut text = say(lang, "sum", &sum);
    if report.dry_run {
        text = say(lang, "sum_dry", &json!({"sum": text}));
    }
    items.finish(report, &text);
    if report.stopped && !answer::is_json() {
        answer::complain(say(lang, "stopped", &sum));
    }
}

fn media(lang: Language, outcome: &Outcome, item: &Value) -> String {
    let field = |name: &str| item[name].as_str().unwrap_or_default();
    let code = match outcome {
        Outcome::Lost(_) | Outcome::LeftOut(_) => field("reason"),
        Outcome::Queued {
            wrong_file: Some(_),
        } => "queued_instead",
        Outcome::Stored {
            named_by: Some(_), ..
        } => "stored_too",
        Outcome::Stored { orphaned: true, .. } => "stored_orphan",
        _ => field("outcome"),
    };
    let line = format!("{}\t{}", plain(field("source")), say(lang, code, item));
    match outcome {
        Outcome::Stored { path, verified, .. } => {
            let from = plain(field("from"));
            format!(
                "{line}\t{from} → media_storage/{path}\t{}",
                lang.name(verified)
            )
        }
        _ => line,
    }
}

/// The text of a code, with the fields of a JSON object as its values. `refusal` and `reason` are codes themselves.
pub(super) fn say(lang: Language, code: &str, fields: &Value) -> String {
    let fields = fields.as_object().into_iter().flatten();
    let numbers = fields.clone().filter(|(_, value)| value.is_number());
    let numbers: Vec<_> = numbers.map(|(name, _)| name.as_str()).collect();
    let values: Vec<_> = fields
        .map(|(name, value)| match (name.as_str(), value.as_str()) {
            ("refusal" | "reason", Some(code)) => (name, lang.reason(code).to_owned()),
            (_, Some(text)) => (name, plain(text).to_string()),
            (_, None) => (name, value.to_string()),
        })
        .collect();
    let values: Vec<(&str, &dyn Display)> = values
        .iter()
        .map(|(name, value)| (name.as_str(), value as _))
        .collect();
    lang.fill_code("import", code, &values, &numbers)
}

#[cfg(test)]
mod tests;
