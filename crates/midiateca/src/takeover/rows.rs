//! A batch of records: each is looked up, its file found and judged, and then all are written down in one commit. The
//! files have their names before the commit, so that a run that is cut short in between does the same again.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasher as _, RandomState};
use std::sync::atomic::AtomicBool;

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
    /// Takes records, which a raw delivery may have told of; answers with what became of each. What was told of in this
    /// run already is passed over.
    pub async fn take(
        &mut self,
        (app, taking, stop): (&App, Taking, &AtomicBool),
        owners: &Owners,
        tree: &mut Tree,
        mut records: Vec<Record>,
        body: Option<&[u8]>,
    ) -> Result<Vec<(String, Outcome)>, Error> {
        let mut told = Vec::with_capacity(records.len());
        while !records.is_empty() {
            let (mut known, mut later) = (Vec::new(), Vec::new());
            let mut keys = HashSet::new();
            for record in std::mem::take(&mut records) {
                // Two of the same media are taken one after the other, so that the second finds the first.
                if !keys.insert((record.message.id.clone(), record.found.kind)) {
                    later.push(record);
                    continue;
                }
                let origin = record.origin.clone();
                match self.look_up(app, owners, tree, record).await? {
                    Ok(record) => known.push(record),
                    Err(outcome) => told.extend(outcome.map(|outcome| (origin, outcome))),
                }
            }
            let entries = settle(app, (taking, stop), tree, known).await?;
            told.extend(self.note(tree, &entries));
            if taking != Taking::DryRun && !entries.is_empty() {
                write_down(app, entries, body).await?;
            }
            records = later;
        }
        Ok(told)
    }

    /// Remembers what was taken.
    fn note(&mut self, tree: &mut Tree, entries: &[Entry]) -> Vec<(String, Outcome)> {
        let mut told = Vec::with_capacity(entries.len());
        for entry in entries {
            if let Some(at) = entry.file {
                tree.claim(at);
            }
            let key = self.key(&entry.known.instance, &entry.known.record);
            let is_held = matches!(entry.outcome, Outcome::Held { .. });
            self.seen.insert(key, is_held);
            told.push((entry.known.record.origin.clone(), entry.outcome.clone()));
        }
        told
    }

    fn key(&self, instance: &InstanceId, record: &Record) -> u64 {
        let kind = record.found.kind.as_str();
        self.state
            .hash_one((instance.as_str(), &record.message.id, kind))
    }

    /// Whose a record is, what is here of it, and which files may be its own; or what there is to say of it, which is
    /// nothing when it was told of in this run.
    async fn look_up(
        &mut self,
        app: &App,
        owners: &Owners,
        tree: &mut Tree,
        record: Record,
    ) -> Result<Result<Known, Option<Outcome>>, Error> {
        let left_out = |why| Ok(Err(Some(Outcome::LeftOut(why))));
        let Some(instance) = owners.instance(&record.instance, record.names_row) else {
            return left_out(LeftOut::Instance(record.instance));
        };
        let Some(client) = owners.client(record.client, &instance) else {
            return left_out(LeftOut::Place);
        };
        let files = Files::of(owners, tree, &record, (client, &instance));
        let key = self.key(&instance, &record);
        let seen = self.seen.get(&key).copied();
        let here = queue::of_message(&app.db, &instance, &record.message.id).await?;
        let is_same = |row: &Standing| row.kind == record.found.kind || row.is_erased;
        let here: Vec<_> = here.into_iter().filter(is_same).collect();
        let is_told = seen.is_some_and(|is_held| is_held || files.all.is_empty());
        if let Some(outcome) = closed(&here, files.all.is_empty(), is_told) {
            files.claim_own(tree, &record, &here).await;
            self.seen.insert(key, true);
            return Ok(Err((!is_told).then_some(outcome)));
        }
        // At once, so that no other record takes it for its own by its name.
        if let ([only], false) = (&files.all[..], files.is_guess) {
            tree.claim(*only);
        }
        Ok(Ok(Known {
            here: here.first().map(|row| row.id.clone()),
            record,
            client,
            instance,
            files: files.all,
            is_guess: files.is_guess,
            is_elsewhere: files.is_elsewhere,
        }))
    }
}

/// What there is to say when what is here already settles it, or what this run has told of it.
fn closed(here: &[Standing], is_without_file: bool, is_told: bool) -> Option<Outcome> {
    let has = |status| here.iter().any(|row| row.status == status);
    if here.iter().any(|row| row.is_erased) || has(MediaStatus::Skipped) {
        Some(Outcome::Gone)
    } else if is_told || has(MediaStatus::Stored) || (!here.is_empty() && is_without_file) {
        Some(Outcome::Known)
    } else {
        None
    }
}

/// The files that may be a record's.
struct Files {
    all: Vec<usize>,
    /// Whether it is by their names only.
    is_guess: bool,
    /// Whether the one that the record names is in another's folder.
    is_elsewhere: bool,
}

impl Files {
    /// The file that a record names, else those that are named after its message; never one that is another's.
    fn of(
        owners: &Owners,
        tree: &Tree,
        record: &Record,
        (client, instance): (i64, &InstanceId),
    ) -> Self {
        let is_ours = |at: &usize| owners.may_hold(&tree.entry(*at).path, client, instance);
        let named = record.file.as_deref().and_then(|told| tree.locate(told));
        let named = record.stray.or(named);
        if let Some(named) = named.filter(is_ours) {
            return Self {
                all: vec![named],
                is_guess: false,
                is_elsewhere: false,
            };
        }
        let (kind, message) = (record.found.kind, &record.message.id);
        // Eight letters are no proof, so what they lead to must have the hash that the row has.
        let may_guess = record.found.sha256.is_some();
        let found = tree.of_message(instance.as_str(), kind, message, may_guess);
        let all: Vec<_> = found.into_iter().filter(is_ours).collect();
        Self {
            // Of several, only a hash could tell which one it is.
            all: if all.len() > 1 && !may_guess {
                Vec::new()
            } else {
                all
            },
            is_guess: true,
            is_elsewhere: named.is_some(),
        }
    }

    /// Claims the file that a row has already; one that is another is a stray, and kept as such.
    async fn claim_own(&self, tree: &mut Tree, record: &Record, here: &[Standing]) {
        for at in self.all.iter().copied() {
            let size = tree.entry(at).size_bytes;
            let stored = here.iter().find(|row| row.status == MediaStatus::Stored);
            let is_own = match (stored, record.found.sha256) {
                (Some(stored), _) if !self.is_guess => stored.size_bytes == Some(size),
                (_, Some(sha256)) if self.is_guess => {
                    let path = tree.full_path(at);
                    let hashing = tokio::task::spawn_blocking(move || vault::hash_file(&path));
                    hashing
                        .await
                        .is_ok_and(|hashed| hashed.is_ok_and(|found| found == sha256))
                }
                (Some(stored), None) => stored.size_bytes == Some(size),
                _ => !self.is_guess,
            };
            if is_own {
                tree.claim(at);
            }
        }
    }
}

/// Writes a batch down. A delivery that told of something that is still to be fetched is kept with it.
async fn write_down(app: &App, entries: Vec<Entry>, body: Option<&[u8]>) -> Result<(), Error> {
    let (keep, now) = (app.config.keep.clone(), app.clock.now());
    let queued = entries
        .iter()
        .find(|entry| matches!(entry.outcome, Outcome::Queued { .. }));
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
