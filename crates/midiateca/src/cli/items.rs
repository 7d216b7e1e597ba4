//! An operation on many things: a line for each, or one JSON document.

use serde::Serialize;

use super::bar::Bar;
use super::document::{Document, Out};
use midiateca_service::ops::Progress;

type Line<T> = dyn Fn(&T) -> String + Send + Sync;

/// Prints each item when it is known, unless its line is empty, and draws a bar on a terminal.
pub(crate) struct Items<T> {
    bar: Bar,
    out: Out,
    document: Option<Document>,
    line: Box<Line<T>>,
}

impl<T: Serialize> Progress<T> for Items<T> {
    fn expect(&self, total: u64) {
        self.bar.expect(total);
    }

    fn advance(&self, done: u64) {
        self.bar.advance(done);
    }

    fn finding(&self, item: &T) {
        self.bar.suspend(|| match &self.document {
            Some(document) => document.item(item),
            None => {
                let line = (self.line)(item);
                if !line.is_empty() {
                    self.out.line(line);
                }
            }
        });
    }
}

impl<T> Items<T> {
    /// `line` is an item for people.
    pub fn new(is_json: bool, line: impl Fn(&T) -> String + Send + Sync + 'static) -> Self {
        Self::named("items", is_json, line)
    }

    /// With another name of the list in JSON.
    pub fn named(
        list: &'static str,
        is_json: bool,
        line: impl Fn(&T) -> String + Send + Sync + 'static,
    ) -> Self {
        Self {
            bar: Bar::of_count(),
            out: Out::Stdout,
            document: is_json.then(|| Document::new(list, Out::Stdout)),
            line: Box::new(line),
        }
    }

    /// Findings of an operation that counts bytes.
    pub fn findings(
        out: Out,
        is_json: bool,
        line: impl Fn(&T) -> String + Send + Sync + 'static,
    ) -> Self {
        Self {
            bar: Bar::of_bytes(),
            out,
            document: is_json.then(|| Document::new("findings", out)),
            line: Box::new(line),
        }
    }

    /// Removes the bar.
    pub fn end(&self) {
        self.bar.end();
    }

    /// Prints the report: as JSON, or as `sum` if there is one.
    pub fn finish(&self, report: &impl Serialize, sum: Option<String>) {
        self.bar.end();
        match (&self.document, sum) {
            (Some(document), _) => document.finish(report),
            (None, Some(sum)) => self.out.line(sum),
            (None, None) => {}
        }
    }
}
