//! A data folder that is mistyped, unreadable or not one: nothing is made, and no default takes the place of what cannot be
//! read.

use std::path::Path;

use crate::commands::{midiateca, stderr, stdout};

/// Commands for an installation that exists.
const COMMANDS: &[&[&str]] = &[
    &["user", "setup-link"],
    &["user", "add", "ana"],
    &["user", "list"],
    &["key", "create", "painel"],
    &["endpoint", "add", "https://example.org/"],
    &["instance", "add", "ID", "--client", "2", "--offline"],
    &["instance", "list"],
    &["client", "list"],
    &["client", "rename", "2", "Nova"],
    &["client", "remove", "2"],
    &["hold", "add", "--client", "2", "processo"],
    &["audit"],
    &["retry", "--waiting"],
    &["sweep"],
    &["monitor", "--lines", "--once"],
];

#[tokio::test]
async fn only_the_first_steps_of_the_readme_begin_an_installation() {
    let folder = tempfile::tempdir().unwrap();
    let nowhere = folder.path().join("mistyped");
    for command in COMMANDS {
        let refused = midiateca(&nowhere, command).await;
        let said = stderr(&refused);
        assert_eq!(refused.status.code(), Some(3), "{command:?}: {said}");
        let missing = format!("there is no installation in {}", nowhere.display());
        assert!(said.contains(&missing), "{command:?}: {said}");
        assert!(said.contains("hint: "), "{command:?}: {said}");
        assert!(!nowhere.exists(), "{command:?} made a folder");
    }
    let begun = midiateca(&nowhere, &["client", "add", "Clínica Aurora"]).await;
    let said = stderr(&begun);
    assert_eq!(stdout(&begun), "1\n", "{said}");
    assert!(said.contains("a new installation begins in"), "{said}");
    let next = midiateca(&nowhere, &["client", "add", "Oficina do Bairro"]).await;
    assert_eq!(stderr(&next), "");
}

#[cfg(unix)]
#[tokio::test]
async fn settings_that_cannot_be_read_are_an_error_and_not_the_defaults() {
    use std::os::unix::fs::symlink;
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    midiateca(&data, &["client", "add", "Clínica Aurora"]).await;
    let file = data.join("midiateca.toml");
    let refused = async |code: i32, words: &str| {
        for command in [&["config", "show"][..], &["config", "check"], &["check"]] {
            let output = midiateca(&data, command).await;
            let said = stderr(&output);
            assert_eq!(output.status.code(), Some(code), "{command:?}: {said}");
            assert!(said.contains(words), "{command:?}: {said}");
            assert_eq!(stdout(&output), "", "{command:?}");
        }
    };
    std::fs::create_dir(&file).unwrap();
    refused(2, "cannot read the settings in").await;
    std::fs::remove_dir(&file).unwrap();
    symlink(data.join("nowhere"), &file).unwrap();
    refused(2, "cannot read the settings in").await;
    std::fs::remove_file(&file).unwrap();
    assert!(midiateca(&data, &["config", "show"]).await.status.success());
    std::fs::remove_dir_all(&data).unwrap();
    std::fs::write(&data, "").unwrap();
    refused(3, "the data folder").await;
}

/// Root reads everything, so it runs the program as another user.
#[cfg(unix)]
fn as_a_stranger(program: &Path, data: &Path, arguments: &[&str]) -> std::process::Output {
    use std::os::unix::fs::MetadataExt as _;
    use std::os::unix::process::CommandExt as _;
    let mut command = std::process::Command::new(program);
    command.arg("--data").arg(data).args(arguments);
    command.env("LANG", "C").env_remove("LC_ALL");
    if std::fs::metadata(data).unwrap().uid() == 0 {
        command.uid(65_534).gid(65_534);
    }
    command.output().unwrap()
}

#[cfg(unix)]
#[tokio::test]
async fn a_folder_without_rights_is_an_error_and_not_an_empty_one() {
    use std::fs::{Permissions, set_permissions};
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let allow = |path: &Path, mode| set_permissions(path, Permissions::from_mode(mode)).unwrap();
    allow(folder.path(), 0o755);
    let program = folder.path().join("midiateca");
    std::fs::copy(env!("CARGO_BIN_EXE_midiateca"), &program).unwrap();
    allow(&program, 0o755);
    let data = folder.path().join("data");
    midiateca(&data, &["client", "add", "Clínica Aurora"]).await;
    let file = data.join("midiateca.toml");
    std::fs::write(&file, "[http]\nlisten = \"127.0.0.1:1\"\n").unwrap();
    // The folder; the file; the folder may be listed, and nothing in it opened; a folder above it.
    for (path, mode, code, words) in [
        (&data, 0o000, 3, "the data folder"),
        (&file, 0o000, 2, "cannot read the settings in"),
        (&data, 0o644, 3, "the data folder"),
    ] {
        allow(&data, 0o755);
        allow(path, mode);
        for command in [
            &["config", "show"][..],
            &["check"],
            &["client", "list"],
            &["client", "add", "Nova"],
            &["key", "create", "x"],
        ] {
            let output = as_a_stranger(&program, &data, command);
            let said = stderr(&output);
            assert_eq!(output.status.code(), Some(code), "{command:?}: {said}");
            assert!(said.contains(words), "{mode:o} {command:?}: {said}");
            assert!(said.contains("ermission denied"), "{command:?}: {said}");
            assert_eq!(stdout(&output), "");
        }
    }
    allow(&data, 0o700);
}
