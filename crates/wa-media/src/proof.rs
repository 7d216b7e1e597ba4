//! What was promised, what was found true, and what was refused.

use crate::form;

/// How many of a media's first bytes are kept, to detect the type.
pub(crate) const HEAD_BYTES: usize = 8 << 10;

/// What a message promised of its media. Nothing of it has to be there.
#[derive(Clone, Debug, Default)]
pub struct Expected {
    /// SHA-256 of the plaintext.
    pub sha256: Option<[u8; 32]>,
    /// SHA-256 of the encrypted file.
    pub enc_sha256: Option<[u8; 32]>,
}

/// How far bytes are proven.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Verification {
    /// The message's own plaintext hash was found true.
    Full,
    /// Only the encrypted file's hash and MAC could be.
    Mac,
    /// The message promised nothing that could be checked.
    Unproven,
}

impl Verification {
    /// All of them, the strongest first.
    pub const ALL: [Self; 3] = [Self::Full, Self::Mac, Self::Unproven];

    /// The one of that code.
    pub fn parse(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.as_str() == code)
    }

    /// The code: `full`, `mac` or `unproven`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::Mac => "mac",
            Self::Unproven => "unproven",
        }
    }
}

/// Bytes that passed every check that could be made. Only a finished verification builds one.
#[derive(Clone, Debug)]
pub struct Verified {
    pub(crate) sha256: [u8; 32],
    pub(crate) size_bytes: u64,
    pub(crate) verification: Verification,
    pub(crate) head: Vec<u8>,
}

impl Verified {
    /// SHA-256 of the bytes.
    pub fn sha256(&self) -> &[u8; 32] {
        &self.sha256
    }

    /// How many they are.
    pub fn size_bytes(&self) -> u64 {
        self.size_bytes
    }

    /// How far they are proven.
    pub fn verification(&self) -> Verification {
        self.verification
    }

    /// Whether they begin as some known kind of file does.
    pub fn begins_like_a_known_file(&self) -> bool {
        form::is_certain(&self.head)
    }

    /// The first of them, up to 8 KiB, to detect the type.
    pub fn head(&self) -> &[u8] {
        &self.head
    }
}

/// Why bytes were not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// There are none.
    #[error("zero bytes")]
    Empty,
    /// A web page.
    #[error("a web page instead of the media")]
    Html,
    /// A JSON text.
    #[error("a JSON text instead of the media")]
    Json,
    /// The encrypted file.
    #[error("the bytes are still encrypted")]
    StillEncrypted,
    /// Their hash is not the promised one.
    #[error("the bytes do not have the promised hash")]
    PlainHashMismatch,
}
