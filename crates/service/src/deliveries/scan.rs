//! Takes long texts out of a JSON body while it arrives, so that the rest fits in memory and in a row: base64, lists of
//! numbers, and strings of any length. A token replaces each. No byte is changed or dropped: with the parts in their places,
//! the body is the received one, JSON or not.
//!
//! A part of base64 begins at the first character that can be one and ends before the first that cannot, escapes included,
//! so that it is found in JSON inside a string of JSON too.

use crate::model::TOKEN_START;

/// Shorter texts stay in the body.
pub(super) const LEAST_PART_BYTES: usize = 8 << 10;
/// A longer string is taken out, whatever it contains.
const LONGEST_STRING_BYTES: usize = 256 << 10;
/// The limit of the rest of a body; everything after it is one last part.
const LARGEST_TEXT_BYTES: usize = 16 << 20;
/// No message has so many long texts; everything after them is one last part.
const MOST_PARTS: u32 = 1_024;
/// This much at the end of a part may belong to the following text.
const LONGEST_TAIL_BYTES: usize = 64;
/// More backslashes in a row are no escape.
const MOST_BACKSLASHES: usize = 16;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PartKind {
    /// A run of base64 in a string.
    Base64,
    /// The items of a list of numbers.
    Numbers,
    /// The rest of a string.
    Text,
    /// Everything after the limits.
    Rest,
}

impl PartKind {
    const ALL: [Self; 4] = [Self::Base64, Self::Numbers, Self::Text, Self::Rest];

    /// The name in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Base64 => "base64",
            Self::Numbers => "numbers",
            Self::Text => "text",
            Self::Rest => "rest",
        }
    }

    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }
}

/// Receives the parts.
pub(super) trait Parts {
    fn begin(&mut self, kind: PartKind);
    fn write(&mut self, bytes: &[u8]);
    fn end(&mut self);
}

/// The beginning of every token in the body of one delivery. A sender cannot know it before the commit, so everything of
/// this form is a token.
pub(super) fn token_prefix(delivery: &str) -> String {
    let letters: String = delivery
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .collect();
    format!("{TOKEN_START}{letters}")
}

/// The number of digits after the prefix.
pub(super) const TOKEN_DIGITS: usize = 4;

/// A text that may become a part.
#[derive(Clone, Copy)]
struct Run {
    kind: PartKind,
    start: usize,
}

pub(super) struct Scanner {
    delivery: String,
    text: Vec<u8>,
    parts: u32,
    /// Where the current string begins, after its quote.
    string: Option<usize>,
    /// Whether a part of the current string was taken out.
    string_is_cut: bool,
    run: Option<Run>,
    /// No run may begin before the next character outside of base64.
    is_blocked: bool,
    /// The number of backslashes just before.
    backslashes: usize,
    /// The remaining digits of `\\uXXXX`.
    digits_left: u8,
    /// The part that is being written, and bytes that may not belong to it.
    part: Option<PartKind>,
    tail: Vec<u8>,
    /// Whether a string that looks like JSON lost a part that is not base64.
    pub lost_json: bool,
}

impl Scanner {
    pub fn new(delivery: &str) -> Self {
        Self {
            delivery: delivery.to_owned(),
            text: Vec::new(),
            parts: 0,
            string: None,
            string_is_cut: false,
            run: None,
            is_blocked: false,
            backslashes: 0,
            digits_left: 0,
            part: None,
            tail: Vec::new(),
            lost_json: false,
        }
    }

    /// The rest so far.
    pub fn text(&self) -> &[u8] {
        &self.text
    }

    /// Whether the body is longer than is read.
    pub fn is_cut(&self) -> bool {
        self.part == Some(PartKind::Rest)
    }

    pub fn push(&mut self, mut bytes: &[u8], parts: &mut impl Parts) {
        while let Some(&first) = bytes.first() {
            let taken = match self.part {
                Some(PartKind::Base64) => self.continue_base64(bytes, parts),
                Some(PartKind::Numbers) => self.continue_numbers(bytes, parts),
                Some(PartKind::Text) => self.continue_text(bytes, parts),
                Some(PartKind::Rest) => {
                    parts.write(bytes);
                    bytes.len()
                }
                None => {
                    self.step(first, parts);
                    1
                }
            };
            bytes = &bytes[taken..];
        }
    }

    /// The rest, at the end of the body.
    pub fn finish(mut self, parts: &mut impl Parts) -> Vec<u8> {
        if self.part.is_some() {
            self.end(parts);
        }
        self.text
    }

    fn step(&mut self, byte: u8, parts: &mut impl Parts) {
        if self.text.len() >= LARGEST_TEXT_BYTES {
            self.begin(PartKind::Rest, self.text.len(), parts);
            parts.write(&[byte]);
            return;
        }
        self.text.push(byte);
        match self.string {
            None if byte == b'"' => {
                self.string = Some(self.text.len());
                self.string_is_cut = false;
                self.run = None;
                (self.backslashes, self.digits_left) = (0, 0);
                self.is_blocked = false;
            }
            None => self.step_outside(byte, parts),
            Some(start) => self.step_in_string(byte, start, parts),
        }
    }

    fn step_outside(&mut self, byte: u8, parts: &mut impl Parts) {
        match self.run {
            None if byte.is_ascii_digit() || byte == b'-' => {
                self.run = Some(Run {
                    kind: PartKind::Numbers,
                    start: self.text.len() - 1,
                });
            }
            Some(_) if !is_of_numbers(byte) => self.run = None,
            Some(run) if self.text.len() - run.start >= LEAST_PART_BYTES => {
                let body = &self.text[run.start..];
                let tail = body.iter().rev().take_while(|byte| !byte.is_ascii_digit());
                match tail.count() {
                    tail if tail <= LONGEST_TAIL_BYTES => {
                        self.take(run, self.text.len() - tail, parts)
                    }
                    _ => self.run = None,
                }
            }
            _ => {}
        }
    }

    fn step_in_string(&mut self, byte: u8, start: usize, parts: &mut impl Parts) {
        let is_escaped = self.backslashes % 2 == 1;
        if byte == b'"' && !is_escaped {
            self.string = None;
            self.run = None;
            return;
        }
        self.digits_left = match (is_escaped, byte) {
            (true, b'u') => 4,
            _ => self.digits_left.saturating_sub(1),
        };
        self.backslashes = if byte == b'\\' {
            self.backslashes + 1
        } else {
            0
        };
        if self.backslashes > MOST_BACKSLASHES {
            self.is_blocked = true;
            self.run = None;
        }
        if !is_of_base64(byte) {
            self.is_blocked = false;
            self.run = None;
        } else if self.run.is_none() && !self.is_blocked && !byte.is_ascii_whitespace() {
            self.run = Some(Run {
                kind: PartKind::Base64,
                start: self.text.len() - 1,
            });
        }
        let length = self.text.len();
        match self.run {
            Some(run) if length - run.start >= LEAST_PART_BYTES => {
                self.string_is_cut = true;
                self.take(run, length - self.backslashes, parts);
            }
            _ if length - start >= LONGEST_STRING_BYTES => {
                // Where a part was taken out already, the text before it stays. Characters are not split.
                let is_between = byte.is_ascii() && self.backslashes == 0 && self.digits_left == 0;
                let from = if self.string_is_cut { length } else { start };
                if is_between || from == start {
                    let head = self.text[start..].trim_ascii_start().first();
                    self.lost_json |= matches!(head, Some(b'{' | b'['));
                    self.string_is_cut = true;
                    let run = Run {
                        kind: PartKind::Text,
                        start: from,
                    };
                    self.take(run, length, parts);
                }
            }
            _ => {}
        }
    }

    /// Makes a part of the text from the beginning of a run up to `end`; the following text may belong to it.
    fn take(&mut self, run: Run, end: usize, parts: &mut impl Parts) {
        if self.parts >= MOST_PARTS {
            return self.begin(PartKind::Rest, self.text.len(), parts);
        }
        let taken = self.text.split_off(run.start);
        let (body, tail) = taken.split_at(end - run.start);
        self.begin(run.kind, run.start, parts);
        parts.write(body);
        self.tail = tail.to_vec();
    }

    fn begin(&mut self, kind: PartKind, at: usize, parts: &mut impl Parts) {
        debug_assert_eq!(at, self.text.len());
        let quote: &[u8] = if kind == PartKind::Numbers {
            b"\""
        } else {
            b""
        };
        if kind != PartKind::Rest {
            self.text.extend_from_slice(quote);
            self.text
                .extend_from_slice(token_prefix(&self.delivery).as_bytes());
            self.text
                .extend_from_slice(format!("{:0TOKEN_DIGITS$}", self.parts).as_bytes());
            self.text.extend_from_slice(quote);
        }
        self.parts += 1;
        self.run = None;
        self.part = Some(kind);
        parts.begin(kind);
    }

    fn end(&mut self, parts: &mut impl Parts) {
        parts.end();
        self.part = None;
        self.text.append(&mut self.tail);
    }

    fn continue_base64(&mut self, bytes: &[u8], parts: &mut impl Parts) -> usize {
        let end = bytes.iter().position(|byte| !is_of_base64(*byte));
        let run = &bytes[..end.unwrap_or(bytes.len())];
        let backslashes = run.iter().rev().take_while(|byte| **byte == b'\\').count();
        let body = run.len() - backslashes;
        if body > 0 {
            parts.write(&std::mem::take(&mut self.tail));
            parts.write(&run[..body]);
        }
        let remaining = LONGEST_TAIL_BYTES - self.tail.len();
        let kept_bytes = backslashes.min(remaining);
        self.tail.extend_from_slice(&run[body..body + kept_bytes]);
        self.backslashes = self.tail.len();
        if kept_bytes < backslashes || end.is_some() {
            self.is_blocked = kept_bytes < backslashes;
            self.end(parts);
        }
        body + kept_bytes
    }

    fn continue_numbers(&mut self, bytes: &[u8], parts: &mut impl Parts) -> usize {
        for (at, &byte) in bytes.iter().enumerate() {
            if byte.is_ascii_digit() {
                self.tail.push(byte);
                parts.write(&std::mem::take(&mut self.tail));
            } else if is_of_numbers(byte) && self.tail.len() < LONGEST_TAIL_BYTES {
                self.tail.push(byte);
            } else {
                self.end(parts);
                return at;
            }
        }
        bytes.len()
    }

    fn continue_text(&mut self, bytes: &[u8], parts: &mut impl Parts) -> usize {
        for (at, &byte) in bytes.iter().enumerate() {
            if byte == b'"' && self.backslashes.is_multiple_of(2) {
                parts.write(&bytes[..at]);
                self.end(parts);
                return at;
            }
            self.backslashes = if byte == b'\\' {
                self.backslashes + 1
            } else {
                0
            };
        }
        parts.write(bytes);
        bytes.len()
    }
}

/// Letters of both alphabets, padding, line breaks, and the characters of escapes.
fn is_of_base64(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(
            byte,
            b'+' | b'/' | b'=' | b'-' | b'_' | b'\\' | b'\n' | b'\r'
        )
}

fn is_of_numbers(byte: u8) -> bool {
    byte.is_ascii_digit()
        || byte.is_ascii_whitespace()
        || matches!(byte, b',' | b'-' | b'+' | b'.' | b'e' | b'E')
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "01a20d6d-5a00-7000-8000-000000000001";

    #[derive(Default)]
    struct ShortText(Vec<(PartKind, Vec<u8>)>);

    impl Parts for ShortText {
        fn begin(&mut self, kind: PartKind) {
            self.0.push((kind, Vec::new()));
        }
        fn write(&mut self, bytes: &[u8]) {
            self.0.last_mut().unwrap().1.extend_from_slice(bytes);
        }
        fn end(&mut self) {}
    }

    fn scan(body: &[u8], piece: usize) -> (Vec<u8>, Vec<(PartKind, Vec<u8>)>) {
        let (mut scanner, mut kept) = (Scanner::new(ID), ShortText::default());
        for piece in body.chunks(piece) {
            scanner.push(piece, &mut kept);
        }
        (scanner.finish(&mut kept), kept.0)
    }

    /// The received body.
    fn whole(text: &[u8], parts: &[(PartKind, Vec<u8>)]) -> Vec<u8> {
        let (mut whole, mut text) = (Vec::new(), text);
        for (n, (kind, part)) in parts.iter().enumerate() {
            let token = match kind {
                PartKind::Numbers => format!("\"{}\"", token(n)),
                _ => token(n),
            };
            let mut places = text.windows(token.len());
            let (at, length) = match kind {
                PartKind::Rest => (text.len(), 0),
                _ => (
                    places.position(|found| found == token.as_bytes()).unwrap(),
                    token.len(),
                ),
            };
            whole.extend_from_slice(&text[..at]);
            whole.extend_from_slice(part);
            text = &text[at + length..];
        }
        whole.extend_from_slice(text);
        whole
    }

    fn taken(body: &str) -> (String, Vec<(PartKind, Vec<u8>)>) {
        let first = scan(body.as_bytes(), usize::MAX);
        for piece in [1, 3, 4_096] {
            assert!(
                scan(body.as_bytes(), piece) == first,
                "in pieces of {piece}"
            );
        }
        assert!(
            whole(&first.0, &first.1) == body.as_bytes(),
            "something was changed"
        );
        (String::from_utf8(first.0).unwrap(), first.1)
    }

    fn token(n: usize) -> String {
        format!("{}{n:04}", token_prefix(ID))
    }

    #[test]
    fn base64_is_taken_out_everywhere() {
        let long = "A/+9".repeat(20_000);
        let escaped = long.replace('/', "\\/").replace('+', "\\u002b");
        let lines = long
            .as_bytes()
            .chunks(76)
            .map(|line| std::str::from_utf8(line).unwrap());
        let lines = lines.collect::<Vec<_>>().join("\\r\\n");
        for base64 in [&long, &escaped, &lines, &format!("\\/9j\\/{escaped}")] {
            let (text, parts) = taken(&format!(
                "{{\"a\":[\"data:image/png;base64,{base64}\",\"{base64}\"]}}"
            ));
            assert_eq!(
                text,
                format!(
                    "{{\"a\":[\"data:image/png;base64,{}\",\"{}\"]}}",
                    token(0),
                    token(1)
                )
            );
            assert!(
                parts
                    .iter()
                    .all(|part| *part == (PartKind::Base64, base64.clone().into_bytes()))
            );
        }
        // JSON in a string of JSON.
        let inner = format!("{{\"a\":\"\\/9j\\/{escaped}\"}}");
        let body = serde_json::json!({"message": inner}).to_string();
        let (text, parts) = taken(&body);
        assert_eq!(parts.len(), 1);
        let outer: serde_json::Value = serde_json::from_str(&text).unwrap();
        let inner: serde_json::Value =
            serde_json::from_str(outer["message"].as_str().unwrap()).unwrap();
        assert_eq!(inner["a"], token(0));
    }

    #[test]
    fn numbers_and_long_strings_are_taken_out() {
        let numbers: Vec<_> = (0..100_000).map(|n| n - 50_000).collect();
        let body =
            serde_json::json!({"b": {"type": "Buffer", "data": numbers}, "n": 1}).to_string();
        let (text, parts) = taken(&body);
        assert_eq!(
            text,
            format!(
                "{{\"b\":{{\"data\":[\"{}\"],\"type\":\"Buffer\"}},\"n\":1}}",
                token(0)
            )
        );
        assert_eq!(parts[0].0, PartKind::Numbers);
        let (text, _) = taken(&body.replace("49999]", "49999 , {}]"));
        serde_json::from_str::<serde_json::Value>(&text).unwrap();
        let words = "olá, \\\"tudo\\\" bem? \\u00e9 ".repeat(50_000);
        let (text, parts) = taken(&format!("{{\"a\":\"{words}\",\"b\":1}}"));
        assert_eq!(text, format!("{{\"a\":\"{}\",\"b\":1}}", token(0)));
        assert_eq!(parts[0].0, PartKind::Text);
    }

    #[test]
    fn short_texts_and_other_formats_stay_as_received() {
        let short = format!("{{\"a\":\"{}\",\"n\":{:?}}}", "A".repeat(8_000), [1; 2_000]);
        assert_eq!(taken(&short), (short.clone(), Vec::new()));
        for body in [
            "\\".repeat(100_000),
            format!("\"{}", "\\".repeat(100_001)),
            format!("\"{}\"", "A".repeat(100_000) + &"\\".repeat(100_000)),
            format!("{{\"a\":1{}}}", " ".repeat(100_000)),
            "1,".repeat(100_000),
            "\"".repeat(100_001),
            format!("\"{}", "A".repeat(100_000)),
            "[\"AAAA\",{\"b\":-1}],".repeat(300_000),
            format!("[{}]", format!("\"{}\",", "A".repeat(9_000)).repeat(2_000)),
        ] {
            let (text, parts) = scan(body.as_bytes(), 10_000);
            assert!(whole(&text, &parts) == body.as_bytes(), "{}", &body[..20]);
            assert!(text.len() <= LARGEST_TEXT_BYTES + 1_024);
        }
    }
}
