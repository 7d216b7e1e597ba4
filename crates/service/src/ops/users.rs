//! Users: added, changed, removed; their passwords and the links with which they set them.

use serde_json::json;
use unicode_normalization::UnicodeNormalization as _;

use crate::access::audit::{Action, NewEntry, append};
use crate::access::password::{NewPassword, PasswordError, Passwords};
use crate::access::users::{self, NewUser, SetupFor, User};
use crate::access::{Actor, keys, links};
use crate::clock::{Clock, Millis};
use crate::db::{self, Db, Key, Tx};
use crate::instances;
use crate::model::{ChangeKind, Role, Scope};
use crate::terminal::is_tame;

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
    #[error("names that begin with {client}/ are for users of the client {client}")]
    NameOfClient { client: i64 },
    #[error("a user {name} exists")]
    NameTaken { name: String },
    #[error("there is no client {client}")]
    NoClient { client: i64 },
    #[error("a key that expires makes no administrator")]
    KeyExpires,
    #[error("there is no such user")]
    Unknown,
    #[error("the user {ADMIN} does not administer all clients")]
    AdminIsOther,
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
    /// What the caller may administer.
    pub within: Scope,
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
    let name: String = text.trim().nfkc().collect();
    let name = name.to_lowercase();
    let is_short = (1..=LONGEST_NAME).contains(&name.chars().count());
    if !is_short || name.contains(char::is_whitespace) || !is_tame(&name) {
        return Err(UserError::Name);
    }
    Ok(name)
}

/// The client whose users have names that begin like this: `2/ana`.
fn client_of(name: &str) -> Option<i64> {
    name.split_once('/')?.0.parse().ok()
}

/// Users sign in by their names, so that each has one of its own in all clients. The names that an administrator of one client
/// gives begin with the number of the client, and no other users have such names: that a name is taken says nothing about the
/// users of others.
fn qualified(name: String, options: &Options) -> Result<String, UserError> {
    let name = match options.within.client() {
        Some(client) if client_of(&name) != Some(client) => format!("{client}/{name}"),
        _ => name,
    };
    of_scope(name, options.scope)
}

/// Refuses a name that begins as those of another scope do.
fn of_scope(name: String, scope: Scope) -> Result<String, UserError> {
    match client_of(&name) {
        Some(client) if scope != Scope::Client(client) => Err(UserError::NameOfClient { client }),
        _ => Ok(name),
    }
}

fn entry(action: Action, user: &User) -> NewEntry {
    let data = json!({"user": user.id, "name": user.name, "role": user.role});
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

/// Refuses to give an administrator a password with a key that expires: a user never does.
async fn check_key(
    tx: &mut Tx,
    actor: &Actor,
    role: Role,
) -> Result<Result<(), UserError>, db::Error> {
    let is_lasting = role != Role::Admin || keys::end_of(tx, actor).await?.is_none();
    Ok(is_lasting.then_some(()).ok_or(UserError::KeyExpires))
}

async fn is_taken(tx: &mut Tx, name: &str) -> Result<bool, db::Error> {
    let known = users::list_in(tx).await?;
    Ok(known.iter().any(|user| user.name == name))
}

/// Without this user, none could administer all clients.
async fn is_last_admin(tx: &mut Tx, user: &User) -> Result<bool, db::Error> {
    let known = users::list_in(tx).await?;
    let is_able = |user: &User| user.is_global_admin() && user.password_set_at.is_some();
    let mut admins = known.iter().filter(|known| is_able(known));
    Ok(is_able(user) && admins.all(|admin| admin.id == user.id))
}

async fn hash(deps: Deps<'_>, password: &str, name: &str) -> Result<String, UserError> {
    let password = NewPassword::new(password, name)?;
    Ok(deps.passwords.hash(password).await?)
}

pub async fn add(deps: Deps<'_>, actor: &Actor, options: Options) -> Result<Added, UserError> {
    let short = normal_name(&options.name)?;
    let name = qualified(short.clone(), &options)?;
    let password_hash = match &options.password {
        Some(password) => {
            NewPassword::new(password, &short)?;
            hash(deps, password, &name).await?
        }
        None => String::new(),
    };
    let new = NewUser {
        name,
        role: options.role,
        scope: options.scope,
        password_hash,
    };
    let (actor, now) = (actor.clone(), deps.clock.now());
    let adding = deps.db.write(Key::Users, async move |tx| {
        if let Err(error) = check_client(tx, new.scope).await? {
            return Ok(Err(error));
        }
        if let Err(error) = check_key(tx, &actor, new.role).await? {
            return Ok(Err(error));
        }
        // The server's password file is for a user of this name who administers all clients.
        let is_reserved = new.name == ADMIN && new.scope != Scope::All;
        if is_reserved || is_taken(tx, &new.name).await? {
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

/// The fields of a user to change; the rest stays.
#[derive(Clone, Debug, Default)]
pub struct Change {
    pub role: Option<Role>,
    pub scope: Option<Scope>,
    pub password: Option<String>,
}

/// A user, for a caller that may administer the users of `within`.
#[derive(Clone, Copy)]
pub struct Target<'a> {
    pub id: &'a str,
    pub within: Scope,
}

/// Another role or client, and another password, end the sessions. A user who gets all clients needs a new password: an
/// administrator of the client may know the one until now.
pub async fn change(
    deps: Deps<'_>,
    actor: &Actor,
    target: Target<'_>,
    change: Change,
) -> Result<(), UserError> {
    let hash = match &change.password {
        Some(password) => {
            let user = users::find(deps.db, target.within, target.id).await?;
            let user = user.ok_or(UserError::Unknown)?;
            Some(hash(deps, password, &user.name).await?)
        }
        None => None,
    };
    let (actor, id, now) = (actor.clone(), target.id.to_owned(), deps.clock.now());
    let changing = deps.db.write(Key::Everything, async move |tx| {
        let Some(user) = users::find_in(tx, target.within, &id).await? else {
            return Ok(Err(UserError::Unknown));
        };
        let (role, scope) = (
            change.role.unwrap_or(user.role),
            change.scope.unwrap_or(user.scope()),
        );
        if let Err(error) = check_client(tx, scope).await? {
            return Ok(Err(error));
        }
        if let Err(error) = check_key(tx, &actor, role).await? {
            return Ok(Err(error));
        }
        let stays = role == Role::Admin && scope == Scope::All;
        if !stays && is_last_admin(tx, &user).await? {
            return Ok(Err(UserError::LastAdmin));
        }
        if (role, scope) != (user.role, user.scope()) {
            users::change(tx, &id, role, scope).await?;
            // Signed links are not worth more than the rights of their maker.
            if !role.includes(Role::Operator) || (scope != Scope::All && scope != user.scope()) {
                links::revoke_of_creator(tx, &Actor::User(id.clone()).code(), now).await?;
            }
            if scope == Scope::All && user.client.is_some() {
                users::clear_password(tx, &id).await?;
            }
            let data = json!({"user": id, "role": role});
            let entry = NewEntry::new(Action::UserChanged, scope.client(), data);
            append(tx, &actor, entry, now).await?;
        }
        if let Some(hash) = &hash {
            users::set_password(tx, &id, hash, now).await?;
            append(tx, &actor, entry(Action::PasswordSet, &user), now).await?;
        }
        Ok(Ok(()))
    });
    changing.await?
}

/// Removes a user, with the sessions and the signed links. The command line may remove the last administrator, too.
pub async fn remove(deps: Deps<'_>, actor: &Actor, target: Target<'_>) -> Result<(), UserError> {
    let (actor, id, now) = (actor.clone(), target.id.to_owned(), deps.clock.now());
    let removing = deps.db.write(Key::Everything, async move |tx| {
        let Some(user) = users::find_in(tx, target.within, &id).await? else {
            return Ok(Err(UserError::Unknown));
        };
        if !matches!(actor, Actor::CommandLine(_)) && is_last_admin(tx, &user).await? {
            return Ok(Err(UserError::LastAdmin));
        }
        users::remove(tx, &id).await?;
        links::revoke_of_creator(tx, &Actor::User(id.clone()).code(), now).await?;
        append(tx, &actor, entry(Action::UserRemoved, &user), now).await?;
        Ok(Ok(()))
    });
    removing.await?
}

/// Takes the password, the links for setting one, the sessions, and the signed links: signing in as the user needs another password.
pub async fn take_password(
    deps: Deps<'_>,
    actor: &Actor,
    target: Target<'_>,
) -> Result<(), UserError> {
    let (actor, id, now) = (actor.clone(), target.id.to_owned(), deps.clock.now());
    let taking = deps.db.write(Key::Everything, async move |tx| {
        let Some(user) = users::find_in(tx, target.within, &id).await? else {
            return Ok(Err(UserError::Unknown));
        };
        if is_last_admin(tx, &user).await? {
            return Ok(Err(UserError::LastAdmin));
        }
        users::disable(tx, &id).await?;
        links::revoke_of_creator(tx, &Actor::User(id.clone()).code(), now).await?;
        let data = json!({"user": id, "role": user.role, "change": ChangeKind::PasswordTaken});
        let entry = NewEntry::new(Action::UserChanged, user.client, data);
        append(tx, &actor, entry, now).await?;
        Ok(Ok(()))
    });
    taking.await?
}

/// Sets a password, and ends the user's sessions.
pub async fn set_password(
    deps: Deps<'_>,
    actor: &Actor,
    target: Target<'_>,
    password: &str,
) -> Result<(), UserError> {
    let password = Some(password.to_owned());
    let change = Change {
        password,
        ..Change::default()
    };
    self::change(deps, actor, target, change).await
}

/// Whether a user administers all clients, or will with the link for a password.
pub fn is_administered(users: &[User]) -> bool {
    users.iter().any(User::is_global_admin)
}

/// Returns the token of a link for setting a password: of a user, or of the first administrator while there is none.
pub async fn make_setup_link(
    deps: Deps<'_>,
    actor: &Actor,
    target: Option<Target<'_>>,
) -> Result<String, UserError> {
    let (actor, now) = (actor.clone(), deps.clock.now());
    let target = target.map(|target| (target.id.to_owned(), target.within));
    let making = deps.db.write(Key::Users, async move |tx| {
        let user = match &target {
            None if is_administered(&users::list_in(tx).await?) => {
                return Ok(Err(UserError::NoName));
            }
            None => None,
            Some((id, within)) => match users::find_in(tx, *within, id).await? {
                None => return Ok(Err(UserError::Unknown)),
                found => found,
            },
        };
        let role = user.as_ref().map_or(Role::Admin, |user| user.role);
        if let Err(error) = check_key(tx, &actor, role).await? {
            return Ok(Err(error));
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

/// The input of a person who opened a link for setting a password.
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
        SetupFor::FirstAdmin => {
            let name = normal_name(setup.name.as_deref().unwrap_or(ADMIN))?;
            of_scope(name, Scope::All)?
        }
    };
    let hash = hash(deps, &setup.password, &name).await?;
    let setting = deps.db.write(Key::Users, async move |tx| {
        let user = match users::take_setup_link(tx, &setup.token, now).await? {
            None => return Ok(Err(UserError::Link)),
            Some(SetupFor::User(user)) => {
                users::set_password(tx, &user.id, &hash, now).await?;
                user
            }
            // Another link was used before.
            Some(SetupFor::FirstAdmin) if is_administered(&users::list_in(tx).await?) => {
                return Ok(Err(UserError::Link));
            }
            Some(SetupFor::FirstAdmin) if is_taken(tx, &name).await? => {
                let name = name.clone();
                return Ok(Err(UserError::NameTaken { name }));
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
            within: Scope::All,
            role: Role::Admin,
            scope: Scope::All,
            password: Some(password.to_owned()),
        };
        return add(deps, &Actor::CommandLine(None), options)
            .await
            .map(drop);
    };
    if !user.is_global_admin() {
        return Err(UserError::AdminIsOther);
    }
    if deps.passwords.verify(password, stored).await? {
        return Ok(());
    }
    let target = Target {
        id: &user.id,
        within: Scope::All,
    };
    set_password(deps, &Actor::CommandLine(None), target, password).await
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

/// None for a wrong name or password; that takes as long for a name that is unknown.
pub async fn sign_in(
    deps: Deps<'_>,
    name: &str,
    password: &str,
) -> Result<Option<SignedIn>, UserError> {
    let name = normal_name(name).unwrap_or_default();
    let found = users::to_verify(deps.db, &name).await?;
    let (user, stored) = found.unzip();
    let stored = stored.flatten();
    let is_right = deps.passwords.verify(password, stored.clone()).await?;
    let now = deps.clock.now();
    let ending = deps.db.write(Key::Nothing, async move |tx| {
        if let Some(user) = &user
            && is_right
            // It may have been changed, or the user removed, since it was read.
            && users::hash_of(tx, &user.id).await? == stored
        {
            return begin(tx, user.clone(), now).await.map(Some);
        }
        let client = user.as_ref().and_then(|user| user.client);
        let data = json!({"user": user.as_ref().map(|user| &user.id)});
        let entry = NewEntry::new(Action::SignInRefused, client, data);
        append(tx, &Actor::Anonymous, entry, now).await?;
        Ok(None)
    });
    Ok(ending.await?)
}

/// Whether this is the password of a user.
pub async fn is_password(deps: Deps<'_>, user: &User, password: &str) -> Result<bool, UserError> {
    let found = users::to_verify(deps.db, &user.name).await?;
    let (_, stored) = found.unzip();
    Ok(deps.passwords.verify(password, stored.flatten()).await?)
}

/// Ends all sessions of a user.
pub async fn sign_out_everywhere(deps: Deps<'_>, user: &str) -> Result<(), UserError> {
    let (id, now) = (user.to_owned(), deps.clock.now());
    let ending = deps.db.write(Key::Nothing, async move |tx| {
        users::end_sessions(tx, &id).await?;
        let entry = NewEntry::new(Action::SignedOut, None, json!({"everywhere": true}));
        append(tx, &Actor::User(id.clone()), entry, now).await
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
