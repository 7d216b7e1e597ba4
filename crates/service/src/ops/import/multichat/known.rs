//! A record, what is here of it, and which row and name its file gets. Nothing is ever overwritten.

use super::error::Error;
use super::file::Taken;
use super::files::{Files, hash_of};
use super::source::Record;
use super::tree::Tree;
use crate::app::App;
use crate::gateway::Gateway;
use crate::media::{self, Media};
use crate::model::{InstanceId, MediaId, MediaStatus};
use crate::queue;
use crate::storage::Entry;
use crate::storage::layout::{self, Form, RelativePath};

/// No message has so many files.
const FAR: i64 = 1_000;

/// A record, and whose it is.
#[derive(Clone)]
pub(super) struct Known {
    pub record: Record,
    pub client: i64,
    pub instance: InstanceId,
    /// The rows that may be its own; once its file has passed, the one that gets it.
    pub here: Vec<Media>,
    /// The message's next free slot.
    pub next_slot: i64,
    /// Whether the message may have more files of that kind than `here` are.
    pub may_be_further: bool,
    /// Its file.
    pub files: Files,
    /// For a further file of the message: its slot.
    pub slot: Option<i64>,
}

/// A file compared with the rows that its message has here.
pub(super) enum Comparison {
    /// One of them has it.
    Own([u8; 32]),
    /// None has it, and it fits the record: the message has several files of that kind.
    Further([u8; 32]),
    /// None has it, and it is not what the record says, or cannot be read.
    Other,
}

/// The row that gets a file that passed, when none of the message's rows is stored.
enum Fit<'a> {
    Row(&'a Media),
    New,
    /// A new one with a slot of its own, because each row here is of another file.
    Further,
    /// None: each row here is of another file, and nothing says that there is a further one.
    None,
}

/// The row that a file belongs to: one that has its hash before one that only may have it.
fn fit<'a>(known: &'a Known, sha256: &[u8; 32], size_bytes: u64) -> Fit<'a> {
    let surely = known.here.iter().find(|row| queue::is_of(row, sha256));
    let perhaps = || {
        known
            .here
            .iter()
            .find(|row| !queue::refuses(row, sha256, size_bytes))
    };
    let is_proven = known.record.found.sha256 == Some(*sha256);
    match surely.or_else(perhaps) {
        Some(row) => Fit::Row(row),
        None if known.here.is_empty() => Fit::New,
        None if known.may_be_further || is_proven => Fit::Further,
        None => Fit::None,
    }
}

/// Compares the file that a record names; `is_known` says of a hash whether this run took it for the message.
pub(super) async fn compare(
    tree: &Tree,
    at: usize,
    known: &Known,
    is_known: impl Fn(&[u8; 32]) -> bool,
) -> Comparison {
    let Some(sha256) = hash_of(tree, at).await else {
        return Comparison::Other;
    };
    let is_stored = |of: [u8; 32]| {
        let mut stored = known
            .here
            .iter()
            .filter(|row| row.status == MediaStatus::Stored);
        stored.any(|row| row.sha256 == Some(of)) || is_known(&of)
    };
    match known.record.found.sha256 {
        _ if is_stored(sha256) => Comparison::Own(sha256),
        Some(expected) if expected != sha256 || is_stored(expected) => Comparison::Other,
        _ => Comparison::Further(sha256),
    }
}

impl Known {
    /// Chooses the row that gets a file; false when there is none and none may be made.
    pub fn settle_on(&mut self, taken: &Taken) -> bool {
        if self.slot.is_some() {
            return true;
        }
        let (sha256, size_bytes) = (taken.verified.sha256(), taken.verified.size_bytes());
        let row = match fit(self, sha256, size_bytes) {
            Fit::Row(row) => Some(row.clone()),
            Fit::New => None,
            Fit::None => return false,
            Fit::Further => {
                self.slot = Some(self.next_slot);
                if self.record.found.sha256.is_none() {
                    self.record.be_further();
                }
                None
            }
        };
        self.here = row.into_iter().collect();
        true
    }

    /// The row that it has here already and that is not stored.
    pub fn row(&self) -> Option<&MediaId> {
        self.here.first().map(|row| &row.id)
    }
}

/// The path of a file: by the slot of its own row, or the one that it will have. Nothing ever comes to lie where
/// another row says that its own file lies, or over other bytes.
pub(super) async fn free_path(
    app: &App,
    known: &mut Known,
    taken: &Taken,
    form: &Form,
) -> Result<RelativePath, Error> {
    let own = known.slot.or(known.here.first().map(|row| row.slot));
    let mut slot = own.unwrap_or(known.next_slot);
    loop {
        let path = path_of(known, slot, taken, form);
        let named = [path.as_str().to_owned()];
        let is_free = media::files_at(&app.db, known.row(), &named)
            .await?
            .is_empty();
        if is_free && !is_another_there(app, &path, taken).await {
            return Ok(path);
        }
        match &mut known.slot {
            Some(further) => {
                slot = known.next_slot.max(slot + 1);
                *further = slot;
            }
            // Its row has a slot of its own, and the next ones are those of files that are yet to come.
            None => slot += FAR,
        }
    }
}

/// Whether a file with other bytes is there.
async fn is_another_there(app: &App, path: &RelativePath, taken: &Taken) -> bool {
    let (storage, path) = (app.storage.clone(), path.as_str().to_owned());
    let looking = tokio::task::spawn_blocking(move || {
        let entry = storage.entry(&path);
        let is_there = !matches!(entry, Ok(Entry::Absent | Entry::NoFolder));
        is_there.then(|| storage.hash(&path).ok())
    });
    let found = looking.await.unwrap_or(Some(None));
    found.is_some_and(|sha256| sha256.as_ref() != Some(taken.verified.sha256()))
}

fn path_of(known: &Known, slot: i64, taken: &Taken, form: &Form) -> RelativePath {
    let record = &known.record;
    let at = record.message.sent_at.or(record.received_at);
    layout::path(&layout::Name {
        client: known.client,
        instance: &known.instance,
        kind: record.found.kind,
        gateway: Gateway::Wapi.as_str(),
        message_id: &record.message.id,
        slot,
        at: at.or(taken.modified_at).unwrap_or(0),
        extension: &form.extension,
    })
}
