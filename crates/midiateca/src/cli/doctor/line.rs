//! The results of the probes, as lines or as one JSON document.

use std::fmt::Display;

use serde_json::{Value as Json, json};

use super::super::answer;
use super::super::language::{Language, tame};
use super::super::words::{TextKey, doctor as texts};
use super::super::zone::zone;
use midiateca_service::i18n::explain::{Explanation, explain};
use midiateca_service::i18n::refusals;
use midiateca_service::ops::Progress;
use midiateca_service::ops::health::{CheckResult, HealthReport, Value, Verdict};

pub(super) struct Printer {
    pub lang: Language,
    pub json: bool,
    pub problems_only: bool,
}

impl Progress<CheckResult> for Printer {
    fn finding(&self, result: &CheckResult) {
        if !self.json && self.shows(result) {
            answer::line(self.line(result));
        }
    }
}

impl Printer {
    fn shows(&self, result: &CheckResult) -> bool {
        !self.problems_only || result.verdict != Verdict::Ok
    }

    /// The summary, or the whole document.
    pub fn finish(&self, report: &HealthReport) {
        if self.json {
            return answer::line(self.document(report));
        }
        let values: [(&str, &dyn Display); 4] = [
            ("ok", &report.ok),
            ("warning", &report.warning),
            ("problem", &report.problem),
            ("skipped", &report.skipped),
        ];
        answer::line(self.lang.fill(texts::SUMMARY, &values));
    }

    fn document(&self, report: &HealthReport) -> Json {
        let shown = report.checks.iter().filter(|result| self.shows(result));
        let checks = shown.map(|result| {
            let mut check = json!(result);
            check["error"] = json!(self.explanation(result).map(|error| error.code));
            check
        });
        let mut document = json!(report);
        document["checks"] = checks.collect();
        document
    }

    fn explanation(&self, result: &CheckResult) -> Option<Explanation> {
        let error = result.error.as_ref()?;
        Some(explain(error.as_ref(), self.lang))
    }

    fn line(&self, result: &CheckResult) -> String {
        let lang = self.lang;
        let explanation = self.explanation(result);
        let values = self.values(result, explanation.as_ref());
        let values: Vec<_> = values
            .iter()
            .map(|(name, value)| (*name, value as &dyn Display))
            .collect();
        let numbers: Vec<_> = result
            .values
            .iter()
            .filter(|(_, value)| matches!(value, Value::Plain(Json::Number(_))))
            .map(|(name, _)| *name)
            .collect();
        let text = |topic, code| lang.fill_code(topic, code, &values, &numbers);
        let probed = text("health-check", result.check.as_str());
        let found = text("health", result.code.as_str());
        let hint = match result.hint {
            Some(hint) => Some(text("health-hint", hint.as_str())),
            None => explanation.and_then(|error| error.hint),
        };
        let hint = hint.map_or_else(String::new, |hint| {
            format!(" → {}", lang.fill(texts::HINT, &[("hint", &hint)]))
        });
        let about = match result.about.as_str() {
            "" => String::new(),
            about => format!("{about}: "),
        };
        // Names, addresses and errors may contain what a stranger wrote.
        tame(&format!(
            "{:<8} {:<22} {about}{probed}: {found}{hint}",
            lang.say(verdict(result.verdict)),
            result.check.as_str(),
        ))
    }

    fn values(
        &self,
        result: &CheckResult,
        explanation: Option<&Explanation>,
    ) -> Vec<(&'static str, String)> {
        let lang = self.lang;
        let mut values = Vec::new();
        for (name, value) in &result.values {
            let shown = match value {
                Value::Plain(Json::String(text)) => text.clone(),
                Value::Plain(number) => number.to_string(),
                Value::Bytes(count) => lang.bytes(*count),
                Value::Millis(ms) => lang.span(*ms),
                Value::Reason(code) => lang.reason(code).to_owned(),
                Value::Refused(refused) => {
                    values.push(("refusal_hint", refusals::hint(refused, lang)));
                    refusals::seen(refused, lang, zone())
                }
            };
            values.push((*name, shown));
        }
        values.extend(explanation.map(|error| ("error", error.message.clone())));
        values
    }
}

fn verdict(verdict: Verdict) -> TextKey {
    match verdict {
        Verdict::Ok => texts::OK,
        Verdict::Warning => texts::WARNING,
        Verdict::Problem => texts::PROBLEM,
        Verdict::Skipped => texts::SKIPPED,
    }
}
