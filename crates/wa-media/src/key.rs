//! The media key, and the keys derived from it.

use hkdf::Hkdf;
use sha2::Sha256;
use subtle::ConstantTimeEq as _;
use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::KeyKind;

/// The 32-byte key of one media. Never printed; erased from memory on drop; compared in constant time.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct MediaKey([u8; 32]);

impl MediaKey {
    /// Takes the bytes.
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The bytes.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Expands the key under a label: HKDF-SHA256 without salt, 112 bytes, of which the last 32 are unused.
    pub fn expand(&self, kind: KeyKind) -> MediaKeys {
        let mut okm = [0; 112];
        Hkdf::<Sha256>::new(None, &self.0)
            .expand(kind.info().as_bytes(), &mut okm)
            .expect("112 bytes are within HKDF's limit of 255 hashes");
        let mut keys = MediaKeys {
            iv: [0; 16],
            cipher_key: [0; 32],
            mac_key: [0; 32],
        };
        keys.iv.copy_from_slice(&okm[..16]);
        keys.cipher_key.copy_from_slice(&okm[16..48]);
        keys.mac_key.copy_from_slice(&okm[48..80]);
        okm.zeroize();
        keys
    }
}

impl PartialEq for MediaKey {
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl Eq for MediaKey {}

impl std::fmt::Debug for MediaKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("MediaKey(…)")
    }
}

/// The keys derived from a media key.
#[derive(Zeroize, ZeroizeOnDrop)]
pub struct MediaKeys {
    /// The initialisation vector.
    pub iv: [u8; 16],
    /// For AES-256-CBC.
    pub cipher_key: [u8; 32],
    /// For HMAC-SHA256.
    pub mac_key: [u8; 32],
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_never_printed() {
        assert_eq!(format!("{:?}", MediaKey::new([7; 32])), "MediaKey(…)");
    }

    #[test]
    fn a_key_has_the_bytes_that_it_was_made_of() {
        let bytes = std::array::from_fn(|at| u8::try_from(at).unwrap());
        assert_eq!(MediaKey::new(bytes).as_bytes(), &bytes);
        assert_eq!(MediaKey::new(bytes).clone().as_bytes(), &bytes);
    }

    #[test]
    fn keys_are_equal_when_all_bytes_are() {
        let key = MediaKey::new([7; 32]);
        assert_eq!(key, key.clone());
        for at in 0..32 {
            let mut other = [7; 32];
            other[at] = 6;
            assert_ne!(key, MediaKey::new(other), "byte {at}");
        }
    }
}
