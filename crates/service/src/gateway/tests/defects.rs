//! Bodies that strict parsers refuse, or that forms and queues wrote: the same delivery is read from each.

use serde_json::{Value as Json, json};

use super::super::signature::Headers;
use super::super::{DeliverySource, Gateway, ParsedDelivery, Reading, source};
use super::shapes::{fixture, with};

/// Ids and captions of the media of a body.
fn media(gateway: Gateway, body: &[u8]) -> Vec<(String, Option<String>)> {
    let Ok(Reading::Own(readings)) = gateway.read_from(body, &Headers::default()) else {
        panic!("{}", String::from_utf8_lossy(body));
    };
    let of = |reading: ParsedDelivery| {
        let id = reading.message.id.clone();
        reading
            .media
            .into_iter()
            .map(move |it| (id.clone(), it.caption))
    };
    readings.into_iter().flat_map(of).collect()
}

/// A delivery with an image, and its id and caption.
fn samples() -> Vec<(Gateway, Json, &'static str)> {
    let in_evolution = "/data/message/imageMessage/caption";
    let in_meta = "/entry/0/changes/0/value/messages/0/image/caption";
    let of = |name, path, caption: &str| with(fixture(name), path, json!(caption));
    vec![
        (
            Gateway::Evolution,
            of("evolution/image-lid", in_evolution, "ação 'x'"),
            "ação 'x'",
        ),
        (Gateway::Meta, of("meta/image", in_meta, "ação"), "ação"),
        (
            Gateway::Zapi,
            of("zapi/image-lid", "/image/caption", "não"),
            "não",
        ),
        (
            Gateway::Gowa,
            of("gowa/image", "/payload/image/caption", "é"),
            "é",
        ),
        (
            Gateway::Gupshup,
            of("gupshup/image", "/payload/payload/caption", "é"),
            "é",
        ),
    ]
}

type Defect = (&'static str, fn(&str) -> Vec<u8>);

/// As Python prints a dictionary.
fn python(text: &str) -> Vec<u8> {
    let words = [("null", "None"), ("true", "True"), ("false", "False")];
    let text = text.replace('\'', "\\'");
    let text = text
        .replace("\\\"", "\u{1}")
        .replace('"', "'")
        .replace('\u{1}', "\"");
    let replace = |text: String, (from, to): (&str, &str)| {
        let text = text.replace(&format!(":{from}"), &format!(": {to}"));
        text.replace(&format!("[{from}"), &format!("[{to}"))
    };
    words.into_iter().fold(text, replace).into_bytes()
}

const DEFECTS: &[Defect] = &[
    ("as it is", |text| text.into()),
    ("byte order mark", |text| format!("\u{feff}{text}").into()),
    ("blanks and zeros behind it", |text| {
        format!("{text}\r\n\0\0").into()
    }),
    ("a semicolon behind it", |text| format!("{text};").into()),
    ("commas behind the last values", |text| {
        text.replace('}', ",}").replace(']', " ,\n]").into()
    }),
    ("ISO 8859-1", |text| {
        text.chars()
            .map(|it| u8::try_from(u32::from(it)).unwrap())
            .collect()
    }),
    ("UTF-16", |text| {
        text.encode_utf16().flat_map(u16::to_le_bytes).collect()
    }),
    ("Python", python),
    ("undefined", |text| {
        text.replace(":null", ":undefined").into()
    }),
    ("a name as a form", |text| {
        format!(
            "{}=",
            url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>()
        )
        .into()
    }),
    ("a form", |text| {
        let text = url::form_urlencoded::byte_serialize(text.as_bytes());
        format!("payload={}", text.collect::<String>()).into()
    }),
    ("one in a line", |text| format!("\n{text}\n").into()),
    ("an unknown escape", |text| {
        text.replacen('{', "{\"path\":\"C:\\x\\files\",", 1).into()
    }),
];

#[test]
fn a_body_with_the_defects_of_its_sender_is_read() {
    for (gateway, body, caption) in samples() {
        let wanted = media(gateway, body.to_string().as_bytes());
        assert_eq!(wanted.len(), 1, "{}", gateway.as_str());
        assert_eq!(
            wanted[0].1.as_deref(),
            Some(caption),
            "{}",
            gateway.as_str()
        );
        for (name, write) in DEFECTS {
            // Without empty objects and lists, behind which a comma stays a defect.
            let text = body.to_string().replace("{}", "null").replace("[]", "null");
            let written = write(&text);
            let found = media(gateway, &written);
            assert_eq!(found, wanted, "{} {name}", gateway.as_str());
            let source = source(&written);
            assert_eq!(
                source,
                Some(DeliverySource::Gateway(gateway)),
                "{} {name}",
                gateway.as_str()
            );
        }
    }
}

#[test]
fn deliveries_behind_each_other_are_read() {
    for (gateway, body, _) in samples() {
        let one = body.to_string();
        let id = &media(gateway, one.as_bytes())[0].0;
        let two = one.replace(id.as_str(), "OTHER");
        for glue in ["\n", "\r\n\r\n", "", " "] {
            let ids = media(gateway, format!("{one}{glue}{two}\n").as_bytes());
            let ids: Vec<_> = ids.into_iter().map(|(id, _)| id).collect();
            assert_eq!(ids, [id.as_str(), "OTHER"], "{} {glue:?}", gateway.as_str());
        }
        // The second one is cut off: nothing of it may be lost in silence.
        let cut = format!("{one}\n{}", &two[..two.len() - 9]);
        assert!(
            gateway.read(cut.as_bytes()).is_err(),
            "{}",
            gateway.as_str()
        );
    }
}

/// Objects and lists as PHP and others write them in a form.
fn brackets(value: &Json, name: &str, form: &mut url::form_urlencoded::Serializer<'_, String>) {
    let inner = |key: &str| match name {
        "" => key.to_owned(),
        name => format!("{name}[{key}]"),
    };
    match value {
        Json::Object(object) => {
            for (key, value) in object {
                brackets(value, &inner(key), form);
            }
        }
        Json::Array(items) => {
            for (at, value) in items.iter().enumerate() {
                brackets(value, &inner(&at.to_string()), form);
            }
        }
        Json::Null => {}
        Json::String(text) => {
            form.append_pair(name, text);
        }
        other => {
            form.append_pair(name, &other.to_string());
        }
    }
}

/// All fixtures that are JSON.
#[test]
fn forms_with_brackets_are_read_like_their_json() {
    super::each(|case| {
        let Ok(body) = serde_json::from_slice::<Json>(&case.json()) else {
            return Ok(());
        };
        let mut form = url::form_urlencoded::Serializer::new(String::new());
        brackets(&body, "", &mut form);
        let form = form.finish();
        // A form without brackets has no JSON in it either.
        if !body.is_object() || !form.contains("%5B") {
            return Ok(());
        }
        let readings = case.gateway().read(form.as_bytes());
        super::compare(case, &readings.map_err(|error| error.to_string())?)
    });
}

#[test]
fn an_empty_repeat_of_a_field_hides_nothing() {
    for (gateway, body, _) in samples() {
        let text = body.to_string();
        let wanted = media(gateway, text.as_bytes());
        for empty in ["null", "\"\"", "{}", "[]"] {
            let names = body.as_object().unwrap().keys();
            let repeats: Vec<_> = names.map(|name| format!(",\"{name}\":{empty}")).collect();
            let repeated = format!("{}{}}}", &text[..text.len() - 1], repeats.concat());
            assert_eq!(media(gateway, repeated.as_bytes()), wanted, "{repeated}");
        }
    }
}

#[test]
fn what_is_no_json_is_still_none() {
    for body in [
        "oi",
        "{\"a\":}",
        "{\"event\":\"messages.upsert\",\"data\":{",
        "{\"a\":1} {\"b\"",
        "<xml/>",
        "1 2 3",
        "a[b]=1&a[b][c]=2",
    ] {
        for gateway in Gateway::ALL {
            assert!(
                gateway.read(body.as_bytes()).is_err(),
                "{} {body}",
                gateway.as_str()
            );
        }
    }
}
