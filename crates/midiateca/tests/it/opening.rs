//! Nothing is created in place of a database or a storage that was lost: at the start of the real program, and while
//! it runs.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use midiateca_service::app::{Allowed, App};
use midiateca_service::clock::Clock;
use midiateca_service::config::Config;
use midiateca_service::coordination::Coordination;

use crate::backup::{back_up, copy_folder};
use crate::commands::{midiateca, set_up, stderr, stdout};
use crate::identity::Site;
use crate::stage::until;

/// Commands that use files.
const COMMANDS: &[&[&str]] = &[
    &["serve", "--listen", "127.0.0.1:0"],
    &["client", "add", "Nova", "--id", "9"],
    &["instance", "add", "NEW", "--client", "2", "--offline"],
    &["retry", "--waiting"],
    &["scrub"],
    &["scrub", "--repair"],
    &["sweep"],
    &[
        "forget",
        "--yes",
        "--client",
        "2",
        "--contact",
        "+5500900000001",
    ],
];
/// Commands that show rows, and need no storage.
const READERS: &[&[&str]] = &[
    &["check"],
    &["media", "list"],
    &["deliveries", "list"],
    &["monitor", "--lines"],
];

impl Site {
    fn storage(&self) -> PathBuf {
        self.data().join("media_storage")
    }

    fn marker(&self) -> PathBuf {
        self.storage().join(".midiateca-id")
    }

    /// Every command refuses with this in its message and says what to do, and makes nothing.
    async fn is_refused(&self, words: &str, more: &[&[&str]]) {
        let target = self.elsewhere("backup");
        let backup = ["backup", target.to_str().unwrap()];
        let all = COMMANDS.iter().chain(more).copied();
        let known = all.chain([&backup[..]]);
        for command in known.filter(understood) {
            let said = midiateca(&self.data(), command).await;
            let text = stderr(&said);
            assert_eq!(said.status.code(), Some(3), "{command:?}: {text}");
            assert!(text.contains(words), "{command:?}: {text}");
            assert!(text.lines().count() > 1, "no hint: {command:?}: {text}");
        }
        assert!(!target.join("midiateca.db").exists());
        let check = midiateca(&self.data(), &["check"]).await;
        assert_ne!(check.status.code(), Some(0), "{}", stdout(&check));
        let doctor = midiateca(&self.data(), &["doctor", "--offline"]).await;
        assert_eq!(doctor.status.code(), Some(1), "{}", stdout(&doctor));
    }

    fn serve_with(&self, flag: &str) -> Child {
        let mut command = crate::stage::program(&self.data());
        command.args(["serve", flag, "--listen", "127.0.0.1:0"]);
        command.stderr(Stdio::null()).spawn().unwrap()
    }

    /// Starts once with a flag, until it serves.
    async fn start_with(&self, flag: &str) {
        let mut child = self.serve_with(flag);
        while Coordination::new(&self.data()).is_served().await != Some(true) {
            assert!(child.try_wait().unwrap().is_none(), "it ended");
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        child.kill().unwrap();
        child.wait().unwrap();
    }
}

/// Options that other versions of the command know are no part of this.
fn understood(command: &&[&str]) -> bool {
    let mut help = Command::new(env!("CARGO_BIN_EXE_midiateca"));
    let names = command.iter().take_while(|word| !word.starts_with('-'));
    let output = help.args(names).arg("--help").output().unwrap();
    let help = String::from_utf8(output.stdout).unwrap();
    let mut options = command.iter().filter(|word| word.starts_with("--"));
    options.all(|option| help.contains(option))
}

fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files_below(&path))
        } else {
            found.push(path)
        }
    }
    found
}

#[tokio::test]
async fn a_lost_database_is_not_replaced_by_a_new_one() {
    for empty in [false, true] {
        let mut site = Site::start().await;
        site.stores_everything().await;
        site.kill();
        let aside = site.elsewhere("aside");
        crate::identity::rename_all(&site.data(), &aside);
        if empty {
            fs::write(site.database(), "").unwrap();
        }
        site.is_refused("the database in", READERS).await;
        let length = fs::metadata(site.database()).map(|found| found.len()).ok();
        assert_eq!(length, empty.then_some(0));
        fs::remove_file(site.data().join("secret.key")).unwrap();
        let said = midiateca(&site.data(), &["client", "add", "Nova"]).await;
        assert_eq!(said.status.code(), Some(3), "files alone are a trace");
        site.start_with("--new-database").await;
        let check = midiateca(&site.data(), &["check"]).await;
        assert_ne!(check.status.code(), Some(3), "{}", stderr(&check));
    }
}

#[tokio::test]
async fn a_key_or_a_log_alone_shows_that_there_was_a_database() {
    for trace in [
        "secret.key",
        "midiateca.db-wal",
        "media_storage/cliente_1/x",
        "media_storage/.quarantine/20260101_000000-00000000/x",
        "bodies/01a224da-2e76-7000-804b-31ebbd2df3b6.0",
    ] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(trace);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, "something").unwrap();
        let said = midiateca(folder.path(), &["client", "add", "Nova"]).await;
        assert_eq!(said.status.code(), Some(3), "{trace}: {}", stderr(&said));
        assert!(!folder.path().join("midiateca.db").exists());
    }
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir_all(folder.path().join("media_storage/lost+found")).unwrap();
    let said = midiateca(folder.path(), &["client", "add", "Nova"]).await;
    assert_eq!(said.status.code(), Some(0), "{}", stderr(&said));
    assert!(folder.path().join("media_storage/.midiateca-id").is_file());
}

#[tokio::test]
async fn the_doctor_makes_no_database_of_a_file_without_tables() {
    let blank = |path: &Path| {
        let db = rusqlite::Connection::open(path).unwrap();
        db.execute_batch("vacuum").unwrap();
    };
    let short = |path: &Path| fs::write(path, "x").unwrap();
    for make in [&blank as &dyn Fn(&Path), &short] {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("secret.key"), "something").unwrap();
        let database = folder.path().join("midiateca.db");
        make(&database);
        let before = fs::read(&database).unwrap();
        let said = midiateca(folder.path(), &["doctor", "--offline"]).await;
        assert_eq!(said.status.code(), Some(1), "{}", stdout(&said));
        assert!(stdout(&said).contains("is empty"), "{}", stdout(&said));
        assert_eq!(fs::read(&database).unwrap(), before, "it was written to");
    }
}

#[tokio::test]
async fn a_database_of_another_program_is_refused_and_left_as_it_is() {
    for version in [0, 3, 10] {
        let folder = tempfile::tempdir().unwrap();
        let database = folder.path().join("midiateca.db");
        let db = rusqlite::Connection::open(&database).unwrap();
        let sql = format!("create table clients (a); pragma user_version = {version};");
        db.execute_batch(&sql).unwrap();
        drop(db);
        let before = fs::read(&database).unwrap();
        for command in COMMANDS.iter().chain(&[&["doctor", "--offline"][..]]) {
            let said = midiateca(folder.path(), command).await;
            let code = if command[0] == "doctor" { 1 } else { 3 };
            assert_eq!(said.status.code(), Some(code), "{command:?}");
            assert!(
                (stdout(&said) + &stderr(&said)).contains("another program"),
                "{command:?}: {}",
                stderr(&said)
            );
        }
        assert_eq!(fs::read(&database).unwrap(), before, "it was written to");
    }
}

#[tokio::test]
async fn a_storage_that_is_not_mounted_at_the_start_is_not_created() {
    let mut site = Site::start().await;
    site.stores_everything().await;
    site.kill();
    let aside = site.elsewhere("disk");
    fs::rename(site.storage(), &aside).unwrap();
    site.is_refused("media_storage is", &[]).await;
    assert!(!site.storage().exists());
    fs::create_dir(site.storage()).unwrap();
    site.is_refused("media_storage is", &[]).await;
    assert_eq!(fs::read_dir(site.storage()).unwrap().count(), 0);
    fs::remove_dir(site.storage()).unwrap();
    symlink(&aside, site.storage()).unwrap();
    site.start_again();
    site.accepts_again().await;
    site.stores_everything().await;
}

#[tokio::test]
async fn another_storage_is_refused_unless_it_is_adopted() {
    let mut site = Site::start().await;
    site.stores_everything().await;
    site.kill();
    let other = site.elsewhere("other");
    set_up(&other, &site.sim).await;
    fs::rename(site.storage(), site.elsewhere("disk")).unwrap();
    fs::rename(other.join("media_storage"), site.storage()).unwrap();
    site.is_refused("belongs to another database", &[]).await;
    site.start_with("--adopt-storage").await;
    let check = midiateca(&site.data(), &["check"]).await;
    assert_eq!(check.status.code(), Some(1), "{}", stderr(&check));
}

#[tokio::test]
async fn a_storage_that_is_taken_away_is_not_written_to_and_used_again_once_it_is_back() {
    for (leaves_folder, leads) in [(false, false), (true, false), (false, true)] {
        let mut site = Site::start().await;
        site.stores_everything().await;
        let (disk, other) = (site.elsewhere("disk"), site.elsewhere("other"));
        fs::rename(site.storage(), &disk).unwrap();
        if leaves_folder {
            fs::create_dir(site.storage()).unwrap();
        }
        if leads {
            set_up(&other, &site.sim).await;
            symlink(other.join("media_storage"), site.storage()).unwrap();
        }
        // It is taken, and waits.
        assert_eq!(site.post().await, 200);
        until("it is not ready", async || site.get("/readyz").await == 503).await;
        site.wait_for_storage_failure().await;
        match (leaves_folder, leads) {
            (true, _) => assert_eq!(fs::read_dir(site.storage()).unwrap().count(), 0),
            (_, true) => {
                let files = files_below(&other.join("media_storage"));
                assert_eq!(files, [other.join("media_storage/.midiateca-id")]);
                fs::remove_file(site.storage()).unwrap();
            }
            _ => assert!(!site.storage().exists()),
        }
        if leaves_folder {
            fs::remove_dir(site.storage()).unwrap();
        }
        fs::rename(&disk, site.storage()).unwrap();
        until("it is ready", async || site.get("/readyz").await == 200).await;
        site.retry().await;
        site.stores_everything().await;
    }
}

#[tokio::test]
async fn a_staging_folder_or_a_marker_that_a_cleaner_removed_stops_nothing() {
    let mut site = Site::start().await;
    site.stores_everything().await;
    fs::remove_dir_all(site.storage().join(".staging")).unwrap();
    site.accepts_again().await;
    site.stores_everything().await;
    fs::remove_file(site.marker()).unwrap();
    until("the marker is there", async || site.marker().exists()).await;
    site.accepts_again().await;
    site.retry().await;
    site.stores_everything().await;
}

#[tokio::test]
async fn a_storage_that_was_moved_on_purpose_is_used_where_it_is_now() {
    let mut site = Site::start().await;
    site.stores_everything().await;
    site.kill();
    let disk = site.elsewhere("disk");
    copy_folder(&site.storage(), &disk);
    fs::remove_dir_all(site.storage()).unwrap();
    let settings = format!("[storage]\nurl = \"file://{}\"\n", disk.display());
    fs::write(site.data().join("midiateca.toml"), settings).unwrap();
    site.start_again();
    site.accepts_again().await;
    site.stores_everything().await;
    // Without the marker, its files are proof enough.
    site.kill();
    fs::remove_file(disk.join(".midiateca-id")).unwrap();
    site.start_again();
    site.stores_everything().await;
}

#[tokio::test]
async fn a_restored_backup_is_whole() {
    let mut site = Site::start().await;
    site.stores_everything().await;
    let backup = site.elsewhere("backup");
    let (code, files) = back_up(&site.data(), &backup, &["--with-key", "--prune"]).await;
    assert_eq!((code, &files["surplus"]), (Some(0), &0.into()), "{files}");
    site.kill();
    fs::rename(site.data(), site.elsewhere("before")).unwrap();
    copy_folder(&backup, &site.data());
    fs::remove_file(site.data().join("manifest.json")).unwrap();
    fs::remove_file(site.data().join(".midiateca-backup")).unwrap();
    site.start_again();
    site.accepts_again().await;
    site.stores_everything().await;
    assert!(site.marker().is_file());
}

#[tokio::test]
async fn a_repair_moves_no_file_when_many_have_no_row() {
    let site = Site::start().await;
    site.stores_everything().await;
    let stored = files_below(&site.storage().join("cliente_2"));
    let folder = stored[0].parent().unwrap();
    for (orphaned, more, code) in [(20, 0, 1), (21, 0, 3), (21, 1, 1)] {
        for n in 0..orphaned {
            fs::write(folder.join(format!("orphan_{n}.jpg")), "x").unwrap();
        }
        let flags = ["scrub", "--repair", "--even-if-many-are-orphaned"];
        let said = midiateca(&site.data(), &flags[..2 + more]).await;
        assert_eq!(
            said.status.code(),
            Some(code),
            "{orphaned}: {}",
            stderr(&said)
        );
        let left = files_below(folder).len();
        let expected = if code == 3 { orphaned } else { 0 };
        assert_eq!(left, stored.len() + expected);
    }
}

/// Takes from a data folder what earlier versions did not write.
fn as_before_ids(data: &Path) {
    let db = rusqlite::Connection::open(data.join("midiateca.db")).unwrap();
    let back = "update identity set id = 'fresh', has_storage = 0";
    db.execute_batch(back).unwrap();
    fs::remove_file(data.join("media_storage/.midiateca-id")).unwrap();
}

#[tokio::test]
async fn data_of_an_earlier_version_is_marked_at_the_first_start() {
    let mut site = Site::start().await;
    site.stores_everything().await;
    site.kill();
    as_before_ids(&site.data());
    site.start_again();
    site.accepts_again().await;
    site.stores_everything().await;
    assert!(site.marker().is_file());
    // But only where its files are.
    site.kill();
    as_before_ids(&site.data());
    fs::rename(site.storage(), site.elsewhere("disk")).unwrap();
    fs::create_dir(site.storage()).unwrap();
    site.is_refused("media_storage is", &[]).await;
    assert_eq!(fs::read_dir(site.storage()).unwrap().count(), 0);
}

#[tokio::test]
async fn a_new_database_leaves_the_log_of_the_old_one() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("midiateca.db-wal");
    fs::write(&log, "frames").unwrap();
    let allowed = Allowed {
        new_database: true,
        ..Allowed::default()
    };
    let config = Config::default();
    let app = App::open_allowing(folder.path(), config, Clock::system(), allowed);
    app.await.unwrap().db.close().await;
    let kept = files_below(folder.path()).into_iter().find(|path| {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        name.starts_with("midiateca.db-wal.lost-")
    });
    assert_eq!(fs::read_to_string(kept.unwrap()).unwrap(), "frames");
}
