//! The proxy of the environment: `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY`, in upper or lower case, as curl
//! reads them. This machine's own addresses are always reached directly.
//!
//! The proxy resolves names, so the address guard checks only the name.

use hyper::Uri;
use hyper::header::HeaderValue;
use hyper_util::client::proxy::matcher::{Intercept, Matcher};
use url::Url;

use super::loopback::is_loopback_host;

/// Supported schemes of proxies.
const SCHEMES: [&str; 4] = ["http", "https", "socks5", "socks5h"];

/// Stands for an invalid proxy, so that no request bypasses it.
const UNUSABLE: &str = "unusable-proxy.invalid";

/// A variable whose value is no usable proxy. The value may contain a password and is not shown.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{variable} does not name a usable proxy: http://, https://, socks5:// or socks5h://, a host, and a port"
)]
pub struct InvalidProxy {
    /// The variable's name.
    pub variable: &'static str,
}

/// The proxies, and which destination uses which.
pub struct Proxies {
    matcher: Matcher,
    /// Entries of `NO_PROXY` with a port, in lower case.
    except_ports: Vec<(String, u16)>,
    /// Whether `NO_PROXY` is `*`.
    is_off: bool,
    unusable: Option<InvalidProxy>,
}

/// A proxy for one destination.
#[derive(Clone, Debug)]
pub struct Proxy(Intercept);

impl Proxies {
    pub fn from_environment() -> Self {
        Self::from_lookup(|name| std::env::var(name).ok())
    }

    pub fn none() -> Self {
        Self::from_lookup(|_| None)
    }

    /// From a function that returns the value of each variable. Lower-case variables come first; an empty value is unset.
    pub fn from_lookup(value: impl Fn(&str) -> Option<String>) -> Self {
        let mut unusable = None;
        let read = |name: &str| {
            let lower = value(name).map(|text| text.trim().to_owned());
            let lower = lower.filter(|text| !text.is_empty());
            let upper = || value(&name.to_ascii_uppercase()).map(|text| text.trim().to_owned());
            lower.or_else(upper).filter(|text| !text.is_empty())
        };
        let mut proxy = |name: &str, variable| {
            let text = read(name).unwrap_or_default();
            if text.is_empty() {
                return text;
            }
            if let Some(usable) = usable(&text) {
                return usable;
            }
            unusable.get_or_insert(InvalidProxy { variable });
            format!("http://{UNUSABLE}")
        };
        let https = proxy("https_proxy", "HTTPS_PROXY");
        let http = proxy("http_proxy", "HTTP_PROXY");
        let all = proxy("all_proxy", "ALL_PROXY");
        let except = read("no_proxy").unwrap_or_default();
        let is_off = separate(&except).any(|entry| entry == "*");
        let (except, except_ports) = exceptions(&except);
        Self {
            matcher: Matcher::builder()
                .https(https)
                .http(http)
                .all(all)
                .no(except)
                .build(),
            except_ports,
            is_off,
            unusable,
        }
    }

    /// The first variable that names no usable proxy.
    pub fn unusable(&self) -> Option<&InvalidProxy> {
        self.unusable.as_ref()
    }

    /// The proxy for a destination; `None` for a direct connection. An error when the variable that applies names no usable
    /// proxy.
    pub fn for_destination(&self, destination: &Uri) -> Result<Option<Proxy>, InvalidProxy> {
        let host = destination
            .host()
            .unwrap_or("")
            .trim_matches(['[', ']'])
            .trim_end_matches('.')
            .to_ascii_lowercase();
        let usual = if destination.scheme_str() == Some("https") {
            443
        } else {
            80
        };
        let port = destination.port_u16().unwrap_or(usual);
        if self.is_off
            || is_loopback_host(destination.host().unwrap_or(""))
            || self.is_excepted(&host, port)
        {
            return Ok(None);
        }
        let proxy = self.matcher.intercept(destination);
        match &self.unusable {
            Some(unusable)
                if proxy
                    .as_ref()
                    .is_some_and(|proxy| proxy.uri().host() == Some(UNUSABLE)) =>
            {
                Err(unusable.clone())
            }
            _ => Ok(proxy.map(Proxy)),
        }
    }

    fn is_excepted(&self, host: &str, port: u16) -> bool {
        self.except_ports.iter().any(|(name, excepted)| {
            let is_below = || {
                host.strip_suffix(name.as_str())
                    .is_some_and(|rest| rest.ends_with('.'))
            };
            *excepted == port && (host == name || is_below())
        })
    }
}

impl Proxy {
    /// The address, without name and password.
    pub fn uri(&self) -> &Uri {
        self.0.uri()
    }

    /// For people: with the port, without name and password.
    pub fn redacted(&self) -> String {
        let uri = self.0.uri();
        let scheme = uri.scheme_str().unwrap_or("http");
        format!(
            "{scheme}://{}",
            uri.authority().map_or("", |authority| authority.as_str())
        )
    }

    /// The name and password for an HTTP proxy.
    pub(super) fn basic_auth(&self) -> Option<HeaderValue> {
        self.0.basic_auth().cloned()
    }

    pub(super) fn intercept(&self) -> &Intercept {
        &self.0
    }
}

/// The proxy's URL, with its user part percent-encoded.
fn usable(text: &str) -> Option<String> {
    // Without a scheme it is a host and a port.
    let url = if text.contains("://") {
        Url::parse(text)
    } else {
        Url::parse(&format!("http://{text}"))
    };
    let is_known = |url: &Url| {
        SCHEMES.contains(&url.scheme()) && url.host_str().is_some_and(|host| !host.is_empty())
    };
    let url = url.ok().filter(is_known)?.to_string();
    url.parse::<Uri>().is_ok().then_some(url)
}

fn separate(text: &str) -> impl Iterator<Item = &str> {
    let entries = text.split([',', ' ', ';']).map(str::trim);
    entries.filter(|entry| !entry.is_empty())
}

/// `NO_PROXY` as the matcher reads it, and the entries with a port, which the matcher does not support.
fn exceptions(text: &str) -> (String, Vec<(String, u16)>) {
    let (mut plain, mut with_port) = (Vec::new(), Vec::new());
    for entry in separate(text) {
        let entry = entry.to_ascii_lowercase();
        let entry = entry
            .strip_prefix("*.")
            .map_or(entry.clone(), |domain| format!(".{domain}"));
        let entry = entry.trim_end_matches('.').to_owned();
        let split = match entry.rsplit_once(':') {
            Some((host, port)) if !host.contains(':') || host.ends_with(']') => {
                port.parse().ok().map(|port| (host, port))
            }
            _ => None,
        };
        match split {
            Some((host, port)) => {
                let host = host.trim_matches(['[', ']']).trim_start_matches('.');
                with_port.push((host.to_owned(), port));
            }
            None => plain.push(entry.trim_matches(['[', ']']).to_owned()),
        }
    }
    (plain.join(","), with_port)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proxies(pairs: &'static [(&'static str, &'static str)]) -> Proxies {
        Proxies::from_lookup(|name| {
            let pair = pairs.iter().find(|(known, _)| *known == name);
            pair.map(|(_, value)| (*value).to_owned())
        })
    }

    fn redacted(proxies: &Proxies, destination: &str) -> Option<String> {
        let destination = destination.parse().unwrap();
        proxies
            .for_destination(&destination)
            .unwrap()
            .map(|proxy| proxy.redacted())
    }

    #[test]
    fn each_variable_names_the_proxy_of_its_scheme() {
        let of = proxies(&[
            ("HTTPS_PROXY", "http://ana:s3cret@proxy.example:3128"),
            ("http_proxy", "other.example:8080/"),
        ]);
        let https = redacted(&of, "https://mmg.whatsapp.net/a");
        assert_eq!(https.as_deref(), Some("http://proxy.example:3128"));
        assert_eq!(
            redacted(&of, "http://a.example/").as_deref(),
            Some("http://other.example:8080")
        );
        let all = proxies(&[
            ("ALL_PROXY", "socks5h://proxy.example:1080"),
            ("https_proxy", " "),
        ]);
        assert_eq!(
            redacted(&all, "https://a.example/").as_deref(),
            Some("socks5h://proxy.example:1080")
        );
        assert!(
            redacted(
                &proxies(&[("HTTP_PROXY", "http://p:1")]),
                "https://a.example/"
            )
            .is_none()
        );
        assert!(redacted(&Proxies::none(), "https://a.example/").is_none());
        let both = proxies(&[
            ("HTTPS_PROXY", "http://upper:1"),
            ("https_proxy", "http://lower:1"),
        ]);
        assert_eq!(
            redacted(&both, "https://a.example/").as_deref(),
            Some("http://lower:1")
        );
    }

    #[test]
    fn every_form_of_exception_is_read() {
        for (except, direct, proxied) in [
            (
                "*",
                &["https://a.example/", "https://10.0.0.1/"][..],
                &[][..],
            ),
            (
                "a.example",
                &["https://a.example/", "https://b.a.example/"],
                &["https://ba.example/"],
            ),
            (
                ".a.example",
                &["https://a.example/", "https://b.a.example/"],
                &["https://ba.example/"],
            ),
            (
                "*.a.example",
                &["https://b.a.example/"],
                &["https://ba.example/"],
            ),
            ("x, a.example,, y", &["https://A.EXAMPLE/"], &["https://z/"]),
            ("x a.example", &["https://a.example/"], &[]),
            (
                "a.example:8443",
                &["https://a.example:8443/"],
                &["https://a.example/"],
            ),
            (
                "a.example:443",
                &["https://a.example/"],
                &["https://a.example:8443/"],
            ),
            (".a.example:443", &["https://b.a.example/"], &[]),
            ("10.1.2.3", &["https://10.1.2.3/"], &["https://10.1.2.4/"]),
            ("10.0.0.0/8", &["https://10.9.9.9/"], &["https://11.0.0.1/"]),
            ("fd00::1", &["https://[fd00::1]/"], &["https://[fd00::2]/"]),
            (
                "[fd00::1]:8443",
                &["https://[fd00::1]:8443/"],
                &["https://[fd00::1]/"],
            ),
            ("fd00::/8", &["https://[fd12::2]/"], &["https://[2600::2]/"]),
        ] {
            let of = Proxies::from_lookup(|name| match name {
                "ALL_PROXY" => Some("http://proxy.example:3128".to_owned()),
                "no_proxy" => Some(except.to_owned()),
                _ => None,
            });
            for destination in direct {
                assert!(
                    redacted(&of, destination).is_none(),
                    "{except}: {destination}"
                );
            }
            for destination in proxied {
                assert!(
                    redacted(&of, destination).is_some(),
                    "{except}: {destination}"
                );
            }
        }
    }

    #[test]
    fn this_machine_is_reached_directly() {
        let of = proxies(&[("ALL_PROXY", "http://proxy.example:3128")]);
        for destination in [
            "http://127.0.0.1:9000/",
            "http://127.9.9.9/",
            "http://[::1]:9000/",
            "http://[::ffff:127.0.0.1]/",
            "http://localhost/",
            "http://LOCALHOST./",
            "http://a.localhost:80/",
        ] {
            assert!(redacted(&of, destination).is_none(), "{destination}");
        }
        assert!(redacted(&of, "http://192.168.0.7:9000/").is_some());
    }

    #[test]
    fn an_invalid_proxy_is_an_error_that_does_not_show_the_value() {
        for value in [
            "ftp://ana:s3cret@proxy.example",
            "socks4://ana:s3cret@p:1",
            "http://",
            "http://a b/s3cret",
        ] {
            let of = Proxies::from_lookup(|name| (name == "HTTPS_PROXY").then(|| value.to_owned()));
            let unusable = of
                .for_destination(&"https://a.example/".parse().unwrap())
                .unwrap_err();
            assert_eq!(of.unusable(), Some(&unusable));
            assert!(
                redacted(&of, "https://127.0.0.1/").is_none()
                    && redacted(&of, "http://a.example/").is_none()
            );
            assert_eq!(unusable.variable, "HTTPS_PROXY");
            assert!(!unusable.to_string().contains("s3cret"));
        }
    }
}
