//! The machine's side: data folder, key, database, storage. Each is looked at even when another is broken.

use super::super::context::Context;
use super::super::words::doctor as words;
use super::sheet::Sheet;
use super::{database, folder, storage};
use crate::app::App;
use crate::db::Db;
use crate::secrets::Secrets;

/// What could be opened.
pub(super) struct Ground {
    pub db: Option<Db>,
    pub secrets: Option<Secrets>,
    /// Whether a server runs on this folder.
    pub is_served: bool,
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
    folder::look(sheet, data, &about);
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
    let secrets = folder::key(sheet, &context.config.key_file(data));
    let db = database::look(sheet, context, &file).await;
    storage::look(sheet, context, db.as_ref()).await;
    Ground {
        db,
        secrets,
        is_served,
    }
}
