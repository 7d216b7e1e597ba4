//! Imports that are killed, run twice, or read a database in use.

use super::*;

#[tokio::test]
async fn a_database_in_the_middle_of_its_log_is_read_whole_and_left_as_it_is() {
    let original = Original::in_its_log();
    // As a copy of a running system's folder is: the log, but not its index.
    let copy = tempfile::tempdir().unwrap();
    for name in ["db.sqlite3", "db.sqlite3-wal"] {
        std::fs::copy(original.path(name), copy.path().join(name)).unwrap();
    }
    std::fs::create_dir(copy.path().join("media_storage")).unwrap();
    let files_before = files(copy.path());
    let folder = tempfile::tempdir().unwrap();
    let (db, tree) = (
        copy.path().join("db.sqlite3"),
        copy.path().join("media_storage"),
    );
    let (db, tree) = (db.display().to_string(), tree.display().to_string());
    let taken = import(folder.path(), &db, &tree, &[]).await;
    assert_eq!(
        sum(&taken)["expired"],
        1,
        "{}{}",
        stdout(&taken),
        stderr(&taken)
    );
    assert_eq!(files(copy.path()).len(), files_before.len());
    let left: Vec<_> = std::fs::read_dir(folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert!(
        !left
            .iter()
            .any(|name| name.to_string_lossy().starts_with(".import")),
        "{left:?}"
    );
}

#[tokio::test]
async fn an_import_that_is_killed_goes_on_and_holds_everything_once() {
    let original = Original::new();
    const COUNT: usize = 3_000;
    original.many("KILL", COUNT);
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    let (db, media) = (original.path("db.sqlite3"), original.path("media_storage"));
    let mut running = crate::stage::program(data)
        .args(["import", "multichat", "--db", &db, "--media", &media])
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let audio = data.join(format!("media_storage/cliente_2/instance_{FIRST}/audio"));
    while std::fs::read_dir(&audio).map_or(0, Iterator::count) < 300 {
        assert!(
            running.try_wait().unwrap().is_none(),
            "it was through too soon"
        );
        std::thread::yield_now();
    }
    running.kill().unwrap();
    running.wait().unwrap();
    let on = original.import(data, &[]).await;
    assert_eq!(on.status.code(), Some(0), "{}", stderr(&on));
    let sum = sum(&on);
    let (stored, known) = (
        sum["stored"].as_u64().unwrap(),
        sum["known"].as_u64().unwrap(),
    );
    assert_eq!(stored + known, COUNT as u64);
    assert!(stored > 0, "it was through before it was killed");
    let scrub = midiateca(data, &["--json", "scrub"]).await;
    let report = lines(&scrub);
    assert_eq!(
        (scrub.status.code(), &report[0]["intact"]),
        (Some(0), &COUNT.into())
    );
}

#[cfg(unix)]
#[tokio::test]
async fn a_server_that_starts_and_a_reader_that_leaves_do_not_cut_an_import_short() {
    use std::process::{Command, Stdio};
    let original = Original::new();
    original.many("HEAD", 600);
    let folder = tempfile::tempdir().unwrap();
    let (db, media) = (original.path("db.sqlite3"), original.path("media_storage"));
    let mut running = Command::new(env!("CARGO_BIN_EXE_midiateca"))
        .args(["--json", "--data"])
        .arg(folder.path())
        .args(["import", "multichat", "--db", &db, "--media", &media])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    drop(running.stdout.take());
    let config = midiateca_service::config::Config::default();
    let clock = midiateca_service::clock::Clock::system();
    let app = crate::stage::open(folder.path(), config, clock)
        .await
        .unwrap();
    let service = midiateca_service::server::Service::start(app, &["127.0.0.1:0"])
        .await
        .unwrap();
    let ended = tokio::task::spawn_blocking(move || running.wait().unwrap());
    assert_eq!(ended.await.unwrap().code(), Some(0));
    service.stop().await;
    let scrub = midiateca(folder.path(), &["--json", "scrub"]).await;
    assert_eq!(lines(&scrub).last().unwrap()["intact"], 600);
}

#[tokio::test]
async fn a_second_import_at_the_same_time_is_refused_and_changes_nothing() {
    let (original, data) = (Original::new(), tempfile::tempdir().unwrap());
    original.many("SECOND", 3);
    original.import(data.path(), &["--dry-run"]).await;
    let first = midiateca_service::coordination::Coordination::new(data.path())
        .import()
        .await
        .unwrap();
    let refused = original.import(data.path(), &[]).await;
    assert_eq!(refused.status.code(), Some(3), "{}", stderr(&refused));
    assert!(
        stderr(&refused).contains("another import into"),
        "{}",
        stderr(&refused)
    );
    let stored = files(&data.path().join("media_storage"));
    assert_eq!(stored, Vec::<PathBuf>::new());
    drop(first);
    let imported = original.import(data.path(), &[]).await;
    assert_eq!(imported.status.code(), Some(0), "{}", stderr(&imported));
}
