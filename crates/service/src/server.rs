//! The server: HTTP server, workers and background checks in one process, from start to end.

mod reconciliation;
pub mod systemd;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinHandle;

pub use crate::app::StartError as Error;
use crate::app::{App, watch};
use crate::coordination::{self, ServedDatabase, ServerLease};
use crate::db::{self, Key, ServingLock};
use crate::derived::pauses;
use crate::download::progress;
use crate::ingest::tally;
use crate::media::search;
use crate::ops::retention::{self, Item, Options};
use crate::shutdown::CancellationToken;
use crate::{clock_check, http, telemetry, worker};

/// A running service.
pub struct Service {
    app: Arc<App>,
    /// The first address that it listens on.
    address: SocketAddr,
    worker: JoinHandle<()>,
    lease: Arc<ServerLease>,
    /// Excludes servers with other data folders.
    _alone: ServingLock,
}

/// New names do not depend on case, but names of earlier versions may collide on a storage that folds case.
async fn report_folded_case(app: &App) {
    let storage = app.storage.clone();
    let probed = tokio::task::spawn_blocking(move || storage.folds_case());
    match probed.await {
        Ok(Ok(true)) => tracing::info!(
            "the storage treats names that differ only in case as equal; a name in use gets a number"
        ),
        Ok(Ok(false)) | Err(_) => {}
        Ok(Err(error)) => {
            let error = telemetry::chain(&error);
            tracing::warn!(error, "cannot determine whether the storage folds case");
        }
    }
}

/// Removes what killed processes left between a file and its rows. Files of another database are set aside first.
async fn sweep_bodies(app: &App, lease: &ServerLease) -> Result<(), db::Error> {
    let served = ServedDatabase {
        id: app.db.identity().to_owned(),
        commits: app.db.commits().await?,
    };
    let before = lease.database();
    if before.is_some_and(|before| served.may_lack_rows_of(&before)) {
        app.bodies.set_aside(&app.db).await?;
    }
    app.bodies.bring_back(&app.db).await?;
    lease.set_database(served);
    app.bodies.sweep(&app.db, true).await
}

/// Applies the retention rules again and again, until the shutdown begins.
async fn keep_sweeping(app: Arc<App>, lease: Arc<ServerLease>) {
    /// A day, with the usual interval.
    const ROUNDS_WITHOUT_ORPHANS: u32 = 144;
    let mut rounds = 0_u32;
    let cancelled = app.shutdown.token();
    let mut with_orphans = true;
    loop {
        if let Err(error) = sweep_bodies(&app, &lease).await {
            let error = telemetry::chain(&error);
            tracing::warn!(error, "the texts of deliveries could not be swept");
        }
        tokio::select! {
            () = app.clock.sleep(app.config.retention.every.duration()) => {}
            () = cancelled.cancelled() => return,
        }
        let options = Options {
            with_orphans,
            ..Options::default()
        };
        sweep(&app, options, &cancelled).await;
        // A killed process and a folder that cannot be written leave some.
        rounds += 1;
        with_orphans = rounds.is_multiple_of(ROUNDS_WITHOUT_ORPHANS);
    }
}

/// Indexes the words of new media, until the shutdown begins.
async fn keep_indexing(app: Arc<App>) {
    /// In real time: it only looks for new rows.
    const EVERY: Duration = Duration::from_secs(1);
    const AT_ONCE: u32 = 500;
    let cancelled = app.shutdown.token();
    loop {
        let index = async {
            if !search::has_due(&app.db).await? {
                return Ok(0);
            }
            let indexing = app.db.write(Key::Nothing, async |tx| {
                search::index_due(tx, AT_ONCE).await
            });
            indexing.await
        };
        match index.await {
            Ok(indexed) if indexed == u64::from(AT_ONCE) && !cancelled.is_cancelled() => continue,
            Ok(_) => {}
            Err(error) => {
                let error: &db::Error = &error;
                tracing::warn!(
                    error = telemetry::chain(error),
                    "words cannot be indexed now"
                );
            }
        }
        tokio::select! {
            () = tokio::time::sleep(EVERY) => {}
            () = cancelled.cancelled() => return,
        }
    }
}

async fn sweep(app: &App, options: Options, cancelled: &CancellationToken) {
    let log_failure = |item: &Item| {
        if let Some(error) = &item.error {
            let error = telemetry::chain(error);
            tracing::error!(media = %item.media, error, "a file that no rule keeps could not be deleted");
        }
    };
    let settings = &app.config.retention;
    let report = retention::run(app.file_deps(), settings, options, &log_failure, cancelled);
    match report.await {
        Ok(report) if report.is_empty() => {}
        Ok(report) => tracing::info!(
            files = report.files,
            bytes = report.bytes,
            deliveries = report.deliveries,
            events = report.events,
            attempts = report.attempts,
            derived = report.derived,
            failed = report.failed,
            files_on_hold = report.files_on_hold,
            deliveries_on_hold = report.deliveries_on_hold,
            "retention rules applied"
        ),
        // Logged where it is noticed.
        Err(retention::Error::ClockNotTrusted) => {}
        Err(error) => tracing::warn!(
            error = telemetry::chain(&error),
            "applying the retention rules was interrupted; the next run continues"
        ),
    }
}

impl Service {
    /// Starts the HTTP server and the workers. Work that an earlier run left in progress is taken up again.
    pub async fn start(app: Arc<App>, listen: &[impl AsRef<str>]) -> Result<Self, Error> {
        let lease = Arc::new(app.coordination.server().await?);
        let Some(alone) = app.db.serve_alone().await? else {
            let path = app.config.database_place(&app.data).shown();
            return Err(coordination::Error::Served { path }.into());
        };
        app.sweep_staged().await?;
        report_folded_case(&app).await;
        if let Err(error) = app.secrets.ready() {
            let error = telemetry::chain(&error);
            tracing::error!(
                error,
                "no gateway token can be decrypted; downloads from the CDN continue"
            );
        }
        clock_check::begin(&app.clock_check()).await?;
        let http = http::start(&app, listen).await?;
        let address = http.addresses.first().copied().ok_or(Error::NoAddress)?;
        // A server starts once.
        let _ = app.listening.set(address);
        let worker = app
            .shutdown
            .spawn(worker::run(app.worker(), lease.owner().to_owned()));
        app.shutdown.spawn(tally::keep_writing_down(
            app.ingest.clone(),
            app.shutdown.clone(),
        ));
        app.shutdown
            .spawn(app.feed.clone().keep_reading(app.shutdown.token()));
        app.shutdown.spawn(app.notifier(lease.owner()).run());
        app.shutdown
            .spawn(pauses::keep(app.derived.clone(), app.shutdown.token()));
        for examiner in app.examiners() {
            app.shutdown.spawn(examiner.run(app.shutdown.token()));
        }
        app.shutdown.spawn(keep_indexing(Arc::clone(&app)));
        app.shutdown
            .spawn(keep_sweeping(Arc::clone(&app), Arc::clone(&lease)));
        app.shutdown.spawn(reconciliation::keep_reconciling(
            Arc::clone(&app),
            lease.owner().to_owned(),
        ));
        app.shutdown.spawn(watch::keep_checking(
            Arc::clone(&app),
            Arc::clone(&lease),
            address,
        ));
        app.shutdown.spawn(clock_check::keep_checking(
            app.clock_check(),
            app.shutdown.clone(),
        ));
        app.shutdown.spawn(progress::keep_writing_down(
            app.downloader(),
            app.shutdown.clone(),
        ));
        for address in &http.addresses {
            tracing::info!(%address, "midiateca is listening");
        }
        Ok(Self {
            app,
            address,
            worker,
            lease,
            _alone: alone,
        })
    }

    /// Returns a function that says whether the download loop still runs.
    pub fn worker_runs(&self) -> impl Fn() -> bool + Send + Sync + use<> {
        let worker = self.worker.abort_handle();
        move || !worker.is_finished()
    }

    /// The first address that it listens on.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Starts no more downloads, waits for the running ones, then closes the HTTP server and the database.
    pub async fn stop(self) {
        self.app.shutdown.begin();
        // A worker that panicked has ended too.
        let _ = self.worker.await;
        self.app.shutdown.close_http();
        self.app.shutdown.finished().await;
        // Deliveries that came while the downloads ended are counted too.
        if let Err(error) = tally::write_down(&self.app.db, &self.app.tally).await {
            tracing::warn!(%error, "cannot save the delivery counts");
        }
        self.app.db.close().await;
        drop(self.lease);
    }
}
