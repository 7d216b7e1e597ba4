//! WhatsApp's promises about a file, compared with the stored bytes: the hash of the file, and that of the encrypted
//! file, which is made again with the media key. AES-CBC with the key's own IV gives the same bytes each time.

use std::io;

use serde::Serialize;
use wa_media::encrypt::Encryptor;

use crate::media::{Media, hex};
use crate::model::{KeyKind, MediaKey};
use crate::ops::Problem;
use crate::ops::export::outcome::Halt;
use crate::ops::export::source::ProvenReader;

/// The MAC is the end of the encrypted file.
const MAC_BYTES: usize = 10;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PromiseResult {
    Matches,
    Differs,
    /// The message did not have it.
    NotPromised,
    /// The message had no key, so nothing can be encrypted again.
    NoKey,
}

impl PromiseResult {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Matches => "matches",
            Self::Differs => "differs",
            Self::NotPromised => "not_promised",
            Self::NoKey => "no_key",
        }
    }

    fn of<T: PartialEq>(computed: &T, promised: Option<&T>) -> Self {
        match promised {
            None => Self::NotPromised,
            Some(promised) if promised == computed => Self::Matches,
            Some(_) => Self::Differs,
        }
    }
}

#[derive(Clone, Debug, Serialize)]
pub struct PromiseCheck {
    pub result: PromiseResult,
    /// Hexadecimal, from the bytes in the dossier.
    pub computed: Option<String>,
}

#[derive(Clone, Debug, Serialize)]
pub struct PromiseChecks {
    /// SHA-256 of the file.
    pub file_hash: PromiseCheck,
    /// The MAC of the encrypted file. No message says it, but the hash of the encrypted file covers it.
    pub mac: PromiseCheck,
    /// SHA-256 of the encrypted file with its MAC.
    pub encrypted_hash: PromiseCheck,
}

/// Encrypts what is written to it, and keeps no more than the end.
struct Encrypted {
    encryptor: Encryptor,
    piece: Vec<u8>,
}

impl Encrypted {
    fn new(key: &MediaKey, kind: KeyKind) -> Self {
        Self {
            encryptor: Encryptor::new(key, kind),
            piece: Vec::new(),
        }
    }

    /// The MAC, and the hash of the encrypted file.
    fn finish(mut self) -> (Vec<u8>, [u8; 32]) {
        self.piece.clear();
        let (_, sha256) = self.encryptor.finish(&mut self.piece);
        let mac = self
            .piece
            .split_off(self.piece.len().saturating_sub(MAC_BYTES));
        (mac, sha256)
    }
}

impl io::Write for Encrypted {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.piece.clear();
        self.encryptor.update(bytes, &mut self.piece);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Reads the file; a [`Problem`] when its bytes are not those of the row.
pub(super) fn compute(
    source: &mut ProvenReader,
    media: &Media,
) -> Result<Result<PromiseChecks, Problem>, Halt> {
    let file_hash = PromiseCheck {
        result: media
            .sha256
            .as_ref()
            .map_or(PromiseResult::NotPromised, |sha256| {
                PromiseResult::of(sha256, media.expected_sha256.as_ref())
            }),
        computed: media.sha256.map(|sha256| hex(&sha256)),
    };
    let Some(key) = &media.media_key else {
        let proven = source.prove()?;
        let unknown = PromiseCheck {
            result: PromiseResult::NoKey,
            computed: None,
        };
        return Ok(proven.map(|()| PromiseChecks {
            file_hash,
            mac: unknown.clone(),
            encrypted_hash: unknown,
        }));
    };
    let (mut mac, mut sha256) = match encrypt(source, key, media.key_kind)? {
        Ok(encrypted) => encrypted,
        Err(problem) => return Ok(Err(problem)),
    };
    let promised = media.expected_enc_sha256.as_ref();
    if promised.is_some_and(|promised| *promised != sha256) {
        // Some senders name another kind in the message than the one they encrypt with.
        let others = KeyKind::ALL.iter().filter(|kind| **kind != media.key_kind);
        for kind in others {
            match encrypt(source, key, *kind)? {
                Ok(other) if Some(&other.1) == promised => (mac, sha256) = other,
                Ok(_) => continue,
                Err(problem) => return Ok(Err(problem)),
            }
            break;
        }
    }
    let result = PromiseResult::of(&sha256, promised);
    Ok(Ok(PromiseChecks {
        file_hash,
        mac: PromiseCheck {
            result,
            computed: Some(hex(&mac)),
        },
        encrypted_hash: PromiseCheck {
            result,
            computed: Some(hex(&sha256)),
        },
    }))
}

type MacAndHash = (Vec<u8>, [u8; 32]);

fn encrypt(
    source: &mut ProvenReader,
    key: &MediaKey,
    kind: KeyKind,
) -> Result<Result<MacAndHash, Problem>, Halt> {
    let mut encrypted = Encrypted::new(key, kind);
    let proven = source.prove_through(&mut encrypted)?;
    Ok(proven.map(|()| encrypted.finish()))
}
