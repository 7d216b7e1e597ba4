//! A data folder that cannot be written can still be read: that is when a backup is needed.

use std::path::{Path, PathBuf};
use std::process::Output;

use serde_json::Value;

use crate::backup::copy_folder;
use crate::commands::{midiateca, stderr, stdout};
use crate::mounted::Mounted;
use crate::stage::{FIRST, TestApp, sample};

/// What a server left that was killed: the newest rows are in the log only, and no index of the log is there.
async fn killed_server(target: &Path) -> (String, String) {
    let test = TestApp::start().await;
    let (first, _) = test.store(sample("FIRST")).await;
    let (last, _) = test.store(sample("LAST")).await;
    test.post("{\"instanceId\": ").await;
    copy_folder(&test.app.data, target);
    let log = std::fs::metadata(target.join("midiateca.db-wal")).unwrap();
    assert!(log.len() > 0);
    std::fs::remove_file(target.join("midiateca.db-shm")).unwrap();
    test.end().await;
    (first.id, last.id)
}

/// The rows of `folder` after everything that only reads was tried on it.
async fn read_all(data: &Path, (first, last): &(String, String)) {
    let outside = tempfile::tempdir().unwrap();
    let run = async |line: &[&str], codes: &[i32]| -> Output {
        let output = midiateca(data, line).await;
        let code = output.status.code().unwrap();
        let (said, errors) = (stdout(&output), stderr(&output));
        assert!(codes.contains(&code), "{line:?}: {code}\n{said}\n{errors}");
        output
    };
    let list = run(&["--json", "media", "list"], &[0]).await;
    assert!(stdout(&list).contains(first) && stdout(&list).contains(last));
    run(&["media", "show", last], &[0]).await;
    let deliveries = run(&["deliveries", "list"], &[0]).await;
    assert_eq!(stdout(&deliveries).lines().count(), 3);
    let scrub = run(&["--json", "scrub"], &[0]).await;
    assert!(
        stdout(&scrub).contains("\"intact\":2"),
        "{}",
        stdout(&scrub)
    );
    let check = run(&["--json", "check"], &[1]).await;
    let report: Value = serde_json::from_str(&stdout(&check)).unwrap();
    assert_eq!(report["files"]["present"], 2);
    let export = outside.path().join("export");
    run(&["media", "export", export.to_str().unwrap()], &[0]).await;
    assert!(export.join("manifest.jsonl").is_file());
    let backup = outside.path().join("backup");
    run(&["backup", backup.to_str().unwrap()], &[0]).await;
    let doctor = run(&["--json", "doctor", "--offline"], &[1]).await;
    let report: Value = serde_json::from_str(&stdout(&doctor)).unwrap();
    let looked = report["checks"].as_array().unwrap();
    let named = |name: &str| looked.iter().any(|check| check["check"] == name);
    assert!(
        named("queue.oldest") && named("database.integrity"),
        "{report}"
    );
    // The backup is whole: the copy of it has what was only in the log.
    let restored = outside.path().join("restored");
    copy_folder(&backup, &restored);
    let list = midiateca(&restored, &["--json", "media", "list"]).await;
    assert!(stdout(&list).contains(last));
}

fn names(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap();
    let mut names: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    names.sort();
    names
}

#[tokio::test]
async fn a_read_only_file_system_is_read_with_what_is_only_in_the_log() {
    let Some(disk) = Mounted::with_bytes(64 << 20) else {
        return;
    };
    let data = disk.path().join("data");
    let ids = killed_server(&data).await;
    disk.make_read_only();
    let before = names(&data);
    read_all(&data, &ids).await;
    assert_eq!(names(&data), before);
    let refused = midiateca(&data, &["retry", &ids.0]).await;
    assert_eq!(refused.status.code(), Some(3), "{refused:?}");
}

#[tokio::test]
async fn a_read_only_file_system_without_a_log_is_read_as_it_is() {
    let Some(disk) = Mounted::with_bytes(64 << 20) else {
        return;
    };
    let data = disk.path().join("data");
    let ids = killed_server(&data).await;
    // Opened and closed in order, so that the log is written back.
    assert!(midiateca(&data, &["media", "list"]).await.status.success());
    for log in ["midiateca.db-wal", "midiateca.db-shm"] {
        assert!(!data.join(log).exists());
    }
    disk.make_read_only();
    read_all(&data, &ids).await;
}

#[tokio::test]
async fn a_full_disk_is_read_with_what_is_only_in_the_log() {
    let Some(disk) = Mounted::with_bytes(32 << 20) else {
        return;
    };
    let data = disk.path().join("data");
    let ids = killed_server(&data).await;
    disk.fill();
    read_all(&data, &ids).await;
}

#[tokio::test]
async fn the_doctor_has_a_hint_for_each_cause_and_leaves_nothing_behind() {
    let Some(disk) = Mounted::with_bytes(32 << 20) else {
        return;
    };
    let data = disk.path().join("data");
    killed_server(&data).await;
    let doctor = async || {
        let output = midiateca(&data, &["doctor", "--offline", "--problems"]).await;
        assert_eq!(output.status.code(), Some(1));
        stdout(&output)
    };
    let fine = doctor().await;
    assert!(!fine.lines().any(|line| line.starts_with("ok")), "{fine}");
    assert!(!fine.contains("chown"), "{fine}");
    disk.fill();
    let full = doctor().await;
    let of = |text: &str, check: &str| -> String {
        let line = text.lines().find(|line| line.contains(check));
        line.unwrap_or_default().to_owned()
    };
    for check in ["folder ", "storage ", "database"] {
        let line = of(&full, check);
        assert!(line.contains("the disk is full"), "{check}: {full}");
        assert!(!line.contains("chown"), "{line}");
    }
    disk.make_read_only();
    let closed = doctor().await;
    for check in ["folder ", "storage ", "database"] {
        let line = of(&closed, check);
        assert!(line.contains("mounted read-only"), "{check}: {closed}");
    }
    let left = walk(disk.path());
    let left: Vec<_> = left
        .iter()
        .filter(|path| path.to_string_lossy().contains(".doctor-"))
        .collect();
    assert!(left.is_empty(), "{left:?}");
}

fn walk(folder: &Path) -> Vec<PathBuf> {
    let mut found = names(folder);
    for path in found.clone() {
        if path.is_dir() {
            found.extend(walk(&path));
        }
    }
    found
}

#[tokio::test]
async fn the_doctor_distinguishes_a_file_in_the_place_of_the_storage_from_a_missing_one() {
    let test = TestApp::start().await;
    test.store(sample("ONE")).await;
    let data = test.app.data.clone();
    let storage = data.join("media_storage");
    let folder = test.end_keeping_the_folder().await;
    std::fs::rename(&storage, data.join("elsewhere")).unwrap();
    let missing = midiateca(&data, &["doctor", "--offline", "--problems"]).await;
    assert!(stdout(&missing).contains("is its disk mounted?"));
    std::fs::write(&storage, "a file").unwrap();
    let file = midiateca(&data, &["doctor", "--offline", "--problems"]).await;
    let said = stdout(&file);
    assert!(
        said.contains("there is a file where a folder is expected"),
        "{said}"
    );
    drop(folder);
}

#[tokio::test]
async fn a_hint_of_check_is_never_cut() {
    let test = TestApp::start().await;
    test.post("{\"instanceId\": ").await;
    for lang in ["en", "pt-BR"] {
        let check = midiateca(&test.app.data, &["--lang", lang, "check"]).await;
        let said = stdout(&check);
        assert!(!said.contains('…'), "{said}");
        assert!(said.contains("`midiateca deliveries dismiss`"), "{said}");
    }
    test.end().await;
}

#[tokio::test]
async fn every_command_that_writes_says_what_to_do_about_the_disk() {
    let Some(disk) = Mounted::with_bytes(64 << 20) else {
        return;
    };
    let data = disk.path().join("data");
    let (id, _) = killed_server(&data).await;
    let commands: [&[&str]; 8] = [
        &["serve", "--listen", "127.0.0.1:0"],
        &["retry", &id],
        &["sweep"],
        &["client", "add", "Nova"],
        &["instance", "rotate-hook", FIRST],
        &["media", "dismiss", &id],
        &["test-webhook", "--sample"],
        &["deliveries", "replay", "--set-aside"],
    ];
    let tried = async |expected: &str| {
        for command in commands {
            let refused = midiateca(&data, command).await;
            let said = stderr(&refused);
            assert_eq!(refused.status.code(), Some(3), "{command:?} {said}");
            assert!(said.contains(expected), "{command:?} {said}");
        }
        let new = midiateca(&disk.path().join("new"), &["client", "add", "Nova"]).await;
        assert!(stderr(&new).contains(expected), "{}", stderr(&new));
    };
    disk.make_read_only();
    tried("mount -o remount,rw").await;
}

#[tokio::test]
async fn a_sweep_that_is_stuck_on_a_read_only_storage_says_what_to_do() {
    let Some(disk) = Mounted::with_bytes(64 << 20) else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    killed_server(&data).await;
    let storage = disk.path().join("storage");
    copy_folder(&data.join("media_storage"), &storage);
    std::fs::remove_dir_all(data.join("media_storage")).unwrap();
    let settings = format!(
        "[storage]\nurl = \"file://{}\"\n[retention]\nrules = [{{ larger_than = 1 }}]\n",
        storage.display()
    );
    std::fs::write(data.join("midiateca.toml"), settings).unwrap();
    disk.make_read_only();
    let stuck = midiateca(&data, &["sweep"]).await;
    let said = stderr(&stuck);
    assert!(!stuck.status.success(), "{said}");
    assert!(said.contains("mount -o remount,rw"), "{said}");
}
