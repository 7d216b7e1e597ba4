//! Where exported files go: a folder, or one of two kinds of archive.

use std::io;
use std::path::Path;

use super::archive::Archive;
use super::folder::Folder;
use super::manifest::Manifest;
use super::outcome::{Exported, Halt};
use super::source::{Expected, ProvenReader, Watch};
use super::staged::Staged;
use super::target::Target;
use crate::clock::Millis;

pub(super) enum Sink {
    Folder(Folder),
    Archive(Archive),
}

impl Sink {
    /// Begins to write, with a staged manifest; `None` when another export goes to the same target.
    pub fn open(
        target: &Target,
        stream: Box<dyn io::Write + Send>,
        watch: &Watch,
    ) -> io::Result<Option<(Self, Manifest)>> {
        let (path, new): (_, fn(Staged, &Path) -> io::Result<Archive>) = match target {
            Target::Folder(root) => {
                let Some(folder) = Folder::open(root, watch.clone())? else {
                    return Ok(None);
                };
                let stage = |part: &str| Staged::create(Folder::place(root, part));
                let manifest = Manifest::create(stage, Some(root))?;
                return Ok(manifest.map(|manifest| (Self::Folder(folder), manifest)));
            }
            Target::Stream | Target::ZipStream => {
                // It contains names of people, so it must not outlive a killed run.
                let folder = std::env::temp_dir();
                let manifest = Manifest::create(|_| Staged::unnamed(&folder).map(Some), None)?;
                let archive = Self::Archive(match target {
                    Target::ZipStream => Archive::zip_stream(stream),
                    _ => Archive::stream(stream),
                });
                return Ok(manifest.map(|manifest| (archive, manifest)));
            }
            Target::Tar(path) => (path, Archive::tar),
            Target::Zip(path) => (path, Archive::zip),
        };
        let Some(staged) = Staged::next_to(path, "archive")? else {
            return Ok(None);
        };
        let archive = Self::Archive(new(staged, path)?);
        let manifest = Manifest::create(|part| Staged::next_to(path, part), None)?;
        Ok(manifest.map(|manifest| (archive, manifest)))
    }

    pub fn has(&self, name: &str, expected: &Expected) -> Result<bool, Halt> {
        match self {
            Self::Folder(folder) => folder.has(name, expected),
            Self::Archive(_) => Ok(false),
        }
    }

    /// Copies a file; `at` becomes its modification time.
    pub fn put(
        &mut self,
        name: &str,
        at: Millis,
        source: &mut ProvenReader,
    ) -> Result<Exported, Halt> {
        match self {
            Self::Folder(folder) => folder.put(name, at, source),
            Self::Archive(archive) => archive.put(name, at, source),
        }
    }

    /// Adds the manifest, and publishes the whole.
    pub fn finish(self, manifest: Manifest, now: Millis) -> io::Result<()> {
        match self {
            Self::Folder(folder) => folder.finish(manifest),
            Self::Archive(mut archive) => {
                for (name, mut staged) in manifest.finish()? {
                    let (size_bytes, mut reader) = staged.reader()?;
                    archive.add(name, now, size_bytes, &mut reader)?;
                }
                archive.finish()
            }
        }
    }
}
