//! Whether a server answers at its own address.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::Path;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::app;

/// How long a server may take. A busy one answers within milliseconds.
const PATIENCE: Duration = Duration::from_secs(5);

/// The address of the server on this data folder if it holds its lock and does not answer there. An address that
/// refuses connections says nothing: the server may be in a container with a network of its own.
pub(super) async fn silent(data: &Path) -> Option<SocketAddr> {
    let address = app::door_of_server(data)?;
    let asked = tokio::time::timeout(PATIENCE, ask(address)).await;
    // A server that ended meanwhile is no silent one.
    (asked.is_err() && app::door_of_server(data).is_some()).then_some(address)
}

/// Whether `/healthz` at that address answers with 200.
pub(super) async fn ask(address: SocketAddr) -> io::Result<bool> {
    let mut stream = TcpStream::connect(reachable(address)).await?;
    stream
        .write_all(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        .await?;
    let mut head = [0; 12];
    stream.read_exact(&mut head).await?;
    Ok(&head == b"HTTP/1.1 200")
}

/// Where a server that listens on all addresses is reached from here.
fn reachable(address: SocketAddr) -> SocketAddr {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, address.port())
}
