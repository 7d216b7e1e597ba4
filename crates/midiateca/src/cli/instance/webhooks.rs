//! `instance configure-webhooks`: sets the gateway's slots, reads them back, and says which did not stick.
//!
//! Only a hash of the webhook address is kept, so a new address is made; the one before is taken as well until
//! `rotate-hook`, so that nothing is lost whichever slots stuck.

use anyhow::{Context as _, bail};
use serde_json::{Value, json};
use url::Url;

use super::super::answer;
use super::super::context::Context;
use super::super::{Ending, UsageError};
use super::{address_of, unknown};
use crate::app::App;
use crate::fetch::Method;
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
}

/// The gateway as one instance may speak to it.
struct Panel<'a> {
    app: &'a App,
    instance: &'a Instance,
    token: String,
}

pub(super) async fn run(context: &Context, app: &App, options: Options) -> anyhow::Result<Ending> {
    let id = InstanceId(options.id.clone());
    let instance = registry::instance(&app.db, &id).await?;
    let instance = instance.ok_or_else(|| unknown(&options.id))?;
    let base = options
        .public_url
        .unwrap_or_else(|| context.config.door.public_url.clone());
    let parsed = Url::parse(&base)
        .ok()
        .filter(|url| matches!(url.scheme(), "http" | "https"));
    if parsed.is_none() {
        let hint = "say how the door is reached from outside with --public-url https://…, or set door.public_url";
        return Err(UsageError(hint.to_owned()).into());
    }
    let panel = Panel {
        app,
        instance: &instance,
        token: token_of(app, &instance)?,
    };
    let before = panel.read().await?;
    if options.dry_run {
        for slot in instance.gateway.slots() {
            let held = instance.gateway.read_slot(slot, &before);
            tell(context, slot.name, "held", held.as_deref(), &base);
        }
        return Ok(Ending::Fine);
    }
    let hook = secrets::fresh_token();
    let hash = secrets::hash_of(&hook);
    let address = address_of(&base, &instance, &hook);
    let owner = id.clone();
    app.db
        .write(async move |tx| registry::add_hook(tx, &owner, &hash).await)
        .await?;
    let mut refused = Vec::new();
    for slot in instance.gateway.slots() {
        if let Err(error) = panel.set(slot.path, &address).await {
            refused.push(format!("{}: {error:#}", slot.name));
        }
    }
    let after = panel.read().await;
    let mut stuck = 0;
    for slot in instance.gateway.slots() {
        let held = after
            .as_ref()
            .ok()
            .and_then(|after| instance.gateway.read_slot(slot, after));
        let holds = held.as_deref() == Some(address.as_str());
        stuck += usize::from(holds);
        tell(
            context,
            slot.name,
            if holds { "set" } else { "not set" },
            held.as_deref(),
            &base,
        );
    }
    for refused in &refused {
        eprintln!("{refused}");
    }
    // Nothing that was sent to the old address may be lost because nothing was set.
    if stuck == 0 && after.is_ok() {
        app.db
            .write(async move |tx| registry::take_hook_back(tx, &id, &hash).await)
            .await?;
    }
    if stuck == instance.gateway.slots().len() {
        return Ok(Ending::Fine);
    }
    eprintln!("{}", context.lang.pick("set what is missing by hand: in the gateway's panel, paste the address that `midiateca instance rotate-hook` prints into every slot", "configure o que falta à mão: no painel do gateway, cole em cada webhook o endereço que `midiateca instance rotate-hook` mostra"));
    Ok(Ending::FoundWrong)
}

fn token_of(app: &App, instance: &Instance) -> anyhow::Result<String> {
    let sealed = instance.token_sealed.as_deref().ok_or_else(|| {
        UsageError(
            "no gateway token is kept: add it with `midiateca instance add --token-env`".to_owned(),
        )
    })?;
    let token = app
        .secrets
        .unseal(&registry::token_context(&instance.id), sealed);
    token.context("the gateway token cannot be unsealed; is this the right secret.key?")
}

impl Panel<'_> {
    fn url(&self, path: &str) -> anyhow::Result<Url> {
        let mut url = Url::parse(&self.instance.api_base).context("the API base is not a URL")?;
        url.set_path(&format!("{}/{path}", url.path().trim_end_matches('/')));
        url.query_pairs_mut()
            .append_pair("instanceId", self.instance.id.as_str());
        Ok(url)
    }

    async fn read(&self) -> anyhow::Result<Value> {
        let path = self.instance.gateway.slots_path();
        let answer = self.call(Method::GET, path, None).await;
        answer.context("the gateway does not tell what its slots hold")
    }

    async fn set(&self, path: &str, address: &str) -> anyhow::Result<()> {
        let body = self.instance.gateway.slot_call(address);
        self.call(Method::PUT, path, Some(&body)).await.map(drop)
    }

    async fn call(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> anyhow::Result<Value> {
        let url = self.url(path)?;
        let answer = self
            .app
            .fetch
            .call_with(method, url, &self.token, body)
            .await?;
        if answer.status != 200 {
            bail!("the gateway answered {}", answer.status);
        }
        serde_json::from_slice(&answer.body)
            .context("the gateway answered something that is not JSON")
    }
}

/// One slot in one line; of an address of ours only the beginning, for the rest is a secret.
fn tell(context: &Context, slot: &str, outcome: &str, held: Option<&str>, base: &str) {
    let ours = held.is_some_and(|held| held.starts_with(base.trim_end_matches('/')));
    let shown = held.map(|held| match held.rsplit_once('/') {
        Some((path, _)) if ours => format!("{path}/…"),
        _ => held.to_owned(),
    });
    if context.json {
        answer::line(json!({"slot": slot, "outcome": outcome, "holds": shown, "ours": ours}));
    } else {
        let portuguese = match outcome {
            "set" => "gravado",
            "not set" => "NÃO gravado",
            _ => "contém",
        };
        let outcome = match outcome {
            "set" => context.lang.pick("set", portuguese),
            "not set" => context.lang.pick("NOT set", portuguese),
            _ => context.lang.pick("holds", portuguese),
        };
        answer::line(format_args!(
            "{slot:<15} {outcome:<12} {}",
            shown.as_deref().unwrap_or("-")
        ));
    }
}
