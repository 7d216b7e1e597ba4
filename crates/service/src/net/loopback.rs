//! Whether an address leads to this machine only.

use std::net::IpAddr;

use url::{Host, Url};

/// Whether an address such as `http://127.0.0.1:8000/x` leads to this machine only. A name is one only when it is
/// `localhost` or below it (RFC 6761, 6.3): any other may lead anywhere.
pub fn is_loopback(address: &str) -> bool {
    let url = Url::parse(address).ok();
    url.as_ref().and_then(Url::host).is_some_and(is_loopback_of)
}

/// Like [`is_loopback`], for a host with or without a port, as in the header `Host`.
pub fn is_loopback_host(host: &str) -> bool {
    // Nothing but a host and a port: no user part, no path.
    let is_plain = !host.contains(['@', '/', '\\', '?', '#']);
    is_plain && is_loopback(&format!("http://{host}/"))
}

/// An IPv6 address may be an IPv4 address.
pub fn is_loopback_ip(address: IpAddr) -> bool {
    address.to_canonical().is_loopback()
}

fn is_loopback_of(host: Host<&str>) -> bool {
    match host {
        Host::Domain(name) => {
            let name = name.strip_suffix('.').unwrap_or(name);
            let name = name.to_ascii_lowercase();
            name == "localhost" || name.ends_with(".localhost")
        }
        Host::Ipv4(address) => is_loopback_ip(address.into()),
        Host::Ipv6(address) => is_loopback_ip(address.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const THIS_MACHINE: &[&str] = &[
        "127.0.0.1",
        "127.9.9.9",
        "127.0.0.1.",
        "[::1]",
        "[0:0:0:0:0:0:0:1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        // Decimal, octal, hexadecimal and short forms are addresses too (url.spec.whatwg.org, "IPv4 parser").
        "2130706433",
        "0177.0.0.1",
        "0x7f000001",
        "127.1",
        "localhost",
        "LOCALHOST",
        "localhost.",
        "a.localhost",
        "a.b.LocalHost.",
    ];

    const OTHERS: &[&str] = &[
        "",
        ".",
        "example.com",
        "127.example.com",
        "127.0.0.1.example.com",
        "127.0.0.1.nip.io",
        "localhost.example.com",
        "notlocalhost",
        "localhost..",
        "localhost.localdomain",
        "0.0.0.0",
        "10.0.0.1",
        "128.0.0.1",
        "167772161",
        "0200.0.0.1",
        "[::]",
        "[::2]",
        "[::ffff:10.0.0.1]",
        "[::127.0.0.1]",
        "a b",
    ];

    #[test]
    fn hosts_of_this_machine_are_known_in_every_way_of_writing() {
        for host in THIS_MACHINE {
            assert!(is_loopback_host(host), "{host}");
            assert!(is_loopback_host(&format!("{host}:8000")), "{host}");
            assert!(is_loopback(&format!("http://{host}/x?y")), "{host}");
            assert!(is_loopback(&format!("https://{host}:8443")), "{host}");
        }
    }

    #[test]
    fn other_hosts_are_not_of_this_machine() {
        for host in OTHERS {
            assert!(!is_loopback_host(host), "{host}");
            assert!(!is_loopback_host(&format!("{host}:8000")), "{host}");
            assert!(!is_loopback(&format!("http://{host}/x?y")), "{host}");
        }
    }

    #[test]
    fn the_user_part_and_the_path_are_not_the_host() {
        for (address, expected) in [
            ("http://127.0.0.1@example.com/", false),
            ("http://localhost:1@example.com/", false),
            ("http://example.com/@localhost", false),
            ("http://example.com#@localhost", false),
            ("http://example.com\\@localhost/", false),
            ("http://user:secret@localhost/", true),
            ("localhost", false),
            ("localhost:8000", false),
            ("mailto:a@localhost", false),
        ] {
            assert_eq!(is_loopback(address), expected, "{address}");
        }
        for host in [
            "example.com@localhost",
            "example.com:1@localhost",
            "localhost/example.com",
            "localhost#",
            "localhost?x",
            "localhost\\",
        ] {
            assert!(!is_loopback_host(host), "{host}");
        }
    }
}
