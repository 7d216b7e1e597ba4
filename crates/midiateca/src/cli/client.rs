//! `client add|list|rename|remove`.

use serde_json::json;

use crate::cli::{Context, Ending, Items, answer, summary, tame, words::client as words};
use midiateca_service::app::{Allowed, AllowedStorage};
use midiateca_service::instances::{self, Client};
use midiateca_service::ops::clients;

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
            clients::check(name, *id)?;
            context.open_or_create(Allowed::default()).await?
        }
        Command::Rename { name, .. } => {
            clients::check(name, None)?;
            context.open_existing(AllowedStorage::Unused).await?
        }
        Command::Remove { .. } => context.open_existing(AllowedStorage::Unused).await?,
        Command::List => context.open_to_look(AllowedStorage::Unused).await?,
    };
    let (db, clock, actor) = (&app.db, &app.clock, &context.actor);
    match command {
        Command::Add { name, id: number } => {
            let options = clients::Options { name, number };
            let added = clients::add(db, clock, actor, options).await?;
            if added.restored {
                complain!(context.lang, words::RESTORED, client = added.client);
            }
            answer::report(json!(added), added.client);
        }
        Command::List => {
            let known = instances::clients(db).await?;
            let json = |it: &Client| json!({"client": it.id, "name": it.name}).to_string();
            let line = |it: &Client| line(it.id, &it.name);
            Items::shown_as("items", json, line).page(&known, None);
        }
        Command::Rename { client, name } => {
            let named = clients::rename(db, clock, actor, client, &name).await?;
            answer::report(json!(named), line(named.client, &named.name));
        }
        Command::Remove { client, keep_files } => {
            let report = clients::remove(db, clock, actor, client, keep_files).await?;
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
