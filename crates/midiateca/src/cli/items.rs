//! A list whose items are printed when they are known: a line each, or one JSON document with a report at its end.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::Serialize;
use serde_json::json;

use crate::cli::answer::{self, Out};
use crate::cli::{Bar, language, words::context as words};
use midiateca_service::ops::Progress;

type Shown<T> = Box<dyn Fn(&T) -> String + Send + Sync>;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Document {
    Empty,
    Begun,
    Closed,
}

/// `{"name":[…],…report}`. Dropped without a report, the document is closed, so that what was printed is one document.
pub(crate) struct Items<T> {
    name: &'static str,
    out: Out,
    bar: Bar,
    json: Shown<T>,
    line: Shown<T>,
    document: Mutex<Document>,
    has_items: AtomicBool,
}

impl<T> Progress<T> for Items<T> {
    fn expect(&self, total: u64) {
        Progress::<T>::expect(&self.bar, total);
    }

    fn advance(&self, done: u64) {
        Progress::<T>::advance(&self.bar, done);
    }

    fn finding(&self, item: &T) {
        self.bar.suspend(|| self.item(item));
    }
}

impl<T: Serialize + 'static> Items<T> {
    /// `line` is an item for people; an empty one is not printed.
    pub fn new(name: &'static str, line: impl Fn(&T) -> String + Send + Sync + 'static) -> Self {
        Self::shown_as(name, answer::json, line)
    }

    /// Findings of an operation that counts bytes.
    pub fn findings(line: impl Fn(&T) -> String + Send + Sync + 'static) -> Self {
        let mut items = Self::new("findings", line);
        items.bar = Bar::of_bytes();
        items
    }
}

impl<T> Items<T> {
    /// `json` is an item in the document.
    pub fn shown_as(
        name: &'static str,
        json: impl Fn(&T) -> String + Send + Sync + 'static,
        line: impl Fn(&T) -> String + Send + Sync + 'static,
    ) -> Self {
        Self {
            name,
            out: Out::Stdout,
            bar: Bar::of_count(),
            json: Box::new(json),
            line: Box::new(line),
            document: Mutex::new(Document::Empty),
            has_items: AtomicBool::new(false),
        }
    }

    pub fn to(mut self, out: Out) -> Self {
        self.out = out;
        self
    }

    fn document(&self) -> MutexGuard<'_, Document> {
        self.document.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn item(&self, item: &T) {
        self.has_items.store(true, Ordering::Relaxed);
        if answer::is_json() {
            let mut document = self.document();
            let before = match *document {
                Document::Empty => format!("{{\"{}\":[\n", self.name),
                Document::Begun => ",".to_owned(),
                Document::Closed => return,
            };
            self.out.line(before + &(self.json)(item));
            *document = Document::Begun;
        } else {
            self.text(&(self.line)(item));
        }
    }

    fn text(&self, text: &str) {
        if !text.is_empty() {
            self.out.line(text);
        }
    }

    /// Prints the end of the list with the fields of the report, or `sum` for people. No item comes after it.
    pub fn finish(&self, report: &impl Serialize, sum: &str) {
        self.bar.end();
        if answer::is_json() {
            self.close(&answer::json(report));
        } else {
            self.text(sum);
        }
    }

    /// The same for a list: that it is empty is said on stderr.
    pub fn finish_list(&self, report: &impl Serialize) {
        self.finish(report, "");
        if !self.has_items.load(Ordering::Relaxed) && !answer::is_json() {
            complain!(language::of_process(), words::NOTHING);
        }
    }

    /// Ends a page of a list. `next` is where the next one begins.
    pub fn finish_page(&self, next: Option<String>) {
        self.finish_list(&json!({ "next": next }));
        if let Some(cursor) = next.filter(|_| !answer::is_json()) {
            complain!(language::of_process(), words::MORE, cursor);
        }
    }

    /// Prints a whole page.
    pub fn page(&self, rows: &[T], next: Option<String>) {
        rows.iter().for_each(|row| self.item(row));
        self.finish_page(next);
    }

    fn close(&self, report: &str) {
        let mut document = self.document();
        let list = match *document {
            Document::Empty => format!("{{\"{}\":[]", self.name),
            Document::Begun => "]".to_owned(),
            Document::Closed => return,
        };
        let fields = report.strip_prefix('{').unwrap_or("}");
        let comma = if fields == "}" { "" } else { "," };
        self.out.line(format_args!("{list}{comma}{fields}"));
        *document = Document::Closed;
    }
}

impl<T> Drop for Items<T> {
    fn drop(&mut self) {
        self.bar.end();
        if *self.document() == Document::Begun {
            self.close("{}");
        }
    }
}
