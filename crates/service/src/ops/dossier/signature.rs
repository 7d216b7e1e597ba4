//! The installation's key for dossiers: Ed25519 (RFC 8032), its seed derived from the key file.

use std::fmt::{self, Display};
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};

/// Shown as base64.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PublicKey([u8; 32]);

impl Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&STANDARD.encode(self.0))
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("it is not an Ed25519 key: 32 bytes in base64")]
pub struct NotAKey;

impl FromStr for PublicKey {
    type Err = NotAKey;

    fn from_str(text: &str) -> Result<Self, NotAKey> {
        let bytes = STANDARD.decode(text.trim()).map_err(|_| NotAKey)?;
        let bytes = bytes.try_into().map_err(|_| NotAKey)?;
        VerifyingKey::from_bytes(&bytes).map_err(|_| NotAKey)?;
        Ok(Self(bytes))
    }
}

pub fn public_key(seed: &[u8; 32]) -> PublicKey {
    PublicKey(SigningKey::from_bytes(seed).verifying_key().to_bytes())
}

/// As base64.
pub(super) fn sign(seed: &[u8; 32], text: &[u8]) -> String {
    STANDARD.encode(SigningKey::from_bytes(seed).sign(text).to_bytes())
}

pub(super) fn is_signed_by(key: PublicKey, text: &[u8], signature: &str) -> bool {
    let bytes = STANDARD.decode(signature.trim()).ok();
    let bytes: Option<[u8; 64]> = bytes.and_then(|bytes| bytes.try_into().ok());
    let (Some(bytes), Ok(key)) = (bytes, VerifyingKey::from_bytes(&key.0)) else {
        return false;
    };
    key.verify_strict(text, &Signature::from_bytes(&bytes))
        .is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 8032, section 7.1, test 2.
    #[test]
    fn a_signature_is_that_of_the_standard() {
        let bytes = |text: &str| crate::media::unhex(text).unwrap();
        let seed = bytes("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb");
        let key = bytes("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c");
        assert_eq!(public_key(&seed), PublicKey(key));
        let signature = sign(&seed, &[0x72]);
        let expected = [
            bytes("92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"),
            bytes("085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"),
        ];
        assert_eq!(signature, STANDARD.encode(expected.concat()));
        assert!(is_signed_by(PublicKey(key), &[0x72], &signature));
        assert!(!is_signed_by(PublicKey(key), &[0x73], &signature));
        assert!(!is_signed_by(PublicKey(key), &[0x72], "AAAA"));
        let shown = PublicKey(key).to_string();
        assert_eq!(shown.parse(), Ok(PublicKey(key)));
        assert_eq!("AAAA".parse::<PublicKey>(), Err(NotAKey));
    }
}
