//! The data folder and the key in it.

use std::path::Path;

use super::super::complaint;
use super::super::words::doctor as words;
use super::sheet::Sheet;
use crate::secrets::Secrets;

/// Whether files can be made here, and belong to whom the others belong to.
pub(super) fn look(sheet: &mut Sheet, data: &Path, about: &str) {
    let made = tempfile_in(data);
    match made {
        Err(error) => sheet.wrong(
            "folder",
            about,
            words::MADE_A_FILE,
            words::FAILED,
            words::OWN_FOLDER,
            &[
                ("error", &complaint::why(&error, sheet.lang)),
                ("path", &about),
            ],
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

/// Whether the key is there, whole, and its owner's alone.
pub(super) fn key(sheet: &mut Sheet, path: &Path) -> Option<Secrets> {
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
            let error = complaint::why(&error, sheet.lang);
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
