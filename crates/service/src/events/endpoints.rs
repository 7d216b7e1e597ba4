//! Endpoints: where outgoing webhooks go.

use serde::Serialize;

use crate::clock::{DAY, Millis, as_rfc3339, as_rfc3339_or_null};
use crate::db::{Db, Error, Row, Tx, values};
use crate::model::{Scope, codes};

/// An endpoint at which every attempt failed for so long is disabled.
pub const PATIENCE: Millis = 5 * DAY;
/// How long the secret before a rotation signs as well.
pub const OLD_SECRET_LIFE: Millis = DAY;

codes! {
    DisabledReason {
        /// It answered 410.
        Gone "gone",
        /// Every attempt failed for days.
        Failing "failing",
        Operator "operator",
    }
}

/// An endpoint without its secret.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct Endpoint {
    pub id: String,
    pub url: String,
    /// Null: the events of all clients.
    pub client: Option<i64>,
    /// Null: all types.
    pub types: Option<Vec<String>>,
    #[serde(serialize_with = "as_rfc3339")]
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Millis,
    /// Since when every attempt fails.
    #[serde(serialize_with = "as_rfc3339_or_null")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub failing_since: Option<Millis>,
    #[serde(serialize_with = "as_rfc3339_or_null")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub disabled_at: Option<Millis>,
    pub disabled_reason: Option<DisabledReason>,
    #[serde(skip)]
    pub secret_sealed: Vec<u8>,
    #[serde(skip)]
    pub old_secret_sealed: Option<Vec<u8>>,
    #[serde(skip)]
    pub old_secret_until: Option<Millis>,
}

impl Endpoint {
    /// The encryption context of its secret.
    pub fn secret_context(id: &str) -> String {
        format!("endpoints:{id}:secret")
    }

    pub fn scope(&self) -> Scope {
        Scope::of(self.client)
    }
}

const COLUMNS: &str = "id, url, client, types, secret_sealed, old_secret_sealed, old_secret_until, created_at, failing_since, disabled_at, disabled_reason";

fn types_of(row: &Row) -> Result<Option<Vec<String>>, Error> {
    let types = row.text_or_none("types")?;
    Ok(types.map(|types| {
        let types = types.split(',').filter(|it| !it.is_empty());
        types.map(str::to_owned).collect()
    }))
}

fn endpoint_of(row: &Row) -> Result<Endpoint, Error> {
    Ok(Endpoint {
        id: row.text("id")?,
        url: row.text("url")?,
        client: row.int_or_none("client")?,
        types: types_of(row)?,
        created_at: row.int("created_at")?,
        failing_since: row.int_or_none("failing_since")?,
        disabled_at: row.int_or_none("disabled_at")?,
        disabled_reason: row.parsed_or_none("disabled_reason", DisabledReason::parse)?,
        secret_sealed: row.bytes("secret_sealed")?,
        old_secret_sealed: row.bytes_or_none("old_secret_sealed")?,
        old_secret_until: row.int_or_none("old_secret_until")?,
    })
}

/// The events that an endpoint gets.
pub(super) struct Subscription {
    pub endpoint: String,
    /// None: those of all clients.
    client: Option<i64>,
    /// None: all types.
    types: Option<Vec<String>>,
}

impl Subscription {
    fn from_row(row: &Row) -> Result<Self, Error> {
        Ok(Self {
            endpoint: row.text("id")?,
            client: row.int_or_none("client")?,
            types: types_of(row)?,
        })
    }

    pub fn of(endpoint: &Endpoint) -> Self {
        Self {
            endpoint: endpoint.id.clone(),
            client: endpoint.client,
            types: endpoint.types.clone(),
        }
    }

    /// Whether the endpoint gets an event of this kind and client.
    pub fn wants(&self, kind: &str, client: Option<i64>) -> bool {
        let types = self.types.as_ref();
        (self.client.is_none() || self.client == client)
            && types.is_none_or(|types| types.iter().any(|it| it == kind))
    }
}

/// The subscriptions of the endpoints that are not disabled.
pub(super) async fn enabled(tx: &mut Tx) -> Result<Vec<Subscription>, Error> {
    let sql = "select id, client, types from endpoints where disabled_at is null order by id";
    let rows = tx.rows(sql, vec![]).await?;
    rows.iter().map(Subscription::from_row).collect()
}

/// The subscription of an endpoint, disabled or not.
pub(super) async fn subscription(tx: &mut Tx, id: &str) -> Result<Option<Subscription>, Error> {
    let sql = "select id, client, types from endpoints where id = $1";
    let row = tx.row(sql, values![id]).await?;
    row.as_ref().map(Subscription::from_row).transpose()
}

/// The fields of an endpoint to add.
#[derive(Clone, Debug)]
pub struct NewEndpoint {
    pub id: String,
    pub url: String,
    pub client: Option<i64>,
    /// None for all.
    pub types: Option<Vec<String>>,
    pub secret_sealed: Vec<u8>,
}

/// The types as in the database: each between commas.
fn joined(types: Option<&[String]>) -> Option<String> {
    types.map(|types| format!(",{},", types.join(",")))
}

pub async fn add(tx: &mut Tx, new: &NewEndpoint, now: Millis) -> Result<(), Error> {
    let sql = "insert into endpoints (id, url, client, types, secret_sealed, created_at) values ($1, $2, $3, $4, $5, $6)";
    let values = values![
        &new.id,
        &new.url,
        new.client,
        joined(new.types.as_deref()),
        new.secret_sealed.as_slice(),
        now,
    ];
    tx.run(sql, values).await.map(drop)
}

/// Changes address, scope and types. False when it was removed.
pub async fn change(
    tx: &mut Tx,
    id: &str,
    url: &str,
    scope: Scope,
    types: Option<&[String]>,
) -> Result<bool, Error> {
    let sql = "update endpoints set url = $2, client = $3, types = $4 where id = $1";
    let values = values![id, url, scope.client(), joined(types)];
    Ok(tx.run(sql, values).await? == 1)
}

/// Enables or disables.
pub async fn set_disabled(
    tx: &mut Tx,
    id: &str,
    reason: Option<DisabledReason>,
    now: Millis,
) -> Result<bool, Error> {
    let sql = "update endpoints set disabled_at = case when $2 is null then null else $3 end, disabled_reason = $2, failing_since = null
               where id = $1 and disabled_reason is distinct from $2";
    let values = values![id, reason.map(DisabledReason::as_str), now];
    Ok(tx.run(sql, values).await? == 1)
}

/// Disables the endpoints of a client.
pub async fn disable_of_client(tx: &mut Tx, client: i64, now: Millis) -> Result<u64, Error> {
    let sql = "update endpoints set disabled_at = $2, disabled_reason = 'operator' where client = $1 and disabled_at is null";
    tx.run(sql, values![client, now]).await
}

/// Gives it another secret; the one before signs as well for a day.
pub async fn rotate(tx: &mut Tx, id: &str, sealed: &[u8], now: Millis) -> Result<(), Error> {
    let sql = "update endpoints set old_secret_sealed = secret_sealed, old_secret_until = $3, secret_sealed = $2 where id = $1";
    tx.run(sql, values![id, sealed, now + OLD_SECRET_LIFE])
        .await
        .map(drop)
}

/// Deletes its notifications, sent or not.
pub async fn forget_notifications(tx: &mut Tx, id: &str) -> Result<(), Error> {
    let sql = "delete from notification_attempts where notification in (select id from notifications where endpoint = $1)";
    tx.run(sql, values![id]).await?;
    let sql = "delete from notifications where endpoint = $1";
    tx.run(sql, values![id]).await.map(drop)
}

/// Removes it with its notifications.
pub async fn remove(tx: &mut Tx, id: &str) -> Result<bool, Error> {
    forget_notifications(tx, id).await?;
    let sql = "delete from endpoints where id = $1";
    Ok(tx.run(sql, values![id]).await? == 1)
}

pub async fn list(db: &Db, scope: Scope) -> Result<Vec<Endpoint>, Error> {
    let sql =
        format!("select {COLUMNS} from endpoints where $1 is null or client = $1 order by id desc");
    let rows = db.rows_of(sql, values![scope.client()]).await?;
    rows.iter().map(endpoint_of).collect()
}

pub async fn find(db: &Db, scope: Scope, id: &str) -> Result<Option<Endpoint>, Error> {
    let mut found = list(db, scope).await?;
    found.retain(|endpoint| endpoint.id == id);
    Ok(found.pop())
}

/// Records that an attempt failed; true when all have for longer than [`PATIENCE`], and it is disabled now.
pub async fn record_failure(tx: &mut Tx, id: &str, now: Millis) -> Result<bool, Error> {
    let sql = "update endpoints set failing_since = coalesce(failing_since, $2) where id = $1";
    tx.run(sql, values![id, now]).await?;
    let sql = "select 1 as failing from endpoints where id = $1 and disabled_at is null and failing_since <= $2";
    let is_over = tx.row(sql, values![id, now - PATIENCE]).await?.is_some();
    if is_over {
        let sql =
            "update endpoints set disabled_at = $2, disabled_reason = 'failing' where id = $1";
        tx.run(sql, values![id, now]).await?;
    }
    Ok(is_over)
}

pub async fn record_success(tx: &mut Tx, id: &str) -> Result<(), Error> {
    let sql =
        "update endpoints set failing_since = null where id = $1 and failing_since is not null";
    tx.run(sql, values![id]).await.map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endpoint_gets_the_types_and_clients_that_it_names_and_no_similar_ones() {
        let subscription = |client, types: Option<&[&str]>| Subscription {
            endpoint: "e".to_owned(),
            client,
            types: types.map(|types| types.iter().map(|&it| it.to_owned()).collect()),
        };
        let some = subscription(
            Some(1),
            Some(&["media.stored", "media.deleted_for_everyone"]),
        );
        assert!(some.wants("media.stored", Some(1)));
        for (kind, client) in [
            ("media.failed", Some(1)),
            ("media.stored", Some(2)),
            ("media.stored", None),
            ("MEDIA.STORED", Some(1)),
            ("media.deleted-for-everyone", Some(1)),
            ("media.stored,media.deleted_for_everyone", Some(1)),
        ] {
            assert!(!some.wants(kind, client), "{kind} {client:?}");
        }
        let all = subscription(None, None);
        assert!(all.wants("endpoint.disabled", None) && all.wants("media.stored", Some(2)));
    }
}
