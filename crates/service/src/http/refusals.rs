//! Counts and logs deliveries that are refused for good. A gateway does not repeat a 4xx, so each may be a lost media.

use std::net::IpAddr;

use axum::body::Body;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};

use super::HttpState;
use super::body::beginning;
use super::client_address::ClientNetwork;
use super::connections::LimitReached;
use super::error::Error;
use crate::app::App;
use crate::gateway::Gateway;
use crate::instances::{FormerToken, Instance, PROBE_TOKEN, Refusal, RefusalReason};
use crate::model::InstanceId;
use crate::secrets;

/// The sender of a delivery, as its head describes it.
pub(super) struct Sender {
    /// The gateway that the address names.
    pub gateway: Option<Gateway>,
    /// The hash of the token.
    pub hash: Option<[u8; 32]>,
    pub client: IpAddr,
}

impl Sender {
    pub fn new(gateway: Option<Gateway>, token: Option<&str>, client: IpAddr) -> Self {
        Self {
            gateway,
            hash: token.map(secrets::hash_token),
            client,
        }
    }

    /// Answers a delivery with an error at once and counts it. `instance` is the one that the token belongs to.
    pub async fn refuse(
        &self,
        state: &HttpState,
        instance: Option<&Instance>,
        error: Error,
        body: Body,
        headers: &HeaderMap,
    ) -> Response {
        let beginning = beginning(body, headers).await;
        let refusal = match instance {
            Some(instance) => refusal_reason(&error).map(|reason| Refusal {
                gateway: self.gateway,
                instance: Some(instance.id.clone()),
                address_of: None,
                reason,
            }),
            None => self.unknown(state, &error, &beginning).await,
        };
        if let Some(refusal) = refusal {
            self.count(state, refusal);
        }
        error.into_response()
    }

    /// Counts a delivery with the token of `instance` that is not signed with its secret.
    pub fn count_signature(&self, state: &HttpState, instance: &Instance) {
        let refusal = Refusal {
            gateway: self.gateway,
            instance: Some(instance.id.clone()),
            address_of: None,
            reason: RefusalReason::WrongSignature,
        };
        self.count(state, refusal);
    }

    /// Counts a delivery that arrived at the address of `instance` and names another one.
    pub async fn count_other_instance(
        &self,
        state: &HttpState,
        instance: &Instance,
        named: &InstanceId,
    ) -> Result<Error, Error> {
        let (error, refusal) = if is_present(state, named).await? {
            (
                Error::OtherInstance,
                Refusal {
                    gateway: self.gateway,
                    instance: Some(named.clone()),
                    address_of: Some(instance.id.clone()),
                    reason: RefusalReason::OtherInstance,
                },
            )
        } else {
            // Unknown names are not stored: their number has no bound.
            (
                Error::UnknownInstance,
                Refusal {
                    gateway: self.gateway,
                    instance: Some(instance.id.clone()),
                    address_of: None,
                    reason: RefusalReason::UnknownInstance,
                },
            )
        };
        self.count(state, refusal);
        Ok(error)
    }

    /// A delivery without a valid token. A replaced token identifies its instance; otherwise the body may name one. Anyone can
    /// write that, so it only hints where to look.
    async fn unknown(&self, state: &HttpState, error: &Error, beginning: &[u8]) -> Option<Refusal> {
        let former = match &self.hash {
            Some(hash) => state.app.directory.by_former_hook(hash).await.ok()?,
            None => None,
        };
        let (reason, instance) = match (error, former) {
            (Error::UnknownGateway, _) => (RefusalReason::UnknownGateway, None),
            (Error::WrongToken, Some(FormerToken::Replaced(id))) => {
                (RefusalReason::ReplacedToken, Some(id))
            }
            (Error::WrongToken, Some(FormerToken::Removed(id))) => {
                (RefusalReason::RemovedInstance, Some(id))
            }
            (Error::WrongToken, None) if self.hash.is_none() => (RefusalReason::MissingToken, None),
            (Error::WrongToken, None) if self.hash == Some(secrets::hash_token(PROBE_TOKEN)) => {
                return None;
            }
            (Error::WrongToken, None) => (RefusalReason::WrongToken, None),
            _ => return None,
        };
        let instance = match instance {
            Some(id) => Some(id),
            None => named_in(state, beginning).await,
        };
        Some(Refusal {
            gateway: self.gateway,
            instance,
            address_of: None,
            reason,
        })
    }

    fn count(&self, state: &HttpState, refusal: Refusal) {
        let (gateway, reason) = (refusal.gateway, refusal.reason);
        let instance = refusal.instance.clone();
        let address_of = refusal.address_of.clone();
        let Some(times) = state.app.tally.refuse(refusal, state.app.clock.now()) else {
            return;
        };
        tracing::warn!(
            reason = reason.as_str(),
            gateway = gateway.map(Gateway::as_str),
            instance = instance.as_ref().map(InstanceId::as_str),
            address_of = address_of.as_ref().map(InstanceId::as_str),
            client = %self.client,
            times,
            "delivery refused"
        );
    }
}

/// Counts a refused connection, or a refused request through a trusted proxy.
pub(super) fn count_connection(
    app: &App,
    limit: LimitReached,
    source: ClientNetwork,
    connections: usize,
) {
    let refusal = Refusal {
        gateway: None,
        instance: None,
        address_of: None,
        reason: RefusalReason::TooManyConnections,
    };
    if let Some(times) = app.tally.refuse(refusal, app.clock.now()) {
        tracing::warn!(
            limit = limit.setting(),
            %source,
            times,
            connections,
            "connection refused: too many"
        );
    }
}

/// Why the delivery of a known instance is refused for good; `None` when the gateway may send it again.
fn refusal_reason(error: &Error) -> Option<RefusalReason> {
    match error.status() {
        StatusCode::PAYLOAD_TOO_LARGE => Some(RefusalReason::BodyTooLarge),
        StatusCode::UNSUPPORTED_MEDIA_TYPE => Some(RefusalReason::UnsupportedMediaType),
        _ => None,
    }
}

/// The instance that the beginning of a delivery names, if it exists.
async fn named_in(state: &HttpState, beginning: &[u8]) -> Option<InstanceId> {
    let named = Gateway::ALL
        .into_iter()
        .find_map(|gateway| gateway.named_instance(beginning))?;
    let named = InstanceId(named);
    is_present(state, &named).await.ok()?.then_some(named)
}

async fn is_present(state: &HttpState, id: &InstanceId) -> Result<bool, Error> {
    let known = state.app.directory.by_id().await?;
    Ok(known.get(id).is_some_and(|instance| !instance.removed))
}
