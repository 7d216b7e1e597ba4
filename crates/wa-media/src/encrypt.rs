//! Encryption, for simulators and tests.

use aes::Aes256;
use cbc::cipher::{Array, BlockModeEncrypt as _, KeyIvInit as _};
use hmac::{Hmac, Mac as _};
use sha2::{Digest as _, Sha256};

use crate::mac::{self, MAC_BYTES};
use crate::{KeyKind, MediaKey};

const BLOCK_BYTES: usize = 16;

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
    cipher: cbc::Encryptor<Aes256>,
    mac: Hmac<Sha256>,
    sha256: Sha256,
    enc_sha256: Sha256,
    /// Plaintext that does not fill a block yet.
    rest: Vec<u8>,
}

impl Encryptor {
    /// An encryptor at the beginning of a file.
    pub fn new(key: &MediaKey, kind: KeyKind) -> Self {
        let keys = key.expand(kind);
        Self {
            cipher: cbc::Encryptor::new(&keys.cipher_key.into(), &keys.iv.into()),
            mac: mac::begin(&keys),
            sha256: Sha256::new(),
            enc_sha256: Sha256::new(),
            rest: Vec::with_capacity(BLOCK_BYTES),
        }
    }

    /// Takes the next plaintext, and appends the ciphertext.
    pub fn update(&mut self, plaintext: &[u8], ciphertext: &mut Vec<u8>) {
        self.sha256.update(plaintext);
        let start = ciphertext.len();
        ciphertext.append(&mut self.rest);
        ciphertext.extend_from_slice(plaintext);
        let whole = (ciphertext.len() - start) / BLOCK_BYTES * BLOCK_BYTES;
        self.rest.extend(ciphertext.drain(start + whole..));
        self.encrypt(&mut ciphertext[start..]);
    }

    /// Pads, and appends the last block and the MAC. Returns the SHA-256 of the plaintext and of the file.
    pub fn finish(mut self, ciphertext: &mut Vec<u8>) -> ([u8; 32], [u8; 32]) {
        let start = ciphertext.len();
        let padding = BLOCK_BYTES - self.rest.len();
        ciphertext.append(&mut self.rest);
        ciphertext.resize(start + BLOCK_BYTES, u8::try_from(padding).unwrap_or(0));
        self.encrypt(&mut ciphertext[start..]);
        let tag = self.mac.finalize().into_bytes();
        self.enc_sha256.update(&tag[..MAC_BYTES]);
        ciphertext.extend_from_slice(&tag[..MAC_BYTES]);
        (
            self.sha256.finalize().into(),
            self.enc_sha256.finalize().into(),
        )
    }

    fn encrypt(&mut self, blocks: &mut [u8]) {
        let (whole, _) = Array::slice_as_chunks_mut(blocks);
        self.cipher.encrypt_blocks(whole);
        self.mac.update(blocks);
        self.enc_sha256.update(&*blocks);
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
