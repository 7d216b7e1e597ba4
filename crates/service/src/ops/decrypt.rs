//! Decrypts one file from WhatsApp's CDN, without a database. The output gets its name when everything is verified.

use std::fs::File;
use std::io::{self, Read as _, Seek as _, Write};
use std::path::{Path, PathBuf};

use serde::ser::SerializeMap as _;
use serde::{Serialize, Serializer};
use tempfile::NamedTempFile;
use wa_media::{
    Cause, Checks, Decrypted, Decryptor, Expected, Failure, KeyKind, LabelFinder, MediaKey,
};

use super::Progress;
use crate::disk;
use crate::shutdown::CancellationToken;

const PIECE_BYTES: usize = 64 << 10;

pub struct Options {
    pub file: PathBuf,
    pub key: MediaKey,
    pub kind: KeyKind,
    pub expected: Expected,
    pub output: Output,
}

pub enum Output {
    File(PathBuf),
    Stream(Box<dyn Write>),
}

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("cannot read {}", .0.display())]
    Read(PathBuf, #[source] io::Error),
    #[error("{} exists", .0.display())]
    Exists(PathBuf),
    #[error("cannot write {}", .0.display())]
    Write(PathBuf, #[source] io::Error),
}

#[derive(Clone, Debug, Default, Serialize)]
pub struct Report {
    pub decrypted: bool,
    /// `-` for a stream.
    pub output: String,
    /// Bytes of the plaintext.
    pub size: Option<u64>,
    pub verified: Option<&'static str>,
    pub label: Option<&'static str>,
    #[serde(serialize_with = "checks")]
    pub checks: Checks,
    /// Why nothing was written.
    #[serde(serialize_with = "cause")]
    pub reason: Option<Cause>,
    /// It was cancelled before its end.
    pub stopped: bool,
}

fn checks<S: Serializer>(checks: &Checks, serializer: S) -> Result<S::Ok, S::Error> {
    let mut map = serializer.serialize_map(Some(4))?;
    map.serialize_entry("enc_sha256", &checks.enc_sha256)?;
    map.serialize_entry("mac", &checks.mac)?;
    map.serialize_entry("padding", &checks.padding)?;
    map.serialize_entry("sha256", &checks.sha256)?;
    map.end()
}

fn cause<S: Serializer>(cause: &Option<Cause>, serializer: S) -> Result<S::Ok, S::Error> {
    let code = cause.map(|cause| match cause {
        Cause::NotEncrypted => "not_encrypted",
        Cause::TooShort { .. } => "too_short",
        Cause::BadShape { .. } => "bad_shape",
        Cause::Corrupt => "corrupt",
        Cause::WrongKey => "wrong_key",
        Cause::BadPadding => "bad_padding",
        Cause::PlainHashMismatch => "plain_hash_mismatch",
    });
    code.serialize(serializer)
}

/// Decrypts. Progress counts bytes of the encrypted file. Blocking.
pub fn run(
    options: Options,
    progress: &dyn Progress<()>,
    cancelled: &CancellationToken,
) -> Result<Report, Error> {
    let shown = match &options.output {
        Output::File(path) if path.exists() => return Err(Error::Exists(path.clone())),
        Output::File(path) => path.display().to_string(),
        Output::Stream(_) => "-".to_owned(),
    };
    let mut work = Work {
        staged: Staged::create(&options.output)?,
        file: options.file,
        progress,
        cancelled,
    };
    let (key, kind, expected) = (&options.key, options.kind, options.expected);
    let mut attempt = work.decrypt(Decryptor::new(key, kind, expected.clone()))?;
    if let Some(Err(failure)) = &attempt
        && matches!(failure.cause, Cause::WrongKey | Cause::Corrupt)
        && failure.checks.enc_sha256 != Some(false)
    {
        match work.find_label(LabelFinder::new(key))? {
            None => attempt = None,
            Some(None) => {}
            Some(Some(label)) => {
                attempt = work.decrypt(Decryptor::of_proven_label(key, label, expected))?;
            }
        }
    }
    let report = Report {
        output: shown,
        ..Report::default()
    };
    Ok(match attempt {
        None => Report {
            stopped: true,
            ..report
        },
        Some(Err(failure)) => Report {
            checks: failure.checks,
            reason: Some(failure.cause),
            ..report
        },
        Some(Ok(decrypted)) => {
            work.staged.publish(options.output)?;
            Report {
                decrypted: true,
                size: Some(decrypted.verified.size_bytes()),
                verified: Some(decrypted.verified.verification().as_str()),
                label: Some(decrypted.key_kind.info()),
                checks: decrypted.checks,
                ..report
            }
        }
    })
}

struct Work<'a> {
    file: PathBuf,
    staged: Staged,
    progress: &'a dyn Progress<()>,
    cancelled: &'a CancellationToken,
}

impl Work<'_> {
    /// Decrypts into the staged file; `None` when cancelled.
    fn decrypt(
        &mut self,
        decryptor: Decryptor,
    ) -> Result<Option<Result<Decrypted, Failure>>, Error> {
        // The report has the result of each comparison.
        let mut decryptor = decryptor.with_every_check();
        let mut plaintext = Vec::new();
        self.staged.clear()?;
        let is_whole = self.read(|staged, piece| {
            decryptor.update(piece, &mut plaintext);
            staged.write(&plaintext)?;
            plaintext.clear();
            Ok(())
        })?;
        if !is_whole {
            return Ok(None);
        }
        let decrypted = decryptor.finish(&mut plaintext);
        self.staged.write(&plaintext)?;
        Ok(Some(decrypted))
    }

    /// The label that fits, if any; `None` when cancelled.
    fn find_label(&mut self, mut finder: LabelFinder) -> Result<Option<Option<KeyKind>>, Error> {
        let is_whole = self.read(|_, piece| {
            finder.update(piece);
            Ok(())
        })?;
        Ok(is_whole.then(|| finder.finish()))
    }

    /// Reads the encrypted file; false when cancelled.
    fn read(
        &mut self,
        mut take: impl FnMut(&mut Staged, &[u8]) -> Result<(), Error>,
    ) -> Result<bool, Error> {
        let path = self.file.clone();
        let failed = |error| Error::Read(path.clone(), error);
        let mut file = File::open(&self.file).map_err(failed)?;
        let length = file.metadata().map_err(failed)?.len();
        self.progress.expect(length);
        let mut piece = vec![0; PIECE_BYTES];
        while !self.cancelled.is_cancelled() {
            let count = file.read(&mut piece).map_err(failed)?;
            if count == 0 {
                return Ok(true);
            }
            take(&mut self.staged, &piece[..count])?;
            self.progress.advance(count as u64);
        }
        Ok(false)
    }
}

/// The plaintext before it is verified. Dropped, it is removed.
struct Staged {
    file: NamedTempFile,
    output: PathBuf,
}

impl Staged {
    fn create(output: &Output) -> Result<Self, Error> {
        let temp = std::env::temp_dir();
        let (folder, output) = match output {
            Output::File(path) => (disk::parent(path), path.clone()),
            Output::Stream(_) => (temp.as_path(), PathBuf::from("-")),
        };
        match tempfile::Builder::new()
            .prefix(".midiateca-")
            .tempfile_in(folder)
        {
            Ok(file) => Ok(Self { file, output }),
            // The library adds a path to the message: without it, the text for the kind is shown.
            Err(error) => Err(Error::Write(output, error.kind().into())),
        }
    }

    fn failed(&self) -> impl FnOnce(io::Error) -> Error + use<> {
        let output = self.output.clone();
        |error| Error::Write(output, error)
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), Error> {
        let failed = self.failed();
        self.file.as_file_mut().write_all(bytes).map_err(failed)
    }

    fn clear(&mut self) -> Result<(), Error> {
        let failed = self.failed();
        let file = self.file.as_file_mut();
        let cleared = file.set_len(0).and_then(|()| file.rewind());
        cleared.map_err(failed)
    }

    fn publish(self, output: Output) -> Result<(), Error> {
        let (failed, mut file) = (self.failed(), self.file);
        match output {
            Output::Stream(mut stream) => {
                let file = file.as_file_mut();
                let copied = file.rewind().and_then(|()| io::copy(file, &mut stream));
                // The bytes that are still buffered may fail as well.
                copied.and_then(|_| stream.flush()).map_err(failed)
            }
            Output::File(path) => publish_file(file, &path).map_err(failed),
        }
    }
}

fn publish_file(file: NamedTempFile, path: &Path) -> io::Result<()> {
    file.as_file().sync_all()?;
    disk::name_new(file.path(), path)?;
    disk::sync_folder(disk::parent(path))
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    /// Cancels when the file is read again.
    struct CancelsSecondReading {
        readings: AtomicU32,
        cancelled: CancellationToken,
    }

    impl Progress<()> for CancelsSecondReading {
        fn expect(&self, _total: u64) {
            if self.readings.fetch_add(1, Ordering::Relaxed) == 1 {
                self.cancelled.cancel();
            }
        }
    }

    /// Takes everything and loses it when it is flushed.
    struct Full;

    impl Write for Full {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Err(io::ErrorKind::StorageFull.into())
        }
    }

    fn options(folder: &Path, kind: KeyKind, output: Output) -> Options {
        let (key, file) = (MediaKey::new([7; 32]), folder.join("text.enc"));
        let encrypted = wa_media::encrypt::encrypt(&key, KeyKind::Video, b"a text");
        std::fs::write(&file, encrypted.body).unwrap();
        Options {
            file,
            key,
            kind,
            expected: Expected::default(),
            output,
        }
    }

    #[test]
    fn a_search_for_the_label_that_is_cancelled_proves_no_wrong_key() {
        let folder = tempfile::tempdir().unwrap();
        let output = Output::File(folder.path().join("text"));
        let cancelled = CancellationToken::new();
        let progress = CancelsSecondReading {
            readings: AtomicU32::new(0),
            cancelled: cancelled.clone(),
        };
        let options = options(folder.path(), KeyKind::Document, output);
        let report = run(options, &progress, &cancelled).unwrap();
        assert!(report.stopped && report.reason.is_none(), "{report:?}");
    }

    #[test]
    fn a_stream_that_loses_what_it_buffered_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let output = Output::Stream(Box::new(Full));
        let options = options(folder.path(), KeyKind::Video, output);
        let written = run(options, &(), &CancellationToken::new());
        assert!(matches!(written, Err(Error::Write(..))), "{written:?}");
    }
}
