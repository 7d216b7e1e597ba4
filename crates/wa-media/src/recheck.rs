//! The hash of a refused file, without the file: CBC is deterministic, so the plaintext gives the received bytes back.

use sha2::{Digest as _, Sha256};

use crate::blocks::BlockEncryptor;
use crate::{Cause, Checks, Expected, Failure, KeyKind, MediaKey};

/// The values to hash the encrypted file from its plaintext.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Unhashed {
    pub key: MediaKey,
    /// The label that was used.
    pub kind: KeyKind,
    /// The received bytes after those that were decrypted.
    pub tail: Vec<u8>,
    pub expected: Expected,
}

/// Hashes a refused file from the plaintext that [`Decryptor::update`](crate::Decryptor::update) returned, and finds the
/// cause. Constant memory. See [`Failure::recheck`].
pub struct Recheck {
    failure: Failure,
    unhashed: Unhashed,
    blocks: BlockEncryptor,
    enc_sha256: Sha256,
    ciphertext: Vec<u8>,
}

impl Recheck {
    pub(crate) fn new(failure: Failure, unhashed: Unhashed) -> Self {
        Self {
            blocks: BlockEncryptor::new(&unhashed.key.expand(unhashed.kind)),
            enc_sha256: Sha256::new(),
            ciphertext: Vec::new(),
            failure,
            unhashed,
        }
    }

    /// Takes the next bytes of the plaintext, in pieces of any size.
    pub fn update(&mut self, plaintext: &[u8]) {
        self.blocks.update(plaintext, &mut self.ciphertext);
        self.enc_sha256.update(&self.ciphertext);
        self.ciphertext.clear();
    }

    /// The failure with its exact cause.
    pub fn finish(self) -> Failure {
        let received = self.enc_sha256.chain_update(&self.unhashed.tail);
        let Failure {
            mut cause,
            mut checks,
            ..
        } = self.failure;
        // The other checks were made of bytes that were never encrypted.
        let mut of_file = Checks::default();
        match of_file.compare_encrypted(&self.unhashed.expected, received.finalize().into()) {
            Err(not_encrypted) => (cause, checks) = (not_encrypted, of_file),
            Ok(()) => {
                checks.enc_sha256 = of_file.enc_sha256;
                if cause == Cause::Corrupt && checks.enc_sha256 == Some(true) {
                    cause = Cause::WrongKey;
                }
            }
        }
        Failure {
            cause,
            checks,
            unhashed: None,
        }
    }
}
