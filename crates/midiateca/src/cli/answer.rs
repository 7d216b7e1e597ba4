//! stdout, which is data. Its reader may stop at any time (`midiateca check | head`): that ends the program quietly.

use std::fmt::{Display, Write as _};
use std::io::{self, Write as _};
use std::sync::atomic::{AtomicBool, Ordering};

use serde::Serialize;
use serde_json::{Value, json};

use crate::cli::language::{self, is_hostile};
use crate::cli::{Document, Out, complaint, words::context as words};

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
    settle(write(text));
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

/// The rows of a list: one document, or a line each.
pub(crate) fn list<T, D: Serialize>(
    rows: impl IntoIterator<Item = T>,
    next: Option<String>,
    document: impl Fn(&T) -> D,
    people: impl Fn(&T) -> String,
) {
    let list = List::new();
    for row in rows {
        list.item(|| document(&row), || people(&row));
    }
    list.finish(next);
}

/// A list that is printed while it is read.
pub(crate) struct List(Document);

impl List {
    pub fn new() -> Self {
        Self(Document::new("items", Out::Stdout))
    }

    pub fn item<D: Serialize>(
        &self,
        document: impl FnOnce() -> D,
        people: impl FnOnce() -> String,
    ) {
        if is_json() {
            self.0.item(&document());
        } else {
            line(people());
        }
    }

    /// `next` is where the next page begins.
    pub fn finish(&self, next: Option<String>) {
        if is_json() {
            self.0.finish(&json!({ "next": next }));
        } else if let Some(cursor) = next {
            complain!(language::of_process(), words::MORE, cursor);
        }
    }
}

/// Cuts rows, of which one more than `limit` was read. Gives where the next page begins, which is after the last one.
pub(crate) fn cut<T>(rows: &mut Vec<T>, limit: u32, cursor: impl Fn(&T) -> &str) -> Option<String> {
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let is_cut = rows.len() > limit;
    rows.truncate(limit);
    let last = rows.last().filter(|_| is_cut)?;
    Some(cursor(last).to_owned())
}

/// Writes one line for work that goes on without a reader.
pub(crate) fn unattended(text: impl Display) {
    let written = write(text);
    if !matches!(&written, Err(error) if error.kind() == io::ErrorKind::BrokenPipe) {
        settle(written);
    }
}

fn write(text: impl Display) -> io::Result<()> {
    writeln!(io::stdout(), "{}", harmless(text))?;
    io::stdout().flush()
}

fn settle(written: io::Result<()>) {
    if let Err(error) = written {
        if error.kind() == io::ErrorKind::BrokenPipe {
            std::process::exit(0);
        }
        complaint::show(&complaint::NoStdout(error), language::of_process(), None);
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
