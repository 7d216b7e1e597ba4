//! The real program, whose clock is set while it runs and between its runs.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use midiateca_service::clock::{DAY, MINUTE, Millis, millis_of};
use midiateca_service::db::{Db, Key, Row};
use tempfile::TempDir;
use wa_sim::{Fault, Sim, SimMedia};

use crate::commands::{midiateca, set_up, stderr, stdout};
use crate::crash::{Server, serve_as};
use crate::shim;
use crate::stage::sample;

const PATIENCE: Duration = Duration::from_secs(60);

/// A data folder, a gateway, and a clock that can be set.
struct Bench {
    folder: TempDir,
    sim: Sim,
    hook: String,
    library: PathBuf,
    offset: PathBuf,
    http: reqwest::Client,
}

impl Bench {
    /// None where there is no shim.
    async fn new() -> Option<Self> {
        let library = shim::compile("clock.c")?;
        let folder = tempfile::tempdir().unwrap();
        let sim = Sim::start().await.unwrap();
        let address = set_up(folder.path(), &sim).await;
        let rules = "[retention]\nrules = [{ older_than = '30d' }]\n";
        std::fs::write(folder.path().join("midiateca.toml"), rules).unwrap();
        let bench = Self {
            offset: folder.path().join("offset"),
            hook: address.rsplit_once('/').unwrap().1.to_owned(),
            http: reqwest::Client::builder().no_proxy().build().unwrap(),
            folder,
            sim,
            library,
        };
        bench.set_clock(0);
        Some(bench)
    }

    /// The program's clock is so many milliseconds ahead from now on.
    fn set_clock(&self, ahead: Millis) {
        let unfinished = self.folder.path().join("offset.new");
        std::fs::write(&unfinished, (ahead / 1_000).to_string()).unwrap();
        std::fs::rename(unfinished, &self.offset).unwrap();
    }

    fn variables(&self) -> [(&'static str, &Path); 2] {
        [
            ("LD_PRELOAD", self.library.as_path()),
            ("SHIM_CLOCK_FILE", self.offset.as_path()),
        ]
    }

    /// Another instance, whose CDN is asked for the time. The gateway is on this machine and is not.
    async fn add_cdn(&self) {
        let id = "9Z8Y7X-CLOCK1-A1B2C3";
        self.sim.world().add_instance(id, "gateway-token");
        let (origin, api) = (self.sim.origin(), self.sim.api_base());
        let add = [
            "instance",
            "add",
            id,
            "--client",
            "2",
            "--routes",
            "cdn",
            "--token-env",
            "TOKEN_FOR_TEST",
        ];
        let add = [&add[..], &["--api-base", &api, "--cdn-base", &origin]].concat();
        let added = midiateca(self.folder.path(), &add).await;
        assert!(added.status.success(), "{}", stderr(&added));
    }

    fn serve(&self) -> Server {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_midiateca"));
        command.envs(self.variables());
        serve_as(command, self.folder.path())
    }

    /// Runs a command under the same clock: exit code, stdout and stderr.
    async fn run(&self, arguments: &[&str]) -> (Option<i32>, String, String) {
        let mut command = crate::stage::program(self.folder.path());
        command
            .args(arguments)
            .envs(self.variables())
            .env("LANG", "C")
            .env_remove("LC_ALL")
            .stdin(Stdio::null());
        let output = tokio::task::spawn_blocking(move || command.output().unwrap());
        let output = output.await.unwrap();
        (output.status.code(), stdout(&output), stderr(&output))
    }

    async fn post(&self, server: &Server, media: SimMedia) -> String {
        let delivery = self.sim.world().add(media);
        let url = format!("{}/hooks/wapi/{}", server.origin, self.hook);
        let answer = self.http.post(url).body(delivery.body.to_string()).send();
        assert_eq!(answer.await.unwrap().status(), 200);
        delivery.direct_path
    }

    async fn row(&self, sql: &'static str) -> Row {
        let file = self.folder.path().join("midiateca.db");
        let db = Db::open_to_read(&file, Duration::from_secs(5))
            .await
            .unwrap();
        let row = db.row(sql, vec![]).await.unwrap().unwrap();
        db.close().await;
        row
    }

    async fn wait_for(&self, sql: &'static str) {
        let began = Instant::now();
        while self.row(sql).await.int("n").unwrap() == 0 {
            assert!(began.elapsed() < PATIENCE, "not yet: {sql}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    async fn wait_until_stored(&self) {
        self.wait_for("select count(*) > 0 and count(*) = sum(status = 'stored') as n from media")
            .await;
    }

    /// Makes the saved reading look like one of another boot, so many milliseconds away.
    async fn save_as_of_another_boot(&self, by: Millis) {
        let file = self.folder.path().join("midiateca.db");
        let db = Db::open(&file, Duration::from_secs(5)).await.unwrap();
        let by = midiateca_service::db::Value::from(by);
        db.write(Key::Everything, async move |tx| {
            let sql = "update clock set boot = 'another', wall = wall + $1";
            tx.run(sql, vec![by.clone()]).await
        })
        .await
        .unwrap();
        db.close().await;
    }

    fn end(mut server: Server) {
        server.child.kill().unwrap();
        server.child.wait().unwrap();
    }
}

#[tokio::test]
async fn a_sweep_after_a_clock_jump_is_refused_until_an_operator_accepts_the_clock() {
    let Some(bench) = Bench::new().await else {
        return;
    };
    let server = bench.serve();
    bench.post(&server, sample("KEPT")).await;
    bench.wait_until_stored().await;
    Bench::end(server);
    let sweep_gone = |output: &str| output.contains("deleted: 1 file ");
    for ahead in [400 * DAY, -400 * DAY] {
        bench.set_clock(ahead);
        let (code, _, error) = bench.run(&["sweep"]).await;
        assert_ne!(code, Some(0), "{error}");
        assert!(error.contains("doctor --accept-clock"), "{error}");
        let (_, would, _) = bench.run(&["sweep", "--dry-run"]).await;
        assert!(would.contains("would be deleted: 0 files"), "{would}");
        let (code, report, _) = bench.run(&["check"]).await;
        assert_eq!(code, Some(1));
        assert!(report.contains("nothing is deleted"), "{report}");
        let (code, report, _) = bench.run(&["doctor", "--offline"]).await;
        assert_eq!(code, Some(1));
        assert!(report.contains("clock.jump"), "{report}");
        assert!(report.contains("doctor --accept-clock"), "{report}");
    }
    bench.set_clock(0);
    let (code, report, error) = bench.run(&["sweep"]).await;
    assert_eq!(code, Some(0), "{error}");
    assert!(report.contains("deleted: 0 files"), "{report}");
    bench.set_clock(400 * DAY);
    let (_, report, _) = bench.run(&["doctor", "--offline", "--accept-clock"]).await;
    assert!(report.contains("accepted"), "{report}");
    let (code, report, error) = bench.run(&["sweep"]).await;
    assert_eq!(code, Some(0), "{error}");
    assert!(sweep_gone(&report), "{report}");
}

#[tokio::test]
async fn a_server_that_starts_with_a_wrong_clock_goes_on_by_the_right_time() {
    let Some(bench) = Bench::new().await else {
        return;
    };
    let server = bench.serve();
    bench.post(&server, sample("BEFORE")).await;
    bench.wait_until_stored().await;
    Bench::end(server);
    for (n, ahead) in [400 * DAY, -400 * DAY].into_iter().enumerate() {
        bench.set_clock(ahead);
        let server = bench.serve();
        bench.post(&server, sample(&format!("WRONG{n}"))).await;
        bench.wait_until_stored().await;
        Bench::end(server);
    }
    let row = bench
        .row("select max(received_at) - min(received_at) as span from media")
        .await;
    assert!(row.int("span").unwrap() < 30 * MINUTE);
}

#[tokio::test]
async fn a_clock_that_is_right_after_a_long_time_off_is_confirmed_by_the_cdn() {
    let Some(bench) = Bench::new().await else {
        return;
    };
    bench.add_cdn().await;
    Bench::end(bench.serve());
    for by in [-400 * DAY, 400 * DAY] {
        bench.save_as_of_another_boot(by).await;
        let server = bench.serve();
        bench
            .wait_for("select count(*) as n from clock where boot <> 'another'")
            .await;
        Bench::end(server);
    }
}

#[tokio::test]
async fn a_clock_that_the_gateway_contradicts_is_not_believed() {
    let Some(bench) = Bench::new().await else {
        return;
    };
    let server = bench.serve();
    bench.post(&server, sample("KEPT")).await;
    bench.wait_until_stored().await;
    Bench::end(server);
    bench.save_as_of_another_boot(0).await;
    bench.set_clock(400 * DAY);
    let (code, _, error) = bench.run(&["sweep"]).await;
    assert_ne!(code, Some(0), "{error}");
    let server = bench.serve();
    // What comes now is stored whatever the clock shows.
    bench.post(&server, sample("NOW")).await;
    bench.wait_until_stored().await;
    let (_, report, _) = bench.run(&["check"]).await;
    assert!(report.contains("nothing is deleted"), "{report}");
    // The clock is set right, which fits the last run.
    bench.set_clock(0);
    bench
        .wait_for("select count(*) as n from clock where boot <> 'another'")
        .await;
    let (_, report, _) = bench.run(&["check"]).await;
    assert!(!report.contains("nothing is deleted"), "{report}");
    Bench::end(server);
}

#[tokio::test]
async fn a_clock_that_is_set_while_the_server_runs_is_believed_once_the_cdn_agrees() {
    let Some(bench) = Bench::new().await else {
        return;
    };
    bench.add_cdn().await;
    // Nothing speaks against a clock that was wrong from the very first.
    for (n, ahead) in [400 * DAY, -400 * DAY].into_iter().enumerate() {
        bench.set_clock(ahead);
        let accepting = bench.run(&["doctor", "--offline", "--accept-clock"]);
        assert!(accepting.await.1.contains("accepted"));
        let server = bench.serve();
        let waits = SimMedia {
            fault: Fault::ApiStatus(503),
            ..sample(&format!("WAITS{n}"))
        };
        let path = bench.post(&server, waits).await;
        bench
            .wait_for("select count(*) as n from media where next_attempt_at is not null")
            .await;
        bench.set_clock(0);
        bench.sim.world().set_fault(&path, Fault::None);
        bench.post(&server, sample(&format!("THEN{n}"))).await;
        bench.wait_until_stored().await;
        let now = std::process::Command::new("date")
            .args(["-u", "+%FT%TZ"])
            .output();
        let now = millis_of(stdout(&now.unwrap()).trim()).unwrap();
        let began = Instant::now();
        let wall = async || {
            bench
                .row("select wall from clock")
                .await
                .int("wall")
                .unwrap()
        };
        while (wall().await - now).abs() > 10 * MINUTE {
            assert!(began.elapsed() < PATIENCE, "the right time is not believed");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        Bench::end(server);
    }
}
