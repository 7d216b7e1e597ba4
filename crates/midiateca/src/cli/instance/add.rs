//! `instance add`: a new instance, or what is to change of one that exists.

use std::fmt::Display;
use std::io::{IsTerminal as _, Read as _};
use std::path::PathBuf;

use anyhow::Context as _;
use serde_json::json;

use super::super::answer;
use super::super::context::Context;
use super::super::language::{Language, is_hostile, plain};
use super::super::words::{Words, instance as words};
use super::super::{UsageError, complaint, hidden};
use super::{address_view, line, tell_address};
use midiateca_service::app::App;
use midiateca_service::config::is_web_address;
use midiateca_service::db::Key;
use midiateca_service::gateway::Gateway;
use midiateca_service::instances::{self, Instance, NewInstance};
use midiateca_service::model::{InstanceId, Reason, Route};
use midiateca_service::ops::gateway_admin::{self, GatewayAdmin};
use midiateca_service::secrets::Secrets;

/// The word that gives a setting back its usual value.
const DEFAULT: &str = "default";

#[derive(Debug, clap::Args)]
pub(crate) struct Options {
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
    /// Read the gateway's token from stdin; on a terminal it is asked for and not shown
    #[arg(long, group = "token")]
    token_stdin: bool,
    /// Make a new key where the old one is lost for good; every other instance needs its token again
    #[arg(long, requires = "token")]
    new_key: bool,
    /// Where the gateway's API is [default: the gateway's own]
    #[arg(long, value_name = "URL")]
    api_base: Option<String>,
    /// Where WhatsApp's CDN is; several with commas, in their order; "default" for its usual hosts
    #[arg(long, value_name = "URL")]
    cdn_base: Option<String>,
    /// The ways to the bytes in their order, such as gateway or inline,cdn,gateway; "default" for fetch.routes
    #[arg(long, value_name = "LIST")]
    routes: Option<String>,
    /// Do not try the token at the gateway
    #[arg(long)]
    offline: bool,
}

pub(super) async fn run(context: &Context, app: &App, options: Options) -> anyhow::Result<()> {
    let new = checked(context, app, &options).await?;
    let token = read_token(context.lang, &options)?;
    if options.new_key {
        Secrets::replace_invalid(&context.config.key_file(&context.data))?;
    }
    let (instance, hook) = app.add_instance(new, token.as_deref()).await?;
    if instance.token_sealed.is_none() {
        eprintln!("{}", context.lang.say(words::ADD_TOKEN));
    }
    let is_asked = token.is_some() && !options.offline;
    if context.json {
        // One document, so the answer comes first.
        let verdict = match is_asked {
            true => ask(app, &instance).await,
            false => Verdict::NotAsked,
        };
        let recorded = record(app, &instance, &verdict).await;
        let mut shown = match hook {
            Some(hook) => address_view(context, &instance, &hook),
            None => super::view(&instance),
        };
        shown["gateway_token"] = json!(verdict.as_str());
        shown["gateway_reason"] = json!(verdict.reason().map(Reason::as_str));
        answer::line(&shown);
        explain(context.lang, &instance, &verdict);
        return recorded;
    }
    match hook {
        Some(hook) => tell_address(context, &instance, &hook),
        None => {
            eprintln!("{}", context.lang.say(words::CHANGED));
            line(context, &instance);
        }
    }
    if !is_asked {
        return Ok(());
    }
    let verdict = ask(app, &instance).await;
    record(app, &instance, &verdict).await?;
    explain(context.lang, &instance, &verdict);
    Ok(())
}

/// What the gateway says of a token.
enum Verdict {
    Accepted,
    /// It answered that this token, or this instance, will not do.
    Refused(gateway_admin::Error),
    /// No answer came, or none that says anything of the token.
    Unreachable(gateway_admin::Error),
    NotAsked,
}

impl Verdict {
    /// The name in JSON.
    fn as_str(&self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Refused(_) => "refused",
            Self::Unreachable(_) => "unreachable",
            Self::NotAsked => "not_asked",
        }
    }

    /// Why media of the instance cannot be asked of the gateway, where that is known.
    fn reason(&self) -> Option<Reason> {
        match self {
            Self::Refused(gateway_admin::Error::Status {
                status: 401 | 403, ..
            }) => Some(Reason::GatewayTokenRefused),
            Self::Refused(
                gateway_admin::Error::Status { status: 404, .. } | gateway_admin::Error::Other(_),
            ) => Some(Reason::GatewayUnknownInstance),
            _ => None,
        }
    }
}

/// Asks the gateway with the token that was just stored.
async fn ask(app: &App, instance: &Instance) -> Verdict {
    let told = match GatewayAdmin::open(&app.fetch, &app.secrets, instance) {
        Ok(admin) => admin.read().await,
        Err(error) => Err(error),
    };
    match told {
        Ok(_) => Verdict::Accepted,
        Err(
            error @ (gateway_admin::Error::Status {
                status: 401 | 403 | 404,
                ..
            }
            | gateway_admin::Error::Other(_)
            | gateway_admin::Error::Refused(_)),
        ) => Verdict::Refused(error),
        Err(error) => Verdict::Unreachable(error),
    }
}

/// The instance stays whatever the gateway answers: its address is shown once.
async fn record(app: &App, instance: &Instance, verdict: &Verdict) -> anyhow::Result<()> {
    let Some(reason) = verdict.reason() else {
        return Ok(());
    };
    let id = instance.id.clone();
    app.db
        .write(Key::instance(instance.id.as_str()), async move |tx| {
            instances::set_problem(tx, &id, Some(reason.as_str())).await
        })
        .await?;
    Ok(())
}

fn explain(lang: Language, instance: &Instance, verdict: &Verdict) {
    let error = match verdict {
        Verdict::NotAsked => return,
        Verdict::Accepted => return eprintln!("{}", lang.say(words::TOKEN_ACCEPTED)),
        Verdict::Refused(error) | Verdict::Unreachable(error) => error,
    };
    let seen = complaint::why(error, lang);
    let values: [(&str, &dyn Display); 2] = [("id", &instance.id), ("seen", &seen)];
    let words = match verdict.reason() {
        Some(_) => words::TOKEN_NOT_ACCEPTED,
        None => words::TOKEN_NOT_TRIED,
    };
    eprintln!("{}", lang.fill(words, &values));
}

fn refusal(lang: Language, words: Words, values: &[(&str, &dyn Display)]) -> UsageError {
    UsageError::new(lang, words, values)
}

/// What was told, when it makes sense with what is known already.
async fn checked(context: &Context, app: &App, options: &Options) -> anyhow::Result<NewInstance> {
    let lang = context.lang;
    let gateway = Gateway::parse(&options.gateway).ok_or_else(|| {
        let name = plain(&options.gateway);
        refusal(lang, words::UNKNOWN_GATEWAY, &[("name", &name)])
    })?;
    let clients = instances::clients(&app.db).await?;
    if !clients.iter().any(|client| client.id == options.client) {
        let values = [("client", &options.client as &dyn Display)];
        return Err(refusal(lang, words::UNKNOWN_CLIENT, &values).into());
    }
    let id = InstanceId(options.id.trim().to_owned());
    if id.as_str().is_empty() || id.as_str().chars().any(is_hostile) {
        return Err(refusal(lang, words::EMPTY_ID, &[]).into());
    }
    let existing = instances::instance(&app.db, &id).await?;
    if let Some(existing) = existing.filter(|existing| existing.client != options.client) {
        let values: [(&str, &dyn Display); 2] = [("id", &id), ("client", &existing.client)];
        return Err(refusal(lang, words::OTHER_CLIENT, &values).into());
    }
    let cdn_base = options.cdn_base.as_deref().map(str::trim);
    let bases = cdn_base
        .filter(|bases| *bases != DEFAULT)
        .into_iter()
        .flat_map(|bases| bases.split(','));
    for url in options.api_base.as_deref().into_iter().chain(bases) {
        check_address(lang, url)?;
    }
    Ok(NewInstance {
        id,
        client: options.client,
        gateway,
        api_base: options.api_base.clone(),
        cdn_base: cdn_base.map(|bases| if bases == DEFAULT { "" } else { bases }.to_owned()),
        routes: routes(lang, options.routes.as_deref())?,
        token_sealed: None,
        hook_hash: [0; 32],
    })
}

/// Refuses what is no plain web address: with a password, a query or a fragment in it, too.
pub(super) fn check_address(lang: Language, url: &str) -> Result<(), UsageError> {
    match is_web_address(url) {
        true => Ok(()),
        false => Err(refusal(lang, words::NOT_PLAIN, &[("url", &plain(url))])),
    }
}

/// An empty list for the usual routes; nothing when they are not told.
fn routes(lang: Language, list: Option<&str>) -> Result<Option<Vec<Route>>, UsageError> {
    match list {
        None => Ok(None),
        Some(list) if list.trim() == DEFAULT => Ok(Some(Vec::new())),
        Some(list) => {
            let routes = Route::parse_list(list);
            let shown = plain(list);
            let refused = || refusal(lang, words::NOT_ROUTES, &[("list", &shown)]);
            routes.map(Some).ok_or_else(refused)
        }
    }
}

fn read_token(lang: Language, options: &Options) -> anyhow::Result<Option<String>> {
    let cannot_read = |what: &dyn Display| lang.fill(words::CANNOT_READ, &[("path", what)]);
    let text = match (&options.token_env, &options.token_file, options.token_stdin) {
        (Some(name), _, _) => std::env::var(name)
            .map_err(|_| refusal(lang, words::UNSET_VARIABLE, &[("name", name)]))?,
        (_, Some(path), _) => {
            std::fs::read_to_string(path).with_context(|| cannot_read(&path.display()))?
        }
        (_, _, true) if std::io::stdin().is_terminal() => {
            hidden::ask(&format!("{} ", lang.say(words::ASK_TOKEN)))
                .with_context(|| cannot_read(&"stdin"))?
        }
        (_, _, true) => {
            let mut text = String::new();
            std::io::stdin()
                .read_to_string(&mut text)
                .with_context(|| cannot_read(&"stdin"))?;
            text
        }
        _ => return Ok(None),
    };
    Ok(Some(checked_token(lang, &text)?.to_owned()))
}

/// The token without blanks around it. Refuses what cannot be sent in an HTTP header.
fn checked_token(lang: Language, text: &str) -> Result<&str, UsageError> {
    let token = text.trim_matches(|letter: char| letter.is_whitespace() || is_hostile(letter));
    if token.is_empty() {
        return Err(refusal(lang, words::EMPTY_TOKEN, &[]));
    }
    let wrong = token
        .chars()
        .enumerate()
        .find(|(_, letter)| !matches!(letter, ' '..='~'));
    let Some((at, letter)) = wrong else {
        return Ok(token);
    };
    let at = at + 1;
    if matches!(letter, '\r' | '\n') {
        return Err(refusal(lang, words::TOKEN_OF_LINES, &[("at", &at)]));
    }
    let code = format!("U+{:04X}", u32::from(letter));
    Err(refusal(
        lang,
        words::TOKEN_CHARACTER,
        &[("at", &at), ("code", &code)],
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_what_a_header_can_carry() {
        let checked = |text| checked_token(Language::English, text);
        for text in [
            "abc.DEF-1_2~+/=",
            " abc\r\n",
            "\u{feff}abc\n",
            "\tabc\u{a0}",
            "abc\0",
        ] {
            let token = checked(text).unwrap();
            assert!(token.starts_with("abc"), "{text:?}");
            assert!(token.is_ascii() && !token.contains(char::is_control));
        }
        for text in [
            "a\nb",
            "a\rb",
            "a\r\nX-Evil: 1",
            "a\0b",
            "a\tb",
            "ação",
            "a\u{200b}b",
            "a\u{7f}b",
        ] {
            let refused = checked(text).unwrap_err().to_string();
            assert!(!refused.contains(text), "{refused}");
        }
        assert!(checked(" \n").is_err());
    }
}
