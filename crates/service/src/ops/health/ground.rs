//! The machine's side: data folder, server, key, database, storage. Each is probed even if another is broken.

use std::io::ErrorKind;
use std::path::Path;

use super::result::Results;
use super::{Check, CheckResult, Code, Deps, Hint, Options};
use super::{bucket, database, folder, storage};
use crate::config::Config;
use crate::db::{self, Db};
use crate::ops::opening;
use crate::ops::probe::{Displaced, ServerState, WriteCause, WriteFailure, server_status};
use crate::secrets::Secrets;

#[derive(Default)]
pub(super) struct Ground {
    pub db: Option<Db>,
    pub secrets: Option<Secrets>,
    /// None if the server was not looked for.
    pub server: Option<ServerState>,
}

/// Opens what can be opened, and reports why the rest cannot.
pub(super) async fn probe(results: &mut Results<'_>, deps: Deps<'_>, options: &Options) -> Ground {
    let data = deps.data;
    let place = deps.config.database_place(data);
    let lost = match lost_database(deps).await {
        Some(lost) => Some(lost),
        None => place.file().and_then(|file| no_database(deps.config, file)),
    };
    if let Some(problem) = lost {
        results.add(problem.about(data));
        return Ground::default();
    }
    folder::probe(results, data);
    folder::probe_owners(results, deps);
    folder::probe_modes(results, deps);
    let server = probe_server(results, data).await;
    probe_displaced(results, deps, &place.shown()).await;
    let secrets = folder::probe_key(results, &deps.config.key_file(data));
    let db = database::probe(results, deps, &place, options.quick).await;
    if deps.config.bucket().is_none() {
        storage::probe(results, deps, db.as_ref()).await;
    } else if !options.offline {
        bucket::probe(results, deps, db.as_ref()).await;
    }
    Ground {
        db,
        secrets,
        server: Some(server),
    }
}

async fn probe_server(results: &mut Results<'_>, data: &Path) -> ServerState {
    let status = server_status(data).await;
    let check = Check::Server;
    results.add(match (status.state, status.address) {
        (ServerState::NotAnswering, Some(address)) => {
            CheckResult::problem(check, Code::ServerNotAnswering, Hint::RestartServer)
                .with("address", address.to_string())
        }
        (ServerState::Stopped, _) => {
            CheckResult::problem(check, Code::ServerStopped, Hint::StartServer)
        }
        (ServerState::Unknown, _) => CheckResult::skipped(check, Code::ServerUnknown),
        // Why it is not ready is found by the next probes.
        _ => CheckResult::ok(check, Code::ServerRuns),
    });
    status.state
}

async fn lost_database(deps: Deps<'_>) -> Option<CheckResult> {
    let looked = opening::look_for_database(deps.data, deps.config).await;
    let error = looked.err()?;
    match &error {
        // An empty file is reported as such.
        opening::Error::NoDatabase { path, .. } if !path.exists() => {
            Some(CheckResult::failed(Check::Folder, error))
        }
        _ => None,
    }
}

/// The displacement that the running server found, although it may look right from here.
async fn probe_displaced(results: &mut Results<'_>, deps: Deps<'_>, file: &Path) {
    let found = Displaced::of_server(deps.data).await;
    if let Some(found) = found.database {
        let path = file.to_owned();
        let error = db::Error::Displaced { path, found };
        results.add(CheckResult::failed(Check::ServerDatabase, error).about(file));
    }
    if let Some(found) = found.storage {
        let root = deps.config.storage_folder(deps.data);
        let error = opening::Error::WrongStorage {
            root: root.clone(),
            found,
        };
        results.add(CheckResult::failed(Check::ServerStorage, error).about(root));
    }
}

/// Opening a file without tables would make it a new database.
fn no_database(config: &Config, file: &Path) -> Option<CheckResult> {
    let check = Check::Folder;
    let busy_timeout = config.database.busy_timeout.duration();
    let problem = match std::fs::metadata(file) {
        Ok(found) if found.is_file() && !db::is_absent(file, busy_timeout) => return None,
        Ok(found) if found.is_file() && found.len() > 0 => {
            CheckResult::problem(check, Code::DatabaseWithoutTables, Hint::RestoreDatabase)
        }
        Ok(found) if found.is_file() => {
            CheckResult::problem(check, Code::EmptyDatabase, Hint::RestoreDatabase)
        }
        Err(error) if error.kind() != ErrorKind::NotFound => {
            let path = file.to_owned();
            let cause = WriteCause::of_error(&path, &error);
            return Some(CheckResult::failed(
                check,
                WriteFailure { path, cause, error },
            ));
        }
        _ => CheckResult::problem(check, Code::NoDatabase, Hint::NameFolder),
    };
    Some(problem.with_path("path", file))
}
