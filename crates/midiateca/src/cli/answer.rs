//! stdout, which is data, and stderr, which is talk. The reader of stdout may stop at any time (`midiateca check | head`):
//! that ends the program quietly.

use std::fmt::{Display, Write as _};
use std::io::{self, IsTerminal as _, Write as _};

use clap::builder::styling::{AnsiColor, Style};
use serde::Serialize;
use serde_json::Value;
use textwrap::WordSplitter;

use crate::cli::language;
use crate::cli::mode::mode;
pub(crate) use crate::cli::mode::{Mode, is_json, set_mode};
use crate::cli::{Language, complaint, complaint::Failure, zone};
use midiateca_service::i18n::needs;
use midiateca_service::ops::status::Need;
use midiateca_service::terminal::letters;

pub(crate) const PLAIN: Style = Style::new();
pub(crate) const FINE: Style = AnsiColor::Green.on_default();
pub(crate) const WARNING: Style = AnsiColor::Yellow.on_default();
pub(crate) const WRONG: Style = AnsiColor::Red.on_default();

/// Text is not wrapped into less.
const LEAST_COLUMNS: usize = 20;

/// Where a line goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Out {
    Stdout,
    /// Like it, for work that goes on when nothing reads its output any more.
    Unattended,
    /// For a command whose data on stdout is not text.
    Stderr,
}

impl Out {
    pub fn line(self, text: impl Display) {
        self.write(&harmless(text));
    }

    fn write(self, text: &str) {
        let written = match self {
            Self::Stderr => return drop(writeln!(io::stderr(), "{text}")),
            _ => writeln!(io::stdout(), "{text}").and_then(|()| io::stdout().flush()),
        };
        match written.map_err(|error| (error.kind(), error)) {
            Ok(()) => {}
            Err((io::ErrorKind::BrokenPipe, _)) if self == Self::Unattended => {}
            Err((io::ErrorKind::BrokenPipe, _)) => std::process::exit(0),
            Err((_, error)) => {
                complaint::show(&Failure::NoStdout(error), language::of_process(), None);
                std::process::exit(3);
            }
        }
    }
}

/// Replaces characters that steer a terminal, which messages may contain; in JSON, where they are in strings only,
/// escapes them. All that goes to stdout or stderr passes here.
fn harmless(text: impl Display) -> String {
    let text = text.to_string();
    let mut safe = String::with_capacity(text.len());
    for (letter, is_hostile) in letters(&text) {
        match letter {
            letter if !is_hostile || matches!(letter, '\t' | '\n') => safe.push(letter),
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
    Out::Stderr.line(text);
}

pub(crate) fn line(text: impl Display) {
    Out::Stdout.line(text);
}

/// A line that begins with a color, where stdout has colors.
pub(crate) fn colored_line(style: Style, colored: &str, rest: &str) {
    let (colored, rest) = (harmless(colored), harmless(rest));
    if mode().is_colored {
        Out::Stdout.write(&format!("{style}{colored}{style:#}{rest}"));
    } else {
        Out::Stdout.write(&(colored + &rest));
    }
}

/// A line as it fits the terminal that shows it, with its further lines after `indent`; unchanged where stdout is none.
pub(crate) fn fitting(line: &str, indent: &str) -> String {
    let is_terminal = io::stdout().is_terminal();
    match crossterm::terminal::size().ok().filter(|_| is_terminal) {
        Some((columns, _)) => wrapped(line, indent, usize::from(columns)),
        None => line.to_owned(),
    }
}

/// Commands and paths are not broken, so that they can be copied.
fn wrapped(line: &str, indent: &str, columns: usize) -> String {
    if columns < indent.len() + LEAST_COLUMNS {
        return line.to_owned();
    }
    let options = textwrap::Options::new(columns)
        .subsequent_indent(indent)
        .word_splitter(WordSplitter::NoHyphenation)
        .break_words(false);
    textwrap::fill(line, options)
}

pub(crate) fn json(report: &impl Serialize) -> String {
    // Reports have string keys only and no fallible serialisation.
    serde_json::to_string(report).unwrap_or_default()
}

/// One document, or its text for people.
pub(crate) fn report(document: Value, people: impl Display) {
    if is_json() {
        line(document);
    } else {
        let people = people.to_string();
        line(people.strip_suffix('\n').unwrap_or(&people));
    }
}

/// A report that ends with what needs a person.
pub(crate) fn report_with_needs(
    document: Value,
    people: impl Display,
    needs: &[Need],
    lang: Language,
) {
    report(document, people);
    if is_json() {
        return;
    }
    let style = if needs.is_empty() { FINE } else { WRONG };
    for need in needs::text(needs, lang, zone::zone()).lines() {
        colored_line(style, &fitting(need, "  "), "");
    }
}

#[cfg(test)]
mod tests {
    use super::wrapped;

    #[test]
    fn a_long_line_is_wrapped_between_words_and_a_narrow_screen_leaves_it() {
        let line = "queue   pending: 1, with a word-with-hyphens and midiateca retry --failed";
        assert_eq!(
            wrapped(line, "        ", 40),
            "queue   pending: 1, with a\n        word-with-hyphens and midiateca\n        retry --failed"
        );
        assert_eq!(wrapped(line, "        ", 25), line);
        assert_eq!(wrapped(line, "", 200), line);
    }
}
