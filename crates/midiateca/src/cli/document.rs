//! One JSON document that is written while its command runs: a list whose items are printed as they come, and a report at
//! the end.

use std::fmt::Display;
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::Serialize;
use serde_json::{Map, Value};

use super::answer;

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
        match self {
            Self::Stdout => answer::line(text),
            Self::Unattended => drop(answer::is_read(text)),
            Self::Stderr => answer::complain(text),
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Empty,
    Begun,
    Closed,
}

/// `{"list":[…],…report}`. Dropped without a report, it is closed, so that what was printed is one document.
pub(crate) struct Document {
    list: &'static str,
    out: Out,
    state: Mutex<State>,
}

impl Document {
    pub fn new(list: &'static str, out: Out) -> Self {
        Self {
            list,
            out,
            state: Mutex::new(State::Empty),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Prints one item of the list.
    pub fn item(&self, item: &impl Serialize) {
        let item = answer::json(item);
        let mut state = self.state();
        match *state {
            State::Empty => {
                let list = self.list;
                self.out.line(format_args!("{{\"{list}\":[\n{item}"));
                *state = State::Begun;
            }
            State::Begun => self.out.line(format_args!(",{item}")),
            State::Closed => {}
        }
    }

    /// Prints the end of a list that is complete.
    pub fn finish_list(&self) {
        self.finish(&serde_json::json!({ "next": null }));
    }

    /// Prints the end of the list and the fields of the report. No item comes after it.
    pub fn finish(&self, report: &impl Serialize) {
        let mut state = self.state();
        let report = answer::json(report);
        let fields = report.strip_prefix('{').unwrap_or("}");
        let comma = if fields == "}" { "" } else { "," };
        match *state {
            State::Empty => {
                let list = self.list;
                self.out
                    .line(format_args!("{{\"{list}\":[]{comma}{fields}"));
            }
            State::Begun => self.out.line(format_args!("]{comma}{fields}")),
            State::Closed => {}
        }
        *state = State::Closed;
    }
}

impl Drop for Document {
    fn drop(&mut self) {
        if *self.state() == State::Begun {
            self.finish(&Map::<String, Value>::new());
        }
    }
}
