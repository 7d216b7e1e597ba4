//! `client add|list|rename|remove`.

use serde_json::json;

use super::answer;
use super::context::Context;
use super::document::{Document, Out};
use super::ids;
use super::language::{plain, tame};
use super::words::client as words;
use super::{Ending, UsageError};
use midiateca_service::app::{AllowedStorage, App};
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

pub(crate) async fn run(context: Context, command: Command) -> anyhow::Result<Ending> {
    let app = match &command {
        Command::Add { name, id } => {
            check_number(&context, *id)?;
            check_name(&context, name)?;
            context.open().await?
        }
        Command::Rename { name, .. } => {
            check_name(&context, name)?;
            context
                .open_existing_allowing(AllowedStorage::Unused)
                .await?
        }
        Command::Remove { .. } => {
            context
                .open_existing_allowing(AllowedStorage::Unused)
                .await?
        }
        Command::List => context.open_to_look(AllowedStorage::Unused).await?,
    };
    match command {
        Command::Add { name, id } => add(&context, &app, name, id).await?,
        Command::List => list(&context, &app).await?,
        Command::Rename { client, name } => rename(&context, &app, client, name).await?,
        Command::Remove { client, keep_files } => {
            let options = remove_client::Options { client, keep_files };
            remove(&context, &app, options).await?;
        }
    }
    app.db.close().await;
    Ok(Ending::Fine)
}

fn check_number(context: &Context, number: Option<i64>) -> Result<(), UsageError> {
    let largest = instances::LARGEST_CLIENT;
    match number {
        Some(number) if !(1..=largest).contains(&number) => Err(UsageError::new(
            context.lang,
            words::NUMBER,
            &[("number", &number), ("largest", &largest)],
        )),
        _ => Ok(()),
    }
}

fn check_name(context: &Context, name: &str) -> Result<(), UsageError> {
    if name.trim().is_empty() {
        return Err(UsageError::new(context.lang, words::NO_NAME, &[]));
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
    match removed {
        Some(client) => number_removed(context, client),
        None => UsageError::new(context.lang, words::TAKEN, &[("name", &plain(name))]),
    }
}

async fn add(context: &Context, app: &App, name: String, id: Option<i64>) -> anyhow::Result<()> {
    let removed = removed_with(app, &name, id).await?;
    let refusal = refusal(context, &name, removed.first());
    let now = app.clock.now();
    let adding = app.db.write(Key::Everything, async move |tx| {
        instances::add_client(tx, &name, id, now).await
    });
    let id = adding.await?.ok_or(refusal)?;
    if removed.iter().any(|client| client.id == id) {
        answer::complain(context.lang.fill(words::RESTORED, &[("client", &id)]));
    }
    if context.json {
        answer::line(json!({"client": id}));
    } else {
        answer::line(id);
    }
    Ok(())
}

fn number_removed(context: &Context, client: &Client) -> UsageError {
    let name = plain(&client.name);
    UsageError::new(
        context.lang,
        words::NUMBER_REMOVED,
        &[("client", &client.id), ("name", &name)],
    )
}

async fn list(context: &Context, app: &App) -> anyhow::Result<()> {
    let clients = instances::clients(&app.db).await?;
    if !context.json {
        for client in clients {
            answer::line(format_args!("{}\t{}", client.id, tame(&client.name)));
        }
        return Ok(());
    }
    let list = Document::new("items", Out::Stdout);
    for client in clients {
        list.item(&json!({"client": client.id, "name": client.name}));
    }
    list.finish_list();
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
        Renaming::NoClient => {
            return Err(ids::unknown_client(context, client).into());
        }
    }
    if context.json {
        answer::line(json!({"client": client, "name": name}));
    } else {
        answer::line(format_args!("{client}\t{}", tame(&name)));
    }
    Ok(())
}

async fn remove(
    context: &Context,
    app: &App,
    options: remove_client::Options,
) -> anyhow::Result<()> {
    let report = remove_client::run(&app.db, &app.clock, options).await?;
    if context.json {
        answer::line(json!(report));
        return Ok(());
    }
    let values: [(&str, &dyn std::fmt::Display); 2] =
        [("client", &report.client), ("media", &report.media)];
    let key = match report.media {
        0 => words::REMOVED_WITHOUT_MEDIA,
        _ => words::REMOVED,
    };
    answer::complain(context.lang.fill(key, &values));
    Ok(())
}
