//! What an export is written to, and whether it may be.

use std::fs;
use std::io::{self, IsTerminal as _};
use std::path::{Path, PathBuf};

use super::super::super::UsageError;
use super::super::super::language::Language;
use super::super::super::words::{Words, export as words};
use super::folder::MARKER;

/// What can be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Format {
    Folder,
    Tar,
    Zip,
}

/// Endings of archives that this does not write, and nobody means for a folder.
const OTHER_ARCHIVES: [&str; 8] = ["tgz", "gz", "zst", "xz", "bz2", "7z", "rar", "lz4"];

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Target {
    Folder(PathBuf),
    Tar(PathBuf),
    Zip(PathBuf),
    /// A tar archive on stdout.
    Pipe,
}

impl Target {
    /// As it was named: by its ending, unless the format is told.
    pub fn of(path: &Path, format: Option<Format>, lang: Language) -> Result<Self, UsageError> {
        let refuse = |words| Err(refusal(lang, words, path));
        if path.as_os_str() == "-" {
            return match format {
                Some(Format::Folder | Format::Zip) => refuse(words::ONLY_TAR),
                _ => Ok(Self::Pipe),
            };
        }
        let ending = path.extension().and_then(|ending| ending.to_str());
        let ending = ending.map(str::to_ascii_lowercase);
        let path = path.to_owned();
        match (format, ending.as_deref()) {
            (Some(Format::Tar), _) | (None, Some("tar")) => Ok(Self::Tar(path)),
            (Some(Format::Zip), _) | (None, Some("zip")) => Ok(Self::Zip(path)),
            (None, Some(ending)) if OTHER_ARCHIVES.contains(&ending) => {
                refuse(words::OTHER_ARCHIVE)
            }
            _ => Ok(Self::Folder(path)),
        }
    }

    pub fn format(&self) -> &'static str {
        match self {
            Self::Folder(_) => "folder",
            Self::Tar(_) | Self::Pipe => "tar",
            Self::Zip(_) => "zip",
        }
    }

    pub fn shown(&self) -> String {
        match self {
            Self::Folder(path) | Self::Tar(path) | Self::Zip(path) => path.display().to_string(),
            Self::Pipe => "-".to_owned(),
        }
    }

    /// The folder that is there, or above what will be there; nothing for a stream.
    pub fn folder(&self) -> Option<PathBuf> {
        let above = |path: &Path| {
            let named = path.parent().filter(|above| !above.as_os_str().is_empty());
            named.unwrap_or(Path::new(".")).to_owned()
        };
        match self {
            Self::Folder(path) if path.is_dir() => Some(path.clone()),
            Self::Folder(path) | Self::Tar(path) | Self::Zip(path) => Some(above(path)),
            Self::Pipe => None,
        }
    }

    /// The nearest folder above that is there, which tells how much room there is.
    pub fn ground(&self) -> Option<PathBuf> {
        let folder = self.folder()?;
        let there = folder.ancestors().find(|above| above.is_dir());
        Some(there.unwrap_or(Path::new(".")).to_owned())
    }

    /// Refuses what would be written over or mixed up. `vault` is where the media are.
    pub fn check(&self, vault: &Path, lang: Language) -> anyhow::Result<()> {
        let refuse = |words, path: &Path| Err(refusal(lang, words, path).into());
        if let Some(ground) = self.ground()
            && fs::canonicalize(ground)?.starts_with(fs::canonicalize(vault)?)
        {
            return refuse(words::INSIDE_VAULT, Path::new(&self.shown()));
        }
        match self {
            Self::Pipe if io::stdout().is_terminal() => {
                refuse(words::TERMINAL, Path::new(&self.shown()))
            }
            Self::Pipe => Ok(()),
            Self::Tar(path) | Self::Zip(path) if path.symlink_metadata().is_ok() => {
                refuse(words::EXISTS, path)
            }
            Self::Tar(path) | Self::Zip(path) if !self.folder().is_some_and(|it| it.is_dir()) => {
                refuse(words::NO_FOLDER, path)
            }
            Self::Folder(path) if path.exists() && !path.is_dir() => {
                refuse(words::NOT_A_FOLDER, path)
            }
            Self::Folder(path) if path.is_dir() => {
                let is_empty = fs::read_dir(path)?.next().is_none();
                match is_empty || path.join(MARKER).is_file() {
                    true => Ok(()),
                    false => refuse(words::FOREIGN, path),
                }
            }
            Self::Folder(_) | Self::Tar(_) | Self::Zip(_) => Ok(()),
        }
    }
}

fn refusal(lang: Language, words: Words, path: &Path) -> UsageError {
    UsageError(lang.fill(words, &[("target", &path.display())]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ending_tells_the_format_unless_it_is_told() {
        let of = |name: &str, format| Target::of(Path::new(name), format, Language::English);
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
            ("-", None, Target::Pipe),
            ("-", Some(Format::Tar), Target::Pipe),
        ] {
            assert_eq!(of(name, format).unwrap(), expected);
        }
        for (name, format) in [("-", Some(Format::Zip)), ("out.tar.gz", None)] {
            assert!(of(name, format).is_err(), "{name}");
        }
    }
}
