//! How paths are put together:
//! `cliente_{client}/instance_{instance}/{kind}/{gateway}_{message}_{YYYYMMDD}_{HHMMSS}.{ext}`.
//!
//! No stranger's word becomes part of a path unescaped, and two ids never meet in one name.

use std::fmt::Write as _;
use std::path::Path;

use sha2::{Digest as _, Sha256};

use crate::clock::{Millis, compact};
use crate::media::{InstanceId, MediaKind};
pub use wa_media::Form;

/// File systems take 255 bytes a name; gateway, time and extension need their share.
const LONGEST_ID: usize = 128;

/// A path below the storage root, made here or read from a row that was.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RelativePath(String);

impl RelativePath {
    /// Takes a path from a row. Nothing when it would leave the root.
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

    /// As text, with forward slashes.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// As a path.
    pub fn as_path(&self) -> &Path {
        Path::new(&self.0)
    }
}

/// What a file's name is made of.
#[derive(Clone, Copy)]
pub struct Name<'a> {
    /// Whose.
    pub client: i64,
    /// Which instance.
    pub instance: &'a InstanceId,
    /// The folder.
    pub kind: MediaKind,
    /// Which gateway.
    pub gateway: &'static str,
    /// The message's id, as it came.
    pub message_id: &'a str,
    /// Which of the message's files; the first is 0 and goes unmentioned.
    pub slot: i64,
    /// The message's time.
    pub at: Millis,
    /// Without a dot.
    pub extension: &'a str,
}

/// The folder of one kind of one instance.
pub fn folder(client: i64, instance: &InstanceId, kind: MediaKind) -> String {
    format!(
        "cliente_{client}/instance_{}/{}",
        escape(instance.as_str()),
        kind.as_str()
    )
}

/// Whether a folder below the root is one in which files of ours lie, by its name and those above it.
pub fn is_folder_of_ours(below: &Path) -> bool {
    let fits: [fn(&str) -> bool; 3] = [
        |client| client.starts_with("cliente_"),
        |instance| instance.starts_with("instance_"),
        |kind| MediaKind::parse(kind).is_some(),
    ];
    let names: Vec<_> = below.iter().map(|name| name.to_string_lossy()).collect();
    (1..=3).contains(&names.len()) && names.iter().zip(fits).all(|(name, fits)| fits(name))
}

/// The path of one file.
pub fn path(name: &Name<'_>) -> RelativePath {
    let mut path = folder(name.client, name.instance, name.kind);
    let _ = write!(
        path,
        "/{}_{}_{}",
        name.gateway,
        escape(name.message_id),
        compact(name.at)
    );
    if name.slot > 0 {
        let _ = write!(path, "_{}", name.slot + 1);
    }
    path.push('.');
    path.push_str(name.extension);
    RelativePath(path)
}

/// Whether a file called `name`, without its folder, is called like the file at `path`, whatever its extension. That
/// comes from the bytes and from what was sent with them, so it cannot be known before.
pub fn differs_only_in_extension(name: &str, path: &RelativePath) -> bool {
    let own = path.0.rsplit('/').next().unwrap_or(&path.0);
    let stem = own.rsplit_once('.').map_or(own, |(stem, _)| stem);
    let extension = name
        .strip_prefix(stem)
        .and_then(|rest| rest.strip_prefix('.'));
    extension.is_some_and(|extension| extension.bytes().all(|byte| byte.is_ascii_alphanumeric()))
}

/// Plain ids stay; other bytes become `%XX`; what is too long is cut and ends in `~` and a hash of the
/// whole. Neither `%` nor `~` is plain, so no two ids give the same text.
fn escape(id: &str) -> String {
    let mut escaped = String::with_capacity(id.len());
    for byte in id.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_') {
            escaped.push(char::from(byte));
        } else {
            let _ = write!(escaped, "%{byte:02X}");
        }
    }
    if escaped.len() > LONGEST_ID {
        escaped.truncate(LONGEST_ID - 33);
        escaped.push('~');
        for byte in &Sha256::digest(id.as_bytes())[..16] {
            let _ = write!(escaped, "{byte:02x}");
        }
    }
    escaped
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
        let path =
            RelativePath("cliente_1/instance_A/document/wapi_AB_20250905_200456.".to_owned());
        for (name, is_like) in [
            ("wapi_AB_20250905_200456.pdf", true),
            ("wapi_AB_20250905_200456.ofx", true),
            ("wapi_AB_20250905_200456.240", true),
            ("wapi_AB_20250905_200456_2.pdf", false),
            ("wapi_AB_20250905_200456.pdf.part", false),
            ("wapi_AB_20250905_200456", false),
            ("wapi_ABC_20250905_200456.pdf", false),
        ] {
            assert_eq!(differs_only_in_extension(name, &path), is_like, "{name}");
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
            "a~b",
            "A%",
        ];
        let mut seen = std::collections::HashSet::new();
        for id in ids {
            let escaped = escape(id);
            assert!(
                escaped.len() <= LONGEST_ID && !escaped.contains(['/', '\\', '\0', '.', ':']),
                "{escaped}"
            );
            assert!(seen.insert(escaped), "{id:?} meets another");
        }
    }

    #[test]
    fn rows_cannot_lead_out_of_the_root() {
        for path in ["../x", "/etc/passwd", "a/../../x", ""] {
            assert!(RelativePath::from_row(path.to_owned()).is_none(), "{path}");
        }
        assert!(RelativePath::from_row("cliente_1/a/b.jpg".to_owned()).is_some());
    }
}
