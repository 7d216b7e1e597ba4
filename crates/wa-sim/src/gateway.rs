//! The gateways that are simulated.

use axum::http::HeaderMap;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// A gateway. W-API has its calls below `/v1`, the others below `/gateway/{name}`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are those of the gateways")]
pub enum Gateway {
    Wapi,
    Evolution,
    EvolutionGo,
    Zapi,
    Uazapi,
    Meta,
    Dialog360,
    Waha,
    Wuzapi,
    Wppconnect,
    Gowa,
    Quepasa,
    Twilio,
    Gupshup,
}

/// How a header contains the token.
#[derive(Clone, Copy)]
enum Scheme {
    Plain,
    Bearer,
    /// `user:password` in base64.
    Basic,
}

/// Headers in which some gateway takes its token.
pub(crate) const TOKEN_HEADERS: &[&str] = &[
    "authorization",
    "apikey",
    "token",
    "x-api-key",
    "d360-api-key",
    "x-quepasa-token",
];

impl Gateway {
    /// Every gateway.
    pub const ALL: [Self; 14] = [
        Self::Wapi,
        Self::Evolution,
        Self::EvolutionGo,
        Self::Zapi,
        Self::Uazapi,
        Self::Meta,
        Self::Dialog360,
        Self::Waha,
        Self::Wuzapi,
        Self::Wppconnect,
        Self::Gowa,
        Self::Quepasa,
        Self::Twilio,
        Self::Gupshup,
    ];

    /// Its name in paths.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Wapi => "wapi",
            Self::Evolution => "evolution",
            Self::EvolutionGo => "evolution-go",
            Self::Zapi => "zapi",
            Self::Uazapi => "uazapi",
            Self::Meta => "meta",
            Self::Dialog360 => "dialog360",
            Self::Waha => "waha",
            Self::Wuzapi => "wuzapi",
            Self::Wppconnect => "wppconnect",
            Self::Gowa => "gowa",
            Self::Quepasa => "quepasa",
            Self::Twilio => "twilio",
            Self::Gupshup => "gupshup",
        }
    }

    pub(crate) fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.as_str() == name)
    }

    fn token_header(self) -> Option<(&'static str, Scheme)> {
        Some(match self {
            Self::Wapi | Self::Meta | Self::Wppconnect => ("authorization", Scheme::Bearer),
            Self::Gowa | Self::Twilio => ("authorization", Scheme::Basic),
            Self::Evolution | Self::EvolutionGo => ("apikey", Scheme::Plain),
            Self::Uazapi | Self::Wuzapi => ("token", Scheme::Plain),
            Self::Waha => ("x-api-key", Scheme::Plain),
            Self::Dialog360 => ("d360-api-key", Scheme::Plain),
            Self::Quepasa => ("x-quepasa-token", Scheme::Plain),
            Self::Zapi | Self::Gupshup => return None,
        })
    }

    /// The token that a request shows.
    pub(crate) fn token(self, headers: &HeaderMap) -> Option<String> {
        let (name, scheme) = self.token_header()?;
        let value = headers.get(name)?.to_str().ok()?;
        match scheme {
            Scheme::Plain => Some(value.to_owned()),
            Scheme::Bearer => value.strip_prefix("Bearer ").map(str::to_owned),
            Scheme::Basic => {
                let decoded = STANDARD.decode(value.strip_prefix("Basic ")?).ok()?;
                String::from_utf8(decoded).ok()
            }
        }
    }
}
