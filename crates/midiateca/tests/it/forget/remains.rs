//! Bytes that were erased are nowhere else under the data folder, or what is left is named.

use std::path::Path;

use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::*;

/// Exit code, the document on stdout, and stderr.
async fn forget_by_command(data: &Path) -> (i32, Value, String) {
    let line = [
        "--json",
        "forget",
        "--yes",
        "--client",
        "2",
        "--contact",
        WHO,
    ];
    let output = midiateca(data, &line).await;
    let document = serde_json::from_str(&stdout(&output)).unwrap();
    (output.status.code().unwrap(), document, stderr(&output))
}

fn listed(document: &Value) -> Vec<String> {
    let files = document["files"].as_array().unwrap().iter();
    files
        .map(|file| file["sha256"].as_str().unwrap().to_owned())
        .collect()
}

/// Files below a folder whose hash the proof lists.
fn remaining(folder: &Path, hashes: &[String]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let kind = path.symlink_metadata().unwrap();
        if kind.is_dir() {
            found.extend(remaining(&path, hashes));
        } else if kind.is_file() {
            let hash = Sha256::digest(std::fs::read(&path).unwrap());
            let hash: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
            if hashes.contains(&hash) {
                found.push(path);
            }
        }
    }
    found
}

fn generated(id: &str, seed: u64) -> SimMedia {
    let content = Content::Generated {
        seed,
        size_bytes: 5_000 + seed,
    };
    SimMedia {
        content,
        ..sample(id)
    }
}

#[tokio::test]
async fn copies_in_quarantine_staged_exported_linked_or_in_a_renamed_folder_go_as_well() {
    let test = TestApp::start().await;
    let (first, _) = test.store(generated("FIRST", 1)).await;
    let (second, _) = test.store(generated("SECOND", 2)).await;
    let (file, other) = (test.file(&first), test.file(&second));
    let data = test.app.data.clone();
    let storage = test.app.storage.root().to_owned();
    let copies = [
        storage.join(".quarantine/20260101_000000-x/in-no-row/cliente_2/copy.jpg"),
        storage.join(".quarantine/20260101_000000-x/0193-of-a-media-that-is-gone/a/b.jpg"),
        storage.join(".staging/0193-9-"),
        storage.join("cliente_2/unknown.jpg"),
        data.join("export/cliente_2/photo.jpg"),
        data.join(".midiateca-staged"),
    ];
    for copy in &copies {
        std::fs::create_dir_all(copy.parent().unwrap()).unwrap();
        std::fs::copy(&file, copy).unwrap();
    }
    let linked = data.join("further.jpg");
    std::fs::hard_link(&file, &linked).unwrap();
    // An operator renamed the file of the second one.
    let renamed = storage.join("Aurora/photo.jpg");
    std::fs::create_dir(renamed.parent().unwrap()).unwrap();
    std::fs::rename(&other, &renamed).unwrap();
    let (code, document, shown) = forget_by_command(&data).await;
    assert_eq!(code, 0, "{shown}");
    let hashes = listed(&document);
    assert_eq!(hashes.len(), 9, "{document}");
    assert_eq!(remaining(&data, &hashes), Vec::<PathBuf>::new());
    assert!(!renamed.exists() && !linked.exists());
    test.end().await;
}

#[tokio::test]
async fn a_file_that_another_person_sent_too_stays_and_is_named() {
    let test = TestApp::start().await;
    test.store(generated("THEIRS", 7)).await;
    let shared = SimMedia {
        content: generated("X", 7).content,
        ..of_another_person("SHARED")
    };
    let (shared, _) = test.store(shared).await;
    let data = test.app.data.clone();
    let (code, document, shown) = forget_by_command(&data).await;
    let file = test.file(&shared);
    assert_eq!(code, 1, "{shown}");
    assert!(file.exists());
    let left = &document["erased"]["left"];
    assert_eq!(left[0]["why"], "shared", "{left}");
    assert_eq!(left[0]["path"], file.to_str().unwrap());
    assert_eq!(
        remaining(&data, &listed(&document)),
        std::slice::from_ref(&file)
    );
    test.end().await;
}

#[cfg(unix)]
#[tokio::test]
async fn no_foreign_file_goes_through_a_folder_or_a_file_that_became_a_link() {
    use std::os::unix::fs::symlink;
    let test = TestApp::start().await;
    let (in_folder, _) = test.store(generated("INFOLDER", 1)).await;
    let voice = SimMedia {
        content: generated("X", 2).content,
        ..of_kind("ITSELF", wa_media::MediaKind::Document)
    };
    let (itself, _) = test.store(voice).await;
    let outside = tempfile::tempdir().unwrap();
    let foreign = [
        outside
            .path()
            .join(test.file(&in_folder).file_name().unwrap()),
        outside.path().join("foreign"),
    ];
    for file in &foreign {
        std::fs::write(file, "another's").unwrap();
    }
    let folder = test.file(&in_folder).parent().unwrap().to_owned();
    let moved = folder.with_file_name("moved-away");
    std::fs::rename(&folder, &moved).unwrap();
    symlink(outside.path(), &folder).unwrap();
    std::fs::remove_file(test.file(&itself)).unwrap();
    symlink(&foreign[1], test.file(&itself)).unwrap();
    let data = test.app.data.clone();
    let (code, document, shown) = forget_by_command(&data).await;
    assert_eq!(code, 1, "{shown}");
    for file in &foreign {
        assert_eq!(std::fs::read_to_string(file).unwrap(), "another's");
    }
    let left = document["erased"]["left"].to_string();
    assert!(left.contains("linked"), "{left}");
    // With the links gone it comes to its end, and the file in the folder that was moved goes, too.
    std::fs::remove_file(&folder).unwrap();
    std::fs::remove_file(test.file(&itself)).unwrap();
    let (code, document, shown) = forget_by_command(&data).await;
    assert_eq!(code, 0, "{shown}");
    assert_eq!(listed(&document).len(), 1, "{document}");
    assert_eq!(std::fs::read_dir(&moved).unwrap().count(), 0);
    std::fs::remove_dir(&moved).unwrap();
    test.end().await;
}
