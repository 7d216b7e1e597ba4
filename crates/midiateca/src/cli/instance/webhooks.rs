//! `instance configure-webhooks`: sets the gateway's slots and reads them back, or restores what they contained before.

use std::fmt::Display;

use serde_json::json;

use super::super::answer;
use super::super::complaint;
use super::super::context::Context;
use super::super::language::{Language, plain};
use super::super::words::{TextKey, webhooks as words};
use super::super::{Ending, UsageError, ids};
use super::gateway_deps;
use midiateca_service::app::App;
use midiateca_service::ops::Progress;
use midiateca_service::ops::gateway_admin::without_secret;
use midiateca_service::ops::instance::{
    self, SlotReport, SlotResult, WebhooksError, WebhooksReport,
};

#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Its id, or a unique prefix of it
    id: String,
    /// The public address of this server [default: http.public_url]
    #[arg(long, value_name = "URL")]
    public_url: Option<String>,
    /// Show what the slots hold and would hold, and change nothing
    #[arg(long)]
    dry_run: bool,
    /// Restore the addresses that the slots had before they were first set from here
    #[arg(long, conflicts_with_all = ["public_url", "dry_run"])]
    undo: bool,
}

/// Names each slot on stderr before it is set.
struct Printer(Language);

impl Progress<&'static str> for Printer {
    fn finding(&self, slot: &&'static str) {
        eprintln!("{}", self.0.fill(words::SETTING, &[("slot", slot)]));
    }
}

pub(super) async fn run(context: &Context, app: &App, options: Options) -> anyhow::Result<Ending> {
    let instance = ids::instance(context, app, &options.id).await?;
    let deps = gateway_deps(app);
    let (lang, printer) = (context.lang, Printer(context.lang));
    let done = if options.undo {
        instance::undo(deps, &instance, &printer).await
    } else {
        let base = base(context, options.public_url.as_deref())?;
        if options.dry_run {
            let address = without_secret(&base);
            eprintln!("{}", lang.fill(words::WOULD_HOLD, &[("address", &address)]));
            instance::preview(deps, &instance).await
        } else {
            instance::set(deps, &instance, &base, &printer).await
        }
    };
    let report = done.map_err(|error| match error {
        WebhooksError::NothingToUndo => UsageError::new(lang, words::NOTHING_TO_UNDO, &[]).into(),
        WebhooksError::Gateway(error) => anyhow::Error::from(error),
        WebhooksError::Db(error) => error.into(),
        WebhooksError::Secrets(error) => error.into(),
    })?;
    explain(&report, lang);
    if context.json {
        answer::line(json!(report));
    } else {
        report.slots.iter().for_each(|slot| line(slot, lang));
        if let Some(address) = &report.address {
            by_hand(&report, address, lang);
        }
    }
    if report.missing.is_empty() {
        return Ok(Ending::Fine);
    }
    if options.undo {
        eprintln!("{}", lang.say(words::NOT_UNDONE));
    }
    Ok(Ending::FoundWrong)
}

/// The public address of the server.
fn base(context: &Context, given: Option<&str>) -> anyhow::Result<String> {
    let base = given.unwrap_or(&context.config.http.public_url).trim();
    if base.is_empty() {
        return Err(UsageError::new(context.lang, words::NO_ADDRESS, &[]).into());
    }
    instance::check_address(base)?;
    if base.contains("/hooks/") {
        return Err(UsageError::new(context.lang, words::BASE_ONLY, &[]).into());
    }
    Ok(base.to_owned())
}

/// The address is shown: there is no other way to get it into the slots that did not take it.
fn by_hand(report: &WebhooksReport, address: &str, lang: Language) {
    let slots = report.missing.join(", ");
    eprintln!("{}", lang.fill(words::BY_HAND, &[("slots", &slots)]));
    answer::line(address);
}

fn explain(report: &WebhooksReport, lang: Language) {
    for (slot, error) in &report.not_remembered {
        let why = complaint::why(error, lang);
        let values: [(&str, &dyn Display); 2] = [("slot", slot), ("why", &why)];
        eprintln!("{}", lang.fill(words::NOT_REMEMBERED, &values));
    }
    for slot in &report.slots {
        if let Some(error) = &slot.error {
            eprintln!("{}: {}", slot.slot, complaint::why(error, lang));
        }
    }
    if let Some(error) = &report.unread {
        let why = complaint::why(error, lang);
        eprintln!("{}", lang.fill(words::NOT_READ_BACK, &[("why", &why)]));
    }
}

/// One slot; of an address only the beginning, because the rest may be a secret.
fn line(slot: &SlotReport, lang: Language) {
    let holds = match (&slot.holds, slot.ours) {
        (Some(_), true) => words::HOLDS_OURS,
        (Some(_), false) => words::HOLDS_OTHER,
        (None, _) => words::HOLDS_NOTHING,
    };
    let address = plain(slot.holds.as_deref().unwrap_or_default());
    let holds = lang.fill(holds, &[("address", &address)]);
    let result = lang.say(result(slot.result));
    answer::line(format_args!("{:<15} {result:<14} {holds}", slot.slot));
}

fn result(result: SlotResult) -> TextKey {
    match result {
        SlotResult::WouldBeSet => words::WOULD_BE_SET,
        SlotResult::Set => words::SET,
        SlotResult::NotSet => words::NOT_SET,
        SlotResult::Unchanged => words::LEFT,
    }
}
