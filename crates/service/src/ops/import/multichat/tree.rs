//! The files of the original system, and what their places say. It used two layouts:
//! `cliente_{id}/instance_{id}/{kind}/` and `{client name}/instance_{id}/chats/{chat}/{kind}/`, with the kinds in
//! Portuguese or English, and before them `{client name}/{kind}/`.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use sha2::{Digest as _, Sha256};
use unicode_normalization::UnicodeNormalization as _;
use walkdir::WalkDir;

use crate::model::{MediaKind, hex};
use crate::storage;

/// A regular file of the tree.
pub(super) struct Entry {
    /// Below the root.
    pub path: PathBuf,
    pub size_bytes: u64,
    /// The first record that names it.
    pub named: Option<Box<Named>>,
    /// Whether it is a record's file, so that it is no orphan.
    has_record: AtomicBool,
}

pub(super) struct Named {
    /// The row or file of the source.
    pub by: String,
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
    /// Without differences of case and of how accents are composed; nothing where several files have the same.
    by_folded: HashMap<String, Option<usize>>,
    /// Links, which are not followed, and whatever else is no file.
    pub others: Vec<PathBuf>,
    pub unreadable_folders: Vec<PathBuf>,
}

impl Tree {
    /// Blocking.
    pub fn walk(root: &Path) -> std::io::Result<Self> {
        std::fs::read_dir(root)?;
        let mut tree = Self {
            root: root.to_owned(),
            entries: Vec::new(),
            by_path: HashMap::new(),
            by_folded: HashMap::new(),
            others: Vec::new(),
            unreadable_folders: Vec::new(),
        };
        let below = |path: &Path| path.strip_prefix(root).unwrap_or(path).to_owned();
        for entry in WalkDir::new(root).min_depth(1) {
            match entry {
                Ok(entry) if entry.file_type().is_dir() => {}
                Ok(entry) => match entry.metadata() {
                    Ok(metadata) if metadata.is_file() => {
                        tree.add(below(entry.path()), metadata.len());
                    }
                    _ => tree.others.push(below(entry.path())),
                },
                Err(error) => tree.unreadable_folders.extend(error.path().map(below)),
            }
        }
        Ok(tree)
    }

    fn add(&mut self, path: PathBuf, size_bytes: u64) {
        let (at, name) = (self.entries.len(), slashed(&path));
        let folded = self.by_folded.entry(fold(&name));
        folded.and_modify(|only| *only = None).or_insert(Some(at));
        self.by_path.insert(name, at);
        self.entries.push(Entry {
            path,
            size_bytes,
            named: None,
            has_record: AtomicBool::new(false),
        });
    }

    pub fn full_path(&self, at: usize) -> PathBuf {
        self.root.join(&self.entries[at].path)
    }

    pub fn entry(&self, at: usize) -> &Entry {
        &self.entries[at]
    }

    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    pub fn bytes(&self) -> u64 {
        self.entries.iter().map(|entry| entry.size_bytes).sum()
    }

    /// Notes that a record names a file; the first stays.
    pub fn name(&mut self, at: usize, by: &str, client: i64) {
        let named = || {
            let by = by.to_owned();
            Box::new(Named { by, client })
        };
        self.entries[at].named.get_or_insert_with(named);
    }

    /// Notes that a file is a record's.
    pub fn claim(&self, at: usize) {
        self.entries[at].has_record.store(true, Ordering::Relaxed);
    }

    /// The files that are no record's, but for what file managers leave behind.
    pub fn orphans(&self) -> Vec<usize> {
        let is_orphan = |at: &usize| {
            let entry = &self.entries[*at];
            !entry.has_record.load(Ordering::Relaxed) && !is_of_a_file_manager(&entry.path)
        };
        (0..self.entries.len()).filter(is_orphan).collect()
    }

    /// SHA-256 of a file; nothing when it cannot be read.
    pub async fn hash(&self, at: usize) -> Option<[u8; 32]> {
        let path = self.full_path(at);
        let hashing = tokio::task::spawn_blocking(move || storage::hash_file(&path));
        hashing.await.ok()?.ok()
    }

    /// The file that a record names, however its path is written: absolute or not, with either slash, from another
    /// machine, its letters large or small; as it is written first. Only files of this tree are ever found.
    pub fn locate(&self, named: &str) -> Option<Located> {
        let exact = |path: &str| self.by_path.get(path).copied();
        let folded = |path: &str| self.by_folded.get(&fold(path)).copied().flatten();
        // A file may have a backslash in its own name.
        let readings = [names_of(named, &['/']), names_of(named, &['/', '\\'])];
        let find = |find: &dyn Fn(&str) -> Option<usize>| {
            let mut readings = readings.iter();
            readings.find_map(|names| self.longest_end(names, find))
        };
        find(&exact).or_else(|| find(&folded))
    }

    /// The longest end of a path that is a path of this tree.
    fn longest_end(&self, names: &[&str], find: &dyn Fn(&str) -> Option<usize>) -> Option<Located> {
        let root = self.root.file_name().unwrap_or_default();
        let roots = ["media_storage".to_owned(), fold(&root.to_string_lossy())];
        (0..names.len()).find_map(|from| {
            let at = find(&names[from..].join("/"))?;
            let above = from.checked_sub(1).map(|above| fold(names[above]));
            let is_whole = above.is_none_or(|above| roots.contains(&above));
            Some(Located { at, is_whole })
        })
    }
}

/// A name without differences of case, each accent by itself: macOS decomposes accents, and Windows ignores case.
fn fold(name: &str) -> String {
    name.to_lowercase().nfd().collect()
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

fn folders_and_name(path: &Path) -> Vec<String> {
    let names = path.iter().map(|name| name.to_string_lossy().into_owned());
    names.collect()
}

/// A path with forward slashes.
pub(super) fn slashed(path: &Path) -> String {
    folders_and_name(path).join("/")
}

fn is_of_a_file_manager(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let names = [".ds_store", ".nomedia", "thumbs.db", "desktop.ini"];
    name.starts_with("._") || names.contains(&name.to_lowercase().as_str())
}

/// The client, instance and kind that the folders of a file name.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Place {
    /// The first folder: `cliente_{id}`, or a client's name.
    pub owner: String,
    /// From `instance_{id}`.
    pub instance: Option<String>,
    /// From `chats/{chat}`.
    pub chat: Option<String>,
    pub kind: Option<MediaKind>,
}

pub(super) fn place(path: &Path) -> Place {
    let mut folders = folders_and_name(path);
    folders.pop();
    let instance = folders
        .iter()
        .find_map(|name| name.strip_prefix("instance_"));
    let chats = folders.iter().position(|name| name == "chats");
    Place {
        owner: folders.first().cloned().unwrap_or_default(),
        instance: instance.map(str::to_owned),
        chat: chats.and_then(|at| folders.get(at + 1)).cloned(),
        kind: folders.last().and_then(|name| kind_of(name)),
    }
}

/// A kind, by any name that the original system gave its folder or its rows.
pub(super) fn kind_of(name: &str) -> Option<MediaKind> {
    Some(match name.trim().to_lowercase().as_str() {
        "image" | "images" | "imagem" | "imagens" | "photo" | "foto" | "fotos" => MediaKind::Image,
        "video" | "videos" | "vídeo" | "vídeos" | "gif" | "ptv" => MediaKind::Video,
        "audio" | "audios" | "áudio" | "áudios" | "ptt" | "voice" => MediaKind::Audio,
        "document" | "documents" | "documento" | "documentos" => MediaKind::Document,
        "sticker" | "stickers" | "figurinha" | "figurinhas" => MediaKind::Sticker,
        _ => return None,
    })
}

/// Stands in the place of a message's id in the row of a file that no row of the source names.
pub(super) fn orphan_id(path: &Path) -> String {
    let id = Sha256::digest(path.as_os_str().as_encoded_bytes());
    format!("imported-{}", hex(&id[..16]))
}

#[cfg(test)]
mod tests;
