//! Paths on WhatsApp's CDN. They are untrusted and contain their own expiry.

/// Why a path cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LinkError {
    /// It does not begin with exactly one slash.
    #[error("the path does not begin with exactly one slash")]
    NotAPath,
    /// It contains characters that change its meaning, or that a client would rewrite.
    #[error("the path holds a character or dot segment that a client would write in another way")]
    Altered,
}

/// A path with its signed query, safe to append to a host, byte for byte.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DirectPath(String);

impl DirectPath {
    /// Checks a path from a message.
    pub fn parse(path: &str) -> Result<Self, LinkError> {
        if !path.starts_with('/') || path.starts_with("//") {
            return Err(LinkError::NotAPath);
        }
        // The bytes that the URL standard (url.spec.whatwg.org) leaves unchanged in paths and queries.
        let kept = |byte: u8| byte.is_ascii_graphic() && !b"\"#'<>\\^`{|}".contains(&byte);
        let before_query = path.split('?').next().unwrap_or("");
        let is_dots = |part: &str| {
            let part = part.to_ascii_lowercase().replace("%2e", ".");
            part == "." || part == ".."
        };
        if !path.bytes().all(kept) || before_query.split('/').any(is_dots) {
            return Err(LinkError::Altered);
        }
        Ok(Self(path.to_owned()))
    }

    /// The original path.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// When the signature expires: unix seconds.
    pub fn expires_at(&self) -> Option<i64> {
        expiry_of(&self.0)
    }

    /// The URL at an origin such as `https://mmg.whatsapp.net`.
    pub fn url(&self, origin: &str) -> String {
        format!("{}{}", origin.trim_end_matches('/'), self.0)
    }
}

/// The domain of WhatsApp's media hosts.
const HOSTS: &str = "whatsapp.net";

/// The path and query of a full link to one of WhatsApp's own hosts; `None` for other links.
pub fn path_of_url(url: &str) -> Option<&str> {
    let rest = url.strip_prefix("https://")?;
    let (host, _) = rest.split_once('/')?;
    let ours = host
        .strip_suffix(HOSTS)
        .is_some_and(|name| name.is_empty() || name.ends_with('.'));
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.');
    (ours && host.bytes().all(plain)).then(|| &rest[host.len()..])
}

/// The `oe` parameter of a link's or path's query: hexadecimal unix seconds.
pub fn expiry_of(link: &str) -> Option<i64> {
    let (_, query) = link.split_once('?')?;
    let digits = query
        .split(['&', '#'])
        .find_map(|pair| pair.strip_prefix("oe="))?;
    i64::from_str_radix(digits, 16)
        .ok()
        .filter(|at| (1..253_402_300_800).contains(at))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_documented_link_dies_on_5_september_2025() {
        let path =
            DirectPath::parse("/v/t62.7117-24/1_n.enc?ccb=11-4&oh=x&oe=68BB4268&_nc_sid=5e03e0")
                .unwrap();
        assert_eq!(path.expires_at(), Some(1_757_102_696));
        assert_eq!(
            path.url("https://mmg.whatsapp.net"),
            format!("https://mmg.whatsapp.net{}", path.as_str())
        );
    }

    #[test]
    fn paths_that_change_the_host_are_refused() {
        for path in [
            "",
            "v/x",
            "//evil/x",
            "/\\evil",
            ".evil.com/x",
            "@evil.com/x",
            "https://evil/x",
            "/a b",
            "/a\r\nHost: x",
            "/a#b",
        ] {
            assert!(DirectPath::parse(path).is_err(), "{path}");
        }
    }

    #[test]
    fn what_is_no_path_and_what_would_be_rewritten_are_two_errors() {
        for path in ["", "v/x", "//v/x", "?oe=1", "../x"] {
            assert_eq!(DirectPath::parse(path), Err(LinkError::NotAPath), "{path}");
        }
        for path in ["/a b", "/a#b", "/a\\b", "/\u{e9}", "/a\0"] {
            assert_eq!(DirectPath::parse(path), Err(LinkError::Altered), "{path}");
        }
    }

    #[test]
    fn dot_segments_are_refused_in_the_path_alone() {
        for path in [
            "/.",
            "/..",
            "/./x",
            "/../x",
            "/v/./x",
            "/v/../x",
            "/v/.",
            "/v/..",
            "/v/..?oe=1",
            "/v/%2e/x",
            "/v/%2E%2e/x",
            "/v/.%2e",
        ] {
            assert_eq!(DirectPath::parse(path), Err(LinkError::Altered), "{path}");
        }
        for path in [
            "/",
            "/...",
            "/.x",
            "/x.",
            "/a..b",
            "/v//x",
            "/%2ex",
            "/v?a=/../x",
            "/v?/./x",
        ] {
            assert_eq!(DirectPath::parse(path).unwrap().as_str(), path);
        }
    }

    #[test]
    fn nonsense_expiries_are_nothing() {
        for link in [
            "/x",
            "/x?oe=",
            "/x?oe=zz",
            "/x?foe=68BB4268",
            "/x?oe=FFFFFFFFFFFFFFFF",
        ] {
            assert_eq!(expiry_of(link), None, "{link}");
        }
    }
}
