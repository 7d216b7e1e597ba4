//! Whether bytes are text, and of what kind it seems to be.

/// So much of a text's beginning is looked at for its kind.
const START_BYTES: usize = 1024;

/// A text.
#[derive(Debug)]
pub(super) struct Text {
    /// The format that it seems to be.
    pub guess: Option<&'static str>,
}

/// A text that servers send instead of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Page {
    Html,
    Json,
}

/// Nothing when the bytes are no text, or none.
pub(super) fn look(head: &[u8]) -> Option<Text> {
    if head.is_empty() {
        return None;
    }
    let start = start_of(head)?;
    Some(Text {
        guess: guess(&start),
    })
}

/// Contents that are distinguished from files, leniently: an error page may be cut short or in any encoding.
pub(crate) fn page(head: &[u8]) -> Option<Page> {
    let head = head
        .strip_prefix(b"\xef\xbb\xbf")
        .unwrap_or(head)
        .trim_ascii_start();
    let start = head[..head.len().min(64)].to_ascii_lowercase();
    let begins = |starts: &[&[u8]]| starts.iter().any(|tag| start.starts_with(tag));
    if begins(&[b"<!doctype html", b"<html", b"<head", b"<body"]) {
        Some(Page::Html)
    } else if begins(&[b"{\"", b"{}", b"[{", b"{\n"]) {
        Some(Page::Json)
    } else {
        None
    }
}

/// The beginning of a text in UTF-8, UTF-16 or a one-byte encoding of Latin letters.
fn start_of(head: &[u8]) -> Option<Vec<u8>> {
    match head {
        [0xef, 0xbb, 0xbf, rest @ ..] => of_bytes(rest),
        [0xff, 0xfe, rest @ ..] => of_units(rest, u16::from_le_bytes),
        [0xfe, 0xff, rest @ ..] => of_units(rest, u16::from_be_bytes),
        _ => of_bytes(head).or_else(|| without_mark(head)),
    }
}

fn is_text_byte(byte: u8) -> bool {
    // Tab, line feed, form feed, carriage return, and how DOS ends a file.
    matches!(byte, b'\t' | b'\n' | 0x0c | b'\r' | 0x1a | 0x20..=0x7e | 0x80..)
}

fn of_bytes(bytes: &[u8]) -> Option<Vec<u8>> {
    if !bytes.iter().all(|byte| is_text_byte(*byte)) {
        return None;
    }
    // The last letter may be cut in half.
    let is_unicode = match std::str::from_utf8(bytes) {
        Ok(_) => true,
        Err(error) => error.error_len().is_none() && error.valid_up_to() + 4 > bytes.len(),
    };
    let letters = bytes.iter().filter(|byte| **byte >= 0x80).count();
    // In Latin languages few letters have accents; more are another encoding, or noise.
    (is_unicode || letters * 3 <= bytes.len())
        .then(|| bytes[..bytes.len().min(START_BYTES)].to_vec())
}

fn of_units(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Option<Vec<u8>> {
    let units = bytes.as_chunks::<2>().0.iter().map(|pair| unit(*pair));
    let mut letters = char::decode_utf16(units).peekable();
    let mut start = String::new();
    while let Some(letter) = letters.next() {
        match letter {
            Ok(letter) if letter.is_ascii() && !is_text_byte(letter as u8) => return None,
            Ok(letter) if start.len() < START_BYTES => start.push(letter),
            Ok(_) => {}
            // A pair that is cut in half at the end.
            Err(_) if letters.peek().is_none() => {}
            Err(_) => return None,
        }
    }
    Some(start.into_bytes())
}

/// UTF-16 without a mark, of which every other byte is zero.
fn without_mark(head: &[u8]) -> Option<Vec<u8>> {
    let pairs = head.as_chunks::<2>().0;
    let is_of = |low: usize| {
        let plain = pairs
            .iter()
            .filter(|pair| pair[1 - low] == 0 && is_text_byte(pair[low]) && pair[low] != 0);
        pairs.len() >= 8 && plain.count() * 10 >= pairs.len() * 9
    };
    if is_of(0) {
        of_units(head, u16::from_le_bytes)
    } else if is_of(1) {
        of_units(head, u16::from_be_bytes)
    } else {
        None
    }
}

fn guess(start: &[u8]) -> Option<&'static str> {
    let text = start.trim_ascii_start();
    let lower = text.to_ascii_lowercase();
    let begins = |what: &[u8]| lower.starts_with(what);
    if begins(b"<!doctype html")
        || [b"<html".as_slice(), b"<head", b"<body"]
            .iter()
            .any(|tag| begins(tag))
    {
        return Some("html");
    }
    if begins(b"<") {
        return markup(&lower);
    }
    if begins(b"ofxheader") {
        return Some("ofx");
    }
    if begins(b"begin:vcard") {
        return Some("vcf");
    }
    if begins(b"begin:vcalendar") {
        return Some("ics");
    }
    if begins(b"-----begin ") {
        return Some("pem");
    }
    let mut lines = text.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii);
    if lines.next() == Some(b"0") && lines.next() == Some(b"SECTION") {
        return Some("dxf");
    }
    if [
        b"received: ".as_slice(),
        b"return-path: ",
        b"delivered-to: ",
        b"mime-version: ",
    ]
    .iter()
    .any(|name| begins(name))
    {
        return Some("eml");
    }
    is_json(text).then_some("json")
}

/// By the root element, behind what may stand before it.
fn markup(text: &[u8]) -> Option<&'static str> {
    let mut rest = text;
    let is_declared = rest.starts_with(b"<?xml");
    loop {
        rest = rest.trim_ascii_start();
        let end: &[u8] = match rest {
            [b'<', b'?', ..] => b"?>",
            [b'<', b'!', b'-', b'-', ..] => b"-->",
            [b'<', b'!', ..] => b">",
            _ => break,
        };
        let Some(at) = rest.windows(end.len()).position(|part| part == end) else {
            break;
        };
        if rest.starts_with(b"<!doctype svg") {
            return Some("svg");
        }
        rest = &rest[at + end.len()..];
    }
    let name: Vec<u8> = rest
        .iter()
        .skip(1)
        .copied()
        .take_while(|byte| byte.is_ascii_alphanumeric() || b":-_.".contains(byte))
        .collect();
    match name.as_slice() {
        b"svg" | b"svg:svg" => Some("svg"),
        b"html" => Some("html"),
        b"kml" => Some("kml"),
        b"gpx" => Some("gpx"),
        b"ofx" => Some("ofx"),
        _ => is_declared.then_some("xml"),
    }
}

/// An object or a list that begins as one does.
fn is_json(text: &[u8]) -> bool {
    let Some((open @ (b'{' | b'['), rest)) = text.split_first() else {
        return false;
    };
    match rest.trim_ascii_start().first() {
        Some(b'"') => true,
        Some(b'}') => *open == b'{',
        Some(b'{' | b'[' | b']') => *open == b'[',
        _ => false,
    }
}
