//! A batch of records: each is looked up, its file found and judged, and then all are written down in one commit. The
//! files have their names before the commit, so that a run that is cut short in between does the same again.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasher as _, RandomState};

use super::original::Record;
use super::own::{self, Files, Held};
use super::owners::{Owners, stray_id};
use super::place::{Entry, Known, settle};
use super::tree::{Tree, slashed};
use super::write::{retire, write_down};
use super::{Error, LeftOut, Lost, Manner, Outcome, Taking, Unclear};
use crate::app::App;
use crate::model::{InstanceId, MediaStatus};
use crate::queue::{self, Standing};

/// What one run remembers of the media of one kind that a message has.
#[derive(Default)]
struct Seen {
    /// What was told of, each media once.
    told: Vec<Told>,
    /// Hashes of the files that were taken.
    files: Vec<u64>,
}

/// One media that was told of.
struct Told {
    /// Hashes of its key and of its files' hashes, as far as they were told.
    marks: Marks,
    /// Whether nothing more is to be said of it.
    is_settled: bool,
}

type Marks = [Option<u64>; 3];

impl Seen {
    /// What was told of the media that has these marks, or of one that may be it.
    fn told(&self, marks: &Marks) -> Option<&Told> {
        self.told.iter().find(|told| told.may_be(marks))
    }

    /// Notes that a media was told of.
    fn tell(&mut self, marks: Marks, is_settled: bool) {
        match self.told.iter_mut().find(|told| told.may_be(&marks)) {
            Some(told) => {
                told.is_settled |= is_settled;
                // Who knows more of it sets it apart from others.
                for (known, mark) in told.marks.iter_mut().zip(marks) {
                    *known = known.or(mark);
                }
            }
            None => self.told.push(Told { marks, is_settled }),
        }
    }
}

impl Told {
    fn may_be(&self, marks: &Marks) -> bool {
        let differ = |(known, told): (&Option<u64>, &Option<u64>)| {
            known.is_some() && told.is_some() && known != told
        };
        !self.marks.iter().zip(marks).any(differ)
    }
}

/// What one run remembers from batch to batch.
#[derive(Default)]
pub(super) struct Batch {
    /// By message and kind, as hashes.
    seen: HashMap<u64, Seen>,
    /// Files that the rows of one delivery name, as hashes.
    told: HashMap<u64, Vec<u64>>,
    state: RandomState,
}

/// A record, and everything that is known where it is looked up.
struct LookUp {
    record: Record,
    client: i64,
    instance: InstanceId,
    files: Files,
    /// What its message has here, of that kind, and may be what the record tells of.
    here: Vec<Standing>,
    /// The message's next free slot.
    next_slot: i64,
    /// By which this run remembers it.
    key: u64,
    /// Whether the message may have more files of that kind than are known of it.
    may_be_further: bool,
}

impl Batch {
    /// Takes records, which a raw delivery may have told of; answers with what became of each. What was told of in this
    /// run already is passed over.
    pub async fn take(
        &mut self,
        (app, manner): (&App, Manner<'_>),
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
                // Two of the same message are taken one after the other, so that the second finds the first.
                if !keys.insert(record.message.id.clone()) {
                    later.push(record);
                    continue;
                }
                let origin = record.origin.clone();
                let found = self.look_up((app, manner), owners, tree, record).await?;
                match found {
                    Ok(record) => known.push(record),
                    Err(outcome) => told.extend(outcome.map(|outcome| (origin, outcome))),
                }
            }
            let mut entries = settle(app, manner, tree, known).await?;
            if manner.taking != Taking::DryRun && !entries.is_empty() {
                let again;
                (entries, again) = write_down(app, entries, body).await?;
                later.extend(again);
            }
            told.extend(self.note(tree, &entries));
            records = later;
        }
        Ok(told)
    }

    /// Remembers what was taken.
    fn note(&mut self, tree: &mut Tree, entries: &[Entry]) -> Vec<(String, Outcome)> {
        let mut told = Vec::with_capacity(entries.len());
        for entry in entries {
            let known = &entry.known;
            if let Some((at, _)) = entry.file {
                tree.claim(at, &known.record.origin, known.client);
            }
            let key = self.key(&known.instance, &known.record);
            let marks = self.marks(&known.record);
            let seen = self.seen.entry(key).or_default();
            seen.tell(marks, matches!(entry.outcome, Outcome::Held { .. }));
            seen.files
                .extend(entry.file.map(|(_, sha256)| own::short(&sha256)));
            told.push((known.record.origin.clone(), entry.outcome.clone()));
        }
        told
    }

    fn key(&self, instance: &InstanceId, record: &Record) -> u64 {
        let kind = record.found.kind.as_str();
        self.state
            .hash_one((instance.as_str(), &record.message.id, kind))
    }

    /// By what a record tells one media of a message from another.
    fn marks(&self, record: &Record) -> Marks {
        let found = &record.found;
        let key = found.media_key.as_ref().map(|key| *key.as_bytes());
        let mark = |of: Option<[u8; 32]>| of.map(|of| self.state.hash_one(of));
        [key, found.sha256, found.enc_sha256].map(mark)
    }

    /// Whose a record is, what is here of it, and which files may be its own; or what there is to say of it, which is
    /// nothing when it was told of in this run.
    async fn look_up(
        &mut self,
        (app, manner): (&App, Manner<'_>),
        owners: &Owners,
        tree: &mut Tree,
        record: Record,
    ) -> Result<Result<Known, Option<Outcome>>, Error> {
        let left_out = |why| Ok(Err(Some(Outcome::LeftOut(why))));
        let Some(instance) = owners.instance(&record.instance, record.names_row) else {
            return left_out(LeftOut::Instance(record.instance));
        };
        // The door turns such a delivery away.
        let told = record.told_instance.as_deref();
        if told.is_some_and(|told| told != instance.as_str()) {
            return left_out(LeftOut::Unclear(Unclear::OtherInstance));
        }
        let Some(client) = owners.client(record.client, &instance) else {
            return left_out(LeftOut::Place);
        };
        self.nth(&record);
        let files = Files::of(owners, tree, &record, (client, &instance));
        let key = self.key(&instance, &record);
        let seen = self.seen.get(&key);
        // That a file is another one than yesterday makes no second media of a message that has one.
        let may_be_further = record.stray.is_some()
            || record.is_one_of_several
            || seen.is_some_and(|seen| !seen.files.is_empty());
        let rows = queue::of_message(&app.db, &instance, &record.message.id).await?;
        let next_slot = rows.iter().map(|row| row.slot + 1).max().unwrap_or(0);
        let is_same = |row: &Standing| {
            row.is_erased || (row.kind == record.found.kind && !row.is_other(&record.found))
        };
        let here = rows.into_iter().filter(is_same).collect();
        let look_up = LookUp {
            record,
            client,
            instance,
            files,
            here,
            next_slot,
            key,
            may_be_further,
        };
        let is_without_file = look_up.files.all.is_empty();
        let marks = self.marks(&look_up.record);
        let told = self.seen.get(&key).and_then(|seen| seen.told(&marks));
        let is_told = told.is_some_and(|told| told.is_settled || is_without_file);
        match closed(&look_up.here, is_without_file, is_told) {
            Some(outcome) => {
                self.settled((app, manner), tree, look_up, (outcome, is_told))
                    .await
            }
            None => Ok(Ok(look_up.known(tree))),
        }
    }

    /// A record that what is here, or what this run took, settles already; unless its file is a further one of the same
    /// message, which then has a slot of its own.
    async fn settled(
        &mut self,
        (app, manner): (&App, Manner<'_>),
        tree: &mut Tree,
        mut look_up: LookUp,
        (outcome, is_told): (Outcome, bool),
    ) -> Result<Result<Known, Option<Outcome>>, Error> {
        let LookUp { record, here, .. } = &look_up;
        let is_gone = outcome == Outcome::Gone;
        let marks = self.marks(record);
        let seen = self.seen.entry(look_up.key).or_default();
        let count = here.len().max(seen.files.len());
        let (mut found, mut is_told) = (Vec::new(), is_told);
        for at in look_up.files.all.iter().copied() {
            if look_up.files.is_guess {
                let sha256 = own::hash_of(tree, at).await;
                if sha256.is_some() && sha256 == record.found.sha256 {
                    found.push((at, sha256));
                }
                continue;
            }
            let is_known = |sha256: &[u8; 32]| seen.files.contains(&own::short(sha256));
            match own::compare(tree, at, record, here, is_known).await {
                // What is gone must not come back as somebody else's.
                _ if is_gone => found.push((at, own::hash_of(tree, at).await)),
                Held::Own(sha256) => found.push((at, Some(sha256))),
                Held::Other => {}
                Held::Further(sha256) => {
                    let lost = here.iter().find(|row| row.is_of(&sha256));
                    let lost = lost.cloned();
                    if lost.is_none() && !look_up.may_be_further && record.found.sha256.is_none() {
                        tree.claim(at, &record.origin, look_up.client);
                        let from = slashed(&tree.entry(at).path);
                        return Ok(Err(Some(Outcome::LeftOut(LeftOut::Changed(from)))));
                    }
                    let slot = look_up.next_slot.max(i64::try_from(count).unwrap_or(0));
                    if lost.is_none() {
                        look_up.record.be_further();
                    }
                    let mut known = look_up.known(tree);
                    known.slot = lost.is_none().then_some(slot);
                    known.here = lost.into_iter().collect();
                    return Ok(Ok(known));
                }
            }
        }
        for (at, sha256) in found {
            if let Some(short) = sha256.as_ref().map(own::short)
                && !seen.files.contains(&short)
            {
                // A further file of the message, of which this run has not told yet.
                seen.files.push(short);
                is_told = false;
            }
            tree.claim(at, &record.origin, look_up.client);
            let is_here = !is_gone || here.iter().any(|row| row.is_erased);
            if manner.taking != Taking::DryRun && is_here {
                let instance = &look_up.instance;
                let stray = stray_of(app, tree, (look_up.client, instance), at, sha256).await?;
                let stray = stray.filter(|stray| here.iter().all(|row| row.id != stray.id));
                if let Some(stray) = stray {
                    retire(app, &stray).await?;
                }
            }
        }
        seen.tell(marks, true);
        let is_without_file = look_up.files.all.is_empty();
        if is_without_file && !is_gone && self.is_one_more(record, count) {
            return Ok(Err(Some(Outcome::Lost(Lost::FileMissing))));
        }
        Ok(Err((!is_told).then_some(outcome)))
    }

    /// Whether one delivery's rows name more files of that kind than are accounted for, this one among them.
    fn is_one_more(&mut self, record: &Record, count: usize) -> bool {
        self.nth(record).is_some_and(|nth| nth >= count)
    }

    /// Which of the files it names that the rows of its delivery name, from 0.
    fn nth(&mut self, record: &Record) -> Option<usize> {
        let (event, file) = (record.event.as_deref()?, record.file.as_deref()?);
        let event = self.state.hash_one((event, record.found.kind.as_str()));
        let file = self.state.hash_one(file);
        let told = self.told.entry(event).or_default();
        let nth = told.iter().position(|told| *told == file);
        Some(nth.unwrap_or_else(|| {
            told.push(file);
            told.len() - 1
        }))
    }
}

impl LookUp {
    /// Its file is claimed at once, so that no other record takes it for its own by its name.
    fn known(self, tree: &mut Tree) -> Known {
        if let ([only], false) = (&self.files.all[..], self.files.is_guess) {
            tree.claim(*only, &self.record.origin, self.client);
        }
        Known {
            here: self.here,
            next_slot: self.next_slot,
            may_be_further: self.may_be_further,
            record: self.record,
            client: self.client,
            instance: self.instance,
            files: self.files,
            slot: None,
        }
    }
}

/// The row of a stray that was made of this file, of that client, when it holds these bytes.
pub(super) async fn stray_of(
    app: &App,
    tree: &Tree,
    (client, instance): (i64, &InstanceId),
    at: usize,
    sha256: Option<[u8; 32]>,
) -> Result<Option<Standing>, Error> {
    let id = stray_id(&tree.entry(at).path);
    let rows = queue::of_message(&app.db, instance, &id).await?;
    Ok(rows.into_iter().find(|row| {
        let is_held = row.status == MediaStatus::Stored && row.path.is_some();
        is_held && row.client == client && sha256.is_some() && row.sha256 == sha256
    }))
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
