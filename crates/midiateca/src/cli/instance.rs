//! `instance add|list|show|remove|configure-webhooks|rotate-hook`.

mod add;
mod reconcile;
mod sheet;
mod webhooks;

use serde_json::{Value, json};

use crate::cli::{
    Context, Ending, Items, Language, answer, complaint, ids, plain, words::instance as words, zone,
};
use midiateca_service::app::{AllowedStorage, App};
use midiateca_service::config::Config;
use midiateca_service::gateway::Gateway;
use midiateca_service::instances::{self, Instance};
use midiateca_service::model::Route;
use midiateca_service::net::loopback::is_loopback;
use midiateca_service::ops::instance::{self, SlotsRead};
use midiateca_service::ops::status::InstanceStatus;

#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// Adds a WhatsApp number, and prints the webhook address to paste into the gateway's panel, once; changes what is
    /// given of one that exists
    Add(add::Options),
    /// Lists the instances, a line each
    List,
    /// Shows one instance, with its webhook slots read back from the gateway
    Show {
        /// Its id, or a unique prefix of it
        id: String,
        /// Ask nothing of the network
        #[arg(long)]
        offline: bool,
    },
    /// Stops an instance from receiving; its media stay
    Remove {
        /// Its id, or a unique prefix of it
        id: String,
    },
    /// Sets all webhook slots at the gateway to a new address of this server, and reads them back to prove it
    ConfigureWebhooks(webhooks::Options),
    /// Asks the gateway for its list of messages, and receives the media whose delivery never came
    Reconcile(reconcile::Options),
    /// Makes a new webhook address; the old one stops working within a second
    RotateHook {
        /// Its id, or a unique prefix of it
        id: String,
    },
}

pub(crate) async fn run(context: &Context, command: Command) -> anyhow::Result<Ending> {
    let app = match command {
        Command::List | Command::Show { .. } => {
            context.open_to_look(AllowedStorage::Unused).await?
        }
        _ => context.open_existing(AllowedStorage::None).await?,
    };
    match command {
        Command::Add(options) => add::run(context, &app, options).await?,
        Command::List => {
            let known = instances::instances(&app.db).await?;
            let json = |it: &Instance| answer::json(&InstanceStatus::new(it));
            let lang = context.lang;
            Items::shown_as("items", json, move |it| line(lang, it)).page(&known, None);
        }
        Command::Show { id, offline } => show(context, &app, &id, offline).await?,
        Command::Remove { id } => remove(context, &app, id).await?,
        Command::ConfigureWebhooks(options) => return webhooks::run(context, &app, options).await,
        Command::Reconcile(options) => return reconcile::run(context, &app, options).await,
        Command::RotateHook { id } => rotate(context, &app, &id).await?,
    }
    Ok(Ending::Fine)
}

/// With what its gateway's webhook slots hold now.
async fn show(context: &Context, app: &App, id: &str, offline: bool) -> anyhow::Result<()> {
    let instance = ids::instance(context, app, id).await?;
    let report = instance::show(app.gateway_deps(), &instance, offline).await?;
    let mut document = json!(report);
    document["slots_error"] = match &report.slots {
        SlotsRead::Read(_) => json!(null),
        SlotsRead::NotAsked => json!("offline"),
        SlotsRead::NoCall => json!("no_call"),
        SlotsRead::Failed(error) => json!(complaint::code(error)),
    };
    answer::report(document, sheet::render(context, &instance, &report));
    Ok(())
}

async fn remove(context: &Context, app: &App, id: String) -> anyhow::Result<()> {
    let found = ids::instance(context, app, &id).await?;
    if !instance::remove(&app.db, &app.clock, &context.actor, &found).await? {
        return Err(ids::unknown(context, ids::INSTANCE, id).into());
    }
    let text = fill!(context.lang, words::REMOVED, id = plain(found.id.as_str()));
    answer::report(json!({"instance": found.id, "removed": true}), text);
    Ok(())
}

async fn rotate(context: &Context, app: &App, id: &str) -> anyhow::Result<()> {
    let found = ids::instance(context, app, id).await?;
    let token = instance::rotate(&app.db, &app.clock, &context.actor, &found).await?;
    print_address(context, &found, &token);
    Ok(())
}

/// Shown once: only its hash is stored.
fn print_address(context: &Context, instance: &Instance, token: &str) {
    if !answer::is_json() {
        complain!(context.lang, words::PASTE);
        let is_local = context.config.http.public_url.is_empty();
        if is_local && !is_loopback(&instance.api_base) {
            complain!(context.lang, words::ONLY_LOCAL);
        }
    }
    let address = webhook_address(&context.config, instance.gateway, token);
    answer::report(address_view(context, instance, token), address);
}

/// The output of [`print_address`], as JSON.
fn address_view(context: &Context, instance: &Instance, token: &str) -> Value {
    let address = webhook_address(&context.config, instance.gateway, token);
    json!({"instance": instance.id.as_str(), "client": instance.client, "address": address, "token": token})
}

/// The address that the gateway is to call, as far as the public address of the server is known.
pub(super) fn webhook_address(config: &Config, gateway: Gateway, token: &str) -> String {
    instance::webhook_address(&config.http.base_url(), gateway, token)
}

fn names(routes: &[Route], between: &str) -> String {
    let names: Vec<_> = routes.iter().map(|route| route.as_str()).collect();
    names.join(between)
}

fn line(lang: Language, instance: &Instance) -> String {
    let default = || lang.name("default").to_owned();
    let routes = instance.routes.as_ref();
    let routes = routes.map_or_else(default, |routes| names(routes, ","));
    format!(
        "{}\tcliente_{}\t{}\t{}\t{}\t{}\tcdn={}\t{}={routes}",
        instance.id,
        instance.client,
        instance.gateway.as_str(),
        lang.name(instance.state.as_str()),
        zone::or_dash(instance.last_delivery_at),
        instance.api_base,
        instance.cdn_base.clone().unwrap_or_else(default),
        lang.say(words::ROUTES),
    )
}
