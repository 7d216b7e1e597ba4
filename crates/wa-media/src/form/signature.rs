//! How files begin. Signatures as in the formats' own specifications.

use super::frames;

/// Of at least four bytes, or with a byte that no text has: no chance takes noise or text for one of these.
const STRONG: &[(&[u8], &str)] = &[
    (b"\xff\xd8\xff", "jpg"),
    (b"\x89PNG\r\n\x1a\n", "png"),
    (b"GIF87a", "gif"),
    (b"GIF89a", "gif"),
    (b"OggS\0", "ogg"),
    (b"PK\x03\x04", "zip"),
    (b"PK\x05\x06", "zip"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "ole"),
    (b"Rar!\x1a\x07", "rar"),
    (b"7z\xbc\xaf\x27\x1c", "7z"),
    (b"\x1a\x45\xdf\xa3", "mkv"),
    (b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", "asf"),
    (b"fLaC\0", "flac"),
    (b"FLV\x01", "flv"),
    (b"MThd\0\0\0", "mid"),
    (b"caff\0", "caf"),
    (b"II*\0", "tiff"),
    (b"MM\0*", "tiff"),
    (b"II+\0", "tiff"),
    (b"MM\0+", "tiff"),
    (b"8BPS\0\x01", "psd"),
    (b"8BPS\0\x02", "psb"),
    (b"AT&TFORM", "djvu"),
    (b"\0\0\0\x0cJXL \r\n\x87\n", "jxl"),
    (b"\0\0\0\x0cjP  \r\n\x87\n", "jp2"),
    (b"BZh91AY&SY", "bz2"),
    (b"\xfd7zXZ\0", "xz"),
    (b"\x28\xb5\x2f\xfd", "zst"),
    (b"\x1f\x8b\x08", "gz"),
    (b"MSCF\0\0\0\0", "cab"),
    (b"SQLite format 3\0", "sqlite"),
    (b"\0\x01\0\0Standard Jet DB\0", "mdb"),
    (b"\0\x01\0\0Standard ACE DB\0", "accdb"),
    (b"!BDN", "pst"),
    (b"\xff\xfe\xff\x0eS\0k\0e\0t\0c\0h\0U\0p\0", "skp"),
    (b"\0\0\x01\xba", "mpg"),
    (b"\0\0\x01\xb3", "mpg"),
];
/// These begin like text, or are text.
const TEXTUAL: &[(&[u8], &str)] = &[
    (b"%PDF-", "pdf"),
    (b"%!PS-Adobe-", "ps"),
    (b"\xc5\xd0\xd3\xc6", "eps"),
    (b"{\\rtf", "rtf"),
    (b"#!AMR\n", "amr"),
    (b"#!AMR-WB\n", "amr"),
    (b"#!AMR_MC1.0\n", "amr"),
];
/// Found by rules below, or by other means than a library's signature.
const BY_RULES: &[&str] = &[
    "bmp", "exe", "dll", "mp3", "aac", "webp", "wav", "avi", "aiff", "cdr", "dwg", "tar", "ts",
    "dcm", "txt", "xml", "html", "mp4", "m4a", "mov", "heic", "heif", "avif", "3gp", "ole", "cfb",
    "ico", "cur", "bin", "der", "dbf",
];
/// The page size of a database does not matter here; a junk line before a PDF does not either.
const PDF_WITHIN: usize = 1024;

/// Beginnings of files that are not text in the end.
pub(super) fn textual(head: &[u8]) -> Option<&'static str> {
    let head = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head);
    by_start(TEXTUAL, head)
}

/// For bytes that are no text.
pub(super) fn binary(head: &[u8]) -> Option<&'static str> {
    by_start(STRONG, head).or_else(|| by_rules(head))
}

/// For bytes that begin so that no text does: with a byte that is no letter, or is none in UTF-8.
pub(super) fn no_text(head: &[u8]) -> Option<&'static str> {
    let found = by_start(STRONG, head)?;
    let (start, _) = STRONG.iter().find(|(_, name)| *name == found)?;
    let is_no_text = start.iter().any(|byte| *byte >= 0x80);
    (is_no_text && std::str::from_utf8(&head[..start.len().min(head.len())]).is_err())
        .then_some(found)
}

fn by_start(signatures: &[(&[u8], &'static str)], head: &[u8]) -> Option<&'static str> {
    let found = signatures.iter().find(|(start, _)| head.starts_with(start));
    found.map(|(_, name)| *name)
}

/// Whether the first 16 bytes are how a known kind of file begins, without doubt: for keys that are tried.
pub(crate) fn is_known(first: &[u8; 16]) -> bool {
    let by_rules = riff(first).is_some() || &first[4..8] == b"ftyp";
    let is_long = |name: &str| !matches!(name, "gz" | "zst" | "mpg" | "pst" | "tiff");
    let strong = by_start(STRONG, first).is_some_and(is_long);
    strong || by_rules || by_start(TEXTUAL, first).is_some() || frames::has_tag(first)
}

/// Whether the library's word for this is not taken, because it was looked for by stronger signs.
pub(super) fn is_looked_for(extension: &str) -> bool {
    let tables = STRONG.iter().chain(TEXTUAL);
    BY_RULES.contains(&extension) || tables.map(|(_, name)| *name).any(|name| name == extension)
}

fn by_rules(head: &[u8]) -> Option<&'static str> {
    let is_at = |at: usize, what: &[u8]| head.get(at..).is_some_and(|rest| rest.starts_with(what));
    let brand = is_at(4, b"ftyp").then_some("mp4");
    let name = riff(head)
        .or(brand)
        .or_else(|| bitmap(head))
        .or_else(|| program(head));
    name.or_else(|| match head {
        [
            b'F',
            b'O',
            b'R',
            b'M',
            _,
            _,
            _,
            _,
            b'A',
            b'I',
            b'F',
            b'F' | b'C',
            ..,
        ] => Some("aiff"),
        [b'A', b'C', b'1', b'0', d1, d2, 0, ..] if d1.is_ascii_digit() && d2.is_ascii_digit() => {
            Some("dwg")
        }
        _ if is_at(257, b"ustar") => Some("tar"),
        _ if is_at(128, b"DICM") => Some("dcm"),
        [0x47, ..] if is_at(188, b"\x47") && is_at(376, b"\x47") => Some("ts"),
        [_, _, _, _, 0x47, ..] if is_at(196, b"\x47") && is_at(388, b"\x47") => Some("m2ts"),
        [0x30, 0x82, high, low, 0x02 | 0x06 | 0x30, ..] if (*high, *low) != (0, 0) => Some("der"),
        _ => {
            let start = &head[..head.len().min(PDF_WITHIN)];
            let at = start
                .windows(7)
                .position(|part| part.starts_with(b"%PDF-1") || part.starts_with(b"%PDF-2"));
            at.map(|_| "pdf")
        }
    })
}

fn riff(head: &[u8]) -> Option<&'static str> {
    let (b"RIFF", form) = (head.get(..4)?, head.get(8..12)?) else {
        return None;
    };
    match form {
        b"WEBP" => Some("webp"),
        b"WAVE" => Some("wav"),
        b"AVI " => Some("avi"),
        [b'C' | b'c', b'D' | b'd', b'R' | b'r', _] => Some("cdr"),
        _ => None,
    }
}

/// Two letters, and then a header of one of the sizes that there are.
fn bitmap(head: &[u8]) -> Option<&'static str> {
    let size = head.get(14..18).filter(|_| head.starts_with(b"BM"))?;
    let size = u32::from_le_bytes(size.try_into().ok()?);
    matches!(size, 12 | 16 | 40 | 52 | 56 | 64 | 108 | 124).then_some("bmp")
}

/// Two letters, and then how many bytes of its last page of 512 are used.
fn program(head: &[u8]) -> Option<&'static str> {
    let used = head.get(2..4).filter(|_| head.starts_with(b"MZ"))?;
    (u16::from_le_bytes(used.try_into().ok()?) <= 512).then_some("exe")
}

/// What a DER file holds: a key store, a signature or a certificate.
pub(super) fn inside_der(head: &[u8]) -> &'static str {
    let inner = head.get(4..).unwrap_or_default();
    if inner.starts_with(b"\x02\x01\x03\x30") {
        "p12"
    } else if inner.starts_with(b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02") {
        "p7s"
    } else if inner.starts_with(b"\x30\x82") && inner.get(4..8) == Some(b"\xa0\x03\x02\x01") {
        "cer"
    } else {
        "der"
    }
}
