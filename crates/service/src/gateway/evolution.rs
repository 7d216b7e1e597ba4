//! Evolution API v2. Facts from its source (2.3.6 and 2.3.7).

use serde_json::{Value as Json, json};
use wa_media::FoundMedia;
use wa_media::read::{field, same_name, text};

use super::baileys;
use super::fields::{self, Object, connection, event, id, nothing, object, objects, word, words};
use super::mask::TokenField;
use super::slot::{Session, Slot, SlotContent, Wanted, absent, renamed};
use super::{
    Access, Call, CallMethod, FileCall, FileRequest, HistoryRange, ParsedDelivery, Protocol,
    Sample, Signature, segment, unread,
};
use crate::clock::rfc3339;
use crate::model::{DeliveryReason, Route};

pub(super) struct Evolution;

const EVENTS: &[&str] = &[
    "MESSAGES_UPSERT",
    "SEND_MESSAGE",
    "MESSAGES_SET",
    "MESSAGES_EDITED",
    "CONNECTION_UPDATE",
    "STATUS_INSTANCE",
    "LOGOUT_INSTANCE",
];
/// Those of them without which media, or the connection's state, do not arrive.
const NEEDED: &[&str] = &[
    "MESSAGES_UPSERT",
    "SEND_MESSAGE",
    "MESSAGES_SET",
    "MESSAGES_EDITED",
    "CONNECTION_UPDATE",
];

/// The fields of its setting as it is read, and as it is set.
const SETTING: &[(&str, &str)] = &[
    ("enabled", "enabled"),
    ("url", "url"),
    ("headers", "headers"),
    ("webhookByEvents", "byEvents"),
    ("webhookBase64", "base64"),
    ("events", "events"),
];

fn call(method: CallMethod, path: &str, access: Access<'_>) -> Call {
    let path = format!("{path}/{}", segment(access.instance));
    Call::new(method, path, ("apikey", access.token))
}

impl Protocol for Evolution {
    fn is_delivery(&self, of: &Object) -> bool {
        let has_data = of.keys().any(|name| same_name(name, "data"));
        has_data && words(of, &["event"]).is_some() || baileys::is_message(of)
    }

    fn names(&self, root: &Object) -> Vec<String> {
        fields::names(root, &["instance", "instanceName"])
    }

    fn read(&self, root: &Object) -> Vec<ParsedDelivery> {
        if baileys::is_message(root) {
            return vec![baileys::read(root, None)];
        }
        // In own messages the sender is the account, which the envelope names. `date_time` is local time marked as UTC.
        let account = id(root, &["sender"]);
        let empty = Object::new();
        let data = object(root, &["data"]).unwrap_or(&empty);
        let name = event(root, &["event"]);
        match name.as_str() {
            "connection.update" => match word(data, &["state"]).as_deref() {
                Some("open") => return vec![connection(true)],
                Some("close" | "refused") => return vec![connection(false)],
                _ => return vec![nothing(DeliveryReason::StatusUpdate)],
            },
            "status.instance" => {
                let status = word(data, &["status"]);
                return vec![connection(status.as_deref() == Some("open"))];
            }
            "logout.instance" | "remove.instance" => return vec![connection(false)],
            name if name.starts_with("presence") => {
                return vec![nothing(DeliveryReason::PresenceUpdate)];
            }
            "call" => return vec![nothing(DeliveryReason::Call)],
            "messages.delete" => {
                let deleted: Vec<_> = objects(root, &["data"])
                    .into_iter()
                    .filter_map(baileys::deleted)
                    .collect();
                if !deleted.is_empty() {
                    return deleted;
                }
            }
            // `messages.update` calls edits deleted, too, so that state counts for nothing.
            _ => {}
        }
        // A list holds the messages of a history, or several messages that were sent at once.
        let items = objects(root, &["data"]).into_iter();
        let items = items.flat_map(|item| {
            if baileys::is_message(item) {
                return vec![item];
            }
            match objects(item, &["messages"]) {
                inner if inner.is_empty() => vec![item],
                inner => inner,
            }
        });
        // An event about a message may name its type without its content.
        let is_about = name.contains("delete") || name.contains("update");
        let items: Vec<_> = items
            .filter(|item| !is_about || baileys::is_message(item))
            .collect();
        let mut readings = unread::each(root, items, |item| {
            baileys::is_message(item).then(|| baileys::read(item, account.as_deref()))
        });
        readings.retain(|reading| !is_about || reading.media.iter().any(FoundMedia::has_file));
        if readings.len() > 1 {
            readings.retain(ParsedDelivery::counts);
        }
        if readings.is_empty() {
            readings.push(nothing(DeliveryReason::StatusUpdate));
        }
        readings
    }

    fn signature(&self) -> Signature {
        Signature::SecretInHeader
    }

    /// The message is built from its row, so the call works after the delivery was pruned, and its wrappers are gone.
    fn file_call(&self, access: Access<'_>, request: &FileRequest<'_>) -> Option<FileCall> {
        let mut key =
            json!({"id": request.message_id, "remoteJid": request.chat, "fromMe": request.from_me});
        if let Some(participant) = request.participant {
            key["participant"] = participant.into();
        }
        let mut message = json!({"key": key});
        if let Some((name, file)) = baileys::file_of(request) {
            message["message"] = json!({ name: file });
            message["messageType"] = name.into();
        }
        let path = format!(
            "chat/getBase64FromMediaMessage/{}",
            segment(access.instance)
        );
        let call = Call::new(CallMethod::Post, path, ("apikey", access.token));
        Some(FileCall::Ask(call.with_body(
            json!({"message": message, "convertToMp4": false}),
        )))
    }

    /// Baileys asks the phone when the CDN answers 404 or 410, for which it needs the key, and in groups the sender.
    fn reupload_call(&self, access: Access<'_>, request: &FileRequest<'_>) -> Option<FileCall> {
        baileys::file_of(request)?;
        self.file_call(access, request)
    }

    fn token_fields(&self) -> &'static [TokenField] {
        &[TokenField {
            name: "apikey",
            everywhere: true,
        }]
    }

    /// `offset` is the size of a page there, and both ends of the time are needed.
    fn history_call(&self, access: Access<'_>, range: HistoryRange<'_>) -> Option<Call> {
        let path = format!("chat/findMessages/{}", segment(access.instance));
        let call = Call::new(CallMethod::Post, path, ("apikey", access.token));
        let time = json!({"gte": rfc3339(range.since), "lte": rfc3339(range.until)});
        let body = json!({"where": {"messageTimestamp": time}, "page": range.page + 1, "offset": range.page_size});
        Some(call.with_body(body))
    }

    fn read_history(&self, access: Access<'_>, answer: Json) -> Vec<Json> {
        let page = answer.get("messages").unwrap_or(&answer);
        let records = page.get("records").unwrap_or(page).as_array();
        let records = records.into_iter().flatten();
        let body = |data: &Json| json!({"event": "messages.upsert", "instance": access.instance, "data": data});
        records.map(body).collect()
    }

    fn slots(&self) -> &'static [Slot] {
        const { &[Slot::only("url")] }
    }

    fn slots_call(&self, access: Access<'_>) -> Option<Call> {
        Some(call(CallMethod::Get, "webhook/find", access))
    }

    /// The setting is replaced as a whole. An empty address is refused, so it is switched off instead.
    fn slot_calls(&self, _: &Slot, access: Access<'_>, wanted: &Wanted<'_>) -> Vec<Call> {
        let webhook = match wanted.setting {
            Some(before) => renamed(before, SETTING),
            None => {
                let mut webhook = json!({
                    "enabled": wanted.is_on(),
                    "url": wanted.or_current(&wanted.current["url"]),
                    "byEvents": false,
                    "base64": false,
                    "events": EVENTS,
                });
                if let Some(secret) = access.secret.filter(|_| wanted.is_on()) {
                    webhook["headers"] = json!({"authorization": format!("Bearer {secret}")});
                }
                webhook
            }
        };
        vec![call(CallMethod::Post, "webhook/set", access).with_body(json!({"webhook": webhook}))]
    }

    /// Null when it was never set. An empty list stands for all events.
    fn read_slot(&self, _: &Slot, answer: &Json, has_secret: bool) -> Vec<SlotContent> {
        let Some(content) = SlotContent::of(&answer["url"]) else {
            return Vec::new();
        };
        let is_all = answer["events"].as_array().is_none_or(Vec::is_empty);
        let mut lacks = match is_all {
            true => Vec::new(),
            false => absent(&answer["events"], NEEDED, "*"),
        };
        let headers = answer["headers"].as_object();
        let is_signed = headers.is_some_and(|headers| field(headers, &["authorization"]).is_some());
        if has_secret && !is_signed {
            lacks.push("headers.authorization");
        }
        vec![SlotContent {
            is_off: answer["enabled"] == false,
            lacks,
            setting: answer.clone(),
            ..content
        }]
    }

    fn session_call(&self, access: Access<'_>) -> Option<Call> {
        Some(call(CallMethod::Get, "instance/connectionState", access))
    }

    fn read_session(&self, answer: &Json) -> Session {
        let state = text(&answer["instance"]["state"]);
        Session::of(state.map(|state| state.eq_ignore_ascii_case("open")))
    }

    fn sample(&self, of: &Sample<'_>) -> Option<Json> {
        Some(json!({
            "event": "messages.upsert",
            "instance": of.instance,
            "data": {
                "key": {"remoteJid": of.chat, "fromMe": false, "id": of.id},
                "message": {"imageMessage": of.image(), "base64": of.base64},
            },
        }))
    }

    fn routes(&self) -> &'static [Route] {
        &[Route::Inline, Route::Cdn, Route::Link, Route::Gateway]
    }
}

#[cfg(test)]
mod tests {
    use wa_media::{FoundMedia, KeyKind, MediaKey, MediaKind};

    use super::*;

    #[test]
    fn the_phone_is_asked_with_the_sender_in_a_group_and_never_without_a_key() {
        let access = Access {
            instance: "loja",
            token: "chave",
            secret: None,
        };
        let mut found = FoundMedia::of_fields(MediaKind::Image, &Object::new());
        let asks = |request: &FileRequest<'_>| match Evolution.reupload_call(access, request) {
            Some(FileCall::Ask(call)) => call.body,
            _ => None,
        };
        assert_eq!(asks(&FileRequest::of("A", None, &found)), None);
        found.media_key = Some(MediaKey::new([7; 32]));
        found.key_kind = KeyKind::from(MediaKind::Image);
        found.direct_path = Some("/v/x".to_owned());
        let request = FileRequest {
            chat: Some("1@g.us"),
            participant: Some("2@lid"),
            ..FileRequest::of("A", None, &found)
        };
        let body = asks(&request).unwrap();
        let key =
            json!({"id": "A", "remoteJid": "1@g.us", "fromMe": false, "participant": "2@lid"});
        assert_eq!(body["message"]["key"], key);
    }
}
