//! Lists every file below the root.
//!
//! A folder of the layout may be a link to another disk, and is entered like any other. A link may also lead to
//! another client's folder or to another data folder, so what is behind links is reported separately.

use std::collections::HashSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::marker::MARKER;
use super::{Backend, DERIVED, QUARANTINE, STAGING, Storage, layout};

/// Folders below the root that are not listed; file systems create the last one.
const NOT_OURS: [&str; 4] = [STAGING, QUARANTINE, DERIVED, "lost+found"];

#[derive(Clone, Debug, Default)]
pub struct Walked {
    /// Unreadable folders.
    pub closed: Vec<PathBuf>,
    /// Linked folders, and folders below the root that are targets of links.
    pub linked: Vec<PathBuf>,
}

impl Walked {
    /// Whether a path below the root leads through a link or is behind one.
    pub fn is_linked(&self, below: &Path) -> bool {
        self.linked.iter().any(|folder| below.starts_with(folder))
    }
}

impl Storage {
    /// Calls `visit` with all files below the root, except staged, quarantined and derived ones. A linked folder of the layout
    /// is entered if `enters` allows it and nothing else leads to its files; other links are visited as files.
    /// Entries that vanish are skipped. Of a bucket's objects only those are visited that were `modified_before`, because
    /// another node may have uploaded one whose row follows. Blocking.
    ///
    /// `walkdir` does not fit: it enters links in the order of folders, but here files must be found under their own
    /// names first, so links come last and each target is entered once.
    pub fn each_file(
        &self,
        enters: impl Fn(&Path) -> bool,
        modified_before: SystemTime,
        mut visit: impl FnMut(&Path),
    ) -> Walked {
        let mut walked = Walked::default();
        if let Backend::S3(bucket) = &self.backend {
            let listed = bucket.each(None, None, |found| {
                let path = Path::new(&found.path);
                let is_ours =
                    found.path != MARKER && !NOT_OURS.iter().any(|it| path.starts_with(it));
                if is_ours && found.modified < modified_before {
                    visit(path);
                }
                true
            });
            if listed.is_err() {
                walked.closed.push(PathBuf::new());
            }
            return walked;
        }
        let (mut links, mut entered) = (Vec::new(), HashSet::new());
        let mut folders = vec![PathBuf::new()];
        let root =
            fs::canonicalize(self.root.as_path()).unwrap_or_else(|_| self.root.to_path_buf());
        // Folders without links come first, so that their files are found under their own names.
        while let Some(folder) = folders.pop().or_else(|| {
            let enter = |link: &PathBuf| self.enter(&root, link, &mut entered, &mut walked);
            std::iter::from_fn(|| links.pop()).find(enter)
        }) {
            let entries = match fs::read_dir(self.root.join(&folder)) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                Err(_) => {
                    walked.closed.push(folder);
                    continue;
                }
                Ok(entries) => entries,
            };
            for entry in entries.flatten() {
                let below = folder.join(entry.file_name());
                if below == Path::new(MARKER) {
                    continue;
                }
                if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                    if !NOT_OURS.map(Path::new).contains(&below.as_path()) {
                        folders.push(below);
                    }
                } else if self.is_folder(&below) {
                    walked.linked.push(below.clone());
                    if enters(&below) {
                        links.push(below)
                    } else {
                        visit(&below)
                    }
                } else {
                    visit(&below);
                }
            }
        }
        walked
    }

    /// The other path below the root when a folder above the file is a link. Blocking.
    pub fn true_path(&self, path: &str) -> Option<String> {
        if self.is_remote() {
            return None;
        }
        let root = fs::canonicalize(self.root.as_path()).ok()?;
        let file = fs::canonicalize(self.at(path).ok()?).ok()?;
        let below = file.strip_prefix(root).ok()?.to_string_lossy();
        let below = below.replace(std::path::MAIN_SEPARATOR, "/");
        (below != path).then_some(below)
    }

    /// Whether the entry is a link to a folder in the place of a folder of the layout.
    fn is_folder(&self, below: &Path) -> bool {
        let leads_to = || fs::metadata(self.root.join(below));
        layout::is_folder_of_ours(below) && leads_to().is_ok_and(|it| it.is_dir())
    }

    /// Whether a link leads to a folder that was not entered yet.
    fn enter(
        &self,
        root: &Path,
        link: &Path,
        entered: &mut HashSet<PathBuf>,
        walked: &mut Walked,
    ) -> bool {
        let Ok(target) = fs::canonicalize(self.root.join(link)) else {
            return false;
        };
        match target.strip_prefix(root) {
            Ok(below) => {
                walked.linked.push(below.to_owned());
                false
            }
            Err(_) => {
                let is_known = entered.iter().any(|known| target.starts_with(known));
                !is_known && !root.starts_with(&target) && entered.insert(target)
            }
        }
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn targets_of_links_are_visited_once_and_marked() {
        let (folder, disk) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let (root, disk) = (folder.path(), disk.path());
        let storage = Storage::open(root, "test").unwrap();
        for place in [
            root.join("cliente_2"),
            root.join("cliente_3"),
            disk.join("a"),
        ] {
            fs::create_dir(&place).unwrap();
            fs::write(place.join("x"), "x").unwrap();
        }
        symlink("cliente_2", root.join("cliente_9")).unwrap();
        symlink(disk.join("a"), root.join("cliente_5")).unwrap();
        symlink(disk.join("a"), root.join("cliente_6")).unwrap();
        symlink(root, disk.join("a/instance_A")).unwrap();
        symlink(disk, root.join("cliente_7")).unwrap();
        let enters = |below: &Path| !below.ends_with("cliente_7") && !below.ends_with("instance_A");
        let mut found = Vec::new();
        let walked = storage.each_file(enters, SystemTime::UNIX_EPOCH, |path| {
            found.push(path.to_owned())
        });
        found.sort();
        let (by_disk, named): (Vec<_>, Vec<_>) = found
            .into_iter()
            .partition(|path| path.starts_with("cliente_5") || path.starts_with("cliente_6"));
        // A linked folder without files of rows is visited and not entered.
        let expected = ["cliente_2/x", "cliente_3/x", "cliente_7"].map(Path::new);
        assert_eq!(
            (named, by_disk.len()),
            (expected.map(Path::to_owned).to_vec(), 2)
        );
        assert!(
            by_disk.iter().all(|path| walked.is_linked(path)),
            "{by_disk:?}"
        );
        assert!(walked.is_linked(Path::new("cliente_2/x")));
        assert!(!walked.is_linked(Path::new("cliente_3/x")));
    }
}
