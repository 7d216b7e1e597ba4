//! An operation on many things: a line for each, or one JSON document.

use std::sync::Arc;

use serde::Serialize;

use crate::cli::{Bar, Document, Out, answer};
use midiateca_service::ops::Progress;

type Line<T> = dyn Fn(&T) -> String + Send + Sync;

/// Prints each item when it is known, unless its line is empty, and draws a bar on a terminal.
pub(crate) struct Items<T> {
    bar: Bar,
    out: Out,
    document: Document,
    line: Box<Line<T>>,
}

impl<T: Serialize> Progress<T> for Items<T> {
    fn expect(&self, total: u64) {
        Progress::<T>::expect(&self.bar, total);
    }

    fn advance(&self, done: u64) {
        Progress::<T>::advance(&self.bar, done);
    }

    fn finding(&self, item: &T) {
        self.bar.suspend(|| {
            if answer::is_json() {
                return self.document.item(item);
            }
            let line = (self.line)(item);
            if !line.is_empty() {
                self.out.line(line);
            }
        });
    }
}

impl<T> Items<T> {
    /// `line` is an item for people.
    pub fn new(line: impl Fn(&T) -> String + Send + Sync + 'static) -> Arc<Self> {
        Self::with(Bar::of_count(), "items", Out::Stdout, line)
    }

    /// Findings of an operation that counts bytes.
    pub fn findings(out: Out, line: impl Fn(&T) -> String + Send + Sync + 'static) -> Arc<Self> {
        Self::with(Bar::of_bytes(), "findings", out, line)
    }

    /// With the name of the list in JSON.
    pub fn with(
        bar: Bar,
        list: &'static str,
        out: Out,
        line: impl Fn(&T) -> String + Send + Sync + 'static,
    ) -> Arc<Self> {
        Arc::new(Self {
            bar,
            out,
            document: Document::new(list, out),
            line: Box::new(line),
        })
    }

    pub fn end(&self) {
        self.bar.end();
    }

    /// Prints the report: as JSON, or as `sum` unless that is empty.
    pub fn finish(&self, report: &impl Serialize, sum: &str) {
        self.bar.end();
        if answer::is_json() {
            self.document.finish(report);
        } else if !sum.is_empty() {
            self.out.line(sum);
        }
    }
}
