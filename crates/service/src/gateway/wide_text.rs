//! Bodies in UTF-16 and UTF-32, which are read as UTF-8.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// The first bytes of JSON.
const JSON_STARTS: &[u8] = b"{[\" \t\r\n";
/// So many first bytes show the encoding.
const HEAD_BYTES: usize = 4;
/// A body whose defects take more cannot be written again as it came: some 1.4 million, each in three bytes.
const MOST_DEFECT_BYTES: usize = 4 << 20;
const MARK: char = '\u{feff}';

#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
enum Encoding {
    Utf16 { is_big_endian: bool },
    Utf32 { is_big_endian: bool },
}

/// How a body was written before it became UTF-8.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct WideForm {
    encoding: Encoding,
    /// Whether it began with a byte order mark.
    has_mark: bool,
    /// Of a body that an earlier version stored.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    defects: Vec<Defect>,
    /// [`Defects`] in base64.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    packed: String,
}

/// Bytes that were no character.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
struct Defect {
    /// The offset of the U+FFFD in their place.
    at: usize,
    /// In base64.
    bytes: String,
}

/// All defects of a body, in few bytes: of each the distance from the one before in groups of seven bits, its length, and its
/// bytes.
#[derive(Default)]
struct Defects {
    packed: Vec<u8>,
    last_at: usize,
}

impl Defects {
    fn push(&mut self, at: usize, bytes: &[u8]) {
        let mut distance = at - self.last_at;
        self.last_at = at;
        while distance >= 0x80 {
            self.packed.push(0x80 | (distance & 0x7f).to_le_bytes()[0]);
            distance >>= 7;
        }
        self.packed.push(distance.to_le_bytes()[0]);
        // At most the three bytes of a character that is cut off, or four that are none.
        self.packed.push(bytes.len().to_le_bytes()[0]);
        self.packed.extend_from_slice(bytes);
    }
}

/// The defects of a form, in their order.
struct DefectReader {
    packed: Vec<u8>,
    read: usize,
    last_at: usize,
    next: Option<(usize, Vec<u8>)>,
}

impl DefectReader {
    fn new(form: &WideForm) -> Self {
        let mut defects = Defects {
            packed: STANDARD.decode(&form.packed).unwrap_or_default(),
            last_at: 0,
        };
        for earlier in &form.defects {
            defects.push(
                earlier.at,
                &STANDARD.decode(&earlier.bytes).unwrap_or_default(),
            );
        }
        let mut reader = Self {
            packed: defects.packed,
            read: 0,
            last_at: 0,
            next: None,
        };
        reader.advance();
        reader
    }

    /// The bytes in place of the character at this offset, if it stands for a defect.
    fn take(&mut self, at: usize) -> Option<Vec<u8>> {
        let (_, bytes) = self.next.take_if(|(next, _)| *next == at)?;
        self.advance();
        Some(bytes)
    }

    fn advance(&mut self) {
        self.next = self.read_one();
    }

    fn read_one(&mut self) -> Option<(usize, Vec<u8>)> {
        let (mut distance, mut shift) = (0_usize, 0);
        loop {
            let byte = self.byte()?;
            distance |= usize::from(byte & 0x7f).checked_shl(shift)?;
            shift += 7;
            if byte < 0x80 {
                break;
            }
        }
        self.last_at = self.last_at.checked_add(distance)?;
        let length = usize::from(self.byte()?);
        let bytes = self.packed.get(self.read..self.read + length)?.to_vec();
        self.read += length;
        Some((self.last_at, bytes))
    }

    fn byte(&mut self) -> Option<u8> {
        let byte = *self.packed.get(self.read)?;
        self.read += 1;
        Some(byte)
    }
}

impl Encoding {
    /// By the byte order mark, or by the zeros around the first character of JSON, which is ASCII (RFC 4627, section 3).
    fn detect(head: &[u8]) -> Option<Self> {
        let is_start = |byte: &u8| JSON_STARTS.contains(byte);
        let (is_big_endian, is_long) = match head.get(..HEAD_BYTES)? {
            [0, 0, 0xfe, 0xff] => (true, true),
            [0xff, 0xfe, 0, 0] => (false, true),
            [0xfe, 0xff, ..] => (true, false),
            [0xff, 0xfe, ..] => (false, false),
            [0, 0, 0, start] if is_start(start) => (true, true),
            [start, 0, 0, 0] if is_start(start) => (false, true),
            [0, start, 0, next] if is_start(start) && *next != 0 => (true, false),
            [start, 0, next, 0] if is_start(start) && *next != 0 => (false, false),
            _ => return None,
        };
        Some(if is_long {
            Self::Utf32 { is_big_endian }
        } else {
            Self::Utf16 { is_big_endian }
        })
    }

    fn write(self, letter: char, out: &mut Vec<u8>) {
        match self {
            Self::Utf16 { is_big_endian } => {
                for unit in letter.encode_utf16(&mut [0; 2]) {
                    out.extend(bytes_of_unit(*unit, is_big_endian));
                }
            }
            Self::Utf32 {
                is_big_endian: true,
            } => out.extend(u32::from(letter).to_be_bytes()),
            Self::Utf32 {
                is_big_endian: false,
            } => out.extend(u32::from(letter).to_le_bytes()),
        }
    }
}

fn bytes_of_unit(unit: u16, is_big_endian: bool) -> [u8; 2] {
    if is_big_endian {
        unit.to_be_bytes()
    } else {
        unit.to_le_bytes()
    }
}

/// Converts a body while it arrives. What is no character becomes U+FFFD.
pub struct WideText {
    /// The bytes of a character that is not complete.
    rest: Vec<u8>,
    is_begun: bool,
    written_bytes: usize,
    form: WideForm,
    defects: Defects,
    has_more_defects: bool,
}

impl WideText {
    /// `None` for a body that is not in UTF-16 or UTF-32, by its first bytes.
    pub fn detect(head: &[u8]) -> Option<Self> {
        Some(Self {
            rest: Vec::new(),
            is_begun: false,
            written_bytes: 0,
            form: WideForm {
                encoding: Encoding::detect(head)?,
                has_mark: false,
                defects: Vec::new(),
                packed: String::new(),
            },
            defects: Defects::default(),
            has_more_defects: false,
        })
    }

    /// Takes the next bytes; returns UTF-8 without a byte order mark.
    pub fn update(&mut self, bytes: &[u8]) -> Vec<u8> {
        self.rest.extend_from_slice(bytes);
        let mut text = String::new();
        match self.form.encoding {
            Encoding::Utf16 { is_big_endian } => self.take_utf16(is_big_endian, &mut text),
            Encoding::Utf32 { is_big_endian } => self.take_utf32(is_big_endian, &mut text),
        }
        self.written_bytes += text.len();
        text.into_bytes()
    }

    /// The last bytes: none, unless the body was cut off in a character. The form is `None` if it cannot be written again.
    pub fn finish(mut self) -> (Vec<u8>, Option<WideForm>) {
        let mut last = String::new();
        let rest = std::mem::take(&mut self.rest);
        if !rest.is_empty() {
            self.push_defect(&rest, &mut last);
        }
        self.form.packed = STANDARD.encode(&self.defects.packed);
        let form = (!self.has_more_defects).then_some(self.form);
        (last.into_bytes(), form)
    }

    fn take_utf16(&mut self, is_big_endian: bool, text: &mut String) {
        let read = |pair: &[u8; 2]| {
            if is_big_endian {
                u16::from_be_bytes(*pair)
            } else {
                u16::from_le_bytes(*pair)
            }
        };
        let (pairs, _) = self.rest.as_chunks::<2>();
        let mut units: Vec<u16> = pairs.iter().map(read).collect();
        // The second half of a pair may come later.
        if units
            .last()
            .is_some_and(|unit| (0xd800..0xdc00).contains(unit))
        {
            units.pop();
        }
        self.rest.drain(..units.len() * 2);
        for letter in char::decode_utf16(units) {
            match letter {
                Ok(letter) => self.push(letter, text),
                Err(half) => self.push_defect(
                    &bytes_of_unit(half.unpaired_surrogate(), is_big_endian),
                    text,
                ),
            }
        }
    }

    fn take_utf32(&mut self, is_big_endian: bool, text: &mut String) {
        let rest = std::mem::take(&mut self.rest);
        let (fours, incomplete) = rest.as_chunks::<4>();
        for four in fours {
            let number = if is_big_endian {
                u32::from_be_bytes(*four)
            } else {
                u32::from_le_bytes(*four)
            };
            match char::from_u32(number) {
                Some(letter) => self.push(letter, text),
                None => self.push_defect(four, text),
            }
        }
        self.rest = incomplete.to_vec();
    }

    fn push(&mut self, letter: char, text: &mut String) {
        if !self.is_begun && letter == MARK {
            self.form.has_mark = true;
        } else {
            text.push(letter);
        }
        self.is_begun = true;
    }

    fn push_defect(&mut self, bytes: &[u8], text: &mut String) {
        if self.defects.packed.len() < MOST_DEFECT_BYTES {
            self.defects.push(self.written_bytes + text.len(), bytes);
        } else {
            self.has_more_defects = true;
        }
        text.push(char::REPLACEMENT_CHARACTER);
        self.is_begun = true;
    }
}

/// Writes a converted body again as it came.
pub struct Widening {
    encoding: Encoding,
    has_mark: bool,
    defects: DefectReader,
    /// The bytes of a character that is not complete.
    rest: Vec<u8>,
    read_bytes: usize,
}

impl Widening {
    pub fn new(form: &WideForm) -> Self {
        Self {
            encoding: form.encoding,
            has_mark: form.has_mark,
            defects: DefectReader::new(form),
            rest: Vec::new(),
            read_bytes: 0,
        }
    }

    /// Takes the next bytes of the UTF-8; they may end within a character.
    pub fn update(&mut self, bytes: &[u8]) -> Vec<u8> {
        let mut out = Vec::with_capacity(bytes.len() * 2);
        if std::mem::take(&mut self.has_mark) {
            self.encoding.write(MARK, &mut out);
        }
        self.rest.extend_from_slice(bytes);
        let rest = std::mem::take(&mut self.rest);
        let valid = match std::str::from_utf8(&rest) {
            Ok(text) => text,
            Err(error) => rest
                .get(..error.valid_up_to())
                .and_then(|valid| std::str::from_utf8(valid).ok())
                .unwrap_or_default(),
        };
        for (at, letter) in valid.char_indices() {
            match self.defects.take(self.read_bytes + at) {
                Some(bytes) => out.extend(bytes),
                None => self.encoding.write(letter, &mut out),
            }
        }
        self.read_bytes += valid.len();
        self.rest = rest.get(valid.len()..).unwrap_or_default().to_vec();
        out
    }
}

/// A whole body as UTF-8; `None` when it is not in UTF-16 or UTF-32.
pub fn to_utf8(body: &[u8]) -> Option<Vec<u8>> {
    let mut wide = WideText::detect(body)?;
    let mut text = wide.update(body);
    text.extend(wide.finish().0);
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "{\"legenda\":\"ação 😀\"}";

    fn utf16(text: &str, is_big_endian: bool) -> Vec<u8> {
        let bytes = |unit: u16| {
            if is_big_endian {
                unit.to_be_bytes()
            } else {
                unit.to_le_bytes()
            }
        };
        text.encode_utf16().flat_map(bytes).collect()
    }

    fn utf32(text: &str, is_big_endian: bool) -> Vec<u8> {
        let bytes = |letter: char| {
            if is_big_endian {
                u32::from(letter).to_be_bytes()
            } else {
                u32::from(letter).to_le_bytes()
            }
        };
        text.chars().flat_map(bytes).collect()
    }

    fn widened(text: &[u8], form: &WideForm, length: usize) -> Vec<u8> {
        let mut widening = Widening::new(form);
        let pieces = text.chunks(length);
        pieces.flat_map(|piece| widening.update(piece)).collect()
    }

    #[test]
    fn utf16_and_utf32_are_read_with_and_without_a_mark_in_pieces_of_any_length() {
        for mark in ["", "\u{feff}"] {
            let text = format!("{mark}{TEXT}");
            for is_big_endian in [false, true] {
                for body in [utf16(&text, is_big_endian), utf32(&text, is_big_endian)] {
                    assert_eq!(to_utf8(&body).unwrap(), TEXT.as_bytes());
                    for length in [1, 2, 3, 5, 7] {
                        let mut wide = WideText::detect(&body).unwrap();
                        let mut read: Vec<u8> = Vec::new();
                        for piece in body.chunks(length) {
                            read.extend(wide.update(piece));
                        }
                        let (last, form) = wide.finish();
                        read.extend(last);
                        assert_eq!(read, TEXT.as_bytes(), "{length}");
                        assert_eq!(widened(&read, &form.unwrap(), length), body, "{length}");
                    }
                }
            }
        }
    }

    #[test]
    fn other_bodies_are_not_taken_for_it() {
        for body in [
            TEXT.as_bytes(),
            b"\xef\xbb\xbf{}",
            b"",
            b"{\0",
            b"x\0y\0",
            b"\0x\0y",
            b"\0\0\0\0",
            b"--boundary\r\n",
            b"\x1f\x8b\x08\x00",
            b"payload=%7B%7D",
        ] {
            assert!(to_utf8(body).is_none(), "{body:?}");
        }
    }

    #[test]
    fn invalid_characters_are_replaced() {
        let mut body = utf16("{\"a\":\"x", false);
        body.extend(0xdc00_u16.to_le_bytes());
        body.extend(0xd83d_u16.to_le_bytes());
        body.extend(utf16("\"}", false));
        let text = String::from_utf8(to_utf8(&body).unwrap()).unwrap();
        assert_eq!(text, "{\"a\":\"x\u{fffd}\u{fffd}\"}");
        for cut in [1, 2] {
            let body = utf16("{\"a\":\"😀", false);
            let cut = to_utf8(&body[..body.len() - cut]).unwrap();
            assert_eq!(cut, "{\"a\":\"\u{fffd}".as_bytes());
        }
        let mut body = utf32("[\"", true);
        body.extend(0x11_0000_u32.to_be_bytes());
        assert_eq!(to_utf8(&body).unwrap(), "[\"\u{fffd}".as_bytes());
    }

    #[test]
    fn a_form_that_an_earlier_version_stored_is_read() {
        let form = r#"{"encoding":{"Utf16":{"is_big_endian":false}},"has_mark":false,"defects":[{"at":1,"bytes":"ANw="},{"at":4,"bytes":"ANw="}]}"#;
        let form: WideForm = serde_json::from_str(form).unwrap();
        let text = "{\u{fffd}\u{fffd}\u{fffd}";
        let body = widened(text.as_bytes(), &form, 3);
        assert_eq!(
            body,
            [b"{\0\0\xdc\0\xdc", &0xfffd_u16.to_le_bytes()[..]].concat()
        );
    }

    #[test]
    fn a_body_with_defects_is_written_again_as_it_came() {
        for is_big_endian in [false, true] {
            for mark in ["", "\u{feff}"] {
                let half = bytes_of_unit(0xdc00, is_big_endian);
                let mut body = utf16(&format!("{mark}{{\"é\":\"\u{fffd}"), is_big_endian);
                body.extend(half);
                body.extend(half);
                body.extend(utf16("😀\u{feff}", is_big_endian));
                body.push(b'\n');
                for length in [1, 3, 64] {
                    let mut wide = WideText::detect(&body).unwrap();
                    let pieces = body.chunks(length);
                    let mut text: Vec<u8> = pieces.flat_map(|piece| wide.update(piece)).collect();
                    let (last, form) = wide.finish();
                    text.extend(last);
                    assert_eq!(widened(&text, &form.unwrap(), length), body, "{length}");
                }
            }
        }
        let mut body = utf32("[\"", true);
        body.extend(0x11_0000_u32.to_be_bytes().repeat(MOST_DEFECT_BYTES / 6));
        let form = |body: &[u8]| {
            let mut wide = WideText::detect(body).unwrap();
            let text = wide.update(body);
            (text, wide.finish().1)
        };
        let (text, whole) = form(&body);
        assert_eq!(widened(&text, &whole.unwrap(), 4_093), body);
        body.extend(0x11_0000_u32.to_be_bytes().repeat(2));
        assert_eq!(form(&body).1, None);
    }
}
