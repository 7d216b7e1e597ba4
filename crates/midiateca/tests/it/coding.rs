//! Servers that send files compressed without being asked.

use std::collections::HashMap;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;

use crate::stage::MediaView;
use flate2::Compression;
use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};
use midiateca_service::clock::Clock;
use midiateca_service::config::Size;
use midiateca_service::model::Route;
use wa_media::MediaKind;
use wa_sim::{Content, Fault, SimMedia};

use crate::stage::{FIRST, TestApp, impatient};

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn text() -> Vec<u8> {
    (0..40_000_u32)
        .flat_map(|line| format!("{line};1,00\r\n").into_bytes())
        .collect()
}

/// By path: the header, and the body.
type Files = HashMap<&'static str, (&'static str, Vec<u8>)>;

/// A file server with fixed answers. It ends with the test.
fn file_server(listener: TcpListener, files: Files) {
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { continue };
            let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
            let first = lines.next().and_then(Result::ok).unwrap_or_default();
            let asks_for_plain = lines
                .map_while(Result::ok)
                .take_while(|line| !line.is_empty())
                .any(|line| line.eq_ignore_ascii_case("accept-encoding: identity"));
            assert!(asks_for_plain, "{first}");
            let path = first
                .split(' ')
                .nth(1)
                .unwrap_or_default()
                .trim_start_matches('/');
            let (coding, body) = &files[path];
            let head = format!(
                "HTTP/1.1 200 OK\r\nContent-Encoding: {coding}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
                body.len()
            );
            let _ = stream
                .write_all(head.as_bytes())
                .and_then(|()| stream.write_all(body));
        }
    });
}

async fn stage(files: Files) -> (TestApp, String) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    file_server(listener, files);
    let mut config = impatient();
    config.fetch.allowed_hosts = vec![address.to_string()];
    config.fetch.max_file = Size::from_bytes(8 << 20);
    config.fetch.attempts = 1;
    (
        TestApp::with(config, Clock::system()).await,
        format!("http://{address}"),
    )
}

async fn fetch(
    test: &TestApp,
    link: String,
    bytes: Vec<u8>,
    with_hashes: bool,
    name: &str,
) -> MediaView {
    let id = format!("CODED{}{with_hashes}", link.rsplit('/').next().unwrap());
    let media = SimMedia {
        content: Content::Bytes(bytes.into()),
        fault: Fault::LinkTo(link),
        with_hashes,
        mime: "application/octet-stream".to_owned(),
        file_name: Some(name.to_owned()),
        ..SimMedia::sample(FIRST, &id, MediaKind::Document)
    };
    test.store(media).await.0
}

#[tokio::test]
async fn compressed_files_are_decoded_and_verified() {
    let plain = text();
    let mut zlib = ZlibEncoder::new(Vec::new(), Compression::default());
    zlib.write_all(&plain).unwrap();
    let mut raw = DeflateEncoder::new(Vec::new(), Compression::default());
    raw.write_all(&plain).unwrap();
    let files: Files = [
        ("gzip", ("gzip", gzip(&plain))),
        ("x-gzip", ("X-GZIP", gzip(&plain))),
        ("twice", ("gzip, gzip", gzip(&gzip(&plain)))),
        ("deflate", ("deflate", zlib.finish().unwrap())),
        ("raw", ("deflate", raw.finish().unwrap())),
        ("identity", ("identity", plain.clone())),
        // These say so, and send the file as it is; the promised hash proves it.
        ("not-gzip", ("gzip", plain.clone())),
        ("unknown", ("text/csv", plain.clone())),
    ]
    .into();
    let paths: Vec<_> = files.keys().copied().collect();
    let (test, origin) = stage(files).await;
    for path in paths {
        let found = fetch(
            &test,
            format!("{origin}/{path}"),
            plain.clone(),
            true,
            "a.csv",
        )
        .await;
        let outcome = (found.status.as_str(), found.verified.as_deref());
        assert_eq!(
            outcome,
            ("stored", Some("full")),
            "{path}: {:?}",
            found.reason
        );
        assert!(std::fs::read(test.file(&found)).unwrap() == plain, "{path}");
        assert!(found.path.unwrap().ends_with(".csv"));
    }
    test.end().await;
}

#[tokio::test]
async fn a_gzip_that_is_the_file_itself_stays_one() {
    let packed = gzip(&text());
    let (test, origin) = stage([("packed", ("x-gzip", packed.clone()))].into()).await;
    for with_hashes in [true, false] {
        let link = format!("{origin}/packed");
        let found = fetch(&test, link, packed.clone(), with_hashes, "extrato.csv.gz").await;
        assert_eq!(found.status, "stored", "{:?}", found.reason);
        assert!(std::fs::read(test.file(&found)).unwrap() == packed);
        assert!(found.path.unwrap().ends_with(".gz"));
    }
    test.end().await;
}

#[tokio::test]
async fn files_that_cannot_be_decoded_have_their_own_reason() {
    let plain = text();
    let mut altered = gzip(&plain);
    let at = altered.len() / 2;
    altered[at..at + 64].fill(0xff);
    let mut cut = gzip(&plain);
    cut.truncate(cut.len() / 2);
    let bomb = gzip(&gzip(&vec![0; 256 << 20]));
    let files: Files = [
        ("br", ("br", b"\x0b\x02\x80".to_vec())),
        ("zstd", ("zstd", b"\x28\xb5\x2f\xfd".to_vec())),
        ("many", ("gzip,gzip,gzip,gzip,gzip", b"x".to_vec())),
        ("altered", ("gzip", altered)),
        ("cut", ("gzip", cut)),
        ("bomb", ("gzip, gzip", bomb)),
    ]
    .into();
    let (test, origin) = stage(files).await;
    for (path, reason) in [
        ("br", "bad_encoding"),
        ("zstd", "bad_encoding"),
        ("many", "bad_encoding"),
        ("altered", "bad_encoding"),
        ("cut", "cut_short"),
        ("bomb", "too_large"),
    ] {
        for with_hashes in [true, false] {
            let link = format!("{origin}/{path}");
            let found = fetch(&test, link, plain.clone(), with_hashes, "a.csv").await;
            assert_ne!(found.status, "stored", "{path}");
            assert_eq!(
                found.reason.as_deref(),
                Some(reason),
                "{path} {with_hashes}"
            );
        }
    }
    assert!(test.files().is_empty());
    test.end().await;
}

#[tokio::test]
async fn the_cdn_may_compress_too() {
    let test = TestApp::with_cdn(vec![Route::Cdn], Clock::system()).await;
    let media = SimMedia {
        cdn_fault: Fault::Gzip,
        content: Content::Generated {
            seed: 5,
            size_bytes: 300_000,
        },
        ..SimMedia::sample(FIRST, "CDNGZIP", MediaKind::Audio)
    };
    let (found, delivery) = test.store(media).await;
    assert_eq!(found.status, "stored", "{:?}", found.reason);
    assert_eq!(
        found.sha256.as_deref().map(str::to_owned),
        Some(hex(&delivery.sha256))
    );
    test.end().await;
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
