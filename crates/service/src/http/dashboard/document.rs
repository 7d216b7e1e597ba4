//! A JSON document of the API, read by templates.

use std::fmt::Write as _;

use serde::Serialize;
use serde_json::Value;

pub(crate) use crate::gateway::segment as encoded;
use crate::terminal::is_hostile;

/// A letter without dots, often used as an empty name.
const BRAILLE_BLANK: char = '\u{2800}';

/// JSON for the script, in which characters that could mislead a reader of the page are escaped.
pub fn json_text(value: &Value) -> String {
    let mut text = String::new();
    for letter in value.to_string().chars() {
        if is_hostile(letter) {
            let mut units = [0; 2];
            for unit in letter.encode_utf16(&mut units) {
                let _ = write!(text, "\\u{unit:04x}");
            }
        } else {
            text.push(letter);
        }
    }
    text
}

/// What the API answers for one thing. A field that is not there is empty.
#[derive(Clone, Debug, Default)]
pub struct Document(pub Value);

impl Document {
    pub fn of(value: &impl Serialize) -> Self {
        Self(serde_json::to_value(value).unwrap_or_default())
    }

    /// The items of a page of a list, and the cursor of the next one.
    pub fn page(value: &impl Serialize) -> (Vec<Self>, Option<String>) {
        let page = Self::of(value);
        let next = page.0["next"].as_str().map(str::to_owned);
        (page.list("items"), next)
    }

    pub fn list(&self, field: &str) -> Vec<Self> {
        let items = self.0[field].as_array().cloned().unwrap_or_default();
        items.into_iter().map(Self).collect()
    }

    /// The codes in a list of codes.
    pub fn codes(&self, field: &str) -> Vec<&str> {
        let items = self.0[field].as_array().into_iter().flatten();
        items.filter_map(Value::as_str).collect()
    }

    pub fn inner(&self, field: &str) -> Self {
        Self(self.0[field].clone())
    }

    /// A text, or the digits of a number.
    pub fn text(&self, field: &str) -> String {
        match &self.0[field] {
            Value::String(text) => text.clone(),
            Value::Null => String::new(),
            other => other.to_string(),
        }
    }

    pub fn has(&self, field: &str) -> bool {
        !matches!(&self.0[field], Value::Null | Value::Bool(false))
            && self.0[field].as_str() != Some("")
    }

    /// Whether a text has anything that a person can see.
    pub fn has_visible(&self, field: &str) -> bool {
        let is_blank =
            |letter: char| letter.is_whitespace() || is_hostile(letter) || letter == BRAILLE_BLANK;
        !self.text(field).chars().all(is_blank)
    }

    /// Whether any field has a value.
    pub fn has_any(&self) -> bool {
        let mut fields = self.0.as_object().into_iter().flatten();
        fields.any(|(name, _)| self.has(name))
    }

    /// All fields, as the parameters of an address.
    pub fn pairs(&self) -> Vec<(String, String)> {
        let fields = self.0.as_object().into_iter().flatten();
        fields
            .map(|(name, _)| (name.clone(), self.text(name)))
            .collect()
    }

    /// Empty, or a day such as `2026-11-24`.
    pub fn is_day(&self, field: &str) -> bool {
        let text = self.text(field);
        let is_digit = |byte: u8| byte.is_ascii_digit() || byte == b'-';
        text.is_empty() || text.len() == 10 && text.bytes().all(is_digit)
    }

    /// A text as a part of an address.
    pub fn encoded(&self, field: &str) -> String {
        encoded(&self.text(field))
    }

    /// A number that every document of this kind has.
    pub fn number(&self, field: &str) -> i64 {
        debug_assert!(self.0.get(field).is_some(), "no field {field}: {}", self.0);
        self.0[field].as_i64().unwrap_or(0)
    }

    pub fn is(&self, field: &str, text: &str) -> bool {
        self.0[field].as_str() == Some(text)
    }

    pub fn pretty(&self) -> String {
        serde_json::to_string_pretty(&self.0).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_for_the_script_has_no_invisible_characters_and_means_the_same() {
        let value = serde_json::json!({"chat": "a\u{202e}b\u{e0041}c\u{200b}\n\"é👩🏽"});
        let text = json_text(&value);
        assert!(!text.chars().any(is_hostile), "{text}");
        assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), value);
    }
}
