//! Verifies bytes that should be decrypted already, as gateways deliver them.

use sha2::{Digest as _, Sha256};

use crate::blocks::BLOCK_BYTES;
use crate::form::{self, Page};
use crate::mac::{MAC_BYTES, TrailingMac};
use crate::proof::HEAD_BYTES;
use crate::{Expected, KeyKind, MediaKey, MediaKind, Refusal, Verification, Verified};

/// Further declarations, which give a precise refusal when the message has no hash.
#[derive(Clone, Debug)]
pub struct PlainHints {
    /// The declared kind.
    pub kind: MediaKind,
    /// The declared type.
    pub mime: Option<String>,
    /// The declared name.
    pub file_name: Option<String>,
    /// The key, which recognises an encrypted file by its MAC.
    pub media_key: Option<MediaKey>,
    /// The label of the key.
    pub key_kind: KeyKind,
}

/// Takes the bytes in pieces of any size and verifies them at the end. Constant memory.
///
/// A promised hash alone decides. Without one, bytes that are certainly something else are refused (no bytes, a web
/// page, a JSON text, the encrypted file), and the rest is accepted as unproven. The declared length is ignored,
/// because senders write any number there.
///
/// The MAC, which recognises the encrypted file, is a second hash of all bytes: it is computed in a second reading, and
/// only where it decides.
pub struct PlainVerifier {
    expected: Expected,
    hints: PlainHints,
    sha256: Sha256,
    second: Option<SecondReading>,
    head: Vec<u8>,
    size_bytes: u64,
}

struct SecondReading {
    mac: TrailingMac,
    size_bytes: u64,
}

impl PlainVerifier {
    /// A verifier without bytes.
    pub fn new(expected: Expected, hints: PlainHints) -> Self {
        Self {
            expected,
            hints,
            sha256: Sha256::new(),
            second: None,
            head: Vec::new(),
            size_bytes: 0,
        }
    }

    /// Takes the next bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        self.sha256.update(bytes);
        let room = HEAD_BYTES - self.head.len();
        self.head.extend_from_slice(&bytes[..room.min(bytes.len())]);
        self.size_bytes += bytes.len() as u64;
    }

    /// SHA-256 of the bytes so far.
    pub fn sha256(&self) -> [u8; 32] {
        self.sha256.clone().finalize().into()
    }

    /// Whether only their MAC can say that the bytes are the encrypted file. Then pass all of them to
    /// [`PlainVerifier::read_again`] before the end.
    pub fn needs_second_reading(&self) -> bool {
        let sha256 = Some(self.sha256());
        let is_known = [self.expected.sha256, self.expected.enc_sha256].contains(&sha256);
        !is_known && self.hints.media_key.is_some() && has_encrypted_length(self.size_bytes)
    }

    /// Takes the next bytes of the second reading.
    pub fn read_again(&mut self, bytes: &[u8]) {
        let Some(key) = &self.hints.media_key else {
            return;
        };
        let second = self.second.get_or_insert_with(|| SecondReading {
            mac: TrailingMac::new(key, self.hints.key_kind),
            size_bytes: 0,
        });
        second.mac.update(bytes);
        second.size_bytes += bytes.len() as u64;
    }

    /// Verifies. Bytes that need a second reading, and did not get it, are refused as encrypted.
    pub fn finish(mut self) -> Result<Verified, Refusal> {
        let needs_second_reading = self.needs_second_reading();
        let second = self.second.take();
        let has_mac = || {
            let whole = second.filter(|second| second.size_bytes == self.size_bytes);
            whole.is_none_or(|second| second.mac.matches())
        };
        let sha256: [u8; 32] = self.sha256.finalize().into();
        let verification = match self.expected.sha256 {
            Some(promised) if promised == sha256 => Verification::Full,
            Some(_) | None => {
                let is_encrypted =
                    self.expected.enc_sha256 == Some(sha256) || needs_second_reading && has_mac();
                if is_encrypted {
                    return Err(Refusal::StillEncrypted);
                }
                if let Some(refusal) = something_else(&self.head, &self.hints) {
                    return Err(refusal);
                }
                if self.expected.sha256.is_some() {
                    return Err(Refusal::PlainHashMismatch);
                }
                Verification::Unproven
            }
        };
        Ok(Verified {
            sha256,
            size_bytes: self.size_bytes,
            verification,
            head: self.head,
        })
    }
}

/// Whether an encrypted file can have this length: whole blocks and a MAC.
fn has_encrypted_length(size_bytes: u64) -> bool {
    let (block, mac) = (BLOCK_BYTES as u64, MAC_BYTES as u64);
    size_bytes >= block + mac && (size_bytes - mac).is_multiple_of(block)
}

fn something_else(head: &[u8], hints: &PlainHints) -> Option<Refusal> {
    if head.is_empty() {
        return Some(Refusal::Empty);
    }
    let page = form::page(head)?;
    if hints.kind == MediaKind::Document
        && form::is_declared_text(hints.mime.as_deref(), hints.file_name.as_deref())
    {
        return None;
    }
    Some(match page {
        Page::Html => Refusal::Html,
        Page::Json => Refusal::Json,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::known_answer::{FILE, FILE_SHA256, PLAIN, PLAIN_SHA256, key};

    fn verify(
        bytes: &[u8],
        expected: Expected,
        kind: MediaKind,
        mime: &str,
    ) -> Result<Verification, Refusal> {
        let hints = PlainHints {
            kind,
            mime: Some(mime.to_owned()),
            file_name: None,
            media_key: Some(key()),
            key_kind: kind.into(),
        };
        let outcomes = [1, 7, 4_096].map(|piece| {
            let mut verifier = PlainVerifier::new(expected.clone(), hints.clone());
            bytes.chunks(piece).for_each(|chunk| verifier.update(chunk));
            if verifier.needs_second_reading() {
                let chunks = bytes.chunks(piece + 1);
                chunks.for_each(|chunk| verifier.read_again(chunk));
            }
            verifier.finish().map(|verified| verified.verification())
        });
        assert!(outcomes.iter().all(|outcome| *outcome == outcomes[0]));
        outcomes[0].clone()
    }

    #[test]
    fn a_promised_hash_decides() {
        let sha256 = Some(Sha256::digest(b"{\"a\":1}").into());
        let expected = Expected {
            sha256,
            ..Expected::default()
        };
        assert_eq!(
            verify(
                b"{\"a\":1}",
                expected.clone(),
                MediaKind::Image,
                "image/jpeg"
            ),
            Ok(Verification::Full)
        );
        assert_eq!(
            verify(
                b"\xff\xd8\xff",
                expected.clone(),
                MediaKind::Image,
                "image/jpeg"
            ),
            Err(Refusal::PlainHashMismatch)
        );
        assert_eq!(
            verify(b"<html>", expected, MediaKind::Image, "image/jpeg"),
            Err(Refusal::Html)
        );
    }

    #[test]
    fn without_a_hash_pages_and_nothing_are_refused() {
        let none = Expected::default;
        assert_eq!(
            verify(b"", none(), MediaKind::Audio, "audio/ogg"),
            Err(Refusal::Empty)
        );
        assert_eq!(
            verify(
                b"\n <!DOCTYPE html><p>",
                none(),
                MediaKind::Audio,
                "audio/ogg"
            ),
            Err(Refusal::Html)
        );
        assert_eq!(
            verify(
                b"{\"error\":true}",
                none(),
                MediaKind::Document,
                "application/pdf"
            ),
            Err(Refusal::Json)
        );
        assert_eq!(
            verify(
                b"{\"a\":1}",
                none(),
                MediaKind::Document,
                "application/json"
            ),
            Ok(Verification::Unproven)
        );
        assert_eq!(
            verify(b"OggS", none(), MediaKind::Audio, "audio/ogg"),
            Ok(Verification::Unproven)
        );
    }

    #[test]
    fn an_encrypted_file_gives_itself_away_by_its_mac() {
        let image =
            |bytes: &[u8]| verify(bytes, Expected::default(), MediaKind::Image, "image/jpeg");
        assert_eq!(image(&FILE), Err(Refusal::StillEncrypted));
        // Every bit of it, so a wrong half of the code is as good as another file.
        for bit in 0..FILE.len() * 8 {
            let mut altered = FILE;
            altered[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(image(&altered), Ok(Verification::Unproven), "bit {bit}");
        }
        // The label belongs to the code.
        let as_video = verify(&FILE, Expected::default(), MediaKind::Video, "video/mp4");
        assert_eq!(as_video, Ok(Verification::Unproven));
    }

    fn begun(bytes: &[u8], expected: Expected) -> PlainVerifier {
        let hints = PlainHints {
            kind: MediaKind::Image,
            mime: None,
            file_name: None,
            media_key: Some(key()),
            key_kind: KeyKind::Image,
        };
        let mut verifier = PlainVerifier::new(expected, hints);
        verifier.update(bytes);
        verifier
    }

    #[test]
    fn a_second_reading_is_needed_only_where_the_mac_decides() {
        let plain = [5; FILE.len()];
        let (encrypted, other) = (&FILE[..], &plain[..]);
        let hash = |bytes: &[u8]| Some(Sha256::digest(bytes).into());
        for (bytes, sha256, enc_sha256, needs) in [
            (encrypted, None, None, true),
            (encrypted, hash(b"x"), None, true),
            (encrypted, hash(b"x"), hash(b"y"), true),
            (encrypted, hash(b"x"), Some(FILE_SHA256), false),
            (encrypted, Some(FILE_SHA256), None, false),
            (other, hash(other), hash(encrypted), false),
            (other, None, None, true),
            (&other[1..], None, None, false),
            (&other[..10], None, None, false),
        ] {
            let begun = || begun(bytes, Expected { sha256, enc_sha256 });
            let verifier = begun();
            assert_eq!(verifier.needs_second_reading(), needs);
            if !needs {
                continue;
            }
            // Nothing is accepted without it, nor with another length.
            assert_eq!(verifier.finish().unwrap_err(), Refusal::StillEncrypted);
            for again in [
                &bytes[..bytes.len() / 2],
                &bytes[..bytes.len() - 1],
                &[bytes, &[0]].concat(),
                &[bytes, bytes].concat(),
            ] {
                let mut verifier = begun();
                verifier.read_again(again);
                assert_eq!(verifier.finish().unwrap_err(), Refusal::StillEncrypted);
            }
        }
    }

    #[test]
    fn a_whole_second_reading_decides() {
        let plain = [5; FILE.len()];
        for (bytes, refusal) in [
            (&FILE[..], Some(Refusal::StillEncrypted)),
            (&plain[..], None),
        ] {
            for size in 1..=bytes.len() {
                let mut verifier = begun(bytes, Expected::default());
                let pieces = bytes.chunks(size);
                pieces.for_each(|piece| verifier.read_again(piece));
                assert_eq!(verifier.finish().err(), refusal, "pieces of {size}");
            }
        }
    }

    #[test]
    fn without_a_key_no_second_reading_is_needed_or_taken() {
        let mut verifier = begun(&FILE, Expected::default());
        verifier.hints.media_key = None;
        assert!(!verifier.needs_second_reading());
        verifier.read_again(&FILE);
        let verified = verifier.finish().unwrap();
        assert_eq!(verified.verification(), Verification::Unproven);
    }

    #[test]
    fn an_encrypted_file_is_at_least_a_block_and_a_mac_long() {
        let lengths: Vec<u64> = (0..100)
            .filter(|size| has_encrypted_length(*size))
            .collect();
        assert_eq!(lengths, [26, 42, 58, 74, 90]);
        assert!(has_encrypted_length((1 << 40) + 10));
        assert!(!has_encrypted_length((1 << 40) + 9));
        assert!(!has_encrypted_length((1 << 40) + 11));
        assert!(!has_encrypted_length(u64::MAX));
    }

    #[test]
    fn hash_length_and_beginning_are_of_all_bytes() {
        for size in [1, 8_191, 8_192, 8_193, 20_000] {
            let bytes: Vec<u8> = (0..size)
                .map(|at: u32| at.to_le_bytes()[0] | 0x80)
                .collect();
            let sha256: [u8; 32] = Sha256::digest(&bytes).into();
            for piece in [1, 4_096, 8_191, 8_192, 8_193, 65_536] {
                let mut verifier = begun(&[], Expected::default());
                bytes.chunks(piece).for_each(|piece| verifier.update(piece));
                assert_eq!(verifier.sha256(), sha256);
                let verified = verifier.finish().unwrap();
                assert_eq!(verified.sha256(), &sha256);
                assert_eq!(verified.size_bytes(), u64::from(size));
                assert_eq!(verified.head(), &bytes[..bytes.len().min(8_192)]);
            }
        }
    }

    #[test]
    fn the_hash_so_far_is_the_known_one() {
        let mut verifier = begun(&PLAIN[..3], Expected::default());
        assert_ne!(verifier.sha256(), PLAIN_SHA256);
        verifier.update(&PLAIN[3..]);
        assert_eq!(verifier.sha256(), PLAIN_SHA256);
        assert_eq!(verifier.finish().unwrap().sha256(), &PLAIN_SHA256);
    }

    #[test]
    fn an_encrypted_file_gives_itself_away_by_its_hash() {
        let enc_sha256 = Some(Sha256::digest(b"cipher").into());
        let expected = Expected {
            sha256: Some([0; 32]),
            enc_sha256,
        };
        assert_eq!(
            verify(b"cipher", expected, MediaKind::Audio, "audio/ogg"),
            Err(Refusal::StillEncrypted)
        );
    }
}
