//! Names that stay different wherever an export is unpacked: on Windows, macOS, exFAT and SMB two names that differ only
//! in case are one. Storage that earlier versions wrote may contain such names.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::hash::{BuildHasher as _, RandomState};

use crate::storage::layout::RelativePath;

/// The names in use, as hashes, so that millions of them fit into memory.
#[derive(Default)]
pub(in crate::ops) struct Names {
    /// By the name in lower case.
    given: HashMap<u64, u64>,
    state: RandomState,
}

impl Names {
    /// The name for a path: itself, or followed by a number. The same paths in the same order give the same names.
    pub fn name_for(&mut self, path: &RelativePath) -> RelativePath {
        let mut number = 1;
        loop {
            let name = match number {
                1 => path.clone(),
                _ => path.numbered(number),
            };
            let folded = self.state.hash_one(name.as_str().to_lowercase());
            let exact = self.state.hash_one(name.as_str());
            match self.given.entry(folded) {
                Entry::Vacant(entry) => {
                    entry.insert(exact);
                    return name;
                }
                // Two rows name one file.
                Entry::Occupied(entry) if number == 1 && *entry.get() == exact => return name,
                Entry::Occupied(_) => number += 1,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_differ_only_in_case_are_numbered() {
        let mut names = Names::default();
        let mut of = |path: &str| {
            let path = RelativePath::from_row(path.to_owned()).unwrap();
            names.name_for(&path).as_str().to_owned()
        };
        assert_eq!(of("a/X.jpg"), "a/X.jpg");
        assert_eq!(of("a/X.jpg"), "a/X.jpg");
        assert_eq!(of("a/x.jpg"), "a/x~2.jpg");
        assert_eq!(of("A/x.jpg"), "A/x~3.jpg");
        assert_eq!(of("a/y.jpg"), "a/y.jpg");
    }
}
