//! Taking over the original Django system.

mod interrupted;
mod refused;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Output;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rusqlite::{Connection, params};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use tempfile::TempDir;
use wa_sim::Sim;

use crate::commands::{items, midiateca, stderr, stdout};
use crate::stage::{FIRST, OTHER, TOKEN, TestApp, sample};

/// The tables as Django's migrations leave them, unused columns left out.
const SCHEMA: &str = "
create table core_cliente (id integer primary key, nome varchar(255), empresa varchar(255), wapi_instance_id varchar(255), wapi_token varchar(255));
create table core_whatsappinstance (id integer primary key, instance_id varchar(255) unique, token varchar(255), cliente_id bigint,
  status varchar(50), last_seen datetime);
create table core_chat (id integer primary key, chat_id varchar(255), cliente_id bigint);
create table core_mediafile (id integer primary key, message_id varchar(255) unique, sender_name varchar(255), sender_id varchar(255),
  media_type varchar(20), mimetype varchar(100), file_name varchar(255), file_path text, file_size bigint, caption text, width integer,
  height integer, duration_seconds integer, is_ptt bool, download_status varchar(20), is_group bool, from_me bool, media_key varchar(255),
  direct_path text, file_sha256 varchar(255), file_enc_sha256 varchar(255), media_key_timestamp varchar(20), message_timestamp datetime,
  download_timestamp datetime, created_at datetime, chat_id bigint, cliente_id bigint, instance_id bigint);
create table webhook_webhookevent (event_id char(32) primary key, cliente_id bigint, instance_id varchar(255), raw_data text, timestamp datetime,
  chat_id varchar(255), sender_id varchar(255), sender_name varchar(255), message_id varchar(255));
create table webhook_messagemedia (id integer primary key, event_id char(32), media_path text, media_type varchar(50), mimetype varchar(50),
  file_size bigint, download_status varchar(20), media_key varchar(100), direct_path text, file_sha256 varchar(100), caption text,
  document_filename varchar(200), document_title varchar(200), created_at datetime, download_timestamp datetime);
insert into core_cliente (id, nome) values (2, 'Clínica Aurora'), (3, 'Oficina do Bairro');
insert into core_chat (id, chat_id, cliente_id) values (11, '5500900000001', 2);
";
pub(crate) const DEAD: &str = "/v/t62.7117-24/1_n.enc?ccb=11-4&oh=01_Q5&oe=60000000&_nc_sid=5e03e0";
pub(crate) const LIVING: &str =
    "/v/t62.7117-24/2_n.enc?ccb=11-4&oh=01_Q5&oe=F0000000&_nc_sid=5e03e0";

/// The original system, as it was left.
pub(crate) struct Original {
    pub folder: TempDir,
    pub db: Connection,
}

/// A row of `core_mediafile`; what is not given is as in a voice note that came well.
pub(crate) struct Row<'a> {
    pub message: &'a str,
    pub kind: &'a str,
    pub path: Option<&'a str>,
    pub sha256: Option<String>,
    pub status: &'a str,
    pub direct_path: Option<&'a str>,
    pub number: i64,
}

pub(crate) fn row<'a>(message: &'a str, path: Option<&'a str>, content: &[u8]) -> Row<'a> {
    Row {
        message,
        kind: "audio",
        path,
        sha256: Some(STANDARD.encode(Sha256::digest(content))),
        status: "success",
        direct_path: Some(DEAD),
        number: 1,
    }
}

pub(crate) fn ogg(n: u8) -> Vec<u8> {
    let head = b"OggS\0\x02\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x01\x13OpusHead";
    [&head[..], &[n; 500]].concat()
}

impl Original {
    /// With one failed row, which is only in the database's log.
    pub(crate) fn in_its_log() -> Self {
        let original = Self::new();
        original
            .db
            .pragma_update(None, "journal_mode", "wal")
            .unwrap();
        original.row(&Row {
            status: "failed",
            ..row("LOGGED", None, b"")
        });
        original
    }

    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let db = Connection::open(folder.path().join("db.sqlite3")).unwrap();
        db.execute_batch(SCHEMA).unwrap();
        let sql = "insert into core_whatsappinstance values (?, ?, ?, ?, 'connected', '2025-07-19 02:41:33.5')";
        db.execute(sql, params![1, FIRST, TOKEN, 2]).unwrap();
        db.execute(sql, params![2, OTHER, TOKEN, 3]).unwrap();
        std::fs::create_dir(folder.path().join("media_storage")).unwrap();
        Self { folder, db }
    }

    pub fn file(&self, path: &str, content: &[u8]) {
        let path = self.folder.path().join("media_storage").join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    }

    pub fn row(&self, row: &Row<'_>) {
        let sql = "insert into core_mediafile (message_id, sender_name, sender_id, media_type, mimetype, file_path, is_ptt, download_status,
                     is_group, from_me, media_key, direct_path, file_sha256, media_key_timestamp, message_timestamp, download_timestamp, created_at,
                     chat_id, cliente_id, instance_id)
                   values (?, 'Ana Exemplo', '5500900000001@s.whatsapp.net', ?, 'audio/ogg; codecs=opus', ?, 1, ?, 0, 0, ?, ?, ?, '1757102690',
                     '2025-09-05 20:04:56', ?, '2025-09-05 20:05:01.25', 11, ?, ?)";
        let stored_at = (row.status == "success").then_some("2025-09-05 20:05:02");
        let values = params![
            row.message,
            row.kind,
            row.path,
            row.status,
            STANDARD.encode([7; 32]),
            row.direct_path,
            row.sha256,
            stored_at,
            row.number + 1,
            row.number
        ];
        self.db.execute(sql, values).unwrap();
    }

    pub fn event(&self, id: &str, body: &Value) {
        let sql = "insert into webhook_webhookevent values (?, 2, ?, ?, '2025-09-05 20:05:00', null, null, null, ?)";
        let message = body["messageId"].as_str();
        let values = params![id, FIRST, body.to_string(), message];
        self.db.execute(sql, values).unwrap();
    }

    /// A row of `webhook_messagemedia`, of a delivery.
    pub fn message_media(&self, event: &str, kind: &str, path: &str) {
        let sql = "insert into webhook_messagemedia (event_id, media_path, media_type, download_status, created_at)
                   values (?, ?, ?, 'success', '2025-09-05 20:05:01')";
        self.db.execute(sql, [event, path, kind]).unwrap();
    }

    /// So many voice notes, each with its own bytes.
    fn many(&self, name: &str, count: usize) {
        self.db.execute_batch("begin").unwrap();
        for n in 0..count {
            let message = format!("{name}{n:08}");
            let content = [ogg(1), n.to_be_bytes().to_vec()].concat();
            let path = format!("cliente_2/instance_{FIRST}/audios/{message}.mp3");
            self.file(&path, &content);
            self.row(&row(&message, Some(&path), &content));
        }
        self.db.execute_batch("commit").unwrap();
    }

    pub async fn import(&self, data: &Path, more: &[&str]) -> Output {
        let (db, media) = (self.path("db.sqlite3"), self.path("media_storage"));
        import(data, &db, &media, more).await
    }

    pub fn path(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string()
    }

    /// Every file with its bytes, and when it was written.
    pub fn snapshot(&self) -> BTreeMap<PathBuf, (Vec<u8>, std::time::SystemTime)> {
        files(self.folder.path())
            .into_iter()
            .map(|path| {
                let modified = std::fs::metadata(&path).unwrap().modified().unwrap();
                (path.clone(), (std::fs::read(path).unwrap(), modified))
            })
            .collect()
    }
}

pub(crate) async fn import(data: &Path, db: &str, media: &str, more: &[&str]) -> Output {
    let command = [
        "--json",
        "import",
        "multichat",
        "--db",
        db,
        "--media",
        media,
    ];
    midiateca(data, &[&command, more].concat()).await
}

/// Erases the sender of the rows at client 2.
pub(crate) async fn forget_sender(data: &Path) -> Output {
    let forget = [
        "forget",
        "--yes",
        "--client",
        "2",
        "--contact",
        "5500900000001",
    ];
    midiateca(data, &forget).await
}

pub(crate) fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                found.push(path);
            }
        }
    }
    // The marker by which a storage is recognised.
    found.retain(|path| !path.ends_with(".midiateca-id"));
    found
}

pub(crate) fn lines(output: &Output) -> Vec<Value> {
    let text = stdout(output);
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// The document that an import prints: its findings and its sums.
pub(crate) fn document(output: &Output) -> Value {
    serde_json::from_str(&stdout(output)).unwrap_or_else(|_| panic!("{}", stderr(output)))
}

/// What became of each row or file of the source.
pub(crate) fn outcomes(output: &Output) -> BTreeMap<String, String> {
    let of = |item: &Value| {
        let origin = item["source"].as_str()?.to_owned();
        Some((origin, item["outcome"].as_str()?.to_owned()))
    };
    let document = document(output);
    let items = document["items"].as_array().unwrap();
    items.iter().filter_map(of).collect()
}

pub(crate) fn sum(output: &Output) -> Value {
    document(output)["sum"].clone()
}

pub(crate) async fn media(data: &Path) -> BTreeMap<String, Value> {
    let listed = midiateca(data, &["--json", "media", "list", "--limit", "1000"]).await;
    items(&listed)
        .into_iter()
        .map(|media| (media["message_id"].as_str().unwrap().to_owned(), media))
        .collect()
}

#[tokio::test]
async fn rows_and_files_are_taken_over_in_both_layouts_and_the_source_stays() {
    let original = Original::new();
    let first = "cliente_2/instance_3B6XIW-ZTS923-GEAY6V/audios/áudio da Ana.mp3";
    let second = "Clínica_Aurora/instance_3B6XIW-ZTS923-GEAY6V/chats/5500900000001/audio/msg_B.mp3";
    original.file(first, &ogg(1));
    original.file(second, &ogg(2));
    let windows = format!(
        "C:\\multi chat\\media_storage\\{}",
        first.replace('/', "\\")
    );
    original.row(&row("A", Some(&windows), &ogg(1)));
    original.row(&row("B", Some(second), &ogg(2)));
    let before = original.snapshot();
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    let dry = original.import(&data.join("none"), &["--dry-run"]).await;
    assert_eq!(
        (dry.status.code(), &sum(&dry)["stored"]),
        (Some(0), &2.into())
    );
    assert!(!data.join("none").exists(), "a dry run made a data folder");
    let taken = original.import(data, &[]).await;
    assert_eq!(taken.status.code(), Some(0), "{}", stdout(&taken));
    let media = media(data).await;
    let note = &media["A"];
    let path = "cliente_2/instance_3B6XIW-ZTS923-GEAY6V/audio/wapi_A_20250905_200456.ogg";
    for (field, value) in [
        ("status", json!("stored")),
        ("verified", json!("full")),
        ("path", json!(path)),
        ("mime", json!("audio/ogg")),
        ("chat_id", json!("5500900000001")),
        ("sender_name", json!("Ana Exemplo")),
        ("voice_note", json!(true)),
        ("sent_at", json!("2025-09-05T20:04:56.000Z")),
        ("received_at", json!("2025-09-05T20:05:01.250Z")),
        ("stored_at", json!("2025-09-05T20:05:02.000Z")),
        ("client", json!(2)),
        ("route", Value::Null),
    ] {
        assert_eq!(note[field], value, "{field}");
    }
    assert_eq!(
        std::fs::read(data.join("media_storage").join(path)).unwrap(),
        ogg(1)
    );
    let instance = midiateca(data, &["--json", "instance", "show", FIRST]).await;
    let shown: Value = serde_json::from_str(stdout(&instance).lines().next().unwrap()).unwrap();
    assert_eq!(
        (&shown["token"], &shown["state"]),
        (&true.into(), &"connected".into())
    );
    let database = std::fs::read(data.join("midiateca.db")).unwrap();
    assert!(
        !database
            .windows(TOKEN.len())
            .any(|window| window == TOKEN.as_bytes()),
        "a token is not sealed"
    );
    let check = midiateca(data, &["scrub"]).await;
    assert_eq!(check.status.code(), Some(0), "{}", stdout(&check));
    let again = original.import(data, &[]).await;
    assert_eq!(
        (&sum(&again)["stored"], &sum(&again)["known"]),
        (&0.into(), &2.into())
    );
    assert!(
        !stdout(&again).contains("/hooks/"),
        "a second address was made"
    );
    assert_eq!(original.snapshot(), before);
}

#[tokio::test]
async fn each_row_is_accounted_for_by_what_truly_is_there() {
    let original = Original::new();
    let place = format!("cliente_2/instance_{FIRST}/audios");
    let at = |name: &str| format!("{place}/{name}");
    for (name, content) in [
        ("fine.mp3", ogg(1)),
        ("altered.mp3", ogg(9)),
        ("page.mp3", b"<!DOCTYPE html><html>502".to_vec()),
        ("empty.mp3", Vec::new()),
        ("unknown-to-row.mp3", ogg(5)),
        ("msg_CAFEBABE_20250905_200456.mp3", ogg(6)),
    ] {
        original.file(&at(name), &content);
    }
    let (fine, altered, page, empty) = (
        at("fine.mp3"),
        at("altered.mp3"),
        at("page.mp3"),
        at("empty.mp3"),
    );
    original.row(&row("FINE", Some(&fine), &ogg(1)));
    let unhashed = Row {
        sha256: None,
        ..row("UNHASHED", Some(&fine), b"")
    };
    original.row(&unhashed);
    original.row(&row("ALTERED", Some(&altered), &ogg(2)));
    let heals = Row {
        direct_path: Some(LIVING),
        ..row("HEALS", Some(&page), &ogg(3))
    };
    original.row(&heals);
    original.row(&row("EMPTY", Some(&empty), b"x"));
    original.row(&row("MISSING", Some("cliente_2/nowhere.mp3"), &ogg(4)));
    original.row(&Row {
        status: "failed",
        direct_path: Some(LIVING),
        ..row("QUEUED", None, &ogg(4))
    });
    original.row(&Row {
        status: "failed",
        ..row("EXPIRED", None, &ogg(4))
    });
    original.row(&Row {
        status: "pending",
        direct_path: None,
        ..row("KEYLESS", None, &ogg(4))
    });
    original.row(&Row {
        kind: "hologram",
        ..row("KIND", None, &ogg(4))
    });
    original.row(&Row {
        number: 99,
        ..row("UNKNOWN", None, &ogg(4))
    });
    // The row does not name its file; that its name holds the beginning of the message's id proves nothing.
    original.row(&Row {
        status: "pending",
        ..row("CAFEBABE00112233", None, &ogg(6))
    });
    let folder = tempfile::tempdir().unwrap();
    let taken = original.import(folder.path(), &[]).await;
    assert_eq!(taken.status.code(), Some(1));
    let media = media(folder.path()).await;
    for (message, status, reason, verified) in [
        ("FINE", "stored", None, Some("full")),
        ("UNHASHED", "stored", None, Some("unproven")),
        ("ALTERED", "failed", Some("hash_mismatch"), None),
        ("HEALS", "pending", None, None),
        ("EMPTY", "failed", Some("empty_body"), None),
        ("MISSING", "failed", Some("file_lost"), None),
        ("QUEUED", "pending", None, None),
        ("EXPIRED", "expired", Some("cdn_expired"), None),
        ("KEYLESS", "failed", Some("keys_missing"), None),
        ("CAFEBABE00112233", "expired", Some("cdn_expired"), None),
    ] {
        let media = &media[message];
        let seen = ["status", "reason", "verified"].map(|field| media[field].as_str());
        assert_eq!(seen, [Some(status), reason, verified], "{message}");
    }
    let outcomes = outcomes(&taken);
    assert_eq!(outcomes["core_mediafile 10"], "left_out");
    assert_eq!(outcomes["core_mediafile 11"], "left_out");
    // A file without a row is kept all the same.
    assert_eq!(outcomes[&at("unknown-to-row.mp3")], "stored");
    let strays = media
        .keys()
        .filter(|message| message.starts_with("imported-"));
    assert_eq!((strays.count(), media.len()), (2, 12));
    // The same bytes lie there once, under two names.
    assert_eq!(media["FINE"]["sha256"], media["UNHASHED"]["sha256"]);
    let again = original.import(folder.path(), &[]).await;
    let again = sum(&again);
    assert_eq!(
        (
            &again["stored"],
            &again["queued"],
            &again["lost"],
            &again["known"]
        ),
        (&0.into(), &0.into(), &0.into(), &12.into())
    );
}

#[tokio::test]
async fn files_with_a_valid_link_are_downloaded_once_the_server_runs() {
    let original = Original::new();
    let test = TestApp::start().await;
    let delivery = test.sim.world().add(sample("LATER"));
    let leaf = &delivery.body["msgContent"]["imageMessage"];
    let text = |name: &str| leaf[name].as_str().unwrap().to_owned();
    original.row(&Row {
        kind: "image",
        status: "failed",
        direct_path: Some(&delivery.direct_path),
        sha256: Some(text("fileSha256")),
        ..row("LATER", None, b"")
    });
    let sql = "update core_mediafile set media_key = ?";
    original.db.execute(sql, [text("mediaKey")]).unwrap();
    let taken = original.import(&test.app.data, &[]).await;
    assert_eq!(sum(&taken)["queued"], 1, "{}", stdout(&taken));
    let id = media(&test.app.data).await["LATER"]["id"].clone();
    let id = midiateca_service::model::MediaId(id.as_str().unwrap().to_owned());
    let fetched = test.settled(&id).await;
    assert_eq!(
        (fetched.status.as_str(), fetched.verified.as_deref()),
        ("stored", Some("full"))
    );
    test.end().await;
}

#[tokio::test]
async fn media_of_kept_deliveries_without_a_row_are_imported() {
    let original = Original::new();
    let sim = Sim::start().await.unwrap();
    let (seen, unseen) = (
        sim.world().add(sample("SEEN")),
        sim.world().add(sample("UNSEEN")),
    );
    original.event("00000000000000000000000000000001", &seen.body);
    original.event("00000000000000000000000000000002", &unseen.body);
    original.event(
        "00000000000000000000000000000003",
        &json!({"msgContent": {"conversation": "bom dia"}}),
    );
    let wa_sim::Content::Bytes(photo) = sample("SEEN").content else {
        panic!("a sample's bytes are at hand");
    };
    let path = format!("cliente_2/instance_{FIRST}/imagens/photo.jpg");
    original.file(&path, &photo);
    let sql = "insert into webhook_messagemedia (event_id, media_path, media_type, download_status, created_at)
               values ('00000000000000000000000000000001', ?, 'image', 'success', '2025-09-05 20:05:01')";
    original.db.execute(sql, [&path]).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let taken = original.import(folder.path(), &[]).await;
    assert_eq!(taken.status.code(), Some(0), "{}", stdout(&taken));
    let media = media(folder.path()).await;
    assert_eq!(
        (&media["SEEN"]["status"], &media["SEEN"]["verified"]),
        (&"stored".into(), &"full".into())
    );
    assert_eq!(media["UNSEEN"]["status"], "pending");
    let deliveries = midiateca(folder.path(), &["deliveries", "list"]).await;
    assert_eq!(stdout(&deliveries).lines().count(), 1);
    assert_eq!(sum(&original.import(folder.path(), &[]).await)["known"], 2);
}

#[cfg(unix)]
#[tokio::test]
async fn linked_files_lie_on_the_disk_once() {
    use std::os::unix::fs::MetadataExt as _;
    let original = Original::new();
    let path = format!("cliente_2/instance_{FIRST}/audios/a.mp3");
    original.file(&path, &ogg(1));
    original.row(&row("LINKED", Some(&path), &ogg(1)));
    let folder = tempfile::tempdir_in(original.folder.path()).unwrap();
    let data = folder.path().join("data");
    let taken = original.import(&data, &["--link"]).await;
    assert_eq!(
        taken.status.code(),
        Some(0),
        "{}{}",
        stdout(&taken),
        stderr(&taken)
    );
    let source = original.folder.path().join("media_storage").join(&path);
    assert_eq!(std::fs::metadata(source).unwrap().nlink(), 2);
}

#[tokio::test]
async fn no_message_gets_the_bytes_of_another() {
    let original = Original::new();
    let place = format!("cliente_2/instance_{FIRST}/audios");
    let (named, stray) = (
        format!("{place}/msg_3EB0C1D2_20250905_200456.mp3"),
        format!("{place}/msg_3EB0EEEE_20250905_200456.mp3"),
    );
    original.file(&named, &ogg(1));
    original.file(&stray, &ogg(2));
    // Their names begin like these messages' ids, which proves nothing.
    original.row(&Row {
        sha256: None,
        status: "failed",
        ..row("3EB0C1D2AAAA", None, b"")
    });
    original.row(&row("3EB0C1D2BBBB", Some(&named), &ogg(1)));
    let hashed = Row {
        status: "failed",
        direct_path: Some(LIVING),
        ..row("3EB0EEEEAAAA", None, &ogg(9))
    };
    original.row(&hashed);
    let folder = tempfile::tempdir().unwrap();
    let taken = original.import(folder.path(), &[]).await;
    let media = media(folder.path()).await;
    let status = |message: &str| media[message]["status"].as_str().unwrap().to_owned();
    assert_eq!(
        ["3EB0C1D2AAAA", "3EB0C1D2BBBB", "3EB0EEEEAAAA"].map(status),
        ["expired", "stored", "pending"]
    );
    assert_eq!(outcomes(&taken)[&stray], "stored", "a stray was dropped");
}

#[tokio::test]
async fn two_files_of_one_message_are_both_kept_whole() {
    let original = Original::new();
    let event =
        json!({"instanceId": FIRST, "messageId": "TWICE", "msgContent": {"conversation": "x"}});
    original.event("0000000000000000000000000000000a", &event);
    for (name, content) in [("cut.mp3", &ogg(1)[..100]), ("whole.mp3", &ogg(1)[..])] {
        let path = format!("cliente_2/instance_{FIRST}/audios/{name}");
        original.file(&path, content);
        let sql = "insert into webhook_messagemedia (event_id, media_path, media_type, download_status, created_at)
                   values ('0000000000000000000000000000000a', ?, 'audio', 'success', '2025-09-05 20:05:01')";
        original.db.execute(sql, [&path]).unwrap();
    }
    let orphan = "insert into webhook_messagemedia (event_id, media_path, media_type) values ('unknown', 'x.mp3', 'audio')";
    original.db.execute(orphan, []).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let taken = original.import(folder.path(), &[]).await;
    assert_eq!(
        (&sum(&taken)["stored"], &sum(&taken)["left_out"]),
        (&2.into(), &1.into())
    );
    assert_eq!(files(&folder.path().join("media_storage")).len(), 2);
    let scrub = midiateca(folder.path(), &["scrub"]).await;
    assert_eq!(scrub.status.code(), Some(0), "{}", stdout(&scrub));
}
