//! One JSON document that is written while its command runs: a list whose items are printed as they come, and a report at
//! the end.

use std::fmt::Display;
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::Serialize;
use serde_json::{Map, Value};

use crate::cli::answer;

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
            Self::Unattended => answer::unattended(text),
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
        let state = Mutex::new(State::Empty);
        Self { list, out, state }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn item(&self, item: &impl Serialize) {
        let mut state = self.state();
        let before = match *state {
            State::Empty => format!("{{\"{}\":[\n", self.list),
            State::Begun => ",".to_owned(),
            State::Closed => return,
        };
        self.out.line(before + &answer::json(item));
        *state = State::Begun;
    }

    /// Prints the end of the list and the fields of the report. No item comes after it.
    pub fn finish(&self, report: &impl Serialize) {
        let mut state = self.state();
        let list = match *state {
            State::Empty => format!("{{\"{}\":[]", self.list),
            State::Begun => "]".to_owned(),
            State::Closed => return,
        };
        let report = answer::json(report);
        let fields = report.strip_prefix('{').unwrap_or("}");
        let comma = if fields == "}" { "" } else { "," };
        self.out.line(format_args!("{list}{comma}{fields}"));
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
