//! API keys.

use std::collections::HashSet;

use serde::Serialize;

use super::Actor;
use crate::clock::{Millis, as_rfc3339, as_rfc3339_or_null};
use crate::db::{Db, Error, Row, Tx, values};
use crate::model::{Role, Scope, fresh_id};
use crate::secrets::{hash_token, random_token};

/// Marks a key, so that scanners for secrets find it.
const PREFIX: &str = "mk_";

/// A key without its token.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct ApiKey {
    pub id: String,
    pub name: String,
    pub role: Role,
    /// None for all clients.
    pub client: Option<i64>,
    #[serde(serialize_with = "as_rfc3339")]
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Millis,
    #[serde(serialize_with = "as_rfc3339_or_null")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub expires_at: Option<Millis>,
    /// To the minute.
    #[serde(serialize_with = "as_rfc3339_or_null")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub last_used_at: Option<Millis>,
    #[serde(serialize_with = "as_rfc3339_or_null")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub revoked_at: Option<Millis>,
}

/// The fields of a key to create.
#[derive(Clone, Debug)]
pub struct NewKey {
    pub name: String,
    pub role: Role,
    pub scope: Scope,
    pub expires_at: Option<Millis>,
}

/// A new key, and its token, which is stored nowhere.
pub struct Created {
    pub key: ApiKey,
    pub token: String,
}

impl ApiKey {
    pub fn is_valid(&self, now: Millis) -> bool {
        self.revoked_at.is_none() && self.expires_at.is_none_or(|end| now < end)
    }

    pub fn scope(&self) -> Scope {
        Scope::of(self.client)
    }
}

const COLUMNS: &str =
    "id, name, role, client, created_at, expires_at, last_used_at, revoked_at from api_keys";

fn key_of(row: &Row) -> Result<ApiKey, Error> {
    Ok(ApiKey {
        id: row.text("id")?,
        name: row.text("name")?,
        role: row.parsed("role", Role::parse)?,
        client: row.int_or_none("client")?,
        created_at: row.int("created_at")?,
        expires_at: row.int_or_none("expires_at")?,
        last_used_at: row.int_or_none("last_used_at")?,
        revoked_at: row.int_or_none("revoked_at")?,
    })
}

pub async fn create(tx: &mut Tx, new: NewKey, now: Millis) -> Result<Created, Error> {
    let token = format!("{PREFIX}{}", random_token());
    let key = ApiKey {
        id: fresh_id(now),
        name: new.name,
        role: new.role,
        client: new.scope.client(),
        created_at: now,
        expires_at: new.expires_at,
        last_used_at: None,
        revoked_at: None,
    };
    let sql = "insert into api_keys (id, name, hash, role, client, created_at, expires_at)
               values ($1, $2, $3, $4, $5, $6, $7)";
    let values = values![
        &key.id,
        &key.name,
        hash_token(&token),
        key.role.as_str(),
        key.client,
        now,
        key.expires_at,
    ];
    tx.run(sql, values).await?;
    Ok(Created { key, token })
}

/// The key of a token, valid or not.
pub async fn by_token(db: &Db, token: &str) -> Result<Option<ApiKey>, Error> {
    let sql = format!("select {COLUMNS} where hash = $1");
    let rows = db.rows_of(sql, values![hash_token(token)]).await?;
    rows.first().map(key_of).transpose()
}

/// All keys that a scope includes, revoked ones too, newest first.
pub async fn list(db: &Db, scope: Scope) -> Result<Vec<ApiKey>, Error> {
    let sql = format!("select {COLUMNS} where $1 is null or client = $1 order by id desc");
    let rows = db.rows_of(sql, values![scope.client()]).await?;
    rows.iter().map(key_of).collect()
}

pub async fn find(db: &Db, scope: Scope, id: &str) -> Result<Option<ApiKey>, Error> {
    let mut keys = list(db, scope).await?;
    keys.retain(|key| key.id == id);
    Ok(keys.pop())
}

/// When the key of a caller expires: no key and no administrator that is made with it lasts longer.
pub async fn end_of(tx: &mut Tx, actor: &Actor) -> Result<Option<Millis>, Error> {
    let Actor::Key(id) = actor else {
        return Ok(None);
    };
    let row = tx.row("select expires_at from api_keys where id = $1", values![id]);
    let end = row.await?.map(|row| row.int_or_none("expires_at"));
    Ok(end.transpose()?.flatten())
}

/// False when there is no such key, or it was revoked before.
pub async fn revoke(tx: &mut Tx, id: &str, now: Millis) -> Result<bool, Error> {
    let sql = "update api_keys set revoked_at = $2 where id = $1 and revoked_at is null";
    Ok(tx.run(sql, values![id, now]).await? == 1)
}

/// The ids of the keys that are valid now.
pub async fn valid_ids(db: &Db, now: Millis) -> Result<HashSet<String>, Error> {
    let sql = "select id from api_keys where revoked_at is null and (expires_at is null or expires_at > $1)";
    let rows = db.rows(sql, values![now]).await?;
    rows.iter().map(|row| row.text("id")).collect()
}

/// Revokes the keys of a client.
pub async fn revoke_of_client(tx: &mut Tx, client: i64, now: Millis) -> Result<u64, Error> {
    let sql = "update api_keys set revoked_at = $2 where client = $1 and revoked_at is null";
    tx.run(sql, values![client, now]).await
}

pub async fn set_used(tx: &mut Tx, id: &str, now: Millis) -> Result<(), Error> {
    let sql = "update api_keys set last_used_at = $2 where id = $1";
    tx.run(sql, values![id, now]).await.map(drop)
}
