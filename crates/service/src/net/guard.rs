//! Decides which addresses may be contacted. A gateway's link is untrusted: it may name the cloud's metadata service, a
//! database in the local network, or a host that redirects there.
//!
//! Two checks together: the URL (an IP literal is not resolved) and the resolved addresses (the connection uses the checked
//! addresses, so a rebinding name gains nothing).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::LazyLock;

use ipnet::IpNet;
use url::{Host, Url};

/// Why an address is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// No URL at all.
    #[error("the link is not a URL")]
    NotAUrl,
    /// No web address, or one with a name and password.
    #[error("the link's scheme or user part is not allowed")]
    Scheme,
    /// A host that is not allowed.
    #[error("the host {0} is not allowed (fetch.allowed_hosts)")]
    Host(String),
    /// A private, loopback, link-local or otherwise special address.
    #[error("the address {0} is not public")]
    NotPublic(String),
    /// A name with only such addresses.
    #[error("the name leads to no public address")]
    NoPublicAddress,
    /// Too many redirects.
    #[error("too many redirects")]
    TooManyRedirects,
}

/// The rules for the links of one instance.
pub struct Guard {
    /// The configured address, which may be anywhere.
    api_base: Option<Url>,
    domains: &'static [&'static str],
    allowed_hosts: Vec<String>,
    /// Whether every server with a public address is allowed.
    any_public: bool,
}

/// An address that may be requested.
#[derive(Debug)]
pub struct CheckedUrl {
    /// The address, perhaps rewritten.
    pub url: Url,
    /// Whether this host is configured, so that it may be private.
    pub trusted: bool,
}

impl Guard {
    /// Rules for a gateway with its API at `api_base` and its files on `domains`.
    pub fn new(api_base: Url, domains: &'static [&'static str], allowed_hosts: &[String]) -> Self {
        Self {
            api_base: Some(api_base),
            ..Self::for_domains(domains, allowed_hosts)
        }
    }

    /// Rules for servers that are known by their domains only.
    pub fn for_domains(domains: &'static [&'static str], allowed_hosts: &[String]) -> Self {
        Self {
            api_base: None,
            domains,
            allowed_hosts: allowed_hosts
                .iter()
                .map(|host| host.to_ascii_lowercase())
                .collect(),
            any_public: false,
        }
    }

    /// Rules for links that a gateway put into a delivery: to its own address, or to any server with a public address, because
    /// operators store files where they like. Nothing secret may be sent to them.
    pub fn for_links(api_base: Url, allowed_hosts: &[String]) -> Self {
        Self {
            any_public: true,
            ..Self::new(api_base, &[], allowed_hosts)
        }
    }

    /// Rules for endpoints of outgoing webhooks: any server with a public address, and those that the operator allows for them.
    pub fn for_endpoints(allowed_hosts: &[String]) -> Self {
        Self {
            any_public: true,
            ..Self::for_domains(&[], allowed_hosts)
        }
    }

    /// Checks a link, and corrects known mistakes of the gateway.
    pub fn check(&self, link: &str) -> Result<CheckedUrl, Error> {
        self.check_url(Url::parse(link.trim()).map_err(|_| Error::NotAUrl)?)
    }

    /// Checks the target of a redirect.
    pub fn check_redirect(&self, from: &CheckedUrl, target: &str) -> Result<CheckedUrl, Error> {
        self.check_url(from.url.join(target).map_err(|_| Error::NotAUrl)?)
    }

    fn check_url(&self, mut url: Url) -> Result<CheckedUrl, Error> {
        let web = matches!(url.scheme(), "http" | "https");
        if !web || !url.username().is_empty() || url.password().is_some() {
            return Err(Error::Scheme);
        }
        let host = url.host().ok_or(Error::NotAUrl)?.to_owned();
        let is_api = |base: &Url| url.origin() == base.origin();
        if self.api_base.as_ref().is_some_and(is_api) || self.operator_allows(&url) {
            return Ok(CheckedUrl { url, trusted: true });
        }
        if self.any_public {
            let address = match host {
                Host::Ipv4(address) => Some(IpAddr::V4(address)),
                Host::Ipv6(address) => Some(IpAddr::V6(address)),
                Host::Domain(_) => None,
            };
            return match address.filter(|address| !is_public(*address)) {
                Some(address) => Err(Error::NotPublic(address.to_string())),
                None => Ok(CheckedUrl {
                    url,
                    trusted: false,
                }),
            };
        }
        let name = match host {
            Host::Ipv4(address) => return self.rewrite(url, IpAddr::V4(address)),
            Host::Ipv6(address) => return self.rewrite(url, IpAddr::V6(address)),
            Host::Domain(name) => name.trim_end_matches('.').to_ascii_lowercase(),
        };
        let base_host = self.api_base.as_ref().and_then(Url::host_str);
        let is_api_host = base_host == Some(name.as_str());
        if !is_api_host && !self.is_known(&name) {
            return Err(Error::Host(name));
        }
        // A known host over plain HTTP has the same file over TLS.
        if url.scheme() == "http" {
            url.set_scheme("https").map_err(|()| Error::Scheme)?;
            url.set_port(None).map_err(|()| Error::Scheme)?;
        }
        Ok(CheckedUrl {
            url,
            trusted: false,
        })
    }

    /// W-API sometimes sends the raw address of a file server that does not answer; the API's own host has the same path.
    fn rewrite(&self, mut url: Url, address: IpAddr) -> Result<CheckedUrl, Error> {
        if !is_public(address) {
            return Err(Error::NotPublic(address.to_string()));
        }
        let Some(api_base) = &self.api_base else {
            return Err(Error::Host(address.to_string()));
        };
        let path = url.path().to_owned();
        let query = url.query().map(str::to_owned);
        url = api_base.clone();
        url.set_path(&path);
        url.set_query(query.as_deref());
        Ok(CheckedUrl { url, trusted: true })
    }

    fn operator_allows(&self, url: &Url) -> bool {
        let host = url.host_str().unwrap_or("").to_ascii_lowercase();
        let with_port = format!("{host}:{}", url.port_or_known_default().unwrap_or(0));
        self.allowed_hosts
            .iter()
            .any(|allowed| *allowed == host || *allowed == with_port)
    }

    fn is_known(&self, name: &str) -> bool {
        is_within(name, self.domains)
    }
}

/// Whether a name is one of these domains, or in one.
pub fn is_within(name: &str, domains: &[&str]) -> bool {
    domains.iter().any(|domain| {
        let rest = name.strip_suffix(domain);
        rest.is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    })
}

/// The public ones among the addresses of a name.
pub(super) fn only_public(
    found: impl Iterator<Item = SocketAddr>,
) -> Result<Vec<SocketAddr>, Error> {
    let public: Vec<_> = found.filter(|address| is_public(address.ip())).collect();
    if public.is_empty() {
        return Err(Error::NoPublicAddress);
    }
    Ok(public)
}

/// The guard's error, if `error` was caused by one.
pub(super) fn refusal_in(error: &(dyn std::error::Error + 'static)) -> Option<Error> {
    let mut source = Some(error);
    while let Some(error) = source {
        // An I/O error that wraps another one shows only the other's source.
        let carried = error
            .downcast_ref::<std::io::Error>()
            .and_then(std::io::Error::get_ref)
            .and_then(|carried| carried.downcast_ref::<Error>());
        if let Some(refusal) = carried.or_else(|| error.downcast_ref::<Error>()) {
            return Some(refusal.clone());
        }
        source = error.source();
    }
    None
}

/// IANA's special-purpose registries (iana.org/assignments/iana-ipv4-special-registry and -ipv6-), plus multicast.
static SPECIAL: LazyLock<Vec<IpNet>> = LazyLock::new(|| {
    let blocks = [
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.31.196.0/24",
        "192.52.193.0/24",
        "192.88.99.0/24",
        "192.168.0.0/16",
        "192.175.48.0/24",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",
        "240.0.0.0/4",
        "::/128",
        "::1/128",
        "64:ff9b:1::/48",
        "100::/64",
        "2001::/23",
        "2001:db8::/32",
        "2620:4f:8000::/48",
        "3fff::/20",
        "5f00::/16",
        "fc00::/7",
        "fe80::/10",
        "fec0::/10",
        "ff00::/8",
    ];
    blocks
        .iter()
        .filter_map(|block| block.parse().ok())
        .collect()
});

/// The only IPv6 block with public addresses.
static UNICAST: LazyLock<Option<IpNet>> = LazyLock::new(|| "2000::/3".parse().ok());

/// Whether an address is on the public internet. An IPv6 address that embeds an IPv4 one leads there, so both must be
/// public.
pub fn is_public(address: IpAddr) -> bool {
    let is_special = |address: &IpAddr| SPECIAL.iter().any(|block| block.contains(address));
    let IpAddr::V6(v6) = address else {
        return !is_special(&address);
    };
    match embedded_ipv4(v6) {
        EmbeddedIpv4::Whole(v4) => !is_special(&IpAddr::V4(v4)),
        EmbeddedIpv4::Within(v4) if is_special(&IpAddr::V4(v4)) => false,
        EmbeddedIpv4::Within(_) | EmbeddedIpv4::Nothing => {
            !is_special(&address) && UNICAST.is_some_and(|block| block.contains(&address))
        }
    }
}

/// An IPv4 address embedded in an IPv6 one.
enum EmbeddedIpv4 {
    Nothing,
    /// The other bits only describe the embedding.
    Whole(Ipv4Addr),
    /// In the part that a network assigns itself.
    Within(Ipv4Addr),
}

fn embedded_ipv4(address: Ipv6Addr) -> EmbeddedIpv4 {
    let v4 = |high: u16, low: u16| Ipv4Addr::from((u32::from(high) << 16) | u32::from(low));
    match address.segments() {
        // Mapped (RFC 4291), translated (RFC 2765), and by NAT64's well-known prefix (RFC 6052).
        [0, 0, 0, 0, 0, 0xffff, high, low]
        | [0, 0, 0, 0, 0xffff, 0, high, low]
        | [0x64, 0xff9b, 0, 0, 0, 0, high, low] => EmbeddedIpv4::Whole(v4(high, low)),
        // Compatible (RFC 4291); `::` and `::1` are none.
        [0, 0, 0, 0, 0, 0, high, low] if high != 0 => EmbeddedIpv4::Whole(v4(high, low)),
        // 6to4 (RFC 3056).
        [0x2002, high, low, ..] => EmbeddedIpv4::Within(v4(high, low)),
        // Teredo (RFC 4380): the client's address is inverted. Its block is not public as a whole, either.
        [0x2001, 0, _, _, _, _, high, low] => EmbeddedIpv4::Within(v4(!high, !low)),
        // ISATAP (RFC 5214), in any network.
        [_, _, _, _, 0 | 0x0200, 0x5efe, high, low] => EmbeddedIpv4::Within(v4(high, low)),
        _ => EmbeddedIpv4::Nothing,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn guard() -> Guard {
        let api = Url::parse("https://api.w-api.app/v1").unwrap();
        Guard::new(api, &["w-api.app"], &["files.intern".to_owned()])
    }

    #[test]
    fn the_gateways_own_hosts_pass_and_clear_http_is_lifted() {
        for link in [
            "https://api.w-api.app/media/file/a.oga",
            "http://files.w-api.app:8080/a",
        ] {
            let passed = guard().check(link).unwrap();
            assert_eq!(passed.url.scheme(), "https");
        }
    }

    #[test]
    fn a_raw_public_address_becomes_the_api_host() {
        let passed = guard()
            .check("http://187.77.227.99:8080/media/file/x.jpeg?a=1")
            .unwrap();
        assert_eq!(
            passed.url.as_str(),
            "https://api.w-api.app/media/file/x.jpeg?a=1"
        );
    }

    #[test]
    fn private_addresses_are_refused_in_every_spelling() {
        for link in [
            "http://127.0.0.1:8000/x",
            "http://169.254.169.254/latest",
            "http://2130706433/",
            "http://0x7f.1/",
            "http://127.1/",
            "http://[::1]/",
            "http://[::ffff:10.0.0.1]/",
            "http://[64:ff9b::7f00:1]/",
            "http://[2002:7f00:1::]/",
            "http://[::ffff:0:10.0.0.1]/",
            "http://[::ffff:0:a9fe:a9fe]/",
            "http://[::127.0.0.1]/",
            "http://[64:ff9b:1::a00:1]/",
            "http://[2001:0:808:808::f5ff:fffe]/",
            "http://[2600::5efe:10.0.0.1]/",
            "http://[2600::200:5efe:169.254.169.254]/",
            "http://[fd00:ec2::254]/",
            "http://10.1.2.3/",
            "http://[fe80::1]/",
            "http://0.0.0.0/",
            "http://100.64.1.1/",
        ] {
            assert!(
                matches!(guard().check(link), Err(Error::NotPublic(_))),
                "{link}"
            );
        }
    }

    #[test]
    fn ipv4_is_seen_in_every_ipv6_address_that_carries_it() {
        for v4 in [
            "127.0.0.1",
            "10.1.2.3",
            "169.254.169.254",
            "192.168.0.1",
            "100.64.0.1",
            "0.0.0.0",
            "255.255.255.255",
            "224.0.0.1",
        ] {
            let v4: Ipv4Addr = v4.parse().unwrap();
            let [a, b, c, d] = v4.octets();
            let (high, low) = (u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d]));
            for v6 in [
                format!("::ffff:{v4}"),
                format!("::ffff:0:{v4}"),
                format!("::{v4}"),
                format!("64:ff9b::{v4}"),
                format!("64:ff9b:1::{v4}"),
                format!("64:ff9b:1:{high:x}:{:x}:{:x}00::", low >> 8, low & 0xff),
                format!("2002:{high:x}:{low:x}::1"),
                format!("2001:0:808:808::{:x}:{:x}", !high, !low),
                format!("2001:0:{high:x}:{low:x}::f7f7:f7f7"),
                format!("2600:1f00::5efe:{v4}"),
                format!("2600:1f00::200:5efe:{v4}"),
                format!("fe80::5efe:{v4}"),
            ] {
                assert!(!is_public(v6.parse().unwrap()), "{v6}");
            }
        }
        for address in [
            "8.8.8.8",
            "2606:4700::1111",
            "2a03:2880:f01c::1",
            "::ffff:8.8.8.8",
            "64:ff9b::8.8.8.8",
            "2002:808:808::1",
            "2600:1f00::5efe:8.8.8.8",
        ] {
            assert!(is_public(address.parse().unwrap()), "{address}");
        }
        for address in [
            "::",
            "::1",
            "::2",
            "1::1",
            "4000::1",
            "fe80::1",
            "fec0::1",
            "ff02::1",
            "fd00::1",
            "2001:db8::1",
            "100::1",
            "3fff::1",
        ] {
            assert!(!is_public(address.parse().unwrap()), "{address}");
        }
    }

    #[test]
    fn an_address_with_a_zone_is_no_link() {
        for link in [
            "http://[fe80::1%25eth0]/",
            "http://[fe80::1%eth0]/",
            "http://[::1%25lo]/",
            "http://[2600::1%251]/",
        ] {
            assert!(guard().check(link).is_err(), "{link}");
        }
    }

    #[test]
    fn other_hosts_schemes_and_users_are_refused() {
        for link in [
            "https://evil.example/x",
            "https://notw-api.app/x",
            "https://w-api.app.evil.example/",
            "file:///etc/passwd",
            "ftp://w-api.app/",
            "https://user@api.w-api.app/",
            "http://localhost/x",
            "not a url",
        ] {
            assert!(guard().check(link).is_err(), "{link}");
        }
    }

    #[test]
    fn allowed_hosts_may_be_private() {
        assert!(guard().check("http://files.intern/x").unwrap().trusted);
        let local = Url::parse("http://127.0.0.1:9000/v1").unwrap();
        let guard = Guard::new(local, &[], &[]);
        assert!(
            guard
                .check("http://127.0.0.1:9000/media/file/a")
                .unwrap()
                .trusted
        );
        assert!(guard.check("http://127.0.0.1:9001/media/file/a").is_err());
    }

    #[test]
    fn servers_that_are_known_by_name_alone_are_never_trusted() {
        let guard = Guard::for_domains(&["whatsapp.net"], &[]);
        let passed = guard.check("https://mmg.whatsapp.net/v/a").unwrap();
        assert!(!passed.trusted, "its name could lead to a private address");
        assert!(guard.check("http://8.8.8.8/v/a").is_err());
        assert!(guard.check("http://127.0.0.1/v/a").is_err());
    }

    #[test]
    fn redirects_are_checked_like_links() {
        let from = guard().check("https://api.w-api.app/a").unwrap();
        assert!(guard().check_redirect(&from, "/b").is_ok());
        assert!(
            guard()
                .check_redirect(&from, "http://169.254.169.254/")
                .is_err()
        );
        assert!(guard().check_redirect(&from, "//evil.example/").is_err());
    }
}
