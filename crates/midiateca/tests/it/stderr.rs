//! Messages on stderr: in the chosen language, with a hint where there is one, and harmless when stderr is closed.

use std::io::{BufRead as _, BufReader};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Stdio};

use wa_sim::{Sim, SimMedia};

use crate::commands::{DOCUMENTED, midiateca, set_up, stderr, stdout};
use crate::stage::FIRST;

fn command(data: &Path, arguments: &[&str]) -> Command {
    let mut command = crate::stage::program(data);
    command
        .args(arguments)
        .env("LANG", "C")
        .stdin(Stdio::null());
    command
}

#[tokio::test]
async fn a_closed_stderr_changes_no_exit_code() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    let sim = Sim::start().await.unwrap();
    set_up(data, &sim).await;
    // Log lines are talk too.
    std::fs::remove_file(data.join("secret.key")).unwrap();
    let busy = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = busy.local_addr().unwrap().to_string();
    for (line, code) in [
        (&["medias"][..], 2),
        (&["instance", "show", "NONE"], 2),
        (&["serve", "--listen", &address], 3),
    ] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let mut command = command(data, line);
        command.stderr(writer).stdout(Stdio::null());
        let status = command.status().unwrap();
        assert_eq!(status.code(), Some(code), "{line:?}");
    }
}

#[tokio::test]
async fn settings_that_cannot_be_are_wrong_usage_and_say_how_it_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    for line in [
        &["serve", "--listen", "foo"][..],
        &["demo", "--listen", "0.0.0.0:"],
    ] {
        let said = midiateca(data, line).await;
        assert_eq!(said.status.code(), Some(2), "{said:?}");
        assert!(stderr(&said).contains("write it like 0.0.0.0:8000"));
        let said = midiateca(data, &[line, &["--lang", "pt-BR"]].concat()).await;
        assert!(stderr(&said).contains("não é um endereço com porta"));
    }
    for (name, value, expected) in [
        ("MIDIATECA_LISTEN", "foo", "write it like 0.0.0.0:8000"),
        ("MIDIATECA_PUBLIC_URL", "foo", "plain web address"),
    ] {
        let mut command = command(data, &["config", "show"]);
        let output = command.env(name, value).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{output:?}");
        assert!(stderr(&output).contains(expected), "{}", stderr(&output));
    }
    let nameless = midiateca(data, &["client", "add", " "]).await;
    assert_eq!(nameless.status.code(), Some(2), "{nameless:?}");
    assert!(!data.join("midiateca.db").exists());
}

#[tokio::test]
async fn an_error_names_what_to_try_next() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    midiateca(data, &["client", "add", "Clínica Aurora", "--id", "2"]).await;
    let add = ["instance", "add", "ID", "--client", "2"];
    for (line, code, expected) in [
        (
            &[&add[..], &["--api-base", "foo"]].concat()[..],
            2,
            "https://host",
        ),
        (
            &[&add[..], &["--token-env", "NOVAR"]].concat(),
            2,
            "--token-file",
        ),
        (&["test-webhook", "nofile"], 2, "hint: check the path"),
        (
            &["decrypt", "x.enc", "--media-key", "abc", "--kind", "image"],
            2,
            "copy the whole value",
        ),
    ] {
        let output = midiateca(data, line).await;
        let said = stderr(&output);
        assert_eq!(output.status.code(), Some(code), "{line:?} {said}");
        assert!(said.contains(expected), "{line:?} {said}");
    }
}

#[test]
fn the_address_of_the_server_is_printed_in_the_chosen_language() {
    let folder = tempfile::tempdir().unwrap();
    for (lang, expected) in [
        ("en", "midiateca listens on 127"),
        ("pt-BR", "midiateca escutando em 127"),
    ] {
        let line = ["--lang", lang, "serve", "--listen", "127.0.0.1:0"];
        let mut serving = command(folder.path(), &line);
        let mut serving = serving.stderr(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(serving.stderr.take().unwrap()).lines();
        let line = lines
            .map(Result::unwrap)
            .find(|line| line.starts_with("midiateca "));
        serving.kill().unwrap();
        serving.wait().unwrap();
        assert!(line.unwrap().starts_with(expected));
    }
}

#[tokio::test]
async fn instances_are_listed_and_shown_in_the_chosen_language() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    let sim = Sim::start().await.unwrap();
    set_up(data, &sim).await;
    sim.world().add(SimMedia::documented());
    midiateca(data, &["test-webhook", DOCUMENTED]).await;
    let portuguese = ["--lang", "pt-BR", "instance"];
    let listed = midiateca(data, &[&portuguese[..], &["list"]].concat()).await;
    let listed = stdout(&listed);
    assert!(
        listed.contains("\tdesconhecida\t") && listed.ends_with("\trotas=gateway\n"),
        "{listed}"
    );
    let shown = [&portuguese[..], &["show", FIRST, "--offline"]].concat();
    let shown = stdout(&midiateca(data, &shown).await);
    assert!(shown.contains("áudio     armazenada"), "{shown}");
    let arguments = [
        "instance",
        "add",
        FIRST,
        "--client",
        "2",
        "--api-base",
        "http://127.0.0.1:9/v1",
    ];
    midiateca(data, &arguments).await;
    let shown = [&portuguese[..], &["show", FIRST]].concat();
    let shown = stdout(&midiateca(data, &shown).await);
    assert!(shown.contains("sem resposta: conexão recusada"), "{shown}");
}

#[tokio::test]
async fn the_settings_file_is_written_in_the_chosen_language() {
    let folder = tempfile::tempdir().unwrap();
    for (lang, expected) in [("en", "every setting"), ("pt-BR", "cada configuração")] {
        let data = folder.path().join(lang);
        let init = midiateca(&data, &["--lang", lang, "config", "init"]).await;
        assert!(init.status.success(), "{init:?}");
        let text = std::fs::read_to_string(data.join("midiateca.toml")).unwrap();
        assert!(text.contains(expected), "{text}");
        let shown = midiateca(&data, &["config", "show"]).await;
        assert!(shown.status.success(), "{shown:?}");
    }
}

#[test]
fn an_output_that_cannot_be_written_is_an_error_in_the_chosen_language() {
    let folder = tempfile::tempdir().unwrap();
    for (lang, expected) in [
        ("en", "error: stdout cannot be written: "),
        ("pt-BR", "erro: não é possível gravar na saída padrão"),
    ] {
        for json in [false, true] {
            let full = std::fs::File::options().write(true).open("/dev/full");
            let line = ["--lang", lang, "config", "show", "--json"];
            let line = if json { &line[..] } else { &line[..4] };
            let mut command = command(folder.path(), line);
            let output = command.stdout(full.unwrap()).output().unwrap();
            let said = stderr(&output);
            assert_eq!(output.status.code(), Some(3), "{said}");
            if json {
                let error: serde_json::Value = serde_json::from_str(&said).unwrap();
                assert_eq!(error["error"]["code"], "no_stdout");
            } else {
                assert!(said.starts_with(expected), "{said}");
            }
        }
    }
}
