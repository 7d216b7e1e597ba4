//! Webhook slots, the state of a session, and lists of past messages.

use serde_json::{Value as Json, json};
use wa_media::read::text;

use super::{EvolutionGo, call};
use crate::gateway::protocol::Admin;
use crate::gateway::slot::{Session, Slot, SlotContent, Wanted, absent, boolean};
use crate::gateway::{Access, Call, CallMethod, segment};

const EVENTS: &[&str] = &["MESSAGE", "SEND_MESSAGE", "CONNECTION"];

impl Admin for EvolutionGo {
    fn slots(&self) -> &'static [Slot] {
        const { &[Slot::only("webhook")] }
    }

    /// Only the key of the whole gateway may read a setting.
    fn slots_call(&self, access: Access<'_>) -> Option<Call> {
        let (_, key) = access.tokens();
        let path = format!("instance/info/{}", segment(access.instance));
        Some(Call::new(CallMethod::Get, path, ("apikey", key?)))
    }

    /// Without `subscribe` only received messages are sent.
    fn slot_calls(&self, _: &Slot, access: Access<'_>, wanted: &Wanted<'_>) -> Vec<Call> {
        let before = wanted.setting.and_then(|before| text(&before["events"]));
        let events = match before {
            Some(events) => json!(events.split(',').map(str::trim).collect::<Vec<_>>()),
            None => json!(EVENTS),
        };
        let body = json!({"webhookUrl": wanted.address, "subscribe": events, "immediate": true});
        vec![call(CallMethod::Post, "instance/connect", access).with_body(body)]
    }

    fn read_slot(&self, _: &Slot, answer: &Json, _: bool) -> Vec<SlotContent> {
        let data = &answer["data"];
        let content = SlotContent::of(&data["webhook"]).map(|content| SlotContent {
            lacks: absent(&data["events"], EVENTS, "ALL"),
            setting: json!({"events": data["events"]}),
            ..content
        });
        content.into_iter().collect()
    }

    fn session_call(&self, access: Access<'_>) -> Option<Call> {
        Some(call(CallMethod::Get, "instance/status", access))
    }

    fn read_session(&self, answer: &Json) -> Session {
        let data = &answer["data"];
        Session {
            ignores_groups: boolean(&data["ignoreGroups"]),
            ..Session::of_flags(&data["Connected"], &data["LoggedIn"])
        }
    }
}
