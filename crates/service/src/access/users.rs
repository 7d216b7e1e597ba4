//! People who sign in, with their sessions and the links with which they set a password.

use std::collections::HashSet;

use serde::Serialize;

use crate::clock::{DAY, MINUTE, Millis, as_rfc3339, as_rfc3339_or_null};
use crate::db::{Db, Error, Row, Tx, values};
use crate::model::{Role, Scope, fresh_id};
use crate::secrets::{hash_token, random_token};

/// A session ends after so much time in which it was not used,
const IDLE: Millis = 7 * DAY;
/// and at last after this.
const LONGEST: Millis = 30 * DAY;
/// Sessions of one user; the oldest ends when there is one more.
const MOST_SESSIONS: u32 = 20;
/// For setting a password.
const SETUP_LIFE: Millis = DAY;

/// A user without the password.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct User {
    pub id: String,
    /// In lower case.
    pub name: String,
    pub role: Role,
    /// None for all clients.
    pub client: Option<i64>,
    /// None before it was set.
    #[serde(serialize_with = "as_rfc3339_or_null")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub password_set_at: Option<Millis>,
    #[serde(serialize_with = "as_rfc3339")]
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Millis,
    #[serde(serialize_with = "as_rfc3339_or_null")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub last_sign_in_at: Option<Millis>,
}

impl User {
    pub fn scope(&self) -> Scope {
        Scope::of(self.client)
    }

    pub fn is_global_admin(&self) -> bool {
        self.role == Role::Admin && self.client.is_none()
    }
}

/// The fields of a user to add.
#[derive(Clone, Debug)]
pub struct NewUser {
    pub name: String,
    pub role: Role,
    pub scope: Scope,
    /// Empty for one who sets it by a link.
    pub password_hash: String,
}

const COLUMNS: &str = "u.id as id, u.name as name, u.role as role, u.client as client, u.password_set_at as password_set_at,
     u.created_at as created_at, u.last_sign_in_at as last_sign_in_at";

fn user_of(row: &Row) -> Result<User, Error> {
    Ok(User {
        id: row.text("id")?,
        name: row.text("name")?,
        role: row.parsed("role", Role::parse)?,
        client: row.int_or_none("client")?,
        password_set_at: row.int_or_none("password_set_at")?,
        created_at: row.int("created_at")?,
        last_sign_in_at: row.int_or_none("last_sign_in_at")?,
    })
}

pub async fn add(tx: &mut Tx, new: NewUser, now: Millis) -> Result<User, Error> {
    let user = User {
        id: fresh_id(now),
        name: new.name,
        role: new.role,
        client: new.scope.client(),
        password_set_at: (!new.password_hash.is_empty()).then_some(now),
        created_at: now,
        last_sign_in_at: None,
    };
    let sql = "insert into users (id, name, password_hash, role, client, created_at, password_set_at) values ($1, $2, $3, $4, $5, $6, $7)";
    let values = values![
        &user.id,
        &user.name,
        new.password_hash,
        user.role.as_str(),
        user.client,
        now,
        user.password_set_at,
    ];
    tx.run(sql, values).await?;
    Ok(user)
}

/// All users that a scope includes, by name.
pub async fn list(db: &Db, scope: Scope) -> Result<Vec<User>, Error> {
    let sql =
        format!("select {COLUMNS} from users u where $1 is null or u.client = $1 order by u.name");
    let rows = db.rows_of(sql, values![scope.client()]).await?;
    rows.iter().map(user_of).collect()
}

const BY_ID: &str = "from users u where u.id = $1 and ($2 is null or u.client = $2)";

pub async fn find(db: &Db, scope: Scope, id: &str) -> Result<Option<User>, Error> {
    let sql = format!("select {COLUMNS} {BY_ID}");
    let rows = db.rows_of(sql, values![id, scope.client()]).await?;
    rows.first().map(user_of).transpose()
}

pub async fn find_in(tx: &mut Tx, scope: Scope, id: &str) -> Result<Option<User>, Error> {
    let sql = format!("select {COLUMNS} {BY_ID}");
    let rows = tx.rows_of(sql, values![id, scope.client()]).await?;
    rows.first().map(user_of).transpose()
}

/// The hash of a password, empty before one was set; None when the user was removed.
pub async fn hash_of(tx: &mut Tx, id: &str) -> Result<Option<String>, Error> {
    let sql = "select password_hash as hash from users where id = $1";
    let row = tx.row(sql, values![id]).await?;
    row.map(|row| row.text("hash")).transpose()
}

pub async fn list_in(tx: &mut Tx) -> Result<Vec<User>, Error> {
    let sql = format!("select {COLUMNS} from users u order by u.name");
    let rows = tx.rows_of(sql, values![]).await?;
    rows.iter().map(user_of).collect()
}

/// The user of a name, and the hash of the password; None for the hash before one was set.
pub async fn to_verify(db: &Db, name: &str) -> Result<Option<(User, Option<String>)>, Error> {
    let sql = format!("select {COLUMNS}, u.password_hash as hash from users u where u.name = $1");
    let rows = db.rows_of(sql, values![name]).await?;
    let Some(row) = rows.first() else {
        return Ok(None);
    };
    let hash = row.text("hash")?;
    Ok(Some((user_of(row)?, (!hash.is_empty()).then_some(hash))))
}

/// Also ends the sessions, and the links for setting a password: who made one may have less power than the user has now.
pub async fn change(tx: &mut Tx, id: &str, role: Role, scope: Scope) -> Result<(), Error> {
    let sql = "update users set role = $2, client = $3 where id = $1";
    tx.run(sql, values![id, role.as_str(), scope.client()])
        .await?;
    tx.run("delete from setup_links where user_id = $1", values![id])
        .await?;
    end_sessions(tx, id).await
}

/// Until another is set.
pub async fn clear_password(tx: &mut Tx, id: &str) -> Result<(), Error> {
    let sql = "update users set password_hash = '', password_set_at = null where id = $1";
    tx.run(sql, values![id]).await.map(drop)
}

/// Takes the password, the links for setting one, and the sessions.
pub async fn disable(tx: &mut Tx, id: &str) -> Result<(), Error> {
    clear_password(tx, id).await?;
    tx.run("delete from setup_links where user_id = $1", values![id])
        .await?;
    end_sessions(tx, id).await
}

/// Also ends the sessions and the links for setting it.
pub async fn set_password(tx: &mut Tx, id: &str, hash: &str, now: Millis) -> Result<(), Error> {
    let sql = "update users set password_hash = $2, password_set_at = $3 where id = $1";
    tx.run(sql, values![id, hash, now]).await?;
    tx.run("delete from setup_links where user_id = $1", values![id])
        .await?;
    end_sessions(tx, id).await
}

pub async fn set_signed_in(tx: &mut Tx, id: &str, now: Millis) -> Result<(), Error> {
    let sql = "update users set last_sign_in_at = $2 where id = $1";
    tx.run(sql, values![id, now]).await.map(drop)
}

/// False when there was none.
pub async fn remove(tx: &mut Tx, id: &str) -> Result<bool, Error> {
    tx.run("delete from setup_links where user_id = $1", values![id])
        .await?;
    end_sessions(tx, id).await?;
    Ok(tx
        .run("delete from users where id = $1", values![id])
        .await?
        == 1)
}

/// Removes the users of a client.
pub async fn remove_of_client(tx: &mut Tx, client: i64) -> Result<(), Error> {
    for user in list_in(tx).await? {
        if user.client == Some(client) {
            remove(tx, &user.id).await?;
        }
    }
    Ok(())
}

/// A signed-in browser.
#[derive(Clone, Debug)]
pub struct Session {
    pub user: User,
    /// The hash of its cookie.
    pub hash: Vec<u8>,
    used_at: Millis,
}

impl Session {
    /// Its use is recorded once a minute.
    pub fn is_use_due(&self, now: Millis) -> bool {
        now - self.used_at >= MINUTE
    }
}

/// Begins a session; returns the value of its cookie.
pub async fn begin_session(tx: &mut Tx, user: &str, now: Millis) -> Result<String, Error> {
    let sql = "delete from sessions where user_id = $1 and hash not in
               (select hash from sessions where user_id = $1 order by used_at desc limit $2)";
    tx.run(sql, values![user, MOST_SESSIONS - 1]).await?;
    let token = random_token();
    let sql = "insert into sessions (hash, user_id, created_at, used_at, expires_at) values ($1, $2, $3, $3, $4)";
    let values = values![hash_token(&token), user, now, now + LONGEST];
    tx.run(sql, values).await?;
    Ok(token)
}

const IS_VALID: &str = "s.expires_at > $1 and s.used_at > $2";

/// The session of a cookie, if it has not ended.
pub async fn session(db: &Db, token: &str, now: Millis) -> Result<Option<Session>, Error> {
    let sql = format!(
        "select {COLUMNS}, s.hash as hash, s.used_at as used_at from sessions s join users u on u.id = s.user_id
         where {IS_VALID} and s.hash = $3"
    );
    let rows = db
        .rows_of(sql, values![now, now - IDLE, hash_token(token)])
        .await?;
    let session = |row: &Row| {
        Ok(Session {
            user: user_of(row)?,
            hash: row.bytes("hash")?,
            used_at: row.int("used_at")?,
        })
    };
    rows.first().map(session).transpose()
}

/// The hashes of the sessions that have not ended.
pub async fn valid_sessions(db: &Db, now: Millis) -> Result<HashSet<Vec<u8>>, Error> {
    let sql = format!("select s.hash as hash from sessions s where {IS_VALID}");
    let rows = db.rows_of(sql, values![now, now - IDLE]).await?;
    rows.iter().map(|row| row.bytes("hash")).collect()
}

pub async fn set_session_used(tx: &mut Tx, hash: &[u8], now: Millis) -> Result<(), Error> {
    let sql = "update sessions set used_at = $2 where hash = $1";
    tx.run(sql, values![hash, now]).await.map(drop)
}

pub async fn end_session(tx: &mut Tx, hash: &[u8]) -> Result<(), Error> {
    tx.run("delete from sessions where hash = $1", values![hash])
        .await
        .map(drop)
}

pub async fn end_sessions(tx: &mut Tx, user: &str) -> Result<(), Error> {
    tx.run("delete from sessions where user_id = $1", values![user])
        .await
        .map(drop)
}

/// Deletes sessions and links that have ended.
pub async fn prune(tx: &mut Tx, now: Millis) -> Result<(), Error> {
    let sql = "delete from sessions where expires_at <= $1 or used_at <= $2";
    tx.run(sql, values![now, now - IDLE]).await?;
    tx.run(
        "delete from setup_links where expires_at <= $1",
        values![now],
    )
    .await
    .map(drop)
}

/// A link with which a user sets a password, or the first administrator begins (None). It replaces the one before.
pub async fn make_setup_link(
    tx: &mut Tx,
    user: Option<&str>,
    now: Millis,
) -> Result<String, Error> {
    tx.run(
        "delete from setup_links where user_id is not distinct from $1",
        values![user],
    )
    .await?;
    let token = random_token();
    let sql =
        "insert into setup_links (hash, user_id, created_at, expires_at) values ($1, $2, $3, $4)";
    let values = values![hash_token(&token), user, now, now + SETUP_LIFE];
    tx.run(sql, values).await?;
    Ok(token)
}

/// For whom a link is.
#[derive(Clone, Debug)]
pub enum SetupFor {
    FirstAdmin,
    User(User),
}

const SETUP: &str = "l.user_id as for_user from setup_links l left join users u on u.id = l.user_id where l.hash = $1 and l.expires_at > $2";

fn setup_of(row: &Row) -> Result<SetupFor, Error> {
    Ok(match row.text_or_none("for_user")? {
        None => SetupFor::FirstAdmin,
        Some(_) => SetupFor::User(user_of(row)?),
    })
}

/// Whom a link is for, while it is valid. Using it does not change it.
pub async fn setup_link(db: &Db, token: &str, now: Millis) -> Result<Option<SetupFor>, Error> {
    let sql = format!("select {COLUMNS}, {SETUP}");
    let rows = db.rows_of(sql, values![hash_token(token), now]).await?;
    rows.first().map(setup_of).transpose()
}

/// Uses a link up; None when it is not valid.
pub async fn take_setup_link(
    tx: &mut Tx,
    token: &str,
    now: Millis,
) -> Result<Option<SetupFor>, Error> {
    let sql = format!("select {COLUMNS}, {SETUP}");
    let hash = hash_token(token);
    let rows = tx.rows_of(sql, values![&hash, now]).await?;
    let Some(row) = rows.first() else {
        return Ok(None);
    };
    let setup = setup_of(row)?;
    tx.run("delete from setup_links where hash = $1", values![&hash])
        .await?;
    Ok(Some(setup))
}
