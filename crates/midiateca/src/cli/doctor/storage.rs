//! Whether files can be kept, and for how long there is room.

use super::super::complaint;
use super::super::context::Context;
use super::super::language::bytes;
use super::super::words::doctor as words;
use super::sheet::Sheet;
use crate::catalog;
use crate::clock::{Clock, DAY};
use crate::db::Db;
use crate::vault::Vault;

/// So much room should be left for this many days of growth.
const DAYS_AHEAD: u64 = 14;
const DAYS_OF_GROWTH: i64 = 7;
/// Beyond this a forecast says nothing.
const MOST_DAYS: u64 = 3_650;

/// Writes and reads a file, and looks how much room is left.
pub(super) async fn look(sheet: &mut Sheet, context: &Context, db: Option<&Db>) {
    let folder = context.config.storage_folder(&context.data);
    let about = folder.display().to_string();
    let vault = match Vault::open(&folder, "doctor") {
        Ok(vault) => vault,
        Err(error) => {
            let error = complaint::why(&error, sheet.lang);
            return sheet.wrong(
                "storage",
                &about,
                words::WROTE_A_FILE,
                words::FAILED,
                words::OWN_FOLDER,
                &[("error", &error), ("path", &about)],
            );
        }
    };
    match vault.probe().await {
        Ok(()) => sheet.fine("storage", &about, words::WROTE_A_FILE, words::DONE, &[]),
        Err(error) => {
            let error = complaint::why(&error, sheet.lang);
            sheet.wrong(
                "storage",
                &about,
                words::WROTE_A_FILE,
                words::FAILED,
                words::OWN_FOLDER,
                &[("error", &error), ("path", &about)],
            );
        }
    }
    let free = match vault.free_bytes() {
        Ok(free) => free,
        Err(error) => {
            return sheet.skipped(
                "storage.free",
                &about,
                words::ASKED_ROOM,
                words::FAILED,
                &[("error", &complaint::why(&error, sheet.lang))],
            );
        }
    };
    let floor = context.config.storage.pause_below_bytes;
    let (shown, floor_shown) = (bytes(free), bytes(floor));
    let values: [(&str, &dyn std::fmt::Display); 2] = [("free", &shown), ("floor", &floor_shown)];
    match free < floor {
        true => sheet.wrong(
            "storage.free",
            &about,
            words::ASKED_ROOM,
            words::NO_ROOM,
            words::FREE_ROOM,
            &values,
        ),
        false => sheet.fine(
            "storage.free",
            &about,
            words::ASKED_ROOM,
            words::ROOM,
            &values,
        ),
    }
    if let Some(db) = db {
        forecast(sheet, db, free.saturating_sub(floor)).await;
    }
}

/// When the room will be gone, if it goes on as in the last days.
async fn forecast(sheet: &mut Sheet, db: &Db, free: u64) {
    let since = Clock::system().now() - DAYS_OF_GROWTH * DAY;
    let Ok(grown) = catalog::grown_bytes(db, since).await else {
        return;
    };
    let a_day = grown / DAYS_OF_GROWTH.unsigned_abs();
    let shown = bytes(a_day);
    let days = free.checked_div(a_day).filter(|days| *days < MOST_DAYS);
    let Some(days) = days else {
        return sheet.fine(
            "storage.forecast",
            "",
            words::COUNTED_GROWTH,
            words::NO_GROWTH,
            &[],
        );
    };
    let values: [(&str, &dyn std::fmt::Display); 2] = [("growth", &shown), ("days", &days)];
    if days < DAYS_AHEAD {
        sheet.risk(
            "storage.forecast",
            "",
            words::COUNTED_GROWTH,
            words::FULL_SOON,
            words::FREE_ROOM,
            &values,
        );
    } else {
        sheet.fine(
            "storage.forecast",
            "",
            words::COUNTED_GROWTH,
            words::LASTS,
            &values,
        );
    }
}
