//! The gateway's admin API, as far as one instance's token may use it: its connection and its webhook slots.

use serde_json::Value;
use url::Url;

use crate::clock::Millis;
use crate::gateway::{self, Access, Call, Session, Slot, SlotContent, Wanted};
use crate::instances::{self, Instance};
use crate::model::Reason;
use crate::net::{self, HttpClient};
use crate::secrets::{self, Secrets};

#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Nothing can be asked of it.
    #[error("this gateway has no call for that")]
    NoCall,
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

impl Error {
    /// Why the gateway's route does not work for the instance, where the answer says so.
    pub fn reason(&self) -> Option<Reason> {
        match self {
            Self::Status {
                status: 401 | 403, ..
            }
            | Self::Refused(_) => Some(Reason::GatewayTokenRefused),
            Self::Status { status: 404, .. } | Self::Other(_) => {
                Some(Reason::GatewayUnknownInstance)
            }
            _ => None,
        }
    }
}

/// A gateway's answer about an instance.
pub struct Answer {
    pub session: Session,
    /// `None` where it cannot be asked for its slots.
    pub slots: Option<Result<Value, Error>>,
    pub date: Option<Millis>,
}

/// One answer of the gateway.
pub(super) struct Response {
    pub body: Value,
    date: Option<Millis>,
}

/// The admin API with the token of one instance.
pub struct GatewayAdmin<'a> {
    client: &'a HttpClient,
    instance: &'a Instance,
    token: String,
    secret: Option<String>,
}

impl<'a> GatewayAdmin<'a> {
    pub fn open(
        client: &'a HttpClient,
        secrets: &Secrets,
        instance: &'a Instance,
    ) -> Result<Self, Error> {
        if !can_be_asked(instance) {
            return Err(Error::NoCall);
        }
        let unseal = |context: &str, sealed| secrets.unseal(context, sealed).map_err(Error::Sealed);
        let sealed = instance.token_sealed.as_deref().ok_or(Error::NoToken)?;
        let token = unseal(&instances::token_context(&instance.id), sealed)?;
        let secret = instance.secret_sealed.as_deref();
        let context = instances::secret_context(&instance.id);
        let secret = secret.map(|sealed| unseal(&context, sealed)).transpose()?;
        Ok(Self {
            client,
            instance,
            token,
            secret,
        })
    }

    /// The instance's state and slots: one call, or one for each.
    pub async fn read(&self) -> Result<Answer, Error> {
        let gateway = self.instance.gateway;
        let Some(call) = gateway.session_call(self.access()) else {
            let slots = self.describing().await?;
            return Ok(Answer {
                session: gateway.read_session(&slots.body),
                slots: Some(Ok(slots.body)),
                date: slots.date,
            });
        };
        let answer = self.call(&call).await?;
        let mut session = gateway.read_session(&answer.body);
        if session.connected.is_none() {
            return Err(Error::Empty);
        }
        let slots = self.slots().await.transpose();
        if let Some(Ok(slots)) = &slots {
            let more = gateway.read_session(slots).ignores_groups;
            session.ignores_groups = session.ignores_groups.or(more);
        }
        Ok(Answer {
            session,
            slots,
            date: answer.date,
        })
    }

    /// The instance's slots; `None` where the gateway cannot be asked for them.
    pub async fn slots(&self) -> Result<Option<Value>, Error> {
        match self.instance.gateway.slots_call(self.access()) {
            Some(_) => Ok(Some(self.describing().await?.body)),
            None => Ok(None),
        }
    }

    /// The answer with the slots. One without them is an error, never an empty slot.
    async fn describing(&self) -> Result<Response, Error> {
        let gateway = self.instance.gateway;
        let call = gateway.slots_call(self.access()).ok_or(Error::NoCall)?;
        let answer = self.call(&call).await?;
        let named = gateway.read_session(&answer.body).instance;
        match named.filter(|named| named != self.access().instance) {
            Some(named) => Err(Error::Other(named)),
            None if gateway.describes_instance(&answer.body) => Ok(answer),
            None => Err(Error::Empty),
        }
    }

    /// Sets one slot. A positive answer proves nothing; read the slot back.
    pub async fn set(&self, slot: &Slot, wanted: &Wanted<'_>) -> Result<(), Error> {
        let gateway = self.instance.gateway;
        for call in gateway.slot_calls(slot, self.access(), wanted) {
            self.call(&call).await?;
        }
        Ok(())
    }

    pub(super) fn access(&self) -> Access<'_> {
        Access {
            instance: self.instance.name_at_gateway(),
            token: &self.token,
            secret: self.secret.as_deref(),
        }
    }

    pub(super) async fn call(&self, call: &Call) -> Result<Response, Error> {
        let base = Url::parse(&self.instance.api_base).map_err(|_| Error::Base)?;
        let base = self.instance.gateway.admin_base(&base);
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
            Some(message) => Err(Error::Refused(self.without_secrets(&message))),
            None => Ok(Response {
                body,
                date: answer.date,
            }),
        }
    }

    fn without_secrets(&self, text: &str) -> String {
        let secrets = self.token.split(':').chain(self.secret.as_deref());
        let secrets = secrets.filter(|secret| !secret.is_empty());
        let text = text.replace(&self.token, "…");
        secrets.fold(text, |text, secret| text.replace(secret, "…"))
    }
}

/// Whether its gateway has any call for an instance's state or slots.
pub fn can_be_asked(instance: &Instance) -> bool {
    let access = Access {
        instance: instance.name_at_gateway(),
        token: "",
        secret: None,
    };
    let gateway = instance.gateway;
    gateway.session_call(access).is_some() || gateway.slots_call(access).is_some()
}

/// The content of a slot, by an answer of the gateway: the address that it should, else one of this server, else the first of
/// a slot that has only one.
pub fn slot_content(
    instance: &Instance,
    slot: &Slot,
    answer: &Value,
    wanted: Option<&str>,
) -> Option<SlotContent> {
    let has_secret = instance.secret_sealed.is_some();
    let mut all = instance.gateway.read_slot(slot, answer, has_secret);
    let is_wanted = |content: &SlotContent| wanted.is_some_and(|wanted| content.address == wanted);
    let at = all.iter().position(is_wanted);
    let at = at.or_else(|| {
        all.iter()
            .position(|content| is_ours(instance, &content.address))
    });
    let first = (!slot.is_shared && !all.is_empty()).then_some(0);
    at.or(first).map(|at| all.swap_remove(at))
}

/// Whether this instance accepts webhooks at that address: its token is the current one, or an earlier one.
pub fn is_ours(instance: &Instance, address: &str) -> bool {
    let token = gateway::hook_token(instance.gateway, address);
    token.is_some_and(|token| instance.accepts_hook(&secrets::hash_token(&token)))
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
