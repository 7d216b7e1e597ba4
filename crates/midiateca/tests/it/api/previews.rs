//! Thumbnails, waveforms and AAC over the API, and when they are deleted.

use std::io::Cursor;
use std::path::PathBuf;

use image::{DynamicImage, ImageFormat, Rgba, RgbaImage};
use midiateca_service::clock::Clock;
use midiateca_service::config::{Config, Rule, Span};
use midiateca_service::model::{Role, Scope};
use midiateca_service::ops::retention;
use midiateca_service::shutdown::CancellationToken;
use reqwest::header::HeaderMap;
use serde_json::{Value, json};
use wa_media::MediaKind;
use wa_sim::SimMedia;

use super::{Caller, two_clients};
use crate::commands::{midiateca, stderr, stdout};
use crate::stage::{FIRST, MediaView, OTHER, TestApp, impatient, sample};

pub(super) async fn read(caller: &Caller<'_>, path: &str) -> (u16, HeaderMap, Vec<u8>) {
    let answer = caller.request("GET", path).send().await.unwrap();
    let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
    (status, headers, answer.bytes().await.unwrap().to_vec())
}

pub(super) fn picture(width: u32, height: u32, format: ImageFormat) -> Vec<u8> {
    let picture = RgbaImage::from_pixel(width, height, Rgba([200, 30, 30, 255]));
    let picture = DynamicImage::from(picture).to_rgb8();
    let mut bytes = Cursor::new(Vec::new());
    picture.write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

pub(super) fn of_bytes(id: &str, kind: MediaKind, mime: &str, bytes: Vec<u8>) -> SimMedia {
    SimMedia {
        content: wa_sim::Content::Bytes(bytes.into()),
        mime: mime.to_owned(),
        ..SimMedia::sample(FIRST, id, kind)
    }
}

/// The derived files.
pub(super) fn derived(test: &TestApp) -> Vec<PathBuf> {
    let mut files = test.files();
    files.retain(|file| file.components().any(|part| part.as_os_str() == ".derived"));
    files
}

pub(super) fn without_programs() -> Config {
    let mut config = impatient();
    config.derived.ffmpeg = String::new();
    config.derived.pdftoppm = String::new();
    config
}

/// A media whose message has this field.
pub(super) async fn store_with(
    test: &TestApp,
    media: SimMedia,
    name: &str,
    value: Value,
) -> MediaView {
    let carrier = format!("{}Message", media.kind.as_str());
    let mut delivery = test.sim.world().add(media);
    let put = put(&mut delivery.body, &carrier, name, &value);
    assert!(put, "there is no {carrier} in {}", delivery.body);
    let id = test.deliver(&delivery).await;
    test.settled(&id).await
}

fn put(body: &mut Value, carrier: &str, name: &str, value: &Value) -> bool {
    match body {
        Value::Object(fields) => {
            if let Some(Value::Object(carrier)) = fields.get_mut(carrier) {
                carrier.insert(name.to_owned(), value.clone());
                return true;
            }
            let mut fields = fields.values_mut();
            fields.any(|field| put(field, carrier, name, value))
        }
        Value::Array(items) => items.iter_mut().any(|item| put(item, carrier, name, value)),
        _ => false,
    }
}

pub(super) fn base64(bytes: &[u8]) -> Value {
    use base64::Engine as _;
    json!(base64::engine::general_purpose::STANDARD.encode(bytes))
}

#[tokio::test]
async fn a_picture_has_a_small_picture_that_is_kept_and_made_again() {
    let test = TestApp::with(without_programs(), Clock::system()).await;
    let viewer = Caller::new(&test, Role::Viewer, Scope::All).await;
    let large = of_bytes(
        "LARGE",
        MediaKind::Image,
        "image/png",
        picture(1_000, 500, ImageFormat::Png),
    );
    let (media, _) = test.store(large).await;
    let path = format!("/media/{}/thumbnail", media.id);
    let (status, headers, bytes) = read(&viewer, &path).await;
    assert_eq!(
        (status, &headers["content-type"]),
        (200, &"image/jpeg".parse().unwrap())
    );
    let small = image::load_from_memory(&bytes).unwrap();
    assert_eq!((small.width(), small.height()), (320, 160));
    assert_eq!(headers["x-content-type-options"], "nosniff");
    assert_eq!(
        headers["content-security-policy"],
        "sandbox; default-src 'none'"
    );
    assert!(
        headers["cache-control"]
            .to_str()
            .unwrap()
            .starts_with("private")
    );
    assert!(
        headers["content-disposition"]
            .to_str()
            .unwrap()
            .starts_with("inline;")
    );
    let kept = derived(&test);
    assert_eq!(kept.len(), 1, "{kept:?}");
    assert_eq!(std::fs::read(&kept[0]).unwrap(), bytes);
    let etag = headers["etag"].to_str().unwrap();
    let known = viewer.request("GET", &path).header("if-none-match", etag);
    assert_eq!(known.send().await.unwrap().status(), 304);
    let head = viewer.request("HEAD", &path).send().await.unwrap();
    assert_eq!(
        head.headers()["content-length"],
        bytes.len().to_string().as_str()
    );
    assert_eq!(head.headers()["etag"], etag);
    std::fs::remove_file(&kept[0]).unwrap();
    assert_eq!(read(&viewer, &path).await.2, bytes);
    assert_eq!(derived(&test), kept);
    let checked = midiateca(&test.app.data, &["scrub"]).await;
    assert!(checked.status.success(), "{}", stderr(&checked));

    std::fs::remove_file(&kept[0]).unwrap();
    std::fs::remove_file(test.file(&media)).unwrap();
    assert_eq!(
        viewer.error("GET", &path, None).await,
        (404, "file_missing".to_owned())
    );
    test.end().await;
}

#[tokio::test]
async fn hostile_files_have_no_thumbnail() {
    let test = TestApp::with(without_programs(), Clock::system()).await;
    let viewer = Caller::new(&test, Role::Viewer, Scope::All).await;
    let mut bomb = picture(1, 1, ImageFormat::Png);
    let sizes = [50_000_u32.to_be_bytes(), 50_000_u32.to_be_bytes()].concat();
    bomb[16..24].copy_from_slice(&sizes);
    let mut checksum = flate2::Crc::new();
    checksum.update(&bomb[12..29]);
    bomb[29..33].copy_from_slice(&checksum.sum().to_be_bytes());
    let svg = br#"<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>"#.to_vec();
    let html = b"<!doctype html><html><script>alert(1)</script></html>".to_vec();
    let mut cut = picture(600, 600, ImageFormat::Png);
    cut.truncate(cut.len() / 2);
    let document = MediaKind::Document;
    for (id, kind, mime, bytes) in [
        ("BOMB", MediaKind::Image, "image/png", bomb),
        ("CUT", MediaKind::Image, "image/png", cut),
        (
            "HEAD",
            MediaKind::Image,
            "image/jpeg",
            picture(9, 9, ImageFormat::Jpeg)[..4].to_vec(),
        ),
        ("SVG", document, "image/svg+xml", svg.clone()),
        ("SVG-IMAGE", MediaKind::Image, "image/svg+xml", svg),
        ("HTML", document, "text/html", html.clone()),
        ("HTML-JPEG", MediaKind::Image, "image/jpeg", html),
        (
            "PDF",
            document,
            "application/pdf",
            b"%PDF-1.7\n%%EOF".to_vec(),
        ),
    ] {
        let (media, _) = test.store(of_bytes(id, kind, mime, bytes)).await;
        assert_eq!(media.status, "stored", "{id}: {:?}", media.reason);
        let path = format!("/media/{}/thumbnail", media.id);
        for _ in 0..2 {
            let found = viewer.error("GET", &path, None).await;
            assert_eq!(found, (404, "no_thumbnail".to_owned()), "{id}");
        }
        let path = format!("/media/{}/waveform", media.id);
        let found = viewer.error("GET", &path, None).await;
        assert_eq!(found, (404, "no_waveform".to_owned()), "{id}");
        let path = format!("/media/{}/content?as=aac", media.id);
        assert_eq!(
            viewer.error("GET", &path, None).await,
            (404, "no_aac".to_owned()),
            "{id}"
        );
    }
    assert_eq!(derived(&test), Vec::<PathBuf>::new());
    let failed = test.fail(wa_sim::Fault::HtmlPage).await;
    let path = format!("/media/{}/thumbnail", failed.id);
    assert_eq!(
        viewer.error("GET", &path, None).await,
        (404, "not_stored".to_owned())
    );
    test.end().await;
}

#[tokio::test]
async fn without_a_program_the_picture_in_the_message_is_the_thumbnail() {
    let test = TestApp::with(without_programs(), Clock::system()).await;
    let viewer = Caller::new(&test, Role::Viewer, Scope::All).await;
    for (id, size) in [("SHORT", 40), ("LONG", 300)] {
        // Longer ones are taken out of the delivery.
        let noise = RgbaImage::from_fn(size, size, |x, y| {
            Rgba([(x * y) as u8, (x ^ y) as u8, x as u8, 255])
        });
        let mut preview = Cursor::new(Vec::new());
        let noise = DynamicImage::from(noise).to_rgb8();
        noise.write_to(&mut preview, ImageFormat::Jpeg).unwrap();
        let video = SimMedia::sample(FIRST, id, MediaKind::Video);
        let wa_sim::Content::Bytes(bytes) = &video.content else {
            panic!("the sample is not of bytes");
        };
        let bytes = [&bytes[..], id.as_bytes()].concat();
        let media = of_bytes(id, MediaKind::Video, "video/mp4", bytes);
        let media = store_with(&test, media, "jpegThumbnail", base64(preview.get_ref())).await;
        let (status, headers, bytes) =
            read(&viewer, &format!("/media/{}/thumbnail", media.id)).await;
        assert_eq!(
            (status, &headers["content-type"]),
            (200, &"image/jpeg".parse().unwrap()),
            "{id}"
        );
        let small = image::load_from_memory(&bytes).unwrap();
        assert_eq!(small.width(), size);
    }
    let media = SimMedia {
        content: wa_sim::Content::Generated {
            seed: 5,
            size_bytes: 9_000,
        },
        ..SimMedia::sample(FIRST, "HOSTILE", MediaKind::Video)
    };
    let media = store_with(&test, media, "jpegThumbnail", json!("PHN2Zz4=")).await;
    let path = format!("/media/{}/thumbnail", media.id);
    assert_eq!(
        viewer.error("GET", &path, None).await,
        (404, "no_thumbnail".to_owned())
    );
    test.end().await;
}

#[tokio::test]
async fn a_waveform_is_taken_from_the_message() {
    let test = TestApp::with(without_programs(), Clock::system()).await;
    let viewer = Caller::new(&test, Role::Viewer, Scope::All).await;
    let samples: Vec<u8> = (0..64).map(|n| n * 2).collect();
    let media = SimMedia::sample(FIRST, "VOICE", MediaKind::Audio);
    let media = store_with(&test, media, "waveform", base64(&samples)).await;
    let path = format!("/media/{}/waveform", media.id);
    let answer = viewer.get(&path).await;
    assert_eq!(answer["source"], "message");
    let expected: Vec<u8> = samples.iter().map(|sample| *sample.min(&100)).collect();
    assert_eq!(answer["samples"], json!(expected));
    assert_eq!(
        read(&viewer, &path).await.1["content-type"],
        "application/json"
    );
    test.end().await;
}

/// The programs of this machine.
fn is_there(program: &str) -> bool {
    let is_there = midiateca_service::derived::tool::find(program).is_some();
    if !is_there {
        eprintln!("SKIPPED: what {program} makes (it is not installed)");
    }
    is_there
}

#[tokio::test]
async fn programs_make_thumbnails_waveforms_and_aac() {
    let test = TestApp::start().await;
    let viewer = Caller::new(&test, Role::Viewer, Scope::All).await;
    let stored = async |kind| test.store(SimMedia::sample(FIRST, "MADE", kind)).await.0.id;
    if is_there("pdftoppm") {
        let id = stored(MediaKind::Document).await;
        let (status, _, bytes) = read(&viewer, &format!("/media/{id}/thumbnail")).await;
        assert_eq!(status, 200);
        let page = image::load_from_memory(&bytes).unwrap();
        assert_eq!(page.width().max(page.height()), 320);
    }
    if is_there("ffmpeg") {
        let id = test
            .store(SimMedia::sample(FIRST, "FILM", MediaKind::Video))
            .await
            .0
            .id;
        let (status, _, bytes) = read(&viewer, &format!("/media/{id}/thumbnail")).await;
        assert_eq!(status, 200);
        assert!(image::load_from_memory(&bytes).unwrap().width() <= 320);
        let voice = SimMedia {
            instance: FIRST.to_owned(),
            ..SimMedia::documented()
        };
        let id = test.store(voice).await.0.id;
        let waveform = viewer.get(&format!("/media/{id}/waveform")).await;
        assert_eq!(waveform["source"], "decoded");
        let samples: Vec<u8> = serde_json::from_value(waveform["samples"].clone()).unwrap();
        assert_eq!((samples.len(), samples.iter().max()), (64, Some(&100)));
        let path = format!("/media/{id}/content?as=aac");
        let (status, headers, bytes) = read(&viewer, &path).await;
        assert_eq!(
            (status, &headers["content-type"]),
            (200, &"audio/aac".parse().unwrap())
        );
        assert_eq!(bytes[..1], [0xff]);
        let part = viewer.request("GET", &path).header("range", "bytes=1-2");
        let part = part.send().await.unwrap();
        assert_eq!(part.status(), 206);
        assert_eq!(part.bytes().await.unwrap(), bytes[1..3]);
        let disposition = headers["content-disposition"].to_str().unwrap();
        assert!(
            disposition.starts_with("inline;") && disposition.contains(".aac"),
            "{disposition}"
        );
    }
    test.end().await;
}

#[cfg(unix)]
#[tokio::test]
async fn a_program_that_hangs_is_killed_and_asked_once() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join("ffmpeg");
    std::fs::write(&program, "#!/bin/sh\nsleep 600 &\nsleep 600\n").unwrap();
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
    let mut config = impatient();
    config.derived.ffmpeg = program.display().to_string();
    config.derived.timeout = Span::from_ms(300);
    let test = TestApp::with(config, Clock::system()).await;
    let viewer = Caller::new(&test, Role::Viewer, Scope::All).await;
    let (media, _) = test
        .store(SimMedia::sample(FIRST, "HANGS", MediaKind::Video))
        .await;
    let path = format!("/media/{}/thumbnail", media.id);
    let none = (404, "no_thumbnail".to_owned());
    let asked = std::time::Instant::now();
    assert_eq!(viewer.error("GET", &path, None).await, none);
    let first = asked.elapsed();
    assert!(first < std::time::Duration::from_secs(60), "{first:?}");
    // Asked again, the program would make a picture now, as it does from the same bytes of another client.
    let picture = "iVBORw0KGgoAAAANSUhEUgAAABAAAAAQCAIAAACQkWg2AAAAFklEQVR42mNQvZxGEmIY1TCqYfhqAADRaV4QBO9zkwAAAABJRU5ErkJggg==";
    std::fs::write(&program, format!("#!/bin/sh\necho {picture} | base64 -d\n")).unwrap();
    assert_eq!(viewer.error("GET", &path, None).await, none);
    let other = SimMedia::sample(OTHER, "WORKS", MediaKind::Video);
    let delivery = test.sim.world().add(other);
    let url = format!("{}/hooks/wapi/{}", test.origin(), test.other_hook);
    let (_, answer) = test.post_to(&url, delivery.body.to_string()).await;
    let id = answer["media"][0]["id"].as_str().unwrap().to_owned();
    test.settled(&midiateca_service::model::MediaId(id.clone()))
        .await;
    let path = format!("/media/{id}/thumbnail");
    assert_eq!(read(&viewer, &path).await.0, 200);
    test.end().await;
}

#[tokio::test]
async fn clients_do_not_share_derived_files_and_each_goes_with_its_file() {
    let test = TestApp::with(without_programs(), Clock::system()).await;
    let viewer = Caller::new(&test, Role::Viewer, Scope::All).await;
    let (own, other) = two_clients(&test).await;
    for id in [&own, &other] {
        let path = format!("/media/{id}/thumbnail");
        assert_eq!(read(&viewer, &path).await.0, 200);
    }
    let of = |client: i64| {
        let mut files = derived(&test);
        files.retain(|file| {
            file.components()
                .any(|part| *part.as_os_str() == *format!("cliente_{client}"))
        });
        files.len()
    };
    assert_eq!((of(2), of(3)), (1, 1));
    let forgotten = midiateca(
        &test.app.data,
        &[
            "forget",
            "--yes",
            "--client",
            "2",
            "--contact",
            "5500900000001",
        ],
    )
    .await;
    assert!(
        stdout(&forgotten).contains(": 1 media, 1 file"),
        "{}",
        stderr(&forgotten)
    );
    assert_eq!((of(2), of(3)), (0, 1), "{:?}", derived(&test));
    let app = &test.app;
    let cancelled = CancellationToken::new();
    let settings = midiateca_service::config::Retention {
        rules: vec![Rule {
            larger_than: Some(midiateca_service::config::Size::from_bytes(1)),
            ..Rule::default()
        }],
        ..Default::default()
    };
    let folder = derived(&test)[0].parent().unwrap().with_file_name("ab");
    std::fs::create_dir_all(&folder).unwrap();
    let orphan = folder.join(format!("{}.thumbnail", "ab".repeat(32)));
    std::fs::write(&orphan, "left by a killed process").unwrap();
    let options = retention::Options {
        with_orphans: true,
        actor: None,
        dry_run: true,
    };
    let preview = retention::run(
        app.file_deps(),
        &settings,
        options.clone(),
        &|_: &retention::Item| {},
        &cancelled,
    );
    assert_eq!(preview.await.unwrap().derived, 1);
    assert_eq!(of(3), 2);
    let options = retention::Options {
        dry_run: false,
        ..options
    };
    let swept = retention::run(
        app.file_deps(),
        &settings,
        options,
        &|_: &retention::Item| {},
        &cancelled,
    );
    let swept = swept.await.unwrap();
    assert_eq!((swept.files, swept.derived), (1, 1));
    assert_eq!(of(3), 0, "{:?}", derived(&test));
    test.end().await;
}

/// An erasure that begins while a thumbnail is made leaves none behind.
#[tokio::test]
async fn nothing_is_kept_of_a_file_that_is_no_longer_stored() {
    let test = TestApp::with(without_programs(), Clock::system()).await;
    let (media, _) = test.store(sample("ERASED")).await;
    let id = midiateca_service::model::MediaId(media.id.clone());
    let found = midiateca_service::media::find(&test.app.db, &id).await;
    let before = found.unwrap().unwrap();
    let sql = "update media set status = 'skipped', reason = 'erased' where id = $1";
    let id = midiateca_service::db::Value::from(&media.id);
    let condemning =
        async move |tx: &mut midiateca_service::db::Tx| tx.run(sql, vec![id.clone()]).await;
    test.app
        .db
        .write(midiateca_service::db::Key::Everything, condemning)
        .await
        .unwrap();
    assert!(test.app.derived.thumbnail(&before).await.is_ok());
    assert_eq!(derived(&test), Vec::<PathBuf>::new());
    test.end().await;
}
