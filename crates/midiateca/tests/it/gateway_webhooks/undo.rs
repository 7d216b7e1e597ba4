//! `instance configure-webhooks --undo`: every gateway gets back the setting that it had.

use std::sync::Mutex;

use serde_json::{Value, json};

use super::{Api, Desk, SECRET, THEIRS, checks};
use crate::commands::{stderr, stdout};

fn uazapi() -> Api {
    Api {
        respond: |settings, call, body| {
            match call {
                ("GET", "/webhook") => {}
                ("POST", "/webhook") => *settings = json!([body]),
                ("GET", "/instance/status") => {
                    return Some(json!({
                        "instance": {"status": "connected"},
                        "status": {"connected": true, "loggedIn": true},
                    }));
                }
                _ => return None,
            }
            Some(settings.clone())
        },
        key: ("token", &["gateway-token"]),
        settings: Mutex::new(json!([{
            "enabled": true,
            "url": THEIRS,
            "events": ["messages"],
            "excludeMessages": ["isGroupYes"],
            "addUrlEvents": true,
            "addUrlTypesMessages": false,
        }])),
    }
}

/// Its key to sign with cannot be read back, only whether there is one.
fn wuzapi() -> Api {
    Api {
        respond: |settings, call, body| {
            let data = match call {
                ("GET", "/webhook") => settings["webhook"].clone(),
                ("POST", "/webhook") => {
                    settings["webhook"] =
                        json!({"webhook": body["webhookurl"], "subscribe": body["events"]});
                    Value::Null
                }
                ("POST", "/session/hmac/config") => {
                    settings["key"] = body["hmac_key"].clone();
                    Value::Null
                }
                ("GET", "/session/status") => json!({
                    "connected": true,
                    "loggedIn": true,
                    "hmac_configured": settings["key"].is_string(),
                }),
                _ => return None,
            };
            Some(json!({"code": 200, "data": data, "success": true}))
        },
        key: ("token", &["gateway-token"]),
        settings: Mutex::new(json!({"webhook": {"webhook": THEIRS, "subscribe": ["Call"]}})),
    }
}

/// Its settings are read with the key of the whole gateway.
fn evolution_go() -> Api {
    Api {
        respond: |settings, call, body| {
            match call {
                ("GET", "/instance/info/loja") => {}
                ("GET", "/instance/status") => {
                    return Some(json!({"data": {"Connected": true, "LoggedIn": true}}));
                }
                ("POST", "/instance/connect") => {
                    let events = body["subscribe"].as_array().unwrap();
                    let events: Vec<_> = events.iter().map(|name| name.as_str().unwrap()).collect();
                    settings["data"] =
                        json!({"webhook": body["webhookUrl"], "events": events.join(",")});
                }
                _ => return None,
            }
            Some(settings.clone())
        },
        key: ("apikey", &["gateway-token", "of-all"]),
        settings: Mutex::new(json!({"data": {"webhook": THEIRS, "events": "CALL,MESSAGE"}})),
    }
}

/// One call sets all addresses, others one each.
fn zapi() -> Api {
    const FIELDS: [(&str, &str); 5] = [
        ("update-webhook-delivery", "deliveryCallbackUrl"),
        ("update-webhook-connected", "connectedCallbackUrl"),
        ("update-webhook-disconnected", "disconnectedCallbackUrl"),
        ("update-webhook-message-status", "messageStatusCallbackUrl"),
        ("update-webhook-chat-presence", "presenceChatCallbackUrl"),
    ];
    Api {
        respond: |settings, (method, path), body| {
            let path = path.strip_prefix("/instances/loja/token/gateway-token/")?;
            match (method, path) {
                ("GET", "me") => return Some(settings.clone()),
                ("GET", "status") => return Some(json!({"connected": true})),
                ("PUT", "update-every-webhooks") => {
                    for (_, field) in FIELDS {
                        settings[field] = body["value"].clone();
                    }
                    settings["receivedCallbackUrl"] = body["value"].clone();
                    settings["receiveCallbackSentByMe"] = body["notifySentByMe"].clone();
                }
                ("PUT", path) => {
                    let (_, field) = FIELDS.iter().find(|(name, _)| *name == path)?;
                    settings[*field] = body["value"].clone();
                }
                _ => return None,
            }
            Some(json!({"value": true}))
        },
        key: ("client-token", &["account-token"]),
        settings: Mutex::new(json!({
            "receivedCallbackUrl": THEIRS,
            "receiveCallbackSentByMe": false,
            "deliveryCallbackUrl": "https://crm.example/delivery",
            "connectedCallbackUrl": THEIRS,
            "disconnectedCallbackUrl": "",
            "messageStatusCallbackUrl": "https://crm.example/status",
            "presenceChatCallbackUrl": "",
        })),
    }
}

fn dialog360() -> Api {
    Api {
        respond: |settings, call, body| {
            match call {
                ("GET", "/v1/configs/webhook") => {}
                ("POST", "/v1/configs/webhook") => *settings = body.clone(),
                _ => return None,
            }
            Some(settings.clone())
        },
        key: ("d360-api-key", &["gateway-token"]),
        settings: Mutex::new(json!({"url": THEIRS})),
    }
}

fn gowa() -> Api {
    Api {
        respond: |settings, call, body| {
            match call {
                ("GET", "/devices/loja/webhook") => {}
                ("GET", "/app/status") => {
                    let state = json!({"is_connected": true, "is_logged_in": true});
                    return Some(json!({"results": state}));
                }
                ("PATCH", "/devices/loja/webhook") => {
                    for (name, value) in body.as_object().unwrap() {
                        settings["results"][name] = value.clone();
                    }
                }
                _ => return None,
            }
            Some(settings.clone())
        },
        // user:password
        key: ("authorization", &["Basic dXNlcjpwYXNzd29yZA=="]),
        settings: Mutex::new(json!({"results": {
            "webhook_url": THEIRS,
            "webhook_secret": "theirs",
            "webhook_events": ["message.ack"],
            "webhook_insecure_skip_verify": true,
        }})),
    }
}

fn quepasa() -> Api {
    Api {
        respond: |settings, call, body| {
            let webhooks = settings["webhooks"].as_array_mut().unwrap();
            let others = |one: &Value| one["url"] != body["url"];
            match call {
                ("GET", "/webhook") => return Some(settings.clone()),
                ("GET", "/health") => return Some(json!({"success": true, "state": "Ready"})),
                ("POST", "/webhook") => {
                    webhooks.retain(others);
                    webhooks.push(body.clone());
                }
                ("DELETE", "/webhook") => webhooks.retain(others),
                _ => return None,
            }
            Some(json!({"success": true}))
        },
        key: ("x-quepasa-token", &["gateway-token"]),
        settings: Mutex::new(json!({"webhooks": [{"url": THEIRS, "forwardinternal": false}]})),
    }
}

const UNDO: [&str; 4] = ["instance", "configure-webhooks", "loja", "--undo"];

#[tokio::test]
async fn every_gateway_gets_back_the_setting_that_it_had() {
    for (gateway, token, api) in [
        ("uazapi", "gateway-token", uazapi()),
        ("wuzapi", "gateway-token", wuzapi()),
        ("evolution-go", "gateway-token:of-all", evolution_go()),
        ("zapi", "gateway-token:account-token", zapi()),
        ("dialog360", "gateway-token", dialog360()),
        ("gowa", "user:password", gowa()),
        ("quepasa", "gateway-token", quepasa()),
    ] {
        let desk = Desk::with_token(gateway, token, api).await;
        let before = desk.api.settings.lock().unwrap().clone();
        // A list of webhooks has room for one more.
        let state = if gateway == "quepasa" {
            "empty"
        } else {
            "other"
        };
        let slot = async || match gateway {
            "dialog360" => desk.slot_without_state().await["state"].clone(),
            _ => desk.slot().await["state"].clone(),
        };
        assert_eq!(slot().await, state, "{gateway}");
        for _ in 0..2 {
            let configured = desk.configure().await;
            assert_eq!(configured.status.code(), Some(0), "{}", stderr(&configured));
        }
        assert_eq!(slot().await, "ours", "{gateway}");
        desk.fine(&UNDO).await;
        let mut after = desk.api.settings.lock().unwrap().clone();
        if gateway == "wuzapi" {
            // What was its key cannot be known.
            assert_eq!(after["key"], SECRET);
            after.as_object_mut().unwrap().remove("key");
        }
        assert_eq!(after, before, "{gateway}");
        // There is nothing left to undo.
        let again = desk.run(&UNDO).await;
        assert_ne!(again.status.code(), Some(0), "{gateway}");
        assert_eq!(slot().await, state, "{gateway}");
    }
}

/// Its answer to the call is no proof, so it is not called set; and what was there before is unknown.
#[tokio::test]
async fn a_webhook_that_cannot_be_read_back_is_reported_as_such() {
    let api = Api {
        respond: |settings, call, body| match call {
            ("POST", "/api/loja/start-session") => {
                *settings = body.clone();
                Some(json!({"status": "CONNECTED"}))
            }
            ("GET", "/api/loja/check-connection-session") => {
                Some(json!({"status": true, "message": "Connected"}))
            }
            _ => None,
        },
        key: ("authorization", &["Bearer gateway-token"]),
        settings: Mutex::new(Value::Null),
    };
    let desk = Desk::set("wppconnect", api).await;
    let url = ["--public-url", "https://midia.example"];
    let command = ["--json", "instance", "configure-webhooks", "loja"];
    let configured = desk.run(&[&command[..], &url].concat()).await;
    assert!(
        stdout(&configured).contains("not_read_back"),
        "{} {}",
        stdout(&configured),
        stderr(&configured)
    );
    let sent = desk.api.settings.lock().unwrap()["webhook"].clone();
    let address = sent.as_str().unwrap();
    assert!(address.starts_with("https://midia.example/hooks/wppconnect/"));
    let undone = desk.run(&UNDO).await;
    assert_ne!(undone.status.code(), Some(0));
    assert_eq!(desk.api.settings.lock().unwrap()["webhook"], sent);
}

#[tokio::test]
async fn a_key_to_sign_with_that_only_one_side_has_is_reported() {
    let desk = Desk::set("wuzapi", wuzapi()).await;
    let finding = async || {
        let checks = checks(desk.data(), &["--instance", "loja"]).await;
        let found = checks
            .iter()
            .find(|one| one["check"] == "instance.signature");
        found.map(|one| [one["code"].clone(), one["verdict"].clone()])
    };
    let shown = async || {
        let shown = desk.fine(&["--json", "instance", "show", "loja"]).await;
        let report: Value = serde_json::from_str(&stdout(&shown)).unwrap();
        report["signature"].clone()
    };
    let reported = |code: &str, verdict: &str| Some([json!(code), json!(verdict)]);
    assert_eq!(finding().await, reported("not_signed", "problem"));
    assert_eq!(shown().await, "not_signed");
    for (language, words) in [("en", "NOT SIGNED"), ("pt-BR", "NÃO ASSINADA")] {
        let text = desk
            .fine(&["--lang", language, "instance", "show", "loja"])
            .await;
        assert!(stdout(&text).contains(words), "{}", stdout(&text));
        let doctor = ["--lang", language, "doctor", "--instance", "loja"];
        let doctor = stdout(&desk.run(&doctor).await);
        assert!(doctor.contains("configure-webhooks loja"), "{doctor}");
    }
    let configured = desk.configure().await;
    assert_eq!(configured.status.code(), Some(0), "{}", stderr(&configured));
    assert_eq!(finding().await, reported("signed", "ok"));
    assert_eq!(shown().await, "verified");

    // The other way round: a new instance of a gateway that signs already.
    let signing = wuzapi();
    signing.settings.lock().unwrap()["key"] = json!("theirs");
    let desk = Desk::without_secret("wuzapi", signing).await;
    let checks = checks(desk.data(), &["--instance", "loja"]).await;
    let found = checks
        .iter()
        .find(|one| one["check"] == "instance.signature");
    assert_eq!(found.unwrap()["code"], "not_verified");
    assert_eq!(found.unwrap()["verdict"], "warning");
    let text = desk.fine(&["instance", "show", "loja"]).await;
    assert!(stdout(&text).contains("--secret-env"), "{}", stdout(&text));
}
