//! A second import of the original Django system, when files were lost, cut short or changed in between: no stored file is
//! overwritten, and no two media share a file.

use std::collections::BTreeSet;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::commands::{items, midiateca, stdout};
use crate::multichat::{
    LIVING, Original, Row, files, forget_sender, lines, media, ogg, outcomes, row, sum,
};
use crate::scrub::run;
use crate::stage::FIRST;

const EVENT: &str = "0000000000000000000000000000000a";

fn place(name: &str) -> String {
    format!("cliente_2/instance_{FIRST}/audios/{name}")
}

fn bare<'a>(message: &'a str, path: Option<&'a str>) -> Row<'a> {
    Row {
        sha256: None,
        ..row(message, path, b"")
    }
}

/// Five voice notes of one message.
fn album() -> Original {
    let original = Original::new();
    let event = json!({"instanceId": FIRST, "messageId": "ALBUM", "msgContent": {}});
    original.event(EVENT, &event);
    for n in 0..5 {
        let path = place(&format!("{n}.mp3"));
        original.file(&path, &ogg(n));
        original.message_media(EVENT, "audio", &path);
    }
    original
}

async fn list(data: &Path) -> Vec<Value> {
    items(&midiateca(data, &["--json", "media", "list"]).await)
}

/// Each stored media with a file of its own and in place.
async fn assert_whole(data: &Path, count: usize) {
    let listed = list(data).await;
    let stored = listed.iter().filter(|media| media["status"] == "stored");
    let paths: BTreeSet<_> = stored
        .map(|media| media["path"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(paths.len(), count, "{listed:?}");
    assert_eq!(files(&data.join("media_storage")).len(), count);
    let scrub = midiateca(data, &["--json", "scrub"]).await;
    let results = lines(&scrub);
    let seen = (scrub.status.code(), &results.last().unwrap()["intact"]);
    assert_eq!(seen, (Some(0), &count.into()), "{}", stdout(&scrub));
}

#[tokio::test]
async fn restored_files_overwrite_nothing() {
    let original = album();
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    original.import(data, &[]).await;
    let lost = list(data).await.into_iter().find(|it| it["slot"] == 2);
    let lost = lost.unwrap()["path"].as_str().unwrap().to_owned();
    std::fs::remove_file(data.join("media_storage").join(lost)).unwrap();
    midiateca(data, &["scrub", "--repair"]).await;
    let again = original.import(data, &[]).await;
    let counts = ["stored", "known"].map(|name| sum(&again)[name].as_u64().unwrap());
    assert_eq!(counts, [1, 4], "{}", stdout(&again));
    assert_whole(data, 5).await;
    for file in files(&data.join("media_storage")) {
        std::fs::remove_file(file).unwrap();
    }
    midiateca(data, &["scrub", "--repair", "--even-if-most-are-missing"]).await;
    let again = original.import(data, &[]).await;
    assert_eq!(sum(&again)["stored"], 5, "{}", stdout(&again));
    assert_whole(data, 5).await;
}

#[tokio::test]
async fn a_lost_file_does_not_give_its_row_to_another_of_its_message() {
    let original = album();
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    original.import(data, &[]).await;
    let before = list(data).await;
    for file in files(&data.join("media_storage")) {
        std::fs::remove_file(file).unwrap();
    }
    midiateca(data, &["scrub", "--repair", "--even-if-most-are-missing"]).await;
    let first = original.path("media_storage");
    std::fs::remove_file(Path::new(&first).join(place("0.mp3"))).unwrap();
    original.import(data, &[]).await;
    for (was, is) in before.iter().zip(list(data).await) {
        let seen = ["id", "slot", "sha256"].map(|name| (&was[name], is[name].clone()));
        assert!(seen.iter().all(|(was, is)| *was == is), "{was} {is}");
    }
    assert_whole(data, 4).await;
}

#[tokio::test]
async fn a_file_cut_short_takes_the_place_of_no_download_whose_hash_is_known() {
    let original = Original::new();
    let (whole, path) = (ogg(1), place("half.mp3"));
    let event = json!({"instanceId": FIRST, "messageId": "HALF", "sender": {"id": "5500900000001"}, "chat": {"id": "5500900000001"},
      "msgContent": {"audioMessage": {"mediaKey": STANDARD.encode([1; 32]), "fileSha256": STANDARD.encode(Sha256::digest(&whole)),
        "fileLength": whole.len(), "directPath": LIVING, "mimetype": "audio/ogg; codecs=opus"}}});
    original.event(EVENT, &event);
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    let first = original.import(data, &[]).await;
    assert_eq!(sum(&first)["queued"], 1, "{}", stdout(&first));
    original.file(&path, &whole[..300]);
    original.row(&bare("HALF", Some(&path)));
    let unkeyed = "update core_mediafile set media_key = null, direct_path = null";
    original.db.execute(unkeyed, []).unwrap();
    let second = original.import(data, &[]).await;
    let found = outcomes(&second);
    assert_eq!(found["core_mediafile 1"], "left_out", "{}", stdout(&second));
    assert_eq!(media(data).await["HALF"]["status"], "pending");
    // Complete, it matches its row.
    original.file(&path, &whole);
    original.import(data, &[]).await;
    assert_eq!(media(data).await["HALF"]["status"], "stored");
    assert_whole(data, 1).await;
}

#[tokio::test]
async fn a_file_that_changed_makes_no_second_media_of_its_message() {
    let original = Original::new();
    let path = place("changed.mp3");
    original.file(&path, &ogg(1));
    original.row(&bare("CHANGED", Some(&path)));
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    original.import(data, &[]).await;
    let before = media(data).await;
    original.file(&path, &ogg(2));
    for _ in 0..2 {
        let again = original.import(data, &[]).await;
        let found = outcomes(&again);
        assert_eq!(found["core_mediafile 1"], "left_out", "{}", stdout(&again));
        assert_eq!(media(data).await, before);
        assert_whole(data, 1).await;
    }
}

/// Two messages of two people whose rows come to name one file that was taken before as a stray.
async fn two_of_one_stray(data: &Path) -> Original {
    let original = Original::new();
    let path = place("late.mp3");
    original.file(&path, &ogg(1));
    for message in ["ONE", "TWO"] {
        let pending = Row {
            status: "pending",
            ..bare(message, None)
        };
        original.row(&pending);
    }
    let other = "update core_mediafile set sender_id = '5500900000002', sender_name = 'Bia Exemplo', chat_id = null where message_id = 'TWO'";
    original.db.execute(other, []).unwrap();
    let first = original.import(data, &[]).await;
    assert_eq!(sum(&first)["orphaned"], 1, "{}", stdout(&first));
    let sql = "update core_mediafile set file_path = ?";
    original.db.execute(sql, [&path]).unwrap();
    original
}

#[tokio::test]
async fn a_stray_becomes_one_medias_file_and_another_gets_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    let original = two_of_one_stray(data).await;
    let second = original.import(data, &[]).await;
    assert_eq!(sum(&second)["stored"], 2, "{}", stdout(&second));
    assert_whole(data, 2).await;
    forget_sender(data).await;
    let left = media(data).await;
    assert_eq!(left["TWO"]["status"], "stored");
    assert_whole(data, 1).await;
}

#[tokio::test]
async fn neither_an_erasure_nor_a_rule_takes_a_file_that_another_media_names_too() {
    for is_forgotten in [true, false] {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path();
        let original = two_of_one_stray(data).await;
        original.import(data, &[]).await;
        // As an earlier import may have left them.
        let shared = "update media set path = (select path from media where message_id = 'ONE') where message_id = $1";
        let lone = media(data).await["TWO"]["path"]
            .as_str()
            .unwrap()
            .to_owned();
        std::fs::remove_file(data.join("media_storage").join(lone)).unwrap();
        run(data, shared, "TWO").await;
        if is_forgotten {
            forget_sender(data).await;
        } else {
            let old = "update media set received_at = 1 where message_id = $1";
            run(data, old, "ONE").await;
            let recent = "update media set received_at = 4000000000000 where message_id = $1";
            run(data, recent, "TWO").await;
            let rules = "[[retention.rules]]\nolder_than = '30d'\n";
            std::fs::write(data.join("midiateca.toml"), rules).unwrap();
            assert_eq!(midiateca(data, &["sweep"]).await.status.code(), Some(0));
        }
        assert_whole(data, 1).await;
        assert_eq!(media(data).await["TWO"]["status"], "stored");
        // With the last that names it, it goes.
        run(
            data,
            "update media set received_at = 1 where message_id = $1",
            "TWO",
        )
        .await;
        let all = "[[retention.rules]]\nolder_than = '30d'\n";
        std::fs::write(data.join("midiateca.toml"), all).unwrap();
        assert_eq!(midiateca(data, &["sweep"]).await.status.code(), Some(0));
        assert!(files(&data.join("media_storage")).is_empty());
    }
}

#[tokio::test]
async fn two_deliveries_of_one_message_with_two_files_are_two_media() {
    let original = Original::new();
    for n in [1, 2, 2] {
        let count = "select count(*) from webhook_webhookevent";
        let count: i64 = original.db.query_row(count, [], |row| row.get(0)).unwrap();
        let link = LIVING.replace('2', &n.to_string());
        let event = json!({"instanceId": FIRST, "messageId": "TWO", "sender": {"id": "5500900000001"}, "chat": {"id": "5500900000001"},
          "msgContent": {"audioMessage": {"mediaKey": STANDARD.encode([n; 32]), "fileSha256": STANDARD.encode(Sha256::digest(ogg(n))),
            "directPath": link, "mimetype": "audio/ogg; codecs=opus"}}});
        original.event(&format!("{count:032}"), &event);
    }
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    let plan = original.import(&data.join("none"), &["--dry-run"]).await;
    let taken = original.import(data, &[]).await;
    for output in [&plan, &taken] {
        let seen = ["queued", "known"].map(|name| sum(output)[name].as_u64().unwrap());
        assert_eq!(seen, [2, 0], "{}", stdout(output));
    }
    assert_eq!(list(data).await.len(), 2);
    // The file of the second, which was missing in the first.
    let path = place("second.mp3");
    original.file(&path, &ogg(2));
    original.row(&row("TWO", Some(&path), &ogg(2)));
    let second = "update core_mediafile set media_key = ?";
    original
        .db
        .execute(second, [STANDARD.encode([2; 32])])
        .unwrap();
    let again = original.import(data, &[]).await;
    let seen = ["stored", "known", "queued"].map(|name| sum(&again)[name].as_u64().unwrap());
    assert_eq!(seen, [1, 1, 0], "{}", stdout(&again));
    let listed = list(data).await;
    let mut stood: Vec<_> = listed
        .iter()
        .map(|it| (it["slot"].as_i64().unwrap(), it["status"].as_str().unwrap()))
        .collect();
    stood.sort_unstable();
    assert_eq!(stood, [(0, "pending"), (1, "stored")]);
    assert_whole(data, 1).await;
}

#[tokio::test]
async fn a_file_that_no_row_knows_is_not_written_over() {
    let original = album();
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    let audio = data.join(format!("media_storage/cliente_2/instance_{FIRST}/audio"));
    std::fs::create_dir_all(&audio).unwrap();
    // As after a backup of the database was put back that is older than the files.
    let foreign = ["", "_3"].map(|nth| audio.join(format!("wapi_ALBUM_20250905_200500{nth}.ogg")));
    for file in &foreign {
        std::fs::write(file, "another program's").unwrap();
    }
    let taken = original.import(data, &[]).await;
    assert_eq!(sum(&taken)["stored"], 5, "{}", stdout(&taken));
    for file in foreign {
        assert_eq!(std::fs::read(&file).unwrap(), b"another program's");
        std::fs::remove_file(file).unwrap();
    }
    assert_whole(data, 5).await;
}
