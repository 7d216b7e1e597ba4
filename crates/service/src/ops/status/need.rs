//! What needs a person. Each of these makes `check` exit 1; what an operator dismissed is not among them.

use std::net::SocketAddr;
use std::path::PathBuf;

use serde::{Serialize, Serializer};

use super::{Deps, FileCheck, InstanceStatus, QueueStatus, RefusedDeliveries};
use crate::clock::{DAY, Millis, Trust};
use crate::instances::{Instance, Refusal, RefusalCount};
use crate::media::examinations::{self, Task};
use crate::model::{InstanceState, MediaStatus, Reason, Scope};
use crate::ops::probe::{
    Displaced, ServerState, ServerStatus, WriteCause, WriteFailure, server_status, write_database,
    write_storage,
};
use crate::ops::{json, opening};
use crate::worker::{self, Paused};
use crate::{db, deliveries, instances, media, secrets, storage};

/// Within some twenty minutes.
const MANY_FAILURES: i64 = 3;

/// Something that a person must look at, with what a sentence about it needs.
#[derive(Debug, Serialize)]
#[serde(tag = "code", rename_all = "snake_case")]
pub enum Need {
    ServerStopped {
        #[serde(serialize_with = "json::path")]
        data: PathBuf,
    },
    ServerNotAnswering {
        address: SocketAddr,
    },
    ServerNotReady {
        address: SocketAddr,
    },
    DatabaseDisplaced {
        #[serde(serialize_with = "json::path")]
        path: PathBuf,
        found: db::Found,
    },
    StorageDisplaced {
        #[serde(serialize_with = "json::path")]
        path: PathBuf,
        found: storage::Found,
    },
    /// The storage has files and none of those in the database.
    StorageUnknown {
        #[serde(serialize_with = "json::path")]
        path: PathBuf,
    },
    StorageMissing {
        #[serde(serialize_with = "json::path")]
        path: PathBuf,
    },
    BucketUnusable {
        #[serde(serialize_with = "json::path")]
        bucket: PathBuf,
        cause: storage::RemoteCause,
    },
    DatabaseNotWritable(WriteFailure),
    StorageNotWritable(WriteFailure),
    DiskNearlyFull {
        #[serde(rename = "free")]
        free_bytes: u64,
        #[serde(rename = "resume_above")]
        resume_above_bytes: u64,
    },
    ClockJumped {
        by_ms: Millis,
    },
    TokenMissing {
        instance: String,
    },
    GatewayProblem {
        instance: String,
        reason: String,
    },
    InstanceDisconnected {
        instance: String,
    },
    TokensUnreadable {
        #[serde(serialize_with = "secrets_code")]
        cause: secrets::Error,
    },
    MediaWaitForStorage {
        count: i64,
        reason: String,
    },
    MediaWaitLong {
        #[serde(serialize_with = "json::time")]
        since: Millis,
    },
    DeliveriesSetAside {
        count: i64,
    },
    MediaNotStored {
        count: i64,
    },
    /// Media that were stored, whose files are gone, and that wait to be downloaded again.
    FilesLost {
        count: i64,
    },
    FilesMissing {
        count: u64,
    },
    FilesOfWrongSize {
        count: u64,
    },
    /// By the scanner's word.
    FilesInfected {
        count: i64,
    },
    /// The scanner failed several times on each.
    FilesNotScanned {
        count: i64,
    },
    DeliveriesRefused(RefusedDeliveries),
    /// Their messages were found in the gateway's list.
    DeliveriesNeverMade {
        instance: String,
        count: i64,
    },
}

fn secrets_code<S: Serializer>(error: &secrets::Error, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(match error {
        secrets::Error::KeyFile { .. } => "key_file_unreadable",
        secrets::Error::Missing { .. } => "key_file_missing",
        secrets::Error::NotAKey { .. } => "not_a_key_file",
        secrets::Error::Sealed => "sealed_with_another_key",
    })
}

/// The data that both reports read.
pub(super) struct Seen<'a> {
    pub deps: Deps<'a>,
    pub server: ServerStatus,
    pub instances: Vec<Instance>,
    pub queue: QueueStatus,
    pub paused: Option<Paused>,
    /// None in the short report.
    pub files: Option<FileCheck>,
    /// Deliveries of the last day that are set aside and not dismissed.
    pub set_aside_today: i64,
    pub refused: Vec<(Refusal, RefusalCount)>,
}

impl<'a> Seen<'a> {
    pub async fn read(deps: Deps<'a>, files: Option<FileCheck>) -> Result<Self, db::Error> {
        let (db, storage) = (deps.db, &deps.config.storage);
        let using = (db, deps.storage, deps.coordination);
        let (oldest_waiting, next_deadline) =
            media::waiting(db, Scope::All, deps.clock.now()).await?;
        Ok(Self {
            deps,
            server: server_status(deps.data).await,
            instances: instances::instances(db).await?,
            queue: QueueStatus {
                by_status: media::by_status(db).await?,
                oldest_waiting,
                next_deadline,
            },
            paused: worker::paused_for_space(using, storage).await?,
            files,
            set_aside_today: deliveries::set_aside_since(db, deps.clock.now() - DAY).await?,
            refused: instances::refusals(db).await?,
        })
    }

    pub fn instances(&self) -> Vec<InstanceStatus> {
        self.instances.iter().map(InstanceStatus::new).collect()
    }
}

/// Everything that needs a person, the most urgent first.
pub(super) async fn find(seen: &Seen<'_>) -> Result<Vec<Need>, db::Error> {
    let deps = seen.deps;
    let mut needs: Vec<Need> = server(seen).into_iter().collect();
    needs.extend(displaced(deps).await);
    needs.extend(not_writable(deps).await);
    needs.extend(seen.paused.map(|paused| Need::DiskNearlyFull {
        free_bytes: paused.free_bytes,
        resume_above_bytes: paused.resume_above_bytes,
    }));
    // The needs above explain it, unless the cause is not visible to this process.
    if let (ServerState::NotReady, Some(address), []) =
        (seen.server.state, seen.server.address, needs.as_slice())
    {
        needs.push(Need::ServerNotReady { address });
    }
    needs.extend(clock(deps).await);
    needs.extend(seen.instances.iter().flat_map(instance));
    needs.extend(tokens(deps).await?);
    needs.extend(waiting(seen).await?);
    needs.extend(counts(seen));
    needs.extend(scanned(deps).await?);
    needs.extend(refused(seen).await?);
    needs.extend(never_made(deps).await?);
    Ok(needs)
}

/// Without an instance and without media that wait, no server is needed.
fn server(seen: &Seen<'_>) -> Option<Need> {
    match (seen.server.state, seen.server.address) {
        (ServerState::Stopped, _)
            if !seen.instances.is_empty() || seen.queue.oldest_waiting.is_some() =>
        {
            Some(Need::ServerStopped {
                data: seen.deps.data.to_owned(),
            })
        }
        (ServerState::NotAnswering, Some(address)) => Some(Need::ServerNotAnswering { address }),
        _ => None,
    }
}

/// A database or storage that is not the right one. The server may have found what this process cannot see.
async fn displaced(deps: Deps<'_>) -> Vec<Need> {
    let mut needs = Vec::new();
    let path = deps.config.database_place(deps.data).shown();
    if let Some(found) = Displaced::of_server(deps.data).await.database {
        needs.push(Need::DatabaseDisplaced { path, found });
    }
    let path = deps.storage.place();
    match opening::look_at_storage(deps.db, deps.storage).await {
        Err(opening::Error::Storage(storage::Error::Remote(error))) => {
            let cause = error.cause;
            needs.push(Need::BucketUnusable {
                bucket: path,
                cause,
            });
        }
        // A missing folder is reported by `not_writable`.
        Err(opening::Error::WrongStorage { found, .. }) if found != storage::Found::Missing => {
            needs.push(Need::StorageDisplaced { path, found });
        }
        Err(opening::Error::UnknownStorage { .. }) => needs.push(Need::StorageUnknown { path }),
        _ => {}
    }
    needs
}

/// Where nothing can be written, webhooks are answered 503.
async fn not_writable(deps: Deps<'_>) -> Vec<Need> {
    let mut needs = Vec::new();
    let root = deps.config.storage_folder(deps.data);
    let is_served = deps.coordination.is_served().await == Some(true);
    // Another user may only read; whether the server may write is not known here.
    let counts = |failure: &WriteFailure| {
        failure.cause != WriteCause::Missing && !(is_served && failure.cause.depends_on_user())
    };
    if !root.is_dir() {
        needs.push(Need::StorageMissing { path: root.clone() });
    }
    let database = deps.config.database_file(deps.data);
    let probing = tokio::task::spawn_blocking(move || {
        let storage = write_storage(&root);
        let database = database.and_then(|database| write_database(&database).err());
        (database, storage.err())
    });
    // It ends without a result only by a panic, which is reported.
    let (database, storage) = probing.await.unwrap_or_default();
    needs.extend(database.filter(counts).map(Need::DatabaseNotWritable));
    needs.extend(storage.filter(counts).map(Need::StorageNotWritable));
    needs
}

/// A running server confirms the clock after a long time off; without one, a clock that is ahead is expected.
async fn clock(deps: Deps<'_>) -> Option<Need> {
    match deps.clock.trust() {
        Trust::Trusted => None,
        Trust::Unconfirmed(by) if by >= 0 && deps.coordination.is_served().await != Some(true) => {
            None
        }
        Trust::Jumped(by_ms) | Trust::Unconfirmed(by_ms) => Some(Need::ClockJumped { by_ms }),
    }
}

fn instance(instance: &Instance) -> Vec<Need> {
    let mut needs = Vec::new();
    let id = || instance.id.0.clone();
    if instance.token_sealed.is_none() && instance.gateway.needs_token() {
        needs.push(Need::TokenMissing { instance: id() });
    }
    if let Some(reason) = instance.problem.clone() {
        let instance = id();
        needs.push(Need::GatewayProblem { instance, reason });
    }
    if instance.state == InstanceState::Disconnected {
        needs.push(Need::InstanceDisconnected { instance: id() });
    }
    needs
}

async fn tokens(deps: Deps<'_>) -> Result<Option<Need>, db::Error> {
    let cause = instances::token_error(deps.db, deps.secrets).await?;
    Ok(cause.map(|cause| Need::TokensUnreadable { cause }))
}

async fn waiting(seen: &Seen<'_>) -> Result<Vec<Need>, db::Error> {
    let by_reason = media::waiting_by_reason(seen.deps.db).await?;
    let mut needs: Vec<_> = by_reason
        .into_iter()
        .filter(|count| {
            let reason = Reason::parse(&count.name);
            matches!(reason, Some(Reason::StorageFull | Reason::StorageFailed))
        })
        .map(|count| Need::MediaWaitForStorage {
            count: count.count,
            reason: count.name,
        })
        .collect();
    let count = media::waiting_again(seen.deps.db).await?;
    needs.extend((count > 0).then_some(Need::FilesLost { count }));
    let now = seen.deps.clock.now();
    let oldest = seen.queue.oldest_waiting.filter(|at| now - at > DAY);
    needs.extend(oldest.map(|since| Need::MediaWaitLong { since }));
    Ok(needs)
}

/// What the scanner found, and where it keeps failing.
async fn scanned(deps: Deps<'_>) -> Result<Vec<Need>, db::Error> {
    let mut needs = Vec::new();
    let count = examinations::infected(deps.db).await?;
    needs.extend((count > 0).then_some(Need::FilesInfected { count }));
    if !deps.config.derived.scanner.is_empty() {
        let count = examinations::failing(deps.db, Task::Scan, MANY_FAILURES).await?;
        needs.extend((count > 0).then_some(Need::FilesNotScanned { count }));
    }
    Ok(needs)
}

fn counts(seen: &Seen<'_>) -> Vec<Need> {
    let mut needs = Vec::new();
    let count = seen.set_aside_today;
    if count > 0 {
        needs.push(Need::DeliveriesSetAside { count });
    }
    let count = seen.queue.count(MediaStatus::Failed) + seen.queue.count(MediaStatus::Expired);
    if count > 0 {
        needs.push(Need::MediaNotStored { count });
    }
    let files =
        |count: fn(&FileCheck) -> u64| seen.files.as_ref().map(count).filter(|count| *count > 0);
    needs.extend(files(|files| files.missing).map(|count| Need::FilesMissing { count }));
    needs.extend(files(|files| files.wrong_size).map(|count| Need::FilesOfWrongSize { count }));
    needs
}

/// Refusals of the last day, without those from before the operator dismissed them.
async fn refused(seen: &Seen<'_>) -> Result<Vec<Need>, db::Error> {
    let now = seen.deps.clock.now();
    let dismissed_at = deliveries::dismissed_at(seen.deps.db).await?;
    let recent = seen.refused.iter();
    let recent = recent.filter(|(_, count)| count.needs_attention(now, dismissed_at));
    let needs = recent.map(|refused| Need::DeliveriesRefused(RefusedDeliveries::new(refused)));
    Ok(needs.collect())
}

/// Of the last day, without those from before the operator dismissed them.
async fn never_made(deps: Deps<'_>) -> Result<Vec<Need>, db::Error> {
    let listed = deliveries::listed_since(deps.db, deps.clock.now() - DAY).await?;
    let needs = listed
        .into_iter()
        .map(|(instance, count)| Need::DeliveriesNeverMade {
            instance: instance.0,
            count,
        });
    Ok(needs.collect())
}
