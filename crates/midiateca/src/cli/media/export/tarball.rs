//! An export as a tar archive, in a file or as a stream on stdout.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use tar::{Builder, Header};

use super::manifest::Manifest;
use super::sink::Outcome;
use super::source::{Halt, PIECE_BYTES, Source};
use super::staged::Staged;
use midiateca_service::clock::{Millis, SECOND};

enum Out {
    File(File),
    Pipe(io::Stdout),
}

impl Write for Out {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::File(file) => file.write(bytes),
            Self::Pipe(pipe) => pipe.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::File(file) => file.flush(),
            Self::Pipe(pipe) => pipe.flush(),
        }
    }
}

pub(super) struct Tarball {
    /// Nothing in a stream.
    staged: Option<Staged>,
    builder: Option<Builder<BufWriter<Out>>>,
}

impl Tarball {
    pub fn file(staged: Staged) -> io::Result<Self> {
        let out = Out::File(staged.writer()?);
        Ok(Self::new(Some(staged), out))
    }

    pub fn pipe() -> Self {
        Self::new(None, Out::Pipe(io::stdout()))
    }

    fn new(staged: Option<Staged>, out: Out) -> Self {
        let builder = Builder::new(BufWriter::with_capacity(PIECE_BYTES, out));
        Self {
            staged,
            builder: Some(builder),
        }
    }

    /// What a file leaves in the archive is taken back when it was not the right one. A stream takes nothing back, so
    /// a file is read before it is copied into one.
    pub fn put(&mut self, name: &str, at: Millis, source: &mut Source) -> Result<Outcome, Halt> {
        let builder = self.builder.as_mut().ok_or_else(closed)?;
        let Some(staged) = &mut self.staged else {
            if let Err(wrong) = source.prove()? {
                return Ok(Outcome::Wrong(wrong));
            }
            let copied = append(builder, name, at, source.size_bytes(), &mut source.pieces());
            // Altered between two readings: the rest of the stream would be read as something else.
            return match source.settle(copied)? {
                Ok(()) => Ok(Outcome::Written),
                Err(_) => Err(Halt::Failed(io::Error::from(io::ErrorKind::InvalidData))),
            };
        };
        builder.get_mut().flush()?;
        let start = staged.position()?;
        let copied = append(builder, name, at, source.size_bytes(), &mut source.pieces());
        if let Err(wrong) = source.settle(copied)? {
            builder.get_mut().flush()?;
            staged.cut(start)?;
            return Ok(Outcome::Wrong(wrong));
        }
        Ok(Outcome::Written)
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
        // Left to itself, it would write the mark of the end: a stream that was cut short would pass for whole.
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
