//! What storage promises, on a disk and in a bucket: each test runs on both.

mod program;
pub mod server;

use std::collections::BTreeSet;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use midiateca_service::model::{InstanceId, KeyKind, MediaId, MediaKind};
use midiateca_service::storage::layout::{self, Name, RelativePath};
use midiateca_service::storage::{
    BucketSettings, Credentials, DerivedForm, DerivedFrom, Entry, Error, FolderState, Index,
    Linked, NamedStaging, ORPHANS, Patience, PossiblePaths, Published, RemoteCause, Staging,
    Storage,
};
use tempfile::TempDir;
use wa_media::{Expected, PlainHints, PlainVerifier, Verified};

use server::{Answer, FixedServer, S3Server};

/// A storage under test, and what it stands on.
struct Place {
    storage: Storage,
    _folder: TempDir,
    server: Option<S3Server>,
}

const PREFIX: &str = "a prefix/of two";

fn on_disk() -> Place {
    let folder = tempfile::tempdir().unwrap();
    Place {
        storage: Storage::open(folder.path(), "test").unwrap(),
        _folder: folder,
        server: None,
    }
}

fn in_bucket() -> Option<Place> {
    let server = S3Server::start()?;
    let disk = on_disk();
    let settings = server.settings(PREFIX);
    let storage = disk
        .storage
        .in_bucket(&settings, &S3Server::credentials())
        .unwrap();
    Some(Place {
        storage,
        _folder: disk._folder,
        server: Some(server),
    })
}

/// Runs a test on both.
async fn on_both(test: impl AsyncFn(&Place)) {
    test(&on_disk()).await;
    if let Some(place) = in_bucket() {
        test(&place).await;
    }
}

fn name(message: &str, slot: i64, extension: &str) -> RelativePath {
    layout::path(&name_of(message, slot, extension))
}

fn name_of<'a>(message: &'a str, slot: i64, extension: &'a str) -> Name<'a> {
    static INSTANCE: std::sync::LazyLock<InstanceId> =
        std::sync::LazyLock::new(|| InstanceId("Inst/ÁNCE".to_owned()));
    Name {
        client: 2,
        instance: &INSTANCE,
        kind: MediaKind::Audio,
        gateway: "wapi",
        message_id: message,
        slot,
        at: 1_757_102_696_000,
        extension,
    }
}

fn bytes(length: usize, seed: u8) -> Vec<u8> {
    let piece = (0..=250_u8).map(|n| n.wrapping_mul(7) ^ seed);
    piece.cycle().take(length).collect()
}

async fn staged(storage: &Storage, bytes: &[u8]) -> (Staging, Verified) {
    let mut staging = storage.stage();
    let expected = Expected {
        sha256: None,
        enc_sha256: None,
    };
    let hints = PlainHints {
        kind: MediaKind::Document,
        mime: None,
        file_name: None,
        media_key: None,
        key_kind: KeyKind::Document,
    };
    let mut verifier = PlainVerifier::new(expected, hints);
    for piece in bytes.chunks(50_000) {
        staging.write(piece).await.unwrap();
        verifier.update(piece);
    }
    (staging, verifier.finish().unwrap())
}

/// Publishes bytes, and returns the path that they got.
async fn store(storage: &Storage, path: RelativePath, bytes: &[u8]) -> (RelativePath, [u8; 32]) {
    store_as(storage, path, bytes, |path| path).await
}

/// Like [`store`], with another name than the first one.
async fn store_as(
    storage: &Storage,
    path: RelativePath,
    bytes: &[u8],
    renamed: impl FnOnce(RelativePath) -> RelativePath,
) -> (RelativePath, [u8; 32]) {
    let (staging, verified) = staged(storage, bytes).await;
    let path = renamed(storage.path_of(path, verified.sha256()));
    let published = storage.publish(staging, &verified, &path, None).await;
    assert!(matches!(published.unwrap(), Published::Done));
    (path, *verified.sha256())
}

async fn read(storage: &Storage, path: &RelativePath) -> Result<Vec<u8>, Error> {
    let path = path.as_str().to_owned();
    let reading = move |storage: &Storage| {
        let mut all = Vec::new();
        storage.open_stored(&path)?.read_to_end(&mut all)?;
        Ok(all)
    };
    storage.blocking(reading).await
}

async fn listed(storage: &Storage) -> BTreeSet<PathBuf> {
    let listing = |storage: &Storage| {
        let mut found = BTreeSet::new();
        let later = SystemTime::UNIX_EPOCH + Duration::from_secs(1 << 40);
        let walked = storage.each_file(
            |_| true,
            later,
            |path| {
                found.insert(path.to_owned());
            },
        );
        assert_eq!(walked.closed, Vec::<PathBuf>::new());
        found
    };
    storage.blocking(listing).await
}

#[tokio::test]
async fn what_is_published_is_read_back_whole_and_in_parts() {
    on_both(async |place| {
        let storage = &place.storage;
        for (n, length) in [1, 60_000, 70_000, 8 << 20, (8 << 20) + 1, 17 << 20]
            .into_iter()
            .enumerate()
        {
            let expected = bytes(length, 3);
            let message = format!("msg %~é{n}");
            let (path, sha256) = store(storage, name(&message, 0, "ogg"), &expected).await;
            assert!(read(storage, &path).await.unwrap() == expected, "{length}");
            let (at, wanted) = (path.as_str().to_owned(), expected.clone());
            let checking = move |storage: &Storage| {
                assert_eq!(storage.size_bytes(&at), Some(length as u64));
                let stamp = storage.stamp(&at).unwrap().unwrap();
                assert_eq!(stamp.size_bytes, length as u64);
                assert_eq!(storage.stamp(&at).unwrap(), Some(stamp));
                assert_eq!(storage.entry(&at).unwrap(), Entry::File);
                assert_eq!(storage.hash(&at).unwrap(), sha256);
                assert!(storage.is_in_place(&at, length as u64));
                let mut reader = storage.open_stored(&at).unwrap();
                assert_eq!(reader.size_bytes().unwrap(), length as u64);
                let (first, end) = (length / 3, length - length / 4);
                reader.limit(end as u64);
                reader.seek(SeekFrom::Start(first as u64)).unwrap();
                let mut part = vec![0; end - first];
                reader.read_exact(&mut part).unwrap();
                assert!(part == wanted[first..end], "{length}");
                let copy = storage.local_copy(&at).unwrap();
                assert!(std::fs::read(copy.path()).unwrap() == wanted, "{length}");
                std::fs::read_dir(storage.root().join(".staging"))
                    .unwrap()
                    .count()
            };
            let left = storage.blocking(checking).await;
            assert!(left <= 1, "{left} staged files are left");
            if let Some(server) = &place.server {
                let key = format!("{PREFIX}/{}", path.as_str());
                assert!(std::fs::read(server.file(&key)).unwrap() == expected);
                assert!(path.has_hash(&sha256), "{path:?}");
            }
        }
    })
    .await;
}

#[tokio::test]
async fn a_second_publish_of_the_same_bytes_changes_nothing() {
    on_both(async |place| {
        let storage = &place.storage;
        let content = bytes(70_000, 1);
        let (path, _) = store(storage, name("A", 0, "ogg"), &content).await;
        let (again, _) = store(storage, name("A", 0, "ogg"), &content).await;
        assert_eq!(path, again);
        let (copy, verified) = staged(storage, &content).await;
        let other = storage.path_of(name("B", 0, "ogg"), verified.sha256());
        let published = storage
            .publish(copy, &verified, &other, Some(path.clone()))
            .await;
        assert!(matches!(
            published.unwrap(),
            Published::Done | Published::Linked
        ));
        // One that has other bytes than its name says is not copied.
        let (staging, verified) = staged(storage, b"others").await;
        let third = storage.path_of(name("C", 0, "ogg"), verified.sha256());
        let published = storage
            .publish(staging, &verified, &third, Some(path.clone()))
            .await;
        assert!(matches!(published.unwrap(), Published::Done));
        assert_eq!(read(storage, &third).await.unwrap(), b"others");
        for path in [&path, &other] {
            assert!(read(storage, path).await.unwrap() == content);
        }
        let all = [path, other, third].map(|path| path.as_path().to_owned());
        assert_eq!(listed(storage).await, all.into());
    })
    .await;
}

#[tokio::test]
async fn other_bytes_never_replace_a_file() {
    on_both(async |place| {
        let storage = &place.storage;
        let (path, _) = store(storage, name("A", 0, "ogg"), b"first").await;
        let (staging, verified) = staged(storage, b"second").await;
        let wanted = storage.path_of(name("A", 0, "ogg"), verified.sha256());
        let published = storage
            .publish(staging, &verified, &wanted, None)
            .await
            .unwrap();
        if storage.is_remote() {
            assert!(matches!(published, Published::Done) && wanted != path);
        } else {
            assert!(matches!(published, Published::Taken(Some(_))));
        }
        assert_eq!(read(storage, &path).await.unwrap(), b"first");
    })
    .await;
}

#[tokio::test]
async fn files_that_are_ready_together_are_all_published() {
    on_both(async |place| {
        let storage = &place.storage;
        let mut files = Vec::new();
        for n in 0..40_u8 {
            let (staging, verified) = staged(storage, &bytes(1_000, n)).await;
            let path = storage.path_of(name(&format!("M{n}"), 0, "ogg"), verified.sha256());
            files.push(NamedStaging {
                staging,
                verified,
                path,
            });
        }
        let paths: Vec<_> = files.iter().map(|file| file.path.clone()).collect();
        for published in storage.publish_together(files).await {
            assert!(matches!(published.unwrap(), Published::Done));
        }
        for (n, path) in (0..40).zip(&paths) {
            assert_eq!(read(storage, path).await.unwrap(), bytes(1_000, n));
        }
        let stamps = storage.stamps(paths.iter().map(|path| path.as_str().to_owned()).collect());
        assert!(
            stamps
                .await
                .iter()
                .all(|stamp| matches!(stamp, Ok(Some(_))))
        );
    })
    .await;
}

#[tokio::test]
async fn what_is_not_there_is_missing_and_no_failure() {
    on_both(async |place| {
        let storage = &place.storage;
        let path = name("A", 0, "ogg");
        assert!(read(storage, &path).await.unwrap_err().is_missing());
        let checking = move |storage: &Storage| {
            assert_eq!(storage.stamp(path.as_str()).unwrap(), None);
            assert_eq!(storage.size_bytes(path.as_str()), None);
            assert!(!storage.is_in_place(path.as_str(), 1));
            assert!(matches!(
                storage.entry(path.as_str()).unwrap(),
                Entry::Absent | Entry::NoFolder
            ));
            assert_ne!(
                storage.folder_state("cliente_2").unwrap(),
                FolderState::Filled
            );
            assert!(storage.hash(path.as_str()).unwrap_err().is_missing());
            assert!(!storage.remove_below(path.as_path(), Linked::Keep).unwrap());
            for outside in ["../x", "/etc/passwd", "a/../../x"] {
                assert!(storage.open_stored(outside).is_err());
                assert!(
                    storage
                        .remove_below(Path::new(outside), Linked::Keep)
                        .is_err()
                );
            }
        };
        storage.blocking(checking).await;
    })
    .await;
}

#[tokio::test]
async fn all_files_of_a_media_are_found_and_removed_and_no_others() {
    on_both(async |place| {
        let storage = &place.storage;
        let (media, owner) = (MediaId("media-1".to_owned()), MediaId("media-2".to_owned()));
        let mine = name("AB", 0, "ogg");
        let (path, sha256) = store(storage, mine.clone(), b"one").await;
        let (other_form, _) = store(storage, name("AB", 0, "mp3"), b"two").await;
        let (numbered, _) = store_as(storage, mine, b"three", |path| path.numbered(2)).await;
        let (slot, _) = store(storage, name("AB", 1, "ogg"), b"four").await;
        let (longer, _) = store(storage, name("ABC", 0, "ogg"), b"five").await;
        let (orphan, _) = store(storage, name("AB", 0, "wav"), b"six").await;
        let (moved, _) = store(storage, name("X", 0, "ogg"), b"seven").await;
        let (kept, _) = store(storage, name("Y", 0, "ogg"), b"eight").await;
        let asides = [
            (orphan.clone(), ORPHANS.to_owned()),
            (moved.clone(), media.0.clone()),
            (kept.clone(), owner.0.clone()),
        ];
        let moving = move |storage: &Storage| {
            for (path, owner) in asides {
                assert!(
                    storage
                        .quarantine(path.as_str(), "run", &owner, None)
                        .unwrap()
                );
                assert!(
                    !storage
                        .quarantine(path.as_str(), "run", &owner, None)
                        .unwrap()
                );
            }
        };
        storage.blocking(moving).await;
        let sought = PossiblePaths {
            names: vec![path.clone()],
            stems: layout::stems(&name_of("AB", 0, "")),
        };
        let found = storage
            .everywhere(&media, sought, &Index::default())
            .await
            .unwrap();
        let aside = |owner: &str, path: &RelativePath| {
            Path::new(".quarantine/run")
                .join(owner)
                .join(path.as_path())
        };
        let expected: BTreeSet<_> = [
            path.as_path().to_owned(),
            other_form.as_path().to_owned(),
            numbered.as_path().to_owned(),
            aside(ORPHANS, &orphan),
            aside(media.as_str(), &moved),
        ]
        .into();
        let names: BTreeSet<_> = found.iter().map(|file| file.path.clone()).collect();
        assert_eq!((names, found.len()), (expected, 5));
        let gone = storage
            .remove_all(&media, found.clone(), Linked::Keep)
            .await
            .unwrap();
        assert_eq!(gone.len(), 5);
        let gone = storage
            .remove_all(&media, found, Linked::Keep)
            .await
            .unwrap();
        assert_eq!(gone.len(), 0);
        let left = [&slot, &longer].map(|path| path.as_path().to_owned());
        assert_eq!(listed(storage).await, left.into());
        storage.remove(path, sha256).await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn quarantined_files_come_back_and_copies_replace_what_is_lost() {
    on_both(async |place| {
        let storage = &place.storage;
        let (path, sha256) = store(storage, name("A", 0, "ogg"), &bytes(70_000, 1)).await;
        let (from, at) = (path.clone(), path.clone());
        let moving = move |storage: &Storage| {
            assert!(
                storage
                    .quarantine(from.as_str(), "run", ORPHANS, None)
                    .unwrap()
            );
            assert_eq!(storage.stamp(from.as_str()).unwrap(), None);
            let mut found = storage.quarantined().remove(&70_000).unwrap();
            let aside = found.remove(0);
            assert_eq!(storage.hash_found(&aside).unwrap(), sha256);
            assert!(storage.is_quarantined(&aside));
            storage.bring_back(&aside, from.as_str()).unwrap();
            assert!(!storage.is_quarantined(&aside) && storage.quarantined().is_empty());
            assert!(storage.bring_back(&aside, from.as_str()).is_err());
            assert_eq!(storage.hash(from.as_str()).unwrap(), sha256);
            let lost = name("B", 0, "ogg");
            assert!(storage.second(from.as_str(), &[0; 32]).unwrap().is_none());
            let mut staged = storage.second(from.as_str(), &sha256).unwrap().unwrap();
            storage.restore(&mut staged, lost.as_str()).unwrap();
            lost
        };
        let lost = storage.blocking(moving).await;
        assert!(read(storage, &lost).await.unwrap() == bytes(70_000, 1));
        assert!(read(storage, &at).await.unwrap() == bytes(70_000, 1));
    })
    .await;
}

#[tokio::test]
async fn derived_files_are_of_one_client_and_go_with_their_file() {
    on_both(async |place| {
        let storage = &place.storage;
        let from = |client, message: Option<&str>| DerivedFrom {
            client,
            sha256: [7; 32],
            message_of: message.map(|id| MediaId(id.to_owned())),
        };
        let form = DerivedForm::Thumbnail;
        let kept = async |from: DerivedFrom| {
            let reading = move |storage: &Storage| storage.read_derived(&from, form);
            storage.blocking(reading).await
        };
        drop(
            storage
                .stage_derived(&from(2, None), form, b"x")
                .await
                .unwrap(),
        );
        crate::stage::until("what was not published is gone", async || {
            kept(from(2, None)).await.is_none()
        })
        .await;
        for message in [None, Some("media-1")] {
            let staging = storage.stage_derived(&from(2, message), form, b"one").await;
            let mut staged = staging.unwrap();
            staged.publish().unwrap();
            staged.publish().unwrap();
        }
        assert_eq!(kept(from(2, None)).await.unwrap(), b"one");
        assert_eq!(kept(from(3, None)).await, None);
        let folders = storage.blocking(|storage| storage.derived_folders()).await;
        assert_eq!((folders.len(), folders[0].0), (1, 2));
        let folder = folders[0].1.clone();
        let found = storage
            .blocking(move |storage| storage.derived_in(2, &folder))
            .await;
        assert_eq!(found, [from(2, None), from(2, Some("media-1"))].into());
        assert_eq!(listed(storage).await, BTreeSet::new());
        storage
            .remove_derived(vec![from(3, None), from(2, None)])
            .await
            .unwrap();
        assert_eq!(kept(from(2, None)).await, None);
        assert_eq!(kept(from(2, Some("media-1"))).await.unwrap(), b"one");
    })
    .await;
}

#[tokio::test]
async fn only_the_storage_of_the_database_is_used() {
    on_both(async |place| {
        let storage = place.storage.clone().of_database("a");
        let other = place.storage.clone().of_database("b");
        assert!(matches!(
            storage.probe().await,
            Err(Error::Displaced { .. })
        ));
        storage.blocking(|storage| storage.mark("a").unwrap()).await;
        storage.probe().await.unwrap();
        assert!(matches!(other.probe().await, Err(Error::Displaced { .. })));
        let (staging, verified) = staged(&other, b"x").await;
        let path = other.path_of(name("A", 0, "ogg"), verified.sha256());
        let published = other.publish(staging, &verified, &path, None).await;
        assert!(matches!(published, Err(Error::Displaced { .. })));
        let looking = |storage: &Storage| {
            let id = storage.marker_id().unwrap();
            (id, storage.holds_any().unwrap())
        };
        assert_eq!(
            storage.blocking(looking).await,
            (Some("a".to_owned()), false)
        );
        assert_eq!(listed(&storage).await, BTreeSet::new());
        store(&storage, name("A", 0, "ogg"), b"x").await;
        assert!(storage.blocking(looking).await.1);
    })
    .await;
}

/// Tries to publish and to read; the causes of both failures.
async fn causes(settings: &BucketSettings, credentials: &Credentials) -> [RemoteCause; 2] {
    let folder = tempfile::tempdir().unwrap();
    let storage = Storage::open(folder.path(), "test").unwrap();
    let storage = storage.in_bucket(settings, credentials).unwrap();
    let (staging, verified) = staged(&storage, &bytes(70_000, 1)).await;
    let path = storage.path_of(name("A", 0, "ogg"), verified.sha256());
    let published = storage.publish(staging, &verified, &path, None).await;
    let read = read(&storage, &path).await;
    [published.err().unwrap(), read.err().unwrap()].map(|error| {
        let shown = midiateca_service::telemetry::chain(&error).to_string();
        assert!(
            !shown.contains("127.0.0.1") && !shown.contains("test-secret"),
            "{shown}"
        );
        // Whether the file is there is not known, so it is not missing.
        assert!(!error.is_missing(), "{shown}");
        match error {
            Error::Remote(error) => error.cause,
            Error::Io(error) => {
                let inner = error.into_inner().unwrap();
                match inner.downcast::<Error>().map(|it| *it) {
                    Ok(Error::Remote(error)) => error.cause,
                    other => panic!("{other:?}"),
                }
            }
            other => panic!("{other:?}"),
        }
    })
}

#[tokio::test]
async fn each_failure_of_a_bucket_has_its_cause_and_is_no_missing_file() {
    let credentials = S3Server::credentials();
    let patience = Patience {
        connect: Duration::from_secs(2),
        answer: Duration::from_millis(300),
    };
    let settings = |endpoint: String| BucketSettings {
        bucket: "media".to_owned(),
        endpoint: Some(endpoint),
        patience,
        ..BucketSettings::default()
    };
    for (answer, expected) in [
        (Answer::Refuses(403, "AccessDenied"), RemoteCause::Denied),
        (
            Answer::Refuses(403, "RequestTimeTooSkewed"),
            RemoteCause::ClockSkew,
        ),
        (Answer::Refuses(404, "NoSuchBucket"), RemoteCause::NoBucket),
        (
            Answer::Refuses(301, "PermanentRedirect"),
            RemoteCause::WrongRegion,
        ),
        (
            Answer::Refuses(400, "AuthorizationHeaderMalformed"),
            RemoteCause::WrongRegion,
        ),
        (Answer::Refuses(503, "SlowDown"), RemoteCause::Busy),
        (Answer::Refuses(500, "InternalError"), RemoteCause::Other),
        (Answer::Hangs, RemoteCause::TimedOut),
        (Answer::EndsEarly, RemoteCause::Incomplete),
    ] {
        let server = FixedServer::start(answer);
        let settings = settings(server.endpoint);
        let [published, read] = causes(&settings, &credentials).await;
        assert_eq!(published, expected);
        // An answer to HEAD has no code.
        let is_known =
            read == expected || read == RemoteCause::Denied || read == RemoteCause::Other;
        assert!(is_known, "{read:?} {expected:?}");
    }
    let closed = settings("http://127.0.0.1:9".to_owned());
    assert_eq!(
        causes(&closed, &credentials).await,
        [RemoteCause::Unreachable; 2]
    );
    if let Some(server) = S3Server::start() {
        let mut wrong = credentials.clone();
        wrong.secret = "another".to_owned();
        let settings = server.settings(PREFIX);
        assert_eq!(causes(&settings, &wrong).await, [RemoteCause::Denied; 2]);
    }
}
