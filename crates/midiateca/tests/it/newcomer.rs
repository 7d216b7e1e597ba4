//! The first steps of a new user.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use midiateca_service::clock::Clock;
use midiateca_service::db::Key;
use midiateca_service::instances;
use midiateca_service::model::{InstanceId, InstanceState};
use serde_json::Value;
use wa_sim::Sim;

use crate::commands::{client_of_earlier_version, midiateca, stderr, stdout};
use crate::stage::{FIRST, TestApp, impatient};

struct Ended(Child);

impl Drop for Ended {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The curl command of a README, as an argument list without the address.
fn curl_of(readme: &str) -> Value {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");
    let text = std::fs::read_to_string(Path::new(root).join(readme)).unwrap();
    let (_, after) = text.split_once("curl -d '").expect("no curl in the README");
    let (body, after) = after.split_once("' ").unwrap();
    assert!(after.starts_with("\"$(cat demo-data/webhook-address.txt)\""));
    serde_json::from_str(body).unwrap()
}

#[tokio::test]
async fn the_delivery_of_the_readme_is_stored_by_the_demo_and_so_is_a_sample() {
    let folder = tempfile::tempdir().unwrap();
    let mut demo = Command::new(env!("CARGO_BIN_EXE_midiateca"))
        .args(["demo", "--every", "50ms"])
        .current_dir(folder.path())
        .env("LANG", "C")
        .env_remove("MIDIATECA_DATA")
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let said = BufReader::new(demo.stderr.take().unwrap());
    let demo = Ended(demo);
    let (send, invited) = tokio::sync::oneshot::channel();
    std::thread::spawn(move || {
        let mut send = Some(send);
        for line in said.lines().map_while(Result::ok) {
            if line.contains("curl -d")
                && let Some(send) = send.take()
            {
                let _ = send.send(());
            }
        }
    });
    invited.await.unwrap();
    let data = folder.path().join("demo-data");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = data.metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o700);
    }
    let address = std::fs::read_to_string(data.join("webhook-address.txt")).unwrap();
    let body = curl_of("README.md");
    assert_eq!(body, curl_of("README.pt-BR.md"));
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let answer = client.post(address.trim()).body(body.to_string()).send();
    let answer: Value = answer.await.unwrap().json().await.unwrap();
    assert_eq!(answer["status"], "accepted", "{answer}");
    let id = answer["media"][0]["id"].as_str().unwrap();
    loop {
        let shown = midiateca(&data, &["--json", "media", "show", id]).await;
        let media: Value = serde_json::from_str(&stdout(&shown)).unwrap();
        if media["media"]["status"] == "stored" {
            assert_eq!(media["media"]["verified"], "full");
            break;
        }
        assert_ne!(media["media"]["status"], "failed", "{media}");
    }
    let sample = midiateca(&data, &["--json", "test-webhook", "--sample"]).await;
    assert!(sample.status.success(), "{}", stdout(&sample));
    let report: Value = serde_json::from_str(&stdout(&sample)).unwrap();
    let last = report["steps"].as_array().unwrap().last().unwrap();
    assert_eq!(
        (&last["status"], &report["stored"]),
        (&"stored".into(), &1.into())
    );
    // More arrives while a person looks around.
    loop {
        let all = midiateca(&data, &["--json", "media", "list", "--status", "stored"]).await;
        let all: Value = serde_json::from_str(&stdout(&all)).unwrap();
        let names = all["items"].as_array().unwrap().iter();
        if names.filter(|media| media["sender_name"] == "Rita").count() > 0 {
            break;
        }
    }
    drop(demo);
}

#[tokio::test]
async fn a_sample_is_stored_on_an_own_instance_without_a_server() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    let none = midiateca(data, &["test-webhook"]).await;
    assert_eq!(none.status.code(), Some(2));
    let sim = Sim::start().await.unwrap();
    sim.world().add_instance(FIRST, "gateway-token");
    midiateca(data, &["client", "add", "Padaria", "--id", "2"]).await;
    assert!(
        midiateca(data, &add(&sim.api_base(), &[]))
            .await
            .status
            .success()
    );
    for _ in 0..2 {
        let sample = midiateca(data, &["test-webhook", "--sample"]).await;
        assert!(sample.status.success(), "{}", stdout(&sample));
    }
    let list = midiateca(data, &["media", "list"]).await;
    assert_eq!(stdout(&list).lines().count(), 2);
}

#[tokio::test]
async fn the_demo_names_its_own_folder() {
    let help = midiateca_alone(&["demo", "--help"]);
    assert!(
        help.contains("./demo-data") && !help.contains("./data]"),
        "{help}"
    );
    assert!(midiateca_alone(&["check", "--help"]).contains("./data]"));
}

fn midiateca_alone(line: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_midiateca"))
        .args(line)
        .env("LANG", "C")
        .env_remove("MIDIATECA_DATA")
        .output()
        .unwrap();
    stdout(&output)
}

fn add<'a>(base: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    let line = [
        "instance",
        "add",
        FIRST,
        "--client",
        "2",
        "--token-env",
        "TOKEN_FOR_TEST",
        "--api-base",
        base,
    ];
    [&line[..], more].concat()
}

#[tokio::test]
async fn a_token_is_tried_when_it_is_added() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    let sim = Sim::start().await.unwrap();
    let base = sim.api_base();
    sim.world().add_instance(FIRST, "gateway-token");
    midiateca(data, &["client", "add", "Padaria", "--id", "2"]).await;
    let added = midiateca(data, &add(&base, &[])).await;
    assert_eq!(added.status.code(), Some(0));
    assert!(stderr(&added).contains("token accepted"), "{added:?}");
    assert!(stdout(&added).contains("/hooks/wapi/"));

    sim.world().add_instance(FIRST, "another-token");
    let refused = midiateca(data, &add(&base, &[])).await;
    assert_eq!(refused.status.code(), Some(0), "{refused:?}");
    assert!(
        stderr(&refused).contains("the gateway refuses the token"),
        "{refused:?}"
    );
    let check = midiateca(data, &["check"]).await;
    assert!(stdout(&check).contains("refused the instance's token"));
    let offline = midiateca(data, &add(&base, &["--offline"])).await;
    assert_eq!(offline.status.code(), Some(0), "{offline:?}");
    assert!(!stderr(&offline).contains("token accepted"));

    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let base = format!("http://{}/v1", closed.local_addr().unwrap());
    drop(closed);
    let away = midiateca(data, &add(&base, &[])).await;
    assert_eq!(away.status.code(), Some(0), "{away:?}");
    assert!(stderr(&away).contains("could not be tried"), "{away:?}");
}

#[tokio::test]
async fn the_json_has_the_gateways_answer_about_a_token() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    let sim = Sim::start().await.unwrap();
    let base = sim.api_base();
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let away = format!("http://{}/v1", closed.local_addr().unwrap());
    drop(closed);
    midiateca(data, &["client", "add", "Padaria", "--id", "2"]).await;
    let no_token = ["instance", "add", FIRST, "--client", "2"];
    let own = |token: &'static str| sim.world().add_instance(FIRST, token);
    let other = Value::Null;
    for (token, line, verdict, reason) in [
        ("gateway-token", add(&base, &[]), "accepted", other.clone()),
        (
            "another-token",
            add(&base, &[]),
            "refused",
            "gateway_token_refused".into(),
        ),
        (
            "gateway-token",
            add(&base, &["--offline"]),
            "not_asked",
            other.clone(),
        ),
        (
            "gateway-token",
            no_token.to_vec(),
            "not_asked",
            other.clone(),
        ),
        (
            "gateway-token",
            add(&away, &[]),
            "unreachable",
            other.clone(),
        ),
    ] {
        own(token);
        for is_new in [true, false] {
            if is_new {
                midiateca(data, &["instance", "remove", FIRST]).await;
            }
            let added = midiateca(data, &[&["--json"][..], &line].concat()).await;
            assert_eq!(added.status.code(), Some(0), "{added:?}");
            let shown: Value = serde_json::from_str(&stdout(&added)).unwrap();
            assert_eq!(
                (&shown["gateway_token"], &shown["gateway_reason"]),
                (&verdict.into(), &reason),
                "{line:?} {shown}"
            );
            assert_eq!(shown["address"].is_string(), is_new, "{line:?} {shown}");
            assert_eq!(shown["instance"], FIRST);
        }
    }
}

#[tokio::test]
async fn a_token_that_no_header_takes_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    midiateca(data, &["client", "add", "Padaria", "--id", "2"]).await;
    let file = data.join("token");
    for (token, said) in [
        ("abc\r\nX-Admin: 1", "line break"),
        ("abc\ndef\n", "line break"),
        ("a\u{0}b", "U+0000"),
        ("a\u{200b}b", "U+200B"),
        ("senha-é", "U+00E9"),
        (" \r\n", "empty"),
    ] {
        std::fs::write(&file, token).unwrap();
        let file = file.to_str().unwrap();
        let line = [
            "instance",
            "add",
            "X",
            "--client",
            "2",
            "--token-file",
            file,
        ];
        let refused = midiateca(data, &line).await;
        assert_eq!(refused.status.code(), Some(2), "{token:?}: {refused:?}");
        assert!(stderr(&refused).contains(said), "{token:?}: {refused:?}");
    }
    let list = midiateca(data, &["instance", "list"]).await;
    assert_eq!(stdout(&list), "");
}

#[cfg(unix)]
#[tokio::test]
async fn a_token_typed_on_a_terminal_is_asked_for_and_not_shown() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    midiateca(data, &["client", "add", "Padaria", "--id", "2"]).await;
    let path = data.to_str().unwrap();
    let line = [
        "--data",
        path,
        "instance",
        "add",
        "X",
        "--client",
        "2",
        "--token-stdin",
        "--offline",
    ];
    let mut terminal = crate::pty::Terminal::start(
        crate::pty::command(env!("CARGO_BIN_EXE_midiateca"), &line),
        120,
        30,
    );
    terminal.wait_for(&["Gateway token (hidden)"]);
    terminal.press("s3cret-token\r");
    let shown = terminal.wait_for(&["/hooks/wapi/"]);
    assert!(!shown.contains("s3cret"), "{shown}");
    let list = midiateca(data, &["--json", "instance", "list"]).await;
    assert!(stdout(&list).contains("\"token\":true"));
}

#[tokio::test]
async fn a_client_number_has_limits_and_the_next_is_always_found() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    for number in [
        "0",
        "-1",
        "9223372036854775807",
        "9007199254740992",
        "9223372036854775808",
    ] {
        let refused = midiateca(data, &["client", "add", "A", "--id", number]).await;
        assert_eq!(refused.status.code(), Some(2), "{number}: {refused:?}");
    }
    let add = async |line: &[&str]| {
        let added = midiateca(data, &[&["client", "add"], line].concat()).await;
        assert!(added.status.success(), "{line:?}: {added:?}");
        stdout(&added).trim().to_owned()
    };
    assert_eq!(add(&["A"]).await, "1");
    assert_eq!(add(&["B", "--id", "5"]).await, "5");
    assert_eq!(add(&["C"]).await, "6");
    assert_eq!(
        add(&["D", "--id", "9007199254740991"]).await,
        "9007199254740991"
    );
    assert_eq!(add(&["E"]).await, "2");
    assert_eq!(add(&["F"]).await, "3");
}

#[tokio::test]
async fn a_number_that_an_earlier_version_took_does_not_stop_the_next() {
    let test = TestApp::with(impatient(), Clock::system()).await;
    let sql =
        "insert into clients (id, name, created_at) values (9223372036854775807, 'Largest', 1)";
    test.app
        .db
        .write(Key::Everything, async move |tx| tx.run(sql, vec![]).await)
        .await
        .unwrap();
    let added = midiateca(&test.app.data, &["client", "add", "Next"]).await;
    assert!(added.status.success(), "{added:?}");
    test.end().await;
}

#[tokio::test]
async fn names_cannot_steer_a_terminal() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    let name = "A\u{1b}]0;owned\u{7}\u{9b}31m\u{202e}gpj.exe\u{200b}\u{feff}\u{2066}Z";
    client_of_earlier_version(data, name).await;
    let list = stdout(&midiateca(data, &["client", "list"]).await);
    let hostile = |letter: char| letter != '\n' && midiateca_service::terminal::is_hostile(letter);
    assert!(!list.replace('\t', " ").contains(hostile), "{list:?}");
    // JSON keeps the name, and has nothing in it that a terminal would act on.
    let json = stdout(&midiateca(data, &["--json", "client", "list"]).await);
    assert!(!json.contains(hostile), "{json:?}");
    let list: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(list["items"][0]["name"], name);
    let again = midiateca(data, &["client", "add", name]).await;
    let said = stderr(&again);
    assert!(
        again.status.code() == Some(2) && !said.contains(hostile),
        "{said:?}"
    );
}

#[tokio::test]
async fn the_time_of_a_connection_does_not_move_with_repeats() {
    let test = TestApp::with(impatient(), Clock::fixed(crate::stage::TODAY)).await;
    let body =
        format!("{{\"event\":\"webhookConnected\",\"instanceId\":\"{FIRST}\",\"connected\":true}}");
    test.post(body.clone()).await;
    let since = async || {
        let id = InstanceId(FIRST.to_owned());
        let known = instances::instance(&test.app.db, &id)
            .await
            .unwrap()
            .unwrap();
        (known.state, known.state_at)
    };
    let first = since().await;
    assert_eq!(first, (InstanceState::Connected, Some(crate::stage::TODAY)));
    test.app.clock.advance(60_000);
    test.post(body).await;
    assert_eq!(since().await, first);
    test.app.clock.advance(60_000);
    let off = format!(
        "{{\"event\":\"webhookDisconnected\",\"instanceId\":\"{FIRST}\",\"disconnected\":true}}"
    );
    test.post(off).await;
    let (state, at) = since().await;
    assert_eq!(state, InstanceState::Disconnected);
    assert_eq!(at, Some(crate::stage::TODAY + 120_000));
    test.end().await;
}

#[tokio::test]
async fn plain_days_are_taken_wherever_a_time_is() {
    let test = TestApp::start().await;
    let data = test.app.data.clone();
    let target = data.with_extension("export");
    let target = target.to_str().unwrap();
    for line in [
        &["media", "list"][..],
        &["media", "export", target, "--dry-run"],
        &["media", "dismiss", "--failed"],
        &["retry", "--failed"],
        &["deliveries", "list"],
        &["deliveries", "replay"],
        &["scrub"],
    ] {
        for time in [
            "2026-11-24",
            "2026-11-24T12:00",
            "2026-11-24T12:00:00Z",
            "90m",
            "2w",
        ] {
            let line = [line, &["--since", time]].concat();
            let output = midiateca(&data, &line).await;
            assert_eq!(output.status.code(), Some(0), "{line:?}: {output:?}");
        }
        let wrong = midiateca(&data, &[line, &["--since", "24/11/2026"]].concat()).await;
        assert_eq!(wrong.status.code(), Some(2));
        assert!(stderr(&wrong).contains("2026-11-24,"), "{wrong:?}");
    }
    for line in [
        &["media", "list"][..],
        &["retry", "--failed"],
        &["media", "dismiss", "--expired"],
    ] {
        let output = midiateca(&data, &[line, &["--until", "2026-11-24"]].concat()).await;
        assert_eq!(output.status.code(), Some(0), "{line:?}: {output:?}");
    }
    test.end().await;
}

#[tokio::test]
async fn a_list_of_nothing_says_so_and_stays_a_list_for_programs() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    midiateca(data, &["client", "add", "Clínica"]).await;
    for line in [
        &["media", "list"][..],
        &["deliveries", "list"],
        &["deliveries", "list", "--set-aside"],
        &["deliveries", "replay", "--set-aside"],
        &["audit", "--action", "erasure"],
        &["instance", "list"],
        &["user", "list"],
        &["key", "list"],
        &["endpoint", "list"],
        &["hold", "list"],
    ] {
        for (lang, words) in [("en", "nothing found"), ("pt-BR", "nada encontrado")] {
            let output = midiateca(data, &[&["--lang", lang][..], line].concat()).await;
            assert_eq!(output.status.code(), Some(0), "{line:?}: {output:?}");
            assert_eq!(stdout(&output), "", "{line:?}");
            assert_eq!(stderr(&output).trim(), words, "{line:?}");
        }
        let output = midiateca(data, &[&["--json"][..], line].concat()).await;
        let list: serde_json::Value = serde_json::from_str(&stdout(&output)).unwrap();
        assert_eq!(list["items"], serde_json::json!([]), "{line:?}");
        assert_eq!(stderr(&output), "", "{line:?}");
    }
}
