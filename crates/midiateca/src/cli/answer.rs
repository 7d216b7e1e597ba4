//! stdout, which is data. Its reader may stop at any time (`midiateca check | head`): that ends the program quietly.

use std::fmt::{Display, Write as _};
use std::io::{self, Write as _};
use std::sync::atomic::{AtomicBool, Ordering};

use super::complaint;
use super::language::{self, is_hostile};

static IS_JSON: AtomicBool = AtomicBool::new(false);

pub(crate) fn set_json(json: bool) {
    IS_JSON.store(json, Ordering::Relaxed);
}

pub(crate) fn is_json() -> bool {
    IS_JSON.load(Ordering::Relaxed)
}

/// Replaces characters that steer a terminal, which messages may contain; in JSON, where they are in strings only,
/// escapes them. All that goes to stdout or stderr passes here.
fn harmless(text: impl Display) -> String {
    let text = text.to_string();
    let steers = |letter: char| is_hostile(letter) && !matches!(letter, '\t' | '\n');
    if !text.contains(steers) {
        return text;
    }
    let mut safe = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            letter if !steers(letter) => safe.push(letter),
            letter if is_json() => {
                for unit in letter.encode_utf16(&mut [0; 2]) {
                    // Writing to a string does not fail.
                    let _ = write!(safe, "\\u{unit:04x}");
                }
            }
            _ => safe.push('\u{fffd}'),
        }
    }
    safe
}

/// Writes one line to stderr, for people. A closed stderr is no error.
pub(crate) fn complain(text: impl Display) {
    let _ = writeln!(io::stderr(), "{}", harmless(text));
}

pub(crate) fn line(text: impl Display) {
    settle(writeln!(io::stdout(), "{}", harmless(text)));
}

/// A report as JSON, as one line.
pub(crate) fn json(report: &impl serde::Serialize) -> String {
    // Reports have string keys only and no fallible serialisation.
    serde_json::to_string(report).unwrap_or_default()
}

/// Writes one line for work that goes on without a reader; answers whether there is one.
pub(crate) fn is_read(text: impl Display) -> bool {
    let written = writeln!(io::stdout(), "{}", harmless(text)).and_then(|()| io::stdout().flush());
    match written {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => false,
        written => {
            settle(written);
            true
        }
    }
}

/// Writes text that has its own line ends.
pub(crate) fn text(text: impl Display) {
    settle(write!(io::stdout(), "{}", harmless(text)));
}

fn settle(outcome: io::Result<()>) {
    if let Err(error) = outcome.and_then(|()| io::stdout().flush()) {
        if error.kind() == io::ErrorKind::BrokenPipe {
            std::process::exit(0);
        }
        let lang = language::of_process();
        complaint::show(&complaint::NoStdout(error), lang, None);
        std::process::exit(3);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_steers_a_terminal_is_not_written() {
        assert_eq!(
            harmless("a\tb\u{1b}]0;x\u{7}\n"),
            "a\tb\u{fffd}]0;x\u{fffd}\n"
        );
    }
}
