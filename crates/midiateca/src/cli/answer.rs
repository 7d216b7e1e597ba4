//! stdout, which is data. Whoever reads it may stop at any time (`midiateca check | head`): that ends the program
//! quietly, for nobody is left to answer.

use std::fmt::Display;
use std::io::{self, Write as _};

use super::complaint;
use super::language::Language;
use super::words::errors as words;

/// What strangers wrote may steer a terminal; JSON has no such characters.
fn harmless(text: impl Display) -> String {
    let steers = |letter: char| letter.is_ascii_control() && !matches!(letter, '\t' | '\n');
    let text = text.to_string();
    match text.contains(steers) {
        true => text.replace(steers, "\u{fffd}"),
        false => text,
    }
}

/// Writes one line.
pub(crate) fn line(text: impl Display) {
    settle(writeln!(io::stdout(), "{}", harmless(text)));
}

/// Writes one line for work that goes on when nobody reads; says whether somebody does.
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
        let lang = Language::of_process();
        let why = complaint::why(&error, lang);
        let what = lang.fill(words::NO_STDOUT, &[("why", &why)]);
        eprintln!("{}", lang.fill(words::ERROR, &[("what", &what)]));
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
