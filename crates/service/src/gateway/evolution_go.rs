//! Evolution GO. Facts from its source; its wiki shows another form.

use serde_json::{Value as Json, json};
use wa_media::read::text;

use super::fields::{self, Object, connection, event, nothing, objects, words};
use super::mask::TokenField;
use super::slot::{Session, Slot, SlotContent, Wanted, absent, boolean};
use super::whatsmeow;
use super::{
    Access, Call, CallMethod, FileCall, FileRequest, ParsedDelivery, Protocol, Sample, baileys,
    segment, unread,
};
use crate::model::{DeliveryReason, Route};

pub(super) struct EvolutionGo;

const EVENTS: &[&str] = &["MESSAGE", "SEND_MESSAGE", "CONNECTION"];

/// The stored token is that of the instance; the key of the whole gateway may follow after a colon.
fn call(method: CallMethod, path: &str, access: Access<'_>) -> Call {
    Call::new(method, path, ("apikey", access.tokens().0))
}

impl Protocol for EvolutionGo {
    fn is_delivery(&self, of: &Object) -> bool {
        let is_session = || whatsmeow::connected(&event(of, &["event"])).is_some();
        words(of, &["event"]).is_some() && (!objects(of, &["data"]).is_empty() || is_session())
            || whatsmeow::is_message(of)
    }

    fn names(&self, root: &Object) -> Vec<String> {
        fields::names(root, &["instanceName", "instanceId"])
    }

    fn read(&self, root: &Object) -> Vec<ParsedDelivery> {
        if whatsmeow::is_message(root) {
            return vec![whatsmeow::read(root)];
        }
        let empty = Object::new();
        let items = objects(root, &["data"]);
        let data = items.first().copied().unwrap_or(&empty);
        let name = event(root, &["event"]);
        if let Some(connected) = whatsmeow::connected(&name) {
            return vec![connection(connected)];
        }
        match name.as_str() {
            "historysync" => whatsmeow::history(data),
            "presence" | "chatpresence" => vec![nothing(DeliveryReason::PresenceUpdate)],
            name if name.starts_with("call") => vec![nothing(DeliveryReason::Call)],
            _ if items.iter().any(|item| whatsmeow::is_message(item)) => {
                unread::each(root, items, |item| {
                    whatsmeow::is_message(item).then(|| whatsmeow::read(item))
                })
            }
            _ => vec![nothing(DeliveryReason::StatusUpdate)],
        }
    }

    /// It knows image, video, audio, document and sticker messages; a round video is given as a video.
    fn file_call(&self, access: Access<'_>, request: &FileRequest<'_>) -> Option<FileCall> {
        let (name, _) = baileys::file_of(request)?;
        let file = whatsmeow::file_of(request)?;
        let call = call(CallMethod::Post, "message/downloadmedia", access);
        Some(FileCall::Ask(
            call.with_body(json!({"message": { name: file }})),
        ))
    }

    fn token_fields(&self) -> &'static [TokenField] {
        &[TokenField {
            name: "instanceToken",
            everywhere: true,
        }]
    }

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

    fn sample(&self, of: &Sample<'_>) -> Option<Json> {
        Some(json!({
            "event": "Message",
            "instanceName": of.instance,
            "instanceId": of.instance,
            "data": {
                "Info": {"ID": of.id, "Chat": of.chat, "Sender": of.chat},
                "Message": {"imageMessage": of.image(), "base64": of.base64},
            },
        }))
    }

    fn routes(&self) -> &'static [Route] {
        &[Route::Inline, Route::Cdn, Route::Link, Route::Gateway]
    }
}
