//! Whether a server can be connected to, over one family of addresses at a time. Nothing is said to it.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::time::Instant;

use super::Unresolved;

/// A family of addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AddressFamily {
    /// IPv4.
    V4,
    /// IPv6.
    V6,
}

/// What became of it.
#[derive(Debug)]
pub enum ConnectionProbe {
    /// It answered.
    Connected {
        /// The address that did.
        address: SocketAddr,
        /// How long that took.
        took: Duration,
    },
    /// The name leads to no address of that family.
    NoAddress,
    /// The name leads to an address at which nobody can be, as a blocking resolver answers.
    Blocked {
        /// Which one.
        address: SocketAddr,
    },
    /// The name is not known, or there is no resolver.
    UnknownName(Unresolved),
    /// There is an address, and it does not answer.
    Silent {
        /// The first of them.
        address: SocketAddr,
        /// What the system said; nothing when it took too long.
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
