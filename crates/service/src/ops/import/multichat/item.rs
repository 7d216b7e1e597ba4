//! A record with its owner and its file, and the row here that it belongs to.

use wa_media::DirectPath;

use super::owners::{FileOwner, Owners};
use super::report::LeftOut;
use super::source::Record;
use super::tree::{Named, Tree};
use crate::clock::{DAY, Millis};
use crate::media::Media;
use crate::model::{InstanceId, MediaStatus};
use crate::queue;

/// How long a link lives when nothing says it: from the making of its key, or from the message.
const USUAL_LIFE: Millis = 30 * DAY;

pub(super) struct Item {
    pub record: Record,
    pub client: i64,
    pub instance: InstanceId,
    pub file: NamedFile,
}

/// The file that a record names.
pub(super) enum NamedFile {
    None,
    /// It may be its own.
    At {
        at: usize,
        /// The record that named it first, where no hash says which of them is right.
        named_by: Option<String>,
    },
    /// It is in the folder of another client or instance.
    Elsewhere,
    /// It is in no client's folder, no hash proves it, and a record of another client named it first.
    Taken {
        by: String,
    },
}

impl Item {
    pub fn new(record: Record, owners: &Owners, tree: &mut Tree) -> Result<Self, LeftOut> {
        let Some(instance) = owners.instance(&record.instance) else {
            return Err(LeftOut::UnknownInstance {
                instance: record.instance,
            });
        };
        // The webhook refuses such a delivery.
        let named = record.body_instance.as_deref();
        if named.is_some_and(|named| named != instance.as_str()) {
            return Err(LeftOut::OtherInstance);
        }
        let Some(client) = owners.client(record.client, &instance) else {
            return Err(LeftOut::UnknownPlace);
        };
        Ok(Self {
            file: NamedFile::find(&record, owners, tree, (client, &instance)),
            record,
            client,
            instance,
        })
    }
}

impl NamedFile {
    fn find(
        record: &Record,
        owners: &Owners,
        tree: &mut Tree,
        (client, instance): (i64, &InstanceId),
    ) -> Self {
        let located = match (record.orphan, &record.file) {
            (Some(at), _) => Some((at, true)),
            (None, Some(named)) => tree.locate(named).map(|it| (it.at, it.is_whole)),
            (None, None) => None,
        };
        let Some((at, is_whole)) = located else {
            return Self::None;
        };
        let entry = tree.entry(at);
        let is_proven = record.found.sha256.is_some();
        let owner = owners.of_file(&entry.path, client, instance);
        let first = entry.named.as_deref().filter(|_| !is_proven);
        let by = |first: &Named| first.by.clone();
        match (owner, first) {
            (FileOwner::Other, _) => return Self::Elsewhere,
            // Only the row says that it is this client's, so the row must know the file.
            (FileOwner::Unknown, _) if !is_whole && !is_proven => return Self::None,
            (FileOwner::Unknown, Some(first)) if first.client != client => {
                return Self::Taken { by: by(first) };
            }
            _ => {}
        }
        let named_by = first.map(by);
        tree.name(at, &record.origin, client);
        Self::At { at, named_by }
    }
}

/// The row that a file gets.
pub(super) enum Target {
    /// One that is here and not stored.
    Row(Box<Media>),
    New,
    /// A new one with a slot of its own: each row of the message is of another file.
    Further(i64),
}

impl Target {
    /// For a file with these bytes; `None` when each row here is of another file, and nothing says that the message has a
    /// further one.
    pub fn of(
        here: &[Media],
        (sha256, size_bytes): (&[u8; 32], u64),
        next_slot: i64,
        may_be_further: bool,
    ) -> Option<Self> {
        let mut open = here.iter().filter(|row| !is_stored(row));
        let surely = open.clone().find(|row| queue::is_of(row, sha256));
        let perhaps = || {
            let has_stored = here.iter().any(is_stored);
            open.find(|row| !has_stored && !queue::refuses(row, sha256, size_bytes))
        };
        match surely.or_else(perhaps) {
            Some(row) => Some(Self::Row(Box::new(row.clone()))),
            None if here.is_empty() => Some(Self::New),
            None => may_be_further.then_some(Self::Further(next_slot)),
        }
    }
}

pub(super) fn is_stored(row: &Media) -> bool {
    row.status == MediaStatus::Stored
}

impl Record {
    /// Whether it could still be downloaded, as far as its link goes.
    pub fn is_downloadable(&self) -> bool {
        let found = &self.found;
        let path = found.direct_path.as_deref();
        let has_path = path.is_some_and(|path| DirectPath::parse(path).is_ok());
        found.inline.is_some()
            || found.static_url.is_some()
            || (found.media_key.is_some() && has_path)
    }

    /// When WhatsApp's link should end.
    pub fn link_ends_at(&self, received_at: Millis) -> Millis {
        let found = &self.found;
        let millis = |seconds: i64| seconds.saturating_mul(1_000);
        let expiry = found.direct_path.as_deref().and_then(wa_media::expiry_of);
        let by_key = || Some(millis(found.media_key_at?).saturating_add(USUAL_LIFE));
        let sent_at = self.message.sent_at.unwrap_or(received_at);
        expiry
            .map(millis)
            .or_else(by_key)
            .unwrap_or_else(|| sent_at.saturating_add(USUAL_LIFE))
    }
}
