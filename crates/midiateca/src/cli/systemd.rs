//! What systemd is told (`Type=notify`): that the server is ready, that it still serves (`WatchdogSec=`), that it stops.
//! Without systemd nothing is told.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use midiateca_service::app::App;
use midiateca_service::db::Key;
use midiateca_service::ops::probe;

/// What must work for the watchdog to be told that all is well.
pub(super) struct Watched {
    pub app: Arc<App>,
    pub address: SocketAddr,
    /// Whether the loop that downloads runs.
    pub is_working: Box<dyn Fn() -> bool + Send + Sync>,
}

/// The server answers webhooks now.
pub(super) fn ready(watched: Watched) {
    tell(State::Ready);
    if let Some(every) = watchdog() {
        let shutdown = watched.app.shutdown.clone();
        shutdown.spawn(keep_telling(watched, every / 3));
    }
}

/// No download begins any more.
pub(super) fn stopping() {
    tell(State::Stopping);
}

async fn keep_telling(watched: Watched, every: Duration) {
    let mut tick = tokio::time::interval(every);
    loop {
        tokio::select! {
            () = watched.app.shutdown.begun() => return,
            _ = tick.tick() => {}
        }
        match tokio::time::timeout(every, is_well(&watched)).await {
            Ok(true) => tell(State::Alive),
            Ok(false) => {}
            Err(_) => {
                tracing::error!("no answer in time, so systemd's watchdog gets no sign of life")
            }
        }
    }
}

/// The HTTP server answers, the committer answers, and the download loop runs. A disk that is full is not cured by a
/// restart, so what the committer answers does not matter.
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
fn tell(state: State) {
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
fn tell(_: State) {}

#[cfg(target_os = "linux")]
fn watchdog() -> Option<Duration> {
    sd_notify::watchdog_enabled()
}

#[cfg(not(target_os = "linux"))]
fn watchdog() -> Option<Duration> {
    None
}
