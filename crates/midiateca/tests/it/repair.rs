//! What `scrub --repair` must not harm: what is elsewhere for a while, what another row names, what is not ours.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::commands::{midiateca, stderr};
use crate::scrub::{holding, repairs, run, scrub, show, wrong};

/// What lies in quarantine.
fn quarantined(data: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![data.join("media_storage/.quarantine")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).into_iter().flatten() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path)
            } else {
                found.push(path)
            }
        }
    }
    found
}

fn done(results: &[Value]) -> &Value {
    &results.last().unwrap()["repair"]
}

#[tokio::test]
async fn files_that_were_away_are_stored_again_despite_failed_attempts() {
    let (folder, files) = holding(&[500, 501, 502, 503]).await;
    let data = folder.path();
    let (storage, away) = (data.join("media_storage"), data.join("away"));
    std::fs::rename(&storage, &away).unwrap();
    scrub(data, &["--repair", "--even-if-most-are-missing"]).await;
    for (sql, (id, _)) in [
        "update media set status = 'pending', reason = 'cdn_unreachable', rounds = 3 where id = $1",
        "update media set status = 'failed', reason = 'cdn_gone' where id = $1",
        "update media set status = 'expired', reason = 'cdn_expired' where id = $1",
        "update media set status = 'skipped', reason = 'retention' where id = $1",
    ]
    .into_iter()
    .zip(&files)
    {
        run(data, sql, id).await;
    }
    std::fs::remove_dir_all(&storage).unwrap();
    std::fs::rename(&away, &storage).unwrap();
    let (_, results) = scrub(data, &["--repair"]).await;
    assert_eq!(done(&results)["found"], 3, "{results:?}");
    for (id, file) in &files[..3] {
        assert!(file.exists());
        let media = show(data, id).await;
        assert_eq!(
            (&media["status"], &media["reason"]),
            (&"stored".into(), &Value::Null)
        );
    }
    // What a rule removed is not brought back.
    assert_eq!(show(data, &files[3].0).await["status"], "skipped");
    assert_eq!((quarantined(data).len(), scrub(data, &[]).await.0), (1, 0));
}

#[tokio::test]
async fn the_right_file_of_a_lost_media_is_put_back_from_quarantine() {
    let (folder, files) = holding(&[500, 501]).await;
    let data = folder.path();
    let storage = data.join("media_storage");
    for ((id, file), whose) in files.iter().zip(["in-no-row", "its own"]) {
        let whose = if whose == "its own" { id } else { whose };
        let below = file.strip_prefix(&storage).unwrap();
        let aside = storage
            .join(".quarantine/20260101_000000-x")
            .join(whose)
            .join(below);
        std::fs::create_dir_all(aside.parent().unwrap()).unwrap();
        std::fs::rename(file, aside).unwrap();
        run(
            data,
            "update media set status = 'failed', reason = 'cdn_gone' where id = $1",
            id,
        )
        .await;
    }
    let (_, results) = scrub(data, &["--repair"]).await;
    assert_eq!(done(&results)["found"], 2, "{results:?}");
    let (code, results) = scrub(data, &[]).await;
    assert_eq!((code, &results[0]["intact"]), (0, &2.into()));
    assert_eq!(quarantined(data), Vec::<PathBuf>::new());
}

#[tokio::test]
async fn a_row_that_names_the_file_of_another_does_not_cost_the_other_its_file() {
    let (folder, files) = holding(&[500, 501]).await;
    let data = folder.path();
    let sql = "update media set path = (select path from media as other where other.id <> media.id) where id = $1";
    run(data, sql, &files[1].0).await;
    let (_, results) = scrub(data, &["--repair"]).await;
    assert_eq!(repairs(&results)[&files[1].0], "queued", "{results:?}");
    assert!(files[0].1.exists());
    assert_eq!(show(data, &files[0].0).await["status"], "stored");
    assert_eq!(show(data, &files[1].0).await["status"], "pending");
}

#[tokio::test]
async fn a_row_that_leads_out_of_the_storage_is_reported_and_nothing_there_is_changed() {
    let (folder, files) = holding(&[500, 501]).await;
    let data = folder.path();
    let outside = data.join("outside.txt");
    std::fs::write(&outside, "not ours").unwrap();
    run(
        data,
        "update media set path = '../outside.txt' where id = $1",
        &files[0].0,
    )
    .await;
    let (code, results) = scrub(data, &["--repair"]).await;
    assert_eq!(code, 1);
    assert!(wrong(&results).contains(&"unreadable"), "{results:?}");
    assert_eq!(std::fs::read_to_string(&outside).unwrap(), "not ours");
    assert_eq!(show(data, &files[0].0).await["status"], "stored");
}

#[tokio::test]
async fn a_folder_that_is_not_mounted_is_not_given_up_and_what_was_is_found_again() {
    let (folder, files) = holding(&[500, 501, 502]).await;
    let data = folder.path();
    let (client, away) = (data.join("media_storage/cliente_2"), data.join("disk"));
    std::fs::rename(&client, &away).unwrap();
    let refused = midiateca(data, &["scrub", "--repair"]).await;
    assert_eq!(refused.status.code(), Some(3), "{}", stderr(&refused));
    assert!(
        stderr(&refused).contains("media_storage/cliente_2"),
        "{}",
        stderr(&refused)
    );
    assert_eq!(show(data, &files[0].0).await["status"], "stored");
    scrub(data, &["--repair", "--even-if-most-are-missing"]).await;
    assert_ne!(show(data, &files[0].0).await["status"], "stored");
    #[cfg(unix)]
    std::os::unix::fs::symlink(&away, &client).unwrap();
    #[cfg(not(unix))]
    std::fs::rename(&away, &client).unwrap();
    let (_, results) = scrub(data, &["--repair"]).await;
    assert_eq!(done(&results)["found"], 3, "{results:?}");
    // A linked folder of the storage is searched, and is no orphan itself.
    std::fs::write(files[0].1.with_file_name("orphan.jpg"), "x").unwrap();
    assert_eq!(wrong(&scrub(data, &[]).await.1), ["orphaned"]);
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn an_altered_file_behind_a_link_to_another_disk_is_fetched_again_and_not_moved() {
    use std::os::unix::fs::MetadataExt as _;
    let (folder, files) = holding(&[500, 501, 502]).await;
    let data = folder.path();
    let device = |path: &Path| std::fs::metadata(path).map(|it| it.dev()).ok();
    let memory = Path::new("/dev/shm");
    if device(memory).is_none() || device(memory) == device(data) {
        return;
    }
    let Ok(disk) = tempfile::tempdir_in(memory) else {
        return;
    };
    let client = data.join("media_storage/cliente_2");
    let moved = std::process::Command::new("cp")
        .arg("-a")
        .arg(&client)
        .arg(disk.path())
        .status();
    assert!(moved.unwrap().success());
    std::fs::remove_dir_all(&client).unwrap();
    std::os::unix::fs::symlink(disk.path().join("cliente_2"), &client).unwrap();
    std::fs::write(&files[0].1, "altered").unwrap();
    std::fs::write(&files[1].1, "altered too").unwrap();
    std::fs::write(files[2].1.with_file_name("orphan.jpg"), "x").unwrap();
    let (code, results) = scrub(data, &["--repair"]).await;
    assert_eq!(code, 1);
    assert_eq!(
        (&done(&results)["queued"], &done(&results)["quarantined"]),
        (&2.into(), &0.into())
    );
    assert_eq!(std::fs::read_to_string(&files[0].1).unwrap(), "altered");
    assert_eq!(quarantined(data), Vec::<PathBuf>::new());
    // The file behind a link may belong to another program.
    assert!(files[2].1.with_file_name("orphan.jpg").exists());
}

#[cfg(unix)]
#[tokio::test]
async fn a_pipe_is_not_waited_for() {
    let (folder, files) = holding(&[500]).await;
    let pipe = files[0].1.with_file_name("pipe.jpg");
    let made = std::process::Command::new("mkfifo")
        .arg(&pipe)
        .status()
        .unwrap();
    assert!(made.success());
    let (code, results) = scrub(folder.path(), &["--repair"]).await;
    assert_eq!(
        (code, repairs(&results).values().next().unwrap().as_str()),
        (1, "skipped")
    );
    assert_eq!(results.last().unwrap()["intact"], 1);
}

#[cfg(unix)]
#[tokio::test]
async fn one_file_that_cannot_be_repaired_keeps_no_other_from_it() {
    let (folder, files) = holding(&[500, 501]).await;
    let data = folder.path();
    for (_, file) in &files {
        std::fs::write(file, "altered").unwrap();
    }
    // A file where the quarantine's folder would be.
    std::fs::write(data.join("media_storage/.quarantine"), "in the way").unwrap();
    let (code, results) = scrub(data, &["--repair"]).await;
    assert_eq!(
        (code, &done(&results)["failed"]),
        (1, &2.into()),
        "{results:?}"
    );
    assert_eq!(show(data, &files[0].0).await["status"], "stored");
}

#[cfg(unix)]
#[tokio::test]
async fn a_link_to_the_folder_of_another_client_or_storage_loses_no_file() {
    use std::os::unix::fs::symlink;
    let (folder, files) = holding(&[500, 501]).await;
    let data = folder.path();
    let other = tempfile::tempdir().unwrap();
    let theirs = files[0].1.strip_prefix(data.join("media_storage")).unwrap();
    let theirs = other.path().join(theirs);
    std::fs::create_dir_all(theirs.parent().unwrap()).unwrap();
    std::fs::write(&theirs, "another program's").unwrap();
    symlink("cliente_2", data.join("media_storage/cliente_9")).unwrap();
    symlink(other.path(), data.join("media_storage/cliente_8")).unwrap();
    let client = other.path().join("cliente_2");
    symlink(client, data.join("media_storage/cliente_7")).unwrap();
    scrub(data, &["--repair"]).await;
    assert_eq!(quarantined(data), Vec::<PathBuf>::new());
    // Nor when a row leads through each of them.
    for (link, (id, _)) in ["cliente_9", "cliente_7"].into_iter().zip(&files) {
        let sql = match link {
            "cliente_9" => {
                "update media set path = replace(path, 'cliente_2', 'cliente_9') where id = $1"
            }
            _ => "update media set path = replace(path, 'cliente_2', 'cliente_7') where id = $1",
        };
        run(data, sql, id).await;
    }
    scrub(data, &["--repair", "--even-if-most-are-missing"]).await;
    assert_eq!(quarantined(data), Vec::<PathBuf>::new());
    assert!(theirs.exists() && files.iter().all(|(_, file)| file.exists()));
}

#[tokio::test]
async fn files_quarantined_through_a_link_are_restored() {
    let (folder, files) = holding(&[500, 501]).await;
    let data = folder.path();
    let (id, file) = &files[0];
    let below = file
        .strip_prefix(data.join("media_storage/cliente_2"))
        .unwrap();
    let aside = data.join("media_storage/.quarantine/20260101_000000-x/in-no-row/cliente_9");
    let aside = aside.join(below);
    std::fs::create_dir_all(aside.parent().unwrap()).unwrap();
    std::fs::rename(file, aside).unwrap();
    let lost = "update media set status = 'failed', reason = 'file_lost' where id = $1";
    run(data, lost, id).await;
    let (_, results) = scrub(data, &["--repair"]).await;
    assert_eq!(done(&results)["found"], 1, "{results:?}");
    assert_eq!((quarantined(data).len(), scrub(data, &[]).await.0), (0, 0));
}

#[cfg(unix)]
#[tokio::test]
async fn a_row_that_leads_through_a_link_does_not_cost_another_its_file() {
    let (folder, files) = holding(&[500, 501]).await;
    let data = folder.path();
    let link = data.join("media_storage/cliente_9");
    std::os::unix::fs::symlink("cliente_2", link).unwrap();
    let sql = "update media set path = (select replace(path, 'cliente_2', 'cliente_9') from media as other where other.id <> media.id)
               where id = $1";
    run(data, sql, &files[1].0).await;
    let (_, results) = scrub(data, &["--repair"]).await;
    assert_eq!(repairs(&results)[&files[1].0], "queued", "{results:?}");
    assert!(files[0].1.exists());
    assert_eq!(show(data, &files[0].0).await["status"], "stored");
    assert_eq!(quarantined(data), Vec::<PathBuf>::new());
}
