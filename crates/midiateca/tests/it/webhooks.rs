//! `instance configure-webhooks` against gateways with wrong answers: no address that some slot may still call is refused, and what
//! the slots contained before is never forgotten for it.

use std::path::Path;
use std::process::Output;

use serde_json::{Value, json};
use tempfile::TempDir;
use wa_sim::{Session, Sim};

use crate::commands::{midiateca, set_up, stderr, stdout};
use crate::crash::{Server, serve};
use crate::stage::FIRST;

const FIELDS: [&str; 6] = [
    "webhookReceivedUrl",
    "webhookDeliveryUrl",
    "webhookStatusUrl",
    "webhookConnectedUrl",
    "webhookDisconnectedUrl",
    "webhookPresenceUrl",
];
const THEIRS: &str = "https://old.example/hook/ORIGINAL";

struct Desk {
    folder: TempDir,
    sim: Sim,
    server: Server,
    /// The token of the address that came with the instance.
    first: String,
}

impl Desk {
    async fn set() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let sim = Sim::start().await.unwrap();
        let hook = set_up(folder.path(), &sim).await;
        let first = hook.trim().rsplit('/').next().unwrap().to_owned();
        let server = serve(folder.path());
        Self {
            folder,
            sim,
            server,
            first,
        }
    }

    fn data(&self) -> &Path {
        self.folder.path()
    }

    async fn configure(&self) -> Output {
        let url = ["--public-url", "https://midia.example"];
        let command = ["instance", "configure-webhooks", FIRST];
        midiateca(self.data(), &[&command[..], &url].concat()).await
    }

    async fn undo(&self) -> Output {
        let command = ["instance", "configure-webhooks", FIRST, "--undo"];
        midiateca(self.data(), &command).await
    }

    fn contents(&self) -> Vec<String> {
        let world = self.sim.world();
        let contents = FIELDS.map(|field| world.slot(FIRST, field).unwrap_or_default());
        contents.to_vec()
    }

    fn set_all(&self, address: &str) {
        for field in FIELDS {
            self.sim.world().set_slot(FIRST, field, address);
        }
    }

    fn answers(&self, body: Option<&str>) {
        let session = Session {
            instead: body.map(|body| (200, body.to_owned())),
            ..Session::default()
        };
        self.sim.world().set_session(FIRST, session);
    }

    /// The answer to a request with the token in that address.
    async fn call(&self, address: &str) -> u16 {
        let token = address.rsplit('/').next().unwrap();
        let url = format!("{}/hooks/wapi/{token}", self.server.origin);
        let text = json!({"instanceId": FIRST, "msgContent": {"conversation": "oi"}});
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        let call = http.post(url).body(text.to_string());
        call.send().await.unwrap().status().as_u16()
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        self.server.child.kill().unwrap();
        self.server.child.wait().unwrap();
    }
}

#[tokio::test]
async fn every_address_that_a_slot_may_still_have_is_accepted() {
    let desk = Desk::set().await;
    let ours = format!("https://midia.example/hooks/wapi/{}", desk.first);
    desk.set_all(&ours);
    desk.sim.world().set_stubborn(FIRST, FIELDS[0]);
    for _ in 0..3 {
        let output = desk.configure().await;
        assert_eq!(output.status.code(), Some(1));
        assert!(stdout(&output).contains("NOT set"));
        assert!(stderr(&output).contains("received"), "{}", stderr(&output));
        for address in desk.contents() {
            assert_eq!(desk.call(&address).await, 200, "a slot calls in vain");
        }
    }
    // Restored, each slot has its first address, and deliveries to it are accepted.
    assert_eq!(desk.undo().await.status.code(), Some(0));
    assert_eq!(desk.contents(), [(); 6].map(|()| ours.clone()));
    assert_eq!(desk.call(&ours).await, 200);
    let nothing = desk.undo().await;
    assert_eq!(nothing.status.code(), Some(2), "{}", stderr(&nothing));
}

#[tokio::test]
async fn slots_that_cannot_be_read_are_neither_restored_nor_forgotten() {
    let desk = Desk::set().await;
    desk.set_all(THEIRS);
    for garbage in [
        r#"{"error":true,"message":"try later"}"#,
        r#"{"status":"ok"}"#,
        "<html>",
        r#"{"instanceId":"ANOTHER-ONE","connected":true,"webhookReceivedUrl":""}"#,
    ] {
        desk.answers(Some(garbage));
        let output = desk.configure().await;
        assert_eq!(output.status.code(), Some(3), "{}", stderr(&output));
        assert_eq!(
            desk.contents(),
            [THEIRS; 6],
            "set by an answer that says nothing"
        );
    }
    desk.answers(None);
    assert_eq!(desk.configure().await.status.code(), Some(0));
    desk.answers(Some(r#"{"error":true}"#));
    assert_eq!(desk.undo().await.status.code(), Some(3));
    assert_ne!(desk.contents(), [THEIRS; 6]);
    desk.answers(None);
    assert_eq!(desk.undo().await.status.code(), Some(0));
    assert_eq!(desk.contents(), [THEIRS; 6]);
}

#[tokio::test]
async fn undo_knows_what_came_first_and_puts_no_dead_address_back() {
    let desk = Desk::set().await;
    let ours = format!("https://midia.example/hooks/wapi/{}", desk.first);
    desk.set_all(THEIRS);
    desk.sim.world().set_slot(FIRST, FIELDS[5], &ours);
    assert_eq!(desk.configure().await.status.code(), Some(0));
    let rotate = midiateca(desk.data(), &["instance", "rotate-hook", FIRST]).await;
    assert_eq!(rotate.status.code(), Some(0));
    assert_eq!(desk.configure().await.status.code(), Some(0));
    let living = desk.contents()[5].clone();
    let undone = desk.undo().await;
    assert_eq!(undone.status.code(), Some(0), "{}", stderr(&undone));
    assert!(stdout(&undone).contains("unchanged"), "{}", stdout(&undone));
    assert_eq!(desk.contents()[..5], [THEIRS; 5]);
    assert_eq!(desk.contents()[5], living, "a dead address was put back");
    assert_eq!(desk.call(&living).await, 200);
}

#[tokio::test]
async fn the_old_owners_address_does_not_reach_the_new_owner() {
    let desk = Desk::set().await;
    assert_eq!(desk.configure().await.status.code(), Some(0));
    let (second, data) = (desk.contents()[0].clone(), desk.data());
    for command in [
        &["instance", "remove", FIRST][..],
        &["client", "add", "Oficina do Bairro", "--id", "3"],
        &["instance", "add", FIRST, "--client", "3"],
    ] {
        assert_eq!(midiateca(data, command).await.status.code(), Some(0));
    }
    // The running server reads the instances again within a second or so.
    let began = std::time::Instant::now();
    for address in [&desk.first, &second] {
        while desk.call(address).await != 401 {
            assert!(began.elapsed().as_secs() < 60, "still answered");
        }
    }
}

#[tokio::test]
async fn only_an_address_that_webhooks_can_come_to_is_set() {
    let desk = Desk::set().await;
    for wrong in [
        "midia.example",
        "ftp://midia.example",
        "https://midia.example/?a=1",
        "https://midia.example/#x",
        "https://user:secret@midia.example",
        "https://midia.example/hooks/wapi/",
    ] {
        let command = [
            "instance",
            "configure-webhooks",
            FIRST,
            "--public-url",
            wrong,
        ];
        let output = midiateca(desk.data(), &command).await;
        assert_eq!(
            output.status.code(),
            Some(2),
            "{wrong}: {}",
            stdout(&output)
        );
    }
    assert_eq!(desk.contents(), [""; 6]);
    let command = ["--json", "instance", "configure-webhooks", FIRST];
    let more = ["--public-url", " https://midia.example ", "--dry-run"];
    let dry = midiateca(desk.data(), &[&command[..], &more].concat()).await;
    assert_eq!(dry.status.code(), Some(0), "{}", stderr(&dry));
    let dry: Value = serde_json::from_str(&stdout(&dry)).unwrap();
    let slots = dry["slots"].as_array().unwrap();
    assert_eq!(slots.len(), 6);
    for slot in slots {
        assert_eq!(slot["result"], "would_be_set");
    }
    assert_eq!(desk.contents(), [""; 6]);
}

#[tokio::test]
async fn addresses_sealed_with_a_lost_key_stay_and_are_saved_again() {
    let desk = Desk::set().await;
    desk.set_all(THEIRS);
    assert_eq!(desk.configure().await.status.code(), Some(0));
    let before = desk.contents();
    std::fs::remove_file(desk.data().join("secret.key")).unwrap();
    let add = ["instance", "add", FIRST, "--client", "2", "--token-env"];
    let add = [&add[..], &["TOKEN_FOR_TEST", "--new-key"]].concat();
    assert_eq!(midiateca(desk.data(), &add).await.status.code(), Some(0));
    // Remembered again, now with a key that is there.
    desk.set_all(THEIRS);
    assert_eq!(desk.configure().await.status.code(), Some(0));
    assert_ne!(desk.contents(), before);
    assert_eq!(desk.undo().await.status.code(), Some(0));
    assert_eq!(desk.contents(), [THEIRS; 6]);
    // Without that, what is there stays.
    assert_eq!(desk.configure().await.status.code(), Some(0));
    let before = desk.contents();
    std::fs::remove_file(desk.data().join("secret.key")).unwrap();
    assert_eq!(midiateca(desk.data(), &add).await.status.code(), Some(0));
    let undone = desk.undo().await;
    assert_eq!(undone.status.code(), Some(0), "{}", stderr(&undone));
    assert!(stderr(&undone).contains("cannot be restored"));
    assert_eq!(desk.contents(), before);
}

#[tokio::test]
async fn a_slot_that_is_switched_off_is_reported_and_no_token_is_echoed() {
    let desk = Desk::set().await;
    let ours = format!("https://midia.example/hooks/wapi/{}", desk.first);
    let mut answer =
        json!({"instanceId": FIRST, "connected": true, "connectedPhone": "5500900000000"});
    for field in FIELDS {
        answer[field] = json!(ours);
        answer[field.replace("Url", "Enabled")] = json!(false);
    }
    desk.answers(Some(&answer.to_string()));
    let shown = midiateca(desk.data(), &["instance", "show", FIRST]).await;
    assert_eq!(
        stdout(&shown).matches("OFF").count(),
        6,
        "{}",
        stdout(&shown)
    );
    desk.answers(Some(r#"{"error":true,"message":"gateway-token expired"}"#));
    for command in ["show", "configure-webhooks"] {
        let mut line = vec!["instance", command, FIRST];
        if command != "show" {
            line.extend(["--public-url", "https://midia.example"]);
        }
        let output = midiateca(desk.data(), &line).await;
        let said = stdout(&output) + &stderr(&output);
        assert!(
            said.contains("expired") && !said.contains("gateway-token"),
            "{said}"
        );
    }
}
