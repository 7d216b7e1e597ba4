//! The real program on file systems as shares, FAT disks and old NAS kernels have them: `shim/disk.c` makes one of the
//! machine's own.

mod rights;

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use rusqlite::Connection;
use sha2::{Digest as _, Sha256};
use wa_sim::{Content, Delivery, Sim, SimMedia};

use crate::commands::{midiateca, set_up, stderr, stdout};
use crate::crash::Server;
use crate::scrub::{repairs, scrub, wrong};
use crate::shim;
use crate::stage::{FIRST, sample};

const PATIENCE: Duration = Duration::from_secs(60);
const EINVAL: &str = "22";
const EPERM: &str = "1";
const EIO: &str = "5";

/// What the program finds of a disk, and its log.
struct Disk {
    library: PathBuf,
    settings: Vec<(&'static str, String)>,
}

impl Disk {
    /// None where no shim can be built.
    fn with(settings: &[(&'static str, &str)]) -> Option<Self> {
        let settings = settings.iter();
        Some(Self {
            library: shim::compile("disk.c")?,
            settings: settings
                .map(|(name, value)| (*name, (*value).to_owned()))
                .collect(),
        })
    }

    fn command(&self, data: &Path, arguments: &[&str]) -> Command {
        let mut command = crate::stage::program(data);
        command
            .args(arguments)
            .env("LANG", "C")
            .env("TOKEN_FOR_TEST", "gateway-token")
            .env("LD_PRELOAD", &self.library)
            .envs(self.settings.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null());
        command
    }

    async fn run(&self, data: &Path, arguments: &[&str]) -> (i32, String, String) {
        let mut command = self.command(data, arguments);
        let output = tokio::task::spawn_blocking(move || command.output().unwrap());
        let output = output.await.unwrap();
        let code = output.status.code().unwrap();
        (code, stdout(&output), stderr(&output))
    }

    /// Starts the server; its log lines come through the channel.
    fn serve(&self, data: &Path) -> (Running, std::sync::mpsc::Receiver<String>) {
        let arguments = ["--log-format", "json", "serve", "--listen", "127.0.0.1:0"];
        let mut command = self.command(data, &arguments);
        let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let (send, log) = std::sync::mpsc::channel();
        let address = loop {
            let line = lines.next().expect("the server ended early").unwrap();
            send.send(line.clone()).unwrap();
            let line: serde_json::Value = serde_json::from_str(&line).unwrap();
            if let Some(address) = line["address"].as_str() {
                break address.to_owned();
            }
        };
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                let _ = send.send(line);
            }
        });
        let origin = format!("http://{address}");
        (Running(Server { child, origin }), log)
    }
}

/// A server that ends with its test, also when that fails.
struct Running(Server);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.child.kill();
        let _ = self.0.child.wait();
    }
}

fn serve(data: &Path) -> Running {
    Running(crate::crash::serve(data))
}

async fn post(server: &Running, address: &str, delivery: &Delivery) {
    let hook = address.rsplit('/').next().unwrap();
    let url = format!("{}/hooks/wapi/{hook}", server.0.origin);
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let answer = http.post(url).body(delivery.body.to_string()).send().await;
    assert_eq!(answer.unwrap().status(), 200);
}

/// Status, path and hash of every row, once there are so many stored ones.
fn stored(data: &Path, count: usize) -> Vec<(String, Vec<u8>)> {
    let began = Instant::now();
    let db = Connection::open(data.join("midiateca.db")).unwrap();
    db.busy_timeout(Duration::from_secs(10)).unwrap();
    loop {
        let sql = "select path, sha256 from media where status = 'stored' order by id";
        let mut query = db.prepare(sql).unwrap();
        let rows = query.query_map([], |row| Ok((row.get(0)?, row.get(1)?)));
        let rows: Vec<_> = rows.unwrap().map(Result::unwrap).collect();
        if rows.len() == count {
            return rows;
        }
        assert!(began.elapsed() < PATIENCE, "only {} are stored", rows.len());
        std::thread::sleep(Duration::from_millis(50));
    }
}

fn generated(id: &str, seed: u64, size_bytes: u64) -> SimMedia {
    let content = Content::Generated { seed, size_bytes };
    SimMedia {
        content,
        ..sample(id)
    }
}

fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if entry.file_type().unwrap().is_dir() {
            found.extend(files_below(&path));
        } else if !path.ends_with(".midiateca-id") {
            found.push(path);
        }
    }
    found
}

fn hash(path: &Path) -> Vec<u8> {
    Sha256::digest(std::fs::read(path).unwrap()).to_vec()
}

/// Trials 43 and 50: setting up, storing, backup and export work where folders cannot be synced, and say so once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_disk_that_cannot_sync_folders_takes_everything_and_is_reported_once() {
    for errno in [EINVAL, "95", "38", "9"] {
        let Some(disk) = Disk::with(&[("SHIM_FOLDER_SYNC", errno)]) else {
            return;
        };
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        let sim = Sim::start().await.unwrap();
        sim.world().add_instance(FIRST, "gateway-token");
        let client = ["client", "add", "Clínica Aurora", "--id", "2"];
        assert_eq!(disk.run(&data, &client).await.0, 0);
        let base = sim.api_base();
        let add = [
            "instance",
            "add",
            FIRST,
            "--client",
            "2",
            "--token-env",
            "TOKEN_FOR_TEST",
            "--routes",
            "gateway",
            "--api-base",
            &base,
        ];
        let (code, address, shown) = disk.run(&data, &add).await;
        assert_eq!(code, 0, "{errno}: {shown}");
        let (server, log) = disk.serve(&data);
        for seed in 0..3 {
            let delivery = sim
                .world()
                .add(generated(&format!("SHARE{seed}"), seed, 70_000));
            post(&server, address.trim(), &delivery).await;
        }
        stored(&data, 3);
        drop(server);
        let reports = log
            .iter()
            .filter(|line| line.contains("cannot sync folders"));
        assert_eq!(reports.count(), 1, "{errno}");
        let backup = folder.path().join("backup");
        let export = folder.path().join("export");
        let archive = folder.path().join("export.tar");
        for arguments in [
            &["backup", backup.to_str().unwrap()][..],
            &["backup", backup.to_str().unwrap()],
            &["media", "export", export.to_str().unwrap()],
            &["media", "export", archive.to_str().unwrap()],
        ] {
            let (code, _, shown) = disk.run(&data, arguments).await;
            assert_eq!(code, 0, "{errno} {arguments:?}: {shown}");
        }
        assert_eq!(files_below(&backup.join("media_storage")).len(), 3);
    }
}

/// A folder that cannot be synced because the disk fails is a failure.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_disk_that_fails_to_sync_a_folder_stores_nothing_there() {
    let Some(disk) = Disk::with(&[("SHIM_FOLDER_SYNC", EIO)]) else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let client = ["client", "add", "Clínica Aurora", "--id", "2"];
    let (code, _, shown) = disk.run(&folder.path().join("data"), &client).await;
    assert_eq!(code, 3, "{shown}");
}

/// Trial 45: equal bytes are stored twice where there are no hard links, and repaired from each other.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_disk_without_links_stores_equal_bytes_twice_and_repairs_one_from_the_other() {
    for errno in [EPERM, "95", "38"] {
        let Some(disk) = Disk::with(&[("SHIM_NO_LINKS", errno)]) else {
            return;
        };
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path();
        let sim = Sim::start().await.unwrap();
        let address = set_up(data, &sim).await;
        let (server, _log) = disk.serve(data);
        for id in ["EQUAL1", "EQUAL2"] {
            let delivery = sim.world().add(generated(id, 7, 70_000));
            post(&server, &address, &delivery).await;
        }
        let rows = stored(data, 2);
        drop(server);
        let storage = data.join("media_storage");
        for (path, sha256) in &rows {
            assert_eq!(&hash(&storage.join(path)), sha256);
        }
        std::fs::write(storage.join(&rows[0].0), "damaged").unwrap();
        let (_, results, _) = disk.run(data, &["--json", "scrub", "--repair"]).await;
        assert!(results.contains("restored"), "{results}");
        assert_eq!(hash(&storage.join(&rows[0].0)), rows[0].1);
        assert_eq!(scrub(data, &[]).await.0, 0);
        let backup = tempfile::tempdir().unwrap();
        let target = backup.path().join("backup");
        let arguments = ["backup", target.to_str().unwrap()];
        assert_eq!(disk.run(data, &arguments).await.0, 0);
    }
}

/// Message ids and instance ids that differ only in case meet in no file.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ids_that_differ_only_in_case_keep_their_files_where_case_does_not_count() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    let storage = data.join("media_storage");
    let Some(disk) = Disk::with(&[("SHIM_FOLD", storage.to_str().unwrap())]) else {
        return;
    };
    let sim = Sim::start().await.unwrap();
    let address = set_up(data, &sim).await;
    let (server, _log) = disk.serve(data);
    let ids = [
        "ABCDEF",
        "abcdef",
        "AbCdEf",
        "CON",
        "con",
        "x.",
        "x ",
        "x",
        "X",
        "caf\u{e9}",
        "cafe\u{301}",
    ];
    for (seed, id) in (0..).zip(ids) {
        let delivery = sim.world().add(generated(id, seed, 1_000 + seed));
        post(&server, &address, &delivery).await;
    }
    let rows = stored(data, ids.len());
    drop(server);
    for (path, sha256) in &rows {
        let file = storage.join(path.to_lowercase());
        assert_eq!(&hash(&file), sha256, "{path} holds another's bytes");
    }
}

/// A file of an earlier version, whose name may differ in case only, is never replaced.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_that_has_a_name_already_is_never_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    let sim = Sim::start().await.unwrap();
    let address = set_up(data, &sim).await;
    let server = serve(data);
    let first = sim.world().add(generated("TAKEN", 1, 1_000));
    post(&server, &address, &first).await;
    let rows = stored(data, 1);
    let path = data.join("media_storage").join(&rows[0].0);
    // The same name again, for another row that an earlier version filed there.
    let db = Connection::open(data.join("midiateca.db")).unwrap();
    db.execute("update media set message_id = 'OTHER'", [])
        .unwrap();
    let again = sim.world().add(generated("TAKEN", 2, 1_000));
    drop(db);
    post(&server, &address, &again).await;
    let rows = stored(data, 2);
    drop(server);
    assert_eq!(hash(&path), rows[0].1, "the first file was replaced");
    let names: BTreeSet<_> = rows.iter().map(|(path, _)| path).collect();
    assert_eq!(names.len(), 2);
    assert_eq!(scrub(data, &[]).await.0, 0);
}

/// After a power cut, a folder whose name was never synced is gone with all that is in it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_name_of_every_new_folder_is_synced() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("log");
    let Some(disk) = Disk::with(&[("SHIM_LOG", log.to_str().unwrap())]) else {
        return;
    };
    let data = folder.path().join("deep/data");
    let client = ["client", "add", "Clínica Aurora", "--id", "2"];
    assert_eq!(disk.run(&data, &client).await.0, 0);
    let sim = Sim::start().await.unwrap();
    let base = sim.api_base();
    sim.world().add_instance(FIRST, "gateway-token");
    let add = [
        "instance",
        "add",
        FIRST,
        "--client",
        "2",
        "--token-env",
        "TOKEN_FOR_TEST",
        "--routes",
        "gateway",
        "--api-base",
        &base,
    ];
    let (code, address, shown) = disk.run(&data, &add).await;
    assert_eq!(code, 0, "{shown}");
    let storage = data.join("media_storage");
    // A killed process created folders and never came to sync their names.
    std::fs::remove_dir_all(storage.join("cliente_2")).unwrap();
    std::fs::create_dir_all(storage.join(format!("cliente_2/instance_{FIRST}/image"))).unwrap();
    std::fs::write(&log, "").unwrap();
    let (server, _log) = disk.serve(&data);
    let delivery = sim.world().add(generated("SYNCED", 1, 1_000));
    post(&server, address.trim(), &delivery).await;
    stored(&data, 1);
    drop(server);
    let noted = std::fs::read_to_string(&log).unwrap();
    let above = [
        storage.clone(),
        storage.join("cliente_2"),
        storage.join(format!("cliente_2/instance_{FIRST}")),
    ];
    for folder in &above {
        let synced = format!("sync {}\n", folder.display());
        assert!(noted.contains(&synced), "{synced} is not in {noted}");
    }
    std::fs::write(&log, "").unwrap();
    let backup = folder.path().join("backup");
    let export = folder.path().join("one/two/export");
    for arguments in [
        &["backup", backup.to_str().unwrap()][..],
        &["media", "export", export.to_str().unwrap()],
    ] {
        assert_eq!(disk.run(&data, arguments).await.0, 0, "{arguments:?}");
    }
    let noted = std::fs::read_to_string(&log).unwrap();
    let lines: Vec<_> = noted.lines().collect();
    for (at, line) in lines.iter().enumerate() {
        let Some(made) = line.strip_prefix("mkdir ") else {
            continue;
        };
        // What is removed again needs no name that lasts.
        if made.contains(".incomplete") {
            continue;
        }
        let above = Path::new(made).parent().unwrap().display();
        let synced = format!("sync {above}");
        assert!(
            lines[at..].contains(&synced.as_str()),
            "{made} was created and {above} not synced"
        );
    }
}

/// Trial 40: a disk that is full in the middle of a file, with the marks that prevent it set to nothing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_disk_that_is_full_in_the_middle_of_a_file_leaves_no_half_one_and_gives_nothing_up() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    let (full, storage) = (data.join("full"), data.join("media_storage"));
    let (shown, below) = (full.to_str().unwrap(), storage.to_str().unwrap());
    let Some(disk) = Disk::with(&[("SHIM_FULL", shown), ("SHIM_DISK", below)]) else {
        return;
    };
    let sim = Sim::start().await.unwrap();
    let address = set_up(data, &sim).await;
    let settings = "[storage]\npause_below = 0\nresume_above = 0\n[fetch]\nretry_wait = '5ms'\n";
    std::fs::write(data.join("midiateca.toml"), settings).unwrap();
    std::fs::write(&full, "").unwrap();
    let (server, _log) = disk.serve(data);
    // The larger one comes first: while the disk is full, others may not even begin.
    for (seed, size_bytes) in [(2, 400_000), (1, 1_000)] {
        let delivery = sim
            .world()
            .add(generated(&format!("FULL{seed}"), seed, size_bytes));
        post(&server, &address, &delivery).await;
    }
    let db = Connection::open(data.join("midiateca.db")).unwrap();
    db.busy_timeout(Duration::from_secs(10)).unwrap();
    let began = Instant::now();
    let count = |sql: &str| db.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap();
    while count("select count(*) from media where reason = 'storage_full'") < 1 {
        assert!(began.elapsed() < PATIENCE);
        std::thread::sleep(Duration::from_millis(50));
    }
    // It may be tried again at this moment, with a staged file.
    let mut named = files_below(&storage);
    named.retain(|path| !path.starts_with(storage.join(".staging")));
    assert_eq!(named, Vec::<PathBuf>::new(), "a half file is left");
    let waiting = "select count(*) from media where status in ('pending', 'downloading')";
    assert_eq!(count(waiting), 2);
    std::fs::remove_file(&full).unwrap();
    let due = "update media set next_attempt_at = 0 where status = 'pending'";
    db.execute(due, []).unwrap();
    let rows = stored(data, 2);
    drop(server);
    for (path, sha256) in rows {
        assert_eq!(hash(&storage.join(path)), sha256);
    }
}

/// Trial 39: an operator tidies up while the server runs.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_clients_folder_that_is_renamed_is_reported_and_found_again() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    let sim = Sim::start().await.unwrap();
    let address = set_up(data, &sim).await;
    let server = serve(data);
    let first = sim.world().add(generated("BEFORE", 1, 1_000));
    post(&server, &address, &first).await;
    stored(data, 1);
    let (client, away) = (
        data.join("media_storage/cliente_2"),
        data.join("media_storage/Aurora"),
    );
    std::fs::rename(&client, &away).unwrap();
    let second = sim.world().add(generated("AFTER", 2, 1_000));
    post(&server, &address, &second).await;
    let rows = stored(data, 2);
    assert_eq!(
        hash(&data.join("media_storage").join(&rows[1].0)),
        rows[1].1
    );
    let (code, results) = scrub(data, &[]).await;
    assert_eq!(code, 1);
    assert!(wrong(&results).contains(&"missing"), "{results:?}");
    for entry in files_below(&away) {
        let below = entry.strip_prefix(&away).unwrap();
        std::fs::rename(&entry, client.join(below)).unwrap();
    }
    std::fs::remove_dir_all(&away).unwrap();
    assert_eq!(scrub(data, &[]).await.0, 0);
    // The whole storage goes, and nothing new is created in its place.
    let storage = data.join("media_storage");
    std::fs::rename(&storage, data.join("elsewhere")).unwrap();
    let third = sim.world().add(generated("AWAY", 3, 1_000));
    post(&server, &address, &third).await;
    let db = Connection::open(data.join("midiateca.db")).unwrap();
    db.busy_timeout(Duration::from_secs(10)).unwrap();
    let began = Instant::now();
    let sql = "select count(*) from media where status = 'pending' and reason like 'storage%'";
    while db.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap() == 0 {
        assert!(began.elapsed() < PATIENCE);
        std::thread::sleep(Duration::from_millis(50));
    }
    assert_eq!(files_below(&storage), Vec::<PathBuf>::new());
    let _ = std::fs::remove_dir_all(&storage);
    std::fs::rename(data.join("elsewhere"), &storage).unwrap();
    db.execute(
        "update media set next_attempt_at = 0 where status = 'pending'",
        [],
    )
    .unwrap();
    let rows = stored(data, 3);
    drop(server);
    assert_eq!(rows.len(), 3);
    assert_eq!(scrub(data, &[]).await.0, 0);
}
