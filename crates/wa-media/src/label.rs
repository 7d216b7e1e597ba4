//! Finds the label under which a file was encrypted, when it is not the declared one.
//!
//! Senders' upload caches ignore types, so a document may be a file that was encrypted as a photo.

use aes::Aes256Dec;
use cbc::cipher::{Array, BlockModeDecrypt as _, KeyIvInit as _};

use crate::mac::TrailingMac;
use crate::{KeyKind, MediaKey, form};

/// The labels of people's files, the most likely mistake first.
const CANDIDATES: [KeyKind; 4] = [
    KeyKind::Image,
    KeyKind::Video,
    KeyKind::Audio,
    KeyKind::Document,
];

/// Finds the label under which an encrypted file's MAC is right.
///
/// For use after [`Cause::WrongKey`](crate::Cause::WrongKey), with the same bytes a second time; then decrypt them
/// with [`Decryptor::of_proven_label`](crate::Decryptor::of_proven_label). Constant memory.
pub struct LabelFinder(Vec<(KeyKind, TrailingMac)>);

impl LabelFinder {
    /// A finder for the message's key.
    pub fn new(key: &MediaKey) -> Self {
        Self(
            CANDIDATES
                .map(|kind| (kind, TrailingMac::new(key, kind)))
                .into(),
        )
    }

    /// Takes the next bytes of the encrypted file.
    pub fn update(&mut self, ciphertext: &[u8]) {
        self.0
            .iter_mut()
            .for_each(|(_, mac)| mac.update(ciphertext));
    }

    /// The label that fits, if any does.
    pub fn finish(self) -> Option<KeyKind> {
        let mut labels = self.0.into_iter();
        labels.find_map(|(kind, mac)| mac.matches().then_some(kind))
    }
}

/// A guess from the first block: the declared label, unless a known kind of file begins only under another one.
pub(crate) fn guess(key: &MediaKey, declared: KeyKind, ciphertext: &[u8; 16]) -> KeyKind {
    let begins_well = |kind: KeyKind| {
        let keys = key.expand(kind);
        let mut first = Array::from(*ciphertext);
        cbc::Decryptor::<Aes256Dec>::new(&keys.cipher_key.into(), &keys.iv.into())
            .decrypt_block(&mut first);
        form::begins_like_a_known_file(&first.into())
    };
    if !CANDIDATES.contains(&declared) || begins_well(declared) {
        return declared;
    }
    CANDIDATES
        .into_iter()
        .find(|kind| *kind != declared && begins_well(*kind))
        .unwrap_or(declared)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::known_answer::{FILE, key};

    #[test]
    fn the_label_is_found_by_the_code_alone() {
        let found = |key: &MediaKey, file: &[u8]| {
            let mut finder = LabelFinder::new(key);
            file.chunks(7).for_each(|piece| finder.update(piece));
            finder.finish()
        };
        assert_eq!(found(&key(), &FILE), Some(KeyKind::Image));
        assert_eq!(found(&key(), &FILE[..26]), None);
        assert_eq!(found(&key(), &[]), None);
        assert_eq!(found(&MediaKey::new([7; 32]), &FILE), None);
    }
}
