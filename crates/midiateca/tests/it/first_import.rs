//! Taking over the original Django system: what must not be skipped, doubled, or given to another client.

use std::path::{Path, PathBuf};

use rusqlite::Connection;
use serde_json::{Value, json};

use crate::commands::{items, midiateca, stderr, stdout};
use crate::multichat::{
    Original, Row, document, files, forget_sender, import, lines, media, ogg, outcomes, row, sum,
};
use crate::scrub::run;
use crate::stage::{FIRST, OTHER, sample};

const EVENT: &str = "0000000000000000000000000000000a";

fn place(name: &str) -> String {
    format!("cliente_2/instance_{FIRST}/audios/{name}")
}

/// Whatever the configuration leaves free, it is not enough.
fn leave_no_room(data: &Path, is_full: bool) {
    let text = if is_full {
        "[storage]\npause_below = 9000000000000000000\nresume_above = 9000000000000000000\n"
    } else {
        ""
    };
    std::fs::write(data.join("midiateca.toml"), text).unwrap();
}

#[tokio::test]
async fn five_files_of_one_message_are_five_media_of_it() {
    let original = Original::new();
    let event = json!({"instanceId": FIRST, "messageId": "ALBUM", "msgContent": {}});
    original.event(EVENT, &event);
    for n in 0..5 {
        let path = place(&format!("{n}.mp3"));
        original.file(&path, &ogg(n));
        original.message_media(EVENT, "audio", &path);
    }
    original.message_media(EVENT, "audio", &place("gone.mp3"));
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    let plan = original.import(&data.join("none"), &["--dry-run"]).await;
    let taken = original.import(data, &[]).await;
    for output in [&plan, &taken] {
        let sum = sum(output);
        let seen = ["stored", "orphaned", "lost"].map(|name| sum[name].as_u64().unwrap());
        assert_eq!(seen, [5, 0, 1], "{}", stdout(output));
    }
    let listed = midiateca(data, &["--json", "media", "list"]).await;
    let mut slots: Vec<_> = items(&listed)
        .iter()
        .filter(|media| media["message_id"] == "ALBUM" && media["status"] == "stored")
        .map(|media| media["slot"].as_i64().unwrap())
        .collect();
    slots.sort_unstable();
    assert_eq!(slots, [0, 1, 2, 3, 4]);
    assert_eq!(files(&data.join("media_storage")).len(), 5);
    let again = original.import(data, &[]).await;
    let again = sum(&again);
    let seen = ["stored", "orphaned", "known"].map(|name| again[name].as_u64().unwrap());
    assert_eq!(seen, [0, 0, 5]);
    assert_eq!(files(&data.join("media_storage")).len(), 5);
    let scrub = midiateca(data, &["scrub"]).await;
    assert_eq!(scrub.status.code(), Some(0), "{}", stdout(&scrub));
}

#[tokio::test]
async fn another_file_of_equal_length_is_not_taken_for_the_stored_one() {
    let original = Original::new();
    let (hashed, bare) = (place("hashed.mp3"), place("bare.mp3"));
    for path in [&hashed, &bare] {
        original.file(path, &ogg(1));
    }
    original.row(&row("HASHED", Some(&hashed), &ogg(1)));
    let unhashed = Row {
        sha256: None,
        ..row("BARE", Some(&bare), b"")
    };
    original.row(&unhashed);
    let folder = tempfile::tempdir().unwrap();
    original.import(folder.path(), &[]).await;
    original.file(&hashed, &ogg(2));
    original.file(&bare, &ogg(3));
    let again = original.import(folder.path(), &[]).await;
    let outcome = outcomes(&again);
    // The one fails its row's hash; of the other nothing says which of the two is right.
    assert_eq!(outcome[&hashed], "stored");
    assert_eq!(outcome["core_mediafile 2"], "left_out");
    assert_eq!(sum(&again)["orphaned"], 1, "{}", stdout(&again));
}

#[tokio::test]
async fn a_file_that_was_copied_before_its_row_knew_it_is_not_stored_twice() {
    let original = Original::new();
    let (late, known) = (place("late.mp3"), place("known.mp3"));
    original.file(&late, &ogg(1));
    original.file(&known, &ogg(2));
    // While the original system runs: the file is there, and its row does not say so yet.
    let pending = Row {
        sha256: None,
        status: "pending",
        ..row("LATE", None, b"")
    };
    original.row(&pending);
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    let first = original.import(data, &[]).await;
    assert_eq!(sum(&first)["orphaned"], 2, "{}", stdout(&first));
    // At the switch.
    let sql = "update core_mediafile set download_status = 'success', file_path = ? where message_id = 'LATE'";
    original.db.execute(sql, [&late]).unwrap();
    original.row(&row("KNOWN", Some(&known), &ogg(2)));
    let second = original.import(data, &[]).await;
    assert_eq!(
        (&sum(&second)["stored"], &sum(&second)["orphaned"]),
        (&2.into(), &0.into())
    );
    let rows = media(data).await;
    let names: Vec<_> = rows.keys().map(String::as_str).collect();
    assert_eq!(names, ["KNOWN", "LATE"]);
    assert_eq!(rows["LATE"]["status"], "stored");
    assert_eq!(rows["LATE"]["sender_name"], "Ana Exemplo");
    let scrub = midiateca(data, &["scrub"]).await;
    assert_eq!(scrub.status.code(), Some(0), "{}", stdout(&scrub));
    let third = original.import(data, &[]).await;
    assert_eq!(
        (&sum(&third)["stored"], &sum(&third)["known"]),
        (&0.into(), &2.into())
    );
    forget_sender(data).await;
    assert_eq!(files(&data.join("media_storage")), Vec::<PathBuf>::new());
    let fourth = original.import(data, &[]).await;
    assert_eq!(sum(&fourth)["stored"], 0, "{}", stdout(&fourth));
}

#[tokio::test]
async fn a_file_in_no_clients_folder_is_given_to_one_client_only_unless_a_hash_proves_more() {
    let original = Original::new();
    let (shared, root, proven) = ("fotos/shared.mp3", "leak.mp3", "fotos/proven.mp3");
    for (path, n) in [(shared, 1), (root, 2), (proven, 3)] {
        original.file(path, &ogg(n));
    }
    let bare = |message, path, number| Row {
        sha256: None,
        number,
        ..row(message, Some(path), b"")
    };
    original.row(&bare("OURS", shared, 1));
    original.row(&bare("THEIRS", shared, 2));
    original.row(&bare("LEAK", "/somewhere/else/leak.mp3", 2));
    let hashed = Row {
        number: 2,
        ..row("PROVEN", Some("/srv/media/fotos/proven.mp3"), &ogg(3))
    };
    original.row(&hashed);
    let folder = tempfile::tempdir().unwrap();
    let taken = original.import(folder.path(), &[]).await;
    let outcome = outcomes(&taken);
    let outcome = [
        "core_mediafile 1",
        "core_mediafile 2",
        "core_mediafile 3",
        "core_mediafile 4",
    ]
    .map(|origin| outcome[origin].as_str());
    assert_eq!(
        outcome,
        ["stored", "left_out", "lost", "stored"],
        "{}",
        stdout(&taken)
    );
    let media = media(folder.path()).await;
    assert!(!media.contains_key("THEIRS"));
    assert_ne!(media["LEAK"]["status"], "stored");
}

#[tokio::test]
async fn two_rows_that_name_one_file_without_a_hash_are_both_reported() {
    let original = Original::new();
    let path = place("same.mp3");
    original.file(&path, &ogg(1));
    for message in ["ONE", "TWO"] {
        original.row(&Row {
            sha256: None,
            ..row(message, Some(&path), b"")
        });
    }
    let folder = tempfile::tempdir().unwrap();
    let taken = original.import(folder.path(), &[]).await;
    let document = document(&taken);
    let items = document["items"].as_array().unwrap();
    let named: Vec<_> = items
        .iter()
        .filter_map(|line| {
            Some((
                line["source"].as_str()?.to_owned(),
                line["named_by"].as_str()?.to_owned(),
            ))
        })
        .collect();
    let expected = ("core_mediafile 2".to_owned(), "core_mediafile 1".to_owned());
    assert_eq!(named, [expected]);
}

#[tokio::test]
async fn a_delivery_of_another_instance_is_not_filed_under_its_rows() {
    let original = Original::new();
    let sim = wa_sim::Sim::start().await.unwrap();
    let delivery = sim.world().add(sample("STRANGE"));
    let mut body = delivery.body.clone();
    body["instanceId"] = OTHER.into();
    original.event(EVENT, &body);
    original.message_media(EVENT, "image", "nowhere.jpg");
    let folder = tempfile::tempdir().unwrap();
    let taken = original.import(folder.path(), &[]).await;
    assert_eq!(
        (taken.status.code(), &sum(&taken)["left_out"]),
        (Some(1), &2.into())
    );
    assert!(media(folder.path()).await.is_empty());
}

#[tokio::test]
async fn the_chat_that_only_the_folder_names_is_kept() {
    let original = Original::new();
    let path = format!("Clínica_Aurora/instance_{FIRST}/chats/5500911112222/audio/v.mp3");
    original.file(&path, &ogg(1));
    original.row(&row("CHAT", Some(&path), &ogg(1)));
    original
        .db
        .execute("update core_mediafile set chat_id = null", [])
        .unwrap();
    let folder = tempfile::tempdir().unwrap();
    original.import(folder.path(), &[]).await;
    assert_eq!(
        media(folder.path()).await["CHAT"]["chat_id"],
        "5500911112222"
    );
}

#[tokio::test]
async fn files_are_found_whose_names_are_written_in_another_way() {
    let original = Original::new();
    original.file(&place("ac\u{327}a\u{303}o de grac\u{327}as.mp3"), &ogg(1));
    original.file(&place("Foto.MP3"), &ogg(2));
    original.file(&place(".hidden.mp3"), &ogg(3));
    let bare = |message, path| Row {
        sha256: None,
        ..row(message, Some(path), b"")
    };
    let composed = place("ação de graças.mp3");
    let windows = format!(
        "D:\\Multichat\\Media_Storage\\{}",
        place("foto.mp3").replace('/', "\\")
    );
    original.row(&bare("COMPOSED", &composed));
    original.row(&bare("WINDOWS", &windows));
    let folder = tempfile::tempdir().unwrap();
    let taken = original.import(folder.path(), &[]).await;
    assert_eq!(
        (&sum(&taken)["stored"], &sum(&taken)["orphaned"]),
        (&3.into(), &1.into())
    );
    let media = media(folder.path()).await;
    assert_eq!(media["COMPOSED"]["status"], "stored");
    assert_eq!(media["WINDOWS"]["status"], "stored");
}

#[cfg(unix)]
#[tokio::test]
async fn a_link_to_a_database_in_the_middle_of_its_log_leads_to_all_of_it() {
    let original = Original::in_its_log();
    let elsewhere = tempfile::tempdir().unwrap();
    let link = elsewhere.path().join("link.sqlite3");
    std::os::unix::fs::symlink(original.path("db.sqlite3"), &link).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let storage = original.path("media_storage");
    let taken = import(folder.path(), link.to_str().unwrap(), &storage, &[]).await;
    assert_eq!(
        sum(&taken)["expired"],
        1,
        "{}{}",
        stdout(&taken),
        stderr(&taken)
    );
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_folder_whose_name_is_no_text_hides_no_log() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt as _;
    let folder = tempfile::tempdir().unwrap();
    let strange = folder.path().join(OsStr::from_bytes(b"caf\xe9"));
    std::fs::create_dir(&strange).unwrap();
    let path = strange.join("db.sqlite3");
    let db = Connection::open(&path).unwrap();
    db.execute_batch("pragma journal_mode = wal; create table t (x); insert into t values (7)")
        .unwrap();
    let scratch = folder.path().join("scratch");
    let foreign = midiateca_service::db::foreign::Foreign::open(&path, &scratch)
        .await
        .unwrap();
    let rows = foreign
        .rows("select x from t".to_owned(), Vec::new())
        .await
        .unwrap();
    assert_eq!(rows[0].int("x"), Some(7));
}

#[tokio::test]
async fn a_damaged_database_and_another_file_are_refused_differently() {
    let original = Original::new();
    let (fake, torn) = (original.path("fake.sqlite3"), original.path("torn.sqlite3"));
    std::fs::write(&fake, b"SQLite format 3\0garbage").unwrap();
    for n in 0..200 {
        original.row(&row(&format!("M{n}"), None, b""));
    }
    let mut whole = std::fs::read(original.path("db.sqlite3")).unwrap();
    whole[4096..].fill(0xAA);
    std::fs::write(&torn, whole).unwrap();
    let (folder, storage) = (tempfile::tempdir().unwrap(), original.path("media_storage"));
    for (db, code, said) in [
        (&fake, 2, "não é um banco de dados SQLite"),
        (&torn, 3, "está danificado"),
    ] {
        let command = [
            "--lang",
            "pt-BR",
            "import",
            "multichat",
            "--db",
            db,
            "--media",
            &storage,
        ];
        let refused = midiateca(folder.path(), &command).await;
        let outcome = stderr(&refused);
        assert_eq!(refused.status.code(), Some(code), "{outcome}");
        assert!(outcome.contains(said), "{outcome}");
    }
}

fn is_marked(data: &Path) -> bool {
    let db = rusqlite::Connection::open(data.join("midiateca.db")).unwrap();
    let sql = "select count(*) from checkpoints where kind = 'import'";
    let count: i64 = db.query_row(sql, [], |row| row.get(0)).unwrap();
    count > 0
}

#[tokio::test]
async fn a_full_disk_stops_an_import_before_it_is_full_and_the_same_command_goes_on() {
    let original = Original::new();
    original.file(&place("a.mp3"), &ogg(1));
    original.row(&row("A", Some(&place("a.mp3")), &ogg(1)));
    let folder = tempfile::tempdir_in(original.folder.path()).unwrap();
    let data = folder.path();
    leave_no_room(data, true);
    let refused = original.import(data, &[]).await;
    assert_eq!(refused.status.code(), Some(3), "{}", stderr(&refused));
    assert!(stderr(&refused).contains("storage.pause_below"));
    leave_no_room(data, false);
    original.import(data, &[]).await;
    leave_no_room(data, true);
    // Nothing is to be copied, so nothing is short.
    let again = original.import(data, &[]).await;
    assert_eq!(again.status.code(), Some(0), "{}", stderr(&again));
    original.file(&place("b.mp3"), &ogg(2));
    original.row(&row("B", Some(&place("b.mp3")), &ogg(2)));
    let stopped = original.import(data, &[]).await;
    assert_eq!(stopped.status.code(), Some(3), "{}", stderr(&stopped));
    // Broken off, it may have left files without rows, and an erasure's proof says so.
    assert!(is_marked(data));
    // A hard link needs no space.
    let linked = original.import(data, &["--link"]).await;
    assert_eq!(sum(&linked)["stored"], 1, "{}", stderr(&linked));
    assert!(!is_marked(data));
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn linking_from_another_disk_is_copying_and_needs_room() {
    use std::os::unix::fs::MetadataExt as _;
    let original = Original::new();
    original.file(&place("a.mp3"), &ogg(1));
    original.row(&row("A", Some(&place("a.mp3")), &ogg(1)));
    let device = |path: &Path| std::fs::metadata(path).map(|it| it.dev()).ok();
    let memory = Path::new("/dev/shm");
    let Ok(folder) = tempfile::tempdir_in(memory) else {
        return;
    };
    if device(memory) == device(original.folder.path()) {
        return;
    }
    leave_no_room(folder.path(), true);
    let refused = original.import(folder.path(), &["--link"]).await;
    assert_eq!(refused.status.code(), Some(3), "{}", stderr(&refused));
    let said = stderr(&refused);
    assert!(
        said.contains("another disk") && !said.contains("use --link"),
        "{said}"
    );
    leave_no_room(folder.path(), false);
    let taken = original.import(folder.path(), &["--link"]).await;
    assert_eq!(sum(&taken)["stored"], Value::from(1), "{}", stderr(&taken));
}

#[tokio::test]
async fn a_stray_is_deleted_once_its_bytes_are_stored_for_their_message() {
    let original = Original::new();
    let path = place("late.mp3");
    original.file(&path, &ogg(1));
    let pending = Row {
        sha256: None,
        status: "pending",
        ..row("LATE", None, b"")
    };
    original.row(&pending);
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    original.import(data, &[]).await;
    let stray = files(&data.join("media_storage")).remove(0);
    // Our own server downloaded it since.
    std::fs::copy(&stray, stray.with_file_name("own.ogg")).unwrap();
    let sql = "update media set status = 'stored', reason = null, verified = 'full', mime = 'audio/ogg', stored_at = 1,
                 path = 'cliente_2/instance_3B6XIW-ZTS923-GEAY6V/audio/own.ogg',
                 (size_bytes, sha256) = (select size_bytes, sha256 from media as stray where stray.message_id like 'imported-%')
               where message_id = $1";
    run(data, sql, "LATE").await;
    let named = "update core_mediafile set file_path = ?";
    original.db.execute(named, [&path]).unwrap();
    let plan = original.import(data, &["--dry-run"]).await;
    assert_eq!(sum(&plan)["known"], 1);
    assert!(stray.exists(), "a dry run took something away");
    let again = original.import(data, &[]).await;
    assert_eq!(sum(&again)["known"], 1, "{}", stdout(&again));
    let names: Vec<_> = media(data).await.into_keys().collect();
    assert_eq!(names, ["LATE"]);
    let left = files(&data.join("media_storage"));
    assert_eq!(left, [stray.with_file_name("own.ogg")]);
}

#[cfg(unix)]
#[tokio::test]
async fn two_first_imports_at_once_wait_for_each_other() {
    use std::process::Stdio;
    let original = Original::new();
    for n in 0..40 {
        let path = place(&format!("{n}.mp3"));
        original.file(&path, &ogg(n));
        original.row(&row(&format!("M{n}"), Some(&path), &ogg(n)));
    }
    let folder = tempfile::tempdir().unwrap();
    let (db, storage) = (original.path("db.sqlite3"), original.path("media_storage"));
    let begin = || {
        crate::stage::program(folder.path())
            .args(["import", "multichat", "--db", &db, "--media", &storage])
            .env("LANG", "C")
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap()
    };
    let runs = [begin(), begin(), begin()];
    for run in runs {
        let output = run.wait_with_output().unwrap();
        let said = stderr(&output);
        assert!(
            !said.contains("locked") && !said.contains("the disk has space"),
            "{said}"
        );
    }
    let on = original.import(folder.path(), &[]).await;
    let sum = sum(&on);
    let count = ["stored", "known"].map(|name| sum[name].as_u64().unwrap());
    assert_eq!(count.iter().sum::<u64>(), 40, "{sum}");
    let scrub = midiateca(folder.path(), &["--json", "scrub"]).await;
    assert_eq!(lines(&scrub).last().unwrap()["intact"], 40);
}
