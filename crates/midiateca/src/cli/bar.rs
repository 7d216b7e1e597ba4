//! A progress bar on stderr, if that is a terminal.

use std::io::IsTerminal as _;
use std::sync::{Mutex, MutexGuard, PoisonError};

use indicatif::{ProgressBar, ProgressStyle};

use midiateca_service::ops::Progress;

/// Hidden until its total is known. Shared by threads.
pub(crate) struct Bar {
    bar: Mutex<ProgressBar>,
    template: &'static str,
}

impl<T> Progress<T> for Bar {
    fn expect(&self, total: u64) {
        Self::expect(self, total);
    }

    fn advance(&self, done: u64) {
        Self::advance(self, done);
    }
}

const BYTES: &str = "{bar:30} {bytes}/{total_bytes} {bytes_per_sec} {eta}";
const COUNT: &str = "{bar:30} {pos}/{len} {eta}";

impl Bar {
    pub fn of_bytes() -> Self {
        Self::new(BYTES)
    }

    pub fn of_count() -> Self {
        Self::new(COUNT)
    }

    fn new(template: &'static str) -> Self {
        Self {
            bar: Mutex::new(ProgressBar::hidden()),
            template,
        }
    }

    fn bar(&self) -> MutexGuard<'_, ProgressBar> {
        self.bar.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn expect(&self, total: u64) {
        if !std::io::stderr().is_terminal() {
            return;
        }
        let style = ProgressStyle::with_template(self.template);
        let style = style.unwrap_or_else(|_| ProgressStyle::default_bar());
        *self.bar() = ProgressBar::new(total).with_style(style);
    }

    pub fn advance(&self, done: u64) {
        self.bar().inc(done);
    }

    /// Runs `print` while the bar is not drawn. No two run at once.
    pub fn suspend(&self, print: impl FnOnce()) {
        self.bar().suspend(print);
    }

    pub fn end(&self) {
        self.bar().finish_and_clear();
    }
}
