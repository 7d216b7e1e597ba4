//! Ids that are written as numbers of more digits than a number keeps.

/// Shorter numbers keep their digits.
const LEAST_DIGITS: usize = 20;

/// JSON whose whole numbers of so many digits are texts; `None` when it has none.
pub(super) fn as_texts(json: &[u8]) -> Option<Vec<u8>> {
    if !has_run(json) {
        return None;
    }
    let mut written = Vec::with_capacity(json.len() + 64);
    let (mut in_string, mut is_escaped, mut at) = (false, false, 0);
    while let Some(byte) = json.get(at) {
        let rest = json.get(at..).unwrap_or_default();
        let number = if in_string { 0 } else { number_length(rest) };
        if number > 0 {
            let number = rest.get(..number).unwrap_or_default();
            let is_long = number.len() >= LEAST_DIGITS && number.iter().all(u8::is_ascii_digit);
            let quote: &[u8] = if is_long { b"\"" } else { b"" };
            written.extend([quote, number, quote].concat());
            at += number.len();
            continue;
        }
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' if in_string => is_escaped = true,
            b'"' => in_string = !in_string,
            _ => {}
        }
        written.push(*byte);
        at += 1;
    }
    Some(written)
}

/// The length of the number at the beginning, with its sign, fraction and power.
fn number_length(text: &[u8]) -> usize {
    let is_part = |byte: &&u8| byte.is_ascii_digit() || b"+-.eE".contains(byte);
    match text.first() {
        Some(byte) if byte.is_ascii_digit() || *byte == b'-' => {
            text.iter().take_while(is_part).count()
        }
        _ => 0,
    }
}

/// Whether there are so many digits in a row. One of them is at a multiple of their number, so few bytes are looked at.
fn has_run(json: &[u8]) -> bool {
    let is_digit = |byte: &&u8| byte.is_ascii_digit();
    let places = (0..json.len()).step_by(LEAST_DIGITS);
    places.into_iter().any(|at| {
        let (before, after) = json.split_at(at);
        let after = after.iter().take(LEAST_DIGITS).take_while(is_digit).count();
        let before = || {
            before
                .iter()
                .rev()
                .take(LEAST_DIGITS)
                .take_while(is_digit)
                .count()
        };
        after > 0 && after + before() >= LEAST_DIGITS
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_long_whole_numbers_become_texts() {
        let long = "12345678901234567890123";
        for (json, written) in [
            (
                format!("{{\"id\":{long}}}"),
                Some(format!("{{\"id\":\"{long}\"}}")),
            ),
            (
                format!("[1,{long} ,\"a\\\"{long}\"]"),
                Some(format!("[1,\"{long}\" ,\"a\\\"{long}\"]")),
            ),
            (format!("\"{long}\""), Some(format!("\"{long}\""))),
            (
                format!("[-{long},{long}.5,0.{long},{long}e3,1e{long}]"),
                None,
            ),
            ("[1,22,1790000000000,18446744073709551]".to_owned(), None),
        ] {
            let found = as_texts(json.as_bytes()).map(|it| String::from_utf8(it).unwrap());
            let wanted = written.clone().unwrap_or_else(|| json.clone());
            assert_eq!(found.clone().unwrap_or_else(|| json.clone()), wanted);
        }
        assert_eq!(as_texts(b"[1790000000000]"), None, "nothing is copied");
    }

    #[test]
    fn a_number_is_found_at_every_place() {
        for before in 0..45 {
            let json = format!("[{}{}]", " ".repeat(before), "9".repeat(LEAST_DIGITS));
            assert!(as_texts(json.as_bytes()).is_some(), "{before}");
            let json = format!("[{}{}]", " ".repeat(before), "9".repeat(LEAST_DIGITS - 1));
            assert!(as_texts(json.as_bytes()).is_none(), "{before}");
        }
    }
}
