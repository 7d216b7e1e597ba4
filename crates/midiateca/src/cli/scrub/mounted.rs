//! A database that is not the one of the files looks as if they were nobody's. Storage that is not mounted, in whole or in part, looks as if everything in it were lost. That is refused before a
//! repair believes it.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::io;

use super::words;
use crate::cli::language::Language;
use midiateca_service::media::Held;
use midiateca_service::storage::Vault;

/// With fewer missing than this, their share says nothing.
const FEW_MISSING: u64 = 10;

/// So many files without a row, and this share of all, are refused.
const MANY_ORPHANED: u64 = 20;
const ORPHANED_SHARE: u64 = 10;

/// Refuses when too many files have no row.
pub(super) fn check_orphaned(orphaned: u64, stored: u64, lang: Language) -> io::Result<()> {
    let all = orphaned + stored;
    if orphaned <= MANY_ORPHANED || orphaned * ORPHANED_SHARE <= all {
        return Ok(());
    }
    let values: [(&str, &dyn Display); 2] = [("orphaned", &orphaned), ("count", &all)];
    let refusal = lang.fill(words::MANY_ORPHANED, &values);
    Err(io::Error::new(io::ErrorKind::NotFound, refusal))
}

/// What a folder should hold.
#[derive(Default)]
struct Folder {
    there: u64,
    missing: u64,
}

/// What was seen of all files.
#[derive(Default)]
pub(super) struct Mounted {
    count: u64,
    /// Gone, or of another length, as the files of another storage are.
    wrong: u64,
    folders: BTreeMap<String, Folder>,
}

impl Mounted {
    /// Counts a file that should be there.
    pub fn see(&mut self, vault: &Vault, held: &Held) {
        let above = held.path.rsplit_once('/').map_or("", |(above, _)| above);
        let folder = self.folders.entry(above.to_owned()).or_default();
        self.count += 1;
        match vault.stamp(&held.path) {
            Ok(None) => {
                self.wrong += 1;
                folder.missing += 1;
            }
            Ok(Some(found)) => {
                self.wrong += u64::from(found.size_bytes != held.size_bytes);
                folder.there += 1;
            }
            // It is there, if it cannot be looked at.
            Err(_) => folder.there += 1,
        }
    }

    /// Refuses when most are missing, or all of a folder that is not there or empty: a client's folder may be a disk of
    /// its own.
    pub fn check(&self, vault: &Vault, lang: Language) -> io::Result<()> {
        let refuse = |words, values: &[(&str, &dyn Display)]| {
            Err(io::Error::new(
                io::ErrorKind::NotFound,
                lang.fill(words, values),
            ))
        };
        if self.wrong >= FEW_MISSING && self.wrong * 2 > self.count {
            let values: [(&str, &dyn Display); 2] =
                [("missing", &self.wrong), ("count", &self.count)];
            return refuse(words::MOST_MISSING, &values);
        }
        for (path, folder) in &self.folders {
            if folder.there == 0 && is_unmounted(vault, path, folder.missing) {
                let shown = format!("media_storage/{path}");
                let values: [(&str, &dyn Display); 2] =
                    [("missing", &folder.missing), ("folder", &shown)];
                return refuse(words::FOLDER_MISSING, &values);
            }
        }
        Ok(())
    }
}

/// Nothing takes a folder away in which files were stored, so where there is none, something else is not there. One
/// that is empty is the place of a disk, or held a few files that are lost.
fn is_unmounted(vault: &Vault, path: &str, missing: u64) -> bool {
    let Ok(folder) = vault.at(path) else {
        return false;
    };
    match std::fs::read_dir(folder) {
        Err(error) => error.kind() == io::ErrorKind::NotFound,
        Ok(mut entries) => missing >= FEW_MISSING && entries.next().is_none(),
    }
}
