//! AES-256-CBC of plaintext in pieces of any size.

use aes::Aes256;
use cbc::cipher::{Array, BlockModeEncrypt as _, KeyIvInit as _};

use crate::MediaKeys;

pub(crate) const BLOCK_BYTES: usize = 16;

/// Encrypts whole blocks, and keeps what does not fill one yet.
pub(crate) struct BlockEncryptor {
    cipher: cbc::Encryptor<Aes256>,
    rest: Vec<u8>,
}

impl BlockEncryptor {
    pub fn new(keys: &MediaKeys) -> Self {
        Self {
            cipher: cbc::Encryptor::new(&keys.cipher_key.into(), &keys.iv.into()),
            rest: Vec::with_capacity(BLOCK_BYTES),
        }
    }

    /// Appends the ciphertext of the blocks that are whole now.
    pub fn update(&mut self, plaintext: &[u8], ciphertext: &mut Vec<u8>) {
        let start = ciphertext.len();
        ciphertext.append(&mut self.rest);
        ciphertext.extend_from_slice(plaintext);
        let whole = (ciphertext.len() - start) / BLOCK_BYTES * BLOCK_BYTES;
        self.rest.extend(ciphertext.drain(start + whole..));
        let (blocks, _) = Array::slice_as_chunks_mut(&mut ciphertext[start..]);
        self.cipher.encrypt_blocks(blocks);
    }

    /// How many bytes fill the block that is not whole: 1 to 16.
    #[cfg(any(feature = "encrypt", test))]
    pub fn missing_bytes(&self) -> usize {
        BLOCK_BYTES - self.rest.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::KeyKind;
    use crate::known_answer::{FILE, PLAIN, key};

    #[test]
    fn blocks_are_appended_as_soon_as_they_are_whole() {
        let padded = [PLAIN.as_slice(), &[15; 15]].concat();
        let before = [7; 40];
        for size in 1..=padded.len() {
            let mut encryptor = BlockEncryptor::new(&key().expand(KeyKind::Image));
            let mut ciphertext = before.to_vec();
            let mut taken = 0;
            for piece in padded.chunks(size) {
                encryptor.update(piece, &mut ciphertext);
                taken += piece.len();
                let whole = &FILE[..taken / BLOCK_BYTES * BLOCK_BYTES];
                assert_eq!(
                    ciphertext,
                    [before.as_slice(), whole].concat(),
                    "pieces of {size}"
                );
            }
        }
    }

    #[test]
    fn a_whole_block_is_missing_after_whole_blocks() {
        for (taken, missing) in [(0, 16), (1, 15), (15, 1), (16, 16), (17, 15), (31, 1)] {
            let mut encryptor = BlockEncryptor::new(&key().expand(KeyKind::Image));
            encryptor.update(&vec![0; taken], &mut Vec::new());
            assert_eq!(encryptor.missing_bytes(), missing, "after {taken}");
        }
    }
}
