//! The message authentication code at the end of an encrypted file.

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use crate::{KeyKind, MediaKey, MediaKeys};

/// The length of the code at the file's end.
pub(crate) const MAC_BYTES: usize = 10;

/// A code that includes the IV, which is not in the file.
pub(crate) fn begin(keys: &MediaKeys) -> Hmac<Sha256> {
    let mut mac =
        Hmac::<Sha256>::new_from_slice(&keys.mac_key).expect("HMAC takes keys of any length");
    mac.update(&keys.iv);
    mac
}

/// Checks that the last ten bytes of a file, in pieces of any size, are its code.
pub(crate) struct TrailingMac {
    mac: Hmac<Sha256>,
    tail: Vec<u8>,
}

impl TrailingMac {
    pub fn new(key: &MediaKey, kind: KeyKind) -> Self {
        Self {
            mac: begin(&key.expand(kind)),
            tail: Vec::with_capacity(2 * MAC_BYTES),
        }
    }

    pub fn update(&mut self, bytes: &[u8]) {
        if bytes.len() >= MAC_BYTES {
            let (body, tail) = bytes.split_at(bytes.len() - MAC_BYTES);
            self.mac.update(&self.tail);
            self.mac.update(body);
            self.tail.clear();
            self.tail.extend_from_slice(tail);
        } else {
            self.tail.extend_from_slice(bytes);
            let over = self.tail.len().saturating_sub(MAC_BYTES);
            self.mac.update(&self.tail[..over]);
            self.tail.drain(..over);
        }
    }

    pub fn matches(self) -> bool {
        self.tail.len() == MAC_BYTES && self.mac.verify_truncated_left(&self.tail).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::known_answer::{CODE_OF_NOTHING, FILE, key};

    fn matches_in_pieces(pieces: &[&[u8]]) -> bool {
        let mut mac = TrailingMac::new(&key(), KeyKind::Image);
        pieces.iter().for_each(|piece| mac.update(piece));
        mac.matches()
    }

    fn matches(file: &[u8]) -> bool {
        let outcomes = [1, 9, 10, 11, 4_096].map(|size| {
            let pieces: Vec<_> = file.chunks(size).collect();
            matches_in_pieces(&pieces)
        });
        assert!(outcomes.iter().all(|outcome| *outcome == outcomes[0]));
        outcomes[0]
    }

    #[test]
    fn the_code_is_found_in_pieces_of_any_size() {
        for second in 0..=FILE.len() {
            let (start, rest) = FILE.split_at(second);
            for third in 0..=rest.len() {
                let (middle, end) = rest.split_at(third);
                assert!(
                    matches_in_pieces(&[start, middle, end]),
                    "{} and {} and {}",
                    start.len(),
                    middle.len(),
                    end.len()
                );
            }
        }
    }

    #[test]
    fn every_bit_of_blocks_and_code_counts() {
        for bit in 0..FILE.len() * 8 {
            let mut altered = FILE;
            altered[bit / 8] ^= 1 << (bit % 8);
            assert!(!matches(&altered), "bit {bit}");
        }
    }

    #[test]
    fn half_of_a_code_is_none() {
        let [first, second] = [32..37, 37..42];
        for half in [first, second] {
            let mut altered = FILE;
            altered[half.clone()].fill(0);
            assert!(!matches(&altered), "{half:?}");
        }
    }

    #[test]
    fn a_byte_more_or_less_is_no_code() {
        for other in [
            &FILE[1..],
            &FILE[..41],
            &[&FILE[..], &[0]].concat(),
            &[&[0], &FILE[..]].concat(),
        ] {
            assert!(!matches(other), "{other:?}");
        }
    }

    #[test]
    fn what_is_shorter_than_a_code_is_none() {
        for length in 0..CODE_OF_NOTHING.len() {
            let is_code = length == MAC_BYTES;
            assert_eq!(matches(&CODE_OF_NOTHING[..length]), is_code, "{length}");
        }
    }

    #[test]
    fn another_key_or_label_has_another_code() {
        for (key, kind) in [
            (key(), KeyKind::Video),
            (MediaKey::new([7; 32]), KeyKind::Image),
        ] {
            let mut mac = TrailingMac::new(&key, kind);
            mac.update(&FILE);
            assert!(!mac.matches(), "{kind:?}");
        }
    }
}
