//! Verifies bytes that should be decrypted already, as gateways deliver them.

use sha2::{Digest as _, Sha256};

use crate::form::{self, Page};
use crate::mac::TrailingMac;
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
pub struct PlainVerifier {
    expected: Expected,
    hints: PlainHints,
    sha256: Sha256,
    mac: Option<TrailingMac>,
    head: Vec<u8>,
    size_bytes: u64,
}

impl PlainVerifier {
    /// A verifier without bytes.
    pub fn new(expected: Expected, hints: PlainHints) -> Self {
        let key = hints.media_key.as_ref();
        let mac = key.map(|key| TrailingMac::new(key, hints.key_kind));
        Self {
            expected,
            hints,
            sha256: Sha256::new(),
            mac,
            head: Vec::new(),
            size_bytes: 0,
        }
    }

    /// Takes the next bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        self.sha256.update(bytes);
        if let Some(mac) = &mut self.mac {
            mac.update(bytes);
        }
        let room = HEAD_BYTES - self.head.len();
        self.head.extend_from_slice(&bytes[..room.min(bytes.len())]);
        self.size_bytes += bytes.len() as u64;
    }

    /// SHA-256 of the bytes so far.
    pub fn sha256(&self) -> [u8; 32] {
        self.sha256.clone().finalize().into()
    }

    /// Verifies.
    pub fn finish(self) -> Result<Verified, Refusal> {
        let sha256: [u8; 32] = self.sha256.finalize().into();
        let verification = match self.expected.sha256 {
            Some(promised) if promised == sha256 => Verification::Full,
            Some(_) | None => {
                let encrypted = self.expected.enc_sha256 == Some(sha256)
                    || self.mac.is_some_and(TrailingMac::matches);
                if encrypted {
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
            media_key: Some(MediaKey::new([7; 32])),
            key_kind: kind.into(),
        };
        let outcomes = [1, 7, 4_096].map(|piece| {
            let mut verifier = PlainVerifier::new(expected.clone(), hints.clone());
            bytes.chunks(piece).for_each(|chunk| verifier.update(chunk));
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

    #[cfg(feature = "encrypt")]
    #[test]
    fn an_encrypted_file_gives_itself_away_by_its_mac() {
        let body =
            crate::encrypt::encrypt(&MediaKey::new([7; 32]), KeyKind::Audio, &[5; 5_000]).body;
        assert_eq!(
            verify(&body, Expected::default(), MediaKind::Audio, "audio/ogg"),
            Err(Refusal::StillEncrypted)
        );
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
