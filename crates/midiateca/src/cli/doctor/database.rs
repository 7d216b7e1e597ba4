//! Whether the database opens, commits, and is sound.

use std::path::Path;

use super::super::complaint;
use super::super::context::Context;
use super::super::words::doctor as words;
use super::sheet::Sheet;
use crate::clock::Clock;
use crate::config::millis;
use crate::db::{self, Db};

/// Opens it, writes to it, and reads all of it.
pub(super) async fn look(sheet: &mut Sheet, context: &Context, file: &Path) -> Option<Db> {
    let about = file.display().to_string();
    let patience = millis(context.config.database.busy_timeout_ms);
    let db = match Db::open(file, patience).await {
        Ok(db) => db,
        Err(error) => {
            let next = match error {
                db::Error::TooNew { .. } => words::USE_NEWER,
                db::Error::Unavailable(_) => words::MAKE_ROOM,
                _ => words::RESTORE_DATABASE,
            };
            let error = complaint::why(&error, sheet.lang);
            sheet.wrong(
                "database",
                &about,
                words::OPENED,
                words::FAILED,
                next,
                &[("error", &error)],
            );
            return None;
        }
    };
    sheet.fine(
        "database",
        &about,
        words::OPENED,
        words::MIGRATIONS,
        &[("count", &Db::migrations())],
    );
    let now = Clock::system().now();
    match db
        .write(async move |tx| tx.mark("doctor", "here", now).await)
        .await
    {
        Ok(()) => sheet.fine("database.write", "", words::COMMITTED, words::DONE, &[]),
        Err(error) => {
            let error = complaint::why(&error, sheet.lang);
            sheet.wrong(
                "database.write",
                "",
                words::COMMITTED,
                words::FAILED,
                words::MAKE_ROOM,
                &[("error", &error)],
            );
        }
    }
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
