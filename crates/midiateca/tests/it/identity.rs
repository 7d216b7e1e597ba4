//! A database that is taken away from under the real server: nothing is acknowledged that the next start does not find.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use midiateca_service::db::Db;
use serde_json::Value;
use tempfile::TempDir;
use wa_sim::{Sim, SimMedia};

use crate::commands::{midiateca, set_up, stderr, stdout};
use crate::crash::{Server, serve};
use crate::stage::sample;

const PATIENCE: Duration = Duration::from_secs(30);
const FILES: [&str; 3] = ["midiateca.db", "midiateca.db-wal", "midiateca.db-shm"];

/// A running server, and what it acknowledged.
pub struct Site {
    folder: TempDir,
    pub sim: Sim,
    server: Option<Server>,
    token: String,
    acknowledged: Vec<String>,
    posted: u32,
    http: reqwest::Client,
}

impl Site {
    pub async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let sim = Sim::start().await.unwrap();
        let data = folder.path().join("data");
        let address = set_up(&data, &sim).await;
        let server = serve(&data);
        let mut site = Self {
            folder,
            sim,
            server: Some(server),
            token: address.rsplit('/').next().unwrap().to_owned(),
            acknowledged: Vec::new(),
            posted: 0,
            http: reqwest::Client::builder().no_proxy().build().unwrap(),
        };
        for _ in 0..3 {
            assert_eq!(site.post().await, 200);
        }
        site
    }

    pub fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    pub fn database(&self) -> PathBuf {
        self.data().join("midiateca.db")
    }

    pub fn elsewhere(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn origin(&self) -> String {
        self.server.as_ref().unwrap().origin.clone()
    }

    pub async fn post(&mut self) -> u16 {
        self.posted += 1;
        let id = format!("IDENTITY{}", self.posted);
        let delivery = self.sim.world().add(SimMedia { ..sample(&id) });
        let url = format!("{}/hooks/wapi/{}", self.origin(), self.token);
        let request = self.http.post(url).body(delivery.body.to_string());
        let status = request.send().await.unwrap().status().as_u16();
        if status == 200 {
            self.acknowledged.push(id);
        }
        status
    }

    pub async fn get(&self, path: &str) -> u16 {
        let answer = self.http.get(format!("{}{path}", self.origin())).send();
        answer.await.unwrap().status().as_u16()
    }

    /// Posts several times: none of it may be acknowledged, and none may be refused for good.
    pub async fn refuses(&mut self) {
        for _ in 0..3 {
            assert_eq!(self.post().await, 503);
        }
        assert_eq!(self.get("/readyz").await, 503);
        let unknown = format!("{}/hooks/wapi/unknown", self.origin());
        let answer = self.http.post(unknown).body("{}").send().await.unwrap();
        assert_eq!(answer.status(), 503, "a 401 is not repeated");
    }

    /// The commands that look for faults name this one.
    pub async fn reports(&self, check: &str) {
        let began = std::time::Instant::now();
        loop {
            let doctor = midiateca(&self.data(), &["--json", "doctor", "--offline"]).await;
            if stdout(&doctor).contains(&format!("\"{check}\"")) {
                assert_eq!(doctor.status.code(), Some(1));
                break;
            }
            assert!(began.elapsed() < PATIENCE, "{}", stdout(&doctor));
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        let check = midiateca(&self.data(), &["check"]).await;
        assert_ne!(check.status.code(), Some(0), "{}", stdout(&check));
    }

    pub async fn accepts_again(&mut self) {
        let began = std::time::Instant::now();
        while self.post().await != 200 {
            assert!(began.elapsed() < PATIENCE, "it does not recover");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    pub fn start_again(&mut self) {
        self.server = Some(serve(&self.data()));
    }

    /// Waits until everything that was acknowledged is stored.
    pub async fn stores_everything(&self) {
        let began = std::time::Instant::now();
        loop {
            let check = midiateca(&self.data(), &["--json", "check"]).await;
            let report: Value = serde_json::from_str(&stdout(&check)).unwrap_or_default();
            let files = &report["files"];
            if files["present"] == self.acknowledged.len() && files["missing"] == 0 {
                return;
            }
            assert!(began.elapsed() < PATIENCE, "{report:#}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Waits until a download failed, because the storage could not take the file.
    pub async fn wait_for_storage_failure(&self) {
        let began = std::time::Instant::now();
        let db = Db::open_to_read(&self.database(), PATIENCE).await.unwrap();
        let sql = "select 1 as n from media where reason = 'storage_failed' and status = 'pending'";
        while db.row(sql, vec![]).await.unwrap().is_none() {
            assert!(began.elapsed() < PATIENCE, "no download failed");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        db.close().await;
    }

    /// Tries at once what waits.
    pub async fn retry(&self) {
        let retry = midiateca(&self.data(), &["retry", "--waiting"]).await;
        assert_ne!(retry.status.code(), Some(3), "{}", stderr(&retry));
    }

    pub fn kill(&mut self) {
        let mut server = self.server.take().unwrap();
        server.child.kill().unwrap();
        server.child.wait().unwrap();
    }

    /// Kills the server; what it acknowledged must be in the database at the path.
    pub async fn keeps_what_it_acknowledged(mut self) {
        self.kill();
        let known = messages(&self.database()).await;
        for id in &self.acknowledged {
            assert!(known.contains(id), "{id} was acknowledged and is gone");
        }
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        if self.server.is_some() {
            self.kill();
        }
    }
}

pub async fn messages(database: &Path) -> Vec<String> {
    let db = Db::open(database, Duration::from_secs(5)).await.unwrap();
    assert_eq!(db.problems().await.unwrap(), Vec::<String>::new());
    let rows = db.rows("select message_id from media", vec![]).await;
    let rows = rows.unwrap();
    let ids = rows.iter().map(|row| row.text("message_id").unwrap());
    let ids = ids.collect();
    db.close().await;
    ids
}

/// A copy of the database as it is now, without a log.
pub async fn copy_of(database: &Path, to: &Path) {
    fs::File::create(to).unwrap();
    let copied = midiateca_service::db::snapshot(database, to, Duration::from_secs(5), |_, _| true);
    copied.await.unwrap();
}

pub fn rename_all(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for name in FILES {
        if from.join(name).exists() {
            fs::rename(from.join(name), to.join(name)).unwrap();
        }
    }
}

#[tokio::test]
async fn a_deleted_database_is_not_written_to() {
    let mut site = Site::start().await;
    fs::remove_file(site.database()).unwrap();
    site.refuses().await;
    assert!(!site.database().exists(), "a new one was made");
}

#[tokio::test]
async fn a_database_that_is_moved_away_is_used_again_once_it_is_back() {
    for all in [true, false] {
        let mut site = Site::start().await;
        let (data, aside) = (site.data(), site.elsewhere("aside"));
        if all {
            rename_all(&data, &aside)
        } else {
            fs::create_dir(&aside).unwrap();
            fs::rename(site.database(), aside.join(FILES[0])).unwrap();
        }
        site.refuses().await;
        rename_all(&aside, &data);
        site.accepts_again().await;
        site.keeps_what_it_acknowledged().await;
    }
}

#[tokio::test]
async fn an_older_copy_in_the_place_of_the_database_is_not_taken_for_it() {
    for (with_log, in_place) in [(true, false), (false, false), (false, true)] {
        let mut site = Site::start().await;
        let (older, aside) = (site.elsewhere("older.db"), site.elsewhere("aside"));
        copy_of(&site.database(), &older).await;
        for _ in 0..3 {
            assert_eq!(site.post().await, 200);
        }
        // What was written so far is in the file itself.
        let db = Db::open(&site.database(), Duration::from_secs(5))
            .await
            .unwrap();
        assert!(db.fold().await.unwrap());
        db.close().await;
        assert_eq!(site.post().await, 200);
        match (with_log, in_place) {
            (_, true) => drop(fs::copy(&older, site.database()).unwrap()),
            (true, _) => {
                rename_all(&site.data(), &aside);
                fs::rename(&older, site.database()).unwrap();
            }
            (false, _) => {
                fs::create_dir(&aside).unwrap();
                fs::rename(site.database(), aside.join(FILES[0])).unwrap();
                fs::rename(&older, site.database()).unwrap();
            }
        }
        site.refuses().await;
        site.reports("server.database").await;
        if !in_place {
            fs::remove_file(site.database()).unwrap();
            rename_all(&aside, &site.data());
            site.accepts_again().await;
            site.keeps_what_it_acknowledged().await;
        }
    }
}

#[tokio::test]
async fn a_copy_in_the_place_of_the_database_has_the_rest_from_its_log() {
    let mut site = Site::start().await;
    let copy = site.elsewhere("copy.db");
    fs::copy(site.database(), &copy).unwrap();
    for _ in 0..3 {
        assert_eq!(site.post().await, 200);
    }
    assert!(fs::metadata(site.data().join(FILES[1])).unwrap().len() > 0);
    fs::rename(&copy, site.database()).unwrap();
    site.accepts_again().await;
    site.accepts_again().await;
    site.keeps_what_it_acknowledged().await;
}

#[tokio::test]
async fn another_database_in_its_place_is_not_taken_for_it() {
    let mut site = Site::start().await;
    let (other, aside) = (site.elsewhere("other"), site.elsewhere("aside"));
    set_up(&other, &site.sim).await;
    rename_all(&site.data(), &aside);
    rename_all(&other, &site.data());
    site.refuses().await;
    rename_all(&site.data(), &other);
    rename_all(&aside, &site.data());
    site.accepts_again().await;
    site.keeps_what_it_acknowledged().await;
}

#[tokio::test]
async fn a_truncated_database_is_not_written_to() {
    for length in [0, 4096] {
        let mut site = Site::start().await;
        let file = fs::File::options().write(true).open(site.database());
        file.unwrap().set_len(length).unwrap();
        site.refuses().await;
        let left = fs::metadata(site.database()).unwrap().len();
        assert_eq!(left, length, "it was written to");
    }
}

#[tokio::test]
async fn a_write_ahead_log_that_is_removed_loses_nothing() {
    for names in [&FILES[1..2], &FILES[2..], &FILES[1..]] {
        let mut site = Site::start().await;
        for name in names {
            fs::remove_file(site.data().join(name)).unwrap();
        }
        site.accepts_again().await;
        site.accepts_again().await;
        site.keeps_what_it_acknowledged().await;
    }
}

#[tokio::test]
async fn a_write_ahead_log_that_is_truncated_is_not_written_to() {
    let mut site = Site::start().await;
    let log = site.data().join(FILES[1]);
    let file = fs::File::options().write(true).open(log);
    file.unwrap().set_len(0).unwrap();
    site.refuses().await;
}

#[tokio::test]
async fn a_data_folder_that_is_moved_away_is_used_again_once_it_is_back() {
    let mut site = Site::start().await;
    let aside = site.elsewhere("aside");
    fs::rename(site.data(), &aside).unwrap();
    site.refuses().await;
    assert!(!site.data().exists(), "a new folder was made");
    fs::rename(&aside, site.data()).unwrap();
    site.accepts_again().await;
    site.keeps_what_it_acknowledged().await;
}

#[tokio::test]
async fn a_command_during_a_server_makes_no_database_in_place_of_a_lost_one() {
    let mut site = Site::start().await;
    fs::remove_file(site.database()).unwrap();
    let said = midiateca(&site.data(), &["client", "add", "Nova", "--id", "9"]).await;
    assert_eq!(said.status.code(), Some(3), "{}", stderr(&said));
    assert!(!site.database().exists());
    site.refuses().await;
}
