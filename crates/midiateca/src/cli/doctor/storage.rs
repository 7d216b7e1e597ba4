//! Whether files can be kept, and for how long there is room.

use std::fmt::Display;
use std::path::Path;

use super::super::cause;
use super::super::complaint;
use super::super::context::Context;
use super::super::language::bytes;
use super::super::words::doctor as words;
use super::sheet::Sheet;
use midiateca_service::app::{self, OpeningError};
use midiateca_service::clock::{Clock, DAY};
use midiateca_service::db::Db;
use midiateca_service::i18n::explain;
use midiateca_service::media::{self, holding};
use midiateca_service::model::{InstanceId, MediaKind};
use midiateca_service::ops::probe::{self, WriteFailure};
use midiateca_service::storage::{self, layout};

/// So much room should be left for this many days of growth.
const DAYS_AHEAD: u64 = 14;
const DAYS_OF_GROWTH: i64 = 7;
/// Beyond this a forecast says nothing.
const MOST_DAYS: u64 = 3_650;

/// Writes and reads a file, and looks how much room is left.
pub(super) async fn look(sheet: &mut Sheet, context: &Context, db: Option<&Db>) {
    let folder = context.config.storage_folder(&context.data);
    let about = folder.display().to_string();
    let held = match db {
        Some(db) => holding::holders(db).await,
        None => Ok(Vec::new()),
    };
    let held = held.unwrap_or_else(|error| {
        sheet.unreadable("storage.folders", &about, words::LOOKED_FOR_FOLDERS, &error);
        Vec::new()
    });
    // Nothing is made here: an empty folder in the place of a disk that is not mounted would pass for the storage.
    if !folder.exists() {
        let tried = words::LOOKED_FOR_FOLDERS;
        let values: [(&str, &dyn Display); 1] = [("path", &about)];
        let had_one = match db {
            Some(db) => db.has_storage().await.unwrap_or(false),
            None => false,
        };
        return match held.is_empty() && !had_one {
            true => sheet.fine("storage", &about, tried, words::NO_STORAGE_YET, &[]),
            false => sheet.wrong(
                "storage",
                &about,
                tried,
                words::NO_STORAGE,
                words::MOUNT,
                &values,
            ),
        };
    }
    if let Some(db) = db.filter(|_| folder.is_dir())
        && !is_of_database(sheet, db, &folder).await
    {
        return;
    }
    if let Err(refused) = probe::write_storage(&folder) {
        let code = refused.error.raw_os_error();
        let same = code.map_or_else(
            || refused.error.kind().into(),
            std::io::Error::from_raw_os_error,
        );
        let error = storage::Error::from(same);
        sheet.refused_as("storage", &about, words::WROTE_A_FILE, &refused, &error);
    } else {
        sheet.fine("storage", &about, words::WROTE_A_FILE, words::DONE, &[]);
        folders(sheet, &folder, &held);
    }
    let free = match storage::free_bytes_at(&folder) {
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
    let floor = context.config.storage.pause_below.bytes();
    let (shown, floor_shown) = (bytes(free), bytes(floor));
    let values: [(&str, &dyn Display); 2] = [("free", &shown), ("floor", &floor_shown)];
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

/// Whether the storage carries the id of the database, or may get it.
async fn is_of_database(sheet: &mut Sheet, db: &Db, folder: &Path) -> bool {
    let about = folder.display().to_string();
    let (check, tried) = ("storage.identity", words::COMPARED_IDS);
    let values: [(&str, &dyn Display); 1] = [("path", &about)];
    let (seen, next) = match app::look_at_storage(db, folder).await {
        Err(OpeningError::WrongStorage { found, .. }) => explain::displaced_storage(found),
        Err(OpeningError::UnknownStorage { .. }) => explain::unknown_storage(),
        // What else is wrong is found by the next checks.
        Ok(_) | Err(_) => {
            sheet.fine(check, &about, tried, words::DONE, &[]);
            return true;
        }
    };
    sheet.wrong(check, &about, tried, seen, next, &values);
    false
}

/// Whether the folders of those who hold something are there, and take files.
fn folders(sheet: &mut Sheet, root: &Path, held: &[(i64, InstanceId)]) {
    let about = root.display().to_string();
    let tried = words::LOOKED_FOR_FOLDERS;
    let mut broken: Vec<WriteFailure> = Vec::new();
    let (mut missing, mut first_missing) = (0, String::new());
    for (client, instance) in held {
        let kinds = MediaKind::ALL.map(|kind| root.join(layout::folder(*client, instance, kind)));
        if !kinds.iter().any(|folder| folder.is_dir()) {
            missing += 1;
            let of_instance = kinds[0].parent().unwrap_or(root);
            first_missing = of_instance.display().to_string();
            continue;
        }
        for folder in kinds.iter().filter(|folder| folder.is_dir()) {
            broken.extend(probe::create_entry(folder).err());
        }
    }
    if missing > 0 {
        let values: [(&str, &dyn Display); 3] = [
            ("count", &missing),
            ("first", &first_missing),
            ("path", &about),
        ];
        let (seen, next) = (words::FOLDERS_MISSING, words::MOUNT);
        sheet.wrong("storage.folders", &about, tried, seen, next, &values);
    }
    if let Some(refused) = broken.first() {
        let (first, why) = (
            refused.path.display(),
            complaint::why(&refused.error, sheet.lang),
        );
        let values: [(&str, &dyn Display); 4] = [
            ("count", &broken.len()),
            ("first", &first),
            ("error", &why),
            ("path", &first),
        ];
        let (seen, next) = (words::FOLDERS_CLOSED, cause::words(refused.cause));
        sheet.wrong("storage.folders", &about, tried, seen, next, &values);
    }
    if missing == 0 && broken.is_empty() {
        sheet.fine("storage.folders", &about, tried, words::DONE, &[]);
    }
}

/// When the room will be gone, if it goes on as in the last days.
async fn forecast(sheet: &mut Sheet, db: &Db, free: u64) {
    let now = Clock::system().now();
    let since = now - DAYS_OF_GROWTH * DAY;
    let grown = match media::grown_bytes(db, since).await {
        Ok(grown) => grown,
        Err(error) => {
            return sheet.unreadable("storage.forecast", "", words::COUNTED_GROWTH, &error);
        }
    };
    // What began yesterday grew within a day.
    let first = holding::first_received(db).await.ok().flatten();
    let age = first.map_or(DAYS_OF_GROWTH * DAY, |first| now - first);
    let days = age.clamp(DAY, DAYS_OF_GROWTH * DAY).unsigned_abs() as f64 / DAY as f64;
    let a_day = (grown as f64 / days) as u64;
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
    let values: [(&str, &dyn Display); 2] = [("growth", &shown), ("days", &days)];
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
