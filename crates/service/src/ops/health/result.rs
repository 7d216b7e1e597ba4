//! The results of the probes.

use std::collections::BTreeMap;
use std::error::Error;
use std::ffi::OsStr;
use std::path::Path;
use std::sync::Arc;

use serde::Serialize;
use serde_json::Value as Json;

use super::{Check, Code, HealthReport, Hint};
use crate::clock::Millis;
use crate::db;
use crate::ops::Progress;
use crate::ops::status::RefusedDeliveries;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    Ok,
    /// It works, and may not always.
    Warning,
    /// Media are lost, or will be.
    Problem,
    /// It could not be probed.
    Skipped,
}

/// An error that a result keeps, to be explained in the reader's language.
pub type SharedError = Arc<dyn Error + Send + Sync>;

/// A value of a text. In JSON: text, numbers, codes; bytes and milliseconds as numbers.
#[derive(Clone, Debug, Serialize)]
#[serde(untagged)]
pub enum Value {
    /// A text or a number.
    Plain(Json),
    Bytes(u64),
    Millis(Millis),
    /// The code of a [`Reason`](crate::model::Reason).
    Reason(String),
    Refused(RefusedDeliveries),
}

#[derive(Clone, Debug, Serialize)]
pub struct CheckResult {
    pub check: Check,
    /// The instance, file, address or setting; empty where there is only one.
    pub about: String,
    pub verdict: Verdict,
    pub code: Code,
    pub values: BTreeMap<&'static str, Value>,
    /// For people and programs, `i18n::explain` has its message and code.
    #[serde(skip)]
    pub error: Option<SharedError>,
    /// None if all is well, or if the explanation of the error has the hint.
    pub hint: Option<Hint>,
}

impl CheckResult {
    fn new(check: Check, verdict: Verdict, code: Code, hint: Option<Hint>) -> Self {
        Self {
            check,
            about: String::new(),
            verdict,
            code,
            values: BTreeMap::new(),
            error: None,
            hint,
        }
    }

    pub(super) fn ok(check: Check, code: Code) -> Self {
        Self::new(check, Verdict::Ok, code, None)
    }

    pub(super) fn skipped(check: Check, code: Code) -> Self {
        Self::new(check, Verdict::Skipped, code, None)
    }

    pub(super) fn warning(check: Check, code: Code, hint: Hint) -> Self {
        Self::new(check, Verdict::Warning, code, Some(hint))
    }

    pub(super) fn problem(check: Check, code: Code, hint: Hint) -> Self {
        Self::new(check, Verdict::Problem, code, Some(hint))
    }

    /// A problem whose error has the hint in its explanation.
    pub(super) fn failed(check: Check, error: impl Error + Send + Sync + 'static) -> Self {
        Self::new(check, Verdict::Problem, Code::Failed, None).error(error)
    }

    pub(super) fn unreadable(check: Check, error: impl Error + Send + Sync + 'static) -> Self {
        Self::problem(check, Code::Failed, Hint::RestoreDatabase).error(error)
    }

    pub(super) fn about(mut self, about: impl AsRef<OsStr>) -> Self {
        self.about = about.as_ref().to_string_lossy().into_owned();
        self
    }

    /// With a text or a number.
    pub(super) fn with(self, name: &'static str, value: impl Into<Json>) -> Self {
        self.with_value(name, Value::Plain(value.into()))
    }

    pub(super) fn with_path(self, name: &'static str, path: &Path) -> Self {
        self.with(name, path.to_string_lossy())
    }

    pub(super) fn with_value(mut self, name: &'static str, value: Value) -> Self {
        self.values.insert(name, value);
        self
    }

    pub(super) fn error(mut self, error: impl Error + Send + Sync + 'static) -> Self {
        self.error = Some(Arc::new(error));
        self
    }
}

/// The results so far; each is reported when it is added.
pub(super) struct Results<'a> {
    pub progress: &'a dyn Progress<CheckResult>,
    pub report: HealthReport,
}

impl Results<'_> {
    pub fn add(&mut self, result: CheckResult) {
        let report = &mut self.report;
        *match result.verdict {
            Verdict::Ok => &mut report.ok,
            Verdict::Warning => &mut report.warning,
            Verdict::Problem => &mut report.problem,
            Verdict::Skipped => &mut report.skipped,
        } += 1;
        self.progress.finding(&result);
        report.checks.push(result);
    }

    pub fn add_read(&mut self, check: Check, read: Result<CheckResult, db::Error>) {
        self.add(read.unwrap_or_else(|error| CheckResult::unreadable(check, error)));
    }
}
