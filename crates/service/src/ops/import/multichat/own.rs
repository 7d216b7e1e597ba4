//! Which files of the source may be a record's own, and whether what is here already is one of them.

use super::original::Record;
use super::owners::{Owners, Whose};
use super::tree::{Claim, Tree};
use crate::model::{InstanceId, MediaStatus};
use crate::queue::Standing;
use crate::storage;

/// The files that may be a record's.
#[derive(Clone, Default)]
pub(super) struct Files {
    pub all: Vec<usize>,
    /// Whether it is by their names only.
    pub is_guess: bool,
    /// Whether the one that the record names is in another's folder.
    pub is_elsewhere: bool,
    /// Which other record was told of the one that it names, where nothing proves whose it is.
    pub named_by: Option<String>,
    /// Whether that one is of another client, and keeps it.
    pub is_taken: bool,
}

/// What a file of a record is to the rows that its message has here.
pub(super) enum Held {
    /// One of them holds it.
    Own([u8; 32]),
    /// None does, although the record and its file fit: the message has several of that kind.
    Further([u8; 32]),
    /// None does, and it is not what the record tells of, or cannot be read: a stray.
    Other,
}

/// Whose a file that passed is, of a record with rows here of which none is stored.
pub(super) enum Fit<'a> {
    /// This row's.
    Row(&'a Standing),
    /// A new one's, which takes its place among the message's files like any other.
    New,
    /// A further one's, for each row here is of another file.
    Further,
    /// Nobody's: each row here is of another file, and nothing tells of a further one.
    Other,
}

/// Which of the rows a file of these bytes belongs to; the one that knows it before one that merely may.
pub(super) fn fit<'a>(
    here: &'a [Standing],
    record: &Record,
    (sha256, size_bytes): (&[u8; 32], u64),
    may_be_further: bool,
) -> Fit<'a> {
    let surely = here.iter().find(|row| row.is_of(sha256));
    let perhaps = || here.iter().find(|row| !row.refuses(sha256, size_bytes));
    match surely.or_else(perhaps) {
        Some(row) => Fit::Row(row),
        None if here.is_empty() => Fit::New,
        None if may_be_further || record.found.sha256 == Some(*sha256) => Fit::Further,
        None => Fit::Other,
    }
}

impl Files {
    /// The file that a record names, else those that are named after its message; never one that is another's.
    pub fn of(
        owners: &Owners,
        tree: &Tree,
        record: &Record,
        (client, instance): (i64, &InstanceId),
    ) -> Self {
        let whose = |at: usize| owners.whose(&tree.entry(at).path, client, instance);
        let told = record.file.as_deref();
        let located = told.and_then(|told| tree.locate(told));
        let named = match (record.stray, located) {
            (Some(at), _) => Some((at, true)),
            (None, located) => located.map(|it| (it.at, it.is_whole)),
        };
        let is_proven = record.found.sha256.is_some();
        if let Some((at, is_whole)) = named {
            let claim = tree.entry(at).claim.as_deref();
            let by = |claim: &Claim| claim.by.clone();
            let this = Self {
                all: vec![at],
                named_by: claim.filter(|_| !is_proven).map(by),
                ..Self::default()
            };
            let is_others = claim.is_some_and(|claim| claim.client != client);
            match whose(at) {
                Whose::Ours => return this,
                // Nothing tells that it is this client's but the row, so the row must know the file.
                Whose::Untold if is_proven || (is_whole && !is_others) => return this,
                Whose::Untold if is_whole => {
                    return Self {
                        all: Vec::new(),
                        is_taken: true,
                        ..this
                    };
                }
                Whose::Untold | Whose::Theirs => {}
            }
        }
        let (kind, message) = (record.found.kind, &record.message.id);
        // Eight letters are no proof, so what they lead to must have the hash that the row has.
        let found = tree.of_message(instance.as_str(), kind, message, is_proven);
        let is_ours = |at: &usize| whose(*at) == Whose::Ours;
        let all: Vec<_> = found.into_iter().filter(is_ours).collect();
        Self {
            // Of several, only a hash could tell which one it is.
            all: if all.len() > 1 && !is_proven {
                Vec::new()
            } else {
                all
            },
            is_guess: true,
            is_elsewhere: named.is_some_and(|(at, _)| whose(at) == Whose::Theirs),
            ..Self::default()
        }
    }
}

/// What the file is that a record names; `is_known` says of a hash whether this run has taken it for the message.
pub(super) async fn compare(
    tree: &Tree,
    at: usize,
    record: &Record,
    here: &[Standing],
    is_known: impl Fn(&[u8; 32]) -> bool,
) -> Held {
    let Some(sha256) = hash_of(tree, at).await else {
        return Held::Other;
    };
    let stored = |of: [u8; 32]| {
        let mut stored = here.iter().filter(|row| row.status == MediaStatus::Stored);
        stored.any(|row| row.sha256 == Some(of)) || is_known(&of)
    };
    match record.found.sha256 {
        _ if stored(sha256) => Held::Own(sha256),
        Some(told) if told != sha256 || stored(told) => Held::Other,
        _ => Held::Further(sha256),
    }
}

/// SHA-256 of a file of the source; nothing when it cannot be read.
pub(super) async fn hash_of(tree: &Tree, at: usize) -> Option<[u8; 32]> {
    let path = tree.full_path(at);
    let hashing = tokio::task::spawn_blocking(move || storage::hash_file(&path));
    hashing.await.ok()?.ok()
}

/// A hash of a file as this run remembers it.
pub(super) fn short(sha256: &[u8; 32]) -> u64 {
    let mut first = [0; 8];
    first.copy_from_slice(&sha256[..8]);
    u64::from_le_bytes(first)
}
