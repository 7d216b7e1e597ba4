//! Forms (`application/x-www-form-urlencoded`), converted piece by piece to the JSON object of their fields. Of a field that is
//! repeated, the first value that is not empty counts; another has `#` behind its name.

use std::collections::HashSet;

/// Adds a byte of a text to a JSON string.
pub(crate) fn push_escaped(byte: u8, to: &mut Vec<u8>) {
    match byte {
        b'"' | b'\\' => to.extend_from_slice(&[b'\\', byte]),
        0..0x20 => to.extend_from_slice(format!("\\u{byte:04x}").as_bytes()),
        _ => to.push(byte),
    }
}

/// Converts a form, in any pieces, to a JSON object: fields that begin like JSON as they are, others as strings.
#[derive(Default)]
pub struct Form {
    place: FormState,
    /// A `%`, and the digit behind it.
    escape: Vec<u8>,
    is_begun: bool,
    name: Vec<u8>,
    /// The names of fields with a value.
    known: HashSet<Vec<u8>>,
}

/// So many names are compared, which is more than any gateway sends.
const MOST_NAMES: usize = 1_024;
/// The longest name that is compared.
const LONGEST_NAME_BYTES: usize = 256;

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum FormState {
    /// Before the first letter of a name.
    #[default]
    Field,
    Name,
    /// Before the first letter of a value.
    Value,
    Json,
    String,
}

impl Form {
    pub fn decode(&mut self, bytes: &[u8]) -> Vec<u8> {
        let mut json = Vec::with_capacity(bytes.len() + 16);
        for byte in bytes {
            match (self.escape.as_slice(), byte) {
                ([], b'%') => self.escape.push(b'%'),
                ([], b'+') => self.letter(b' ', &mut json),
                ([], b'&') => self.end_field(&mut json),
                ([], b'=') if matches!(self.place, FormState::Field | FormState::Name) => {
                    self.open_name(&mut json);
                    if self.known.contains(&self.name) {
                        json.push(b'#');
                    }
                    json.extend_from_slice(b"\":");
                    self.place = FormState::Value;
                }
                ([], byte) => self.letter(*byte, &mut json),
                ([_], byte) if byte.is_ascii_hexdigit() => self.escape.push(*byte),
                ([_, high], low) if low.is_ascii_hexdigit() => {
                    let digit = |byte: u8| char::from(byte).to_digit(16).unwrap_or(0);
                    let value = digit(*high) << 4 | digit(*low);
                    self.escape.clear();
                    self.letter(value.to_le_bytes()[0], &mut json);
                }
                _ => {
                    self.end_escape(&mut json);
                    match byte {
                        b'&' => self.end_field(&mut json),
                        byte => self.letter(*byte, &mut json),
                    }
                }
            }
        }
        json
    }

    /// An invalid escape stays as it is.
    fn end_escape(&mut self, json: &mut Vec<u8>) {
        for byte in std::mem::take(&mut self.escape) {
            self.letter(byte, json);
        }
    }

    fn open_name(&mut self, json: &mut Vec<u8>) {
        if self.place == FormState::Field {
            json.extend_from_slice(if self.is_begun { b",\"" } else { b"{\"" });
            self.is_begun = true;
            self.place = FormState::Name;
        }
    }

    fn letter(&mut self, byte: u8, json: &mut Vec<u8>) {
        self.open_name(json);
        match self.place {
            FormState::Value if byte.is_ascii_whitespace() => {}
            FormState::Value if matches!(byte, b'{' | b'[') => {
                self.place = FormState::Json;
                json.push(byte);
            }
            FormState::Value => {
                self.place = FormState::String;
                json.push(b'"');
                push_escaped(byte, json);
            }
            FormState::Json => json.push(byte),
            FormState::Field | FormState::Name => {
                if self.name.len() < LONGEST_NAME_BYTES {
                    self.name.push(byte);
                }
                push_escaped(byte, json);
            }
            FormState::String => push_escaped(byte, json),
        }
    }

    fn end_field(&mut self, json: &mut Vec<u8>) {
        self.end_escape(json);
        let name = std::mem::take(&mut self.name);
        let has_value = matches!(self.place, FormState::Json | FormState::String);
        if self.place == FormState::Name && self.known.contains(&name) {
            json.push(b'#');
        }
        if has_value && self.known.len() < MOST_NAMES {
            self.known.insert(name);
        }
        json.extend_from_slice(match self.place {
            FormState::Field | FormState::Json => b"",
            FormState::Name => b"\":null",
            FormState::Value => b"\"\"",
            FormState::String => b"\"",
        });
        self.place = FormState::Field;
    }

    pub fn finish(mut self) -> Vec<u8> {
        let mut json = Vec::new();
        self.end_field(&mut json);
        json.extend_from_slice(if self.is_begun { b"}" } else { b"{}" });
        json
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn form(body: &[u8], piece: usize) -> Vec<u8> {
        let mut form = Form::default();
        let mut json = Vec::new();
        for piece in body.chunks(piece) {
            json.extend(form.decode(piece));
        }
        json.extend(form.finish());
        json
    }

    #[test]
    fn a_form_becomes_an_object_in_any_pieces() {
        for (body, expected) in [
            ("a=1&b=x+y%26z", json!({"a": "1", "b": "x y&z"})),
            (
                "payload=%7B%22a%22%3A%5B1%5D%7D&s=",
                json!({"payload": {"a": [1]}, "s": ""}),
            ),
            (
                "p={\"a\":\"b=c\"}&&q",
                json!({"p": {"a": "b=c"}, "q": null}),
            ),
            ("p=100%&q=%zz%", json!({"p": "100%", "q": "%zz%"})),
            ("p=%22%5C%0A", json!({"p": "\"\\\n"})),
            ("p=+%0A%5B%5D", json!({"p": []})),
            (
                "p=&p=1&q=2&p=3&q=&%70=%7B%7D&q",
                json!({"p": "1", "p#": {}, "q": "2", "q#": null}),
            ),
        ] {
            for piece in [1, 2, 3, 100] {
                let json = form(body.as_bytes(), piece);
                let read: Value = serde_json::from_slice(&json).unwrap();
                assert_eq!(read, expected, "{body} in pieces of {piece}");
            }
        }
    }
}
