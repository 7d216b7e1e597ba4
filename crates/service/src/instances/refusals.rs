//! Refused deliveries, counted by gateway, instance and reason. The number of rows is bounded by the operator's setup,
//! whatever clients send.

use serde::Serialize;

use super::InstanceId;
use crate::clock::{DAY, Millis, as_rfc3339};
use crate::db::{Db, Error, Row, Tx, values};
use crate::gateway::Gateway;
use crate::model::codes;

/// After this long without a refusal, counting starts again.
const QUIET: Millis = 7 * DAY;

codes! {
    RefusalReason {
        /// Its address has no token.
        MissingToken "missing_token",
        /// Its address has an unknown token.
        WrongToken "wrong_token",
        /// Its address has a replaced token.
        ReplacedToken "replaced_token",
        /// Its address is that of a removed instance.
        RemovedInstance "removed_instance",
        /// It is not signed with the instance's secret.
        WrongSignature "wrong_signature",
        /// It names an instance with another address.
        OtherInstance "other_instance",
        /// It names an instance that does not exist here.
        UnknownInstance "unknown_instance",
        /// Its address names no gateway.
        UnknownGateway "unknown_gateway",
        /// Its body is over the limit.
        BodyTooLarge "body_too_large",
        /// Its body has an unknown encoding.
        UnsupportedMediaType "unsupported_media_type",
        /// A connection, not yet a delivery: there were too many.
        TooManyConnections "too_many_connections",
    }
}

/// The key by which refusals are counted.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
pub struct Refusal {
    /// The gateway that the address names.
    pub gateway: Option<Gateway>,
    /// The instance whose delivery it is, as far as known; always an existing one.
    pub instance: Option<InstanceId>,
    /// The instance whose address was used, if it is another one.
    pub address_of: Option<InstanceId>,
    pub reason: RefusalReason,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct RefusalCount {
    pub count: i64,
    #[serde(serialize_with = "as_rfc3339")]
    pub first_at: Millis,
    #[serde(serialize_with = "as_rfc3339")]
    pub last_at: Millis,
}

impl RefusalCount {
    pub fn one(now: Millis) -> Self {
        Self {
            count: 1,
            first_at: now,
            last_at: now,
        }
    }

    pub fn add(&mut self, other: Self) {
        self.count += other.count;
        self.first_at = self.first_at.min(other.first_at);
        self.last_at = self.last_at.max(other.last_at);
    }

    /// Whether the last one came within the last day.
    pub fn is_recent(&self, now: Millis) -> bool {
        now - self.last_at < DAY
    }

    /// Whether it is recent and came after the last time at which deliveries were dismissed.
    pub fn needs_attention(&self, now: Millis, dismissed_at: Option<Millis>) -> bool {
        self.is_recent(now) && dismissed_at.is_none_or(|at| self.last_at > at)
    }
}

/// Adds to a count; starts again after `QUIET`, and after deliveries were dismissed.
pub async fn count_refusals(
    tx: &mut Tx,
    refusal: &Refusal,
    more: RefusalCount,
    dismissed_at: Option<Millis>,
) -> Result<(), Error> {
    let sql = "insert into refusals as r (gateway, instance, address_of, reason, count, first_at, last_at)
               values ($1, $2, $3, $4, $5, $6, $7)
               on conflict (gateway, instance, address_of, reason) do update set
                 count = case when excluded.first_at - r.last_at > $8 or r.last_at <= $9 then excluded.count else r.count + excluded.count end,
                 first_at = case when excluded.first_at - r.last_at > $8 or r.last_at <= $9 then excluded.first_at else r.first_at end,
                 last_at = case when excluded.last_at > r.last_at then excluded.last_at else r.last_at end";
    let id = |id: &Option<InstanceId>| id.as_ref().map_or("", InstanceId::as_str).to_owned();
    let values = values![
        refusal.gateway.map_or("", Gateway::as_str),
        id(&refusal.instance),
        id(&refusal.address_of),
        refusal.reason.as_str(),
        more.count,
        more.first_at,
        more.last_at,
        QUIET,
        dismissed_at,
    ];
    tx.run(sql, values).await.map(drop)
}

pub(super) async fn forget_refusals(tx: &mut Tx, id: &InstanceId) -> Result<(), Error> {
    let sql = "delete from refusals where instance = $1 or address_of = $1";
    tx.run(sql, values![id.as_str()]).await.map(drop)
}

/// All of them, the latest first.
pub async fn refusals(db: &Db) -> Result<Vec<(Refusal, RefusalCount)>, Error> {
    let sql = "select gateway, instance, address_of, reason, count, first_at, last_at from refusals
               order by last_at desc, gateway, instance, address_of, reason";
    let rows = db.rows(sql, vec![]).await?;
    rows.iter().map(refusal_from_row).collect()
}

fn refusal_from_row(row: &Row) -> Result<(Refusal, RefusalCount), Error> {
    let id = |column| {
        let id = row.text(column)?;
        Ok::<_, Error>((!id.is_empty()).then_some(InstanceId(id)))
    };
    let refusal = Refusal {
        gateway: Gateway::parse(&row.text("gateway")?),
        instance: id("instance")?,
        address_of: id("address_of")?,
        reason: row.parsed("reason", RefusalReason::parse)?,
    };
    let count = RefusalCount {
        count: row.int("count")?,
        first_at: row.int("first_at")?,
        last_at: row.int("last_at")?,
    };
    Ok((refusal, count))
}
