//! A batch of records: each is looked up, its file found and judged, and then all are written in one commit. The files
//! have their names before the commit; a run that is cut short in between does the same again.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasher as _, RandomState};

use super::error::Error;
use super::files::{self, Files};
use super::known::{Comparison, Known, compare};
use super::options::{Mode, Transfer};
use super::orphans::{orphan_row, retire};
use super::owners::Owners;
use super::place::{Entry, settle};
use super::report::{LeftOut, Lost, Outcome};
use super::source::Record;
use super::tree::{Tree, slashed};
use super::write::write;
use crate::app::App;
use crate::media::{self, Media};
use crate::model::{InstanceId, MediaStatus};
use crate::queue;

/// The media of one kind that one run has seen of a message.
#[derive(Default)]
struct Seen {
    media: Vec<SeenMedia>,
    /// Short hashes of the files that were taken.
    files: Vec<u64>,
}

struct SeenMedia {
    fingerprint: Fingerprint,
    /// Whether it is stored or known, so that nothing more is reported of it.
    is_settled: bool,
}

/// Hashes of its key and of its file's hashes, as far as they are known.
type Fingerprint = [Option<u64>; 3];

impl Seen {
    /// The media that has this fingerprint, or may have it.
    fn find(&self, fingerprint: &Fingerprint) -> Option<&SeenMedia> {
        self.media.iter().find(|media| media.may_be(fingerprint))
    }

    fn add(&mut self, fingerprint: Fingerprint, is_settled: bool) {
        match self
            .media
            .iter_mut()
            .find(|media| media.may_be(&fingerprint))
        {
            Some(media) => {
                media.is_settled |= is_settled;
                for (known, new) in media.fingerprint.iter_mut().zip(fingerprint) {
                    *known = known.or(new);
                }
            }
            None => self.media.push(SeenMedia {
                fingerprint,
                is_settled,
            }),
        }
    }
}

impl SeenMedia {
    fn may_be(&self, fingerprint: &Fingerprint) -> bool {
        let differ = |(known, new): (&Option<u64>, &Option<u64>)| {
            known.is_some() && new.is_some() && known != new
        };
        !self.fingerprint.iter().zip(fingerprint).any(differ)
    }
}

/// What one run remembers from batch to batch.
#[derive(Default)]
pub(super) struct Batch {
    /// By message and kind, as hashes.
    seen: HashMap<u64, Seen>,
    /// Files that the rows of one delivery name, as hashes.
    named_files: HashMap<u64, Vec<u64>>,
    state: RandomState,
}

/// Whether a record goes on to its file, or is settled: then with its outcome, or with none when it was reported before.
type LookUp = Result<Known, Option<Outcome>>;

impl Batch {
    /// Takes records, perhaps of one raw delivery; returns what became of each. A media is reported once in a run.
    pub async fn take(
        &mut self,
        (app, transfer): (&App, Transfer<'_>),
        owners: &Owners,
        tree: &mut Tree,
        mut records: Vec<Record>,
        body: Option<&[u8]>,
    ) -> Result<Vec<(String, Outcome)>, Error> {
        let mut outcomes = Vec::with_capacity(records.len());
        while !records.is_empty() {
            let (mut known, mut later) = (Vec::new(), Vec::new());
            let mut messages = HashSet::new();
            for record in std::mem::take(&mut records) {
                // Records of one message go one after the other, so that the second finds the first.
                if !messages.insert(record.message.id.clone()) {
                    later.push(record);
                    continue;
                }
                let origin = record.origin.clone();
                match self.look_up((app, transfer), owners, tree, record).await? {
                    Ok(record) => known.push(record),
                    Err(outcome) => outcomes.extend(outcome.map(|outcome| (origin, outcome))),
                }
            }
            let mut entries = settle(app, transfer, tree, known).await?;
            if transfer.mode != Mode::DryRun && !entries.is_empty() {
                let again;
                (entries, again) = write(app, entries, body).await?;
                later.extend(again);
            }
            outcomes.extend(entries.iter().map(|entry| self.note(tree, entry)));
            records = later;
        }
        Ok(outcomes)
    }

    fn note(&mut self, tree: &mut Tree, entry: &Entry) -> (String, Outcome) {
        let record = &entry.known.record;
        let fingerprint = self.fingerprint(record);
        let key = self.key(&entry.known.instance, record);
        let seen = self.seen.entry(key).or_default();
        seen.add(fingerprint, matches!(entry.outcome, Outcome::Stored { .. }));
        if let Some((at, sha256)) = entry.file {
            tree.claim(at, &record.origin, entry.known.client);
            seen.files.push(files::short(&sha256));
        }
        (record.origin.clone(), entry.outcome.clone())
    }

    fn key(&self, instance: &InstanceId, record: &Record) -> u64 {
        let kind = record.found.kind.as_str();
        self.state
            .hash_one((instance.as_str(), &record.message.id, kind))
    }

    fn fingerprint(&self, record: &Record) -> Fingerprint {
        let found = &record.found;
        let key = found.media_key.as_ref().map(|key| *key.as_bytes());
        let hash = |of: Option<[u8; 32]>| of.map(|of| self.state.hash_one(of));
        [key, found.sha256, found.enc_sha256].map(hash)
    }

    /// Finds the owner of a record, what is here of it, and its file.
    async fn look_up(
        &mut self,
        (app, transfer): (&App, Transfer<'_>),
        owners: &Owners,
        tree: &mut Tree,
        record: Record,
    ) -> Result<LookUp, Error> {
        let left_out = |why| Ok(Err(Some(Outcome::LeftOut(why))));
        let Some(instance) = owners.instance(&record.instance, record.names_row) else {
            let instance = record.instance;
            return left_out(LeftOut::UnknownInstance { instance });
        };
        // The webhook refuses such a delivery.
        let named = record.body_instance.as_deref();
        if named.is_some_and(|named| named != instance.as_str()) {
            return left_out(LeftOut::OtherInstance);
        }
        let Some(client) = owners.client(record.client, &instance) else {
            return left_out(LeftOut::UnknownPlace);
        };
        self.nth_file(&record);
        let key = self.key(&instance, &record);
        let seen = self.seen.get(&key);
        let rows = media::message::of_message(&app.db, &instance, &record.message.id).await?;
        let next_slot = rows.iter().map(|row| row.slot + 1).max().unwrap_or(0);
        let is_same = |row: &Media| {
            row.is_erased()
                || (row.kind == record.found.kind && !queue::is_other(row, &record.found))
        };
        let known = Known {
            here: rows.into_iter().filter(is_same).collect(),
            files: Files::of(owners, tree, &record, (client, &instance)),
            // A file that changed makes no second media of a message that has one.
            may_be_further: record.orphan.is_some()
                || record.is_one_of_several
                || seen.is_some_and(|seen| !seen.files.is_empty()),
            next_slot,
            record,
            client,
            instance,
            slot: None,
        };
        let is_without_file = known.files.at.is_none();
        let reported = seen.and_then(|seen| seen.find(&self.fingerprint(&known.record)));
        let is_reported = reported.is_some_and(|media| media.is_settled || is_without_file);
        match settled_outcome(&known.here, is_without_file, is_reported) {
            Some(outcome) => {
                self.settled((app, transfer), tree, known, (outcome, is_reported))
                    .await
            }
            None => Ok(Ok(known.claim(tree))),
        }
    }

    /// A record that rows here or this run settle already, unless its file is a further one of the same message: that gets
    /// a slot of its own.
    async fn settled(
        &mut self,
        (app, transfer): (&App, Transfer<'_>),
        tree: &mut Tree,
        known: Known,
        (outcome, mut is_reported): (Outcome, bool),
    ) -> Result<LookUp, Error> {
        let is_gone = outcome == Outcome::Gone;
        let fingerprint = self.fingerprint(&known.record);
        let key = self.key(&known.instance, &known.record);
        let seen = self.seen.entry(key).or_default();
        let count = known.here.len().max(seen.files.len());
        let mut own = None;
        if let Some(at) = known.files.at {
            let is_known = |sha256: &[u8; 32]| seen.files.contains(&files::short(sha256));
            match compare(tree, at, &known, is_known).await {
                // The file of an erased media must not come back as an orphan.
                _ if is_gone => own = Some((at, files::hash_of(tree, at).await)),
                Comparison::Own(sha256) => own = Some((at, Some(sha256))),
                Comparison::Other => {}
                Comparison::Further(sha256) => return Ok(known.further(tree, at, &sha256, count)),
            }
        }
        if let Some((at, sha256)) = own {
            if let Some(short) = sha256.as_ref().map(files::short)
                && !seen.files.contains(&short)
            {
                // A further file of the message, which this run has not reported.
                seen.files.push(short);
                is_reported = false;
            }
            tree.claim(at, &known.record.origin, known.client);
            let is_here = !is_gone || known.here.iter().any(|row| row.is_erased());
            if transfer.mode != Mode::DryRun && is_here {
                let owner = (known.client, &known.instance);
                let orphan = orphan_row(app, tree, owner, at, sha256).await?;
                if let Some(orphan) =
                    orphan.filter(|it| known.here.iter().all(|row| row.id != it.id))
                {
                    retire(app, &orphan).await?;
                }
            }
        }
        seen.add(fingerprint, true);
        let is_missing = known.files.at.is_none() && !is_gone;
        if is_missing && self.nth_file(&known.record).is_some_and(|nth| nth >= count) {
            return Ok(Err(Some(Outcome::Lost(Lost::FileMissing))));
        }
        Ok(Err((!is_reported).then_some(outcome)))
    }

    /// Which of the files that the rows of its delivery name it names, from 0.
    fn nth_file(&mut self, record: &Record) -> Option<usize> {
        let (event, file) = (record.event.as_deref()?, record.file.as_deref()?);
        let event = self.state.hash_one((event, record.found.kind.as_str()));
        let file = self.state.hash_one(file);
        let files = self.named_files.entry(event).or_default();
        let nth = files.iter().position(|known| *known == file);
        Some(nth.unwrap_or_else(|| {
            files.push(file);
            files.len() - 1
        }))
    }
}

impl Known {
    /// Claims its file, so that it is no orphan and no other record's.
    fn claim(self, tree: &mut Tree) -> Self {
        if let Some(at) = self.files.at {
            tree.claim(at, &self.record.origin, self.client);
        }
        self
    }

    /// A record whose file no row has.
    fn further(mut self, tree: &mut Tree, at: usize, sha256: &[u8; 32], count: usize) -> LookUp {
        let lost = self
            .here
            .iter()
            .find(|row| queue::is_of(row, sha256))
            .cloned();
        if lost.is_none() {
            if !self.may_be_further && self.record.found.sha256.is_none() {
                let file = slashed(&tree.entry(at).path);
                self.claim(tree);
                return Err(Some(Outcome::LeftOut(LeftOut::Changed { file })));
            }
            self.record.be_further();
            self.slot = Some(self.next_slot.max(i64::try_from(count).unwrap_or(0)));
        }
        self.here = lost.into_iter().collect();
        Ok(self.claim(tree))
    }
}

/// The outcome that rows here, or this run, settle already.
fn settled_outcome(here: &[Media], is_without_file: bool, is_reported: bool) -> Option<Outcome> {
    let has = |status| here.iter().any(|row| row.status == status);
    if here.iter().any(|row| row.is_erased()) || has(MediaStatus::Skipped) {
        Some(Outcome::Gone)
    } else if is_reported || has(MediaStatus::Stored) || (!here.is_empty() && is_without_file) {
        Some(Outcome::Known)
    } else {
        None
    }
}
