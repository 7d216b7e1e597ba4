//! What a disk may hold after the power failed: everything that was synced, and of the rest whatever it likes.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::time::{Duration, UNIX_EPOCH};

use super::log::{Record, Synced};

/// What becomes of what was not synced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unsynced {
    /// All of it is there: the program was killed, the machine was not.
    Kept,
    /// None of it.
    Lost,
    /// Each change of a folder and each write by itself, in any order; writes by sectors.
    Random,
}

/// Sectors are written whole.
const SECTOR: usize = 512;

/// When files were written, since 1970: at some time long ago.
const OFF_SINCE: Duration = Duration::from_secs(1_700_000_000);

type Number = usize;

/// A file's bytes at some point of the log.
#[derive(Clone, Default)]
struct Content {
    bytes: Vec<u8>,
}

impl Content {
    fn write(&mut self, offset: usize, bytes: &[u8]) {
        let end = offset + bytes.len();
        if self.bytes.len() < end {
            self.bytes.resize(end, 0);
        }
        self.bytes[offset..end].copy_from_slice(bytes);
    }
}

/// A name of a folder or a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Entry {
    Folder,
    File(Number),
}

/// The folder before the first record: everything in it counts as synced.
pub struct Base {
    entries: BTreeMap<String, Entry>,
    contents: Vec<Content>,
    by_inode: HashMap<u64, Number>,
}

impl Base {
    /// Reads a folder.
    pub fn read(root: &Path) -> anyhow::Result<Self> {
        let mut base = Self {
            entries: BTreeMap::new(),
            contents: Vec::new(),
            by_inode: HashMap::new(),
        };
        base.add(root, "")?;
        Ok(base)
    }

    #[cfg(unix)]
    fn add(&mut self, root: &Path, below: &str) -> anyhow::Result<()> {
        use std::os::unix::fs::MetadataExt as _;
        for entry in fs::read_dir(root.join(below))? {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            let path = if below.is_empty() {
                name
            } else {
                format!("{below}/{name}")
            };
            if entry.file_type()?.is_dir() {
                self.entries.insert(path.clone(), Entry::Folder);
                self.add(root, &path)?;
                continue;
            }
            let inode = entry.metadata()?.ino();
            let number = match self.by_inode.get(&inode) {
                Some(number) => *number,
                None => {
                    let bytes = fs::read(entry.path())?;
                    self.contents.push(Content { bytes });
                    self.by_inode.insert(inode, self.contents.len() - 1);
                    self.contents.len() - 1
                }
            };
            self.entries.insert(path, Entry::File(number));
        }
        Ok(())
    }
}

/// A change of names that happens as a whole or not at all, and where in the log it is.
struct Change {
    at: usize,
    /// The folders that it changes: it is durable when all of them are synced.
    folders: BTreeSet<String>,
    unbinds: Option<String>,
    binds: Option<(String, Entry)>,
}

/// A change of a file.
struct Edit<'a> {
    at: usize,
    number: Number,
    offset: usize,
    /// `None` for a new size.
    bytes: Option<&'a [u8]>,
}

/// The log, with files by number: an inode's number is used again once its file is gone.
pub struct History<'a> {
    base: &'a Base,
    files: usize,
    changes: Vec<Change>,
    edits: Vec<Edit<'a>>,
    /// Finished syncs: when they began, when they were done.
    file_syncs: Vec<(usize, usize, Number)>,
    folder_syncs: Vec<(usize, usize, String)>,
}

impl<'a> History<'a> {
    pub fn new(base: &'a Base, records: &'a [Record]) -> Self {
        let mut history = Self {
            base,
            files: base.contents.len(),
            changes: Vec::new(),
            edits: Vec::new(),
            file_syncs: Vec::new(),
            folder_syncs: Vec::new(),
        };
        let mut by_inode = base.by_inode.clone();
        let mut names = base.entries.clone();
        let mut running: HashMap<u64, (usize, Option<Number>, String)> = HashMap::new();
        for (at, record) in records.iter().enumerate() {
            match record {
                Record::Create { inode, .. } => {
                    by_inode.insert(*inode, history.files);
                    history.files += 1;
                }
                Record::Write {
                    inode,
                    offset,
                    bytes,
                } => history.edits.extend(by_inode.get(inode).map(|number| Edit {
                    at,
                    number: *number,
                    offset: usize::try_from(*offset).unwrap_or(usize::MAX),
                    bytes: Some(bytes.as_slice()),
                })),
                Record::Resize { inode, size } => {
                    history.edits.extend(by_inode.get(inode).map(|number| Edit {
                        at,
                        number: *number,
                        offset: usize::try_from(*size).unwrap_or(usize::MAX),
                        bytes: None,
                    }));
                }
                Record::SyncBegan { id, what } => {
                    let what = match what {
                        Synced::File(inode) => (at, by_inode.get(inode).copied(), String::new()),
                        Synced::Folder(path) => (at, None, path.clone()),
                    };
                    running.insert(*id, what);
                }
                Record::SyncDone { id } => match running.remove(id) {
                    Some((began, Some(number), _)) => history.file_syncs.push((began, at, number)),
                    Some((began, None, folder)) => history.folder_syncs.push((began, at, folder)),
                    None => {}
                },
                _ => {}
            }
            for change in changes(at, record, &names, history.files) {
                apply(&mut names, &change);
                history.changes.push(change);
            }
        }
        history
    }

    /// As if no folder with this in its path had been synced since the record number `from`.
    pub fn forget_folder_syncs(&mut self, from: usize, part: &str) {
        let is_kept = |done: &usize, path: &String| *done < from || !path.contains(part);
        self.folder_syncs
            .retain(|(_, done, path)| is_kept(done, path));
    }

    /// Writes what the disk may hold after the record number `cut` (not included) into `root`.
    pub fn write(
        &self,
        cut: usize,
        unsynced: Unsynced,
        random: &mut fastrand::Rng,
        root: &Path,
    ) -> anyhow::Result<()> {
        let mut names = self.base.entries.clone();
        for change in self.changes.iter().take_while(|change| change.at < cut) {
            let is_synced = |folder: &String| {
                let mut syncs = self.folder_syncs.iter();
                syncs.any(|(began, done, synced)| {
                    change.at < *began && *done < cut && folder == synced
                })
            };
            if change.folders.iter().all(is_synced) || stays(unsynced, random) {
                apply(&mut names, change);
            }
        }
        let contents = self.contents(cut, unsynced, random);
        let mut written: HashMap<Number, &str> = HashMap::new();
        fs::create_dir_all(root)?;
        // The power was off for a while: the program treats files that were written a moment ago in another way.
        let off = fs::FileTimes::new().set_modified(UNIX_EPOCH + OFF_SINCE);
        // A name whose folder is not there is not there either: names are in order, folders before what they contain.
        for (path, entry) in &names {
            let full = root.join(path);
            if !full.parent().is_some_and(Path::is_dir) {
                continue;
            }
            match entry {
                Entry::Folder => fs::create_dir(full)?,
                Entry::File(number) => match written.get(number) {
                    Some(first) => fs::hard_link(root.join(first), full)?,
                    None => {
                        let mut file = fs::File::create(full)?;
                        file.write_all(&contents[*number].bytes)?;
                        file.set_times(off)?;
                        written.insert(*number, path);
                    }
                },
            }
        }
        Ok(())
    }

    fn contents(&self, cut: usize, unsynced: Unsynced, random: &mut fastrand::Rng) -> Vec<Content> {
        let mut contents = self.base.contents.clone();
        contents.resize_with(self.files, Content::default);
        for edit in self.edits.iter().take_while(|edit| edit.at < cut) {
            let is_synced = self.file_syncs.iter().any(|(began, done, number)| {
                edit.at < *began && *done < cut && *number == edit.number
            });
            let content = &mut contents[edit.number];
            match edit.bytes {
                None if is_synced || stays(unsynced, random) => {
                    content.bytes.resize(edit.offset, 0)
                }
                None => {}
                Some(bytes) if is_synced => content.write(edit.offset, bytes),
                Some(bytes) => {
                    for (n, sector) in bytes.chunks(SECTOR).enumerate() {
                        if stays(unsynced, random) {
                            content.write(edit.offset + n * SECTOR, sector);
                        }
                    }
                }
            }
        }
        contents
    }
}

fn stays(unsynced: Unsynced, random: &mut fastrand::Rng) -> bool {
    match unsynced {
        Unsynced::Kept => true,
        Unsynced::Lost => false,
        Unsynced::Random => random.bool(),
    }
}

fn folder_of(path: &str) -> String {
    path.rsplit_once('/')
        .map_or(String::new(), |(folder, _)| folder.to_owned())
}

/// What a record does to names; `files` is the number after that of a file just created. A file that is renamed to another
/// folder is there and not here only when both folders are synced: after a power failure it may have both names, or none.
fn changes(
    at: usize,
    record: &Record,
    names: &BTreeMap<String, Entry>,
    files: usize,
) -> Vec<Change> {
    let change = |unbinds: Option<&String>, binds: Option<(&String, Entry)>| {
        let paths = unbinds.into_iter().chain(binds.map(|(path, _)| path));
        Change {
            at,
            folders: paths.map(|path| folder_of(path)).collect(),
            unbinds: unbinds.cloned(),
            binds: binds.map(|(path, entry)| (path.clone(), entry)),
        }
    };
    match record {
        Record::Create { path, .. } => vec![change(None, Some((path, Entry::File(files - 1))))],
        Record::MakeFolder { path } => vec![change(None, Some((path, Entry::Folder)))],
        Record::Unlink { path } | Record::RemoveFolder { path } => vec![change(Some(path), None)],
        Record::Link { from, to } => match names.get(from) {
            Some(entry) => vec![change(None, Some((to, *entry)))],
            None => Vec::new(),
        },
        Record::Rename { from, to } => match names.get(from) {
            Some(Entry::File(number)) if folder_of(from) != folder_of(to) => vec![
                change(None, Some((to, Entry::File(*number)))),
                change(Some(from), None),
            ],
            Some(entry) => vec![change(Some(from), Some((to, *entry)))],
            None => Vec::new(),
        },
        _ => Vec::new(),
    }
}

fn apply(names: &mut BTreeMap<String, Entry>, change: &Change) {
    if let Some(path) = &change.unbinds {
        // A folder takes what it contains with it.
        let moved = names.remove(path);
        if moved == Some(Entry::Folder) {
            let prefix = format!("{path}/");
            let inside: Vec<_> = names
                .range(prefix.clone()..)
                .take_while(|(name, _)| name.starts_with(&prefix))
                .map(|(name, entry)| (name.clone(), *entry))
                .collect();
            for (name, entry) in inside {
                names.remove(&name);
                if let Some((to, _)) = &change.binds {
                    names.insert(format!("{to}/{}", &name[prefix.len()..]), entry);
                }
            }
        }
    }
    if let Some((path, entry)) = &change.binds {
        names.insert(path.clone(), *entry);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(path: &Path) -> Option<String> {
        fs::read_to_string(path).ok()
    }

    /// What is on the disk after each record when what was not synced is lost.
    #[test]
    fn only_what_was_synced_survives() {
        let before = tempfile::tempdir().unwrap();
        fs::write(before.path().join("old"), "old").unwrap();
        let base = Base::read(before.path()).unwrap();
        let write = |bytes: &[u8]| Record::Write {
            inode: 9,
            offset: 0,
            bytes: bytes.to_vec(),
        };
        let began = |id, what| Record::SyncBegan { id, what };
        let records = [
            Record::Create {
                inode: 9,
                path: "new".to_owned(),
            },
            write(b"one"),
            began(1, Synced::File(9)),
            write(b"two"),
            Record::SyncDone { id: 1 },
            began(2, Synced::Folder(String::new())),
            Record::SyncDone { id: 2 },
            Record::Rename {
                from: "new".to_owned(),
                to: "old".to_owned(),
            },
            began(3, Synced::Folder(String::new())),
            Record::SyncDone { id: 3 },
        ];
        let history = History::new(&base, &records);
        let state = |cut, unsynced| {
            let folder = tempfile::tempdir().unwrap();
            let mut random = fastrand::Rng::with_seed(1);
            history
                .write(cut, unsynced, &mut random, folder.path())
                .unwrap();
            ["old", "new"].map(|name| text(&folder.path().join(name)))
        };
        let texts =
            |old: Option<&str>, new: Option<&str>| [old, new].map(|text| text.map(str::to_owned));
        // The bytes are synced, the name is not.
        assert_eq!(state(5, Unsynced::Lost), texts(Some("old"), None));
        // The second write came after the sync began, though before it was done.
        assert_eq!(state(7, Unsynced::Lost), texts(Some("old"), Some("one")));
        assert_eq!(state(7, Unsynced::Kept), texts(Some("old"), Some("two")));
        assert_eq!(state(9, Unsynced::Lost), texts(Some("old"), Some("one")));
        assert_eq!(state(10, Unsynced::Lost), texts(Some("one"), None));
    }

    #[test]
    fn a_file_that_changes_its_folder_needs_both_folders_synced() {
        let before = tempfile::tempdir().unwrap();
        for folder in ["a", "b"] {
            fs::create_dir(before.path().join(folder)).unwrap();
        }
        fs::write(before.path().join("a/file"), "text").unwrap();
        let base = Base::read(before.path()).unwrap();
        let state = |synced: &[&str]| {
            let mut records = vec![Record::Rename {
                from: "a/file".to_owned(),
                to: "b/file".to_owned(),
            }];
            for (id, folder) in (1..).zip(synced) {
                let what = Synced::Folder((*folder).to_owned());
                records.push(Record::SyncBegan { id, what });
                records.push(Record::SyncDone { id });
            }
            let folder = tempfile::tempdir().unwrap();
            let mut random = fastrand::Rng::with_seed(1);
            History::new(&base, &records)
                .write(records.len(), Unsynced::Lost, &mut random, folder.path())
                .unwrap();
            ["a/file", "b/file"].map(|name| folder.path().join(name).exists())
        };
        assert_eq!(state(&[]), [true, false]);
        assert_eq!(state(&["b"]), [true, true]);
        assert_eq!(state(&["a"]), [false, false]);
        assert_eq!(state(&["b", "a"]), [false, true]);
    }
}
