//! A progress bar on stderr, if that is a terminal.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use midiateca_service::ops::Progress;

/// Hidden until its total is known.
pub(crate) struct Bar(ProgressBar);

impl<T> Progress<T> for Bar {
    fn expect(&self, total: u64) {
        self.0.reset();
        self.0.set_length(total);
        self.0.set_draw_target(ProgressDrawTarget::stderr());
    }

    fn advance(&self, done: u64) {
        self.0.inc(done);
    }
}

impl Bar {
    pub fn of_bytes() -> Self {
        Self::new("{bar:30} {bytes}/{total_bytes} {bytes_per_sec} {eta}")
    }

    pub fn of_count() -> Self {
        Self::new("{bar:30} {pos}/{len} {eta}")
    }

    fn new(template: &'static str) -> Self {
        let style = ProgressStyle::with_template(template);
        let style = style.unwrap_or_else(|_| ProgressStyle::default_bar());
        Self(ProgressBar::hidden().with_style(style))
    }

    /// Runs `print` while the bar is not drawn. No two run at once.
    pub fn suspend(&self, print: impl FnOnce()) {
        self.0.suspend(print);
    }

    pub fn end(&self) {
        self.0.finish_and_clear();
    }
}
