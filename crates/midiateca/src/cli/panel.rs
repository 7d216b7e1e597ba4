//! The gateway's own settings, as one instance's token may read and set them.

use serde_json::Value;
use url::Url;

use super::language::plain;
use super::words::{Words, doctor as words};
use midiateca_service::clock::Millis;
use midiateca_service::http;
use midiateca_service::instances::{self, Instance};
use midiateca_service::net::{self, HttpClient, Method};
use midiateca_service::secrets::{self, Secrets};

/// Why nothing was read or set.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// There is no token to show.
    #[error(
        "no gateway token is kept: add it with `midiateca instance add ID --client N --token-env VAR`"
    )]
    NoToken,
    /// The token was sealed with another key.
    #[error("the gateway token cannot be unsealed; is this the right secret.key?")]
    Sealed(#[source] secrets::Error),
    /// The address of the API is none.
    #[error("the API base is not a URL")]
    Base,
    /// No answer came.
    #[error("the gateway does not answer")]
    Silent(#[from] net::Error),
    /// An answer came, and it is no.
    #[error("the gateway answered {status}")]
    Status {
        /// The HTTP status.
        status: u16,
        /// What its clock said.
        date: Option<Millis>,
    },
    /// An answer came that is none.
    #[error("the gateway answered something that is not JSON")]
    NotJson,
    /// It says no, with a status that says yes.
    #[error("the gateway refuses: {0}")]
    Refused(String),
    /// It tells neither of a connection nor of slots.
    #[error("the gateway's answer tells nothing of the instance")]
    Empty,
    /// It tells of another one than was asked after.
    #[error("the gateway told of another instance: {0}")]
    Other(String),
}

impl Error {
    /// What was seen, in a sentence; `{error}` is the error itself, `{named}` what the gateway said in it.
    pub fn words(&self) -> Words {
        match self {
            Self::NoToken => words::NO_TOKEN,
            Self::Sealed(secrets::Error::Sealed) => words::TOKEN_SEALED,
            Self::Status {
                status: 401 | 403, ..
            } => words::TOKEN_REFUSED,
            Self::Status { status: 404, .. } => words::UNKNOWN_THERE,
            Self::NotJson => words::NOT_JSON,
            Self::Refused(_) => words::REFUSED,
            Self::Empty => words::TELLS_NOTHING,
            Self::Other(_) => words::OTHER_INSTANCE,
            Self::Base => words::NOT_A_URL,
            Self::Sealed(_) | Self::Status { .. } | Self::Silent(_) => words::FAILED,
        }
    }

    /// What the gateway said, made harmless.
    pub fn named(&self) -> String {
        match self {
            Self::Refused(named) | Self::Other(named) => plain(named),
            _ => String::new(),
        }
    }
}

/// What it said.
pub(crate) struct Answer {
    pub body: Value,
    pub date: Option<Millis>,
}

/// The gateway as one instance may speak to it.
pub(crate) struct Panel<'a> {
    fetch: &'a HttpClient,
    instance: &'a Instance,
    token: String,
}

impl<'a> Panel<'a> {
    pub fn open(
        fetch: &'a HttpClient,
        secrets: &Secrets,
        instance: &'a Instance,
    ) -> Result<Self, Error> {
        let sealed = instance.token_sealed.as_deref().ok_or(Error::NoToken)?;
        let token = secrets
            .unseal(&instances::token_context(&instance.id), sealed)
            .map_err(Error::Sealed)?;
        Ok(Self {
            fetch,
            instance,
            token,
        })
    }

    /// What the gateway tells of the instance: its connection, its slots.
    /// What is no answer to that is an error, never an empty slot.
    pub async fn read(&self) -> Result<Answer, Error> {
        let gateway = self.instance.gateway;
        let answer = self.call(Method::GET, gateway.slots_path(), None).await?;
        let named = gateway.read_session(&answer.body).instance;
        match named.filter(|named| named != self.instance.id.as_str()) {
            Some(named) => Err(Error::Other(named)),
            None if gateway.describes_instance(&answer.body) => Ok(answer),
            None => Err(Error::Empty),
        }
    }

    /// Sets one slot. That the gateway says yes proves nothing; read it back.
    pub async fn set(&self, path: &str, address: &str) -> Result<(), Error> {
        let body = self.instance.gateway.slot_call(address);
        self.call(Method::PUT, path, Some(&body)).await.map(drop)
    }

    fn url(&self, path: &str) -> Result<Url, Error> {
        let mut url = Url::parse(&self.instance.api_base).map_err(|_| Error::Base)?;
        url.set_path(&format!("{}/{path}", url.path().trim_end_matches('/')));
        url.query_pairs_mut()
            .append_pair("instanceId", self.instance.id.as_str());
        Ok(url)
    }

    async fn call(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Answer, Error> {
        let url = self.url(path)?;
        let answer = self.fetch.call_with(method, url, &self.token, body).await?;
        if answer.status != 200 {
            return Err(Error::Status {
                status: answer.status,
                date: answer.date,
            });
        }
        let body = serde_json::from_slice(&answer.body).map_err(|_| Error::NotJson)?;
        match self.instance.gateway.refusal(&body) {
            // Some echo what they were sent.
            Some(message) => Err(Error::Refused(message.replace(&self.token, "…"))),
            None => Ok(Answer {
                body,
                date: answer.date,
            }),
        }
    }
}

/// Whether an address is one that this instance takes: it ends as the door's addresses do, and the hash of the token in
/// it is that of its new address, or of one before.
pub(crate) fn is_ours(instance: &Instance, address: &str) -> bool {
    let token = http::hook_token(instance.gateway, address);
    token.is_some_and(|token| instance.accepts_hook(&secrets::hash_token(&token)))
}

/// Whether an address leads to this very machine.
pub(crate) fn is_loopback(address: &str) -> bool {
    let host = Url::parse(address).ok();
    let host = host.as_ref().and_then(Url::host_str);
    host.is_some_and(|host| host == "localhost" || host.starts_with("127.") || host == "[::1]")
}

/// An address without what may be a secret in it: its scheme, its host and its port.
pub(crate) fn shown(address: &str) -> String {
    let parsed = Url::parse(address).ok();
    let origin = parsed.map(|url| url.origin());
    match origin.filter(url::Origin::is_tuple) {
        Some(origin) => format!("{}/…", origin.ascii_serialization()),
        None => "…".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_shown_without_its_secret() {
        for (address, expected) in [
            ("https://a.example/hooks/wapi/secret", "https://a.example/…"),
            (
                "https://a.example:8443/hooks/wapi/secret//",
                "https://a.example:8443/…",
            ),
            (
                "https://user:secret@a.example/x?token=secret",
                "https://a.example/…",
            ),
            ("https:%2F%2Fa.example%2Fsecret", "…"),
            ("secret", "…"),
        ] {
            assert_eq!(shown(address), expected);
        }
    }
}
