//! The files of the original system, and what their places say. It used two layouts:
//! `cliente_{id}/instance_{id}/{kind}/` and `{client name}/instance_{id}/chats/{chat}/{kind}/`, with the kinds in
//! Portuguese or English, and before them `{client name}/{kind}/`.

mod fold;
mod folder;

use std::collections::HashMap;
use std::hash::{BuildHasher as _, RandomState};
use std::path::{Path, PathBuf};

use fold::fold;
use folder::named;
pub(super) use folder::{kind_of_folder, place};

/// A regular file of the tree.
pub(super) struct Entry {
    /// Below the root.
    pub path: PathBuf,
    /// How long it is.
    pub size_bytes: u64,
    /// The first record that named it.
    pub claim: Option<Box<Claim>>,
    /// Left behind by a file manager: an orphan only if a record names it.
    is_litter: bool,
}

impl Entry {
    /// Whether it is a file that no record names.
    pub fn is_orphan(&self) -> bool {
        self.claim.is_none() && !self.is_litter
    }
}

/// The record that named a file.
pub(super) struct Claim {
    /// The row or file of the source.
    pub by: String,
    /// Its client.
    pub client: i64,
}

/// A file that a record names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Located {
    pub at: usize,
    /// Whether the path is whole, from the root on; otherwise only its end fits.
    pub is_whole: bool,
}

/// All files below one root.
pub(super) struct Tree {
    root: PathBuf,
    entries: Vec<Entry>,
    by_path: HashMap<String, usize>,
    /// By the hash of their paths as people take them for the same; nothing where several files are.
    by_folded: HashMap<u64, Option<usize>>,
    state: RandomState,
    /// Links, which are not followed, and whatever else is no file.
    pub others: Vec<PathBuf>,
    /// Folders that cannot be read.
    pub closed: Vec<PathBuf>,
}

impl Tree {
    /// Looks through all folders below `root`. Blocking.
    pub fn walk(root: &Path) -> std::io::Result<Self> {
        let mut tree = Self {
            root: root.to_owned(),
            entries: Vec::new(),
            by_path: HashMap::new(),
            by_folded: HashMap::new(),
            state: RandomState::new(),
            others: Vec::new(),
            closed: Vec::new(),
        };
        let mut folders = vec![PathBuf::new()];
        // That the root itself can be read is the least.
        std::fs::read_dir(root)?;
        while let Some(folder) = folders.pop() {
            let Ok(entries) = std::fs::read_dir(root.join(&folder)) else {
                tree.closed.push(folder);
                continue;
            };
            for entry in entries.flatten() {
                let below = folder.join(entry.file_name());
                match (entry.file_type(), entry.metadata()) {
                    (Ok(kind), _) if kind.is_dir() => folders.push(below),
                    (Ok(kind), Ok(found)) if kind.is_file() => tree.add(below, found.len()),
                    _ => tree.others.push(below),
                }
            }
        }
        Ok(tree)
    }

    fn add(&mut self, path: PathBuf, size_bytes: u64) {
        let at = self.entries.len();
        let name = slashed(&path);
        let folded = self.by_folded.entry(self.state.hash_one(fold(&name)));
        folded.and_modify(|only| *only = None).or_insert(Some(at));
        self.by_path.insert(name, at);
        self.entries.push(Entry {
            claim: None,
            is_litter: is_of_the_system(&path),
            path,
            size_bytes,
        });
    }

    /// Where an entry is.
    pub fn full_path(&self, at: usize) -> PathBuf {
        self.root.join(&self.entries[at].path)
    }

    pub fn entry(&self, at: usize) -> &Entry {
        &self.entries[at]
    }

    pub fn len(&self) -> usize {
        self.entries.len()
    }

    pub fn bytes(&self) -> u64 {
        self.entries.iter().map(|entry| entry.size_bytes).sum()
    }

    /// Notes which record names a file; the first stays.
    pub fn claim(&mut self, at: usize, by: &str, client: i64) {
        let claim = || {
            let by = by.to_owned();
            Box::new(Claim { by, client })
        };
        self.entries[at].claim.get_or_insert_with(claim);
    }

    /// The file that a record names, however its path is written: absolute or not, with either slash, from another
    /// machine, its letters large or small; as it stands first. Only files of this tree are ever found.
    pub fn locate(&self, named: &str) -> Option<Located> {
        let exact = |path: &str| self.by_path.get(path).copied();
        let folded = |path: &str| {
            let path = fold(path);
            let found = *self.by_folded.get(&self.state.hash_one(&path))?;
            found.filter(|at| fold(&slashed(&self.entries[*at].path)) == path)
        };
        // A file may have a backslash in its own name.
        let ways = [names_of(named, &['/']), names_of(named, &['/', '\\'])];
        let found = |find: &dyn Fn(&str) -> Option<usize>| {
            let mut ways = ways.iter();
            ways.find_map(|names| self.end_of(names, find))
        };
        found(&exact).or_else(|| found(&folded))
    }

    /// The longest end of a path that is a path of this tree.
    fn end_of(&self, names: &[&str], find: &dyn Fn(&str) -> Option<usize>) -> Option<Located> {
        (0..names.len()).find_map(|from| {
            let at = find(&names[from..].join("/"))?;
            let root = self.root.file_name().unwrap_or_default();
            let is_root = |name: &&str| {
                let name = fold(name);
                name == "media_storage" || name == fold(&root.to_string_lossy())
            };
            let above = from.checked_sub(1).and_then(|above| names.get(above));
            let is_whole = above.is_none_or(is_root);
            Some(Located { at, is_whole })
        })
    }
}

/// The names that a path is made of, on whatever machine it was written.
fn names_of<'a>(path: &'a str, separators: &[char]) -> Vec<&'a str> {
    let mut names = Vec::new();
    for name in path.split(separators) {
        match name {
            "" | "." => {}
            ".." => drop(names.pop()),
            name => names.push(name),
        }
    }
    names
}

/// A path with forward slashes, as an index.
pub(super) fn slashed(path: &Path) -> String {
    let names: Vec<_> = path.components().filter_map(named).collect();
    names.join("/")
}

/// What file managers leave behind.
fn is_of_the_system(path: &Path) -> bool {
    let name = path
        .file_name()
        .map(|name| name.to_string_lossy().to_lowercase());
    let litter = [".ds_store", ".nomedia", "thumbs.db", "desktop.ini"];
    name.is_none_or(|name| name.starts_with("._") || litter.contains(&name.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(files: &[&str]) -> (tempfile::TempDir, Tree) {
        let root = tempfile::tempdir().unwrap();
        for file in files {
            let path = root.path().join(file);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, file).unwrap();
        }
        let tree = Tree::walk(root.path()).unwrap();
        (root, tree)
    }

    #[test]
    fn a_file_is_found_however_its_path_is_written_and_never_outside() {
        let file = "cliente_2/instance_A/audios/João da Silva ção.mp3";
        let (_root, tree) = tree(&[file, "cliente_3/instance_B/audios/b.mp3"]);
        for named in [
            "cliente_2/instance_A/audios/João da Silva ção.mp3",
            "/srv/multichat/media_storage/cliente_2/instance_A/audios/João da Silva ção.mp3",
            r"D:\multi chat\media_storage\cliente_2\instance_A\audios\João da Silva ção.mp3",
            "./cliente_2/x/../instance_A//audios/João da Silva ção.mp3",
        ] {
            let found = tree
                .locate(named)
                .map(|it| slashed(&tree.entry(it.at).path));
            assert_eq!(found.as_deref(), Some(file), "{named}");
        }
        for named in [
            "",
            "..",
            "/etc/passwd",
            "../../../../etc/passwd",
            "João da Silva ção.mp3",
            r"\\server\share\b.mp3",
        ] {
            assert_eq!(tree.locate(named), None, "{named}");
        }
    }

    #[test]
    fn a_file_is_found_whose_letters_are_written_in_another_way_unless_two_are() {
        let (_root, tree) = tree(&[
            "fotos/ac\u{327}a\u{303}o.JPG",
            #[cfg(unix)]
            "fotos/a\\b.jpg",
            #[cfg(target_os = "linux")]
            "fotos/Twice.jpg",
            #[cfg(target_os = "linux")]
            "fotos/twice.jpg",
        ]);
        let found = |named: &str| {
            let located = tree.locate(named)?;
            Some((slashed(&tree.entry(located.at).path), located.is_whole))
        };
        let first = Some(("fotos/ac\u{327}a\u{303}o.JPG".to_owned(), true));
        assert_eq!(found("fotos/ação.jpg"), first);
        assert_eq!(found(r"D:\X\Media_Storage\Fotos\AÇÃO.jpg"), first);
        let elsewhere = found("/somewhere/else/fotos/ação.jpg");
        assert_eq!(elsewhere, first.map(|(name, _)| (name, false)));
        #[cfg(unix)]
        assert_eq!(found(r"fotos/a\b.jpg").unwrap().0, r"fotos/a\b.jpg");
        #[cfg(target_os = "linux")]
        assert_eq!(found("fotos/twice.jpg").unwrap().0, "fotos/twice.jpg");
        assert_eq!(found("fotos/TWICE.jpg"), None);
    }

    #[test]
    fn only_what_file_managers_leave_behind_is_no_orphan() {
        for (name, is_litter) in [
            (".DS_Store", true),
            ("._foto.jpg", true),
            ("Thumbs.db", true),
            (".nomedia", true),
            (".hidden.jpg", false),
            ("foto.jpg", false),
        ] {
            assert_eq!(is_of_the_system(Path::new(name)), is_litter, "{name}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn links_are_not_followed() {
        let (root, _) = tree(&["cliente_2/instance_A/audios/a.mp3"]);
        std::os::unix::fs::symlink("/etc", root.path().join("cliente_9")).unwrap();
        let tree = Tree::walk(root.path()).unwrap();
        assert_eq!((tree.len(), tree.others.len()), (1, 1));
    }
}
