//! Repairs the usual JSON defects of sloppy senders, so that one broken letter in a name does not cost a file.

/// Replaces what a strict parser refuses: bytes that are not UTF-8, half of a surrogate pair (from cutting a text in the
/// middle of an emoji), raw control characters in texts, invalid or out-of-range numbers, and a byte order mark. `None` when
/// there is no such defect.
pub(super) fn repair(body: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body));
    let mut repaired = String::with_capacity(text.len());
    let mut rest = text.as_ref();
    let mut in_text = false;
    while let Some(letter) = rest.chars().next() {
        let escape = rest.get(..6).and_then(unit_of_escape);
        let taken = match (in_text, letter, escape) {
            (true, _, Some(unit)) => {
                let low = rest.get(6..12).and_then(unit_of_escape);
                let (kept, taken) = match (unit, low) {
                    (0xd800..=0xdbff, Some(0xdc00..=0xdfff)) => (&rest[..12], 12),
                    (0xd800..=0xdfff, _) => ("\u{fffd}", 6),
                    _ => (&rest[..6], 6),
                };
                repaired.push_str(kept);
                taken
            }
            (true, '\\', None) => {
                let pair = 1 + rest[1..].chars().next().map_or(0, char::len_utf8);
                repaired.push_str(&rest[..pair]);
                pair
            }
            (true, '\0'..='\u{1f}', None) => {
                repaired.push(' ');
                1
            }
            (false, '-' | '0'..='9' | 'N' | 'I', _) => {
                let token = number_at(rest);
                let sound = token.parse::<f64>().is_ok_and(f64::is_finite);
                repaired.push_str(if sound { token } else { "null" });
                token.len()
            }
            _ => {
                in_text ^= letter == '"';
                repaired.push(letter);
                letter.len_utf8()
            }
        };
        rest = &rest[taken..];
    }
    (repaired.as_bytes() != body).then_some(repaired)
}

/// The number, `NaN` or `Infinity` at the beginning of a text.
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
