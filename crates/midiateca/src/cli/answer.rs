//! stdout, which is data. Whoever reads it may stop at any time (`midiateca check | head`): that ends the program
//! quietly, for nobody is left to answer.

use std::fmt::Display;
use std::io::{self, Write as _};

/// Writes one line.
pub(crate) fn line(text: impl Display) {
    settle(writeln!(io::stdout(), "{text}"));
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
        eprintln!("error: stdout cannot be written: {error}");
        std::process::exit(3);
    }
}
