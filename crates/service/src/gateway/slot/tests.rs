//! The calls and answers of `tests/fixtures/gateways/*/api.json`.

use std::fs;

use super::super::{Access, Call, CallMethod, Gateway};
use super::*;

const FOLDER: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../midiateca/tests/fixtures/gateways"
);
/// The address in the fixtures, with this gateway's name and a token in it.
const ADDRESS: &str = "https://acervo.example/hooks/{gateway}/{token}";
const HOOK: &str = "Qk9yc2FkZXRlc3RlcGFyYW9lbmRlcmVjb2RvaG9vazE";
const SECRET: &str = "segredo-de-teste-com-32-caracteres";

fn api(gateway: Gateway) -> Json {
    let path = format!("{FOLDER}/{}/api.json", gateway.as_str());
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

fn address(gateway: Gateway) -> String {
    format!("https://acervo.example/hooks/{}/{HOOK}", gateway.as_str())
}

fn access(gateway: Gateway, secret: Option<&'static str>) -> Access<'static> {
    let token = match gateway {
        Gateway::Zapi | Gateway::EvolutionGo => "ficha:da-conta",
        _ => "ficha",
    };
    Access {
        instance: if gateway == Gateway::Twilio {
            "XE0"
        } else {
            "loja"
        },
        token,
        secret,
    }
}

/// A text of the fixtures with its placeholders filled.
fn filled(gateway: Gateway, text: &str) -> String {
    let mut text = text
        .replace(ADDRESS, &address(gateway))
        .replace("<32 characters or more>", SECRET);
    for (placeholder, value) in [
        ("{account token}", "da-conta"),
        ("{global key}", "da-conta"),
        ("{secret}", SECRET),
        ("{verify}", HOOK),
        ("{key}", "ficha"),
        ("{token}", "ficha"),
        ("{instance}", "loja"),
        ("{session}", "loja"),
        ("{device}", "loja"),
        ("{phone-number-id}", "loja"),
        ("{id}", "loja"),
        ("{XE…}", "XE0"),
    ] {
        text = text.replace(placeholder, value);
    }
    text
}

fn filled_json(gateway: Gateway, json: &Json) -> Json {
    serde_json::from_str(&filled(gateway, &json.to_string())).unwrap()
}

fn method(call: &Call) -> &'static str {
    match call.method {
        CallMethod::Get => "GET",
        CallMethod::Post => "POST",
        CallMethod::Put => "PUT",
        CallMethod::Patch => "PATCH",
        CallMethod::Delete => "DELETE",
    }
}

/// How a call differs from the fixture's.
fn difference(gateway: Gateway, call: &Call, wanted: &Json) -> Option<String> {
    let base = url::Url::parse(gateway.default_api_base());
    let admin = base.map_or_else(
        |_| String::new(),
        |base| gateway.admin_base(&base).origin().ascii_serialization(),
    );
    // Only an address of its own is written out.
    let is_whole = wanted["path"].as_str().unwrap().starts_with("https://");
    let host = if is_whole { admin } else { String::new() };
    let named = format!("{} {host}/{}", method(call), call.path);
    let path = filled(gateway, wanted["path"].as_str().unwrap());
    let expected = format!("{} {path}", wanted["method"].as_str().unwrap());
    if named != expected {
        return Some(format!("{named} in place of {expected}"));
    }
    for (name, value) in wanted["headers"].as_object().into_iter().flatten() {
        let value = filled(gateway, value.as_str().unwrap());
        let has = call
            .headers
            .iter()
            .any(|(known, has)| known.eq_ignore_ascii_case(name) && *has == value);
        if !has {
            return Some(format!("header {name}"));
        }
    }
    let mut body = filled_json(gateway, &wanted["body"]);
    if let Some(config) = body.get_mut("config").and_then(Json::as_object_mut) {
        config.remove("…");
    }
    let built = call.body.clone().unwrap_or(Json::Null);
    (built != body).then(|| format!("{built} in place of {body}"))
}

fn same(gateway: Gateway, call: &Call, fixtures: &Json) {
    let fixtures = fixtures.as_array().unwrap();
    let differences: Option<Vec<_>> = fixtures
        .iter()
        .map(|wanted| difference(gateway, call, wanted))
        .collect();
    if let Some(differences) = differences {
        panic!("{gateway:?}: {differences:?}");
    }
}

fn is_own(address: &str) -> bool {
    address.starts_with("https://acervo.example/")
}

/// The gateways whose webhooks can be set.
fn with_slots() -> impl Iterator<Item = Gateway> {
    let all = Gateway::ALL.iter().copied();
    all.filter(|gateway| *gateway != Gateway::Wapi && !gateway.slots().is_empty())
}

#[test]
fn the_calls_are_those_of_the_fixtures() {
    let mut count = 0;
    for gateway in with_slots() {
        let (api, access) = (api(gateway), access(gateway, Some(SECRET)));
        let address = address(gateway);
        let wanted = Wanted {
            address: &address,
            setting: None,
            current: &Json::Null,
            is_own: &is_own,
        };
        for call in gateway.slot_calls(&gateway.slots()[0], access, &wanted) {
            same(gateway, &call, &api["set"]);
            count += 1;
        }
        let reading = gateway.slots_call(access);
        if let Some(call) = &reading {
            same(gateway, call, &api["read_back"]);
        }
        assert_eq!(reading.is_none(), api["read_back"] == json!([]));
        match gateway.session_call(access) {
            Some(call) => same(gateway, &call, &api["session"]),
            None if api["session"] == json!([]) => {}
            None => same(gateway, &reading.unwrap(), &api["session"]),
        }
    }
    assert_eq!(count, 13);
}

#[test]
fn the_answers_of_the_fixtures_are_read() {
    for (gateway, lacks) in [
        (
            Gateway::Evolution,
            &[
                "MESSAGES_SET",
                "MESSAGES_EDITED",
                "CONNECTION_UPDATE",
                "headers.authorization",
            ][..],
        ),
        (Gateway::EvolutionGo, &[]),
        (Gateway::Zapi, &[]),
        (Gateway::Uazapi, &["messages_update", "connection"]),
        (Gateway::Meta, &[]),
        (Gateway::Dialog360, &[]),
        (Gateway::Waha, &["message.edited"]),
        (
            Gateway::Wuzapi,
            &["Disconnected", "LoggedOut", "HistorySync"],
        ),
        (Gateway::Gowa, &["message.edited"]),
        (Gateway::Quepasa, &[]),
        (Gateway::Twilio, &[]),
    ] {
        let api = api(gateway);
        let answers = api["read_back"].as_array().unwrap();
        // Meta's account has a webhook, too; that of the number decides.
        let answer = filled_json(gateway, &answers.last().unwrap()["answer"]["body"]);
        let [content] = &gateway.read_slot(&gateway.slots()[0], &answer, true)[..] else {
            panic!("{gateway:?}");
        };
        assert_eq!(content.address, address(gateway), "{gateway:?}");
        assert!(!content.is_off, "{gateway:?}");
        assert_eq!(content.lacks, lacks, "{gateway:?}");
        assert!(gateway.describes_instance(&answer));
        assert_eq!(gateway.refusal(&answer), None, "{gateway:?}");
        for nothing in [
            Json::Null,
            json!({}),
            json!([]),
            json!({"data": null, "results": ""}),
        ] {
            let read = gateway.read_slot(&gateway.slots()[0], &nothing, true);
            assert_eq!(read, [], "{gateway:?} {nothing}");
        }
    }
    let mut count = 0;
    for gateway in with_slots() {
        for case in api(gateway)["session"].as_array().unwrap() {
            let answer = filled_json(gateway, &case["answer"]["body"]);
            let session = gateway.read_session(&answer);
            assert_eq!(session.connected, Some(true), "{gateway:?}");
            assert!(session.has_number, "{gateway:?}");
            assert_eq!(gateway.refusal(&answer), None, "{gateway:?}");
            count += 1;
        }
        assert_eq!(gateway.read_session(&json!({})).connected, None);
    }
    assert_eq!(count, 9);
}

/// The slots as the gateway shows them after the call, as far as the names of the fields differ.
#[test]
fn a_setting_is_restored_as_it_was() {
    let other = "https://crm.example/hook";
    for (gateway, answer, restored) in [
        (
            Gateway::Evolution,
            json!({"url": other, "enabled": true, "events": ["CALL"], "webhookByEvents": true, "webhookBase64": true, "headers": {"x": "y"}}),
            json!({"webhook": {"url": other, "enabled": true, "events": ["CALL"], "byEvents": true, "base64": true, "headers": {"x": "y"}}}),
        ),
        (
            Gateway::EvolutionGo,
            json!({"data": {"webhook": other, "events": "MESSAGE,CALL"}}),
            json!({"webhookUrl": other, "subscribe": ["MESSAGE", "CALL"], "immediate": true}),
        ),
        (
            Gateway::Zapi,
            json!({"receivedCallbackUrl": other, "receiveCallbackSentByMe": false, "deliveryCallbackUrl": other}),
            json!({"value": other, "notifySentByMe": false}),
        ),
        (
            Gateway::Uazapi,
            json!([{"id": "r", "url": other, "enabled": false, "events": ["calls"], "excludeMessages": ["wasSentByApi"]}]),
            json!({"url": other, "enabled": false, "events": ["calls"], "excludeMessages": ["wasSentByApi"]}),
        ),
        (
            Gateway::Wuzapi,
            json!({"data": {"webhook": other, "subscribe": ["All"]}}),
            json!({"webhookurl": other, "events": ["All"]}),
        ),
        (
            Gateway::Gowa,
            json!({"results": {"webhook_url": other, "webhook_secret": "x", "webhook_events": ["message"]}}),
            json!({"webhook_url": other, "webhook_secret": "x", "webhook_events": ["message"]}),
        ),
        (
            Gateway::Twilio,
            json!({"sid": "XE0", "webhook": {"callback_url": other, "callback_method": "GET", "status_callback_url": other}}),
            json!({"webhook": {"callback_url": other, "callback_method": "GET", "status_callback_url": other}}),
        ),
    ] {
        let slot = &gateway.slots()[0];
        let [content] = &gateway.read_slot(slot, &answer, false)[..] else {
            panic!("{gateway:?}");
        };
        let wanted = Wanted {
            address: &content.address,
            setting: Some(&content.setting),
            current: &Json::Null,
            is_own: &is_own,
        };
        // Nothing of this server's secret goes to another's address.
        let calls = gateway.slot_calls(slot, access(gateway, Some(SECRET)), &wanted);
        assert_eq!(calls[0].body.as_ref(), Some(&restored), "{gateway:?}");
        let mut others = calls.iter().skip(1);
        assert!(
            others.all(|call| call.path.contains("update-webhook-")),
            "{gateway:?}"
        );
    }
}

#[test]
fn slots_that_are_off_or_lack_a_secret_are_recognised() {
    let read = |gateway: Gateway, answer: Json| {
        let mut content = gateway.read_slot(&gateway.slots()[0], &answer, true);
        content.remove(0)
    };
    let off = read(
        Gateway::Evolution,
        json!({"url": "https://a.example", "enabled": false}),
    );
    assert!(off.is_off);
    assert_eq!(off.lacks, ["headers.authorization"]);
    assert!(read(Gateway::Uazapi, json!({"url": "https://a.example"})).is_off);
    let unsigned = json!({"config": {"webhooks": [{"url": "https://a.example", "events": ["*"]}]}});
    assert_eq!(read(Gateway::Waha, unsigned).lacks, ["hmac.key"]);
    let quiet = json!({"webhooks": [{"url": "https://a.example"}]});
    assert_eq!(read(Gateway::Quepasa, quiet).lacks, ["forwardinternal"]);
    let received = json!({"receivedCallbackUrl": "https://a.example"});
    let lacks = [
        "notifySentByMe",
        "connectedCallbackUrl",
        "disconnectedCallbackUrl",
    ];
    assert_eq!(read(Gateway::Zapi, received).lacks, lacks);
}

/// A shared slot keeps the webhooks of others, and one of this server.
#[test]
fn webhooks_of_others_stay() {
    let (crm, old) = (
        "https://crm.example/hook",
        "https://acervo.example/hooks/waha/old",
    );
    let new = address(Gateway::Waha);
    let current = json!({
        "name": "loja",
        "config": {
            "proxy": null,
            "ignore": {"groups": true},
            "webhooks": [{"url": crm, "events": ["message"]}, {"url": old, "events": ["message"]}],
        },
    });
    for (address, urls) in [(&new[..], vec![crm, &new[..]]), ("", vec![crm])] {
        let wanted = Wanted {
            address,
            setting: None,
            current: &current,
            is_own: &is_own,
        };
        let slot = &Gateway::Waha.slots()[0];
        let calls = Gateway::Waha.slot_calls(slot, access(Gateway::Waha, None), &wanted);
        let config = &calls[0].body.as_ref().unwrap()["config"];
        let webhooks = config["webhooks"].as_array().unwrap();
        let found: Vec<_> = webhooks
            .iter()
            .map(|one| one["url"].as_str().unwrap())
            .collect();
        assert_eq!(found, urls);
        assert_eq!(webhooks[0], current["config"]["webhooks"][0]);
        assert_eq!(config["ignore"], json!({"groups": true}));
        assert_eq!(config.get("proxy"), Some(&Json::Null));
    }
    let current = json!({"webhooks": [{"url": crm}, {"url": old}]});
    let wanted = Wanted {
        address: &new,
        setting: None,
        current: &current,
        is_own: &is_own,
    };
    let slot = &Gateway::Quepasa.slots()[0];
    let calls = Gateway::Quepasa.slot_calls(slot, access(Gateway::Quepasa, None), &wanted);
    let made: Vec<_> = calls
        .iter()
        .map(|call| (method(call), &call.body.as_ref().unwrap()["url"]))
        .collect();
    assert_eq!(made, [("POST", &json!(new)), ("DELETE", &json!(old))]);
}

/// Only the sender's SID leads to its setting, at a host of its own; another base stays as it is.
#[test]
fn a_sender_of_twilio_is_named_by_its_sid() {
    let named = |instance| Access {
        instance,
        token: "AC1:ficha",
        secret: None,
    };
    assert!(Gateway::Twilio.slots_call(named("loja")).is_none());
    assert!(Gateway::Twilio.slots_call(named("XE0")).is_some());
    for (base, admin) in [
        ("https://api.twilio.com/", "https://messaging.twilio.com/"),
        (
            "https://api.ie1.twilio.com/",
            "https://messaging.ie1.twilio.com/",
        ),
        ("https://api.example.com/", "https://api.example.com/"),
        ("https://api.eviltwilio.com/", "https://api.eviltwilio.com/"),
        ("http://127.0.0.1:9/", "http://127.0.0.1:9/"),
    ] {
        let base = url::Url::parse(base).unwrap();
        assert_eq!(Gateway::Twilio.admin_base(&base).as_str(), admin);
    }
    // States of messages go on to where they went.
    let current = json!({"webhook": {"callback_url": "https://crm.example/in", "callback_method": "GET", "status_callback_url": "https://crm.example/states"}});
    let new = address(Gateway::Twilio);
    let wanted = Wanted {
        address: &new,
        setting: None,
        current: &current,
        is_own: &is_own,
    };
    let slot = &Gateway::Twilio.slots()[0];
    let calls = Gateway::Twilio.slot_calls(slot, named("XE0"), &wanted);
    let webhook = &calls[0].body.as_ref().unwrap()["webhook"];
    assert_eq!(webhook["status_callback_url"], "https://crm.example/states");
    assert_eq!(
        [&webhook["callback_url"], &webhook["callback_method"]],
        [&json!(new), &json!("POST")]
    );
    let read = Gateway::Twilio.read_slot(slot, &current, false);
    assert_eq!(read[0].lacks, ["callback_method"]);
    for (status, connected) in [
        ("ONLINE", true),
        ("ONLINE:UPDATING", true),
        ("OFFLINE", false),
    ] {
        let session = Gateway::Twilio.read_session(&json!({"sid": "XE0", "status": status}));
        assert_eq!(session.connected, Some(connected), "{status}");
    }
}
