//! The kind of a ZIP file by the names in it: office files, books, programs, or just a zip.

use std::io::{self, BufReader, Read, Seek, SeekFrom};

use super::types::Type;

/// A longer directory is looked at so far.
const MOST_ENTRIES: usize = 4096;
const LONGEST_NAME: usize = 512;
const MOST_DIRECTORY_BYTES: u64 = 1 << 20;
const END_BYTES: u64 = 22;
const LONGEST_COMMENT: u64 = u16::MAX as u64;
/// The file `mimetype` of books and OpenDocument files holds a media type.
const LONGEST_MIMETYPE: usize = 128;

pub(super) struct Look {
    /// As in the table of types.
    pub name: &'static str,
    pub guess: Option<&'static str>,
    is_whole: bool,
}

impl Look {
    /// Whether it is known to be no package of a known type.
    pub fn is_plain(&self) -> bool {
        self.name == "zip" && self.is_whole
    }
}

/// Whether every file of this type is recognised by its entries, so that a zip without them is none.
pub(super) fn is_recognised(known: &Type) -> bool {
    const RECOGNISED: &[&str] = &[
        "docx", "xlsx", "xlsb", "pptx", "vsdx", "odt", "ods", "odp", "odg", "epub", "apk", "iwork",
    ];
    RECOGNISED
        .iter()
        .any(|name| known.is_within(Type::named(name)))
}

#[derive(Default)]
struct Entries {
    names: Vec<String>,
    /// The media type that the file names itself.
    mimetype: Option<String>,
    is_whole: bool,
}

pub(super) fn look(bytes: &mut (impl Read + Seek), head: &[u8]) -> Look {
    let mut entries = directory(bytes).unwrap_or_default();
    if entries.names.is_empty() {
        entries = local_headers(head);
    }
    entries.mimetype = own_mimetype(head);
    let name = entries
        .own_type()
        .or_else(|| entries.office())
        .or_else(|| entries.package());
    let name = name.unwrap_or("zip");
    Look {
        name,
        guess: entries.guess(name),
        // Parts of an office file may stand anywhere.
        is_whole: entries.is_whole && !entries.has("[Content_Types].xml"),
    }
}

impl Entries {
    fn has(&self, name: &str) -> bool {
        self.names.iter().any(|other| other == name)
    }

    fn has_start(&self, start: &str) -> bool {
        self.names.iter().any(|name| name.starts_with(start))
    }

    fn has_end(&self, end: &str) -> bool {
        self.names.iter().any(|name| name.ends_with(end))
    }

    fn own_type(&self) -> Option<&'static str> {
        let known = Type::of_mime(self.mimetype.as_deref()?)?;
        known
            .is_within(Type::named("zip"))
            .then_some(known.extension)
    }

    /// Microsoft's office files. Their main parts may have other names, their folders hardly ever.
    fn office(&self) -> Option<&'static str> {
        if !self.has("[Content_Types].xml") {
            return None;
        }
        let main = |start: &str| self.names.iter().find(|name| name.starts_with(start));
        let with_macros = |folder: &str| self.has(&format!("{folder}/vbaProject.bin"));
        let pick = |folder, with, without| if with_macros(folder) { with } else { without };
        if let Some(workbook) = main("xl/workbook") {
            return Some(if workbook.ends_with(".bin") {
                "xlsb"
            } else {
                pick("xl", "xlsm", "xlsx")
            });
        }
        for (start, with, without) in [
            ("word/document", "docm", "docx"),
            ("ppt/presentation", "pptm", "pptx"),
            ("visio/document", "vsdm", "vsdx"),
            ("word/", "docm", "docx"),
            ("xl/", "xlsm", "xlsx"),
            ("ppt/", "pptm", "pptx"),
            ("visio/", "vsdm", "vsdx"),
        ] {
            if main(start).is_some() {
                let folder = start.split('/').next().unwrap_or(start);
                return Some(pick(folder, with, without));
            }
        }
        if self.has_start("3D/") && self.has_end(".model") {
            return Some("3mf");
        }
        self.has_end(".fdseq").then_some("xps")
    }

    fn package(&self) -> Option<&'static str> {
        if self.has("AndroidManifest.xml") {
            return Some(if self.has("classes.jar") {
                "aar"
            } else {
                "apk"
            });
        }
        if self.has("BundleConfig.pb") {
            return Some("aab");
        }
        if self.has("META-INF/MANIFEST.MF") {
            return Some(match () {
                () if self.has("WEB-INF/web.xml") => "war",
                () if self.has("META-INF/application.xml") => "ear",
                () => "jar",
            });
        }
        if self.has("META-INF/container.xml") && self.has_end(".opf") {
            return Some("epub");
        }
        if self.has("Index/Document.iwa") || self.has("Index.zip") {
            return Some(if self.has_start("Index/Slide") {
                "key"
            } else {
                "iwork"
            });
        }
        if self.has("index.apxl") {
            return Some("key");
        }
        if self
            .names
            .iter()
            .any(|name| name.ends_with(".kml") && !name.contains('/'))
        {
            return Some("kmz");
        }
        if self.has("content/riffData.cdr") || self.has("content/root.dat") {
            return Some("cdr");
        }
        let is_app = |name: &String| name.starts_with("Payload/") && name.contains(".app/");
        self.names.iter().any(is_app).then_some("ipa")
    }

    /// Within `name`.
    fn guess(&self, name: &str) -> Option<&'static str> {
        match name {
            "zip" => self.has("animation/animation.json").then_some("was"),
            "iwork" => {
                let has_tables = self.has_start("Index/Tables/") && !self.has("Index/Section.iwa");
                Some(if has_tables { "numbers" } else { "pages" })
            }
            _ => None,
        }
    }
}

/// The names in the central directory at the end of the file.
fn directory(bytes: &mut (impl Read + Seek)) -> io::Result<Entries> {
    let length = bytes.seek(SeekFrom::End(0))?;
    let (start, count) = find_directory(bytes, length)?;
    let mut entries = Entries::default();
    bytes.seek(SeekFrom::Start(start))?;
    let mut reader = BufReader::new(bytes.take(MOST_DIRECTORY_BYTES));
    for _ in 0..count.min(MOST_ENTRIES as u64) {
        let mut header = [0; 46];
        reader.read_exact(&mut header)?;
        if !header.starts_with(b"PK\x01\x02") {
            return Ok(entries);
        }
        let length_at = |at: usize| u64::from(u16::from_le_bytes([header[at], header[at + 1]]));
        let rest = length_at(30) + length_at(32);
        entries.names.push(read_name(&mut reader, length_at(28))?);
        io::copy(&mut (&mut reader).take(rest), &mut io::sink())?;
    }
    entries.is_whole = count > 0 && entries.names.len() as u64 == count;
    Ok(entries)
}

fn read_name(reader: &mut impl Read, length: u64) -> io::Result<String> {
    let mut name = Vec::new();
    let mut whole = reader.take(length);
    (&mut whole)
        .take(LONGEST_NAME as u64)
        .read_to_end(&mut name)?;
    io::copy(&mut whole, &mut io::sink())?;
    // Some programs write Windows' separators.
    Ok(String::from_utf8_lossy(&name).replace('\\', "/"))
}

/// Where the directory begins, and how many entries it has.
fn find_directory(bytes: &mut (impl Read + Seek), length: u64) -> io::Result<(u64, u64)> {
    let absent = || io::Error::from(io::ErrorKind::InvalidData);
    let mut tail = Vec::new();
    let mut found = None;
    // Nearly always without a comment.
    for comment in [0, LONGEST_COMMENT] {
        let from = length.saturating_sub(END_BYTES + comment);
        bytes.seek(SeekFrom::Start(from))?;
        tail.clear();
        bytes.take(END_BYTES + comment).read_to_end(&mut tail)?;
        found = tail
            .windows(4)
            .rposition(|part| part == b"PK\x05\x06")
            .map(|at| (at, from + at as u64));
        if found.is_some() {
            break;
        }
    }
    let (at, end_at) = found.ok_or_else(absent)?;
    let end = tail.get(at..at + END_BYTES as usize).ok_or_else(absent)?;
    let number = |at: usize| u32::from_le_bytes([end[at], end[at + 1], end[at + 2], end[at + 3]]);
    let (start, size) = (u64::from(number(16)), u64::from(number(12)));
    let count = u64::from(u16::from_le_bytes([end[10], end[11]]));
    if start == u64::from(u32::MAX) || count == u64::from(u16::MAX) {
        return find_long_directory(bytes, end_at);
    }
    // Where something stands before the zip, as in archives that unpack themselves, offsets are too small.
    Ok((
        end_at
            .checked_sub(size)
            .filter(|real| *real > start)
            .unwrap_or(start),
        count,
    ))
}

/// The same of a file with 64-bit offsets.
fn find_long_directory(bytes: &mut (impl Read + Seek), end_at: u64) -> io::Result<(u64, u64)> {
    let absent = || io::Error::from(io::ErrorKind::InvalidData);
    let mut locator = [0; 20];
    bytes.seek(SeekFrom::Start(end_at.checked_sub(20).ok_or_else(absent)?))?;
    bytes.read_exact(&mut locator)?;
    let long = |part: &[u8]| {
        part.try_into()
            .map(u64::from_le_bytes)
            .map_err(|_| absent())
    };
    if !locator.starts_with(b"PK\x06\x07") {
        return Err(absent());
    }
    let mut record = [0; 56];
    bytes.seek(SeekFrom::Start(long(&locator[8..16])?))?;
    bytes.read_exact(&mut record)?;
    Ok((long(&record[48..56])?, long(&record[32..40])?))
}

/// The names in front of the files themselves, as far as they are in `head`: for a zip whose end is missing.
fn local_headers(head: &[u8]) -> Entries {
    let mut entries = Entries::default();
    let mut rest = head;
    while let Some(at) = rest.windows(4).position(|part| part == b"PK\x03\x04") {
        rest = &rest[at..];
        let length = rest
            .get(26..28)
            .map_or(0, |part| usize::from(part[0]) | usize::from(part[1]) << 8);
        if let Some(name) = rest.get(30..30 + length) {
            entries
                .names
                .push(String::from_utf8_lossy(name).replace('\\', "/"));
        }
        rest = &rest[4..];
    }
    entries
}

/// What the file `mimetype`, which comes first and uncompressed, holds.
fn own_mimetype(head: &[u8]) -> Option<String> {
    let number =
        |at: usize| Some(usize::from(*head.get(at)?) | usize::from(*head.get(at + 1)?) << 8);
    let (method, name_length, extra_length) = (number(8)?, number(26)?, number(28)?);
    let is_it = method == 0 && head.get(30..30 + name_length) == Some(b"mimetype");
    let content = head
        .get(30 + name_length + extra_length..)
        .filter(|_| is_it)?;
    let size = usize::min(number(18)?, LONGEST_MIMETYPE).min(content.len());
    let text = std::str::from_utf8(&content[..size]).ok()?;
    Some(text.trim().to_ascii_lowercase())
}
