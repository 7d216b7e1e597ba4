//! Promised hashes, verified bytes and refusals.

use crate::form;

/// How many of a media's first bytes are kept to detect its type.
pub(crate) const HEAD_BYTES: usize = 8 << 10;

/// The hashes that a message promised, if any.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Expected {
    /// SHA-256 of the plaintext.
    pub sha256: Option<[u8; 32]>,
    /// SHA-256 of the encrypted file.
    pub enc_sha256: Option<[u8; 32]>,
}

/// How bytes were verified.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Verification {
    /// They have the message's plaintext hash; if they came encrypted, MAC and padding are right too.
    Full,
    /// Only by the MAC, and by the encrypted file's hash if the message has it.
    Mac,
    /// The message promised no hash.
    Unproven,
}

impl Verification {
    /// All of them, the strongest first.
    pub const ALL: [Self; 3] = [Self::Full, Self::Mac, Self::Unproven];

    /// The verification with this code.
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

/// Bytes that passed every possible check. Only a finished verification builds one.
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

    /// Their length in bytes.
    pub fn size_bytes(&self) -> u64 {
        self.size_bytes
    }

    /// How they were verified.
    pub fn verification(&self) -> Verification {
        self.verification
    }

    /// Whether they begin like a known kind of file.
    pub fn begins_like_a_known_file(&self) -> bool {
        form::is_certain(&self.head)
    }

    /// The first bytes, up to 8 KiB, to detect the type.
    pub fn head(&self) -> &[u8] {
        &self.head
    }
}

/// Why bytes were refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// No bytes.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn verifications_have_codes_in_both_directions() {
        let codes = [
            (Verification::Full, "full"),
            (Verification::Mac, "mac"),
            (Verification::Unproven, "unproven"),
        ];
        assert_eq!(codes.map(|(it, _)| it), Verification::ALL);
        for (it, code) in codes {
            assert_eq!(it.as_str(), code);
            assert_eq!(Verification::parse(code), Some(it));
        }
        for code in ["", "Full", "full ", "macs", "xyzzy"] {
            assert_eq!(Verification::parse(code), None, "{code:?}");
        }
    }

    #[test]
    fn what_was_verified_is_returned_as_it_is() {
        for (head, is_known) in [
            (&b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"[..], true),
            (b"\xff\xd8\xff\xe0", true),
            (b"Bom dia", false),
            (b"", false),
        ] {
            let sha256 = std::array::from_fn(|at| u8::try_from(at).unwrap());
            let verified = Verified {
                sha256,
                size_bytes: 1 << 40,
                verification: Verification::Mac,
                head: head.to_vec(),
            };
            assert_eq!(verified.sha256(), &sha256);
            assert_eq!(verified.size_bytes(), 1 << 40);
            assert_eq!(verified.verification(), Verification::Mac);
            assert_eq!(verified.head(), head);
            assert_eq!(verified.begins_like_a_known_file(), is_known, "{head:?}");
        }
    }
}
