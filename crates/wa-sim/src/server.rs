//! The HTTP server of the simulated gateway.

mod admin;
mod body;
mod call;
mod cdn;
mod file;
mod gateway;
mod link;
mod panel;

use std::io;
use std::net::SocketAddr;

use axum::Router;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{any, get, post, put};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::webhook::{self, Origins};
use crate::{Content, Gateway, World};

/// A running simulated gateway. It stops on drop.
pub struct Sim {
    address: SocketAddr,
    fallback: SocketAddr,
    closed: SocketAddr,
    world: World,
    stop: CancellationToken,
}

/// The CDN's two hosts.
#[derive(Clone, Copy)]
pub(crate) enum Host {
    Main,
    Fallback,
}

#[derive(Clone)]
pub(crate) struct Shared {
    pub world: World,
    pub origin: String,
    pub host: Host,
}

impl Sim {
    /// Starts on a free port of the loopback.
    pub async fn start() -> io::Result<Self> {
        Self::start_on(SocketAddr::from(([127, 0, 0, 1], 0))).await
    }

    /// Starts at an address; the CDN's second host is at another free port of it.
    pub async fn start_on(address: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind(address).await?;
        let any_port = SocketAddr::new(address.ip(), 0);
        let fallback_listener = TcpListener::bind(any_port).await?;
        let closed = TcpListener::bind(any_port).await?.local_addr()?;
        let (address, fallback) = (listener.local_addr()?, fallback_listener.local_addr()?);
        let world = World::default();
        let origins = Origins {
            main: format!("http://{address}"),
            files: format!("http://{fallback}"),
            closed: format!("http://{closed}"),
        };
        world.lock().origins = origins.clone();
        let shared = |host| Shared {
            world: world.clone(),
            origin: origins.main.clone(),
            host,
        };
        let cdn = || {
            Router::new()
                .route("/v/{*path}", get(cdn::fetch))
                .route("/o1/{*path}", get(cdn::fetch))
                .route("/m1/{*path}", get(cdn::fetch))
                .route("/media/file/{name}", get(file::fetch))
        };
        let main = cdn()
            .route("/v1/message/download-media", post(link::ask))
            .route("/gateway/{name}/{*path}", any(gateway::answer))
            .route("/v1/webhook/{slot}", put(panel::set_slot))
            .route("/v1/instance/fetch-instance", get(panel::fetch_instance))
            .route("/v1/instance/status-instance", get(panel::fetch_instance))
            .with_state(shared(Host::Main));
        let stop = CancellationToken::new();
        serve(listener, main, &stop);
        serve(
            fallback_listener,
            cdn().with_state(shared(Host::Fallback)),
            &stop,
        );
        Ok(Self {
            address,
            fallback,
            closed,
            world,
            stop,
        })
    }

    /// Such as `http://127.0.0.1:40000`.
    pub fn origin(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The second host of the CDN and of the gateways' files.
    pub fn fallback_origin(&self) -> String {
        format!("http://{}", self.fallback)
    }

    /// An origin without a listener.
    pub fn closed_origin(&self) -> String {
        format!("http://{}", self.closed)
    }

    /// The base URL of W-API's API.
    pub fn api_base(&self) -> String {
        self.api_base_of(Gateway::Wapi)
    }

    /// The base URL of a gateway's API.
    pub fn api_base_of(&self, gateway: Gateway) -> String {
        webhook::api_base(gateway, &self.world.lock().origins)
    }

    /// The gateway's state.
    pub fn world(&self) -> &World {
        &self.world
    }
}

#[expect(clippy::disallowed_methods, reason = "the only tasks of this crate")]
fn serve(listener: TcpListener, router: Router, stop: &CancellationToken) {
    let stopped = stop.clone().cancelled_owned();
    tokio::spawn(async move {
        tokio::select! {
            outcome = axum::serve(listener, router) => drop(outcome),
            () = stopped => {}
        }
    });
}

/// Files generated on request, so that load generators need no registration: `…gen-{size}-{seed}_…`.
fn generated(name: &str) -> Option<Content> {
    let (_, rest) = name.split_once("gen-")?;
    let (size, seed) = rest.split_once('_')?.0.split_once('-')?;
    Some(Content::Generated {
        size_bytes: size.parse().ok()?,
        seed: seed.parse().ok()?,
    })
}

fn redirect(target: &str) -> Response {
    let mut response = StatusCode::FOUND.into_response();
    if let Ok(value) = HeaderValue::from_str(target) {
        response.headers_mut().insert(header::LOCATION, value);
    }
    response
}

impl Drop for Sim {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}
