//! Logs: one line a fact, on stderr, for people or as JSON.

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt;

/// How log lines look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum LogFormat {
    /// For people.
    #[default]
    Human,
    /// One JSON object a line.
    Json,
}

/// Starts logging at `level` (`warn`, `info`, `debug`); `RUST_LOG` wins.
pub fn start(format: LogFormat, level: &str) {
    let usual = format!("{level},hyper=warn,hyper_util=warn,rustls=warn");
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(usual));
    let builder = fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_target(false)
        // It would say on stderr that nothing can be said on stderr, and panic.
        .log_internal_errors(false);
    // A second start in the same process (tests) keeps the first.
    let _ = match format {
        LogFormat::Human => {
            use std::io::IsTerminal as _;
            builder
                .with_ansi(std::io::stderr().is_terminal())
                .try_init()
        }
        LogFormat::Json => builder.json().flatten_event(true).try_init(),
    };
}

/// An error with all that lies behind it, for one field of a log line.
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
