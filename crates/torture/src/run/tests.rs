use std::os::unix::fs::PermissionsExt as _;

use super::*;

/// A program that writes its process id to the file `pid` and runs for an hour.
fn program(folder: &Path) -> anyhow::Result<Arc<Program>> {
    let path = folder.join("program");
    let pid = folder.join("pid");
    let script = format!("#!/bin/sh\necho $$ > {}\nexec sleep 3600\n", pid.display());
    std::fs::write(&path, script)?;
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o700))?;
    let tools = Tools::new(path)?;
    Program::new(Arc::new(Machine::unmounted(&tools)?))
}

/// An ended process has no command line, also before it is waited for.
fn runs(pid: &str) -> bool {
    std::fs::read(format!("/proc/{pid}/cmdline")).is_ok_and(|line| !line.is_empty())
}

async fn until(is_so: impl Fn() -> bool) {
    let began = Instant::now();
    while !is_so() {
        assert!(began.elapsed() < Duration::from_secs(30));
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn a_run_that_fails_leaves_no_server_behind() {
    let folder = tempfile::tempdir().unwrap();
    let supervisor = Supervisor::spawn(&program(folder.path()).unwrap());
    let pid = || std::fs::read_to_string(folder.path().join("pid")).unwrap_or_default();
    until(|| pid().ends_with('\n')).await;
    let pid = pid().trim().to_owned();
    assert!(runs(&pid));
    drop(supervisor);
    until(|| !runs(&pid)).await;
}

#[tokio::test]
async fn a_server_that_sigterm_ends_with_a_code_has_not_ended_in_order() {
    let folder = tempfile::tempdir().unwrap();
    let program = program(folder.path()).unwrap();
    let supervisor = Supervisor::spawn(&program);
    while program.history().await.0 == 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    // `sleep` has no handler.
    let stopped = stop(&program, supervisor).await.unwrap_err();
    assert!(format!("{stopped:#}").contains("signal: 15"), "{stopped:#}");
}

/// Answers in the place of the program.
async fn answer_all(listener: tokio::net::TcpListener) {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    while let Ok((mut stream, _)) = listener.accept().await {
        let answer = b"HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\n\r\n";
        let _ = stream.read(&mut [0; 1_024]).await;
        let _ = stream.write_all(answer).await;
    }
}

#[tokio::test]
async fn every_server_that_answers_must_end_in_order_after_sigterm() {
    let folder = tempfile::tempdir().unwrap();
    let program = program(folder.path()).unwrap();
    let address = program.origin().replace("http://", "");
    let listener = tokio::net::TcpListener::bind(address).await.unwrap();
    let _supervisor = Supervisor::spawn(&program);
    let two_ends = async {
        for nth in 1..=2 {
            while program.history().await.0 < nth || !program.answers().await {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            // `sleep` has no handler.
            program.end(Signal::TERM, Duration::ZERO).await;
            while program.history().await.0 == nth {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        }
        program.history().await.1
    };
    let ends = tokio::select! {
        () = answer_all(listener) => Vec::new(),
        ends = tokio::time::timeout(Duration::from_secs(30), two_ends) => ends.unwrap(),
    };
    assert_eq!(ends.len(), 2, "{ends:?}");
}

#[test]
fn a_run_in_which_nothing_happened_breaks_the_law() {
    assert!(nothing(0, &[]).unwrap().contains("accepted"));
    assert!(nothing(1, &[]).unwrap().contains("stored"));
}
