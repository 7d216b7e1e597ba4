//! `instance add|list|show|remove|rotate-hook`.

mod webhooks;

use std::io::Read as _;
use std::path::PathBuf;

use anyhow::Context as _;
use serde_json::{Value, json};

use super::answer;
use super::context::Context;
use super::{Ending, UsageError};
use crate::app::App;
use crate::clock::rfc3339;
use crate::gateway::Gateway;
use crate::media::{InstanceId, Route};
use crate::registry::{self, Instance, NewInstance};
use crate::secrets;

/// The word that gives a setting back its usual value.
const DEFAULT: &str = "default";

#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// Adds a WhatsApp number, and prints the webhook address to paste into the gateway's panel, once;
    /// changes what is given of one that exists
    Add(Add),
    /// Lists the instances
    List,
    /// Shows one instance
    Show {
        /// Its id at the gateway
        id: String,
    },
    /// Stops an instance from receiving; its media stay
    Remove {
        /// Its id at the gateway
        id: String,
    },
    /// Sets all webhook slots at the gateway to a new address of ours, and reads them back to prove it
    ConfigureWebhooks(webhooks::Options),
    /// Makes a new webhook address; the old one stops working within a second
    RotateHook {
        /// Its id at the gateway
        id: String,
    },
}

#[derive(Debug, clap::Args)]
pub(crate) struct Add {
    /// Its id at the gateway
    id: String,
    /// Whose it is
    #[arg(long, value_name = "N")]
    client: i64,
    /// The gateway
    #[arg(long, default_value = "wapi")]
    gateway: String,
    /// The environment variable that holds the gateway's token
    #[arg(long, value_name = "VAR", group = "token")]
    token_env: Option<String>,
    /// The file that holds the gateway's token
    #[arg(long, value_name = "FILE", group = "token")]
    token_file: Option<PathBuf>,
    /// Read the gateway's token from stdin
    #[arg(long, group = "token")]
    token_stdin: bool,
    /// Where the gateway's API is [default: the gateway's own]
    #[arg(long, value_name = "URL")]
    api_base: Option<String>,
    /// Where WhatsApp's CDN is; several with commas, in their order; "default" for its usual hosts
    #[arg(long, value_name = "URL")]
    cdn_base: Option<String>,
    /// The ways to the bytes in their order, such as gateway or inline,cdn,gateway; "default" for fetch.routes
    #[arg(long, value_name = "LIST")]
    routes: Option<String>,
}

pub(crate) async fn run(context: Context, command: Command) -> anyhow::Result<Ending> {
    let app = context.open().await?;
    let mut ending = Ending::Fine;
    match command {
        Command::Add(options) => add(&context, &app, options).await?,
        Command::List => {
            for instance in registry::instances(&app.db).await? {
                show(&context, &instance);
            }
        }
        Command::Show { id } => show(
            &context,
            &registry::instance(&app.db, &InstanceId(id.clone()))
                .await?
                .ok_or_else(|| unknown(&context, &id))?,
        ),
        Command::Remove { id } => {
            let (now, instance) = (app.clock.now(), InstanceId(id.clone()));
            let removed = app
                .db
                .write(async move |tx| registry::remove_instance(tx, &instance, now).await)
                .await?;
            removed
                .then_some(())
                .ok_or_else(|| unknown(&context, &id))?;
            eprintln!(
                "{}",
                context
                    .lang
                    .pick("removed; its media stay", "removida; as mídias ficam")
            );
        }
        Command::ConfigureWebhooks(options) => {
            ending = webhooks::run(&context, &app, options).await?;
        }
        Command::RotateHook { id } => {
            let token = secrets::fresh_token();
            let (hash, instance) = (secrets::hash_of(&token), InstanceId(id.clone()));
            let known = registry::instance(&app.db, &instance)
                .await?
                .ok_or_else(|| unknown(&context, &id))?;
            app.db
                .write(async move |tx| registry::set_hook(tx, &instance, &hash).await)
                .await?;
            tell_address(&context, &known, &token);
        }
    }
    app.db.close().await;
    Ok(ending)
}

fn unknown(_: &Context, id: &str) -> UsageError {
    UsageError(format!(
        "no instance {id} is known; see `midiateca instance list`"
    ))
}

async fn add(context: &Context, app: &App, options: Add) -> anyhow::Result<()> {
    let gateway = Gateway::parse(&options.gateway).ok_or_else(|| {
        UsageError(format!(
            "no gateway {} is known; there is: wapi",
            options.gateway
        ))
    })?;
    let clients = registry::clients(&app.db).await?;
    if !clients.iter().any(|client| client.id == options.client) {
        return Err(UsageError(format!(
            "no client {} is known; add it with `midiateca client add NAME --id {0}`",
            options.client
        ))
        .into());
    }
    let id = InstanceId(options.id.trim().to_owned());
    if id.as_str().is_empty() {
        return Err(UsageError("the instance's id is empty".to_owned()).into());
    }
    let existing = registry::instance(&app.db, &id).await?;
    if let Some(existing) = existing.filter(|existing| existing.client != options.client) {
        return Err(UsageError(format!(
            "{id} belongs to client {}, and its files lie there; `midiateca instance remove {id}` first if it changed hands",
            existing.client
        ))
        .into());
    }
    let cdn_base = options.cdn_base.as_deref().map(str::trim);
    let bases = cdn_base
        .filter(|bases| *bases != DEFAULT)
        .into_iter()
        .flat_map(|bases| bases.split(','));
    for url in options.api_base.as_deref().into_iter().chain(bases) {
        let parsed =
            url::Url::parse(url.trim()).map_err(|_| UsageError(format!("{url} is not a URL")))?;
        let plain = parsed.username().is_empty()
            && parsed.password().is_none()
            && parsed.query().is_none()
            && parsed.fragment().is_none();
        if !matches!(parsed.scheme(), "http" | "https") || parsed.host().is_none() || !plain {
            return Err(UsageError(format!(
                "{url} is not a plain web address such as https://host"
            ))
            .into());
        }
    }
    let routes = match options.routes {
        Some(list) if list.trim() == DEFAULT => Some(Vec::new()),
        Some(list) => Some(Route::parse_list(&list).ok_or_else(|| {
            UsageError(format!(
                "{list} is no list of routes; there are: inline, cdn, gateway"
            ))
        })?),
        None => None,
    };
    let token = read_token(options.token_env, options.token_file, options.token_stdin)?;
    let new = NewInstance {
        id,
        client: options.client,
        gateway,
        api_base: options.api_base,
        cdn_base: cdn_base.map(|bases| if bases == DEFAULT { "" } else { bases }.to_owned()),
        routes,
        token_sealed: None,
        hook_hash: [0; 32],
    };
    let (instance, hook) = app.add_instance(new, token.as_deref()).await?;
    if instance.token_sealed.is_none() {
        eprintln!("{}", context.lang.pick("no gateway token is kept yet: add it with --token-env, --token-file or --token-stdin", "ainda não há token do gateway: use --token-env, --token-file ou --token-stdin"));
    }
    match hook {
        Some(hook) => tell_address(context, &instance, &hook),
        None => {
            eprintln!("{}", context.lang.pick("changed; its webhook address stays (`midiateca instance rotate-hook` makes a new one)", "alterada; o endereço do webhook continua (`midiateca instance rotate-hook` cria outro)"));
            show(context, &instance);
        }
    }
    Ok(())
}

fn read_token(
    variable: Option<String>,
    file: Option<PathBuf>,
    stdin: bool,
) -> anyhow::Result<Option<String>> {
    let text = match (variable, file, stdin) {
        (Some(name), _, _) => std::env::var(&name)
            .map_err(|_| UsageError(format!("the environment variable {name} is not set")))?,
        (_, Some(path), _) => std::fs::read_to_string(&path)
            .with_context(|| format!("cannot read {}", path.display()))?,
        (_, _, true) => {
            let mut text = String::new();
            std::io::stdin()
                .read_to_string(&mut text)
                .context("cannot read stdin")?;
            text
        }
        _ => return Ok(None),
    };
    let token = text.trim();
    if token.is_empty() {
        return Err(UsageError("the gateway's token is empty".to_owned()).into());
    }
    Ok(Some(token.to_owned()))
}

/// Shown once: only its hash is kept.
fn tell_address(context: &Context, instance: &Instance, token: &str) {
    let address = webhook_address(context, instance.gateway, token);
    if context.json {
        answer::line(format_args!(
            "{}",
            json!({"instance": instance.id.as_str(), "client": instance.client, "webhook": address, "token": token})
        ));
        return;
    }
    eprintln!("{}", context.lang.pick("paste this address into all webhook slots of the gateway's panel; it is shown only once:", "cole este endereço em todos os webhooks do painel do gateway; ele só é mostrado uma vez:"));
    answer::line(&address);
}

/// The address that a gateway is to call, as far as it is known how the door is reached.
pub(super) fn webhook_address(context: &Context, gateway: Gateway, token: &str) -> String {
    let door = &context.config.door;
    let port = door.listen.rsplit(':').next().unwrap_or("8000");
    match door.public_url.as_str() {
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
    json!({
        "instance": instance.id.as_str(),
        "client": instance.client,
        "gateway": instance.gateway.as_str(),
        "api_base": instance.api_base,
        "cdn_base": instance.cdn_base,
        "routes": instance.routes,
        "state": instance.state,
        "problem": instance.problem,
        "token": instance.token_sealed.is_some(),
        "last_delivery_at": instance.last_delivery_at.map(rfc3339),
        "deliveries": instance.delivery_count,
        "ignored": instance.ignored_count,
    })
}

fn show(context: &Context, instance: &Instance) {
    let view = view(instance);
    if context.json {
        answer::line(&view);
        return;
    }
    let routes = instance.routes.as_ref().map(|routes| {
        let names: Vec<_> = routes.iter().map(|route| route.as_str()).collect();
        names.join(",")
    });
    let last = instance
        .last_delivery_at
        .map_or_else(|| "-".to_owned(), rfc3339);
    answer::line(format_args!(
        "{}\tcliente_{}\t{}\t{}\t{last}\t{}\tcdn={}\troutes={}",
        instance.id,
        instance.client,
        instance.gateway.as_str(),
        instance.state,
        instance.api_base,
        instance.cdn_base.as_deref().unwrap_or("default"),
        routes.unwrap_or_else(|| "default".to_owned())
    ));
}
