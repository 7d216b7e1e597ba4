//! Every case of the fixtures in other notations of the same facts: wrapped, with other types, names and units.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Value as Json, json};
use wa_media::read::{bytes32, millis, same_name};

use super::super::signature::Headers;
use super::super::{DeliverySource, Gateway, ParsedDelivery, Reading, source};
use super::shapes::fixture;
use super::{compare, each, parse};
use crate::clock::rfc3339;

/// Fields with 32 bytes.
const HASHES: &[&str] = &[
    "mediaKey",
    "fileSha256",
    "fileEncSha256",
    "filehash",
    "encFilehash",
    "sha256",
];
/// Fields with the time of a message.
const TIMES: &[&str] = &["messageTimestamp", "timestamp", "moment", "momment", "t"];
/// Fields with a number that is no id.
const NUMBERS: &[&str] = &[
    "fileLength",
    "seconds",
    "filelength",
    "duration",
    "size",
    "width",
    "height",
];

/// Fields with a person's or sender's words.
const WORDS: &[&str] = &[
    "caption", "fileName", "title", "body", "text", "filename", "pushName", "version",
];

fn is_one_of(name: &str, names: &[&str]) -> bool {
    names.iter().any(|known| same_name(known, name))
}

/// Replaces values of a body, from the outside in; what is replaced is not searched.
fn replaced(value: &Json, name: &str, replace: &dyn Fn(&str, &Json) -> Option<Json>) -> Json {
    if let Some(other) = replace(name, value) {
        return other;
    }
    match value {
        Json::Object(object) => {
            let fields = object.iter();
            let fields = fields.map(|(name, value)| (name.clone(), replaced(value, name, replace)));
            Json::Object(fields.collect())
        }
        Json::Array(items) => {
            let items = items.iter();
            items.map(|item| replaced(item, name, replace)).collect()
        }
        other => other.clone(),
    }
}

/// Replaces values from the inside out.
fn replaced_inside(value: &Json, replace: &dyn Fn(&Json) -> Option<Json>) -> Json {
    let inner = match value {
        Json::Object(object) => {
            let fields = object.iter();
            let fields =
                fields.map(|(name, value)| (name.clone(), replaced_inside(value, replace)));
            Json::Object(fields.collect())
        }
        Json::Array(items) => items
            .iter()
            .map(|item| replaced_inside(item, replace))
            .collect(),
        other => other.clone(),
    };
    replace(&inner).unwrap_or(inner)
}

/// Renames all fields.
fn renamed(value: &Json, rename: &dyn Fn(&str) -> String) -> Json {
    match value {
        Json::Object(object) => {
            let fields = object.iter();
            let fields = fields.map(|(name, value)| (rename(name), renamed(value, rename)));
            Json::Object(fields.collect())
        }
        Json::Array(items) => items.iter().map(|item| renamed(item, rename)).collect(),
        other => other.clone(),
    }
}

fn is_bytes(value: &Json) -> bool {
    match value {
        Json::Array(items) => items.len() > 8 && items.iter().all(Json::is_number),
        Json::Object(object) => {
            object.len() > 7 && object.keys().all(|key| key.parse::<u32>().is_ok())
        }
        _ => false,
    }
}

type Variant = (&'static str, Box<dyn Fn(&Json) -> Json>);

fn wrappers() -> Vec<Variant> {
    fn variant(name: &'static str, wrap: impl Fn(&Json) -> Json + 'static) -> Variant {
        (name, Box::new(wrap))
    }
    vec![
        variant("list", |body| json!([body])),
        variant("list in a list", |body| json!([[body]])),
        variant("data", |body| json!({"data": body})),
        variant("payload", |body| json!({"payload": body})),
        variant("body", |body| json!({"body": body})),
        variant("json", |body| json!([{"json": {"body": body}}])),
        variant(
            "request",
            |body| json!({"request": {"body": body}, "id": 5}),
        ),
        variant("events", |body| json!({"events": [body]})),
        variant("webhook", |body| json!({"webhook": body, "meta": {"a": 1}})),
        variant("text in body", |body| json!({"body": body.to_string()})),
        variant("text in data", |body| json!({"data": body.to_string()})),
        variant(
            "text in payload",
            |body| json!({"payload": body.to_string()}),
        ),
        variant("text", |body| json!(body.to_string())),
        variant("text in a list", |body| json!([body.to_string()])),
        variant(
            "base64 in body",
            |body| json!({"body": STANDARD.encode(body.to_string()), "isBase64Encoded": true}),
        ),
        variant("null and empty neighbours", |body| {
            json!([null, {}, [], "", body])
        }),
    ]
}

fn notations() -> Vec<Variant> {
    fn variant(
        name: &'static str,
        replace: impl Fn(&str, &Json) -> Option<Json> + 'static,
    ) -> Variant {
        (name, Box::new(move |body| replaced(body, "", &replace)))
    }
    fn bytes(name: &'static str, write: impl Fn([u8; 32]) -> Json + 'static) -> Variant {
        variant(name, move |name, value| {
            let bytes = is_one_of(name, HASHES).then(|| bytes32(value))?;
            bytes.map(&write)
        })
    }
    fn time(name: &'static str, write: impl Fn(i64) -> Json + 'static) -> Variant {
        variant(name, move |name, value| {
            let is_time = is_one_of(name, TIMES) && !value.is_string();
            let at = is_time.then(|| millis(value)).flatten()?;
            (at > 1_000_000_000_000).then(|| write(at))
        })
    }
    vec![
        bytes("keys in base64", |bytes| json!(STANDARD.encode(bytes))),
        bytes("keys in base64 for addresses", |bytes| {
            json!(URL_SAFE_NO_PAD.encode(bytes))
        }),
        bytes("keys as lists", |bytes| json!(bytes.to_vec())),
        bytes("keys as signed lists", |bytes| {
            json!(bytes.map(u8::cast_signed).to_vec())
        }),
        bytes("keys as objects", |bytes| {
            let fields = bytes.iter().enumerate();
            Json::Object(
                fields
                    .map(|(at, byte)| (at.to_string(), json!(byte)))
                    .collect(),
            )
        }),
        bytes(
            "keys as buffers",
            |bytes| json!({"type": "Buffer", "data": bytes.to_vec()}),
        ),
        bytes(
            "keys as buffers of base64",
            |bytes| json!({"type": "Buffer", "data": STANDARD.encode(bytes)}),
        ),
        time("seconds", |at| json!(at / 1_000)),
        time("milliseconds", |at| json!(at)),
        time("microseconds", |at| json!(at * 1_000)),
        time("seconds as texts", |at| json!((at / 1_000).to_string())),
        time("milliseconds as texts", |at| json!(at.to_string())),
        time("seconds as fractions", |at| json!(at as f64 / 1_000.0)),
        time("ISO 8601", |at| json!(rfc3339(at))),
        time("ISO 8601 with an offset", |at| {
            let local = rfc3339(at - 3 * 3_600_000);
            json!(local.replace('Z', "-03:00"))
        }),
        time("ISO 8601 in whole seconds", |at| {
            json!(format!("{}Z", &rfc3339(at)[..19]))
        }),
        time("times with a blank", |at| {
            json!(format!("{}+00:00", rfc3339(at)[..19].replace('T', " ")))
        }),
        time("protobuf", |at| json!({"seconds": at / 1_000, "nanos": 0})),
        time(
            "MongoDB",
            |at| json!({"$date": {"$numberLong": at.to_string()}}),
        ),
        time(
            "longs",
            |at| json!({"low": at / 1_000, "high": 0, "unsigned": true}),
        ),
        variant("numbers as texts", |name, value| {
            is_one_of(name, NUMBERS)
                .then(|| value.as_i64())
                .flatten()
                .map(|it| json!(it.to_string()))
        }),
        variant("numbers as fractions", |name, value| {
            is_one_of(name, NUMBERS)
                .then(|| value.as_i64())
                .flatten()
                .map(|it| json!(it as f64))
        }),
        variant("texts as numbers", |name, value| {
            let number = value.as_str().filter(|_| is_one_of(name, NUMBERS))?;
            number.parse::<i64>().ok().map(|it| json!(it))
        }),
        variant("switches as texts", |_, value| {
            value.as_bool().map(|it| json!(it.to_string()))
        }),
        variant("switches as numbers", |_, value| {
            value.as_bool().map(|it| json!(i32::from(it)))
        }),
        variant("whole bytes stay", |_, value| {
            is_bytes(value).then(|| value.clone())
        }),
        variant("digits are numbers", |name, value| {
            let digits = value.as_str().filter(|_| !is_one_of(name, WORDS))?;
            let is_plain = (1..=15).contains(&digits.len()) && !digits.starts_with(['0', '+']);
            digits
                .parse::<u64>()
                .ok()
                .filter(|_| is_plain)
                .map(|it| json!(it))
        }),
        variant("phones with a fraction", |name, value| {
            let digits = value
                .as_str()
                .filter(|_| is_one_of(name, &["phone", "from", "to"]))?;
            let digits = Some(digits).filter(|digits| !digits.starts_with('+'))?;
            digits.parse::<u64>().ok().map(|it| json!(it as f64))
        }),
        variant("empty texts are null", |_, value| {
            (value == "").then_some(Json::Null)
        }),
        variant("nulls are empty texts", |_, value| {
            value.is_null().then(|| json!(""))
        }),
    ]
}

fn objects_in_lists(body: &Json, names: &[&str]) -> Json {
    let mut body = body.clone();
    for name in names {
        if let Some(value) = body.get_mut(*name).filter(|value| value.is_object()) {
            *value = json!([value.clone()]);
        }
    }
    body
}

fn objects_in_texts(body: &Json, names: &[&str]) -> Json {
    let mut body = body.clone();
    for name in names {
        if let Some(value) = body.get_mut(*name).filter(|value| value.is_object()) {
            *value = json!(value.to_string());
        }
    }
    body
}

fn spellings() -> Vec<Variant> {
    fn variant(name: &'static str, rename: impl Fn(&str) -> String + 'static) -> Variant {
        (name, Box::new(move |body| renamed(body, &rename)))
    }
    fn capital(name: &str) -> String {
        let (first, rest) = name.split_at(name.chars().next().map_or(0, char::len_utf8));
        first.to_uppercase() + rest
    }
    const CONTENTS: &[&str] = &["data", "payload", "event", "message"];
    vec![
        variant("lower case", str::to_lowercase),
        variant("capitals", capital),
        (
            "contents in lists",
            Box::new(|body| objects_in_lists(body, CONTENTS)),
        ),
        (
            "contents in texts",
            Box::new(|body| objects_in_texts(body, CONTENTS)),
        ),
        variant("words with underscores", |name| {
            let is_one = |letter: char| letter.is_ascii_uppercase();
            let is_mixed =
                name.contains(is_one) && !name.starts_with(is_one) && !name.starts_with('$');
            let spaced = name.chars().flat_map(|letter| {
                let space = is_one(letter).then_some('_');
                space.into_iter().chain([letter.to_ascii_lowercase()])
            });
            if is_mixed {
                spaced.collect()
            } else {
                name.to_owned()
            }
        }),
        (
            "every object in a list",
            Box::new(|body| {
                let inner = replaced_inside(body, &|value| {
                    (value.is_object() && !is_bytes(value) && value.get("low").is_none())
                        .then(|| json!([value]))
                });
                if inner.is_array() {
                    inner[0].clone()
                } else {
                    inner
                }
            }),
        ),
        (
            "null fields",
            Box::new(|body| {
                let mut body = body.clone();
                add_nulls(&mut body);
                body
            }),
        ),
    ]
}

fn add_nulls(value: &mut Json) {
    match value {
        Json::Object(object) if !is_bytes(&Json::Object(object.clone())) => {
            object.values_mut().for_each(add_nulls);
            if !object.keys().all(|key| key.parse::<u32>().is_ok()) {
                let names = [
                    "caption",
                    "fileName",
                    "title",
                    "mediaUrl",
                    "base64",
                    "seconds",
                    "contextInfo",
                    "quoted",
                ];
                for name in names {
                    object.entry(name).or_insert(Json::Null);
                }
            }
        }
        Json::Array(items) => items.iter_mut().for_each(add_nulls),
        _ => {}
    }
}

#[test]
fn other_notations_of_the_same_facts_are_read_alike() {
    let variants: Vec<_> = wrappers()
        .into_iter()
        .chain(notations())
        .chain(spellings())
        .collect();
    each(|case| {
        let body = parse(&case.json()).map_err(|error| error.to_string())?;
        let mut wrong = Vec::new();
        for (name, vary) in &variants {
            let varied = vary(&body).to_string();
            let readings = case.gateway().read(varied.as_bytes());
            let compared = readings
                .map_err(|error| error.to_string())
                .and_then(|readings| compare(case, &readings));
            if let Err(difference) = compared {
                let shown: String = difference.chars().take(160).collect();
                wrong.push(format!("{name}: {shown}"));
            }
        }
        if wrong.is_empty() {
            Ok(())
        } else {
            Err(wrong.join("\n    "))
        }
    });
}

/// Also where the fields of an envelope have other types and names.
#[test]
fn other_notations_are_recognised_alike() {
    let variants: Vec<_> = notations().into_iter().chain(spellings()).collect();
    let wrappers = wrappers();
    each(|case| {
        let body = parse(&case.json()).map_err(|error| error.to_string())?;
        let gateway = case.gateway();
        let mut wrong = Vec::new();
        for (name, vary) in variants.iter().chain(&wrappers) {
            let varied = vary(&body).to_string();
            match gateway.read_from(varied.as_bytes(), &Headers::default()) {
                Ok(Reading::Own(_)) => {}
                other => wrong.push(format!("{name}: {other:?}")),
            }
            let found = source(varied.as_bytes());
            let is_right = |found| {
                found == DeliverySource::Gateway(gateway)
                    || matches!(found, DeliverySource::Gateway(found) if found.is_alike(gateway))
            };
            if !found.is_some_and(is_right) {
                wrong.push(format!("{name}: {found:?}"));
            }
        }
        if wrong.is_empty() {
            Ok(())
        } else {
            Err(wrong.join("\n    "))
        }
    });
}

/// Fields without which a message can still be read, by the gateways that describe files in a way of their own.
#[test]
fn a_field_that_is_missing_does_not_hide_a_file() {
    let nothing = [Json::Null, json!(""), json!([]), json!(true)];
    for (fixture_name, gateway, missing) in [
        ("gowa/image", Gateway::Gowa, "device_id"),
        ("gowa/image", Gateway::Gowa, "event"),
        ("gupshup/image", Gateway::Gupshup, "app"),
        ("gupshup/image", Gateway::Gupshup, "type"),
        ("quepasa/image", Gateway::Quepasa, "type"),
        ("quepasa/image", Gateway::Quepasa, "chat"),
        ("zapi/image-lid", Gateway::Zapi, "type"),
        ("evolution/image-lid", Gateway::Evolution, "event"),
        ("evolution/image-lid", Gateway::Evolution, "instance"),
        ("meta/image", Gateway::Meta, "object"),
    ] {
        for value in &nothing {
            let mut body = fixture(fixture_name);
            assert!(body.get(missing).is_some(), "{fixture_name} {missing}");
            body[missing] = value.clone();
            let readings = gateway.read(body.to_string().as_bytes()).unwrap();
            let is_found =
                |reading: &ParsedDelivery| reading.media.len() == 1 || reading.is_unread();
            assert!(
                readings.iter().any(is_found),
                "{fixture_name} without {missing}: {readings:?}"
            );
        }
    }
}

/// An event of an unknown name with a file is kept for a later version.
#[test]
fn an_unknown_event_with_a_file_is_kept() {
    for (fixture_name, gateway, name) in [
        ("gowa/image", Gateway::Gowa, "event"),
        ("gupshup/image", Gateway::Gupshup, "type"),
    ] {
        for (event, is_kept) in [("message.new", true), ("message.reaction", false)] {
            let mut body = fixture(fixture_name);
            body[name] = json!(event);
            let readings = gateway.read(body.to_string().as_bytes()).unwrap();
            assert_eq!(readings[0].is_unread(), is_kept, "{fixture_name} {event}");
        }
    }
}
