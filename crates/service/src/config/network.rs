//! Networks in settings: `10.0.0.0/8`, `fd00::/8`, or one address.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

/// A text that is not a network.
#[derive(Debug, thiserror::Error)]
#[error("{text:?} is not an address or a network such as 10.0.0.0/8")]
pub struct NotANetwork {
    text: String,
}

/// A range of addresses. An IPv4-mapped IPv6 address (`::ffff:a.b.c.d`) counts as IPv4.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[serde(try_from = "String", into = "String")]
pub struct Network(IpNet);

impl Network {
    pub fn contains(&self, address: IpAddr) -> bool {
        self.0.contains(&address.to_canonical())
    }
}

impl FromStr for Network {
    type Err = NotANetwork;

    fn from_str(text: &str) -> Result<Self, NotANetwork> {
        let one = || text.parse::<IpAddr>().map(IpNet::from);
        let network = text.parse::<IpNet>().or_else(|_| one());
        let network = network.map_err(|_| NotANetwork {
            text: text.to_owned(),
        })?;
        Ok(Self(canonical(network)))
    }
}

/// `::ffff:10.0.0.0/104` is `10.0.0.0/8`.
fn canonical(network: IpNet) -> IpNet {
    let length = network.prefix_len().checked_sub(96);
    match (network.addr().to_canonical(), length) {
        (address @ IpAddr::V4(_), Some(length)) if network.addr().is_ipv6() => {
            IpNet::new(address, length).unwrap_or(network)
        }
        _ => network,
    }
}

impl TryFrom<String> for Network {
    type Error = NotANetwork;

    fn try_from(text: String) -> Result<Self, NotANetwork> {
        text.parse()
    }
}

impl From<Network> for String {
    fn from(network: Network) -> Self {
        network.to_string()
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.prefix_len() == self.0.max_prefix_len() {
            self.0.addr().fmt(f)
        } else {
            self.0.fmt(f)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_and_single_addresses_are_read_and_written_alike() {
        for text in ["127.0.0.0/8", "::1", "10.1.2.3", "fd00::/8"] {
            let network: Network = text.parse().unwrap();
            assert_eq!(network.to_string(), text);
        }
        for text in ["", "localhost", "10.0.0.0/33", "10.0.0", "10.0.0.0/8,::1"] {
            assert!(text.parse::<Network>().is_err(), "{text}");
        }
    }

    #[test]
    fn ipv4_in_ipv6_counts_as_ipv4() {
        for text in ["10.0.0.0/8", "::ffff:10.0.0.0/104"] {
            let network: Network = text.parse().unwrap();
            for (address, expected) in [
                ("10.9.9.9", true),
                ("::ffff:10.9.9.9", true),
                ("11.0.0.1", false),
                ("::10.0.0.1", false),
            ] {
                let address = address.parse().unwrap();
                assert_eq!(network.contains(address), expected, "{text} {address}");
            }
        }
    }
}
