//! A file that is no TOML, or names what there is not: where, and what the parser says of it.

/// What in a file was not understood.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, column {column}, at {text:?}: {detail}")]
pub struct Misread {
    /// In which line, from 1.
    pub line: usize,
    /// From which letter on, from 1.
    pub column: usize,
    /// What stands there.
    pub text: String,
    /// What the parser says of it, in English.
    pub detail: String,
}

impl Misread {
    /// Where in `file` the parser stopped.
    pub(super) fn of(error: &toml::de::Error, file: &str) -> Self {
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
