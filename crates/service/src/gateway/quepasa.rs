//! quepasa. Facts from its source. Anything but 200 counts as a failure there, and nothing is repeated.

use wa_media::read::{field, number};
use wa_media::{FoundMedia, MediaKind};

use super::fields::{
    Fields, Object, connection, id, is_opus, is_set, kind_of_mime, link, nothing, object, sender,
    time, with_media, words,
};
use super::{
    Access, Call, CallMethod, FileCall, FileRequest, Message, ParsedDelivery, Protocol, segment,
};
use crate::model::{DeliveryReason, Route};

pub(super) struct Quepasa;

impl Protocol for Quepasa {
    fn is_delivery(&self, of: &Object) -> bool {
        words(of, &["type"]).is_some() && object(of, &["chat"]).is_some()
    }

    fn read(&self, root: &Object) -> Vec<ParsedDelivery> {
        let message = message(root);
        let declared = words(root, &["type"]).unwrap_or_default();
        if declared == "system" {
            let info = object(root, &["info"]);
            let event = info
                .and_then(|info| words(info, &["event"]))
                .or_else(|| words(root, &["text"]));
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
        let file =
            object(root, &["attachment"]).map(|attachment| file(root, attachment, &declared));
        vec![with_media(message, file.into_iter().collect())]
    }

    fn file_call(&self, access: Access<'_>, request: &FileRequest<'_>) -> Option<FileCall> {
        let path = format!("download/{}", segment(request.message_id));
        Some(FileCall::Fetch(Call::new(
            CallMethod::Get,
            path,
            ("x-quepasa-token", access.token),
        )))
    }

    fn file_headers(&self, access: Access<'_>) -> Vec<(&'static str, String)> {
        vec![("x-quepasa-token", access.token.to_owned())]
    }

    fn routes(&self) -> &'static [Route] {
        &[Route::Link, Route::Gateway]
    }
}

fn file(root: &Object, attachment: &Object, declared: &str) -> FoundMedia {
    let mime = words(attachment, &["mime"]);
    let kind = match declared {
        "image" => MediaKind::Image,
        "video" => MediaKind::Video,
        "audio" => MediaKind::Audio,
        "document" => MediaKind::Document,
        "sticker" => MediaKind::Sticker,
        _ => kind_of_mime(mime.as_deref().unwrap_or_default()),
    };
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
        sender([chat_id.clone(), id(chat, &["lid"])])
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
