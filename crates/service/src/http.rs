//! The HTTP server: webhooks, health checks, the API.

pub mod api;
mod body;
mod client_address;
mod connection;
mod connections;
mod dashboard;
mod encoding;
mod error;
mod forwarded;
mod heads;
mod health;
mod hooks;
mod listener;
mod metrics;
mod open_files;
mod pace;
mod paced_body;
mod readiness;
mod refusals;
mod session;
mod socket;

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::routing::{get, post};
use tokio::sync::Semaphore;

use body::Memory;

use crate::app::{App, ListenError};
use crate::config::{Network, Span};
use crate::coordination::checkpoint::Checkpoint;
use crate::db::Key;
use crate::gateway;
use connection::PhaseLimits;
use connections::{Connections, Limits};
use listener::{Listener, MOST_PIPELINED};
use pace::Slowness;
use readiness::ReadinessCache;

/// The state of every request handler. Each layer of the router clones it.
#[derive(Clone)]
pub struct HttpState(Arc<Shared>);

impl std::ops::Deref for HttpState {
    type Target = Shared;

    fn deref(&self) -> &Shared {
        &self.0
    }
}

pub struct Shared {
    app: Arc<App>,
    memory: Arc<Memory>,
    /// The random name of the data folder, shown by the health checks.
    folder: Arc<str>,
    readiness: Arc<ReadinessCache>,
    connections: Arc<Connections>,
    trusted_proxies: Arc<[Network]>,
    limits: Arc<api::RateLimits>,
    runs: Arc<api::Runs>,
    live_keys: Arc<api::LiveKeys>,
    reads: Arc<api::RecentReads>,
}

fn router(
    app: Arc<App>,
    folder: Arc<str>,
    connections: Arc<Connections>,
    trusted_proxies: Arc<[Network]>,
    runs: api::Runs,
) -> Router {
    let memory = Arc::new(Memory::new(app.config.http.max_bodies.as_usize()));
    let mut hooks = Router::new()
        .route(
            "/hooks/{gateway}/{token}",
            post(hooks::by_path).get(hooks::handshake),
        )
        .route(
            "/hooks/{gateway}/{token}/",
            post(hooks::by_path).get(hooks::handshake),
        )
        .route(
            "/hooks/{gateway}/{token}/{*event}",
            post(hooks::by_longer_path),
        )
        .route("/hooks/{gateway}", post(hooks::without_token))
        .route("/hooks/{gateway}/", post(hooks::without_token));
    for path in gateway::ORIGINAL_PATHS {
        hooks = hooks.route(path, post(hooks::by_query_or_header));
        hooks = hooks.route(&format!("{path}/"), post(hooks::by_query_or_header));
    }
    let limits = Arc::new(api::RateLimits::new(app.config.http.api_rate));
    let state = HttpState(Arc::new(Shared {
        limits,
        runs: Arc::new(runs),
        live_keys: Arc::default(),
        reads: Arc::default(),
        app,
        memory,
        folder,
        readiness: Arc::default(),
        connections,
        trusted_proxies,
    }));
    Router::new()
        .route("/healthz", get(health::alive))
        .route("/readyz", get(health::ready))
        .route("/metrics", get(metrics::show))
        .merge(hooks.layer(from_fn_with_state(state.clone(), metrics::count)))
        .merge(api::router().layer(from_fn_with_state(state.clone(), dashboard::explain_links)))
        .merge(dashboard::router())
        .fallback(dashboard::page_not_found)
        .method_not_allowed_fallback(error::wrong_method)
        .layer(from_fn_with_state(state.clone(), forwarded::limit))
        .with_state(state)
}

pub struct HttpServer {
    /// In the order of the configuration.
    pub addresses: Vec<SocketAddr>,
}

async fn identity(app: &App) -> Result<Arc<str>, crate::db::Error> {
    if let Some(known) = Checkpoint::Folder.load::<String>(&app.db, "").await? {
        return Ok(known.into());
    }
    let (name, now) = (crate::secrets::random_token(), app.clock.now());
    let value = name.clone();
    app.db
        .write(Key::Nothing, async move |tx| {
            Checkpoint::Folder.save(tx, "", &value, now).await
        })
        .await?;
    Ok(name.into())
}

async fn bind(address: &str) -> Result<(tokio::net::TcpListener, SocketAddr), ListenError> {
    let bound = async {
        let listener = listener::bind(address).await?;
        let address = listener.local_addr()?;
        Ok((listener, address))
    };
    bound.await.map_err(|source| ListenError {
        address: address.to_owned(),
        source,
    })
}

/// Listens at each address and serves until the shutdown closes the HTTP server.
pub async fn start(app: &Arc<App>, listen: &[impl AsRef<str>]) -> Result<HttpServer, ListenError> {
    let mut listeners = Vec::with_capacity(listen.len());
    for address in listen {
        listeners.push(bind(address.as_ref()).await?);
    }
    let folder = identity(app).await.unwrap_or_else(|error| {
        tracing::error!(
            error = crate::telemetry::chain(&error),
            "the data folder's name cannot be read"
        );
        Arc::from("")
    });
    let runs = api::load_runs(app).await.unwrap_or_else(|error| {
        let error = crate::telemetry::chain(&error);
        tracing::error!(error, "the runs of earlier servers cannot be read");
        api::Runs::default()
    });
    let settings = &app.config.http;
    let limits = Limits {
        in_all: open_files::connections(settings.max_connections, app.config.worker.concurrency),
        per_source: settings.max_connections_per_address,
    };
    let phase_limits = PhaseLimits {
        head: settings.header_timeout.duration(),
        idle: settings.idle_timeout.duration(),
    };
    let slowness = |patience: Span| Slowness {
        patience: patience.duration(),
        bytes_per_second: settings.min_rate.bytes(),
    };
    let connections = Arc::new(Connections::new(limits, phase_limits));
    let trusted_proxies: Arc<[Network]> = settings.trusted_proxies.clone().into();
    let server = Arc::new(Listener {
        router: router(
            Arc::clone(app),
            folder,
            Arc::clone(&connections),
            Arc::clone(&trusted_proxies),
            runs,
        ),
        connections,
        trusted_proxies,
        bodies: slowness(settings.body_timeout),
        answers: slowness(settings.write_timeout),
        pipelined: Semaphore::new(MOST_PIPELINED),
        app: Arc::clone(app),
    });
    let mut addresses = Vec::with_capacity(listeners.len());
    for (listener, address) in listeners {
        app.shutdown.spawn(Arc::clone(&server).serve(listener));
        addresses.push(address);
    }
    Ok(HttpServer { addresses })
}
