//! Languages, names and pipes.

use super::*;

#[cfg(unix)]
#[tokio::test]
async fn a_reader_that_stops_early_ends_the_program_quietly() {
    let folder = tempfile::tempdir().unwrap();
    let mut config = crate::stage::program(folder.path())
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
