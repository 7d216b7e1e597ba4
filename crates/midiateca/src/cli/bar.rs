//! A progress bar of bytes on stderr, if that is a terminal.

use std::io::IsTerminal as _;
use std::sync::{Mutex, MutexGuard, PoisonError};

use indicatif::{ProgressBar, ProgressStyle};

/// Hidden until its total is known. Shared by threads.
pub(crate) struct Bar(Mutex<ProgressBar>);

impl Bar {
    pub fn new() -> Self {
        Self(Mutex::new(ProgressBar::hidden()))
    }

    fn bar(&self) -> MutexGuard<'_, ProgressBar> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn expect(&self, total_bytes: u64) {
        if !std::io::stderr().is_terminal() {
            return;
        }
        let template = "{bar:30} {bytes}/{total_bytes} {bytes_per_sec} {eta}";
        let style = ProgressStyle::with_template(template);
        let style = style.unwrap_or_else(|_| ProgressStyle::default_bar());
        *self.bar() = ProgressBar::new(total_bytes).with_style(style);
    }

    pub fn advance(&self, bytes: u64) {
        self.bar().inc(bytes);
    }

    /// Runs `print` while the bar is not drawn. No two run at once.
    pub fn suspend(&self, print: impl FnOnce()) {
        self.bar().suspend(print);
    }

    pub fn end(&self) {
        self.bar().finish_and_clear();
    }
}
