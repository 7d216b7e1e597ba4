//! What scripts rely on: settings and their variables, ids, times, and one JSON document per command.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::{Value, json};
use wa_sim::Sim;

use crate::commands::{midiateca, set_up, stderr, stdout};
use crate::stage::{FIRST, sample};

fn command(data: &Path, line: &[&str]) -> Command {
    let mut command = crate::stage::program(data);
    command.args(line).env("LANG", "C");
    command
}

fn run(data: &Path, line: &[&str]) -> Output {
    command(data, line).output().unwrap()
}

fn document(output: &Output) -> Value {
    let text = stdout(output);
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text} {output:?}"))
}

/// A folder with a stored media for each message, and the id of the last one.
async fn with_media(data: &Path, messages: &[&str]) -> String {
    let sim = Sim::start().await.unwrap();
    set_up(data, &sim).await;
    let body = data.join("delivery.json");
    for message in messages {
        fs::write(&body, sim.world().add(sample(message)).body.to_string()).unwrap();
        let sent = midiateca(data, &["test-webhook", body.to_str().unwrap()]).await;
        assert!(sent.status.success(), "{sent:?}");
    }
    let list = document(&run(data, &["--json", "media", "list"]));
    list["items"][0]["id"].as_str().unwrap().to_owned()
}

async fn with_one_media(data: &Path) -> String {
    with_media(data, &["ONE"]).await
}

#[test]
fn the_version_names_the_commit_or_says_that_it_is_unknown() {
    let folder = tempfile::tempdir().unwrap();
    let said = stdout(&run(folder.path(), &["--version"]));
    let rest = said
        .trim()
        .strip_prefix(concat!("midiateca ", env!("CARGO_PKG_VERSION"), " ("));
    let rest = rest
        .and_then(|rest| rest.strip_suffix(')'))
        .unwrap_or_else(|| panic!("{said}"));
    let is_commit =
        |text: &str| text.len() >= 7 && text.chars().all(|letter| letter.is_ascii_hexdigit());
    let (commit, date) = rest.split_once(' ').unwrap_or((rest, ""));
    assert!(commit == "unknown" || is_commit(commit), "{said}");
    if is_commit(commit) {
        let shape: String = date
            .chars()
            .map(|letter| if letter.is_ascii_digit() { '0' } else { letter })
            .collect();
        assert_eq!(shape, "0000-00-00", "{said}");
    }
}

#[test]
fn colors_are_used_where_they_are_asked_for_only() {
    let folder = tempfile::tempdir().unwrap();
    for (line, variable, expected) in [
        (&["--color", "always", "--help"][..], None, true),
        (&["--color=never", "--help"], None, false),
        (&["--help"], None, false),
        (&["--color", "always", "--help"], Some("1"), true),
    ] {
        let mut command = command(folder.path(), line);
        if let Some(value) = variable {
            command.env("NO_COLOR", value);
        }
        let help = stdout(&command.output().unwrap());
        assert_eq!(help.contains('\u{1b}'), expected, "{line:?}");
    }
    let wrong = run(folder.path(), &["--color", "blue", "check"]);
    assert_eq!(wrong.status.code(), Some(2));
    run(folder.path(), &["client", "add", "Clínica Aurora"]);
    for report in [&["check"][..], &["status"], &["doctor", "--offline"]] {
        for (options, no_color, expected) in [
            (&["--color", "always"][..], "", true),
            (&["--color", "always", "--json"], "", false),
            (&["--color", "never"], "", false),
            (&[], "", false),
            (&[], "1", false),
        ] {
            let line = [options, report].concat();
            let mut command = command(folder.path(), &line);
            let said = stdout(&command.env("NO_COLOR", no_color).output().unwrap());
            assert_eq!(said.contains("\u{1b}[3"), expected, "{line:?} {said}");
        }
    }
}

#[test]
fn a_setting_is_taken_from_the_environment_before_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    let file = data.join("midiateca.toml");
    fs::write(
        &file,
        "[http]\nmax_body = '1MiB'\nmax_connections = 7\n[worker]\nlease = '90s'\n",
    )
    .unwrap();
    let mut show = command(data, &["--json", "config", "show"]);
    show.env("MIDIATECA__HTTP__MAX_BODY", "2MiB");
    show.env("MIDIATECA_LISTEN", "127.0.0.1:1,[::1]:2");
    // The name of a file, and not thirty days.
    show.env("MIDIATECA_SECRET_KEY_FILE", "30d");
    let shown = document(&show.output().unwrap());
    assert_eq!(shown["next"], Value::Null);
    let setting = |key: &str| {
        let items = shown["items"].as_array().unwrap();
        let found = items.iter().find(|item| item["key"] == key);
        found.unwrap_or_else(|| panic!("{key}")).clone()
    };
    let body = setting("http.max_body");
    assert_eq!(body["value"], 2 << 20);
    assert_eq!(
        (&body["source"], &body["origin"]),
        (&json!("environment"), &json!("MIDIATECA__HTTP__MAX_BODY"))
    );
    assert_eq!(
        setting("http.listen")["value"],
        json!(["127.0.0.1:1", "[::1]:2"])
    );
    assert_eq!(setting("secrets.key_file")["value"], "30d");
    let lease = setting("worker.lease");
    assert_eq!(
        (&lease["value"], &lease["source"]),
        (&json!(90_000), &json!("file"))
    );
    assert_eq!(lease["origin"], json!(file));
    assert_eq!(
        setting("http.max_bodies"),
        json!({"key": "http.max_bodies", "value": 256 << 20, "source": "default", "origin": null})
    );
    let mut wrong = command(data, &["config", "show"]);
    let wrong = wrong
        .env("MIDIATECA__HTTP__MAX_BDOY", "2MiB")
        .output()
        .unwrap();
    assert_eq!(wrong.status.code(), Some(2));
    assert!(
        stderr(&wrong).contains("MIDIATECA__HTTP__MAX_BDOY"),
        "{wrong:?}"
    );
}

#[test]
fn each_problem_of_the_settings_is_named_with_a_hint() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    let file = data.join("midiateca.toml");
    fs::write(
        &file,
        "[door]\nmax_body_bytes = 1048576\n[worker]\nconcurrency = 0\nlease = 'soon'\n",
    )
    .unwrap();
    let checked = run(data, &["config", "check"]);
    assert_eq!(checked.status.code(), Some(2), "{checked:?}");
    let said = stdout(&checked);
    for expected in [
        "door.max_body_bytes is named http.max_body now",
        "hint: write `max_body = \"1MiB\"`",
        "line 5, column 9",
        "worker.concurrency must be at least 1",
    ] {
        assert!(said.contains(expected), "{expected}: {said}");
    }
    let checked = run(data, &["--json", "config", "check"]);
    assert_eq!(checked.status.code(), Some(2));
    let problems = document(&checked)["problems"].as_array().unwrap().clone();
    assert_eq!(problems.len(), 3);
    for problem in &problems {
        let code = problem["code"].as_str().unwrap();
        assert!(
            code.chars()
                .all(|letter| letter.is_ascii_lowercase() || letter == '_'),
            "{code}"
        );
    }
    let value = json!({"code": "setting_invalid", "fault": "value", "key": "worker.lease", "line": 5, "column": 9, "text": "'soon'"});
    assert_eq!(problems[1], value);
    let renamed = json!({"code": "setting_renamed", "line": 2, "old": "door.max_body_bytes", "new": "http.max_body", "write": "max_body = \"1MiB\""});
    assert_eq!(problems[0], renamed);
    // Any other command refuses the same file, and says what to write.
    let refused = run(data, &["check"]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(
        stderr(&refused).contains("hint: write `max_body = \"1MiB\"`"),
        "{refused:?}"
    );
    fs::write(&file, "[http]\nmax_body = '1MiB'\n").unwrap();
    assert_eq!(run(data, &["config", "check"]).status.code(), Some(0));
    let mut wrong = command(data, &["config", "check"]);
    let wrong = wrong.env("MIDIATECA_LISTEN", "foo").output().unwrap();
    assert_eq!(wrong.status.code(), Some(2));
    assert!(
        stdout(&wrong).contains("write it like 0.0.0.0:8000"),
        "{wrong:?}"
    );
}

#[tokio::test]
async fn ids_may_be_shortened_as_long_as_one_thing_is_meant() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    let id = with_media(data, &["ONE", "TWO"]).await;
    let all_but_the_end = &id[..id.len() - 4];
    let shown = document(&run(data, &["--json", "media", "show", all_but_the_end]));
    assert_eq!(shown["media"]["id"], id.as_str());
    let unknown = run(data, &["media", "show", "ffffffff"]);
    assert_eq!(unknown.status.code(), Some(2));
    let instance = run(
        data,
        &["--json", "instance", "show", "--offline", &FIRST[..3]],
    );
    assert_eq!(document(&instance)["instance"], FIRST);
    let filtered = document(&run(
        data,
        &["--json", "media", "list", "--instance", &FIRST[..3]],
    ));
    assert_eq!(filtered["items"].as_array().unwrap().len(), 2);
    let retried = run(data, &["--json", "retry", "--dry-run", all_but_the_end]);
    assert!(stdout(&retried).contains(&id), "{retried:?}");
    let ambiguous = run(data, &["media", "show", &id[..2]]);
    assert_eq!(ambiguous.status.code(), Some(2));
    assert!(stderr(&ambiguous).contains(&id), "{ambiguous:?}");
}

#[tokio::test]
async fn a_delivery_is_shown_without_the_keys_of_its_media() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    with_one_media(data).await;
    let list = document(&run(data, &["--json", "deliveries", "list"]));
    let id = list["items"][0]["delivery"].as_str().unwrap();
    for line in [
        &["deliveries", "show", id][..],
        &["--json", "deliveries", "show", id],
    ] {
        let shown = run(data, line);
        assert_eq!(shown.status.code(), Some(0), "{shown:?}");
        let text = stdout(&shown);
        assert!(text.contains("msgContent"), "{text}");
        let mut lines = text.split("\"mediaKey\"").skip(1);
        assert!(
            lines.all(|rest| rest
                .trim_start_matches([':', ' '])
                .starts_with("\"[masked]\"")),
            "{text}"
        );
    }
}

#[tokio::test]
async fn the_path_of_a_stored_file_is_printed() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    let id = with_one_media(data).await;
    let shown = document(&run(data, &["--json", "media", "show", &id]));
    let opened = run(data, &["media", "open", &id]);
    match shown["media"]["path"].as_str() {
        Some(path) => {
            let printed = stdout(&opened);
            assert!(printed.trim().ends_with(path), "{printed}");
            assert!(Path::new(printed.trim()).is_file(), "{printed}");
            let opened = document(&run(
                data,
                &["--json", "media", "open", &id[..id.len() - 2]],
            ));
            assert_eq!(opened, json!({"media": id, "path": printed.trim()}));
            fs::remove_file(printed.trim()).unwrap();
            let missing = run(data, &["media", "open", &id]);
            assert_eq!(missing.status.code(), Some(1), "{missing:?}");
            assert!(stderr(&missing).contains("missing"), "{missing:?}");
        }
        None => panic!("the sample was not stored: {shown}"),
    }
}

#[tokio::test]
async fn a_client_gets_another_name() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    assert_eq!(
        run(data, &["client", "add", "Aurora"]).status.code(),
        Some(0)
    );
    assert_eq!(
        run(data, &["client", "add", "Boreal"]).status.code(),
        Some(0)
    );
    let renamed = run(data, &["--json", "client", "rename", "1", "Clínica Aurora"]);
    assert_eq!(
        document(&renamed),
        json!({"client": 1, "name": "Clínica Aurora"})
    );
    let list = document(&run(data, &["--json", "client", "list"]));
    let expected =
        json!([{"client": 1, "name": "Clínica Aurora"}, {"client": 2, "name": "Boreal"}]);
    assert_eq!(list, json!({"items": expected, "next": null}));
    for (number, name, said) in [
        ("1", "Boreal", "exists already"),
        ("9", "X", "no client 9"),
        ("1", " ", "needs a name"),
    ] {
        let refused = run(data, &["client", "rename", number, name]);
        assert_eq!(refused.status.code(), Some(2), "{refused:?}");
        assert!(stderr(&refused).contains(said), "{refused:?}");
    }
}

#[tokio::test]
async fn people_see_times_in_their_zone_and_programs_in_utc() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    let id = with_one_media(data).await;
    let shown = document(&run(data, &["--json", "media", "show", &id]));
    let utc = shown["media"]["received_at"].as_str().unwrap().to_owned();
    let shape: String = utc
        .chars()
        .map(|letter| if letter.is_ascii_digit() { '0' } else { letter })
        .collect();
    assert_eq!(shape, "0000-00-00T00:00:00.000Z");
    let in_zone = |name: &str| {
        let mut list = command(data, &["media", "list"]);
        stdout(
            &list
                .env("MIDIATECA__HTTP__TIME_ZONE", name)
                .output()
                .unwrap(),
        )
    };
    assert!(
        in_zone("America/Noronha").contains(" -02:00\t"),
        "{}",
        in_zone("America/Noronha")
    );
    assert!(in_zone("Asia/Kolkata").contains(" +05:30\t"));
    assert!(in_zone("UTC").contains(&format!("{} +00:00\t", utc[..19].replace('T', " "))));
    let mut wrong = command(data, &["media", "list"]);
    let wrong = wrong
        .env("MIDIATECA__HTTP__TIME_ZONE", "Mars/Olympus")
        .output()
        .unwrap();
    assert_eq!(wrong.status.code(), Some(2), "{wrong:?}");
    // The day of that moment begins 14 hours earlier in one zone than at the other end of the world.
    let since_its_day = |name: &str| {
        let now: String = stdout(&{
            let mut list = command(data, &["media", "list"]);
            list.env("MIDIATECA__HTTP__TIME_ZONE", name)
                .output()
                .unwrap()
        });
        let day = now.split('\t').nth(1).unwrap()[..10].to_owned();
        let mut list = command(data, &["--json", "media", "list", "--since", &day]);
        let list = list
            .env("MIDIATECA__HTTP__TIME_ZONE", name)
            .output()
            .unwrap();
        document(&list)["items"].as_array().unwrap().len()
    };
    assert_eq!(since_its_day("Pacific/Kiritimati"), 1);
    assert_eq!(since_its_day("Pacific/Pago_Pago"), 1);
}

#[test]
fn the_server_listens_on_each_address() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = taken.local_addr().unwrap().to_string();
    let refused = run(
        data,
        &["serve", "--listen", "127.0.0.1:0", "--listen", &taken],
    );
    // The second one is tried as well.
    assert_eq!(refused.status.code(), Some(3), "{refused:?}");
    assert!(stderr(&refused).contains(&taken), "{refused:?}");
}

/// Whether a value is an id, a path, a number, a time or a code: prose has spaces.
fn has_prose(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains(' '),
        Value::Array(items) => items.iter().any(has_prose),
        Value::Object(fields) => fields.values().any(has_prose),
        _ => false,
    }
}

#[tokio::test]
async fn long_operations_print_one_document_without_prose() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    with_media(&data, &["ONE"]).await;
    let rules = "[retention]\nrules = [{ larger_than = 1 }]\n";
    fs::write(data.join("midiateca.toml"), rules).unwrap();
    let [backup, export] = ["backup", "export"].map(|name| folder.path().join(name));
    let (backup, export) = (backup.to_str().unwrap(), export.to_str().unwrap());
    for (line, list, count, expected) in [
        (&["backup", backup][..], "findings", "/files/copied", 1),
        (&["scrub"], "findings", "/intact", 1),
        (&["media", "export", export], "findings", "/files", 1),
        (&["sweep", "--dry-run"], "items", "/files", 1),
        (&["sweep"], "items", "/files", 1),
        (&["sweep"], "items", "/files", 0),
        (&["backup", backup], "findings", "/files/surplus", 1),
    ] {
        let output = run(&data, &[&["--json"], line].concat());
        let report = document(&output);
        assert!(output.status.success(), "{line:?} {output:?}");
        assert_eq!(report.pointer(count), Some(&json!(expected)), "{report}");
        assert!(report[list].is_array(), "{report}");
        assert_eq!(report["stopped"], false, "{report}");
        assert!(!has_prose(&report), "{report}");
    }
}

#[test]
fn help_version_pages_and_completions_are_one_document_with_json() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    for (line, field, part) in [
        (&["--json", "--help"][..], "help", "Usage: midiateca"),
        (&["--json", "help", "check"], "help", "midiateca check"),
        (&["--version", "--json"], "version", "midiateca "),
        (&["--json", "man"], "page", ".SH NAME"),
        (&["--json", "completions", "bash"], "script", "complete"),
    ] {
        let output = run(data, line);
        assert_eq!(output.status.code(), Some(0), "{line:?}");
        let text = document(&output)[field].as_str().unwrap().to_owned();
        assert!(text.contains(part), "{line:?}: {text}");
    }
    let pages = data.join("pages");
    let written = run(data, &["--json", "man", pages.to_str().unwrap()]);
    assert_eq!(document(&written)["folder"], json!(pages));
}

#[tokio::test]
async fn lists_go_on_after_the_page_before() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    with_media(data, &["ONE", "TWO", "THREE"]).await;
    for (list, id) in [("media", "id"), ("deliveries", "delivery")] {
        let whole = document(&run(data, &["--json", list, "list"]));
        assert_eq!(whole["next"], Value::Null);
        let page = ["--json", list, "list", "--limit", "2"];
        let first = document(&run(data, &page));
        let next = first["next"].as_str().unwrap_or_else(|| panic!("{first}"));
        let last = first["items"][1][id].as_str().unwrap();
        assert!(next.ends_with(last), "{next}");
        let second = run(data, &[&page[..], &["--cursor", next]].concat());
        let second = document(&second);
        assert_eq!(second["next"], Value::Null);
        let items = |page: &Value| page["items"].as_array().unwrap().clone();
        let both = [items(&first), items(&second)].concat();
        assert_eq!(both, items(&whole), "{list}");
        let said = stderr(&run(data, &page[1..]));
        assert!(said.contains(&format!("--cursor {next}")), "{said}");
        for refused in [["--limit", "0"], ["--cursor", "nonsense"]] {
            let refused = run(data, &[&["--json", list, "list"][..], &refused].concat());
            assert_eq!(refused.status.code(), Some(2), "{}", stdout(&refused));
        }
    }
    // A page follows the one before although its last row was deleted since.
    for (list, table) in [("media", "media"), ("deliveries", "deliveries")] {
        let page = ["--json", list, "list", "--limit", "1"];
        let whole = document(&run(data, &["--json", list, "list"]));
        let next = document(&run(data, &page))["next"].clone();
        let id = whole["items"][0][if list == "media" { "id" } else { "delivery" }].clone();
        let db = rusqlite::Connection::open(data.join("midiateca.db")).unwrap();
        db.execute_batch("pragma foreign_keys = off").unwrap();
        let sql = format!("create temp table kept as select * from {table} where id = ?1");
        db.execute(&sql, [id.as_str()]).unwrap();
        let sql = format!("delete from {table} where id = ?1");
        db.execute(&sql, [id.as_str()]).unwrap();
        let second = run(
            data,
            &[&page[..], &["--cursor", next.as_str().unwrap()]].concat(),
        );
        assert_eq!(document(&second)["items"][0], whole["items"][1], "{list}");
        db.execute_batch(&format!("insert into {table} select * from kept"))
            .unwrap();
    }
    // More than one query reads.
    let db = rusqlite::Connection::open(data.join("midiateca.db")).unwrap();
    let sql = "with recursive n (n) as (select 1 union all select n + 1 from n where n < 1200)
               insert into deliveries (id, instance, received_at, verdict, body_size, body_lz4)
               select printf('zz%04d', n), (select min(id) from instances), n, 'ignored', 0, x'' from n";
    db.execute_batch(sql).unwrap();
    for (limit, count) in [
        ("700", 700),
        ("1000", 1_000),
        ("1203", 1_203),
        ("9999", 1_203),
    ] {
        let page = run(data, &["--json", "deliveries", "list", "--limit", limit]);
        let page = document(&page);
        assert_eq!(page["items"].as_array().unwrap().len(), count);
        assert_eq!(page["next"].is_null(), count == 1_203, "{limit}");
    }
    let all = document(&run(data, &["--json", "deliveries", "list"]));
    assert_eq!(all["items"].as_array().unwrap().len(), 1_203);
}
