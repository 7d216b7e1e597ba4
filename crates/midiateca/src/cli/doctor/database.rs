//! Whether the database opens, commits, and is sound.

use std::fmt::Display;
use std::path::Path;

use super::super::complaint;
use super::super::context::Context;
use super::super::words::{Words, causes, doctor as words};
use super::sheet::Sheet;
use midiateca_service::clock::Clock;
use midiateca_service::coordination::checkpoint::Checkpoint;
use midiateca_service::db::{self, Db, Key};
use midiateca_service::ops::probe;

/// Opens it, writes to it, and reads all of it.
pub(super) async fn look(sheet: &mut Sheet, context: &Context, file: &Path) -> Option<Db> {
    let about = file.display().to_string();
    let patience = context.config.database.busy_timeout.duration();
    let db = match Db::open(file, patience).await {
        Ok(db) => {
            write(sheet, &about, file, &db).await;
            db
        }
        Err(error) => {
            unopened(sheet, &about, file, &error);
            // What is in it can perhaps be looked at all the same.
            Db::open_current_to_read(file, patience).await.ok()?
        }
    };
    match db.problems().await {
        Ok(problems) if problems.is_empty() => sheet.fine(
            "database.integrity",
            "",
            words::READ_DATABASE,
            words::SOUND,
            &[],
        ),
        Ok(problems) => {
            let error = problems.join("; ");
            sheet.wrong(
                "database.integrity",
                "",
                words::READ_DATABASE,
                words::FAILED,
                words::RESTORE_DATABASE,
                &[("error", &error)],
            );
        }
        Err(error) => {
            let error = complaint::why(&error, sheet.lang);
            sheet.wrong(
                "database.integrity",
                "",
                words::READ_DATABASE,
                words::FAILED,
                words::RESTORE_DATABASE,
                &[("error", &error)],
            );
        }
    }
    Some(db)
}

async fn write(sheet: &mut Sheet, about: &str, file: &Path, db: &Db) {
    sheet.fine(
        "database",
        about,
        words::OPENED,
        words::MIGRATIONS,
        &[("count", &Db::migrations())],
    );
    let now = Clock::system().now();
    match db
        .write(Key::Nothing, async move |tx| {
            Checkpoint::WriteTest.save(tx, "", &"here", now).await
        })
        .await
    {
        Ok(()) => sheet.fine("database.write", "", words::COMMITTED, words::DONE, &[]),
        Err(error) => failed(sheet, "database.write", "", words::COMMITTED, file, &error),
    }
}

fn unopened(sheet: &mut Sheet, about: &str, file: &Path, error: &db::Error) {
    let next = match error {
        db::Error::TooNew { .. } => words::USE_NEWER,
        error if error.is_unavailable() => {
            return failed(sheet, "database", about, words::OPENED, file, error);
        }
        _ => words::RESTORE_DATABASE,
    };
    let error = complaint::why(error, sheet.lang);
    let values: [(&str, &dyn Display); 1] = [("error", &error)];
    sheet.wrong(
        "database",
        about,
        words::OPENED,
        words::FAILED,
        next,
        &values,
    );
}

/// The engine does not say what the system said, so the file and its folder are tried, to find the cause.
fn failed(
    sheet: &mut Sheet,
    check: &'static str,
    about: &str,
    tried: Words,
    file: &Path,
    error: &db::Error,
) {
    if !error.is_busy()
        && let Err(refused) = probe::write_database(file)
    {
        return sheet.refused(check, about, tried, &refused);
    }
    let next = match error.is_busy() {
        true => causes::BUSY,
        false => words::MAKE_ROOM,
    };
    let error = complaint::why(error, sheet.lang);
    let values: [(&str, &dyn Display); 1] = [("error", &error)];
    sheet.wrong(check, about, tried, words::FAILED, next, &values);
}
