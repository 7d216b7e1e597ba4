//! Large files pass through the real program with little memory, along either route.

use std::time::{Duration, Instant};

use midiateca_service::clock::Clock;
use midiateca_service::db::Key;
use midiateca_service::instances::{self, NewInstance};
use midiateca_service::media;
use midiateca_service::media::Filter;
use midiateca_service::model::{MediaStatus, Route, Verification};
use serde_json::json;
use wa_sim::{DOCUMENTED_KEY, Sim, generated_sha256};

use crate::crash::serve;
use crate::stage::{FIRST, TOKEN, add_instance, impatient, instance};

const SIZE_BYTES: u64 = 500 << 20;
/// What buffers and pages may take in addition to the idle program.
const MOST_KIB: u64 = 32 << 10;

/// The most memory the process ever had resident, in KiB.
fn peak_kib(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status
        .lines()
        .find(|line| line.starts_with("VmHWM:"))
        .unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn half_a_gigabyte_passes_with_little_memory() {
    for (seed, route, proof) in [(1, Route::Gateway, "unproven"), (2, Route::Cdn, "mac")] {
        let folder = tempfile::tempdir().unwrap();
        let sim = Sim::start().await.unwrap();
        sim.world().add_instance(FIRST, TOKEN);
        let open = async || {
            crate::stage::open(folder.path(), impatient(), Clock::system())
                .await
                .unwrap()
        };
        let app = open().await;
        app.db
            .write(Key::Everything, async |tx| {
                instances::add_client(tx, "Clínica Aurora", Some(2), 0).await
            })
            .await
            .unwrap();
        let new = NewInstance {
            routes: Some(vec![route]),
            ..instance(FIRST, 2, sim.api_base())
        };
        let (_, hook) = add_instance(&app, new, Some(TOKEN)).await;
        app.db.close().await;
        let mut server = serve(folder.path());
        let url = format!("{}/hooks/wapi/{}", server.origin, hook.unwrap());
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        let text = json!({"instanceId": FIRST, "msgContent": {"conversation": "oi"}}).to_string();
        http.post(&url).body(text).send().await.unwrap();
        let idle = peak_kib(server.child.id());

        let leaf = json!({
            "mediaKey": DOCUMENTED_KEY,
            "directPath": format!("/v/t62.7117-24/gen-{SIZE_BYTES}-{seed}_n.enc?ccb=11-4&oh=01_sim&oe=70CE3680&_nc_sid=5e03e0"),
            "mimetype": "audio/ogg",
        });
        let body = json!({"instanceId": FIRST, "messageId": "LARGE", "msgContent": {"audioMessage": leaf}});
        http.post(&url).body(body.to_string()).send().await.unwrap();
        let app = open().await;
        let started = Instant::now();
        let media = loop {
            let media = media::list(&app.db, &Filter::default(), 1)
                .await
                .unwrap()
                .remove(0);
            if !matches!(
                media.status,
                MediaStatus::Pending | MediaStatus::Downloading
            ) {
                break media;
            }
            assert!(
                started.elapsed() < Duration::from_secs(300),
                "{}",
                media.status
            );
            tokio::time::sleep(Duration::from_millis(100)).await;
        };
        assert_eq!(
            (
                media.status.as_str(),
                media.verified.map(Verification::as_str)
            ),
            ("stored", Some(proof)),
            "{:?}",
            media.reason
        );
        let path = app.storage.root().join(media.path().unwrap());
        let hash = midiateca_service::storage::hash_file(&path).unwrap();
        assert_eq!(hash, generated_sha256(seed, SIZE_BYTES));
        let peak = peak_kib(server.child.id());
        assert!(
            peak < idle + MOST_KIB,
            "{idle} KiB idle, {peak} KiB at the most"
        );
        app.db.close().await;
        server.child.kill().unwrap();
        server.child.wait().unwrap();
    }
}
