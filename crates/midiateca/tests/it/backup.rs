//! Backups, taken while the service runs, and what a copy of one is good for.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use midiateca_service::clock::Clock;
use midiateca_service::db::Key;
use midiateca_service::media::{self, Removal};
use midiateca_service::model::{MediaId, Reason};
use midiateca_service::ops::Progress;
use midiateca_service::ops::backup::{self, BackupFinding, Deps, Options, Report};
use midiateca_service::shutdown::CancellationToken;
use serde_json::Value;
use wa_sim::{Content, SimMedia};

use crate::commands::midiateca;
use crate::stage::{FIRST, TestApp, sample};

/// No two are alike.
pub fn voice(n: u64) -> SimMedia {
    SimMedia {
        content: Content::Generated {
            seed: n,
            size_bytes: 1_000 + n,
        },
        ..SimMedia::sample(FIRST, &format!("VOICE{n}"), wa_media::MediaKind::Audio)
    }
}

fn document(output: &std::process::Output) -> Value {
    let error = String::from_utf8_lossy(&output.stderr);
    serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{error}"))
}

pub async fn back_up(data: &Path, target: &Path, more: &[&str]) -> (Option<i32>, Value) {
    let target = target.to_str().unwrap();
    let output = midiateca(data, &[&["--json", "backup", target], more].concat()).await;
    let files = document(&output)["files"].take();
    (output.status.code(), files)
}

pub fn copy_folder(from: &Path, to: &Path) {
    std::fs::create_dir(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_folder(&entry.path(), &target)
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// What `scrub` finds in a copy of the backup, which is used as a data folder.
pub async fn scrub_a_copy(target: &Path) -> (Option<i32>, Value) {
    let folder = tempfile::tempdir().unwrap();
    let copy = folder.path().join("copy");
    copy_folder(target, &copy);
    let check = midiateca(&copy, &["check"]).await;
    assert_ne!(check.status.code(), Some(3), "{check:?}");
    let scrub = midiateca(&copy, &["--json", "scrub"]).await;
    (
        scrub.status.code(),
        serde_json::from_slice(&scrub.stdout).unwrap(),
    )
}

pub fn order(target: &Path) -> Options {
    Options {
        target: target.to_owned(),
        ..Options::default()
    }
}

/// Backs up without a process.
pub async fn run(
    test: &TestApp,
    options: Options,
    progress: impl Progress<BackupFinding> + 'static,
    cancelled: CancellationToken,
) -> Report {
    let deps = Deps {
        data: &test.app.data,
        config: &test.app.config,
        config_file: None,
        clock: &Clock::system(),
    };
    let report = backup::run(deps, options, Arc::new(progress), cancelled);
    report.await.unwrap()
}

pub async fn done(test: &TestApp, options: Options) -> Report {
    let report = run(test, options, (), CancellationToken::new()).await;
    assert!(!report.stopped, "{report:?}");
    report
}

/// Calls a function with every step: which part it is of, 1 for the database and 2 for the files, and the steps in that
/// part.
pub struct OnStep<F> {
    part: AtomicU64,
    steps: AtomicU64,
    call: F,
}

impl<F: Fn(u64, u64) + Send + Sync> OnStep<F> {
    pub fn new(call: F) -> Self {
        Self {
            part: AtomicU64::new(0),
            steps: AtomicU64::new(0),
            call,
        }
    }
}

impl<F: Fn(u64, u64) + Send + Sync> Progress<BackupFinding> for OnStep<F> {
    fn expect(&self, _: u64) {
        self.part.fetch_add(1, Ordering::Relaxed);
        self.steps.store(0, Ordering::Relaxed);
    }

    fn advance(&self, _: u64) {
        let step = self.steps.fetch_add(1, Ordering::Relaxed) + 1;
        (self.call)(self.part.load(Ordering::Relaxed), step);
    }
}

/// A folder for a backup next to the data folder of a test.
pub fn place() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("backup");
    (folder, target)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_under_constant_writes_is_whole_and_the_next_one_copies_only_what_came_since() {
    let test = TestApp::start().await;
    let (_folder, target) = place();
    for n in 0..10 {
        assert_eq!(test.store(voice(n)).await.0.status, "stored");
    }
    // The same photo twice is one file with two names.
    test.store(sample("PHOTO1")).await;
    test.store(sample("PHOTO2")).await;
    let data = test.app.data.clone();
    let enough = AtomicBool::new(false);
    let writing = async {
        let mut written = 0;
        while !enough.load(Ordering::Relaxed) {
            test.store(voice(100 + written)).await;
            written += 1;
        }
        written
    };
    let backing_up = async {
        let (code, first) = back_up(&data, &target, &[]).await;
        assert_eq!(code, Some(0), "{first}");
        let (code, again) = back_up(&data, &target, &[]).await;
        assert_eq!(code, Some(0), "{again}");
        enough.store(true, Ordering::Relaxed);
        (first, again)
    };
    let (written, (first, again)) = tokio::join!(writing, backing_up);
    assert!(written > 1, "nothing was written during the backup");
    assert!(first["count"].as_u64().unwrap() >= 12, "{first}");
    assert_eq!((&first["kept"], &first["linked"]), (&0.into(), &1.into()));
    assert_eq!(again["kept"], first["count"]);
    let (code, scrubbed) = scrub_a_copy(&target).await;
    assert_eq!((code, &scrubbed["intact"]), (Some(0), &again["count"]));
    let (code, last) = back_up(&data, &target, &["--verify"]).await;
    assert_eq!(
        (code, &last["count"], &last["kept"]),
        (Some(0), &(12 + written).into(), &again["count"])
    );
    assert_eq!(scrub_a_copy(&target).await.1["intact"], last["count"]);
    test.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stopped_backup_leaves_the_one_before_as_it_was_and_the_next_goes_on() {
    let test = TestApp::start().await;
    let (_folder, target) = place();
    test.store(voice(0)).await;
    let before = done(&test, order(&target)).await;
    let bytes = std::fs::read(target.join("midiateca.db")).unwrap();
    for n in 1..40 {
        test.store(voice(n)).await;
    }
    let cancelled = CancellationToken::new();
    let token = cancelled.clone();
    let stop = OnStep::new(move |part, step| {
        if part == 2 && step >= 5 {
            token.cancel();
        }
    });
    let stopped = run(&test, order(&target), stop, cancelled).await;
    assert!(stopped.stopped, "it went on to the end");
    let figures = stopped.files;
    assert!((5..40).contains(&figures.count), "{figures:?}");
    assert!(!target.join(".incomplete").exists());
    assert_eq!(std::fs::read(target.join("midiateca.db")).unwrap(), bytes);
    let (code, scrubbed) = scrub_a_copy(&target).await;
    assert_eq!(scrubbed["intact"], before.files.count, "{scrubbed}");
    assert_eq!(
        (code, &scrubbed["missing"], &scrubbed["corrupt"]),
        (Some(1), &0.into(), &0.into()),
        "files that its database does not know yet are all that may be said of it: {scrubbed}"
    );
    let last = done(&test, order(&target)).await;
    assert_eq!(last.files.count, 40);
    assert!(last.files.kept >= figures.count, "{:?}", last.files);
    assert_eq!(scrub_a_copy(&target).await.0, Some(0));
    test.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_deleted_after_the_database_was_copied_is_not_called_missing() {
    let test = TestApp::start().await;
    let (_folder, target) = place();
    let (media, _) = test.store(voice(1)).await;
    test.store(voice(2)).await;
    let all = Removal::default();
    let removed = media::removable(&test.app.db, &all, (0, ""), 1).await;
    let removed = removed.unwrap().remove(0);
    assert_eq!(removed.id, MediaId(media.id.clone()));
    let (app, file) = (Arc::clone(&test.app), test.file(&media));
    let here = tokio::runtime::Handle::current();
    let delete = OnStep::new(move |part, step| {
        if (part, step) == (1, 1) {
            std::fs::remove_file(&file).unwrap();
            let removed = removed.clone();
            let record = app.db.write(Key::Everything, async move |tx| {
                media::mark_removed(tx, &removed, Reason::Retention).await
            });
            assert!(here.block_on(record).unwrap());
        }
    });
    let never = CancellationToken::new();
    let files = run(&test, order(&target), delete, never).await.files;
    assert_eq!((files.count, files.gone, files.missing), (1, 1, 0));
    test.end().await;
}

#[tokio::test]
async fn missing_and_changed_files_are_reported_and_their_backups_stay() {
    let test = TestApp::start().await;
    let (_folder, target) = place();
    let mut kept = Vec::new();
    for n in 0..2 {
        kept.push(test.store(voice(n)).await.0);
    }
    done(&test, order(&target)).await;
    let mut later = Vec::new();
    for n in 2..4 {
        later.push(test.store(voice(n)).await.0);
    }
    for media in [&kept, &later] {
        std::fs::remove_file(test.file(&media[0])).unwrap();
        let mut bytes = std::fs::read(test.file(&media[1])).unwrap();
        bytes[500] ^= 1;
        std::fs::write(test.file(&media[1]), bytes).unwrap();
    }
    let old = Duration::from_secs(3_600);
    let file = std::fs::File::options();
    let touched = { file }.write(true).open(test.file(&kept[1])).unwrap();
    let long_ago = touched.metadata().unwrap().modified().unwrap() - old;
    touched.set_modified(long_ago).unwrap();
    let output = midiateca(
        &test.app.data,
        &["--json", "backup", target.to_str().unwrap()],
    )
    .await;
    assert_eq!(output.status.code(), Some(1));
    let report = document(&output);
    let manifest = std::fs::read(target.join("manifest.json")).unwrap();
    let manifest: serde_json::Value = serde_json::from_slice(&manifest).unwrap();
    for part in ["files", "findings"] {
        assert_eq!(report[part], manifest[part]);
        assert!(report["manifest"].get(part).is_none(), "{report}");
    }
    let mut findings: Vec<_> = report["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|found| (found["finding"].as_str().unwrap(), found["kept"] == true))
        .collect();
    findings.sort_unstable();
    // The altered one whose length is right is not compared with the one that the backup has already.
    assert_eq!(
        findings,
        [("corrupt", false), ("missing", false), ("missing", true)]
    );
    let (_, scrubbed) = scrub_a_copy(&target).await;
    assert_eq!(
        (
            &scrubbed["intact"],
            &scrubbed["missing"],
            &scrubbed["corrupt"]
        ),
        (&2.into(), &2.into(), &0.into())
    );
    test.end().await;
}

#[tokio::test]
async fn files_that_decay_in_the_backup_are_found_by_verify_and_replaced() {
    let test = TestApp::start().await;
    let (_folder, target) = place();
    let media = test.store(voice(1)).await.0;
    done(&test, order(&target)).await;
    let rotten = target
        .join("media_storage")
        .join(media.path.as_deref().unwrap());
    let written = std::fs::metadata(&rotten).unwrap().modified().unwrap();
    let mut bytes = std::fs::read(&rotten).unwrap();
    bytes[500] ^= 1;
    std::fs::write(&rotten, &bytes).unwrap();
    let file = std::fs::File::options().write(true).open(&rotten).unwrap();
    file.set_modified(written).unwrap();
    assert_eq!(done(&test, order(&target)).await.files.kept, 1);
    let verifying = Options {
        verify: true,
        ..order(&target)
    };
    assert_eq!(done(&test, verifying).await.files.copied, 1);
    assert_eq!(
        std::fs::read(&rotten).unwrap(),
        std::fs::read(test.file(&media)).unwrap()
    );
    test.end().await;
}

#[tokio::test]
async fn an_erased_person_is_not_in_the_copied_database_and_is_pruned_from_its_files() {
    let test = TestApp::start().await;
    let (_folder, target) = place();
    let media = test.store(voice(1)).await.0;
    done(&test, order(&target)).await;
    let holds_them = || {
        let database = std::fs::read(target.join("midiateca.db")).unwrap();
        database
            .windows(13)
            .any(|window| window == b"5500900000001")
    };
    let file = target
        .join("media_storage")
        .join(media.path.as_deref().unwrap());
    assert!(holds_them() && file.is_file());
    let proof = crate::forget::erase(&test.app, 2, "5500900000001").await;
    assert_eq!(proof.unwrap().media, 1);
    let files = done(&test, order(&target)).await.files;
    assert_eq!((files.count, files.surplus, files.pruned), (0, 1, 0));
    assert!(!holds_them() && file.is_file());
    let pruning = Options {
        prune: true,
        ..order(&target)
    };
    assert_eq!(done(&test, pruning).await.files.pruned, 1);
    assert!(!file.exists());
    test.end().await;
}

#[tokio::test]
async fn the_key_is_copied_on_request_only_and_settings_have_no_paths() {
    let test = TestApp::start().await;
    let (_folder, target) = place();
    let data = test.app.data.clone();
    let settings = data.join("midiateca.toml");
    std::fs::write(&settings, "[worker]\nconcurrency = 5\n").unwrap();
    let output = midiateca(&data, &["backup", target.to_str().unwrap()]).await;
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let said = String::from_utf8(output.stderr).unwrap();
    let key = data.join("secret.key");
    assert!(said.contains(key.to_str().unwrap()), "{said}");
    assert!(!target.join("secret.key").exists());
    assert!(target.join("midiateca.toml").is_file());
    let storage = data.join("media_storage");
    let elsewhere = format!("[storage]\nurl = 'file://{}'\n", storage.display());
    std::fs::write(&settings, elsewhere).unwrap();
    assert_eq!(back_up(&data, &target, &["--with-key"]).await.0, Some(0));
    assert_eq!(
        std::fs::read(target.join("secret.key")).unwrap(),
        std::fs::read(&key).unwrap()
    );
    assert!(!target.join("midiateca.toml").exists());
    assert!(target.join("midiateca.toml.elsewhere").is_file());
    #[cfg(unix)]
    for private in ["secret.key", "midiateca.db", "manifest.json"] {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = std::fs::metadata(target.join(private)).unwrap();
        assert_eq!(mode.permissions().mode() & 0o777, 0o600, "{private}");
    }
    test.end().await;
}

#[tokio::test]
async fn a_database_of_an_earlier_version_is_backed_up_as_it_is() {
    let test = TestApp::start().await;
    test.store(sample("EARLIER")).await;
    let (folder, target) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let data = folder.path().join("data");
    test.app.db.fold().await.unwrap();
    copy_folder(&test.app.data, &data);
    test.end().await;
    let db = rusqlite::Connection::open(data.join("midiateca.db")).unwrap();
    let back = "drop table caption_edits; drop table delivery_parts; drop table clock; drop table refusals;
                drop table hooks_retired; drop table identity; pragma user_version = 4;";
    db.execute_batch(back).unwrap();
    drop(db);
    std::fs::remove_file(data.join("media_storage/.midiateca-id")).unwrap();
    let (code, files) = back_up(&data, target.path(), &[]).await;
    assert_eq!(
        (code, files["count"].as_u64()),
        (Some(0), Some(1)),
        "{files}"
    );
    for database in [
        data.join("midiateca.db"),
        target.path().join("midiateca.db"),
    ] {
        let db = rusqlite::Connection::open(database).unwrap();
        let version = db.pragma_query_value(None, "user_version", |row| row.get::<_, i64>(0));
        assert_eq!(version.unwrap(), 4);
    }
}
