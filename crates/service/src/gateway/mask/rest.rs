//! Tokens in the rest of a body that is too long to be read. Where its texts begin is not known there, so each field with the
//! name of a token is taken as one.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::{MASK, Taken, TokenField};

/// A field that may go on behind the bytes so far is kept up to this length.
const LONGEST_FIELD_BYTES: usize = 16 << 10;

/// Replaces tokens in bytes that arrive in pieces.
pub struct TokenFilter {
    fields: &'static [TokenField],
    /// The possible beginning of a field.
    kept: Vec<u8>,
    written_bytes: usize,
    taken: Vec<Taken>,
}

impl TokenFilter {
    pub(in crate::gateway) fn new(fields: &'static [TokenField]) -> Self {
        Self {
            fields,
            kept: Vec::new(),
            written_bytes: 0,
            taken: Vec::new(),
        }
    }

    /// Takes the next bytes; returns what to store.
    pub fn update(&mut self, bytes: &[u8]) -> Vec<u8> {
        self.kept.extend_from_slice(bytes);
        self.pass(false)
    }

    /// The last bytes, and what was replaced.
    pub fn finish(mut self) -> (Vec<u8>, Vec<Taken>) {
        let out = self.pass(true);
        (out, self.taken)
    }

    fn pass(&mut self, is_end: bool) -> Vec<u8> {
        let text = std::mem::take(&mut self.kept);
        let (mut out, mut copied, mut at) = (Vec::with_capacity(text.len()), 0, 0);
        while let Some(quote) = text[at..].iter().position(|byte| *byte == b'"') {
            let name = at + quote + 1;
            at = name;
            let Some(field) = field(&text[name..], self.fields) else {
                continue;
            };
            let is_open = field.end == text.len() - name;
            if is_open && !is_end && text.len() - name < LONGEST_FIELD_BYTES {
                at = name - 1;
                out.extend_from_slice(&text[copied..at]);
                self.kept = text[at..].to_vec();
                self.written_bytes += out.len();
                return out;
            }
            if field.end > field.start {
                let value = name + field.start..name + field.end;
                out.extend_from_slice(&text[copied..value.start]);
                self.taken.push(Taken {
                    at: self.written_bytes + out.len(),
                    length: MASK.len(),
                    bytes: STANDARD.encode(&text[value.clone()]),
                });
                out.extend_from_slice(MASK);
                (copied, at) = (value.end, value.end);
            }
        }
        out.extend_from_slice(&text[copied..]);
        self.written_bytes += out.len();
        out
    }
}

/// Puts back what a [`TokenFilter`] replaced.
pub struct Unmasking<'a> {
    taken: &'a [Taken],
    at: usize,
}

impl<'a> Unmasking<'a> {
    pub fn new(taken: &'a [Taken]) -> Self {
        Self { taken, at: 0 }
    }

    /// Takes the next bytes; a mask may be in several pieces.
    pub fn update(&mut self, bytes: &[u8]) -> Vec<u8> {
        let mut out = Vec::with_capacity(bytes.len());
        for byte in bytes {
            match self.taken {
                [next, rest @ ..] if self.at >= next.at => {
                    if self.at + 1 == next.at + next.length {
                        out.extend(STANDARD.decode(&next.bytes).unwrap_or_default());
                        self.taken = rest;
                    }
                }
                _ => out.push(*byte),
            }
            self.at += 1;
        }
        out
    }
}

/// The value of a field with a token, by what follows the quote before its name. It may be cut off, also in its name.
fn field(text: &[u8], fields: &[TokenField]) -> Option<std::ops::Range<usize>> {
    let names = fields.iter().map(|field| field.name.as_bytes());
    let mut begun = names.filter_map(|name| {
        let length = name.len().min(text.len());
        let is_same = text[..length].eq_ignore_ascii_case(&name[..length]);
        is_same.then_some(length)
    });
    let mut at = begun.next()?;
    let end = text.len();
    // The quotes of JSON inside a text have backslashes.
    for wanted in [b'"', b':', b'"'] {
        let blank = |byte: &u8| *byte == b'\\' || byte.is_ascii_whitespace();
        at += text[at..].iter().take_while(|byte| blank(byte)).count();
        match text.get(at) {
            None => return Some(end..end),
            Some(byte) if *byte == wanted => at += 1,
            Some(_) => return None,
        }
    }
    let length = text[at..]
        .iter()
        .position(|byte| matches!(byte, b'"' | b'\\'));
    Some(at..length.map_or(end, |length| at + length))
}
