//! `hold add|list|release`.

use serde_json::json;

use crate::cli::{
    Context, Ending, Items, Language, answer, ids, plain, tame, words::hold as words, zone,
};
use midiateca_service::app::{AllowedStorage, App};
use midiateca_service::media::holds::{self, Hold, Target};
use midiateca_service::model::Scope;
use midiateca_service::ops::holds as operation;

#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// Adds a hold on a chat, on a person, or without either on everything of a client
    Add {
        /// Whose data it is
        #[arg(long, value_name = "N")]
        client: i64,
        /// Only this chat: its id as `media show` shows it, or a phone number
        #[arg(long, value_name = "ID", conflicts_with = "person")]
        chat: Option<String>,
        /// Only this person: the chat with them, and what they sent in any chat
        #[arg(long, value_name = "ID")]
        person: Option<String>,
        /// Why, for those who read the list later
        reason: String,
    },
    /// Lists the holds, a line each, the newest first
    List {
        /// Also those that were released
        #[arg(long)]
        all: bool,
    },
    /// Releases a hold; it stays in the list
    Release {
        /// Its id, or the beginning of it
        #[arg(value_name = "HOLD")]
        id: String,
    },
}

pub(crate) async fn run(context: &Context, command: Command) -> anyhow::Result<Ending> {
    let app = match &command {
        Command::Add { .. } | Command::Release { .. } => {
            context.open_existing(AllowedStorage::Unused).await?
        }
        Command::List { .. } => context.open_to_look(AllowedStorage::Unused).await?,
    };
    let lang = context.lang;
    match command {
        Command::Add {
            client,
            chat,
            person,
            reason,
        } => {
            let options = operation::Options {
                client,
                chat,
                person,
                reason,
            };
            let adding = operation::add(&app.db, &app.clock, &context.actor, options);
            let hold = adding.await?;
            let text = fill!(lang, words::ADDED, id = hold.id);
            answer::report(json!(hold), text);
            let covered = holds::covered(&app.db, &hold).await?.media;
            if covered == 0 {
                complain!(lang, words::COVERS_NOTHING);
            } else {
                complain!(lang, words::COVERS, count = covered);
            }
        }
        Command::List { all } => {
            let mut found = holds::list(&app.db, Scope::All).await?;
            found.retain(|hold| all || hold.released_at.is_none());
            Items::new("items", move |hold| line(lang, hold)).page(&found, None);
        }
        Command::Release { id } => {
            let hold = find(context, &app, &id).await?;
            operation::release(&app.db, &app.clock, &context.actor, &hold).await?;
            let text = fill!(lang, words::RELEASED, id = hold.id);
            answer::report(json!({"id": hold.id, "released": true}), text);
        }
    }
    Ok(Ending::Fine)
}

async fn find(context: &Context, app: &App, id: &str) -> anyhow::Result<Hold> {
    let known = holds::list(&app.db, Scope::All).await?;
    ids::one(context, ids::HOLD, id, known, |known| known.id.as_str())
}

fn line(lang: Language, hold: &Hold) -> String {
    let target = match hold.target() {
        Target::Client => lang.say(words::EVERYTHING).to_owned(),
        Target::Chat(chat) => fill!(lang, words::CHAT, id = plain(&chat)),
        Target::Person(person) => fill!(lang, words::PERSON, id = plain(&person)),
    };
    let since = fill!(lang, words::SINCE, at = zone::local(hold.created_at));
    let state = match hold.released_at {
        Some(at) => fill!(lang, words::RELEASED_AT, at = zone::local(at)),
        None => lang.say(words::IN_FORCE).to_owned(),
    };
    format!(
        "{}\tcliente_{}\t{target}\t{since}\t{state}\t{}",
        hold.id,
        hold.client,
        tame(&hold.reason)
    )
}
