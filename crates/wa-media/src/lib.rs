#![cfg_attr(test, allow(clippy::too_many_lines))]
#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]
#![warn(missing_docs)]

mod base64_text;
mod blocks;
mod carrier;
pub mod decrypt;
mod edit;
#[cfg(feature = "encrypt")]
pub mod encrypt;
pub mod find;
pub mod form;
pub mod found;
mod hint;
pub mod key;
pub mod kind;
#[cfg(test)]
mod known_answer;
mod label;
pub mod link;
mod mac;
pub mod plain;
pub mod proof;
pub mod read;
mod recheck;

pub use base64_text::{Base64Decoder, NotBase64};
pub use carrier::says_view_once;
pub use decrypt::{Cause, Checks, Decrypted, Decryptor, Failure};
pub use find::{Found, find, find_in, find_in_marked};
pub use form::{Form, form, form_of_head};
pub use found::{FoundMedia, Inline};
pub use hint::{may_have_media, may_have_media_in};
pub use key::{MediaKey, MediaKeys};
pub use kind::{KeyKind, MediaKind};
pub use label::LabelFinder;
pub use link::{DirectPath, LinkError, expiry_of, path_of_url};
pub use plain::{PlainHints, PlainVerifier};
pub use proof::{Expected, Refusal, Verification, Verified};
pub use recheck::Recheck;
