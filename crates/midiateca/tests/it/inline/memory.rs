//! What large bodies take of the real program's memory, and of its database.

#[cfg(target_os = "linux")]
use super::*;

#[cfg(target_os = "linux")]
mod linux {
    use std::time::Duration;

    use midiateca_service::app::App;
    use midiateca_service::db::Key;
    use midiateca_service::instances::{self, NewInstance};
    use midiateca_service::model::MediaStatus;

    use super::*;
    use crate::crash::{Server, serve};
    use crate::stage::{add_instance, impatient, instance, until};

    const BODIES: u8 = 12;
    const SIZE: usize = 8 * MIB;
    /// What everything but bodies may take more than idle.
    const MOST_MORE_KIB: u64 = 64 << 10;
    const MOST_KEPT_KIB: u64 = 24 << 10;
    const MOST_GROWTH_BYTES: u64 = 20_000;

    /// Ends with the test, however that ends.
    struct Running(Server);

    impl Drop for Running {
        fn drop(&mut self) {
            let _ = self.0.child.kill();
            let _ = self.0.child.wait();
        }
    }

    fn kib(pid: u32, field: &str) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
        let line = status.lines().find(|line| line.starts_with(field)).unwrap();
        line.split_whitespace().nth(1).unwrap().parse().unwrap()
    }

    /// How long the database's file is, with its write-ahead log written into it.
    async fn database_bytes(app: &App) -> u64 {
        until("all is folded", async || app.db.fold().await.unwrap()).await;
        app.data.join("midiateca.db").metadata().unwrap().len()
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn large_bodies_at_once_take_little_memory_and_give_it_back() {
        let folder = tempfile::tempdir().unwrap();
        let app = crate::stage::open(folder.path(), impatient(), Clock::system())
            .await
            .unwrap();
        app.db
            .write(Key::Everything, async |tx| {
                instances::add_client(tx, "Clínica Aurora", Some(2), 0).await
            })
            .await
            .unwrap();
        let new = NewInstance {
            routes: Some(vec![Route::Inline]),
            ..instance(FIRST, 2, "http://127.0.0.1:9/v1".to_owned())
        };
        let (_, hook) = add_instance(&app, new, None).await;
        let server = Running(serve(folder.path()));
        let pid = server.0.child.id();
        let url = format!("{}/hooks/wapi/{}", server.0.origin, hook.unwrap());
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        http.post(&url)
            .body(body("FIRST", json!({"conversation": "oi"})))
            .send()
            .await
            .unwrap();
        let (idle, database) = (kib(pid, "VmRSS"), database_bytes(&app).await);
        let bodies = (0..BODIES).map(|n| with_picture(&format!("M{n}"), n, &picture(n, SIZE)));
        let words = "oi, ".repeat(4 * MIB);
        let bodies = bodies.chain([
            body("WORDS", json!({"conversation": words})),
            body(
                "NUMBERS",
                json!({"data": (0..1_000_000).collect::<Vec<_>>()}),
            ),
            json!({"instanceId": FIRST, "n": vec![json!({"a": 1}); 45_000]}).to_string(),
            "[1]".repeat(6 * MIB),
        ]);
        let answers = bodies.map(async |body| http.post(&url).body(body).send().await.unwrap());
        for answer in futures_util::future::join_all(answers).await {
            assert!(answer.status().is_success(), "{}", answer.status());
        }
        loop {
            let counts = midiateca_service::media::counts::by_status(&app.db);
            let counts = counts.await.unwrap();
            let of = |status: MediaStatus| {
                let mut counts = counts.iter();
                let count = counts.find(|count| count.name == status.as_str());
                count.map_or(0, |count| count.count)
            };
            if of(MediaStatus::Stored) == i64::from(BODIES) {
                break;
            }
            assert_eq!(of(MediaStatus::Failed), 0);
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        let (peak, growth) = (
            kib(pid, "VmHWM"),
            database_bytes(&app).await.saturating_sub(database),
        );
        assert!(
            peak < idle + MOST_MORE_KIB,
            "{idle} KiB idle, {peak} KiB at the most"
        );
        // An allocator gives back what is not used a moment later.
        let mut looks = 0;
        while kib(pid, "VmRSS") > idle + MOST_KEPT_KIB {
            looks += 1;
            assert!(
                looks < 600,
                "{idle} KiB idle, {} KiB long after",
                kib(pid, "VmRSS")
            );
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        assert!(
            growth < MOST_GROWTH_BYTES * u64::from(BODIES) + 200_000,
            "{growth} bytes"
        );
        app.db.close().await;
    }
}
