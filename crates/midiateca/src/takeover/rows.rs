//! A batch of records: each is looked up, its file found and judged, and then all are written down in one commit. The
//! files have their names before the commit, so that a run that is cut short in between does the same again.

use std::collections::HashMap;
use std::hash::{BuildHasher as _, RandomState};

use super::original::Record;
use super::owners::Owners;
use super::place::{Entry, Known, settle};
use super::tree::Tree;
use super::{DELIVERY, Error, LeftOut, Outcome, Taking};
use crate::app::App;
use crate::clock::Millis;
use crate::config::Keep;
use crate::db::{self, Tx};
use crate::delivery::Delivery;
use crate::gateway::Gateway;
use crate::intake::policy;
use crate::media::{InstanceId, MediaStatus};
use crate::queue::{self, Adopted, NewMedia, NewMessage, Standing};
use crate::vault;

/// What one run remembers from batch to batch.
#[derive(Default)]
pub(super) struct Batch {
    /// Media that were taken, as hashes, and whether they are held.
    seen: HashMap<u64, bool>,
    state: RandomState,
}

impl Batch {
    /// Takes records, which a raw delivery may have told of; answers with what became of each.
    pub async fn take(
        &mut self,
        (app, taking): (&App, Taking),
        owners: &Owners,
        tree: &mut Tree,
        records: Vec<Record>,
        body: Option<&[u8]>,
    ) -> Result<Vec<(String, Outcome)>, Error> {
        let mut told = Vec::with_capacity(records.len());
        let mut known = Vec::with_capacity(records.len());
        for record in records {
            let origin = record.origin.clone();
            match self.look_up(app, owners, tree, record).await? {
                Ok(record) => known.push(record),
                Err(outcome) => told.push((origin, outcome)),
            }
        }
        let entries = settle(app, taking, tree, known).await?;
        for entry in &entries {
            if let Some(at) = entry.file {
                tree.claim(at);
            }
            let key = self.key(&entry.known.instance, &entry.known.record);
            let is_held = matches!(entry.outcome, Outcome::Held { .. });
            self.seen.insert(key, is_held);
            told.push((entry.known.record.origin.clone(), entry.outcome.clone()));
        }
        if taking != Taking::DryRun && !entries.is_empty() {
            write_down(app, entries, body).await?;
        }
        Ok(told)
    }

    fn key(&self, instance: &InstanceId, record: &Record) -> u64 {
        let kind = record.found.kind.as_str();
        self.state
            .hash_one((instance.as_str(), &record.message.id, kind))
    }

    /// Whose a record is, what is here of it, and which files may be its own.
    async fn look_up(
        &self,
        app: &App,
        owners: &Owners,
        tree: &mut Tree,
        record: Record,
    ) -> Result<Result<Known, Outcome>, Error> {
        let Some(instance) = owners.instance(&record.instance) else {
            let why = LeftOut::Instance(record.instance.clone());
            return Ok(Err(Outcome::LeftOut(why)));
        };
        let Some(client) = owners.client(record.client, &instance) else {
            return Ok(Err(Outcome::LeftOut(LeftOut::Place)));
        };
        let files = files(owners, tree, &record, (client, &instance));
        // At once, so that no other record takes it for its own by its name.
        if let [only] = files[..] {
            tree.claim(only);
        }
        let is_seen = match self.seen.get(&self.key(&instance, &record)) {
            Some(is_held) if *is_held || files.is_empty() => Some(Outcome::Known),
            _ => None,
        };
        let here = queue::of_message(&app.db, &instance, &record.message.id).await?;
        let is_same = |row: &Standing| row.kind == record.found.kind || row.is_erased;
        let here: Vec<_> = here.into_iter().filter(is_same).collect();
        if let Some(outcome) = is_seen.or_else(|| closed(&here, files.is_empty())) {
            claim_own(tree, &files, &record).await;
            return Ok(Err(outcome));
        }
        Ok(Ok(Known {
            here: here.first().map(|row| row.id.clone()),
            record,
            client,
            instance,
            files,
        }))
    }
}

/// What there is to say when what is here already settles it.
fn closed(here: &[Standing], is_without_file: bool) -> Option<Outcome> {
    let has = |status| here.iter().any(|row| row.status == status);
    if here.iter().any(|row| row.is_erased) || has(MediaStatus::Skipped) {
        Some(Outcome::Gone)
    } else if has(MediaStatus::Stored) || (!here.is_empty() && is_without_file) {
        Some(Outcome::Known)
    } else {
        None
    }
}

/// Of several files that are named after a message, the one that its hash tells is its own.
async fn claim_own(tree: &mut Tree, files: &[usize], record: &Record) {
    for at in files.iter().copied().filter(|_| files.len() > 1) {
        let path = tree.full_path(at);
        let hashing = tokio::task::spawn_blocking(move || vault::hash_file(&path));
        let is_own = |found| Some(found) == record.found.sha256;
        if hashing.await.is_ok_and(|hashed| hashed.is_ok_and(is_own)) {
            tree.claim(at);
        }
    }
}

/// The file that a record names, else those that are named after its message; never one that is another's.
fn files(
    owners: &Owners,
    tree: &Tree,
    record: &Record,
    (client, instance): (i64, &InstanceId),
) -> Vec<usize> {
    let is_ours = |at: &usize| owners.may_hold(&tree.entry(*at).path, client, instance);
    let named = record.file.as_deref().and_then(|told| tree.locate(told));
    if let Some(named) = named.filter(is_ours) {
        return vec![named];
    }
    let found = tree.of_message(instance.as_str(), record.found.kind, &record.message.id);
    let found: Vec<_> = found.into_iter().filter(is_ours).collect();
    // Of several, only a hash could tell which one it is.
    match found.len() > 1 && record.found.sha256.is_none() {
        true => Vec::new(),
        false => found,
    }
}

/// Writes a batch down. A delivery that told of something that is still to be fetched is kept with it.
async fn write_down(app: &App, entries: Vec<Entry>, body: Option<&[u8]>) -> Result<(), Error> {
    let (keep, now) = (app.config.keep.clone(), app.clock.now());
    let queued = entries
        .iter()
        .find(|entry| entry.outcome == Outcome::Queued);
    let delivery = body.zip(queued).map(|(body, entry)| {
        let instance = &entry.known.instance;
        Delivery::new(instance, entry.received_at, "accepted", None, body)
    });
    app.db
        .write(async move |tx| {
            let mut told_by = DELIVERY;
            if let Some(delivery) = &delivery {
                delivery.keep(tx).await?;
                told_by = delivery.id.as_str();
            }
            for entry in &entries {
                if let Some(adopted) = &entry.adopted {
                    write_one(tx, entry, adopted, told_by, (&keep, now)).await?;
                }
            }
            Ok(())
        })
        .await?;
    Ok(())
}

async fn write_one(
    tx: &mut Tx,
    entry: &Entry,
    adopted: &Adopted,
    delivery: &str,
    (keep, now): (&Keep, Millis),
) -> Result<(), db::Error> {
    let Known {
        record,
        client,
        instance,
        here,
        ..
    } = &entry.known;
    let mut id = here.clone();
    if id.is_none() {
        let message = NewMessage {
            instance,
            client: *client,
            gateway: Gateway::Wapi,
            delivery,
            id: &record.message.id,
            message: &record.message,
        };
        // What the original system holds is wanted, whatever the rules say of what is yet to be fetched.
        let is_held = matches!(adopted, Adopted::Held { .. });
        let skip = policy::skip(keep, &record.message, &record.found);
        let media = NewMedia {
            found: &record.found,
            skip: skip.filter(|_| !is_held),
        };
        let puts = queue::put(tx, &message, &[media], entry.received_at).await?;
        id = puts.into_iter().next().map(|put| put.id);
    }
    match id {
        Some(id) => queue::adopt(tx, &id, adopted, now).await,
        None => Ok(()),
    }
}
