//! Where exported files go: a folder, or one of two kinds of archive.

use std::io;

use super::folder::Folder;
use super::manifest::Manifest;
use super::source::{Halt, Source, Told, Watch, Wrong};
use super::staged::Staged;
use super::tarball::Tarball;
use super::target::Target;
use super::zipped::Zipped;
use midiateca_service::clock::Millis;
use midiateca_service::disk;

/// What became of one file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    Written,
    /// It was there already.
    Kept,
    Wrong(Wrong),
}

#[expect(
    clippy::large_enum_variant,
    reason = "there is one of it in a program's life"
)]
pub(super) enum Sink {
    Folder(Folder),
    Tar(Tarball),
    Zip(Zipped),
}

impl Sink {
    /// Begins to write, with a manifest beside it; nothing when another export goes there now.
    pub fn open(target: &Target, watch: &Watch) -> io::Result<Option<(Self, Manifest)>> {
        let (sink, manifest) = match target {
            Target::Folder(root) => {
                let sink = Folder::open(root, watch.clone())?.map(Self::Folder);
                let manifest = match sink {
                    Some(_) => Manifest::create(
                        |what| Staged::create(Folder::place(root, what)),
                        Some(root),
                    )?,
                    None => None,
                };
                (sink, manifest)
            }
            Target::Tar(path) | Target::Zip(path) => {
                let Some(staged) = Staged::beside(path, "archive")? else {
                    return Ok(None);
                };
                let sink = match target {
                    Target::Zip(_) => Self::Zip(Zipped::file(staged)?),
                    _ => Self::Tar(Tarball::file(staged)?),
                };
                let manifest = Manifest::create(|what| Staged::beside(path, what), None)?;
                (Some(sink), manifest)
            }
            Target::Pipe => {
                // It names people, and nobody would look for what a killed run left there.
                let folder = std::env::temp_dir();
                let manifest = Manifest::create(|_| Staged::unnamed(&folder).map(Some), None)?;
                (Some(Self::Tar(Tarball::pipe())), manifest)
            }
        };
        Ok(sink.zip(manifest))
    }

    /// Whether the right file is there already.
    pub fn holds(&self, name: &str, told: &Told) -> Result<bool, Halt> {
        match self {
            Self::Folder(folder) => folder.holds(name, told),
            Self::Tar(_) | Self::Zip(_) => Ok(false),
        }
    }

    /// Copies a file; `at` becomes its time.
    pub fn put(&mut self, name: &str, at: Millis, source: &mut Source) -> Result<Outcome, Halt> {
        match self {
            Self::Folder(folder) => folder.put(name, at, source),
            Self::Tar(tar) => tar.put(name, at, source),
            Self::Zip(zip) => zip.put(name, at, source),
        }
    }

    /// Adds the manifest, and gives the whole its name.
    pub fn finish(self, target: &Target, manifest: Manifest, now: Millis) -> io::Result<()> {
        match (self, target) {
            (Self::Folder(folder), _) => return folder.finish(manifest),
            (Self::Tar(tar), Target::Tar(path)) => tar.finish(Some(path), manifest, now)?,
            (Self::Tar(tar), _) => tar.finish(None, manifest, now)?,
            (Self::Zip(zip), Target::Zip(path)) => zip.finish(path, manifest, now)?,
            (Self::Zip(_), _) => return Err(io::Error::from(io::ErrorKind::InvalidInput)),
        }
        target
            .folder()
            .map_or(Ok(()), |folder| disk::sync_folder(&folder))
    }
}
