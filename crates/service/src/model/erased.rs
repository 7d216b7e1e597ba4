//! By what an erased media is known again, without saying what it was.

use std::fmt::Write as _;

use sha2::{Digest as _, Sha256};

/// What stands in the place of a message's id that names a person, such as `false_5500900000001@c.us_3EB0…`. The same
/// id always gives the same.
pub fn erased_message(id: &str) -> String {
    let mut text = "erased-".to_owned();
    for byte in print(id.as_bytes()) {
        let _ = write!(text, "{byte:02x}");
    }
    text
}

/// What stands in the place of a key or of a file's hash: with the media one can confirm that it is this one,
/// without it one learns nothing.
pub fn erased_print(of: &[u8; 32]) -> [u8; 32] {
    print(of)
}

fn print(of: &[u8]) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update(b"erased on request:");
    hash.update(of);
    hash.finalize().into()
}
