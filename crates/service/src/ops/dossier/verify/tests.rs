use std::io::Write as _;

use serde_json::json;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::super::signature::{public_key, sign};
use super::*;
use crate::media::hex;
use crate::ops::export::manifest::sum;

const SEED: [u8; 32] = [7; 32];

type Files = Vec<(String, Vec<u8>)>;

/// The files of a dossier without sums and signature.
fn files() -> Files {
    let manifest = json!({
        "format": FORMAT, "installation": "I", "made_at": "2026-11-24T12:00:00.000Z",
        "public_key": public_key(&SEED).to_string(), "media": [{"id": "A"}],
    });
    vec![
        ("files/a/b.jpg".to_owned(), b"picture".to_vec()),
        ("deliveries/1.json".to_owned(), b"{}".to_vec()),
        (MANIFEST.to_owned(), manifest.to_string().into_bytes()),
        (PAGE.to_owned(), b"<!doctype html>".to_vec()),
    ]
}

fn with_sums(mut files: Files) -> Files {
    let sums: String = files
        .iter()
        .map(|(name, bytes)| sum(name, &hex(&Sha256::digest(bytes))))
        .collect();
    let signature = sign(&SEED, sums.as_bytes());
    files.push((SUMS.to_owned(), sums.into_bytes()));
    files.push((SIGNATURE.to_owned(), signature.into_bytes()));
    files
}

fn zipped(files: &Files) -> Vec<u8> {
    let mut zip = ZipWriter::new(io::Cursor::new(Vec::new()));
    for (name, bytes) in files {
        let options = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
        zip.start_file(name.as_str(), options).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

fn verify_with(archive: &[u8], key: Option<PublicKey>) -> Result<Report, Error> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("d.zip");
    std::fs::write(&path, archive).unwrap();
    run(&Options { path, key })
}

fn found(archive: &[u8]) -> Vec<(String, DossierFault)> {
    let report = verify_with(archive, None).unwrap();
    let findings = report.findings.into_iter();
    findings.map(|found| (found.path, found.fault)).collect()
}

fn one(path: &str, fault: DossierFault) -> Vec<(String, DossierFault)> {
    vec![(path.to_owned(), fault)]
}

fn change(files: &mut Files, name: &str, change: impl Fn(&mut Vec<u8>)) {
    let file = files.iter_mut().find(|file| file.0 == name).unwrap();
    change(&mut file.1);
}

#[test]
fn an_unchanged_dossier_is_fine_and_another_key_is_noticed() {
    let archive = zipped(&with_sums(files()));
    let report = verify_with(&archive, None).unwrap();
    assert_eq!(report.findings, vec![]);
    assert_eq!((report.files, report.installation.as_str()), (4, "I"));
    assert!(!report.is_key_given);
    let own = public_key(&SEED);
    let report = verify_with(&archive, Some(own)).unwrap();
    assert!(report.findings.is_empty() && report.is_key_given);
    let report = verify_with(&archive, Some(public_key(&[8; 32]))).unwrap();
    let faults: Vec<_> = report.findings.iter().map(|found| found.fault).collect();
    assert_eq!(faults, [DossierFault::OtherKey, DossierFault::NotSigned]);
}

#[test]
fn each_altered_removed_or_added_file_is_named() {
    for (name, _) in files() {
        let mut altered = with_sums(files());
        change(&mut altered, &name, |bytes| bytes[0] ^= 1);
        let found = found(&zipped(&altered));
        assert_eq!(found[0], (name.clone(), DossierFault::Altered), "{name}");
        let mut removed = with_sums(files());
        removed.retain(|file| file.0 != name);
        let archive = zipped(&removed);
        if name == MANIFEST {
            let lacks = verify_with(&archive, None).unwrap_err();
            assert!(matches!(lacks, Error::Lacks { name: MANIFEST, .. }));
        } else {
            let found = self::found(&archive);
            assert_eq!(found, one(&name, DossierFault::Missing), "{name}");
        }
    }
    let mut added = with_sums(files());
    added.push(("files/new.jpg".to_owned(), Vec::new()));
    assert_eq!(
        found(&zipped(&added)),
        one("files/new.jpg", DossierFault::Added)
    );
}

#[test]
fn sums_that_are_not_the_signed_ones_are_named() {
    // One digit of a hash: it fits no file, and the signature does not fit it.
    let mut altered = with_sums(files());
    change(&mut altered, SUMS, |bytes| {
        bytes[0] = if bytes[0] == b'0' { b'1' } else { b'0' };
    });
    let expected = [
        ("files/a/b.jpg".to_owned(), DossierFault::Altered),
        (SUMS.to_owned(), DossierFault::NotSigned),
    ];
    assert_eq!(found(&zipped(&altered)), expected);
    let mut torn = with_sums(files());
    change(&mut torn, SUMS, |bytes| bytes[70] = b'\n');
    assert!(found(&zipped(&torn)).contains(&(SUMS.to_owned(), DossierFault::Malformed)));
    let mut other = with_sums(files());
    change(&mut other, SIGNATURE, |bytes| bytes[0] ^= 1);
    assert_eq!(found(&zipped(&other)), one(SUMS, DossierFault::NotSigned));
    // Another's sums over altered files.
    let mut forged = files();
    change(&mut forged, "files/a/b.jpg", |bytes| bytes.push(0));
    let mut forged = with_sums(forged);
    let signature = with_sums(files()).pop().unwrap().1;
    change(&mut forged, SIGNATURE, |bytes| bytes.clone_from(&signature));
    assert_eq!(found(&zipped(&forged)), one(SUMS, DossierFault::NotSigned));
}

#[test]
fn names_that_leave_the_folder_are_refused() {
    for name in [
        "/etc/passwd",
        "../x",
        "files/../../x",
        "files//x",
        "files/a\\b",
        "C:/x",
        "files/a:b",
        "other/x",
        "files/a\nb",
    ] {
        let mut hostile = files();
        hostile.push((name.to_owned(), b"x".to_vec()));
        let found = found(&zipped(&with_sums(hostile)));
        assert_eq!(found, one(name, DossierFault::UnsafeName), "{name:?}");
    }
    let mut added = with_sums(files());
    added.push(("notes.txt".to_owned(), b"x".to_vec()));
    assert_eq!(
        found(&zipped(&added)),
        one("notes.txt", DossierFault::Added)
    );
}

#[test]
fn a_name_that_is_there_twice_is_noticed() {
    let mut archive = with_sums(files());
    archive.push(("files/a/c.jpg".to_owned(), b"another".to_vec()));
    let mut bytes = zipped(&archive);
    // The writer refuses the same name twice.
    for at in 0..bytes.len() - 13 {
        if &bytes[at..at + 13] == b"files/a/c.jpg" {
            bytes[at + 8] = b'b';
        }
    }
    assert!(found(&bytes).contains(&(".".to_owned(), DossierFault::Hidden)));
}

#[test]
fn bytes_around_and_between_the_files_are_noticed() {
    let plain = zipped(&with_sums(files()));
    let hidden = (".".to_owned(), DossierFault::Hidden);
    let before = [b"%PDF-1.7".repeat(100), plain.clone()].concat();
    let behind = [plain.clone(), vec![0; 800]].concat();
    let mut comment = plain.clone();
    let at = comment.len() - 2;
    comment[at] = 3;
    comment.extend(b"abc");
    for archive in [before, behind, comment] {
        assert!(found(&archive).contains(&hidden));
    }
    let mut wrong_crc = plain.clone();
    let directory = plain
        .windows(4)
        .position(|four| four == b"PK\x01\x02")
        .unwrap();
    wrong_crc[directory + 16] ^= 1;
    assert_ne!(found(&wrong_crc), Vec::new());
    assert_eq!(found(&plain), Vec::new());
}

#[test]
fn files_that_are_not_dossiers_are_refused_with_a_reason() {
    for archive in [
        b"".to_vec(),
        b"no zip".to_vec(),
        zipped(&Vec::new())[..10].to_vec(),
    ] {
        let refused = verify_with(&archive, None).unwrap_err();
        assert!(matches!(refused, Error::NoArchive { .. }), "{refused:?}");
    }
    for name in [MANIFEST, SUMS, SIGNATURE] {
        let mut without = with_sums(files());
        without.retain(|file| file.0 != name);
        let refused = verify_with(&zipped(&without), None).unwrap_err();
        assert!(matches!(refused, Error::Lacks { name: lacks, .. } if lacks == name));
    }
    for manifest in [
        "{}",
        "[]",
        "no json",
        r#"{"format":"other","public_key":""}"#,
    ] {
        let mut other = files();
        change(&mut other, MANIFEST, |bytes| *bytes = manifest.into());
        let refused = verify_with(&zipped(&with_sums(other)), None).unwrap_err();
        assert!(matches!(refused, Error::OtherFormat { .. }), "{manifest}");
    }
    let mut large = with_sums(files());
    change(&mut large, SIGNATURE, |bytes| bytes.resize(5_000, b'A'));
    let refused = verify_with(&zipped(&large), None).unwrap_err();
    assert!(matches!(
        refused,
        Error::TooLarge {
            name: SIGNATURE,
            ..
        }
    ));
    let absent = Options {
        path: "/nonexistent/d.zip".into(),
        key: None,
    };
    assert!(matches!(run(&absent), Err(Error::Io { .. })));
}

#[test]
fn a_compressed_file_is_not_unpacked() {
    let mut bytes = zipped(&with_sums(files()));
    // The method of the first entry, in its own header and in the directory: deflate.
    let directory = bytes.windows(4).position(|at| at == b"PK\x01\x02").unwrap();
    bytes[8] = 8;
    bytes[directory + 10] = 8;
    let expected = one("files/a/b.jpg", DossierFault::Unreadable);
    assert_eq!(found(&bytes), expected);
}
