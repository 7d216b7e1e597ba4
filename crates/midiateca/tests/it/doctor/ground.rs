//! What doctor says of folders, files and the database.

use super::*;

#[tokio::test]
async fn a_storage_that_is_not_mounted_is_named_and_not_created() {
    let mut desk = Desk::healthy().await;
    desk.end_server();
    desk.holds_something().await;
    desk.names(
        "storage.folders",
        "PROBLEM",
        "folder of 1 instance with files is missing",
    )
    .await;
    let storage = desk.data().join("media_storage");
    std::fs::remove_dir_all(&storage).unwrap();
    desk.names("storage", "PROBLEM", "missing, although").await;
    assert!(!storage.exists(), "the doctor made the storage");
}

#[tokio::test]
async fn a_database_that_is_empty_or_refers_to_nothing_is_named() {
    let mut desk = Desk::healthy().await;
    desk.end_server();
    let path = desk.data().join("midiateca.db");
    let tools = rusqlite::Connection::open(&path).unwrap();
    let unknown = "pragma foreign_keys = off; insert into hours values ('UNKNOWN', 1, 1);";
    tools.execute_batch(unknown).unwrap();
    drop(tools);
    desk.names("database.integrity", "PROBLEM", "1 rows of hours")
        .await;
    std::fs::write(&path, "").unwrap();
    for name in ["midiateca.db-wal", "midiateca.db-shm"] {
        let _ = std::fs::remove_file(desk.data().join(name));
    }
    desk.names("folder", "PROBLEM", "is an empty file").await;
    assert_eq!(std::fs::metadata(&path).unwrap().len(), 0);
}

#[cfg(unix)]
#[tokio::test]
async fn files_of_another_owner_are_named() {
    use std::os::unix::fs::{MetadataExt as _, chown};
    let desk = Desk::healthy().await;
    if std::fs::metadata(desk.data()).unwrap().uid() != 0 {
        println!("SKIPPED: only root can give files away");
        return;
    }
    chown(desk.data().join("files.lock"), Some(65_534), None)
        .or_else(|_| std::fs::write(desk.data().join("files.lock"), ""))
        .unwrap();
    chown(desk.data().join("files.lock"), Some(65_534), None).unwrap();
    desk.names("owner", "warning", "files.lock").await;
}

#[tokio::test]
async fn faults_of_the_ground_are_named_and_the_rest_is_still_looked_at() {
    let mut desk = Desk::healthy().await;
    desk.end_server();
    desk.names("server", "PROBLEM", "webhooks are being lost")
        .await;
    let config = desk.data().join("midiateca.toml");
    std::fs::write(&config, "[storage]\npause_below = 9000000000000000\nresume_above = 9000000000000000\n[keep]\nview_once = true\n[retention]\nevents = '0s'\n").unwrap();
    desk.names("storage.free", "PROBLEM", "no download begins")
        .await;
    desk.names("settings", "warning", "view-once").await;
    desk.names("settings", "warning", "keeps growing").await;
    std::fs::write(
        &config,
        "[fetch]\nroutes = ['gateway']\nallowed_hosts = ['nas']\n",
    )
    .unwrap();
    desk.names("settings", "warning", "depends on its session")
        .await;
    desk.names(
        "settings",
        "warning",
        "links may lead to hosts of your own network",
    )
    .await;
    std::fs::write(&config, "[endpoints]\nallowed_hosts = ['nas']\n").unwrap();
    desk.names("settings", "warning", "webhooks of every client may go")
        .await;
    std::fs::remove_file(&config).unwrap();

    let key = desk.data().join("secret.key");
    let kept = std::fs::read(&key).unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o644)).unwrap();
        desk.names("key.mode", "PROBLEM", "mode 0644").await;
        std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o600)).unwrap();
    }
    std::fs::write(&key, "no key at all").unwrap();
    desk.names("key", "PROBLEM", "not a key file").await;
    std::fs::write(&key, "A".repeat(43)).unwrap();
    desk.names("instance.token", "PROBLEM", "encrypted with another key")
        .await;
    std::fs::remove_file(&key).unwrap();
    desk.names("key", "PROBLEM", "missing, so no token").await;
    assert!(!key.exists(), "the doctor makes no key");
    std::fs::write(&key, kept).unwrap();

    let storage = desk.data().join("media_storage");
    std::fs::rename(&storage, desk.data().join("aside")).unwrap();
    std::fs::write(&storage, "a file in the place of the folder").unwrap();
    desk.names("storage", "PROBLEM", "cannot be written").await;
    desk.names("database.integrity", "ok", "sound").await;
}

#[tokio::test]
async fn faults_of_the_database_are_named() {
    let mut desk = Desk::healthy().await;
    desk.end_server();
    let file = desk.data().join("midiateca.db");
    let whole = {
        // No process has it open any more, so all of it is in the one file.
        desk.db().await.close().await;
        std::fs::read(&file).unwrap()
    };
    // `user_version` is at byte 60 of the header, big-endian.
    let mut newer = whole.clone();
    newer[60..64].copy_from_slice(&99_u32.to_be_bytes());
    std::fs::write(&file, &newer).unwrap();
    desk.names("database", "PROBLEM", "newer version").await;
    let mut torn = whole.clone();
    std::fs::write(&file, &whole).unwrap();
    let index = {
        let tools = rusqlite::Connection::open(&file).unwrap();
        let sql = "select rootpage from sqlite_schema where name = 'media_by_time'";
        let root: u32 = tools.query_row(sql, [], |row| row.get(0)).unwrap();
        usize::try_from(root).unwrap()
    };
    torn[(index - 1) * 4_096..index * 4_096].fill(0xA5);
    std::fs::write(&file, &torn).unwrap();
    desk.names("database.integrity", "PROBLEM", "").await;
    std::fs::write(&file, "this is no database, however long it may be").unwrap();
    desk.names("database", "PROBLEM", "not a SQLite database")
        .await;
    desk.names("storage.free", "ok", "downloads are paused below")
        .await;
    std::fs::remove_file(&file).unwrap();
    desk.names("folder", "PROBLEM", "is missing or empty").await;
    assert!(!file.exists(), "the doctor makes no database");
}
