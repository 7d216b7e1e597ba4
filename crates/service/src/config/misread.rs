//! The place in a settings file that is not TOML or has an unknown key, and the parser's message.

/// A part of a file that was not understood.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, column {column}, at {text:?}: {detail}")]
pub struct Misread {
    /// From 1.
    pub line: usize,
    /// In characters, from 1.
    pub column: usize,
    pub text: String,
    /// The parser's message, in English.
    pub detail: String,
}

impl Misread {
    pub(super) fn new(error: &toml::de::Error, file: &str) -> Self {
        let span = error.span().unwrap_or_default();
        let before = file.get(..span.start).unwrap_or("");
        let line = before.matches('\n').count();
        let column = before
            .chars()
            .rev()
            .take_while(|letter| *letter != '\n')
            .count();
        let meant = file.get(span).map(str::trim).unwrap_or("");
        let text = match meant {
            "" => file.lines().nth(line).unwrap_or(""),
            meant => meant.lines().next().unwrap_or(""),
        };
        Self {
            line: line + 1,
            column: column + 1,
            text: text.trim().to_owned(),
            detail: error.message().replace('\n', "; "),
        }
    }
}
