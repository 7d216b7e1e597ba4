//! The end, in order: everybody hears of it, and everything that was begun is waited for.

use std::future::Future;

use tokio::task::JoinHandle;
pub use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Starts tasks, tells them to end, and waits for them. Clones share both.
#[derive(Clone, Debug, Default)]
pub struct Shutdown {
    token: CancellationToken,
    door: CancellationToken,
    tracker: TaskTracker,
}

impl Shutdown {
    /// Runs a task that will be waited for.
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

    /// Like [`Shutdown::token`], cancelled by Ctrl-C and SIGTERM as well.
    pub fn token_of_signals(&self) -> CancellationToken {
        let (token, asked) = (self.token(), stop_signal());
        let signalled = token.clone();
        self.spawn(async move {
            asked.await;
            signalled.cancel();
        });
        token
    }

    /// Tells everybody to end.
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

    /// Tells the door to close. It may stay open while downloads end, for what comes meanwhile is committed all the
    /// same, and a closed door is a lost webhook.
    pub fn close_http(&self) {
        self.door.cancel();
    }

    /// Waits until the door is to close.
    pub async fn http_closing(&self) {
        self.door.cancelled().await;
    }

    /// Waits until all tasks have ended.
    pub async fn finished(&self) {
        self.tracker.close();
        self.tracker.wait().await;
    }
}

/// Begins to listen at once, and gives what waits for Ctrl-C, or on Unix for SIGTERM as well. Where the system
/// lets nobody listen, it waits for ever.
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

/// Begins to listen at once, and gives what waits until the terminal is closed. Where the system does not tell of it
/// by a signal of its own, it waits for ever.
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
