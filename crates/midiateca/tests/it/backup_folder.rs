//! The folder of a backup: whose it is, and what is said of it when nothing came of it.

use std::path::Path;

use midiateca_service::shutdown::CancellationToken;

use crate::backup::{OnStep, back_up, done, order, place, run, scrub_a_copy, voice};
use crate::commands::midiateca;
use crate::stage::TestApp;

#[tokio::test]
async fn a_backup_of_one_database_is_not_continued_for_another() {
    let test = TestApp::start().await;
    let (folder, target) = place();
    for n in 0..9 {
        test.store(voice(n)).await;
    }
    let cancelled = CancellationToken::new();
    let token = cancelled.clone();
    let stop = OnStep::new(move |part, _| {
        if part == 2 {
            token.cancel();
        }
    });
    let stopped = run(&test, order(&target), stop, cancelled).await;
    assert!(stopped.stopped, "{stopped:?}");
    let new = folder.path().join("new");
    midiateca(&new, &["client", "add", "Clínica Aurora", "--id", "2"]).await;
    let output = midiateca(&new, &["backup", target.to_str().unwrap()]).await;
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    assert!(String::from_utf8_lossy(&output.stderr).contains("another database"));
    assert_eq!(done(&test, order(&target)).await.files.count, 9);
    let begun = std::fs::read_dir(&target).unwrap();
    let mut names = begun.map(|entry| entry.unwrap().file_name());
    assert!(!names.any(|name| name == ".midiateca-begun"));
    test.end().await;
}

#[tokio::test]
async fn a_backup_that_failed_promises_only_what_holds() {
    let test = TestApp::start().await;
    let data = test.app.data.clone();
    let (folder, target) = place();
    let said = async |target: &Path, code: i32| {
        let output = midiateca(&data, &["backup", target.to_str().unwrap()]).await;
        assert_eq!(output.status.code(), Some(code), "{target:?} {output:?}");
        String::from_utf8(output.stderr).unwrap()
    };
    let file = folder.path().join("file");
    std::fs::write(&file, "mine").unwrap();
    let file = said(&file, 2).await;
    assert!(
        file.contains("is a file") && !file.contains("again"),
        "{file}"
    );
    // What cannot be replaced by a file: no backup comes to its end here.
    std::fs::create_dir_all(target.join("midiateca.db/in-the-way")).unwrap();
    std::fs::write(
        target.join(".midiateca-backup"),
        "midiateca backup, format 1\n",
    )
    .unwrap();
    let first = said(&target, 3).await;
    assert!(first.contains("no backup was made: cannot use"), "{first}");
    assert!(
        !first.contains("usable") && !first.contains("again"),
        "{first}"
    );
    std::fs::remove_dir_all(target.join("midiateca.db")).unwrap();
    done(&test, order(&target)).await;
    std::fs::remove_file(target.join("midiateca.db")).unwrap();
    std::fs::create_dir_all(target.join("midiateca.db/in-the-way")).unwrap();
    let later = said(&target, 3).await;
    assert!(
        later.contains("the previous one is still usable"),
        "{later}"
    );
    test.end().await;
}

#[tokio::test]
async fn folders_that_are_not_ours_to_write_to_are_refused() {
    let test = TestApp::start().await;
    test.store(voice(1)).await;
    let data = test.app.data.clone();
    let (folder, target) = place();
    let refused = async |target: &Path, code: i32| {
        let output = midiateca(&data, &["backup", target.to_str().unwrap()]).await;
        assert_eq!(output.status.code(), Some(code), "{target:?} {output:?}");
        String::from_utf8(output.stderr).unwrap()
    };
    for within in [&data, &data.join("new"), data.parent().unwrap()] {
        assert!(refused(within, 2).await.contains("inside each other"));
    }
    assert!(!data.join("new").exists());
    std::fs::create_dir(&target).unwrap();
    std::fs::write(target.join("thesis.txt"), "mine").unwrap();
    assert!(refused(&target, 2).await.contains("not a backup"));
    std::fs::remove_file(target.join("thesis.txt")).unwrap();
    std::fs::write(target.join(".midiateca-backup"), "forged").unwrap();
    refused(&target, 2).await;
    // A process was killed right after its start.
    std::fs::write(target.join(".midiateca-backup"), "").unwrap();
    std::fs::write(target.join("thesis.txt"), "mine").unwrap();
    refused(&target, 2).await;
    std::fs::remove_file(target.join("thesis.txt")).unwrap();
    assert_eq!(back_up(&data, &target, &[]).await.0, Some(0));
    let manifest = std::fs::read_to_string(target.join("manifest.json")).unwrap();
    let forged = manifest.replace("midiateca-backup/1", "midiateca-backup/2");
    std::fs::write(target.join("manifest.json"), forged).unwrap();
    refused(&target, 2).await;
    // As earlier versions wrote the time.
    let mut earlier: serde_json::Value = serde_json::from_str(&manifest).unwrap();
    let first_added = midiateca_service::clock::millis_of(earlier["first_added"].as_str().unwrap());
    for (millis, is_same) in [(1, false), (first_added.unwrap(), true)] {
        earlier["first_added"] = millis.into();
        std::fs::write(target.join("manifest.json"), earlier.to_string()).unwrap();
        if is_same {
            assert_eq!(back_up(&data, &target, &[]).await.0, Some(0));
        } else {
            assert!(refused(&target, 2).await.contains("another database"));
        }
    }
    std::fs::write(target.join("manifest.json"), manifest).unwrap();
    let absent = folder.path().join("not/mounted");
    assert!(refused(&absent, 3).await.contains("mount"));
    // A new data folder, as with an unmounted disk, does not replace a backup.
    let new = folder.path().join("new");
    midiateca(&new, &["client", "add", "Clínica Aurora", "--id", "2"]).await;
    let output = midiateca(&new, &["backup", target.to_str().unwrap()]).await;
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("another database"));
    assert_eq!(scrub_a_copy(&target).await.0, Some(0));
    // A backup that was served is a data folder from then on.
    std::fs::write(target.join("serve.lock"), "").unwrap();
    refused(&target, 2).await;
    test.end().await;
}
