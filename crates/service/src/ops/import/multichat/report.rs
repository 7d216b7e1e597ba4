//! The report of an import: clients, instances, and the outcome of every row and file.

use serde::{Serialize, Serializer};

use crate::model::Reason;

#[derive(Clone, Debug, Default, Serialize)]
pub struct Report {
    pub dry_run: bool,
    /// It was cancelled before its end.
    pub stopped: bool,
    pub sum: Sum,
}

impl Report {
    /// Whether it came to its end, and nothing needs a person.
    pub fn is_clean(&self) -> bool {
        !self.stopped && self.sum.lost + self.sum.left_out == 0
    }
}

/// How many of each outcome.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Sum {
    pub stored: u64,
    /// Their size.
    pub bytes: u64,
    /// Those of them that no row names.
    pub orphaned: u64,
    pub queued: u64,
    pub expired: u64,
    pub skipped: u64,
    pub known: u64,
    pub gone: u64,
    pub lost: u64,
    pub left_out: u64,
}

impl Sum {
    pub(super) fn add(&mut self, outcome: &Outcome) {
        let count = match outcome {
            Outcome::Stored { size, orphaned, .. } => {
                self.bytes += size;
                self.orphaned += u64::from(*orphaned);
                &mut self.stored
            }
            Outcome::Queued { .. } => &mut self.queued,
            Outcome::Expired => &mut self.expired,
            Outcome::Skipped { .. } => &mut self.skipped,
            Outcome::Known => &mut self.known,
            Outcome::Gone => &mut self.gone,
            Outcome::Lost(_) => &mut self.lost,
            Outcome::LeftOut(_) => &mut self.left_out,
        };
        *count += 1;
    }
}

#[derive(Clone, Debug, Serialize)]
#[serde(untagged)]
pub enum ImportFinding {
    /// A client of the source, which keeps its number.
    Client {
        client: i64,
        name: String,
        new: bool,
    },
    /// A WhatsApp number of the source.
    Instance {
        instance: String,
        client: i64,
        new: bool,
        /// The token of its new webhook address; it can be shown only now.
        #[serde(skip)]
        hook: Option<String>,
    },
    Media {
        /// The row or file of the source.
        source: String,
        #[serde(flatten)]
        outcome: Outcome,
    },
}

/// The outcome for a media; in a dry run, what it would be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum Outcome {
    Stored {
        /// The file of the source, below its root.
        from: String,
        /// The stored file, below the storage root.
        path: String,
        verified: &'static str,
        size: u64,
        /// Whether no row names the file.
        orphaned: bool,
        /// Another row that names the same file, where no hash says which of them is right.
        #[serde(skip_serializing_if = "Option::is_none")]
        named_by: Option<String>,
    },
    Queued {
        /// Its file, which is not what was sent and stays where it is.
        #[serde(skip_serializing_if = "Option::is_none")]
        wrong_file: Option<String>,
    },
    /// Its link is dead, and the original system did not have it.
    Expired,
    Lost(Lost),
    /// It is here already.
    Known,
    /// It was erased or removed here, and stays so.
    Gone,
    /// A rule of `[keep]` skips it.
    Skipped {
        #[serde(serialize_with = "code")]
        reason: Reason,
    },
    LeftOut(LeftOut),
}

/// Why a media that the original system had is not stored. Its link is dead too.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "reason", rename_all = "snake_case")]
pub enum Lost {
    /// The row has neither key nor path.
    KeysMissing,
    FileMissing,
    /// The file is in the folder of another client or instance.
    FileElsewhere,
    /// The file is not what was sent. It stays where it is.
    FileWrong {
        file: String,
        #[serde(serialize_with = "code")]
        refusal: Reason,
    },
}

/// Why a row or file of the source cannot be imported.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "reason", rename_all = "snake_case")]
pub enum LeftOut {
    /// The row's `media_type` is none of the five.
    UnknownKind,
    NoMessage,
    /// The delivery is not JSON.
    NotJson,
    /// The delivery names another instance than its row.
    OtherInstance,
    UnknownInstance {
        instance: String,
    },
    /// The place of a file says neither its owner nor its kind.
    UnknownPlace,
    NotMedia {
        #[serde(serialize_with = "code")]
        refusal: Reason,
    },
    Unreadable,
    /// The server changed the rows of its message again and again.
    Busy,
    /// A link, which is not followed, or something else that is no file.
    NotAFile,
    /// The file is another one than its message is known to have; both stay.
    Changed {
        file: String,
    },
    /// The file is in no client's folder, and a row of another client named it first.
    Taken {
        by: String,
    },
}

fn code<S: Serializer>(reason: &Reason, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(reason.as_str())
}

impl Outcome {
    pub fn needs_person(&self) -> bool {
        match self {
            Self::Stored { named_by, .. } => named_by.is_some(),
            Self::Queued { wrong_file } => wrong_file.is_some(),
            Self::LeftOut(_) | Self::Lost(_) => true,
            Self::Expired | Self::Known | Self::Gone | Self::Skipped { .. } => false,
        }
    }
}
