//! An export as a zip archive. Media are compressed already, so they are stored uncompressed. The list of all names is at
//! a zip's end, and stays in memory until then.

use std::fs::File;
use std::io;
use std::path::Path;

use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipWriter};

use super::manifest::Manifest;
use super::sink::{Exported, Halt};
use super::source::Source;
use super::staged::Staged;
use crate::clock::{Millis, compact};

/// From this length on a file needs fields of the zip64 kind (APPNOTE.TXT, section 4.3.9.2).
const ZIP64_BYTES: u64 = u32::MAX as u64;

pub(super) struct Zipped {
    staged: Option<Staged>,
    writer: Option<ZipWriter<File>>,
}

impl Zipped {
    pub fn file(staged: Staged) -> io::Result<Self> {
        let writer = ZipWriter::new(staged.writer()?);
        Ok(Self {
            staged: Some(staged),
            writer: Some(writer),
        })
    }

    pub fn put(&mut self, name: &str, at: Millis, source: &mut Source) -> Result<Exported, Halt> {
        let (writer, staged) = (self.writer.as_mut(), self.staged.as_mut());
        let (writer, staged) = writer.zip(staged).ok_or_else(closed)?;
        let copied = append(writer, name, at, source.size_bytes(), &mut source.pieces());
        if let Err(problem) = source.settle(copied)? {
            writer.abort_file().map_err(io::Error::from)?;
            // Aborting only seeks back: the bytes of the corrupt file would stay in the archive without a name.
            let start = staged.position()?;
            staged.cut(start)?;
            return Ok(Exported::Omitted(problem));
        }
        Ok(Exported::Written)
    }

    pub fn finish(mut self, target: &Path, manifest: Manifest, now: Millis) -> io::Result<()> {
        let (writer, staged) = (self.writer.take(), self.staged.take());
        let (mut writer, staged) = writer.zip(staged).ok_or_else(closed)?;
        for (name, mut staged) in manifest.finish()? {
            let (size_bytes, mut reader) = staged.reader()?;
            append(&mut writer, name, now, size_bytes, &mut reader)?;
        }
        writer.finish()?;
        staged.publish_new(target)
    }
}

impl Drop for Zipped {
    fn drop(&mut self) {
        // Its own drop writes the list of names into a file that is removed, and prints an error when that fails.
        std::mem::forget(self.writer.take());
    }
}

fn closed() -> io::Error {
    io::Error::from(io::ErrorKind::BrokenPipe)
}

fn append(
    writer: &mut ZipWriter<File>,
    name: &str,
    at: Millis,
    size_bytes: u64,
    data: &mut dyn io::Read,
) -> io::Result<()> {
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Stored)
        .large_file(size_bytes >= ZIP64_BYTES)
        .unix_permissions(0o644)
        .last_modified_time(time_of(at));
    writer.start_file(name, options)?;
    io::copy(data, writer).map(drop)
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
