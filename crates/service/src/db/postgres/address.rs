//! The URL of a database.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use tokio_postgres::config::SslMode;

use super::encryption::Encryption;
use crate::tls::Tls;

/// How long a connection attempt may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// How long sent data may stay unconfirmed by the server's machine.
const UNCONFIRMED_TIMEOUT: Duration = Duration::from_secs(10);

/// Where a PostgreSQL database is, and how to get in. Shows no password.
#[derive(Clone)]
pub struct Address {
    pub(super) config: Arc<tokio_postgres::Config>,
    /// None for a plain connection.
    pub(super) encryption: Option<Encryption>,
    pub(super) shown: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum AddressError {
    #[error("it is not a URL such as postgres://user@host/database")]
    Malformed,
    #[error("sslmode is disable or verify-full")]
    TlsMode,
    #[error("the file of sslrootcert has no usable certificate")]
    Roots,
}

/// Whether a URL names a PostgreSQL database, right or wrong.
pub fn is_postgres(url: &str) -> bool {
    let scheme = url.split(':').next().unwrap_or_default();
    matches!(scheme, "postgres" | "postgresql")
}

impl FromStr for Address {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        let mut url = url::Url::parse(text).map_err(|_| AddressError::Malformed)?;
        if !matches!(url.scheme(), "postgres" | "postgresql") {
            return Err(AddressError::Malformed);
        }
        let (mut mode, mut roots, mut others) = (None, None, Vec::new());
        for (name, value) in url.query_pairs() {
            match &*name {
                "sslmode" => mode = Some(value.into_owned()),
                "sslrootcert" => roots = Some(PathBuf::from(&*value)),
                _ => others.push((name.into_owned(), value.into_owned())),
            }
        }
        url.set_query(None);
        for (name, value) in &others {
            url.query_pairs_mut().append_pair(name, value);
        }
        // tokio-postgres reads a plus sign as itself.
        let text = url.as_str().replace('+', "%20");
        let mut config =
            tokio_postgres::Config::from_str(&text).map_err(|_| AddressError::Malformed)?;
        config
            .connect_timeout(CONNECT_TIMEOUT)
            .tcp_user_timeout(UNCONFIRMED_TIMEOUT)
            .ssl_mode(SslMode::Disable);
        if config.get_application_name().is_none() {
            config.application_name("midiateca");
        }
        let is_encrypted = match mode.as_deref() {
            Some("disable") => false,
            Some("verify-full") => true,
            None => !is_local(&config) || roots.is_some(),
            Some(_) => return Err(AddressError::TlsMode),
        };
        let encryption = if is_encrypted {
            config.ssl_mode(SslMode::Require);
            let tls = roots.map_or_else(|| Ok(Tls::new()), |path| Tls::with_roots_of(&path));
            Some(Encryption(tls.map_err(|_| AddressError::Roots)?))
        } else {
            None
        };
        let shown = format!(
            "postgres://{}/{}",
            url.host_str().unwrap_or_default(),
            config.get_dbname().unwrap_or_default()
        );
        let config = Arc::new(config);
        Ok(Self {
            config,
            encryption,
            shown,
        })
    }
}

/// Whether all hosts are this machine.
fn is_local(config: &tokio_postgres::Config) -> bool {
    use tokio_postgres::config::Host;
    config.get_hosts().iter().all(|host| match host {
        Host::Tcp(name) => {
            let ip = name.trim_matches(['[', ']']).parse::<std::net::IpAddr>();
            name == "localhost" || ip.is_ok_and(|ip| ip.is_loopback())
        }
        #[cfg(unix)]
        Host::Unix(_) => true,
    })
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Address").field(&self.shown).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_are_not_shown() {
        let address: Address = "postgres://ana:s3cret@127.0.0.1:5432/media?sslmode=disable"
            .parse()
            .unwrap();
        assert_eq!(address.to_string(), "postgres://127.0.0.1/media");
        assert!(!format!("{address:?}").contains("s3cret"));
    }

    #[test]
    fn a_host_that_is_not_this_machine_is_reached_encrypted() {
        for (url, expected) in [
            ("postgres://localhost/a", false),
            ("postgres://localhost/a?sslmode=verify-full", true),
            ("postgres://db.example/a", true),
            ("postgres://db.example/a?sslmode=disable", false),
        ] {
            let address: Address = url.parse().unwrap();
            assert_eq!(address.encryption.is_some(), expected, "{url}");
        }
    }

    #[test]
    fn addresses_are_accepted_or_refused() {
        for (url, expected) in [
            ("postgres://localhost/a", None),
            ("postgresql://[::1]/a", None),
            ("postgres://%2Frun%2Fpostgresql/a", None),
            ("postgres://db.example/a", None),
            (
                "postgres://db.example/a?sslrootcert=/nowhere",
                Some(AddressError::Roots),
            ),
            ("postgres://db.example/a?sslmode=disable", None),
            (
                "postgres://db.example/a?sslmode=prefer",
                Some(AddressError::TlsMode),
            ),
            ("mysql://localhost/a", Some(AddressError::Malformed)),
            ("media", Some(AddressError::Malformed)),
        ] {
            assert_eq!(url.parse::<Address>().err(), expected, "{url}");
        }
    }
}
