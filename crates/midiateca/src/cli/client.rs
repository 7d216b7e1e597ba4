//! `client add|list|rename`.

use serde_json::json;

use super::answer;
use super::context::Context;
use super::document::{Document, Out};
use super::language::{plain, tame};
use super::words::client as words;
use super::{Ending, UsageError};
use midiateca_service::app::{AllowedStorage, App};
use midiateca_service::db::Key;
use midiateca_service::instances::{self, Renaming};

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
    /// Gives a company another name; its number and its files stay
    Rename {
        /// Its number
        #[arg(value_name = "N")]
        client: i64,
        /// Its new name
        name: String,
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
        Command::List => context.open_to_look(AllowedStorage::Unused).await?,
    };
    match command {
        Command::Add { name, id } => add(&context, &app, name, id).await?,
        Command::List => list(&context, &app).await?,
        Command::Rename { client, name } => rename(&context, &app, client, name).await?,
    }
    app.db.close().await;
    Ok(Ending::Fine)
}

fn check_number(context: &Context, number: Option<i64>) -> Result<(), UsageError> {
    let largest = instances::LARGEST_CLIENT;
    match number {
        Some(number) if !(1..=largest).contains(&number) => Err(UsageError(
            context
                .lang
                .fill(words::NUMBER, &[("number", &number), ("largest", &largest)]),
        )),
        _ => Ok(()),
    }
}

fn check_name(context: &Context, name: &str) -> Result<(), UsageError> {
    match name.trim().is_empty() {
        true => Err(UsageError(context.lang.say(words::NO_NAME).to_owned())),
        false => Ok(()),
    }
}

fn taken(context: &Context, name: &str) -> UsageError {
    UsageError(context.lang.fill(words::TAKEN, &[("name", &plain(name))]))
}

async fn add(context: &Context, app: &App, name: String, id: Option<i64>) -> anyhow::Result<()> {
    let (now, taken) = (app.clock.now(), taken(context, &name));
    let adding = app.db.write(Key::Everything, async move |tx| {
        instances::add_client(tx, &name, id, now).await
    });
    let id = adding.await?.ok_or(taken)?;
    match context.json {
        true => answer::line(json!({"client": id})),
        false => answer::line(id),
    }
    Ok(())
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
        Renaming::NameTaken => return Err(taken(context, &name).into()),
        Renaming::NoClient => {
            let text = context.lang.fill(words::UNKNOWN, &[("client", &client)]);
            return Err(UsageError(text).into());
        }
    }
    match context.json {
        true => answer::line(json!({"client": client, "name": name})),
        false => answer::line(format_args!("{client}\t{}", tame(&name))),
    }
    Ok(())
}
