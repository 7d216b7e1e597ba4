//! `client add|list`.

use serde_json::json;

use super::answer;
use super::context::Context;
use super::language::{plain, tame};
use super::words::client as words;
use super::{Ending, UsageError};
use midiateca_service::app::AllowedStorage;
use midiateca_service::db::Key;
use midiateca_service::instances;

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
}

pub(crate) async fn run(context: Context, command: Command) -> anyhow::Result<Ending> {
    if let Command::Add {
        id: Some(number), ..
    } = &command
        && !(1..=instances::LARGEST_CLIENT).contains(number)
    {
        let wrong = context.lang.fill(
            words::NUMBER,
            &[("number", number), ("largest", &instances::LARGEST_CLIENT)],
        );
        return Err(UsageError(wrong).into());
    }
    if let Command::Add { name, .. } = &command
        && name.trim().is_empty()
    {
        return Err(UsageError(context.lang.say(words::NO_NAME).to_owned()).into());
    }
    let app = match command {
        Command::Add { .. } => context.open().await?,
        Command::List => context.open_to_look(AllowedStorage::Unused).await?,
    };
    match command {
        Command::Add { name, id } => {
            let now = app.clock.now();
            let taken = UsageError(context.lang.fill(words::TAKEN, &[("name", &plain(&name))]));
            let added = app
                .db
                .write(Key::Everything, async move |tx| {
                    instances::add_client(tx, &name, id, now).await
                })
                .await?;
            let id = added.ok_or(taken)?;
            if context.json {
                answer::line(json!({"client": id}));
            } else {
                answer::line(id);
            }
        }
        Command::List => {
            for client in instances::clients(&app.db).await? {
                if context.json {
                    answer::line(format_args!(
                        "{}",
                        json!({"client": client.id, "name": client.name})
                    ));
                } else {
                    answer::line(format_args!("{}\t{}", client.id, tame(&client.name)));
                }
            }
        }
    }
    app.db.close().await;
    Ok(Ending::Fine)
}
