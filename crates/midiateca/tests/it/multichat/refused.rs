//! What an import refuses, and what stays removed.

use super::*;

#[tokio::test]
async fn hostile_rows_read_nothing_outside_and_nothing_of_another_client() {
    let original = Original::new();
    let theirs = format!("cliente_3/instance_{OTHER}/audios/secret.mp3");
    original.file(&theirs, &ogg(3));
    std::fs::write(original.folder.path().join("outside.mp3"), ogg(4)).unwrap();
    let outside = original.path("outside.mp3");
    let sideways = format!("cliente_2/../{theirs}");
    for (message, path) in [
        ("PASSWD", "/etc/passwd"),
        ("UP", "../outside.mp3"),
        ("OUTSIDE", outside.as_str()),
        ("THEIRS", theirs.as_str()),
        ("SIDEWAYS", sideways.as_str()),
        ("NUL", "cliente_2/\0/x.mp3"),
    ] {
        original.row(&Row {
            sha256: None,
            ..row(message, Some(path), b"")
        });
    }
    let evil = Row {
        sha256: None,
        ..row("../../../evil\u{202e}", None, b"")
    };
    original.row(&evil);
    #[cfg(unix)]
    std::os::unix::fs::symlink(
        "/etc",
        original.folder.path().join("media_storage/cliente_9"),
    )
    .unwrap();
    let folder = tempfile::tempdir().unwrap();
    let taken = original.import(folder.path(), &[]).await;
    assert_eq!(taken.status.code(), Some(1));
    let media = media(folder.path()).await;
    for message in ["PASSWD", "UP", "OUTSIDE", "THEIRS", "SIDEWAYS", "NUL"] {
        assert_eq!(media[message]["reason"], "file_lost", "{message}");
    }
    let stored: Vec<_> = media
        .values()
        .filter(|media| media["status"] == "stored")
        .collect();
    assert_eq!(
        stored.len(),
        1,
        "only the other client's own file, for that client"
    );
    assert_eq!(
        (&stored[0]["client"], &stored[0]["instance"]),
        (&3.into(), &OTHER.into())
    );
    let stored = files(&folder.path().join("media_storage"));
    assert_eq!(stored.len(), 1, "{stored:?}");
    #[cfg(unix)]
    assert_eq!(outcomes(&taken)["cliente_9"], "left_out");
}

#[tokio::test]
async fn an_import_does_not_restore_erased_media() {
    let original = Original::new();
    let path = format!("cliente_2/instance_{FIRST}/audios/a.mp3");
    original.file(&path, &ogg(1));
    original.row(&row("ERASED", Some(&path), &ogg(1)));
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    original.import(data, &[]).await;
    let forget = forget_sender(data).await;
    assert_eq!(forget.status.code(), Some(0), "{}", stderr(&forget));
    let again = original.import(data, &[]).await;
    assert_eq!(
        (&sum(&again)["gone"], &sum(&again)["stored"]),
        (&1.into(), &0.into())
    );
    assert_eq!(files(&data.join("media_storage")), Vec::<PathBuf>::new());
}

#[tokio::test]
async fn another_database_or_another_owner_is_refused_before_any_change() {
    let original = Original::new();
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    let text = original.path("db.txt");
    std::fs::write(
        &text,
        "this is no database, but long enough to be looked at",
    )
    .unwrap();
    let other = original.path("other.sqlite3");
    Connection::open(&other)
        .unwrap()
        .execute_batch("create table x (y); insert into x values (1)")
        .unwrap();
    let (media, nowhere) = (original.path("media_storage"), original.path("nowhere"));
    let db = original.path("db.sqlite3");
    for (db, media, code, hint) in [
        (&text, &media, 2, "not a SQLite database"),
        (&other, &media, 2, "core_cliente"),
        (&nowhere, &media, 2, "nowhere"),
        (&db, &nowhere, 2, "media_storage"),
    ] {
        let refused = import(data, db, media, &[]).await;
        assert_eq!(refused.status.code(), Some(code), "{}", stderr(&refused));
        assert!(stderr(&refused).contains(hint), "{}", stderr(&refused));
    }
    midiateca(data, &["client", "add", "Padaria", "--id", "3"]).await;
    let refused = original.import(data, &[]).await;
    assert_eq!(refused.status.code(), Some(2));
    let error: Value = serde_json::from_str(&stderr(&refused)).unwrap();
    let message = error["error"]["message"].as_str().unwrap();
    assert!(message.contains("Padaria"), "{error}");
    let clients = midiateca(data, &["client", "list"]).await;
    assert_eq!(stdout(&clients).lines().count(), 1, "something was taken");
    let own = data.join("media_storage").display().to_string();
    let refused = import(data, &db, &own, &[]).await;
    assert_eq!(refused.status.code(), Some(2), "{}", stderr(&refused));
}

#[tokio::test]
async fn an_instance_that_was_removed_here_stays_removed() {
    let original = Original::new();
    let folder = tempfile::tempdir().unwrap();
    original.import(folder.path(), &[]).await;
    midiateca(folder.path(), &["instance", "remove", FIRST]).await;
    let again = original.import(folder.path(), &[]).await;
    assert!(!stdout(&again).contains("/hooks/"), "{}", stdout(&again));
    let instances = midiateca(folder.path(), &["instance", "list"]).await;
    assert_eq!(stdout(&instances).lines().count(), 1);
}

/// An imported client that was removed here, and has a new number in the original.
async fn removed_with_a_new_number() -> (Original, tempfile::TempDir) {
    let original = Original::new();
    let folder = tempfile::tempdir().unwrap();
    original.import(folder.path(), &[]).await;
    midiateca(folder.path(), &["client", "remove", "2"]).await;
    let sql = "insert into core_whatsappinstance values (3, 'NEW-NUMBER', ?, 2, 'connected', '2025-07-19 02:41:33.5')";
    original.db.execute(sql, [TOKEN]).unwrap();
    (original, folder)
}

#[tokio::test]
async fn a_client_that_was_removed_here_receives_nothing_from_a_new_number() {
    let (original, folder) = removed_with_a_new_number().await;
    let again = original.import(folder.path(), &[]).await;
    assert_eq!(again.status.code(), Some(0), "{}", stderr(&again));
    assert!(!stdout(&again).contains("/hooks/"), "{}", stdout(&again));
    let instances = midiateca(folder.path(), &["instance", "list"]).await;
    assert_eq!(stdout(&instances).lines().count(), 1);
}

#[tokio::test]
async fn a_new_number_of_a_removed_client_is_never_seen_before_it_is_removed() {
    let (original, folder) = removed_with_a_new_number().await;
    let db = Connection::open(folder.path().join("midiateca.db")).unwrap();
    db.execute_batch(
        "create trigger no_removal before update of removed_at on instances
         begin select raise(abort, 'as if killed'); end",
    )
    .unwrap();
    let again = original.import(folder.path(), &[]).await;
    assert_eq!(again.status.code(), Some(3), "{}", stdout(&again));
    let sql = "select count(*) from instances where id = 'NEW-NUMBER'";
    let left: i64 = db.query_row(sql, [], |row| row.get(0)).unwrap();
    assert_eq!(left, 0);
}
