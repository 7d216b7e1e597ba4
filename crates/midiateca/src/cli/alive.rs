//! Whether a server answers at its own address.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::Path;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use midiateca_service::app;

/// How long a server may take. `/readyz` itself gives up after five seconds.
const PATIENCE: Duration = Duration::from_secs(8);

/// What is wrong with a server that holds its lock.
#[derive(Clone, Copy, Debug)]
pub(super) enum Trouble {
    /// It does not answer.
    Silent(SocketAddr),
    /// It answers that it cannot commit or store.
    NotReady(SocketAddr),
}

/// Asks the server on this data folder whether it is ready. An address that refuses connections says nothing: the
/// server may be in a container with a network of its own.
pub(super) async fn trouble(data: &Path) -> Option<Trouble> {
    let address = app::door_of_server(data)?;
    let asked = tokio::time::timeout(PATIENCE, status(address, "readyz")).await;
    // One that ended in between is not in trouble.
    app::door_of_server(data)?;
    match asked {
        Err(_) => Some(Trouble::Silent(address)),
        Ok(Ok(status)) if &status == b"503" => Some(Trouble::NotReady(address)),
        Ok(_) => None,
    }
}

/// Whether `/healthz` at that address answers with 200.
pub(super) async fn is_alive(address: SocketAddr) -> io::Result<bool> {
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

/// Where a server that listens on all addresses is reached from here.
fn reachable(address: SocketAddr) -> SocketAddr {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, address.port())
}
