//! Encryption, for simulators, for tests, and to recompute the hash of an encrypted file from its plaintext.

use hmac::{Hmac, Mac as _};
use sha2::{Digest as _, Sha256};

use crate::blocks::{BLOCK_BYTES, BlockEncryptor};
use crate::mac::{self, MAC_BYTES};
use crate::{KeyKind, MediaKey};

/// An encrypted file with the hashes that a message would declare.
#[derive(Clone, Debug)]
pub struct Encrypted {
    /// Ciphertext and its ten-byte MAC.
    pub body: Vec<u8>,
    /// SHA-256 of the plaintext.
    pub sha256: [u8; 32],
    /// SHA-256 of the body.
    pub enc_sha256: [u8; 32],
}

/// Takes plaintext in pieces of any size and returns the encrypted file. Constant memory.
pub struct Encryptor {
    blocks: BlockEncryptor,
    mac: Hmac<Sha256>,
    sha256: Sha256,
    enc_sha256: Sha256,
}

impl Encryptor {
    /// An encryptor at the beginning of a file.
    pub fn new(key: &MediaKey, kind: KeyKind) -> Self {
        let keys = key.expand(kind);
        Self {
            blocks: BlockEncryptor::new(&keys),
            mac: mac::begin(&keys),
            sha256: Sha256::new(),
            enc_sha256: Sha256::new(),
        }
    }

    /// Takes the next plaintext, and appends the ciphertext.
    pub fn update(&mut self, plaintext: &[u8], ciphertext: &mut Vec<u8>) {
        self.sha256.update(plaintext);
        self.encrypt(plaintext, ciphertext);
    }

    /// Pads, and appends the last block and the MAC. Returns the SHA-256 of the plaintext and of the file.
    pub fn finish(mut self, ciphertext: &mut Vec<u8>) -> ([u8; 32], [u8; 32]) {
        let padding = self.blocks.missing_bytes();
        self.encrypt(
            &vec![u8::try_from(padding).unwrap_or(0); padding],
            ciphertext,
        );
        let tag = self.mac.finalize().into_bytes();
        self.enc_sha256.update(&tag[..MAC_BYTES]);
        ciphertext.extend_from_slice(&tag[..MAC_BYTES]);
        (
            self.sha256.finalize().into(),
            self.enc_sha256.finalize().into(),
        )
    }

    fn encrypt(&mut self, plaintext: &[u8], ciphertext: &mut Vec<u8>) {
        let start = ciphertext.len();
        self.blocks.update(plaintext, ciphertext);
        self.mac.update(&ciphertext[start..]);
        self.enc_sha256.update(&ciphertext[start..]);
    }
}

/// The length of the encrypted file for this length of plaintext.
pub fn encrypted_bytes(plaintext_bytes: u64) -> u64 {
    (plaintext_bytes / BLOCK_BYTES as u64 + 1) * BLOCK_BYTES as u64 + MAC_BYTES as u64
}

/// Encrypts as WhatsApp does: AES-256-CBC with PKCS#7, then the first ten bytes of HMAC-SHA256 over IV and ciphertext.
pub fn encrypt(key: &MediaKey, kind: KeyKind, plaintext: &[u8]) -> Encrypted {
    let mut encryptor = Encryptor::new(key, kind);
    let mut body = Vec::with_capacity(plaintext.len() + 2 * BLOCK_BYTES + MAC_BYTES);
    encryptor.update(plaintext, &mut body);
    let (sha256, enc_sha256) = encryptor.finish(&mut body);
    Encrypted {
        body,
        sha256,
        enc_sha256,
    }
}
