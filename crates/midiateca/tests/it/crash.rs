//! Killed without warning, again and again: nothing that was acknowledged is lost, nothing is stored twice.

mod outbox;

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use midiateca_service::clock::Clock;
use midiateca_service::db::Key;
use midiateca_service::instances::{self, NewInstance};
use midiateca_service::media;
use midiateca_service::media::Filter;
use midiateca_service::model::{MediaKind, MediaStatus, Route, Scope};
use tokio::sync::mpsc;
use wa_sim::{Content, Delivery, Sim, SimMedia};

use crate::stage::{FIRST, TOKEN, add_instance, impatient, instance};

const COUNT: u32 = 600;

const SENDERS: usize = 8;
/// The server is killed after so many acknowledgements, however long they take.
const KILLED_AFTER: [usize; 4] = [25, 90, 210, 400];

/// Posts every eighth delivery until the server is gone. Returns the acknowledged ones, and sends a message for each.
#[expect(clippy::disallowed_methods, reason = "not the service's task")]
fn send(
    part: usize,
    url: String,
    deliveries: Arc<Vec<Delivery>>,
    acknowledgements: mpsc::UnboundedSender<()>,
) -> tokio::task::JoinHandle<Vec<String>> {
    tokio::spawn(async move {
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        let mut done = Vec::new();
        for delivery in deliveries.iter().skip(part).step_by(SENDERS) {
            let Ok(answer) = http.post(&url).body(delivery.body.to_string()).send().await else {
                break;
            };
            if answer.status() == 200 {
                done.push(delivery.message_id.clone());
                // The receiver ends with the kill.
                let _ = acknowledgements.send(());
            }
        }
        done
    })
}

pub struct Server {
    pub child: Child,
    pub origin: String,
}

/// Starts the real program, and waits for the log line with its address.
pub fn serve(data: &Path) -> Server {
    serve_as(Command::new(env!("CARGO_BIN_EXE_midiateca")), data)
}

/// Like [`serve`], by a command that becomes the program when it gets its arguments.
pub fn serve_as(mut command: Command, data: &Path) -> Server {
    if let Some(url) = crate::stage::server_url(data) {
        command.env("MIDIATECA_DATABASE_URL", url);
    }
    let mut child = command
        .args([
            "--data",
            data.to_str().unwrap(),
            "--log-format",
            "json",
            "serve",
            "--listen",
            "127.0.0.1:0",
        ])
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    let address = loop {
        let line = lines.next().expect("the server ended early").unwrap();
        let line: serde_json::Value = serde_json::from_str(&line).unwrap();
        if let Some(address) = line["address"].as_str() {
            break address.to_owned();
        }
    };
    std::thread::spawn(move || lines.for_each(drop));
    Server {
        child,
        origin: format!("http://{address}"),
    }
}

/// A data folder with an instance at the simulated gateway. Returns the token of its webhook address.
async fn prepared(data: &Path, sim: &Sim) -> String {
    sim.world().add_instance(FIRST, "gateway-token");
    sim.world().set_delay(Duration::from_millis(30));
    let app = crate::stage::open(data, impatient(), Clock::system())
        .await
        .unwrap();
    app.db
        .write(Key::Everything, async |tx| {
            instances::add_client(tx, "Clínica Aurora", Some(2), 0).await
        })
        .await
        .unwrap();
    let new = NewInstance {
        routes: Some(vec![Route::Gateway]),
        ..instance(FIRST, 2, sim.api_base())
    };
    let (_, hook) = add_instance(&app, new, Some(TOKEN)).await;
    app.db.close().await;
    hook.unwrap()
}

/// Deliveries of files that differ.
fn deliveries_of(sim: &Sim, count: u32, name: &str) -> Vec<Delivery> {
    let media = (0..count).map(|n| {
        let content = Content::Generated {
            seed: u64::from(n),
            size_bytes: 5_000 + u64::from(n) * 100,
        };
        SimMedia {
            content,
            ..SimMedia::sample(FIRST, &format!("{name}{n:04}"), MediaKind::Audio)
        }
    });
    media.map(|media| sim.world().add(media)).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_acknowledged_media_survives_sigkill_exactly_once() {
    let folder = tempfile::tempdir().unwrap();
    let sim = Sim::start().await.unwrap();
    let hook = prepared(folder.path(), &sim).await;
    let deliveries = Arc::new(deliveries_of(&sim, COUNT, "CRASH"));

    let mut acknowledged = std::collections::HashSet::new();
    for count in KILLED_AFTER {
        let mut server = serve(folder.path());
        let url = format!("{}/hooks/wapi/{hook}", server.origin);
        let (sender, mut receiver) = mpsc::unbounded_channel();
        let tasks: Vec<_> = (0..SENDERS)
            .map(|part| send(part, url.clone(), Arc::clone(&deliveries), sender.clone()))
            .collect();
        // Only senders that still run keep the channel open.
        drop(sender);
        for n in 0..count {
            let received = receiver.recv().await;
            received.unwrap_or_else(|| panic!("no more than {n} acknowledgements"));
        }
        server.child.kill().unwrap();
        server.child.wait().unwrap();
        let mut in_this_round = 0;
        for task in tasks {
            let theirs = task.await.unwrap();
            in_this_round += theirs.len();
            acknowledged.extend(theirs);
        }
        assert!(
            in_this_round < deliveries.len(),
            "everything was acknowledged before the kill"
        );
    }

    let mut server = serve(folder.path());
    let app = crate::stage::open(folder.path(), impatient(), Clock::system())
        .await
        .unwrap();
    let started = Instant::now();
    loop {
        let (oldest, _) = media::waiting(&app.db, Scope::All, app.clock.now())
            .await
            .unwrap();
        if oldest.is_none() {
            break;
        }
        assert!(
            started.elapsed() < Duration::from_secs(300),
            "something still waits"
        );
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let listed = media::list(&app.db, &Filter::default(), 10_000)
        .await
        .unwrap();
    let by_message: std::collections::HashMap<_, _> = listed
        .iter()
        .map(|media| (media.message_id.as_str(), media))
        .collect();
    assert_eq!(by_message.len(), listed.len(), "a message was stored twice");
    let mut files = 0;
    for delivery in deliveries.iter() {
        let Some(media) = by_message.get(delivery.message_id.as_str()) else {
            assert!(
                !acknowledged.contains(&delivery.message_id),
                "{} was acknowledged and is gone",
                delivery.message_id
            );
            continue;
        };
        assert_eq!(media.status, MediaStatus::Stored);
        let path = app.storage.root().join(media.path().unwrap());
        assert_eq!(
            midiateca_service::storage::hash_file(&path).unwrap(),
            delivery.sha256
        );
        files += 1;
    }
    let folder_of_audio = app
        .storage
        .root()
        .join(format!("cliente_2/instance_{FIRST}/audio"));
    assert_eq!(
        std::fs::read_dir(folder_of_audio).unwrap().count(),
        files,
        "files without a row"
    );
    assert_eq!(
        std::fs::read_dir(app.storage.root().join(".staging"))
            .unwrap()
            .count(),
        0
    );
    server.child.kill().unwrap();
    server.child.wait().unwrap();
}

#[cfg(unix)]
#[test]
fn sigterm_ends_the_program_in_order() {
    let folder = tempfile::tempdir().unwrap();
    let mut server = serve(folder.path());
    let pid = server.child.id().to_string();
    assert!(
        Command::new("kill")
            .args(["-TERM", &pid])
            .status()
            .unwrap()
            .success()
    );
    assert_eq!(server.child.wait().unwrap().code(), Some(0));
}
