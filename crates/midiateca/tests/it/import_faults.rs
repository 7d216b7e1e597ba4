//! An import that fails in the middle, is cancelled, or finds that its work was done already.

use rusqlite::Connection;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use midiateca_service::ops::import::multichat::{self, Deps, Mode};
use midiateca_service::shutdown::CancellationToken;

use crate::commands::{midiateca, stderr, stdout};
use crate::multichat::{DEAD, Original, document, files, media, ogg, outcomes, row, sum};
use crate::stage::{FIRST, TestApp};

fn place(name: &str) -> String {
    format!("cliente_2/instance_{FIRST}/audios/{name}")
}

fn voice(key: u8, content: Option<&[u8]>) -> Value {
    let sha256 = content.map(|content| STANDARD.encode(Sha256::digest(content)));
    json!({"mediaKey": STANDARD.encode([key; 32]), "fileSha256": sha256, "directPath": DEAD, "mimetype": "audio/ogg; codecs=opus"})
}

fn event(message: &str, content: &Value) -> Value {
    let who = json!({"id": "5500900000001"});
    json!({"instanceId": FIRST, "messageId": message, "sender": who, "chat": who, "msgContent": content})
}

#[tokio::test]
async fn the_file_of_an_edit_of_a_stored_message_is_known_and_leaves_none() {
    let original = Original::new();
    let leaf = voice(1, Some(&ogg(1)));
    let edit = json!({"protocolMessage": {"key": {"id": "FIRST"}, "editedMessage": {"audioMessage": leaf}}});
    for (number, message, content) in [
        ("1", "FIRST", json!({"audioMessage": leaf})),
        ("2", "EDIT", edit),
    ] {
        let id = format!("{number:0>32}");
        original.event(&id, &event(message, &content));
        let path = place(&format!("{message}.mp3"));
        original.file(&path, &ogg(1));
        original.message_media(&id, "audio", &path);
    }
    let folder = tempfile::tempdir().unwrap();
    let taken = original.import(folder.path(), &[]).await;
    assert_eq!(taken.status.code(), Some(0), "{}", stderr(&taken));
    assert_eq!(sum(&taken)["stored"], 1, "{}", stdout(&taken));
    assert_eq!(files(&folder.path().join("media_storage")).len(), 1);
    assert_eq!(media(folder.path()).await.len(), 1);
}

#[tokio::test]
async fn an_edit_of_a_message_that_is_not_there_is_imported() {
    let original = Original::new();
    let leaf = voice(1, Some(&ogg(1)));
    let edit = json!({"protocolMessage": {"key": {"id": "ELSEWHERE"}, "editedMessage": {"audioMessage": leaf}}});
    let id = format!("{:032}", 1);
    original.event(&id, &event("EDIT", &edit));
    let path = place("EDIT.mp3");
    original.file(&path, &ogg(1));
    original.message_media(&id, "audio", &path);
    let folder = tempfile::tempdir().unwrap();
    let taken = original.import(folder.path(), &[]).await;
    assert_eq!(taken.status.code(), Some(0), "{}", stderr(&taken));
    assert_eq!(sum(&taken)["stored"], 1, "{}", stdout(&taken));
}

#[tokio::test]
async fn a_file_that_its_message_has_already_is_not_stored_without_a_row() {
    let original = Original::new();
    let document =
        json!({"fileSha256": STANDARD.encode(Sha256::digest(ogg(1))), "mimetype": "audio/ogg"});
    let contents = [
        ("document", json!({"documentMessage": document})),
        ("audio", json!({"audioMessage": voice(2, Some(&ogg(2)))})),
        ("audio", json!({"audioMessage": {"mimetype": "audio/ogg"}})),
    ];
    for (number, (kind, content)) in contents.iter().enumerate() {
        let id = format!("{number:032}");
        original.event(&id, &event("ONE", content));
        let path = place(&format!("{number}.mp3"));
        if number != 1 {
            original.file(&path, &ogg(1));
        }
        original.message_media(&id, kind, &path);
    }
    let folder = tempfile::tempdir().unwrap();
    let taken = original.import(folder.path(), &[]).await;
    let outcomes = outcomes(&taken);
    assert_eq!(outcomes["webhook_messagemedia 1"], "stored", "{outcomes:?}");
    assert_eq!(outcomes["webhook_messagemedia 3"], "known", "{outcomes:?}");
    assert_eq!(files(&folder.path().join("media_storage")).len(), 1);
}

#[tokio::test]
async fn imports_before_an_error_are_reported() {
    let original = Original::new();
    for (number, message) in (0..).zip(["GOOD", "BAD", "GOOD2"]) {
        let path = place(&format!("{message}.mp3"));
        original.file(&path, &ogg(number));
        original.row(&row(message, Some(&path), &ogg(number)));
    }
    let folder = tempfile::tempdir().unwrap();
    midiateca(folder.path(), &["client", "list"]).await;
    midiateca(folder.path(), &["client", "add", "Padaria", "--id", "9"]).await;
    let db = Connection::open(folder.path().join("midiateca.db")).unwrap();
    db.execute_batch(
        "create trigger no_bad before insert on media when new.message_id = 'BAD'
         begin select raise(abort, 'as if the disk failed'); end",
    )
    .unwrap();
    let taken = original.import(folder.path(), &[]).await;
    assert_eq!(taken.status.code(), Some(3), "{}", stdout(&taken));
    let reported = document(&taken)["items"].as_array().unwrap().clone();
    let stored = reported.iter().filter(|item| item["outcome"] == "stored");
    let sql = "select count(*) from media where status = 'stored'";
    let committed: i64 = db.query_row(sql, [], |row| row.get(0)).unwrap();
    assert_eq!((stored.count(), committed), (2, 2), "{reported:?}");
}

#[tokio::test]
async fn an_import_of_deliveries_stops_when_it_is_cancelled() {
    let original = Original::new();
    let content = json!({"audioMessage": voice(1, Some(&ogg(1)))});
    original.event(&format!("{:032}", 1), &event("ONE", &content));
    let test = TestApp::start().await;
    let app = &test.app;
    let deps = Deps {
        keep_free_bytes: 0,
        ..app.import_deps(None)
    };
    let options = multichat::Options {
        db: original.path("db.sqlite3").into(),
        media: original.path("media_storage").into(),
        mode: Mode::Copy,
        actor: midiateca_service::access::Actor::CommandLine(None),
    };
    let cancelled = CancellationToken::new();
    cancelled.cancel();
    let report = multichat::run(deps, &options, &(), &cancelled).await;
    let report = report.unwrap();
    assert!(report.stopped && report.sum.expired == 0, "{report:?}");
    test.end().await;
}
