//! Clients, and their instances (one WhatsApp number at one gateway each).

mod directory;
mod hooks;
mod refusals;

use crate::clock::Millis;
use crate::db::{Db, Error, Row, Tx, Value, values};
use crate::gateway::Gateway;
use crate::model::{InstanceId, InstanceState, Route};
use crate::secrets::{self, Secrets};

pub use directory::{Directory, FormerToken};
pub use hooks::{
    PROBE_TOKEN, PreviousSlot, add_hook, delete_previous_slots, previous_slots, save_previous_slot,
    set_hook,
};
pub use refusals::{Refusal, RefusalCount, RefusalReason, count_refusals, refusals};

/// The routes of an instance as a column of another table's statement.
macro_rules! routes_of {
    ($instance:literal) => {
        concat!(
            "(select routes from instances where instances.id = ",
            $instance,
            ")"
        )
    };
}
pub(crate) use routes_of;

/// A company whose media are stored.
#[derive(Clone, Debug)]
pub struct Client {
    /// Part of its folder's name.
    pub id: i64,
    /// For people.
    pub name: String,
    /// Removed by the operator; its media stay.
    pub removed: bool,
}

/// One WhatsApp number at one gateway.
#[derive(Clone)]
pub struct Instance {
    /// The gateway's name for it.
    pub id: InstanceId,
    pub client: i64,
    pub gateway: Gateway,
    /// The address of the gateway's API, such as `https://api.w-api.app/v1`.
    pub api_base: String,
    /// The origins of WhatsApp's CDN, if not the usual ones: separated by commas, in the order of use.
    pub cdn_base: Option<String>,
    /// The candidate routes in their order, if not the usual ones.
    pub routes: Option<Vec<Route>>,
    /// The gateway's token, encrypted.
    pub token_sealed: Option<Vec<u8>>,
    /// The secret with which the gateway signs its deliveries, encrypted.
    pub secret_sealed: Option<Vec<u8>>,
    /// Its name at the gateway, if that is not the id.
    pub session: Option<String>,
    /// SHA-256 of the token in the webhook address.
    pub hook_hash: Vec<u8>,
    /// Those of earlier addresses that are still accepted.
    pub hooks_before: Vec<Vec<u8>>,
    pub state: InstanceState,
    pub state_at: Option<Millis>,
    /// The gateway's current error, until it succeeds again.
    pub problem: Option<String>,
    /// Last delivery of any kind.
    pub last_delivery_at: Option<Millis>,
    pub delivery_count: i64,
    /// Deliveries with nothing to store.
    pub ignored_count: i64,
    /// Messages whose delivery never came and that were found in the gateway's list.
    pub undelivered_count: i64,
    /// When the last of them was found.
    pub undelivered_at: Option<Millis>,
    pub created_at: Millis,
    /// Removed by the operator; its media stay.
    pub removed: bool,
}

impl Instance {
    /// The routes to its media in their order: its own, else those of the settings, else the order that fits its gateway.
    pub fn routes_in_use<'a>(&'a self, of_settings: &'a [Route]) -> &'a [Route] {
        match self.routes.as_deref() {
            Some(own) => own,
            None if of_settings == Route::ALL => self.gateway.routes(),
            None => of_settings,
        }
    }
}

const COLUMNS: &str = "id, created_at, client, gateway, api_base, cdn_base, routes, token_sealed, secret_sealed, session, hook_hash, state, state_at, problem, last_delivery_at, delivery_count, ignored_count, undelivered_count, undelivered_at, removed_at";

fn instance_of(row: &Row) -> Result<Instance, Error> {
    Ok(Instance {
        id: InstanceId(row.text("id")?),
        client: row.int("client")?,
        gateway: row.parsed("gateway", Gateway::parse)?,
        api_base: row.text("api_base")?,
        cdn_base: row.text_or_none("cdn_base")?,
        routes: row
            .text_or_none("routes")?
            .as_deref()
            .and_then(Route::parse_list),
        token_sealed: row.bytes_or_none("token_sealed")?,
        secret_sealed: row.bytes_or_none("secret_sealed")?,
        session: row.text_or_none("session")?,
        hook_hash: row.bytes("hook_hash")?,
        hooks_before: Vec::new(),
        state: row.parsed("state", InstanceState::parse)?,
        state_at: row.int_or_none("state_at")?,
        problem: row.text_or_none("problem")?,
        last_delivery_at: row.int_or_none("last_delivery_at")?,
        delivery_count: row.int("delivery_count")?,
        ignored_count: row.int("ignored_count")?,
        undelivered_count: row.int("undelivered_count")?,
        undelivered_at: row.int_or_none("undelivered_at")?,
        created_at: row.int("created_at")?,
        removed: row.int_or_none("removed_at")?.is_some(),
    })
}

impl Instance {
    /// The name by which calls of the gateway's API name it.
    pub fn name_at_gateway(&self) -> &str {
        self.session.as_deref().unwrap_or(self.id.as_str())
    }
}

/// The encryption context of an instance's secret.
pub fn secret_context(id: &InstanceId) -> String {
    format!("instances:{id}:secret")
}

/// The encryption context of an instance's token.
pub fn token_context(id: &InstanceId) -> String {
    format!("instances:{id}:token")
}

/// The largest number of a client: JSON readers that know only doubles confuse larger ones.
pub const LARGEST_CLIENT: i64 = (1 << 53) - 1;

/// Adds a client; with no `id`, the next number, or the smallest free one after the largest. A removed one of the same name
/// and, if given, number is restored. `None` when name or number are taken.
pub async fn add_client(
    tx: &mut Tx,
    name: &str,
    id: Option<i64>,
    now: Millis,
) -> Result<Option<i64>, Error> {
    let restore = "update clients set removed_at = null
                   where removed_at is not null and name = $1 and id = coalesce($2, id) returning id";
    if let Some(row) = tx.row(restore, values![name, id]).await? {
        return Ok(Some(row.int("id")?));
    }
    let sql = "insert into clients (id, name, created_at)
               values (coalesce($1,
                 (select max(id) + 1 from clients having max(id) < $4),
                 (select min(n) from (select 1 as n union all select id + 1 from clients where id < $4) as numbers
                  where n not in (select id from clients))), $2, $3)
               on conflict do nothing returning id";
    let row = tx.row(sql, values![id, name, now, LARGEST_CLIENT]).await?;
    row.map(|row| row.int("id")).transpose()
}

/// The result of renaming a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Renaming {
    Renamed,
    NoClient,
    NameTaken,
}

/// Gives a client another name.
pub async fn rename_client(tx: &mut Tx, id: i64, name: &str) -> Result<Renaming, Error> {
    let taken = "select 1 as taken from clients where name = $2 and id <> $1";
    if tx.row(taken, values![id, name]).await?.is_some() {
        return Ok(Renaming::NameTaken);
    }
    let sql = "update clients set name = $2 where id = $1 and removed_at is null";
    Ok(match tx.run(sql, values![id, name]).await? {
        0 => Renaming::NoClient,
        _ => Renaming::Renamed,
    })
}

/// Whether there is a client of that number that was not removed.
pub async fn has_client(tx: &mut Tx, id: i64) -> Result<bool, Error> {
    let sql = "select 1 as found from clients where id = $1 and removed_at is null";
    Ok(tx.row(sql, values![id]).await?.is_some())
}

/// Removes a client and its instances; their media stay. Returns the instances.
pub async fn remove_client(tx: &mut Tx, id: i64, now: Millis) -> Result<Vec<InstanceId>, Error> {
    let sql = "update clients set removed_at = $2 where id = $1 and removed_at is null";
    tx.run(sql, values![id, now]).await?;
    let sql = "select id from instances where client = $1 and removed_at is null order by id";
    let mut instances = Vec::new();
    for row in tx.rows(sql, values![id]).await? {
        let instance = InstanceId(row.text("id")?);
        remove_instance(tx, &instance, now).await?;
        instances.push(instance);
    }
    Ok(instances)
}

/// All clients that were not removed.
pub async fn clients(db: &Db) -> Result<Vec<Client>, Error> {
    let mut all = every_client(db).await?;
    all.retain(|client| !client.removed);
    Ok(all)
}

/// All clients, removed ones included, by number.
pub async fn every_client(db: &Db) -> Result<Vec<Client>, Error> {
    let sql = "select id, name, removed_at from clients order by id";
    let rows = db.rows(sql, vec![]).await?;
    rows.iter()
        .map(|row| {
            Ok(Client {
                id: row.int("id")?,
                name: row.text("name")?,
                removed: row.int_or_none("removed_at")?.is_some(),
            })
        })
        .collect()
}

/// When the first client was added. It differs for another or a recreated database. `None` without clients.
pub async fn first_added(db: &Db) -> Result<Option<Millis>, Error> {
    let sql = "select min(created_at) as first from clients";
    let row = db.row(sql, vec![]).await?;
    row.map_or(Ok(None), |row| row.int_or_none("first"))
}

/// Whether anything is encrypted with the key: a token, or the previous address of a slot.
pub async fn has_sealed_values(db: &Db) -> Result<bool, Error> {
    let sql = "select exists (select 1 from instances where token_sealed is not null or secret_sealed is not null)
                   or exists (select 1 from slots_before where sealed_address is not null) as sealed";
    let row = db.row(sql, vec![]).await?;
    row.map_or(Ok(false), |row| Ok(row.int("sealed")? != 0))
}

/// Why the key does not open the tokens, by one of them; `None` if it does, or if there is none.
pub async fn token_error(db: &Db, secrets: &Secrets) -> Result<Option<secrets::Error>, Error> {
    let sealed = sealed_token(db).await?;
    Ok(sealed.and_then(|(id, sealed)| secrets.unseal(&token_context(&id), &sealed).err()))
}

/// A sealed token, of any instance.
async fn sealed_token(db: &Db) -> Result<Option<(InstanceId, Vec<u8>)>, Error> {
    let sql =
        "select id, token_sealed from instances where token_sealed is not null order by id limit 1";
    let row = db.row(sql, vec![]).await?;
    row.map(|row| Ok((InstanceId(row.text("id")?), row.bytes("token_sealed")?)))
        .transpose()
}

/// The fields of an instance to add or to update.
#[derive(Clone, Debug)]
pub struct NewInstance {
    /// The gateway's name for it.
    pub id: InstanceId,
    pub client: i64,
    pub gateway: Gateway,
    /// See [`Instance::api_base`]; `None` for the gateway's default.
    pub api_base: Option<String>,
    /// See [`Instance::cdn_base`]; empty for WhatsApp's own.
    pub cdn_base: Option<String>,
    /// See [`Instance::routes`]; empty for the usual ones.
    pub routes: Option<Vec<Route>>,
    /// The gateway's token, encrypted.
    pub token_sealed: Option<Vec<u8>>,
    /// The secret with which the gateway signs its deliveries, encrypted.
    pub secret_sealed: Option<Vec<u8>>,
    /// Its name at the gateway, if that is not the id.
    pub session: Option<String>,
    /// SHA-256 of the token in the webhook address, for an instance that has none yet.
    pub hook_hash: [u8; 32],
}

/// Adds an instance. An existing one takes the given fields and keeps the others, above all its client and its webhook
/// address; for another gateway not the token, secret, session and routes, which are of the one before. A removed one starts
/// again, and its media stay. Returns whether it uses the new address.
pub async fn put_instance(tx: &mut Tx, new: &NewInstance, now: Millis) -> Result<bool, Error> {
    let sql = "insert into instances as i (id, client, gateway, api_base, cdn_base, token_sealed, hook_hash, created_at, routes,
                 secret_sealed, session)
               values ($1, $2, $3, coalesce($4, $10), nullif($5, ''), $6, $7, $8, nullif($9, ''), $11, nullif($12, ''))
               on conflict (id) do update set
                 client = case when i.removed_at is null then i.client else excluded.client end,
                 gateway = excluded.gateway,
                 api_base = case when i.removed_at is null then coalesce($4, i.api_base) else excluded.api_base end,
                 cdn_base = case when i.removed_at is null then nullif(coalesce($5, i.cdn_base), '') else excluded.cdn_base end,
                 routes = case when i.removed_at is null and i.gateway = excluded.gateway then nullif(coalesce($9, i.routes), '') else excluded.routes end,
                 token_sealed = case when i.removed_at is null and i.gateway = excluded.gateway then coalesce($6, i.token_sealed) else excluded.token_sealed end,
                 secret_sealed = case when i.removed_at is null and i.gateway = excluded.gateway then coalesce($11, i.secret_sealed) else excluded.secret_sealed end,
                 session = case when i.removed_at is null and i.gateway = excluded.gateway then nullif(coalesce($12, i.session), '') else excluded.session end,
                 hook_hash = case when i.removed_at is null then i.hook_hash else excluded.hook_hash end,
                 state = case when i.removed_at is null then i.state else 'unknown' end,
                 state_at = case when i.removed_at is null then i.state_at end,
                 problem = case when i.removed_at is null and i.gateway = excluded.gateway then i.problem end,
                 last_delivery_at = case when i.removed_at is null then i.last_delivery_at end,
                 delivery_count = case when i.removed_at is null then i.delivery_count else 0 end,
                 ignored_count = case when i.removed_at is null then i.ignored_count else 0 end,
                 undelivered_count = case when i.removed_at is null then i.undelivered_count else 0 end,
                 undelivered_at = case when i.removed_at is null then i.undelivered_at end,
                 removed_at = null
               returning hook_hash";
    // The previous owner must not reach the new one.
    let was_removed = "select 1 from instances where id = $1 and removed_at is not null";
    if tx
        .row(was_removed, values![new.id.as_str()])
        .await?
        .is_some()
    {
        hooks::retire_hooks(tx, &new.id).await?;
        refusals::forget_refusals(tx, &new.id).await?;
        delete_previous_slots(tx, &new.id).await?;
    }
    let routes = new.routes.as_ref().map(|routes| {
        let names: Vec<_> = routes.iter().map(|route| route.as_str()).collect();
        names.join(",")
    });
    let values = values![
        new.id.as_str(),
        new.client,
        new.gateway.as_str(),
        new.api_base.clone(),
        new.cdn_base.clone(),
        new.token_sealed.clone(),
        new.hook_hash,
        now,
        routes,
        new.gateway.default_api_base(),
        new.secret_sealed.clone(),
        new.session.clone(),
    ];
    let row = tx.row(sql, values).await?;
    let kept = row
        .map(|row| row.bytes32_or_none("hook_hash"))
        .transpose()?;
    Ok(kept.flatten() == Some(new.hook_hash))
}

/// Stops an instance from receiving; its media stay. False when there is no instance of that name.
pub async fn remove_instance(tx: &mut Tx, id: &InstanceId, now: Millis) -> Result<bool, Error> {
    let sql = "update instances set removed_at = $2 where id = $1 and removed_at is null";
    Ok(tx.run(sql, values![id.as_str(), now]).await? == 1)
}

/// Records the session state that a gateway reported.
pub async fn set_state(
    tx: &mut Tx,
    id: &InstanceId,
    is_connected: bool,
    now: Millis,
) -> Result<(), Error> {
    let state = InstanceState::of(is_connected);
    let sql = "update instances set state = $2, state_at = $3 where id = $1 and state is distinct from $2";
    tx.run(sql, values![id.as_str(), state.as_str(), now])
        .await
        .map(drop)
}

/// An instance's sealed token and API base, as the transaction sees them.
pub async fn access_of(
    tx: &mut Tx,
    id: &InstanceId,
) -> Result<Option<(Option<Vec<u8>>, String)>, Error> {
    let sql = "select token_sealed, api_base from instances where id = $1";
    let row = tx.row(sql, values![id.as_str()]).await?;
    row.map(|row| Ok((row.bytes_or_none("token_sealed")?, row.text("api_base")?)))
        .transpose()
}

/// Records the gateway's current error, or that there is none.
pub async fn set_problem(
    tx: &mut Tx,
    id: &InstanceId,
    problem: Option<&'static str>,
) -> Result<(), Error> {
    let sql = "update instances set problem = $2 where id = $1 and problem is distinct from $2";
    tx.run(sql, values![id.as_str(), problem]).await.map(drop)
}

/// Adds to an instance's counters, and advances the time of its last delivery.
pub async fn count(
    tx: &mut Tx,
    id: &InstanceId,
    deliveries: i64,
    ignored: i64,
    last: Millis,
) -> Result<(), Error> {
    let sql = "update instances set delivery_count = delivery_count + $2, ignored_count = ignored_count + $3,
                 last_delivery_at = case when coalesce(last_delivery_at, 0) > $4 then last_delivery_at else $4 end
               where id = $1";
    let values = values![id.as_str(), deliveries, ignored, last];
    tx.run(sql, values).await.map(drop)
}

/// Counts a message whose delivery never came.
pub async fn count_undelivered(tx: &mut Tx, id: &InstanceId, now: Millis) -> Result<(), Error> {
    let sql = "update instances set undelivered_count = undelivered_count + 1, undelivered_at = $2 where id = $1";
    tx.run(sql, values![id.as_str(), now]).await.map(drop)
}

/// All instances that were not removed.
pub async fn instances(db: &Db) -> Result<Vec<Instance>, Error> {
    let mut all = every_instance(db).await?;
    all.retain(|instance| !instance.removed);
    Ok(all)
}

/// All instances, removed ones included, by client and name.
pub async fn every_instance(db: &Db) -> Result<Vec<Instance>, Error> {
    let sql = format!("select {COLUMNS} from instances order by client, id");
    read(db, sql, vec![]).await
}

/// An instance that was not removed.
pub async fn instance(db: &Db, id: &InstanceId) -> Result<Option<Instance>, Error> {
    let found = instance_or_removed(db, id).await?;
    Ok(found.filter(|instance| !instance.removed))
}

/// An instance, removed or not: for whose its rows are.
pub async fn instance_or_removed(db: &Db, id: &InstanceId) -> Result<Option<Instance>, Error> {
    let sql = format!("select {COLUMNS} from instances where id = $1");
    let mut found = read(db, sql, values![id.as_str()]).await?;
    Ok(found.pop())
}

/// The instance with a webhook token, by the token's hash.
pub async fn instance_by_hook(db: &Db, hash: &[u8; 32]) -> Result<Option<Instance>, Error> {
    let sql = format!(
        "select {COLUMNS} from instances
         where (hook_hash = $1 or id = (select instance from hooks_before where hash = $1)) and removed_at is null"
    );
    let mut found = read(db, sql, values![hash]).await?;
    Ok(found.pop())
}

async fn read(db: &Db, sql: String, values: Vec<Value>) -> Result<Vec<Instance>, Error> {
    let rows = db.rows_of(sql, values).await?;
    let mut found: Vec<_> = rows.iter().map(instance_of).collect::<Result<_, _>>()?;
    hooks::read_into(db, &mut found).await?;
    Ok(found)
}
