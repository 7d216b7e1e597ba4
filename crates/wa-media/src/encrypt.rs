//! The encrypting half, for simulators and tests.

use aes::Aes256;
use cbc::Encryptor;
use cbc::cipher::block_padding::Pkcs7;
use cbc::cipher::{BlockModeEncrypt as _, KeyIvInit as _};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::{Digest as _, Sha256};

use crate::{KeyKind, MediaKey};

/// An encrypted file with the hashes that a message would tell.
#[derive(Clone, Debug)]
pub struct Encrypted {
    /// Ciphertext and the ten bytes of its MAC.
    pub body: Vec<u8>,
    /// SHA-256 of the plaintext.
    pub sha256: [u8; 32],
    /// SHA-256 of the body.
    pub enc_sha256: [u8; 32],
}

/// Encrypts as WhatsApp does: AES-256-CBC with PKCS#7, then the first ten bytes of HMAC-SHA256 over IV and ciphertext.
pub fn encrypt(key: &MediaKey, kind: KeyKind, plaintext: &[u8]) -> Encrypted {
    let keys = key.expand(kind);
    let cipher = Encryptor::<Aes256>::new(&keys.cipher_key.into(), &keys.iv.into());
    let mut body = cipher.encrypt_padded_vec::<Pkcs7>(plaintext);
    let mut mac =
        Hmac::<Sha256>::new_from_slice(&keys.mac_key).expect("HMAC takes keys of any length");
    mac.update(&keys.iv);
    mac.update(&body);
    body.extend_from_slice(&mac.finalize().into_bytes()[..10]);
    Encrypted {
        sha256: Sha256::digest(plaintext).into(),
        enc_sha256: Sha256::digest(&body).into(),
        body,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_encrypted_to_the_known_answer() {
        let key = MediaKey::new(std::array::from_fn(|i| u8::try_from(i).unwrap()));
        let body = encrypt(&key, KeyKind::Image, b"").body;
        let hex: String = body.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(hex, "d86dbcfed371684274c26215fc53dc72cb480389e6f95d2b38d9");
    }
}
