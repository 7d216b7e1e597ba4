//! Reacts when the storage, the CDN or a gateway fails, and when it works again.

use std::time::Duration;

use super::Worker;
use crate::db::{Error, Key};
use crate::download::{folder_key, host_for};
use crate::instances::Instance;
use crate::model::{Attempt, InstanceId, Reason};
use crate::queue::{self, Counts, Job, Settled};

/// An unavailable network storage may never answer.
const PROBE_PATIENCE: Duration = Duration::from_secs(10);

/// Probes a failed storage from time to time, and wakes the media that wait for it once it works.
pub(super) fn watch_storage(worker: &Worker) {
    if !worker.downloader.outages.claim_storage_probe() {
        return;
    }
    let worker_of_task = worker.clone();
    worker.shutdown.spawn(async move {
        let worker = worker_of_task;
        let probe = tokio::time::timeout(PROBE_PATIENCE, worker.downloader.storage.probe());
        if !matches!(probe.await, Ok(Ok(()))) {
            return;
        }
        if wake_for_storage(&worker).await {
            worker.downloader.outages.storage_recovered();
        }
    });
}

/// Wakes media that found the disk full, once there is space for them.
pub(super) fn watch_space(worker: &Worker, free_bytes: u64) {
    if !worker.downloader.outages.has_space_again(free_bytes) {
        return;
    }
    let worker_of_task = worker.clone();
    worker.shutdown.spawn(async move {
        if !wake_for_storage(&worker_of_task).await {
            worker_of_task.downloader.outages.waits_for_space();
        }
    });
}

/// Wakes the media that wait for the storage; false when the database cannot.
pub(super) async fn wake_for_storage(worker: &Worker) -> bool {
    let woken = worker.downloader.db.write(Key::Nothing, async |tx| {
        queue::wake_all(tx, &Reason::OF_STORAGE).await
    });
    match woken.await {
        Ok(media) => {
            if media > 0 {
                tracing::info!(
                    media,
                    "the storage works again: woke the media that waited for it"
                );
                worker.work.notify_one();
            }
            true
        }
        Err(error) => {
            let error = crate::telemetry::chain(&error);
            tracing::warn!(error, "cannot wake the media that wait for the storage yet");
            false
        }
    }
}

/// Records what the attempts of a round show about their hosts, and wakes the media that wait for a host that works again.
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

/// Records what the end of a round shows about the disk and the client's folder, and wakes the media that wait for one that works again.
pub(super) async fn note_folder(worker: &Worker, job: &Job, settled: &Settled) {
    let (now, folder) = (worker.downloader.clock.now(), folder_key(job.client));
    match settled {
        Settled::Postponed {
            reason: Reason::StorageFull,
            ..
        } => worker.downloader.outages.waits_for_space(),
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
    let woken = worker.downloader.db.write(Key::Nothing, async move |tx| {
        queue::wake_in_turn(tx, &instances, reasons, now).await
    });
    let media = woken.await?;
    if media > 0 {
        tracing::info!(
            media,
            "a server or folder works again: woke the media that waited for it"
        );
    }
    Ok(())
}

/// Retries one waiting media of each failed host or folder, to detect its recovery.
pub(super) async fn probe_hosts(worker: &Worker) {
    for host in worker
        .downloader
        .outages
        .hosts_to_probe(worker.downloader.clock.now())
    {
        log_if_failed(probe_host(worker, &host).await);
    }
}

async fn probe_host(worker: &Worker, host: &str) -> Result<(), Error> {
    let (instances, reasons) = waiting_for(worker, host).await?;
    let woken = worker.downloader.db.write(Key::Nothing, async move |tx| {
        queue::wake_one(tx, &instances, reasons).await
    });
    woken.await.map(drop)
}

/// The instances that use a host or a folder, and the reasons for which their media wait for it.
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
        tracing::warn!(error, "cannot wake the media that wait for a server yet");
    }
}
