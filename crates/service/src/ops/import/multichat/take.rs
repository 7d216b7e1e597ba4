//! One item: what is here of it, its file, and its row. The file has its name before the row is committed; a run that is
//! cut short in between does the same again.

use std::hash::BuildHasher as _;
use std::sync::PoisonError;

use super::error::Error;
use super::file::{Failure, Passed};
use super::item::{Item, NamedFile, Target, is_stored};
use super::owners::is_group;
use super::report::{ImportFinding, LeftOut, Lost, Outcome};
use super::tree::{place, slashed};
use super::write::{KeptBody, NewRow, Written};
use super::{Import, Mode};
use crate::clock::Millis;
use crate::download::refusal_reason;
use crate::ingest::policy;
use crate::media::{self, Media};
use crate::model::{ChatId, MediaId, MediaStatus, Reason};
use crate::ops::Progress;
use crate::queue::{self, Adopted, AdoptedFile};

/// How often an item is tried whose rows the server changes in between.
const MOST_TRIES: u32 = 10;

/// The result of one item, and the row that it is of.
struct Taken {
    row: Option<MediaId>,
    outcome: Outcome,
}

/// Why there is no file.
enum NoFile<'a> {
    Refused { at: usize, why: wa_media::Refusal },
    Unreadable,
    Named(&'a NamedFile),
}

impl Taken {
    fn left_out(why: LeftOut) -> Self {
        let outcome = Outcome::LeftOut(why);
        Self { row: None, outcome }
    }

    fn of(row: &Media, outcome: Outcome) -> Self {
        let row = Some(row.id.clone());
        Self { row, outcome }
    }
}

impl<P: Progress<ImportFinding>> Import<'_, P> {
    /// Takes an item. Returns nothing for a media that this run has reported already.
    pub async fn take(
        &self,
        item: &Item,
        mut body: Option<&mut KeptBody<'_>>,
    ) -> Result<Option<Outcome>, Error> {
        // Again, after the server has changed the rows in between.
        for _ in 0..MOST_TRIES {
            if self.cancelled.is_cancelled() {
                return Err(Error::Stopped);
            }
            if let Some(taken) = self.try_to_take(item, body.as_deref_mut()).await? {
                return Ok(self.report_once(taken));
            }
        }
        Ok(Some(Outcome::LeftOut(LeftOut::Busy)))
    }

    /// A media is reported again only when its file is found after all.
    fn report_once(&self, Taken { row, outcome }: Taken) -> Option<Outcome> {
        let Some(row) = row else {
            return Some(outcome);
        };
        let is_stored = matches!(outcome, Outcome::Stored { .. });
        let mut reported = self.reported.lock().unwrap_or_else(PoisonError::into_inner);
        let before = reported.insert(self.hasher.hash_one(&row), is_stored);
        (before.is_none() || (before == Some(false) && is_stored)).then_some(outcome)
    }

    fn is_reported(&self, row: &Media) -> bool {
        let reported = self.reported.lock().unwrap_or_else(PoisonError::into_inner);
        reported.contains_key(&self.hasher.hash_one(&row.id))
    }

    async fn try_to_take(
        &self,
        item: &Item,
        body: Option<&mut KeptBody<'_>>,
    ) -> Result<Option<Taken>, Error> {
        let record = &item.record;
        let mut rows = self.rows_of(item).await?;
        let next_slot = rows.iter().map(|row| row.slot + 1).max().unwrap_or(0);
        rows.retain(|row| {
            row.is_erased()
                || (row.kind == record.found.kind && !queue::is_other(row, &record.found))
        });
        let here = rows;
        let is_gone = |row: &&Media| row.is_erased() || row.status == MediaStatus::Skipped;
        if let Some(gone) = here.iter().find(is_gone) {
            if let NamedFile::At { at, .. } = item.file {
                self.tree.claim(at);
                if gone.is_erased() {
                    self.retire_orphan(item, at, None).await?;
                }
            }
            return Ok(Some(Taken::of(gone, Outcome::Gone)));
        }
        let NamedFile::At { at, named_by } = &item.file else {
            return self
                .without_file(item, &here, NoFile::Named(&item.file), body)
                .await
                .map(Some);
        };
        let at = *at;
        if let Some(known) = self.known(item, &here, at).await? {
            return Ok(Some(known));
        }
        self.tree.claim(at);
        if self.mode == Mode::Copy {
            self.require_space(self.tree.entry(at).size_bytes)?;
        }
        let passed = match self.verify(self.tree.full_path(at), &record.found).await {
            Ok(passed) => passed,
            Err(Failure::Storage(error)) => return Err(error.into()),
            Err(Failure::Stopped) => return Err(Error::Stopped),
            Err(Failure::Unreadable) => {
                let taking = self.without_file(item, &here, NoFile::Unreadable, body);
                return taking.await.map(Some);
            }
            Err(Failure::Refused(why)) => {
                let taking = self.without_file(item, &here, NoFile::Refused { at, why }, body);
                return taking.await.map(Some);
            }
        };
        let may_be_further = record.orphan.is_some()
            || record.is_of_album
            || record.found.sha256.is_some()
            || here.iter().any(|row| self.is_reported(row));
        let bytes = (passed.verified.sha256(), passed.verified.size_bytes());
        match Target::of(&here, bytes, next_slot, may_be_further) {
            Some(target) => {
                self.store(item, (target, next_slot), (at, passed), named_by.clone())
                    .await
            }
            None => Ok(Some(Taken::left_out(self.changed(at)))),
        }
    }

    /// The rows of its message; in a dry run, also those that are here without it.
    async fn rows_of(&self, item: &Item) -> Result<Vec<Media>, Error> {
        let (instance, id) = (&item.instance, &item.record.message.id);
        let mut rows = media::message::of_message(self.deps.db, instance, id).await?;
        if let Some((existing, _)) = self.deps.existing {
            rows.extend(media::message::of_message(existing, instance, id).await?);
        }
        Ok(rows)
    }

    fn changed(&self, at: usize) -> LeftOut {
        let file = slashed(&self.tree.entry(at).path);
        LeftOut::Changed { file }
    }

    /// The outcome for a file of a message that has a stored file, unless it is a further one of the message.
    async fn known(&self, item: &Item, here: &[Media], at: usize) -> Result<Option<Taken>, Error> {
        let Some(stored) = here.iter().find(|row| is_stored(row)) else {
            return Ok(None);
        };
        let Some(sha256) = self.tree.hash(at).await else {
            return Ok(Some(Taken::of(stored, Outcome::Known)));
        };
        if let Some(row) = here
            .iter()
            .find(|row| is_stored(row) && row.sha256 == Some(sha256))
        {
            self.tree.claim(at);
            self.retire_orphan(item, at, Some(sha256)).await?;
            return Ok(Some(Taken::of(row, Outcome::Known)));
        }
        // The file of nothing that is known is an orphan.
        let expected = item.record.found.sha256;
        let is_other = expected.is_some_and(|expected| expected != sha256);
        Ok(is_other.then(|| Taken::of(stored, Outcome::Known)))
    }

    /// Stores a file that passed. `None` when its row or its path is another's by now.
    async fn store(
        &self,
        item: &Item,
        (target, next_slot): (Target, i64),
        (at, mut passed): (usize, Passed),
        named_by: Option<String>,
    ) -> Result<Option<Taken>, Error> {
        let mut record = item.record.clone();
        let from = &self.tree.entry(at).path;
        let origin = &mut record.message.origin;
        if let (None, Some(chat)) = (&origin.chat, place(from).chat) {
            origin.is_group |= is_group(&chat);
            origin.chat = Some(ChatId(chat));
        }
        if matches!(target, Target::Further(_)) && record.found.sha256.is_none() {
            record.drop_proofs();
        }
        let (row, slot) = match &target {
            Target::Row(row) => (Some(&row.id), row.slot),
            Target::Further(slot) => (None, *slot),
            Target::New => (None, next_slot),
        };
        let sha256 = *passed.verified.sha256();
        // Until the row is committed, so that equal bytes are stored once.
        let _content = self.deps.coordination.content(item.client, &sha256).await;
        let source = self.tree.full_path(at);
        let path = self.publish(item, (row, slot), &mut passed, source).await?;
        let received_at = self.received_at(item, passed.modified_at);
        let verified = &passed.verified;
        let adopted = Adopted::Stored(AdoptedFile {
            stored_at: record.stored_at.unwrap_or(received_at),
            mime: passed.form.mime,
            size_bytes: verified.size_bytes(),
            sha256,
            verified: verified.verification(),
            path: path.clone(),
        });
        let outcome = Outcome::Stored {
            from: slashed(from),
            path: path.clone(),
            verified: verified.verification().as_str(),
            size: verified.size_bytes(),
            orphaned: record.orphan.is_some(),
            named_by,
        };
        let new = NewRow::of(item, record, target, (adopted, received_at));
        let row = match self.write(new, None).await? {
            Written::Row(id) => {
                self.retire_orphan(item, at, Some(sha256)).await?;
                let row = Some(id);
                return Ok(Some(Taken { row, outcome }));
            }
            Written::Known(row) => Some(row),
            Written::Conflict => None,
        };
        self.retract(path, sha256).await?;
        let outcome = Outcome::Known;
        Ok(row.map(|row| Taken { row, outcome }))
    }

    /// When a media was received, as far as anything says. A wrong clock must not put it into the future.
    fn received_at(&self, item: &Item, modified_at: Option<Millis>) -> Millis {
        let record = &item.record;
        let known = record
            .received_at
            .or(record.message.sent_at)
            .or(modified_at);
        let now = self.deps.clock.now();
        known.filter(|at| *at > 0).map_or(now, |at| at.min(now))
    }

    /// Records an item that has no file that passed.
    async fn without_file(
        &self,
        item: &Item,
        here: &[Media],
        why: NoFile<'_>,
        body: Option<&mut KeptBody<'_>>,
    ) -> Result<Taken, Error> {
        let record = &item.record;
        match (here.first(), &why) {
            (Some(_), NoFile::Refused { at, .. }) if here.iter().any(is_stored) => {
                return Ok(Taken::left_out(self.changed(*at)));
            }
            (Some(_), NoFile::Named(_)) if record.is_of_album && record.file.is_some() => {
                let outcome = Outcome::Lost(Lost::FileMissing);
                return Ok(Taken { row: None, outcome });
            }
            (Some(row), _) => return Ok(Taken::of(row, Outcome::Known)),
            (None, _) => {}
        }
        let received_at = self.received_at(item, None);
        let lives = record.link_ends_at(received_at) > self.deps.clock.now();
        let (adopted, outcome) = match why {
            NoFile::Unreadable => return Ok(Taken::left_out(LeftOut::Unreadable)),
            NoFile::Refused { why, .. } if record.orphan.is_some() => {
                let refusal = refusal_reason(&why);
                return Ok(Taken::left_out(LeftOut::NotMedia { refusal }));
            }
            why if lives && record.is_downloadable() => (Adopted::Waiting, self.queued(item, &why)),
            NoFile::Refused { at, why } => {
                let file = slashed(&self.tree.entry(at).path);
                let refusal = refusal_reason(&why);
                lost(refusal, Lost::FileWrong { file, refusal })
            }
            NoFile::Named(NamedFile::Taken { by }) => {
                return Ok(Taken::left_out(LeftOut::Taken { by: by.clone() }));
            }
            NoFile::Named(NamedFile::Elsewhere) => lost(Reason::FileLost, Lost::FileElsewhere),
            NoFile::Named(_) if record.stored_at.is_some() || record.file.is_some() => {
                lost(Reason::FileLost, Lost::FileMissing)
            }
            NoFile::Named(_) if record.is_downloadable() => {
                let (status, reason) = (MediaStatus::Expired, Reason::CdnExpired);
                (Adopted::Over { status, reason }, Outcome::Expired)
            }
            NoFile::Named(_) => lost(Reason::KeysMissing, Lost::KeysMissing),
        };
        let new = NewRow::of(item, record.clone(), Target::New, (adopted, received_at));
        Ok(match self.write(new, body).await? {
            Written::Row(id) => Taken {
                row: Some(id),
                outcome,
            },
            Written::Known(row) => Taken {
                row,
                outcome: Outcome::Known,
            },
            Written::Conflict => Taken { row: None, outcome },
        })
    }

    fn queued(&self, item: &Item, why: &NoFile<'_>) -> Outcome {
        let record = &item.record;
        if let Some(reason) = policy::skip(self.deps.keep, &record.message, &record.found) {
            return Outcome::Skipped { reason };
        }
        let wrong_file = match why {
            NoFile::Refused { at, .. } => Some(slashed(&self.tree.entry(*at).path)),
            NoFile::Unreadable | NoFile::Named(_) => None,
        };
        Outcome::Queued { wrong_file }
    }
}

fn lost(reason: Reason, lost: Lost) -> (Adopted, Outcome) {
    let status = MediaStatus::Failed;
    (Adopted::Over { status, reason }, Outcome::Lost(lost))
}
