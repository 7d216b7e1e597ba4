//! Gateways that pass WhatsApp's own message on, as Baileys or whatsmeow prints it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use super::{ACCOUNT, Described, rfc3339, set};

/// How a library prints bytes and numbers.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Style {
    /// Bytes as objects with indexes, numbers as their halves.
    Objects,
    /// Bytes in base64, numbers as text.
    Text,
    /// As Go prints them, with its names.
    Go,
}

impl Style {
    fn bytes(self, bytes: &[u8]) -> Value {
        match self {
            Self::Objects => {
                let fields = bytes.iter().enumerate();
                let fields = fields.map(|(n, byte)| (n.to_string(), json!(byte)));
                Value::Object(fields.collect::<Map<_, _>>())
            }
            Self::Text | Self::Go => json!(STANDARD.encode(bytes)),
        }
    }

    fn number(self, number: u64) -> Value {
        match self {
            Self::Objects => {
                json!({"low": number & 0xffff_ffff, "high": number >> 32, "unsigned": true})
            }
            Self::Text => json!(number.to_string()),
            Self::Go => json!(number),
        }
    }

    fn name(self, name: &'static str) -> &'static str {
        match (self, name) {
            (Self::Go, "url") => "URL",
            (Self::Go, "fileSha256") => "fileSHA256",
            (Self::Go, "fileEncSha256") => "fileEncSHA256",
            (Self::Go, "ptt") => "PTT",
            _ => name,
        }
    }
}

/// The description of the file.
fn leaf(of: &Described<'_>, style: Style) -> Value {
    let media = of.media;
    let mut leaf = json!({
        "directPath": of.direct_path,
        "mimetype": media.mime,
        "fileLength": style.number(of.size_bytes),
    });
    let mut put = |name, value: Value| leaf[style.name(name)] = value;
    if media.with_hashes {
        let url = format!("https://mmg.whatsapp.net{}&mms3=true", of.direct_path);
        put("url", json!(url));
        put("fileSha256", style.bytes(&of.sha256));
    }
    if media.with_key {
        put("mediaKey", style.bytes(media.media_key.as_bytes()));
    }
    if media.with_key && media.with_hashes {
        let made_at = u64::try_from(media.expires_at - 30 * 86_400).unwrap_or_default();
        put("fileEncSha256", style.bytes(&of.enc_sha256()));
        put("mediaKeyTimestamp", style.number(made_at));
    }
    if media.voice_note {
        put("ptt", json!(true));
        put("seconds", json!(2));
    }
    set(&mut leaf, "caption", media.caption.clone());
    set(&mut leaf, "fileName", media.file_name.clone());
    leaf
}

/// The message, with the file's bytes or a link to it where the gateway adds them.
fn content(of: &Described<'_>, style: Style) -> Value {
    let mut content = json!({ of.carrier(): leaf(of, style) });
    set(&mut content, "base64", of.base64());
    set(&mut content, "mediaUrl", of.given_link());
    content
}

pub(super) fn wapi(of: &Described<'_>) -> Value {
    let media = of.media;
    let mut content = content(of, Style::Text);
    content
        .as_object_mut()
        .map(|content| content.remove("mediaUrl"));
    let mut body =
        json!({"instanceId": media.instance, "messageId": media.message_id, "msgContent": content});
    if let Some(event) = &media.event {
        body["event"] = json!(event);
        body["connectedPhone"] = json!(ACCOUNT);
        body["isGroup"] = json!(media.is_group);
        body["fromMe"] = json!(media.from_me);
        body["fromApi"] = json!(false);
    }
    set(&mut body, "moment", media.moment);
    if let Some(chat) = &media.chat_id {
        body["chat"] = json!({"id": chat, "profilePicture": ""});
    }
    if let Some(sender) = &media.sender_id {
        body["sender"] = json!({"id": sender, "senderLid": media.sender_lid, "pushName": media.push_name, "profilePicture": "", "verifiedBizName": ""});
    }
    body
}

pub(super) fn evolution(of: &Described<'_>) -> Value {
    let media = of.media;
    json!({
        "event": "messages.upsert",
        "instance": media.instance,
        "data": {
            "key": key(of),
            "pushName": media.push_name,
            "status": "DELIVERY_ACK",
            "message": content(of, Style::Objects),
            "messageType": of.carrier(),
            "messageTimestamp": of.moment(),
            "instanceId": "00000000-0000-4000-8000-000000000001",
            "source": "android",
        },
        "sender": format!("{ACCOUNT}@s.whatsapp.net"),
        "server_url": "https://evolution.example",
        "apikey": null,
    })
}

fn key(of: &Described<'_>) -> Value {
    let media = of.media;
    let mut key = json!({"remoteJid": of.chat(), "fromMe": media.from_me, "id": media.message_id});
    if media.is_group {
        key["participant"] = json!(of.sender());
    }
    key
}

/// The event `Message` of whatsmeow.
fn event(of: &Described<'_>, content: Value) -> Value {
    let media = of.media;
    json!({
        "Info": {
            "Chat": of.chat(),
            "Sender": of.sender(),
            "SenderAlt": media.sender_lid,
            "IsFromMe": media.from_me,
            "IsGroup": media.is_group,
            "ID": media.message_id,
            "Type": "media",
            "MediaType": media.kind.as_str(),
            "PushName": media.push_name,
            "Timestamp": rfc3339(of.moment()),
        },
        "Message": content,
        "IsViewOnce": false,
    })
}

pub(super) fn evolution_go(of: &Described<'_>) -> Value {
    json!({
        "event": "Message",
        "data": event(of, content(of, Style::Go)),
        "instanceToken": "00000000-0000-4000-8000-000000000002",
        "instanceId": "00000000-0000-4000-8000-000000000003",
        "instanceName": of.media.instance,
    })
}

pub(super) fn wuzapi(of: &Described<'_>) -> Value {
    let content = json!({ of.carrier(): leaf(of, Style::Go) });
    let mut body = json!({
        "type": "Message",
        "event": event(of, content),
        "userID": "sim",
        "instanceName": of.media.instance,
    });
    set(&mut body, "base64", of.base64());
    set(
        &mut body,
        "s3",
        of.given_link().map(|link| json!({"url": link})),
    );
    body
}

pub(super) fn uazapi(of: &Described<'_>) -> Value {
    let media = of.media;
    let kind = if media.voice_note {
        "ptt"
    } else {
        media.kind.as_str()
    };
    let mut message = json!({
        "id": format!("{ACCOUNT}:{}", media.message_id),
        "messageid": media.message_id,
        "chatid": of.chat(),
        "sender_pn": of.sender(),
        "senderName": media.push_name,
        "fromMe": media.from_me,
        "isGroup": media.is_group,
        "content": leaf(of, Style::Go),
        "mediaType": kind,
        "messageType": capital(&of.carrier()),
        "messageTimestamp": of.moment() * 1_000,
        "text": "",
    });
    set(&mut message, "fileURL", of.given_link());
    json!({
        "BaseUrl": "https://uazapi.example",
        "EventType": "messages",
        "instanceName": media.instance,
        "message": message,
        "owner": ACCOUNT,
    })
}

fn capital(name: &str) -> String {
    let (first, rest) = name.split_at(1);
    first.to_uppercase() + rest
}

/// With the engine NOWEB.
pub(super) fn waha(of: &Described<'_>) -> Value {
    let media = of.media;
    let file = of
        .given_link()
        .map(|link| json!({"url": link, "filename": media.file_name, "mimetype": media.mime}));
    json!({
        "id": "evt_00000000000000000000000001",
        "timestamp": of.moment() * 1_000,
        "event": "message",
        "session": media.instance,
        "me": {"id": format!("{ACCOUNT}@c.us"), "pushName": "Padaria Aurora"},
        "payload": {
            "id": media.message_id,
            "timestamp": of.moment(),
            "from": of.chat(),
            "fromMe": media.from_me,
            "participant": media.is_group.then(|| of.sender()),
            "body": media.caption.clone().unwrap_or_default(),
            "hasMedia": true,
            "media": file,
            "_data": {
                "key": key(of),
                "messageTimestamp": of.moment(),
                "pushName": media.push_name,
                "message": { of.carrier(): leaf(of, Style::Text) },
            },
        },
        "engine": "NOWEB",
    })
}
