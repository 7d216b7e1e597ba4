//! The machine's side: data folder, key, database, storage. Each is looked at even when another is broken.

use std::fmt::Display;
use std::io::ErrorKind;
use std::path::Path;

use super::super::context::Context;
use super::super::words::doctor as words;
use super::sheet::Sheet;
use super::{database, folder, storage};
use midiateca_service::app::{self, Displaced, OpeningError};
use midiateca_service::coordination::Coordination;
use midiateca_service::db::{self, Db};
use midiateca_service::i18n::explain;
use midiateca_service::ops::probe::{
    ServerState, ServerStatus, WriteCause, WriteFailure, server_status,
};
use midiateca_service::secrets::Secrets;

/// What could be opened.
#[derive(Default)]
pub(super) struct Ground {
    pub db: Option<Db>,
    pub secrets: Option<Secrets>,
    /// Whether a server runs on this folder; nothing when it cannot be told.
    pub is_served: Option<bool>,
}

/// Opens what can be opened, and says why the rest cannot.
pub(super) async fn look(sheet: &mut Sheet, context: &Context) -> Ground {
    let data = &context.data;
    let about = data.display().to_string();
    let file = context.config.database_file(data);
    if !was_not_lost(sheet, context, &about) || !is_there(sheet, context, &file, &about) {
        return Ground::default();
    }
    folder::look(sheet, data, &about);
    folder::owners(sheet, context);
    folder::modes(sheet, context);
    let is_served = Coordination::of(data).is_served().await;
    let tried = words::LOOKED_FOR_SERVER;
    match server_status(data).await {
        ServerStatus {
            state: ServerState::NotAnswering,
            address: Some(address),
        } => sheet.wrong(
            "server",
            "",
            tried,
            words::SERVER_SILENT,
            words::RESTART_SERVER,
            &[("address", &address)],
        ),
        ServerStatus {
            state: ServerState::Stopped,
            ..
        } => sheet.wrong(
            "server",
            "",
            tried,
            words::SERVER_NOT,
            words::START_SERVER,
            &[],
        ),
        ServerStatus {
            state: ServerState::Unknown,
            ..
        } => sheet.skipped("server", "", tried, words::SERVER_UNKNOWN, &[]),
        _ => sheet.fine("server", "", tried, words::SERVER_RUNS, &[]),
    }
    displaced(sheet, context, &file).await;
    let secrets = folder::key(sheet, &context.config.key_file(data));
    let db = database::look(sheet, context, &file).await;
    storage::look(sheet, context, db.as_ref()).await;
    Ground {
        db,
        secrets,
        is_served,
    }
}

/// Whether there is no trace of a database that is missing.
fn was_not_lost(sheet: &mut Sheet, context: &Context, about: &str) -> bool {
    let lost = app::look_for_database(&context.data, &context.config);
    let Err(OpeningError::NoDatabase { path, trace }) = lost else {
        return true;
    };
    // An empty file is named as such.
    if path.exists() {
        return true;
    }
    let values: [(&str, &dyn Display); 2] =
        [("path", &path.display()), ("trace", &trace.display())];
    let (seen, next) = explain::no_database();
    sheet.wrong("folder", about, words::LOOKED_INTO, seen, next, &values);
    false
}

/// What the running server found to be not in its place, although it may look right from here.
async fn displaced(sheet: &mut Sheet, context: &Context, file: &Path) {
    let found = Displaced::of_server(&context.data)
        .await
        .unwrap_or_default();
    let mut wrong = |check, (seen, next), path: &Path| {
        let about = path.display().to_string();
        let values: [(&str, &dyn Display); 1] = [("path", &about)];
        sheet.wrong(check, &about, words::LOOKED_FOR_SERVER, seen, next, &values);
    };
    if let Some(found) = found.database {
        wrong("server.database", explain::displaced(found), file);
    }
    if let Some(found) = found.storage {
        let storage = context.config.storage_folder(&context.data);
        let told = explain::displaced_storage(found);
        wrong("server.storage", told, &storage);
    }
}

/// Whether there is a database to look at.
fn is_there(sheet: &mut Sheet, context: &Context, file: &Path, about: &str) -> bool {
    let path = file.display();
    let patience = context.config.database.busy_timeout.duration();
    let (seen, next) = match std::fs::metadata(file) {
        // One without tables would be made a new database by opening it.
        Ok(found) if found.is_file() && !db::is_absent(file, patience) => return true,
        Ok(found) if found.is_file() && found.len() > 0 => {
            (words::BLANK_DATABASE, words::RESTORE_DATABASE)
        }
        Ok(found) if found.is_file() => (words::EMPTY_DATABASE, words::RESTORE_DATABASE),
        Err(error) if error.kind() != ErrorKind::NotFound => {
            let path = file.to_owned();
            let cause = WriteCause::of(&path, &error);
            let refused = WriteFailure { path, cause, error };
            sheet.refused("folder", about, words::LOOKED_INTO, &refused);
            return false;
        }
        _ => (words::NO_DATA, words::NAME_FOLDER),
    };
    let values: [(&str, &dyn Display); 1] = [("path", &path)];
    sheet.wrong("folder", about, words::LOOKED_INTO, seen, next, &values);
    false
}
