//! Bodies as JSON, however they are written.

use serde_json::Value as Json;

use super::plain_json::{MOST_VALUES, from_json, separators, several};
use super::{Error, byte_lists, envelope, multipart, nested_form, repair, wide_text};

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
        let repaired = repair::repair(body).and_then(|text| {
            let text = text.as_bytes();
            from_json(text).ok().or_else(|| several(text))
        });
        repaired
            .or_else(|| several(body))
            .or_else(|| envelope::from_form(body))
            .or_else(|| nested_form::read(body))
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
