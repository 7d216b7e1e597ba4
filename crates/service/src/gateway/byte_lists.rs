//! Bytes that are written as lists of numbers, `[137,80,…]`, or as objects, `{"0":137,"1":80,…}`, as Baileys and Evolution write keys,
//! hashes and thumbnails. As base64 they are one value in place of hundreds.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// Shorter lists may be coordinates or counts.
const LEAST_NUMBERS: usize = 16;
/// Digits of an index.
const LONGEST_INDEX: usize = 7;

/// The text with such bytes as base64. Texts in strings are not looked into.
pub(super) fn to_base64(text: &[u8]) -> Vec<u8> {
    let mut folded = Vec::with_capacity(text.len() / 2);
    let mut rest = text;
    while let Some(&first) = rest.first() {
        let bytes = match first {
            b'[' => list(rest),
            b'{' => object(rest),
            _ => None,
        };
        if let Some((bytes, after)) = bytes {
            folded.push(b'"');
            folded.extend_from_slice(STANDARD.encode(bytes).as_bytes());
            folded.push(b'"');
            rest = after;
            continue;
        }
        let length = if first == b'"' { string(rest) } else { 1 };
        let (copied, after) = rest.split_at(length);
        folded.extend_from_slice(copied);
        rest = after;
    }
    folded
}

/// The length of the string at the beginning, with its quotes.
fn string(text: &[u8]) -> usize {
    let mut is_escaped = false;
    for (at, byte) in text.iter().enumerate().skip(1) {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' => is_escaped = true,
            b'"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}

fn list(text: &[u8]) -> Option<(Vec<u8>, &[u8])> {
    let mut rest = text.strip_prefix(b"[")?;
    let mut bytes = Vec::new();
    loop {
        let (byte, after) = number(rest.trim_ascii_start())?;
        bytes.push(byte);
        rest = match after.trim_ascii_start() {
            [b',', after @ ..] => after,
            [b']', after @ ..] => return (bytes.len() >= LEAST_NUMBERS).then_some((bytes, after)),
            _ => return None,
        };
    }
}

/// In any order: a map sorted as text gives 0, 1, 10, 11, …
fn object(text: &[u8]) -> Option<(Vec<u8>, &[u8])> {
    let mut rest = text.strip_prefix(b"{")?;
    let mut places: Vec<(usize, u8)> = Vec::new();
    let after = loop {
        let key = rest.trim_ascii_start().strip_prefix(b"\"")?;
        let length = key.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let (key, after) = key.split_at_checked(length.min(LONGEST_INDEX))?;
        let place = std::str::from_utf8(key).ok()?.parse().ok()?;
        let after = after.strip_prefix(b"\"")?;
        let after = after.trim_ascii_start().strip_prefix(b":")?;
        let (byte, after) = number(after.trim_ascii_start())?;
        places.push((place, byte));
        rest = match after.trim_ascii_start() {
            [b',', after @ ..] => after,
            [b'}', after @ ..] => break after,
            _ => return None,
        };
    };
    places.sort_unstable();
    let is_list = places.iter().enumerate().all(|(n, (place, _))| n == *place);
    let bytes: Vec<u8> = places.into_iter().map(|(_, byte)| byte).collect();
    (is_list && bytes.len() >= LEAST_NUMBERS).then_some((bytes, after))
}

/// 0 to 255, or -128 to -1 from a signed array.
fn number(text: &[u8]) -> Option<(u8, &[u8])> {
    let digits = text.strip_prefix(b"-").unwrap_or(text);
    let length = digits
        .iter()
        .take_while(|byte| byte.is_ascii_digit())
        .count();
    if !(1..=3).contains(&length) {
        return None;
    }
    let (number, after) = text.split_at(text.len() - digits.len() + length);
    let number: i16 = std::str::from_utf8(number).ok()?.parse().ok()?;
    let byte = u8::try_from(number & 0xff).ok()?;
    (-128..=255).contains(&number).then_some((byte, after))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_lists_of_bytes_become_base64() {
        let bytes: Vec<u8> = (0..20).map(|n| n * 12).collect();
        let object: Vec<_> = bytes
            .iter()
            .enumerate()
            .map(|(n, byte)| format!("\"{n}\" : {byte}"))
            .collect();
        let signed: Vec<_> = bytes
            .iter()
            .map(|byte| byte.cast_signed().to_string())
            .collect();
        let base64 = format!("\"{}\"", STANDARD.encode(&bytes));
        let text = format!(
            "{{\"a\":{{ {} }},\"b\":{bytes:?},\"c\":[{}]}}",
            object.join(" ,"),
            signed.join(",")
        );
        let folded = to_base64(text.as_bytes());
        assert_eq!(
            String::from_utf8(folded).unwrap(),
            format!("{{\"a\":{base64},\"b\":{base64},\"c\":{base64}}}")
        );
        for kept in [
            "{\"a\":[1,2,3],\"b\":{\"0\":1,\"1\":2},\"c\":[]}",
            "[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,256]",
            "[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,1.5]",
            "[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16",
            "[[[[{\"0\":",
            "\"[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17]\\\"[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17]\"",
            "\"unended",
            "{\"1\":0,\"2\":0,\"3\":0,\"4\":0,\"5\":0,\"6\":0,\"7\":0,\"8\":0,\"9\":0,\"10\":0,\"11\":0,\"12\":0,\"13\":0,\"14\":0,\"15\":0,\"16\":0,\"17\":0}",
            "",
        ] {
            assert_eq!(to_base64(kept.as_bytes()), kept.as_bytes(), "{kept}");
        }
    }
}
