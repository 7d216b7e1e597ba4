//! Paths on WhatsApp's CDN. They are the sender's words, and carry their own expiry.

/// Why a path cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LinkError {
    /// It does not begin with exactly one slash.
    #[error("the path does not begin with exactly one slash")]
    NotAPath,
    /// It holds a character that could change its meaning.
    #[error("the path holds a space, control character, backslash or fragment")]
    Character,
}

/// A path with its signed query, safe to be put behind a host, byte for byte.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DirectPath(String);

impl DirectPath {
    /// Checks a path as a message brought it.
    pub fn parse(path: &str) -> Result<Self, LinkError> {
        if !path.starts_with('/') || path.starts_with("//") {
            return Err(LinkError::NotAPath);
        }
        let harmful = |letter: char| {
            letter.is_control() || letter.is_whitespace() || matches!(letter, '\\' | '#')
        };
        if path.chars().any(harmful) {
            return Err(LinkError::Character);
        }
        Ok(Self(path.to_owned()))
    }

    /// The path, as it came.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// When the signature dies: unix seconds.
    pub fn expires_at(&self) -> Option<i64> {
        expiry_of(&self.0)
    }

    /// The address at an origin such as `https://mmg.whatsapp.net`.
    pub fn url(&self, origin: &str) -> String {
        format!("{}{}", origin.trim_end_matches('/'), self.0)
    }
}

/// The `oe` of a link's or path's query: hexadecimal unix seconds.
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
