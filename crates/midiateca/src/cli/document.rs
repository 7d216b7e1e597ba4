//! One JSON document on stdout that is written while its command runs: a list whose items are printed as they come, and
//! a report at the end.

use serde::Serialize;
use serde_json::{Map, Value};

use super::answer;

/// `{"list":[…],…report}`. Dropped without a report, it is closed, so that what was printed is one document.
pub(crate) struct Document {
    list: &'static str,
    is_begun: bool,
    is_closed: bool,
}

impl Document {
    pub fn new(list: &'static str) -> Self {
        Self {
            list,
            is_begun: false,
            is_closed: false,
        }
    }

    /// Prints one item of the list.
    pub fn item(&mut self, item: &impl Serialize) {
        let item = answer::json(item);
        if self.is_begun {
            return answer::line(format_args!(",{item}"));
        }
        self.is_begun = true;
        answer::line(format_args!("{{\"{}\":[\n{item}", self.list));
    }

    /// Prints the end of the list and the fields of the report.
    pub fn finish(mut self, report: &impl Serialize) {
        self.close(report);
    }

    fn close(&mut self, report: &impl Serialize) {
        self.is_closed = true;
        let report = answer::json(report);
        let fields = report.strip_prefix('{').unwrap_or("}");
        let comma = if fields == "}" { "" } else { "," };
        match self.is_begun {
            true => answer::line(format_args!("]{comma}{fields}")),
            false => answer::line(format_args!("{{\"{}\":[]{comma}{fields}", self.list)),
        }
    }
}

impl Drop for Document {
    fn drop(&mut self) {
        if self.is_begun && !self.is_closed {
            self.close(&Map::<String, Value>::new());
        }
    }
}
