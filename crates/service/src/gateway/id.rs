//! Ids that are safe in a database, a file name and a log line.

use sha2::{Digest as _, Sha256};

use crate::model::hex;

/// Longer ones are no WhatsApp ids, and would take space in every index.
const LONGEST_BYTES: usize = 255;

/// An id without control characters; its hash when it is too long.
pub(super) fn clean(id: &str) -> String {
    let clean: String = id.chars().filter(|letter| !letter.is_control()).collect();
    if clean.len() <= LONGEST_BYTES {
        return clean;
    }
    format!("long-{}", hex(&Sha256::digest(&clean)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_clean_short_and_still_differ() {
        assert_eq!(clean("3EB0\0A\n1"), "3EB0A1");
        let [a, b] = ["a", "b"].map(|letter| clean(&letter.repeat(300)));
        assert!(a != b && a.len() == 69 && a == clean(&"a".repeat(300)));
        assert_eq!(clean(&"a".repeat(255)).len(), 255);
    }
}
