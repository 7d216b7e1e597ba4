//! The file of the source that may be a record's, and whether a row here has it.

use super::owners::{Owners, Whose};
use super::source::Record;
use super::tree::{Claim, Tree};
use crate::model::InstanceId;
use crate::storage;

/// The file that a record names, when it may be its own.
#[derive(Clone, Default)]
pub(super) struct Files {
    pub at: Option<usize>,
    /// Whether it is in the folder of another client or instance.
    pub is_elsewhere: bool,
    /// The record that named it first, where nothing proves whose it is.
    pub named_by: Option<String>,
    /// Whether that record is of another client, and keeps it.
    pub is_taken: bool,
}

impl Files {
    /// The file that a record names; never one that is another's.
    pub fn of(
        owners: &Owners,
        tree: &Tree,
        record: &Record,
        (client, instance): (i64, &InstanceId),
    ) -> Self {
        let located = record.file.as_deref().and_then(|named| tree.locate(named));
        let named = match (record.orphan, located) {
            (Some(at), _) => Some((at, true)),
            (None, located) => located.map(|it| (it.at, it.is_whole)),
        };
        let Some((at, is_whole)) = named else {
            return Self::default();
        };
        let is_proven = record.found.sha256.is_some();
        let claim = tree.entry(at).claim.as_deref();
        let by = |claim: &Claim| claim.by.clone();
        let named_by = claim.filter(|_| !is_proven).map(by);
        let is_others = claim.is_some_and(|claim| claim.client != client);
        let own = Self {
            at: Some(at),
            named_by,
            ..Self::default()
        };
        match owners.whose(&tree.entry(at).path, client, instance) {
            Whose::Ours => own,
            // Only the row says that it is this client's, so the row must know the file.
            Whose::Unknown if is_proven || (is_whole && !is_others) => own,
            Whose::Unknown if is_whole => Self {
                at: None,
                is_taken: true,
                ..own
            },
            Whose::Unknown => Self::default(),
            Whose::Theirs => Self {
                is_elsewhere: true,
                ..Self::default()
            },
        }
    }
}

/// SHA-256 of a file of the source; nothing when it cannot be read.
pub(super) async fn hash_of(tree: &Tree, at: usize) -> Option<[u8; 32]> {
    let path = tree.full_path(at);
    let hashing = tokio::task::spawn_blocking(move || storage::hash_file(&path));
    hashing.await.ok()?.ok()
}

/// A hash of a file as one run remembers it.
pub(super) fn short(sha256: &[u8; 32]) -> u64 {
    let mut first = [0; 8];
    first.copy_from_slice(&sha256[..8]);
    u64::from_le_bytes(first)
}
