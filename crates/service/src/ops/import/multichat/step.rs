//! What a takeover tells while it runs: every client, every number, and what became of every row and file.

use super::Unclear;
use crate::model::{InstanceId, Reason};

/// What happened to one thing of the source.
#[derive(Clone, Debug)]
pub enum Step {
    /// What there is to do.
    Counted {
        /// Rows that tell of media, or may.
        rows: u64,
        /// Files.
        files: u64,
        /// How large they are together.
        bytes: u64,
    },
    /// A company.
    Client {
        /// Its number, which it keeps.
        id: i64,
        /// Its name.
        name: String,
        /// Whether it was not known.
        is_new: bool,
    },
    /// A number.
    Instance {
        /// Its id.
        id: InstanceId,
        /// Whose it is.
        client: i64,
        /// Whether it was not known.
        is_new: bool,
        /// The token of its new webhook address, told once.
        hook: Option<String>,
    },
    /// So many rows have been looked at.
    Rows(u64),
    /// A media.
    Media {
        /// Which row or file of the source told of it.
        origin: String,
        /// What became of it.
        outcome: Outcome,
    },
}

/// What became of a media, or would.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Its file is held.
    Held {
        /// Which file of the source, below its root.
        from: String,
        /// Where it is now, below the storage root.
        path: String,
        /// How far it is proven.
        verified: &'static str,
        /// How long it is.
        size_bytes: u64,
        /// Whether no row told of the file.
        is_stray: bool,
        /// Another record that names the same file, where no hash tells which of them is right.
        named_by: Option<String>,
    },
    /// It is in the queue.
    Queued {
        /// The file that should be its own, and is not what was sent; it stays where it is.
        wrong: Option<String>,
    },
    /// Its link is dead, and the original system did not have it either.
    Expired,
    /// It can no longer be had, or there is something wrong with the file.
    Lost(Lost),
    /// It is here already.
    Known,
    /// It was erased or removed here, and stays so.
    Gone,
    /// A rule of `[keep]` does not want it.
    Skipped(Reason),
    /// It cannot be taken.
    LeftOut(LeftOut),
}

/// Why a media is not held although the original system said so, or never can be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lost {
    /// The row brings neither key nor path.
    KeysMissing,
    /// The file that the row names is not there, and its link is dead.
    FileMissing,
    /// The file that the row names lies in the folder of another client or instance, and its link is dead.
    FileElsewhere,
    /// The file is not what was sent, and its link is dead. It stays where it is.
    FileWrong {
        /// Which file.
        from: String,
        /// What it is instead.
        why: wa_media::Refusal,
    },
}

/// Why something of the source cannot be taken at all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LeftOut {
    /// The row does not say what it is.
    Unclear(Unclear),
    /// No instance of that name is known.
    Instance(String),
    /// A stray file whose place does not say whose or what it is.
    Place,
    /// A stray file that is no media.
    NotMedia(wa_media::Refusal),
    /// The file cannot be read.
    Unreadable,
    /// A link, which is not followed, or something else that is no file.
    NotAFile,
    /// This file of it is another one than what its message is known to have; that stays, and so does the file.
    Changed(String),
    /// The file that it names is in nobody's folder, and this record of another client was told of it first.
    Taken(String),
}

impl Outcome {
    /// Whether somebody should look at it.
    pub fn needs_somebody(&self) -> bool {
        let is_doubtful = matches!(
            self,
            Self::Held {
                named_by: Some(_),
                ..
            } | Self::Queued { wrong: Some(_) }
        );
        is_doubtful || matches!(self, Self::LeftOut(_) | Self::Lost(_))
    }
}
