//! Accepts connections and serves HTTP/1 on them, within limits.
//!
//! The accept loop is our own, because the table of connections admits each connection and may close it; hyper implements
//! the protocol. An error of `accept` (no more open files) never ends or spins the loop. At shutdown, requests in progress
//! are answered within [`LAST_ANSWERS`].

use std::convert::Infallible;
use std::io::{self, Read as _, Write as _};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::{HeaderValue, Request, Response, header};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::AsyncReadExt as _;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tower_service::Service as _;

use super::client_address::{ClientNetwork, is_trusted};
use super::connection::Activity;
use super::connections::{ConnectionPermit, Connections, Peer};
use super::error::document;
use super::heads::Asked;
use super::pace::Slowness;
use super::paced_body::PacedBody;
use super::refusals::count_connection;
use super::socket::Socket;
use crate::app::App;
use crate::config::Network;
use crate::i18n::keys::hooks;
use crate::net::Unresolved;
use crate::telemetry::Throttle;

/// The largest head of a request. hyper refuses more than 100 headers. Both are answered with 431.
const MOST_HEAD_BYTES: usize = 16 << 10;
/// The read buffer of a request.
const BUFFER_BYTES: usize = 64 << 10;
/// The send buffer of a connection. The system's default is some megabytes.
const SEND_BUFFER_BYTES: u32 = 128 << 10;
/// How many pipelined requests are processed at once.
pub(super) const MOST_PIPELINED: usize = 16;
/// The backlog of connections to be accepted.
const BACKLOG: u32 = 1_024;
/// How often to look for overdue connections.
const LOOK: Duration = Duration::from_millis(100);
/// The pause after an error of `accept`.
const REST: Duration = Duration::from_millis(50);
/// How long requests in progress may take at shutdown.
const LAST_ANSWERS: Duration = Duration::from_secs(5);
/// How long to read what a peer sends after its answer.
const LINGERING: Duration = Duration::from_secs(5);
const LINGERING_BUFFER_BYTES: usize = 16 << 10;
/// How often the same error is logged.
const LOG_EVERY: Duration = Duration::from_secs(30);
/// The first byte of a TLS record that begins a handshake (RFC 8446, 5.1).
const TLS_HANDSHAKE: u8 = 0x16;

pub(super) struct Listener {
    pub connections: Arc<Connections>,
    pub trusted_proxies: Arc<[Network]>,
    /// The slowest accepted body.
    pub bodies: Slowness,
    /// The slowest accepted reading of an answer.
    pub answers: Slowness,
    pub router: Router,
    /// Permits for pipelined requests: those sent before the previous answer was read.
    pub pipelined: Semaphore,
    pub app: Arc<App>,
}

impl Listener {
    /// Accepts until the server closes, then waits for the last answers.
    pub async fn serve(self: Arc<Self>, listener: TcpListener) {
        let this = self;
        let draining = CancellationToken::new();
        let trouble = Throttle::new(LOG_EVERY);
        let mut looks = tokio::time::interval(LOOK);
        looks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = this.app.shutdown.http_closing() => break,
                _ = looks.tick() => this.connections.close_overdue(Instant::now()),
                accepted = listener.accept() => match accepted {
                    Ok((stream, address)) => this.admit(stream, address, &draining),
                    Err(error) => this.pause_after(&error, &trouble).await,
                },
            }
        }
        drop(listener);
        draining.cancel();
        let began = Instant::now();
        while this.connections.count() > 0 && began.elapsed() < LAST_ANSWERS {
            looks.tick().await;
        }
        this.connections.close_all();
    }

    /// Pauses after an error of `accept`. Without free file descriptors, closes an idle connection.
    async fn pause_after(&self, error: &io::Error, trouble: &Throttle) {
        if is_of_the_connection(error) {
            return;
        }
        if let Some(times) = trouble.admit() {
            tracing::error!(%error, times, connections = self.connections.count(), "cannot accept connections");
        }
        self.connections.close_one(Instant::now());
        tokio::time::sleep(REST).await;
    }

    fn admit(
        self: &Arc<Self>,
        stream: TcpStream,
        address: SocketAddr,
        draining: &CancellationToken,
    ) {
        let now = Instant::now();
        let peer = Peer {
            source: ClientNetwork::from(address.ip()),
            is_trusted: is_trusted(address.ip(), &self.trusted_proxies),
        };
        let activity = Arc::new(Activity::new(self.answers, now));
        match self.connections.admit(peer, Arc::clone(&activity), now) {
            Ok(place) => {
                let (this, draining) = (Arc::clone(self), draining.clone());
                self.app.shutdown.spawn(async move {
                    this.serve_connection(stream, address, activity, place, draining)
                        .await;
                });
            }
            Err(full) => {
                count_connection(&self.app, full, peer.source, self.connections.count());
                refuse(stream);
            }
        }
    }

    /// Serves one connection until either side ends it, or it is closed for another one.
    async fn serve_connection(
        &self,
        stream: TcpStream,
        address: SocketAddr,
        activity: Arc<Activity>,
        place: ConnectionPermit,
        draining: CancellationToken,
    ) {
        // A silent connection has no buffers yet.
        tokio::select! {
            () = place.closing() => return,
            () = draining.cancelled() => return,
            first = first_byte(&stream) => match first {
                Some(TLS_HANDSHAKE) => return log_tls(address),
                Some(_) => {}
                None => return,
            },
        }
        // Answers are small and written whole.
        let _ = stream.set_nodelay(true);
        let service = service_fn(|request| self.answer(request, address, &activity));
        let socket = TokioIo::new(Socket::new(stream, Arc::clone(&activity)));
        let mut connection = http1::Builder::new()
            // The table of connections limits the time of heads and idle connections.
            .header_read_timeout(None)
            .max_header_size(MOST_HEAD_BYTES)
            .max_buf_size(BUFFER_BYTES)
            // A client may close its sending side and still gets its answer.
            .half_close(true)
            .serve_connection(socket, service);
        let mut is_draining = false;
        loop {
            tokio::select! {
                biased;
                () = place.closing() => return,
                () = draining.cancelled(), if !is_draining => {
                    is_draining = true;
                    Pin::new(&mut connection).graceful_shutdown();
                }
                ended = &mut connection => {
                    if let Err(error) = ended {
                        tracing::debug!(%error, "connection broken");
                    }
                    break;
                }
            }
        }
        if activity.has_unread_body() {
            let socket = connection.into_parts().io.into_inner();
            tokio::select! {
                () = place.closing() => {}
                () = draining.cancelled() => {}
                () = linger(socket) => {}
            }
        }
    }

    async fn answer(
        &self,
        request: Request<Incoming>,
        address: SocketAddr,
        activity: &Arc<Activity>,
    ) -> Result<Response<Body>, Infallible> {
        if activity.begin_request() {
            // A client with many pipelined requests gets one answer at a time, and few such clients are served at once, so that the
            // queue stays short for the others.
            let turn = self.pipelined.acquire().await;
            tokio::task::yield_now().await;
            drop(turn);
        }
        let paced = |body| Body::new(PacedBody::new(body, self.bodies, Arc::clone(activity)));
        let mut request = request.map(paced);
        request.extensions_mut().insert(ConnectInfo(address));
        let asked = Asked::of(&mut request);
        let answered = self.router.clone().call(request).await;
        activity.answered(
            answered
                .as_ref()
                .is_ok_and(|answer| answer.status().is_success()),
        );
        answered.map(|mut answer| {
            asked.complete(&mut answer);
            if activity.has_unread_body() {
                let close = HeaderValue::from_static("close");
                answer.headers_mut().insert(header::CONNECTION, close);
            }
            answer
        })
    }
}

/// Reads and discards what a peer still sends after the answer. Closing with unread data would reset the connection, and
/// a peer that still writes would not see the answer.
async fn linger(mut socket: Socket) {
    let reading = async {
        let mut unread = vec![0; LINGERING_BUFFER_BYTES];
        while matches!(socket.read(&mut unread).await, Ok(1..)) {}
    };
    let _ = tokio::time::timeout(LINGERING, reading).await;
}

/// Listens at an address, or at the first address of a name.
pub(super) async fn bind(listen: &str) -> io::Result<TcpListener> {
    let mut failure = io::Error::from(io::ErrorKind::AddrNotAvailable);
    for address in tokio::net::lookup_host(listen).await.map_err(Unresolved)? {
        match bind_at(address) {
            Ok(listener) => return Ok(listener),
            Err(error) => failure = error,
        }
    }
    Err(failure)
}

fn bind_at(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = match address {
        SocketAddr::V4(_) => TcpSocket::new_v4()?,
        SocketAddr::V6(_) => TcpSocket::new_v6()?,
    };
    // On Windows this option would let another program listen at the same address.
    #[cfg(unix)]
    socket.set_reuseaddr(true)?;
    // Accepted connections inherit it.
    socket.set_send_buffer_size(SEND_BUFFER_BYTES)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// `None` when the peer has closed.
async fn first_byte(stream: &TcpStream) -> Option<u8> {
    let mut first = [0];
    match stream.peek(&mut first).await {
        Ok(1) => Some(first[0]),
        Ok(_) | Err(_) => None,
    }
}

/// Whether an error of `accept` concerns only the connection that was to be accepted.
fn is_of_the_connection(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionRefused
            | io::ErrorKind::Interrupted
    )
}

/// Answers 503 without waiting: what does not fit into the socket's buffer is omitted.
fn refuse(stream: TcpStream) {
    let Ok(mut stream) = stream.into_std() else {
        return;
    };
    let mut sent = [0; 4_096];
    // With unread data the system would discard the answer.
    for _ in 0..16 {
        if !matches!(stream.read(&mut sent), Ok(1..)) {
            break;
        }
    }
    let refusal = document(hooks::TOO_MANY_CONNECTIONS, &[]).to_string();
    let answer = format!(
        "HTTP/1.1 503 Service Unavailable\r\nretry-after: 5\r\nconnection: close\r\ncache-control: no-store\r\nx-content-type-options: nosniff\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{refusal}",
        refusal.len()
    );
    let _ = stream.write(answer.as_bytes());
}

fn log_tls(address: SocketAddr) {
    static SEEN: Throttle = Throttle::new(LOG_EVERY);
    if let Some(times) = SEEN.admit() {
        tracing::warn!(
            source = %ClientNetwork::from(address.ip()),
            times,
            "a connection speaks TLS, which this port does not: a reverse proxy speaks it (packaging/)"
        );
    }
}
