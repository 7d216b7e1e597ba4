//! The webhook addresses of an instance, and the addresses in its gateway's webhook slots before configure-webhooks.

use super::Instance;
use crate::db::{Db, Error, Tx, values};
use crate::model::InstanceId;

/// In place of a token, to see whether a public address leads to this server. It is refused, because no token is so short,
/// and is not counted as a lost delivery.
pub const PROBE_TOKEN: &str = "doctor";

/// This many replaced tokens of an instance are recognised.
const MOST_RETIRED: i64 = 16;

impl Instance {
    /// Whether the token with this hash is accepted.
    pub fn accepts_hook(&self, hash: &[u8; 32]) -> bool {
        let mut hashes = self.hooks_before.iter().chain([&self.hook_hash]);
        hashes.any(|known| known == hash)
    }
}

/// Replaces the token of the webhook address; earlier ones are no longer accepted. False when there is no such instance.
pub async fn set_hook(tx: &mut Tx, id: &InstanceId, hash: &[u8; 32]) -> Result<bool, Error> {
    retire_hooks(tx, id).await?;
    let sql = "update instances set hook_hash = $2 where id = $1 and removed_at is null";
    Ok(tx.run(sql, values![id.as_str(), hash]).await? == 1)
}

/// Gives the webhook address another token. Earlier ones stay accepted until [`set_hook`].
pub async fn add_hook(tx: &mut Tx, id: &InstanceId, hash: &[u8; 32]) -> Result<bool, Error> {
    let sql = "insert into hooks_before (hash, instance)
               select hook_hash, id from instances where id = $1 and removed_at is null on conflict do nothing";
    tx.run(sql, values![id.as_str()]).await?;
    let sql = "update instances set hook_hash = $2 where id = $1 and removed_at is null";
    Ok(tx.run(sql, values![id.as_str(), hash]).await? == 1)
}

/// Adds the earlier addresses to the instances.
pub(super) async fn read_into(db: &Db, instances: &mut [Instance]) -> Result<(), Error> {
    for row in db
        .rows("select instance, hash from hooks_before", vec![])
        .await?
    {
        let id = row.text("instance")?;
        let of_id = instances.iter_mut().find(|known| known.id.0 == id);
        if let Some(instance) = of_id {
            instance.hooks_before.push(row.bytes("hash")?);
        }
    }
    Ok(())
}

/// Accepts none of the current tokens any more. Keeps the last ones to recognise who still uses them.
pub(super) async fn retire_hooks(tx: &mut Tx, id: &InstanceId) -> Result<(), Error> {
    let id = id.as_str();
    let sql = "insert into hooks_retired (hash, instance)
               select hash, instance from hooks_before where instance = $1 on conflict do nothing";
    tx.run(sql, values![id]).await?;
    let sql = "insert into hooks_retired (hash, instance)
               select hook_hash, id from instances where id = $1 on conflict do nothing";
    tx.run(sql, values![id]).await?;
    let sql = "delete from hooks_retired where instance = $1 and number not in
                 (select number from hooks_retired where instance = $1 order by number desc limit $2)";
    tx.run(sql, values![id, MOST_RETIRED]).await?;
    let sql = "delete from hooks_before where instance = $1";
    tx.run(sql, values![id]).await.map(drop)
}

/// The tokens that are no longer accepted, with the instance of each.
pub(super) async fn retired(db: &Db) -> Result<Vec<(Vec<u8>, InstanceId)>, Error> {
    let rows = db.rows("select hash, instance from hooks_retired", vec![]);
    let rows = rows.await?;
    rows.iter()
        .map(|row| Ok((row.bytes("hash")?, InstanceId(row.text("instance")?))))
        .collect()
}

/// The content of a webhook slot before it was first set.
pub struct PreviousSlot {
    pub field: String,
    /// The address, encrypted because it may contain a token; `None` when it was empty.
    pub sealed: Option<Vec<u8>>,
    /// Whether it was an address of this server.
    pub ours: bool,
}

/// Saves the content of a slot before it is first set.
pub async fn save_previous_slot(
    tx: &mut Tx,
    id: &InstanceId,
    slot: &PreviousSlot,
) -> Result<(), Error> {
    let sql = "insert into slots_before (instance, field, sealed_address, ours) values ($1, $2, $3, $4)
               on conflict (instance, field) do update set sealed_address = excluded.sealed_address, ours = excluded.ours";
    let values = values![
        id.as_str(),
        slot.field.as_str(),
        slot.sealed.as_deref(),
        slot.ours
    ];
    tx.run(sql, values).await.map(drop)
}

/// The contents of the slots before they were first set.
pub async fn previous_slots(db: &Db, id: &InstanceId) -> Result<Vec<PreviousSlot>, Error> {
    let sql =
        "select field, sealed_address, ours from slots_before where instance = $1 order by field";
    let rows = db.rows(sql, values![id.as_str()]).await?;
    rows.iter()
        .map(|row| {
            Ok(PreviousSlot {
                field: row.text("field")?,
                sealed: row.bytes_or_none("sealed_address")?,
                ours: row.int("ours")? != 0,
            })
        })
        .collect()
}

pub async fn delete_previous_slots(tx: &mut Tx, id: &InstanceId) -> Result<(), Error> {
    let sql = "delete from slots_before where instance = $1";
    tx.run(sql, values![id.as_str()]).await.map(drop)
}
