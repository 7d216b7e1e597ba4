//! Where exported files go: a folder, or one of two kinds of archive.

use std::io;

use super::folder::Folder;
use super::manifest::Manifest;
use super::source::{Expected, Source, Watch};
use super::staged::Staged;
use super::tarball::Tarball;
use super::target::Target;
use super::zipped::Zipped;
use crate::clock::Millis;
use crate::disk;
use crate::ops::Problem;

/// The result for one file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Exported {
    Written,
    /// The target had it already.
    Kept,
    /// It has a problem, and is not in the export.
    Omitted(Problem),
}

/// Why an export ends early.
#[derive(Debug)]
pub(super) enum Halt {
    Cancelled,
    /// The target cannot be written.
    Failed(io::Error),
}

impl From<io::Error> for Halt {
    fn from(error: io::Error) -> Self {
        Self::Failed(error)
    }
}

#[expect(clippy::large_enum_variant, reason = "an export has one")]
pub(super) enum Sink {
    Folder(Folder),
    Tar(Tarball),
    Zip(Zipped),
}

impl Sink {
    /// Begins to write, with a staged manifest; `None` when another export goes to the same target.
    pub fn open(
        target: &Target,
        stream: Box<dyn io::Write + Send>,
        watch: &Watch,
    ) -> io::Result<Option<(Self, Manifest)>> {
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
                let Some(staged) = Staged::next_to(path, "archive")? else {
                    return Ok(None);
                };
                let sink = match target {
                    Target::Zip(_) => Self::Zip(Zipped::file(staged)?),
                    _ => Self::Tar(Tarball::file(staged)?),
                };
                let manifest = Manifest::create(|what| Staged::next_to(path, what), None)?;
                (Some(sink), manifest)
            }
            Target::Stream => {
                // It contains names of people, so it must not outlive a killed run.
                let folder = std::env::temp_dir();
                let manifest = Manifest::create(|_| Staged::unnamed(&folder).map(Some), None)?;
                (Some(Self::Tar(Tarball::stream(stream))), manifest)
            }
        };
        Ok(sink.zip(manifest))
    }

    /// Whether the target has this file already.
    pub fn has(&self, name: &str, expected: &Expected) -> Result<bool, Halt> {
        match self {
            Self::Folder(folder) => folder.has(name, expected),
            Self::Tar(_) | Self::Zip(_) => Ok(false),
        }
    }

    /// Copies a file; `at` becomes its modification time.
    pub fn put(&mut self, name: &str, at: Millis, source: &mut Source) -> Result<Exported, Halt> {
        match self {
            Self::Folder(folder) => folder.put(name, at, source),
            Self::Tar(tar) => tar.put(name, at, source),
            Self::Zip(zip) => zip.put(name, at, source),
        }
    }

    /// Adds the manifest, and publishes the whole.
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
