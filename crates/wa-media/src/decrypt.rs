//! From the encrypted file to proven plaintext, as the bytes come, in one pass and constant memory.
//!
//! The file is `AES-256-CBC(PKCS#7(plaintext))` followed by the first ten bytes of `HMAC-SHA256(iv ‖ ciphertext)`;
//! `fileEncSha256` covers all of it, `fileSha256` the plaintext. The MAC stands at the end, so plaintext comes out
//! before anything is known of it: it must stay unseen until [`Decryptor::finish`] gave a [`Verified`].

use aes::Aes256Dec;
use cbc::cipher::{Array, BlockModeDecrypt as _, KeyIvInit as _};
use hmac::{Hmac, Mac as _};
use sha2::{Digest as _, Sha256};

use crate::mac::{self, MAC_BYTES};
use crate::proof::HEAD_BYTES;
use crate::{Expected, KeyKind, MediaKey, Verification, Verified, label};

const BLOCK_BYTES: usize = 16;
/// The last block, for its padding, and the MAC: held back until the end is known.
const HELD_BACK: usize = BLOCK_BYTES + MAC_BYTES;
/// Enough for the caches, and large enough for the cipher's parallel blocks.
const PIECE: usize = 64 << 10;
/// What was compared, and how it came out; nothing where there was nothing to compare, or it never came so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Checks {
    /// SHA-256 of the encrypted file.
    pub enc_sha256: Option<bool>,
    /// The MAC at the file's end.
    pub mac: Option<bool>,
    /// PKCS#7, every byte of it.
    pub padding: Option<bool>,
    /// SHA-256 of the plaintext.
    pub sha256: Option<bool>,
}

/// Why a file was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Cause {
    /// Not encrypted at all: the bytes themselves have the plaintext's promised hash. Seen of channels, which
    /// send a key along that nothing needs. To be taken with [`PlainVerifier`](crate::PlainVerifier).
    #[error("the file is not encrypted")]
    NotEncrypted,
    /// Shorter than any encrypted file: 26 bytes.
    #[error("only {received} bytes, fewer than any encrypted file has")]
    TooShort {
        /// How many came.
        received: u64,
    },
    /// Not a whole number of blocks and a MAC: cut off, or not an encrypted file.
    #[error("{received} bytes are not whole blocks and a MAC")]
    BadShape {
        /// How many came.
        received: u64,
    },
    /// Other bytes than the sender's: the MAC is wrong, or the only expected hash is.
    #[error("the bytes are not the ones that were sent")]
    Corrupt,
    /// The very bytes that were sent, but under another key or label.
    #[error("the bytes are right, but not for this key and type")]
    WrongKey,
    /// The sender padded wrongly.
    #[error("the padding is malformed")]
    BadPadding,
    /// Decrypted well, to something else than the message promised.
    #[error("the plaintext does not have the promised hash")]
    PlainHashMismatch,
}

/// A file that was not taken, and what was found of it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{cause}")]
pub struct Failure {
    /// Why.
    #[source]
    pub cause: Cause,
    /// What was compared.
    pub checks: Checks,
}

/// A file that was taken.
#[derive(Clone, Debug)]
pub struct Decrypted {
    /// The proof.
    pub verified: Verified,
    /// What was compared. A wrong `enc_sha256` with a right `sha256` means that the message's is mangled.
    pub checks: Checks,
    /// The label that fitted.
    pub key_kind: KeyKind,
}

/// Takes ciphertext in pieces of any size and gives plaintext.
///
/// The memory it holds is constant: under 16 KiB, and what the caller's buffer takes.
pub struct Decryptor {
    key: MediaKey,
    kind: KeyKind,
    /// Whether another label may be taken when the first block makes sense only under that.
    may_guess: bool,
    expected: Expected,
    state: Option<State>,
    carry: Vec<u8>,
    received: u64,
    enc_sha256: Sha256,
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

    /// Decrypts whole blocks where they lie.
    fn decrypt(&mut self, blocks: &mut [u8]) {
        self.mac.update(blocks);
        let (blocks, _) = Array::slice_as_chunks_mut(blocks);
        self.cipher.decrypt_blocks(blocks);
    }
}

impl Decryptor {
    /// Begins. `kind` is the declared label; when the first block makes sense only under another of the usual
    /// four, that one is taken, for senders' caches sometimes send a file that was encrypted as another type.
    /// A file whose beginning is of no known kind needs a second reading: see [`LabelFinder`](crate::LabelFinder).
    pub fn new(key: &MediaKey, kind: KeyKind, expected: Expected) -> Self {
        Self {
            may_guess: true,
            ..Self::of_proven_label(key, kind, expected)
        }
    }

    /// Begins, and holds on to the label whatever the plaintext looks like.
    pub fn of_proven_label(key: &MediaKey, kind: KeyKind, expected: Expected) -> Self {
        Self {
            key: key.clone(),
            kind,
            may_guess: false,
            expected,
            state: None,
            carry: Vec::with_capacity(HELD_BACK + BLOCK_BYTES),
            received: 0,
            enc_sha256: Sha256::new(),
            sha256: Sha256::new(),
            size_bytes: 0,
            head: Vec::new(),
        }
    }

    /// How many bytes of the file came so far: where a download that broke off goes on.
    pub fn received_bytes(&self) -> u64 {
        self.received
    }

    /// Takes the next bytes of the file, and appends what they decrypt to.
    pub fn update(&mut self, ciphertext: &[u8], plaintext: &mut Vec<u8>) {
        self.enc_sha256.update(ciphertext);
        self.received += ciphertext.len() as u64;
        for piece in ciphertext.chunks(PIECE) {
            self.take(piece, plaintext);
        }
    }

    fn take(&mut self, piece: &[u8], plaintext: &mut Vec<u8>) {
        let held = self.carry.len() + piece.len();
        let usable = held.saturating_sub(HELD_BACK) / BLOCK_BYTES * BLOCK_BYTES;
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

    /// Appends the last bytes, and judges. A failure means that all plaintext so far is worthless.
    pub fn finish(mut self, plaintext: &mut Vec<u8>) -> Result<Decrypted, Failure> {
        let received = self.received;
        let mut checks = Checks::default();
        let enc_sha256: [u8; 32] = std::mem::take(&mut self.enc_sha256).finalize().into();
        checks.enc_sha256 = self
            .expected
            .enc_sha256
            .map(|promised| promised == enc_sha256);
        if self.expected.sha256 == Some(enc_sha256) {
            checks.sha256 = Some(true);
            let cause = Cause::NotEncrypted;
            return Err(Failure { cause, checks });
        }
        let failure = |cause| Failure { cause, checks };
        if received < HELD_BACK as u64 {
            return Err(failure(Cause::TooShort { received }));
        }
        let mut rest = std::mem::take(&mut self.carry);
        let tag = rest.split_off(rest.len() - MAC_BYTES);
        if !rest.len().is_multiple_of(BLOCK_BYTES) {
            return Err(failure(Cause::BadShape { received }));
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
        let verification = judge(checks).map_err(|cause| Failure { cause, checks })?;
        let verified = Verified {
            sha256,
            size_bytes: self.size_bytes,
            verification,
            head: self.head,
        };
        Ok(Decrypted {
            verified,
            checks,
            key_kind: self.kind,
        })
    }
}

/// What the checks amount to. A right plaintext hash and MAC outweigh a wrong hash of the encrypted file, for that
/// one alone is then what a gateway mangled.
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

/// How many bytes of padding the last block ends with; nothing when they are not all alike.
fn padding_bytes(last: &[u8]) -> Option<usize> {
    let count = usize::from(*last.last()?);
    let tail = last.get(last.len().checked_sub(count)?..)?;
    let whole =
        (1..=BLOCK_BYTES).contains(&count) && tail.iter().all(|byte| usize::from(*byte) == count);
    whole.then_some(count)
}
