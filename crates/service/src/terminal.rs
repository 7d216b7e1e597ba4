//! Characters that must not reach a terminal. Everything from outside that is shown or logged passes these checks.

/// Whether a character controls a terminal or is invisible in it: control characters, line and paragraph separators,
/// bidirectional marks, zero-width characters.
pub fn is_hostile(letter: char) -> bool {
    letter.is_control()
        || matches!(letter,
            '\u{ad}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{feff}'
            | '\u{ffa0}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// The sign that joins pictures to one, as those of a family (unicode.org/reports/tr51).
const JOINER: char = '\u{200d}';

/// Whether a character is a picture, or changes the one before it.
fn is_picture(letter: char) -> bool {
    matches!(letter,
        '\u{2190}'..='\u{21ff}' | '\u{2300}'..='\u{23ff}' | '\u{2600}'..='\u{27bf}' | '\u{2b00}'..='\u{2bff}'
        | '\u{fe0f}' | '\u{1f000}'..='\u{1faff}')
}

/// Each character of a text, and whether it is hostile there: the joiner between pictures is not.
pub fn letters(text: &str) -> impl Iterator<Item = (char, bool)> + '_ {
    let mut before = None;
    let mut letters = text.chars().peekable();
    std::iter::from_fn(move || {
        let letter = letters.next()?;
        let joins = letter == JOINER
            && before.is_some_and(is_picture)
            && letters.peek().copied().is_some_and(is_picture);
        before = Some(letter);
        Some((letter, is_hostile(letter) && !joins))
    })
}

/// Whether a text has nothing hostile.
pub fn is_tame(text: &str) -> bool {
    letters(text).all(|(_, is_hostile)| !is_hostile)
}

/// A text, fit for one line of a terminal: what is hostile is replaced.
pub fn tame(text: &str) -> String {
    letters(text)
        .map(|(letter, is_hostile)| if is_hostile { '\u{fffd}' } else { letter })
        .collect()
}

/// Untrusted text, fit for a terminal, and not too long.
pub fn plain(text: &str) -> String {
    match text.char_indices().nth(120) {
        Some((end, _)) => tame(&text[..end]) + "…",
        None => tame(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strangers_texts_cannot_steer_the_terminal() {
        assert_eq!(
            plain("a\u{1b}[2J\u{202e}b\0"),
            "a\u{fffd}[2J\u{fffd}b\u{fffd}"
        );
        assert_eq!(plain(&"x".repeat(4_000)).chars().count(), 121);
        for letter in "\u{9b}\u{61c}\u{2028}\u{2066}\u{feff}\u{e0041}\u{ad}".chars() {
            assert_eq!(tame(&letter.to_string()), "\u{fffd}", "{letter:?}");
        }
        let names = "Clínica São João, 田中, عيادة, 👩🏽, İstanbul, 👩🏽‍⚕️ 👨‍👩‍👧 🏳️‍🌈 ❤️‍🔥";
        assert_eq!(tame(names), names);
        assert!(is_tame(names) && !is_tame("a\u{200d}b") && !is_tame("a\nb"));
        assert_eq!(
            tame("a\u{200d}b \u{200d}👩 👩\u{200d}"),
            "a\u{fffd}b \u{fffd}👩 👩\u{fffd}"
        );
    }
}
