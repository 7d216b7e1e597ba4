//! The webhook settings and the connection of an instance at Evolution API and Z-API.

use axum::Json;
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::{IntoResponse as _, Response};
use serde_json::{Value, json};

use super::call;
use crate::world::Account;
use crate::{Gateway, World};

/// The events that Evolution API sends unless it is set otherwise.
const EVENTS: [&str; 5] = [
    "MESSAGES_UPSERT",
    "SEND_MESSAGE",
    "MESSAGES_SET",
    "MESSAGES_EDITED",
    "CONNECTION_UPDATE",
];

/// `None` for other calls.
pub(super) fn answer(
    world: &World,
    gateway: Gateway,
    method: &Method,
    (parts, headers): (&[&str], &HeaderMap),
    body: &Value,
) -> Option<Response> {
    let (id, shown, call) = match (gateway, parts) {
        (Gateway::Evolution, ["instance" | "webhook", call, id]) => {
            (*id, gateway.token(headers), *call)
        }
        (Gateway::Zapi, ["instances", id, "token", token, call]) => {
            (*id, Some((*token).to_owned()), *call)
        }
        _ => return None,
    };
    let mut state = world.lock();
    let account = state.accounts.get_mut(id);
    let account = account.filter(|account| Some(&account.token) == shown.as_ref());
    let Some(account) = account else {
        return Some(call::error(gateway, StatusCode::UNAUTHORIZED));
    };
    let answer = match (gateway, method == Method::GET, call) {
        (Gateway::Evolution, true, "connectionState") => {
            let state = if account.session.connected {
                "open"
            } else {
                "close"
            };
            json!({"instance": {"instanceName": id, "state": state}})
        }
        (Gateway::Evolution, true, "find") => evolution(account),
        (Gateway::Evolution, false, "set") => {
            let webhook = &body["webhook"];
            set(account, "url", &webhook["url"]);
            set(account, "enabled", &webhook["enabled"]);
            evolution(account)
        }
        (Gateway::Zapi, true, "status") => {
            json!({"connected": account.session.connected, "smartphoneConnected": true})
        }
        (Gateway::Zapi, true, "me") => {
            let address = account.slots.get("receivedCallbackUrl");
            json!({
                "receivedCallbackUrl": address,
                "connectedCallbackUrl": address,
                "disconnectedCallbackUrl": address,
                "receiveCallbackSentByMe": true,
            })
        }
        (Gateway::Zapi, false, "update-every-webhooks") => {
            set(account, "receivedCallbackUrl", &body["value"]);
            json!({"value": true})
        }
        _ => return None,
    };
    Some(Json(answer).into_response())
}

fn set(account: &mut Account, field: &str, value: &Value) {
    let text = value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned);
    account.slots.insert(field.to_owned(), text);
}

fn evolution(account: &Account) -> Value {
    let off = account.slots.get("enabled");
    json!({
        "enabled": off.is_none_or(|enabled| enabled == "true"),
        "url": account.slots.get("url"),
        "events": EVENTS,
        "webhookByEvents": false,
        "webhookBase64": false,
    })
}
