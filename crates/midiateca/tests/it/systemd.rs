//! Notifications to systemd, and the unit file.

use std::io::Read as _;
use std::os::fd::AsFd as _;
use std::os::unix::fs::MetadataExt as _;
use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crate::commands::set_up;

struct Ended(Child);

impl Drop for Ended {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn serve(data: &Path) -> Command {
    let mut command = crate::stage::program(data);
    command.args(["serve", "--listen", "127.0.0.1:0"]);
    command
        .env("LANG", "C")
        .stdin(Stdio::null())
        .stdout(Stdio::null());
    command
}

fn terminate(child: &Child) {
    let kill = Command::new("kill").arg(child.id().to_string()).status();
    assert!(kill.unwrap().success());
}

#[tokio::test]
async fn systemd_is_notified_of_readiness_life_and_stop() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let sim = wa_sim::Sim::start().await.unwrap();
    set_up(&data, &sim).await;
    let at = folder.path().join("notify");
    let socket = UnixDatagram::bind(&at).unwrap();
    socket
        .set_read_timeout(Some(Duration::from_secs(60)))
        .unwrap();
    let mut command = serve(&data);
    command
        .env("NOTIFY_SOCKET", &at)
        .env("WATCHDOG_USEC", "600000");
    let mut child = Ended(command.stderr(Stdio::null()).spawn().unwrap());
    let hear = || {
        let mut message = [0; 512];
        let length = socket.recv(&mut message).unwrap();
        String::from_utf8(message[..length].to_vec()).unwrap()
    };
    assert_eq!(hear().trim(), "READY=1");
    for _ in 0..3 {
        assert_eq!(hear().trim(), "WATCHDOG=1");
    }
    terminate(&child.0);
    while hear().trim() != "STOPPING=1" {}
    assert!(child.0.wait().unwrap().success());
}

#[tokio::test]
async fn lines_in_the_journal_have_their_priority_and_others_have_none() {
    let folder = tempfile::tempdir().unwrap();
    let sim = wa_sim::Sim::start().await.unwrap();
    set_up(folder.path(), &sim).await;
    for is_journal in [true, false] {
        let (mut reader, writer) = std::io::pipe().unwrap();
        let file = std::fs::File::from(writer.as_fd().try_clone_to_owned().unwrap());
        let found = file.metadata().unwrap();
        drop(file);
        let inode = found.ino() + u64::from(!is_journal);
        let mut command = serve(folder.path());
        command.env("JOURNAL_STREAM", format!("{}:{inode}", found.dev()));
        let mut child = Ended(command.stderr(writer).spawn().unwrap());
        drop(command);
        let mut text = Vec::new();
        let mut piece = [0; 1_024];
        while !String::from_utf8_lossy(&text).contains("midiateca is listening") {
            let read = reader.read(&mut piece).unwrap();
            assert!(read > 0, "{}", String::from_utf8_lossy(&text));
            text.extend_from_slice(&piece[..read]);
        }
        terminate(&child.0);
        reader.read_to_end(&mut text).unwrap();
        child.0.wait().unwrap();
        let text = String::from_utf8(text).unwrap();
        let of = |needle: &str| text.lines().find(|line| line.contains(needle)).unwrap();
        assert_eq!(
            of("midiateca is listening").starts_with("<6>"),
            is_journal,
            "{text}"
        );
        assert_eq!(
            of("public_url is not set").starts_with("<4>"),
            is_journal,
            "{text}"
        );
    }
}

/// A log reader that went away costs the log, and nothing else.
#[tokio::test]
async fn log_reader_goes_away() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let sim = wa_sim::Sim::start().await.unwrap();
    let hook = set_up(&data, &sim).await;
    let token = hook.trim().rsplit('/').next().unwrap().to_owned();
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = free.local_addr().unwrap();
    drop(free);
    let (out_reader, out) = std::io::pipe().unwrap();
    let (err_reader, err) = std::io::pipe().unwrap();
    let mut command = crate::stage::program(&data);
    command
        .args(["--verbose", "serve", "--listen", &address.to_string()])
        .stdout(out)
        .stderr(err);
    let child = command.spawn().unwrap();
    drop(command);
    let mut child = Ended(child);
    drop((out_reader, err_reader));
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let url = format!("http://{address}/hooks/wapi/{token}");
    let mut stored = 0;
    for n in 0..20 {
        let media = crate::stage::sample(&format!("PIPE{n}"));
        let body = sim.world().add(media).body.to_string();
        let answer = loop {
            match client.post(&url).body(body.clone()).send().await {
                Ok(answer) => break answer,
                Err(_) if n == 0 => {
                    assert!(child.0.try_wait().unwrap().is_none(), "the server ended");
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
                Err(error) => panic!("{error}"),
            }
        };
        stored += u32::from(answer.status() == 200);
    }
    assert_eq!(stored, 20);
    assert!(child.0.try_wait().unwrap().is_none(), "the server ended");
    terminate(&child.0);
    assert!(child.0.wait().unwrap().success());
}

/// `midiateca … | head -1` ends quietly.
#[tokio::test]
async fn output_that_is_not_read_to_the_end_is_no_error() {
    let folder = tempfile::tempdir().unwrap();
    let sim = wa_sim::Sim::start().await.unwrap();
    set_up(folder.path(), &sim).await;
    for line in [
        "check",
        "media list",
        "doctor --offline",
        "client list",
        "config show",
    ] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let output = crate::stage::program(folder.path())
            .args(line.split(' '))
            .stdout(writer)
            .stderr(Stdio::piped())
            .output()
            .unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(
            !said.contains("panicked") && !said.contains("pipe"),
            "{line}: {said}"
        );
        assert!(
            matches!(output.status.code(), Some(0 | 1)),
            "{line}: {:?}",
            output.status
        );
    }
}

fn unit() -> String {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../packaging/systemd/midiateca.service"
    );
    std::fs::read_to_string(path).unwrap()
}

#[test]
fn the_unit_gives_up_only_after_the_time_that_it_names() {
    let unit = unit();
    let of = |key: &str| -> u64 {
        let line = unit
            .lines()
            .find_map(|line| line.strip_prefix(&format!("{key}=")));
        line.unwrap_or_else(|| panic!("no {key}")).parse().unwrap()
    };
    let tries = of("StartLimitBurst") * of("RestartSec");
    let within = of("StartLimitIntervalSec");
    // A start that fails at once is tried nearly as long as the interval, and does reach the limit.
    assert!(
        tries < within && tries * 10 >= within * 8,
        "{tries} of {within} s"
    );
    for line in ["Type=notify", "LimitCORE=0", "NotifyAccess=main"] {
        assert!(unit.lines().any(|found| found == line), "{line}");
    }
    assert!(of("WatchdogSec") >= 30);
}
