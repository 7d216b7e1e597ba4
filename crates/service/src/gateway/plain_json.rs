//! JSON as it should be written, within limits.

use serde_json::Value as Json;

use super::long_number;

/// Each value takes up to some hundred bytes of memory, however short it is written. A history of some thousand messages fits.
pub(super) const MOST_VALUES: usize = 400_000;

/// Parses JSON. Ids that are numbers keep all their digits.
pub(super) fn from_json(body: &[u8]) -> serde_json::Result<Json> {
    match long_number::as_texts(body) {
        // An error names a place in the body as it came.
        Some(body_with_texts) => {
            serde_json::from_slice(&body_with_texts).or_else(|_| serde_json::from_slice(body))
        }
        None => serde_json::from_slice(body),
    }
}

/// The number of commas and colons outside of strings: about as many as there are values.
pub(super) fn separators(body: &[u8]) -> usize {
    let (mut count, mut in_string, mut is_escaped) = (0, false, false);
    for byte in body {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' if in_string => is_escaped = true,
            b'"' => in_string = !in_string,
            b',' | b':' if !in_string => count += 1,
            _ => {}
        }
    }
    count
}
