//! Decrypts and verifies a file while it arrives, in one pass and constant memory.
//!
//! The file is `AES-256-CBC(PKCS#7(plaintext))` followed by the first ten bytes of `HMAC-SHA256(iv ‖ ciphertext)`;
//! `fileEncSha256` covers all of it, `fileSha256` the plaintext. The MAC is at the end, so plaintext comes out before
//! it is verified: do not use it before [`Decryptor::finish`] returned a [`Verified`].
//!
//! Where MAC, padding and `fileSha256` are right, `fileEncSha256` proves nothing more, and costs a third of the time. It
//! is computed only where the message promises no `fileSha256`, or when a check failed: see [`Failure::recheck`].

use aes::Aes256Dec;
use cbc::cipher::{Array, BlockModeDecrypt as _, KeyIvInit as _};
use hmac::{Hmac, Mac as _};
use sha2::{Digest as _, Sha256};

use crate::blocks::BLOCK_BYTES;
use crate::mac::{self, MAC_BYTES};
use crate::proof::HEAD_BYTES;
use crate::recheck::{Recheck, Unhashed};
use crate::{Expected, KeyKind, MediaKey, Verification, Verified, label};

/// The last block, for its padding, and the MAC: kept back until the end is known.
const TRAILER_BYTES: usize = BLOCK_BYTES + MAC_BYTES;
/// Fits the caches, and large enough for the cipher's parallel blocks.
const PIECE: usize = 64 << 10;

/// The results of the checks; `None` where nothing was compared: nothing was promised, an earlier check failed, or a
/// stronger proof made the check unnecessary.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Checks {
    /// SHA-256 of the encrypted file. Not compared where `sha256` is right, unless
    /// [every check](Decryptor::with_every_check) was wanted.
    pub enc_sha256: Option<bool>,
    /// The MAC at the file's end.
    pub mac: Option<bool>,
    /// Every byte of the PKCS#7 padding.
    pub padding: Option<bool>,
    /// SHA-256 of the plaintext.
    pub sha256: Option<bool>,
}

/// Why a file was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Cause {
    /// Not encrypted: the bytes have the promised plaintext hash. Channels do this, and send an unused key. Use
    /// [`PlainVerifier`](crate::PlainVerifier).
    #[error("the file is not encrypted")]
    NotEncrypted,
    /// Shorter than any encrypted file: 26 bytes.
    #[error("only {received} bytes, fewer than any encrypted file has")]
    TooShort {
        /// The received bytes.
        received: u64,
    },
    /// Not whole blocks and a MAC: cut short, or not an encrypted file.
    #[error("{received} bytes are not whole blocks and a MAC")]
    BadShape {
        /// The received bytes.
        received: u64,
    },
    /// Different bytes than the sender's: the MAC is wrong, or the only expected hash is.
    #[error("the bytes are not the ones that were sent")]
    Corrupt,
    /// The sender's bytes, but another key or label. Known only by the hash of the encrypted file.
    #[error("the bytes are right, but not for this key and type")]
    WrongKey,
    /// The sender's padding is wrong.
    #[error("the padding is malformed")]
    BadPadding,
    /// Decrypted correctly, but not to the promised plaintext.
    #[error("the plaintext does not have the promised hash")]
    PlainHashMismatch,
}

/// A refused file with the results of its checks.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{cause}")]
pub struct Failure {
    /// The cause.
    #[source]
    pub cause: Cause,
    /// The results of the checks.
    pub checks: Checks,
    pub(crate) unhashed: Option<Box<Unhashed>>,
}

impl Failure {
    /// When the encrypted file was not hashed, hashes it from the plaintext that came out so far, and finds the exact
    /// cause: until then [`Cause::WrongKey`] looks like [`Cause::Corrupt`], and [`Cause::NotEncrypted`] like any other.
    /// An error when the cause is final.
    pub fn recheck(mut self) -> Result<Recheck, Self> {
        match self.unhashed.take() {
            Some(unhashed) => Ok(Recheck::new(self, *unhashed)),
            None => Err(self),
        }
    }
}

/// A decrypted file.
#[derive(Clone, Debug)]
pub struct Decrypted {
    /// The proof.
    pub verified: Verified,
    /// The results of the checks. A wrong `enc_sha256` with a right `sha256` means that the message's hash is wrong.
    pub checks: Checks,
    /// The label that fits.
    pub key_kind: KeyKind,
}

/// Takes ciphertext in pieces of any size and returns plaintext.
///
/// Uses constant memory: under 16 KiB and the caller's buffer.
pub struct Decryptor {
    key: MediaKey,
    kind: KeyKind,
    /// Whether another label may be used when the first block fits only that one.
    may_guess: bool,
    expected: Expected,
    state: Option<State>,
    carry: Vec<u8>,
    received: u64,
    /// `None` when nothing depends on it, or nothing yet.
    enc_sha256: Option<Sha256>,
    sha256: Sha256,
    size_bytes: u64,
    head: Vec<u8>,
}

struct State {
    mac: Hmac<Sha256>,
    cipher: cbc::Decryptor<Aes256Dec>,
}

impl State {
    fn new(key: &MediaKey, kind: KeyKind) -> Self {
        let keys = key.expand(kind);
        Self {
            mac: mac::begin(&keys),
            cipher: cbc::Decryptor::new(&keys.cipher_key.into(), &keys.iv.into()),
        }
    }

    /// Decrypts whole blocks in place.
    fn decrypt(&mut self, blocks: &mut [u8]) {
        self.mac.update(blocks);
        let (blocks, _) = Array::slice_as_chunks_mut(blocks);
        self.cipher.decrypt_blocks(blocks);
    }
}

impl Decryptor {
    /// `kind` is the declared label. When the first block fits only another of the usual four labels, that one is
    /// used, because senders' caches sometimes send a file that was encrypted as another type. A file with an unknown
    /// beginning needs a second pass: see [`LabelFinder`](crate::LabelFinder).
    pub fn new(key: &MediaKey, kind: KeyKind, expected: Expected) -> Self {
        Self {
            may_guess: true,
            ..Self::of_proven_label(key, kind, expected)
        }
    }

    /// Like [`Decryptor::new`], but never uses another label.
    pub fn of_proven_label(key: &MediaKey, kind: KeyKind, expected: Expected) -> Self {
        let is_hash_needed = expected.sha256.is_none() && expected.enc_sha256.is_some();
        Self {
            key: key.clone(),
            kind,
            may_guess: false,
            expected,
            state: None,
            carry: Vec::with_capacity(TRAILER_BYTES + BLOCK_BYTES),
            received: 0,
            enc_sha256: is_hash_needed.then(Sha256::new),
            sha256: Sha256::new(),
            size_bytes: 0,
            head: Vec::new(),
        }
    }

    /// Also hashes the encrypted file where the plaintext's hash is the stronger proof. For use before the first byte.
    #[must_use]
    pub fn with_every_check(self) -> Self {
        Self {
            enc_sha256: Some(Sha256::new()),
            ..self
        }
    }

    /// The received bytes: where to resume an interrupted download.
    pub fn received_bytes(&self) -> u64 {
        self.received
    }

    /// Takes the next bytes of the file, and appends the decrypted ones.
    pub fn update(&mut self, ciphertext: &[u8], plaintext: &mut Vec<u8>) {
        if let Some(hash) = &mut self.enc_sha256 {
            hash.update(ciphertext);
        }
        self.received += ciphertext.len() as u64;
        for piece in ciphertext.chunks(PIECE) {
            self.take(piece, plaintext);
        }
    }

    fn take(&mut self, piece: &[u8], plaintext: &mut Vec<u8>) {
        let available = self.carry.len() + piece.len();
        let usable = available.saturating_sub(TRAILER_BYTES) / BLOCK_BYTES * BLOCK_BYTES;
        let start = plaintext.len();
        let carried = usable.min(self.carry.len());
        plaintext.extend_from_slice(&self.carry[..carried]);
        plaintext.extend_from_slice(&piece[..usable - carried]);
        self.carry.drain(..carried);
        self.carry.extend_from_slice(&piece[usable - carried..]);
        if usable > 0 {
            self.decrypt(&mut plaintext[start..]);
            self.note(&plaintext[start..]);
        }
    }

    fn decrypt(&mut self, blocks: &mut [u8]) {
        if self.state.is_none()
            && self.may_guess
            && let Some(first) = blocks.first_chunk()
        {
            self.kind = label::guess(&self.key, self.kind, first);
        }
        let state = self
            .state
            .get_or_insert_with(|| State::new(&self.key, self.kind));
        state.decrypt(blocks);
    }

    fn note(&mut self, plaintext: &[u8]) {
        self.sha256.update(plaintext);
        self.size_bytes += plaintext.len() as u64;
        let room = HEAD_BYTES - self.head.len();
        self.head
            .extend_from_slice(&plaintext[..room.min(plaintext.len())]);
    }

    /// Appends the last bytes and verifies. On an error nothing is appended, and the plaintext so far is invalid and of use
    /// for [`Failure::recheck`] only.
    pub fn finish(mut self, plaintext: &mut Vec<u8>) -> Result<Decrypted, Failure> {
        let hash = self.enc_sha256.take();
        let enc_sha256 = hash.map(|hash| <[u8; 32]>::from(hash.finalize()));
        let can_differ = enc_sha256.is_none() && self.expected != Expected::default();
        let unhashed = can_differ.then(|| Unhashed {
            key: self.key.clone(),
            kind: self.kind,
            tail: self.carry.clone(),
            expected: self.expected.clone(),
        });
        let mut checks = Checks::default();
        let start = plaintext.len();
        let checked = self.check(enc_sha256, &mut checks, plaintext);
        checked.map_err(|cause| {
            plaintext.truncate(start);
            Failure {
                cause,
                checks,
                unhashed: unhashed.map(Box::new),
            }
        })
    }

    fn check(
        mut self,
        enc_sha256: Option<[u8; 32]>,
        checks: &mut Checks,
        plaintext: &mut Vec<u8>,
    ) -> Result<Decrypted, Cause> {
        if let Some(enc_sha256) = enc_sha256 {
            checks.compare_encrypted(&self.expected, enc_sha256)?;
        }
        let received = self.received;
        if received < TRAILER_BYTES as u64 {
            return Err(Cause::TooShort { received });
        }
        let mut rest = std::mem::take(&mut self.carry);
        let tag = rest.split_off(rest.len() - MAC_BYTES);
        if !rest.len().is_multiple_of(BLOCK_BYTES) {
            return Err(Cause::BadShape { received });
        }
        self.decrypt(&mut rest);
        let state = self.state.take();
        checks.mac = Some(state.is_some_and(|state| state.mac.verify_truncated_left(&tag).is_ok()));
        let padding = padding_bytes(&rest);
        checks.padding = Some(padding.is_some());
        rest.truncate(rest.len() - padding.unwrap_or(0));
        self.note(&rest);
        plaintext.extend_from_slice(&rest);
        let sha256: [u8; 32] = std::mem::take(&mut self.sha256).finalize().into();
        checks.sha256 = self.expected.sha256.map(|promised| promised == sha256);
        let verification = judge(*checks)?;
        let verified = Verified {
            sha256,
            size_bytes: self.size_bytes,
            verification,
            head: self.head,
        };
        Ok(Decrypted {
            verified,
            checks: *checks,
            key_kind: self.kind,
        })
    }
}

impl Checks {
    /// Compares the hash of the encrypted file. An error when it is the promised hash of the plaintext.
    pub(crate) fn compare_encrypted(
        &mut self,
        expected: &Expected,
        enc_sha256: [u8; 32],
    ) -> Result<(), Cause> {
        self.enc_sha256 = expected.enc_sha256.map(|promised| promised == enc_sha256);
        if expected.sha256 == Some(enc_sha256) {
            self.sha256 = Some(true);
            return Err(Cause::NotEncrypted);
        }
        Ok(())
    }
}

/// The result of all checks. A right plaintext hash and MAC outweigh a wrong hash of the encrypted file: then only the
/// message's hash is wrong.
fn judge(checks: Checks) -> Result<Verification, Cause> {
    if checks.mac != Some(true) {
        return Err(match checks.enc_sha256 {
            Some(true) => Cause::WrongKey,
            _ => Cause::Corrupt,
        });
    }
    if checks.padding != Some(true) {
        return Err(Cause::BadPadding);
    }
    match (checks.sha256, checks.enc_sha256) {
        (Some(true), _) => Ok(Verification::Full),
        (Some(false), _) => Err(Cause::PlainHashMismatch),
        (None, Some(false)) => Err(Cause::Corrupt),
        (None, _) => Ok(Verification::Mac),
    }
}

/// The length of the padding in the last block; `None` when it is invalid.
fn padding_bytes(last: &[u8]) -> Option<usize> {
    let count = usize::from(*last.last()?);
    let tail = last.get(last.len().checked_sub(count)?..)?;
    let whole =
        (1..=BLOCK_BYTES).contains(&count) && tail.iter().all(|byte| usize::from(*byte) == count);
    whole.then_some(count)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::known_answer::{FILE, FILE_SHA256, PHOTO_FILE, PLAIN, PLAIN_SHA256, key};

    fn expected(sha256: Option<[u8; 32]>, enc_sha256: Option<[u8; 32]>) -> Expected {
        Expected { sha256, enc_sha256 }
    }

    /// In pieces of one size, after something else in the same buffer.
    fn decrypt(
        file: &[u8],
        size: usize,
        mut decryptor: Decryptor,
    ) -> Result<(Vec<u8>, Decrypted), Failure> {
        let before = b"before";
        let mut plaintext = before.to_vec();
        let mut received = 0;
        assert_eq!(decryptor.received_bytes(), 0);
        for piece in file.chunks(size) {
            decryptor.update(piece, &mut plaintext);
            received += piece.len() as u64;
            assert_eq!(decryptor.received_bytes(), received);
        }
        let so_far = plaintext.len();
        let outcome = decryptor.finish(&mut plaintext);
        assert!(plaintext.starts_with(before));
        assert!(outcome.is_ok() || plaintext.len() == so_far);
        outcome.map(|decrypted| (plaintext.split_off(before.len()), decrypted))
    }

    #[test]
    fn what_was_decrypted_is_measured() {
        for size in 1..=FILE.len() {
            let decryptor = Decryptor::new(&key(), KeyKind::Image, Expected::default());
            let (plaintext, decrypted) = decrypt(&FILE, size, decryptor).unwrap();
            assert_eq!(plaintext, PLAIN);
            let verified = decrypted.verified;
            assert_eq!(verified.sha256(), &PLAIN_SHA256);
            assert_eq!(verified.size_bytes(), 17);
            assert_eq!(verified.head(), PLAIN);
            assert_eq!(verified.verification(), Verification::Mac);
        }
    }

    #[test]
    fn all_received_bytes_count_before_they_are_decrypted() {
        let mut decryptor = Decryptor::new(&key(), KeyKind::Image, Expected::default());
        let mut plaintext = Vec::new();
        for (piece, received, decrypted) in [
            (0, 0, 0),
            (41, 41, 0),
            (1, 42, 16),
            (15, 57, 16),
            (1, 58, 32),
            (PIECE + 1, 58 + PIECE as u64 + 1, 32 + PIECE),
        ] {
            decryptor.update(&vec![0; piece], &mut plaintext);
            assert_eq!(decryptor.received_bytes(), received);
            assert_eq!(plaintext.len(), decrypted, "after {received}");
        }
    }

    #[test]
    fn the_label_is_guessed_from_the_first_block_however_late_it_comes() {
        for size in 1..=PHOTO_FILE.len() {
            let declared = |new: fn(&MediaKey, KeyKind, Expected) -> Decryptor| {
                let decryptor = new(&key(), KeyKind::Document, Expected::default());
                decrypt(&PHOTO_FILE, size, decryptor)
            };
            let (plaintext, decrypted) = declared(Decryptor::new).unwrap();
            assert_eq!(decrypted.key_kind, KeyKind::Image, "pieces of {size}");
            assert!(decrypted.verified.begins_like_a_known_file());
            assert_eq!(plaintext.len(), 32);
            let failure = declared(Decryptor::of_proven_label).unwrap_err();
            assert_eq!(failure.cause, Cause::Corrupt);
        }
    }

    #[test]
    fn a_recheck_is_for_files_whose_hash_was_promised_and_not_computed() {
        let mut altered = FILE;
        altered[41] ^= 1;
        for (sha256, enc_sha256, every_check, can_recheck) in [
            (None, None, false, false),
            (None, None, true, false),
            (None, Some(FILE_SHA256), false, false),
            (None, Some(FILE_SHA256), true, false),
            (Some(PLAIN_SHA256), None, false, true),
            (Some(PLAIN_SHA256), None, true, false),
            (Some(PLAIN_SHA256), Some(FILE_SHA256), false, true),
            (Some(PLAIN_SHA256), Some(FILE_SHA256), true, false),
        ] {
            let mut decryptor =
                Decryptor::new(&key(), KeyKind::Image, expected(sha256, enc_sha256));
            if every_check {
                decryptor = decryptor.with_every_check();
            }
            let failure = decrypt(&altered, 7, decryptor).unwrap_err();
            assert_eq!(failure.cause, Cause::Corrupt);
            assert_eq!(failure.checks.mac, Some(false));
            assert_eq!(
                failure.recheck().is_ok(),
                can_recheck,
                "{sha256:?} {enc_sha256:?} {every_check}"
            );
        }
    }

    #[test]
    fn a_file_has_whole_blocks_and_a_mac() {
        let longer = [&FILE[..], &[0; 20]].concat();
        for length in (0..longer.len()).filter(|length| *length != FILE.len()) {
            let received = length as u64;
            let cause = match length {
                0..26 => Cause::TooShort { received },
                26 | 58 => Cause::Corrupt,
                _ => Cause::BadShape { received },
            };
            let decryptor = Decryptor::new(&key(), KeyKind::Image, Expected::default());
            let failure = decrypt(&longer[..length], 11, decryptor).unwrap_err();
            assert_eq!(failure.cause, cause, "{length}");
        }
    }

    #[test]
    fn padding_is_one_to_sixteen_equal_bytes() {
        for count in 1..=16_u8 {
            let mut last = [0; 16];
            last[16 - usize::from(count)..].fill(count);
            assert_eq!(padding_bytes(&last), Some(usize::from(count)));
            if count > 1 {
                last[16 - usize::from(count)] = 0;
                assert_eq!(padding_bytes(&last), None, "{count}");
            }
        }
        for last in [&[0; 16][..], &[17; 32], &[17; 16], &[255; 16], &[2], &[]] {
            assert_eq!(padding_bytes(last), None, "{last:?}");
        }
    }
}
