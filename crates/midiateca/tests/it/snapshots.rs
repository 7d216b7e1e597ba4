//! What programs and people read, as snapshots: the JSON documents of the commands, and their screens in both
//! languages. A snapshot that differs fails; `INSTA_UPDATE=always scripts/test` accepts the new text, for a review of
//! the difference. Ids, times, places and what depends on the machine are replaced by names in brackets.

use std::path::Path;
use std::process::Stdio;

use serde_json::Value;
use tempfile::TempDir;
use wa_sim::{Fault, Sim, SimMedia};

use midiateca_service::clock::Clock;
use midiateca_service::model::{MediaId, Route};

use crate::multichat::{DEAD, LIVING, Original, ogg, row};
use crate::stage::{FIRST, OTHER, TestApp, sample};

/// A regular expression, and what stands in place of what it matches.
const FILTERS: [(&str, &str); 26] = [
    (
        r#""database": \{\s+"bytes": \d+,\s+"sha256": "[0-9a-f]+""#,
        r#""database": {"bytes": "[bytes]", "sha256": "[sha256]""#,
    ),
    (
        r"\.quarantine/\d{8}_\d{6}-[0-9a-f]+",
        ".quarantine/[folder]",
    ),
    (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", "[time]"),
    (
        r"\d{4}-\d\d-\d\d \d\d:\d\d(:\d\d)?( ?(UTC|Z|[+-]\d\d(:?\d\d)?))?",
        "[time]",
    ),
    (r"\b\d\d:\d\d:\d\d\b", "[time]"),
    (r"_\d{8}_\d{6}", "_[time]"),
    (
        r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b",
        "[id]",
    ),
    (r"\bmsg_[0-9a-f-]{36}\b", "msg_[id]"),
    (r"SAMPLE[0-9A-F]{16}", "[message]"),
    (r"/hooks/wapi/[A-Za-z0-9_-]{20,}", "/hooks/wapi/[token]"),
    (r"\bmk_[A-Za-z0-9_-]{20,}", "mk_[key]"),
    (r"\bwhsec_[A-Za-z0-9+/=]+", "whsec_[secret]"),
    (r"/setup/[A-Za-z0-9_-]{20,}", "/setup/[token]"),
    (
        r#"(?m)(^|public_key": "|signed by |assinado por )[A-Za-z0-9+/]{43}="#,
        "$1[public key]",
    ),
    (
        r#""installation": "[0-9a-f]{32}""#,
        "\"installation\": \"[id]\"",
    ),
    // Of a dossier, whose ids and times differ.
    (
        r#""bytes": \d+,\n  "files": (\d+),\n  "findings""#,
        "\"bytes\": \"[bytes]\",\n  \"files\": $1,\n  \"findings\"",
    ),
    (r"\(\d+ bytes\), (made|feito)", "([bytes] bytes), $1"),
    (r"(127\.0\.0\.1|localhost|\[::1\]):\d{4,5}", "[address]"),
    (
        r"midiateca \d+\.\d+\.\d+( \([^)]*\))?",
        "midiateca [version]",
    ),
    (
        r#""(duration_ms|ms|free|size_free|forecast_days|skew|version|commit|pid|uid|at_rate|database_size|growth|silent|usual|longest|token)": ("[^"]*"|[\d.]+)"#,
        r#""$1": "[$1]""#,
    ),
    (r"\b\d+([.,]\d+)? [GTP]iB", "[size]"),
    (r"\b(em|in|há|for) \d+ (ms|s)\b", "$1 [duration]"),
    (r"\b\d+ ms\b", "[duration]"),
    (r"\b\d+ (s|min)( ago)?\b", "[duration]"),
    (r"\((ms)\)=\d+", "($1)=[duration]"),
    (r"[ \t]+\n", "\n"),
];

/// Compares a text with the snapshot of this name.
fn compare(name: &str, text: &str, places: &[(&Path, &str)]) {
    let mut text = text.to_owned();
    for (place, shown) in places {
        text = text.replace(place.to_str().unwrap(), shown);
    }
    let mut settings = insta::Settings::clone_current();
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    for (expression, shown) in FILTERS {
        settings.add_filter(expression, shown);
    }
    settings.bind(|| insta::assert_snapshot!(name, text));
}

/// One run of the program: the command, its exit code, and both streams.
struct Run {
    code: i32,
    stdout: String,
    stderr: String,
}

/// Variables by which a terminal, or the person in front of it, changes what is printed.
const OF_TERMINALS: [&str; 7] = [
    "CLICOLOR",
    "CLICOLOR_FORCE",
    "COLUMNS",
    "LANGUAGE",
    "LINES",
    "NO_COLOR",
    "TERM",
];

/// Whether a variable changes what the program does.
fn is_read_by_the_program(name: &str) -> bool {
    let upper = name.to_uppercase();
    OF_TERMINALS.contains(&upper.as_str())
        || upper.starts_with("MIDIATECA")
        || upper.ends_with("_PROXY")
        || upper.starts_with("LC_")
}

/// Nothing of the environment of this test reaches the program, but what it needs to run.
async fn run(data: &Path, arguments: &[&str]) -> Run {
    let mut command = crate::stage::program(data);
    for (name, _) in std::env::vars_os() {
        if is_read_by_the_program(&name.to_string_lossy()) {
            command.env_remove(name);
        }
    }
    command
        .env("LANG", "C")
        .env("MIDIATECA__HTTP__TIME_ZONE", "UTC")
        .env("TOKEN_FOR_TEST", "gateway-token")
        .args(arguments)
        .stdin(Stdio::null());
    if arguments.contains(&"doctor") {
        // Whether they are there depends on the machine.
        for program in ["FFMPEG", "PDFTOPPM"] {
            command.env(format!("MIDIATECA__DERIVED__{program}"), "/nowhere");
        }
    }
    let output = tokio::task::spawn_blocking(move || command.output().unwrap());
    let output = output.await.unwrap();
    Run {
        code: output.status.code().unwrap(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

/// The one JSON document of a command, from stdout, or from stderr if it is an error.
async fn document(data: &Path, arguments: &[&str]) -> String {
    let run = run(data, &[&["--json"], arguments].concat()).await;
    let text = if run.stdout.is_empty() {
        &run.stderr
    } else {
        &run.stdout
    };
    let document: Value = serde_json::from_str(text)
        .unwrap_or_else(|error| panic!("{arguments:?}: {error} in {text}{}", run.stderr));
    let document = serde_json::to_string_pretty(&document).unwrap();
    let line = arguments.join(" ");
    format!(
        "$ midiateca --json {line}\nexit code {}\n{document}\n\n",
        run.code
    )
}

/// The screens of a command in both languages.
async fn screens(data: &Path, arguments: &[&str]) -> String {
    let mut text = String::new();
    for lang in ["en", "pt-BR"] {
        let run = run(data, &[&["--lang", lang], arguments].concat()).await;
        let line = arguments.join(" ");
        text += &format!("$ midiateca --lang {lang} {line}\nexit code {}\n", run.code);
        text += &run.stdout;
        if !run.stderr.is_empty() {
            text += &format!("--- stderr\n{}", run.stderr);
        }
        text += "\n";
    }
    text
}

async fn both(data: &Path, arguments: &[&str]) -> String {
    document(data, arguments).await + &screens(data, arguments).await
}

/// A server with a stored image, a stored document, a media that failed, a skipped story and a delivery set aside.
struct Stage {
    test: TestApp,
    stored: String,
    failed: String,
    set_aside: String,
}

impl Stage {
    async fn start() -> Self {
        let routes = vec![Route::Inline, Route::Gateway];
        let test = TestApp::with_cdn(routes, Clock::system()).await;
        let (stored, _) = test.store(sample("IMAGE")).await;
        let document = SimMedia::sample(FIRST, "DOCUMENT", wa_media::MediaKind::Document);
        test.store(document).await;
        let failing = SimMedia {
            fault: Fault::FileStatus(404),
            ..sample("FAILED")
        };
        let (failed, _) = test.store(failing).await;
        test.give_up(&failed.id).await;
        let story = SimMedia {
            chat_id: Some("status@broadcast".to_owned()),
            ..sample("STORY")
        };
        test.store(story).await;
        test.post("{\"instanceId\": ").await;
        midiateca_service::ingest::tally::write_down(&test.app.db, &test.app.tally)
            .await
            .unwrap();
        let list = ["--json", "deliveries", "list", "--set-aside"];
        let set_aside = run(&test.app.data, &list).await.stdout;
        let set_aside: Value = serde_json::from_str(&set_aside).unwrap();
        Self {
            stored: stored.id,
            failed: failed.id,
            set_aside: set_aside["items"][0]["delivery"]
                .as_str()
                .unwrap()
                .to_owned(),
            test,
        }
    }

    fn data(&self) -> &Path {
        &self.test.app.data
    }

    fn compare(&self, name: &str, text: &str) {
        compare(name, text, &[(self.data(), "[data]")]);
    }
}

#[tokio::test]
async fn the_reports_on_the_whole() {
    let stage = Stage::start().await;
    for name in ["status", "check"] {
        let text = both(stage.data(), &[name]).await;
        stage.compare(name, &text);
    }
    let origin = stage.test.origin();
    let configure = [
        "instance",
        "configure-webhooks",
        FIRST,
        "--public-url",
        &origin,
    ];
    run(stage.data(), &configure).await;
    let text = both(stage.data(), &["doctor", "--problems"]).await;
    stage.compare("doctor-problems", &text);
    let text = document(stage.data(), &["doctor"]).await;
    stage.compare("doctor", &text);
    stage.test.end().await;
}

#[tokio::test]
async fn the_commands_for_media() {
    let stage = Stage::start().await;
    let data = stage.data();
    let target = tempfile::tempdir().unwrap();
    let folder = target.path().join("export");
    let export = ["media", "export", folder.to_str().unwrap()];
    stage.compare("media-list", &both(data, &["media", "list"]).await);
    for (name, id) in [
        ("media-show", &stage.stored),
        ("media-show-failed", &stage.failed),
    ] {
        stage.compare(name, &both(data, &["media", "show", id]).await);
    }
    let text = document(data, &["media", "open", "--print", &stage.stored]).await
        + &both(data, &["media", "open", &stage.failed]).await;
    stage.compare("media-open", &text);
    let dry = [&export[..], &["--dry-run"]].concat();
    let text = both(data, &dry).await + &document(data, &export).await;
    let places = [(data, "[data]"), (target.path(), "[target]")];
    compare("media-export", &text, &places);
    for name in ["dismiss", "retry"] {
        let command: &[&str] = match name {
            "dismiss" => &["media", "dismiss", "--failed"],
            _ => &["retry", "--dismissed"],
        };
        let dry = [command, &["--dry-run"]].concat();
        let text = both(data, &dry).await + &document(data, command).await;
        stage.compare(&format!("media-{name}"), &text);
    }
    stage.test.end().await;
}

#[tokio::test]
async fn the_commands_for_deliveries() {
    let stage = Stage::start().await;
    let data = stage.data();
    stage.compare(
        "deliveries-list",
        &both(data, &["deliveries", "list"]).await,
    );
    let list = ["deliveries", "list", "--set-aside"];
    stage.compare("deliveries-set-aside", &both(data, &list).await);
    let show = ["deliveries", "show", stage.set_aside.as_str()];
    stage.compare("deliveries-show", &both(data, &show).await);
    let replay = ["deliveries", "replay", "--set-aside"];
    let dry = [&replay[..], &["--dry-run"]].concat();
    let text = both(data, &dry).await + &document(data, &replay).await;
    stage.compare("deliveries-replay", &text);
    let dismiss = ["deliveries", "dismiss"];
    let dry = [&dismiss[..], &["--dry-run"]].concat();
    let text = both(data, &dry).await + &document(data, &dismiss).await;
    stage.compare("deliveries-dismiss", &text);
    stage.compare(
        "test-webhook",
        &both(data, &["test-webhook", "--sample"]).await,
    );
    stage.test.end().await;
}

#[tokio::test]
async fn the_commands_for_clients_and_instances() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    let sim = Sim::start().await.unwrap();
    sim.world().add_instance(FIRST, "gateway-token");
    let api_base = sim.api_base();
    let add = [
        "instance",
        "add",
        FIRST,
        "--client",
        "2",
        "--token-env",
        "TOKEN_FOR_TEST",
        "--api-base",
        &api_base,
    ];
    let places = [(data, "[data]")];
    let mut text = document(data, &["client", "add", "Clínica Aurora", "--id", "2"]).await;
    text += &document(data, &["client", "rename", "2", "Clínica Boreal"]).await;
    text += &both(data, &["client", "list"]).await;
    text += &document(data, &["client", "add", "Oficina do Bairro"]).await;
    text += &both(data, &["client", "remove", "9"]).await;
    text += &document(data, &["client", "remove", "3"]).await;
    compare("client", &text, &places);
    let mut text = document(data, &add).await;
    text += &both(data, &["instance", "list"]).await;
    text += &both(data, &["instance", "show", FIRST]).await;
    let configure = [
        "instance",
        "configure-webhooks",
        FIRST,
        "--public-url",
        "https://midia.example.com",
    ];
    text += &both(data, &[&configure[..], &["--dry-run"]].concat()).await;
    text += &both(data, &configure).await;
    text += &both(data, &["instance", "configure-webhooks", FIRST, "--undo"]).await;
    text += &both(data, &["instance", "rotate-hook", FIRST]).await;
    text += &screens(data, &["instance", "remove", FIRST]).await;
    compare("instance", &text, &places);
}

#[tokio::test]
async fn the_commands_for_files() {
    let stage = Stage::start().await;
    let data = stage.data();
    let target = tempfile::tempdir().unwrap();
    let backup = target.path().join("backup");
    let places = [(data, "[data]"), (target.path(), "[target]")];
    stage.compare("sweep", &both(data, &["sweep", "--dry-run"]).await);
    let backup = ["backup", backup.to_str().unwrap()];
    let text = document(data, &backup).await + &screens(data, &backup).await;
    compare("backup", &text, &places);
    let lost = stage.test.find(&MediaId(stage.stored.clone())).await;
    std::fs::remove_file(stage.test.file(&lost)).unwrap();
    let text = both(data, &["scrub"]).await + &document(data, &["scrub", "--repair"]).await;
    stage.compare("scrub", &text);
    stage.test.settled(&MediaId(stage.stored.clone())).await;
    let forget = ["forget", "--client", "2", "--contact", "5500900000001"];
    let dry = [&forget[..], &["--dry-run"]].concat();
    let text = both(data, &dry).await + &document(data, &[&forget[..], &["--yes"]].concat()).await;
    stage.compare("forget", &text);
    stage.test.end().await;
}

/// The field of the document that a command prints.
async fn field(data: &Path, arguments: &[&str], name: &str) -> String {
    let run = run(data, &[&["--json"], arguments].concat()).await;
    let document: Value = serde_json::from_str(&run.stdout).unwrap();
    document[name].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn the_commands_for_access() {
    let stage = Stage::start().await;
    let data = stage.data();
    let create = ["key", "create", "painel", "--client", "2"];
    let mut text = both(data, &create).await;
    let created = ["key", "create", "cofre", "--role", "admin"];
    let key = field(data, &created, "id").await;
    text += &both(data, &["key", "show", &key]).await;
    text += &document(data, &["key", "show", "--dossier"]).await;
    text += &both(data, &["key", "revoke", &key]).await;
    text += &both(data, &["key", "list"]).await;
    stage.compare("key", &text);

    let mut text = document(data, &["user", "add", "ana"]).await;
    text += &screens(data, &["user", "setup-link", "ana"]).await;
    text += &document(data, &["user", "setup-link", "ana"]).await;
    text += &both(data, &["user", "list"]).await;
    text += &both(data, &["user", "password", "ana"]).await;
    text += &document(data, &["user", "remove", "ana"]).await;
    text += &both(data, &["user", "remove", "ana"]).await;
    stage.compare("user", &text);

    let add = ["endpoint", "add", "https://example.org/"];
    let mut text = both(data, &add).await;
    let narrow = ["--client", "2", "--types", "media.stored"];
    let endpoint = field(data, &[&add[..], &narrow].concat(), "id").await;
    text += &both(data, &["endpoint", "list"]).await;
    text += &both(data, &["endpoint", "test", &endpoint]).await;
    text += &document(data, &["endpoint", "remove", &endpoint]).await;
    stage.compare("endpoint", &text);

    let add = ["hold", "add", "--client", "2", "um processo"];
    let mut text = both(data, &add).await;
    let hold = field(data, &add, "id").await;
    text += &both(data, &["hold", "list"]).await;
    text += &both(data, &["hold", "release", &hold]).await;
    text += &document(data, &["hold", "list", "--all"]).await;
    stage.compare("hold", &text);

    let reconcile = ["instance", "reconcile", FIRST, "--dry-run"];
    let text = both(data, &reconcile).await;
    stage.compare("instance-reconcile", &text);
    stage.test.end().await;
}

#[tokio::test]
async fn a_dossier_that_is_verified() {
    let stage = Stage::start().await;
    let folder = tempfile::tempdir().unwrap();
    let key = field(stage.data(), &["key", "create", "painel"], "key").await;
    let path = format!("/api/v1/media/{}/dossier?lang=en", stage.stored);
    let request = stage.test.http.get(stage.test.origin() + &path);
    let answer = request.bearer_auth(key).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    let file = folder.path().join("dossier.zip");
    std::fs::write(&file, answer.bytes().await.unwrap()).unwrap();
    let verify = ["verify-dossier", file.to_str().unwrap()];
    let mut text = both(stage.data(), &verify).await;
    std::fs::write(&file, "no ZIP").unwrap();
    text += &both(stage.data(), &verify).await;
    let places = [(stage.data(), "[data]"), (folder.path(), "[folder]")];
    compare("verify-dossier", &text, &places);
    stage.test.end().await;
}

#[tokio::test]
async fn an_import() {
    let original = Original::new();
    original.file("cliente_2/ok.mp3", &ogg(1));
    original.row(&row("STORED", Some("cliente_2/ok.mp3"), &ogg(1)));
    let mut failed = row("QUEUED", None, &ogg(2));
    (failed.status, failed.direct_path) = ("failed", Some(LIVING));
    original.row(&failed);
    (failed.message, failed.direct_path) = ("LOST", Some(DEAD));
    original.row(&failed);
    let folder = tempfile::tempdir().unwrap();
    let source = original.folder.path();
    let (db, media) = (source.join("db.sqlite3"), source.join("media_storage"));
    let import = [
        "import",
        "multichat",
        "--db",
        db.to_str().unwrap(),
        "--media",
        media.to_str().unwrap(),
    ];
    let dry = [&import[..], &["--dry-run"]].concat();
    let text = both(folder.path(), &dry).await + &document(folder.path(), &import).await;
    let places = [(folder.path(), "[data]"), (source, "[source]")];
    compare("import-multichat", &text, &places);
}

#[tokio::test]
async fn the_decryption_of_one_file() {
    let folder = tempfile::tempdir().unwrap();
    let key = wa_media::MediaKey::new([7; 32]);
    let plain = b"a text begins like nothing known".as_slice();
    let encrypted = wa_media::encrypt::encrypt(&key, wa_media::KeyKind::Video, plain);
    let file = folder.path().join("text.enc");
    let decrypt = [
        "decrypt",
        file.to_str().unwrap(),
        "--kind",
        "video",
        "--media-key",
        "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=",
    ];
    std::fs::write(&file, &encrypted.body).unwrap();
    let mut text = document(folder.path(), &decrypt).await;
    std::fs::remove_file(folder.path().join("text")).unwrap();
    let mut altered = encrypted.body;
    altered[3] ^= 1;
    std::fs::write(&file, altered).unwrap();
    text += &both(folder.path(), &decrypt).await;
    compare("decrypt", &text, &[(folder.path(), "[data]")]);
}

#[tokio::test]
async fn the_settings() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    let mut text = both(data, &["config", "show"]).await;
    text += &both(data, &["config", "init"]).await;
    std::fs::remove_file(data.join("midiateca.toml")).unwrap();
    text += &document(data, &["config", "init"]).await;
    std::fs::write(data.join("midiateca.toml"), "[door]\nlisten = \"x\"\n").unwrap();
    text += &both(data, &["config", "check"]).await;
    compare("config", &text, &[(data, "[data]")]);
}

#[tokio::test]
async fn errors_and_the_help() {
    let folder = TempDir::new().unwrap();
    let data = folder.path();
    let missing = data.join("none");
    let mut text = both(data, &["media", "list", "--status", "nonsense"]).await;
    text += &both(data, &["chekc"]).await;
    text += &both(&missing, &["media", "list"]).await;
    run(data, &["client", "add", "Clínica Aurora"]).await;
    text += &both(data, &["media", "show", "0190"]).await;
    text += &both(data, &["--config", "none.toml", "check"]).await;
    text += &both(data, &["instance", "show", OTHER]).await;
    compare("errors", &text, &[(data, "[data]")]);
    let text =
        screens(data, &["--help"]).await + &screens(data, &["media", "list", "--help"]).await;
    compare("help", &text, &[(data, "[data]")]);
}

#[tokio::test]
async fn wrong_usage_has_a_code_and_a_hint_in_both_languages() {
    let folder = TempDir::new().unwrap();
    let mut all = String::new();
    for line in [
        "check --helpp",
        "medias",
        "",
        "client add",
        "check --log-format",
        "check --log-format xml",
        "check --lang pt-Br",
        "media list --kind foto",
        "media list --since ontem",
        "media list --limit muitas",
        "media list --limit 0",
        "check -v -q",
        "check --config a --config b",
        "check --json=yes",
        "client add A --novo",
        "retry A --failed",
        "ajuda",
        "saúde",
        "medai lst",
        "retry --falhas",
        "media list --limit -5x",
    ] {
        let words: Vec<_> = line.split_whitespace().collect();
        let error = document(folder.path(), &words).await;
        assert!(error.contains("exit code 2"), "{error}");
        let json = &error[error.find('{').unwrap()..];
        let json: Value = serde_json::from_str(json).unwrap();
        let message = json["error"]["message"].as_str().unwrap();
        assert!(!message.contains("Usage"), "{message}");
        let text = screens(folder.path(), &words).await;
        let (_, portuguese) = text.split_once("--lang pt-BR").unwrap();
        for word in ["Usage", "OPTIONS", "COMMAND", "the ", " is "] {
            assert!(!portuguese.contains(word), "{portuguese}");
        }
        all += &(error + &text);
    }
    compare("usage", &all, &[(folder.path(), "[data]")]);
}
