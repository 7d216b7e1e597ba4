//! Bodies as JSON, however they are written.

use serde_json::Value as Json;

use super::{Error, byte_lists, envelope, long_number, multipart, repair, wide_text};

/// Each value takes up to some hundred bytes of memory, however short it is written. A history of some thousand messages fits.
pub(super) const MOST_VALUES: usize = 400_000;
/// With more, lists of bytes are folded first.
const MANY_VALUES: usize = 50_000;

/// Parses JSON, also with the usual defects of sloppy senders.
pub(super) fn parse(body: &[u8]) -> Result<Json, Error> {
    let folded = (separators(body) > MANY_VALUES).then(|| byte_lists::to_base64(body));
    let body = folded.as_deref().unwrap_or(body);
    if folded.is_some() && separators(body) > MOST_VALUES {
        return Err(Error::TooManyValues { limit: MOST_VALUES });
    }
    from_json(body).or_else(|error| {
        let not_json = Error::NotJson {
            line: error.line(),
            column: error.column(),
        };
        let repaired = repair::repair(body).and_then(|text| from_json(text.as_bytes()).ok());
        repaired
            .or_else(|| envelope::from_form(body))
            .or_else(|| from_json(&wide_text::to_utf8(body)?).ok())
            .or_else(|| from_multipart(body))
            .ok_or(not_json)
    })
}

/// A multipart body that was stored as it came.
fn from_multipart(body: &[u8]) -> Option<Json> {
    let boundary = multipart::boundary_of_head(None, body)?;
    from_json(&multipart::to_json(&boundary, body)?).ok()
}

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
