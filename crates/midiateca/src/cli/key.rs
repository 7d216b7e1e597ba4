//! `key create|list|show|revoke`.

use clap::builder::{PossibleValuesParser, TypedValueParser};
use serde_json::json;

use crate::cli::{
    Context, Ending, Items, Language, answer, ids, plain, tame, words::key as words, zone,
};
use midiateca_service::access::keys::{self, ApiKey};
use midiateca_service::app::{AllowedStorage, App};
use midiateca_service::model::{Role, Scope};
use midiateca_service::ops::dossier::public_key;
use midiateca_service::ops::keys as operation;

#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// Makes a key for the HTTP API, and prints it, once
    Create {
        /// What it is for
        name: String,
        /// What it may do
        #[arg(long, value_parser = roles(), default_value = "viewer")]
        role: Role,
        /// Only for this client [default: all clients]
        #[arg(long, value_name = "N")]
        client: Option<i64>,
        /// How long it is valid, such as 90d [default: for ever]
        #[arg(long, value_name = "DURATION")]
        expires_in: Option<String>,
    },
    /// Lists the keys, a line each, the newest first
    List,
    /// Shows one key, or the public key that signs dossiers
    Show {
        /// Its id, or the beginning of it
        #[arg(value_name = "KEY", required_unless_present = "dossier")]
        id: Option<String>,
        /// Print the public key with which `verify-dossier` recognises the dossiers of this installation
        #[arg(long, conflicts_with = "id")]
        dossier: bool,
    },
    /// Revokes a key and the links that it made
    Revoke {
        /// Its id, or the beginning of it
        #[arg(value_name = "KEY")]
        id: String,
    },
}

pub(super) fn roles() -> impl TypedValueParser<Value = Role> {
    let names = PossibleValuesParser::new(Role::ALL.map(Role::as_str));
    names.map(|name| Role::parse(&name).unwrap_or(Role::Viewer))
}

pub(crate) async fn run(context: &Context, command: Command) -> anyhow::Result<Ending> {
    let app = match &command {
        Command::Create { .. } | Command::Revoke { .. } => {
            context.open_existing(AllowedStorage::Unused).await?
        }
        Command::List | Command::Show { .. } => {
            context.open_to_look(AllowedStorage::Unused).await?
        }
    };
    match command {
        Command::Create {
            name,
            role,
            client,
            expires_in,
        } => {
            let options = operation::Options {
                name,
                role,
                scope: Scope::of(client),
                expires_in,
            };
            create(context, &app, options).await?;
        }
        Command::List => {
            let found = keys::list(&app.db, Scope::All).await?;
            let lang = context.lang;
            Items::new("items", move |key| line(lang, key)).page(&found, None);
        }
        Command::Show { id: Some(id), .. } => {
            let key = find(context, &app, &id).await?;
            answer::report(json!(key), line(context.lang, &key));
        }
        Command::Show { id: None, .. } => {
            let key = public_key(&app.secrets.dossier_seed()?).to_string();
            answer::report(json!({"algorithm": "Ed25519", "public_key": key}), key);
        }
        Command::Revoke { id } => {
            let key = find(context, &app, &id).await?;
            operation::revoke(&app.db, &app.clock, &context.actor, &key).await?;
            let text = fill!(context.lang, words::REVOKED, name = plain(&key.name));
            answer::report(json!({"id": key.id, "revoked": true}), text);
        }
    }
    Ok(Ending::Fine)
}

async fn create(context: &Context, app: &App, options: operation::Options) -> anyhow::Result<()> {
    let creating = operation::create(&app.db, &app.clock, &context.actor, options);
    let created = creating.await?;
    let mut document = json!(created.key);
    document["key"] = json!(created.token);
    if !answer::is_json() {
        complain!(context.lang, words::CREATED);
    }
    answer::report(document, created.token);
    Ok(())
}

async fn find(context: &Context, app: &App, id: &str) -> anyhow::Result<ApiKey> {
    let known = keys::list(&app.db, Scope::All).await?;
    ids::one(context, ids::KEY, id, known, |known| known.id.as_str())
}

fn line(lang: Language, key: &ApiKey) -> String {
    let client = ids::client_or_all(lang, key.client);
    let state = match (key.revoked_at, key.expires_at) {
        (Some(at), _) => fill!(lang, words::REVOKED_AT, at = zone::local(at)),
        (None, Some(at)) => fill!(lang, words::EXPIRES_AT, at = zone::local(at)),
        (None, None) => lang.say(words::NO_END).to_owned(),
    };
    let used = fill!(lang, words::LAST_USED, at = zone::or_dash(key.last_used_at));
    format!(
        "{}\t{}\t{}\t{client}\t{state}\t{used}",
        key.id,
        tame(&key.name),
        key.role.as_str()
    )
}
