//! Webhook slots, the state of a session, and lists of past messages.

use serde_json::{Value as Json, json};
use wa_media::read::text;

use super::{Gowa, call};
use crate::gateway::protocol::Admin;
use crate::gateway::slot::{Session, Slot, SlotContent, Wanted, absent};
use crate::gateway::{Access, Call, CallMethod, segment};

const EVENTS: &[&str] = &["message", "message.edited"];

impl Admin for Gowa {
    fn slots(&self) -> &'static [Slot] {
        const { &[Slot::only("webhook_url")] }
    }

    fn slots_call(&self, access: Access<'_>) -> Option<Call> {
        Some(call(CallMethod::Get, webhook_path(access), access))
    }

    /// Its secret is `secret` unless another is set.
    fn slot_calls(&self, _: &Slot, access: Access<'_>, wanted: &Wanted<'_>) -> Vec<Call> {
        let body = match wanted.setting {
            Some(before) => before.clone(),
            None => {
                let mut body = json!({
                    "webhook_url": wanted.address,
                    "webhook_events": EVENTS,
                    "webhook_insecure_skip_verify": false,
                });
                if let Some(secret) = access.secret.filter(|_| wanted.is_on()) {
                    body["webhook_secret"] = secret.into();
                }
                body
            }
        };
        vec![call(CallMethod::Patch, webhook_path(access), access).with_body(body)]
    }

    /// An empty list stands for all events.
    fn read_slot(&self, _: &Slot, answer: &Json, has_secret: bool) -> Vec<SlotContent> {
        let results = &answer["results"];
        let Some(content) = SlotContent::of(&results["webhook_url"]) else {
            return Vec::new();
        };
        let is_all = results["webhook_events"]
            .as_array()
            .is_none_or(Vec::is_empty);
        let mut lacks = if is_all {
            Vec::new()
        } else {
            absent(&results["webhook_events"], EVENTS, "*")
        };
        if has_secret && text(&results["webhook_secret"]).is_none() {
            lacks.push("webhook_secret");
        }
        vec![SlotContent {
            lacks,
            setting: results.clone(),
            ..content
        }]
    }

    fn session_call(&self, access: Access<'_>) -> Option<Call> {
        Some(call(CallMethod::Get, "app/status".to_owned(), access))
    }

    fn read_session(&self, answer: &Json) -> Session {
        let results = &answer["results"];
        Session::of_flags(&results["is_connected"], &results["is_logged_in"])
    }
}

fn webhook_path(access: Access<'_>) -> String {
    format!("devices/{}/webhook", segment(access.instance))
}
