//! Media that wait because something was out of order, woken when it works again.

use crate::clock::Millis;
use crate::db::{Error, Tx, Value, values};
use crate::model::{InstanceId, Reason};

/// Those that are woken by a host become due one after the other, so far apart: the host is not overrun, and what comes
/// new goes before them.
const APART: Millis = 20;

/// `$1, $2, …`, from the number `first` on.
fn holes(first: usize, count: usize) -> String {
    let holes: Vec<_> = (first..first + count).map(|n| format!("${n}")).collect();
    holes.join(", ")
}

/// Makes ready everything that waits for one of these reasons. Returns how many.
pub async fn wake_all(tx: &mut Tx, reasons: &[Reason]) -> Result<usize, Error> {
    let sql = format!(
        "update media set next_attempt_at = null where status = 'pending' and next_attempt_at is not null and reason in ({})
         returning 1 as woken",
        holes(1, reasons.len())
    );
    let values = reasons.iter().map(|reason| reason.as_str().into());
    Ok(tx.rows_of(sql, values.collect()).await?.len())
}

/// Makes due, one shortly after the other and the most urgent first, what waits at these instances for one of these
/// reasons. Returns how many.
pub async fn wake_in_turn(
    tx: &mut Tx,
    instances: &[InstanceId],
    reasons: &[Reason],
    now: Millis,
) -> Result<usize, Error> {
    let sql = format!(
        "update media set next_attempt_at = turn.at from
           (select id, $1 + (row_number() over (order by deadline) - 1) * $2 as at from media
            where status = 'pending' and next_attempt_at is not null and {}) as turn
         where media.id = turn.id and media.next_attempt_at > turn.at returning 1 as woken",
        those(3, instances, reasons)
    );
    let mut values = values![now, APART];
    values.extend(names(instances, reasons));
    Ok(tx.rows_of(sql, values).await?.len())
}

/// Makes ready the most urgent media that waits at these instances for one of these reasons.
pub async fn wake_one(
    tx: &mut Tx,
    instances: &[InstanceId],
    reasons: &[Reason],
) -> Result<usize, Error> {
    let sql = format!(
        "update media set next_attempt_at = null where id = (select id from media
           where status = 'pending' and next_attempt_at is not null and {} order by deadline limit 1) returning 1 as woken",
        those(1, instances, reasons)
    );
    Ok(tx.rows_of(sql, names(instances, reasons)).await?.len())
}

fn those(first: usize, instances: &[InstanceId], reasons: &[Reason]) -> String {
    format!(
        "instance in ({}) and reason in ({})",
        holes(first, instances.len()),
        holes(first + instances.len(), reasons.len())
    )
}

fn names(instances: &[InstanceId], reasons: &[Reason]) -> Vec<Value> {
    let instances = instances.iter().map(|id| Value::from(id.as_str()));
    let reasons = reasons.iter().map(|reason| Value::from(reason.as_str()));
    instances.chain(reasons).collect()
}
