//! Whether the database opens, commits, and is sound.

use std::path::Path;

use super::result::Results;
use super::{Check, CheckResult, Code, Deps, Hint};
use crate::coordination::checkpoint::Checkpoint;
use crate::db::{self, Db, Key, Place};
use crate::ops::probe;

/// Opens it, writes to it, and reads all of it, unless that would take too long.
pub(super) async fn probe(
    results: &mut Results<'_>,
    deps: Deps<'_>,
    place: &Place,
    quick: bool,
) -> Option<Db> {
    let busy_timeout = deps.config.database.busy_timeout.duration();
    let (shown, file) = (place.shown(), place.file());
    let db = match place.open_existing(busy_timeout).await {
        Ok(db) => {
            let opened = CheckResult::ok(Check::Database, Code::UpToDate);
            results.add(opened.about(&shown).with("count", Db::migrations()));
            probe_write(results, deps, file, &db).await;
            db
        }
        Err(error) => {
            results.add(failed(Check::Database, file, error).about(&shown));
            // Its content may still be readable.
            place.open_to_read(busy_timeout).await.ok()?
        }
    };
    if quick {
        return Some(db);
    }
    let check = Check::DatabaseIntegrity;
    let read = db.problems().await.map(|problems| match &*problems {
        [] => CheckResult::ok(check, Code::Sound),
        _ => CheckResult::problem(check, Code::Unsound, Hint::RestoreDatabase)
            .with("problems", problems.join("; ")),
    });
    results.add_read(check, read);
    Some(db)
}

async fn probe_write(results: &mut Results<'_>, deps: Deps<'_>, file: Option<&Path>, db: &Db) {
    let now = deps.clock.now();
    let written = db
        .write(Key::Nothing, async move |tx| {
            Checkpoint::WriteTest.save(tx, "", &"here", now).await
        })
        .await;
    let check = Check::DatabaseWrite;
    results.add(match written {
        Ok(()) => CheckResult::ok(check, Code::Done),
        Err(error) => failed(check, file, error),
    });
}

/// The engine does not pass on the system's error, so the file and its folder are probed to find the cause.
fn failed(check: Check, file: Option<&Path>, error: db::Error) -> CheckResult {
    if error.is_busy() {
        return CheckResult::problem(check, Code::Failed, Hint::EndOtherProgram).error(error);
    }
    if !error.is_unavailable() {
        return match error {
            db::Error::TooNew { .. } => CheckResult::failed(check, error),
            error => CheckResult::unreadable(check, error),
        };
    }
    let Some(file) = file else {
        return CheckResult::failed(check, error);
    };
    match probe::write_database(file) {
        Err(failure) => CheckResult::failed(check, failure),
        Ok(()) => CheckResult::problem(check, Code::Failed, Hint::CheckDisk).error(error),
    }
}
