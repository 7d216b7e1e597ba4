//! Dossiers: what is in them, who may have them, and that each change to one is found.

use std::collections::BTreeMap;
use std::io::{Cursor, Read as _, Write as _};
use std::path::PathBuf;
use std::process::{Command, Output};

use midiateca_service::clock::Clock;
use midiateca_service::db::Key;
use midiateca_service::media::examinations::{ScanVerdict, set_verdict};
use midiateca_service::media::unhex;
use midiateca_service::model::{Role, Route, Scope};
use serde_json::{Value, json};
use tempfile::TempDir;
use wa_sim::{Content, SimMedia};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

use super::{Caller, two_clients};
use crate::commands::{midiateca, stderr, stdout};
use crate::dashboard::signed_in;
use crate::stage::{TODAY, TestApp, impatient, sample};

type Files = BTreeMap<String, Vec<u8>>;

async fn dossier(caller: &Caller<'_>, path: &str) -> Vec<u8> {
    let answer = caller.request("GET", path).send().await.unwrap();
    assert_eq!(answer.status(), 200, "{path}");
    assert_eq!(answer.headers()["content-type"], "application/zip");
    answer.bytes().await.unwrap().to_vec()
}

fn unzipped(archive: &[u8]) -> Files {
    let mut archive = ZipArchive::new(Cursor::new(archive)).unwrap();
    let mut files = Files::new();
    for index in 0..archive.len() {
        let mut entry = archive.by_index(index).unwrap();
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).unwrap();
        files.insert(entry.name().unwrap().into_owned(), bytes);
    }
    files
}

fn zipped(files: &Files) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
    for (name, bytes) in files {
        zip.start_file(name.as_str(), options).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

fn text<'f>(files: &'f Files, name: &str) -> &'f str {
    std::str::from_utf8(&files[name]).unwrap()
}

fn manifest(files: &Files) -> Value {
    serde_json::from_slice(&files["manifest.json"]).unwrap()
}

/// Runs `sha256sum -c SHA256SUMS` on the unpacked files; None where there is no such program.
fn sha256sum(files: &Files) -> Option<Output> {
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes) in files {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }
    let mut command = Command::new("sha256sum");
    let command = command
        .args(["-c", "SHA256SUMS"])
        .current_dir(folder.path());
    match command.output() {
        Ok(output) => Some(output),
        Err(error) => {
            eprintln!("skipped: sha256sum cannot be run: {error}");
            None
        }
    }
}

fn saved(archive: &[u8]) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("dossier.zip");
    std::fs::write(&path, archive).unwrap();
    (folder, path)
}

async fn verify(archive: &[u8], more: &[&str]) -> Output {
    let (folder, path) = saved(archive);
    let line = [&["verify-dossier", path.to_str().unwrap()], more].concat();
    // A data folder that does not exist: none is needed.
    let output = midiateca(&folder.path().join("none"), &line).await;
    assert!(!folder.path().join("none").exists());
    output
}

/// A media with hostile texts, and a second one in the same chat, both from WhatsApp's CDN.
async fn a_chat(test: &TestApp) -> (crate::stage::MediaView, Value) {
    let evil = "<script>alert(1)</script>\u{202e}gpj.exe";
    let media = SimMedia {
        caption: Some(evil.to_owned()),
        ..sample("EVIDENCE")
    };
    let (media, delivery) = test.store(media).await;
    test.store(SimMedia {
        caption: None,
        ..SimMedia::sample(crate::stage::FIRST, "VOICE", wa_media::MediaKind::Audio)
    })
    .await;
    assert_eq!(media.status, "stored");
    (media, delivery.body)
}

fn media_key(body: &Value) -> String {
    let key = &body["msgContent"]["imageMessage"]["mediaKey"];
    key.as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_dossier_of_a_chat_proves_itself_to_sha256sum_and_to_verify_dossier() {
    let test = TestApp::with_cdn(vec![Route::Cdn], Clock::system()).await;
    let (media, body) = a_chat(&test).await;
    let viewer = Caller::new(&test, Role::Viewer, Scope::Client(2)).await;
    let chat = media.chat_id.clone().unwrap();
    let archive = dossier(&viewer, &format!("/dossier.zip?chat={chat}&lang=pt-BR")).await;
    let files = unzipped(&archive);
    if let Some(output) = sha256sum(&files) {
        assert!(output.status.success(), "{output:?}");
    }
    let manifest = manifest(&files);
    let key = manifest["public_key"].as_str().unwrap();
    assert_eq!(viewer.get("/dossier-key").await["public_key"], key);
    let shown = midiateca(&test.app.data, &["key", "show", "--dossier"]).await;
    assert_eq!(stdout(&shown).trim(), key);
    let verified = verify(&archive, &["--key", key]).await;
    assert_eq!(verified.status.code(), Some(0), "{}", stderr(&verified));
    assert_eq!(stderr(&verified), "");
    let verified = verify(&archive, &["--json"]).await;
    let report: Value = serde_json::from_str(&stdout(&verified)).unwrap();
    assert_eq!(
        (&report["findings"], &report["files"]),
        (&json!([]), &json!(files.len() - 2))
    );
    assert!(stderr(&verified).contains("the key in the dossier was trusted"));

    assert_eq!(
        (&manifest["files"], &manifest["omitted"]),
        (&json!(2), &json!(0))
    );
    let entry = &manifest["media"][0];
    assert_eq!(
        (&entry["id"], &entry["verified"]),
        (&json!(media.id), &json!("full"))
    );
    for check in ["file_hash", "mac", "encrypted_hash"] {
        assert_eq!(entry["checks"][check]["result"], "matches", "{entry:#}");
    }
    assert_eq!(entry["promised"]["sha256"], entry["sha256"]);
    assert!(!entry["attempts"].as_array().unwrap().is_empty());
    let path = entry["path"].as_str().unwrap();
    assert_eq!(files[path], std::fs::read(test.file(&media)).unwrap());
    assert_eq!(entry["media_key"], "[masked]");
    let raw = text(&files, entry["delivery"]["path"].as_str().unwrap());
    assert!(
        raw.contains("[masked]") && !raw.contains(&media_key(&body)),
        "{raw}"
    );
    assert!(!text(&files, "manifest.json").contains(&media_key(&body)));

    assert_eq!(manifest["verified"], json!({"key_and_hash": 2}));
    let name = manifest["clients"]["2"].as_str().unwrap();
    assert_eq!(manifest["instances"], json!({crate::stage::FIRST: "wapi"}));
    let zone = manifest["time_zone"].as_str().unwrap();
    assert_eq!(manifest["period"], json!({"from": null, "to": null}));
    let received = &manifest["received"];
    assert_eq!(received["from"], entry["received_at"]);
    assert_eq!(entry["client_name"], name);
    assert_eq!(entry["chat_name"], entry["sender_name"]);

    let page = text(&files, "index.html");
    for expected in [
        name,
        "W-API",
        zone,
        "chave e hash",
        entry["chat_name"].as_str().unwrap(),
        "conversa privada",
    ] {
        assert!(page.contains(expected), "{expected}: {page}");
    }
    assert!(page.starts_with("<!doctype html>") && page.trim_end().ends_with("</html>"));
    for expected in [
        "Dossiê",
        "orientação jurídica",
        "confere",
        key,
        entry["sha256"].as_str().unwrap(),
    ] {
        assert!(page.contains(expected), "{expected}: {page}");
    }
    assert!(
        !page.contains("<script") && !page.contains('\u{202e}'),
        "{page}"
    );
    // Of the picture; the voice note has none.
    let pictures = page.matches("<img src=\"data:image/").count();
    assert_eq!(pictures, 1, "{page}");
    let english = dossier(&viewer, &format!("/media/{}/dossier?lang=en", media.id)).await;
    let english = unzipped(&english);
    assert!(text(&english, "index.html").contains("It is not legal advice."));
    assert_eq!(self::manifest(&english)["files"], 1);
    test.end().await;
}

/// Nothing was compared with them, so no page may read as if it were.
#[tokio::test]
async fn files_without_key_and_hash_are_named_as_such_with_the_hold_on_them() {
    let mut config = impatient();
    config.http.time_zone = "America/Sao_Paulo".to_owned();
    let test = TestApp::with(config, Clock::fixed(TODAY)).await;
    let (unproven, _) = test
        .store(SimMedia {
            with_hashes: false,
            ..sample("UNPROVEN")
        })
        .await;
    let (hashed, _) = test.store(sample("HASHED")).await;
    let admin = Caller::new(&test, Role::Admin, Scope::All).await;
    let body = json!({"client": 2, "reason": "processo 9"});
    let (status, hold) = admin.send("POST", "/holds", Some(body)).await;
    assert_eq!(status, 201, "{hold}");
    let viewer = Caller::new(&test, Role::Viewer, Scope::All).await;
    let period = "from=2026-11-24&to=2099-11-24";
    for (caller, reason) in [(&admin, json!("processo 9")), (&viewer, json!(null))] {
        for (lang, nothing, only) in [
            ("en", "not compared", "hash only"),
            ("pt-BR", "sem comparação", "só hash"),
        ] {
            let path = format!("/dossier.zip?client=2&{period}&lang={lang}");
            let files = unzipped(&dossier(caller, &path).await);
            let manifest = manifest(&files);
            assert_eq!(
                manifest["verified"],
                json!({"hash_only": 1, "compared_with_nothing": 1})
            );
            assert_eq!(manifest["period"]["to"], "2099-11-25T03:00:00.000Z");
            let entry = &manifest["media"][0];
            assert_eq!(
                (&entry["id"], &entry["verified"]),
                (&json!(unproven.id), &json!("unproven"))
            );
            let since = &hold["created_at"];
            let expected = json!([{"id": hold["id"], "reason": reason, "since": since}]);
            assert_eq!(entry["holds"], expected);
            let page = text(&files, "index.html");
            for expected in [nothing, only] {
                assert!(page.contains(expected), "{expected}: {page}");
            }
            assert!(!page.contains("chave e hash") && !page.contains("key and hash"));
        }
    }
    let mut browser = signed_in(&test, Role::Viewer, Scope::All).await;
    for (language, nothing, compared) in [
        ("en", "not compared", "nothing could be compared"),
        ("pt-BR", "sem comparação", "não houve com o que comparar"),
    ] {
        browser.language = language;
        let page = browser.page(&format!("/media/{}", unproven.id)).await;
        assert!(page.contains(nothing) && page.contains(compared), "{page}");
        let page = browser.page("/media?verified=unproven").await;
        assert_eq!(page.matches("class=\"tile\"").count(), 1, "{page}");
        assert!(page.contains(compared), "{page}");
    }
    let list = viewer.get("/media?verified=full").await;
    assert_eq!(list["items"][0]["id"], json!(hashed.id));
    test.end().await;
}

#[tokio::test]
async fn each_altered_byte_and_each_removed_or_added_file_is_named() {
    let test = TestApp::with_cdn(vec![Route::Cdn], Clock::system()).await;
    let (media, _) = a_chat(&test).await;
    let viewer = Caller::new(&test, Role::Viewer, Scope::All).await;
    let archive = dossier(&viewer, "/dossier.zip?client=2").await;
    let files = unzipped(&archive);
    let entry = manifest(&files)["media"][0].clone();
    let path = entry["path"].as_str().unwrap().to_owned();
    assert_eq!(entry["id"], media.id);
    let named = async |archive: &[u8], name: &str| {
        let output = verify(archive, &[]).await;
        assert_eq!(output.status.code(), Some(1), "{name}: {output:?}");
        let said = stdout(&output);
        let is_named = said
            .lines()
            .any(|line| line.split('\t').next() == Some(name));
        assert!(is_named, "{name}: {said}");
    };
    for name in [path.as_str(), "manifest.json", "index.html", "SHA256SUMS"] {
        // In the archive itself, where everything is stored as it is.
        let bytes = &files[name];
        let at = archive.windows(bytes.len()).position(|part| part == bytes);
        let mut altered = archive.clone();
        altered[at.unwrap() + bytes.len() / 2] ^= 1;
        named(&altered, name).await;
        let mut altered = files.clone();
        let half = bytes.len() / 2;
        altered.get_mut(name).unwrap()[half] ^= 1;
        if let Some(output) = sha256sum(&altered)
            && name != "SHA256SUMS"
        {
            assert!(!output.status.success());
            assert!(
                stdout(&output).contains(&format!("{name}: FAILED")),
                "{output:?}"
            );
        }
        named(&zipped(&altered), name).await;
    }
    let mut removed = files.clone();
    removed.remove(&path);
    named(&zipped(&removed), &path).await;
    let mut added = files.clone();
    added.insert("files/other.jpg".to_owned(), b"other".to_vec());
    named(&zipped(&added), "files/other.jpg").await;
    let mut fine = zipped(&files);
    assert_eq!(verify(&fine, &[]).await.status.code(), Some(0));
    fine.truncate(fine.len() / 2);
    for archive in [&fine[..], b"no zip"] {
        let refused = verify(archive, &["--json"]).await;
        assert_eq!(refused.status.code(), Some(2), "{refused:?}");
        let error: Value = serde_json::from_str(&stderr(&refused)).unwrap();
        assert_eq!(error["error"]["code"], "dossier_no_archive");
    }
    let key = "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=";
    let output = verify(&archive, &["--key", key]).await;
    assert_eq!(output.status.code(), Some(1));
    assert!(stdout(&output).contains("signed by another installation"));
    test.end().await;
}

#[tokio::test]
async fn media_keys_are_for_administrators_and_everything_is_audited() {
    let test = TestApp::start().await;
    let (own, foreign) = two_clients(&test).await;
    let viewer = Caller::new(&test, Role::Viewer, Scope::Client(2)).await;
    let admin = Caller::new(&test, Role::Admin, Scope::Client(2)).await;
    for path in [
        format!("/media/{own}/dossier?keys=1"),
        "/dossier.zip?keys=1".to_owned(),
    ] {
        assert_eq!(
            viewer.error("GET", &path, None).await,
            (403, "role_too_low".to_owned())
        );
        let files = unzipped(&dossier(&admin, &path).await);
        let manifest = manifest(&files);
        assert_eq!(
            (&manifest["files"], &manifest["with_keys"]),
            (&json!(1), &json!(true))
        );
        let key = manifest["media"][0]["media_key"].as_str().unwrap();
        let raw = manifest["media"][0]["delivery"]["path"].as_str().unwrap();
        assert!(text(&files, raw).contains(key), "{key}");
    }
    dossier(&viewer, &format!("/media/{own}/dossier")).await;
    let made = admin.get("/audit").await["items"].clone();
    let made = made.as_array().unwrap().iter();
    let made: Vec<_> = made
        .filter(|entry| entry["action"] == "dossier_made")
        .map(|entry| {
            (
                entry["media"].is_string(),
                entry["data"]["keys"].as_bool().unwrap(),
            )
        })
        .collect();
    assert_eq!(made, [(true, false), (false, true), (true, true)]);
    for (path, code) in [
        (format!("/media/{foreign}/dossier"), "media_not_found"),
        (format!("/dossier.zip?ids={foreign}"), "nothing_stored"),
        ("/dossier.zip?client=3".to_owned(), "nothing_stored"),
    ] {
        assert_eq!(
            viewer.error("GET", &path, None).await,
            (404, code.to_owned()),
            "{path}"
        );
    }
    for path in ["/dossier.zip?lang=xx", "/dossier.zip?x=1"] {
        assert_eq!(
            viewer.error("GET", path, None).await,
            (400, "bad_query".to_owned()),
            "{path}"
        );
    }
    test.end().await;
}

/// The archive is sent in pieces of 64 KiB. Between the files of a few bytes, most pieces are full in what is written about
/// them.
#[tokio::test]
async fn a_dossier_of_many_small_files_is_sent_to_its_end_and_says_what_is_missing() {
    let test = TestApp::start().await;
    for n in 0..60 {
        let media = SimMedia {
            caption: Some(format!("{n} {}", "palavra ".repeat(400))),
            content: Content::Bytes(format!("%PDF-1.4 {n}").into()),
            ..SimMedia::sample(
                crate::stage::FIRST,
                &format!("SMALL{n}"),
                wa_media::MediaKind::Document,
            )
        };
        test.store(media).await;
    }
    let (missing, _) = test.store(sample("MISSING")).await;
    let failing = test.app.db.write(Key::Everything, async move |tx| {
        let sql =
            "update media set status = 'failed', reason = 'cdn_gone', path = null where id = $1";
        tx.run(sql, vec![missing.id.as_str().into()]).await
    });
    failing.await.unwrap();
    let viewer = Caller::new(&test, Role::Viewer, Scope::All).await;
    let archive = dossier(&viewer, "/dossier.zip?client=2").await;
    assert!(archive.len() > 200_000, "{}", archive.len());
    assert_eq!(verify(&archive, &[]).await.status.code(), Some(0));
    let files = unzipped(&archive);
    let manifest = manifest(&files);
    assert_eq!(manifest["files"], 60);
    assert_eq!(manifest["selection"], json!({"client": 2}));
    assert_eq!(manifest["not_stored"], json!({"failed": 1}));
    let page = text(&files, "index.html");
    assert!(page.contains("Received, but not stored"), "{page:.4000}");
    test.end().await;
}

#[tokio::test]
async fn a_dossier_names_damaged_and_missing_files() {
    let test = TestApp::start().await;
    let (first, _) = test.store(sample("DAMAGED")).await;
    let (second, _) = test.store(sample("GONE")).await;
    let (third, _) = test
        .store(SimMedia::sample(
            crate::stage::FIRST,
            "FINE",
            wa_media::MediaKind::Document,
        ))
        .await;
    let mut bytes = std::fs::read(test.file(&first)).unwrap();
    bytes[0] ^= 1;
    // Equal bytes are one file with several names.
    std::fs::remove_file(test.file(&first)).unwrap();
    std::fs::write(test.file(&first), bytes).unwrap();
    std::fs::remove_file(test.file(&second)).unwrap();
    let infected = SimMedia::sample(
        crate::stage::FIRST,
        "INFECTED",
        wa_media::MediaKind::Sticker,
    );
    let (infected, _) = test.store(infected).await;
    let sha256 = unhex(infected.sha256.as_deref().unwrap()).unwrap();
    let scanned = test.app.db.write(Key::Everything, async move |tx| {
        set_verdict(tx, 2, sha256, ScanVerdict::Infected, 1).await
    });
    scanned.await.unwrap();
    let viewer = Caller::new(&test, Role::Viewer, Scope::All).await;
    let archive = dossier(&viewer, "/dossier.zip").await;
    assert_eq!(verify(&archive, &[]).await.status.code(), Some(0));
    let files = unzipped(&archive);
    let manifest = manifest(&files);
    assert_eq!(
        (&manifest["files"], &manifest["omitted"]),
        (&json!(1), &json!(3))
    );
    let found: Vec<_> = manifest["media"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| {
            (
                entry["id"].as_str().unwrap(),
                entry["finding"].as_str(),
                entry["path"].is_string(),
            )
        })
        .collect();
    assert_eq!(
        found,
        [
            (first.id.as_str(), Some("corrupt"), false),
            (second.id.as_str(), Some("missing"), false),
            (third.id.as_str(), None, true),
            (infected.id.as_str(), Some("infected"), false),
        ]
    );
    assert!(text(&files, "index.html").contains("not in the dossier"));
    let path = format!("/media/{}/dossier", infected.id);
    let refused = viewer.error("GET", &path, None).await;
    assert_eq!(refused, (403, "infected".to_owned()));
    let admin = Caller::new(&test, Role::Admin, Scope::All).await;
    let files = unzipped(&dossier(&admin, &path).await);
    assert_eq!(self::manifest(&files)["files"], 1);
    test.end().await;
}
