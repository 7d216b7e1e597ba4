//! Tests whether a server can be connected to, per family of addresses. Sends nothing.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::time::Instant;

use super::Unresolved;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AddressFamily {
    V4,
    V6,
}

/// The result of a connection test.
#[derive(Debug)]
pub enum ConnectionProbe {
    /// It accepted the connection.
    Connected { address: SocketAddr, took: Duration },
    /// The name has no address of that family.
    NoAddress,
    /// The name has an address that cannot be a server's, as a blocking resolver answers.
    Blocked { address: SocketAddr },
    /// The name does not exist, or no resolver answered.
    UnknownName(Unresolved),
    /// There is an address, and it does not answer.
    Silent {
        /// The first of them.
        address: SocketAddr,
        /// `None` after a timeout.
        error: Option<io::Error>,
    },
}

/// Connects to the first address of that family that answers, each within `patience`.
pub async fn probe_connection(
    host: &str,
    port: u16,
    family: AddressFamily,
    patience: Duration,
) -> ConnectionProbe {
    let found = match tokio::net::lookup_host((host.trim_matches(['[', ']']), port)).await {
        Ok(found) => found,
        Err(error) => return ConnectionProbe::UnknownName(Unresolved(error)),
    };
    let mut outcome = ConnectionProbe::NoAddress;
    for address in found.filter(|address| address.is_ipv4() == (family == AddressFamily::V4)) {
        if address.ip().is_unspecified() {
            return ConnectionProbe::Blocked { address };
        }
        let began = Instant::now();
        let error = match tokio::time::timeout(patience, TcpStream::connect(address)).await {
            Ok(Ok(_)) => {
                let took = began.elapsed();
                return ConnectionProbe::Connected { address, took };
            }
            Ok(Err(error)) => Some(error),
            Err(_) => None,
        };
        if matches!(outcome, ConnectionProbe::NoAddress) {
            outcome = ConnectionProbe::Silent { address, error };
        }
    }
    outcome
}
