//! `media export`: what leaves the storage is what was stored, and is proven again on the way.

#[cfg(unix)]
mod ended_early;

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::Output;
use std::time::Duration;

use crate::stage::MediaView;
use midiateca_service::clock::Clock;
use midiateca_service::db::{Key, Value as Cell};
use midiateca_service::media::{self, Filter};
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use tempfile::TempDir;
use wa_media::MediaKind;
use wa_sim::{Content, SimMedia};

use crate::commands::midiateca;
use crate::scrub::holding;
use crate::stage::{FIRST, OTHER, TODAY, TestApp, impatient};

/// A data folder with stored media, and a folder next to it to export to.
struct Shelf {
    folder: TempDir,
    place: TempDir,
    /// In the order of their ids.
    media: Vec<MediaView>,
}

fn media(n: u64, instance: &str, id: &str, kind: MediaKind) -> SimMedia {
    SimMedia {
        content: Content::Generated {
            seed: n,
            size_bytes: 40_000 + n * 777,
        },
        ..SimMedia::sample(instance, id, kind)
    }
}

impl Shelf {
    /// Five media of two clients, one of them with a name that is longer than a tar's header takes.
    async fn full() -> Self {
        let test = TestApp::with(impatient(), Clock::fixed(TODAY)).await;
        let long = "L".repeat(300);
        for (n, id, kind) in [
            (1, "ONE", MediaKind::Image),
            (2, "TWO", MediaKind::Audio),
            (3, long.as_str(), MediaKind::Video),
            (4, "FOUR", MediaKind::Image),
        ] {
            test.app.clock.advance(1_000);
            let (stored, _) = test.store(media(n, FIRST, id, kind)).await;
            assert_eq!(stored.status, "stored");
        }
        test.app.clock.advance(1_000);
        let other = test
            .sim
            .world()
            .add(media(5, OTHER, "FIVE", MediaKind::Image));
        let url = format!("{}/hooks/wapi/{}", test.origin(), test.other_hook);
        let (_, answer) = test.post_to(&url, other.body.to_string()).await;
        let id = answer["media"][0]["id"].as_str().unwrap().to_owned();
        test.settled(&midiateca_service::model::MediaId(id)).await;
        let filter = Filter::default();
        let page = media::stored(&test.app.db, &filter, &mut String::new(), 100).await;
        let media = page.unwrap().unwrap_or_default();
        let media: Vec<MediaView> = media.into_iter().map(MediaView::from).collect();
        assert_eq!(media.len(), 5);
        assert!(
            media
                .iter()
                .any(|media| media.path.as_ref().unwrap().len() > 100)
        );
        Self {
            folder: test.end_keeping_the_folder().await,
            place: tempfile::tempdir().unwrap(),
            media,
        }
    }

    fn to(&self, name: &str) -> PathBuf {
        self.place.path().join(name)
    }

    fn storage(&self) -> PathBuf {
        self.folder.path().join("media_storage")
    }

    fn file(&self, n: usize) -> PathBuf {
        self.storage().join(self.media[n].path.as_ref().unwrap())
    }

    async fn export(&self, target: &Path, more: &[&str]) -> Output {
        let export = ["--json", "media", "export", target.to_str().unwrap()];
        midiateca(self.folder.path(), &[&export[..], more].concat()).await
    }

    /// Exports with this exit code, and returns the last message.
    async fn sum(&self, target: &Path, more: &[&str], code: i32) -> Value {
        let output = self.export(target, more).await;
        let said = String::from_utf8(output.stdout).unwrap();
        let talk = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(code), "{said}{talk}");
        serde_json::from_str(&said).unwrap()
    }

    async fn change(&self, sql: &'static str, values: Vec<Cell>) {
        let path = self.folder.path().join("midiateca.db");
        let db = crate::stage::database(&path).await.unwrap();
        let changed = db.write(Key::Everything, async move |tx| {
            tx.run(sql, values.clone()).await
        });
        assert!(changed.await.unwrap() > 0);
        db.close().await;
    }
}

/// Everything below a folder but what is hidden, by its path.
fn read_folder(root: &Path) -> BTreeMap<String, Vec<u8>> {
    fn walk(root: &Path, folder: &Path, found: &mut BTreeMap<String, Vec<u8>>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let below = path.strip_prefix(root).unwrap().to_str().unwrap();
            if path.is_dir() {
                walk(root, &path, found);
            } else if !below.starts_with(".midiateca-export") {
                found.insert(below.replace('\\', "/"), fs::read(&path).unwrap());
            }
        }
    }
    let mut found = BTreeMap::new();
    walk(root, root, &mut found);
    found
}

fn read_tar(archive: impl std::io::Read) -> BTreeMap<String, Vec<u8>> {
    let mut archive = tar::Archive::new(archive);
    let mut found = BTreeMap::new();
    for entry in archive.entries().unwrap() {
        let mut entry = entry.unwrap();
        let name = entry.path().unwrap().to_str().unwrap().to_owned();
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).unwrap();
        assert!(found.insert(name, bytes).is_none());
    }
    found
}

fn read_zip(path: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut archive = zip::ZipArchive::new(File::open(path).unwrap()).unwrap();
    let mut found = BTreeMap::new();
    for n in 0..archive.len() {
        let mut entry = archive.by_index(n).unwrap();
        assert_eq!(entry.compression(), zip::CompressionMethod::Stored);
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).unwrap();
        let name = entry.name().unwrap().into_owned();
        found.insert(name, bytes);
    }
    found
}

fn lines(files: &BTreeMap<String, Vec<u8>>) -> Vec<Value> {
    let text = std::str::from_utf8(&files["manifest.jsonl"]).unwrap();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// Every sum is right, and every media has one; says how many there are.
fn prove(files: &BTreeMap<String, Vec<u8>>) -> usize {
    let sums = std::str::from_utf8(&files["SHA256SUMS"]).unwrap();
    for line in sums.lines() {
        let (sum, name) = line.split_once("  ").unwrap();
        let found = media::hex(&Sha256::digest(&files[name]));
        assert_eq!(found, sum, "{name}");
    }
    assert_eq!(sums.lines().count() + 2, files.len(), "{:?}", files.keys());
    sums.lines().count()
}

#[tokio::test]
async fn a_folder_a_tar_and_a_zip_hold_the_same_and_prove_themselves() {
    let shelf = Shelf::full().await;
    let (folder, tar, zip) = (shelf.to("out"), shelf.to("out.tar"), shelf.to("out.zip"));
    for target in [&folder, &tar, &zip] {
        let sum = shelf.sum(target, &[], 0).await;
        assert_eq!((&sum["files"], &sum["omitted"]), (&5.into(), &0.into()));
    }
    let piped = shelf.export(Path::new("-"), &[]).await;
    assert_eq!(piped.status.code(), Some(0));
    let files = read_folder(&folder);
    assert_eq!(prove(&files), 5);
    assert_eq!(files, read_tar(File::open(&tar).unwrap()));
    assert_eq!(files, read_zip(&zip));
    assert_eq!(files, read_tar(piped.stdout.as_slice()));
    for (n, media) in shelf.media.iter().enumerate() {
        let path = media.path.as_ref().unwrap();
        assert_eq!(files[path], fs::read(shelf.file(n)).unwrap());
        let line = &lines(&files)[n];
        assert_eq!(line["id"], media.id.as_str());
        assert_eq!(line["path"], path.as_str());
        assert_eq!(line["sender_id"], media.sender_id.as_deref().unwrap());
        assert_eq!(
            (&line["verified"], &line["exported"], &line["finding"]),
            (&"full".into(), &true.into(), &Value::Null)
        );
    }
    let manifest = std::str::from_utf8(&files["manifest.jsonl"]).unwrap();
    assert!(
        !manifest.contains("key") && !manifest.contains("/v/t62"),
        "{manifest}"
    );
    let left: Vec<_> = fs::read_dir(shelf.place.path()).unwrap().collect();
    assert_eq!(left.len(), 3, "{left:?}");
}

#[tokio::test]
async fn a_day_given_as_the_end_of_a_period_belongs_to_it_and_a_time_does_not() {
    let shelf = Shelf::full().await;
    let noon = Cell::from(1_795_521_600_000_i64);
    shelf
        .change("update media set received_at = $1", vec![noon])
        .await;
    for (n, (filter, expected)) in [
        (&["--since", "2026-11-24", "--until", "2026-11-24"][..], 5),
        (&["--until", "2026-11-23"], 0),
        (&["--since", "2026-11-25"], 0),
        (&["--until", "2026-11-24T12:00:00Z"], 0),
        (&["--until", "2026-11-24T12:00:01Z"], 5),
    ]
    .into_iter()
    .enumerate()
    {
        let target = shelf.to(&format!("{n}.tar"));
        let sum = shelf.sum(&target, filter, 0).await;
        assert_eq!(sum["files"], expected, "{filter:?}");
    }
}

#[tokio::test]
async fn filters_narrow_what_is_exported_and_only_stored_media_are() {
    let shelf = Shelf::full().await;
    let second = shelf.media[1].received_at.clone();
    let fourth = shelf.media[3].received_at.clone();
    let chat = shelf.media[0].chat_id.clone().unwrap();
    for (n, (filter, expected)) in [
        (&["--client", "2"][..], 4),
        (&["--client", "3"], 1),
        (&["--instance", OTHER], 1),
        (&["--kind", "image"], 3),
        (&["--kind", "image", "--client", "2"], 2),
        (&["--chat", &chat], 5),
        (&["--chat", "unknown"], 0),
        (&["--since", &second], 4),
        (&["--until", &second], 1),
        (&["--since", &second, "--until", &fourth], 2),
    ]
    .into_iter()
    .enumerate()
    {
        let target = shelf.to(&format!("{n}.tar"));
        let dry = shelf
            .sum(&target, &[filter, &["--dry-run"]].concat(), 0)
            .await;
        assert_eq!(dry["files"], expected, "{filter:?}");
        assert!(!target.exists(), "a dry run wrote something");
        let sum = shelf.sum(&target, filter, 0).await;
        assert_eq!(sum["files"], expected, "{filter:?}");
        assert_eq!(prove(&read_tar(File::open(&target).unwrap())), expected);
    }
    shelf
        .change(
            "update media set status = 'skipped', reason = 'erased', path = null where id = $1",
            vec![Cell::from(&shelf.media[0].id)],
        )
        .await;
    let sum = shelf.sum(&shelf.to("erased"), &[], 0).await;
    assert_eq!((&sum["files"], &sum["omitted"]), (&4.into(), &0.into()));
    for nonsense in [
        ["--kind", "hologram"],
        ["--client", "9"],
        ["--instance", "X"],
        ["--since", "soon"],
    ] {
        let target = shelf.to("nonsense");
        let refused = shelf.export(&target, &nonsense).await;
        assert_eq!(refused.status.code(), Some(2), "{nonsense:?}");
        assert!(!target.exists());
    }
}

#[tokio::test]
async fn missing_and_corrupt_files_are_reported_and_omitted() {
    let shelf = Shelf::full().await;
    fs::remove_file(shelf.file(0)).unwrap();
    fs::write(shelf.file(1), "cut").unwrap();
    // The last one, so that nothing is written over what was copied of it.
    let mut bytes = fs::read(shelf.file(4)).unwrap();
    bytes[20_000] ^= 1;
    fs::write(shelf.file(4), bytes).unwrap();
    let (folder, tar, zip) = (shelf.to("out"), shelf.to("out.tar"), shelf.to("out.zip"));
    for target in [&folder, &tar, &zip] {
        let output = shelf.export(target, &[]).await;
        assert_eq!(output.status.code(), Some(1));
        let report: Value = serde_json::from_slice(&output.stdout).unwrap();
        let findings = report["findings"].as_array().unwrap().iter();
        let findings = findings.map(|finding| {
            let field = |name: &str| finding[name].as_str().unwrap();
            (field("finding"), field("media"), field("path"))
        });
        let findings: Vec<_> = findings.collect();
        let expected = [(0, "missing"), (1, "corrupt"), (4, "corrupt")];
        let expected = expected.map(|(n, problem)| {
            let media = &shelf.media[n];
            let path = media.path.as_deref().unwrap();
            (problem, media.id.as_str(), path)
        });
        assert_eq!(findings, expected);
        assert_eq!(
            (&report["files"], &report["omitted"]),
            (&2.into(), &3.into())
        );
    }
    for archive in [&tar, &zip] {
        let length = archive.metadata().unwrap().len();
        assert!(length < 110_000, "corrupt bytes stayed in it: {length}");
    }
    let piped = shelf.export(Path::new("-"), &[]).await;
    assert_eq!(piped.status.code(), Some(1));
    for files in [
        read_folder(&folder),
        read_tar(File::open(&tar).unwrap()),
        read_zip(&zip),
        read_tar(piped.stdout.as_slice()),
    ] {
        assert_eq!(prove(&files), 2);
        let found: Vec<_> = lines(&files)
            .iter()
            .map(|line| (line["exported"].clone(), line["finding"].clone()))
            .collect();
        let right = (true.into(), Value::Null);
        let wrong = |reason: &str| (false.into(), reason.into());
        assert_eq!(
            found,
            [
                wrong("missing"),
                wrong("corrupt"),
                right.clone(),
                right,
                wrong("corrupt")
            ]
        );
    }
    let talk = midiateca(
        shelf.folder.path(),
        &[
            "--lang",
            "pt-BR",
            "media",
            "export",
            shelf.to("pt").to_str().unwrap(),
        ],
    )
    .await;
    let said = String::from_utf8(talk.stdout).unwrap();
    assert!(
        said.contains("ausente\tmedia_storage/") && said.contains("3 omitidos"),
        "{said}"
    );
}

#[tokio::test]
async fn nothing_of_others_is_written_over_or_mixed_up() {
    let shelf = Shelf::full().await;
    fs::create_dir(shelf.to("foreign")).unwrap();
    fs::write(shelf.to("foreign/letter.txt"), "mine").unwrap();
    fs::write(shelf.to("there.tar"), "mine").unwrap();
    fs::write(shelf.to("there.zip"), "mine").unwrap();
    fs::write(shelf.to("file"), "mine").unwrap();
    let inside = shelf.storage().join("out");
    for (target, more) in [
        (shelf.to("foreign"), &[][..]),
        (shelf.to("there.tar"), &[]),
        (shelf.to("there.zip"), &[]),
        (shelf.to("file"), &[]),
        (shelf.to("no/such/out.zip"), &[]),
        (shelf.to("out.tar.gz"), &[]),
        (PathBuf::from("-"), &["--format", "zip"]),
        (inside.clone(), &[]),
    ] {
        for dry in [&[][..], &["--dry-run"]] {
            let refused = shelf.export(&target, &[more, dry].concat()).await;
            assert_eq!(refused.status.code(), Some(2), "{target:?}");
            assert!(!refused.stderr.is_empty());
        }
    }
    assert!(!inside.exists());
    for name in ["foreign/letter.txt", "there.tar", "there.zip", "file"] {
        assert_eq!(fs::read_to_string(shelf.to(name)).unwrap(), "mine");
    }
    assert_eq!(fs::read_dir(shelf.place.path()).unwrap().count(), 4);
    assert_eq!(fs::read_dir(shelf.to("foreign")).unwrap().count(), 1);
}

#[tokio::test]
async fn a_folder_goes_on_where_a_run_was_ended() {
    let shelf = Shelf::full().await;
    let target = shelf.to("out");
    shelf.sum(&target, &[], 0).await;
    let whole = read_folder(&target);
    // As a killed run leaves it: no manifest, a file less, one that was staged; and one that was changed since.
    let path = |n: usize| target.join(shelf.media[n].path.as_ref().unwrap());
    fs::remove_file(target.join("manifest.jsonl")).unwrap();
    fs::remove_file(target.join("SHA256SUMS")).unwrap();
    fs::write(target.join(".midiateca-staged"), "half").unwrap();
    fs::write(target.join(".midiateca-manifest"), "half").unwrap();
    fs::remove_file(path(0)).unwrap();
    let mut bytes = fs::read(path(1)).unwrap();
    bytes[7] ^= 1;
    fs::write(path(1), bytes).unwrap();
    let untouched = path(3).metadata().unwrap().modified().unwrap();
    // What is there and right needs no file in the storage any more.
    fs::remove_file(shelf.file(3)).unwrap();
    let sum = shelf.sum(&target, &[], 0).await;
    assert_eq!((&sum["files"], &sum["kept"]), (&5.into(), &3.into()));
    assert_eq!(read_folder(&target), whole);
    assert_eq!(path(3).metadata().unwrap().modified().unwrap(), untouched);
}

#[tokio::test]
async fn earlier_exports_stay_in_the_manifest() {
    let shelf = Shelf::full().await;
    let target = shelf.to("out");
    shelf.sum(&target, &["--kind", "image"], 0).await;
    fs::remove_file(target.join(shelf.media[3].path.as_ref().unwrap())).unwrap();
    let sum = shelf.sum(&target, &["--kind", "audio"], 0).await;
    assert_eq!((&sum["files"], &sum["carried"]), (&1.into(), &2.into()));
    let files = read_folder(&target);
    assert_eq!(prove(&files), 3);
    let found: Vec<_> = lines(&files)
        .iter()
        .map(|line| line["id"].clone())
        .collect();
    assert_eq!(
        found,
        [0, 1, 4].map(|n: usize| Value::from(shelf.media[n].id.as_str()))
    );
    let sum = shelf.sum(&target, &[], 0).await;
    assert_eq!((&sum["files"], &sum["carried"]), (&5.into(), &0.into()));
    assert_eq!(prove(&read_folder(&target)), 5);
}

#[tokio::test]
async fn strangers_words_are_text_in_the_manifest() {
    let shelf = Shelf::full().await;
    let hostile = "a\"b\\c\n{\"id\": 1}\r\u{0}\u{1b}[2J\u{2028}\u{202e}fdp.exe";
    shelf
        .change(
            "update media set caption = $1, file_name = $1, sender_name = $1",
            vec![Cell::from(hostile)],
        )
        .await;
    let target = shelf.to("out.zip");
    shelf.sum(&target, &[], 0).await;
    let lines = lines(&read_zip(&target));
    assert_eq!(lines.len(), 5);
    for line in lines {
        for name in ["caption", "file_name", "sender_name"] {
            assert_eq!(line[name], hostile);
        }
    }
}

#[tokio::test]
async fn files_of_others_next_to_a_target_stay() {
    let shelf = Shelf::full().await;
    let names = [
        "out.tar.partial",
        "out.tar.manifest.partial",
        "out.zip.partial",
        "out.zip.sums.partial",
    ];
    for name in names {
        fs::write(shelf.to(name), name).unwrap();
    }
    for target in ["out.tar", "out.zip"] {
        shelf.sum(&shelf.to(target), &[], 0).await;
    }
    for name in names {
        assert_eq!(fs::read_to_string(shelf.to(name)).unwrap(), name);
    }
    assert_eq!(fs::read_dir(shelf.place.path()).unwrap().count(), 6);
}

#[tokio::test]
async fn a_folder_in_the_place_of_a_file_is_reported() {
    let shelf = Shelf::full().await;
    let target = shelf.to("out");
    shelf.sum(&target, &["--client", "3"], 0).await;
    let there = target.join(shelf.media[0].path.as_ref().unwrap());
    fs::create_dir_all(there.join("theirs")).unwrap();
    let output = shelf.export(&target, &[]).await;
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(3), "{said}");
    assert!(said.contains("blocks the next"), "{said}");
    assert!(there.join("theirs").exists());
    fs::remove_dir_all(&there).unwrap();
    assert_eq!(shelf.sum(&target, &[], 0).await["files"], 5);
}

#[cfg(unix)]
#[tokio::test]
async fn a_pipe_in_the_place_of_a_file_is_not_waited_for() {
    let shelf = Shelf::full().await;
    fs::remove_file(shelf.file(0)).unwrap();
    let made = std::process::Command::new("mkfifo")
        .arg(shelf.file(0))
        .status();
    assert!(made.unwrap().success());
    let sum = shelf.sum(&shelf.to("out.tar"), &[], 1).await;
    assert_eq!((&sum["files"], &sum["omitted"]), (&4.into(), &1.into()));
}

#[cfg(unix)]
#[tokio::test]
async fn a_stream_that_is_killed_leaves_nothing_of_anybody_behind() {
    use std::process::Stdio;
    let (folder, _) = holding(&[600_000]).await;
    let temporary = tempfile::tempdir().unwrap();
    let mut running = crate::stage::program(folder.path())
        .args(["media", "export", "-"])
        .env("TMPDIR", temporary.path())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    // It has begun, and waits for a reader.
    let mut stream = running.stdout.take().unwrap();
    stream.read_exact(&mut [0]).unwrap();
    running.kill().unwrap();
    running.wait().unwrap();
    assert_eq!(std::fs::read_dir(temporary.path()).unwrap().count(), 0);
}
