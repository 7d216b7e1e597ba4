//! From the encrypted file to proven plaintext, as the bytes come, in one pass and constant memory.
//!
//! The file is `AES-256-CBC(PKCS#7(plaintext))` followed by the first ten bytes of `HMAC-SHA256(iv ‖ ciphertext)`;
//! `fileEncSha256` covers all of it, `fileSha256` the plaintext. The MAC stands at the end, so plaintext comes out
//! before anything is known of it: it must stay unseen until [`Decryptor::finish`] gave a [`Verified`].

use aes::Aes256Dec;
use cbc::cipher::{Array, BlockModeDecrypt as _, KeyIvInit as _};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::{Digest as _, Sha256};

use crate::proof::HEAD_BYTES;
use crate::{Expected, KeyKind, MediaKey, Proof, Verified, magic};

const BLOCK_BYTES: usize = 16;
const MAC_BYTES: usize = 10;
/// The last block, for its padding, and the MAC: held back until the end is known.
const HELD_BACK: usize = BLOCK_BYTES + MAC_BYTES;
/// Enough for the caches, and large enough for the cipher's parallel blocks.
const PIECE: usize = 64 << 10;
/// The labels that are tried when the declared one is wrong, the likeliest first.
const CANDIDATES: [KeyKind; 4] = [
    KeyKind::Image,
    KeyKind::Video,
    KeyKind::Audio,
    KeyKind::Document,
];

/// What was compared, and how it came out; nothing where there was nothing to compare.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Checks {
    /// SHA-256 of the encrypted file.
    pub enc_sha256: Option<bool>,
    /// The MAC at the file's end.
    pub mac: bool,
    /// PKCS#7, every byte of it.
    pub padding: bool,
    /// SHA-256 of the plaintext.
    pub sha256: Option<bool>,
}

/// Why a file was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Cause {
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
    /// Neither hash nor MAC are right: other bytes than the sender's.
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
    /// What was compared. A wrong `enc_sha256` beside a right `sha256` means that the message's is mangled.
    pub checks: Checks,
    /// The label that fitted.
    pub key_kind: KeyKind,
}

/// Takes ciphertext in pieces of any size and gives plaintext.
///
/// The memory it holds is constant: under 64 KiB and what the caller's buffer takes.
pub struct Decryptor {
    key: MediaKey,
    kind: KeyKind,
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
        let mut mac =
            Hmac::<Sha256>::new_from_slice(&keys.mac_key).expect("HMAC takes keys of any length");
        mac.update(&keys.iv);
        Self {
            mac,
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
    pub fn new(key: &MediaKey, kind: KeyKind, expected: Expected) -> Self {
        Self {
            key: key.clone(),
            kind,
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
        if self.state.is_none() {
            self.kind = fitting_kind(&self.key, self.kind, blocks);
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
        if received < HELD_BACK as u64 {
            return Err(Failure {
                cause: Cause::TooShort { received },
                checks,
            });
        }
        let enc_sha256: [u8; 32] = std::mem::take(&mut self.enc_sha256).finalize().into();
        checks.enc_sha256 = self
            .expected
            .enc_sha256
            .map(|promised| promised == enc_sha256);
        let mut rest = std::mem::take(&mut self.carry);
        let tag = rest.split_off(rest.len() - MAC_BYTES);
        if !rest.len().is_multiple_of(BLOCK_BYTES) {
            return Err(Failure {
                cause: Cause::BadShape { received },
                checks,
            });
        }
        self.decrypt(&mut rest);
        checks.mac = self
            .state
            .take()
            .is_some_and(|state| state.mac.verify_truncated_left(&tag).is_ok());
        let padding = padding_bytes(&rest);
        checks.padding = padding.is_some();
        rest.truncate(rest.len() - padding.unwrap_or(0));
        self.note(&rest);
        plaintext.extend_from_slice(&rest);
        let sha256: [u8; 32] = std::mem::take(&mut self.sha256).finalize().into();
        checks.sha256 = self.expected.sha256.map(|promised| promised == sha256);
        let proof = judge(checks).map_err(|cause| Failure { cause, checks })?;
        let verified = Verified {
            sha256,
            size_bytes: self.size_bytes,
            proof,
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
fn judge(checks: Checks) -> Result<Proof, Cause> {
    match checks {
        Checks {
            mac: false,
            enc_sha256: Some(true),
            ..
        } => Err(Cause::WrongKey),
        Checks { mac: false, .. } => Err(Cause::Corrupt),
        Checks { padding: false, .. } => Err(Cause::BadPadding),
        Checks {
            sha256: Some(true), ..
        } => Ok(Proof::Full),
        Checks {
            sha256: Some(false),
            ..
        } => Err(Cause::PlainHashMismatch),
        Checks {
            enc_sha256: Some(false),
            ..
        } => Err(Cause::Corrupt),
        _ => Ok(Proof::Mac),
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

/// The declared label, unless the first block is a known beginning under another one only.
fn fitting_kind(key: &MediaKey, declared: KeyKind, blocks: &[u8]) -> KeyKind {
    let begins_well = |kind: KeyKind| {
        let mut first = [0; BLOCK_BYTES];
        first.copy_from_slice(&blocks[..BLOCK_BYTES]);
        State::new(key, kind).decrypt(&mut first);
        magic::is_known(&first)
    };
    if !CANDIDATES.contains(&declared) || begins_well(declared) {
        return declared;
    }
    let others = CANDIDATES.into_iter().filter(|kind| *kind != declared);
    others
        .into_iter()
        .find(|kind| begins_well(*kind))
        .unwrap_or(declared)
}

#[cfg(all(test, feature = "encrypt"))]
mod tests {
    use super::*;
    use crate::encrypt::encrypt;

    fn decrypt(
        body: &[u8],
        piece: usize,
        kind: KeyKind,
        expected: &Expected,
    ) -> Result<(Vec<u8>, Decrypted), Failure> {
        let mut decryptor = Decryptor::new(&MediaKey::new([7; 32]), kind, expected.clone());
        let mut plaintext = Vec::new();
        body.chunks(piece)
            .for_each(|chunk| decryptor.update(chunk, &mut plaintext));
        let decrypted = decryptor.finish(&mut plaintext)?;
        Ok((plaintext, decrypted))
    }

    #[test]
    fn what_was_encrypted_decrypts_in_pieces_of_any_size() {
        for size in (0..80).chain([4_095, 4_096, 65_535, 65_536, 65_537, 200_000]) {
            let plain: Vec<u8> = (0..size)
                .map(|i| u8::try_from(i % 251).unwrap_or(0))
                .collect();
            let encrypted = encrypt(&MediaKey::new([7; 32]), KeyKind::Video, &plain);
            let expected = Expected {
                sha256: Some(encrypted.sha256),
                enc_sha256: Some(encrypted.enc_sha256),
            };
            for piece in [1, 15, 16, 17, 25, 26, 27, 4_096, 70_000, 300_000] {
                let (back, decrypted) =
                    decrypt(&encrypted.body, piece, KeyKind::Video, &expected).unwrap();
                assert_eq!(back, plain);
                assert_eq!(
                    (decrypted.verified.proof(), decrypted.verified.size_bytes()),
                    (Proof::Full, size as u64)
                );
            }
        }
    }

    #[test]
    fn every_flipped_bit_and_every_cut_is_noticed() {
        let encrypted = encrypt(&MediaKey::new([7; 32]), KeyKind::Audio, &[5; 100]);
        for expected in [
            Expected::default(),
            Expected {
                sha256: Some(encrypted.sha256),
                enc_sha256: None,
            },
        ] {
            for bit in 0..encrypted.body.len() * 8 {
                let mut body = encrypted.body.clone();
                body[bit / 8] ^= 1 << (bit % 8);
                assert!(
                    decrypt(&body, 33, KeyKind::Audio, &expected).is_err(),
                    "bit {bit}"
                );
            }
            for length in 0..encrypted.body.len() {
                assert!(
                    decrypt(&encrypted.body[..length], 33, KeyKind::Audio, &expected).is_err(),
                    "length {length}"
                );
            }
        }
    }

    #[test]
    fn without_a_hash_the_mac_is_the_proof() {
        let encrypted = encrypt(&MediaKey::new([7; 32]), KeyKind::Audio, b"OggS");
        let (_, decrypted) =
            decrypt(&encrypted.body, 99, KeyKind::Audio, &Expected::default()).unwrap();
        assert_eq!(decrypted.verified.proof(), Proof::Mac);
    }

    #[test]
    fn a_document_that_was_encrypted_as_a_photo_is_recovered() {
        let plain = [b"\xff\xd8\xff\xe0\0\x10JFIF".as_slice(), &[9; 500]].concat();
        let encrypted = encrypt(&MediaKey::new([7; 32]), KeyKind::Image, &plain);
        let (back, decrypted) =
            decrypt(&encrypted.body, 7, KeyKind::Document, &Expected::default()).unwrap();
        assert_eq!((back, decrypted.key_kind), (plain, KeyKind::Image));
    }
}
