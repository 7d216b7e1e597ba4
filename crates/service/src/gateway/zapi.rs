//! Z-API. Facts from its documentation and from captured deliveries.

use serde_json::{Value as Json, json};
use wa_media::read::flag;
use wa_media::{FoundMedia, MediaKind};

use super::fields::{
    self, Fields, Object, connection, deletion, event, first, id, is_private, is_set, link,
    nothing, object, objects, sender, time, with_media, without_media, word, words,
};
use super::slot::{Session, Slot, SlotContent, Wanted};
use super::{Access, Call, CallMethod, Message, ParsedDelivery, Protocol, Signature, segment};
use crate::model::{DeliveryReason, Route};

pub(super) struct Zapi;

/// The fields with a file, their kind, and the field with its link.
const FILES: &[(&str, MediaKind, &str)] = &[
    ("image", MediaKind::Image, "imageUrl"),
    ("video", MediaKind::Video, "videoUrl"),
    ("ptv", MediaKind::Video, "videoUrl"),
    ("audio", MediaKind::Audio, "audioUrl"),
    ("document", MediaKind::Document, "documentUrl"),
    ("sticker", MediaKind::Sticker, "stickerUrl"),
];

/// The callbacks besides that of received messages, and the call that sets each alone. Their paths are from the documentation
/// of single webhooks, and less sure than the rest.
const OTHER_CALLBACKS: &[(&str, &str)] = &[
    ("deliveryCallbackUrl", "update-webhook-delivery"),
    ("connectedCallbackUrl", "update-webhook-connected"),
    ("disconnectedCallbackUrl", "update-webhook-disconnected"),
    ("messageStatusCallbackUrl", "update-webhook-message-status"),
    ("presenceChatCallbackUrl", "update-webhook-chat-presence"),
];

/// The stored token is that of the instance; the account's security token may follow after a colon.
fn call(method: CallMethod, path: &str, access: Access<'_>) -> Call {
    let (token, account) = access.tokens();
    let [id, token] = [access.instance, token].map(segment);
    let path = format!("instances/{id}/token/{token}/{path}");
    let mut call = Call::new(method, path, ("client-token", account.unwrap_or_default()));
    if account.is_none() {
        call.headers.clear();
    }
    call
}

impl Protocol for Zapi {
    fn is_delivery(&self, of: &Object) -> bool {
        word(of, &["type"]).is_some_and(|name| name.ends_with("callback"))
            || words(of, &["messageId"]).is_some() && words(of, &["phone"]).is_some()
    }

    fn names(&self, root: &Object) -> Vec<String> {
        fields::names(root, &["instanceId"])
    }

    fn read(&self, root: &Object) -> Vec<ParsedDelivery> {
        let message = message(root);
        match event(root, &["type"]).as_str() {
            "connectedcallback" => {
                // Without the field, the name says it.
                let connected = first(root, &["connected"], |value| Some(flag(value)));
                return vec![ParsedDelivery {
                    message,
                    ..connection(connected.unwrap_or(true))
                }];
            }
            "disconnectedcallback" => {
                return vec![ParsedDelivery {
                    message,
                    ..connection(false)
                }];
            }
            "deliverycallback" | "messagestatuscallback" => {
                return vec![nothing(DeliveryReason::StatusUpdate)];
            }
            "presencechatcallback" => return vec![nothing(DeliveryReason::PresenceUpdate)],
            _ => {}
        }
        // Its documentation does not say how a deletion is sent; servers with its interface send this field.
        if let Some(target) = id(root, &["revokedMessageId"]) {
            let content = deletion(&[&target], Some(message.origin.from_me));
            return vec![without_media(message, content)];
        }
        // Such as a group's new picture.
        if words(root, &["notification"]).is_some() {
            return vec![nothing(DeliveryReason::NoMedia)];
        }
        let mut media = files(root);
        if let Some(buttons) = object(root, &["buttonsMessage"]) {
            media.extend(files_of_links(buttons));
        }
        let templates = objects(root, &["hydratedTemplate"]).into_iter();
        let carousels = objects(root, &["carouselMessage"]).into_iter();
        let cards = carousels.flat_map(|carousel| objects(carousel, &["cards"]));
        for part in templates.chain(cards) {
            media.extend(object(part, &["header"]).map(files).unwrap_or_default());
        }
        // An edit repeats the whole message under its id.
        let edits = Some(&message.id).filter(|_| is_set(root, &["isEdit"]));
        for file in &mut media {
            file.view_once |= wa_media::says_view_once(root);
            file.edited = edits.is_some();
            file.edits = edits.cloned();
        }
        vec![with_media(message, media)]
    }

    fn signature(&self) -> Signature {
        Signature::SecretInHeader
    }

    fn default_api_base(&self) -> &'static str {
        "https://api.z-api.io"
    }

    /// Its links are public.
    fn needs_token(&self) -> bool {
        false
    }

    fn slots(&self) -> &'static [Slot] {
        const { &[Slot::only("receivedCallbackUrl")] }
    }

    fn slots_call(&self, access: Access<'_>) -> Option<Call> {
        Some(call(CallMethod::Get, "me", access))
    }

    /// One call sets all callbacks. When they are restored, those that differed are set again one by one.
    fn slot_calls(&self, _: &Slot, access: Access<'_>, wanted: &Wanted<'_>) -> Vec<Call> {
        let sent_by_me = wanted
            .setting
            .map(|before| flag(&before["receiveCallbackSentByMe"]));
        let body = json!({"value": wanted.address, "notifySentByMe": sent_by_me.unwrap_or(true)});
        let all = call(CallMethod::Put, "update-every-webhooks", access).with_body(body);
        let mut calls = vec![all];
        if let Some(before) = wanted.setting {
            let others = OTHER_CALLBACKS.iter().filter_map(|(field, path)| {
                let address = before[*field].as_str().unwrap_or_default();
                let body = json!({"value": address});
                (address != wanted.address)
                    .then(|| call(CallMethod::Put, path, access).with_body(body))
            });
            calls.extend(others);
        }
        calls
    }

    fn read_slot(&self, _: &Slot, answer: &Json, _: bool) -> Vec<SlotContent> {
        let Some(content) = SlotContent::of(&answer["receivedCallbackUrl"]) else {
            return Vec::new();
        };
        let mut lacks = Vec::new();
        if !flag(&answer["receiveCallbackSentByMe"]) {
            lacks.push("notifySentByMe");
        }
        for name in ["connectedCallbackUrl", "disconnectedCallbackUrl"] {
            if answer[name] != content.address.as_str() {
                lacks.push(name);
            }
        }
        let fields = OTHER_CALLBACKS.iter().map(|(field, _)| *field);
        let fields = fields.chain(["receivedCallbackUrl", "receiveCallbackSentByMe"]);
        let setting = fields.map(|field| (field.to_owned(), answer[field].clone()));
        vec![SlotContent {
            lacks,
            setting: Json::Object(setting.collect()),
            ..content
        }]
    }

    fn session_call(&self, access: Access<'_>) -> Option<Call> {
        Some(call(CallMethod::Get, "status", access))
    }

    fn read_session(&self, answer: &Json) -> Session {
        Session::of_flags(&answer["connected"], &Json::Null)
    }

    fn routes(&self) -> &'static [Route] {
        &[Route::Link]
    }
}

fn files(of: &Object) -> Vec<FoundMedia> {
    let file = |(name, kind, url): &(&str, MediaKind, &str)| {
        let file = object(of, &[name])?;
        // Without a link the gateway lost it.
        (!file.is_empty()).then(|| FoundMedia {
            link: link(file, &[url, "ptvUrl", "fileUrl", "mediaUrl", "url"]),
            url: None,
            direct_path: None,
            ..FoundMedia::of_fields(*kind, file)
        })
    };
    FILES.iter().filter_map(file).collect()
}

/// Files of which only the links are given.
fn files_of_links(of: &Object) -> Vec<FoundMedia> {
    let file = |(name, kind, url): &(&str, MediaKind, &str)| {
        let link = link(of, &[url])?;
        (*name != "ptv").then(|| FoundMedia {
            link: Some(link),
            ..FoundMedia::of_fields(*kind, &Object::new())
        })
    };
    FILES.iter().filter_map(file).collect()
}

fn message(root: &Object) -> Message {
    let from_me = is_set(root, &["fromMe"]);
    let chat = id(root, &["phone", "chatLid"]);
    let is_group =
        is_set(root, &["isGroup"]) || chat.as_deref().is_some_and(|chat| chat.ends_with("-group"));
    // In a group or a story, the sender is one of many.
    let is_of_many = is_group || !chat.as_deref().is_none_or(is_private);
    let sender = if from_me {
        sender([id(root, &["connectedPhone"])])
    } else {
        let participant = [
            id(root, &["participantPhone"]),
            id(root, &["participantLid"]),
        ];
        let other = [chat.clone(), id(root, &["senderLid", "chatLid"])];
        sender(if is_of_many { participant } else { other })
    };
    Message {
        id: id(root, &["messageId"]).unwrap_or_default(),
        origin: Fields {
            chat,
            is_group,
            from_me,
            sender,
        }
        .origin(),
        sender_name: words(root, &["senderName"]),
        // Milliseconds; the documentation shows seconds in places.
        sent_at: time(root, &["momment", "moment"]),
    }
}
