//! An export as an archive: a tar in a file or as a stream, or a zip.
//!
//! Media are compressed already, so a zip stores them uncompressed. The list of all names is at a zip's end, and stays
//! in memory until then.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::mem::ManuallyDrop;
use std::path::{Path, PathBuf};

use tar::{Builder, Header};
use zip::write::{SimpleFileOptions, StreamWriter};
use zip::{CompressionMethod, DateTime, ZipWriter};

use super::outcome::{Exported, Halt};
use super::source::{PIECE_BYTES, ProvenReader};
use super::staged::Staged;
use crate::clock::{Millis, SECOND, compact};
use crate::disk;

/// From this length on a file needs fields of the zip64 kind (APPNOTE.TXT, section 4.3.9.2).
const ZIP64_BYTES: u64 = u32::MAX as u64;

enum Writer {
    Tar(Builder<BufWriter<Box<dyn Write + Send>>>),
    Zip(Box<ZipWriter<File>>),
    ZipStream(Box<ZipWriter<StreamWriter<Box<dyn Write + Send>>>>),
}

impl Writer {
    fn tar(out: Box<dyn Write + Send>) -> Self {
        Self::Tar(Builder::new(BufWriter::with_capacity(PIECE_BYTES, out)))
    }

    fn append(
        &mut self,
        name: &str,
        at: Millis,
        size_bytes: u64,
        data: &mut dyn io::Read,
    ) -> io::Result<()> {
        match self {
            Self::Tar(builder) => {
                let mut header = Header::new_gnu();
                header.set_size(size_bytes);
                header.set_mode(0o644);
                header.set_mtime(u64::try_from(at / SECOND).unwrap_or(0));
                builder.append_data(&mut header, name, data)
            }
            Self::Zip(writer) => {
                writer.start_file(name, zip_options(at, size_bytes))?;
                io::copy(data, writer).map(drop)
            }
            Self::ZipStream(writer) => {
                writer.start_file(name, zip_options(at, size_bytes))?;
                io::copy(data, writer).map(drop)
            }
        }
    }

    /// Writes what is buffered; the position of the file is then the end of the last entry.
    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Tar(builder) => builder.get_mut().flush(),
            Self::Zip(_) | Self::ZipStream(_) => Ok(()),
        }
    }

    fn finish(self) -> io::Result<()> {
        match self {
            Self::Tar(builder) => builder.into_inner()?.flush(),
            Self::Zip(writer) => Ok(writer.finish().map(drop)?),
            Self::ZipStream(writer) => writer.finish()?.into_inner().flush(),
        }
    }
}

fn zip_options(at: Millis, size_bytes: u64) -> SimpleFileOptions {
    SimpleFileOptions::default()
        .compression_method(CompressionMethod::Stored)
        .large_file(size_bytes >= ZIP64_BYTES)
        .unix_permissions(0o644)
        .last_modified_time(time_of(at))
}

pub(in crate::ops) struct Archive {
    /// The file and its name; `None` for a stream.
    staged: Option<(Staged, PathBuf)>,
    /// Dropped, it would write the archive's end: an incomplete stream would look complete.
    writer: ManuallyDrop<Writer>,
}

impl Archive {
    pub fn tar(staged: Staged, target: &Path) -> io::Result<Self> {
        let writer = Writer::tar(Box::new(staged.writer()?));
        Ok(Self::new(Some((staged, target.to_owned())), writer))
    }

    pub fn zip(staged: Staged, target: &Path) -> io::Result<Self> {
        let writer = Writer::Zip(Box::new(ZipWriter::new(staged.writer()?)));
        Ok(Self::new(Some((staged, target.to_owned())), writer))
    }

    pub fn stream(stream: Box<dyn Write + Send>) -> Self {
        Self::new(None, Writer::tar(stream))
    }

    pub fn zip_stream(stream: Box<dyn Write + Send>) -> Self {
        let writer = ZipWriter::new_stream(stream);
        Self::new(None, Writer::ZipStream(Box::new(writer)))
    }

    fn new(staged: Option<(Staged, PathBuf)>, writer: Writer) -> Self {
        Self {
            staged,
            writer: ManuallyDrop::new(writer),
        }
    }

    /// A corrupt file is cut from the archive again. Nothing can be cut from a stream, so a file is read before it is
    /// copied into one.
    pub fn put(
        &mut self,
        name: &str,
        at: Millis,
        source: &mut ProvenReader,
    ) -> Result<Exported, Halt> {
        let start = match &mut self.staged {
            Some((staged, _)) => {
                self.writer.flush()?;
                staged.position()?
            }
            None => {
                return match source.prove()? {
                    Ok(()) => self
                        .put_proven(name, at, source)
                        .map(|()| Exported::Written),
                    Err(problem) => Ok(Exported::Omitted(problem)),
                };
            }
        };
        let size_bytes = source.size_bytes();
        let copied = self
            .writer
            .append(name, at, size_bytes, &mut source.pieces());
        let Err(problem) = source.settle(copied)? else {
            return Ok(Exported::Written);
        };
        let Some((staged, _)) = &mut self.staged else {
            return Ok(Exported::Omitted(problem));
        };
        if let Writer::Zip(writer) = &mut *self.writer {
            writer.abort_file().map_err(io::Error::from)?;
        }
        self.writer.flush()?;
        staged.cut(start)?;
        Ok(Exported::Omitted(problem))
    }

    /// Copies a file that was read before and had the right bytes.
    pub fn put_proven(
        &mut self,
        name: &str,
        at: Millis,
        source: &mut ProvenReader,
    ) -> Result<(), Halt> {
        let size_bytes = source.size_bytes();
        let copied = self
            .writer
            .append(name, at, size_bytes, &mut source.pieces());
        let is_same = source.settle(copied)?;
        // It changed between two readings, and its length is in the stream already.
        is_same.map_err(|_| io::Error::from(io::ErrorKind::InvalidData).into())
    }

    /// Adds an entry that is no stored file.
    pub fn add(
        &mut self,
        name: &str,
        at: Millis,
        size_bytes: u64,
        data: &mut dyn io::Read,
    ) -> io::Result<()> {
        self.writer.append(name, at, size_bytes, data)
    }

    pub fn finish(self) -> io::Result<()> {
        ManuallyDrop::into_inner(self.writer).finish()?;
        let Some((staged, target)) = self.staged else {
            return Ok(());
        };
        staged.publish_new(&target)?;
        disk::sync_folder(disk::parent(&target))
    }
}

/// In UTC; a time that a zip cannot store becomes the earliest that it can.
fn time_of(at: Millis) -> DateTime {
    let text = compact(at);
    let part = |from: usize, to: usize| text.get(from..to)?.parse::<u16>().ok();
    let small = |from, to| part(from, to).and_then(|part| u8::try_from(part).ok());
    let date = part(0, 4).zip(small(4, 6)).zip(small(6, 8));
    let time = small(9, 11).zip(small(11, 13)).zip(small(13, 15));
    date.zip(time)
        .and_then(|(((year, month), day), ((hour, minute), second))| {
            DateTime::from_date_and_time(year, month, day, hour, minute, second).ok()
        })
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_keeps_its_time() {
        let time = time_of(1_757_102_696_000);
        assert_eq!((time.year(), time.month(), time.day()), (2025, 9, 5));
        assert_eq!((time.hour(), time.minute(), time.second()), (20, 4, 56));
        assert_eq!(time_of(-1), DateTime::default());
    }
}
