#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod carrier;
pub mod decrypt;
#[cfg(feature = "encrypt")]
pub mod encrypt;
pub mod find;
pub mod key;
pub mod kind;
pub mod link;
mod magic;
pub mod plain;
pub mod proof;
pub mod read;

pub use decrypt::{Cause, Checks, Decrypted, Decryptor, Failure};
pub use find::{Found, FoundMedia, find};
pub use key::{MediaKey, MediaKeys};
pub use kind::{KeyKind, MediaKind};
pub use link::{DirectPath, LinkError, expiry_of};
pub use plain::{PlainHints, PlainVerifier};
pub use proof::{Expected, Proof, Refusal, Verified};
