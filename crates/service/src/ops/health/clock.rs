//! Whether the machine's clock continues from its last trusted reading.

use serde_json::json;

use super::result::Results;
use super::{Check, CheckResult, Code, Hint, Value};
use crate::access::Actor;
use crate::access::audit::{self, Action, NewEntry};
use crate::clock::{Clock, Trust};
use crate::clock_check::{self, ClockCheck};
use crate::db::{Db, Error};

pub(super) async fn probe(
    results: &mut Results<'_>,
    db: &Db,
    clock: &Clock,
    accepts: Option<&Actor>,
) {
    results.add_read(Check::ClockJump, compare(db, clock, accepts).await);
}

/// Trusts the current wall clock for an operator.
pub async fn adopt_clock(check: &ClockCheck, actor: &Actor) -> Result<(), Error> {
    clock_check::adopt(check).await?;
    audit::record(&check.db, &check.clock, actor, accepted()).await
}

fn accepted() -> NewEntry {
    NewEntry::new(Action::ClockAccepted, None, json!({}))
}

/// Compares the clock with its last trusted reading, or accepts it.
async fn compare(db: &Db, clock: &Clock, accepts: Option<&Actor>) -> Result<CheckResult, Error> {
    if let Some(saved) = db.saved_clock().await? {
        clock.resume(&saved);
    }
    if let Some(actor) = accepts {
        clock_check::accept(db, clock).await?;
        audit::record(db, clock, actor, accepted()).await?;
        return Ok(CheckResult::ok(Check::ClockJump, Code::ClockAccepted));
    }
    let (by, code) = match clock.trust() {
        Trust::Trusted => return Ok(CheckResult::ok(Check::ClockJump, Code::ClockNotJumped)),
        Trust::Jumped(by) if by > 0 => (by, Code::ClockAhead),
        Trust::Unconfirmed(by) if by >= 0 => (by, Code::ClockUnconfirmed),
        Trust::Jumped(by) | Trust::Unconfirmed(by) => (by, Code::ClockBehind),
    };
    let problem = CheckResult::problem(Check::ClockJump, code, Hint::FixOrAcceptClock);
    Ok(problem.with_value("by", Value::Millis(by.abs())))
}
