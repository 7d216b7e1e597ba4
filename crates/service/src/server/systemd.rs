//! Notifications for systemd (`Type=notify`): the server is ready, it still serves (`WatchdogSec=`), it stops. Without
//! systemd nothing is sent.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use crate::app::App;
use crate::db::Key;
use crate::ops::probe;

/// The parts that must work for a sign of life to be sent.
pub struct Watched {
    pub app: Arc<App>,
    pub address: SocketAddr,
    /// Whether the download loop runs.
    pub is_working: Box<dyn Fn() -> bool + Send + Sync>,
}

/// The server answers webhooks now.
pub fn ready(watched: Watched) {
    notify(State::Ready);
    if let Some(timeout) = watchdog() {
        let shutdown = watched.app.shutdown.clone();
        shutdown.spawn(keep_alive(watched, timeout / 3));
    }
}

/// No download starts any more.
pub fn stopping() {
    notify(State::Stopping);
}

async fn keep_alive(watched: Watched, interval: Duration) {
    let mut tick = tokio::time::interval(interval);
    loop {
        tokio::select! {
            () = watched.app.shutdown.begun() => return,
            _ = tick.tick() => {}
        }
        match tokio::time::timeout(interval, is_well(&watched)).await {
            Ok(true) => notify(State::Alive),
            Ok(false) => {}
            Err(_) => {
                tracing::error!("no answer in time, so systemd's watchdog gets no sign of life");
            }
        }
    }
}

/// The HTTP server answers, the committer answers, and the download loop runs. A restart does not free a full disk, so
/// what the committer answers does not matter.
async fn is_well(watched: &Watched) -> bool {
    if !(watched.is_working)() {
        tracing::error!("the download loop has ended, so systemd's watchdog gets no sign of life");
        return false;
    }
    // Unavailable is an answer, too.
    let _ = watched.app.db.write(Key::Nothing, async |_| Ok(())).await;
    let is_alive = matches!(probe::answers_healthz(watched.address).await, Ok(true));
    if !is_alive {
        tracing::error!(
            "the HTTP server does not answer, so systemd's watchdog gets no sign of life"
        );
    }
    is_alive
}

#[derive(Clone, Copy, Debug)]
enum State {
    Ready,
    Alive,
    Stopping,
}

#[cfg(target_os = "linux")]
fn notify(state: State) {
    use sd_notify::NotifyState;
    let state = match state {
        State::Ready => NotifyState::Ready,
        State::Alive => NotifyState::Watchdog,
        State::Stopping => NotifyState::Stopping,
    };
    if let Err(error) = sd_notify::notify(&[state]) {
        tracing::warn!(%error, "systemd cannot be notified");
    }
}

#[cfg(not(target_os = "linux"))]
fn notify(_: State) {}

#[cfg(target_os = "linux")]
fn watchdog() -> Option<Duration> {
    sd_notify::watchdog_enabled()
}

#[cfg(not(target_os = "linux"))]
fn watchdog() -> Option<Duration> {
    None
}
