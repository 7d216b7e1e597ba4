//! The machine's side: settings, data folder, key, database, storage, queue. Each is looked at even when another is
//! broken.

use std::path::Path;

use super::super::context::Context;
use super::super::words::doctor as words;
use super::sheet::Sheet;
use crate::app::App;
use crate::clock::{Clock, DAY, HOUR, MINUTE, Millis, SECOND};
use crate::config::{Config, millis};
use crate::db::Db;
use crate::media::Route;
use crate::secrets::Secrets;
use crate::vault::Vault;
use crate::{catalog, db, delivery};

/// So much room should be left for this many days of growth.
const DAYS_AHEAD: u64 = 14;
const DAYS_OF_GROWTH: i64 = 7;

/// What could be opened.
pub(super) struct Ground {
    pub db: Option<Db>,
    pub secrets: Option<Secrets>,
    /// Whether a server runs on this folder.
    pub is_served: bool,
}

/// Settings that are legal, and may not be meant.
pub(super) fn settings(sheet: &mut Sheet, config: &Config) {
    sheet.fine(
        "program",
        "",
        words::VERSION,
        words::VERSION_IS,
        &[("version", &env!("CARGO_PKG_VERSION"))],
    );
    let clear = config.door.public_url.starts_with("http://");
    let loopback =
        config.door.listen.starts_with("127.") || config.door.listen.starts_with("localhost");
    let risks = [
        (
            config.door.public_url.is_empty(),
            "door.public_url",
            words::NO_PUBLIC_URL,
            words::SET_PUBLIC_URL,
        ),
        (
            clear && !loopback,
            "door.public_url",
            words::CLEAR_TEXT,
            words::USE_HTTPS,
        ),
        (
            config.keep.view_once,
            "keep.view_once",
            words::VIEW_ONCE,
            words::MEANT,
        ),
        (
            !config.keep.own,
            "keep.own",
            words::OWN_NOT_KEPT,
            words::MEANT,
        ),
        (
            !config.keep.groups,
            "keep.groups",
            words::GROUPS_NOT_KEPT,
            words::MEANT,
        ),
        (
            config.keep.kinds.len() < 5,
            "keep.kinds",
            words::KINDS_NOT_KEPT,
            words::MEANT,
        ),
        (
            !config.fetch.routes.contains(&Route::Cdn),
            "fetch.routes",
            words::WITHOUT_CDN,
            words::ADD_CDN,
        ),
        (
            !config.fetch.routes.contains(&Route::Gateway),
            "fetch.routes",
            words::WITHOUT_GATEWAY,
            words::ADD_GATEWAY,
        ),
        (
            !config.fetch.allowed_hosts.is_empty(),
            "fetch.allowed_hosts",
            words::HOSTS_ALLOWED,
            words::MEANT,
        ),
        (
            config.storage.pause_below_bytes == 0,
            "storage.pause_below_bytes",
            words::NO_WATERMARK,
            words::SET_WATERMARK,
        ),
        (
            config.retention.deliveries_days == 0,
            "retention.deliveries_days",
            words::GROWS_FOR_EVER,
            words::SET_DAYS,
        ),
        (
            config.retention.events_days == 0,
            "retention.events_days",
            words::GROWS_FOR_EVER,
            words::SET_DAYS,
        ),
    ];
    let mut fine = true;
    for (_, key, seen, next) in risks.iter().filter(|(applies, ..)| *applies) {
        fine = false;
        sheet.risk(
            "settings",
            key,
            words::READ_SETTINGS,
            *seen,
            *next,
            &[("key", key)],
        );
    }
    if fine {
        sheet.fine(
            "settings",
            "",
            words::READ_SETTINGS,
            words::SETTINGS_FINE,
            &[],
        );
    }
}

/// Opens what can be opened, and says why the rest cannot.
pub(super) async fn look(sheet: &mut Sheet, context: &Context) -> Ground {
    let data = &context.data;
    let about = data.display().to_string();
    let file = context.config.database_file(data);
    if !file.is_file() {
        sheet.wrong(
            "folder",
            &about,
            words::LOOKED_INTO,
            words::NO_DATA,
            words::NAME_FOLDER,
            &[("path", &file.display())],
        );
        return Ground {
            db: None,
            secrets: None,
            is_served: false,
        };
    }
    folder(sheet, data, &about);
    let is_served = App::is_served(data);
    match is_served {
        true => sheet.fine(
            "server",
            "",
            words::LOOKED_FOR_SERVER,
            words::SERVER_RUNS,
            &[],
        ),
        false => sheet.wrong(
            "server",
            "",
            words::LOOKED_FOR_SERVER,
            words::SERVER_NOT,
            words::START_SERVER,
            &[],
        ),
    }
    let secrets = key(sheet, &context.config.key_file(data));
    let db = database(sheet, context, &file).await;
    storage(sheet, context, db.as_ref()).await;
    Ground {
        db,
        secrets,
        is_served,
    }
}

/// Whether files can be made here, and belong to whom the others belong to.
fn folder(sheet: &mut Sheet, data: &Path, about: &str) {
    let made = tempfile_in(data);
    match made {
        Err(error) => sheet.wrong(
            "folder",
            about,
            words::MADE_A_FILE,
            words::FAILED,
            words::OWN_FOLDER,
            &[("error", &error), ("path", &about)],
        ),
        Ok(Some((ours, theirs))) if ours != theirs => {
            sheet.risk(
                "folder",
                about,
                words::MADE_A_FILE,
                words::OTHER_OWNER,
                words::RUN_AS_OWNER,
                &[("ours", &ours), ("theirs", &theirs)],
            );
        }
        Ok(_) => sheet.fine("folder", about, words::MADE_A_FILE, words::DONE, &[]),
    }
}

/// Makes a file and removes it; answers with its owner and that of the folder, where files have owners.
fn tempfile_in(data: &Path) -> std::io::Result<Option<(u32, u32)>> {
    let path = data.join(format!(".doctor-{}", std::process::id()));
    std::fs::write(&path, "midiateca")?;
    let owners = owners(&path, data);
    std::fs::remove_file(&path)?;
    owners
}

#[cfg(unix)]
fn owners(made: &Path, folder: &Path) -> std::io::Result<Option<(u32, u32)>> {
    use std::os::unix::fs::MetadataExt as _;
    Ok(Some((
        std::fs::metadata(made)?.uid(),
        std::fs::metadata(folder)?.uid(),
    )))
}

#[cfg(not(unix))]
fn owners(_: &Path, _: &Path) -> std::io::Result<Option<(u32, u32)>> {
    Ok(None)
}

fn key(sheet: &mut Sheet, path: &Path) -> Option<Secrets> {
    let about = path.display().to_string();
    let Ok(metadata) = std::fs::metadata(path) else {
        sheet.wrong(
            "key",
            &about,
            words::READ_KEY,
            words::KEY_MISSING,
            words::RESTORE_KEY,
            &[],
        );
        return None;
    };
    match mode_for_others(&metadata) {
        Some(mode) => sheet.wrong(
            "key.mode",
            &about,
            words::READ_MODE,
            words::MODE_OPEN,
            words::CLOSE_MODE,
            &[("mode", &format_args!("{mode:04o}")), ("path", &about)],
        ),
        None => sheet.fine("key.mode", &about, words::READ_MODE, words::MODE_FINE, &[]),
    }
    match Secrets::open(path) {
        Ok(secrets) => {
            sheet.fine("key", &about, words::READ_KEY, words::DONE, &[]);
            Some(secrets)
        }
        Err(error) => {
            let error = crate::telemetry::chain(&error);
            sheet.wrong(
                "key",
                &about,
                words::READ_KEY,
                words::FAILED,
                words::RESTORE_KEY,
                &[("error", &error)],
            );
            None
        }
    }
}

/// The file's mode, if others than its owner may do something with it.
#[cfg(unix)]
fn mode_for_others(metadata: &std::fs::Metadata) -> Option<u32> {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = metadata.permissions().mode() & 0o7777;
    (mode & 0o077 != 0).then_some(mode)
}

#[cfg(not(unix))]
fn mode_for_others(_: &std::fs::Metadata) -> Option<u32> {
    None
}

async fn database(sheet: &mut Sheet, context: &Context, file: &Path) -> Option<Db> {
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
            let error = crate::telemetry::chain(&error);
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
            let error = crate::telemetry::chain(&error);
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
            let error = crate::telemetry::chain(&error);
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

async fn storage(sheet: &mut Sheet, context: &Context, db: Option<&Db>) {
    let folder = context.config.storage_folder(&context.data);
    let about = folder.display().to_string();
    let vault = match Vault::open(&folder, "doctor") {
        Ok(vault) => vault,
        Err(error) => {
            let error = crate::telemetry::chain(&error);
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
            let error = crate::telemetry::chain(&error);
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
                &[("error", &error)],
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
    let Some(days) = free.checked_div(a_day) else {
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

/// Whether what waits gets its turn.
pub(super) async fn queue(sheet: &mut Sheet, db: &Db, now: Millis) {
    let waiting = catalog::waiting(db).await;
    let Ok((oldest, deadline)) = waiting else {
        return;
    };
    match oldest.filter(|oldest| now - oldest > DAY) {
        Some(oldest) => {
            let hours = (now - oldest) / HOUR;
            sheet.risk(
                "queue.oldest",
                "",
                words::LOOKED_AT_QUEUE,
                words::WAITS_LONG,
                words::SEE_REASONS,
                &[("hours", &hours)],
            );
        }
        None => sheet.fine(
            "queue.oldest",
            "",
            words::LOOKED_AT_QUEUE,
            words::QUEUE_FINE,
            &[],
        ),
    }
    if let Some(deadline) = deadline.filter(|deadline| deadline - now < DAY) {
        let hours = ((deadline - now) / HOUR).max(0);
        sheet.wrong(
            "queue.deadline",
            "",
            words::LOOKED_AT_QUEUE,
            words::DIES_SOON,
            words::SEE_REASONS,
            &[("hours", &hours)],
        );
    }
    for count in catalog::by_reason(db).await.unwrap_or_default() {
        let needs_somebody = crate::media::Reason::parse(&count.name)
            .is_some_and(crate::media::Reason::needs_somebody);
        if needs_somebody {
            let sentence = sheet.lang.reason(&count.name).to_owned();
            let values: [(&str, &dyn std::fmt::Display); 2] =
                [("count", &count.count), ("reason", &sentence)];
            sheet.wrong(
                "queue.reason",
                &count.name,
                words::LOOKED_AT_QUEUE,
                words::WAIT_FOR,
                words::MEND_AND_RETRY,
                &values,
            );
        }
    }
    match delivery::quarantined_since(db, now - DAY).await {
        Ok(0) => sheet.fine(
            "deliveries.quarantine",
            "",
            words::COUNTED_QUARANTINE,
            words::QUARANTINE_EMPTY,
            &[],
        ),
        Ok(count) => sheet.risk(
            "deliveries.quarantine",
            "",
            words::COUNTED_QUARANTINE,
            words::QUARANTINED,
            words::REPLAY,
            &[("count", &count)],
        ),
        Err(_) => {}
    }
}

/// A number of bytes for people.
pub(super) fn bytes(count: u64) -> String {
    indicatif::HumanBytes(count).to_string()
}

/// So long, in the units that everybody reads.
pub(super) fn span(ms: Millis) -> String {
    match ms {
        ms if ms >= 2 * DAY => format!("{} d", ms / DAY),
        ms if ms >= 2 * HOUR => format!("{} h", ms / HOUR),
        ms if ms >= 2 * MINUTE => format!("{} min", ms / MINUTE),
        ms => format!("{} s", ms / SECOND),
    }
}
