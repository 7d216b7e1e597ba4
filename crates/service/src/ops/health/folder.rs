//! The data folder and the key in it: who may do what with them.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::result::Results;
use super::{Check, CheckResult, Code, Deps, Hint};
use crate::coordination::Coordination;
use crate::disk::{self, with_suffix};
use crate::ops::probe;
use crate::secrets::{self, Secrets};

/// Whether files can be created here, and belong to the owner of the folder.
pub(super) fn probe(results: &mut Results<'_>, data: &Path) {
    let check = Check::Folder;
    let result = match probe::write_folder(data) {
        Err(failure) => CheckResult::failed(check, failure),
        Ok(created) => match owner_of(&created).zip(owner(data)) {
            Some((ours, theirs)) if ours != theirs => {
                CheckResult::warning(check, Code::OtherOwner, Hint::RunAsOwner)
                    .with("ours", ours)
                    .with("theirs", theirs)
            }
            _ => CheckResult::ok(check, Code::Done),
        },
    };
    results.add(result.about(data));
}

/// Files of another user than the folder's owner, as after an administrator ran a command, may stop the server.
pub(super) fn probe_owners(results: &mut Results<'_>, deps: Deps<'_>) {
    let data = deps.data;
    let Some(folder_owner) = owner(data) else {
        return;
    };
    let paths = owned_paths(deps);
    let is_foreign = |path: &&PathBuf| owner(path).is_some_and(|owner| owner != folder_owner);
    let foreign: Vec<_> = paths.iter().filter(is_foreign).collect();
    let result = match foreign.first() {
        None => CheckResult::ok(Check::Owner, Code::OneOwner),
        Some(first) => CheckResult::warning(Check::Owner, Code::OtherOwners, Hint::GiveToOwner)
            .with_path("first", first)
            .with("count", foreign.len())
            .with("owner", folder_owner)
            .with_path("path", data),
    };
    results.add(result.about(data));
}

fn owned_paths(deps: Deps<'_>) -> Vec<PathBuf> {
    let database = deps.config.database_file(deps.data);
    let storage = deps.config.storage_folder(deps.data);
    let endings = ["", "-wal", "-shm", "-compacting"];
    let of_database = |file: PathBuf| endings.map(|ending| with_suffix(&file, ending)).into();
    let mut paths: Vec<_> = database.map_or_else(Vec::new, of_database);
    paths.push(deps.config.key_file(deps.data));
    paths.extend(Coordination::new(deps.data).files());
    paths.push(storage.clone());
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
    paths
}

pub(super) fn probe_modes(results: &mut Results<'_>, deps: Deps<'_>) {
    disk::set_access(deps.config.storage.access());
    let data = deps.data;
    let database = deps.config.database_file(data);
    let mut readable = vec![data.to_owned(), deps.config.storage_folder(data)];
    let mut locks: Vec<_> = Coordination::new(data).files().collect();
    if let Some(database) = database {
        locks.insert(0, with_suffix(&database, "-compacting"));
        readable.extend(["", "-wal", "-shm"].map(|ending| with_suffix(&database, ending)));
    }
    let wide = readable.into_iter().filter_map(|path| {
        let (mode, wanted) = disk::wider_than_needed(&path)?;
        Some((path, mode, wanted))
    });
    let locks = locks.into_iter().filter_map(|path| {
        let mode = mode_for_others(&std::fs::symlink_metadata(&path).ok()?)?;
        Some((path, mode, mode & 0o600))
    });
    let wide: Vec<_> = wide.chain(locks).collect();
    let result = match wide.first() {
        None => CheckResult::ok(Check::Mode, Code::ModesFine),
        Some((first, mode, _)) => {
            CheckResult::warning(Check::Mode, Code::ModesWide, Hint::CloseModes)
                .with_path("first", first)
                .with("mode", format!("{mode:04o}"))
                .with("count", wide.len())
                .with("commands", closing_commands(&wide))
        }
    };
    results.add(result.about(data));
}

fn closing_commands(wide: &[(PathBuf, u32, u32)]) -> String {
    let commands = wide.iter().map(|(path, _, wanted)| {
        let path = path.display().to_string().replace('\'', r"'\''");
        format!("chmod {wanted:04o} '{path}'")
    });
    commands.collect::<Vec<_>>().join(" && ")
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

fn owner(path: &Path) -> Option<u32> {
    owner_of(&std::fs::metadata(path).ok()?)
}

/// Whether the key exists, is complete, and only its owner may read it.
pub(super) fn probe_key(results: &mut Results<'_>, path: &Path) -> Option<Secrets> {
    let metadata = match std::fs::metadata(path) {
        Ok(metadata) => metadata,
        Err(error) => {
            let problem = if error.kind() == ErrorKind::NotFound {
                CheckResult::problem(Check::Key, Code::KeyMissing, Hint::RestoreKey)
            } else {
                CheckResult::problem(Check::Key, Code::Failed, Hint::OwnKey).error(error)
            };
            results.add(problem.about(path).with_path("path", path));
            return None;
        }
    };
    let mode = match mode_for_others(&metadata) {
        Some(mode) => CheckResult::problem(Check::KeyMode, Code::KeyModeOpen, Hint::CloseKeyMode)
            .with("mode", format!("{mode:04o}"))
            .with_path("path", path),
        None => CheckResult::ok(Check::KeyMode, Code::KeyModeFine),
    };
    results.add(mode.about(path));
    let opened = Secrets::open(path).and_then(|secrets| secrets.ready().map(|()| secrets));
    match opened {
        Ok(secrets) => {
            results.add(CheckResult::ok(Check::Key, Code::Done).about(path));
            Some(secrets)
        }
        Err(error) => {
            let hint = match &error {
                secrets::Error::KeyFile { source, .. }
                    if source.kind() == ErrorKind::PermissionDenied =>
                {
                    Hint::OwnKey
                }
                _ => Hint::RestoreKey,
            };
            let problem = CheckResult::problem(Check::Key, Code::Failed, hint).error(error);
            results.add(problem.about(path).with_path("path", path));
            None
        }
    }
}

/// The file's mode, if users other than its owner have any right.
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
