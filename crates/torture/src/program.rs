//! The program under test, restarted whenever it ends, as systemd does.

use std::fs::OpenOptions;
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
    state: Mutex<State>,
    closing: watch::Sender<bool>,
}

#[derive(Default)]
struct State {
    pid: Option<Pid>,
    /// Whether the end of the process was asked for.
    is_expected: bool,
    pause: Duration,
    ends: Vec<String>,
    starts: u32,
}

impl Program {
    pub fn new(machine: Arc<Machine>) -> anyhow::Result<Arc<Self>> {
        // Free now; nothing else on this machine asks for ports at random.
        let port = std::net::TcpListener::bind("127.0.0.1:0")?
            .local_addr()?
            .port();
        Ok(Arc::new(Self {
            machine,
            port,
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
                .command()
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
                state.is_expected = false;
                state.starts += 1;
            }
            let status = child.wait().await?;
            let pause = {
                let mut state = self.state.lock().await;
                state.pid = None;
                if !state.is_expected && status.code() != Some(OUT_OF_REACH) {
                    let end = describe(status);
                    state.ends.push(end);
                }
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
            state.is_expected = true;
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

    /// How often it was started, and how it ended without being asked to.
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
            .with_context(|| format!("{words:?}: {}", describe(output.status)))?;
        anyhow::ensure!(
            code <= OUT_OF_REACH,
            "{words:?} ended with {code}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        Ok((code, document))
    }
}

fn describe(status: ExitStatus) -> String {
    format!("the server ended by itself: {status}")
}
