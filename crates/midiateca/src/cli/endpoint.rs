//! `endpoint add|list|test|remove`.

use serde_json::json;

use crate::cli::{
    Context, Ending, Items, Language, answer, ids, plain, tame, words::endpoint as words, zone,
};
use midiateca_service::app::{AllowedStorage, App};
use midiateca_service::events::endpoints::{self, Endpoint};
use midiateca_service::model::Scope;
use midiateca_service::ops::endpoints as operation;

#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// Adds an endpoint of outgoing webhooks, and prints its secret, once
    Add {
        /// An http or https address
        url: String,
        /// Only events of this client [default: all clients]
        #[arg(long, value_name = "N")]
        client: Option<i64>,
        /// Only these types of events, separated by commas, such as media.stored,media.failed [default: all]
        #[arg(long, value_name = "LIST", value_delimiter = ',')]
        types: Option<Vec<String>>,
    },
    /// Lists the endpoints, a line each, the newest first
    List,
    /// Queues a test notification; a running server sends it
    Test {
        /// Its id, or the beginning of it
        #[arg(value_name = "ENDPOINT")]
        id: String,
    },
    /// Removes an endpoint with its notifications
    #[command(visible_alias = "remover")]
    Remove {
        /// Its id, or the beginning of it
        #[arg(value_name = "ENDPOINT")]
        id: String,
    },
}

pub(crate) async fn run(context: &Context, command: Command) -> anyhow::Result<Ending> {
    let app = match &command {
        Command::List => context.open_to_look(AllowedStorage::Unused).await?,
        _ => context.open_existing(AllowedStorage::Unused).await?,
    };
    let lang = context.lang;
    match command {
        Command::Add { url, client, types } => {
            let options = operation::Options {
                url,
                scope: Scope::of(client),
                types,
            };
            let adding = operation::add(app.endpoint_deps(), &context.actor, options);
            let (id, secret) = adding.await?;
            if client.is_none() {
                complain!(lang, words::OF_ALL_CLIENTS);
            }
            if !answer::is_json() {
                complain!(lang, words::ADDED, id);
            }
            answer::report(json!({"id": id, "secret": secret}), secret);
        }
        Command::List => {
            let found = endpoints::list(&app.db, Scope::All).await?;
            Items::new("items", move |endpoint| line(lang, endpoint)).page(&found, None);
        }
        Command::Test { id } => {
            let endpoint = find(context, &app, &id).await?;
            let notification =
                operation::test(app.endpoint_deps(), &context.actor, &endpoint).await?;
            let text = fill!(lang, words::QUEUED, id = notification);
            answer::report(json!({"notification": notification}), text);
        }
        Command::Remove { id } => {
            let endpoint = find(context, &app, &id).await?;
            let deps = app.endpoint_deps();
            operation::remove(deps, &context.actor, &endpoint).await?;
            let text = fill!(lang, words::REMOVED, url = plain(&endpoint.url));
            answer::report(json!({"id": endpoint.id, "removed": true}), text);
        }
    }
    Ok(Ending::Fine)
}

async fn find(context: &Context, app: &App, id: &str) -> anyhow::Result<Endpoint> {
    let known = endpoints::list(&app.db, Scope::All).await?;
    ids::one(context, ids::ENDPOINT, id, known, |known| known.id.as_str())
}

fn line(lang: Language, endpoint: &Endpoint) -> String {
    let client = ids::client_or_all(lang, endpoint.client);
    let types = endpoint.types.as_ref().map(|types| types.join(","));
    let types = types.unwrap_or_else(|| lang.say(words::ALL_TYPES).to_owned());
    let state = match (endpoint.disabled_at, endpoint.failing_since) {
        (Some(at), _) => fill!(lang, words::DISABLED_AT, at = zone::local(at)),
        (None, Some(at)) => fill!(lang, words::FAILING_SINCE, at = zone::local(at)),
        (None, None) => lang.say(words::ENABLED).to_owned(),
    };
    format!(
        "{}\t{}\t{client}\t{types}\t{state}",
        endpoint.id,
        tame(&endpoint.url)
    )
}
