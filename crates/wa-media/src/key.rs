//! The media key, and the three keys that are derived from it.

use hkdf::Hkdf;
use sha2::Sha256;
use subtle::ConstantTimeEq as _;
use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::KeyKind;

/// The 32 bytes that a message brings for one media. Never printed; wiped when dropped; compared in constant time.
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

    /// Expands the key under a label: HKDF-SHA256 without salt, 112 bytes, of which the last 32 are not used
    /// for content.
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

/// What a media key is expanded to.
#[derive(Zeroize, ZeroizeOnDrop)]
pub struct MediaKeys {
    /// The first block's predecessor.
    pub iv: [u8; 16],
    /// For AES-256-CBC.
    pub cipher_key: [u8; 32],
    /// For HMAC-SHA256.
    pub mac_key: [u8; 32],
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    #[test]
    fn keys_expand_to_the_known_answers() {
        let key = MediaKey::new(std::array::from_fn(|i| u8::try_from(i).unwrap()));
        for (kind, iv, cipher, mac) in [
            (
                KeyKind::Image,
                "aa6a127218397cbd2383e4ccf7176a79",
                "008c9aea9b7c5d81",
                "91d09ffec108833c",
            ),
            (
                KeyKind::Video,
                "f1dee5782cc4e2e7b07233b1e25de59b",
                "8564567ee06fa700",
                "259ad46118adcf3c",
            ),
            (
                KeyKind::Audio,
                "13f8935709c20e2e8b0680f81b0dd5fb",
                "a61016c0347747b7",
                "9ec93580944b6656",
            ),
            (
                KeyKind::Document,
                "25e9d370804de0bb33ea5db79453db66",
                "b75c2bed8e162ad6",
                "94a393dafdca1265",
            ),
            (
                KeyKind::StickerPack,
                "a072467b14dfc2656b07a90a93b30166",
                "62bceb3e0caf6287",
                "7e2d2176345ad047",
            ),
            (
                KeyKind::GroupHistory,
                "a1a11bcadd6e04232de1b1f303f28f1f",
                "36298c906389b22e",
                "2f899fdbdc8e23b4",
            ),
        ] {
            let keys = key.expand(kind);
            assert_eq!(hex(&keys.iv), iv);
            assert_eq!(hex(&keys.cipher_key[..8]), cipher);
            assert_eq!(hex(&keys.mac_key[..8]), mac);
        }
    }

    #[test]
    fn a_key_is_never_printed() {
        assert_eq!(format!("{:?}", MediaKey::new([7; 32])), "MediaKey(…)");
    }
}
