//! `instance add|list|show|remove|configure-webhooks|rotate-hook`.

mod add;
mod show;
mod webhooks;

use serde_json::{Value, json};

use super::Ending;
use super::answer;
use super::context::Context;
use super::document::{Document, Out};
use super::ids;
use super::words::instance as words;
use super::zone;
use midiateca_service::app::{AllowedStorage, App};
use midiateca_service::db::Key;
use midiateca_service::gateway::Gateway;
use midiateca_service::instances::{self, Instance};
use midiateca_service::model::Route;
use midiateca_service::ops::gateway_admin;
use midiateca_service::ops::instance::{self, GatewayDeps};
use midiateca_service::ops::status::InstanceStatus;
use midiateca_service::secrets;

#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// Adds a WhatsApp number, and prints the webhook address to paste into the gateway's panel, once; changes what is
    /// given of one that exists
    Add(add::Options),
    /// Lists the instances, a line each
    List,
    /// Shows one instance, with its webhook slots read back from the gateway
    Show(show::Options),
    /// Stops an instance from receiving; its media stay
    Remove {
        /// Its id, or a unique prefix of it
        id: String,
    },
    /// Sets all webhook slots at the gateway to a new address of this server, and reads them back to prove it
    ConfigureWebhooks(webhooks::Options),
    /// Makes a new webhook address; the old one stops working within a second
    RotateHook {
        /// Its id, or a unique prefix of it
        id: String,
    },
}

pub(crate) async fn run(context: Context, command: Command) -> anyhow::Result<Ending> {
    let app = match command {
        // The first number of a new folder may come before anything else.
        Command::Add(_) => context.open().await?,
        Command::List | Command::Show(_) => context.open_to_look(AllowedStorage::Unused).await?,
        _ => context.open_existing().await?,
    };
    let mut ending = Ending::Fine;
    match command {
        Command::Add(options) => add::run(&context, &app, options).await?,
        Command::List => list(&context, &instances::instances(&app.db).await?),
        Command::Show(options) => show::run(&context, &app, &options).await?,
        Command::Remove { id } => remove(&context, &app, id).await?,
        Command::ConfigureWebhooks(options) => {
            ending = webhooks::run(&context, &app, options).await?;
        }
        Command::RotateHook { id } => rotate(&context, &app, id).await?,
    }
    app.db.close().await;
    Ok(ending)
}

async fn remove(context: &Context, app: &App, id: String) -> anyhow::Result<()> {
    let instance = ids::instance(context, app, &id).await?.id;
    let view = json!({"instance": instance.as_str(), "removed": true});
    let (now, key) = (app.clock.now(), Key::instance(instance.as_str()));
    let removing = app.db.write(key, async move |tx| {
        instances::remove_instance(tx, &instance, now).await
    });
    if !removing.await? {
        return Err(ids::unknown(context, ids::INSTANCE, id).into());
    }
    if context.json {
        answer::line(view);
    } else {
        eprintln!("{}", context.lang.say(words::REMOVED));
    }
    Ok(())
}

async fn rotate(context: &Context, app: &App, id: String) -> anyhow::Result<()> {
    let token = secrets::random_token();
    let hash = secrets::hash_token(&token);
    let known = ids::instance(context, app, &id).await?;
    let (instance, key) = (known.id.clone(), Key::instance(known.id.as_str()));
    let setting = app.db.write(key, async move |tx| {
        instances::set_hook(tx, &instance, &hash).await
    });
    setting.await?;
    print_address(context, &known, &token);
    Ok(())
}

fn gateway_deps(app: &App) -> GatewayDeps<'_> {
    GatewayDeps {
        db: &app.db,
        secrets: &app.secrets,
        client: &app.fetch,
        clock: &app.clock,
    }
}

/// Shown once: only its hash is stored.
fn print_address(context: &Context, instance: &Instance, token: &str) {
    if context.json {
        return answer::line(address_view(context, instance, token));
    }
    eprintln!("{}", context.lang.say(words::PASTE));
    if context.config.http.public_url.is_empty() && !gateway_admin::is_loopback(&instance.api_base)
    {
        eprintln!("{}", context.lang.say(words::ONLY_LOCAL));
    }
    answer::line(webhook_address(context, instance.gateway, token));
}

/// What [`print_address`] shows, as JSON.
fn address_view(context: &Context, instance: &Instance, token: &str) -> Value {
    let address = webhook_address(context, instance.gateway, token);
    json!({"instance": instance.id.as_str(), "client": instance.client, "address": address, "token": token})
}

/// The address that the gateway is to call, as far as the public address of the server is known.
pub(super) fn webhook_address(context: &Context, gateway: Gateway, token: &str) -> String {
    let http = &context.config.http;
    if http.public_url.is_empty() {
        let port = http.listen.port().unwrap_or("8000");
        return instance::webhook_address(&format!("http://localhost:{port}"), gateway, token);
    }
    instance::webhook_address(&http.public_url, gateway, token)
}

fn list(context: &Context, known: &[Instance]) {
    if !context.json {
        return known.iter().for_each(|instance| line(context, instance));
    }
    let list = Document::new("items", Out::Stdout);
    for instance in known {
        list.item(&InstanceStatus::new(instance));
    }
    list.finish_list();
}

fn names(routes: &[Route], between: &str) -> String {
    let names: Vec<_> = routes.iter().map(|route| route.as_str()).collect();
    names.join(between)
}

/// One instance in one line.
fn line(context: &Context, instance: &Instance) {
    let lang = context.lang;
    let default = || lang.name("default").to_owned();
    let routes = instance.routes.as_ref();
    let routes = routes.map_or_else(default, |routes| names(routes, ","));
    let last = instance.last_delivery_at;
    let last = last.map_or_else(|| "-".to_owned(), zone::local);
    answer::line(format_args!(
        "{}\tcliente_{}\t{}\t{}\t{last}\t{}\tcdn={}\t{}={routes}",
        instance.id,
        instance.client,
        instance.gateway.as_str(),
        lang.name(&instance.state),
        instance.api_base,
        instance.cdn_base.clone().unwrap_or_else(default),
        lang.say(words::ROUTES),
    ));
}
