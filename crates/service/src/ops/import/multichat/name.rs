//! Which row a file gets that passed, and which name: nothing is ever written over.

use super::Error;
use super::file::Taken;
use super::own::{self, Fit};
use super::place::Known;
use crate::app::App;
use crate::gateway::Gateway;
use crate::media;
use crate::model::MediaId;
use crate::storage;
use crate::storage::layout::{self, Form, RelativePath};

/// No message has so many files.
const FAR: i64 = 1_000;

impl Known {
    /// Settles on the row that gets a file; says whether there is one, or one may be made.
    pub fn settle_on(&mut self, taken: &Taken) -> bool {
        if self.slot.is_some() {
            return true;
        }
        let (sha256, size_bytes) = (taken.verified.sha256(), taken.verified.size_bytes());
        let (record, may_be_further) = (&self.record, self.may_be_further);
        let row = match own::fit(&self.here, record, (sha256, size_bytes), may_be_further) {
            Fit::Row(row) => Some(row.clone()),
            Fit::New => None,
            Fit::Other => return false,
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
        let id = known.row().map_or("", MediaId::as_str);
        let named = [path.as_str().to_owned()];
        let is_free = media::others_at(&app.db, id, &named).await?.is_empty();
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

/// Whether a file with other bytes lies there, whoever it belongs to.
async fn is_another_there(app: &App, path: &RelativePath, taken: &Taken) -> bool {
    let there = app.vault.root().join(path.as_path());
    let looking = tokio::task::spawn_blocking(move || {
        let is_there = there.symlink_metadata().is_ok();
        is_there.then(|| storage::hash_file(&there).ok())
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
