//! The command line as an operator uses it.

use std::path::Path;
use std::process::{Command, Output, Stdio};

use midiateca_service::app::App;
use midiateca_service::clock::Clock;
use midiateca_service::config::Config;
use midiateca_service::db::Key;
use midiateca_service::instances;
use serde_json::Value;
use wa_sim::{Fault, Sim, SimMedia};

use crate::stage::{FIRST, sample};

pub const DOCUMENTED: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/tests/fixtures/wapi/documented-audio.json"
);

pub async fn midiateca(data: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_midiateca"));
    command
        .arg("--data")
        .arg(data)
        .args(arguments)
        .env("TOKEN_FOR_TEST", "gateway-token")
        .env("LANG", "C")
        .env_remove("LC_ALL")
        .stdin(Stdio::null());
    tokio::task::spawn_blocking(move || command.output().unwrap())
        .await
        .unwrap()
}

pub fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// The items of a list that is one JSON document.
pub fn items(output: &Output) -> Vec<Value> {
    let list: Value = serde_json::from_str(&stdout(output)).unwrap();
    assert_eq!(list["next"], Value::Null, "{list}");
    list["items"].as_array().unwrap().clone()
}

pub fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

pub async fn set_up(data: &Path, sim: &Sim) -> String {
    sim.world().add_instance(FIRST, "gateway-token");
    let client = midiateca(data, &["client", "add", "Clínica Aurora", "--id", "2"]).await;
    assert!(client.status.success(), "{}", stderr(&client));
    let instance = midiateca(
        data,
        &[
            "instance",
            "add",
            FIRST,
            "--client",
            "2",
            "--token-env",
            "TOKEN_FOR_TEST",
            "--routes",
            "gateway",
            "--api-base",
            &sim.api_base(),
        ],
    )
    .await;
    assert!(instance.status.success(), "{}", stderr(&instance));
    stdout(&instance).trim().to_owned()
}

/// A client with a name that is refused today, and that an earlier version or an import took. The command line refuses it.
pub async fn client_of_earlier_version(data: &Path, name: &'static str) {
    let refused = midiateca(data, &["--json", "client", "add", name]).await;
    assert!(stderr(&refused).contains("client_no_name"));
    assert_eq!(refused.status.code(), Some(2));
    let app = App::open(data, Config::default(), Clock::system()).await;
    let app = app.unwrap();
    let adding = app.db.write(Key::Everything, async move |tx| {
        instances::add_client(tx, name, None, 0).await
    });
    adding.await.unwrap();
    app.db.close().await;
}

#[tokio::test]
async fn the_documented_case_is_reported_step_by_step() {
    let folder = tempfile::tempdir().unwrap();
    let sim = Sim::start().await.unwrap();
    let address = set_up(folder.path(), &sim).await;
    assert!(
        address.starts_with("http://localhost:8000/hooks/wapi/"),
        "{address}"
    );
    for kind in ["image", "video", "audio", "document", "sticker"] {
        assert!(
            folder
                .path()
                .join(format!("media_storage/cliente_2/instance_{FIRST}/{kind}"))
                .is_dir()
        );
    }
    sim.world().add(SimMedia::documented());
    let output = midiateca(folder.path(), &["--json", "test-webhook", DOCUMENTED]).await;
    assert!(
        output.status.success(),
        "{}{}",
        stdout(&output),
        stderr(&output)
    );
    let report: Value = serde_json::from_str(&stdout(&output)).unwrap();
    assert_eq!(
        (&report["verdict"], &report["stored"]),
        (&"accepted".into(), &1.into())
    );
    let steps = report["steps"].as_array().unwrap();
    let names: Vec<_> = steps
        .iter()
        .map(|step| step["step"].as_str().unwrap())
        .collect();
    assert_eq!(
        names,
        [
            "received",
            "committed",
            "detected",
            "route_tried",
            "link",
            "bytes",
            "verified",
            "path",
            "row"
        ]
    );
    assert_eq!(
        (&steps[2]["kind"], &steps[4]["obtained"], &steps[5]["count"]),
        (&"audio".into(), &true.into(), &5067.into())
    );
    let _server = midiateca_service::coordination::Coordination::new(folder.path())
        .server()
        .await
        .unwrap();
    let check = midiateca(folder.path(), &["--json", "check"]).await;
    assert_eq!(check.status.code(), Some(0), "{}", stdout(&check));
    let report: Value = serde_json::from_str(&stdout(&check)).unwrap();
    assert_eq!(
        (
            &report["files"]["present"],
            &report["instances"][0]["deliveries"]
        ),
        (&1.into(), &1.into())
    );
}

#[tokio::test]
async fn check_names_what_needs_a_person() {
    let folder = tempfile::tempdir().unwrap();
    let sim = Sim::start().await.unwrap();
    set_up(folder.path(), &sim).await;
    sim.world().add(SimMedia::documented());
    assert!(
        midiateca(folder.path(), &["test-webhook", DOCUMENTED])
            .await
            .status
            .success()
    );
    let audio = folder
        .path()
        .join(format!("media_storage/cliente_2/instance_{FIRST}/audio"));
    let file = std::fs::read_dir(audio)
        .unwrap()
        .next()
        .unwrap()
        .unwrap()
        .path();
    std::fs::remove_file(file).unwrap();
    let check = midiateca(folder.path(), &["check"]).await;
    assert_eq!(check.status.code(), Some(1));
    assert!(
        stdout(&check).contains("0 present, 1 missing"),
        "{}",
        stdout(&check)
    );
    let portuguese = midiateca(folder.path(), &["--lang", "pt-BR", "verificar"]).await;
    assert!(
        stdout(&portuguese).contains("1 ausente"),
        "{}",
        stdout(&portuguese)
    );
}

#[tokio::test]
async fn retry_puts_a_failed_media_back() {
    let folder = tempfile::tempdir().unwrap();
    let sim = Sim::start().await.unwrap();
    set_up(folder.path(), &sim).await;
    let delivery = sim.world().add(SimMedia {
        fault: Fault::LinkTo("http://169.254.169.254/".to_owned()),
        ..sample("RETRY")
    });
    let body = folder.path().join("delivery.json");
    std::fs::write(&body, delivery.body.to_string()).unwrap();
    let body = body.to_str().unwrap();
    assert_eq!(
        midiateca(folder.path(), &["test-webhook", body])
            .await
            .status
            .code(),
        Some(1)
    );
    // Given up after an hour of the same answer.
    let file = folder.path().join("midiateca.db");
    let db = rusqlite::Connection::open(file).unwrap();
    db.execute("update media set status = 'failed'", [])
        .unwrap();
    drop(db);
    let dry = midiateca(folder.path(), &["retry", "--failed", "--dry-run"]).await;
    assert!(stdout(&dry).contains("would be queued"), "{}", stdout(&dry));
    for (filter, count) in [
        (&["--kind", "image", "--client", "2"][..], 1),
        (&["--kind", "video"], 0),
        (&["--client", "3"], 0),
        (&["--reason", "link_refused", "--since", "1h"], 1),
        (&["--reason", "storage_full"], 0),
        (&["--chat", "unknown"], 0),
    ] {
        let retry = [&["retry", "--failed", "--dry-run"], filter].concat();
        let dry = midiateca(folder.path(), &retry).await;
        let said = stdout(&dry);
        let queued = said.lines().filter(|line| line.contains("would be queued"));
        assert_eq!(queued.count(), count, "{filter:?}");
        // A client that does not exist is refused.
        let is_nothing = count == 0 && dry.status.success();
        assert_eq!(said.contains("no media matched"), is_nothing, "{filter:?}");
    }
    for nonsense in [["--reason", "bad luck"], ["--kind", "hologram"]] {
        let retry = [&["retry", "--failed"], &nonsense[..]].concat();
        let refused = midiateca(folder.path(), &retry).await;
        assert_eq!(refused.status.code(), Some(2), "{}", stderr(&refused));
    }
    sim.world().set_fault(&delivery.direct_path, Fault::None);
    let retry = midiateca(folder.path(), &["--json", "retry", "--failed"]).await;
    assert!(stdout(&retry).contains("\"queued\""), "{}", stdout(&retry));
    let again = midiateca(folder.path(), &["test-webhook", body]).await;
    assert_eq!(again.status.code(), Some(0), "{}", stdout(&again));
    let events = midiateca(
        folder.path(),
        &["--json", "monitor", "--after", "0", "--once"],
    )
    .await;
    let kinds: Vec<_> = stdout(&events)
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap()["event"].clone())
        .collect();
    assert_eq!(kinds, ["media.postponed", "media.stored"]);
    assert_eq!(
        midiateca(folder.path(), &["retry", "no-such-media"])
            .await
            .status
            .code(),
        Some(2)
    );
}

#[tokio::test]
async fn wrong_usage_says_what_to_do_and_ends_with_2() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    midiateca(data, &["client", "add", "Clínica Aurora"]).await;
    for (arguments, code, hint) in [
        (
            &["instance", "add", "X", "--client", "9"][..],
            2,
            "client add",
        ),
        (&["retry"], 2, "--failed"),
        (&["instance", "show", "X"], 2, "instance list"),
        (&["serve", "--no-such-flag"], 2, "--help"),
        (&["--config", "/no/such/file.toml", "serve"], 2, "file.toml"),
    ] {
        let output = midiateca(data, arguments).await;
        assert_eq!(
            output.status.code(),
            Some(code),
            "{arguments:?} {}",
            stderr(&output)
        );
        assert!(
            stderr(&output).contains(hint),
            "{arguments:?} {}",
            stderr(&output)
        );
    }
    let nowhere = data.join("nowhere");
    let output = midiateca(&nowhere, &["check"]).await;
    assert_eq!(output.status.code(), Some(3));
    assert!(!nowhere.exists(), "a mistyped folder was made");
}

#[tokio::test]
async fn no_secret_reaches_a_log() {
    let folder = tempfile::tempdir().unwrap();
    let sim = Sim::start().await.unwrap();
    let address = set_up(folder.path(), &sim).await;
    let hook = address.rsplit('/').next().unwrap().to_owned();
    let delivery = sim.world().add(SimMedia {
        fault: Fault::WrongBytes,
        ..sample("SECRET")
    });
    let body = folder.path().join("delivery.json");
    std::fs::write(&body, delivery.body.to_string()).unwrap();
    let output = midiateca(
        folder.path(),
        &[
            "-v",
            "--log-format",
            "json",
            "test-webhook",
            body.to_str().unwrap(),
        ],
    )
    .await;
    let said = stdout(&output) + &stderr(&output);
    assert!(
        said.contains("media accepted") && said.contains("hash_mismatch"),
        "{said}"
    );
    let key = delivery.body["msgContent"]["imageMessage"]["mediaKey"]
        .as_str()
        .unwrap();
    for secret in [
        key,
        "gateway-token",
        hook.as_str(),
        "5500900000001",
        "/v/t62",
        "/media/file/",
        "segue a foto",
    ] {
        assert!(!said.contains(secret), "{secret} was logged");
    }
}

/// The ids of some gateways' messages have the number, and so do the names of their files.
#[tokio::test]
async fn no_phone_number_in_a_messages_id_reaches_a_log() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    let sim = Sim::start().await.unwrap();
    set_up(data, &sim).await;
    let number = "5548911112222";
    for gateway in [wa_sim::Gateway::Waha, wa_sim::Gateway::Wppconnect] {
        let name = gateway.as_str();
        sim.world().add_instance(name, "gateway-token");
        let api_base = sim.api_base_of(gateway);
        let add = ["instance", "add", name, "--client", "2", "--offline"];
        let of = ["--gateway", name, "--api-base", &api_base];
        let access = ["--token-env", "TOKEN_FOR_TEST", "--routes", "gateway"];
        let added = midiateca(data, &[&add[..], &of, &access].concat()).await;
        assert!(added.status.success(), "{}", stderr(&added));
        for (suffix, fault, event) in [
            ("A", Fault::None, "media stored"),
            ("B", Fault::WrongBytes, "media postponed"),
        ] {
            let media = SimMedia {
                fault,
                chat_id: Some(format!("{number}@c.us")),
                sender_id: Some(format!("{number}@c.us")),
                ..SimMedia::sample(
                    name,
                    &format!("false_{number}@c.us_3EB0{suffix}"),
                    wa_media::MediaKind::Image,
                )
            };
            let delivery = sim.world().add_as(gateway, media);
            let body = data.join("delivery.json");
            std::fs::write(&body, delivery.body.to_string()).unwrap();
            let body = body.to_str().unwrap();
            let arguments = ["-v", "--log-format", "json", "test-webhook", body];
            let output = midiateca(data, &arguments).await;
            let log = stderr(&output);
            assert!(log.contains(event), "{name}: {log}{}", stdout(&output));
            assert!(!log.contains(number), "{name}: {log}");
        }
    }
}

#[tokio::test]
async fn the_demo_ends_well() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("demo");
    let demo = midiateca(&data, &["demo", "--exit"]).await;
    assert_eq!(
        demo.status.code(),
        Some(0),
        "{}{}",
        stdout(&demo),
        stderr(&demo)
    );
    assert!(stdout(&demo).starts_with("B80D865264B9CA985108F695BEF5B564"));
    let row = stdout(&demo);
    let row = row.lines().find(|line| line.contains("connected")).unwrap();
    assert!(
        row.contains(FIRST) && row.contains("┆          7 ┆"),
        "{row}"
    );
    assert_eq!(
        midiateca(folder.path(), &["demo", "--exit"])
            .await
            .status
            .code(),
        Some(2),
        "a folder that is not the demo's was taken"
    );
}

#[tokio::test]
async fn the_demo_prints_exactly_one_json_document() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("demo");
    let demo = midiateca(&data, &["--json", "demo", "--exit"]).await;
    assert_eq!(demo.status.code(), Some(0), "{}", stderr(&demo));
    let document: Value = serde_json::from_str(&stdout(&demo)).unwrap();
    assert_eq!(document["media"][0]["size"], 5_067);
    assert_eq!(document["check"]["files"]["present"], 9);
    // What it says on the way is for people.
    let talk = stderr(&demo);
    assert!(
        talk.contains("media stored") && !talk.contains("{\"at\""),
        "{talk}"
    );
}

#[cfg(unix)]
#[tokio::test]
async fn a_reader_that_stops_early_ends_the_program_quietly() {
    let folder = tempfile::tempdir().unwrap();
    let mut config = Command::new(env!("CARGO_BIN_EXE_midiateca"))
        .arg("--data")
        .arg(folder.path())
        .args(["config", "show"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(config.stdout.take());
    let output = config.wait_with_output().unwrap();
    assert_eq!(
        (output.status.code(), stderr(&output).as_str()),
        (Some(0), "")
    );
}

#[tokio::test]
async fn adding_an_instance_again_keeps_its_webhook_address_and_its_client() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    let sim = Sim::start().await.unwrap();
    set_up(data, &sim).await;
    let again = midiateca(
        data,
        &[
            "instance",
            "add",
            FIRST,
            "--client",
            "2",
            "--token-env",
            "TOKEN_FOR_TEST",
        ],
    )
    .await;
    assert!(again.status.success());
    assert!(!stdout(&again).contains("/hooks/"), "{}", stdout(&again));
    let shown = midiateca(data, &["--json", "instance", "show", FIRST]).await;
    let shown: Value = serde_json::from_str(&stdout(&shown)).unwrap();
    assert_eq!(
        (&shown["api_base"], &shown["routes"]),
        (&sim.api_base().into(), &serde_json::json!(["gateway"]))
    );
    midiateca(data, &["client", "add", "Oficina do Bairro", "--id", "3"]).await;
    let moved = midiateca(data, &["instance", "add", FIRST, "--client", "3"]).await;
    assert_eq!(moved.status.code(), Some(2));
    assert!(
        stderr(&moved).contains("belongs to client 2"),
        "{}",
        stderr(&moved)
    );
    assert!(
        midiateca(data, &["instance", "remove", FIRST])
            .await
            .status
            .success()
    );
    let second = midiateca(data, &["instance", "add", FIRST, "--client", "3"]).await;
    assert!(
        stdout(&second).contains("/hooks/wapi/"),
        "{}",
        stderr(&second)
    );
}

#[tokio::test]
async fn one_encrypted_file_is_decrypted_and_a_wrong_one_is_not_written() {
    let folder = tempfile::tempdir().unwrap();
    let key = wa_media::MediaKey::new([7; 32]);
    let plain = b"a text begins like nothing known".as_slice();
    let encrypted = wa_media::encrypt::encrypt(&key, wa_media::KeyKind::Video, plain);
    let path = |name: &str| folder.path().join(name).display().to_string();
    std::fs::write(path("text.enc"), &encrypted.body).unwrap();
    let mut altered = encrypted.body.clone();
    altered[3] ^= 1;
    std::fs::write(path("altered.enc"), altered).unwrap();
    let key = "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=";
    let decrypt = async |name: &str, more: &[&str]| {
        let file = path(name);
        let arguments = [
            "--json",
            "decrypt",
            &file,
            "--media-key",
            key,
            "--kind",
            "document",
        ];
        midiateca(folder.path(), &[&arguments, more].concat()).await
    };
    let done = decrypt("text.enc", &[]).await;
    let report: Value = serde_json::from_str(&stdout(&done)).unwrap();
    assert_eq!(
        (done.status.code(), &report["verified"], &report["label"]),
        (Some(0), &"mac".into(), &"WhatsApp Video Keys".into())
    );
    assert_eq!(std::fs::read(path("text")).unwrap(), plain);
    assert_eq!(
        decrypt("text.enc", &[]).await.status.code(),
        Some(2),
        "it wrote over a file"
    );
    let to_stdout = decrypt("text.enc", &["-o", "-"]).await;
    assert_eq!(to_stdout.stdout, plain);
    let wrong = decrypt("altered.enc", &[]).await;
    assert_eq!(wrong.status.code(), Some(1));
    let report: Value = serde_json::from_str(&stdout(&wrong)).unwrap();
    assert_eq!(report["reason"], "corrupt", "{report}");
    assert!(!Path::new(&path("altered")).exists());
    let hash = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
    let other = decrypt("text.enc", &["-o", &path("other"), "--sha256", hash]).await;
    let report: Value = serde_json::from_str(&stdout(&other)).unwrap();
    assert_eq!(
        (
            other.status.code(),
            &report["checks"]["sha256"],
            &report["checks"]["mac"]
        ),
        (Some(1), &false.into(), &true.into())
    );
    assert_eq!(
        std::fs::read_dir(folder.path()).unwrap().count(),
        3,
        "something was left behind"
    );
    let short = [
        "decrypt",
        &path("text.enc"),
        "--media-key",
        "c2hvcnQ=",
        "--kind",
        "audio",
    ];
    assert_eq!(
        midiateca(folder.path(), &short).await.status.code(),
        Some(2)
    );
    assert_eq!(
        midiateca(
            folder.path(),
            &[
                "decrypt",
                &path("nowhere.enc"),
                "--media-key",
                key,
                "--kind",
                "audio"
            ]
        )
        .await
        .status
        .code(),
        Some(2)
    );
}

#[tokio::test]
async fn an_unsupported_url_is_refused_before_anything_is_opened() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_midiateca"));
    command
        .arg("--data")
        .arg(folder.path())
        .args(["client", "list"]);
    command.env("MIDIATECA_DATABASE_URL", "postgres://db.example/midiateca");
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(
        stderr(&output).contains("sqlite:///path"),
        "{}",
        stderr(&output)
    );
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

async fn check_says(data: &Path, needle: &str) -> bool {
    let check = midiateca(data, &["check"]).await;
    assert_eq!(check.status.code(), Some(1), "{}", stdout(&check));
    stdout(&check).contains(needle)
}

#[tokio::test]
async fn another_gateway_does_not_get_the_token_of_the_one_before() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    midiateca(data, &["client", "add", "Aurora"]).await;
    let file = data.join("token");
    std::fs::write(&file, "of-evolution").unwrap();
    let file = file.to_str().unwrap();
    let base = ["--api-base", "http://127.0.0.1:9", "--offline"];
    let first = [
        "instance",
        "add",
        "loja",
        "--client",
        "1",
        "--gateway",
        "evolution",
        "--token-file",
        file,
        "--session",
        "x",
    ];
    assert!(
        midiateca(data, &[&first[..], &base].concat())
            .await
            .status
            .success()
    );
    let shown = async || {
        let shown = midiateca(data, &["--json", "instance", "show", "loja"]).await;
        serde_json::from_str::<serde_json::Value>(&stdout(&shown)).unwrap()
    };
    assert_eq!(shown().await["token"], true, "{}", shown().await);
    let same = ["instance", "add", "loja", "--client", "1", "--offline"];
    assert!(midiateca(data, &same).await.status.success());
    assert_eq!(shown().await["token"], true);
    let other = [&same[..], &["--gateway", "zapi"]].concat();
    let changed = midiateca(data, &other).await;
    assert!(
        stderr(&changed).contains("https://api.z-api.io"),
        "{changed:?}"
    );
    assert_eq!(shown().await["token"], false, "{}", shown().await);
}

#[tokio::test]
async fn a_refused_or_missing_token_is_named_and_heals_with_the_next_one() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    let sim = Sim::start().await.unwrap();
    set_up(data, &sim).await;
    sim.world().add_instance(FIRST, "another-token");
    let body = folder.path().join("delivery.json");
    std::fs::write(&body, sim.world().add(sample("TOKEN")).body.to_string()).unwrap();
    let body = body.to_str().unwrap();
    assert_eq!(
        midiateca(data, &["test-webhook", body]).await.status.code(),
        Some(1)
    );
    assert!(check_says(data, "refused the instance's token").await);
    std::fs::remove_file(data.join("secret.key")).unwrap();
    assert_eq!(
        midiateca(data, &["test-webhook", body]).await.status.code(),
        Some(1)
    );
    assert!(check_says(data, "secret.key is missing").await);
    sim.world().add_instance(FIRST, "gateway-token");
    let again = [
        "instance",
        "add",
        FIRST,
        "--client",
        "2",
        "--token-env",
        "TOKEN_FOR_TEST",
        "--new-key",
    ];
    assert!(midiateca(data, &again).await.status.success());
    let healed = midiateca(data, &["test-webhook", body]).await;
    assert_eq!(healed.status.code(), Some(0), "{}", stdout(&healed));
    let _server = midiateca_service::coordination::Coordination::new(data)
        .server()
        .await
        .unwrap();
    assert_eq!(midiateca(data, &["check"]).await.status.code(), Some(0));
}

#[tokio::test]
async fn a_delivery_that_was_set_aside_is_reported() {
    let folder = tempfile::tempdir().unwrap();
    let sim = Sim::start().await.unwrap();
    set_up(folder.path(), &sim).await;
    let body = folder.path().join("broken.json");
    std::fs::write(&body, "{\"instanceId\": ").unwrap();
    let sent = ["test-webhook", body.to_str().unwrap(), "--instance", FIRST];
    assert_eq!(midiateca(folder.path(), &sent).await.status.code(), Some(1));
    assert!(check_says(folder.path(), "set aside").await);
}

#[tokio::test]
async fn a_lost_file_can_be_had_again() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    let sim = Sim::start().await.unwrap();
    set_up(data, &sim).await;
    sim.world().add(SimMedia::documented());
    midiateca(data, &["test-webhook", DOCUMENTED]).await;
    let steps = midiateca(data, &["--json", "test-webhook", DOCUMENTED]).await;
    let report: Value = serde_json::from_str(&stdout(&steps)).unwrap();
    let row = report["steps"].as_array().unwrap().last().unwrap();
    let id = row["id"].as_str().unwrap();
    assert!(stdout(&midiateca(data, &["retry", id]).await).contains("already stored"));
    let audio = data.join(format!("media_storage/cliente_2/instance_{FIRST}/audio"));
    let file = std::fs::read_dir(audio)
        .unwrap()
        .next()
        .unwrap()
        .unwrap()
        .path();
    std::fs::remove_file(&file).unwrap();
    assert!(stdout(&midiateca(data, &["retry", id]).await).contains("its file is missing"));
    let again = midiateca(data, &["test-webhook", DOCUMENTED]).await;
    assert_eq!(again.status.code(), Some(0), "{}", stdout(&again));
    assert!(file.is_file());
}

#[tokio::test]
async fn the_report_works_while_the_database_is_locked() {
    let folder = tempfile::tempdir().unwrap();
    let sim = Sim::start().await.unwrap();
    set_up(folder.path(), &sim).await;
    let _server = midiateca_service::coordination::Coordination::new(folder.path())
        .server()
        .await
        .unwrap();
    let path = folder.path().join("midiateca.db");
    let db = midiateca_service::db::Db::open(&path, std::time::Duration::from_secs(1))
        .await
        .unwrap();
    let (locked, holding) = tokio::sync::oneshot::channel();
    let (release, released) = tokio::sync::oneshot::channel::<()>();
    let parts = std::sync::Mutex::new(Some((locked, released)));
    let holder = db.write(Key::Everything, async move |tx| {
        tx.run("update clients set name = name", vec![]).await?;
        let (locked, released) = parts.lock().unwrap().take().unwrap();
        locked.send(()).unwrap();
        let _ = released.await;
        Ok(())
    });
    let during = async {
        holding.await.unwrap();
        let check = midiateca(folder.path(), &["check"]).await;
        let monitor = midiateca(folder.path(), &["monitor", "--after", "0", "--once"]).await;
        release.send(()).unwrap();
        ((check.status.code(), monitor.status.code()), stdout(&check))
    };
    let (outcome, (codes, said)) = tokio::join!(holder, during);
    outcome.unwrap();
    assert_eq!(codes, (Some(0), Some(0)), "{said}");
    db.close().await;
}

#[tokio::test]
async fn kept_deliveries_are_read_again_and_nothing_doubles() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    let sim = Sim::start().await.unwrap();
    set_up(data, &sim).await;
    sim.world().add(SimMedia::documented());
    midiateca(data, &["test-webhook", DOCUMENTED]).await;
    let broken = data.join("broken.json");
    std::fs::write(&broken, "{\"instanceId\": ").unwrap();
    midiateca(
        data,
        &[
            "test-webhook",
            broken.to_str().unwrap(),
            "--instance",
            FIRST,
        ],
    )
    .await;
    // What an older reader could not read: the same body with today's reader's verdict taken back.
    let path = data.join("midiateca.db");
    let db = midiateca_service::db::Db::open(&path, std::time::Duration::from_secs(5))
        .await
        .unwrap();
    db.write(Key::Everything, async |tx| {
        tx.run("delete from attempts", vec![]).await?;
        tx.run("delete from media", vec![]).await?;
        tx.run("update deliveries set verdict = 'set_aside', reason = 'old' where verdict = 'accepted'", vec![]).await
    })
    .await
    .unwrap();
    db.close().await;
    let listed = midiateca(
        data,
        &[
            "--json",
            "deliveries",
            "list",
            "--set-aside",
            "--since",
            "1h",
        ],
    )
    .await;
    assert_eq!(items(&listed).len(), 2, "{}", stdout(&listed));
    let dry = midiateca(data, &["deliveries", "replay", "--set-aside", "--dry-run"]).await;
    assert!(
        stdout(&dry).contains("would be processed\taudio"),
        "{}",
        stdout(&dry)
    );
    for duplicate in [false, true] {
        let replay = midiateca(data, &["--json", "deliveries", "replay", "--since", "1d"]).await;
        let report: Value = serde_json::from_str(&stdout(&replay)).unwrap();
        let [read, unreadable] = report["items"].as_array().unwrap().as_slice() else {
            panic!("{report}");
        };
        assert_eq!(
            (&read["result"], &read["media"][0]["duplicate"]),
            (&"read".into(), &duplicate.into())
        );
        assert_eq!(
            (&unreadable["result"], &unreadable["reason"]),
            (&"unreadable".into(), &"invalid_json".into())
        );
        assert_eq!(
            (&report["read"], &report["unreadable"]),
            (&1.into(), &1.into())
        );
    }
    let media = midiateca(data, &["--json", "media", "list", "--kind", "audio"]).await;
    let media = &items(&media)[0];
    assert_eq!(media["status"], "pending");
    assert_eq!(
        midiateca(data, &["deliveries", "replay"])
            .await
            .status
            .code(),
        Some(2)
    );
    assert_eq!(
        midiateca(data, &["deliveries", "replay", "unknown"])
            .await
            .status
            .code(),
        Some(2)
    );
    assert_eq!(
        midiateca(data, &["deliveries", "list", "--since", "yesterday"])
            .await
            .status
            .code(),
        Some(2)
    );
}

#[tokio::test]
async fn one_media_is_shown_with_all_its_attempts() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    let sim = Sim::start().await.unwrap();
    set_up(data, &sim).await;
    let fault = Fault::FailTimes {
        times: 2,
        fault: Box::new(Fault::ApiErrorObject),
    };
    let delivery = sim.world().add(SimMedia {
        fault,
        ..sample("SHOWN")
    });
    let body = data.join("delivery.json");
    std::fs::write(&body, delivery.body.to_string()).unwrap();
    midiateca(data, &["test-webhook", body.to_str().unwrap()]).await;
    let listed = midiateca(
        data,
        &[
            "--json", "media", "list", "--status", "stored", "--client", "2",
        ],
    )
    .await;
    let media = &items(&listed)[0];
    let shown = midiateca(
        data,
        &["--json", "media", "show", media["id"].as_str().unwrap()],
    )
    .await;
    let shown: Value = serde_json::from_str(&stdout(&shown)).unwrap();
    let reasons: Vec<_> = shown["attempts"]
        .as_array()
        .unwrap()
        .iter()
        .map(|attempt| attempt["reason"].as_str())
        .collect();
    assert_eq!(
        reasons,
        [Some("gateway_failed"), Some("gateway_failed"), None]
    );
    for (arguments, code) in [
        (&["media", "list", "--status", "lost"][..], 2),
        (&["media", "list", "--kind", "hologram"], 2),
        (&["media", "show", "unknown"], 2),
    ] {
        assert_eq!(
            midiateca(data, arguments).await.status.code(),
            Some(code),
            "{arguments:?}"
        );
    }
}

#[tokio::test]
async fn webhook_slots_are_set_read_back_and_proven() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    let sim = Sim::start().await.unwrap();
    let first = set_up(data, &sim).await;
    let configure = ["--json", "instance", "configure-webhooks", FIRST];
    let no_url = midiateca(data, &configure).await;
    assert_eq!(no_url.status.code(), Some(2));
    assert!(stderr(&no_url).contains("--public-url"));
    let public = [&configure[..], &["--public-url", "https://midia.example/"]].concat();
    let dry = midiateca(data, &[&public[..], &["--dry-run"]].concat()).await;
    assert_eq!(dry.status.code(), Some(0));
    let document: Value = serde_json::from_str(&stdout(&dry)).unwrap();
    assert_eq!(document["slots"].as_array().unwrap().len(), 6);
    assert_eq!(sim.world().slot(FIRST, "webhookReceivedUrl"), None);
    sim.world().set_stubborn(FIRST, "webhookPresenceUrl");
    let partly = midiateca(data, &public).await;
    assert_eq!(partly.status.code(), Some(1), "{}", stdout(&partly));
    let report: Value = serde_json::from_str(&stdout(&partly)).unwrap();
    let slots = report["slots"].as_array().unwrap();
    let results: Vec<_> = slots.iter().map(|slot| &slot["result"]).collect();
    assert_eq!(results, ["set", "set", "set", "set", "set", "not_set"]);
    let address = sim.world().slot(FIRST, "webhookDeliveryUrl").unwrap();
    // It must be pasted by hand where the slot did not take it, so it is shown once.
    assert_eq!(report["missing"], serde_json::json!(["chat-presence"]));
    assert_eq!(report["address"], address.as_str());
    let token = address
        .strip_prefix("https://midia.example/hooks/wapi/")
        .unwrap();
    assert!(!stderr(&partly).contains(token));
    // Both the new address and the one before are taken.
    let mut server = crate::crash::serve(data);
    let text =
        serde_json::json!({"instanceId": FIRST, "msgContent": {"conversation": "oi"}}).to_string();
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    for token in [token, first.rsplit('/').next().unwrap()] {
        let url = format!("{}/hooks/wapi/{token}", server.origin);
        assert_eq!(
            http.post(url)
                .body(text.clone())
                .send()
                .await
                .unwrap()
                .status(),
            200
        );
    }
    server.child.kill().unwrap();
    server.child.wait().unwrap();
    sim.world().add_instance(FIRST, "another-token");
    let refused = midiateca(data, &public).await;
    assert_eq!(refused.status.code(), Some(3));
    assert!(
        stderr(&refused).contains("gateway_token_refused"),
        "{}",
        stderr(&refused)
    );
}

#[tokio::test]
async fn settings_of_an_instance_can_be_undone_and_seen() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    let sim = Sim::start().await.unwrap();
    set_up(data, &sim).await;
    let add = ["instance", "add", FIRST, "--client", "2"];
    let with = |more: &[&'static str]| [&add[..], more].concat();
    midiateca(
        data,
        &with(&["--cdn-base", "http://127.0.0.1:1,http://127.0.0.1:2"]),
    )
    .await;
    let shown = midiateca(data, &["instance", "list"]).await;
    assert!(
        stdout(&shown).contains("cdn=http://127.0.0.1:1,http://127.0.0.1:2\troutes=gateway"),
        "{}",
        stdout(&shown)
    );
    let undone = midiateca(
        data,
        &with(&["--cdn-base", "default", "--routes", "default"]),
    )
    .await;
    assert!(
        stdout(&undone).contains("cdn=default\troutes=default"),
        "{}",
        stdout(&undone)
    );
    for bad in [
        "http://u:p@127.0.0.1",
        "https://x/?q=1",
        "https://x/#f",
        "ftp://x",
        "",
        "x",
    ] {
        let refused = midiateca(data, &[&add[..], &["--cdn-base", bad]].concat()).await;
        assert_eq!(refused.status.code(), Some(2), "{bad}");
    }
}

#[tokio::test]
async fn portuguese_is_spoken_from_the_help_to_the_errors() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    let broken = data.join("broken.toml");
    std::fs::write(&broken, "[http]\nlistne = 'x'\n").unwrap();
    let broken = broken.to_str().unwrap();
    for (arguments, code, expected) in [
        (
            &["check"][..],
            3,
            &[
                "erro: não há uma instalação em ",
                "dica: informe a pasta certa",
            ][..],
        ),
        (
            &["--config", broken, "check"],
            2,
            &["broken.toml não é uma configuração válida", "listne"],
        ),
        (
            &["--config", "/no/such/file.toml", "check"],
            2,
            &["não é possível ler as configurações", "midiateca --config"],
        ),
        (
            &["serve", "--listen", "192.0.2.1:80"],
            3,
            &["não é possível escutar em 192.0.2.1:80", "--listen"],
        ),
        (
            &["check", "--nonsense"],
            2,
            &["Uso: midiateca check", "--help"],
        ),
        (&["instance"], 2, &["Comandos:", "Opções globais:"]),
        (&["client", "add", "A", "--id", "0"], 2, &["1 ou maior"]),
    ] {
        let output = midiateca(data, &[&["--lang", "pt-BR"], arguments].concat()).await;
        let said = stderr(&output);
        assert_eq!(output.status.code(), Some(code), "{arguments:?} {said}");
        for expected in expected {
            assert!(said.contains(expected), "{arguments:?} {said}");
        }
    }
    let help = midiateca(data, &["media", "list", "--help", "--lang=pt-BR"]).await;
    assert_eq!(help.status.code(), Some(0));
    assert!(
        stdout(&help).starts_with("Lista as mídias"),
        "{}",
        stdout(&help)
    );
}

#[tokio::test]
async fn a_media_is_shown_in_portuguese_and_its_json_stays_english() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    let sim = Sim::start().await.unwrap();
    set_up(data, &sim).await;
    sim.world().add(SimMedia::documented());
    let output = midiateca(data, &["--lang", "pt-BR", "testar", DOCUMENTED]).await;
    assert!(
        stdout(&output).contains("repetida=não"),
        "{}",
        stdout(&output)
    );
    let portuguese = |more: &[&'static str]| [&["--lang", "pt-BR"], more].concat();
    let listed = midiateca(data, &portuguese(&["--json", "media", "list"])).await;
    let media = &items(&listed)[0];
    assert_eq!(
        (&media["kind"], &media["status"]),
        (&"audio".into(), &"stored".into())
    );
    let id = media["id"].as_str().unwrap();
    let shown = midiateca(data, &["--lang", "pt-BR", "media", "show", id]).await;
    let shown = stdout(&shown);
    let same = ["id", "gateway", "mime", "sha256", "status"];
    for field in media.as_object().unwrap().keys() {
        let is_named = shown
            .lines()
            .any(|line| line.split(' ').next() == Some(field));
        assert!(
            !is_named || same.contains(&field.as_str()),
            "{field}: {shown}"
        );
    }
    assert!(shown.contains("tipo             áudio\n"), "{shown}");
    let events = midiateca(data, &portuguese(&["monitor", "--after", "0", "--once"])).await;
    assert!(
        stdout(&events).contains(" mídia armazenada "),
        "{}",
        stdout(&events)
    );
}

#[cfg(unix)]
#[tokio::test]
async fn a_missing_data_folder_differs_from_an_empty_one() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    std::fs::write(&file, "").unwrap();
    let output = midiateca(&file, &["check"]).await;
    assert_eq!(output.status.code(), Some(3));
    assert!(
        stderr(&output).contains("cannot be used: not a directory"),
        "{}",
        stderr(&output)
    );
}

#[tokio::test]
async fn a_name_with_line_breaks_stays_on_its_line_of_the_list() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    let name = "Padaria\n2\tOutra\r\n3\tTerceira";
    client_of_earlier_version(data, name).await;
    let list = midiateca(data, &["client", "list"]).await;
    let text = stdout(&list);
    assert_eq!(text.lines().count(), 1, "{text}");
    assert_eq!(text.matches('\t').count(), 1, "{text}");
    let listed = items(&midiateca(data, &["--json", "client", "list"]).await);
    assert_eq!(listed[0]["name"], name);
}
