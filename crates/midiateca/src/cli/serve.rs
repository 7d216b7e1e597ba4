//! `serve`: door and workers in one process, until told to stop.

use std::fmt::Display;
use std::net::SocketAddr;
use std::sync::Arc;

use tokio::task::JoinHandle;

use super::Ending;
use super::context::Context;
use super::systemd;
use super::words::{Words, serve as words};
use crate::app::{Allowed, AllowedStorage, Alone, App, watch};
use crate::archive::progress;
use crate::config::listen_address;
use crate::intake::tally;
use crate::{clock_check, http, retention, shutdown, telemetry, worker};

#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Address and port of the door
    #[arg(long, value_name = "ADDRESS", value_parser = listen_address)]
    listen: Option<String>,
    /// Begin a new database where the old one is lost for good; it becomes the one of the storage
    #[arg(long)]
    new_database: bool,
    /// Use the storage although it is not marked as the one of this database, and mark it
    #[arg(long)]
    adopt_storage: bool,
}

/// Why the service cannot start.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Somebody else listens there, or it is no address of this machine.
    #[error("cannot listen on {address}")]
    Listen {
        /// Where.
        address: String,
        /// What the system said.
        source: std::io::Error,
    },
}

/// A service that runs.
pub struct Service {
    app: Arc<App>,
    door: http::Open,
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
    pub async fn start(app: Arc<App>, listen: &str) -> anyhow::Result<Self> {
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
        let door = http::open(&app, listen)
            .await
            .map_err(|source| Error::Listen {
                address: listen.to_owned(),
                source,
            })?;
        let worker = app.shutdown.spawn(worker::run(Arc::clone(&app)));
        app.shutdown
            .spawn(tally::keep_writing_down(Arc::clone(&app)));
        app.shutdown
            .spawn(retention::keep_sweeping(Arc::clone(&app)));
        app.shutdown.spawn(watch::keep_checking(
            Arc::clone(&app),
            Arc::clone(&alone),
            door.address,
        ));
        app.shutdown
            .spawn(clock_check::keep_checking(Arc::clone(&app)));
        app.shutdown
            .spawn(progress::keep_writing_down(Arc::clone(&app)));
        tracing::info!(address = %door.address, "midiateca serves");
        Ok(Self {
            app,
            door,
            worker,
            alone,
        })
    }

    /// Tells systemd that it serves, and from then on that it still does.
    pub fn ready(&self) {
        let worker = self.worker.abort_handle();
        let watched = systemd::Watched {
            app: Arc::clone(&self.app),
            address: self.address(),
            is_working: Box::new(move || !worker.is_finished()),
        };
        systemd::ready(watched);
    }

    /// Where the door is.
    pub fn address(&self) -> SocketAddr {
        self.door.address
    }

    /// Begins no download, lets those that run end, then closes the door and the database.
    pub async fn stop(self) {
        self.app.shutdown.begin();
        // A worker that panicked has ended as well.
        let _ = self.worker.await;
        self.app.shutdown.close_door();
        self.app.shutdown.finished().await;
        // What came while the running downloads ended is counted as well.
        if let Err(error) = tally::write_down(&self.app).await {
            tracing::warn!(%error, "the delivery counts could not be written down");
        }
        self.app.db.close().await;
        drop(self.alone);
    }
}

/// Log lines are English, for programs and for whoever looks for a fault; this is for who started it.
fn say(context: &Context, words: Words, values: &[(&str, &dyn Display)]) {
    if context.talks {
        eprintln!("{}", context.lang.fill(words, values));
    }
}

pub(crate) async fn run(context: Context, options: Options) -> anyhow::Result<Ending> {
    let listen = options
        .listen
        .unwrap_or_else(|| context.config.door.listen.clone());
    // Before anybody can know that it runs, so that no early signal is missed.
    let stop = shutdown::asked_to_stop();
    let allowed = Allowed {
        new_database: options.new_database,
        storage: match options.adopt_storage {
            true => AllowedStorage::Adopted,
            false => AllowedStorage::None,
        },
        ..Allowed::default()
    };
    let app = context.open_allowing(allowed).await?;
    let service = Service::start(app, &listen).await?;
    let (address, data) = (service.address(), context.data.display());
    say(
        &context,
        words::STARTED,
        &[("address", &address), ("data", &data)],
    );
    if context.config.door.public_url.is_empty() {
        tracing::warn!(
            "door.public_url is not set: nobody knows under which address gateways reach this server"
        );
        say(&context, words::NO_PUBLIC_URL, &[]);
    }
    service.ready();
    stop.await;
    systemd::stopping();
    tracing::info!("stopping: running downloads may end");
    say(&context, words::STOPPING, &[]);
    service.stop().await;
    say(&context, words::ENDED, &[]);
    Ok(Ending::Fine)
}
