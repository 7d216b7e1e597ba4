//! A dossier while it is written: its manifest and its page grow in files without a name, the sums in memory.

use std::io::{self, BufWriter, Read, Write as _};

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::{DossierMedia, Facts, MANIFEST, PAGE, SIGNATURE, signature};
use crate::clock::Millis;
use crate::media::{Media, hex};
use crate::ops::export::archive::Archive;
use crate::ops::export::manifest::{SUMS, sum};
use crate::ops::export::outcome::Halt;
use crate::ops::export::source::ProvenReader;
use crate::ops::export::staged::Staged;

pub(super) struct Written {
    archive: Summed,
    /// The entries of the manifest, with commas between them.
    entries: BufWriter<Staged>,
    sections: BufWriter<Staged>,
    at: Millis,
    is_first: bool,
}

/// An archive and the hashes of what is in it.
struct Summed {
    archive: Archive,
    sums: String,
}

/// Hashes what is read through it.
struct Hashing<R> {
    inner: R,
    hash: Sha256,
}

impl<R: Read> Read for Hashing<R> {
    fn read(&mut self, piece: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(piece)?;
        self.hash.update(&piece[..count]);
        Ok(count)
    }
}

impl Written {
    pub fn new(stream: Box<dyn io::Write + Send>, at: Millis) -> io::Result<Self> {
        // They contain names of people, so they must not outlive a killed run.
        let folder = std::env::temp_dir();
        let staged = || Staged::unnamed(&folder).map(BufWriter::new);
        Ok(Self {
            archive: Summed {
                archive: Archive::zip_stream(stream),
                sums: String::new(),
            },
            entries: staged()?,
            sections: staged()?,
            at,
            is_first: true,
        })
    }

    /// Copies a file that was read before.
    pub fn put(
        &mut self,
        name: &str,
        at: Millis,
        source: &mut ProvenReader,
        media: &Media,
    ) -> Result<(), Halt> {
        self.archive.archive.put_proven(name, at, source)?;
        if let Some(sha256) = &media.sha256 {
            self.archive.sums.push_str(&sum(name, &hex(sha256)));
        }
        Ok(())
    }

    pub fn add(&mut self, name: &str, at: Millis, bytes: &[u8]) -> io::Result<()> {
        self.archive.add(name, at, bytes.len() as u64, bytes)
    }

    pub fn add_media(&mut self, entry: &DossierMedia<'_>, section: &str) -> io::Result<()> {
        let separator = if self.is_first { "" } else { ",\n" };
        self.is_first = false;
        write!(self.entries, "{separator}{}", json!(entry))?;
        self.sections.write_all(section.as_bytes())
    }

    /// Adds what is written last, the signature at the end.
    pub fn finish(self, facts: &Facts, head: &str, foot: &str, seed: &[u8; 32]) -> io::Result<()> {
        let mut document = json!(facts);
        document["signature"] = json!({"algorithm": "Ed25519", "of": SUMS, "in": SIGNATURE});
        let beginning = beginning_of(&document);
        let staged = |file: BufWriter<Staged>| file.into_inner().map_err(io::Error::from);
        let (mut entries, mut sections) = (staged(self.entries)?, staged(self.sections)?);
        let (at, mut archive) = (self.at, self.archive);
        for (name, before, middle, after) in [
            (MANIFEST, beginning.as_str(), &mut entries, "\n]}\n"),
            (PAGE, head, &mut sections, foot),
        ] {
            let (middle_bytes, middle) = middle.reader()?;
            let size_bytes = middle_bytes + (before.len() + after.len()) as u64;
            let whole = before.as_bytes().chain(middle).chain(after.as_bytes());
            archive.add(name, at, size_bytes, whole)?;
        }
        let sums = std::mem::take(&mut archive.sums);
        archive.add(SUMS, at, sums.len() as u64, sums.as_bytes())?;
        let signature = format!("{}\n", signature::sign(seed, sums.as_bytes()));
        archive.add(SIGNATURE, at, signature.len() as u64, signature.as_bytes())?;
        archive.archive.finish()
    }
}

impl Summed {
    fn add(&mut self, name: &str, at: Millis, size_bytes: u64, inner: impl Read) -> io::Result<()> {
        let mut reader = Hashing {
            inner,
            hash: Sha256::new(),
        };
        self.archive.add(name, at, size_bytes, &mut reader)?;
        self.sums
            .push_str(&sum(name, &hex(&reader.hash.finalize())));
        Ok(())
    }
}

/// The manifest up to its list of media.
fn beginning_of(document: &Value) -> String {
    let text = document.to_string();
    let open = text.strip_suffix('}').unwrap_or("{");
    format!("{open},\"media\":[\n")
}
