//! The two languages of output.

use std::fmt::Display;

use super::words::Words;
use crate::clock::{DAY, HOUR, MINUTE, Millis, SECOND};
use crate::media::Reason;

/// English or Brazilian Portuguese.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Language {
    /// English.
    #[default]
    #[value(name = "en")]
    English,
    /// Brazilian Portuguese.
    #[value(name = "pt-BR", alias = "pt")]
    Portuguese,
}

impl Language {
    /// From `LC_ALL`, `LC_MESSAGES` or `LANG`.
    pub fn of_environment() -> Self {
        let set = ["LC_ALL", "LC_MESSAGES", "LANG"]
            .iter()
            .find_map(|name| std::env::var(name).ok().filter(|value| !value.is_empty()));
        if set.is_some_and(|value| value.to_ascii_lowercase().starts_with("pt")) {
            Self::Portuguese
        } else {
            Self::English
        }
    }

    /// The one of two texts that is in this language.
    pub fn pick(self, english: &'static str, portuguese: &'static str) -> &'static str {
        match self {
            Self::English => english,
            Self::Portuguese => portuguese,
        }
    }

    /// A sentence of the catalogue.
    pub fn say(self, words: Words) -> &'static str {
        self.pick(words.en, words.pt)
    }

    /// A sentence of the catalogue with its holes filled: `{name}` by the value of that name.
    pub fn fill(self, words: Words, values: &[(&str, &dyn Display)]) -> String {
        let mut rest = self.say(words);
        let mut filled = String::with_capacity(rest.len());
        while let Some((before, after)) = rest.split_once('{') {
            let (name, after) = after.split_once('}').unwrap_or((after, ""));
            let value = values.iter().find(|(known, _)| *known == name);
            filled.push_str(before);
            filled.push_str(
                &value.map_or_else(|| format!("{{{name}}}"), |(_, value)| value.to_string()),
            );
            rest = after;
        }
        filled + rest
    }

    /// The sentence of a reason.
    pub fn reason(self, reason: &str) -> &str {
        Reason::parse(reason).map_or(reason, |known| {
            self.pick(known.english(), known.portuguese())
        })
    }
}

/// A stranger's text, fit for a terminal: no control and no bidirectional characters, and not too long.
pub(crate) fn plain(text: &str) -> String {
    let hostile = |letter: char| {
        letter.is_control()
            || matches!(letter, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    let shown: String = text
        .chars()
        .map(|letter| if hostile(letter) { '\u{fffd}' } else { letter })
        .take(120)
        .collect();
    if text.chars().nth(120).is_some() {
        shown + "…"
    } else {
        shown
    }
}

/// A number of bytes for people.
pub(crate) fn bytes(count: u64) -> String {
    indicatif::HumanBytes(count).to_string()
}

/// So long, in the units that everybody reads.
pub(crate) fn span(ms: Millis) -> String {
    match ms {
        ms if ms >= 2 * DAY => format!("{} d", ms / DAY),
        ms if ms >= 2 * HOUR => format!("{} h", ms / HOUR),
        ms if ms >= 2 * MINUTE => format!("{} min", ms / MINUTE),
        ms => format!("{} s", ms / SECOND),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_fill_their_holes_and_are_not_looked_into() {
        let words = Words {
            en: "{count} of {path}",
            pt: "{path}: {count}",
        };
        let values: [(&str, &dyn Display); 2] = [("path", &"{count}"), ("count", &3)];
        assert_eq!(Language::English.fill(words, &values), "3 of {count}");
        assert_eq!(Language::Portuguese.fill(words, &values), "{count}: 3");
    }

    #[test]
    fn strangers_texts_cannot_steer_the_terminal() {
        assert_eq!(
            plain("a\u{1b}[2J\u{202e}b\0"),
            "a\u{fffd}[2J\u{fffd}b\u{fffd}"
        );
        assert_eq!(plain(&"x".repeat(4_000)).chars().count(), 121);
    }
}
