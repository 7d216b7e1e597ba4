//! The data folder and the key in it.

use std::fmt::Display;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::super::complaint;
use super::super::context::Context;
use super::super::words::doctor as words;
use super::sheet::Sheet;
use midiateca_service::coordination::Coordination;
use midiateca_service::disk;
use midiateca_service::ops::probe;
use midiateca_service::secrets::{self, Secrets};

/// Whether files can be made here, and belong to whom the others belong to.
pub(super) fn look(sheet: &mut Sheet, data: &Path, about: &str) {
    match probe::write_folder(data) {
        Err(refused) => sheet.refused("folder", about, words::MADE_A_FILE, &refused),
        Ok(made) => match owner_of(&made).zip(owner(data).ok().flatten()) {
            Some((ours, theirs)) if ours != theirs => sheet.risk(
                "folder",
                about,
                words::MADE_A_FILE,
                words::OTHER_OWNER,
                words::RUN_AS_OWNER,
                &[("ours", &ours), ("theirs", &theirs)],
            ),
            _ => sheet.fine("folder", about, words::MADE_A_FILE, words::DONE, &[]),
        },
    }
}

/// What belongs to somebody else than the data folder, as after a command of an administrator, may stop the server.
pub(super) fn owners(sheet: &mut Sheet, context: &Context) {
    let data = &context.data;
    let Ok(Some(owner)) = owner(data) else {
        return;
    };
    let database = context.config.database_file(data);
    let beside = |ending: &str| {
        let mut name = database.clone().into_os_string();
        name.push(ending);
        PathBuf::from(name)
    };
    let storage = context.config.storage_folder(data);
    let mut paths = vec![
        beside(""),
        beside("-wal"),
        beside("-shm"),
        beside("-compacting"),
        context.config.key_file(data),
        storage.clone(),
    ];
    paths.extend(Coordination::of(data).files());
    // A client's folder, an instance's, a kind's.
    let mut level = vec![storage];
    for _ in 0..3 {
        let below = level
            .iter()
            .filter_map(|folder| std::fs::read_dir(folder).ok());
        let below = below.flatten().flatten().map(|entry| entry.path());
        level = below.filter(|path| path.is_dir()).collect();
        paths.extend(level.iter().cloned());
    }
    let is_foreign = |path: &&PathBuf| {
        let of = self::owner(path).ok().flatten();
        of.is_some_and(|of| of != owner)
    };
    let foreign: Vec<_> = paths.iter().filter(is_foreign).collect();
    let about = data.display();
    let tried = words::COMPARED_OWNERS;
    let Some(first) = foreign.first().map(|path| path.display()) else {
        return sheet.fine("owner", &about.to_string(), tried, words::ONE_OWNER, &[]);
    };
    let values: [(&str, &dyn Display); 4] = [
        ("first", &first),
        ("count", &foreign.len()),
        ("owner", &owner),
        ("path", &about),
    ];
    let (seen, next) = (words::OTHER_OWNERS, words::GIVE_TO_OWNER);
    sheet.risk("owner", &about.to_string(), tried, seen, next, &values);
}

/// What more people may do with data folder, database, files and locks than they need.
pub(super) fn modes(sheet: &mut Sheet, context: &Context) {
    disk::set_access(context.config.storage.access());
    let data = &context.data;
    let database = context.config.database_file(data);
    let beside = |ending: &str| {
        let mut name = database.clone().into_os_string();
        name.push(ending);
        PathBuf::from(name)
    };
    let readable = [
        data.clone(),
        context.config.storage_folder(data),
        beside(""),
        beside("-wal"),
        beside("-shm"),
    ];
    let mut locks = vec![beside("-compacting")];
    locks.extend(Coordination::of(data).files());
    let wide = readable.iter().filter_map(|path| {
        let (mode, wanted) = disk::wider_than_needed(path)?;
        Some((path, mode, wanted))
    });
    let locks = locks.iter().filter_map(|path| {
        let mode = mode_for_others(&std::fs::symlink_metadata(path).ok()?)?;
        Some((path, mode, mode & 0o600))
    });
    let wide: Vec<_> = wide.chain(locks).collect();
    let (about, tried) = (data.display().to_string(), words::READ_MODES);
    let Some((first, mode, _)) = wide.first() else {
        return sheet.fine("mode", &about, tried, words::MODES_FINE, &[]);
    };
    let commands = wide.iter().map(|(path, _, wanted)| {
        let path = path.display().to_string().replace('\'', r"'\''");
        format!("chmod {wanted:04o} '{path}'")
    });
    let commands = commands.collect::<Vec<_>>().join(" && ");
    let values: [(&str, &dyn Display); 4] = [
        ("first", &first.display()),
        ("mode", &format_args!("{mode:04o}")),
        ("count", &wide.len()),
        ("commands", &commands),
    ];
    let (seen, next) = (words::MODES_WIDE, words::CLOSE_MODES);
    sheet.risk("mode", &about, tried, seen, next, &values);
}

#[cfg(unix)]
fn owner_of(found: &std::fs::Metadata) -> Option<u32> {
    use std::os::unix::fs::MetadataExt as _;
    Some(found.uid())
}

#[cfg(not(unix))]
fn owner_of(_: &std::fs::Metadata) -> Option<u32> {
    None
}

fn owner(path: &Path) -> std::io::Result<Option<u32>> {
    Ok(owner_of(&std::fs::metadata(path)?))
}

/// Whether the key is there, whole, and its owner's alone.
pub(super) fn key(sheet: &mut Sheet, path: &Path) -> Option<Secrets> {
    let about = path.display().to_string();
    let metadata = match std::fs::metadata(path) {
        Ok(metadata) => metadata,
        Err(error) => {
            let (seen, next) = match error.kind() {
                ErrorKind::NotFound => (words::KEY_MISSING, words::RESTORE_KEY),
                _ => (words::FAILED, words::OWN_KEY),
            };
            let error = complaint::why(&error, sheet.lang);
            let values: [(&str, &dyn Display); 2] = [("error", &error), ("path", &about)];
            sheet.wrong("key", &about, words::READ_KEY, seen, next, &values);
            return None;
        }
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
    let opened = Secrets::open(path).and_then(|secrets| secrets.ready().map(|()| secrets));
    match opened {
        Ok(secrets) => {
            sheet.fine("key", &about, words::READ_KEY, words::DONE, &[]);
            Some(secrets)
        }
        Err(error) => {
            let next = match &error {
                secrets::Error::KeyFile { source, .. }
                    if source.kind() == ErrorKind::PermissionDenied =>
                {
                    words::OWN_KEY
                }
                _ => words::RESTORE_KEY,
            };
            let error = complaint::why(&error, sheet.lang);
            let values: [(&str, &dyn Display); 2] = [("error", &error), ("path", &about)];
            sheet.wrong("key", &about, words::READ_KEY, words::FAILED, next, &values);
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
