//! The long texts of deliveries that the copied database names and no stored file has.

use std::collections::HashSet;
use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::Path;

use base64::write::EncoderWriter;

use super::folder::Folder;
use super::{Error, Run, at, copy, sync_folder};
use crate::db::Db;
use crate::deliveries::{BODIES, Bodies, needed, parts};
use crate::media;
use crate::model::DeliveryId;

const PAGE: u32 = 500;

/// Copies the texts that the backup lacks; returns the names of all of them, or `None` when cancelled.
pub(super) async fn copy_all(
    run: &Run,
    folder: &Folder,
    copied: &Db,
    live: &Db,
) -> Result<Option<HashSet<OsString>>, Error> {
    let bodies = Bodies::new(run.paths.data.join(BODIES));
    let target = folder.bodies();
    let mut named = HashSet::new();
    if !needed::are_known(copied).await? {
        return Ok(Some(named));
    }
    let mut after = String::new();
    loop {
        let page = needed::needed_files(copied, &after, PAGE).await?;
        let Some((last, _)) = page.last() else { break };
        after.clone_from(&last.0);
        crate::disk::create_folder(&target).map_err(at(&target))?;
        for (id, file) in page {
            if run.cancelled.is_cancelled() {
                return Ok(None);
            }
            let name = format!("{id}.{file}");
            let (to, staged) = (target.join(&name), folder.stage(&name));
            match bodies.open(&id, file) {
                Ok(source) => copy_text(source, &staged, &to).map_err(at(&to))?,
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    restore(run, live, &id, file, &staged, &to).await?;
                }
                Err(error) => return Err(at(bodies.folder())(error)),
            }
            named.insert(OsString::from(name));
        }
    }
    if !named.is_empty() {
        sync_folder(&target)?;
        sync_folder(crate::disk::parent(&target))?;
    }
    Ok(Some(named))
}

pub(super) fn prune(folder: &Folder, named: &HashSet<OsString>) -> Result<(), Error> {
    let target = folder.bodies();
    for entry in fs::read_dir(&target).into_iter().flatten() {
        let entry = entry.map_err(at(&target))?;
        if !named.contains(&entry.file_name()) {
            fs::remove_file(entry.path()).map_err(at(&entry.path()))?;
        }
    }
    Ok(())
}

fn copy_text(mut source: File, staged: &Path, to: &Path) -> io::Result<()> {
    let length = source.metadata()?.len();
    if fs::metadata(to).is_ok_and(|there| there.len() == length) {
        return Ok(());
    }
    let mut file = copy::create(staged)?;
    io::copy(&mut source, &mut file)?;
    file.sync_all()?;
    fs::rename(staged, to)
}

/// A text that was deleted after the database was copied: a stored file has its bytes by now, which the copy does not
/// know as stored. The text is encoded again from there, unless its delivery is gone too.
async fn restore(
    run: &Run,
    live: &Db,
    id: &DeliveryId,
    file: u32,
    staged: &Path,
    to: &Path,
) -> Result<(), Error> {
    let mut parts = parts::list(live, id).await?.into_iter();
    let part = parts.find(|part| part.file == Some(file) && part.media.is_some());
    let Some(media) = part.and_then(|part| part.media) else {
        return Ok(());
    };
    let Some(path) = media::find_file(live, &media).await?.map(|file| file.path) else {
        return Ok(());
    };
    let source = run.paths.storage.join(path);
    let encode = || {
        let engine = &base64::engine::general_purpose::STANDARD;
        let mut encoder = EncoderWriter::new(copy::create(staged)?, engine);
        io::copy(&mut File::open(&source)?, &mut encoder)?;
        let mut file = encoder.finish()?;
        file.flush()?;
        file.sync_all()?;
        fs::rename(staged, to)
    };
    match encode() {
        // Retention or an erasure deleted the file.
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        encoded => encoded.map_err(at(to)),
    }
}
