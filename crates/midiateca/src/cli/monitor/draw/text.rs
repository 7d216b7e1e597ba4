//! Numbers and names in the available columns.

use ratatui::text::Line;
use textwrap::{Options, WordSplitter};
use unicode_truncate::UnicodeTruncateStr as _;

use crate::cli::language::{Language, plain};

/// A foreign text in at most so many columns.
pub(super) fn fit(text: &str, columns: impl Into<usize>) -> String {
    let (text, columns) = (plain(text), columns.into());
    if Line::raw(&text).width() <= columns {
        return text;
    }
    let (kept, _) = text.unicode_truncate(columns.saturating_sub(1));
    let end = if columns > 0 { "…" } else { "" };
    format!("{kept}{end}")
}

/// A text in lines of at most so many columns; those after the first are indented by `indent` columns.
pub(super) fn wrap(text: &str, columns: u16, indent: usize) -> Vec<String> {
    let indent = " ".repeat(indent);
    let options = Options::new(columns.into()).subsequent_indent(&indent);
    let options = options.word_splitter(WordSplitter::NoHyphenation);
    let lines = textwrap::wrap(text, options).into_iter();
    lines.map(|line| line.into_owned()).collect()
}

pub(super) fn count(number: impl TryInto<i64>, lang: Language) -> String {
    lang.count(number.try_into().unwrap_or(i64::MAX))
}

/// A number in at most four letters.
pub(super) fn brief(number: i64) -> String {
    match number {
        1_000_000.. => format!("{}M", number / 1_000_000),
        1_000.. => format!("{}k", number / 1_000),
        _ => number.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_cut_and_wrapped_by_the_columns_they_take() {
        assert_eq!(fit("áudio", 5_u16), "áudio");
        assert_eq!(fit("documento", 5_u16), "docu…");
        assert_eq!(fit("写真写真", 8_u16), "写真写真");
        assert_eq!(fit("写真写真", 6_u16), "写真…");
        assert_eq!(fit("anything", 0_u16), "");
        assert_eq!(fit("\u{1b}[2J", 9_u16), "\u{fffd}[2J");
        assert_eq!(wrap("one two three", 8, 1), ["one two", " three"]);
        assert_eq!(wrap("写真", 3, 0), ["写", "真"]);
    }

    #[test]
    fn figures_are_written_as_the_language_does() {
        assert_eq!(count(1_234_567, Language::English), "1,234,567");
        assert_eq!(count(1_234_567, Language::Portuguese), "1.234.567");
        assert_eq!((brief(999), brief(12_999)), ("999".into(), "12k".into()));
    }
}
