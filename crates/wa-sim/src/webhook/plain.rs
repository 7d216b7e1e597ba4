//! Gateways that describe a message in words of their own.

use serde_json::{Value, json};

use super::{ACCOUNT, Described, rfc3339, set};

pub(super) fn zapi(of: &Described<'_>) -> Value {
    let media = of.media;
    let kind = media.kind.as_str();
    let mut file = json!({"mimeType": media.mime});
    set(&mut file, "caption", media.caption.clone());
    set(&mut file, "fileName", media.file_name.clone());
    set(&mut file, &format!("{kind}Url"), of.given_link());
    if media.voice_note {
        file["ptt"] = json!(true);
        file["seconds"] = json!(2);
    }
    json!({
        "type": "ReceivedCallback",
        "instanceId": media.instance,
        "messageId": media.message_id,
        "phone": media.chat_id,
        "chatLid": media.sender_lid,
        "connectedPhone": ACCOUNT,
        "fromMe": media.from_me,
        "isGroup": media.is_group,
        "waitingMessage": false,
        "momment": of.moment() * 1_000,
        "status": "RECEIVED",
        "senderName": media.push_name,
        kind: file,
    })
}

pub(super) fn gowa(of: &Described<'_>) -> Value {
    let media = of.media;
    let mut file = json!({});
    match of.given_link() {
        Some(path) => file["path"] = json!(path),
        // The encrypted file, without its key.
        None => file["url"] = json!(format!("https://mmg.whatsapp.net{}", of.direct_path)),
    }
    set(&mut file, "caption", media.caption.clone());
    set(&mut file, "filename", media.file_name.clone());
    json!({
        "device_id": format!("{ACCOUNT}@s.whatsapp.net"),
        "event": "message",
        "payload": {
            "id": media.message_id,
            "chat_id": of.chat(),
            "from": of.sender(),
            "from_lid": media.sender_lid,
            "from_name": media.push_name,
            "is_from_me": media.from_me,
            "timestamp": rfc3339(of.moment()),
            "body": media.caption.clone().unwrap_or_default(),
            media.kind.as_str(): file,
        },
    })
}

pub(super) fn quepasa(of: &Described<'_>) -> Value {
    let media = of.media;
    let mut file = json!({"mime": media.mime, "filelength": of.size_bytes});
    set(&mut file, "filename", media.file_name.clone());
    set(&mut file, "url", of.given_link());
    let chat = media.chat_id.as_deref().unwrap_or_default();
    json!({
        "id": media.message_id,
        "timestamp": rfc3339(of.moment()),
        "type": media.kind.as_str(),
        "chat": {"id": of.chat(), "phone": format!("+{chat}"), "title": media.push_name, "lid": media.sender_lid},
        "text": media.caption.clone().unwrap_or_default(),
        "attachment": file,
        "fromme": media.from_me,
        "frominternal": false,
        "wid": format!("{ACCOUNT}:11@s.whatsapp.net"),
    })
}
