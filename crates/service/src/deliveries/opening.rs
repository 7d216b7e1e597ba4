//! Opens bodies in which a carrier hides the texts: a form, or base64 of JSON. They are read piece by piece as the JSON that
//! they carry, so that files inside are taken out in turn and memory stays bounded.

use std::collections::VecDeque;
use std::io::{self, SeekFrom};

use tokio::fs::File;
use tokio::io::{AsyncReadExt as _, AsyncSeekExt as _};
use wa_media::Base64Decoder;

use super::bodies::PIECE_BYTES;
use super::incoming::{BYTE_ORDER_MARK, Body};
use super::parts::{Part, tokens};
use super::scan::{LEAST_PART_BYTES, PartKind};
use crate::gateway::form::{Form, push_escaped};

/// The longest name of a form's field that may carry a body.
const LONGEST_FIELD_BYTES: usize = 64;
/// How many fields of a form are searched for JSON.
const MOST_FIELDS: usize = 256;
/// How often JSON may be quoted in strings of JSON around a text that is opened.
const MOST_LEVELS: u32 = 4;
/// The beginnings of JSON, or of a text that is JSON, in a form.
const JSON_STARTS: [&[u8]; 8] = [
    b"%7b", b"%5b", b"%22%7b", b"%22%5b", b"{", b"[", b"\"{", b"\"[",
];
/// The longest beginning of a `data:` address.
const LONGEST_PREFIX_BYTES: usize = 1_024;

impl Body {
    /// Reads a form as the JSON that it carries; `None` when it is no form, or short enough to be read directly.
    pub fn open_form(&self) -> Option<BodyReader<'_>> {
        let is_form = self.size_bytes >= LEAST_PART_BYTES as u64 && carries_json(&self.text);
        let steps = is_form.then(|| self.steps(&[]))??;
        Some(BodyReader::new(self, steps, Some(Form::default())))
    }

    /// Whether a text that was taken out may be JSON in base64.
    pub fn may_carry_json(&self) -> bool {
        self.parts.iter().any(is_json)
    }

    /// Reads the body with these parts decoded in their places; `None` when it has none of them.
    pub fn open_parts(&self, parts: &[u32]) -> Option<BodyReader<'_>> {
        let steps = self.steps(parts)?;
        let opens = |step: &BodyPiece<'_>| matches!(step, BodyPiece::Decoded(..));
        let is_any = steps.iter().any(opens);
        is_any.then(|| BodyReader::new(self, steps, None))
    }

    /// Reads a text in base64 that the body contains, or that stands for a part that was taken out.
    pub fn open_base64(&self, text: &str) -> Option<BodyReader<'_>> {
        let token = tokens(&self.id, text).into_iter().next();
        let step = match token {
            Some((.., n)) => BodyPiece::Decoded(self.parts.iter().find(|part| part.n == n)?, 0),
            None => {
                let (mut decoder, mut decoded) = (Base64Decoder::new(), Vec::new());
                decoder.update(text.as_bytes(), &mut decoded).ok()?;
                decoder.finish(&mut decoded).ok()?;
                BodyPiece::Bytes(decoded)
            }
        };
        Some(BodyReader::new(self, VecDeque::from([step]), None))
    }

    fn steps(&self, opened: &[u32]) -> Option<VecDeque<BodyPiece<'_>>> {
        let mut steps = VecDeque::new();
        let text = std::str::from_utf8(&self.text).ok()?;
        let mut at = 0;
        for (start, end, n) in tokens(&self.id, text) {
            let Some(part) = self.parts.iter().find(|part| part.n == n) else {
                continue;
            };
            let quoted = quoted(text, start, end).filter(|_| opened.contains(&n) && is_json(part));
            let (from, to, step) = match (quoted, part.kind) {
                (Some(quoted), _) => (
                    quoted.start,
                    quoted.end,
                    BodyPiece::Decoded(part, quoted.levels),
                ),
                (None, PartKind::Numbers) => (start - 1, end + 1, BodyPiece::Part(part)),
                (None, _) => (start, end, BodyPiece::Part(part)),
            };
            steps.push_back(BodyPiece::Text(&self.text[at..from.max(at)]));
            steps.push_back(step);
            at = to;
        }
        steps.push_back(BodyPiece::Text(&self.text[at..]));
        let rest = self.parts.iter().filter(|part| part.kind == PartKind::Rest);
        steps.extend(rest.map(BodyPiece::Part));
        Some(steps)
    }
}

fn is_json(part: &Part) -> bool {
    part.kind == PartKind::Base64
        && part.decoded_sha256.is_some()
        && matches!(part.first_byte, Some(b'{' | b'[' | b'"'))
}

/// The start and end of a string, its quotes included.
struct Quoted {
    start: usize,
    end: usize,
    /// The number of strings of JSON around it.
    levels: u32,
}

/// The JSON string that consists of the token from `start` to `end`, perhaps after the beginning of a `data:` address.
fn quoted(text: &str, start: usize, end: usize) -> Option<Quoted> {
    let quote = text[..start].rfind('"')?;
    let prefix = &text[quote + 1..start];
    let is_address = prefix.len() <= LONGEST_PREFIX_BYTES
        && prefix.ends_with("base64,")
        && !prefix.contains('\\');
    let backslashes = text[..quote]
        .bytes()
        .rev()
        .take_while(|byte| *byte == b'\\');
    let backslashes = backslashes.count();
    let levels = (backslashes + 1).checked_ilog2()?;
    let is_escape = backslashes + 1 == 1 << levels && levels <= MOST_LEVELS;
    let close = text[end..].strip_prefix(&text[quote - backslashes..quote])?;
    let is_whole = close.starts_with('"') && (prefix.is_empty() || is_address);
    (is_escape && is_whole).then_some(Quoted {
        start: quote - backslashes,
        end: end + backslashes + 1,
        levels,
    })
}

/// Whether a body is a form with a field that may be JSON, in base64 or not.
fn carries_json(body: &[u8]) -> bool {
    let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
    let begin = body.iter().position(|byte| *byte == b'=');
    let begins = begin.is_some_and(|begin| {
        (1..=LONGEST_FIELD_BYTES).contains(&begin) && body[..begin].iter().all(is_name)
    });
    let mut fields = body.split(|byte| *byte == b'&').take(MOST_FIELDS);
    begins
        && fields.any(|field| {
            let mut parts = field.splitn(2, |byte| *byte == b'=');
            let value = parts.nth(1).unwrap_or_default();
            let is = |start: &[u8]| {
                let head = value.get(..start.len());
                head.is_some_and(|head| head.eq_ignore_ascii_case(start))
            };
            let is_base64 =
                value.len() >= LEAST_PART_BYTES && (is(b"ey") || is(b"ew") || is(b"w3"));
            is_base64 || JSON_STARTS.into_iter().any(is)
        })
}

enum BodyPiece<'b> {
    Text(&'b [u8]),
    Bytes(Vec<u8>),
    Part(&'b Part),
    /// A decoded part, inside this many strings of JSON.
    Decoded(&'b Part, u32),
}

/// Reads an opened body.
pub struct BodyReader<'b> {
    body: &'b Body,
    steps: VecDeque<BodyPiece<'b>>,
    source: Option<PartReader>,
    form: Option<Form>,
}

/// A part that is being read.
struct PartReader {
    reader: Reader,
    decoding: Option<(Option<Base64Decoder>, u32)>,
    is_begun: bool,
}

enum Reader {
    Here(Vec<u8>),
    File(File, u64),
}

impl Reader {
    async fn open(body: &Body, part: &Part) -> io::Result<Self> {
        if let Some(text) = &part.text {
            return Ok(Self::Here(text.clone()));
        }
        let file = part.file.ok_or(io::ErrorKind::NotFound)?;
        let mut file = File::from_std(body.bodies.open(&body.id, file)?);
        file.seek(SeekFrom::Start(part.start)).await?;
        Ok(Self::File(file, part.length))
    }

    async fn next(&mut self) -> io::Result<Option<Vec<u8>>> {
        match self {
            Self::Here(text) if text.is_empty() => Ok(None),
            Self::Here(text) => Ok(Some(std::mem::take(text))),
            Self::File(_, 0) => Ok(None),
            Self::File(file, left) => {
                let size = usize::try_from(*left)
                    .unwrap_or(usize::MAX)
                    .min(PIECE_BYTES);
                let mut piece = vec![0; size];
                file.read_exact(&mut piece).await?;
                *left -= size as u64;
                Ok(Some(piece))
            }
        }
    }
}

impl PartReader {
    async fn next(&mut self) -> io::Result<Option<Vec<u8>>> {
        let piece = self.reader.next().await?;
        let Some((decoder, levels)) = &mut self.decoding else {
            return Ok(piece);
        };
        let mut decoded = Vec::new();
        let outcome = match (piece, decoder.as_mut()) {
            (_, None) => return Ok(None),
            (Some(piece), Some(decoder)) => decoder.update(&piece, &mut decoded),
            (None, Some(_)) => decoder
                .take()
                .map_or(Ok(()), |decoder| decoder.finish(&mut decoded)),
        };
        outcome.map_err(|_| io::ErrorKind::InvalidData)?;
        if !self.is_begun && !decoded.is_empty() {
            self.is_begun = true;
            if decoded.starts_with(BYTE_ORDER_MARK) {
                decoded.drain(..BYTE_ORDER_MARK.len());
            }
        }
        for _ in 0..*levels {
            decoded = escaped(&decoded);
        }
        Ok(Some(decoded))
    }
}

impl<'b> BodyReader<'b> {
    fn new(body: &'b Body, steps: VecDeque<BodyPiece<'b>>, form: Option<Form>) -> Self {
        Self {
            body,
            steps,
            source: None,
            form,
        }
    }

    /// The next bytes, perhaps none; `None` at the end.
    pub async fn next(&mut self) -> io::Result<Option<Vec<u8>>> {
        let Some(bytes) = self.next_as_it_came().await? else {
            return Ok(self.form.take().map(Form::finish));
        };
        Ok(Some(match &mut self.form {
            Some(form) => form.decode(&bytes),
            None => bytes,
        }))
    }

    async fn next_as_it_came(&mut self) -> io::Result<Option<Vec<u8>>> {
        loop {
            if let Some(source) = &mut self.source {
                if let Some(piece) = source.next().await? {
                    return Ok(Some(piece));
                }
                self.source = None;
            }
            let (part, decoding) = match self.steps.pop_front() {
                None => return Ok(None),
                Some(BodyPiece::Bytes(bytes)) => return Ok(Some(bytes)),
                Some(BodyPiece::Text([])) => continue,
                Some(BodyPiece::Text(text)) => {
                    let (piece, rest) = text.split_at(text.len().min(PIECE_BYTES));
                    self.steps.push_front(BodyPiece::Text(rest));
                    return Ok(Some(piece.to_vec()));
                }
                Some(BodyPiece::Part(part)) => (part, None),
                Some(BodyPiece::Decoded(part, levels)) => {
                    (part, Some((Some(Base64Decoder::new()), levels)))
                }
            };
            self.source = Some(PartReader {
                reader: Reader::open(self.body, part).await?,
                decoding,
                is_begun: false,
            });
        }
    }
}

/// Bytes escaped for a JSON string.
fn escaped(bytes: &[u8]) -> Vec<u8> {
    let mut escaped = Vec::with_capacity(bytes.len() + bytes.len() / 8);
    for byte in bytes {
        push_escaped(*byte, &mut escaped);
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_form_with_json_in_a_field_carries_json() {
        let base64 = format!("source=x&data=eyJ{}", "A".repeat(10_000));
        for body in ["payload=%7B", "a=b&payload=%5b", "p={", base64.as_str()] {
            assert!(carries_json(body.as_bytes()), "{}", &body[..11]);
        }
        for body in [
            "a=b",
            "{\"a\":\"b=%7B\"}",
            "=%7B",
            "hello world=%7B",
            "a=eyJ",
        ] {
            assert!(!carries_json(body.as_bytes()), "{body}");
        }
    }

    #[test]
    fn a_text_is_opened_only_when_it_is_its_whole_string() {
        for (text, expected) in [
            ("{\"a\":\"TOKEN\"}", Some((5, 12, 0))),
            (
                "{\"a\":\"data:application/json;base64,TOKEN\"}",
                Some((5, 41, 0)),
            ),
            ("{\\\"a\\\":\\\"TOKEN\\\"}", Some((7, 16, 1))),
            ("{\"a\":\"x TOKEN\"}", None),
            ("{\"a\":\"TOKEN x\"}", None),
            ("{\"a\":\\\"TOKEN\"}", None),
        ] {
            let start = text.find("TOKEN").unwrap();
            let found = quoted(text, start, start + 5);
            let found = found.map(|found| (found.start, found.end, found.levels));
            assert_eq!(found, expected, "{text}");
        }
    }
}
