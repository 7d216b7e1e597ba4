//! Texts without their escapes, with the place of each byte in the text that they are from.

use std::ops::Range;

pub(super) struct Decoded {
    pub text: Vec<u8>,
    /// Where each byte begins in the outer text, and the end of that.
    places: Vec<usize>,
}

impl Decoded {
    /// The inside of a JSON string. What is no escape stays as it is.
    pub fn of_string(raw: &[u8]) -> Self {
        Self::new(raw, |raw| match raw {
            [b'\\', b'u', rest @ ..] => escaped_letter(rest).map_or_else(
                || (vec![b'\\'], 1),
                |(letter, length)| (letter.to_string().into_bytes(), 2 + length),
            ),
            [b'\\', letter, ..] => {
                let plain = match letter {
                    b'n' => b'\n',
                    b'r' => b'\r',
                    b't' => b'\t',
                    b'b' => 8,
                    b'f' => 12,
                    letter => *letter,
                };
                (vec![plain], 2)
            }
            [letter, ..] => (vec![*letter], 1),
            [] => (Vec::new(), 1),
        })
    }

    /// A name or a value of a form.
    pub fn of_form(raw: &[u8]) -> Self {
        Self::new(raw, |raw| match raw {
            [b'+', ..] => (vec![b' '], 1),
            [b'%', digits @ ..] => match digits.get(..2).and_then(hexadecimal) {
                Some(byte) => (vec![byte.to_le_bytes()[0]], 3),
                None => (vec![b'%'], 1),
            },
            [letter, ..] => (vec![*letter], 1),
            [] => (Vec::new(), 1),
        })
    }

    /// `next` reads one letter at the beginning: its bytes, and its length in the outer text.
    fn new(raw: &[u8], next: impl Fn(&[u8]) -> (Vec<u8>, usize)) -> Self {
        let mut decoded = Self {
            text: Vec::with_capacity(raw.len()),
            places: Vec::with_capacity(raw.len() + 1),
        };
        let mut at = 0;
        while at < raw.len() {
            let (bytes, length) = next(&raw[at..]);
            decoded.places.extend(bytes.iter().map(|_| at));
            decoded.text.extend(bytes);
            at += length;
        }
        decoded.places.push(raw.len());
        decoded
    }

    /// A range of the text in the outer one.
    pub fn outer(&self, range: Range<usize>) -> Range<usize> {
        self.places[range.start]..self.places[range.end]
    }
}

fn hexadecimal(digits: &[u8]) -> Option<u16> {
    let is_all = digits.iter().all(u8::is_ascii_hexdigit);
    let digits = std::str::from_utf8(digits).ok().filter(|_| is_all)?;
    u16::from_str_radix(digits, 16).ok()
}

/// The letter of the digits behind `\u`, and their length; half of a pair is a replacement character.
fn escaped_letter(rest: &[u8]) -> Option<(char, usize)> {
    let first = hexadecimal(rest.get(..4)?)?;
    let second = rest
        .get(4..10)
        .and_then(|rest| rest.strip_prefix(b"\\u"))
        .and_then(hexadecimal);
    if let (0xd800..=0xdbff, Some(second)) = (first, second)
        && let Some(Ok(letter)) = char::decode_utf16([first, second]).next()
    {
        return Some((letter, 10));
    }
    Some((char::from_u32(first.into()).unwrap_or('\u{fffd}'), 4))
}
