//! A stored file while it is copied: at its end it is known whether it is the one that its row tells of.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek as _};
use std::path::Path;

use indicatif::ProgressBar;
use sha2::{Digest as _, Sha256};

use super::super::super::words::{Words, export as words};
use midiateca_service::media::hex;
use midiateca_service::shutdown::Shutdown;

/// So much is read and written at once.
pub(super) const PIECE_BYTES: usize = 256 << 10;

/// What is wrong with a stored file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wrong {
    Missing,
    OtherLength,
    Altered,
    Unreadable,
}

impl Wrong {
    /// In the manifest and in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::OtherLength => "other_length",
            Self::Altered => "altered",
            Self::Unreadable => "unreadable",
        }
    }

    pub fn words(self) -> Words {
        match self {
            Self::Missing => words::MISSING,
            Self::OtherLength => words::OTHER_LENGTH,
            Self::Altered => words::ALTERED,
            Self::Unreadable => words::UNREADABLE,
        }
    }
}

/// Why an export goes no further.
#[derive(Debug)]
pub(super) enum Halt {
    /// Somebody asked for it.
    Stopped,
    /// The target cannot be written.
    Failed(io::Error),
}

impl From<io::Error> for Halt {
    fn from(error: io::Error) -> Self {
        Self::Failed(error)
    }
}

/// What a row tells of its file.
#[derive(Clone)]
pub(super) struct Told {
    pub size_bytes: u64,
    /// As hexadecimal text.
    pub sha256: String,
}

/// Who watches the copying, and who may end it.
#[derive(Clone)]
pub(super) struct Watch {
    pub stop: Shutdown,
    pub bar: ProgressBar,
}

/// Gives as many bytes as the row tells of, and hashes them on the way.
pub(super) struct Source {
    file: File,
    told: Told,
    left: u64,
    hash: Sha256,
    is_unreadable: bool,
    watch: Watch,
}

impl Source {
    /// Looks at what can be seen without reading.
    pub fn open(path: &Path, told: Told, watch: Watch) -> Result<Self, Wrong> {
        let wrong = |error: io::Error| match error.kind() {
            io::ErrorKind::NotFound => Wrong::Missing,
            _ => Wrong::Unreadable,
        };
        // A pipe would be waited for, for ever.
        if !std::fs::metadata(path).map_err(wrong)?.is_file() {
            return Err(Wrong::Missing);
        }
        let file = File::open(path).map_err(wrong)?;
        let metadata = file.metadata().map_err(|_| Wrong::Unreadable)?;
        if !metadata.is_file() {
            return Err(Wrong::Missing);
        }
        if metadata.len() != told.size_bytes {
            return Err(Wrong::OtherLength);
        }
        Ok(Self {
            file,
            left: told.size_bytes,
            told,
            hash: Sha256::new(),
            is_unreadable: false,
            watch,
        })
    }

    pub fn size_bytes(&self) -> u64 {
        self.told.size_bytes
    }

    /// What is to be copied.
    pub fn pieces(&mut self) -> BufReader<&mut Self> {
        BufReader::with_capacity(PIECE_BYTES, self)
    }

    /// What the copying came to: whether it is the right file, unless the copying itself could not go on.
    pub fn settle<T>(&mut self, copied: io::Result<T>) -> Result<Result<(), Wrong>, Halt> {
        match copied {
            Err(_) if self.is_unreadable => Ok(Err(Wrong::Unreadable)),
            Err(_) if self.watch.stop.has_begun() => Err(Halt::Stopped),
            Err(error) => Err(Halt::Failed(error)),
            Ok(_) if self.left > 0 => Ok(Err(Wrong::OtherLength)),
            Ok(_) if hex(&self.hash.finalize_reset()) != self.told.sha256 => {
                Ok(Err(Wrong::Altered))
            }
            Ok(_) => Ok(Ok(())),
        }
    }

    /// Reads it once without a copy, and stands at its beginning again.
    pub fn prove(&mut self) -> Result<Result<(), Wrong>, Halt> {
        let bar = std::mem::replace(&mut self.watch.bar, ProgressBar::hidden());
        let read = io::copy(&mut self.pieces(), &mut io::sink());
        self.watch.bar = bar;
        let proven = self.settle(read)?;
        self.left = self.told.size_bytes;
        Ok(proven.and_then(|()| self.file.rewind().map_err(|_| Wrong::Unreadable)))
    }
}

impl Read for Source {
    fn read(&mut self, piece: &mut [u8]) -> io::Result<usize> {
        if self.watch.stop.has_begun() {
            return Err(io::Error::other("stopped"));
        }
        let most = usize::try_from(self.left).map_or(piece.len(), |left| left.min(piece.len()));
        let count = self.file.read(&mut piece[..most]).inspect_err(|error| {
            self.is_unreadable = error.kind() != io::ErrorKind::Interrupted;
        })?;
        self.hash.update(&piece[..count]);
        self.left -= count as u64;
        self.watch.bar.inc(count as u64);
        Ok(count)
    }
}
