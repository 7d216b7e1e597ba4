//! What a file is: the one place that looks at bytes, declared types and names of files.
//!
//! Rule: the bytes exclude types, and of the answers that are left the most specific wins, wherever it comes from.
//! A zip may be a `.docx` when its type or name says so, and is never an `.webp`. A plain extension (`[a-z0-9]{1,8}`)
//! of the sender's name is kept when nothing better is known.
//!
//! Never given: extensions that a web server executes, and scripts that a browser would load from the server they lie
//! on. HTML and SVG are documents that people send; they get their extension only when the bytes show it or the
//! message declares the type, never by name alone, and a server must sandbox them.

mod boxes;
mod choose;
mod compound;
mod evidence;
mod frames;
mod signature;
mod text;
mod types;
mod zip;

#[cfg(test)]
mod tests;

use std::io::{Cursor, Read, Seek};

use crate::MediaKind;
use evidence::Evidence;
pub(crate) use signature::is_known as begins_like_a_known_file;
pub(crate) use text::{Page, page};

/// What a file is, and what its name ends in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Form {
    /// The media type, without parameters.
    pub mime: String,
    /// The extension, without a dot: lower-case letters and digits, at most nine.
    pub extension: String,
}

/// Reads as little of `bytes` as is needed to detect the type: the first 8 KiB, and the directories of containers, wherever
/// these lie. Bounded memory and time. Bytes that cannot be read count as absent.
pub fn form(
    mut bytes: impl Read + Seek,
    kind: MediaKind,
    declared: Option<&str>,
    file_name: Option<&str>,
) -> Form {
    let evidence = Evidence::of(&mut bytes);
    choose::choose(&evidence, kind, declared, file_name)
}

/// Like [`form()`], of bytes in memory, perhaps only the first of a file.
pub fn form_of_head(
    head: &[u8],
    kind: MediaKind,
    declared: Option<&str>,
    file_name: Option<&str>,
) -> Form {
    form(Cursor::new(head), kind, declared, file_name)
}

/// Whether the first bytes of a file show without doubt what it is; never for plain text, and hardly ever for noise.
pub(crate) fn is_certain(head: &[u8]) -> bool {
    let is_text = || text::look(head).is_some();
    signature::textual(head).is_some()
        || signature::no_text(head).is_some()
        || !is_text() && (signature::binary(head).is_some() || frames::look(head).is_some())
}

/// Whether a declared type or name says that a file is text.
pub(crate) fn is_declared_text(declared: Option<&str>, file_name: Option<&str>) -> bool {
    choose::is_declared_text(declared, file_name)
}
