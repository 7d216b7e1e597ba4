//! Probes of everything that storing media depends on. Each result is reported as soon as it is known; what is broken does
//! not stop the rest. Nothing changes but a test write in the database and probe files, which are removed.

mod bucket;
mod clock;
mod code;
mod database;
mod folder;
mod gateways;
mod ground;
mod network;
mod programs;
mod queue;
mod result;
mod settings;
mod storage;

use std::path::Path;
use std::time::Duration;

use serde::Serialize;

use super::Progress;
use super::instance::GatewayDeps;
use crate::access::Actor;
use crate::clock::Clock;
use crate::config::Config;
use crate::instances::{self, Instance};
use crate::model::{PrefixError, by_prefix};

pub use clock::adopt_clock;
pub use code::{Check, Code, Hint};
use ground::Ground;
use result::Results;
pub use result::{CheckResult, SharedError, Value, Verdict};

#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Probe this instance only: its id, or a unique prefix of it.
    pub instance: Option<String>,
    /// Skip everything that needs the network.
    pub offline: bool,
    /// Do not read the whole database, which takes seconds per million media.
    pub quick: bool,
    /// Who trusts the clock as it is now, although it jumped.
    pub accept_clock: Option<Actor>,
}

/// The dependencies of the probes. The database and the key are opened by the probes themselves.
#[derive(Clone, Copy)]
pub struct Deps<'a> {
    pub data: &'a Path,
    pub config: &'a Config,
    pub clock: &'a Clock,
}

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("{id} names no instance")]
    Instance {
        id: String,
        #[source]
        source: PrefixError,
    },
}

#[derive(Debug, Default, Serialize)]
pub struct HealthReport {
    pub checks: Vec<CheckResult>,
    pub ok: usize,
    pub warning: usize,
    pub problem: usize,
    pub skipped: usize,
}

/// Probes everything. Dropping the future stops it.
pub async fn run(
    deps: Deps<'_>,
    options: &Options,
    progress: &dyn Progress<CheckResult>,
) -> Result<HealthReport, Error> {
    let mut results = Results {
        progress,
        report: HealthReport::default(),
    };
    settings::probe(&mut results, deps.config);
    programs::probe(&mut results, deps.config, deps.clock).await;
    let ground = ground::probe(&mut results, deps, options).await;
    let probed = probe_database(&mut results, deps, &ground, options).await;
    if probed.is_ok() && !options.offline {
        network::probe_public_address(&mut results, deps, &ground).await;
    }
    if let Some(db) = &ground.db {
        db.close().await;
    }
    probed.map(|()| results.report)
}

/// Asks the gateway of one instance, and looks at what has arrived of it. Ends soon after `patience` at the latest.
pub async fn instance(
    deps: GatewayDeps<'_>,
    config: &Config,
    instance: &Instance,
    patience: Duration,
) -> Vec<CheckResult> {
    let mut results = Results {
        progress: &(),
        report: HealthReport::default(),
    };
    gateways::probe_one(&mut results, deps, config, instance, patience).await;
    results.report.checks
}

async fn probe_database(
    results: &mut Results<'_>,
    deps: Deps<'_>,
    ground: &Ground,
    options: &Options,
) -> Result<(), Error> {
    let Some(db) = &ground.db else {
        return Ok(());
    };
    clock::probe(results, db, deps.clock, options.accept_clock.as_ref()).await;
    queue::probe(results, db, deps.clock.now()).await;
    queue::probe_refusals(results, db, deps.clock.now()).await;
    programs::probe_pauses(results, db, deps.config, deps.clock.now()).await;
    let mut instances = match instances::instances(db).await {
        Ok(instances) => instances,
        Err(error) => {
            results.add(CheckResult::unreadable(Check::Instances, error));
            return Ok(());
        }
    };
    if instances.is_empty() {
        let (code, hint) = (Code::NoInstance, Hint::AddInstance);
        results.add(CheckResult::warning(Check::Instances, code, hint));
    }
    if let Some(id) = &options.instance {
        let found = by_prefix(id, instances, |instance| instance.id.as_str());
        let found = found.map_err(|source| Error::Instance {
            id: id.clone(),
            source,
        })?;
        instances = vec![found];
    }
    gateways::probe(results, deps, ground, &instances, options.offline).await;
    if !options.offline {
        network::probe_cdn(results, deps.config, &instances).await;
    }
    Ok(())
}
