//! Shutdown in order: every task is notified, and every task is waited for.

use std::future::Future;

use tokio::task::JoinHandle;
pub use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Starts tasks, cancels them, and waits for them. Clones share the state.
#[derive(Clone, Debug, Default)]
pub struct Shutdown {
    token: CancellationToken,
    http: CancellationToken,
    tracker: TaskTracker,
}

impl Shutdown {
    /// Runs a task that the shutdown waits for.
    pub fn spawn<F>(&self, task: F) -> JoinHandle<()>
    where
        F: Future<Output = ()> + Send + 'static,
    {
        self.tracker.spawn(task)
    }

    /// A token that the shutdown cancels, and that can be cancelled alone.
    pub fn token(&self) -> CancellationToken {
        self.token.child_token()
    }

    /// Like [`Shutdown::token`], also cancelled by Ctrl-C and SIGTERM.
    pub fn token_with_signals(&self) -> CancellationToken {
        let (token, signal) = (self.token(), stop_signal());
        let signalled = token.clone();
        self.spawn(async move {
            signal.await;
            signalled.cancel();
        });
        token
    }

    /// Notifies every task.
    pub fn begin(&self) {
        self.token.cancel();
    }

    /// Whether the end has begun.
    pub fn has_begun(&self) -> bool {
        self.token.is_cancelled()
    }

    /// Waits until the end begins.
    pub async fn begun(&self) {
        self.token.cancelled().await;
    }

    /// Closes the HTTP server. It may stay open while downloads end: webhooks that come in that time are still committed, and
    /// a closed server would lose them.
    pub fn close_http(&self) {
        self.http.cancel();
    }

    /// Waits until the HTTP server is to close.
    pub async fn http_closing(&self) {
        self.http.cancelled().await;
    }

    /// Waits until all tasks have ended.
    pub async fn finished(&self) {
        self.tracker.close();
        self.tracker.wait().await;
    }
}

/// Installs the handlers at once. The future waits for Ctrl-C, on Unix also for SIGTERM and SIGQUIT. It never ends when the
/// system refuses the handlers.
pub fn stop_signal() -> impl Future<Output = ()> {
    #[cfg(unix)]
    let signals = {
        use tokio::signal::unix::{SignalKind, signal};
        (
            signal(SignalKind::interrupt()),
            signal(SignalKind::terminate()),
            signal(SignalKind::quit()),
        )
    };
    #[cfg(windows)]
    let signals = (
        tokio::signal::windows::ctrl_c(),
        tokio::signal::windows::ctrl_close(),
        tokio::signal::windows::ctrl_shutdown(),
    );
    async move {
        let (Ok(mut interrupt), Ok(mut terminate), Ok(mut quit)) = signals else {
            return std::future::pending().await;
        };
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
            _ = quit.recv() => {}
        }
    }
}

/// Installs the handler at once. The future waits until the terminal closes. It never ends on systems without a signal
/// for that.
pub fn hangup_signal() -> impl Future<Output = ()> {
    #[cfg(unix)]
    let signal = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::hangup());
    async move {
        #[cfg(unix)]
        if let Ok(mut signal) = signal {
            signal.recv().await;
            return;
        }
        std::future::pending().await
    }
}
