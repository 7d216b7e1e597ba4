//! Whether the machine's clock continues from its last trusted reading.

use super::result::Results;
use super::{Check, CheckResult, Code, Hint, Value};
use crate::clock::{Clock, Trust};
use crate::clock_check;
use crate::db::{Db, Error};

pub(super) async fn probe(results: &mut Results<'_>, db: &Db, clock: &Clock, accepts: bool) {
    results.add_read(Check::ClockJump, compare(db, clock, accepts).await);
}

/// Compares the clock with its last trusted reading, or accepts it.
async fn compare(db: &Db, clock: &Clock, accepts: bool) -> Result<CheckResult, Error> {
    if let Some(saved) = db.saved_clock().await? {
        clock.resume(&saved);
    }
    if accepts {
        clock_check::accept(db, clock).await?;
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
