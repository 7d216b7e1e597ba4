//! `instance configure-webhooks`: sets the gateway's slots, reads them back, and says which did not stick; or puts back
//! what they held before.
//!
//! Only a hash of the webhook address is kept, so a new address is made; those before are taken as well until
//! `rotate-hook`, so that nothing is lost whichever slots stuck, and whenever they did.

use std::collections::BTreeMap;
use std::fmt::Display;

use serde_json::json;

use super::super::answer;
use super::super::complaint;
use super::super::context::Context;
use super::super::language::plain;
use super::super::words::{Words, webhooks as words};
use super::super::{Ending, UsageError};
use super::add::check_address;
use super::address_of;
use crate::cli::ids;
use midiateca_service::app::App;
use midiateca_service::db::Key;
use midiateca_service::gateway::Slot;
use midiateca_service::instances::{self, Instance, PreviousSlot};
use midiateca_service::ops::gateway_admin::{self, GatewayAdmin};
use midiateca_service::secrets;

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

/// What becomes of a slot.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Outcome {
    WouldBeSet,
    Set,
    NotSet,
    /// It held an address of ours that is no longer taken, so it keeps the one that is.
    Left,
}

impl Outcome {
    fn words(self) -> (&'static str, Words) {
        match self {
            Self::WouldBeSet => ("would-be-set", words::WOULD_BE_SET),
            Self::Set => ("set", words::SET),
            Self::NotSet => ("not set", words::NOT_SET),
            Self::Left => ("left", words::LEFT),
        }
    }
}

pub(super) async fn run(context: &Context, app: &App, options: Options) -> anyhow::Result<Ending> {
    let instance = ids::instance(context, app, &options.id).await?;
    let id = instance.id.clone();
    let admin = GatewayAdmin::open(&app.fetch, &app.secrets, &instance)?;
    if options.undo {
        return undo(context, app, &instance, &admin).await;
    }
    let base = options.public_url.as_ref();
    let base = base.unwrap_or(&context.config.http.public_url).trim();
    if base.is_empty() {
        return Err(UsageError::new(context.lang, words::NO_ADDRESS, &[]).into());
    }
    check_address(context.lang, base)?;
    if base.contains("/hooks/") {
        return Err(UsageError::new(context.lang, words::BASE_ONLY, &[]).into());
    }
    let before = admin.read().await?.body;
    let held = |slot: &Slot| instance.gateway.read_slot(slot, &before);
    if options.dry_run {
        for slot in instance.gateway.slots() {
            let held = held(slot);
            tell(
                context,
                &instance,
                slot,
                Outcome::WouldBeSet,
                held.as_deref(),
            );
        }
        let would_be = gateway_admin::without_secret(base);
        eprintln!(
            "{}",
            context
                .lang
                .fill(words::WOULD_HOLD, &[("address", &would_be)])
        );
        return Ok(Ending::Fine);
    }
    remember(app, &instance, held).await?;
    let hook = secrets::random_token();
    let hash = secrets::hash_token(&hook);
    app.db
        .write(Key::instance(instance.id.as_str()), async move |tx| {
            instances::add_hook(tx, &id, &hash).await
        })
        .await?;
    // What is told below knows the new address as ours as well.
    let mut ours = instance.clone();
    ours.hooks_before.push(hash.to_vec());
    let address = address_of(base, instance.gateway, &hook);
    let wanted = |_: &Slot| Some(address.clone());
    let missing = set_all(context, &ours, &admin, wanted, true).await;
    if missing.is_empty() {
        return Ok(Ending::Fine);
    }
    by_hand(context, &missing, &address);
    Ok(Ending::FoundWrong)
}

/// The address is shown, for there is no other way to get it into the slots that did not take it.
fn by_hand(context: &Context, missing: &[&'static str], address: &str) {
    if context.json {
        return answer::line(json!({"missing": missing, "webhook": address}));
    }
    let slots = missing.join(", ");
    eprintln!(
        "{}",
        context.lang.fill(words::BY_HAND, &[("slots", &slots)])
    );
    answer::line(address);
}

/// Sets every slot that is to hold something else, reads all back, and tells of each; answers with the names of those
/// that do not hold what they should.
async fn set_all(
    context: &Context,
    instance: &Instance,
    admin: &GatewayAdmin<'_>,
    wanted: impl Fn(&Slot) -> Option<String>,
    must_be_on: bool,
) -> Vec<&'static str> {
    let mut refused = Vec::new();
    for slot in instance.gateway.slots() {
        let Some(wanted) = wanted(slot) else {
            continue;
        };
        eprintln!(
            "{}",
            context.lang.fill(words::SETTING, &[("slot", &slot.name)])
        );
        if let Err(error) = admin.set(slot.path, &wanted).await {
            let why = complaint::why(&error, context.lang);
            refused.push(format!("{}: {why}", slot.name));
            // Who does not answer once would only be waited for five times more.
            if matches!(error, gateway_admin::Error::Silent(_)) {
                break;
            }
        }
    }
    let after = admin.read().await;
    let mut missing = Vec::new();
    for slot in instance.gateway.slots() {
        let held = after
            .as_ref()
            .ok()
            .and_then(|after| instance.gateway.read_slot(slot, &after.body));
        let is_on = after
            .as_ref()
            .is_ok_and(|after| !must_be_on || !instance.gateway.is_slot_off(slot, &after.body));
        let outcome = match wanted(slot) {
            None => Outcome::Left,
            Some(wanted) if is_on && held.as_deref().unwrap_or("") == wanted => Outcome::Set,
            Some(_) => Outcome::NotSet,
        };
        if outcome == Outcome::NotSet {
            missing.push(slot.name);
        }
        tell(context, instance, slot, outcome, held.as_deref());
    }
    if let Err(error) = &after {
        let why = complaint::why(error, context.lang);
        refused.push(context.lang.fill(words::NOT_READ_BACK, &[("why", &why)]));
    }
    for refused in &refused {
        eprintln!("{refused}");
    }
    missing
}

fn seal_context(instance: &Instance, field: &str) -> String {
    format!("instances:{}:slot:{field}", instance.id)
}

/// Keeps what the slots hold, sealed, unless something is kept of them already that can still be opened.
async fn remember(
    app: &App,
    instance: &Instance,
    held: impl Fn(&Slot) -> Option<String>,
) -> anyhow::Result<()> {
    let known = instances::previous_slots(&app.db, &instance.id).await?;
    let is_lost = |slot: &PreviousSlot| {
        let context = seal_context(instance, &slot.field);
        let sealed = slot.sealed.as_ref();
        sealed.is_some_and(|sealed| app.secrets.unseal(&context, sealed).is_err())
    };
    let mut saved = Vec::new();
    for slot in instance.gateway.slots() {
        let before = known.iter().find(|before| before.field == slot.field);
        if before.is_some_and(|before| !is_lost(before)) {
            continue;
        }
        let held = held(slot);
        let seal = |held: &String| app.secrets.seal(&seal_context(instance, slot.field), held);
        saved.push(PreviousSlot {
            field: slot.field.to_owned(),
            ours: held
                .as_ref()
                .is_some_and(|held| gateway_admin::is_ours(instance, held)),
            sealed: held.as_ref().map(seal).transpose()?,
        });
    }
    let id = instance.id.clone();
    app.db
        .write(Key::instance(instance.id.as_str()), async move |tx| {
            for slot in &saved {
                instances::save_previous_slot(tx, &id, slot).await?;
            }
            Ok(())
        })
        .await?;
    Ok(())
}

async fn undo(
    context: &Context,
    app: &App,
    instance: &Instance,
    admin: &GatewayAdmin<'_>,
) -> anyhow::Result<Ending> {
    let mut before = BTreeMap::new();
    for slot in instances::previous_slots(&app.db, &instance.id).await? {
        let unseal = |sealed: &Vec<u8>| {
            app.secrets
                .unseal(&seal_context(instance, &slot.field), sealed)
        };
        let held = match slot.sealed.as_ref().map(unseal).transpose() {
            Ok(held) => held.unwrap_or_default(),
            // Sealed with a key that is lost: nobody knows any more.
            Err(error) => {
                let why = complaint::why(&error, context.lang);
                let values: [(&str, &dyn Display); 2] = [("slot", &slot.field), ("why", &why)];
                eprintln!("{}", context.lang.fill(words::NOT_REMEMBERED, &values));
                before.insert(slot.field, None);
                continue;
            }
        };
        // An address of ours that `rotate-hook` took out of use would be refused.
        let is_dead = slot.ours && !gateway_admin::is_ours(instance, &held);
        before.insert(slot.field, (!is_dead).then_some(held));
    }
    if before.is_empty() {
        return Err(UsageError::new(context.lang, words::NOTHING_TO_UNDO, &[]).into());
    }
    // Fails before anything is set when the gateway cannot be asked.
    admin.read().await?;
    let wanted = |slot: &Slot| before.get(slot.field).cloned().flatten();
    let missing = set_all(context, instance, admin, wanted, false).await;
    if !missing.is_empty() {
        eprintln!("{}", context.lang.say(words::NOT_UNDONE));
        return Ok(Ending::FoundWrong);
    }
    let id = instance.id.clone();
    app.db
        .write(Key::instance(instance.id.as_str()), async move |tx| {
            instances::delete_previous_slots(tx, &id).await
        })
        .await?;
    Ok(Ending::Fine)
}

/// One slot in one line; of an address only the beginning, for the rest may be a secret.
fn tell(context: &Context, instance: &Instance, slot: &Slot, outcome: Outcome, held: Option<&str>) {
    let ours = held.is_some_and(|held| gateway_admin::is_ours(instance, held));
    let shown = held.map(gateway_admin::without_secret);
    let (name, words) = outcome.words();
    if context.json {
        return answer::line(
            json!({"slot": slot.name, "outcome": name, "holds": shown, "ours": ours}),
        );
    }
    let holds = match (&shown, ours) {
        (Some(address), true) => (words::HOLDS_OURS, plain(address)),
        (Some(address), false) => (words::HOLDS_OTHER, plain(address)),
        (None, _) => (words::HOLDS_NOTHING, String::new()),
    };
    let values: [(&str, &dyn Display); 1] = [("address", &holds.1)];
    answer::line(format_args!(
        "{:<15} {:<14} {}",
        slot.name,
        context.lang.say(words),
        context.lang.fill(holds.0, &values)
    ));
}
