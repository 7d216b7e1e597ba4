//! `user add|list|password|remove|setup-link`.

use std::io::IsTerminal as _;
use std::path::PathBuf;

use serde_json::{Value, json};

use crate::cli::{
    Context, Ending, Items, Language, TextKey, answer, hidden, ids, plain, tame,
    words::user as words, zone,
};
use midiateca_service::access::users::{self, User};
use midiateca_service::app::{AllowedStorage, App};
use midiateca_service::model::{Role, Scope};
use midiateca_service::ops::users as operation;

#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// Adds a user, who sets a password with the link that is printed, once
    Add {
        /// The name with which the user signs in, such as an e-mail address
        name: String,
        /// What the user may do
        #[arg(long, value_parser = super::key::roles(), default_value = "viewer")]
        role: Role,
        /// Only for this client [default: all clients]
        #[arg(long, value_name = "N")]
        client: Option<i64>,
        #[command(flatten)]
        password: PasswordSource,
    },
    /// Lists the users, a line each, by name
    List,
    /// Sets the password of a user, and ends the user's sessions; on a terminal it is asked for and not shown
    Password {
        /// The name of the user
        name: String,
        #[command(flatten)]
        password: PasswordSource,
    },
    /// Removes a user, with the sessions and the links that the user made
    #[command(visible_alias = "remover")]
    Remove {
        /// The name of the user
        name: String,
    },
    /// Prints a link with which a user sets a password, once; it is valid for a day
    SetupLink {
        /// The name of the user [default: the first administrator, while there is no user]
        name: Option<String>,
    },
}

#[derive(Debug, clap::Args)]
pub(crate) struct PasswordSource {
    /// The file that contains the password
    #[arg(long, value_name = "FILE", group = "password")]
    password_file: Option<PathBuf>,
    /// Read the password from stdin
    #[arg(long, group = "password")]
    password_stdin: bool,
}

impl PasswordSource {
    fn read(&self, lang: Language) -> anyhow::Result<Option<String>> {
        let text = match &self.password_file {
            Some(path) => hidden::of_file(lang, path)?,
            None if self.password_stdin => hidden::of_stdin(lang, words::ASK_PASSWORD)?,
            None => return Ok(None),
        };
        Ok(Some(without_line_end(text)))
    }

    fn read_or_ask(&self, lang: Language) -> anyhow::Result<String> {
        match self.read(lang)? {
            Some(password) => Ok(password),
            None if std::io::stdin().is_terminal() => hidden::of_stdin(lang, words::ASK_PASSWORD),
            None => Err(usage!(lang, words::NO_PASSWORD).into()),
        }
    }
}

/// Editors and `echo` end a file with it.
pub(super) fn without_line_end(mut text: String) -> String {
    if text.ends_with('\n') {
        text.pop();
        if text.ends_with('\r') {
            text.pop();
        }
    }
    text
}

pub(crate) async fn run(context: &Context, command: Command) -> anyhow::Result<Ending> {
    let app = match &command {
        Command::List => context.open_to_look(AllowedStorage::Unused).await?,
        _ => context.open_existing(AllowedStorage::Unused).await?,
    };
    let (actor, deps) = (&context.actor, app.user_deps());
    match command {
        Command::Add {
            name,
            role,
            client,
            password,
        } => {
            let options = operation::Options {
                within: Scope::All,
                name,
                role,
                scope: Scope::of(client),
                password: password.read(context.lang)?,
            };
            add(context, &app, options).await?;
        }
        Command::List => {
            let found = users::list(&app.db, Scope::All).await?;
            let lang = context.lang;
            Items::new("items", move |user| line(lang, user)).page(&found, None);
        }
        Command::Password { name, password } => {
            let user = find(context, &app, &name).await?;
            let password = password.read_or_ask(context.lang)?;
            operation::set_password(deps, actor, target(&user), &password).await?;
            report(context, &user, words::PASSWORD_SET, "password_set");
        }
        Command::Remove { name } => {
            let user = find(context, &app, &name).await?;
            operation::remove(deps, actor, target(&user)).await?;
            report(context, &user, words::REMOVED, "removed");
        }
        Command::SetupLink { name } => {
            let user = match name {
                Some(name) => Some(find(context, &app, &name).await?),
                None => None,
            };
            let token = operation::make_setup_link(deps, actor, user.as_ref().map(target)).await?;
            let name = user.map(|user| user.name);
            print_link(context, &app, &token, json!({"name": name}));
        }
    }
    Ok(Ending::Fine)
}

fn target(user: &User) -> operation::Target<'_> {
    operation::Target {
        id: &user.id,
        within: Scope::All,
    }
}

fn report(context: &Context, user: &User, words: TextKey, field: &str) {
    let text = fill!(context.lang, words, name = plain(&user.name));
    answer::report(json!({"id": user.id, "name": user.name, field: true}), text);
}

async fn add(context: &Context, app: &App, options: operation::Options) -> anyhow::Result<()> {
    let adding = operation::add(app.user_deps(), &context.actor, options);
    let added = adding.await?;
    let document = json!(added.user);
    match added.setup {
        Some(token) => print_link(context, app, &token, document),
        None => answer::report(document, line(context.lang, &added.user)),
    }
    Ok(())
}

/// Shown once: only the hash of its token is stored.
fn print_link(context: &Context, app: &App, token: &str, mut document: Value) {
    let address = app.setup_address(token);
    document["address"] = json!(address);
    if !answer::is_json() {
        complain!(context.lang, words::OPEN_LINK);
    }
    answer::report(document, address);
}

async fn find(context: &Context, app: &App, name: &str) -> anyhow::Result<User> {
    let wanted = operation::normal_name(name)?;
    let known = users::list(&app.db, Scope::All).await?;
    let found = known.into_iter().find(|user| user.name == wanted);
    let unknown = || usage!(context.lang, words::UNKNOWN, name = plain(&wanted));
    Ok(found.ok_or_else(unknown)?)
}

fn line(lang: Language, user: &User) -> String {
    let client = ids::client_or_all(lang, user.client);
    let state = match user.password_set_at {
        Some(_) => fill!(
            lang,
            words::LAST_SIGN_IN,
            at = zone::or_dash(user.last_sign_in_at)
        ),
        None => lang.say(words::NO_PASSWORD_YET).to_owned(),
    };
    format!(
        "{}\t{}\t{client}\t{state}",
        tame(&user.name),
        user.role.as_str()
    )
}
