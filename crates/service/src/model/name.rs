//! Names as people write them: what looks the same is the same text, however keyboard and system compose its letters.

use unicode_normalization::UnicodeNormalization as _;

use crate::terminal::is_tame;

/// A name without spaces around it, in one Unicode form.
pub fn tidy(text: &str) -> String {
    text.trim().nfc().collect()
}

/// The tidy name; `None` if it is empty, longer than `longest` bytes, or has characters that are invisible or steer a terminal.
pub fn valid(text: &str, longest: usize) -> Option<String> {
    let name = tidy(text);
    (!name.is_empty() && name.len() <= longest && is_tame(&name)).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_look_the_same_are_the_same_text() {
        let name = valid("Clínica São João", 100).unwrap();
        for twin in [
            "Cli\u{301}nica Sa\u{303}o Joa\u{303}o",
            "  Clínica São João\u{a0}\n",
        ] {
            assert_eq!(valid(twin, 100).unwrap(), name, "{twin:?}");
        }
        assert!(valid("Salão 👩🏽‍⚕️", 100).is_some());
        for wrong in ["", " \u{a0}", "a\nb", "a\u{202e}b", "a\u{200d}b", "abcdef"] {
            assert_eq!(valid(wrong, 5), None, "{wrong:?}");
        }
    }
}
