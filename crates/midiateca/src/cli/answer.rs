//! stdout, which is data. Whoever reads it may stop at any time (`midiateca check | head`): that ends the program
//! quietly, for nobody is left to answer.

use std::fmt::Display;
use std::io::{self, Write as _};

use super::complaint;
use super::language::Language;
use super::words::errors as words;

/// Writes one line.
pub(crate) fn line(text: impl Display) {
    settle(writeln!(io::stdout(), "{text}"));
}

/// Writes one line for work that goes on when nobody reads; says whether somebody does.
pub(crate) fn is_read(text: impl Display) -> bool {
    let written = writeln!(io::stdout(), "{text}").and_then(|()| io::stdout().flush());
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
    settle(write!(io::stdout(), "{text}"));
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
