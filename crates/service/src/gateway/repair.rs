//! Repairs the usual JSON defects of sloppy senders, so that one broken letter in a name does not cost a file.

use std::borrow::Cow;

/// Replaces what a strict parser refuses: bytes that are not UTF-8, half of a surrogate pair (from cutting a text in the
/// middle of an emoji), raw control characters and unknown escapes in texts, invalid or out-of-range numbers, a comma behind
/// the last value, the words and quotes of Python and JavaScript, and a byte order mark. `None` when there is no such defect.
pub(super) fn repair(body: &[u8]) -> Option<String> {
    let text = decode(body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body));
    let mut repaired = String::with_capacity(text.len());
    let mut rest = text.as_ref();
    // The quote that ends the text.
    let mut quote = None;
    while let Some(letter) = rest.chars().next() {
        let (kept, taken) = match quote {
            Some(quote) if letter == quote => ("\"", 1),
            Some(_) => in_text(rest, letter),
            None => outside(rest, letter),
        };
        quote = match quote {
            None => Some(letter).filter(|letter| ['"', '\''].contains(letter)),
            Some(quote) => Some(quote).filter(|quote| *quote != letter),
        };
        repaired.push_str(kept);
        rest = &rest[taken..];
    }
    (repaired.as_bytes() != body).then_some(repaired)
}

/// What stands for the beginning of the rest of a text, and the length of that.
fn in_text(rest: &str, letter: char) -> (&str, usize) {
    if let Some(unit) = rest.get(..6).and_then(unit_of_escape) {
        let low = rest.get(6..12).and_then(unit_of_escape);
        return match (unit, low) {
            (0xd800..=0xdbff, Some(0xdc00..=0xdfff)) => (&rest[..12], 12),
            (0xd800..=0xdfff, _) => ("\u{fffd}", 6),
            _ => (&rest[..6], 6),
        };
    }
    match letter {
        '\\' => match rest[1..].chars().next() {
            Some('\'') => ("'", 2),
            Some('"' | '\\' | '/' | 'b' | 'f' | 'n' | 'r' | 't') => (&rest[..2], 2),
            None => (rest, 1),
            // An unknown escape is a backslash.
            Some(_) => ("\\\\", 1),
        },
        // In a text in single quotes.
        '"' => ("\\\"", 1),
        '\0'..='\u{1f}' => (" ", 1),
        letter => (&rest[..letter.len_utf8()], letter.len_utf8()),
    }
}

fn outside(rest: &str, letter: char) -> (&str, usize) {
    match letter {
        '-' | '0'..='9' | 'a'..='z' | 'A'..='Z' => {
            let token = number_at(rest);
            let is_number = matches!(letter, '-' | '0'..='9' | 'N' | 'I');
            let is_sound = || token.parse::<f64>().is_ok_and(f64::is_finite);
            let kept = match token {
                "True" | "TRUE" => "true",
                "False" | "FALSE" => "false",
                "undefined" => "null",
                _ if is_number && !is_sound() => "null",
                token => token,
            };
            (kept, token.len())
        }
        ',' => {
            let after = rest[1..].trim_start();
            let is_last = after.starts_with([']', '}']);
            (if is_last { "" } else { "," }, 1)
        }
        '\'' => ("\"", 1),
        letter => (&rest[..letter.len_utf8()], letter.len_utf8()),
    }
}

/// The text of bytes in UTF-8, or in ISO 8859-1 if they look like letters in that.
fn decode(bytes: &[u8]) -> Cow<'_, str> {
    let lossy = String::from_utf8_lossy(bytes);
    if matches!(lossy, Cow::Borrowed(_)) || !is_latin(bytes) {
        return lossy;
    }
    Cow::Owned(bytes.iter().copied().map(char::from).collect())
}

/// Whether every byte beyond ASCII is a letter of ISO 8859-1, and none begins a letter of UTF-8.
fn is_latin(bytes: &[u8]) -> bool {
    let is_letter = |byte: &u8| byte.is_ascii() || (0xa0..0xff).contains(byte);
    let begins_letter = |pair: &[u8]| pair[0] >= 0xc0 && (0x80..0xc0).contains(&pair[1]);
    bytes.iter().all(is_letter) && !bytes.windows(2).any(begins_letter)
}

/// The number, word, `NaN` or `Infinity` at the beginning of a text.
fn number_at(text: &str) -> &str {
    let part = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '+' | '-' | '.');
    let end = text.find(|letter| !part(letter)).unwrap_or(text.len());
    &text[..end]
}

/// The UTF-16 unit of `\\uXXXX`.
fn unit_of_escape(text: &str) -> Option<u16> {
    let digits = text.strip_prefix("\\u")?;
    let all = digits.len() == 4 && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    all.then(|| u16::from_str_radix(digits, 16).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defects_that_strict_parsers_refuse_are_repaired() {
        for (broken, expected) in [
            (
                br#"{"a":"oi \ud83d"}"#.as_slice(),
                "{\"a\":\"oi \u{fffd}\"}",
            ),
            (
                br#"{"a":"\ude00\ud83d\ud83d\ude00"}"#,
                "{\"a\":\"\u{fffd}\u{fffd}\\ud83d\\ude00\"}",
            ),
            (b"{\"a\":\"x\xff\"}", "{\"a\":\"x\u{fffd}\"}"),
            (b"\xef\xbb\xbf{\"a\":1}", "{\"a\":1}"),
            (
                br#"{"a":1e999,"b":-Infinity,"c":NaN,"d":-1.5e3,"e":"1e999"}"#,
                r#"{"a":null,"b":null,"c":null,"d":-1.5e3,"e":"1e999"}"#,
            ),
            (b"{\"a\":\"one\ntwo\"\n}", "{\"a\":\"one two\"\n}"),
            (
                br#"{"a":"\\ud83d \" \ud83d"}"#,
                "{\"a\":\"\\\\ud83d \\\" \u{fffd}\"}",
            ),
            (
                br#"{"a":[1,2,],"b":{"c":",]",}, }"#,
                r#"{"a":[1,2],"b":{"c":",]"} }"#,
            ),
            (
                br#"{'a': 'it\'s "x"', 'b': None, 'c': [True, False], "d": "it's"}"#,
                r#"{"a": "it's \"x\"", "b": null, "c": [true, false], "d": "it's"}"#,
            ),
            (br#"{"a":undefined,"b":true}"#, r#"{"a":null,"b":true}"#),
            (
                br#"{"a":"C:\x\u12","b":"\\n"}"#,
                r#"{"a":"C:\\x\\u12","b":"\\n"}"#,
            ),
            (b"{\"a\":\"a\xe7\xe3o\"}", "{\"a\":\"a\u{e7}\u{e3}o\"}"),
            (b"{\"a\":\"\xf0\x9f\xe7\"}", "{\"a\":\"\u{fffd}\u{fffd}\"}"),
        ] {
            let repaired = repair(broken).unwrap();
            assert_eq!(repaired, expected);
            serde_json::from_str::<serde_json::Value>(&repaired).unwrap();
        }
    }

    #[test]
    fn valid_and_hopeless_bodies_stay_as_they_are() {
        for text in [
            r#"{"a":"\ud83d\ude00 \\ \" é"}"#,
            "{\"a\": }",
            "",
            "\"",
            "\"\\",
        ] {
            assert_eq!(repair(text.as_bytes()), None, "{text}");
        }
    }
}
