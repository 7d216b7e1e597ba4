//! `instance configure-webhooks`: sets the gateway's slots, reads them back, and says which did not stick; or puts back
//! what they held before.
//!
//! Only a hash of the webhook address is kept, so a new address is made; the one before is taken as well until
//! `rotate-hook`, so that nothing is lost whichever slots stuck.

use serde_json::json;
use url::Url;

use super::super::answer;
use super::super::complaint;
use super::super::context::Context;
use super::super::language::plain;
use super::super::panel::{self, Panel};
use super::super::words::{Words, webhooks as words};
use super::super::{Ending, UsageError};
use super::{address_of, unknown};
use crate::app::App;
use crate::gateway::Slot;
use crate::media::InstanceId;
use crate::registry::{self, Instance};
use crate::secrets;

#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Its id at the gateway
    id: String,
    /// How the door is reached from outside [default: door.public_url]
    #[arg(long, value_name = "URL")]
    public_url: Option<String>,
    /// Show what the slots hold, and change nothing
    #[arg(long)]
    dry_run: bool,
    /// Put back what the slots held before they were first set from here
    #[arg(long, conflicts_with_all = ["public_url", "dry_run"])]
    undo: bool,
}

/// What became of a slot.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Held,
    Set,
    NotSet,
}

impl Outcome {
    fn words(self) -> (&'static str, Words) {
        match self {
            Self::Held => ("held", words::HOLDS),
            Self::Set => ("set", words::SET),
            Self::NotSet => ("not set", words::NOT_SET),
        }
    }
}

pub(super) async fn run(context: &Context, app: &App, options: Options) -> anyhow::Result<Ending> {
    let id = InstanceId(options.id.clone());
    let instance = registry::instance(&app.db, &id).await?;
    let instance = instance.ok_or_else(|| unknown(context, &options.id))?;
    let panel = Panel::open(&app.fetch, &app.secrets, &instance)?;
    if options.undo {
        return undo(context, app, &instance, &panel).await;
    }
    let base = options
        .public_url
        .unwrap_or_else(|| context.config.door.public_url.clone());
    let parsed = Url::parse(&base)
        .ok()
        .filter(|url| matches!(url.scheme(), "http" | "https"));
    if parsed.is_none() {
        return Err(UsageError(context.lang.say(words::NO_ADDRESS).to_owned()).into());
    }
    let before = panel.read().await?.body;
    if options.dry_run {
        for slot in instance.gateway.slots() {
            let held = instance.gateway.read_slot(slot, &before);
            tell(context, &instance, slot, Outcome::Held, held.as_deref());
        }
        return Ok(Ending::Fine);
    }
    let held = |slot: &Slot| instance.gateway.read_slot(slot, &before);
    remember(app, &instance, held).await?;
    let hook = secrets::fresh_token();
    let hash = secrets::hash_of(&hook);
    let owner = id.clone();
    app.db
        .write(async move |tx| registry::add_hook(tx, &owner, &hash).await)
        .await?;
    // What is told below knows the new address as ours as well.
    let instance = Instance {
        hook_hash_before: Some(instance.hook_hash.clone()),
        hook_hash: hash.to_vec(),
        ..instance.clone()
    };
    let address = address_of(&base, instance.gateway, &hook);
    let wanted = |_: &Slot| address.clone();
    let (stuck, answered) = set_all(context, &instance, &panel, wanted).await;
    // Nothing that was sent to the old address may be lost because nothing was set.
    if stuck == 0 && answered {
        app.db
            .write(async move |tx| registry::take_hook_back(tx, &id, &hash).await)
            .await?;
    }
    if stuck == instance.gateway.slots().len() {
        return Ok(Ending::Fine);
    }
    eprintln!("{}", context.lang.say(words::BY_HAND));
    Ok(Ending::FoundWrong)
}

/// Sets every slot, reads all back, and tells of each; says how many stuck, and whether they could be read back.
async fn set_all(
    context: &Context,
    instance: &Instance,
    panel: &Panel<'_>,
    wanted: impl Fn(&Slot) -> String,
) -> (usize, bool) {
    let mut refused = Vec::new();
    for slot in instance.gateway.slots() {
        if let Err(error) = panel.set(slot.path, &wanted(slot)).await {
            let error = complaint::why(&error, context.lang);
            refused.push(format!("{}: {error}", slot.name));
        }
    }
    let after = panel.read().await;
    let mut stuck = 0;
    for slot in instance.gateway.slots() {
        let held = after
            .as_ref()
            .ok()
            .and_then(|after| instance.gateway.read_slot(slot, &after.body));
        let holds = after.is_ok() && held.as_deref().unwrap_or("") == wanted(slot);
        stuck += usize::from(holds);
        let outcome = if holds { Outcome::Set } else { Outcome::NotSet };
        tell(context, instance, slot, outcome, held.as_deref());
    }
    for refused in &refused {
        eprintln!("{refused}");
    }
    (stuck, after.is_ok())
}

fn seal_context(instance: &Instance, field: &str) -> String {
    format!("instances:{}:slot:{field}", instance.id)
}

/// Keeps what the slots hold, sealed; what is ours already does not take the place of what was there before it.
async fn remember(
    app: &App,
    instance: &Instance,
    held: impl Fn(&Slot) -> Option<String>,
) -> anyhow::Result<()> {
    let known = registry::slots_before(&app.db, &instance.id).await?;
    let mut saved = Vec::new();
    for slot in instance.gateway.slots() {
        let held = held(slot);
        let ours = held
            .as_deref()
            .is_some_and(|held| panel::is_ours(instance, held));
        if ours && known.iter().any(|(field, _)| field == slot.field) {
            continue;
        }
        let sealed = held
            .map(|held| app.secrets.seal(&seal_context(instance, slot.field), &held))
            .transpose()?;
        saved.push((slot.field, sealed));
    }
    let id = instance.id.clone();
    app.db
        .write(async move |tx| {
            for (field, sealed) in &saved {
                registry::save_slot(tx, &id, field, sealed.as_deref()).await?;
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
    panel: &Panel<'_>,
) -> anyhow::Result<Ending> {
    let mut before = std::collections::BTreeMap::new();
    for (field, sealed) in registry::slots_before(&app.db, &instance.id).await? {
        let held = sealed
            .map(|sealed| app.secrets.unseal(&seal_context(instance, &field), &sealed))
            .transpose()?;
        before.insert(field, held.unwrap_or_default());
    }
    if before.is_empty() {
        return Err(UsageError(context.lang.say(words::NOTHING_TO_UNDO).to_owned()).into());
    }
    let wanted = |slot: &Slot| before.get(slot.field).cloned().unwrap_or_default();
    let (stuck, _) = set_all(context, instance, panel, wanted).await;
    if stuck < instance.gateway.slots().len() {
        eprintln!("{}", context.lang.say(words::NOT_UNDONE));
        return Ok(Ending::FoundWrong);
    }
    let id = instance.id.clone();
    app.db
        .write(async move |tx| registry::forget_slots(tx, &id).await)
        .await?;
    Ok(Ending::Fine)
}

/// One slot in one line; of an address of ours only the beginning, for the rest is a secret.
fn tell(context: &Context, instance: &Instance, slot: &Slot, outcome: Outcome, held: Option<&str>) {
    let ours = held.is_some_and(|held| panel::is_ours(instance, held));
    let shown = held.map(panel::shown);
    let (name, words) = outcome.words();
    if context.json {
        return answer::line(
            json!({"slot": slot.name, "outcome": name, "holds": shown, "ours": ours}),
        );
    }
    answer::line(format_args!(
        "{:<15} {:<12} {}",
        slot.name,
        context.lang.say(words),
        shown.as_deref().map_or_else(|| "-".to_owned(), plain)
    ));
}
