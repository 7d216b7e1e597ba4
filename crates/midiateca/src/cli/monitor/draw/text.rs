//! Figures and names as people read them, cut to the room that there is.

use std::fmt::Display;

use ratatui::text::Span;

use crate::cli::language::{Language, plain};
use midiateca_service::clock::{DAY, HOUR, MINUTE, Millis, SECOND};

/// How many columns a text takes.
pub(super) fn width(text: &str) -> usize {
    Span::raw(text).width()
}

/// A stranger's text in at most so many columns.
pub(super) fn fit(text: &str, columns: usize) -> String {
    let text = plain(text);
    if width(&text) <= columns {
        return text;
    }
    let (mut kept, mut taken) = (String::new(), 1);
    for letter in Span::raw(&text).styled_graphemes(ratatui::style::Style::new()) {
        taken += width(letter.symbol);
        if taken > columns {
            break;
        }
        kept.push_str(letter.symbol);
    }
    if columns > 0 { kept + "…" } else { kept }
}

/// A stranger's text in exactly so many columns, and one more between it and the next.
pub(super) fn column(text: &str, columns: usize, is_right: bool) -> String {
    let text = fit(text, columns);
    let gap = " ".repeat(columns.saturating_sub(width(&text)));
    if is_right {
        format!("{gap}{text} ")
    } else {
        format!("{text}{gap} ")
    }
}

/// A text in lines of at most so many columns.
pub(super) fn wrap(text: &str, columns: usize) -> Vec<String> {
    let (mut lines, mut line, mut taken) = (Vec::new(), String::new(), 0);
    for word in text.split_inclusive(' ') {
        if taken > 0 && taken + width(word.trim_end()) > columns {
            lines.push(std::mem::take(&mut line));
            taken = 0;
        }
        for letter in Span::raw(word).styled_graphemes(ratatui::style::Style::new()) {
            let wide = width(letter.symbol);
            if taken > 0 && taken + wide > columns.max(1) {
                lines.push(std::mem::take(&mut line));
                taken = 0;
            }
            line.push_str(letter.symbol);
            taken += wide;
        }
    }
    lines.push(line);
    lines
}

/// A number with its thousands set apart.
pub(super) fn count(number: impl Display, lang: Language) -> String {
    let digits = number.to_string();
    let mark = match lang {
        Language::English => ',',
        Language::Portuguese => '.',
    };
    let mut text = String::with_capacity(digits.len() * 4 / 3);
    for (at, digit) in digits.chars().enumerate() {
        let left = digits.len() - at;
        if at > 0 && left.is_multiple_of(3) && !text.ends_with('-') {
            text.push(mark);
        }
        text.push(digit);
    }
    text
}

/// A number in at most four letters.
pub(super) fn brief(number: i64) -> String {
    match number {
        1_000_000.. => format!("{}M", number / 1_000_000),
        1_000.. => format!("{}k", number / 1_000),
        _ => number.to_string(),
    }
}

/// How long ago, or for how long, in the largest unit that fits.
pub(super) fn age(millis: Millis) -> String {
    match millis.max(0) {
        span @ 0..MINUTE => format!("{} s", span / SECOND),
        span @ MINUTE..HOUR => format!("{} min", span / MINUTE),
        span @ HOUR..DAY => format!("{} h", span / HOUR),
        span => format!("{} d", span / DAY),
    }
}

pub(super) use crate::cli::zone::{local_without_zone as day_and_time, time_of_day};

/// A kind's name for people.
pub(super) fn kind_name(kind: &str, lang: Language) -> String {
    plain(lang.name(kind))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_cut_by_the_columns_they_take() {
        assert_eq!(fit("áudio", 5), "áudio");
        assert_eq!(fit("documento", 5), "docu…");
        assert_eq!(fit("写真写真", 8), "写真写真");
        assert_eq!(fit("写真写真", 6), "写真…");
        assert_eq!(fit("anything", 0), "");
        assert_eq!(fit("\u{1b}[2J", 9), "\u{fffd}[2J");
    }

    #[test]
    fn long_texts_are_wrapped_at_words_where_there_are_any() {
        assert_eq!(wrap("one two three", 8), ["one two ", "three"]);
        assert_eq!(wrap("abcdefgh", 3), ["abc", "def", "gh"]);
        assert_eq!(wrap("写真", 3), ["写", "真"]);
        assert_eq!(wrap("", 3), [""]);
        assert!(wrap("写真", 0).len() <= 2);
    }

    #[test]
    fn figures_are_written_as_the_language_does() {
        assert_eq!(count(1_234_567, Language::English), "1,234,567");
        assert_eq!(count(1_234_567, Language::Portuguese), "1.234.567");
        assert_eq!(count(-123_456, Language::English), "-123,456");
        assert_eq!(
            (age(59_999), age(3_599_999)),
            ("59 s".into(), "59 min".into())
        );
        assert_eq!((age(DAY), age(-5)), ("1 d".into(), "0 s".into()));
    }
}
