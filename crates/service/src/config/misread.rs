//! The place in a settings file that is not TOML or has an unknown key, and the parser's message.

/// The error in a part of a settings file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    /// It is not TOML.
    Syntax,
    UnknownKey,
    Value,
}

/// A part of a file that was not understood.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, serde::Serialize)]
#[error("line {line}, column {column}, at {text:?}: {detail}")]
pub struct Misread {
    /// From 1.
    pub line: u32,
    /// In characters, from 1.
    pub column: u32,
    pub text: String,
    pub fault: Fault,
    /// `section.key`, or the name of a section; `None` where it is not known.
    pub key: Option<String>,
    /// The parser's message, in English.
    #[serde(skip)]
    pub detail: String,
}

/// Files are not that long.
pub(super) fn number(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

impl Misread {
    pub(super) fn new(error: &toml::de::Error, file: &str, fault: Fault) -> Self {
        let span = error.span().unwrap_or_default();
        let before = file.get(..span.start).unwrap_or("");
        let line = before.matches('\n').count();
        let column = before.rsplit('\n').next().unwrap_or("").chars().count();
        let meant = file.get(span).map(str::trim).unwrap_or("");
        let text = match meant {
            "" => file.lines().nth(line).unwrap_or(""),
            meant => meant.lines().next().unwrap_or(""),
        };
        Self {
            line: number(line + 1),
            column: number(column + 1),
            text: text.trim().to_owned(),
            fault,
            key: None,
            detail: error.message().replace('\n', "; "),
        }
    }
}
