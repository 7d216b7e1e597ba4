//! The files of the original system, and what their places tell. It used two layouts:
//! `cliente_{id}/instance_{id}/{kind}/` and `{client name}/instance_{id}/chats/{chat}/{kind}/`, with the kinds in
//! Portuguese or English, and before them `{client name}/{kind}/`.

use std::collections::HashMap;
use std::hash::{BuildHasher as _, RandomState};
use std::path::{Component, Path, PathBuf};

use crate::media::MediaKind;

/// File names are made of the message's id, or its first or last eight letters, between other things.
const SHORTEST_PART: usize = 8;

/// A regular file of the tree.
pub(super) struct Entry {
    /// Below the root.
    pub path: PathBuf,
    /// How long it is.
    pub size_bytes: u64,
    /// Whether some record has been told of it.
    pub is_claimed: bool,
}

/// What the place of a file tells.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Place {
    /// The first folder: `cliente_{id}`, or a client's name.
    pub owner: String,
    /// From `instance_{id}`.
    pub instance: Option<String>,
    /// From `chats/{chat}`.
    pub chat: Option<String>,
    /// From the kind's folder.
    pub kind: Option<MediaKind>,
}

/// All files below one root.
pub(super) struct Tree {
    root: PathBuf,
    entries: Vec<Entry>,
    by_path: HashMap<String, usize>,
    /// By the hash of each part of their names.
    by_part: HashMap<u64, Vec<usize>>,
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
            by_part: HashMap::new(),
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
        self.by_path.insert(slashed(&path), at);
        for part in parts(&path) {
            let hash = self.state.hash_one(&part);
            self.by_part.entry(hash).or_default().push(at);
        }
        self.entries.push(Entry {
            // What file managers leave behind is nobody's, unless a record names it.
            is_claimed: is_of_the_system(&path),
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

    pub fn claim(&mut self, at: usize) {
        self.entries[at].is_claimed = true;
    }

    /// The file that a record names, however its path is written: absolute or not, with either slash, from another
    /// machine. Only files of this tree are ever found.
    pub fn locate(&self, told: &str) -> Option<usize> {
        let mut names = Vec::new();
        for name in told.split(['/', '\\']) {
            match name {
                "" | "." => {}
                ".." => drop(names.pop()),
                name => names.push(name),
            }
        }
        (0..names.len()).find_map(|from| self.by_path.get(&names[from..].join("/")).copied())
    }

    /// Files in the folders of that instance and kind whose name holds the message's id; only when it `may_guess`, also
    /// those that hold its beginning or end, which many messages have in common.
    pub fn of_message(
        &self,
        instance: &str,
        kind: MediaKind,
        message: &str,
        may_guess: bool,
    ) -> Vec<usize> {
        let letters: Vec<_> = message.char_indices().map(|(at, _)| at).collect();
        let mut wanted = vec![message];
        if may_guess && letters.len() > SHORTEST_PART {
            wanted.push(&message[..letters[SHORTEST_PART]]);
            wanted.push(&message[letters[letters.len() - SHORTEST_PART]..]);
        }
        let found = wanted
            .into_iter()
            .map(|part| self.of_part(instance, kind, &part.to_uppercase()));
        found
            .into_iter()
            .find(|found| !found.is_empty())
            .unwrap_or_default()
    }

    fn of_part(&self, instance: &str, kind: MediaKind, part: &str) -> Vec<usize> {
        let found = self.by_part.get(&self.state.hash_one(part));
        let is_so = |at: &usize| {
            let entry = &self.entries[*at];
            let place = place(&entry.path);
            !entry.is_claimed
                && place.instance.as_deref() == Some(instance)
                && place.kind == Some(kind)
                && parts(&entry.path).any(|name| name == part)
        };
        let found = found.map_or(&[][..], Vec::as_slice).iter().copied();
        found.filter(is_so).collect()
    }
}

/// What the place of a file tells.
pub(super) fn place(path: &Path) -> Place {
    let mut folders: Vec<_> = path.components().filter_map(named).collect();
    folders.pop();
    let after = |prefix: &str| {
        let found = folders.iter().find_map(|name| name.strip_prefix(prefix));
        found.map(str::to_owned)
    };
    let chats = folders.iter().position(|name| name == "chats");
    Place {
        owner: folders.first().cloned().unwrap_or_default(),
        instance: after("instance_"),
        chat: chats.and_then(|at| folders.get(at + 1)).cloned(),
        kind: folders.last().and_then(|name| kind_of_folder(name)),
    }
}

/// A kind, by any name that the original system gave its folder or its rows.
pub(super) fn kind_of_folder(name: &str) -> Option<MediaKind> {
    Some(match name.trim().to_lowercase().as_str() {
        "image" | "images" | "imagem" | "imagens" | "photo" | "foto" | "fotos" => MediaKind::Image,
        "video" | "videos" | "vídeo" | "vídeos" | "gif" | "ptv" => MediaKind::Video,
        "audio" | "audios" | "áudio" | "áudios" | "ptt" | "voice" => MediaKind::Audio,
        "document" | "documents" | "documento" | "documentos" => MediaKind::Document,
        "sticker" | "stickers" | "figurinha" | "figurinhas" => MediaKind::Sticker,
        _ => return None,
    })
}

/// A path with forward slashes, as an index.
pub(super) fn slashed(path: &Path) -> String {
    let names: Vec<_> = path.components().filter_map(named).collect();
    names.join("/")
}

fn named(component: Component<'_>) -> Option<String> {
    match component {
        Component::Normal(name) => Some(name.to_string_lossy().into_owned()),
        _ => None,
    }
}

fn parts(path: &Path) -> impl Iterator<Item = String> {
    let name = path
        .file_name()
        .map(|name| name.to_string_lossy().to_uppercase());
    let name = name.unwrap_or_default();
    let parts: Vec<_> = name
        .split(['_', '.', ' '])
        .filter(|part| part.chars().count() >= SHORTEST_PART)
        .map(str::to_owned)
        .collect();
    parts.into_iter()
}

/// What file managers leave behind.
fn is_of_the_system(path: &Path) -> bool {
    let name = path
        .file_name()
        .map(|name| name.to_string_lossy().to_lowercase());
    name.is_none_or(|name| {
        name.starts_with('.') || matches!(name.as_str(), "thumbs.db" | "desktop.ini")
    })
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
        for told in [
            "cliente_2/instance_A/audios/João da Silva ção.mp3",
            "/srv/multichat/media_storage/cliente_2/instance_A/audios/João da Silva ção.mp3",
            r"D:\multi chat\media_storage\cliente_2\instance_A\audios\João da Silva ção.mp3",
            "./cliente_2/x/../instance_A//audios/João da Silva ção.mp3",
        ] {
            let found = tree.locate(told).map(|at| slashed(&tree.entry(at).path));
            assert_eq!(found.as_deref(), Some(file), "{told}");
        }
        for told in [
            "",
            "..",
            "/etc/passwd",
            "../../../../etc/passwd",
            "João da Silva ção.mp3",
            r"\\server\share\b.mp3",
        ] {
            assert_eq!(tree.locate(told), None, "{told}");
        }
    }

    #[test]
    fn a_place_tells_whose_it_is_and_what() {
        let told = place(Path::new("cliente_2/instance_A-B/imagens/x.jpg"));
        assert_eq!(
            (told.owner.as_str(), told.instance.as_deref(), told.kind),
            ("cliente_2", Some("A-B"), Some(MediaKind::Image))
        );
        let told = place(Path::new(
            "Clinica_Aurora/instance_A/chats/5500900000001/audio/x.mp3",
        ));
        assert_eq!(told.chat.as_deref(), Some("5500900000001"));
        assert_eq!(
            (told.owner.as_str(), told.kind),
            ("Clinica_Aurora", Some(MediaKind::Audio))
        );
        let told = place(Path::new("x.mp3"));
        assert_eq!(told, Place::default());
    }

    #[test]
    fn a_file_is_found_by_the_id_in_its_name() {
        let (_root, mut tree) = tree(&[
            "cliente_2/instance_A/audios/msg_3EB0A1C4_20250719_101112.mp3",
            "cliente_2/instance_A/audios/20250719_101112_Ana_F7B2E69A.mp3",
            "cliente_2/instance_B/audios/msg_3EB0A1C4_20250719_101112.mp3",
        ]);
        let found = tree.of_message("A", MediaKind::Audio, "3EB0A1C4D0F7B2E69A10", true);
        let exact = tree.of_message("A", MediaKind::Audio, "3EB0A1C4D0F7B2E69A10", false);
        assert!(exact.is_empty(), "eight letters are not the message's id");
        assert_eq!(found.len(), 1);
        assert_eq!(
            tree.of_message("A", MediaKind::Audio, "000000000F7B2E69A", true)
                .len(),
            1
        );
        assert!(
            tree.of_message("A", MediaKind::Image, "3EB0A1C4D0", true)
                .is_empty()
        );
        tree.claim(found[0]);
        assert!(
            tree.of_message("A", MediaKind::Audio, "3EB0A1C4D0", true)
                .is_empty()
        );
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
