//! Files that come inside webhooks: every way of writing them, and what is kept of them.

mod envelopes;
mod memory;
mod replays;

use std::path::PathBuf;

use crate::stage::MediaView;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use midiateca_service::clock::Clock;
use midiateca_service::db::Key;
use midiateca_service::model::{MediaId, Route};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::backup::{back_up, copy_folder};
use crate::commands::midiateca;
use crate::retention::sweep;
use crate::stage::{FIRST, TODAY, TestApp};

const MIB: usize = 1 << 20;

/// Bytes that begin like a picture; no two are alike.
pub fn picture(n: u8, size: usize) -> Vec<u8> {
    let mut state = u32::from(n) + 1;
    let noise = (4..size).map(|_| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state.to_be_bytes()[0]
    });
    [0xff, 0xd8, 0xff, n].into_iter().chain(noise).collect()
}

/// The description of a picture whose bytes come in the delivery, with a hash or without.
fn leaf(n: u8, bytes: &[u8], with_hash: bool) -> Value {
    let mut leaf = json!({
        "mimetype": "image/jpeg",
        "mediaKey": vec![n; 32],
        "directPath": format!("/v/t62.7118-24/{n}_n.enc?ccb=11-4&oh=01_sim&oe=70CE3680"),
    });
    if with_hash {
        leaf["fileSha256"] = json!(STANDARD.encode(Sha256::digest(bytes)));
    }
    leaf
}

fn body(id: &str, content: Value) -> String {
    json!({
        "event": "webhookReceived", "instanceId": FIRST, "messageId": id, "moment": TODAY / 1_000,
        "chat": {"id": "5511900000001"}, "sender": {"id": "5511900000001"}, "msgContent": content,
    })
    .to_string()
}

pub fn with_picture(id: &str, n: u8, bytes: &[u8]) -> String {
    body(
        id,
        json!({"imageMessage": leaf(n, bytes, true), "base64": STANDARD.encode(bytes)}),
    )
}

async fn start() -> TestApp {
    TestApp::with_cdn(vec![Route::Inline], Clock::fixed(TODAY)).await
}

async fn deliver(test: &TestApp, body: String) -> MediaView {
    let (status, answer) = test.post(body).await;
    assert_eq!(
        (status, &answer["status"]),
        (200, &json!("accepted")),
        "{answer}"
    );
    settled(test, &answer, 0).await
}

async fn settled(test: &TestApp, answer: &Value, slot: usize) -> MediaView {
    let id = answer["media"][slot]["id"].as_str().unwrap().to_owned();
    test.settled(&MediaId(id)).await
}

/// The files with long texts of deliveries.
fn texts(test: &TestApp) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(test.app.bodies.folder())
        .into_iter()
        .flatten();
    entries.map(|entry| entry.unwrap().path()).collect()
}

/// Waits until this many files with long texts exist: a worker removes a file after the commit that stores its media.
async fn wait_for_texts(test: &TestApp, count: usize) -> Vec<PathBuf> {
    let started = std::time::Instant::now();
    loop {
        let found = texts(test);
        if found.len() == count {
            return found;
        }
        assert!(started.elapsed().as_secs() < 60, "{count}: {found:?}");
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
}

/// How many deliveries are kept, and how many bytes their rows take.
async fn kept(test: &TestApp) -> (i64, i64) {
    let sql = "select count(*) as n, coalesce(sum(length(body_lz4)), 0)
                 + coalesce((select sum(length(text)) from delivery_parts), 0) as bytes from deliveries";
    let row = test.app.db.row(sql, vec![]).await.unwrap().unwrap();
    (row.int("n").unwrap(), row.int("bytes").unwrap())
}

/// The bytes in the file of a media.
fn bytes_of(test: &TestApp, media: &MediaView) -> Vec<u8> {
    std::fs::read(test.file(media)).unwrap()
}

#[tokio::test]
async fn every_way_of_writing_a_file_gives_its_bytes_and_leaves_only_its_name() {
    let test = start().await;
    let mut sizes = vec![20_000, 48_001, 3 * MIB + 1].into_iter().cycle();
    let lines = |text: &str, end: &str| {
        let lines = text
            .as_bytes()
            .chunks(76)
            .map(|line| std::str::from_utf8(line).unwrap());
        lines.collect::<Vec<_>>().join(end)
    };
    type Writing<'a> = (&'a str, &'a dyn Fn(&[u8]) -> String);
    let writings: [Writing<'_>; 8] = [
        ("plain", &|bytes| STANDARD.encode(bytes)),
        ("url", &|bytes| URL_SAFE_NO_PAD.encode(bytes)),
        ("slashes", &|bytes| {
            STANDARD.encode(bytes).replace('/', "\\/")
        }),
        ("escapes", &|bytes| {
            STANDARD
                .encode(bytes)
                .replace('+', "\\u002b")
                .replace('=', "\\u003D")
        }),
        ("lines", &|bytes| lines(&STANDARD.encode(bytes), "\\r\\n")),
        ("raw lines", &|bytes| lines(&STANDARD.encode(bytes), "\n")),
        ("spaces", &|bytes| lines(&STANDARD.encode(bytes), " ")),
        ("data", &|bytes| {
            format!("data:image\\/jpeg;base64,{}", STANDARD.encode(bytes))
        }),
    ];
    for (n, (name, write)) in writings.into_iter().enumerate() {
        for place in ["outside", "inside", "nested"] {
            // Not read: with spaces, base64 looks like any other text.
            if (name, place) == ("spaces", "nested") {
                continue;
            }
            let n = u8::try_from(n * 3 + place.len()).unwrap();
            let bytes = picture(n, sizes.next().unwrap());
            let mut leaf = leaf(n, &bytes, true);
            let id = format!("WAY-{n}-{place}");
            let body = match place {
                "outside" => body(&id, json!({"imageMessage": leaf, "base64": "HERE"})),
                "inside" => {
                    leaf["base64"] = json!("HERE");
                    body(&id, json!({"imageMessage": leaf}))
                }
                _ => {
                    let inner = json!({"imageMessage": leaf, "base64": "HERE"}).to_string();
                    body(&id, json!(inner.replace("HERE", &write(&bytes))))
                }
            };
            let media = deliver(
                &test,
                body.replace("\"HERE\"", &format!("\"{}\"", write(&bytes))),
            )
            .await;
            assert_eq!(
                (
                    media.status.as_str(),
                    media.route.as_deref(),
                    media.verified.as_deref()
                ),
                ("stored", Some("inline"), Some("full")),
                "{name} {place}: {:?}",
                media.reason
            );
            assert!(bytes_of(&test, &media) == bytes, "{name} {place}");
        }
    }
    wait_for_texts(&test, 0).await;
    let (count, kept) = kept(&test).await;
    let spaced = 2 * 70_000;
    assert!(
        kept < count * 12_000 + spaced,
        "{count} deliveries take {kept} bytes"
    );
    test.end().await;
}

#[tokio::test]
async fn each_file_of_a_delivery_is_replaced_once_it_is_stored_and_one_that_fails_keeps_its_bytes()
{
    let test = start().await;
    let (good, wrong) = (picture(1, MIB), picture(2, MIB));
    let mut first = leaf(1, &good, true);
    first["base64"] = json!(STANDARD.encode(&good));
    let mut second = leaf(2, &picture(3, MIB), true);
    second["base64"] = json!(STANDARD.encode(&wrong));
    let content = json!({"imageMessage": first, "videoMessage": second});
    let (_, answer) = test.post(body("SEVERAL", content)).await;
    assert_eq!(settled(&test, &answer, 0).await.status, "stored");
    let failed = settled(&test, &answer, 1).await;
    assert_eq!(
        (failed.status.as_str(), failed.reason.as_deref()),
        ("failed", Some("sender_hash_wrong"))
    );
    let texts = wait_for_texts(&test, 1).await;
    assert!(std::fs::read(&texts[0]).unwrap() == STANDARD.encode(&wrong).into_bytes());
    test.end().await;
}

#[tokio::test]
async fn bytes_without_a_promised_hash_are_replaced_by_the_hash_that_they_have() {
    let test = start().await;
    let bytes = picture(1, 200_000);
    let content =
        json!({"imageMessage": leaf(1, &bytes, false), "base64": STANDARD.encode(&bytes)});
    let media = deliver(&test, body("UNPROVEN", content)).await;
    assert_eq!(
        (media.status.as_str(), media.verified.as_deref()),
        ("stored", Some("unproven"))
    );
    let sql = "select media, hex(decoded_sha256) as sha256 from delivery_parts";
    let row = test.app.db.row(sql, vec![]).await.unwrap().unwrap();
    assert_eq!(row.text("media").unwrap(), media.id);
    assert_eq!(
        Some(row.text("sha256").unwrap().to_lowercase()),
        media.sha256
    );
    wait_for_texts(&test, 0).await;
    test.end().await;
}

#[tokio::test]
async fn broken_base64_fails_with_its_reason_and_is_kept() {
    let test = start().await;
    let bytes = picture(1, MIB);
    let mut text = STANDARD.encode(&bytes);
    text.replace_range(700_000..700_001, "!");
    let content = json!({"imageMessage": leaf(1, &bytes, true), "base64": text});
    let media = deliver(&test, body("BROKEN", content)).await;
    assert_eq!(
        (media.status.as_str(), media.reason.as_deref()),
        ("failed", Some("inline_malformed"))
    );
    let kept: u64 = texts(&test)
        .iter()
        .map(|path| path.metadata().unwrap().len())
        .sum();
    assert_eq!(kept, text.len() as u64 - 1);
    test.end().await;
}

#[tokio::test]
async fn large_bodies_without_media_or_with_errors_are_stored_at_most_once() {
    let test = start().await;
    let words = "oi, tudo bem? ".repeat(MIB / 4);
    let (status, answer) = test
        .post(body("WORDS", json!({"conversation": words})))
        .await;
    assert_eq!(
        (status, &answer["status"]),
        (200, &json!("ignored")),
        "{answer}"
    );
    assert_eq!(kept(&test).await.0, 0);
    let numbers: Vec<_> = (0..1_000_000).collect();
    let (_, answer) = test.post(body("NUMBERS", json!({"data": numbers}))).await;
    assert_eq!(answer["status"], "ignored", "{answer}");
    assert_eq!(texts(&test), Vec::<PathBuf>::new());
    let whole = with_picture("CUT", 1, &picture(1, MIB));
    let objects = json!({"instanceId": FIRST, "n": vec![json!({"a": 1}); 300_000]}).to_string();
    let hidden = json!({"imageMessage": leaf(9, b"", true), "filler": words}).to_string();
    let cases = [
        whole.as_bytes()[..whole.len() - 1_000].to_vec(),
        objects.into_bytes(),
        picture(2, 5 * MIB),
        "[".repeat(3 * MIB).into_bytes(),
        vec![b' '; 5 * MIB],
        body("HIDDEN", json!(hidden)).into_bytes(),
    ];
    for (n, case) in cases.iter().enumerate() {
        for _ in 0..3 {
            let (_, answer) = test.post(case.clone()).await;
            let verdict = answer["status"].as_str().unwrap();
            assert!(
                ["quarantined", "set_aside"].contains(&verdict),
                "{n}: {answer}"
            );
        }
        let kept = kept(&test).await.0;
        assert_eq!(kept, i64::try_from(n).unwrap() + 1, "{n}");
    }
    let all: u64 = texts(&test)
        .iter()
        .map(|path| path.metadata().unwrap().len())
        .sum();
    let expected: usize = cases.iter().map(Vec::len).sum();
    assert!(all < expected as u64, "{all} bytes of {expected}");
    test.end().await;
}

#[tokio::test]
async fn a_large_delivery_that_is_repeated_is_kept_once() {
    let test = start().await;
    let bytes = picture(1, MIB);
    let good = with_picture("GOOD", 1, &bytes);
    let broken = good.replace("GOOD", "BROKEN").replacen("/9j/", "!9j/", 1);
    assert_ne!(good.replace("GOOD", "BROKEN"), broken);
    for body in [&good, &broken] {
        for _ in 0..20 {
            deliver(&test, body.clone()).await;
        }
    }
    assert_eq!(kept(&test).await.0, 2);
    let kept: u64 = wait_for_texts(&test, 1)
        .await
        .iter()
        .map(|path| path.metadata().unwrap().len())
        .sum();
    assert!(kept <= broken.len() as u64, "{kept} bytes");
    // What is stored is known by its bytes as well, when the delivery around it is another.
    let media = deliver(&test, good.replace("webhookReceived", "webhookDelivery")).await;
    assert_eq!(media.status, "stored");
    wait_for_texts(&test, 1).await;
    test.end().await;
}

#[tokio::test]
async fn a_repeat_brings_back_what_was_lost_here() {
    let test = start().await;
    let body = with_picture("LOST", 1, &picture(1, MIB));
    let media = deliver(&test, body.clone()).await;
    std::fs::remove_file(test.file(&media)).unwrap();
    let id = MediaId(media.id.clone());
    test.app
        .db
        .write(Key::Everything, async move |tx| {
            let media = midiateca_service::media::requeue::find_stored(tx, &id).await?;
            let media = media.expect("it is stored");
            midiateca_service::queue::mark_lost(tx, &media, false, TODAY).await
        })
        .await
        .unwrap();
    let again = deliver(&test, body).await;
    assert_eq!(
        (again.id, again.status.as_str()),
        (media.id.clone(), "stored")
    );
    assert!(test.file(&media).exists());
    test.end().await;
}

#[tokio::test]
async fn a_token_that_a_sender_writes_leads_to_no_other_delivery() {
    let test = start().await;
    let bytes = picture(1, MIB);
    let content =
        json!({"imageMessage": leaf(1, &picture(2, 9), true), "base64": STANDARD.encode(&bytes)});
    let (_, answer) = test.post(body("VICTIM", content)).await;
    settled(&test, &answer, 0).await;
    let letters = answer["delivery"].as_str().unwrap().replace('-', "");
    let token = format!("midiatecaPart{letters}0000");
    let content = json!({"imageMessage": leaf(3, &bytes, false), "base64": token});
    let media = deliver(&test, body("THIEF", content)).await;
    let has_the_other = media.status == "stored" && media.size == Some(MIB as i64);
    assert!(!has_the_other, "{media:?}");
    test.end().await;
}

#[tokio::test]
async fn rules_and_erasures_delete_the_texts_of_a_delivery_too() {
    let test = start().await;
    let bytes = picture(1, MIB);
    let content =
        json!({"imageMessage": leaf(1, b"another", true), "base64": STANDARD.encode(&bytes)});
    assert_eq!(
        deliver(&test, body("FORGET", content)).await.status,
        "failed"
    );
    let words = "oi, ".repeat(MIB / 4);
    let naming = format!("{words} fale com 5511900000001, {words}");
    let broken = format!("{{\"instanceId\":\"{FIRST}\",\"text\":\"{naming}\"");
    assert_eq!(test.post(broken.clone()).await.1["status"], "set_aside");
    assert_eq!(
        test.post(broken.replace("5511900000001", "55119000000012"))
            .await
            .1["error"],
        Value::Null
    );
    assert_eq!(texts(&test).len(), 3);
    let proof = crate::forget::erase_with_unreadable(&test.app, 2, "5511900000001").await;
    assert_eq!(
        (proof.deliveries, proof.is_complete()),
        (2, true),
        "{proof:?}"
    );
    assert_eq!(texts(&test).len(), 1);
    test.app
        .db
        .write(Key::Everything, async |tx| {
            tx.run("delete from deliveries", vec![]).await
        })
        .await
        .unwrap();
    sweep(&test.app, false).await.unwrap();
    assert_eq!(texts(&test), Vec::<PathBuf>::new());
    test.end().await;
}

#[tokio::test]
async fn texts_of_another_database_are_kept_and_come_back_with_it() {
    let test = start().await;
    let content = json!({"imageMessage": leaf(1, b"another", true), "base64": STANDARD.encode(picture(1, MIB))});
    deliver(&test, body("KEPT", content)).await;
    let needed = texts(&test).remove(0);
    let folder = needed.parent().unwrap().join("other-database");
    let foreign = needed.with_file_name("01a20d6d-5a00-7000-8000-000000000001.0");
    std::fs::write(&foreign, "AAAA").unwrap();
    let (bodies, db) = (&test.app.bodies, &test.app.db);
    bodies.set_aside(db).await.unwrap();
    let moved = folder.join(foreign.file_name().unwrap());
    assert!(needed.exists() && moved.exists() && !foreign.exists());
    // As if this database had been away.
    let away = folder.join(needed.file_name().unwrap());
    std::fs::rename(&needed, &away).unwrap();
    bodies.bring_back(db).await.unwrap();
    bodies.sweep(db, true).await.unwrap();
    assert!(needed.exists() && !away.exists() && moved.exists());
    let file = std::fs::File::options().write(true).open(&moved).unwrap();
    let month = std::time::Duration::from_secs(31 * 24 * 3_600);
    let written = file.metadata().unwrap().modified().unwrap();
    file.set_modified(written - month).unwrap();
    bodies.bring_back(db).await.unwrap();
    assert!(!moved.exists());
    test.end().await;
}

#[tokio::test]
async fn leftovers_of_a_killed_process_are_swept_and_committed_files_stay() {
    let test = start().await;
    let bytes = picture(1, MIB);
    let content =
        json!({"imageMessage": leaf(1, b"another", true), "base64": STANDARD.encode(&bytes)});
    let failed = deliver(&test, body("KEPT", content)).await;
    let committed = texts(&test).remove(0);
    // Killed between the commit and the file's last name.
    let first_name = committed.with_extension("0.new");
    std::fs::rename(&committed, &first_name).unwrap();
    let orphan = committed.with_file_name("01a20d6d-5a00-7000-8000-000000000001.0");
    let unfinished = orphan.with_extension("1.new");
    let arriving = orphan.with_extension("2.new");
    for path in [&orphan, &unfinished, &arriving] {
        std::fs::write(path, "AAAA").unwrap();
    }
    let written = std::fs::metadata(&unfinished).unwrap().modified().unwrap();
    let long_ago = written - std::time::Duration::from_secs(120);
    for path in [&first_name, &unfinished] {
        let file = std::fs::File::options().write(true).open(path).unwrap();
        file.set_modified(long_ago).unwrap();
    }
    test.app.bodies.sweep(&test.app.db, true).await.unwrap();
    let mut left = texts(&test);
    left.sort();
    let mut expected = vec![committed, arriving];
    expected.sort();
    assert_eq!(left, expected);
    assert_eq!(failed.status, "failed");
    test.end().await;
}

#[tokio::test]
async fn a_backup_holds_what_is_nowhere_else() {
    let test = start().await;
    let bytes = picture(1, MIB);
    let content =
        json!({"imageMessage": leaf(1, b"another", true), "base64": STANDARD.encode(&bytes)});
    deliver(&test, body("FAILED", content)).await;
    deliver(&test, with_picture("STORED", 2, &picture(2, MIB))).await;
    wait_for_texts(&test, 1).await;
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("backup");
    for _ in 0..2 {
        assert_eq!(back_up(&test.app.data, &target, &[]).await.0, Some(0));
    }
    let names = |folder: &std::path::Path| {
        let mut names: Vec<_> = std::fs::read_dir(folder.join("bodies"))
            .unwrap()
            .map(|entry| entry.unwrap().file_name())
            .collect();
        names.sort();
        names
    };
    assert_eq!(names(&target), names(&test.app.data));
    assert_eq!(names(&target).len(), 1);
    let copy = folder.path().join("copy");
    copy_folder(&target, &copy);
    let check = midiateca(&copy, &["--json", "check"]).await;
    assert_ne!(check.status.code(), Some(3), "{check:?}");
    test.end().await;
}

#[tokio::test]
async fn several_files_of_one_kind_in_a_message_are_each_their_own() {
    let test = start().await;
    for (id, has_hash, has_key) in [
        ("KEYS", true, true),
        ("HASHES", true, false),
        ("NOTHING", false, false),
    ] {
        for size in [900, 60_000] {
            let pictures: Vec<_> = (0..4).map(|n| picture(n, size)).collect();
            let cards = pictures.iter().zip(0..).map(|(bytes, n)| {
                let mut leaf = leaf(n, bytes, has_hash);
                let fields = leaf.as_object_mut().unwrap();
                if !has_key {
                    fields.remove("mediaKey");
                    fields.remove("directPath");
                }
                fields.insert("base64".to_owned(), json!(STANDARD.encode(bytes)));
                json!({"header": {"imageMessage": leaf}})
            });
            let cards: Vec<_> = cards.collect();
            let content = json!({"interactiveMessage": {"carouselMessage": {"cards": cards}}});
            let (status, answer) = test.post(body(&format!("{id}-{size}"), content)).await;
            assert_eq!(status, 200, "{answer}");
            for (slot, bytes) in pictures.iter().enumerate() {
                let media = settled(&test, &answer, slot).await;
                assert_eq!(media.status, "stored", "{id} {size} {:?}", media.reason);
                assert_eq!(&bytes_of(&test, &media), bytes, "{id} {size} {slot}");
            }
        }
    }
}
