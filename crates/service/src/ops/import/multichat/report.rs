//! What an import finds: clients, instances, and what became of every row and file.

use serde::{Serialize, Serializer};

use crate::model::Reason;

/// The sums of a run.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Report {
    /// Whether it is a plan.
    pub dry_run: bool,
    /// Whether it was cancelled before its end.
    pub stopped: bool,
    /// How many of each outcome.
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
    /// Stored files.
    pub stored: u64,
    /// Their size.
    pub bytes: u64,
    /// Those of them that no row names.
    pub orphaned: u64,
    /// Media to download.
    pub queued: u64,
    /// Media whose link is dead.
    pub expired: u64,
    /// Media that a rule skips.
    pub skipped: u64,
    /// Media that were here.
    pub known: u64,
    /// Media that were erased or removed here.
    pub gone: u64,
    /// Media whose file is lost.
    pub lost: u64,
    /// Rows and files that cannot be taken.
    pub left_out: u64,
}

impl Sum {
    pub(super) fn add(&mut self, outcome: &Outcome) {
        match outcome {
            Outcome::Stored { size, orphaned, .. } => {
                self.stored += 1;
                self.bytes += size;
                self.orphaned += u64::from(*orphaned);
            }
            Outcome::Queued { .. } => self.queued += 1,
            Outcome::Expired => self.expired += 1,
            Outcome::Skipped { .. } => self.skipped += 1,
            Outcome::Known => self.known += 1,
            Outcome::Gone => self.gone += 1,
            Outcome::Lost(_) => self.lost += 1,
            Outcome::LeftOut(_) => self.left_out += 1,
        }
    }
}

/// One result.
#[derive(Clone, Debug, Serialize)]
#[serde(untagged)]
pub enum Finding {
    /// A client of the source.
    Client {
        /// Its number, which it keeps.
        client: i64,
        /// Its name.
        name: String,
        /// Whether it was not known here.
        new: bool,
    },
    /// A WhatsApp number of the source.
    Instance {
        /// Its id.
        instance: String,
        /// Its client.
        client: i64,
        /// Whether it was not known here.
        new: bool,
        /// The token of its new webhook address; it can be shown only now.
        #[serde(skip)]
        hook: Option<String>,
    },
    /// A media.
    Media {
        /// The row or file of the source.
        source: String,
        /// What became of it.
        #[serde(flatten)]
        outcome: Outcome,
    },
}

/// What became of a media, or would.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum Outcome {
    /// Its file is stored.
    Stored {
        /// The file of the source, below its root.
        from: String,
        /// The stored file, below the storage root.
        path: String,
        /// How far it is proven.
        verified: &'static str,
        /// Its size in bytes.
        size: u64,
        /// Whether no row names the file.
        orphaned: bool,
        /// Another row that names the same file, where no hash says which of them is right.
        #[serde(skip_serializing_if = "Option::is_none")]
        named_by: Option<String>,
    },
    /// It is queued.
    Queued {
        /// Its file, which is not what was sent and stays where it is.
        #[serde(skip_serializing_if = "Option::is_none")]
        wrong_file: Option<String>,
    },
    /// Its link is dead, and the original system did not have it.
    Expired,
    /// It can no longer be downloaded, or its file is wrong.
    Lost(Lost),
    /// It is here.
    Known,
    /// It was erased or removed here, and stays so.
    Gone,
    /// A rule of `[keep]` skips it.
    Skipped {
        /// Which rule.
        #[serde(serialize_with = "code")]
        reason: Reason,
    },
    /// It cannot be taken.
    LeftOut(LeftOut),
}

/// Why a media that the original system had is not stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "reason", rename_all = "snake_case")]
pub enum Lost {
    /// The row has neither key nor path.
    KeysMissing,
    /// The file that the row names is missing, and its link is dead.
    FileMissing,
    /// The file that the row names is in the folder of another client or instance, and its link is dead.
    FileElsewhere,
    /// The file is not what was sent, and its link is dead. It stays where it is.
    FileWrong {
        /// Which file.
        file: String,
        /// What is wrong with it.
        #[serde(serialize_with = "code")]
        refusal: Reason,
    },
}

/// Why something of the source cannot be taken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "reason", rename_all = "snake_case")]
pub enum LeftOut {
    /// The row's `media_type` is none of the five.
    UnknownKind,
    /// It names no message.
    NoMessage,
    /// The delivery is not JSON.
    NotJson,
    /// The delivery names another instance than its row.
    OtherInstance,
    /// No such instance is known.
    UnknownInstance {
        /// Its id.
        instance: String,
    },
    /// The place of a file does not say whose or what it is.
    UnknownPlace,
    /// A file that is no media.
    NotMedia {
        /// Why.
        #[serde(serialize_with = "code")]
        refusal: Reason,
    },
    /// The file cannot be read.
    Unreadable,
    /// A link, which is not followed, or something else that is no file.
    NotAFile,
    /// The file is another one than its message is known to have; both stay.
    Changed {
        /// Which file.
        file: String,
    },
    /// The file is in no client's folder, and a row of another client named it first.
    Taken {
        /// Which row.
        by: String,
    },
}

fn code<S: Serializer>(reason: &Reason, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(reason.as_str())
}

impl Outcome {
    /// Whether a person should look at it.
    pub fn needs_person(&self) -> bool {
        matches!(
            self,
            Self::Stored {
                named_by: Some(_),
                ..
            } | Self::Queued {
                wrong_file: Some(_)
            } | Self::LeftOut(_)
                | Self::Lost(_)
        )
    }
}
