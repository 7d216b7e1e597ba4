//! Whether what is stored is still what was stored, and putting right what is not.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use midiateca_service::db::{Key, Value as Bound};
use midiateca_service::model::MediaId;
use serde_json::Value;
use tempfile::TempDir;
use wa_sim::{Content, SimMedia};

use crate::commands::{midiateca, stderr, stdout};
use crate::stage::{TestApp, sample};

/// A data folder that holds files of these sizes; and where they are, the oldest first.
pub(crate) async fn holding(sizes: &[u64]) -> (TempDir, Vec<(String, PathBuf)>) {
    let test = TestApp::start().await;
    let mut files = Vec::new();
    for (seed, size_bytes) in (0..).zip(sizes) {
        let content = Content::Generated {
            seed,
            size_bytes: *size_bytes,
        };
        let media = SimMedia {
            content,
            ..sample(&format!("SCRUB{seed}"))
        };
        let (stored, _) = test.store(media).await;
        assert_eq!(stored.status, "stored");
        files.push((stored.id.clone(), test.file(&stored)));
    }
    (test.end_keeping_the_folder().await, files)
}

pub(crate) async fn scrub(data: &Path, more: &[&str]) -> (i32, Vec<Value>) {
    let output = midiateca(data, &[&["--json", "scrub"], more].concat()).await;
    (
        output.status.code().unwrap(),
        findings_and_report(&stdout(&output)),
    )
}

/// The findings of the one document that `scrub` prints, and its report at the end.
fn findings_and_report(document: &str) -> Vec<Value> {
    let mut report: Value = serde_json::from_str(document).unwrap();
    let findings = report.as_object_mut().unwrap().remove("findings").unwrap();
    let mut results = findings.as_array().unwrap().clone();
    results.push(report);
    results
}

pub(crate) fn wrong(lines: &[Value]) -> Vec<&str> {
    let wrong = lines.iter().filter_map(|line| line["finding"].as_str());
    wrong.collect()
}

/// How each named media was repaired.
pub(crate) fn repairs(lines: &[Value]) -> BTreeMap<String, String> {
    let of = |line: &Value| {
        let named = line["media"].as_str().or(line["path"].as_str())?;
        Some((named.to_owned(), line["repair"].as_str()?.to_owned()))
    };
    lines.iter().filter_map(of).collect()
}

pub(crate) async fn run(data: &Path, sql: &'static str, id: &str) {
    let path = data.join("midiateca.db");
    let db = crate::stage::database(&path).await.unwrap();
    let id = id.to_owned();
    db.write(Key::Everything, async move |tx| {
        tx.run(sql, vec![Bound::from(&id)]).await
    })
    .await
    .unwrap();
    db.close().await;
}

pub(crate) async fn show(data: &Path, id: &str) -> Value {
    let shown = midiateca(data, &["--json", "media", "show", id]).await;
    serde_json::from_str::<Value>(&stdout(&shown)).unwrap()["media"].clone()
}

#[tokio::test]
async fn scrub_finds_missing_corrupt_and_orphaned_files_and_changes_nothing() {
    let (folder, files) = holding(&[1_000; 4]).await;
    let data = folder.path();
    assert_eq!(scrub(data, &[]).await.0, 0);
    std::fs::remove_file(&files[0].1).unwrap();
    std::fs::write(&files[1].1, "cut").unwrap();
    let mut altered = std::fs::read(&files[2].1).unwrap();
    altered[500] ^= 1;
    std::fs::write(&files[2].1, &altered).unwrap();
    std::fs::write(files[3].1.with_file_name("orphan.jpg"), "x").unwrap();
    let (code, results) = scrub(data, &[]).await;
    assert_eq!(code, 1);
    assert_eq!(
        wrong(&results),
        ["corrupt", "missing", "orphaned", "corrupt"]
    );
    let last = results.last().unwrap();
    assert_eq!(
        (
            &last["intact"],
            &last["missing"],
            &last["corrupt"],
            &last["orphaned"]
        ),
        (&1.into(), &1.into(), &2.into(), &1.into())
    );
    assert_eq!(std::fs::read(&files[2].1).unwrap(), altered);
    let portuguese = midiateca(data, &["--lang", "pt-BR", "conferir", "--since", "1h"]).await;
    assert!(
        stdout(&portuguese).contains("1 íntegro, 1 ausente, 2 corrompidos, 0 ilegíveis, 0 órfãos"),
        "{}",
        stdout(&portuguese)
    );
    assert!(stderr(&portuguese).contains("--repair"));
}

#[tokio::test]
async fn repair_queues_what_can_be_downloaded_and_deletes_nothing() {
    let (folder, files) = holding(&[1_000, 1_001, 1_002, 1_003]).await;
    let data = folder.path();
    let (gone, altered, dead, fine) = (&files[0], &files[1], &files[2], &files[3]);
    std::fs::remove_file(&gone.1).unwrap();
    std::fs::write(&altered.1, "altered").unwrap();
    std::fs::write(&dead.1, "dead").unwrap();
    run(
        data,
        "update media set direct_path = null where id = $1",
        &dead.0,
    )
    .await;
    let orphan = fine.1.with_file_name("estranho ção.jpg");
    std::fs::write(&orphan, "an orphan").unwrap();
    let (code, results) = scrub(data, &["--repair"]).await;
    assert_eq!(code, 1);
    let repairs = repairs(&results);
    assert_eq!(repairs[&gone.0], "queued");
    assert_eq!(repairs[&altered.0], "queued");
    assert_eq!(repairs[&dead.0], "unrecoverable");
    assert_eq!(
        repairs.values().filter(|how| *how == "quarantined").count(),
        1
    );
    let quarantine = results.last().unwrap()["repair"]["quarantine"]
        .as_str()
        .unwrap();
    let quarantine = data.join("media_storage").join(quarantine);
    let quarantined: Vec<_> = [
        (&altered.0, &altered.1),
        (&dead.0, &dead.1),
        (&"in-no-row".to_owned(), &orphan),
    ]
    .iter()
    .map(|(whose, file)| {
        let below = file.strip_prefix(data.join("media_storage")).unwrap();
        std::fs::read_to_string(quarantine.join(whose).join(below)).unwrap()
    })
    .collect();
    assert_eq!(quarantined, ["altered", "dead", "an orphan"]);
    assert_eq!(results.last().unwrap()["repair"]["quarantined"], 3);
    assert!(!orphan.exists() && fine.1.exists());
    assert_eq!(show(data, &gone.0).await["status"], "pending");
    let given_up = show(data, &dead.0).await;
    assert_eq!(
        (&given_up["status"], &given_up["reason"], &given_up["path"]),
        (&"failed".into(), &"file_lost".into(), &Value::Null)
    );
    // A second run finds nothing more to do, and what lies in quarantine is none of its business.
    let (code, results) = scrub(data, &["--repair"]).await;
    assert_eq!((code, wrong(&results)), (0, vec![]));
}

#[tokio::test]
async fn a_requeued_file_is_fetched_again_to_its_old_place() {
    let test = TestApp::start().await;
    let (stored, _) = test.store(sample("AGAIN")).await;
    let file = test.file(&stored);
    std::fs::write(&file, "altered").unwrap();
    let data = test.app.data.clone();
    // While the server runs, which then sees the work.
    let (_, results) = scrub(&data, &["--repair"]).await;
    assert_eq!(repairs(&results)[&stored.id], "queued");
    let id = MediaId(stored.id.clone());
    test.becomes(&id, "stored").await;
    let again = test.find(&id).await;
    assert_eq!((again.path, again.sha256), (stored.path, stored.sha256));
    assert_eq!(scrub(&data, &[]).await.0, 0);
    test.end().await;
}

#[tokio::test]
async fn a_missing_file_is_restored_from_another_copy_of_the_same_client() {
    let test = TestApp::start().await;
    let (first, _) = test.store(sample("TWIN1")).await;
    let (second, _) = test.store(sample("TWIN2")).await;
    assert_eq!(first.sha256, second.sha256);
    let (path, twin) = (test.file(&first), test.file(&second));
    let bytes = std::fs::read(&path).unwrap();
    let folder = test.end_keeping_the_folder().await;
    std::fs::remove_file(&path).unwrap();
    let (_, results) = scrub(folder.path(), &["--repair"]).await;
    assert_eq!(repairs(&results)[&first.id], "restored");
    assert_eq!(std::fs::read(&path).unwrap(), bytes);
    assert_eq!(scrub(folder.path(), &[]).await.0, 0);
    // Both names hold the same altered bytes: neither puts the other right.
    std::fs::write(&twin, "altered").unwrap();
    let (_, results) = scrub(folder.path(), &["--repair"]).await;
    let repairs: Vec<_> = repairs(&results).into_values().collect();
    assert_eq!(repairs, ["queued", "queued"]);
}

#[tokio::test]
async fn files_that_were_swapped_or_renamed_are_brought_back_by_their_bytes() {
    let (folder, files) = holding(&[1_000; 5]).await;
    let data = folder.path();
    let bytes = |n: usize| std::fs::read(&files[n].1).unwrap();
    let before: Vec<_> = (0..files.len()).map(bytes).collect();
    let aside = data.join("aside");
    std::fs::rename(&files[0].1, &aside).unwrap();
    std::fs::rename(&files[1].1, &files[0].1).unwrap();
    std::fs::rename(&aside, &files[1].1).unwrap();
    std::fs::rename(&files[2].1, files[2].1.with_file_name("renamed.ogg")).unwrap();
    let (_, results) = scrub(data, &["--repair"]).await;
    assert_eq!(scrub(data, &[]).await.0, 0, "{results:?}");
    let after: Vec<_> = (0..files.len()).map(bytes).collect();
    assert!(before == after);
    for (id, _) in &files {
        assert_eq!(show(data, id).await["status"], "stored");
    }
}

#[tokio::test]
async fn what_an_earlier_repair_moved_is_brought_back_and_what_is_lost_needs_a_person() {
    let (folder, files) = holding(&[1_000; 4]).await;
    let data = folder.path();
    let moved = data.join("media_storage/.quarantine/20260101_000000-x/in-no-row/cliente_2/x.jpg");
    std::fs::create_dir_all(moved.parent().unwrap()).unwrap();
    std::fs::rename(&files[0].1, &moved).unwrap();
    let lose = "update media set status = 'pending', reason = 'cdn_gone' where id = $1";
    run(data, lose, &files[0].0).await;
    let check = midiateca(data, &["--json", "check"]).await;
    assert_eq!(check.status.code(), Some(1));
    assert!(stdout(&check).contains("files_lost"), "{check:?}");
    let (_, results) = scrub(data, &["--repair"]).await;
    assert_eq!(repairs(&results)[&files[0].0], "found");
    assert!(files[0].1.is_file() && !moved.exists());
    let check = midiateca(data, &["--json", "check"]).await;
    assert!(!stdout(&check).contains("files_lost"), "{check:?}");
}

#[tokio::test]
async fn a_file_that_is_being_stored_right_now_is_not_taken_for_a_stranger() {
    let (folder, files) = holding(&[1_000]).await;
    let data = folder.path();
    let (id, file) = &files[0];
    // The moment between the file's rename and the row's commit.
    let sql = "update media set status = 'downloading', lease_owner = 'x', lease_until = 9999999999999, path = null where id = $1";
    run(data, sql, id).await;
    let (code, results) = scrub(data, &["--repair"]).await;
    assert_eq!((code, wrong(&results)), (0, vec![]));
    assert!(file.exists());
    run(data, "update media set status = 'failed' where id = $1", id).await;
    assert_eq!(wrong(&scrub(data, &[]).await.1), ["orphaned"]);
}

#[cfg(unix)]
#[tokio::test]
async fn a_stopped_scrub_goes_on_where_it_was_and_a_new_one_begins_at_the_beginning() {
    use std::io::{BufRead as _, BufReader};
    use std::process::{Command, Stdio};
    let (folder, files) = holding(&[200_000; 30]).await;
    let data = folder.path();
    // The newest is read first, so its line says that the reading has begun.
    let newest = &files.last().unwrap().1;
    let mut altered = std::fs::read(newest).unwrap();
    altered[500] ^= 1;
    std::fs::write(newest, altered).unwrap();
    let mut running = Command::new(env!("CARGO_BIN_EXE_midiateca"))
        .args(["--json", "--data"])
        .arg(data)
        .args(["scrub", "--rate", "1"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(running.stdout.take().unwrap()).lines();
    assert_eq!(lines.next().unwrap().unwrap(), "{\"findings\":[");
    let finding = lines.next().unwrap().unwrap();
    assert!(finding.contains("corrupt"));
    let pid = running.id().to_string();
    assert!(
        Command::new("kill")
            .args(["-INT", &pid])
            .status()
            .unwrap()
            .success()
    );
    let end = lines.next().unwrap().unwrap();
    let results = findings_and_report(&format!("{{\"findings\":[{finding}{end}"));
    let sum = results.last().unwrap();
    assert_eq!(
        (running.wait().unwrap().code(), &sum["stopped"]),
        (Some(1), &true.into())
    );
    let so_far = sum["intact"].as_u64().unwrap();
    assert!(so_far < 29, "it was through before it was stopped");
    let (code, results) = scrub(data, &["--resume"]).await;
    assert_eq!((code, wrong(&results)), (0, vec![]));
    assert_eq!(results.last().unwrap()["intact"], 29 - so_far);
    let (code, results) = scrub(data, &["--resume"]).await;
    assert_eq!((code, &results.last().unwrap()["intact"]), (1, &29.into()));
}

#[tokio::test]
async fn storage_that_is_not_mounted_is_not_given_up_and_what_was_is_found_again() {
    let (folder, files) = holding(&[500; 12]).await;
    let data = folder.path();
    let (storage, away) = (data.join("media_storage"), data.join("away"));
    std::fs::rename(&storage, &away).unwrap();
    let refused = midiateca(data, &["scrub", "--repair"]).await;
    assert_eq!(refused.status.code(), Some(3), "{}", stderr(&refused));
    assert!(stderr(&refused).contains("mounted?"));
    assert_eq!(show(data, &files[0].0).await["status"], "stored");
    let (_, results) = scrub(data, &["--repair", "--even-if-most-are-missing"]).await;
    assert_eq!(results.last().unwrap()["missing"], 12);
    assert_eq!(show(data, &files[0].0).await["status"], "pending");
    std::fs::remove_dir_all(&storage).unwrap();
    std::fs::rename(&away, &storage).unwrap();
    let (_, results) = scrub(data, &["--repair"]).await;
    assert_eq!(
        results.last().unwrap()["repair"]["found"],
        12,
        "{results:?}"
    );
    let (code, results) = scrub(data, &[]).await;
    assert_eq!((code, &results[0]["intact"]), (0, &12.into()));
}

#[cfg(unix)]
#[tokio::test]
async fn files_outside_the_layout_and_unreadable_files_are_reported_and_stay() {
    let (folder, files) = holding(&[500]).await;
    let storage = folder.path().join("media_storage");
    std::fs::create_dir_all(storage.join("lost+found/#1")).unwrap();
    std::fs::create_dir_all(storage.join("backups")).unwrap();
    std::fs::write(storage.join("backups/dump.sql"), "dump").unwrap();
    // A folder in the place of a file cannot be read, even by root.
    std::fs::remove_file(&files[0].1).unwrap();
    std::os::unix::fs::symlink(&files[0].1, &files[0].1).unwrap();
    let (code, results) = scrub(folder.path(), &["--repair"]).await;
    assert_eq!(code, 1);
    assert_eq!(wrong(&results), ["orphaned", "unreadable"]);
    assert_eq!(results[0]["repair"], "skipped");
    assert!(storage.join("backups/dump.sql").exists());
    assert_eq!(show(folder.path(), &files[0].0).await["status"], "stored");
}

#[tokio::test]
async fn no_repair_begins_while_files_are_published() {
    let test = TestApp::start().await;
    let (stored, _) = test.store(sample("KEPT")).await;
    let _files = test
        .app
        .coordination
        .maintenance(midiateca_service::coordination::Maintenance::Shared)
        .await
        .unwrap();
    let orphan = test.file(&stored).with_file_name("orphan.jpg");
    std::fs::write(&orphan, "x").unwrap();
    let (code, results) = scrub(&test.app.data, &["--repair"]).await;
    assert_eq!((code, wrong(&results)), (0, vec![]));
    assert!(orphan.exists());
    test.end().await;
}

#[tokio::test]
async fn files_quarantined_by_a_repair_are_erased_with_their_media() {
    let test = TestApp::start().await;
    let (first, _) = test.store(sample("TWIN1")).await;
    test.store(sample("TWIN2")).await;
    let (file, data) = (test.file(&first), test.app.data.clone());
    std::fs::remove_file(&file).unwrap();
    std::fs::write(&file, "altered").unwrap();
    let (_, results) = scrub(&data, &["--repair"]).await;
    assert_eq!(repairs(&results)[&first.id], "restored");
    assert!(
        test.files()
            .iter()
            .any(|file| file.starts_with(data.join("media_storage/.quarantine")))
    );
    let forget = [
        "forget",
        "--yes",
        "--client",
        "2",
        "--contact",
        "5500900000001",
    ];
    let erased = midiateca(&data, &forget).await;
    assert_eq!(erased.status.code(), Some(0), "{}", stderr(&erased));
    assert_eq!(test.files(), Vec::<PathBuf>::new());
    test.end().await;
}
