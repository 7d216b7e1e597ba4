//! What is done when the storage, the CDN or a gateway fails and when it works again.

use std::time::Duration;

use super::Worker;
use crate::db::{Error, Key};
use crate::download::{folder_key, host_for};
use crate::instances::Instance;
use crate::model::{Attempt, InstanceId, Reason};
use crate::queue::{self, Counts, Job, Settled};

/// A network storage that is away may never answer.
const PROBE_PATIENCE: Duration = Duration::from_secs(10);

/// Probes a storage that failed, from time to time, and wakes what waits for it once it works.
pub(super) fn watch_storage(worker: &Worker) {
    if !worker.downloader.outages.claim_storage_probe() {
        return;
    }
    let worker_of_task = worker.clone();
    worker.shutdown.spawn(async move {
        let worker = worker_of_task;
        let probe = tokio::time::timeout(PROBE_PATIENCE, worker.downloader.vault.probe());
        if !matches!(probe.await, Ok(Ok(()))) {
            return;
        }
        if wake_for_storage(&worker).await {
            worker.downloader.outages.storage_recovered();
        }
    });
}

/// Wakes what found the disk full, once there is room for it.
pub(super) fn watch_space(worker: &Worker, free_bytes: u64) {
    if !worker.downloader.outages.has_space_again(free_bytes) {
        return;
    }
    let worker_of_task = worker.clone();
    worker.shutdown.spawn(async move {
        wake_for_storage(&worker_of_task).await;
    });
}

/// Makes ready what waits for the storage; false when the database cannot.
pub(super) async fn wake_for_storage(worker: &Worker) -> bool {
    let waking = worker.downloader.db.write(Key::Nothing, async |tx| {
        queue::wake_all(tx, &Reason::OF_STORAGE).await
    });
    match waking.await {
        Ok(media) => {
            if media > 0 {
                tracing::info!(media, "what waited for the storage goes on");
                worker.work.notify_one();
            }
            true
        }
        Err(error) => {
            let error = crate::telemetry::chain(&error);
            tracing::warn!(error, "what waits for the storage cannot be woken yet");
            false
        }
    }
}

/// Notes what the attempts of a round say of the hosts that they asked, and wakes what waits for one that is back.
pub(super) async fn note_hosts(
    worker: &Worker,
    job: &Job,
    instance: &Instance,
    attempts: &[Attempt],
) {
    let now = worker.downloader.clock.now();
    for attempt in attempts {
        let Some(host) = host_for(attempt.route, instance) else {
            continue;
        };
        match attempt.reason {
            Some(reason) if Reason::OF_NETWORK.contains(&reason) => {
                worker.downloader.outages.host_failed(&host, &job.id, now);
            }
            None if worker.downloader.outages.host_served(&host, now) => {
                log_if_failed(wake_host(worker, &host, now).await);
            }
            _ => {}
        }
    }
}

/// Notes what the end of a round says of the client's folder in the storage, and wakes what waits for one that works again.
pub(super) async fn note_folder(worker: &Worker, job: &Job, settled: &Settled) {
    let (now, folder) = (worker.downloader.clock.now(), folder_key(job.client));
    match settled {
        Settled::Postponed {
            reason: Reason::StorageFailed,
            counts: Counts::AsFailure,
            ..
        } => worker.downloader.outages.host_failed(&folder, &job.id, now),
        Settled::Stored(_) if worker.downloader.outages.host_served(&folder, now) => {
            log_if_failed(wake_host(worker, &folder, now).await);
        }
        _ => {}
    }
}

async fn wake_host(worker: &Worker, host: &str, now: crate::clock::Millis) -> Result<(), Error> {
    let (instances, reasons) = waiting_for(worker, host).await?;
    let waking = worker.downloader.db.write(Key::Nothing, async move |tx| {
        queue::wake_in_turn(tx, &instances, reasons, now).await
    });
    let media = waking.await?;
    if media > 0 {
        tracing::info!(
            media,
            "a server or folder is back: what waited for it goes on"
        );
    }
    Ok(())
}

/// Tries one waiting media of each host or folder that is out, so that it is seen when it is back.
pub(super) async fn try_hosts(worker: &Worker) {
    for host in worker
        .downloader
        .outages
        .hosts_to_probe(worker.downloader.clock.now())
    {
        log_if_failed(try_host(worker, &host).await);
    }
}

async fn try_host(worker: &Worker, host: &str) -> Result<(), Error> {
    let (instances, reasons) = waiting_for(worker, host).await?;
    let waking = worker.downloader.db.write(Key::Nothing, async move |tx| {
        queue::wake_one(tx, &instances, reasons).await
    });
    waking.await.map(drop)
}

/// The instances that ask a host or use a folder, and the reasons for which their media wait for it.
async fn waiting_for(
    worker: &Worker,
    host: &str,
) -> Result<(Vec<InstanceId>, &'static [Reason]), Error> {
    let known = worker.directory.by_id().await?;
    let ids = |is_there: &dyn Fn(&Instance) -> bool| -> Vec<InstanceId> {
        let there = known.values().filter(|instance| is_there(instance));
        there.map(|instance| instance.id.clone()).collect()
    };
    let users = ids(&|instance| folder_key(instance.client) == host);
    if !users.is_empty() {
        return Ok((users, &Reason::OF_STORAGE));
    }
    let asks = |instance: &Instance| {
        let mut routes = crate::model::Route::ALL.iter();
        routes.any(|route| host_for(*route, instance).as_deref() == Some(host))
    };
    Ok((ids(&asks), &Reason::OF_NETWORK))
}

fn log_if_failed(outcome: Result<(), Error>) {
    if let Err(error) = outcome {
        let error = crate::telemetry::chain(&error);
        tracing::warn!(error, "what waits for a server cannot be woken yet");
    }
}
