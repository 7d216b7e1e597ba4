//! The machine's side: data folder, key, database, storage. Each is looked at even when another is broken.

use std::fmt::Display;
use std::io::ErrorKind;
use std::path::Path;

use super::super::complaint;
use super::super::context::Context;
use super::super::words::doctor as words;
use super::sheet::Sheet;
use super::{database, folder, storage};
use crate::app::App;
use crate::db::Db;
use crate::secrets::Secrets;

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
    if !is_there(sheet, &file, &about) {
        return Ground::default();
    }
    folder::look(sheet, data, &about);
    folder::owners(sheet, context);
    let is_served = App::is_served(data);
    let tried = words::LOOKED_FOR_SERVER;
    match is_served {
        Some(true) => sheet.fine("server", "", tried, words::SERVER_RUNS, &[]),
        Some(false) => sheet.wrong(
            "server",
            "",
            tried,
            words::SERVER_NOT,
            words::START_SERVER,
            &[],
        ),
        None => sheet.skipped("server", "", tried, words::SERVER_UNKNOWN, &[]),
    }
    let secrets = folder::key(sheet, &context.config.key_file(data));
    let db = database::look(sheet, context, &file).await;
    storage::look(sheet, context, db.as_ref()).await;
    Ground {
        db,
        secrets,
        is_served,
    }
}

/// Whether there is a database to look at.
fn is_there(sheet: &mut Sheet, file: &Path, about: &str) -> bool {
    let path = file.display();
    let (seen, next, error) = match std::fs::metadata(file) {
        Ok(found) if found.is_file() && found.len() > 0 => return true,
        Ok(found) if found.is_file() => (
            words::EMPTY_DATABASE,
            words::RESTORE_DATABASE,
            String::new(),
        ),
        Err(error) if error.kind() != ErrorKind::NotFound => {
            let why = complaint::why(&error, sheet.lang);
            (words::FAILED, words::OWN_FOLDER, why)
        }
        _ => (words::NO_DATA, words::NAME_FOLDER, String::new()),
    };
    let values: [(&str, &dyn Display); 2] = [("path", &path), ("error", &error)];
    sheet.wrong("folder", about, words::LOOKED_INTO, seen, next, &values);
    false
}
