//! An import on the terminal or as JSON: the whole plan in a dry run, otherwise what needs a person; and the sums.

use std::fmt::Display;

use serde_json::{Value, json};

use crate::cli::instance::webhook_address;
use crate::cli::{Bar, Context, Document, Language, Out, answer, plain};
use midiateca_service::gateway::Gateway;
use midiateca_service::ops::Progress;
use midiateca_service::ops::import::multichat::{Finding, Mode, Outcome, Report};

pub(super) struct Screen<'a> {
    context: &'a Context,
    mode: Mode,
    bar: Bar,
    document: Document,
}

impl Progress<Finding> for Screen<'_> {
    fn expect(&self, total: u64) {
        Progress::<Finding>::expect(&self.bar, total);
    }

    fn advance(&self, done: u64) {
        Progress::<Finding>::advance(&self.bar, done);
    }

    fn finding(&self, finding: &Finding) {
        let mut item = json!(finding);
        if let Finding::Instance {
            hook: Some(hook), ..
        } = finding
        {
            let config = &self.context.config;
            item["address"] = webhook_address(config, Gateway::Wapi, hook).into();
        }
        self.bar.suspend(|| {
            if self.context.json {
                return self.document.item(&item);
            }
            for line in self.lines(finding, &item) {
                Out::Unattended.line(line);
            }
        });
    }
}

impl<'a> Screen<'a> {
    pub fn new(context: &'a Context, mode: Mode) -> Self {
        Self {
            context,
            mode,
            bar: Bar::of_count(),
            document: Document::new("items", Out::Unattended),
        }
    }

    pub fn clear(&self) {
        self.bar.end();
    }

    fn lines(&self, finding: &Finding, item: &Value) -> Vec<String> {
        let lang = self.context.lang;
        let line = |code| say(lang, code, item);
        match finding {
            Finding::Client { new: true, .. } => vec![line("client_new")],
            Finding::Client { .. } => vec![line("client_known")],
            Finding::Instance { new, hook, .. } => {
                let known = line(if *new {
                    "instance_new"
                } else {
                    "instance_known"
                });
                let webhook = hook.as_ref().map(|_| line("webhook"));
                [Some(known), webhook].into_iter().flatten().collect()
            }
            Finding::Media { outcome, .. } => {
                let is_shown = self.mode == Mode::DryRun || outcome.needs_person();
                let line = is_shown.then(|| media(lang, outcome, item));
                line.into_iter().collect()
            }
        }
    }

    pub fn finish(&self, report: &Report) {
        if self.context.json {
            return self.document.finish(report);
        }
        let lang = self.context.lang;
        let mut sum = json!(report.sum);
        sum["bytes"] = lang.bytes(report.sum.bytes).into();
        let mut text = say(lang, "sum", &sum);
        if report.dry_run {
            text = say(lang, "sum_dry", &json!({"sum": text}));
        }
        Out::Unattended.line(text);
        if report.stopped {
            answer::complain(say(lang, "stopped", &sum));
        }
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
            format!("{line}\t{from} → media_storage/{path}\t{verified}")
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
