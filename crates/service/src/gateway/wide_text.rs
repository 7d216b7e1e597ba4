//! Bodies in UTF-16 and UTF-32, which are read as UTF-8.

/// The first bytes of JSON.
const JSON_STARTS: &[u8] = b"{[\" \t\r\n";
/// So many first bytes show the encoding.
const HEAD_BYTES: usize = 4;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Encoding {
    Utf16 { is_big_endian: bool },
    Utf32 { is_big_endian: bool },
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
}

/// Converts a body while it arrives. What is no character becomes U+FFFD.
pub struct WideText {
    encoding: Encoding,
    /// The bytes of a character that is not complete.
    rest: Vec<u8>,
    is_begun: bool,
}

impl WideText {
    /// `None` for a body that is not in UTF-16 or UTF-32, by its first bytes.
    pub fn detect(head: &[u8]) -> Option<Self> {
        Some(Self {
            encoding: Encoding::detect(head)?,
            rest: Vec::new(),
            is_begun: false,
        })
    }

    /// Takes the next bytes; returns UTF-8 without a byte order mark.
    pub fn update(&mut self, bytes: &[u8]) -> Vec<u8> {
        self.rest.extend_from_slice(bytes);
        let taken = match self.encoding {
            Encoding::Utf16 { is_big_endian } => self.take_utf16(is_big_endian),
            Encoding::Utf32 { is_big_endian } => self.take_utf32(is_big_endian),
        };
        self.without_mark(taken)
    }

    /// The last bytes: none, unless the body was cut off in a character.
    pub fn finish(self) -> Vec<u8> {
        let is_cut = !self.rest.is_empty();
        let last = is_cut.then_some(char::REPLACEMENT_CHARACTER);
        last.map(String::from).unwrap_or_default().into_bytes()
    }

    fn take_utf16(&mut self, is_big_endian: bool) -> String {
        let read = |pair: &[u8; 2]| match is_big_endian {
            true => u16::from_be_bytes(*pair),
            false => u16::from_le_bytes(*pair),
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
        let letters = char::decode_utf16(units);
        letters
            .map(|letter| letter.unwrap_or(char::REPLACEMENT_CHARACTER))
            .collect()
    }

    fn take_utf32(&mut self, is_big_endian: bool) -> String {
        let read = |four: &[u8; 4]| match is_big_endian {
            true => u32::from_be_bytes(*four),
            false => u32::from_le_bytes(*four),
        };
        let (fours, _) = self.rest.as_chunks::<4>();
        let letter = |four| char::from_u32(read(four)).unwrap_or(char::REPLACEMENT_CHARACTER);
        let text: String = fours.iter().map(letter).collect();
        let taken = fours.len() * 4;
        self.rest.drain(..taken);
        text
    }

    fn without_mark(&mut self, text: String) -> Vec<u8> {
        let is_begun = self.is_begun;
        self.is_begun |= !text.is_empty();
        match text.strip_prefix('\u{feff}') {
            Some(text) if !is_begun => text.as_bytes().to_vec(),
            _ => text.into_bytes(),
        }
    }
}

/// A whole body as UTF-8; `None` when it is not in UTF-16 or UTF-32.
pub(super) fn to_utf8(body: &[u8]) -> Option<Vec<u8>> {
    let mut wide = WideText::detect(body)?;
    let mut text = wide.update(body);
    text.extend(wide.finish());
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "{\"legenda\":\"ação 😀\"}";

    fn utf16(text: &str, is_big_endian: bool) -> Vec<u8> {
        let bytes = |unit: u16| match is_big_endian {
            true => unit.to_be_bytes(),
            false => unit.to_le_bytes(),
        };
        text.encode_utf16().flat_map(bytes).collect()
    }

    fn utf32(text: &str, is_big_endian: bool) -> Vec<u8> {
        let bytes = |letter: char| match is_big_endian {
            true => u32::from(letter).to_be_bytes(),
            false => u32::from(letter).to_le_bytes(),
        };
        text.chars().flat_map(bytes).collect()
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
                        read.extend(wide.finish());
                        assert_eq!(read, TEXT.as_bytes(), "{length}");
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
}
