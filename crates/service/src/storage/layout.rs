//! The paths of stored files:
//! `cliente_{client}/instance_{instance}/{kind}/{gateway}_{message}_{YYYYMMDD}_{HHMMSS}.{ext}`.
//!
//! Ids from outside are escaped, and two ids never share a name.

use std::fmt::Write as _;
use std::path::Path;

use sha2::{Digest as _, Sha256};

use crate::clock::{Millis, compact};
use crate::model::{InstanceId, MediaKind};
pub use wa_media::Form;

/// File systems limit names to 255 bytes; gateway, time and extension need their share.
const LONGEST_ID: usize = 128;

/// A path below the storage root.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RelativePath(String);

impl RelativePath {
    /// None when the path would leave the root.
    pub fn from_row(path: String) -> Option<Self> {
        let safe = Path::new(&path)
            .components()
            .all(|part| matches!(part, std::path::Component::Normal(_)));
        (safe && !path.is_empty()).then_some(Self(path))
    }

    /// Another file in the same folder.
    pub fn with_name(&self, name: &str) -> Option<Self> {
        let folder = self.0.rsplit_once('/').map_or("", |(folder, _)| folder);
        Self::from_row(format!("{folder}/{name}"))
    }

    /// With forward slashes.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The next name for a file whose name is taken: `…~2.jpg`.
    #[must_use]
    pub fn numbered(&self, number: u32) -> Self {
        let (stem, extension) = match self.0.rsplit_once('.') {
            Some((stem, extension)) if !extension.contains('/') => (stem, extension),
            _ => (self.0.as_str(), ""),
        };
        let dot = if extension.is_empty() { "" } else { "." };
        Self(format!("{stem}~{number}{dot}{extension}"))
    }

    /// With a part of the hash of its bytes before the extension: `….3fa9c1d20b7e6a54.jpg`.
    #[must_use]
    pub fn with_hash(&self, sha256: &[u8; 32]) -> Self {
        let part = hash_part(sha256);
        match self.0.rsplit_once('.') {
            Some((stem, extension)) if !extension.contains('/') => {
                Self(format!("{stem}.{part}.{extension}"))
            }
            _ => Self(format!("{}.{part}", self.0)),
        }
    }

    /// Whether [`RelativePath::with_hash`] made it of this hash, and perhaps [`RelativePath::numbered`] after it.
    pub fn has_hash(&self, sha256: &[u8; 32]) -> bool {
        let name = self.0.rsplit('/').next().unwrap_or_default();
        let part = hash_part(sha256);
        name.split('.').rev().take(2).any(|it| {
            let it = it.split('~').next();
            it == Some(part.as_str())
        })
    }

    pub fn as_path(&self) -> &Path {
        Path::new(&self.0)
    }
}

/// Hexadecimal digits of a hash in a name.
const HASH_DIGITS: usize = 16;

fn hash_part(sha256: &[u8; 32]) -> String {
    let mut digits = crate::model::hex(sha256);
    digits.truncate(HASH_DIGITS);
    digits
}

/// The parts of a file's name.
#[derive(Clone, Copy)]
pub struct Name<'a> {
    pub client: i64,
    pub instance: &'a InstanceId,
    pub kind: MediaKind,
    pub gateway: &'static str,
    /// Unescaped.
    pub message_id: &'a str,
    /// The file's number in its message; 0 is omitted.
    pub slot: i64,
    /// The message's time.
    pub at: Millis,
    /// Without a dot.
    pub extension: &'a str,
}

/// How ids are written in paths.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Writing {
    /// Two ids never share a name where case is ignored.
    Now,
    /// As earlier versions did; names could differ in case only.
    Earlier,
}

impl Writing {
    fn write(self, id: &str) -> String {
        match self {
            Self::Now => escape(id),
            Self::Earlier => shorten(percent_encode(id), id),
        }
    }
}

/// The folder of an instance's media of one kind.
pub fn folder(client: i64, instance: &InstanceId, kind: MediaKind) -> String {
    folder_written(client, instance, kind, Writing::Now)
}

fn folder_written(client: i64, instance: &InstanceId, kind: MediaKind, writing: Writing) -> String {
    format!(
        "cliente_{client}/instance_{}/{}",
        writing.write(instance.as_str()),
        kind.as_str()
    )
}

/// Whether a path below the root is a folder of this layout.
pub fn is_folder_of_ours(below: &Path) -> bool {
    let fits: [fn(&str) -> bool; 3] = [
        |client| client.starts_with("cliente_"),
        |instance| instance.starts_with("instance_"),
        |kind| MediaKind::parse(kind).is_some(),
    ];
    let names: Vec<_> = below.iter().map(|name| name.to_string_lossy()).collect();
    (1..=3).contains(&names.len()) && names.iter().zip(fits).all(|(name, fits)| fits(name))
}

/// Whether a path has this layout: `cliente_…/instance_…/{kind}/{name}`.
pub fn is_place_of_ours(path: &str) -> bool {
    let parts: Vec<_> = path.split('/').collect();
    matches!(parts[..], [client, instance, kind, _]
        if client.starts_with("cliente_") && instance.starts_with("instance_") && MediaKind::parse(kind).is_some())
}

pub fn path(name: &Name<'_>) -> RelativePath {
    let stem = stem(name, Writing::Now);
    RelativePath(format!("{stem}.{}", name.extension))
}

/// The path without extension.
fn stem(name: &Name<'_>, writing: Writing) -> String {
    let mut path = folder_written(name.client, name.instance, name.kind, writing);
    let _ = write!(
        path,
        "/{}_{}_{}",
        name.gateway,
        writing.write(name.message_id),
        compact(name.at)
    );
    if name.slot > 0 {
        let _ = write!(path, "_{}", name.slot + 1);
    }
    path
}

/// All paths without extension that this name may have had.
pub fn stems(name: &Name<'_>) -> Vec<RelativePath> {
    let mut stems = vec![stem(name, Writing::Now), stem(name, Writing::Earlier)];
    stems.dedup();
    stems.into_iter().map(RelativePath).collect()
}

/// Removes the extension, the number and the hash: the part before `.jpg`, `~2.jpg` or `.3fa9c1d20b7e6a54~2.jpg`.
pub fn stem_of(path: &str) -> &str {
    let stem = stem_with_hash(path);
    match stem.rsplit_once('.') {
        // No escaped id has a dot.
        Some((before, hash)) if is_hash_part(hash) => before,
        _ => stem,
    }
}

fn is_hash_part(text: &str) -> bool {
    let is_digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    text.len() == HASH_DIGITS && text.bytes().all(is_digit)
}

fn stem_with_hash(path: &str) -> &str {
    let stem = match path.rsplit_once('.') {
        Some((stem, extension)) if !extension.contains('/') => stem,
        _ => path,
    };
    match stem.rsplit_once('~') {
        // A shortened id ends in `~` and a hash before the time, so a number can only follow it.
        Some((before, number))
            if !number.is_empty() && number.bytes().all(|digit| digit.is_ascii_digit()) =>
        {
            before
        }
        _ => stem,
    }
}

/// Ids without lower-case letters stay; other bytes become `%XX`. An id with lower-case letters gets the suffix `~`
/// and their positions, see [`small_letters`]. A long id is cut and gets `~` and a hash. `%` and `~` are always
/// escaped, so two ids never give texts that are equal or differ only in case: files may be moved to a file system
/// that folds case (Windows, macOS, exFAT, SMB). The result is never a name that Windows reserves, never ends in a
/// dot or a space, and has one Unicode form.
fn escape(id: &str) -> String {
    let mut escaped = percent_encode(id);
    if id.bytes().any(|byte| byte.is_ascii_lowercase()) {
        escaped.push('~');
        escaped.push_str(&small_letters(id));
    }
    shorten(escaped, id)
}

fn percent_encode(id: &str) -> String {
    let mut escaped = String::with_capacity(id.len());
    for byte in id.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_') {
            escaped.push(char::from(byte));
        } else {
            let _ = write!(escaped, "%{byte:02X}");
        }
    }
    escaped
}

fn shorten(mut escaped: String, id: &str) -> String {
    if escaped.len() > LONGEST_ID {
        escaped.truncate(LONGEST_ID - 33);
        escaped.push('~');
        for byte in &Sha256::digest(id.as_bytes())[..16] {
            let _ = write!(escaped, "{byte:02x}");
        }
    }
    escaped
}

/// The positions of lower-case letters: one bit per letter, four per hexadecimal digit, the first letter highest.
fn small_letters(id: &str) -> String {
    let letters = id.bytes().filter(u8::is_ascii_alphabetic);
    let letters: Vec<_> = letters.map(|letter| letter.is_ascii_lowercase()).collect();
    let mut digits = String::with_capacity(letters.len().div_ceil(4));
    for four in letters.chunks(4) {
        let bits = four.iter().enumerate();
        let digit: u8 = bits.map(|(at, small)| u8::from(*small) << (3 - at)).sum();
        let _ = write!(digits, "{digit:x}");
    }
    digits
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_path_is_the_one_of_the_design() {
        let instance = InstanceId("3B6XIW-ZTS923-GEAY6V".to_owned());
        let name = Name {
            client: 2,
            instance: &instance,
            kind: MediaKind::Audio,
            gateway: "wapi",
            message_id: "B80D865264B9CA985108F695BEF5B564",
            slot: 0,
            at: 1_757_102_696_000,
            extension: "ogg",
        };
        assert_eq!(
            path(&name).as_str(),
            "cliente_2/instance_3B6XIW-ZTS923-GEAY6V/audio/wapi_B80D865264B9CA985108F695BEF5B564_20250905_200456.ogg"
        );
        assert!(
            path(&Name { slot: 1, ..name })
                .as_str()
                .ends_with("_200456_2.ogg")
        );
    }

    #[test]
    fn a_file_is_found_by_its_name_without_the_extension() {
        for (name, is_like) in [
            ("wapi_AB_20250905_200456.pdf", true),
            ("wapi_AB_20250905_200456.ofx", true),
            ("wapi_AB_20250905_200456.240", true),
            ("wapi_AB_20250905_200456_2.pdf", false),
            ("wapi_AB_20250905_200456.pdf.part", false),
            ("wapi_AB_20250905_200456~2.pdf", true),
            ("wapi_ABC_20250905_200456.pdf", false),
        ] {
            let is_found = stem_of(name) == "wapi_AB_20250905_200456";
            assert_eq!(is_found, is_like, "{name}");
        }
    }

    #[test]
    fn no_id_leaves_its_folder_or_meets_another() {
        let long = "x".repeat(4_000);
        let ids = [
            "../../etc/passwd",
            "a/b",
            "a\\b",
            "a%2Fb",
            "a\0b",
            "..",
            ".",
            "",
            "\u{202e}gpj.exe",
            "😀",
            "a b",
            "con:",
            &long,
            &long[1..],
            &long.to_uppercase(),
            &long[..90],
            &long[..90].to_uppercase(),
            "a~b",
            "A%",
            "Abc",
            "aBc",
            "abc",
            "ABC",
            "ABC~e",
            "abcd",
            "con",
            "CON",
            "nul.",
            "nul ",
            "nul",
            "cafe\u{301}",
            "caf\u{e9}",
            "Caf\u{e9}",
        ];
        let mut seen = std::collections::HashSet::new();
        for id in ids {
            let escaped = escape(id);
            assert!(
                escaped.len() <= LONGEST_ID && !escaped.contains(['/', '\\', '\0', '.', ':']),
                "{escaped}"
            );
            assert!(
                seen.insert(escaped.to_ascii_lowercase()),
                "{id:?} meets another"
            );
        }
    }

    #[test]
    fn a_stem_is_known_in_every_path_made_of_it() {
        let instance = InstanceId("abC".to_owned());
        let name = Name {
            client: 2,
            instance: &instance,
            kind: MediaKind::Audio,
            gateway: "wapi",
            message_id: "x.Y",
            slot: 1,
            at: 1_757_102_696_000,
            extension: "ogg",
        };
        let stems = stems(&name);
        let earlier = "cliente_2/instance_abC/audio/wapi_x%2EY_20250905_200456_2";
        assert_eq!((stems.len(), stems[1].as_str()), (2, earlier));
        let path = path(&name);
        for path in [path.clone(), path.numbered(2), path.numbered(31)] {
            assert_eq!(stem_of(path.as_str()), stems[0].as_str(), "{path:?}");
        }
        let hashed = path.with_hash(&[0xa7; 32]);
        assert!(hashed.as_str().ends_with("_2.a7a7a7a7a7a7a7a7.ogg"));
        for path in [hashed.clone(), hashed.numbered(2)] {
            assert_eq!(stem_of(path.as_str()), stems[0].as_str(), "{path:?}");
            assert!(path.has_hash(&[0xa7; 32]) && !path.has_hash(&[7; 32]));
        }
        assert!(!path.has_hash(&[0xa7; 32]));
        assert_eq!(path.numbered(2).as_str().matches("_2~2.ogg").count(), 1);
        assert_eq!(stem_of("cliente_2/a.b/c"), "cliente_2/a.b/c");
    }

    #[test]
    fn rows_cannot_lead_out_of_the_root() {
        for path in ["../x", "/etc/passwd", "a/../../x", ""] {
            assert!(RelativePath::from_row(path.to_owned()).is_none(), "{path}");
        }
        assert!(RelativePath::from_row("cliente_1/a/b.jpg".to_owned()).is_some());
    }
}
