//! Where an export goes.

use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::disk;

/// By this file a folder is known for an export.
pub(super) const MARKER: &str = ".midiateca-export";

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    #[default]
    Folder,
    Tar,
    Zip,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    Folder(PathBuf),
    Tar(PathBuf),
    Zip(PathBuf),
    /// A tar archive, into the writer of the options.
    Stream,
    /// A zip archive, into the writer of the options.
    ZipStream,
}

impl Target {
    pub fn format(&self) -> Format {
        match self {
            Self::Folder(_) => Format::Folder,
            Self::Tar(_) | Self::Stream => Format::Tar,
            Self::Zip(_) | Self::ZipStream => Format::Zip,
        }
    }

    /// As the caller named it.
    pub fn shown(&self) -> String {
        match self {
            Self::Folder(path) | Self::Tar(path) | Self::Zip(path) => path.display().to_string(),
            Self::Stream | Self::ZipStream => "-".to_owned(),
        }
    }

    /// `None` for a stream.
    pub fn path(&self) -> Option<&Path> {
        match self {
            Self::Folder(path) | Self::Tar(path) | Self::Zip(path) => Some(path),
            Self::Stream | Self::ZipStream => None,
        }
    }

    /// The folder itself if it exists, else the parent; `None` for a stream.
    fn folder(&self) -> Option<&Path> {
        match self {
            Self::Folder(path) if path.is_dir() => Some(path),
            Self::Folder(path) | Self::Tar(path) | Self::Zip(path) => Some(disk::parent(path)),
            Self::Stream | Self::ZipStream => None,
        }
    }

    /// The nearest folder that exists, on whose disk the export will be.
    pub(super) fn existing_folder(&self) -> Option<PathBuf> {
        let folder = self.folder()?;
        let there = folder.ancestors().find(|above| above.is_dir());
        Some(there.unwrap_or(Path::new(".")).to_owned())
    }
}
