//! Who may read the files, and where links do not lead.

use super::*;

/// Modes do not depend on the umask of who starts it.
#[cfg(unix)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn created_files_are_for_the_owner_or_the_group_by_the_settings() {
    use std::os::unix::fs::PermissionsExt as _;
    for (settings, allowed) in [("", 0o700), ("[storage]\ngroup_access = true\n", 0o750)] {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        std::fs::create_dir(&data).unwrap();
        std::fs::set_permissions(&data, std::fs::Permissions::from_mode(0o777)).unwrap();
        std::fs::write(data.join("midiateca.toml"), settings).unwrap();
        let sim = Sim::start().await.unwrap();
        let address = set_up(&data, &sim).await;
        let server = serve(&data);
        post(
            &server,
            &address,
            &sim.world().add(generated("MODE", 1, 70_000)),
        )
        .await;
        stored(&data, 1);
        let mode = |path: &Path| path.symlink_metadata().unwrap().permissions().mode() & 0o777;
        let mut seen = 0;
        for file in files_below(&data) {
            if file.ends_with("midiateca.toml") {
                continue;
            }
            let only_owner = ["serve.lock", "files.lock", "secret.key"]
                .iter()
                .any(|name| file.ends_with(name));
            let wanted = if only_owner { 0o600 } else { allowed & 0o666 };
            assert_eq!(mode(&file), wanted, "{}", file.display());
            let above = file.ancestors().skip(1).take_while(|above| *above != data);
            for above in above {
                assert_eq!(mode(above), allowed, "{}", above.display());
            }
            seen += 1;
        }
        assert!(seen > 4, "{seen}");
        drop(server);
        assert_eq!(mode(&data), allowed);
        // Wider permissions that are set later are reported with a command.
        std::fs::set_permissions(&data, std::fs::Permissions::from_mode(0o777)).unwrap();
        let shown = midiateca(&data, &["doctor", "--offline"]).await;
        let expected = format!("chmod {allowed:04o} '{}'", data.display());
        assert!(stdout(&shown).contains(&expected), "{}", stdout(&shown));
    }
}

/// What an earlier version left open is closed at the next start.
#[cfg(unix)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn files_that_earlier_versions_created_for_everybody_are_closed() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    let sim = Sim::start().await.unwrap();
    set_up(data, &sim).await;
    let ours = ["midiateca.db", "serve.lock", "files.lock", "media_storage"];
    std::fs::write(data.join("serve.lock"), "").unwrap();
    std::fs::write(data.join("files.lock"), "").unwrap();
    for name in ours {
        let mode = if name == "media_storage" {
            0o755
        } else {
            0o644
        };
        std::fs::set_permissions(data.join(name), std::fs::Permissions::from_mode(mode)).unwrap();
    }
    drop(serve(data));
    for name in ours {
        let mode = data.join(name).metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "{name}");
    }
}

/// A stored file that became a link to its intact neighbour costs the neighbour nothing.
#[cfg(unix)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_repair_moves_nothing_through_a_link() {
    use std::os::unix::fs::symlink;
    let (folder, files) = crate::scrub::holding(&[500, 600, 700, 800]).await;
    let data = folder.path();
    let outside = tempfile::tempdir().unwrap();
    let foreign = outside.path().join("foreign.jpg");
    std::fs::write(&foreign, "another program's").unwrap();
    let before: Vec<_> = files.iter().map(|(_, file)| hash(file)).collect();
    std::fs::remove_file(&files[0].1).unwrap();
    symlink(&files[1].1, &files[0].1).unwrap();
    std::fs::remove_file(&files[2].1).unwrap();
    symlink(&foreign, &files[2].1).unwrap();
    for _ in 0..2 {
        let (code, _) = scrub(data, &["--repair"]).await;
        assert!(code <= 1);
        assert_eq!(hash(&files[1].1), before[1]);
        assert_eq!(hash(&files[3].1), before[3]);
        assert_eq!(
            std::fs::read_to_string(&foreign).unwrap(),
            "another program's"
        );
        for intact in [1, 3] {
            let shown = crate::scrub::show(data, &files[intact].0).await;
            assert_eq!(shown["status"], "stored");
        }
    }
    // A whole folder that is a link to another place with other bytes.
    let image = files[3].1.parent().unwrap();
    let moved = outside.path().join("image");
    std::fs::rename(image, &moved).unwrap();
    symlink(&moved, image).unwrap();
    let name = files[3].1.file_name().unwrap();
    std::fs::write(moved.join(name), "another storage's").unwrap();
    let (_, results) = scrub(data, &["--repair", "--even-if-most-are-missing"]).await;
    assert_eq!(repairs(&results)[&files[3].0], "queued", "{results:?}");
    assert_eq!(
        std::fs::read_to_string(moved.join(name)).unwrap(),
        "another storage's"
    );
}

/// Equal bytes become no second name of something that was put in the first file's place.
#[cfg(unix)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn equal_bytes_are_linked_to_no_link() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    let sim = Sim::start().await.unwrap();
    let address = set_up(data, &sim).await;
    let server = serve(data);
    post(
        &server,
        &address,
        &sim.world().add(generated("ONE", 5, 1_000)),
    )
    .await;
    let rows = stored(data, 1);
    let first = data.join("media_storage").join(&rows[0].0);
    let planted = data.join("planted");
    std::fs::rename(&first, &planted).unwrap();
    std::os::unix::fs::symlink(&planted, &first).unwrap();
    post(
        &server,
        &address,
        &sim.world().add(generated("TWO", 5, 1_000)),
    )
    .await;
    let rows = stored(data, 2);
    drop(server);
    let second = data.join("media_storage").join(&rows[1].0);
    assert!(second.symlink_metadata().unwrap().is_file());
    std::fs::remove_file(&planted).unwrap();
    assert_eq!(hash(&second), rows[1].1);
}
