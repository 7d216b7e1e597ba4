//! The server: door, workers and watchers in one process, from the start to the end.

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::task::JoinHandle;

use crate::app::{Alone, App, watch};
use crate::download::progress;
use crate::ingest::tally;
use crate::ops::retention;
use crate::{clock_check, http, telemetry, worker};

/// Why the service cannot start.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Another process listens there, or it is no address of this machine.
    #[error(transparent)]
    Listen(#[from] http::ListenError),
    #[error("no address to listen on is given")]
    NoAddress,
    /// The data folder cannot be served.
    #[error(transparent)]
    App(#[from] crate::app::Error),
    /// The database.
    #[error(transparent)]
    Db(#[from] crate::db::Error),
}

/// A service that runs.
pub struct Service {
    app: Arc<App>,
    /// The first one that it listens on.
    address: SocketAddr,
    worker: JoinHandle<()>,
    alone: Arc<Alone>,
}

/// Names are written so that case does not matter, but those of earlier versions may meet.
async fn report_folded_case(app: &App) {
    let vault = app.vault.clone();
    let probing = tokio::task::spawn_blocking(move || vault.folds_case());
    match probing.await {
        Ok(Ok(true)) => tracing::info!(
            "the storage takes names that differ only in case for one; a name that is taken gets a number"
        ),
        Ok(Ok(false)) | Err(_) => {}
        Ok(Err(error)) => {
            let error = telemetry::chain(&error);
            tracing::warn!(error, "whether the storage folds case is not known");
        }
    }
}

impl Service {
    /// Starts door and workers. What an earlier run left in flight is taken up again.
    pub async fn start(app: Arc<App>, listen: &[impl AsRef<str>]) -> Result<Self, Error> {
        let alone = Arc::new(App::alone(&app.data)?);
        app.sweep_staged().await?;
        report_folded_case(&app).await;
        if let Err(error) = app.secrets.ready() {
            let error = telemetry::chain(&error);
            tracing::error!(
                error,
                "no gateway token can be opened; what the CDN serves is fetched all the same"
            );
        }
        clock_check::begin(&app).await?;
        let http = http::start(&app, listen).await?;
        let address = http.addresses.first().copied().ok_or(Error::NoAddress)?;
        let worker = app.shutdown.spawn(worker::run(Arc::clone(&app)));
        app.shutdown
            .spawn(tally::keep_writing_down(Arc::clone(&app)));
        app.shutdown
            .spawn(retention::keep_sweeping(Arc::clone(&app)));
        app.shutdown.spawn(watch::keep_checking(
            Arc::clone(&app),
            Arc::clone(&alone),
            address,
        ));
        app.shutdown
            .spawn(clock_check::keep_checking(Arc::clone(&app)));
        app.shutdown
            .spawn(progress::keep_writing_down(Arc::clone(&app)));
        for address in &http.addresses {
            tracing::info!(%address, "midiateca serves");
        }
        Ok(Self {
            app,
            address,
            worker,
            alone,
        })
    }

    /// Answers whether the loop that downloads still runs.
    pub fn worker_runs(&self) -> impl Fn() -> bool + Send + Sync + use<> {
        let worker = self.worker.abort_handle();
        move || !worker.is_finished()
    }

    /// The first address that it listens on.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Begins no download, lets those that run end, then closes the door and the database.
    pub async fn stop(self) {
        self.app.shutdown.begin();
        // A worker that panicked has ended as well.
        let _ = self.worker.await;
        self.app.shutdown.close_http();
        self.app.shutdown.finished().await;
        // What came while the running downloads ended is counted as well.
        if let Err(error) = tally::write_down(&self.app).await {
            tracing::warn!(%error, "the delivery counts could not be written down");
        }
        self.app.db.close().await;
        drop(self.alone);
    }
}
