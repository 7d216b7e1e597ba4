//! The files of erased media, wherever they lie.

use std::collections::{BTreeSet, HashMap};
use std::path::Path;
use std::time::Duration;

use super::ErasedFile;
use crate::app::App;
use crate::catalog::{self, Theirs};
use crate::gateway::Gateway;
use crate::media::{MediaId, MediaKind};
use crate::retention::Error;
use crate::vault::layout::{self, Name, RelativePath};
use crate::vault::{self, Lying};

/// The server drops a download whose claim is gone within a second or two.
const PATIENCE: Duration = Duration::from_secs(10);
const LOOK: Duration = Duration::from_millis(100);

/// Under which names the files of each of some media may lie, see [`names`].
pub(super) type Names = HashMap<MediaId, Vec<RelativePath>>;

/// The files of a media that there are.
pub(super) async fn of(
    app: &App,
    theirs: &Theirs,
    names: &Names,
) -> Result<Vec<ErasedFile>, Error> {
    let names = names.get(&theirs.id).cloned().unwrap_or_default();
    let found = app.vault.everywhere(&theirs.id, names).await?;
    prove(app, theirs, found).await
}

/// Deletes all files of a media; returns those that there were.
pub(super) async fn remove(
    app: &App,
    theirs: &Theirs,
    names: &Names,
) -> Result<Vec<ErasedFile>, Error> {
    // Read before they go, for afterwards nothing tells what they were.
    let found = of(app, theirs, names).await?;
    let names = names.get(&theirs.id).cloned().unwrap_or_default();
    let gone = app.vault.remove_everywhere(&theirs.id, names).await?;
    let is_gone = |file: &ErasedFile| gone.iter().any(|gone| gone.path == file.path);
    Ok(found.into_iter().filter(is_gone).collect())
}

/// The names under which media may have files: the one in the row, and those that a download gives before the row has
/// it, with whatever extension; a process that was killed in between never wrote it down. Names of files that other
/// media have stored are left out.
pub(super) async fn names(app: &App, page: &[Theirs]) -> Result<Names, Error> {
    let paths = page.iter().filter_map(coming).collect();
    let there = app.vault.with_any_extension(paths).await?;
    let mut names = Names::new();
    for theirs in page {
        let own = theirs.path.clone().and_then(RelativePath::from_row);
        let coming = coming(theirs).and_then(|path| there.get(&path).cloned());
        let mut own: Vec<_> = own.into_iter().chain(coming.unwrap_or_default()).collect();
        let paths: Vec<_> = own.iter().map(|name| name.as_str().to_owned()).collect();
        let others = catalog::others_at(&app.db, theirs.id.as_str(), &paths).await?;
        let is_others = |name: &RelativePath| {
            let mut others = others.iter().filter(|other| other.is_stored);
            others.any(|other| other.path == name.as_str())
        };
        own.retain(|name| !is_others(name));
        names.insert(theirs.id.clone(), own);
    }
    Ok(names)
}

/// Where a download puts the file of a media, but for the extension.
fn coming(theirs: &Theirs) -> Option<RelativePath> {
    let kind = MediaKind::parse(&theirs.kind)?;
    let gateway = Gateway::parse(&theirs.gateway)?;
    Some(layout::path(&Name {
        client: theirs.client,
        instance: &theirs.instance,
        kind,
        gateway: gateway.as_str(),
        message_id: &theirs.message_id,
        slot: theirs.slot,
        at: theirs.named_at,
        extension: "",
    }))
}

/// The hash of what the row names is known; anything else is read.
async fn prove(app: &App, theirs: &Theirs, found: Vec<Lying>) -> Result<Vec<ErasedFile>, Error> {
    let mut files = Vec::with_capacity(found.len());
    for Lying { path, size_bytes } in found {
        let is_told = theirs.path.as_deref().map(Path::new) == Some(path.as_path());
        let sha256 = match theirs.sha256.filter(|_| is_told) {
            Some(sha256) => Some(sha256),
            None => {
                let full = app.vault.root().join(&path);
                let hashing = tokio::task::spawn_blocking(move || vault::hash_file(&full));
                hashing.await.ok().and_then(Result::ok)
            }
        };
        files.push(ErasedFile {
            media: theirs.id.0.clone(),
            sha256: sha256.map(|sha256| catalog::hex(&sha256)),
            size: size_bytes,
            path,
        });
    }
    Ok(files)
}

/// Sees that nothing of these media goes on coming in; says of how many it still does.
pub(super) async fn end_downloads(app: &App, media: &BTreeSet<MediaId>) -> Result<u64, Error> {
    if let Ok(_alone) = App::alone(&app.data) {
        // What a server left that was killed.
        app.sweep_staged().await?;
    }
    let began = tokio::time::Instant::now();
    loop {
        let staged = app.vault.staged_of(media)?;
        if staged.is_empty() {
            return Ok(0);
        }
        if began.elapsed() >= PATIENCE {
            // Whoever still writes to them loses what it writes.
            staged
                .iter()
                .for_each(|piece| drop(std::fs::remove_file(piece)));
            return Ok(staged.len() as u64);
        }
        tokio::time::sleep(LOOK).await;
    }
}
