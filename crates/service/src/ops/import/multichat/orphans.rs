//! Files that no row of the source names: they are stored under an id of their own, until a row names them.

use std::path::Path;

use sha2::{Digest as _, Sha256};

use super::error::Error;
use super::tree::Tree;
use crate::app::App;
use crate::db::Key;
use crate::media::{self, Media, hex};
use crate::model::InstanceId;
use crate::storage::layout::RelativePath;
use crate::storage::{Index, Linked, Sought};

/// Stands in the place of a message's id.
pub(super) fn orphan_id(path: &Path) -> String {
    let id = Sha256::digest(path.as_os_str().as_encoded_bytes());
    format!("imported-{}", hex(&id[..16]))
}

/// The row that was made of this file as an orphan, when it has these bytes.
pub(super) async fn orphan_row(
    app: &App,
    tree: &Tree,
    (client, instance): (i64, &InstanceId),
    at: usize,
    sha256: Option<[u8; 32]>,
) -> Result<Option<Media>, Error> {
    let id = orphan_id(&tree.entry(at).path);
    let rows = media::message::of_message(&app.db, instance, &id).await?;
    Ok(rows.into_iter().find(|row| {
        let is_held = row.path().is_some();
        is_held && row.client == client && sha256.is_some() && row.sha256 == sha256
    }))
}

/// Removes the row and the file of an orphan whose bytes another row has, or that was erased.
pub(super) async fn retire(app: &App, orphan: &Media) -> Result<(), Error> {
    let Some(path) = orphan.path().map(str::to_owned) else {
        return Ok(());
    };
    let (id, at) = (orphan.id.clone(), path.clone());
    let absorbing = app.db.write(Key::Everything, async move |tx| {
        let is_out = media::message::delete_stored(tx, &id, &at).await?;
        Ok(is_out && !media::is_path_used(tx, &at).await?)
    });
    let path = absorbing.await?.then(|| RelativePath::from_row(path));
    if let Some(path) = path {
        let sought = Sought {
            names: path.into_iter().collect(),
            ..Sought::default()
        };
        let index = Index::default();
        let found = app.storage.everywhere(&orphan.id, sought, &index).await?;
        let linked = orphan.sha256.map_or(Linked::Stays, Linked::GoesIf);
        app.storage.remove_all(&orphan.id, found, linked).await?;
    }
    Ok(())
}
