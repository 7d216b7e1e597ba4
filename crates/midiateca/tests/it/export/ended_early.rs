//! Exports that are ended early.

use std::process::{Child, Command, Stdio};
use std::time::Instant;

use super::*;

/// More than can be copied before a signal arrives.
const LARGE_BYTES: u64 = 2 << 30;

impl Shelf {
    /// The last media in the order of ids becomes so large that its copying lasts.
    async fn make_last_large(&self) {
        let file = File::options().write(true).open(self.file(4)).unwrap();
        file.set_len(LARGE_BYTES).unwrap();
        self.change(
            "update media set size_bytes = $1 where id = $2",
            vec![Cell::from(LARGE_BYTES), Cell::from(&self.media[4].id)],
        )
        .await;
    }

    fn begin(&self, target: &Path) -> Child {
        crate::stage::program(self.folder.path())
            .args(["media", "export"])
            .arg(target)
            .env("LANG", "C")
            .env_remove("LC_ALL")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap()
    }

    /// Where an archive of that name is staged, if it is.
    fn staged(&self, name: &str) -> Option<PathBuf> {
        let prefix = format!(".{name}.midiateca-archive-");
        let mut entries = fs::read_dir(self.place.path()).unwrap().flatten();
        let is_it = |entry: &fs::DirEntry| entry.file_name().to_string_lossy().starts_with(&prefix);
        Some(entries.find(is_it)?.path())
    }

    /// Begins, waits until this file is longer than the small media together, and ends it with this signal.
    fn end_with(
        &self,
        signal: &str,
        target: &Path,
        watched: impl Fn() -> Option<PathBuf>,
    ) -> Output {
        let child = self.begin(target);
        let started = Instant::now();
        let length = || Some(watched()?.metadata().ok()?.len());
        while length().unwrap_or(0) < 1 << 20 {
            assert!(started.elapsed() < Duration::from_secs(60));
            std::thread::sleep(Duration::from_millis(1));
        }
        let pid = child.id().to_string();
        let sent = Command::new("kill").args([signal, &pid]).status().unwrap();
        assert!(sent.success());
        child.wait_with_output().unwrap()
    }
}

#[tokio::test]
async fn an_archive_that_was_stopped_leaves_nothing() {
    let shelf = Shelf::full().await;
    shelf.make_last_large().await;
    for name in ["out.tar", "out.zip"] {
        let target = shelf.to(name);
        for signal in ["-INT", "-TERM"] {
            let output = shelf.end_with(signal, &target, || shelf.staged(name));
            let said = String::from_utf8(output.stderr).unwrap();
            assert_eq!(output.status.code(), Some(1), "{said}");
            assert!(said.contains("stopped; the incomplete"), "{said}");
            assert_eq!(fs::read_dir(shelf.place.path()).unwrap().count(), 0);
        }
    }
}

#[tokio::test]
async fn leftovers_of_a_killed_run_do_not_prevent_the_next() {
    let shelf = Shelf::full().await;
    shelf.make_last_large().await;
    let target = shelf.to("out.tar");
    shelf.end_with("-KILL", &target, || shelf.staged("out.tar"));
    assert!(shelf.staged("out.tar").is_some() && !target.exists());
    let sum = shelf.sum(&target, &["--client", "2"], 0).await;
    assert_eq!(sum["files"], 4);
    assert_eq!(prove(&read_tar(File::open(&target).unwrap())), 4);
    assert_eq!(fs::read_dir(shelf.place.path()).unwrap().count(), 1);
}

#[tokio::test]
async fn a_folder_that_was_stopped_holds_whole_files_and_goes_on() {
    let shelf = Shelf::full().await;
    shelf.make_last_large().await;
    let target = shelf.to("out");
    let output = shelf.end_with("-INT", &target, || Some(target.join(".midiateca-staged")));
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("stopped; 4 files are in"), "{said}");
    let files = read_folder(&target);
    assert_eq!(files.len(), 4, "{:?}", files.keys());
    for media in &shelf.media[..4] {
        let found = media::hex(&Sha256::digest(&files[media.path.as_ref().unwrap()]));
        assert_eq!(Some(found), media.sha256);
    }
    let sum = shelf.sum(&target, &["--client", "2"], 0).await;
    assert_eq!((&sum["files"], &sum["kept"]), (&4.into(), &4.into()));
}

#[tokio::test]
async fn two_exports_to_the_same_place_do_not_meet() {
    let shelf = Shelf::full().await;
    shelf.make_last_large().await;
    for name in ["out.tar", "out"] {
        let target = shelf.to(name);
        let mut child = shelf.begin(&target);
        while shelf.staged(name).is_none() && !target.join(".midiateca-staged").exists() {
            std::thread::sleep(Duration::from_millis(1));
        }
        let refused = shelf.export(&target, &["--client", "2"]).await;
        let said = String::from_utf8(refused.stderr).unwrap();
        assert_eq!(refused.status.code(), Some(2), "{said}");
        assert!(said.contains("another export"), "{said}");
        child.kill().unwrap();
        child.wait().unwrap();
    }
}
