//! The evidence in the bytes themselves.

use std::io::{Read, Seek, SeekFrom};

use file_format::FileFormat;

use super::types::Type;
use super::{boxes, compound, frames, signature, text, zip};
use crate::proof::HEAD_BYTES;

/// The result of looking at the bytes.
#[derive(Debug, Default)]
pub(super) struct Evidence {
    /// Their certain form, perhaps only a container.
    pub sure: Option<&'static Type>,
    /// Their possible form, within `sure`, when nothing better is declared.
    pub guess: Option<Guess>,
    /// What a text also begins like, so that it may be that when something says so.
    may_be: Option<&'static str>,
    /// A zip whose whole directory was read and that is no known package of files.
    pub is_plain_zip: bool,
}

#[derive(Debug)]
pub(super) enum Guess {
    Type(&'static Type),
    /// Of the library's many other formats.
    Other {
        extension: String,
        mime: String,
    },
}

impl Guess {
    pub fn extension(&self) -> &str {
        match self {
            Self::Type(known) => known.extension,
            Self::Other { extension, .. } => extension,
        }
    }

    pub fn mime(&self) -> &str {
        match self {
            Self::Type(known) => known.mime(),
            Self::Other { mime, .. } => mime,
        }
    }
}

impl Evidence {
    pub fn read(bytes: &mut (impl Read + Seek)) -> Self {
        let head = head_of(bytes).unwrap_or_default();
        if let Some(name) = signature::textual(&head) {
            return Self::sure(name);
        }
        if signature::no_text(&head).is_none()
            && let Some(text) = text::look(&head)
        {
            let guess = text.guess.map(|name| Guess::Type(Type::named(name)));
            return Self {
                guess,
                may_be: signature::binary(&head),
                ..Self::sure("txt")
            };
        }
        let sure = signature::binary(&head).or_else(|| frames::look(&head));
        match sure {
            Some("zip") => {
                let look = zip::look(bytes, &head);
                Self {
                    is_plain_zip: look.is_plain(),
                    guess: look.guess.map(|name| Guess::Type(Type::named(name))),
                    ..Self::sure(look.name)
                }
            }
            Some("ole") => Self::sure(compound::look(bytes).unwrap_or("ole")),
            Some("mp4") => boxes::look(&head).map_or_else(Self::default, |name| Self {
                guess: audio_only(name, bytes),
                ..Self::sure(name)
            }),
            Some("der") => Self {
                guess: Some(Guess::Type(Type::named(signature::inside_der(&head)))),
                ..Self::sure("der")
            },
            Some(name @ ("mkv" | "asf" | "exe")) => Self::sure(inside(name, bytes)),
            Some(name) => Self::sure(name),
            None if head.is_empty() => Self::default(),
            None => Self {
                guess: by_library(bytes),
                ..Self::default()
            },
        }
    }

    fn sure(name: &str) -> Self {
        Self {
            sure: Some(Type::named(name)),
            ..Self::default()
        }
    }

    /// Whether files of this type may begin so.
    pub fn allows(&self, known: &Type) -> bool {
        let is_allowed = self.sure.is_none_or(|sure| known.is_within(sure))
            || self.may_be == Some(known.extension);
        is_allowed && !(self.is_plain_zip && zip::is_recognised(known))
    }

    /// Whether files of a type that is in no table may begin so.
    pub fn allows_unknown(&self) -> bool {
        self.sure.is_none_or(Type::is_open)
    }
}

fn head_of(bytes: &mut (impl Read + Seek)) -> std::io::Result<Vec<u8>> {
    let mut head = Vec::new();
    bytes.seek(SeekFrom::Start(0))?;
    bytes.take(HEAD_BYTES as u64).read_to_end(&mut head)?;
    Ok(head)
}

fn library(bytes: &mut (impl Read + Seek)) -> FileFormat {
    let is_at_start = bytes.seek(SeekFrom::Start(0)).is_ok();
    let found = is_at_start.then(|| FileFormat::from_reader(bytes).ok());
    found.flatten().unwrap_or_default()
}

/// What the tracks or headers of a container say, if that is within it.
fn inside(name: &'static str, bytes: &mut (impl Read + Seek)) -> &'static str {
    let found = Type::of_extension(library(bytes).extension());
    let found = found.filter(|found| found.is_within(Type::named(name)));
    found.map_or(name, |found| found.extension)
}

fn audio_only(name: &str, bytes: &mut (impl Read + Seek)) -> Option<Guess> {
    let is_audio = name == "mp4" && library(bytes) == FileFormat::Mpeg4Part14Audio;
    is_audio.then(|| Guess::Type(Type::named("m4a")))
}

/// Of formats that are not certain by their first bytes, which many of these are not: good enough when nothing better is declared
/// anything else.
fn by_library(bytes: &mut (impl Read + Seek)) -> Option<Guess> {
    let found = library(bytes);
    let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let extension = found.extension();
    // What is in the table has been looked for, and was not found by stronger signs.
    let is_new = !signature::is_looked_for(extension);
    let is_fit = extension.bytes().all(is_plain) && (1..=8).contains(&extension.len());
    (found != FileFormat::ArbitraryBinaryData && is_fit && is_new).then(|| Guess::Other {
        extension: extension.to_owned(),
        mime: found.media_type().to_owned(),
    })
}
