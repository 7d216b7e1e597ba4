//! Users: added, changed, removed; their passwords and the links with which they set them.

use serde_json::json;

use crate::access::audit::{Action, NewEntry, append};
use crate::access::password::{NewPassword, PasswordError, Passwords};
use crate::access::users::{self, NewUser, SetupFor, User};
use crate::access::{Actor, links};
use crate::clock::{Clock, Millis};
use crate::db::{self, Db, Key, Tx};
use crate::instances;
use crate::model::{Role, Scope};
use crate::terminal::is_hostile;

/// In characters.
const LONGEST_NAME: usize = 100;
/// The name of the user whose password is in a file.
pub const ADMIN: &str = "admin";

#[derive(Clone, Copy)]
pub struct Deps<'a> {
    pub db: &'a Db,
    pub clock: &'a Clock,
    pub passwords: &'a Passwords,
}

#[derive(Debug, thiserror::Error)]
pub enum UserError {
    #[error("the name of the user is empty, too long, or has spaces or control characters")]
    Name,
    #[error("a user {name} exists")]
    NameTaken { name: String },
    #[error("no client {client} is known")]
    NoClient { client: i64 },
    #[error("this is the last user who administers all clients")]
    LastAdmin,
    #[error("the link for setting a password is not valid")]
    Link,
    #[error("users exist, and no name was given")]
    NoName,
    #[error(transparent)]
    Password(#[from] PasswordError),
    #[error(transparent)]
    Db(#[from] db::Error),
}

impl UserError {
    pub fn is_usage(&self) -> bool {
        !matches!(self, Self::Db(_) | Self::Password(PasswordError::Busy))
    }
}

/// The fields of a user to add.
#[derive(Clone, Debug)]
pub struct Options {
    pub name: String,
    pub role: Role,
    pub scope: Scope,
    /// Without it, the user sets it by a link.
    pub password: Option<String>,
}

/// A user, and the token of the link for setting the password.
pub struct Added {
    pub user: User,
    pub setup: Option<String>,
}

/// Names are compared in lower case: phones write the first letter large.
pub fn normal_name(text: &str) -> Result<String, UserError> {
    let name = text.trim().to_lowercase();
    let is_wrong = |letter: char| letter.is_whitespace() || is_hostile(letter);
    if name.is_empty() || name.chars().count() > LONGEST_NAME || name.chars().any(is_wrong) {
        return Err(UserError::Name);
    }
    Ok(name)
}

fn entry(action: Action, user: &User) -> NewEntry {
    let data = json!({"user": user.id, "role": user.role});
    NewEntry::new(action, user.client, data)
}

async fn check_client(tx: &mut Tx, scope: Scope) -> Result<Result<(), UserError>, db::Error> {
    match scope.client() {
        Some(client) if !instances::has_client(tx, client).await? => {
            Ok(Err(UserError::NoClient { client }))
        }
        _ => Ok(Ok(())),
    }
}

async fn is_taken(tx: &mut Tx, name: &str) -> Result<bool, db::Error> {
    let known = users::list_in(tx).await?;
    Ok(known.iter().any(|user| user.name == name))
}

/// Without this user, none could administer all clients.
async fn is_last_admin(tx: &mut Tx, user: &User) -> Result<bool, db::Error> {
    let known = users::list_in(tx).await?;
    let mut admins = known.iter().filter(|known| known.is_global_admin());
    Ok(user.is_global_admin() && admins.all(|admin| admin.id == user.id))
}

async fn hash(deps: Deps<'_>, password: &str, name: &str) -> Result<String, UserError> {
    let password = NewPassword::new(password, name)?;
    Ok(deps.passwords.hash(password).await?)
}

pub async fn add(deps: Deps<'_>, actor: &Actor, options: Options) -> Result<Added, UserError> {
    let name = normal_name(&options.name)?;
    let password_hash = match &options.password {
        Some(password) => hash(deps, password, &name).await?,
        None => String::new(),
    };
    let new = NewUser {
        name,
        role: options.role,
        scope: options.scope,
        password_hash,
    };
    let (actor, now) = (actor.clone(), deps.clock.now());
    let adding = deps.db.write(Key::Everything, async move |tx| {
        if let Err(error) = check_client(tx, new.scope).await? {
            return Ok(Err(error));
        }
        if is_taken(tx, &new.name).await? {
            let name = new.name.clone();
            return Ok(Err(UserError::NameTaken { name }));
        }
        let user = users::add(tx, new.clone(), now).await?;
        append(tx, &actor, entry(Action::UserAdded, &user), now).await?;
        let setup = match user.password_set_at {
            Some(_) => None,
            None => Some(users::make_setup_link(tx, Some(&user.id), now).await?),
        };
        Ok(Ok(Added { user, setup }))
    });
    adding.await?
}

/// The fields of a user to change.
#[derive(Clone, Copy, Debug)]
pub struct Change {
    pub role: Role,
    pub scope: Scope,
}

/// Also ends the user's sessions.
pub async fn change(
    deps: Deps<'_>,
    actor: &Actor,
    user: &User,
    change: Change,
) -> Result<(), UserError> {
    let (actor, user, now) = (actor.clone(), user.clone(), deps.clock.now());
    let changing = deps.db.write(Key::Everything, async move |tx| {
        if let Err(error) = check_client(tx, change.scope).await? {
            return Ok(Err(error));
        }
        let stays = change.role == Role::Admin && change.scope == Scope::All;
        if !stays && is_last_admin(tx, &user).await? {
            return Ok(Err(UserError::LastAdmin));
        }
        users::change(tx, &user.id, change.role, change.scope).await?;
        let data = json!({"user": user.id, "role": change.role});
        let entry = NewEntry::new(Action::UserChanged, change.scope.client(), data);
        append(tx, &actor, entry, now).await?;
        Ok(Ok(()))
    });
    changing.await?
}

/// Removes a user, with the sessions and the signed links. The command line may remove the last administrator, too.
pub async fn remove(deps: Deps<'_>, actor: &Actor, user: &User) -> Result<(), UserError> {
    let (actor, user, now) = (actor.clone(), user.clone(), deps.clock.now());
    let removing = deps.db.write(Key::Everything, async move |tx| {
        if actor != Actor::CommandLine && is_last_admin(tx, &user).await? {
            return Ok(Err(UserError::LastAdmin));
        }
        if users::remove(tx, &user.id).await? {
            links::revoke_of_creator(tx, &Actor::User(user.id.clone()).code(), now).await?;
            append(tx, &actor, entry(Action::UserRemoved, &user), now).await?;
        }
        Ok(Ok(()))
    });
    removing.await?
}

/// Sets a password, and ends the user's sessions.
pub async fn set_password(
    deps: Deps<'_>,
    actor: &Actor,
    user: &User,
    password: &str,
) -> Result<(), UserError> {
    let hash = hash(deps, password, &user.name).await?;
    let (actor, user, now) = (actor.clone(), user.clone(), deps.clock.now());
    let setting = deps.db.write(Key::Nothing, async move |tx| {
        users::set_password(tx, &user.id, &hash, now).await?;
        append(tx, &actor, entry(Action::PasswordSet, &user), now).await
    });
    Ok(setting.await?)
}

/// Returns the token of a link for setting a password: of a user, or of the first administrator while there is none.
pub async fn make_setup_link(
    deps: Deps<'_>,
    actor: &Actor,
    user: Option<&User>,
) -> Result<String, UserError> {
    let (actor, user, now) = (actor.clone(), user.cloned(), deps.clock.now());
    let making = deps.db.write(Key::Everything, async move |tx| {
        if user.is_none() && !users::list_in(tx).await?.is_empty() {
            return Ok(Err(UserError::NoName));
        }
        let id = user.as_ref().map(|user| user.id.as_str());
        let token = users::make_setup_link(tx, id, now).await?;
        let entry = match &user {
            Some(user) => entry(Action::SetupLinkMade, user),
            None => NewEntry::new(Action::SetupLinkMade, None, json!({})),
        };
        append(tx, &actor, entry, now).await?;
        Ok(Ok(token))
    });
    making.await?
}

/// What a person enters who opened a link for setting a password.
#[derive(Clone)]
pub struct Setup {
    pub token: String,
    /// Of the first administrator; others have theirs.
    pub name: Option<String>,
    pub password: String,
}

/// Uses a link up: sets the password, and returns the user.
pub async fn set_up(deps: Deps<'_>, setup: Setup) -> Result<User, UserError> {
    let now = deps.clock.now();
    let found = users::setup_link(deps.db, &setup.token, now).await?;
    let name = match found.ok_or(UserError::Link)? {
        SetupFor::User(user) => user.name,
        SetupFor::FirstAdmin => normal_name(setup.name.as_deref().unwrap_or(ADMIN))?,
    };
    let hash = hash(deps, &setup.password, &name).await?;
    let setting = deps.db.write(Key::Everything, async move |tx| {
        let user = match users::take_setup_link(tx, &setup.token, now).await? {
            None => return Ok(Err(UserError::Link)),
            Some(SetupFor::User(user)) => {
                users::set_password(tx, &user.id, &hash, now).await?;
                user
            }
            // Another link was used before.
            Some(SetupFor::FirstAdmin) if !users::list_in(tx).await?.is_empty() => {
                return Ok(Err(UserError::Link));
            }
            Some(SetupFor::FirstAdmin) => {
                let new = first_admin(name.clone(), hash.clone());
                let user = users::add(tx, new, now).await?;
                let actor = Actor::User(user.id.clone());
                append(tx, &actor, entry(Action::UserAdded, &user), now).await?;
                user
            }
        };
        let actor = Actor::User(user.id.clone());
        append(tx, &actor, entry(Action::PasswordSet, &user), now).await?;
        Ok(Ok(user))
    });
    setting.await?
}

fn first_admin(name: String, password_hash: String) -> NewUser {
    NewUser {
        name,
        role: Role::Admin,
        scope: Scope::All,
        password_hash,
    }
}

/// Gives the user `admin` the password of a file: adds the user, or changes the password if it is another one.
pub async fn set_admin_password(deps: Deps<'_>, password: &str) -> Result<(), UserError> {
    let known = users::to_verify(deps.db, ADMIN).await?;
    let Some((user, stored)) = known else {
        let options = Options {
            name: ADMIN.to_owned(),
            role: Role::Admin,
            scope: Scope::All,
            password: Some(password.to_owned()),
        };
        return add(deps, &Actor::CommandLine, options).await.map(drop);
    };
    if deps.passwords.verify(password, stored).await? {
        return Ok(());
    }
    set_password(deps, &Actor::CommandLine, &user, password).await
}

/// A signed-in user, and the value of the session's cookie.
pub struct SignedIn {
    pub user: User,
    pub token: String,
}

async fn begin(tx: &mut Tx, user: User, now: Millis) -> Result<SignedIn, db::Error> {
    users::prune(tx, now).await?;
    let token = users::begin_session(tx, &user.id, now).await?;
    users::set_signed_in(tx, &user.id, now).await?;
    let actor = Actor::User(user.id.clone());
    append(tx, &actor, entry(Action::SignedIn, &user), now).await?;
    Ok(SignedIn { user, token })
}

/// None for a wrong name or password.
pub async fn sign_in(
    deps: Deps<'_>,
    name: &str,
    password: &str,
) -> Result<Option<SignedIn>, UserError> {
    let name = normal_name(name).unwrap_or_default();
    let found = users::to_verify(deps.db, &name).await?;
    let (user, stored) = found.unzip();
    let is_right = deps.passwords.verify(password, stored.flatten()).await?;
    let now = deps.clock.now();
    let Some(user) = user else {
        return Ok(None);
    };
    let ending = deps.db.write(Key::Nothing, async move |tx| {
        if !is_right {
            let actor = Actor::User(user.id.clone());
            append(tx, &actor, entry(Action::SignInRefused, &user), now).await?;
            return Ok(None);
        }
        begin(tx, user.clone(), now).await.map(Some)
    });
    Ok(ending.await?)
}

/// Begins a session for a user who has just proved to be the right one by a link.
pub async fn begin_session(deps: Deps<'_>, user: User) -> Result<SignedIn, UserError> {
    let now = deps.clock.now();
    let beginning = deps.db.write(Key::Nothing, async move |tx| {
        begin(tx, user.clone(), now).await
    });
    Ok(beginning.await?)
}

pub async fn sign_out(
    deps: Deps<'_>,
    actor: &Actor,
    scope: Scope,
    session: &[u8],
) -> Result<(), UserError> {
    let (actor, session, now) = (actor.clone(), session.to_vec(), deps.clock.now());
    let ending = deps.db.write(Key::Nothing, async move |tx| {
        users::end_session(tx, &session).await?;
        let entry = NewEntry::new(Action::SignedOut, scope.client(), json!({}));
        append(tx, &actor, entry, now).await
    });
    Ok(ending.await?)
}
