//! An export as a tar archive, in a file or as a stream.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use tar::{Builder, Header};

use super::manifest::Manifest;
use super::sink::{Exported, Halt};
use super::source::{PIECE_BYTES, Source};
use super::staged::Staged;
use crate::clock::{Millis, SECOND};

enum Out {
    File(File),
    Stream(Box<dyn Write + Send>),
}

impl Write for Out {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::File(file) => file.write(bytes),
            Self::Stream(stream) => stream.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::File(file) => file.flush(),
            Self::Stream(stream) => stream.flush(),
        }
    }
}

pub(super) struct Tarball {
    /// `None` for a stream.
    staged: Option<Staged>,
    builder: Option<Builder<BufWriter<Out>>>,
}

impl Tarball {
    pub fn file(staged: Staged) -> io::Result<Self> {
        let out = Out::File(staged.writer()?);
        Ok(Self::new(Some(staged), out))
    }

    pub fn stream(stream: Box<dyn Write + Send>) -> Self {
        Self::new(None, Out::Stream(stream))
    }

    fn new(staged: Option<Staged>, out: Out) -> Self {
        let builder = Builder::new(BufWriter::with_capacity(PIECE_BYTES, out));
        Self {
            staged,
            builder: Some(builder),
        }
    }

    /// A corrupt file is cut from the archive again. Nothing can be cut from a stream, so a file is read before it is
    /// copied into one.
    pub fn put(&mut self, name: &str, at: Millis, source: &mut Source) -> Result<Exported, Halt> {
        let builder = self.builder.as_mut().ok_or_else(closed)?;
        let Some(staged) = &mut self.staged else {
            if let Err(problem) = source.prove()? {
                return Ok(Exported::Omitted(problem));
            }
            let copied = append(builder, name, at, source.size_bytes(), &mut source.pieces());
            // It changed between two readings, and its length is in the stream already.
            return match source.settle(copied)? {
                Ok(()) => Ok(Exported::Written),
                Err(_) => Err(Halt::Failed(io::Error::from(io::ErrorKind::InvalidData))),
            };
        };
        builder.get_mut().flush()?;
        let start = staged.position()?;
        let copied = append(builder, name, at, source.size_bytes(), &mut source.pieces());
        if let Err(problem) = source.settle(copied)? {
            builder.get_mut().flush()?;
            staged.cut(start)?;
            return Ok(Exported::Omitted(problem));
        }
        Ok(Exported::Written)
    }

    pub fn finish(
        mut self,
        target: Option<&Path>,
        manifest: Manifest,
        now: Millis,
    ) -> io::Result<()> {
        let mut builder = self.builder.take().ok_or_else(closed)?;
        for (name, mut staged) in manifest.finish()? {
            let (size_bytes, mut reader) = staged.reader()?;
            append(&mut builder, name, now, size_bytes, &mut reader)?;
        }
        builder.into_inner()?.flush()?;
        match (self.staged.take(), target) {
            (Some(staged), Some(target)) => staged.publish_new(target),
            _ => Ok(()),
        }
    }
}

impl Drop for Tarball {
    fn drop(&mut self) {
        // Its own drop writes the end of the archive: an incomplete stream would look complete.
        std::mem::forget(self.builder.take());
    }
}

fn closed() -> io::Error {
    io::Error::from(io::ErrorKind::BrokenPipe)
}

fn append(
    builder: &mut Builder<BufWriter<Out>>,
    name: &str,
    at: Millis,
    size_bytes: u64,
    data: &mut dyn io::Read,
) -> io::Result<()> {
    let mut header = Header::new_gnu();
    header.set_size(size_bytes);
    header.set_mode(0o644);
    header.set_mtime(u64::try_from(at / SECOND).unwrap_or(0));
    builder.append_data(&mut header, name, data)
}
