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
use midiateca_service::ops::gateway_admin;
use midiateca_service::ops::status::InstanceStatus;
use midiateca_service::secrets;

#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// Adds a WhatsApp number, and prints the webhook address to paste into the gateway's panel, once;
    /// changes what is given of one that exists
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
    /// Sets all webhook slots at the gateway to a new address of ours, and reads them back to prove it
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
        Command::List => {
            list(&context, &instances::instances(&app.db).await?);
        }
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
    let now = app.clock.now();
    let removing = app
        .db
        .write(Key::instance(instance.as_str()), async move |tx| {
            instances::remove_instance(tx, &instance, now).await
        });
    if !removing.await? {
        return Err(ids::unknown(context, ids::INSTANCE, id).into());
    }
    eprintln!("{}", context.lang.say(words::REMOVED));
    Ok(())
}

async fn rotate(context: &Context, app: &App, id: String) -> anyhow::Result<()> {
    let token = secrets::random_token();
    let hash = secrets::hash_token(&token);
    let known = ids::instance(context, app, &id).await?;
    let instance = known.id.clone();
    app.db
        .write(Key::instance(&instance.0.clone()), async move |tx| {
            instances::set_hook(tx, &instance, &hash).await
        })
        .await?;
    tell_address(context, &known, &token);
    Ok(())
}

/// Shown once: only its hash is kept.
fn tell_address(context: &Context, instance: &Instance, token: &str) {
    if context.json {
        answer::line(address_view(context, instance, token));
        return;
    }
    let address = webhook_address(context, instance.gateway, token);
    eprintln!("{}", context.lang.say(words::PASTE));
    if context.config.http.public_url.is_empty() && !gateway_admin::is_loopback(&instance.api_base)
    {
        eprintln!("{}", context.lang.say(words::ONLY_LOCAL));
    }
    answer::line(&address);
}

/// What [`tell_address`] shows, as JSON.
fn address_view(context: &Context, instance: &Instance, token: &str) -> Value {
    let address = webhook_address(context, instance.gateway, token);
    json!({"instance": instance.id.as_str(), "client": instance.client, "webhook": address, "token": token})
}

/// The address that a gateway is to call, as far as the public address of the server is known.
pub(super) fn webhook_address(context: &Context, gateway: Gateway, token: &str) -> String {
    let http = &context.config.http;
    let port = http.listen.port().unwrap_or("8000");
    match http.public_url.as_str() {
        "" => address_of(&format!("http://localhost:{port}"), gateway, token),
        base => address_of(base, gateway, token),
    }
}

fn address_of(base: &str, gateway: Gateway, token: &str) -> String {
    let base = base.trim_end_matches('/');
    format!("{base}/hooks/{}/{token}", gateway.as_str())
}

/// An instance for everybody: no token, no hash.
pub(super) fn view(instance: &Instance) -> Value {
    json!(InstanceStatus::new(instance))
}

fn list(context: &Context, known: &[Instance]) {
    if !context.json {
        return known.iter().for_each(|instance| line(context, instance));
    }
    let list = Document::new("items", Out::Stdout);
    for instance in known {
        list.item(&view(instance));
    }
    list.finish_list();
}

/// One instance in one line.
fn line(context: &Context, instance: &Instance) {
    let routes = instance.routes.as_ref().map(|routes| {
        let names: Vec<_> = routes.iter().map(|route| route.as_str()).collect();
        names.join(",")
    });
    let last = instance
        .last_delivery_at
        .map_or_else(|| "-".to_owned(), zone::local);
    let lang = context.lang;
    let default = || lang.name("default");
    answer::line(format_args!(
        "{}\tcliente_{}\t{}\t{}\t{last}\t{}\tcdn={}\t{}={}",
        instance.id,
        instance.client,
        instance.gateway.as_str(),
        lang.name(&instance.state),
        instance.api_base,
        instance.cdn_base.as_deref().unwrap_or_else(default),
        lang.say(words::ROUTES),
        routes.as_deref().unwrap_or_else(default)
    ));
}
