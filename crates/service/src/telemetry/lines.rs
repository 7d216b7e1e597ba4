//! Writes log lines to stderr, with their priority for systemd's journal.

use std::io::{self, Write};

use tracing_subscriber::fmt;

use super::LogFormat;
use crate::terminal::letters;

/// Writes log lines to stderr. A line for systemd's journal begins with its priority (sd-daemon(3)).
pub(super) struct Lines {
    to_journal: bool,
}

impl Lines {
    pub fn new(format: LogFormat) -> Self {
        Self {
            to_journal: matches!(format, LogFormat::Human) && stderr_is_the_journal(),
        }
    }
}

/// One line, written at once, so that lines of several threads do not mix.
pub(super) struct Line {
    text: Vec<u8>,
}

impl<'a> fmt::MakeWriter<'a> for Lines {
    type Writer = Line;

    fn make_writer(&'a self) -> Line {
        Line { text: Vec::new() }
    }

    fn make_writer_for(&'a self, about: &tracing::Metadata<'_>) -> Line {
        let text = if self.to_journal {
            priority(*about.level()).as_bytes().to_vec()
        } else {
            Vec::new()
        };
        Line { text }
    }
}

/// The numbers of syslog(3): 3 error, 4 warning, 6 info, 7 debug.
fn priority(level: tracing::Level) -> &'static str {
    match level {
        tracing::Level::ERROR => "<3>",
        tracing::Level::WARN => "<4>",
        tracing::Level::INFO => "<6>",
        _ => "<7>",
    }
}

impl Write for Line {
    fn write(&mut self, text: &[u8]) -> io::Result<usize> {
        self.text.extend_from_slice(text);
        Ok(text.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        let text = String::from_utf8_lossy(&self.text);
        // Colours begin with ESC; the library has escaped all others.
        let is_ours = |letter: char| matches!(letter, '\n' | '\t' | '\u{1b}');
        let safe = letters(&text).map(|(letter, is_hostile)| {
            if is_hostile && !is_ours(letter) {
                '\u{fffd}'
            } else {
                letter
            }
        });
        let safe: String = safe.collect();
        // Without a reader the line is lost, and nothing else.
        let _ = io::stderr().write_all(safe.as_bytes());
    }
}

/// Whether stderr is the stream that systemd names in `JOURNAL_STREAM` (systemd.exec(5)).
#[cfg(unix)]
fn stderr_is_the_journal() -> bool {
    use std::os::fd::AsFd as _;
    let Ok(named) = std::env::var("JOURNAL_STREAM") else {
        return false;
    };
    let Ok(stderr) = rustix::fs::fstat(io::stderr().as_fd()) else {
        return false;
    };
    named == format!("{}:{}", stderr.st_dev, stderr.st_ino)
}

#[cfg(not(unix))]
fn stderr_is_the_journal() -> bool {
    false
}
