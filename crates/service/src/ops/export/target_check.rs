//! Whether an export may go to a target.

use std::fs;
use std::path::Path;

use super::error::{Error, Refusal};
use super::target::{Format, MARKER, Target};
use crate::disk;
use crate::storage::Storage;

/// Endings of archives that this does not write. A folder with such a name would surprise.
const OTHER_ARCHIVES: [&str; 8] = ["tgz", "gz", "zst", "xz", "bz2", "7z", "rar", "lz4"];

impl Target {
    /// By the ending of its name, unless the format is given; `-` is a stream.
    pub fn from_path(path: &Path, format: Option<Format>) -> Result<Self, Error> {
        let refuse = |refusal| Err(refused(refusal, path));
        if path.as_os_str() == "-" {
            return match format {
                Some(Format::Folder | Format::Zip) => refuse(Refusal::OnlyTar),
                _ => Ok(Self::Stream),
            };
        }
        let ending = path.extension().and_then(|ending| ending.to_str());
        let ending = ending.map(str::to_ascii_lowercase);
        let path = path.to_owned();
        match (format, ending.as_deref()) {
            (Some(Format::Tar), _) | (None, Some("tar")) => Ok(Self::Tar(path)),
            (Some(Format::Zip), _) | (None, Some("zip")) => Ok(Self::Zip(path)),
            (None, Some(ending)) if OTHER_ARCHIVES.contains(&ending) => {
                refuse(Refusal::OtherArchive)
            }
            _ => Ok(Self::Folder(path)),
        }
    }

    /// Refuses a target that exists, or that is inside of the storage.
    pub(super) fn check(&self, storage: &Storage) -> Result<(), Error> {
        let refuse = |refusal, path: &Path| Err(refused(refusal, path));
        let unreadable = |source| Error::Target {
            target: self.shown().into(),
            source,
        };
        if let Some(folder) = self.existing_folder()
            && storage.contains(&folder).map_err(unreadable)?
        {
            return refuse(Refusal::InsideStorage, Path::new(&self.shown()));
        }
        match self {
            Self::Stream | Self::ZipStream => Ok(()),
            Self::Tar(path) | Self::Zip(path) if path.symlink_metadata().is_ok() => {
                refuse(Refusal::Exists, path)
            }
            Self::Tar(path) | Self::Zip(path) if !disk::parent(path).is_dir() => {
                refuse(Refusal::NoFolder, path)
            }
            Self::Folder(path) if path.exists() && !path.is_dir() => {
                refuse(Refusal::NotAFolder, path)
            }
            Self::Folder(path) if path.is_dir() => {
                let mut entries = fs::read_dir(path).map_err(unreadable)?;
                let is_empty = entries.next().is_none();
                if is_empty || path.join(MARKER).is_file() {
                    Ok(())
                } else {
                    refuse(Refusal::Foreign, path)
                }
            }
            Self::Folder(_) | Self::Tar(_) | Self::Zip(_) => Ok(()),
        }
    }
}

fn refused(refusal: Refusal, path: &Path) -> Error {
    Error::Refused {
        target: path.to_owned(),
        refusal,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ending_of_the_name_decides_the_format_unless_it_is_given() {
        let of = |name: &str, format| Target::from_path(Path::new(name), format);
        for (name, format, expected) in [
            ("out", None, Target::Folder("out".into())),
            ("a.b/out.TAR", None, Target::Tar("a.b/out.TAR".into())),
            ("out.zip", None, Target::Zip("out.zip".into())),
            ("out.zip", Some(Format::Tar), Target::Tar("out.zip".into())),
            (
                "out.tar",
                Some(Format::Folder),
                Target::Folder("out.tar".into()),
            ),
            ("-", None, Target::Stream),
            ("-", Some(Format::Tar), Target::Stream),
        ] {
            assert_eq!(of(name, format).unwrap(), expected);
        }
        for (name, format) in [("-", Some(Format::Zip)), ("out.tar.gz", None)] {
            assert!(of(name, format).is_err(), "{name}");
        }
    }
}
