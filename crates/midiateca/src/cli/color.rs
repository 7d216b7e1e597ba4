//! `--color` and `NO_COLOR` (<https://no-color.org>).

use std::io::IsTerminal;

use clap::ValueEnum as _;

/// When colors are used.
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
        let arguments = std::env::args_os().skip(1);
        let arguments = arguments.map(|argument| argument.to_string_lossy().into_owned());
        Self::of_arguments(arguments)
    }

    fn of_arguments(arguments: impl Iterator<Item = String>) -> Self {
        let mut arguments = arguments.take_while(|argument| argument != "--");
        while let Some(argument) = arguments.next() {
            let value = match argument.strip_prefix("--color") {
                Some("") => arguments.next(),
                Some(rest) => rest.strip_prefix('=').map(str::to_owned),
                None => continue,
            };
            return value
                .and_then(|value| Self::from_str(&value, false).ok())
                .unwrap_or_default();
        }
        Self::default()
    }

    /// Whether what is written to `stream` has colors.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_choice_is_found_before_the_arguments_are_parsed() {
        for (line, expected) in [
            ("check", Color::Auto),
            ("check --color never", Color::Never),
            ("--color=always check --nonsense", Color::Always),
            ("check --color", Color::Auto),
            ("client add -- --color=always", Color::Auto),
            ("--color blue", Color::Auto),
        ] {
            let arguments = line.split(' ').map(str::to_owned);
            assert_eq!(Color::of_arguments(arguments), expected, "{line}");
        }
    }
}
