//! The full screen, as a person sees it on a terminal.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use midiateca_service::clock::Clock;
use midiateca_service::db::{Db, Key, Value};
use midiateca_service::events;
use midiateca_service::events::facts::{Fact, InstanceConnection};
use midiateca_service::instances;
use midiateca_service::model::Route;
use portable_pty::CommandBuilder;
use tempfile::TempDir;
use wa_sim::{Content, Fault, Sim, SimMedia};

use crate::crash::serve;
use crate::pty::{self, Terminal, close_under};
use crate::stage::{FIRST, OTHER, TOKEN, TestApp, add_instance, impatient, instance, sample};

const PROGRAM: &str = env!("CARGO_BIN_EXE_midiateca");
const NAME: &str = "midiateca monitor";

/// A data folder after a whole day.
fn a_day() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let demo = Command::new(PROGRAM)
        .arg("--data")
        .arg(folder.path())
        .args(["demo", "--exit"])
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert!(demo.status.success());
    folder
}

fn monitor(data: &Path, arguments: &[&str]) -> CommandBuilder {
    let mut all = vec!["--data", data.to_str().unwrap(), "monitor"];
    all.extend(arguments);
    pty::command(PROGRAM, &all)
}

#[test]
fn a_day_is_shown_filtered_and_opened_at_both_sizes() {
    let folder = a_day();
    for (columns, rows, queue) in [(80, 24, "stored 9"), (160, 50, "Waiting, by deadline")] {
        let mut terminal = Terminal::start(monitor(folder.path(), &[]), columns, rows);
        terminal.wait_until("alternate screen", vt100::Screen::alternate_screen);
        terminal.wait_for(&[
            NAME,
            queue,
            "60 min: 9 stored, 1 failed",
            "no server",
            FIRST,
            OTHER,
            "no download is in progress",
        ]);
        terminal.press("i");
        terminal.wait_for(&[&format!("only {FIRST}"), "✓ stored"]);
        terminal.press("css");
        terminal.wait_for(&["only failed", "✗ failed", "the file is the one"]);
        terminal.press("\r");
        terminal.wait_for(&[
            "Attempts: ",
            "sender_hash_wrong: the file is",
            "status           failed",
        ]);
        terminal.press("\r");
        terminal.wait_for(&["only failed"]);
        terminal.press("q");
        let (status, after) = terminal.ended();
        assert_eq!((status.exit_code(), after.trim()), (0, ""));
    }
}

#[test]
fn the_screen_follows_the_terminal_when_it_changes_its_size() {
    let folder = a_day();
    let mut terminal = Terminal::start(monitor(folder.path(), &["--lang", "pt-BR"]), 80, 24);
    terminal.wait_for(&["mostrando tudo", "armazenadas 9"]);
    terminal.resize(160, 50);
    terminal.wait_for(&["Espera, por prazo", "c tudo"]);
    terminal.resize(15, 3);
    terminal.wait_for(&["o terminal"]);
    terminal.resize(60, 10);
    terminal.wait_for(&["armazenadas 9", "q sair"]);
    terminal.press("\x1b");
    assert_eq!(terminal.ended().0.exit_code(), 0);
}

#[test]
fn a_failed_media_is_queued_again_from_the_screen() {
    let folder = a_day();
    let mut terminal = Terminal::start(monitor(folder.path(), &[]), 80, 24);
    terminal.wait_for(&["failed 1"]);
    terminal.press("ss");
    terminal.wait_for(&["only failed", "✗ failed"]);
    terminal.press("r");
    terminal.wait_for(&["again? y/n"]);
    terminal.press("n");
    terminal.wait_for(&["q quit", "failed 1"]);
    terminal.press("\rr");
    terminal.wait_for(&["again? y/n", "Attempts: "]);
    terminal.press("y");
    terminal.wait_for(&["is queued"]);
    terminal.press("\r");
    terminal.wait_for(&["ready 1", "failed 0"]);
    terminal.press("\x03");
    assert_eq!(terminal.ended().0.exit_code(), 0);
}

#[test]
fn a_signal_ends_it_and_the_terminal_is_restored() {
    let folder = a_day();
    let terminal = Terminal::start(monitor(folder.path(), &[]), 80, 24);
    terminal.wait_for(&[NAME, "stored 9"]);
    terminal.terminate();
    assert_eq!(terminal.ended().0.exit_code(), 0);
}

#[test]
fn a_terminal_that_is_closed_ends_it() {
    let folder = a_day();
    let status = close_under(monitor(folder.path(), &[]), "stored 9");
    assert_eq!(status.exit_code(), 0);
    // Started by `nohup` or the like, it gets no signal.
    let data = folder.path().to_str().unwrap();
    let deaf = "trap '' HUP; exec \"$0\" --data \"$1\" monitor";
    let deaf = pty::command("sh", &["-c", deaf, PROGRAM, data]);
    assert_eq!(close_under(deaf, "stored 9").exit_code(), 0);
}

#[test]
fn a_missing_database_is_reported_and_watched_again_when_it_is_back() {
    let folder = a_day();
    let (path, away) = (
        folder.path().join("midiateca.db"),
        folder.path().join("away.db"),
    );
    let mut terminal = Terminal::start(monitor(folder.path(), &[]), 160, 50);
    terminal.wait_for(&["showing everything", FIRST]);
    std::fs::rename(&path, &away).unwrap();
    terminal.wait_for(&["is missing; waiting"]);
    std::fs::rename(&away, &path).unwrap();
    terminal.wait_for(&["showing everything", FIRST]);
    // Another file in its place is opened.
    let other = a_day();
    std::fs::rename(&path, &away).unwrap();
    for name in ["midiateca.db-wal", "midiateca.db-shm"] {
        let _ = std::fs::remove_file(folder.path().join(name));
    }
    let db = other.path().join("midiateca.db");
    Command::new(PROGRAM)
        .arg("--data")
        .arg(other.path())
        .args(["client", "add", "Padaria Sol"])
        .output()
        .unwrap();
    Command::new(PROGRAM)
        .arg("--data")
        .arg(other.path())
        .args(["instance", "add", "NEW111-NEW222-NEW333", "--client", "4"])
        .output()
        .unwrap();
    std::fs::copy(db, &path).unwrap();
    terminal.wait_for(&["showing everything", "NEW111-NEW222-NEW333"]);
    terminal.press("q");
    assert_eq!(terminal.ended().0.exit_code(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_download_in_another_process_is_shown_with_progress_and_speed() {
    let folder = tempfile::tempdir().unwrap();
    let sim = Sim::start().await.unwrap();
    sim.world().add_instance(FIRST, TOKEN);
    let app = crate::stage::open(folder.path(), impatient(), Clock::system())
        .await
        .unwrap();
    app.db
        .write(Key::Everything, async |tx| {
            instances::add_client(tx, "Clínica Aurora", Some(2), 0).await
        })
        .await
        .unwrap();
    let new = instances::NewInstance {
        routes: Some(vec![Route::Cdn]),
        ..instance(FIRST, 2, sim.api_base())
    };
    let (_, hook) = add_instance(&app, new, Some(TOKEN)).await;
    app.db.close().await;
    let mut server = serve(folder.path());
    let slow = sim.world().add(SimMedia {
        content: Content::Generated {
            seed: 7,
            size_bytes: 400 << 20,
        },
        cdn_fault: Fault::Drip {
            bytes_per_second: 1 << 20,
        },
        ..sample("SLOW")
    });
    let url = format!("{}/hooks/wapi/{}", server.origin, hook.unwrap());
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let posted = http.post(&url).body(slow.body.to_string()).send().await;
    assert_eq!(posted.unwrap().status(), 200);
    let mut terminal = Terminal::start(monitor(folder.path(), &[]), 80, 24);
    terminal.wait_for(&[
        "server running",
        "downloading 1",
        "progress: 1",
        "400.00 MiB",
    ]);
    terminal.wait_until("speed", |screen| {
        let contents = screen.contents();
        let title = contents.lines().find(|line| line.contains("progress: 1"));
        title.is_some_and(|title| !title.contains("  0 B/s"))
    });
    terminal.press("q");
    assert_eq!(terminal.ended().0.exit_code(), 0);
    server.child.kill().unwrap();
    server.child.wait().unwrap();
}

#[tokio::test]
async fn progress_is_kept_in_the_row_until_the_next_claim() {
    let test = TestApp::with_cdn(vec![Route::Cdn], Clock::system()).await;
    let slow = test.sim.world().add(SimMedia {
        content: Content::Generated {
            seed: 7,
            size_bytes: 3 << 20,
        },
        cdn_fault: Fault::Drip {
            bytes_per_second: 1 << 20,
        },
        ..sample("SLOW")
    });
    let id = test.deliver(&slow).await;
    let fetched = async |db: &Db| {
        let sql = "select status, fetched_bytes from media where id = $1";
        let row = db.row(sql, vec![Value::from(id.as_str())]).await.unwrap();
        let row = row.unwrap();
        (
            row.text("status").unwrap(),
            row.int_or_none("fetched_bytes").unwrap(),
        )
    };
    let bytes = loop {
        let (status, bytes) = fetched(&test.app.db).await;
        assert_ne!(status, "stored", "it ended before it was written down");
        if let Some(bytes) = bytes {
            break bytes;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    };
    assert!(bytes > 0 && bytes <= (3 << 20) + 32, "{bytes}");
    test.settled(&id).await;
    let (status, kept) = fetched(&test.app.db).await;
    assert!(
        status == "stored" && kept >= Some(bytes),
        "{status} {kept:?}"
    );
    test.end().await;
}

#[test]
fn no_color_is_honoured_and_lines_leave_the_screen_alone() {
    let folder = a_day();
    let is_colored = |screen: &vt100::Screen| {
        let (rows, columns) = screen.size();
        (0..rows.get())
            .flat_map(|row| (0..columns.get()).map(move |column| (row, column)))
            .filter_map(|(row, column)| screen.cell(row, column))
            .any(|cell| cell.fgcolor() != vt100::Color::Default)
    };
    let mut terminal = Terminal::start(monitor(folder.path(), &[]), 80, 24);
    terminal.wait_until("color", is_colored);
    terminal.press("q");
    terminal.ended();
    let mut plain = monitor(folder.path(), &[]);
    plain.env("NO_COLOR", "1");
    let mut terminal = Terminal::start(plain, 80, 24);
    terminal.wait_for(&["stored 9"]);
    terminal.wait_until("lack of color", |screen| !is_colored(screen));
    terminal.press("q");
    terminal.ended();
    let lines = monitor(folder.path(), &["--lines", "--after", "0"]);
    let terminal = Terminal::start(lines, 200, 24);
    terminal.wait_for(&["media stored", "media failed"]);
    terminal.wait_until("plain screen", |screen| !screen.alternate_screen());
    terminal.terminate();
    let (status, after) = terminal.ended();
    assert_eq!(status.exit_code(), 0);
    assert!(after.contains("media stored"), "the lines did not stay");
}

#[tokio::test]
async fn the_piped_monitor_goes_on_with_a_restored_database() {
    let (folder, other) = (a_day(), a_day());
    let path = folder.path().join("midiateca.db");
    let mut child = Command::new(PROGRAM)
        .arg("--data")
        .arg(folder.path())
        .args(["monitor", "--after", "0"])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut talk = BufReader::new(child.stderr.take().unwrap()).lines();
    assert!(lines.next().unwrap().unwrap().contains("media "));
    for name in ["midiateca.db-wal", "midiateca.db-shm"] {
        let _ = std::fs::remove_file(folder.path().join(name));
    }
    let restored = folder.path().join("restored.db");
    std::fs::copy(other.path().join("midiateca.db"), &restored).unwrap();
    std::fs::rename(&restored, &path).unwrap();
    let notice = talk.next().unwrap().unwrap();
    assert!(notice.contains("another database"), "{notice}");
    let db = Db::open(&path, Duration::from_secs(5)).await.unwrap();
    db.write(Key::Everything, async |tx| {
        let news = events::News {
            client: Some(2),
            instance: Some("NEW1\u{1b}]0;x"),
            media: None,
            fact: Fact::InstanceConnected(InstanceConnection {}),
        };
        events::append(tx, 0, news);
        Ok(())
    })
    .await
    .unwrap();
    let line = lines.find(|line| line.as_ref().unwrap().contains("NEW1"));
    assert!(!line.unwrap().unwrap().contains('\u{1b}'));
    child.kill().unwrap();
    child.wait().unwrap();
}
