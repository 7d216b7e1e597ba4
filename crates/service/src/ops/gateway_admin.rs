//! The gateway's admin API, as far as one instance's token may use it: its connection and its webhook slots.

use serde_json::Value;
use url::Url;

use crate::clock::Millis;
use crate::gateway::{self, Access, Call, Slot};
use crate::instances::{self, Instance};
use crate::net::{self, HttpClient};
use crate::secrets::{self, Secrets};

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(
        "no gateway token is stored: add it with `midiateca instance add ID --client N --token-env VAR`"
    )]
    NoToken,
    #[error("the gateway token cannot be unsealed; is this the right secret.key?")]
    Sealed(#[source] secrets::Error),
    #[error("the API base is not a URL")]
    Base,
    #[error("the gateway does not answer")]
    Silent(#[from] net::Error),
    #[error("the gateway answered {status}")]
    Status {
        status: u16,
        /// The time of the gateway's clock.
        date: Option<Millis>,
    },
    #[error("the gateway answered something that is not JSON")]
    NotJson,
    /// Refused with status 200; what the gateway said.
    #[error("the gateway refuses: {0}")]
    Refused(String),
    /// The answer has neither a connection nor slots.
    #[error("the gateway's answer does not describe the instance")]
    Empty,
    #[error("the gateway answered for another instance: {0}")]
    Other(String),
}

pub struct Answer {
    pub body: Value,
    pub date: Option<Millis>,
}

/// The admin API with the token of one instance.
pub struct GatewayAdmin<'a> {
    client: &'a HttpClient,
    instance: &'a Instance,
    token: String,
}

impl<'a> GatewayAdmin<'a> {
    pub fn open(
        client: &'a HttpClient,
        secrets: &Secrets,
        instance: &'a Instance,
    ) -> Result<Self, Error> {
        let sealed = instance.token_sealed.as_deref().ok_or(Error::NoToken)?;
        let token = secrets
            .unseal(&instances::token_context(&instance.id), sealed)
            .map_err(Error::Sealed)?;
        Ok(Self {
            client,
            instance,
            token,
        })
    }

    /// The instance's connection and slots. An answer without them is an error, never an empty slot.
    pub async fn read(&self) -> Result<Answer, Error> {
        let gateway = self.instance.gateway;
        let call = gateway.slots_call(self.access()).ok_or(Error::Empty)?;
        let answer = self.call(&call).await?;
        let named = gateway.read_session(&answer.body).instance;
        match named.filter(|named| named != self.instance.id.as_str()) {
            Some(named) => Err(Error::Other(named)),
            None if gateway.describes_instance(&answer.body) => Ok(answer),
            None => Err(Error::Empty),
        }
    }

    /// Sets one slot. A positive answer proves nothing; read the slot back. `current` is what [`Self::read`] answered.
    pub async fn set(&self, slot: &Slot, address: &str, current: &Value) -> Result<(), Error> {
        let gateway = self.instance.gateway;
        let call = gateway.slot_call(slot, self.access(), address, current);
        self.call(&call).await.map(drop)
    }

    pub(super) fn access(&self) -> Access<'_> {
        Access {
            instance: self.instance.name_at_gateway(),
            token: &self.token,
        }
    }

    pub(super) async fn call(&self, call: &Call) -> Result<Answer, Error> {
        let base = Url::parse(&self.instance.api_base).map_err(|_| Error::Base)?;
        let answer = self.client.call(&base, call).await?;
        if !(200..300).contains(&answer.status) {
            return Err(Error::Status {
                status: answer.status,
                date: answer.date,
            });
        }
        let body = serde_json::from_slice(&answer.body).map_err(|_| Error::NotJson)?;
        match self.instance.gateway.refusal(&body) {
            // Some gateways echo the token.
            Some(message) => Err(Error::Refused(message.replace(&self.token, "…"))),
            None => Ok(Answer {
                body,
                date: answer.date,
            }),
        }
    }
}

/// Whether this instance accepts webhooks at that address: its token is the current one, or an earlier one.
pub fn is_ours(instance: &Instance, address: &str) -> bool {
    let token = gateway::hook_token(instance.gateway, address);
    token.is_some_and(|token| instance.accepts_hook(&secrets::hash_token(&token)))
}

/// Whether an address leads to this machine only.
pub fn is_loopback(address: &str) -> bool {
    let host = Url::parse(address).ok();
    let host = host.as_ref().and_then(Url::host_str);
    host.is_some_and(|host| host == "localhost" || host.starts_with("127.") || host == "[::1]")
}

/// An address without its possible secret: scheme, host and port.
pub fn without_secret(address: &str) -> String {
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
            assert_eq!(without_secret(address), expected);
        }
    }
}
