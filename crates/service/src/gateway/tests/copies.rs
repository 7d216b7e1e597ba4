//! Media of other messages, second copies of a file, and other spellings of the same delivery.

use serde_json::{Value as Json, json};

use super::super::signature::Headers;
use super::super::{Gateway, Reading};
use super::shapes::{fixture, one, with, without};

/// Names in another case, ids as objects, times in other units: the same reading.
#[test]
fn other_spellings_are_read_alike() {
    fn renamed(value: &Json, name: &impl Fn(&str) -> String) -> Json {
        match value {
            Json::Object(fields) => {
                let fields = fields
                    .iter()
                    .map(|(key, value)| (name(key), renamed(value, name)));
                Json::Object(fields.collect())
            }
            Json::Array(items) => items.iter().map(|item| renamed(item, name)).collect(),
            other => other.clone(),
        }
    }
    super::each(|case| {
        let Ok(body) = serde_json::from_slice::<Json>(&case.json()) else {
            return Ok(());
        };
        let lower = renamed(&body, &str::to_lowercase);
        // The halves of a long number are a library's, not a gateway's.
        let upper = renamed(&body, &|name| match name {
            "low" | "high" | "unsigned" => name.to_owned(),
            name => name.to_uppercase(),
        });
        for other in [lower, upper] {
            let readings = case.gateway().read(other.to_string().as_bytes());
            super::compare(case, &readings.map_err(|error| error.to_string())?)?;
        }
        Ok(())
    });
}

/// The content as a list of one, or as JSON in a text.
#[test]
fn a_content_in_a_list_or_in_a_text_is_read_alike() {
    for (gateway, folder, path) in [
        (Gateway::Evolution, "evolution", "/data"),
        (Gateway::EvolutionGo, "evolution-go", "/data"),
        (Gateway::Uazapi, "uazapi", "/message"),
        (Gateway::Waha, "waha", "/payload"),
        (Gateway::Gowa, "gowa", "/payload"),
        (Gateway::Wuzapi, "wuzapi", "/event"),
    ] {
        super::each(|case| {
            let body = serde_json::from_slice::<Json>(&case.body);
            let content = body.as_ref().ok().and_then(|body| body.pointer(path));
            let is_media = case.expected["family"] == "media";
            let is_one = case.expected.get("messages").is_none();
            let is_of_it = case.name.starts_with(&format!("{folder}/")) && is_media && is_one;
            let (Ok(body), Some(content), true) = (&body, content, is_of_it) else {
                return Ok(());
            };
            let text = content.to_string();
            for other in [json!([content]), json!(text)] {
                let body = with(body.clone(), path, other);
                let reading = gateway.read_from(body.to_string().as_bytes(), &Headers::default());
                let Ok(Reading::Own(readings)) = reading else {
                    return Err(format!("{reading:?}"));
                };
                super::compare(case, &readings)?;
            }
            Ok(())
        });
    }
}

/// A complete image of another message, in the form that the gateway quotes it.
fn quoted(body: &Json, path: &str) -> Json {
    body.pointer(path).unwrap().clone()
}

#[test]
fn media_of_other_messages_are_no_media_of_this_one() {
    let evolution = fixture("evolution/image-lid");
    let message = quoted(&evolution, "/data/message");
    let context = json!({"stanzaId": "3A0", "quotedMessage": message});
    let text = json!({"extendedTextMessage": {"text": "oi", "contextInfo": context}});
    let evolution = with(
        with(evolution, "/data/message", text.clone()),
        "/data/messageType",
        json!("extendedTextMessage"),
    );
    let evolution = with(evolution, "/data/contextInfo", context);
    let evolution_go = fixture("evolution-go/image");
    let evolution_go_message = quoted(&evolution_go, "/data/Message");
    let evolution_go_text = json!({"extendedTextMessage": {"text": "oi", "contextInfo": {"stanzaID": "3A0", "quotedMessage": evolution_go_message}}});
    let evolution_go = with(
        with(evolution_go, "/data/Message", evolution_go_text.clone()),
        "/data/quoted",
        json!({"stanzaID": "3A0", "quotedMessage": evolution_go_message}),
    );
    let evolution_go = with(
        with(evolution_go, "/data/Info/Type", json!("text")),
        "/data/Info/MediaType",
        json!(""),
    );
    let wuzapi = with(
        fixture("wuzapi/audio-json"),
        "/event/Message",
        evolution_go_text.clone(),
    );
    let wuzapi = with(
        with(wuzapi, "/event/Info/Type", json!("text")),
        "/event/RawMessage",
        evolution_go_text,
    );
    let uazapi = fixture("uazapi/image");
    let content = quoted(&uazapi, "/message/content");
    let reply = json!({"text": "oi", "contextInfo": {"stanzaID": "3A0", "quotedMessage": {"imageMessage": content}}});
    let mut uazapi = with(
        with(uazapi, "/message/content", reply),
        "/message/quoted",
        json!({"messageid": "3A0", "content": content}),
    );
    for (name, value) in [
        ("messageType", "ExtendedTextMessage"),
        ("mediaType", ""),
        ("type", "text"),
    ] {
        uazapi["message"][name] = value.into();
    }
    let waha = fixture("waha/noweb-image");
    let media = quoted(&waha, "/payload/media");
    let mut waha = with(waha, "/payload/_data/message", text);
    waha["payload"]["hasMedia"] = false.into();
    waha["payload"]["media"] = Json::Null;
    waha["payload"]["replyTo"] = json!({"id": "x", "media": media, "_data": {"imageMessage": {"mediaKey": "a", "directPath": "/v/x"}}});
    let mut wppconnect = fixture("wppconnect/text-ignored");
    wppconnect["quotedMsg"] = fixture("wppconnect/image");
    wppconnect["quotedMsgObj"] = fixture("wppconnect/image");
    let zapi = fixture("zapi/image-lid");
    let image = quoted(&zapi, "/image");
    let mut zapi = without(zapi, "/image");
    zapi["text"] = json!({"message": "oi"});
    zapi["statusImage"] = image.clone();
    zapi["externalAdReply"] = image;
    let mut meta = fixture("meta/image");
    let of_meta = meta
        .pointer_mut("/entry/0/changes/0/value/messages/0")
        .unwrap();
    *of_meta = json!({"from": "5548900000101", "id": "wamid.A", "timestamp": "1790000000", "type": "text", "text": {"body": "oi"},
        "context": {"id": "wamid.B", "image": of_meta["image"]},
        "referral": {"media_type": "image", "image_url": "https://ads.example/a.jpg", "image": of_meta["image"]}});
    let quepasa = fixture("quepasa/text-ignored");
    let quepasa = with(quepasa, "/inreply", fixture("quepasa/image"));
    let mut gowa = fixture("gowa/failed-download-ignored");
    gowa["payload"]["quoted_message"] = json!({"image": "statics/media/a.jpg"});
    gowa["payload"]["replied_to_id"] = "3A0".into();
    for (gateway, body) in [
        (Gateway::Evolution, evolution),
        (Gateway::EvolutionGo, evolution_go),
        (Gateway::Wuzapi, wuzapi),
        (Gateway::Uazapi, uazapi),
        (Gateway::Waha, waha),
        (Gateway::Wppconnect, wppconnect),
        (Gateway::Zapi, zapi),
        (Gateway::Meta, meta),
        (Gateway::Quepasa, quepasa),
        (Gateway::Gowa, gowa),
    ] {
        let reading = one(gateway, &body);
        assert!(
            reading.media.is_empty(),
            "{} {body} {:?}",
            gateway.as_str(),
            reading.media
        );
    }
}

#[test]
fn a_second_copy_of_a_file_is_the_same_media() {
    for (gateway, name, message, copies) in [
        (
            Gateway::EvolutionGo,
            "evolution-go/image",
            "/data/Message",
            ["/data/RawMessage", "/data/SourceWebMsg"],
        ),
        (
            Gateway::Wuzapi,
            "wuzapi/audio-json",
            "/event/Message",
            ["/event/RawMessage", "/event/SourceWebMsg"],
        ),
        (
            Gateway::Waha,
            "waha/gows-audio-lid",
            "/payload/_data/Message",
            ["/payload/_data/RawMessage", "/payload/_data/SourceWebMsg"],
        ),
    ] {
        let body = fixture(name);
        let copy = json!({"ephemeralMessage": {"message": body.pointer(message).unwrap()}});
        let mut body = body;
        for path in copies {
            body = with(body, path, copy.clone());
        }
        let body = with(body, copies[1], json!({"message": copy}));
        assert_eq!(one(gateway, &body).media.len(), 1, "{name}");
    }
}
