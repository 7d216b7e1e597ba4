//! Every case of `tests/fixtures/gateways`: the reading, the recognition and the signature of a delivery. The cases were
//! written after documentation and source of the gateways, none after a live account.

mod copies;
mod defects;
mod histories;
mod lists;
mod news;
mod shapes;
mod signatures;
mod variants;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value as Json, json};

use super::signature::{Headers, Verifier};
use super::*;
use crate::clock::millis_of;

const FIXTURES: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../midiateca/tests/fixtures/gateways"
);

struct Case {
    name: String,
    body: Vec<u8>,
    content_type: Option<String>,
    headers: Headers,
    expected: Json,
}

impl Case {
    fn gateway(&self) -> Gateway {
        let name = self.expected["gateway"].as_str().unwrap();
        Gateway::parse(name).unwrap_or_else(|| panic!("{name}"))
    }

    /// The body as JSON, as the HTTP server makes it of forms and multipart bodies.
    fn json(&self) -> Vec<u8> {
        let content_type = self.content_type.as_deref().unwrap_or_default();
        multipart::boundary(content_type)
            .and_then(|boundary| multipart::to_json(&boundary, &self.body))
            .unwrap_or_else(|| self.body.clone())
    }
}

fn cases() -> Vec<Case> {
    let mut found = Vec::new();
    let mut folders: Vec<PathBuf> = fs::read_dir(FIXTURES)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_dir())
        .collect();
    folders.sort();
    for folder in folders {
        let mut files: Vec<_> = fs::read_dir(&folder)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .collect();
        files.sort();
        for file in files {
            let name = file.file_name().unwrap().to_str().unwrap();
            if let Some(case) = name.strip_suffix(".expected.json") {
                found.push(case_of(&folder, case));
            }
        }
    }
    assert!(found.len() >= 144, "only {} cases", found.len());
    found
}

fn case_of(folder: &Path, case: &str) -> Case {
    let read = |extension: &str| fs::read(folder.join(format!("{case}.{extension}"))).ok();
    let (kind, body) = [
        ("json", "application/json"),
        ("form", "application/x-www-form-urlencoded"),
        ("multipart", "multipart/form-data"),
    ]
    .into_iter()
    .find_map(|(extension, kind)| Some((kind, read(extension)?)))
    .unwrap();
    let headers = read("headers").unwrap_or_default();
    let headers = String::from_utf8(headers).unwrap();
    let headers = headers.lines().filter_map(|line| line.split_once(':'));
    let headers: Vec<_> = headers
        .map(|(name, value)| (name.trim(), value.trim()))
        .collect();
    let typed = headers
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case("content-type"));
    Case {
        name: format!("{}/{case}", folder.file_name().unwrap().display()),
        content_type: Some(typed.map_or(kind, |(_, value)| value).to_owned()),
        headers: Headers::new(
            headers
                .iter()
                .map(|(name, value)| (*name, value.as_bytes())),
        ),
        expected: serde_json::from_slice(&read("expected.json").unwrap()).unwrap(),
        body,
    }
}

fn routes_of(gateway: Gateway, message: &Message, found: &FoundMedia) -> Vec<&'static str> {
    let request = FileRequest::of(&message.id, message.origin.chat.as_ref(), found);
    let access = Access {
        instance: "i",
        token: "t",
        secret: None,
    };
    let is_possible = |route: &Route| match route {
        Route::Inline => found.inline.is_some(),
        Route::Cdn => {
            found.media_key.is_some() && found.direct_path.is_some() || found.static_url.is_some()
        }
        Route::Link => found.link.is_some(),
        Route::Gateway => gateway.file_call(access, &request).is_some(),
        Route::Reupload => gateway.reupload_call(access, &request).is_some(),
    };
    let routes = gateway.routes().iter().filter(|route| is_possible(route));
    routes.map(|route| route.as_str()).collect()
}

fn media_of(gateway: Gateway, message: &Message, found: &FoundMedia) -> Json {
    json!({
        "kind": found.kind.as_str(),
        "mime_declared": found.mime,
        "file_name": found.file_name,
        "caption": found.caption,
        "seconds": found.seconds.filter(|seconds| *seconds > 0),
        "voice_note": found.voice_note,
        "routes": routes_of(gateway, message, found),
        "file_length": found.length_bytes,
    })
}

fn message_of(message: &Message) -> Json {
    json!({
        "message_id": Some(&message.id).filter(|id| !id.is_empty()),
        "chat_id": message.origin.chat.as_ref().map(ChatId::as_str),
        "sender_id": message.origin.sender.id,
        "from_me": message.origin.from_me,
        "is_group": message.origin.is_group,
    })
}

/// The reading in the form of the expectation, or a description of the first difference.
fn compare(case: &Case, readings: &[ParsedDelivery]) -> Result<(), String> {
    let (gateway, expected) = (case.gateway(), &case.expected);
    match expected["family"].as_str().unwrap() {
        "media" => {}
        "connection" => {
            let connected = expected["connected"].as_bool().unwrap();
            let wanted = DeliveryContent::Connection { connected };
            return match readings {
                [one] if one.content == wanted => Ok(()),
                other => Err(format!("{other:?}")),
            };
        }
        _ => {
            let is_nothing = |one: &ParsedDelivery| {
                one.media.is_empty()
                    && matches!(
                        one.content,
                        DeliveryContent::Nothing(_) | DeliveryContent::Notice(_)
                    )
            };
            return if readings.iter().all(is_nothing) {
                Ok(())
            } else {
                Err(format!("{readings:?}"))
            };
        }
    }
    let wanted = match expected.get("messages") {
        Some(Json::Array(messages)) => messages.clone(),
        _ => vec![expected.clone()],
    };
    if wanted.len() != readings.len() {
        return Err(format!("{} messages: {readings:?}", readings.len()));
    }
    for (wanted, reading) in wanted.iter().zip(readings) {
        let message = message_of(&reading.message);
        for (name, value) in message.as_object().unwrap() {
            if wanted[name] != *value {
                return Err(format!("{name}: {value} in place of {}", wanted[name]));
            }
        }
        let at = wanted["sent_at"].as_str().and_then(millis_of);
        let differ = match (at, reading.message.sent_at) {
            (Some(a), Some(b)) => (a - b).abs() > 1_000,
            (a, b) => a.is_some() || b.is_some(),
        };
        if differ {
            return Err(format!("{:?} in place of {at:?}", reading.message.sent_at));
        }
        let wanted_media = wanted["media"].as_array().unwrap();
        if let DeliveryContent::Link(_) = &reading.content {
            if wanted_media[0]["routes"] != json!(["link"]) {
                return Err("a late link".to_owned());
            }
            continue;
        }
        let media = reading.media.iter();
        let media: Vec<_> = media
            .map(|found| media_of(gateway, &reading.message, found))
            .collect();
        for (wanted, found) in wanted_media.iter().zip(&media) {
            for (name, value) in found.as_object().unwrap() {
                let wanted = wanted.get(name).unwrap_or(&Json::Null);
                if wanted != value {
                    return Err(format!("{name}: {value} in place of {wanted}"));
                }
            }
        }
        if wanted_media.len() != media.len() {
            return Err(format!("{} media: {media:?}", media.len()));
        }
    }
    Ok(())
}

/// Runs a check on every case, and lists all that differ.
fn each(check: impl Fn(&Case) -> Result<(), String>) {
    let wrong: Vec<_> = cases()
        .iter()
        .filter_map(|case| Some(format!("{}: {}", case.name, check(case).err()?)))
        .collect();
    assert!(
        wrong.is_empty(),
        "{} differ:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

#[test]
fn every_delivery_is_read() {
    each(|case| {
        let readings = case.gateway().read(&case.json());
        compare(case, &readings.map_err(|error| error.to_string())?)
    });
}

#[test]
fn every_delivery_is_read_inside_the_envelope_of_an_automation() {
    each(|case| {
        let Ok(body) = serde_json::from_slice::<Json>(&case.json()) else {
            return Ok(());
        };
        let wrapped = json!([{"headers": {}, "params": {}, "query": {}, "body": body}]);
        let readings = case.gateway().read(wrapped.to_string().as_bytes());
        compare(case, &readings.map_err(|error| error.to_string())?)
    });
}

#[test]
fn the_gateway_is_recognised_with_all_headers_and_with_none() {
    each(|case| {
        let Ok(body) = parse(&case.json()) else {
            return Err("no JSON".to_owned());
        };
        let wanted = case.expected["also"]["recognised_as"].as_str();
        let wanted = wanted.and_then(Gateway::parse).unwrap_or(case.gateway());
        for headers in [&case.headers, &Headers::default()] {
            let found = recognise(headers, &body);
            if found != Some(DeliverySource::Gateway(wanted)) {
                return Err(format!("{found:?}"));
            }
        }
        Ok(())
    });
}

/// Everywhere but at Meta's partners, which look like Meta.
#[test]
fn a_delivery_is_recognised_at_the_address_of_every_other_gateway() {
    each(|case| {
        let body = case.json();
        let json: Json = parse(&body).map_err(|error| error.to_string())?;
        let wrapped = json!([{"headers": {}, "query": {}, "body": json}]).to_string();
        let quoted = json!({"body": json.to_string()}).to_string();
        let bodies = [body, wrapped.into_bytes(), quoted.into_bytes()];
        let is_of_meta = |gateway| matches!(gateway, Gateway::Meta | Gateway::Dialog360);
        for gateway in Gateway::ALL {
            let is_own =
                gateway == case.gateway() || is_of_meta(gateway) && is_of_meta(case.gateway());
            for (number, body) in bodies.iter().enumerate() {
                for headers in [&case.headers, &Headers::default()] {
                    let reading = gateway.read_from(body, headers);
                    let is_right = match &reading {
                        Ok(Reading::Own(_)) => is_own,
                        Ok(Reading::Other(DeliverySource::Gateway(source))) => {
                            let is_same = *source == case.gateway();
                            !is_own
                                && (is_same || is_of_meta(*source) && is_of_meta(case.gateway()))
                        }
                        _ => false,
                    };
                    if !is_right {
                        return Err(format!("{} ({number}): {reading:?}", gateway.as_str()));
                    }
                }
            }
        }
        Ok(())
    });
}

fn verdict(
    case: &Case,
    secret: &[u8],
    body: &[u8],
    headers: &Headers,
) -> Result<(), signature::Refusal> {
    let auth = &case.expected["auth"];
    let url = auth["url"]
        .as_str()
        .unwrap_or("https://acervo.example/hooks/x/y");
    let now = auth["now"].as_str().and_then(millis_of).unwrap_or(0);
    let mut verifier = Verifier::new(case.gateway().signature(), secret, headers, &[url], now);
    for piece in body.chunks(7) {
        verifier.update(piece);
    }
    verifier.finish()
}

#[test]
fn every_signature_is_accepted_or_refused_as_it_should_be() {
    let mut schemes = BTreeSet::new();
    let signed: Vec<_> = cases()
        .into_iter()
        .filter(|case| case.expected["auth"].is_object())
        .collect();
    for case in &signed {
        let auth = &case.expected["auth"];
        let secret = auth["secret"].as_str().unwrap().as_bytes();
        schemes.insert(auth["scheme"].as_str().unwrap());
        let wanted = auth["verdict"] == "accept";
        let given = verdict(case, secret, &signed_bytes(case), &case.headers);
        assert_eq!(given.is_ok(), wanted, "{}: {given:?}", case.name);
        let body = signed_bytes(case);
        // Without its headers, with another secret, or cut off, none is accepted.
        let unsigned = verdict(case, secret, &body, &Headers::default());
        assert_eq!(unsigned, Err(signature::Refusal::Unsigned), "{}", case.name);
        for other in [&b""[..], b"x", &secret[1..]] {
            assert!(
                verdict(case, other, &body, &case.headers).is_err(),
                "{}",
                case.name
            );
        }
        let covers_body = !matches!(case.gateway().signature(), Signature::SecretInHeader);
        let cut = verdict(case, secret, &body[..body.len() - 1], &case.headers);
        assert!(!covers_body || cut.is_err(), "{}", case.name);
    }
    assert!(schemes.len() >= 7, "{schemes:?}");
}

/// The signed bytes: the raw body, except for multipart bodies.
fn signed_bytes(case: &Case) -> Vec<u8> {
    let content_type = case.content_type.as_deref().unwrap_or_default();
    match multipart::boundary(content_type) {
        Some(boundary) => multipart::signed_fields(&boundary, &case.body).unwrap(),
        None => case.body.clone(),
    }
}

#[test]
fn a_chatwoot_webhook_is_recognised_as_a_hub() {
    let body = json!({"event": "message_created", "id": 1, "account": {"id": 1}, "conversation": {"id": 2},
        "attachments": [{"file_type": "image", "data_url": "https://chat.example/a"}]});
    assert_eq!(
        recognise(&Headers::default(), &body),
        Some(DeliverySource::Chatwoot)
    );
    let conversation = json!({"event": "conversation_updated", "id": 2, "inbox_id": 1, "contact_inbox": {"id": 3}, "messages": []});
    assert_eq!(
        recognise(&Headers::default(), &conversation),
        Some(DeliverySource::Chatwoot)
    );
    assert_eq!(recognise(&Headers::default(), &json!({"a": 1})), None);
    assert_eq!(recognise(&Headers::default(), &json!([])), None);
}

#[test]
fn a_token_goes_to_paths_of_files_only() {
    let access = Access {
        instance: "i",
        token: "t",
        secret: None,
    };
    let base = url::Url::parse("https://api.example").unwrap();
    for (gateway, path, is_sent) in [
        (Gateway::Waha, "/api/files/a/b.jpeg", true),
        (Gateway::Waha, "/api/sessions/a", false),
        (Gateway::Waha, "/api/sessions/a?x=/api/files/", false),
        (Gateway::Waha, "/api/sessions/api/files/a", false),
        (Gateway::Waha, "/api/files/..%2fsessions/a", false),
        (Gateway::Waha, "/api/files/../sessions/a", false),
        (
            Gateway::Twilio,
            "/2010-04-01/Accounts/A/Messages/M/Media/E",
            true,
        ),
        (Gateway::Twilio, "/2010-04-01/Accounts/A/Calls.json", false),
        (Gateway::Twilio, "/2010-04-01/Accounts/A/Media/E", false),
        (Gateway::Twilio, "/v1/Services/I/Media/E/Content", true),
        (Gateway::Twilio, "/v1/Services/I/Users", false),
        (Gateway::Gupshup, "/wa/a/wa/media/1?download=false", true),
        (Gateway::Gupshup, "/fm/wamedia/a/1", true),
        (Gateway::Gupshup, "/sm/api/v1/msg", false),
        (Gateway::Quepasa, "/download/a", true),
        (Gateway::Quepasa, "/webhook", false),
        (Gateway::Quepasa, "/webhook/download/a", false),
        (Gateway::Dialog360, "/whatsapp_business/attachments/", true),
        (Gateway::Dialog360, "/v1/configs/webhook", false),
    ] {
        let url = base.join(path).unwrap();
        let headers = gateway.file_headers(access, &url, &base);
        assert_eq!(!headers.is_empty(), is_sent, "{} {path}", gateway.as_str());
        assert_eq!(gateway.is_file_path(&url, &base), is_sent);
    }
    // Their files are at other hosts.
    for (gateway, link, is_sent) in [
        (
            Gateway::Gupshup,
            "https://filemanager.gupshup.io/wa/a/wa/media/1",
            true,
        ),
        (
            Gateway::Gupshup,
            "http://filemanager.gupshup.io/wa/a/wa/media/1",
            true,
        ),
        (
            Gateway::Gupshup,
            "https://filemanager.gupshup.io.example/wa/a",
            false,
        ),
        (Gateway::Gupshup, "https://api.gupshup.io/wa/a", false),
        (
            Gateway::Twilio,
            "https://mcs.us1.twilio.com/v1/Services/I/Media/E/Content",
            true,
        ),
        (
            Gateway::Twilio,
            "https://mcs.us1.twilio.com/v1/Services",
            false,
        ),
        (
            Gateway::Twilio,
            "https://mcs.us1.twilio.example/v1/Services/I/Media/E/Content",
            false,
        ),
    ] {
        let url = gateway.file_url(link, &base).unwrap();
        let headers = gateway.file_headers(access, &url, &base);
        assert_eq!(!headers.is_empty(), is_sent, "{link}");
        assert!(!is_sent || url.scheme() == "https");
    }
    let link = "https://mcs.us1.twilio.com/v1/Services/I/Media/E/Content";
    for (api, host) in [
        ("https://api.twilio.com", "mcs.us1.twilio.com"),
        ("https://api.dublin.ie1.twilio.com", "mcs.ie1.twilio.com"),
        ("https://api.au1.twilio.com", "mcs.au1.twilio.com"),
        ("https://proxy.example", "mcs.us1.twilio.com"),
    ] {
        let base = url::Url::parse(api).unwrap();
        let url = Gateway::Twilio.file_url(link, &base).unwrap();
        assert_eq!(url.host_str(), Some(host), "{api}");
    }
}
