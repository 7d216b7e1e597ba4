//! Webhook slots, the state of a session, and lists of past messages.

use serde_json::{Value as Json, json};
use wa_media::read::{flag, text};

use super::{Quepasa, call};
use crate::gateway::protocol::Admin;
use crate::gateway::slot::{Session, Slot, SlotContent, Wanted, renamed};
use crate::gateway::{Access, Call, CallMethod};

/// The fields of a webhook that can be set.
const SETTING: &[(&str, &str)] = &[
    ("url", "url"),
    ("forwardinternal", "forwardinternal"),
    ("trackid", "trackid"),
    ("extra", "extra"),
];

impl Admin for Quepasa {
    fn slots(&self) -> &'static [Slot] {
        const { &[Slot::shared("webhooks")] }
    }

    fn slots_call(&self, access: Access<'_>) -> Option<Call> {
        Some(call(CallMethod::Get, "webhook", access))
    }

    /// Each address is a webhook of its own, so the earlier ones of this server are removed. The form of the call that removes
    /// one is a guess.
    fn slot_calls(&self, _: &Slot, access: Access<'_>, wanted: &Wanted<'_>) -> Vec<Call> {
        let own = match wanted.setting {
            Some(before) => Some(renamed(before, SETTING)),
            None => wanted.is_on().then(
                || json!({"url": wanted.address, "forwardinternal": true, "trackid": "midiateca"}),
            ),
        };
        let setting = own.map(|body| call(CallMethod::Post, "webhook", access).with_body(body));
        let known = addresses(wanted.current);
        let dead = known.filter(|address| *address != wanted.address && (wanted.is_own)(address));
        let removing = dead.map(|address| {
            call(CallMethod::Delete, "webhook", access).with_body(json!({"url": address}))
        });
        setting.into_iter().chain(removing).collect()
    }

    fn read_slot(&self, _: &Slot, answer: &Json, _: bool) -> Vec<SlotContent> {
        let webhooks = answer["webhooks"].as_array();
        let content = webhooks.into_iter().flatten().filter_map(|webhook| {
            let is_whole = flag(&webhook["forwardinternal"]);
            Some(SlotContent {
                lacks: if is_whole {
                    vec![]
                } else {
                    vec!["forwardinternal"]
                },
                setting: webhook.clone(),
                ..SlotContent::of(&webhook["url"])?
            })
        });
        content.collect()
    }

    fn session_call(&self, access: Access<'_>) -> Option<Call> {
        Some(call(CallMethod::Get, "health", access))
    }

    fn read_session(&self, answer: &Json) -> Session {
        let state = text(&answer["state"]);
        Session::of(state.map(|state| state.eq_ignore_ascii_case("ready")))
    }
}

fn addresses(answer: &Json) -> impl Iterator<Item = &str> {
    let webhooks = answer["webhooks"].as_array();
    let webhooks = webhooks.into_iter().flatten();
    webhooks.filter_map(|webhook| webhook["url"].as_str())
}
