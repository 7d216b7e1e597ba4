//! The command line as an operator uses it.

mod connecting;
mod repeats;
mod secrets;
mod texts;

use std::path::Path;
use std::process::{Output, Stdio};

use midiateca_service::clock::Clock;
use midiateca_service::config::Config;
use midiateca_service::db::Key;
use midiateca_service::instances;
use serde_json::Value;
use wa_sim::{Fault, Sim, SimMedia};

use crate::stage::{FIRST, program, sample};

pub const DOCUMENTED: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/tests/fixtures/wapi/documented-audio.json"
);

pub async fn midiateca(data: &Path, arguments: &[&str]) -> Output {
    let mut command = program(data);
    command
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
    let app = crate::stage::open(data, Config::default(), Clock::system()).await;
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
    let mut command = crate::stage::program(folder.path());
    command.args(["client", "list"]);
    command.env("MIDIATECA_DATABASE_URL", "mysql://db.example/midiateca");
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
