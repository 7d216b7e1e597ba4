//! Addresses in settings and options.

use serde::{Deserialize, Serialize};

use super::Problem;

/// An address and a port, or a name and a port, to listen on.
pub fn listen_address(text: &str) -> Result<String, Problem> {
    let parts = text.rsplit_once(':');
    match parts.filter(|(host, port)| !host.is_empty() && port.parse::<u16>().is_ok()) {
        Some(_) => Ok(text.to_owned()),
        None => Err(Problem::Listen {
            text: text.to_owned(),
        }),
    }
}

/// Where the server listens: one address, or a list of them.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[serde(from = "OneOrMany", into = "Vec<String>")]
pub struct Listen(Vec<String>);

#[derive(Deserialize)]
#[serde(
    untagged,
    expecting = "an address such as \"0.0.0.0:8000\", or a list of them"
)]
enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

impl Listen {
    pub fn new(addresses: Vec<String>) -> Self {
        Self(addresses)
    }

    pub fn addresses(&self) -> &[String] {
        &self.0
    }

    /// The port of the first one.
    pub fn port(&self) -> Option<&str> {
        let (_, port) = self.0.first()?.rsplit_once(':')?;
        Some(port)
    }
}

impl From<OneOrMany> for Listen {
    fn from(addresses: OneOrMany) -> Self {
        match addresses {
            OneOrMany::One(address) => Self(vec![address]),
            OneOrMany::Many(addresses) => Self(addresses),
        }
    }
}

impl From<Listen> for Vec<String> {
    fn from(listen: Listen) -> Self {
        listen.0
    }
}

/// Whether this is a plain web address: with neither user, password, query nor fragment in it.
pub fn is_web_address(text: &str) -> bool {
    url::Url::parse(text.trim()).is_ok_and(|url| {
        matches!(url.scheme(), "http" | "https")
            && url.has_host()
            && url.username().is_empty()
            && url.password().is_none()
            && url.query().is_none()
            && url.fragment().is_none()
    })
}
