//! Bodies of `multipart/form-data` (RFC 7578), converted piece by piece to the JSON object that the same fields make as a form:
//! the field `jsonData` as it is, another as a string, the first file in base64 as `base64`.

use std::collections::BTreeMap;
use std::ops::Range;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::form::push_escaped;

/// The only field that is JSON; another may begin like it.
const JSON_FIELD: &str = "jsonData";
/// The longest head of a part.
const LONGEST_HEAD_BYTES: usize = 16 << 10;
/// The longest boundary (RFC 2046, section 5.1.1).
const LONGEST_BOUNDARY_BYTES: usize = 70;
/// Longer text fields are not signed.
const LONGEST_SIGNED_BYTES: usize = 4 << 20;

/// The boundary of a multipart body, by its `Content-Type`.
pub fn boundary(content_type: &str) -> Option<String> {
    let (kind, parameters) = content_type.split_once(';')?;
    let is_form = kind.trim().eq_ignore_ascii_case("multipart/form-data");
    let mut parameters = parameters.split(';').filter_map(|it| it.split_once('='));
    let (_, value) = parameters.find(|(name, _)| name.trim().eq_ignore_ascii_case("boundary"))?;
    let boundary = value.trim().trim_matches('"');
    let fits = (1..=LONGEST_BOUNDARY_BYTES).contains(&boundary.len());
    (is_form && fits).then(|| boundary.to_owned())
}

/// A whole body as JSON; `None` when it is no multipart body or ends too early.
pub fn to_json(boundary: &str, body: &[u8]) -> Option<Vec<u8>> {
    let mut multipart = Multipart::new(boundary);
    let mut json = multipart.update(body);
    json.extend(multipart.finish().ok()?.0);
    Some(json)
}

/// The value that wuzapi signs in place of a whole body.
#[cfg(test)]
pub fn signed_fields(boundary: &str, body: &[u8]) -> Option<Vec<u8>> {
    let mut multipart = Multipart::new(boundary);
    multipart.update(body);
    multipart.finish().ok()?.1
}

/// The body is no multipart body, or ends too early.
#[derive(Debug, PartialEq, Eq)]
pub struct Malformed;

/// Converts a body while it arrives.
pub struct Multipart {
    /// `\n--boundary`, perhaps after `\r`; the body is read as if it began with `\n`.
    delimiter: Vec<u8>,
    /// Bytes that are not converted yet.
    buffer: Vec<u8>,
    state: State,
    /// Whether a field was written.
    is_begun: bool,
    has_file: bool,
    text_bytes: usize,
    /// The fields that are no files, unless they are too long.
    fields: Option<BTreeMap<String, Vec<u8>>>,
}

enum State {
    Preamble,
    /// Behind a delimiter: the end of its line, or `--`.
    Delimiter,
    Head,
    /// In a field that is text.
    Text {
        name: String,
        kind: Option<TextKind>,
    },
    /// In a file; up to two bytes wait for a group of three.
    File {
        rest: Vec<u8>,
    },
    End,
    Broken,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum TextKind {
    Json,
    String,
}

impl Multipart {
    pub fn new(boundary: &str) -> Self {
        Self {
            delimiter: format!("\n--{boundary}").into_bytes(),
            buffer: b"\n".to_vec(),
            state: State::Preamble,
            is_begun: false,
            has_file: false,
            text_bytes: 0,
            fields: Some(BTreeMap::new()),
        }
    }

    /// Takes the next bytes; returns JSON.
    pub fn update(&mut self, bytes: &[u8]) -> Vec<u8> {
        self.buffer.extend_from_slice(bytes);
        let mut json = Vec::new();
        while self.step(&mut json) {}
        json
    }

    /// The last JSON, and the text fields as sorted JSON in Go's notation.
    pub fn finish(mut self) -> Result<(Vec<u8>, Option<Vec<u8>>), Malformed> {
        if !matches!(self.state, State::End) || !self.is_begun {
            return Err(Malformed);
        }
        let fields = self.fields.take().map(|fields| in_go(&fields));
        Ok((b"}".to_vec(), fields))
    }

    /// Whether there may be more to convert.
    fn step(&mut self, json: &mut Vec<u8>) -> bool {
        match &mut self.state {
            State::End | State::Broken => {
                self.buffer.clear();
                false
            }
            State::Preamble => self.skip_preamble(),
            State::Delimiter => self.end_delimiter(),
            State::Head => self.read_head(json),
            State::Text { .. } | State::File { .. } => self.read_content(json),
        }
    }

    fn skip_preamble(&mut self) -> bool {
        match find(&self.buffer, &self.delimiter) {
            Some(at) => {
                self.buffer.drain(..at + self.delimiter.len());
                self.state = State::Delimiter;
                true
            }
            None => {
                let keep = self.buffer.len().min(self.delimiter.len());
                self.buffer.drain(..self.buffer.len() - keep);
                false
            }
        }
    }

    fn end_delimiter(&mut self) -> bool {
        if self.buffer.starts_with(b"--") {
            self.state = State::End;
            return true;
        }
        let Some(at) = self.buffer.iter().position(|byte| *byte == b'\n') else {
            if self.buffer.len() > LONGEST_HEAD_BYTES {
                self.state = State::Broken;
            }
            return false;
        };
        let is_blank = self.buffer[..at].iter().all(u8::is_ascii_whitespace);
        self.buffer.drain(..=at);
        self.state = if is_blank { State::Head } else { State::Broken };
        true
    }

    fn read_head(&mut self, json: &mut Vec<u8>) -> bool {
        let crlf = find(&self.buffer, b"\r\n\r\n");
        // Searched in the head only, not in all that has arrived.
        let head = &self.buffer[..crlf.unwrap_or(self.buffer.len()).min(LONGEST_HEAD_BYTES)];
        let lf = find(head, b"\n\n");
        let end = match (crlf, lf) {
            (Some(a), Some(b)) if b < a => b + 2,
            (Some(a), _) => a + 4,
            (None, Some(b)) => b + 2,
            (None, None) => {
                if self.buffer.len() > LONGEST_HEAD_BYTES {
                    self.state = State::Broken;
                }
                return false;
            }
        };
        let head: Vec<u8> = self.buffer.drain(..end).collect();
        let head = String::from_utf8_lossy(&head);
        let Some((name, is_file)) = disposition(&head) else {
            self.state = State::Broken;
            return true;
        };
        json.extend_from_slice(if self.is_begun { b",\"" } else { b"{\"" });
        self.is_begun = true;
        let is_first_file = is_file && !self.has_file;
        self.has_file |= is_file;
        let key = if is_first_file { "base64" } else { &name };
        key.bytes().for_each(|byte| push_escaped(byte, json));
        json.extend_from_slice(b"\":");
        self.state = if is_file {
            json.push(b'"');
            State::File { rest: Vec::new() }
        } else {
            if let Some(fields) = &mut self.fields {
                fields.insert(name.clone(), Vec::new());
            }
            State::Text { name, kind: None }
        };
        true
    }

    fn read_content(&mut self, json: &mut Vec<u8>) -> bool {
        let end = find(&self.buffer, &self.delimiter);
        let (content, rest) = match end {
            Some(at) => {
                let has_return = self.buffer[..at].ends_with(b"\r");
                (at - usize::from(has_return), at + self.delimiter.len())
            }
            None => {
                let keep = (self.delimiter.len() + 1).min(self.buffer.len());
                let at = self.buffer.len() - keep;
                (at, at)
            }
        };
        let is_end = end.is_some();
        let piece: Vec<u8> = self.buffer.drain(..rest).take(content).collect();
        self.write(&piece, is_end, json);
        if is_end {
            self.state = State::Delimiter;
        }
        is_end
    }

    fn write(&mut self, piece: &[u8], is_end: bool, json: &mut Vec<u8>) {
        match &mut self.state {
            State::File { rest } => {
                rest.extend_from_slice(piece);
                let whole = if is_end {
                    rest.len()
                } else {
                    rest.len() / 3 * 3
                };
                let group: Vec<u8> = rest.drain(..whole).collect();
                json.extend_from_slice(STANDARD.encode(group).as_bytes());
                if is_end {
                    json.push(b'"');
                }
            }
            State::Text { name, kind } => {
                let known = self.fields.as_mut().and_then(|fields| fields.get_mut(name));
                let mut is_too_long = false;
                if let Some(known) = known {
                    self.text_bytes += piece.len();
                    is_too_long = self.text_bytes > LONGEST_SIGNED_BYTES;
                    known.extend_from_slice(piece);
                }
                if is_too_long {
                    self.fields = None;
                }
                let may_be_json = name == JSON_FIELD;
                write_text(kind, (piece, may_be_json), is_end, json);
            }
            _ => {}
        }
    }
}

fn write_text(
    kind: &mut Option<TextKind>,
    (piece, may_be_json): (&[u8], bool),
    is_end: bool,
    json: &mut Vec<u8>,
) {
    for byte in piece {
        match kind {
            None if byte.is_ascii_whitespace() => {}
            None if may_be_json && matches!(byte, b'{' | b'[') => {
                *kind = Some(TextKind::Json);
                json.push(*byte);
            }
            None => {
                *kind = Some(TextKind::String);
                json.push(b'"');
                push_escaped(*byte, json);
            }
            Some(TextKind::Json) => json.push(*byte),
            Some(TextKind::String) => push_escaped(*byte, json),
        }
    }
    if is_end {
        json.extend_from_slice(match kind {
            None => b"\"\"",
            Some(TextKind::Json) => b"",
            Some(TextKind::String) => b"\"",
        });
    }
}

fn find(text: &[u8], part: &[u8]) -> Option<usize> {
    text.windows(part.len()).position(|window| window == part)
}

/// The boundary of a multipart body by its first line; `None` when it does not begin like one.
pub(super) fn boundary_of(body: &[u8]) -> Option<&[u8]> {
    let rest = body.trim_ascii_start().strip_prefix(b"--")?;
    let end = rest.iter().position(|byte| matches!(byte, b'\r' | b'\n'))?;
    let boundary = rest[..end].trim_ascii_end();
    (1..=LONGEST_BOUNDARY_BYTES)
        .contains(&boundary.len())
        .then_some(boundary)
}

/// The boundary of a multipart body by its first bytes: the declared one, unless it is JSON; or without a declaration that of
/// its first line, if a part follows.
pub fn boundary_of_head(declared: Option<&str>, head: &[u8]) -> Option<String> {
    let bare = head
        .strip_prefix(b"\xef\xbb\xbf")
        .unwrap_or(head)
        .trim_ascii_start();
    if bare.starts_with(b"{") || bare.starts_with(b"[") {
        return None;
    }
    let is_part = |line: &[u8]| {
        let name = b"content-disposition:";
        line.get(..name.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(name))
    };
    let first = boundary_of(bare).filter(|_| bare.split(|byte| *byte == b'\n').any(is_part));
    let first = first.and_then(|first| String::from_utf8(first.to_vec()).ok());
    // A forwarder may have written another boundary than its header says.
    match (declared, first) {
        (Some(declared), Some(first)) if first.trim_end_matches("--") != declared => Some(first),
        (Some(declared), _) => Some(declared.to_owned()),
        (None, first) => first,
    }
}

/// The head of each part of a multipart body, and the place of its content; also of a body that is cut off.
pub(super) fn parts(body: &[u8]) -> Vec<(String, Range<usize>)> {
    let Some(boundary) = boundary_of(body) else {
        return Vec::new();
    };
    let delimiter = [b"--", boundary].concat();
    let mut parts = Vec::new();
    let mut at = find(body, &delimiter).unwrap_or(body.len());
    while let Some(rest) = body.get(at + delimiter.len()..) {
        let start = at + delimiter.len();
        let end = find(rest, &[b"\n", &delimiter[..]].concat()).map_or(body.len(), |it| start + it);
        let part = &body[start..end];
        let blank = [&b"\r\n\r\n"[..], b"\n\n"].map(|it| Some(find(part, it)? + it.len()));
        if let Some(head) = blank.into_iter().flatten().min() {
            let content = part[head..]
                .strip_suffix(b"\r")
                .unwrap_or(&part[head..])
                .len();
            let text = String::from_utf8_lossy(&part[..head]).into_owned();
            parts.push((text, start + head..start + head + content));
        }
        at = end + 1;
    }
    parts
}

/// The name of a part, and whether it is a file.
pub(super) fn disposition(head: &str) -> Option<(String, bool)> {
    let line = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.trim()
            .eq_ignore_ascii_case("content-disposition")
            .then_some(value)
    })?;
    let (mut name, mut is_file) = (None, false);
    for parameter in line.split(';').skip(1) {
        let Some((key, value)) = parameter.split_once('=') else {
            continue;
        };
        match key.trim().to_ascii_lowercase().as_str() {
            "name" => name = Some(value.trim().trim_matches('"').to_owned()),
            "filename" | "filename*" => is_file = true,
            _ => {}
        }
    }
    Some((name?, is_file))
}

/// An object of texts as Go's `encoding/json` prints a sorted map.
fn in_go(fields: &BTreeMap<String, Vec<u8>>) -> Vec<u8> {
    let quoted = |text: &str| {
        let plain = serde_json::to_string(text).unwrap_or_default();
        plain
            .replace('<', "\\u003c")
            .replace('>', "\\u003e")
            .replace('&', "\\u0026")
            .replace('\u{2028}', "\\u2028")
            .replace('\u{2029}', "\\u2029")
            .replace("\\b", "\\u0008")
            .replace("\\f", "\\u000c")
    };
    let pair = |(name, value): (&String, &Vec<u8>)| {
        format!(
            "{}:{}",
            quoted(name),
            quoted(&String::from_utf8_lossy(value))
        )
    };
    let pairs: Vec<_> = fields.iter().map(pair).collect();
    format!("{{{}}}", pairs.join(",")).into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    const BODY: &[u8] = b"--x1\r\nContent-Disposition: form-data; name=\"jsonData\"\r\n\r\n{\"type\":\"Message\"}\r\n\
        --x1\r\nContent-Disposition: form-data; name=\"file\"\r\n\r\n/tmp/a<b>.ogg\r\n\
        --x1\r\nContent-Disposition: form-data; name=\"empty\"\r\n\r\n\r\n\
        --x1\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.ogg\"\r\nContent-Type: audio/ogg\r\n\r\nOggS\x00\xff--x1\r\n-\r\n\
        --x1--\r\n";

    fn convert(body: &[u8], piece: usize) -> Option<(Value, Vec<u8>)> {
        let mut multipart = Multipart::new("x1");
        let mut json = Vec::new();
        for piece in body.chunks(piece) {
            json.extend(multipart.update(piece));
        }
        let (last, fields) = multipart.finish().ok()?;
        json.extend(last);
        Some((serde_json::from_slice(&json).ok()?, fields?))
    }

    #[test]
    fn a_body_becomes_an_object_in_any_pieces() {
        let bytes = b"OggS\x00\xff--x1\r\n-";
        let wanted = json!({"jsonData": {"type": "Message"}, "file": "/tmp/a<b>.ogg", "empty": "",
            "base64": STANDARD.encode(bytes)});
        for piece in [1, 2, 3, 5, 64, 10_000] {
            let (read, fields) = convert(BODY, piece).unwrap();
            assert_eq!(read, wanted, "pieces of {piece}");
            let signed = r#"{"empty":"","file":"/tmp/a\u003cb\u003e.ogg","jsonData":"{\"type\":\"Message\"}"}"#;
            assert_eq!(String::from_utf8(fields).unwrap(), signed);
        }
    }

    #[test]
    fn a_body_that_is_cut_or_no_multipart_is_malformed() {
        for body in [
            &BODY[..BODY.len() - 8],
            b"",
            b"{\"a\":1}",
            b"--x1--\r\n",
            b"--x1\r\nno head\r\n\r\na\r\n--x1--",
        ] {
            assert!(
                convert(body, 16).is_none(),
                "{}",
                String::from_utf8_lossy(body)
            );
        }
    }

    #[test]
    fn the_boundary_is_read_with_and_without_quotes() {
        for (header, expected) in [
            ("multipart/form-data; boundary=abc", Some("abc")),
            (
                "Multipart/Form-Data; charset=utf-8; Boundary=\"a b\"",
                Some("a b"),
            ),
            ("multipart/mixed; boundary=abc", None),
            ("multipart/form-data", None),
            ("multipart/form-data; boundary=", None),
            ("application/json", None),
        ] {
            assert_eq!(boundary(header).as_deref(), expected, "{header}");
        }
    }
}
