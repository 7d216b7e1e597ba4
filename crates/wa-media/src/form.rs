//! Detects the type of a file. The only module that looks at bytes, declared types and names.
//!
//! Rule: the bytes exclude types, and of the remaining candidates the most specific one wins, from whatever source. A
//! zip may be a `.docx` when its type or name says so, and is never a `.webp`. A plain extension (`[a-z0-9]{1,8}`) of
//! the sender's name is kept when nothing better is known.
//!
//! Never returned: extensions that a web server executes, and scripts that a browser would load from the server with
//! the file. HTML and SVG are documents that people send; they get their extension only when the bytes show it or the
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

/// The type of a file and the extension of its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Form {
    /// The media type, without parameters.
    pub mime: String,
    /// The extension, without a dot: lower-case letters and digits, at most nine.
    pub extension: String,
}

/// Reads as little of `bytes` as needed: the first 8 KiB, and the directories of containers, wherever they are.
/// Bounded memory and time. Unreadable bytes count as absent.
/// these lie. Bounded memory and time. Bytes that cannot be read count as absent.
pub fn form(
    mut bytes: impl Read + Seek,
    kind: MediaKind,
    declared: Option<&str>,
    file_name: Option<&str>,
) -> Form {
    let evidence = Evidence::read(&mut bytes);
    choose::choose(&evidence, kind, declared, file_name)
}

/// Like [`form()`], for bytes in memory, perhaps only the first of a file.
pub fn form_of_head(
    head: &[u8],
    kind: MediaKind,
    declared: Option<&str>,
    file_name: Option<&str>,
) -> Form {
    form(Cursor::new(head), kind, declared, file_name)
}

/// Whether the first bytes show the type with certainty; never for plain text, and hardly ever for noise.
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
