//! One media in a dossier.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde::{Serialize, Serializer};
use serde_json::{Value, json};

use super::checks::PromiseChecks;
use crate::media::holds::CoveringHold;
use crate::media::screening::Screened;
use crate::media::{Media, RecordedAttempt, hex};
use crate::ops::Problem;
use crate::ops::export::manifest::facts;

/// Replaces a key.
const MASK: &str = "[masked]";

/// The raw delivery of a media.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DossierDelivery {
    Included {
        /// Within the dossier.
        path: String,
    },
    /// By age; or the media was imported.
    Deleted,
    /// It is neither JSON nor a form, so secrets in it cannot be masked.
    Unreadable,
}

impl DossierDelivery {
    pub fn path(&self) -> Option<&str> {
        match self {
            Self::Included { path } => Some(path),
            Self::Deleted | Self::Unreadable => None,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Included { .. } => "included",
            Self::Deleted => "deleted",
            Self::Unreadable => "unreadable",
        }
    }
}

/// Why a file is not in the dossier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Omission {
    Missing,
    Corrupt,
    Unreadable,
    /// The scanner says so, and the caller may not have it.
    Infected,
    /// The scanner has not found it clean yet, and the caller may not have it before that.
    NotScanned,
}

impl From<Screened> for Omission {
    fn from(screened: Screened) -> Self {
        match screened {
            Screened::Infected => Self::Infected,
            Screened::NotScanned => Self::NotScanned,
        }
    }
}

impl From<Problem> for Omission {
    fn from(problem: Problem) -> Self {
        match problem {
            Problem::Missing => Self::Missing,
            Problem::Corrupt => Self::Corrupt,
            Problem::Unreadable | Problem::Orphaned => Self::Unreadable,
        }
    }
}

/// Serialized, it is the entry of the manifest.
pub struct DossierMedia<'a> {
    /// From 1.
    pub number: u64,
    /// Its path is that of the file within the dossier.
    pub media: &'a Media,
    /// Or why the file is not in the dossier.
    pub checks: Result<PromiseChecks, Omission>,
    pub attempts: Vec<RecordedAttempt>,
    pub delivery: DossierDelivery,
    pub with_keys: bool,
    pub client_name: Option<String>,
    /// Of the person of a private chat.
    pub chat_name: Option<String>,
    /// Those that cover it while the dossier is made.
    pub holds: Vec<CoveringHold>,
    /// A small picture of an image, for the page only.
    pub preview: Option<Bytes>,
}

impl Serialize for DossierMedia<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let media = self.media;
        let mut entry = facts(media);
        let document = json!(media);
        for name in [
            "mime_declared",
            "deleted_at",
            "route",
            "voice_note",
            "width",
            "height",
            "seconds",
        ] {
            entry.insert(name.to_owned(), document[name].clone());
        }
        if self.checks.is_err() {
            entry.insert("path".to_owned(), Value::Null);
        }
        let hash = |sha256: Option<[u8; 32]>| sha256.map(|sha256| hex(&sha256));
        let key = media.media_key.as_ref().map(|key| {
            if self.with_keys {
                STANDARD.encode(key.as_bytes())
            } else {
                MASK.to_owned()
            }
        });
        let promised = json!({
            "sha256": hash(media.expected_sha256),
            "encrypted_sha256": hash(media.expected_enc_sha256),
            "size": media.declared_length,
        });
        for (name, value) in [
            ("finding", json!(self.checks.as_ref().err())),
            ("promised", promised),
            ("checks", json!(self.checks.as_ref().ok())),
            ("client_name", json!(self.client_name)),
            ("chat_name", json!(self.chat_name)),
            ("holds", json!(self.holds)),
            ("key_kind", json!(media.key_kind.wire_type())),
            ("media_key", json!(key)),
            ("attempts", json!(self.attempts)),
            (
                "delivery",
                json!({"id": media.delivery.as_str(), "state": self.delivery.code(), "path": self.delivery.path()}),
            ),
        ] {
            entry.insert(name.to_owned(), value);
        }
        entry.serialize(serializer)
    }
}
