//! The message authentication code at the end of an encrypted file.

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use crate::{KeyKind, MediaKey, MediaKeys};

/// The length of the code at the file's end.
pub(crate) const MAC_BYTES: usize = 10;

/// A code that includes the IV, which is not in the file.
pub(crate) fn begin(keys: &MediaKeys) -> Hmac<Sha256> {
    let mut mac =
        Hmac::<Sha256>::new_from_slice(&keys.mac_key).expect("HMAC takes keys of any length");
    mac.update(&keys.iv);
    mac
}

/// Checks that the last ten bytes of a file, in pieces of any size, are its code.
pub(crate) struct TrailingMac {
    mac: Hmac<Sha256>,
    tail: Vec<u8>,
}

impl TrailingMac {
    pub fn new(key: &MediaKey, kind: KeyKind) -> Self {
        Self {
            mac: begin(&key.expand(kind)),
            tail: Vec::with_capacity(2 * MAC_BYTES),
        }
    }

    pub fn update(&mut self, bytes: &[u8]) {
        if bytes.len() >= MAC_BYTES {
            let (body, tail) = bytes.split_at(bytes.len() - MAC_BYTES);
            self.mac.update(&self.tail);
            self.mac.update(body);
            self.tail.clear();
            self.tail.extend_from_slice(tail);
        } else {
            self.tail.extend_from_slice(bytes);
            let over = self.tail.len().saturating_sub(MAC_BYTES);
            self.mac.update(&self.tail[..over]);
            self.tail.drain(..over);
        }
    }

    pub fn matches(self) -> bool {
        self.tail.len() == MAC_BYTES && self.mac.verify_truncated_left(&self.tail).is_ok()
    }
}
