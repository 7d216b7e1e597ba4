//! The pretend gateway's HTTP side.

mod cdn;
mod file;
mod link;
mod panel;

use std::io;
use std::net::SocketAddr;

use axum::Router;
use axum::routing::{get, post, put};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::World;

/// A running pretend gateway. It stops when dropped.
pub struct Sim {
    address: SocketAddr,
    world: World,
    stop: CancellationToken,
}

#[derive(Clone)]
pub(crate) struct Shared {
    pub world: World,
    pub origin: String,
}

impl Sim {
    /// Starts on a free port of the loopback.
    pub async fn start() -> io::Result<Self> {
        Self::start_on(SocketAddr::from(([127, 0, 0, 1], 0))).await
    }

    /// Starts at an address.
    #[expect(clippy::disallowed_methods, reason = "the one task of this crate")]
    pub async fn start_on(address: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        let world = World::default();
        let shared = Shared {
            world: world.clone(),
            origin: format!("http://{address}"),
        };
        let router = Router::new()
            .route("/v1/message/download-media", post(link::ask))
            .route("/media/file/{name}", get(file::fetch))
            .route("/v/{*path}", get(cdn::fetch))
            .route("/v1/webhook/{slot}", put(panel::set_slot))
            .route("/v1/instance/fetch-instance", get(panel::fetch_instance))
            .route("/v1/instance/status-instance", get(panel::fetch_instance))
            .with_state(shared);
        let stop = CancellationToken::new();
        let stopped = stop.clone().cancelled_owned();
        tokio::spawn(async move {
            tokio::select! {
                outcome = axum::serve(listener, router) => drop(outcome),
                () = stopped => {}
            }
        });
        Ok(Self {
            address,
            world,
            stop,
        })
    }

    /// Such as `http://127.0.0.1:40000`.
    pub fn origin(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What an operator would configure.
    pub fn api_base(&self) -> String {
        format!("{}/v1", self.origin())
    }

    /// What it knows.
    pub fn world(&self) -> &World {
        &self.world
    }
}

impl Drop for Sim {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}
