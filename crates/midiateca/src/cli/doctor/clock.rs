//! Whether the machine's clock goes on from where it was trusted last.

use super::super::language::span;
use super::super::words::doctor as words;
use super::sheet::Sheet;
use midiateca_service::clock::{Clock, Trust};
use midiateca_service::clock_check;
use midiateca_service::db::Db;

/// Compares the clock with its last trusted reading, or takes it as it is when that is what was asked for.
pub(super) async fn look(sheet: &mut Sheet, db: &Db, clock: &Clock, accepts: bool) {
    let (check, tried) = ("clock.jump", words::COMPARED_READINGS);
    match db.saved_clock().await {
        Ok(Some(saved)) => clock.resume(&saved),
        Ok(None) => {}
        Err(error) => return sheet.unreadable(check, "", tried, &error),
    }
    if accepts {
        return match clock_check::accept(db, clock).await {
            Ok(()) => sheet.fine(check, "", tried, words::CLOCK_ACCEPTED, &[]),
            Err(error) => sheet.unreadable(check, "", tried, &error),
        };
    }
    let (by, seen) = match clock.trust() {
        Trust::Trusted => return sheet.fine(check, "", tried, words::CLOCK_GOES_ON, &[]),
        Trust::Jumped(by) if by > 0 => (by, words::JUMPED_AHEAD),
        Trust::Jumped(by) => (by, words::JUMPED_BACK),
        Trust::Unconfirmed(by) if by >= 0 => (by, words::LONG_AFTER),
        Trust::Unconfirmed(by) => (by, words::JUMPED_BACK),
    };
    let by = span(by.abs());
    sheet.wrong(
        check,
        "",
        tried,
        seen,
        words::RIGHT_OR_ACCEPT,
        &[("by", &by)],
    );
}
