//! `--color` and `NO_COLOR` (<https://no-color.org>).

use std::io::IsTerminal;

use clap::ValueEnum as _;

use crate::cli::unparsed::unparsed;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Color {
    /// On a terminal, unless NO_COLOR is set
    #[default]
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

impl Color {
    /// Of this run, before its arguments are parsed: help and usage errors have colors too.
    pub fn of_process() -> Self {
        let value = unparsed("--color");
        let color = value.and_then(|value| Self::from_str(&value, false).ok());
        color.unwrap_or_default()
    }

    pub fn is_on(self, stream: &impl IsTerminal) -> bool {
        let is_refused = || std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        match self {
            Self::Always => true,
            Self::Never => false,
            Self::Auto => stream.is_terminal() && !is_refused(),
        }
    }
}

impl From<Color> for clap::ColorChoice {
    fn from(color: Color) -> Self {
        match color {
            Color::Auto => Self::Auto,
            Color::Always => Self::Always,
            Color::Never => Self::Never,
        }
    }
}
