//! The key that seals the gateways' tokens: made once, never in the place of one that was forgotten, and known by its
//! bytes where a backup says that it holds it.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::Stdio;

use crate::backup::{copy_folder, done, order, place, voice};
use crate::commands::{midiateca, stderr, stdout};
use crate::stage::{FIRST, TestApp};

async fn manifest_of(data: &Path, target: &Path, more: &[&str]) -> (serde_json::Value, String) {
    let target = target.to_str().unwrap();
    let output = midiateca(data, &[&["--json", "backup", target], more].concat()).await;
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let answer: serde_json::Value = serde_json::from_str(stdout(&output).trim()).unwrap();
    (answer["manifest"].clone(), stderr(&output))
}

#[tokio::test]
async fn a_backup_holds_the_key_only_when_it_is_the_one_in_use() {
    let test = TestApp::start().await;
    let (_folder, target) = place();
    let data = test.app.data.clone();
    done(&test, order(&target)).await;
    let other = "A".repeat(43);
    std::fs::write(target.join("secret.key"), &other).unwrap();
    let (manifest, said) = manifest_of(&data, &target, &[]).await;
    assert_eq!(manifest["holds_key"], false);
    assert!(said.contains("is not the key in use"), "{said}");
    let (manifest, said) = manifest_of(&data, &target, &["--with-key"]).await;
    assert_eq!(manifest["holds_key"], true);
    assert!(said.contains("this backup contains the key"), "{said}");
    let key = std::fs::read(data.join("secret.key")).unwrap();
    assert_eq!(std::fs::read(target.join("secret.key")).unwrap(), key);
    let (manifest, _) = manifest_of(&data, &target, &[]).await;
    assert_eq!(manifest["holds_key"], true);
    std::fs::remove_file(data.join("secret.key")).unwrap();
    let (manifest, said) = manifest_of(&data, &target, &[]).await;
    assert_eq!(manifest["holds_key"], false);
    assert!(said.contains("it is unknown whether"), "{said}");
    let line = ["backup", target.to_str().unwrap(), "--with-key"];
    let output = midiateca(&data, &line).await;
    assert_eq!(output.status.code(), Some(3), "{output:?}");
    // One that is torn, or another one, takes the place of none.
    for wrong in [&other[..10], &other] {
        std::fs::write(data.join("secret.key"), wrong).unwrap();
        let output = midiateca(&data, &line).await;
        assert_eq!(output.status.code(), Some(3), "{output:?}");
        assert!(stderr(&output).contains("is not the key of the gateway tokens"));
        assert_eq!(std::fs::read(target.join("secret.key")).unwrap(), key);
        let (manifest, _) = manifest_of(&data, &target, &[]).await;
        assert_eq!(manifest["holds_key"], false);
        let check = midiateca(&data, &["check"]).await;
        assert_eq!(check.status.code(), Some(1));
        let report = stdout(&check);
        assert!(report.contains("tokens cannot be decrypted"), "{report}");
    }
    test.end().await;
}

#[tokio::test]
async fn a_key_that_was_forgotten_is_not_hidden_by_a_new_one() {
    let test = TestApp::start().await;
    let (folder, target) = place();
    test.store(voice(1)).await;
    done(&test, order(&target)).await;
    let data = folder.path().join("restored");
    copy_folder(&target, &data);
    let key = data.join("secret.key");
    for (line, code) in [
        (&["scrub"][..], 0),
        (&["media", "list"], 0),
        (&["sweep", "--dry-run"], 0),
        (&["instance", "list"], 0),
    ] {
        let output = midiateca(&data, line).await;
        assert_eq!(output.status.code(), Some(code), "{line:?} {output:?}");
        assert!(!key.exists(), "{line:?} made a key");
    }
    let shown = stdout(&midiateca(&data, &["instance", "show", FIRST]).await);
    assert!(shown.contains("secret.key is missing"), "{shown}");
    let add = [
        "instance",
        "add",
        FIRST,
        "--client",
        "2",
        "--token-env",
        "TOKEN_FOR_TEST",
    ];
    let refused = midiateca(&data, &add).await;
    let said = stderr(&refused);
    assert_eq!(refused.status.code(), Some(3), "{said}");
    assert!(said.contains("--new-key") && !key.exists(), "{said}");
    let doctor = stdout(&midiateca(&data, &["doctor", "--offline"]).await);
    assert!(doctor.contains("no token can be decrypted"), "{doctor}");
    // What needs no token is served without it.
    let mut serving = crate::stage::program(&data);
    serving.args(["--lang", "en", "serve", "--listen", "127.0.0.1:0"]);
    let mut serving = serving.stderr(Stdio::piped()).spawn().unwrap();
    let lines = BufReader::new(serving.stderr.take().unwrap()).lines();
    let mut lines = lines.map(Result::unwrap);
    let missing = lines.find(|line| line.contains("no gateway token can be decrypted"));
    let listens = lines.find(|line| line.starts_with("midiateca listens"));
    serving.kill().unwrap();
    serving.wait().unwrap();
    assert!(missing.is_some() && listens.is_some() && !key.exists());
    // Put back, it opens what it sealed.
    let kept = test.app.data.join("secret.key");
    std::fs::copy(&kept, &key).unwrap();
    let shown = stdout(&midiateca(&data, &["instance", "show", FIRST]).await);
    assert!(shown.contains("ours") || shown.contains("EMPTY"), "{shown}");
    // Lost for good, a new one is made when it is asked for, and only then.
    std::fs::remove_file(&key).unwrap();
    let renewed = midiateca(&data, &[&add[..], &["--new-key"]].concat()).await;
    assert_eq!(renewed.status.code(), Some(0), "{renewed:?}");
    assert_ne!(std::fs::read(&key).unwrap(), std::fs::read(&kept).unwrap());
    let shown = stdout(&midiateca(&data, &["instance", "show", FIRST]).await);
    assert!(shown.contains("ours") || shown.contains("EMPTY"), "{shown}");
    test.end().await;
}
