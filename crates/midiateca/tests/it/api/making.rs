//! How derived files are made: once for all who ask, again after a failure that says nothing of the bytes, and for whom.
#![cfg(unix)]

use std::io::{BufReader, Cursor, Read as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use image::{DynamicImage, ImageFormat, Rgba, RgbaImage};
use midiateca_service::clock::{Clock, DAY, MINUTE};
use midiateca_service::config::{Config, Retention};
use midiateca_service::db::{Key, Tx, Value};
use midiateca_service::model::{Role, Scope};
use midiateca_service::ops::retention;
use midiateca_service::shutdown::CancellationToken;
use wa_media::MediaKind;
use wa_sim::SimMedia;

use super::Caller;
use super::previews::{base64, derived, of_bytes, picture, read, store_with, without_programs};
use crate::commands::{midiateca, stdout};
use crate::stage::{FIRST, TODAY, TestApp, impatient, until};

pub(super) const PICTURE: &str = "iVBORw0KGgoAAAANSUhEUgAAABAAAAAQCAIAAACQkWg2AAAAFklEQVR42mNQvZxGEmIY1TCqYfhqAADRaV4QBO9zkwAAAABJRU5ErkJggg==";

/// An `ffmpeg` that does what the script says, in a folder of its own, which it sees as `$here`.
struct Program(tempfile::TempDir);

impl Program {
    fn new(script: &str) -> Self {
        let program = Self(tempfile::tempdir().unwrap());
        program.says(script);
        program
    }

    fn at(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn says(&self, script: &str) {
        let (new, path) = (self.at("new"), self.at("ffmpeg"));
        let script = format!("#!/bin/sh\nhere=\"$(dirname \"$0\")\"\n{script}\n");
        std::fs::write(&new, script).unwrap();
        std::fs::set_permissions(&new, std::fs::Permissions::from_mode(0o755)).unwrap();
        std::fs::rename(new, path).unwrap();
    }

    fn config(&self) -> Config {
        let mut config = impatient();
        config.derived.ffmpeg = self.at("ffmpeg").display().to_string();
        config.derived.pdftoppm = String::new();
        config
    }

    /// Counts the bytes that runs write into a pipe, which an isolated program can write to as well.
    fn counter(&self) -> Arc<AtomicUsize> {
        let pipe = self.at("runs");
        let made = std::process::Command::new("mkfifo").arg(&pipe).status();
        assert!(made.unwrap().success());
        let (count, counted) = (Arc::<AtomicUsize>::default(), pipe);
        let counting = Arc::clone(&count);
        std::thread::spawn(move || {
            // Open for writing as well, it never ends.
            let pipe = std::fs::File::options()
                .read(true)
                .write(true)
                .open(counted);
            let mut bytes = BufReader::new(pipe.unwrap()).bytes();
            while let Some(Ok(_)) = bytes.next() {
                counting.fetch_add(1, Ordering::SeqCst);
            }
        });
        count
    }
}

#[tokio::test]
async fn many_requests_at_once_run_the_program_once() {
    let program = Program::new(&format!(
        r#"printf x >"$here/runs"; until [ -e "$here/go" ]; do sleep 0.02; done; echo {PICTURE} | base64 -d"#
    ));
    let runs = program.counter();
    let test = TestApp::with(program.config(), Clock::system()).await;
    let viewer = Caller::new(&test, Role::Viewer, Scope::All).await;
    let video = SimMedia::sample(FIRST, "ASKED", MediaKind::Video);
    let id = test.store(video).await.0.id;
    let path = format!("/media/{id}/thumbnail");
    let asking = futures_util::future::join_all((0..12).map(|_| read(&viewer, &path)));
    let opening = async {
        until("the program runs", async || runs.load(Ordering::SeqCst) > 0).await;
        std::fs::write(program.at("go"), "").unwrap();
    };
    let (answers, ()) = tokio::join!(asking, opening);
    assert!(
        answers
            .iter()
            .all(|answer| answer.0 == 200 && answer.2 == answers[0].2)
    );
    assert_eq!(runs.load(Ordering::SeqCst), 1);
    assert_eq!(derived(&test).len(), 1);
    test.end().await;
}

#[tokio::test]
async fn only_a_verdict_about_the_bytes_is_remembered() {
    let program = Program::new("kill -9 $$");
    let clock = Clock::fixed(TODAY);
    let test = TestApp::with(program.config(), clock.clone()).await;
    let viewer = Caller::new(&test, Role::Viewer, Scope::All).await;
    let video = |id, seed| of_bytes(id, MediaKind::Video, "video/mp4", vec![seed; 999]);
    let killed = test.store(video("KILLED", 1)).await.0.id;
    let none = (404, "no_thumbnail".to_owned());
    let of = |id: &str| format!("/media/{id}/thumbnail");
    assert_eq!(viewer.error("GET", &of(&killed), None).await, none);
    program.says("exit 1");
    let refused = test.store(video("REFUSED", 2)).await.0.id;
    assert_eq!(viewer.error("GET", &of(&refused), None).await, none);
    program.says(&format!("echo {PICTURE} | base64 -d"));
    assert_eq!(viewer.error("GET", &of(&killed), None).await, none);
    clock.advance(MINUTE);
    assert_eq!(read(&viewer, &of(&killed)).await.0, 200);
    clock.advance(DAY);
    assert_eq!(viewer.error("GET", &of(&refused), None).await, none);
    test.end().await;
}

fn preview(shade: u8) -> Vec<u8> {
    let picture = RgbaImage::from_pixel(40, 40, Rgba([shade, shade, shade, 255]));
    let mut bytes = Cursor::new(Vec::new());
    let picture = DynamicImage::from(picture).to_rgb8();
    picture.write_to(&mut bytes, ImageFormat::Jpeg).unwrap();
    bytes.into_inner()
}

fn shade_of(bytes: &[u8]) -> u8 {
    let picture = image::load_from_memory(bytes).unwrap().to_rgb8();
    picture.get_pixel(5, 5).0[0]
}

#[tokio::test]
async fn the_picture_of_a_message_is_of_its_media_alone_and_goes_with_it() {
    let test = TestApp::with(without_programs(), Clock::system()).await;
    let viewer = Caller::new(&test, Role::Viewer, Scope::All).await;
    let mut ids = Vec::new();
    for (id, shade) in [("DARK", 20), ("LIGHT", 230)] {
        let media = of_bytes(id, MediaKind::Video, "video/mp4", vec![7; 999]);
        let media = store_with(&test, media, "jpegThumbnail", base64(&preview(shade))).await;
        assert_eq!(media.status, "stored");
        ids.push(media.id);
    }
    let shown =
        async |id: &str| shade_of(&read(&viewer, &format!("/media/{id}/thumbnail")).await.2);
    for _ in 0..2 {
        assert!(shown(&ids[0]).await < 60, "the picture of another message");
        assert!(shown(&ids[1]).await > 200, "the picture of another message");
    }
    let waves: Vec<u8> = (1..=64).collect();
    let media = of_bytes("WAVES", MediaKind::Audio, "audio/ogg", vec![8; 99]);
    let with = store_with(&test, media, "waveform", base64(&waves)).await;
    let media = of_bytes("NO-WAVES", MediaKind::Audio, "audio/ogg", vec![8; 99]);
    let without = test.store(media).await.0;
    viewer.get(&format!("/media/{}/waveform", with.id)).await;
    let path = format!("/media/{}/waveform", without.id);
    let none = (404, "no_waveform".to_owned());
    assert_eq!(viewer.error("GET", &path, None).await, none);
    let kept = derived(&test);
    assert_eq!(kept.len(), 3, "{kept:?}");

    // As a process leaves it that is killed after the row's change.
    change(
        &test,
        "update media set status = 'skipped' where id = $1",
        &ids[0],
    )
    .await;
    assert_eq!(sweep(&test).await, 1);
    let left = derived(&test);
    assert_eq!(left.len(), 2);
    let is_of = |id: &str| {
        left.iter()
            .any(|path| path.display().to_string().ends_with(id))
    };
    assert!(
        !is_of(&ids[0]) && is_of(&ids[1]) && is_of(&with.id),
        "{left:?}"
    );
    test.end().await;
}

async fn change(test: &TestApp, sql: &'static str, id: &str) {
    let id = Value::from(id);
    let changing = async move |tx: &mut Tx| tx.run(sql, vec![id.clone()]).await;
    let changed = test.app.db.write(Key::Everything, changing).await;
    assert_eq!(changed.unwrap(), 1);
}

async fn sweep(test: &TestApp) -> u64 {
    let options = retention::Options {
        with_orphans: true,
        actor: None,
        dry_run: false,
    };
    let (settings, cancelled) = (Retention::default(), CancellationToken::new());
    let progress = |_: &retention::Item| {};
    let deps = test.app.file_deps();
    let swept = retention::run(deps, &settings, options, &progress, &cancelled);
    swept.await.unwrap().derived
}

#[tokio::test]
async fn what_was_made_of_a_replaced_file_goes_with_a_sweep_and_with_an_erasure() {
    let test = TestApp::with(without_programs(), Clock::system()).await;
    let viewer = Caller::new(&test, Role::Viewer, Scope::All).await;
    for is_erased in [false, true] {
        let id = if is_erased { "ERASED" } else { "SWEPT" };
        let bytes = picture(30, if is_erased { 20 } else { 10 }, ImageFormat::Png);
        let media = of_bytes(id, MediaKind::Image, "image/png", bytes);
        let id = test.store(media).await.0.id;
        assert_eq!(
            read(&viewer, &format!("/media/{id}/thumbnail")).await.0,
            200
        );
        assert_eq!(derived(&test).len(), 1);
        // Lost, and stored again with other bytes.
        change(
            &test,
            "update media set sha256 = cast('01234567890123456789012345678901' as /*sqlite*/blob/*postgres bytea */) where id = $1",
            &id,
        )
        .await;
        if is_erased {
            let person = ["--client", "2", "--contact", "5500900000001"];
            let forget = [&["forget", "--yes"][..], &person].concat();
            let forgotten = stdout(&midiateca(&test.app.data, &forget).await);
            assert!(forgotten.contains("erased for client 2"), "{forgotten}");
        } else {
            assert_eq!(sweep(&test).await, 1);
        }
        assert_eq!(derived(&test), Vec::<PathBuf>::new());
    }
    test.end().await;
}

#[tokio::test]
async fn sounds_are_kept_and_read_in_ranges() {
    let program = Program::new("head -c 3000000 /dev/zero | tr '\\0' 'x'; printf end");
    let test = TestApp::with(program.config(), Clock::system()).await;
    let viewer = Caller::new(&test, Role::Viewer, Scope::All).await;
    let voice = SimMedia {
        instance: FIRST.to_owned(),
        ..SimMedia::documented()
    };
    let id = test.store(voice).await.0.id;
    for (form, mime) in [("aac", "audio/aac"), ("mp4", "audio/mp4; codecs=opus")] {
        let path = format!("/media/{id}/content?as={form}");
        let (status, _, first) = read(&viewer, &path).await;
        let (_, headers, again) = read(&viewer, &path).await;
        assert_eq!(
            (status, &headers["content-type"]),
            (200, &mime.parse().unwrap())
        );
        assert_eq!(headers["content-length"], first.len().to_string().as_str());
        assert!(first == again, "{form}");
        let kept = derived(&test);
        let kept: Vec<&Path> = kept
            .iter()
            .map(PathBuf::as_path)
            .filter(|path| path.extension().is_some_and(|end| end == form))
            .collect();
        assert_eq!(kept.len(), 1, "{form}");
        assert!(std::fs::read(kept[0]).unwrap() == first, "{form}");
        let etag = headers["etag"].to_str().unwrap();
        let end = viewer.request("GET", &path).header("range", "bytes=-3");
        let end = end.header("if-range", etag).send().await.unwrap();
        assert_eq!(end.status(), 206, "{form}");
        assert!(end.bytes().await.unwrap() == first[first.len() - 3..]);
        let known = viewer.request("GET", &path).header("if-none-match", etag);
        assert_eq!(known.send().await.unwrap().status(), 304, "{form}");
        // Made again, it may have other bytes.
        std::fs::remove_file(kept[0]).unwrap();
        let (_, headers, _) = read(&viewer, &path).await;
        assert_eq!(headers["etag"] == etag, form == "mp4", "{form}");
    }
    test.end().await;
}
