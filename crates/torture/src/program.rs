//! The program under test, restarted whenever it ends, as systemd does.

use std::fs::OpenOptions;
use std::os::unix::process::ExitStatusExt as _;
use std::process::{ExitStatus, Stdio};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tokio::sync::{Mutex, watch};

use crate::machine::Machine;

/// Exit code of "something it needs is out of reach".
const OUT_OF_REACH: i32 = 3;

/// A supervisor and its process.
pub struct Program {
    machine: Arc<Machine>,
    port: u16,
    http: reqwest::Client,
    state: Mutex<State>,
    closing: watch::Sender<bool>,
}

#[derive(Default)]
struct State {
    pid: Option<Pid>,
    /// The signal that the process was asked to end with.
    asked: Option<Signal>,
    /// Whether this process was seen to answer.
    answers: bool,
    pause: Duration,
    last: Option<ExitStatus>,
    ends: Vec<String>,
    starts: u32,
}

impl Program {
    pub fn new(machine: Arc<Machine>) -> anyhow::Result<Arc<Self>> {
        Ok(Arc::new(Self {
            machine,
            port: free_port()?,
            http: reqwest::Client::builder().no_proxy().build()?,
            state: Mutex::default(),
            closing: watch::channel(false).0,
        }))
    }

    /// Such as `http://127.0.0.1:40000`.
    pub fn origin(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Starts the server again and again until [`Self::close`].
    pub async fn supervise(self: Arc<Self>) -> anyhow::Result<()> {
        while !*self.closing.borrow() {
            let log = OpenOptions::new()
                .create(true)
                .append(true)
                .open(self.machine.log())?;
            let mut child = self
                .machine
                .server()
                .args(["--log-format", "json", "serve", "--listen"])
                .arg(format!("127.0.0.1:{}", self.port))
                .env("RUST_BACKTRACE", "1")
                .stdout(Stdio::null())
                .stderr(log)
                .spawn()?;
            let pid = child
                .id()
                .and_then(|id| Pid::from_raw(i32::try_from(id).ok()?));
            {
                let mut state = self.state.lock().await;
                state.pid = pid;
                (state.asked, state.answers) = (None, false);
                state.starts += 1;
            }
            let ended = tokio::select! {
                ended = child.wait() => Some(ended?),
                () = self.note_answer() => None,
            };
            let status = match ended {
                Some(status) => status,
                None => child.wait().await?,
            };
            let pause = {
                let mut state = self.state.lock().await;
                state.pid = None;
                let end = wrong_end(state.asked, state.answers, status);
                state.ends.extend(end);
                state.last = Some(status);
                std::mem::replace(&mut state.pause, Duration::from_millis(100))
            };
            tokio::time::sleep(pause).await;
        }
        Ok(())
    }

    /// Sends a signal that ends the process; it starts again after `pause`.
    pub async fn end(&self, signal: Signal, pause: Duration) {
        let mut state = self.state.lock().await;
        if let Some(pid) = state.pid {
            // A process that is killed while it ends is still killed.
            if state.asked != Some(Signal::KILL) {
                state.asked = Some(signal);
            }
            state.pause = pause;
            let _ = kill_process(pid, signal);
        }
    }

    /// Stops the process for a while.
    pub async fn stop(&self, lasting: Duration) {
        let pid = self.state.lock().await.pid;
        if let Some(pid) = pid {
            let _ = kill_process(pid, Signal::STOP);
            tokio::time::sleep(lasting).await;
            // It may have been killed since; its successor needs no such signal.
            if self.state.lock().await.pid == Some(pid) {
                let _ = kill_process(pid, Signal::CONT);
            }
        }
    }

    /// Ends the server in order, and the supervision.
    pub fn close(&self) {
        self.closing.send_replace(true);
    }

    /// Waits until the process that runs now answers, and records it. Its handlers of signals are installed before that.
    async fn note_answer(&self) {
        let url = format!("{}/readyz", self.origin());
        while self.http.get(&url).send().await.is_err() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        self.state.lock().await.answers = true;
    }

    /// Whether the process that runs now was seen to answer.
    #[cfg(test)]
    pub async fn answers(&self) -> bool {
        self.state.lock().await.answers
    }

    /// How the last process ended.
    pub async fn last(&self) -> Option<ExitStatus> {
        self.state.lock().await.last
    }

    /// How often it was started, and every end that it must not have.
    pub async fn history(&self) -> (u32, Vec<String>) {
        let state = self.state.lock().await;
        (state.starts, state.ends.clone())
    }

    /// Runs a command and returns its exit code and its document.
    pub async fn run(&self, words: &[&str]) -> anyhow::Result<(i32, Value)> {
        let output = tokio::time::timeout(
            Duration::from_secs(60),
            self.machine.command().args(words).output(),
        )
        .await
        .with_context(|| format!("{words:?} does not end"))??;
        let document = serde_json::from_slice(&output.stdout).unwrap_or(Value::Null);
        let code = output
            .status
            .code()
            .with_context(|| format!("{words:?}: {}", output.status))?;
        anyhow::ensure!(
            code <= OUT_OF_REACH,
            "{words:?} ended with {code}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        Ok((code, document))
    }
}

/// A port that is free now. On Linux the system gives those below 32768 by default neither to outgoing connections nor to
/// listeners without a port of their own. Nothing reserves it: a listener that asks for the same number, such as the server
/// of another run, can take it while this server is down; then this one ends with an error, which breaks the law.
fn free_port() -> anyhow::Result<u16> {
    for _ in 0..1_000 {
        let port = fastrand::u16(10_000..32_768);
        if std::net::TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return Ok(port);
        }
    }
    anyhow::bail!("no free port")
}

/// An end that the server must not have. What it needs may be out of reach; and before it answers a signal may end it
/// before its handlers are installed.
fn wrong_end(asked: Option<Signal>, answers: bool, status: ExitStatus) -> Option<String> {
    let by = match asked {
        Some(Signal::KILL) => return None,
        _ if status.code() == Some(OUT_OF_REACH) => return None,
        None => "by itself",
        Some(_) if status.success() => return None,
        Some(signal) if !answers && status.signal() == Some(signal.as_raw()) => return None,
        Some(_) => "after SIGTERM",
    };
    Some(format!("the server ended {by}: {status}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_end_is_wrong_unless_it_was_asked_for_and_in_order() {
        let exit = |code: i32| ExitStatus::from_raw(code << 8);
        let signalled = |signal: Signal| ExitStatus::from_raw(signal.as_raw());
        let (kill, term) = (Some(Signal::KILL), Some(Signal::TERM));
        for (asked, answers, status, is_wrong) in [
            (None, true, exit(0), true),
            (None, true, exit(1), true),
            (None, true, signalled(Signal::SEGV), true),
            (None, true, exit(OUT_OF_REACH), false),
            (kill, true, signalled(Signal::KILL), false),
            (term, true, exit(0), false),
            (term, true, exit(OUT_OF_REACH), false),
            (term, true, exit(1), true),
            (term, true, exit(101), true),
            (term, true, signalled(Signal::TERM), true),
            (term, false, signalled(Signal::TERM), false),
            (term, false, signalled(Signal::ABORT), true),
        ] {
            let end = wrong_end(asked, answers, status);
            assert_eq!(end.is_some(), is_wrong, "{asked:?} {answers} {status}");
        }
    }
}
