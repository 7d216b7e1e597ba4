//! Whether a server runs on a data folder, and answers at its own address.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::Path;
use std::time::Duration;

use serde::Serialize;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::address_of_server;
use crate::coordination::Coordination;

/// `/readyz` itself gives up after five seconds.
const TIMEOUT: Duration = Duration::from_secs(8);

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ServerState {
    /// It answers, or its address cannot be reached from here: it may be in a container with a network of its own.
    Running,
    Stopped,
    /// It has the lock and does not answer.
    NotAnswering,
    /// It answers that it cannot commit or store.
    NotReady,
    /// The lock file cannot be read.
    Unknown,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct ServerStatus {
    pub state: ServerState,
    /// Where it listens, if a server runs and has written it down.
    pub address: Option<SocketAddr>,
}

/// Asks the server on this data folder whether it is ready.
pub async fn server_status(data: &Path) -> ServerStatus {
    let coordination = Coordination::new(data);
    let state = match coordination.is_served().await {
        Some(true) => ServerState::Running,
        Some(false) => ServerState::Stopped,
        None => ServerState::Unknown,
    };
    let address = address_of_server(data).await;
    let Some(asked_address) = address else {
        return ServerStatus { state, address };
    };
    let asked = tokio::time::timeout(TIMEOUT, status(asked_address, "readyz")).await;
    if coordination.is_served().await == Some(false) {
        return ServerStatus {
            state: ServerState::Stopped,
            address: None,
        };
    }
    let state = match asked {
        Err(_) => ServerState::NotAnswering,
        Ok(Ok(status)) if &status == b"503" => ServerState::NotReady,
        Ok(_) => state,
    };
    ServerStatus { state, address }
}

/// Whether `/healthz` at that address answers with 200.
pub async fn answers_healthz(address: SocketAddr) -> io::Result<bool> {
    Ok(&status(address, "healthz").await? == b"200")
}

async fn status(address: SocketAddr, page: &str) -> io::Result<[u8; 3]> {
    let mut stream = TcpStream::connect(reachable(address)).await?;
    let request = format!("GET /{page} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut head = [0; 12];
    stream.read_exact(&mut head).await?;
    let [.., hundreds, tens, ones] = head;
    Ok([hundreds, tens, ones])
}

/// Where a server that listens on all addresses is reached from this machine.
fn reachable(address: SocketAddr) -> SocketAddr {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, address.port())
}
