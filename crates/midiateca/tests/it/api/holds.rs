//! Legal holds: what they cover outlives retention rules and erasures, within a client's scope.

use midiateca_service::clock::{Clock, DAY};
use midiateca_service::config::{Rule, Size, Span};
use midiateca_service::deliveries::{self, DeliveryFilter};
use midiateca_service::media;
use midiateca_service::model::{MediaId, Role, Scope};
use serde_json::{Value, json};
use wa_sim::SimMedia;

use super::{Caller, two_clients};
use crate::commands::{items, midiateca, stderr, stdout};
use crate::dashboard::signed_in;
use crate::retention::sweep;
use crate::stage::{MediaView, TODAY, TestApp, impatient, sample};

const WHO: &str = "5500900000001";
const OTHER_PERSON: &str = "5500900000077";

async fn add(caller: &Caller<'_>, body: Value) -> String {
    let (status, made) = caller.send("POST", "/holds", Some(body)).await;
    assert_eq!(status, 201, "{made}");
    made["id"].as_str().unwrap().to_owned()
}

async fn release(caller: &Caller<'_>, hold: &str) -> Value {
    let (status, released) = caller.send("DELETE", &format!("/holds/{hold}"), None).await;
    assert_eq!(status, 200, "{released}");
    released
}

fn of_other(id: &str) -> SimMedia {
    SimMedia {
        chat_id: Some(OTHER_PERSON.to_owned()),
        sender_id: Some(OTHER_PERSON.to_owned()),
        sender_lid: None,
        ..sample(id)
    }
}

/// What the same person as in a sample sent to a group, known there by the LID only.
fn in_group(id: &str) -> SimMedia {
    SimMedia {
        sender_id: Some("100000000000001@lid".to_owned()),
        chat_id: Some("120363000000000001@g.us".to_owned()),
        is_group: true,
        ..sample(id)
    }
}

async fn is_stored(test: &TestApp, media: &MediaView) -> bool {
    let now = test.find(&MediaId(media.id.clone())).await;
    assert_eq!(now.status == "stored", test.file(media).exists());
    now.status == "stored"
}

async fn deliveries_left(test: &TestApp) -> usize {
    let list = deliveries::list(&test.app.db, &DeliveryFilter::default(), "", 100).await;
    list.unwrap().len()
}

#[tokio::test]
async fn media_on_hold_outlive_the_rules_until_the_hold_is_released() {
    let clock = Clock::fixed(TODAY);
    let mut config = impatient();
    config.retention.rules = vec![Rule {
        older_than: Some(Span::days(28)),
        ..Rule::default()
    }];
    config.retention.attempts = Span::days(30);
    let test = TestApp::with(config, clock.clone()).await;
    let admin = Caller::new(&test, Role::Admin, Scope::All).await;
    let body = json!({"client": 2, "person": "+55 00 90000-0001", "reason": "processo 12"});
    let hold = add(&admin, body).await;
    // The LID becomes known after the hold.
    let (theirs, _) = test.store(sample("THEIRS")).await;
    let (group, _) = test.store(in_group("GROUP")).await;
    let (other, _) = test.store(of_other("OTHER")).await;
    clock.advance(60 * DAY);
    let swept = sweep(&test.app, false).await.unwrap();
    assert_eq!((swept.files, swept.deliveries), (1, 1), "{swept:?}");
    assert_eq!((swept.files_on_hold, swept.deliveries_on_hold), (2, 2));
    assert!(is_stored(&test, &theirs).await && is_stored(&test, &group).await);
    assert!(!is_stored(&test, &other).await);
    assert_eq!(deliveries_left(&test).await, 2);
    for (media, is_kept) in [(&theirs, true), (&other, false)] {
        let id = MediaId(media.id.clone());
        let attempts = media::attempts(&test.app.db, &id).await.unwrap();
        assert_eq!(!attempts.is_empty(), is_kept, "{}", media.message_id);
    }
    let rules = "[[retention.rules]]\nlarger_than = \"1B\"\n";
    std::fs::write(test.app.data.join("midiateca.toml"), rules).unwrap();
    let said = midiateca(&test.app.data, &["sweep", "--dry-run"]).await;
    assert!(
        stderr(&said).contains("kept by legal holds"),
        "{}",
        stderr(&said)
    );
    assert!(release(&admin, &hold).await["released_at"].is_string());
    let swept = sweep(&test.app, false).await.unwrap();
    assert_eq!((swept.files, swept.deliveries), (2, 2), "{swept:?}");
    assert_eq!((swept.files_on_hold, swept.deliveries_on_hold), (0, 0));
    assert!(!is_stored(&test, &theirs).await && !is_stored(&test, &group).await);
    test.end().await;
}

#[tokio::test]
async fn a_chat_or_a_whole_client_can_be_on_hold_and_no_more_than_that() {
    for (body, is_group_kept, is_other_kept) in [
        (json!({"chat": "120363000000000001@g.us"}), true, false),
        (json!({"chat": OTHER_PERSON}), false, true),
        (json!({}), true, true),
    ] {
        let clock = Clock::fixed(TODAY);
        let mut config = impatient();
        config.retention.rules = vec![Rule {
            total_over: Some(Size::from_bytes(0)),
            ..Rule::default()
        }];
        let test = TestApp::with(config, clock.clone()).await;
        let admin = Caller::new(&test, Role::Admin, Scope::Client(2)).await;
        let (group, _) = test.store(in_group("GROUP")).await;
        let (other, _) = test.store(of_other("OTHER")).await;
        let mut new = body.clone();
        new["reason"] = json!("processo");
        add(&admin, new).await;
        sweep(&test.app, false).await.unwrap();
        assert_eq!(is_stored(&test, &group).await, is_group_kept, "{body}");
        assert_eq!(is_stored(&test, &other).await, is_other_kept, "{body}");
        test.end().await;
    }
}

#[tokio::test]
async fn a_person_on_hold_is_forgotten_only_after_the_release() {
    let test = TestApp::start().await;
    let admin = Caller::new(&test, Role::Admin, Scope::All).await;
    let (theirs, _) = test.store(sample("THEIRS")).await;
    let (group, _) = test.store(in_group("GROUP")).await;
    let data = test.app.data.as_path();
    let line = ["--json", "forget", "--client", "2", "--contact", WHO];
    for target in [
        json!({"person": "100000000000001@lid"}),
        json!({"chat": WHO}),
        json!({"chat": "120363000000000001@g.us"}),
        json!({}),
    ] {
        let mut body = target.clone();
        body["client"] = json!(2);
        body["reason"] = json!(format!("processo contra {WHO}"));
        let hold = add(&admin, body).await;
        for last in ["--yes", "--dry-run"] {
            let refused = midiateca(data, &[&line[..], &[last]].concat()).await;
            assert_eq!(refused.status.code(), Some(2), "{target} {refused:?}");
            let error: Value = serde_json::from_str(&stderr(&refused)).unwrap();
            assert_eq!(error["error"]["code"], "on_hold", "{target}");
            let message = error["error"]["message"].as_str().unwrap();
            assert!(message.contains(&hold), "{message}");
        }
        assert!(is_stored(&test, &theirs).await && is_stored(&test, &group).await);
        release(&admin, &hold).await;
    }
    let forgotten = midiateca(data, &[&line[..], &["--yes"]].concat()).await;
    assert_eq!(forgotten.status.code(), Some(0), "{forgotten:?}");
    assert_eq!(test.files().len(), 0);
    let listed = admin.get("/holds").await.to_string();
    assert!(listed.contains("***"), "{listed}");
    assert!(!listed.contains(WHO) && !listed.contains("100000000000001"));
    test.end().await;
}

#[tokio::test]
async fn captions_on_hold_stay_when_another_person_is_erased() {
    let test = TestApp::start().await;
    let admin = Caller::new(&test, Role::Admin, Scope::All).await;
    let caption = format!("fale com {OTHER_PERSON}");
    let naming = SimMedia {
        caption: Some(caption.clone()),
        ..sample("NAMING")
    };
    let (naming, _) = test.store(naming).await;
    let (other, _) = test.store(of_other("OTHER")).await;
    let body = json!({"client": 2, "chat": WHO, "reason": "processo"});
    let hold = add(&admin, body).await;
    let data = test.app.data.as_path();
    let line = [
        "forget",
        "--client",
        "2",
        "--contact",
        OTHER_PERSON,
        "--yes",
    ];
    let forgotten = midiateca(data, &line).await;
    assert_eq!(forgotten.status.code(), Some(1), "{forgotten:?}");
    let said = stderr(&forgotten);
    assert!(said.contains("because of a legal hold"), "{said}");
    assert!(said.contains("when the hold is released"), "{said}");
    assert!(!test.file(&other).exists());
    let id = MediaId(naming.id.clone());
    assert_eq!(test.find(&id).await.caption, Some(caption));
    assert_eq!(deliveries_left(&test).await, 1);
    release(&admin, &hold).await;
    let forgotten = midiateca(data, &line).await;
    assert_eq!(forgotten.status.code(), Some(0), "{forgotten:?}");
    assert_eq!(
        test.find(&id).await.caption.as_deref(),
        Some("fale com ***")
    );
    assert_eq!(deliveries_left(&test).await, 0);
    test.end().await;
}

#[tokio::test]
async fn holds_are_for_administrators_of_the_client_and_audited() {
    let test = TestApp::start().await;
    two_clients(&test).await;
    let own = Caller::new(&test, Role::Admin, Scope::Client(2)).await;
    let other = Caller::new(&test, Role::Admin, Scope::Client(3)).await;
    let operator = Caller::new(&test, Role::Operator, Scope::All).await;
    let hold = add(&own, json!({"person": WHO, "reason": "processo"})).await;
    let path = format!("/holds/{hold}");
    let shown = own.get(&path).await;
    assert_eq!(
        (&shown["client"], &shown["person"]),
        (&json!(2), &json!(WHO))
    );
    for method in ["GET", "DELETE"] {
        let refused = other.error(method, &path, None).await;
        assert_eq!(refused, (404, "hold_not_found".to_owned()), "{method}");
        assert_eq!(operator.error(method, &path, None).await.0, 403, "{method}");
    }
    assert_eq!(other.get("/holds").await["items"], json!([]));
    let all = Caller::new(&test, Role::Admin, Scope::All).await;
    for (caller, body, expected) in [
        (
            &other,
            json!({"client": 2, "reason": "x"}),
            (404, "client_not_found"),
        ),
        (
            &all,
            json!({"client": 99, "reason": "x"}),
            (400, "unknown_client"),
        ),
        (&all, json!({"reason": "x"}), (400, "bad_body")),
        (&own, json!({"reason": " "}), (400, "hold_reason_invalid")),
        (
            &own,
            json!({"reason": "x", "chat": "1\u{202e}"}),
            (400, "hold_target_invalid"),
        ),
        (
            &own,
            json!({"reason": "x", "chat": "1", "person": "1"}),
            (400, "hold_several_targets"),
        ),
        (
            &own,
            json!({"reason": "x", "person": "unknown"}),
            (400, "unknown_contact"),
        ),
    ] {
        let (status, code) = caller.error("POST", "/holds", Some(body.clone())).await;
        assert_eq!((status, code.as_str()), expected, "{body}");
    }
    let first = release(&own, &hold).await;
    assert_eq!(release(&own, &hold).await, first, "twice does no harm");
    assert_eq!(own.get("/holds").await["items"][0], first);
    let audit = own.get("/audit").await;
    let done = |action: &str| {
        let entries = audit["items"].as_array().unwrap().iter();
        entries.filter(|entry| entry["action"] == action).count()
    };
    assert_eq!((done("hold_added"), done("hold_released")), (1, 1));
    assert!(!audit.to_string().contains(WHO), "{audit}");
    test.end().await;
}

#[tokio::test]
async fn media_and_chats_on_hold_say_so_and_why_only_to_administrators() {
    let test = TestApp::start().await;
    let (theirs, _) = test.store(sample("THEIRS")).await;
    let (group, _) = test.store(in_group("GROUP")).await;
    let (other, _) = test.store(of_other("OTHER")).await;
    let admin = Caller::new(&test, Role::Admin, Scope::Client(2)).await;
    let viewer = Caller::new(&test, Role::Viewer, Scope::Client(2)).await;
    let hold = add(&admin, json!({"person": WHO, "reason": "processo 12"})).await;
    for (media, is_on_hold) in [(&theirs, true), (&group, true), (&other, false)] {
        for (caller, reason) in [(&admin, json!("processo 12")), (&viewer, json!(null))] {
            let shown = caller.get(&format!("/media/{}", media.id)).await;
            assert_eq!(shown["on_hold"], is_on_hold, "{shown}");
            let holds = shown["holds"].as_array().unwrap();
            assert_eq!(holds.len(), usize::from(is_on_hold), "{shown}");
            for shown in holds {
                assert_eq!((&shown["id"], &shown["reason"]), (&json!(hold), &reason));
                assert!(shown["since"].is_string());
            }
        }
    }
    let listed = viewer.get("/media").await;
    let on_hold: Vec<_> = listed["items"].as_array().unwrap().iter().collect();
    let on_hold: Vec<_> = on_hold.iter().map(|item| &item["on_hold"]).collect();
    assert_eq!(on_hold, [&json!(false), &json!(true), &json!(true)]);
    let chat = |media: &MediaView| format!("/chats/2/{}", media.chat_id.clone().unwrap());
    // The group has media of others, which are not on hold.
    for (media, count) in [(&theirs, 1), (&group, 0), (&other, 0)] {
        let shown = admin.get(&chat(media)).await;
        assert_eq!(shown["holds"].as_array().unwrap().len(), count, "{shown}");
    }
    let mut browser = signed_in(&test, Role::Admin, Scope::All).await;
    let address = format!("href=\"/holds#{hold}\"");
    for path in [format!("/media/{}", theirs.id), chat(&theirs)] {
        browser.language = "en";
        let page = browser.page(&path).await;
        for expected in ["Under legal hold since", "processo 12", &address] {
            assert!(page.contains(expected), "{expected}: {page}");
        }
        browser.language = "pt-BR";
        let page = browser.page(&path).await;
        assert!(page.contains("Sob retenção legal desde"), "{page}");
    }
    let page = browser.page("/media").await;
    assert_eq!(page.matches("title=\"Sob retenção legal\"").count(), 2);
    let page = browser.page("/holds").await;
    assert!(page.contains(&format!("<tr id=\"{hold}\"")), "{page}");
    release(&admin, &hold).await;
    let shown = viewer.get(&format!("/media/{}", theirs.id)).await;
    assert_eq!(
        (&shown["on_hold"], &shown["holds"]),
        (&json!(false), &json!([]))
    );
    test.end().await;
}

#[tokio::test]
async fn holds_are_added_listed_and_released_on_the_command_line() {
    let test = TestApp::start().await;
    let data = test.app.data.as_path();
    let added = [
        "hold",
        "add",
        "--client",
        "2",
        "--person",
        WHO,
        "processo 7",
    ];
    let added = midiateca(data, &[&["--json"], &added[..]].concat()).await;
    assert!(added.status.success(), "{}", stderr(&added));
    let hold: Value = serde_json::from_str(stdout(&added).trim()).unwrap();
    let id = hold["id"].as_str().unwrap();
    let listed = midiateca(data, &["--lang", "pt-BR", "hold", "list"]).await;
    let listed = stdout(&listed);
    assert!(
        listed.contains(id) && listed.contains("em vigor") && listed.contains("processo 7"),
        "{listed}"
    );
    let released = midiateca(data, &["hold", "release", &id[..20]]).await;
    assert!(released.status.success(), "{}", stderr(&released));
    assert_eq!(
        items(&midiateca(data, &["--json", "hold", "list"]).await).len(),
        0
    );
    let all = items(&midiateca(data, &["--json", "hold", "list", "--all"]).await);
    assert!(all[0]["released_at"].is_string(), "{all:?}");
    let removed = midiateca(data, &["client", "remove", "3", "--keep-files"]).await;
    assert!(removed.status.success(), "{}", stderr(&removed));
    for (client, code) in [("3", 0), ("99", 2)] {
        let line = ["hold", "add", "--client", client, "processo 8"];
        assert_eq!(midiateca(data, &line).await.status.code(), Some(code));
    }
    let refused = midiateca(data, &["hold", "release", "zz"]).await;
    assert_eq!(refused.status.code(), Some(2));
    test.end().await;
}
