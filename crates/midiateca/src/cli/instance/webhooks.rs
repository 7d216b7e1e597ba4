//! `instance configure-webhooks`: sets the gateway's slots and reads them back, or restores what they contained before.

use serde_json::json;

use crate::cli::{
    Context, Ending, Language, answer, complaint, ids, plain, result, words::webhooks as words,
};
use midiateca_service::app::App;
use midiateca_service::ops::gateway_admin::{can_be_asked, without_secret};
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

pub(super) async fn run(context: &Context, app: &App, options: Options) -> anyhow::Result<Ending> {
    let instance = ids::instance(context, app, &options.id).await?;
    let deps = app.gateway_deps();
    let lang = context.lang;
    if instance.gateway.slots().is_empty() {
        let (gateway, id) = (instance.gateway.as_str(), plain(instance.id.as_str()));
        return Err(usage!(lang, words::NO_CALL, gateway, id).into());
    }
    if !can_be_asked(&instance) {
        let (gateway, id) = (instance.gateway.as_str(), plain(instance.id.as_str()));
        let client = instance.client;
        return Err(usage!(lang, words::NO_SENDER, gateway, id, client).into());
    }
    let printer = |slot: &&'static str| complain!(lang, words::SETTING, slot);
    let done = if options.undo {
        instance::undo(deps, &context.actor, &instance, &printer).await
    } else {
        let base = base(context, options.public_url.as_deref())?;
        if options.dry_run {
            let address = without_secret(&base);
            complain!(lang, words::WOULD_HOLD, address);
            instance::preview(deps, &instance).await
        } else {
            instance::set(deps, &context.actor, &instance, &base, &printer).await
        }
    };
    let report = done.map_err(|error| match error {
        WebhooksError::NothingToUndo => usage!(lang, words::NOTHING_TO_UNDO).into(),
        WebhooksError::Gateway(error) => anyhow::Error::from(error),
        WebhooksError::Db(error) => error.into(),
        WebhooksError::Secrets(error) => error.into(),
    })?;
    explain(&report, lang);
    let lines: Vec<_> = report.slots.iter().map(|slot| line(slot, lang)).collect();
    answer::report(json!(report), lines.join("\n"));
    if let Some(address) = report.address.as_ref().filter(|_| !answer::is_json()) {
        // There is no other way to get it into the slots that did not take it.
        match names(&report, SlotResult::NotSet) {
            slots if slots.is_empty() => complain!(lang, words::CANNOT_READ_BACK),
            slots => complain!(lang, words::BY_HAND, slots),
        }
        answer::line(address);
    }
    let slots = names(&report, SlotResult::Incomplete);
    if !slots.is_empty() {
        complain!(lang, words::STILL_LACKS, slots);
    }
    if report.missing.is_empty() {
        return Ok(Ending::Fine);
    }
    if options.undo {
        complain!(lang, words::NOT_UNDONE);
    }
    Ok(Ending::FoundWrong)
}

/// The slots with this result.
fn names(report: &WebhooksReport, result: SlotResult) -> String {
    let slots = report.slots.iter().filter(|slot| slot.result == result);
    let names: Vec<_> = slots.map(|slot| slot.slot).collect();
    names.join(", ")
}

fn base(context: &Context, given: Option<&str>) -> anyhow::Result<String> {
    let base = given.unwrap_or(&context.config.http.public_url).trim();
    if base.is_empty() {
        return Err(usage!(context.lang, words::NO_ADDRESS).into());
    }
    instance::check_address(base)?;
    if base.contains("/hooks/") {
        return Err(usage!(context.lang, words::BASE_ONLY).into());
    }
    Ok(base.to_owned())
}

fn explain(report: &WebhooksReport, lang: Language) {
    for (slot, error) in &report.not_remembered {
        let why = complaint::why(error, lang);
        complain!(lang, words::NOT_REMEMBERED, slot, why);
    }
    for slot in &report.slots {
        if let Some(error) = &slot.error {
            eprintln!("{}: {}", slot.slot, complaint::why(error, lang));
        }
    }
    if let Some(error) = &report.unread {
        let why = complaint::why(error, lang);
        complain!(lang, words::NOT_READ_BACK, why);
    }
}

/// One slot; of an address only the beginning, because the rest may be a secret.
fn line(slot: &SlotReport, lang: Language) -> String {
    let holds = match (&slot.holds, slot.ours) {
        _ if !slot.is_read => words::HOLDS_UNKNOWN,
        (Some(_), true) => words::HOLDS_OURS,
        (Some(_), false) => words::HOLDS_OTHER,
        (None, _) => words::HOLDS_NOTHING,
    };
    let address = plain(slot.holds.as_deref().unwrap_or_default());
    let holds = fill!(lang, holds, address);
    let result = result(lang, "slot", slot.result, &[]);
    let lacks = match slot.lacks.join(", ") {
        lacks if slot.result == SlotResult::Incomplete => {
            format!(" ({})", fill!(lang, words::LACKS, lacks))
        }
        _ => String::new(),
    };
    format!("{:<15} {result:<14} {holds}{lacks}", slot.slot)
}
