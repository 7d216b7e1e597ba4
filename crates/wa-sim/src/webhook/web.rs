//! Gateways that pass the message objects of WhatsApp Web on.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use wa_media::MediaKind;

use super::{ACCOUNT, Described, set};

/// Stands for the preview that WhatsApp Web keeps.
const PREVIEW: &str = "/9j/4AAQSkZJRg==";

pub(super) fn wppconnect(of: &Described<'_>) -> Value {
    let media = of.media;
    let kind = if media.voice_note {
        "ptt"
    } else {
        of.kind_or(&[])
    };
    let is_with_preview = media.kind != MediaKind::Audio;
    let mut body = json!({
        "event": if media.from_me { "onselfmessage" } else { "onmessage" },
        "session": media.instance,
        "id": media.message_id,
        "type": kind,
        "t": of.moment(),
        "timestamp": of.moment(),
        "notifyName": media.push_name,
        "from": if media.from_me { web(ACCOUNT) } else { web(&of.chat()) },
        "to": if media.from_me { web(&of.chat()) } else { web(ACCOUNT) },
        "author": web(&of.sender()),
        "chatId": web(&of.chat()),
        "isGroupMsg": media.is_group,
        "fromMe": media.from_me,
        "directPath": of.direct_path,
        "mimetype": media.mime,
        "size": of.size_bytes,
        "isMedia": true,
    });
    if is_with_preview {
        body["content"] = json!(PREVIEW);
        body["body"] = json!(PREVIEW);
    }
    if media.with_hashes {
        body["filehash"] = json!(STANDARD.encode(of.sha256));
    }
    if media.with_key {
        body["mediaKey"] = json!(STANDARD.encode(media.media_key.as_bytes()));
        body["encFilehash"] = json!(STANDARD.encode(of.enc_sha256()));
    }
    set(&mut body, "body", of.base64());
    set(&mut body, "fileUrl", of.given_link());
    set(&mut body, "caption", media.caption.clone());
    set(&mut body, "filename", media.file_name.clone());
    body
}

/// WhatsApp Web's suffix of a person.
fn web(id: &str) -> String {
    match id.split_once('@') {
        None | Some((_, "s.whatsapp.net")) => {
            format!("{}@c.us", id.split('@').next().unwrap_or_default())
        }
        Some(_) => id.to_owned(),
    }
}
