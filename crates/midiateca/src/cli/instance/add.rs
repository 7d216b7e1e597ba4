//! `instance add`: a new instance, or what is to change of one that exists.

use std::env::VarError;
use std::path::PathBuf;

use serde_json::json;

use super::{address_view, line, print_address};
use crate::cli::{Context, Language, answer, complaint, hidden, plain, words::instance as words};
use midiateca_service::app::{self, App};
use midiateca_service::instances::{self, Instance};
use midiateca_service::model::Reason;
use midiateca_service::ops::instance::{self, Access, NewOptions, TokenCheck};
use midiateca_service::ops::status::InstanceStatus;
use midiateca_service::secrets::Secrets;

#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Its id at the gateway
    id: String,
    /// The number of its client
    #[arg(long, value_name = "N")]
    client: i64,
    /// The gateway [default: that of the existing instance, else wapi]
    #[arg(long, value_name = "NAME")]
    gateway: Option<String>,
    /// The environment variable that contains the gateway's token
    #[arg(long, value_name = "VAR", group = "token")]
    token_env: Option<String>,
    /// The file that contains the gateway's token
    #[arg(long, value_name = "FILE", group = "token")]
    token_file: Option<PathBuf>,
    /// Read the gateway's token from stdin; on a terminal it is asked for and not shown
    #[arg(long, group = "token")]
    token_stdin: bool,
    /// Make a new key where the old one is lost for good; every other instance needs its token again
    #[arg(long, requires = "token")]
    new_key: bool,
    /// The environment variable that contains the secret with which the gateway signs its webhooks
    #[arg(long, value_name = "VAR", group = "secret")]
    secret_env: Option<String>,
    /// The file that contains the secret with which the gateway signs its webhooks
    #[arg(long, value_name = "FILE", group = "secret")]
    secret_file: Option<PathBuf>,
    /// The name of its session or device at the gateway, if that is not the id; "default" for the id
    #[arg(long, value_name = "NAME")]
    session: Option<String>,
    /// Where the gateway's API is [default: the gateway's own]
    #[arg(long, value_name = "URL")]
    api_base: Option<String>,
    /// Where WhatsApp's CDN is; several with commas, in their order; "default" for its usual hosts
    #[arg(long, value_name = "URL")]
    cdn_base: Option<String>,
    /// The routes to the bytes in their order, such as gateway or inline,cdn,gateway; "default" for fetch.routes
    #[arg(long, value_name = "LIST")]
    routes: Option<String>,
    /// Do not try the token at the gateway
    #[arg(long)]
    offline: bool,
}

pub(super) async fn run(context: &Context, app: &App, options: Options) -> anyhow::Result<()> {
    let new = NewOptions {
        id: options.id.clone(),
        client: options.client,
        gateway: options.gateway.clone(),
        api_base: options.api_base.clone(),
        cdn_base: options.cdn_base.clone(),
        routes: options.routes.clone(),
        session: options.session.clone(),
    };
    let new = instance::check(&app.db, &new).await?;
    let token = read_token(context.lang, &options)?;
    let (variable, file) = (options.secret_env.as_ref(), options.secret_file.as_ref());
    let secret = named(context.lang, variable, file)?;
    let access = Access::check(new.gateway, token.as_deref(), secret.as_deref())?;
    if options.new_key {
        Secrets::replace_invalid(&context.config.key_file(&context.data))?;
    }
    let before = instances::instance(&app.db, &new.id).await?;
    let added = instance::add(app.instance_deps(), &context.actor, new, &access).await;
    let (instance, hook) = added.map_err(app::Error::from)?;
    let uses_token = instance.gateway.needs_token() || !instance.gateway.slots().is_empty();
    if instance.token_sealed.is_none() && uses_token {
        complain!(context.lang, words::ADD_TOKEN);
    }
    if instance.api_base.is_empty() && instance.gateway.needs_api_base() {
        let (gateway, id) = (instance.gateway.as_str(), plain(instance.id.as_str()));
        let client = instance.client;
        complain!(context.lang, words::NO_API_BASE, gateway, id, client);
    }
    // The address is shown once: before the gateway is asked, or with its answer in one document.
    match &hook {
        _ if answer::is_json() => {}
        Some(hook) => print_address(context, &instance, hook),
        None => {
            complain!(context.lang, words::CHANGED);
            if before.is_some_and(|before| before.gateway != instance.gateway) {
                let (gateway, base) = (instance.gateway.as_str(), plain(&instance.api_base));
                complain!(context.lang, words::GATEWAY_CHANGED, gateway, base);
            }
            answer::line(line(context.lang, &instance));
        }
    }
    let is_asked = access.has_token() && !options.offline;
    let check = if is_asked {
        instance::ask_gateway(app.gateway_deps(), &instance).await
    } else {
        TokenCheck::NotAsked
    };
    if answer::is_json() {
        let mut shown = match hook {
            Some(hook) => address_view(context, &instance, &hook),
            None => json!(InstanceStatus::new(&instance)),
        };
        shown["gateway_token"] = json!(check.as_str());
        shown["gateway_reason"] = json!(check.reason().map(Reason::as_str));
        answer::line(shown);
    }
    explain(context.lang, &instance, &check);
    Ok(instance::record_problem(&app.db, &instance, &check).await?)
}

fn explain(lang: Language, instance: &Instance, check: &TokenCheck) {
    let Some(error) = check.error() else {
        if matches!(check, TokenCheck::Accepted) {
            complain!(lang, words::TOKEN_ACCEPTED);
        }
        return;
    };
    let seen = complaint::why(error, lang);
    let words = if check.reason().is_some() {
        words::TOKEN_NOT_ACCEPTED
    } else {
        words::TOKEN_NOT_TRIED
    };
    complain!(lang, words, id = instance.id, seen);
}

/// The value of a variable, or the text of a file.
fn named(
    lang: Language,
    variable: Option<&String>,
    file: Option<&PathBuf>,
) -> anyhow::Result<Option<String>> {
    if let Some(name) = variable {
        let text = std::env::var(name).map_err(|error| match error {
            VarError::NotPresent => usage!(lang, words::UNSET_VARIABLE, name),
            VarError::NotUnicode(_) => usage!(lang, words::VARIABLE_NOT_UTF8, name),
        });
        return Ok(Some(text?));
    }
    file.map(|path| hidden::of_file(lang, path)).transpose()
}

fn read_token(lang: Language, options: &Options) -> anyhow::Result<Option<String>> {
    let (variable, file) = (options.token_env.as_ref(), options.token_file.as_ref());
    match named(lang, variable, file)? {
        None if options.token_stdin => hidden::of_stdin(lang, words::ASK_TOKEN).map(Some),
        token => Ok(token),
    }
}
