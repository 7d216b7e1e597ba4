//! The real program with its files in a bucket, from the webhook to the erasure.

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use serde_json::Value;
use sha2::{Digest as _, Sha256};
use wa_sim::{Content, Delivery, Sim, SimMedia};

use super::server::{BUCKET, S3Server};
use crate::commands::{midiateca, set_up, stderr, stdout};
use crate::crash::{Server, serve};
use crate::stage::{FIRST, sample, until};

/// Short, because s3s-fs makes names of files of it that must not be too long.
const PREFIX: &str = "f";
const WHO: &str = "5500900000001";

/// A data folder whose files are in a bucket, and a running server.
struct Firm {
    folder: tempfile::TempDir,
    bucket: S3Server,
    sim: Sim,
    hook: String,
    server: Server,
    key: String,
    http: reqwest::Client,
}

impl Drop for Firm {
    fn drop(&mut self) {
        let _ = self.server.child.kill();
        let _ = self.server.child.wait();
    }
}

impl Firm {
    async fn start() -> Option<Self> {
        Self::with("").await
    }

    /// With further settings.
    async fn with(settings: &str) -> Option<Self> {
        let bucket = S3Server::start()?;
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path();
        let credentials = data.join("credentials");
        std::fs::write(&credentials, S3Server::credential_lines()).unwrap();
        let settings = format!(
            "[storage]\nurl = \"s3://{BUCKET}/{PREFIX}\"\nendpoint = \"{}\"\ncredentials_file = {:?}\n\n[fetch]\nretry_wait = \"5ms\"\n{settings}",
            bucket.endpoint(),
            credentials.to_str().unwrap(),
        );
        std::fs::write(data.join("midiateca.toml"), settings).unwrap();
        let sim = Sim::start().await.unwrap();
        let address = set_up(data, &sim).await;
        let hook = address.rsplit('/').next().unwrap().to_owned();
        let key = ["--json", "key", "create", "test", "--role", "admin"];
        let key: Value = serde_json::from_str(&stdout(&midiateca(data, &key).await)).unwrap();
        Some(Self {
            server: serve(data),
            hook,
            sim,
            bucket,
            key: key["key"].as_str().unwrap().to_owned(),
            http: reqwest::Client::builder().no_proxy().build().unwrap(),
            folder,
        })
    }

    fn data(&self) -> &Path {
        self.folder.path()
    }

    async fn get(&self, path: &str) -> reqwest::Response {
        self.get_part(path, None).await
    }

    async fn get_part(&self, path: &str, range: Option<&str>) -> reqwest::Response {
        let url = format!("{}{path}", self.server.origin);
        let mut request = self.http.get(url).bearer_auth(&self.key);
        if let Some(range) = range {
            request = request.header("range", range);
        }
        request.send().await.unwrap()
    }

    /// Sends a webhook; returns the id of its media.
    async fn send(&self, media: SimMedia) -> (String, Delivery) {
        let delivery = self.sim.world().add(media);
        let url = format!("{}/hooks/wapi/{}", self.server.origin, self.hook);
        let sending = self.http.post(url).json(&delivery.body).send();
        let answer = sending.await.unwrap();
        assert_eq!(answer.status(), 200);
        let answer: Value = answer.json().await.unwrap();
        let id = answer["media"][0]["id"].as_str().unwrap().to_owned();
        (id, delivery)
    }

    async fn server_runs(&self) -> bool {
        self.get("/healthz").await.status() == 200
    }

    async fn media(&self, id: &str) -> Value {
        let answer = self.get(&format!("/api/v1/media/{id}")).await;
        answer.json().await.unwrap()
    }

    /// The path of a media once it is stored.
    async fn stored(&self, id: &str) -> String {
        until("the media is stored", async || {
            self.media(id).await["status"] == "stored"
        })
        .await;
        self.media(id).await["path"].as_str().unwrap().to_owned()
    }

    fn object(&self, path: &str) -> PathBuf {
        self.bucket.file(&format!("{PREFIX}/{path}"))
    }

    async fn run(&self, line: &[&str]) -> (i32, String, String) {
        let output = midiateca(self.data(), line).await;
        let code = output.status.code().unwrap();
        (code, stdout(&output), stderr(&output))
    }
}

fn large(id: &str) -> SimMedia {
    let size_bytes = (9 << 20) + 5;
    let content = Content::Generated {
        seed: 5,
        size_bytes,
    };
    SimMedia {
        content,
        ..sample(id)
    }
}

/// Files below a folder, without the server's own.
fn files(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        if entry.file_type().unwrap().is_dir() {
            found.extend(files(&entry.path()));
        } else {
            found.push(entry.file_name().into_string().unwrap());
        }
    }
    found
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_media_goes_to_the_bucket_is_served_from_it_and_is_erased_in_it() {
    let Some(firm) = Firm::start().await else {
        return;
    };
    let (photo, delivery) = firm.send(sample("PHOTO")).await;
    let path = firm.stored(&photo).await;
    let bytes = std::fs::read(firm.object(&path)).unwrap();
    assert_eq!(Sha256::digest(&bytes)[..], delivery.sha256);
    let (video, delivery) = firm.send(large("LARGE")).await;
    let large_path = firm.stored(&video).await;
    let large = std::fs::read(firm.object(&large_path)).unwrap();
    assert_eq!(Sha256::digest(&large)[..], delivery.sha256);
    // The same bytes of the same client get an object of their own.
    let (again, _) = firm
        .send(SimMedia::sample(FIRST, "AGAIN", wa_media::MediaKind::Image))
        .await;
    let other = firm.stored(&again).await;
    assert!(other != path && std::fs::read(firm.object(&other)).unwrap() == bytes);
    assert_eq!(
        files(&firm.data().join("media_storage")),
        Vec::<String>::new()
    );

    let content = format!("/api/v1/media/{video}/content");
    let whole = firm.get(&content).await;
    assert_eq!(whole.status(), 200);
    assert!(whole.bytes().await.unwrap() == large);
    let part = firm.get_part(&content, Some("bytes=8388600-8388620")).await;
    assert_eq!(part.status(), 206);
    assert!(part.bytes().await.unwrap() == large[8_388_600..=8_388_620]);
    let small = firm.get(&format!("/api/v1/media/{photo}/thumbnail")).await;
    assert_eq!(small.status(), 200);
    let kept = || {
        files(&firm.object(".derived"))
            .into_iter()
            .filter(|name| name.ends_with(".thumbnail"))
    };
    assert_eq!(kept().count(), 1);

    let (code, check, said) = firm.run(&["--json", "scrub"]).await;
    assert_eq!(code, 0, "{check} {said}");
    for command in [
        &["check"][..],
        &["status"],
        &["media", "list"],
        &["sweep", "--dry-run"],
    ] {
        let (code, shown, said) = firm.run(command).await;
        assert_eq!(code, 0, "{command:?} {shown} {said}");
    }
    let (code, address, _) = firm.run(&["media", "open", &photo]).await;
    assert_eq!(
        (code, address.trim()),
        (0, format!("s3://{BUCKET}/{PREFIX}/{path}").as_str())
    );
    let export = firm.folder.path().join("export");
    let (code, _, said) = firm
        .run(&["media", "export", export.to_str().unwrap()])
        .await;
    assert_eq!(code, 0, "{said}");
    let backup = firm.folder.path().with_extension("backup");
    let (code, _, said) = firm.run(&["backup", backup.to_str().unwrap()]).await;
    assert_eq!(code, 1, "{said}");
    assert!(
        said.contains(&format!("aws s3 sync s3://{BUCKET}/{PREFIX} ")),
        "{said}"
    );
    assert!(backup.join("midiateca.db").is_file());
    std::fs::remove_dir_all(&backup).unwrap();
    for line in [
        &["--json", "config", "show"][..],
        &["config", "check"],
        &["--json", "doctor"],
    ] {
        let (_, shown, said) = firm.run(line).await;
        let all = shown + &said;
        assert!(!all.contains(&S3Server::credentials().secret), "{all}");
    }

    let forget = ["forget", "--client", "2", "--contact", WHO, "--yes"];
    let (code, shown, said) = firm.run(&forget).await;
    assert_eq!(code, 0, "{shown} {said}");
    for path in [&path, &large_path, &other] {
        assert!(!firm.object(path).exists(), "{path}");
    }
    assert_eq!(kept().count(), 0);
    let gone = firm.get(&content).await.status();
    assert!(gone == 404 || gone == 410, "{gone}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn doctor_tries_what_a_bucket_must_do() {
    let Some(firm) = Firm::start().await else {
        return;
    };
    let (_, report, said) = firm.run(&["--json", "doctor"]).await;
    let report: Value = serde_json::from_str(&report).unwrap();
    let checks = report["checks"].as_array().or(report["items"].as_array());
    let checks = checks.unwrap_or_else(|| panic!("{report} {said}"));
    for (name, code) in [
        ("bucket", "done"),
        ("bucket.range", "ranges_given"),
        ("bucket.private", "anonymous_refused"),
        ("bucket.multipart", "parts_accepted"),
        ("bucket.checksum", "checksum_accepted"),
        ("storage.identity", "done"),
    ] {
        let found = checks.iter().find(|it| it["check"] == name);
        let found = found.unwrap_or_else(|| panic!("no {name}: {report}"));
        assert_eq!(
            (&found["code"], &found["verdict"]),
            (&code.into(), &"ok".into()),
            "{found}"
        );
    }
    let (_, text, _) = firm.run(&["--lang", "pt-BR", "doctor"]).await;
    assert!(text.contains("AbortIncompleteMultipartUpload"), "{text}");
    // Nothing stays of it.
    assert_eq!(files(&firm.object(".staging")), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn media_wait_for_a_bucket_that_is_out_and_are_stored_when_it_is_back() {
    let Some(mut firm) = Firm::start().await else {
        return;
    };
    let (before, _) = firm.send(sample("BEFORE")).await;
    firm.stored(&before).await;
    firm.bucket.stop();
    let (during, delivery) = firm.send(large("DURING")).await;
    until("the outage is seen", async || {
        firm.media(&during).await["reason"] == "storage_failed"
    })
    .await;
    let media = firm.media(&during).await;
    assert_eq!(media["status"], "pending", "{media}");
    assert_eq!(firm.get("/readyz").await.status(), 503);
    let answer = firm.get(&format!("/api/v1/media/{before}/content")).await;
    assert_eq!(answer.status(), 404);
    let (_, text, _) = firm.run(&["status"]).await;
    let expected = format!("nothing can be stored in s3://{BUCKET}/{PREFIX}: no connection");
    assert!(text.contains(&expected), "{text}");
    // A retry does not take what cannot be asked for as lost.
    let (_, retried, _) = firm.run(&["--json", "retry", &before]).await;
    assert!(retried.contains("already_stored"), "{retried}");
    // A server that starts in the outage takes webhooks.
    firm.server.child.kill().unwrap();
    firm.server.child.wait().unwrap();
    firm.server = serve(firm.folder.path());
    let (later, _) = firm.send(sample("LATER")).await;
    firm.bucket.restart();
    let path = firm.stored(&during).await;
    let bytes = std::fs::read(firm.object(&path)).unwrap();
    assert_eq!(Sha256::digest(&bytes)[..], delivery.sha256);
    firm.stored(&later).await;
    let (code, report, said) = firm.run(&["--json", "scrub"]).await;
    assert_eq!(code, 0, "{report} {said}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn scrub_moves_old_orphans_away_and_restores_what_is_damaged() {
    let Some(firm) = Firm::start().await else {
        return;
    };
    let (photo, _) = firm.send(sample("P")).await;
    let path = firm.stored(&photo).await;
    let (twin, _) = firm.send(sample("T")).await;
    let twin = firm.stored(&twin).await;
    let right = std::fs::read(firm.object(&twin)).unwrap();
    let folder = path.rsplit_once('/').unwrap().0.to_owned();
    let orphan = |name: &str, age: Duration| {
        let path = format!("{folder}/{name}");
        let file = firm.object(&path);
        std::fs::write(&file, name).unwrap();
        let file = std::fs::File::options().write(true).open(&file).unwrap();
        let now = file.metadata().unwrap().modified().unwrap();
        let then: SystemTime = now - age;
        file.set_modified(then).unwrap();
        path
    };
    let old = orphan("wapi_OLD_20250905_200456.jpg", Duration::from_secs(3_600));
    let young = orphan("wapi_YOUNG_20250905_200456.jpg", Duration::from_secs(1));
    std::fs::write(firm.object(&path), vec![b'x'; right.len()]).unwrap();
    let (code, report, said) = firm.run(&["--json", "scrub", "--repair"]).await;
    assert_eq!(code, 1, "{report} {said}");
    assert!(
        report.contains(&old) && !report.contains(&young),
        "{report}"
    );
    assert!(!firm.object(&old).exists() && firm.object(&young).exists());
    assert!(
        std::fs::read(firm.object(&path)).unwrap() == right,
        "{report} {said}"
    );
    let aside = files(&firm.object(".quarantine"));
    assert_eq!(aside.len(), 2, "{aside:?}");
    let (code, report, said) = firm.run(&["--json", "scrub"]).await;
    assert_eq!(code, 0, "{report} {said}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_reads_stored_files_reads_them_from_the_bucket() {
    let Some(firm) = Firm::start().await else {
        return;
    };
    let voice = SimMedia {
        with_bytes: true,
        ..SimMedia::sample(FIRST, "VOICE", wa_media::MediaKind::Audio)
    };
    let film = SimMedia::sample(FIRST, "FILM", wa_media::MediaKind::Video);
    let page = SimMedia::sample(FIRST, "PAGE", wa_media::MediaKind::Document);
    for media in [voice, film, page] {
        let (id, delivery) = firm.send(media).await;
        firm.stored(&id).await;
        // Without the programs some are not made; none of them breaks the server.
        for form in ["thumbnail", "waveform", "content?as=mp4", "content?as=aac"] {
            let answer = firm.get(&format!("/api/v1/media/{id}/{form}")).await;
            let status = answer.status().as_u16();
            assert!([200, 404, 406].contains(&status), "{form} {status}");
        }
        let dossier = firm.get(&format!("/api/v1/media/{id}/dossier")).await;
        assert_eq!(dossier.status(), 200);
        let dossier = dossier.bytes().await.unwrap();
        assert!(dossier.len() as u64 > delivery.size_bytes);
    }
    let archive = firm.data().join("all.zip");
    let line = [
        "media",
        "export",
        "--format",
        "zip",
        archive.to_str().unwrap(),
    ];
    let (code, shown, said) = firm.run(&line).await;
    assert_eq!(code, 0, "{shown} {said}");
    // The delivery of the voice note refers to the stored file by now.
    let (code, shown, said) = firm.run(&["deliveries", "replay", "--since", "1d"]).await;
    assert_eq!(code, 0, "{shown} {said}");
    assert_eq!(
        files(&firm.data().join("media_storage")),
        Vec::<String>::new()
    );
    assert!(firm.server_runs().await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_retention_rule_deletes_objects() {
    let rules =
        "[retention]\nrules = [{ kind = \"image\", larger_than = \"1B\" }]\nevery = \"100d\"\n";
    let Some(firm) = Firm::with(rules).await else {
        return;
    };
    let (photo, _) = firm.send(sample("PHOTO")).await;
    let path = firm.stored(&photo).await;
    let voice = SimMedia::sample(FIRST, "VOICE", wa_media::MediaKind::Audio);
    let (voice, _) = firm.send(voice).await;
    let kept = firm.stored(&voice).await;
    let thumbnail = firm.get(&format!("/api/v1/media/{photo}/thumbnail")).await;
    assert_eq!(thumbnail.status(), 200);
    let (code, shown, said) = firm.run(&["--json", "sweep"]).await;
    assert_eq!(code, 0, "{shown} {said}");
    assert!(
        !firm.object(&path).exists() && firm.object(&kept).exists(),
        "{shown}"
    );
    let derived = files(&firm.object(".derived"));
    assert!(
        !derived.iter().any(|name| name.ends_with(".thumbnail")),
        "{derived:?}"
    );
    assert_eq!(firm.media(&photo).await["reason"], "retention");
}
