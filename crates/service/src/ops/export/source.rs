//! A stored file while it is copied: its hash is known at its end.

use std::io::{self, BufReader, Read, Seek as _};
use std::sync::Arc;

use sha2::{Digest as _, Sha256};

use super::outcome::Halt;
use super::report::ExportFinding;
use crate::media::{Media, hex};
use crate::ops::{Problem, Progress};
use crate::shutdown::CancellationToken;
use crate::storage::{self, StoredReader};

pub(super) const PIECE_BYTES: usize = 256 << 10;

/// The size and hash of a file by its row.
#[derive(Clone)]
pub(in crate::ops) struct Expected {
    pub size_bytes: u64,
    /// In hexadecimal.
    pub sha256: String,
}

impl Expected {
    /// None for a row that does not say it.
    pub fn of(media: &Media) -> Option<Self> {
        Some(Self {
            size_bytes: media.size?,
            sha256: hex(&media.sha256?),
        })
    }
}

/// Follows the copying, and can end it.
#[derive(Clone)]
pub(in crate::ops) struct Watch {
    pub cancelled: CancellationToken,
    pub progress: Arc<dyn Progress<ExportFinding>>,
}

/// Reads as many bytes as the row says, and hashes them.
pub(in crate::ops) struct ProvenReader {
    file: StoredReader,
    expected: Expected,
    left: u64,
    hash: Sha256,
    is_unreadable: bool,
    is_counted: bool,
    watch: Watch,
}

impl ProvenReader {
    /// Checks what can be seen without reading.
    pub fn new(
        opened: Result<StoredReader, storage::Error>,
        expected: Expected,
        watch: Watch,
    ) -> Result<Self, Problem> {
        let file = opened.map_err(|error| {
            if error.is_missing() {
                Problem::Missing
            } else {
                Problem::Unreadable
            }
        })?;
        let size_bytes = file.size_bytes().map_err(|_| Problem::Unreadable)?;
        if size_bytes != expected.size_bytes {
            return Err(Problem::Corrupt);
        }
        Ok(Self {
            file,
            left: expected.size_bytes,
            expected,
            hash: Sha256::new(),
            is_unreadable: false,
            is_counted: true,
            watch,
        })
    }

    pub fn size_bytes(&self) -> u64 {
        self.expected.size_bytes
    }

    pub fn pieces(&mut self) -> BufReader<&mut Self> {
        BufReader::with_capacity(PIECE_BYTES, self)
    }

    /// Whether the copied bytes are those of the row; a [`Halt`] when the copying itself could not go on.
    pub fn settle<T>(&mut self, copied: io::Result<T>) -> Result<Result<(), Problem>, Halt> {
        match copied {
            Err(_) if self.is_unreadable => Ok(Err(Problem::Unreadable)),
            Err(_) if self.watch.cancelled.is_cancelled() => Err(Halt::Cancelled),
            Err(error) => Err(Halt::Failed(error)),
            Ok(_) if self.left > 0 => Ok(Err(Problem::Corrupt)),
            Ok(_) if hex(&self.hash.finalize_reset()) != self.expected.sha256 => {
                Ok(Err(Problem::Corrupt))
            }
            Ok(_) => Ok(Ok(())),
        }
    }

    /// Reads it once without a copy, and returns to its beginning.
    pub fn prove(&mut self) -> Result<Result<(), Problem>, Halt> {
        self.prove_through(&mut io::sink())
    }

    /// Like [`ProvenReader::prove`], and shows `reader` the bytes.
    pub fn prove_through(
        &mut self,
        reader: &mut dyn io::Write,
    ) -> Result<Result<(), Problem>, Halt> {
        self.is_counted = false;
        let read = io::copy(&mut self.pieces(), reader);
        self.is_counted = true;
        let proven = self.settle(read)?;
        self.left = self.expected.size_bytes;
        Ok(proven.and_then(|()| self.file.rewind().map_err(|_| Problem::Unreadable)))
    }
}

impl Read for ProvenReader {
    fn read(&mut self, piece: &mut [u8]) -> io::Result<usize> {
        if self.watch.cancelled.is_cancelled() {
            return Err(io::Error::other("cancelled"));
        }
        let most = usize::try_from(self.left).map_or(piece.len(), |left| left.min(piece.len()));
        let count = self.file.read(&mut piece[..most]).inspect_err(|error| {
            self.is_unreadable = error.kind() != io::ErrorKind::Interrupted;
        })?;
        self.hash.update(&piece[..count]);
        self.left -= count as u64;
        if self.is_counted {
            self.watch.progress.advance(count as u64);
        }
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_length_is_seen_before_reading_and_another_hash_at_the_end() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        let open = |content: &[u8]| {
            std::fs::write(&path, content).unwrap();
            let expected = Expected {
                size_bytes: 5,
                sha256: hex(&Sha256::digest(b"right")),
            };
            let watch = Watch {
                cancelled: CancellationToken::new(),
                progress: Arc::new(()),
            };
            ProvenReader::new(
                Ok(std::fs::File::open(&path).unwrap().into()),
                expected,
                watch,
            )
        };
        for other_length in [&b"righ"[..], b"rights"] {
            assert_eq!(open(other_length).err(), Some(Problem::Corrupt));
        }
        let proven = open(b"wrong").unwrap().prove().ok().unwrap();
        assert_eq!(proven, Err(Problem::Corrupt));
        assert_eq!(open(b"right").unwrap().prove().ok().unwrap(), Ok(()));
    }
}
