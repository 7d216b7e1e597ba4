//! Meta's Cloud API and the partners that have a form of their own.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use wa_media::MediaKind;

use super::{ACCOUNT, Described, set};

pub(super) fn meta(of: &Described<'_>) -> Value {
    let media = of.media;
    let kind = media.kind.as_str();
    let mut file = json!({"mime_type": media.mime, "id": media.media_id()});
    if media.with_hashes {
        file["sha256"] = json!(STANDARD.encode(of.sha256));
    }
    if media.voice_note {
        file["voice"] = json!(true);
    }
    set(&mut file, "caption", media.caption.clone());
    set(&mut file, "filename", media.file_name.clone());
    set(&mut file, "url", of.given_link());
    let chat = media.chat_id.as_deref();
    json!({"object": "whatsapp_business_account", "entry": [{"id": "100000000000001", "changes": [{
        "field": "messages",
        "value": {
            "messaging_product": "whatsapp",
            "metadata": {"display_phone_number": ACCOUNT, "phone_number_id": media.instance},
            "contacts": [{"profile": {"name": media.push_name}, "wa_id": chat}],
            "messages": [{
                "from": chat,
                "id": media.message_id,
                "timestamp": of.moment().to_string(),
                "type": kind,
                kind: file,
            }],
        },
    }]}]})
}

/// The fields of its form.
pub(super) fn twilio(of: &Described<'_>) -> Value {
    let media = of.media;
    let chat = media.chat_id.as_deref().unwrap_or_default();
    let mut form = json!({
        "AccountSid": "AC00000000000000000000000000000001",
        "MessageSid": media.message_id,
        "SmsSid": media.message_id,
        "NumMedia": "1",
        "MessageType": media.kind.as_str(),
        "Body": media.caption.clone().unwrap_or_default(),
        "From": format!("whatsapp:+{chat}"),
        "To": format!("whatsapp:+{ACCOUNT}"),
        "MediaContentType0": media.mime,
    });
    set(&mut form, "ProfileName", media.push_name.clone());
    set(&mut form, "MediaUrl0", of.given_link());
    form
}

pub(super) fn gupshup(of: &Described<'_>) -> Value {
    let media = of.media;
    let mut file = json!({"contentType": media.mime, "urlExpiry": 0});
    set(&mut file, "caption", media.caption.clone());
    set(&mut file, "name", media.file_name.clone());
    set(&mut file, "url", of.given_link());
    json!({
        "app": media.instance,
        "timestamp": of.moment() * 1_000,
        "version": 2,
        "type": "message",
        "payload": {
            "id": media.message_id,
            "source": media.chat_id,
            "type": of.kind_or(&[(MediaKind::Document, "file")]),
            "payload": file,
            "sender": {"phone": media.chat_id, "name": media.push_name},
        },
    })
}
