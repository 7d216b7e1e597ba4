//! Checks a dossier without a data folder: each file against `SHA256SUMS`, no file more and none less, and the signature.
//! The archive may come from anyone: it is read where it is, nothing is unpacked, and no more bytes are read than it has.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufReader, Read, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use zip::{CompressionMethod, ZipArchive};

use super::signature::{PublicKey, is_signed_by};
use super::{FORMAT, MANIFEST, PAGE, SIGNATURE};
use crate::media::unhex;
use crate::ops::export::manifest::SUMS;

/// The most bytes of `SHA256SUMS`: for 20,000 media with their longest names.
const MOST_SUMS_BYTES: u64 = 64 << 20;
const MOST_MANIFEST_BYTES: u64 = 1 << 30;
const MOST_SIGNATURE_BYTES: u64 = 1_000;
/// Names in a dossier have fewer bytes.
const LONGEST_NAME: usize = 1_000;
const PIECE_BYTES: usize = 256 << 10;
/// The lengths that the descriptor behind an entry may have, where it was written as a stream.
const DESCRIPTORS: [u64; 5] = [0, 12, 16, 20, 24];
/// The end of an archive's directory without a comment.
const END_BYTES: i64 = 22;

pub struct Options {
    pub path: PathBuf,
    /// The key of the installation, known from elsewhere; without it the one in the dossier is used.
    pub key: Option<PublicKey>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DossierFault {
    /// Its bytes are not those of `SHA256SUMS`.
    Altered,
    Missing,
    /// It is not in `SHA256SUMS`.
    Added,
    /// It is compressed, a link, or damaged, so that its bytes cannot be read.
    Unreadable,
    /// A program that unpacks it could write outside of its folder.
    UnsafeName,
    /// The signature is not one of `SHA256SUMS` by the key.
    NotSigned,
    /// It was signed by another installation than the given key's.
    OtherKey,
    /// It has a line that is none.
    Malformed,
    /// The archive has files or other bytes that its directory does not show, or shows twice.
    Hidden,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DossierFinding {
    /// Within the dossier; `.` for the archive itself.
    pub path: String,
    pub fault: DossierFault,
}

#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// Empty when the manifest cannot be read.
    pub installation: String,
    pub made_at: Option<String>,
    pub public_key: Option<String>,
    /// Whether the key was given, and not taken from the dossier.
    pub is_key_given: bool,
    /// That match.
    pub files: u64,
    pub bytes: u64,
    #[serde(skip)]
    pub findings: Vec<DossierFinding>,
}

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("{path} cannot be read")]
    Io { path: PathBuf, source: io::Error },
    #[error("{path} is not a readable ZIP file")]
    NoArchive {
        path: PathBuf,
        source: zip::result::ZipError,
    },
    #[error("{path} has no {name}, so it is not a dossier")]
    Lacks { path: PathBuf, name: &'static str },
    #[error("{name} of {path} is larger than one of a dossier")]
    TooLarge { path: PathBuf, name: &'static str },
    #[error("the manifest of {path} is not one of a dossier that this version knows")]
    OtherFormat { path: PathBuf },
}

/// The fields of a manifest that are checked; its media are skipped.
#[derive(Deserialize)]
struct Head {
    format: String,
    #[serde(default)]
    installation: String,
    made_at: Option<String>,
    public_key: String,
}

struct Dossier<'a> {
    path: &'a Path,
    archive: ZipArchive<BufReader<File>>,
    findings: Vec<DossierFinding>,
}

pub fn run(options: &Options) -> Result<Report, Error> {
    let path = options.path.as_path();
    let unreadable = |source| Error::Io {
        path: path.to_owned(),
        source,
    };
    let file = File::open(path).map_err(unreadable)?;
    let archive = ZipArchive::new(BufReader::with_capacity(PIECE_BYTES, file));
    let archive = archive.map_err(|source| Error::NoArchive {
        path: path.to_owned(),
        source,
    })?;
    let mut dossier = Dossier {
        path,
        archive,
        findings: Vec::new(),
    };
    dossier.run(options.key)
}

impl Dossier<'_> {
    fn run(&mut self, key: Option<PublicKey>) -> Result<Report, Error> {
        for name in [MANIFEST, SUMS, SIGNATURE] {
            if self.archive.index_for_name(name).is_none() {
                let path = self.path.to_owned();
                return Err(Error::Lacks { path, name });
            }
        }
        if self.archive.validate_header_consistency().is_err() || self.has_other_bytes() {
            self.find(".", DossierFault::Hidden);
        }
        let sums = self.text(SUMS, MOST_SUMS_BYTES)?;
        let signature = self.text(SIGNATURE, MOST_SIGNATURE_BYTES)?;
        let expected = self.expected(&sums);
        let (files, bytes) = self.compare(expected);
        let head = self.head()?;
        let own = head.as_ref().and_then(|head| head.public_key.parse().ok());
        if key.is_some() && own.is_some() && key != own {
            self.find(MANIFEST, DossierFault::OtherKey);
        }
        let used = key.or(own);
        let signature = String::from_utf8_lossy(&signature);
        if !used.is_some_and(|key| is_signed_by(key, &sums, &signature)) {
            self.find(SUMS, DossierFault::NotSigned);
        }
        Ok(Report {
            installation: head
                .as_ref()
                .map_or(String::new(), |head| head.installation.clone()),
            made_at: head.and_then(|head| head.made_at),
            public_key: used.map(|key| key.to_string()),
            is_key_given: key.is_some(),
            files,
            bytes,
            findings: std::mem::take(&mut self.findings),
        })
    }

    /// Whether the file has bytes that belong to no entry: before, between and behind them, or in a comment.
    fn has_other_bytes(&mut self) -> bool {
        let mut places: Vec<(u64, u64)> = Vec::with_capacity(self.archive.len());
        for index in 0..self.archive.len() {
            let Ok(entry) = self.archive.by_index_raw(index) else {
                return true;
            };
            let Some(data) = entry.data_start() else {
                return true;
            };
            places.push((entry.header_start(), data + entry.compressed_size()));
        }
        places.push((self.archive.central_directory_start(), 0));
        places.sort_unstable();
        let mut end = 0;
        for (start, next) in places {
            if !start
                .checked_sub(end)
                .is_some_and(|gap| DESCRIPTORS.contains(&gap))
            {
                return true;
            }
            end = next;
        }
        self.archive.offset() != 0
            || !self.archive.comment().is_empty()
            || !ends_with_directory(self.path).unwrap_or(false)
    }

    fn find(&mut self, path: &str, fault: DossierFault) {
        self.findings.push(DossierFinding {
            path: path.to_owned(),
            fault,
        });
    }

    fn too_large(&self, name: &'static str) -> Error {
        let path = self.path.to_owned();
        Error::TooLarge { path, name }
    }

    fn entry(&mut self, name: &str) -> Option<io::Take<impl Read + '_>> {
        let index = self.archive.index_for_name(name)?;
        stored(&mut self.archive, index)
    }

    /// The bytes of a small file.
    fn text(&mut self, name: &'static str, most: u64) -> Result<Vec<u8>, Error> {
        let mut text = Vec::new();
        let mut is_read = false;
        if let Some(entry) = self.entry(name) {
            is_read = entry.take(most + 1).read_to_end(&mut text).is_ok();
        }
        if text.len() as u64 > most {
            return Err(self.too_large(name));
        }
        if !is_read {
            self.find(name, DossierFault::Unreadable);
        }
        Ok(text)
    }

    /// The hashes by name.
    fn expected(&mut self, sums: &[u8]) -> BTreeMap<String, [u8; 32]> {
        let mut expected = BTreeMap::new();
        for line in String::from_utf8_lossy(sums).lines() {
            let entry = sum_of(line);
            let is_new =
                entry.is_some_and(|(name, sha256)| expected.insert(name, sha256).is_none());
            if !is_new {
                self.find(SUMS, DossierFault::Malformed);
                break;
            }
        }
        expected
    }

    /// Compares all files; returns how many match, and their bytes.
    fn compare(&mut self, mut expected: BTreeMap<String, [u8; 32]>) -> (u64, u64) {
        let (mut files, mut bytes) = (0, 0);
        let mut piece = vec![0; PIECE_BYTES];
        for index in 0..self.archive.len() {
            let name = self.archive.name_for_index(index);
            let Some(Ok(name)) = name.map(|name| name.map(|name| name.into_owned())) else {
                self.find(".", DossierFault::UnsafeName);
                continue;
            };
            if name == SUMS || name == SIGNATURE {
                continue;
            }
            if !is_name(&name) {
                let is_listed = expected.remove(&name).is_some();
                let is_only_added = !is_listed && is_safe(&name);
                self.find(
                    &name,
                    if is_only_added {
                        DossierFault::Added
                    } else {
                        DossierFault::UnsafeName
                    },
                );
                continue;
            }
            let Some(sha256) = expected.remove(&name) else {
                self.find(&name, DossierFault::Added);
                continue;
            };
            let crc32 = self.archive.by_index_raw(index).map(|entry| entry.crc32());
            let crc32 = crc32.unwrap_or_default();
            match stored(&mut self.archive, index).map(|entry| hash(entry, &mut piece)) {
                Some(Ok(read)) if read.sha256 == sha256 && read.crc32 == crc32 => {
                    files += 1;
                    bytes += read.length;
                }
                // Its bytes are right, and programs that unpack it say that they are not.
                Some(Ok(read)) if read.sha256 == sha256 => {
                    self.find(&name, DossierFault::Unreadable);
                }
                Some(Ok(_)) => self.find(&name, DossierFault::Altered),
                Some(Err(_)) | None => self.find(&name, DossierFault::Unreadable),
            }
        }
        for name in expected.into_keys() {
            self.find(&name, DossierFault::Missing);
        }
        (files, bytes)
    }

    /// None when the manifest was altered so that it cannot be read, which is found elsewhere.
    fn head(&mut self) -> Result<Option<Head>, Error> {
        let (mut head, mut is_too_large) = (None, false);
        if let Some(entry) = self.entry(MANIFEST) {
            is_too_large = entry.limit() > MOST_MANIFEST_BYTES;
            if !is_too_large {
                let reader = BufReader::with_capacity(PIECE_BYTES, entry);
                head = serde_json::from_reader::<_, Head>(reader).ok();
            }
        }
        if is_too_large {
            return Err(self.too_large(MANIFEST));
        }
        let is_altered = self.findings.iter().any(|found| found.path == MANIFEST);
        match head {
            Some(head) if head.format == FORMAT => Ok(Some(head)),
            _ if is_altered => Ok(None),
            _ => Err(Error::OtherFormat {
                path: self.path.to_owned(),
            }),
        }
    }
}

/// The bytes of a file, without a test of its CRC: the hash says more. None for one that is compressed or no file.
fn stored(
    archive: &mut ZipArchive<BufReader<File>>,
    index: usize,
) -> Option<io::Take<impl Read + '_>> {
    let entry = archive.by_index_raw(index).ok()?;
    let is_plain = entry.compression() == CompressionMethod::Stored
        && entry.compressed_size() == entry.size()
        && !entry.encrypted()
        && !entry.is_symlink()
        && !entry.is_dir();
    let length = entry.size();
    is_plain.then(|| entry.take(length))
}

/// Whether the file ends with the end of an archive's directory, and without a comment.
fn ends_with_directory(path: &Path) -> io::Result<bool> {
    let mut file = File::open(path)?;
    file.seek(SeekFrom::End(-END_BYTES))?;
    let mut end = Vec::new();
    file.read_to_end(&mut end)?;
    Ok(end.starts_with(b"PK\x05\x06") && end.ends_with(&[0, 0]))
}

struct ReadEntry {
    sha256: [u8; 32],
    crc32: u32,
    length: u64,
}

fn hash(mut entry: impl Read, piece: &mut [u8]) -> io::Result<ReadEntry> {
    let (mut hash, mut crc32, mut length) = (Sha256::new(), crc32fast::Hasher::new(), 0);
    loop {
        match entry.read(piece)? {
            0 => {
                return Ok(ReadEntry {
                    sha256: hash.finalize().into(),
                    crc32: crc32.finalize(),
                    length,
                });
            }
            count => {
                hash.update(&piece[..count]);
                crc32.update(&piece[..count]);
                length += count as u64;
            }
        }
    }
}

/// A line of `sha256sum`.
fn sum_of(line: &str) -> Option<(String, [u8; 32])> {
    let (line, is_escaped) = match line.strip_prefix('\\') {
        Some(line) => (line, true),
        None => (line, false),
    };
    let (sha256, name) = line.split_once("  ")?;
    let mut plain = String::with_capacity(name.len());
    let mut letters = name.chars();
    while let Some(letter) = letters.next() {
        plain.push(match letter {
            '\\' if is_escaped => match letters.next()? {
                'n' => '\n',
                'r' => '\r',
                '\\' => '\\',
                _ => return None,
            },
            letter => letter,
        });
    }
    Some((plain, unhex(sha256)?))
}

/// Whether a dossier has such a file, and whether it is safe to unpack.
fn is_name(name: &str) -> bool {
    let is_place = name == MANIFEST
        || name == PAGE
        || name.starts_with("files/")
        || name.starts_with("deliveries/");
    is_place && is_safe(name)
}

/// Whether unpacking it stays within its folder on every system.
fn is_safe(name: &str) -> bool {
    let is_part = |part: &str| !part.is_empty() && part != "." && part != "..";
    let is_plain = |letter: char| !letter.is_control() && letter != '\\' && letter != ':';
    name.len() <= LONGEST_NAME && name.chars().all(is_plain) && name.split('/').all(is_part)
}

#[cfg(test)]
mod tests;
