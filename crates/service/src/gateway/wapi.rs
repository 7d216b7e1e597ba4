//! W-API (w-api.app). Its format is known from captured deliveries and public clients.
//!
//! The case of its field names varies between versions, the `event` key may be missing, and both `webhookReceived` and
//! `webhookDelivery` carry full media. So only the content decides.

mod admin;
mod download;
mod read;

use serde_json::{Map, Value as Json};
use wa_media::read::text;

use super::fields::digits;
use super::id::clean;
use super::protocol::Authenticate;
use super::{Access, Call, CallMethod, segment};

type Object = Map<String, Json>;

pub(super) struct Wapi;

fn call(method: CallMethod, path: &str, access: Access<'_>) -> Call {
    let path = format!("{path}?instanceId={}", segment(access.instance));
    Call::new(
        method,
        path,
        ("authorization", &format!("Bearer {}", access.token)),
    )
}

/// An id. It is a text, but some senders write a number.
fn id_text(value: &Json) -> Option<String> {
    match value {
        Json::Number(number) => digits(number),
        other => text(other).map(clean).filter(|id| !id.is_empty()),
    }
}

impl Authenticate for Wapi {}

#[cfg(test)]
mod tests;
