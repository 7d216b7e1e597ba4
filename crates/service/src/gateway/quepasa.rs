//! quepasa. Facts from its source. Anything but 200 counts as a failure there, and nothing is repeated.

use serde_json::{Value as Json, json};
use wa_media::read::{field, flag, number, text};
use wa_media::{FoundMedia, MediaKind};

use super::fields::{
    Fields, Object, connection, id, is_opus, is_set, kind_of_mime, kind_of_word, link, nothing,
    object, sender, time, with_media, word, words,
};
use super::{
    Access, Call, CallMethod, FileCall, FileRequest, Message, ParsedDelivery, Protocol, segment,
};
use crate::model::{DeliveryReason, Route};

use super::slot::{Session, Slot, SlotContent, Wanted, renamed};

pub(super) struct Quepasa;

/// The fields of a webhook that can be set.
const SETTING: &[(&str, &str)] = &[
    ("url", "url"),
    ("forwardinternal", "forwardinternal"),
    ("trackid", "trackid"),
    ("extra", "extra"),
];

fn call(method: CallMethod, path: &str, access: Access<'_>) -> Call {
    Call::new(method, path, ("x-quepasa-token", access.token))
}

fn addresses(answer: &Json) -> impl Iterator<Item = &str> {
    let webhooks = answer["webhooks"].as_array();
    let webhooks = webhooks.into_iter().flatten();
    webhooks.filter_map(|webhook| webhook["url"].as_str())
}

impl Protocol for Quepasa {
    fn is_delivery(&self, of: &Object) -> bool {
        let has = |name: &str| object(of, &[name]).is_some();
        words(of, &["type"]).is_some() && has("chat")
            || id(of, &["id"]).is_some() && has("attachment")
    }

    fn read(&self, root: &Object) -> Vec<ParsedDelivery> {
        let message = message(root);
        let declared = word(root, &["type"]).unwrap_or_default();
        if declared == "system" {
            let info = object(root, &["info"]);
            let event = info
                .and_then(|info| word(info, &["event"]))
                .or_else(|| word(root, &["text"]));
            let message = Message {
                sent_at: message.sent_at,
                ..Message::default()
            };
            return vec![match event.as_deref() {
                Some("connected") => ParsedDelivery {
                    message,
                    ..connection(true)
                },
                Some("disconnected" | "stopped") => ParsedDelivery {
                    message,
                    ..connection(false)
                },
                _ => nothing(DeliveryReason::StatusUpdate),
            }];
        }
        // A message whose file is left out is still known to have one.
        let empty = Object::new();
        let attachment = object(root, &["attachment"]);
        let attachment = attachment.or_else(|| kind_of_word(&declared).map(|_| &empty));
        let file = attachment.map(|attachment| file(root, attachment, &declared));
        vec![with_media(message, file.into_iter().collect())]
    }

    fn file_call(&self, access: Access<'_>, request: &FileRequest<'_>) -> Option<FileCall> {
        let path = format!("download/{}", segment(request.message_id));
        Some(FileCall::Fetch(call(CallMethod::Get, &path, access)))
    }

    fn file_headers(&self, access: Access<'_>) -> Vec<(&'static str, String)> {
        vec![("x-quepasa-token", access.token.to_owned())]
    }

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

    fn file_paths(&self) -> &'static [&'static str] {
        &["/download/"]
    }

    fn routes(&self) -> &'static [Route] {
        &[Route::Link, Route::Gateway]
    }
}

fn file(root: &Object, attachment: &Object, declared: &str) -> FoundMedia {
    let mime = words(attachment, &["mime"]);
    let kind =
        kind_of_word(declared).unwrap_or_else(|| kind_of_mime(mime.as_deref().unwrap_or_default()));
    let has_waveform = field(attachment, &["waveform"]).is_some();
    FoundMedia {
        link: link(attachment, &["url"]),
        url: None,
        direct_path: None,
        length_bytes: field(attachment, &["filelength"]).and_then(number),
        voice_note: kind == MediaKind::Audio && (has_waveform || is_opus(mime.as_deref())),
        view_once: declared == "view_once",
        caption: words(root, &["text"]),
        mime,
        ..FoundMedia::of_fields(kind, attachment)
    }
}

fn message(root: &Object) -> Message {
    let empty = Object::new();
    let chat = object(root, &["chat"]).unwrap_or(&empty);
    let participant = object(root, &["participant"]);
    let from_me = is_set(root, &["fromme", "from_me"]);
    let chat_id = id(chat, &["id"]);
    let of_participant = |name: &str| participant.and_then(|it| id(it, &[name]));
    let sender = if from_me {
        sender([id(root, &["wid"])])
    } else if participant.is_some() {
        sender([of_participant("phone"), of_participant("id")])
    } else {
        sender([chat_id.clone(), id(chat, &["phone"]), id(chat, &["lid"])])
    };
    let named = if from_me {
        None
    } else {
        Some(participant.unwrap_or(chat))
    };
    Message {
        id: id(root, &["id"]).unwrap_or_default(),
        origin: Fields {
            chat: chat_id,
            is_group: false,
            from_me,
            sender,
        }
        .origin(),
        sender_name: named.and_then(|named| words(named, &["title"])),
        sent_at: time(root, &["timestamp"]),
    }
}
