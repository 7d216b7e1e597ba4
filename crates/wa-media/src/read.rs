//! Tolerant readers: gateways write keys, hashes, lengths and times in many ways.

use serde_json::{Map, Value};

use crate::base64_text::Base64Decoder;

/// A field by any of its names, ignoring case and underscores. `null` and `""` count as absent.
pub fn field<'a>(object: &'a Map<String, Value>, names: &[&str]) -> Option<&'a Value> {
    let present = |value: &&Value| !value.is_null() && value.as_str() != Some("");
    names.iter().find_map(|name| {
        object.get(*name).filter(present).or_else(|| {
            object
                .iter()
                .filter(|(key, _)| same_name(key, name))
                .map(|(_, value)| value)
                .find(present)
        })
    })
}

/// No known field has a longer name.
pub(crate) const LONGEST_NAME: usize = 64;

/// Whether two names are equal, ignoring case and underscores.
#[inline]
pub fn same_name(a: &str, b: &str) -> bool {
    if a.len() > LONGEST_NAME || b.len() > LONGEST_NAME {
        return false;
    }
    if a.len() == b.len() {
        return a.eq_ignore_ascii_case(b);
    }
    // Nearly all pairs end here.
    let first = |name: &str| name.as_bytes().first().map(u8::to_ascii_lowercase);
    let (first_a, first_b) = (first(a), first(b));
    if first_a != first_b && first_a != Some(b'_') && first_b != Some(b'_') {
        return false;
    }
    (a.contains('_') || b.contains('_')) && letters(a).eq(letters(b))
}

/// A name's bytes in lower case, without underscores.
pub(crate) fn letters(name: &str) -> impl Iterator<Item = u8> + '_ {
    name.bytes()
        .filter(|byte| *byte != b'_')
        .map(|byte| byte.to_ascii_lowercase())
}

/// Non-empty text.
pub fn text(value: &Value) -> Option<&str> {
    value.as_str().filter(|text| !text.is_empty())
}

/// `true`, `"true"`, `1`.
pub fn flag(value: &Value) -> bool {
    match value {
        Value::Bool(flag) => *flag,
        Value::String(text) => text.eq_ignore_ascii_case("true") || text == "1",
        Value::Number(number) => number.as_i64().is_some_and(|number| number != 0),
        _ => false,
    }
}

/// 32 bytes: base64 (standard or URL alphabet, padded or not, with a `data:` prefix), 64 hex digits, an array of
/// numbers, a text of them with commas, an object with the numbers under `"0"` to `"31"`, or one of these in a box such
/// as Node's `{"type":"Buffer","data":…}` or MongoDB's `{"$binary":{"base64":…}}`.
pub fn bytes32(value: &Value) -> Option<[u8; 32]> {
    bytes_of(value, bytes32_of_text)
}

/// The 64 loudnesses of a voice note, written like [`bytes32`].
pub(crate) fn waveform(value: &Value) -> Option<[u8; 64]> {
    let of_text = |text: &str| {
        let is_short = text.len() <= 1_024;
        is_short
            .then(|| base64_bytes(text))
            .flatten()?
            .try_into()
            .ok()
    };
    bytes_of(value, of_text)
}

/// Fields in which libraries put bytes.
const BOXES: &[&str] = &["data", "buffer", "$binary", "base64", "bytes"];
const MOST_BOXES: usize = 3;

fn bytes_of<const N: usize>(
    value: &Value,
    of_text: impl Fn(&str) -> Option<[u8; N]>,
) -> Option<[u8; N]> {
    let mut value = value;
    for _ in 0..MOST_BOXES {
        let of = |name: &&str| value.get(*name).filter(|inner| !inner.is_null());
        match BOXES.iter().find_map(of) {
            Some(inner) => value = inner,
            None => break,
        }
    }
    match value {
        Value::Object(object) => bytes_of_index(object),
        Value::String(text) => of_text(text),
        Value::Array(numbers) => {
            let bytes: Option<Vec<u8>> = numbers.iter().take(N + 1).map(byte).collect();
            bytes?.try_into().ok()
        }
        _ => None,
    }
}

/// Whether the value is an empty byte array: `[]`, `{}`, or Node's `{"type":"Buffer","data":[]}`.
pub(crate) fn is_empty_bytes(value: &Value) -> bool {
    match value {
        Value::String(text) => text.trim().is_empty(),
        Value::Array(numbers) => numbers.is_empty(),
        Value::Object(object) => match object.get("data") {
            Some(data) => is_empty_bytes(data),
            None => object.is_empty(),
        },
        _ => false,
    }
}

/// In numeric order: a map sorted as text gives 0, 1, 10, 11, …
fn bytes_of_index<const N: usize>(object: &Map<String, Value>) -> Option<[u8; N]> {
    if object.len() != N {
        return None;
    }
    let mut bytes = [0; N];
    for (index, slot) in bytes.iter_mut().enumerate() {
        *slot = byte(object.get(&index.to_string())?)?;
    }
    Some(bytes)
}

/// 0 to 255, or -128 to -1 from a signed array; forms have no numbers, but their digits.
fn byte(value: &Value) -> Option<u8> {
    let digits = value.as_str().and_then(|digits| digits.trim().parse().ok());
    let number = value
        .as_i64()
        .or(digits)
        .filter(|number| (-128..=255).contains(number))?;
    u8::try_from(number & 0xff).ok()
}

fn bytes32_of_text(text: &str) -> Option<[u8; 32]> {
    if text.len() > 1_024 {
        return None;
    }
    let digits = text.trim();
    let digits = ["0x", "0X", "\\x"]
        .iter()
        .find_map(|start| digits.strip_prefix(start))
        .unwrap_or(digits);
    let is_list = |byte: u8| byte.is_ascii_digit() || b", -".contains(&byte);
    if digits.contains(',') && digits.bytes().all(is_list) {
        let numbers = digits.split(',').map(|number| byte(&Value::from(number)));
        return numbers.collect::<Option<Vec<u8>>>()?.try_into().ok();
    }
    if digits.len() == 64 && digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        let pair = |i: usize| u8::from_str_radix(&digits[2 * i..2 * i + 2], 16).ok();
        let bytes: Option<Vec<u8>> = (0..32).map(pair).collect();
        return bytes?.try_into().ok();
    }
    base64_bytes(text)?.try_into().ok()
}

/// Base64 in either alphabet, padded or not, with or without white space and a `data:` prefix.
pub(crate) fn base64_bytes(text: &str) -> Option<Vec<u8>> {
    let mut decoder = Base64Decoder::new();
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3 + 3);
    decoder.update(text.as_bytes(), &mut bytes).ok()?;
    decoder.finish(&mut bytes).ok()?;
    Some(bytes)
}

/// A non-negative integer: a number, digits as text, or a Long object `{low, high, unsigned}`. `None` for negative
/// numbers, fractions and floats beyond 2^53.
pub fn number(value: &Value) -> Option<u64> {
    match value {
        Value::Number(number) => number.as_u64().or_else(|| whole(number.as_f64()?)),
        Value::String(text) => text.trim().parse().ok(),
        Value::Object(object) => {
            let whole = |half: &Value| half.as_i64().or_else(|| half.as_str()?.trim().parse().ok());
            let half = |name: &str| field(object, &[name]).and_then(whole);
            let low = half("low")?.cast_unsigned() & 0xffff_ffff;
            let high = half("high").unwrap_or(0).cast_unsigned() & 0xffff_ffff;
            let number = (high << 32) | low;
            i64::try_from(number).is_ok().then_some(number)
        }
        _ => None,
    }
}

fn whole(float: f64) -> Option<u64> {
    let fits = (0.0..9_007_199_254_740_992.0).contains(&float) && float.fract() == 0.0;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "checked one line above"
    )]
    fits.then_some(float as u64)
}

/// Unix seconds from any form that [`millis`] reads.
pub fn seconds(value: &Value) -> Option<i64> {
    Some(millis(value)? / 1_000).filter(|seconds| *seconds > 0)
}

/// The last second of the year 9999.
const LATEST_SECOND: i64 = 253_402_300_799;

/// Unix milliseconds from seconds, milliseconds (from 10^11), microseconds (from 10^14) or nanoseconds (from 10^17):
/// a number, digits as text, a Long object, `{"seconds", "nanos"}`, or `{"$numberLong"}`. Fractions are dropped.
/// `None` for 0, which means unknown, and for times after the year 9999.
pub fn millis(value: &Value) -> Option<i64> {
    let number = match value {
        Value::Object(object) => match field(object, &["low"]) {
            Some(_) => number(value)?,
            None => return millis(field(object, &["seconds", "$numberLong", "$date"])?),
        },
        Value::Number(decimal) if decimal.is_f64() => whole(decimal.as_f64()?.floor())?,
        Value::String(text) => {
            let text = text.trim();
            let (digits, fraction) = text.split_once('.').unwrap_or((text, ""));
            let is_fraction = fraction.bytes().all(|byte| byte.is_ascii_digit());
            digits.parse().ok().filter(|_| is_fraction)?
        }
        other => number(other)?,
    };
    let number = i64::try_from(number).ok()?;
    let millis = match number {
        0..100_000_000_000 => number * 1_000,
        100_000_000_000..100_000_000_000_000 => number,
        100_000_000_000_000..100_000_000_000_000_000 => number / 1_000,
        _ => number / 1_000_000,
    };
    (1..=LATEST_SECOND * 1_000)
        .contains(&millis)
        .then_some(millis)
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::Engine as _;
    use serde_json::json;

    #[test]
    fn one_key_is_read_from_all_its_encodings() {
        let bytes: [u8; 32] = std::array::from_fn(|i| u8::try_from(250 - 7 * i).unwrap());
        let base64 = base64::prelude::BASE64_STANDARD.encode(bytes);
        let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        let index: Map<String, Value> = bytes
            .iter()
            .enumerate()
            .map(|(i, byte)| (i.to_string(), json!(byte)))
            .collect();
        let signed: Vec<i8> = bytes.iter().map(|byte| byte.cast_signed()).collect();
        for value in [
            json!(base64),
            json!(base64.trim_end_matches('=')),
            json!(base64.replace('+', "-").replace('/', "_")),
            json!(format!("data:;base64,{base64}")),
            json!(hex),
            json!(bytes),
            json!(index),
            json!(signed),
            json!({"type": "Buffer", "data": bytes}),
            json!({"type": "Buffer", "data": base64}),
            json!({"type": "Uint8Array", "data": index}),
            json!({"$binary": {"base64": base64, "subType": "00"}}),
            json!({"_bsontype": "Binary", "sub_type": 0, "buffer": {"type": "Buffer", "data": bytes}}),
            json!(bytes.map(|byte| byte.to_string()).join(",")),
            json!(
                signed
                    .iter()
                    .map(i8::to_string)
                    .collect::<Vec<_>>()
                    .join(", ")
            ),
            json!(bytes.map(|byte| byte.to_string())),
            json!(format!("0x{hex}")),
            json!(format!("\\x{}", hex.to_uppercase())),
        ] {
            assert_eq!(bytes32(&value), Some(bytes), "{value}");
        }
    }

    #[test]
    fn a_key_has_exactly_32_bytes() {
        for value in [
            json!(""),
            json!(null),
            json!("AAAA"),
            json!([1, 2]),
            json!({"0": 1}),
            json!({"data": {"data": {"data": {"data": vec![1; 32]}}}}),
            json!(vec!["x"; 32]),
            json!("1,2,3"),
            json!("0x00"),
            json!(vec![300; 32]),
            json!(vec![1; 33]),
            json!(5),
        ] {
            assert_eq!(bytes32(&value), None, "{value}");
        }
    }

    #[test]
    fn lengths_are_read_from_all_their_encodings() {
        for value in [
            json!(5067),
            json!("5067"),
            json!(5067.0),
            json!({"low": 5067, "high": 0, "unsigned": true}),
            json!({"low": "5067", "high": "0", "unsigned": "true"}),
        ] {
            assert_eq!(number(&value), Some(5067), "{value}");
        }
        assert_eq!(number(&json!({"low": -1, "high": 0})), Some(0xffff_ffff));
        for value in [
            json!(-5),
            json!("-5"),
            json!(1e25),
            json!("99999999999999999999999"),
            json!(""),
            json!(1.5),
            json!({"high": 1}),
        ] {
            assert_eq!(number(&value), None, "{value}");
        }
    }

    #[test]
    fn one_time_is_read_from_all_its_encodings() {
        for value in [
            json!(1_790_000_000),
            json!(1_790_000_000.75),
            json!("1790000000"),
            json!(" 1790000000.123 "),
            json!(1_790_000_000_000_i64),
            json!("1790000000000"),
            json!(1_790_000_000_000_000_i64),
            json!(1_790_000_000_000_000_000_i64),
            json!({"low": 1_790_000_000, "high": 0, "unsigned": false}),
            json!({"low": -1_001_362_432, "high": 416, "unsigned": true}),
            json!({"seconds": "1790000000", "nanos": 5}),
            json!({"$numberLong": "1790000000000"}),
        ] {
            assert_eq!(seconds(&value), Some(1_790_000_000), "{value}");
        }
        for value in [
            json!(0),
            json!("0"),
            json!(-5),
            json!("soon"),
            json!("1.x"),
            json!({}),
            json!(null),
        ] {
            assert_eq!(millis(&value), None, "{value}");
        }
        assert_eq!(
            millis(&json!(1_790_000_000_123_i64)),
            Some(1_790_000_000_123)
        );
    }

    #[test]
    fn a_waveform_has_64_bytes_in_any_encoding() {
        let bytes: Vec<u8> = (0..64).collect();
        let text = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gISIjJCUmJygpKissLS4vMDEyMzQ1Njc4OTo7PD0+Pw==";
        let by_index: Map<String, Value> = bytes
            .iter()
            .map(|byte| (byte.to_string(), json!(byte)))
            .collect();
        for value in [
            json!(text),
            json!(bytes),
            json!({"data": bytes}),
            Value::Object(by_index),
        ] {
            assert_eq!(waveform(&value).unwrap().as_slice(), bytes, "{value}");
        }
        for value in [
            json!("AAEC"),
            json!(bytes[1..]),
            json!(7),
            json!({}),
            json!("A".repeat(2_000)),
        ] {
            assert_eq!(waveform(&value), None, "{value}");
        }
    }

    #[test]
    fn names_match_in_any_case() {
        let object = json!({"FILESHA256": 1, "media_key": 2, "url": ""});
        let object = object.as_object().unwrap();
        assert_eq!(field(object, &["fileSha256"]), Some(&json!(1)));
        assert_eq!(field(object, &["mediaKey"]), Some(&json!(2)));
        assert_eq!(field(object, &["url"]), None);
        let object = json!({"mediaKey": "", "media_key": 2});
        let object = object.as_object().unwrap();
        assert_eq!(field(object, &["mediaKey"]), Some(&json!(2)));
    }
}
