//! Finds the tokens of gateways in a body, so that they are not stored: in JSON of any depth, also cut off or with defects, in
//! JSON inside texts and base64, in forms and in multipart bodies.

mod decoded;
mod rest;

use std::ops::Range;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use wa_media::read::same_name;

use self::decoded::Decoded;
pub use self::rest::{TokenFilter, Unmasking};
use super::envelope;

/// The replacement of a token.
const MASK: &[u8] = b"***";
/// How often JSON, a form or base64 may be inside a text of another.
const MOST_LEVELS: usize = 6;
/// The longest text in base64 that is decoded: longer ones are taken out of the body before.
const LONGEST_ENCODED_BYTES: usize = 64 << 10;

/// A field that has a token.
#[derive(Clone, Copy, Debug)]
pub(super) struct TokenField {
    pub name: &'static str,
    /// Whether it is one at every depth; else not in the content of a message, whose objects have fields of the name.
    pub everywhere: bool,
}

/// A body without its tokens.
pub struct Masked {
    pub body: Vec<u8>,
    /// The replaced parts, in order.
    pub taken: Vec<Taken>,
}

/// A piece that was replaced.
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub struct Taken {
    /// Its offset in the masked body.
    at: usize,
    /// The length of what stands in its place.
    length: usize,
    /// In base64.
    bytes: String,
}

/// A replacement in a body.
struct Edit {
    range: Range<usize>,
    with: Vec<u8>,
}

impl Edit {
    fn mask(range: Range<usize>) -> Self {
        let with = MASK.to_vec();
        Self { range, with }
    }
}

/// The body without the values of these fields; `None` when it has none of them.
pub(super) fn masked(body: &[u8], fields: &[TokenField]) -> Option<Masked> {
    masked_at(body, fields, 0)
}

fn masked_at(body: &[u8], fields: &[TokenField], level: usize) -> Option<Masked> {
    let mut edits = edits(body, fields, level);
    edits.retain(|edit| body[edit.range.clone()] != edit.with[..]);
    if edits.is_empty() {
        return None;
    }
    let (mut out, mut copied, mut taken) = (Vec::with_capacity(body.len()), 0, Vec::new());
    for Edit { range, with } in edits {
        out.extend_from_slice(&body[copied..range.start]);
        taken.push(Taken {
            at: out.len(),
            length: with.len(),
            bytes: STANDARD.encode(&body[range.clone()]),
        });
        out.extend_from_slice(&with);
        copied = range.end;
    }
    out.extend_from_slice(&body[copied..]);
    Some(Masked { body: out, taken })
}

/// The body as it came; `None` when the pieces do not fit.
pub fn unmasked(body: &[u8], taken: &[Taken]) -> Option<Vec<u8>> {
    let (mut out, mut copied) = (Vec::with_capacity(body.len()), 0);
    for piece in taken {
        out.extend_from_slice(body.get(copied..piece.at)?);
        out.extend(STANDARD.decode(&piece.bytes).ok()?);
        copied = piece.at + piece.length;
    }
    out.extend_from_slice(body.get(copied..)?);
    Some(out)
}

/// The replacements in a text of any form, in their order.
fn edits(text: &[u8], fields: &[TokenField], level: usize) -> Vec<Edit> {
    if level > MOST_LEVELS {
        return Vec::new();
    }
    let bare = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
    let bare = bare.trim_ascii_start();
    let mut edits = match bare.first() {
        Some(b'{' | b'[' | b'"') => json(text, fields, level),
        Some(b'-') if bare.starts_with(b"--") => multipart(text, fields, level),
        _ if is_form(bare) => form(text, fields, level),
        _ => json(text, fields, level),
    };
    edits.sort_by_key(|edit| edit.range.start);
    // A frame inside a value that is replaced is replaced with it.
    let mut end = 0;
    edits.retain(|edit| {
        let is_free = edit.range.start >= end;
        if is_free {
            end = edit.range.end;
        }
        is_free
    });
    edits
}

/// Whether a text begins like a form.
fn is_form(text: &[u8]) -> bool {
    let head = &text[..text.len().min(65)];
    let end = head.iter().position(|byte| *byte == b'=');
    let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || b"_-.%+[]".contains(byte);
    end.is_some_and(|end| end > 0 && head[..end].iter().all(is_name))
}

/// An object or a list, and what is known of it.
struct Frame<'t> {
    is_object: bool,
    /// The field that it is in, and in an object the field that is being read.
    name: &'t [u8],
    key: &'t [u8],
    /// Whether it is in the content of a message.
    is_content: bool,
    /// Whether it has a field of a delivery.
    is_delivery: bool,
    /// Whether its fields are the headers of a request.
    is_headers: bool,
    /// Whether it describes a file, which may be JSON in base64.
    is_file: bool,
    /// The part to replace if the rest of it does not say otherwise.
    pending: Vec<(Edit, Condition)>,
}

#[derive(Clone, Copy)]
enum Condition {
    /// It has a field of a delivery.
    Delivery,
    /// It describes no file.
    NoFile,
}

/// Fields with the content of a message, besides those whose names end in `message`.
const CONTENT: &[&str] = &["messages", "content", "msgContent", "contextInfo", "quoted"];
/// Fields that only a delivery has.
const OF_DELIVERY: &[&str] = &[
    "EventType",
    "BaseUrl",
    "jsonData",
    "instanceName",
    "instanceId",
    "event",
    "server_url",
];
const OF_FILE: &[&str] = &[
    "mimetype",
    "mime",
    "fileName",
    "mediaKey",
    "directPath",
    "filehash",
];
/// Fields with a person's words.
const WORDS: &[&str] = &["conversation", "text", "caption", "title", "description"];
/// Where automations put the headers of the request that they took.
const HEADERS: &[&str] = &["headers", "multiValueHeaders", "requestHeaders"];

fn is_one_of(name: &[u8], names: &[&str]) -> bool {
    if name.contains(&b'\\') {
        let plain = Decoded::of_string(name).text;
        return !plain.contains(&b'\\') && is_one_of(&plain, names);
    }
    let name = name_of(name);
    names.iter().any(|known| same_name(known, name))
}

fn is_content(name: &[u8]) -> bool {
    let end = name.len().saturating_sub(7);
    name[end..].eq_ignore_ascii_case(b"message") || is_one_of(name, CONTENT)
}

/// Whether a header has a secret, by its name.
fn is_secret_header(name: &[u8]) -> bool {
    let name = name.to_ascii_lowercase();
    let ends = |end: &str| name.ends_with(end.as_bytes());
    ends("authorization") || ends("token") || ends("apikey") || ends("api-key") || ends("secret")
}

impl<'t> Frame<'t> {
    fn inside(outer: &Frame<'t>, is_object: bool) -> Self {
        let name = if outer.is_object {
            outer.key
        } else {
            outer.name
        };
        Self {
            is_object,
            name,
            key: b"",
            is_content: is_content(name) || outer.is_content && !outer.is_delivery,
            is_delivery: false,
            is_headers: is_one_of(name, HEADERS) || outer.is_headers,
            is_file: false,
            pending: Vec::new(),
        }
    }

    /// The part to replace in an object that is complete.
    fn settled(self) -> impl Iterator<Item = Edit> {
        let (is_delivery, is_file) = (self.is_delivery, self.is_file);
        let pending = self.pending.into_iter();
        let settled = pending.filter(move |(_, condition)| match condition {
            Condition::Delivery => is_delivery,
            Condition::NoFile => !is_file,
        });
        settled.map(|(edit, _)| edit)
    }

    fn field(&self) -> &'t [u8] {
        if self.is_object { self.key } else { self.name }
    }

    /// Whether the field has a token, and whether that is known before the rest of the object.
    fn token(&self, fields: &[TokenField]) -> Option<bool> {
        let name = self.field();
        if self.is_headers && is_secret_header(name) {
            return Some(true);
        }
        let found = fields.iter().find(|field| is_one_of(name, &[field.name]))?;
        Some(found.everywhere || !self.is_content)
    }
}

/// The replacements in JSON.
fn json(text: &[u8], fields: &[TokenField], level: usize) -> Vec<Edit> {
    let outside = Frame {
        is_object: false,
        name: b"",
        key: b"",
        is_content: false,
        is_delivery: false,
        is_headers: false,
        is_file: false,
        pending: Vec::new(),
    };
    let (mut frames, mut edits) = (vec![outside], Vec::new());
    let mut at = 0;
    while let Some(&byte) = text.get(at) {
        let is_inside = frames.len() > 1;
        let Some(frame) = frames.last_mut() else {
            break;
        };
        match byte {
            b'{' | b'[' => {
                let inner = Frame::inside(frame, byte == b'{');
                frames.push(inner);
            }
            b'}' | b']' if is_inside => {
                edits.extend(frames.pop().into_iter().flat_map(Frame::settled));
            }
            b',' if frame.is_object => frame.key = b"",
            b'"' => {
                let end = end_of_string(text, at + 1);
                let inside = at + 1..end;
                at = end;
                if is_before_colon(text, end + 1) {
                    frame.key = &text[inside];
                    // JSON that lost its beginning has no braces.
                    frame.is_object = true;
                    frame.is_delivery |= is_one_of(frame.key, OF_DELIVERY);
                    frame.is_file |= is_one_of(frame.key, OF_FILE);
                } else {
                    let found = string(text, inside, (fields, level), frame);
                    edits.extend(found);
                }
            }
            b'0'..=b'9' | b'-' if frame.token(fields) == Some(true) => {
                let rest = &text[at..];
                let length = rest
                    .iter()
                    .position(|byte| !b"+-.0123456789eE".contains(byte));
                let end = at + length.unwrap_or(rest.len());
                let with = b"\"***\"".to_vec();
                edits.push(Edit {
                    range: at..end,
                    with,
                });
                at = end - 1;
            }
            _ => {}
        }
        at += 1;
    }
    // Of what is cut off, the rest is not known.
    let pending = frames.into_iter().flat_map(|it| it.pending);
    edits.extend(pending.map(|(edit, _)| edit));
    edits
}

/// The replacements in a value that is a string; those that depend on the rest of its object wait in the frame.
fn string(
    text: &[u8],
    inside: Range<usize>,
    (fields, level): (&[TokenField], usize),
    frame: &mut Frame<'_>,
) -> Vec<Edit> {
    if inside.is_empty() {
        return Vec::new();
    }
    match frame.token(fields) {
        Some(true) => return vec![Edit::mask(inside)],
        Some(false) => {
            let edit = Edit::mask(inside);
            frame.pending.push((edit, Condition::Delivery));
            return Vec::new();
        }
        None => {}
    }
    let (raw, name) = (&text[inside.clone()], frame.field());
    if is_one_of(name, WORDS) {
        return Vec::new();
    }
    let is_json = matches!(raw.trim_ascii_start().first(), Some(b'{' | b'[' | b'\\'));
    let may_be_body = name.is_empty() || envelope::is_body(name_of(name));
    if is_json || may_be_body && !frame.is_content && is_form(raw) {
        let decoded = Decoded::of_string(raw);
        let bare = decoded.text.trim_ascii_start();
        // A text in quotes is JSON only if JSON is in them.
        let is_quoted =
            bare.starts_with(b"\"") && !matches!(bare.get(1), Some(b'{' | b'[' | b'\\'));
        if !is_quoted {
            return nested(&decoded, inside.start, (fields, level), quoted);
        }
    }
    let encoded = may_be_body.then(|| base64(raw, fields, level)).flatten();
    let edit = encoded.map(|with| {
        (
            Edit {
                range: inside,
                with,
            },
            Condition::NoFile,
        )
    });
    frame.pending.extend(edit);
    Vec::new()
}

fn name_of(name: &[u8]) -> &str {
    std::str::from_utf8(name).unwrap_or_default()
}

/// The replacements in a text inside another, which begins at `start` there; `write` makes of a replacement what stands in
/// the outer text.
fn nested(
    decoded: &Decoded,
    start: usize,
    (fields, level): (&[TokenField], usize),
    write: fn(&[u8]) -> Vec<u8>,
) -> Vec<Edit> {
    let inner = edits(&decoded.text, fields, level + 1);
    let outer = inner.into_iter().map(|edit| {
        let range = decoded.outer(edit.range);
        Edit {
            range: start + range.start..start + range.end,
            with: write(&edit.with),
        }
    });
    outer.collect()
}

/// Bytes inside a JSON string.
fn quoted(bytes: &[u8]) -> Vec<u8> {
    let mut quoted = Vec::with_capacity(bytes.len());
    for byte in bytes {
        super::form::push_escaped(*byte, &mut quoted);
    }
    quoted
}

/// Bytes inside the value of a form.
fn percent_encoded(bytes: &[u8]) -> Vec<u8> {
    url::form_urlencoded::byte_serialize(bytes)
        .collect::<String>()
        .into_bytes()
}

/// A body in base64 again without its tokens; `None` when it is none, or has none.
fn base64(raw: &[u8], fields: &[TokenField], level: usize) -> Option<Vec<u8>> {
    if raw.len() > LONGEST_ENCODED_BYTES {
        return None;
    }
    let (prefix, encoded) = match raw.iter().position(|byte| *byte == b',') {
        Some(comma) if raw.starts_with(b"data:") => raw.split_at(comma + 1),
        _ => (&b""[..], raw),
    };
    let encoded = Decoded::of_string(encoded).text;
    let (mut decoder, mut decoded) = (wa_media::Base64Decoder::new(), Vec::new());
    decoder.update(&encoded, &mut decoded).ok()?;
    decoder.finish(&mut decoded).ok()?;
    let inner = masked_at(&decoded, fields, level + 1)?;
    let mut replaced = prefix.to_vec();
    replaced.extend_from_slice(STANDARD.encode(inner.body).as_bytes());
    Some(replaced)
}

/// The replacements in a form.
fn form(text: &[u8], fields: &[TokenField], level: usize) -> Vec<Edit> {
    let (mut edits, mut start) = (Vec::new(), 0);
    for field in text.split(|byte| *byte == b'&') {
        let end = start + field.len();
        if let Some(equals) = field.iter().position(|byte| *byte == b'=') {
            let value = start + equals + 1;
            let name = Decoded::of_form(field[..equals].trim_ascii_start()).text;
            let is_token = fields.iter().any(|field| is_one_of(&name, &[field.name]));
            if is_token && value < end {
                edits.push(Edit::mask(value..end));
            } else if !is_one_of(&name, WORDS) {
                let may_be_body = envelope::is_body(name_of(&name));
                let inner = form_value((text, value..end), may_be_body, fields, level);
                edits.extend(inner);
            }
        }
        start = end + 1;
    }
    edits
}

fn form_value(
    (text, inside): (&[u8], Range<usize>),
    may_be_body: bool,
    fields: &[TokenField],
    level: usize,
) -> Vec<Edit> {
    let raw = &text[inside.clone()];
    let decoded = Decoded::of_form(raw);
    if matches!(
        decoded.text.trim_ascii_start().first(),
        Some(b'{' | b'[' | b'"')
    ) {
        return nested(&decoded, inside.start, (fields, level), percent_encoded);
    }
    let encoded = may_be_body.then(|| base64(&decoded.text, fields, level));
    let edit = encoded.flatten().map(|with| Edit {
        range: inside,
        with: percent_encoded(&with),
    });
    edit.into_iter().collect()
}

/// The replacements in the parts of a multipart body that are no files.
fn multipart(text: &[u8], fields: &[TokenField], level: usize) -> Vec<Edit> {
    let mut edits = Vec::new();
    for (head, content) in super::multipart::parts(text) {
        let Some((name, false)) = super::multipart::disposition(&head) else {
            continue;
        };
        if content.is_empty() {
            continue;
        }
        if fields.iter().any(|field| same_name(field.name, &name)) {
            edits.push(Edit::mask(content));
        } else {
            let inner = self::edits(&text[content.clone()], fields, level + 1);
            edits.extend(inner.into_iter().map(|edit| Edit {
                range: content.start + edit.range.start..content.start + edit.range.end,
                ..edit
            }));
        }
    }
    edits
}

/// The closing quote of the string that begins at `at`, or the end of the text.
fn end_of_string(text: &[u8], at: usize) -> usize {
    let mut is_escaped = false;
    let rest = text.get(at..).unwrap_or_default().iter();
    let mut rest = rest.enumerate();
    let end = rest.find(|(_, byte)| {
        let ends = **byte == b'"' && !is_escaped;
        is_escaped = **byte == b'\\' && !is_escaped;
        ends
    });
    end.map_or(text.len(), |(offset, _)| at + offset)
}

fn is_before_colon(text: &[u8], at: usize) -> bool {
    let rest = text.get(at..).unwrap_or_default();
    rest.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b':')
}

#[cfg(test)]
mod tests;
