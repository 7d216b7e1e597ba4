//! Decodes base64 piece by piece, as files inside JSON have it: either alphabet, padded or not, with line breaks,
//! JSON escapes, or a `data:` prefix.

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

pub(crate) const ENGINE: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// No `data:` prefix is longer.
const LONGEST_PREFIX: usize = 1_024;
const PREFIX: &[u8] = b"data:";
const PREFIX_END: &[u8] = b"base64,";
/// The most `=` at the end.
const MOST_PADDING: u8 = 2;
/// Bytes decoded at once.
const BLOCK: usize = 8 << 10;

/// The text is not base64.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the text is not base64")]
pub struct NotBase64;

/// Decodes base64 in pieces of any size. Constant memory.
pub struct Base64Decoder {
    place: Place,
    escape: Escape,
    /// Characters to decode, in the standard alphabet.
    waiting: Vec<u8>,
    padding: u8,
}

/// The position in the text.
enum Place {
    /// At the beginning, perhaps in a `data:` prefix.
    Beginning(Vec<u8>),
    Data,
}

/// The part of an escape read so far, such as `\/` or `\u002b`.
#[derive(Clone, Copy)]
enum Escape {
    None,
    /// One backslash, or several in JSON inside of a JSON string.
    Begun,
    /// The digits of `\uXXXX`: how many, and their value.
    Digits(u8, u32),
    /// The digits of `%XX` in an address or a form: how many, and their value.
    Percent(u8, u8),
}

impl Default for Base64Decoder {
    fn default() -> Self {
        Self::new()
    }
}

impl Base64Decoder {
    /// A decoder at the beginning of a text.
    pub fn new() -> Self {
        Self {
            place: Place::Beginning(Vec::new()),
            escape: Escape::None,
            waiting: Vec::with_capacity(BLOCK),
            padding: 0,
        }
    }

    /// Takes the next piece of the text, and appends the decoded bytes.
    pub fn update(&mut self, text: &[u8], decoded: &mut Vec<u8>) -> Result<(), NotBase64> {
        for &byte in text {
            match (self.escape, byte) {
                (Escape::None | Escape::Begun, b'\\') => self.escape = Escape::Begun,
                (Escape::None, b'%') => self.escape = Escape::Percent(0, 0),
                (Escape::None, byte) => self.letter(byte, decoded)?,
                (Escape::Percent(count, value), byte) => {
                    let digit = char::from(byte).to_digit(16).ok_or(NotBase64)?;
                    let value = value << 4 | u8::try_from(digit).map_err(|_| NotBase64)?;
                    self.escape = Escape::Percent(count + 1, value);
                    if count == 1 {
                        self.escape = Escape::None;
                        self.letter(value, decoded)?;
                    }
                }
                (Escape::Begun, b'u') => self.escape = Escape::Digits(0, 0),
                (Escape::Begun, byte) => {
                    self.escape = Escape::None;
                    let letter = match byte {
                        b'/' => b'/',
                        b'n' | b'r' | b't' => b' ',
                        _ => return Err(NotBase64),
                    };
                    self.letter(letter, decoded)?;
                }
                (Escape::Digits(count, value), byte) => {
                    let digit = char::from(byte).to_digit(16).ok_or(NotBase64)?;
                    let value = value << 4 | digit;
                    self.escape = Escape::Digits(count + 1, value);
                    if count == 3 {
                        self.escape = Escape::None;
                        let letter = u8::try_from(value).map_err(|_| NotBase64)?;
                        self.letter(letter, decoded)?;
                    }
                }
            }
        }
        Ok(())
    }

    /// Decodes the rest.
    pub fn finish(mut self, decoded: &mut Vec<u8>) -> Result<(), NotBase64> {
        if let Place::Beginning(begun) = std::mem::replace(&mut self.place, Place::Data) {
            for byte in begun {
                self.data(byte, decoded)?;
            }
        }
        // Padding that was added twice is that of two letters.
        let is_padded = match self.padding {
            0..=2 => true,
            padding => padding == 2 * MOST_PADDING && self.waiting.len() % 4 == 2,
        };
        match self.escape {
            Escape::None if is_padded => self.flush(decoded),
            _ => Err(NotBase64),
        }
    }

    fn letter(&mut self, letter: u8, decoded: &mut Vec<u8>) -> Result<(), NotBase64> {
        let Place::Beginning(begun) = &mut self.place else {
            return self.data(letter, decoded);
        };
        begun.push(letter);
        // Schemes and encoding names ignore case.
        let is = |part: &[u8], known: &[u8]| part.eq_ignore_ascii_case(known);
        let begins = begun.len() >= PREFIX.len() && is(&begun[..PREFIX.len()], PREFIX);
        if begins {
            let end = begun.len().saturating_sub(PREFIX_END.len());
            if is(&begun[end..], PREFIX_END) {
                self.place = Place::Data;
            } else if begun.len() > LONGEST_PREFIX {
                return Err(NotBase64);
            }
        } else if !PREFIX
            .get(..begun.len())
            .is_some_and(|known| is(begun, known))
        {
            let begun = std::mem::take(begun);
            self.place = Place::Data;
            for byte in begun {
                self.data(byte, decoded)?;
            }
        }
        Ok(())
    }

    fn data(&mut self, letter: u8, decoded: &mut Vec<u8>) -> Result<(), NotBase64> {
        let letter = match letter {
            b'-' => b'+',
            b'_' => b'/',
            b'=' if self.padding < 2 * MOST_PADDING => {
                self.padding += 1;
                return Ok(());
            }
            letter if letter.is_ascii_whitespace() => return Ok(()),
            b'+' | b'/' | b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' => letter,
            _ => return Err(NotBase64),
        };
        if self.padding > 0 {
            return Err(NotBase64);
        }
        self.waiting.push(letter);
        if self.waiting.len() == BLOCK {
            self.flush(decoded)?;
        }
        Ok(())
    }

    fn flush(&mut self, decoded: &mut Vec<u8>) -> Result<(), NotBase64> {
        ENGINE
            .decode_vec(&self.waiting, decoded)
            .map_err(|_| NotBase64)?;
        self.waiting.clear();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decode(text: &[u8], piece: usize) -> Result<Vec<u8>, NotBase64> {
        let mut decoder = Base64Decoder::new();
        let mut decoded = Vec::new();
        for piece in text.chunks(piece) {
            decoder.update(piece, &mut decoded)?;
        }
        decoder.finish(&mut decoded)?;
        Ok(decoded)
    }

    #[test]
    fn every_way_of_writing_gives_the_same_bytes_in_any_pieces() {
        let bytes: Vec<u8> = (0..40_000_u32)
            .map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8)
            .collect();
        let standard = base64::prelude::BASE64_STANDARD.encode(&bytes);
        let lines: Vec<_> = standard
            .as_bytes()
            .chunks(76)
            .map(|line| std::str::from_utf8(line).unwrap())
            .collect();
        for text in [
            standard.clone(),
            standard.trim_end_matches('=').to_owned(),
            base64::prelude::BASE64_URL_SAFE_NO_PAD.encode(&bytes),
            standard.replace('/', "\\/"),
            standard.replace('/', "\\\\\\/"),
            standard.replace('+', "\\u002b").replace('=', "\\u003D"),
            lines.join("\r\n"),
            lines.join("\\n"),
            format!("data:image/jpeg;base64,{standard}"),
            standard
                .replace('+', "%2B")
                .replace('/', "%2f")
                .replace('=', "%3D"),
            format!("data%3Aimage%2Fjpeg;base64%2C{standard}"),
            format!("data:image\\/jpeg;base64,{standard}"),
            format!("DATA:image/jpeg;charset=utf-8;Base64,{standard}"),
        ] {
            for piece in [1, 7, 4_096, 1 << 20] {
                assert!(
                    decode(text.as_bytes(), piece) == Ok(bytes.clone()),
                    "{}",
                    &text[..40]
                );
            }
        }
        assert_eq!(decode(b"", 1), Ok(Vec::new()));
        assert_eq!(
            decode(b"ZGF0YQ", 3),
            Ok(b"data".to_vec()),
            "begins almost like a prefix"
        );
        assert_eq!(decode(b"data", 1).unwrap().len(), 3);
        for (text, bytes) in [
            ("QQ====", &b"A"[..]),
            ("QUI==", b"AB"),
            ("QQ%3D%3D==", b"A"),
        ] {
            assert_eq!(decode(text.as_bytes(), 2), Ok(bytes.to_vec()), "{text}");
        }
    }

    #[test]
    fn invalid_base64_is_refused() {
        for text in [
            "AAAA!AAA",
            "AAAA=AAA",
            "A",
            "AAAAA",
            "AAA===",
            "AAA====",
            "AA=====",
            "AAAA%",
            "AAAA%2",
            "AAAA%2x",
            "AAAA%21",
            "AAAA\\",
            "AAAA\\u00",
            "AAAA\\q",
            "AAAA\\u00e9",
            "data:image/jpeg,AAAA",
        ] {
            for piece in [1, 100] {
                assert_eq!(decode(text.as_bytes(), piece), Err(NotBase64), "{text}");
            }
        }
    }
}
