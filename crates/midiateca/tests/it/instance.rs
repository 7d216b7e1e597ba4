//! `instance show`: what is known of one instance, and what its gateway's slots hold.

use std::net::TcpListener;
use std::path::Path;

use midiateca_service::clock::{Clock, DAY, HOUR};
use midiateca_service::db::{Key, Value as Cell};
use midiateca_service::deliveries::rhythm;
use midiateca_service::model::InstanceId;
use serde_json::{Value, json};
use wa_sim::{Fault, Session, Sim, SimMedia};

use crate::commands::{midiateca, set_up};
use crate::stage::{FIRST, sample};

/// What is shown as JSON, which must end well.
async fn show(data: &Path, more: &[&str]) -> Value {
    let command = [&["--json", "instance", "show", FIRST], more].concat();
    let shown = midiateca(data, &command).await;
    let talk = String::from_utf8(shown.stderr).unwrap();
    assert_eq!(shown.status.code(), Some(0), "{talk}");
    serde_json::from_slice(&shown.stdout).unwrap()
}

async fn read(data: &Path, more: &[&str]) -> String {
    let shown = midiateca(data, &[&["instance", "show", FIRST], more].concat()).await;
    assert_eq!(shown.status.code(), Some(0));
    String::from_utf8(shown.stdout).unwrap()
}

async fn configure(data: &Path) {
    let public = ["--public-url", "https://midia.example"];
    let configure = [&["instance", "configure-webhooks", FIRST], &public[..]].concat();
    assert!(midiateca(data, &configure).await.status.success());
}

fn states(shown: &Value) -> Vec<&str> {
    let slots = shown["slots"].as_array().unwrap();
    slots
        .iter()
        .map(|slot| slot["state"].as_str().unwrap())
        .collect()
}

#[tokio::test]
async fn slots_are_read_back_and_compared() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    let sim = Sim::start().await.unwrap();
    set_up(data, &sim).await;
    assert_eq!(states(&show(data, &[]).await), ["empty"; 6]);
    configure(data).await;
    let shown = show(data, &[]).await;
    assert_eq!(states(&shown), ["ours"; 6]);
    assert_eq!(shown["slots_error"], Value::Null);
    let ours = sim.world().slot(FIRST, "webhookReceivedUrl").unwrap();
    let token = ours.rsplit('/').next().unwrap();
    let text = read(data, &[]).await;
    assert!(
        text.contains("ours") && !text.contains("OTHER ADDRESS"),
        "{text}"
    );
    sim.world().set_slot(
        FIRST,
        "webhookReceivedUrl",
        "https://other.example/in/their-secret",
    );
    sim.world().set_slot(FIRST, "webhookPresenceUrl", "");
    let shown = show(data, &[]).await;
    let expected = ["other", "ours", "ours", "ours", "ours", "empty"];
    assert_eq!(states(&shown), expected);
    let text = read(data, &[]).await;
    assert!(
        text.contains("OTHER ADDRESS  https://other.example/…"),
        "{text}"
    );
    assert!(text.contains("configure-webhooks"), "{text}");
    for secret in [token, "their-secret", "gateway-token"] {
        assert!(!text.contains(secret) && !shown.to_string().contains(secret));
    }
}

#[tokio::test]
async fn a_gateway_that_cannot_be_asked_hides_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    let sim = Sim::start().await.unwrap();
    set_up(data, &sim).await;
    let refuses = async |code: &str, words: &str| {
        let shown = show(data, &[]).await;
        assert_eq!(shown["slots"], Value::Null);
        assert_eq!(shown["slots_error"], code);
        assert_eq!(
            (&shown["client_name"], &shown["token"], &shown["routes"]),
            (&"Clínica Aurora".into(), &true.into(), &json!(["gateway"]))
        );
        let text = read(data, &[]).await;
        let line = text.lines().find(|line| line.contains(words));
        assert!(line.is_some() && text.contains("Clínica Aurora"), "{text}");
    };
    let session = Session {
        names: Some("ANOTHER-INSTANCE".to_owned()),
        ..Session::default()
    };
    sim.world().set_session(FIRST, session);
    refuses(
        "gateway_other",
        "answered for another instance: ANOTHER-INSTANCE",
    )
    .await;
    sim.world().add_instance(FIRST, "another-token");
    refuses("gateway_token_refused", "refuses the token").await;
    sim.world().add_instance(FIRST, "gateway-token");
    let session = Session {
        instead: Some((503, "try again".to_owned())),
        ..Session::default()
    };
    sim.world().set_session(FIRST, session);
    refuses("gateway_status", "503").await;
    drop(sim);
    let unused = TcpListener::bind("127.0.0.1:0").unwrap();
    let base = format!("http://{}/v1", unused.local_addr().unwrap());
    drop(unused);
    let add = ["instance", "add", FIRST, "--client", "2", "--api-base"];
    midiateca(data, &[&add[..], &[&base]].concat()).await;
    refuses("gateway_silent", "does not answer").await;
}

#[tokio::test]
async fn offline_asks_nothing_of_the_network() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    let sim = Sim::start().await.unwrap();
    set_up(data, &sim).await;
    let gateway = TcpListener::bind("127.0.0.1:0").unwrap();
    gateway.set_nonblocking(true).unwrap();
    let base = format!("http://{}/v1", gateway.local_addr().unwrap());
    let add = ["instance", "add", FIRST, "--client", "2", "--api-base"];
    midiateca(data, &[&add[..], &[&base]].concat()).await;
    let shown = show(data, &["--offline"]).await;
    assert_eq!(
        (&shown["slots"], &shown["slots_error"], &shown["api_base"]),
        (&Value::Null, &"offline".into(), &base.into())
    );
    assert!(read(data, &["--offline"]).await.contains("--offline"));
    let asked = gateway.accept();
    assert_eq!(asked.unwrap_err().kind(), std::io::ErrorKind::WouldBlock);
}

#[tokio::test]
async fn deliveries_backlog_and_silence_are_reported() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    let sim = Sim::start().await.unwrap();
    set_up(data, &sim).await;
    let new = show(data, &["--offline"]).await;
    assert_eq!(
        (
            &new["last_delivery_at"],
            &new["silent"],
            &new["media"],
            &new["waiting"]["count"]
        ),
        (&Value::Null, &Value::Null, &json!([]), &0.into())
    );
    let body = data.join("delivery.json");
    for media in [
        sample("STORED"),
        SimMedia {
            fault: Fault::ApiErrorObject,
            ..sample("WAITS")
        },
    ] {
        std::fs::write(&body, sim.world().add(media).body.to_string()).unwrap();
        midiateca(data, &["test-webhook", body.to_str().unwrap()]).await;
    }
    let now = Clock::system().now();
    let path = data.join("midiateca.db");
    let db = crate::stage::database(&path).await.unwrap();
    // Twelve deliveries within an hour, the last two hours ago.
    let last = now - 2 * HOUR;
    db.write(Key::Everything, async move |tx| {
        tx.run("delete from hours", vec![]).await?;
        rhythm::count(tx, &InstanceId(FIRST.to_owned()), 12, last).await?;
        let sql = "update instances set last_delivery_at = $1, state = 'disconnected', state_at = $2, problem = 'gateway_token_refused'";
        tx.run(sql, vec![Cell::from(last), Cell::from(now - 3 * DAY)]).await
    })
    .await
    .unwrap();
    db.close().await;
    let shown = show(data, &["--offline"]).await;
    assert_eq!(
        (
            &shown["usual_gap_ms"],
            &shown["longest_usual_gap_ms"],
            &shown["silent"]
        ),
        (&300_000.into(), &300_000.into(), &true.into())
    );
    let ago = shown["last_delivery_ago_ms"].as_i64().unwrap();
    assert!((7_200_000..7_300_000).contains(&ago), "{ago}");
    assert_eq!(
        (&shown["deliveries"], &shown["waiting"]["count"]),
        (&2.into(), &1.into())
    );
    assert!(shown["waiting"]["next_deadline"].is_string());
    let media = shown["media"].as_array().unwrap();
    let standing: Vec<_> = media
        .iter()
        .map(|counted| {
            (
                counted["status"].as_str().unwrap(),
                counted["count"].as_i64().unwrap(),
            )
        })
        .collect();
    assert_eq!(standing, [("pending", 1), ("stored", 1)]);
    assert!(media[1]["size"].as_u64().unwrap() > 0);
    let text = read(data, &["--offline"]).await;
    for part in [
        "2 Clínica Aurora",
        "disconnected",
        "(3 d ago)",
        "the gateway refused the instance's token",
        "usually 5 min, at most 5 min",
        "YES: no delivery for 2 h",
        "WhatsApp's own hosts",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let show = ["--lang", "pt-BR", "instance", "show", FIRST, "--offline"];
    let portuguese = midiateca(data, &show).await;
    let portuguese = String::from_utf8(portuguese.stdout).unwrap();
    assert!(
        portuguese.contains("SIM: nenhuma entrega há 2 h"),
        "{portuguese}"
    );
    let listed = midiateca(data, &["instance", "list"]).await;
    assert_eq!(String::from_utf8(listed.stdout).unwrap().lines().count(), 1);
}
