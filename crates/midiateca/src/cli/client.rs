//! `client add|list|rename|remove`.

use serde_json::json;

use crate::cli::{
    Context, Ending, Items, UsageError, answer, ids, plain, summary, tame, words::client as words,
};
use midiateca_service::app::{Allowed, AllowedStorage, App};
use midiateca_service::db::Key;
use midiateca_service::instances::{self, Client, Renaming};
use midiateca_service::ops::remove_client;

#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// Adds a company
    Add {
        /// Its name
        name: String,
        /// Its number [default: the next free one]
        #[arg(long, value_name = "N", allow_negative_numbers = true)]
        id: Option<i64>,
    },
    /// Lists the companies
    List,
    /// Gives a company another name; its number and its files do not change
    Rename {
        /// Its number
        #[arg(value_name = "N")]
        client: i64,
        /// Its new name
        name: String,
    },
    /// Stops a company from receiving; refuses while it has media
    #[command(visible_alias = "remover")]
    Remove {
        /// Its number
        #[arg(value_name = "N")]
        client: i64,
        /// Remove it although it has media; its rows and files stay
        #[arg(long)]
        keep_files: bool,
    },
}

pub(crate) async fn run(context: &Context, command: Command) -> anyhow::Result<Ending> {
    let app = match &command {
        Command::Add { name, id } => {
            check(context, name, *id)?;
            context.open(Allowed::default()).await?
        }
        Command::Rename { name, .. } => {
            check(context, name, None)?;
            context.open_existing(AllowedStorage::Unused).await?
        }
        Command::Remove { .. } => context.open_existing(AllowedStorage::Unused).await?,
        Command::List => context.open_to_look(AllowedStorage::Unused).await?,
    };
    match command {
        Command::Add { name, id } => add(context, &app, name, id).await?,
        Command::List => {
            let clients = instances::clients(&app.db).await?;
            let json = |it: &Client| json!({"client": it.id, "name": it.name}).to_string();
            let line = |it: &Client| line(it.id, &it.name);
            Items::shown_as("items", json, line).page(&clients, None);
        }
        Command::Rename { client, name } => rename(context, &app, client, name).await?,
        Command::Remove { client, keep_files } => {
            let options = remove_client::Options { client, keep_files };
            let report = remove_client::run(&app.db, &app.clock, options).await?;
            let key = match report.media {
                0 => words::REMOVED_WITHOUT_MEDIA,
                _ => words::REMOVED,
            };
            answer::report(json!(report), summary(context.lang, key, &report));
        }
    }
    Ok(Ending::Fine)
}

fn line(client: i64, name: &str) -> String {
    format!("{client}\t{}", tame(name))
}

fn check(context: &Context, name: &str, number: Option<i64>) -> Result<(), UsageError> {
    let largest = instances::LARGEST_CLIENT;
    if let Some(number) = number.filter(|number| !(1..=largest).contains(number)) {
        return Err(usage!(context.lang, words::NUMBER, number, largest));
    }
    if name.trim().is_empty() {
        return Err(usage!(context.lang, words::NO_NAME));
    }
    Ok(())
}

/// Removed clients with this name or number; `client list` does not show them.
async fn removed_with(app: &App, name: &str, id: Option<i64>) -> anyhow::Result<Vec<Client>> {
    let mut removed = instances::every_client(&app.db).await?;
    removed.retain(|client| client.removed && (client.name == name || Some(client.id) == id));
    Ok(removed)
}

/// The error for a name or number that another client has, possibly a removed one.
fn refusal(context: &Context, name: &str, removed: Option<&Client>) -> UsageError {
    let Some(Client { id, name, .. }) = removed else {
        return usage!(context.lang, words::TAKEN, name = plain(name));
    };
    let name = plain(name);
    usage!(context.lang, words::NUMBER_REMOVED, client = id, name)
}

async fn add(context: &Context, app: &App, name: String, id: Option<i64>) -> anyhow::Result<()> {
    let removed = removed_with(app, &name, id).await?;
    let refusal = refusal(context, &name, removed.first());
    let now = app.clock.now();
    let adding = app.db.write(Key::Everything, async move |tx| {
        instances::add_client(tx, &name, id, now).await
    });
    let client = adding.await?.ok_or(refusal)?;
    if removed.iter().any(|removed| removed.id == client) {
        complain!(context.lang, words::RESTORED, client);
    }
    answer::report(json!({"client": client}), client);
    Ok(())
}

async fn rename(context: &Context, app: &App, client: i64, name: String) -> anyhow::Result<()> {
    let new = name.clone();
    let renaming = app.db.write(Key::Everything, async move |tx| {
        instances::rename_client(tx, client, &new).await
    });
    match renaming.await? {
        Renaming::Renamed => {}
        Renaming::NameTaken => {
            let removed = removed_with(app, &name, None).await?;
            return Err(refusal(context, &name, removed.first()).into());
        }
        Renaming::NoClient => return Err(ids::unknown(context, ids::CLIENT, client).into()),
    }
    let document = json!({"client": client, "name": name});
    answer::report(document, line(client, &name));
    Ok(())
}
