//! The results of `doctor`, as text.

use std::fmt::Display;

use serde_json::Value as Json;

use super::explain::explain_for;
use super::{Explanation, Language, Reader, refusals};
use crate::clock::Zone;
use crate::ops::health::{CheckResult, Value};

/// One result for people. Names, addresses and errors in it are not trusted.
pub struct ProbeText {
    /// The check.
    pub probed: String,
    pub found: String,
    /// The hint.
    pub hint: Option<String>,
}

pub fn explanation(result: &CheckResult, lang: Language) -> Option<Explanation> {
    explanation_for(Reader::Program, result, lang)
}

fn explanation_for(reader: Reader, result: &CheckResult, lang: Language) -> Option<Explanation> {
    let error = result.error.as_ref()?;
    Some(explain_for(reader, error.as_ref(), lang))
}

/// Times are in `zone`.
pub fn text(reader: Reader, result: &CheckResult, lang: Language, zone: &Zone) -> ProbeText {
    let explanation = explanation_for(reader, result, lang);
    let values = values(reader, result, explanation.as_ref(), lang, zone);
    let values = values.iter();
    let values: Vec<(&str, &dyn Display)> = values.map(|(name, it)| (*name, it as _)).collect();
    let numbers = result.values.iter();
    let numbers = numbers.filter(|(_, value)| matches!(value, Value::Plain(Json::Number(_))));
    let numbers: Vec<_> = numbers.map(|(name, _)| *name).collect();
    let text = |topic, code| lang.fill_code_for(reader, topic, code, &values, &numbers);
    ProbeText {
        probed: text("health-check", result.check.as_str()),
        found: text("health", result.code.as_str()),
        hint: match result.hint {
            Some(hint) => Some(text("health-hint", hint.as_str())),
            None => explanation.and_then(|error| error.hint),
        },
    }
}

fn values(
    reader: Reader,
    result: &CheckResult,
    explanation: Option<&Explanation>,
    lang: Language,
    zone: &Zone,
) -> Vec<(&'static str, String)> {
    let mut values = Vec::new();
    for (name, value) in &result.values {
        let shown = match value {
            Value::Plain(Json::String(text)) => text.clone(),
            Value::Plain(number) => number.to_string(),
            Value::Bytes(count) => lang.bytes(*count),
            Value::Millis(ms) => lang.span(*ms),
            Value::Reason(code) => lang.reason_for(reader, code),
            Value::Refused(refused) => {
                values.push(("refusal_hint", refusals::hint(reader, refused, lang)));
                refusals::seen(refused, lang, zone)
            }
        };
        values.push((*name, shown));
    }
    values.extend(explanation.map(|error| ("error", error.message.clone())));
    values
}
