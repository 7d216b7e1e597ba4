//! Logs: one line per fact, on stderr, for people or as JSON.

mod lines;

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt;

use lines::Lines;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogFormat {
    #[default]
    Human,
    /// One JSON object per line.
    Json,
}

/// Starts logging at `level` (`warn`, `info`, `debug`); `RUST_LOG` overrides it.
pub fn start(format: LogFormat, level: &str, has_color: bool) {
    let usual = format!("{level},hyper=warn,hyper_util=warn,rustls=warn");
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(usual));
    let builder = fmt()
        .with_env_filter(filter)
        .with_writer(Lines::new(format))
        .with_target(false)
        // An error of stderr cannot be reported on stderr: it would panic.
        .log_internal_errors(false);
    // A second start in the same process (tests) keeps the first.
    let _ = match format {
        LogFormat::Human => builder.with_ansi(has_color).try_init(),
        LogFormat::Json => builder.json().flatten_event(true).try_init(),
    };
}

/// Limits how often one kind of line is logged, so that a client cannot fill the log.
#[derive(Debug)]
pub struct Throttle {
    every: Duration,
    last: Mutex<Option<(Instant, u64)>>,
}

impl Throttle {
    /// At most one line per `every`.
    pub const fn new(every: Duration) -> Self {
        Self {
            every,
            last: Mutex::new(None),
        }
    }

    /// The number of occurrences since the last line, this one included; `None` when it is too early for a line.
    pub fn admit(&self) -> Option<u64> {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        match &mut *last {
            Some((at, count)) if now.duration_since(*at) < self.every => {
                *count += 1;
                None
            }
            other => {
                let count = other.map_or(0, |(_, count)| count) + 1;
                *other = Some((now, 0));
                Some(count)
            }
        }
    }
}

/// An error with all its sources, for one field of a log line.
pub fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}
