//! What the command line says of a wrong value, and of what is really in use.

use serde_json::Value;
use wa_sim::Sim;

use crate::commands::{midiateca, set_up, stderr, stdout};
use crate::stage::{FIRST, TestApp};

#[tokio::test]
async fn a_wrong_value_is_named_with_what_to_give_instead() {
    let test = TestApp::start().await;
    let data = test.app.data.as_path();
    for (command, code, words) in [
        (&["media", "show", ""][..], "empty", "as the lists show it"),
        (
            &["deliveries", "show", " "],
            "empty",
            "as the lists show it",
        ),
        (
            &["media", "list", "--limit", "-1"],
            "invalid_value",
            "--limit <N>",
        ),
        (
            &["deliveries", "list", "--limit", "-1"],
            "invalid_value",
            "--limit <N>",
        ),
        (&["audit", "--limit", "-1"], "invalid_value", "--limit <N>"),
        (&["scrub", "--rate", "-1"], "invalid_value", "--rate <MB>"),
        (
            &["media", "list", "--client", "-1"],
            "unknown_client",
            "client list",
        ),
        (&["media", "show", "-1"], "unknown_media", "media list"),
        (
            &["hold", "add", "--client", "2", "--person", "12", "processo"],
            "unknown_contact",
            "12 is unknown",
        ),
        (
            &["forget", "--client", "2", "--contact", "12"],
            "unknown_contact",
            "12 is unknown",
        ),
    ] {
        let refused = midiateca(data, &[&["--json"], command].concat()).await;
        let said = stderr(&refused);
        assert_eq!(refused.status.code(), Some(2), "{command:?}: {said}");
        let error: Value = serde_json::from_str(&said).unwrap();
        assert_eq!(error["error"]["code"], code, "{command:?}: {said}");
        assert!(said.contains(words), "{command:?}: {said}");
        assert!(!said.contains("--contact"), "{command:?}: {said}");
    }
    test.end().await;
}

#[tokio::test]
async fn a_problem_of_the_settings_is_named_with_its_file_and_line() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    midiateca(data, &["client", "add", "Clínica Aurora"]).await;
    let file = data.join("midiateca.toml");
    for (text, line, key) in [
        (
            "[worker]\nper_host = 3\nconcurrency = 0\n",
            3,
            "worker.concurrency",
        ),
        (
            "[storage]\npause_below = '9GiB'\n",
            2,
            "storage.resume_above",
        ),
        (
            "\n\n[http]\nlisten = ['127.0.0.1:1', 'x']\n",
            4,
            "x is not an address",
        ),
        ("[fetch]\nroutes = []\n", 2, "fetch.routes"),
        (
            "[[retention.rules]]\nkind = 'image'\n",
            1,
            "retention.rules",
        ),
        ("[door]\nlisten = '127.0.0.1:1'\n", 2, "door"),
        ("[http]\nlistne = 'x'\n", 2, "http.listne"),
    ] {
        std::fs::write(&file, text).unwrap();
        let refused = midiateca(data, &["client", "list"]).await;
        let said = stderr(&refused);
        assert_eq!(refused.status.code(), Some(2), "{text}: {said}");
        for words in [&*file.to_string_lossy(), &format!("line {line}"), key] {
            assert!(said.contains(words), "{text}: {said}");
        }
        let checked = midiateca(data, &["--json", "config", "check"]).await;
        let checked: Value = serde_json::from_str(&stdout(&checked)).unwrap();
        assert_eq!(checked["problems"][0]["line"], line, "{text}: {checked}");
        let checked = midiateca(data, &["config", "check"]).await;
        let said = stdout(&checked);
        assert!(said.contains(&format!("line {line}")), "{text}: {said}");
    }
}

#[tokio::test]
async fn the_routes_that_are_shown_are_those_that_are_used() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    midiateca(data, &["client", "add", "Clínica Aurora", "--id", "2"]).await;
    let add = [
        "instance",
        "add",
        "loja",
        "--client",
        "2",
        "--offline",
        "--gateway",
    ];
    let base = ["--api-base", "http://127.0.0.1:1"];
    midiateca(data, &[&add[..], &["evolution"], &base].concat()).await;
    let routes = async || {
        let shown = midiateca(data, &["instance", "show", "loja", "--offline"]).await;
        let text = stdout(&shown);
        let line = text.lines().find(|line| line.starts_with("routes "));
        line.unwrap()
            .trim_start_matches("routes ")
            .trim()
            .to_owned()
    };
    let gateway = midiateca_service::gateway::Gateway::Evolution;
    let usual: Vec<_> = gateway
        .routes()
        .iter()
        .map(|route| route.as_str())
        .collect();
    let usual = usual.join(", ");
    assert_eq!(routes().await, format!("{usual} (the order for evolution)"));
    std::fs::write(
        data.join("midiateca.toml"),
        "[fetch]\nroutes = ['gateway']\n",
    )
    .unwrap();
    assert_eq!(routes().await, "gateway (fetch.routes)");
    midiateca(
        data,
        &[
            "instance", "add", "loja", "--client", "2", "--routes", "inline",
        ],
    )
    .await;
    assert_eq!(routes().await, "inline");
}

#[cfg(unix)]
#[tokio::test]
async fn the_tables_of_check_are_not_wider_than_the_terminal() {
    use crate::pty::{Terminal, command};
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    let sim = Sim::start().await.unwrap();
    set_up(data, &sim).await;
    let arguments = ["--data", data.to_str().unwrap(), "check"];
    let program = env!("CARGO_BIN_EXE_midiateca");
    let terminal = Terminal::start(command(program, &arguments), 80, 60);
    let (_, screen) = terminal.ended();
    let rows: Vec<_> = screen
        .lines()
        .filter(|row| row.contains(['│', '┌', '└']))
        .collect();
    assert!(rows.len() > 8, "{screen}");
    for row in rows {
        let is_whole = row.ends_with(['│', '┐', '┤', '╡', '┘']);
        assert!(is_whole && row.chars().count() <= 80, "{row}\n{screen}");
    }
    // Piped, a row is a line.
    let piped = stdout(&midiateca(data, &["check"]).await);
    let row = piped.lines().find(|line| line.contains(FIRST)).unwrap();
    assert!(row.starts_with('│') && row.ends_with('│'), "{row}");
}
