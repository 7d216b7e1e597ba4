//! The state with which an unfinished erasure continues: the ids that its first rows named, how much it erased, and that the
//! database's files still hold what was between the rows. Several erasures may run at once, so the journal is read and
//! written in one transaction.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::clock::Millis;
use crate::coordination::checkpoint::Checkpoint;
use crate::db::{Db, Error, Key, Tx};
use crate::model::{erased_message, fresh_id};

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Figures {
    /// Rows whose personal data is gone.
    pub media: u64,
    /// Rows of other people in which an id was masked.
    pub mentions: u64,
    pub files: u64,
    pub bytes: u64,
    pub deliveries: u64,
}

impl Figures {
    #[must_use]
    pub fn plus(self, more: Self) -> Self {
        Self {
            media: self.media + more.media,
            mentions: self.mentions + more.mentions,
            files: self.files + more.files,
            bytes: self.bytes + more.bytes,
            deliveries: self.deliveries + more.deliveries,
        }
    }
}

/// One person's unfinished erasure.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Entry {
    #[serde(alias = "names")]
    ids: Vec<String>,
    #[serde(default)]
    erased: Figures,
    /// Only the database's files are left to rewrite. From then on the ids are stored as hashes.
    #[serde(default, alias = "is_done")]
    only_compaction: bool,
}

impl Entry {
    fn is_of(&self, ids: &[String]) -> bool {
        ids.iter().any(|id| {
            if self.only_compaction {
                self.ids.contains(&erased_message(id))
            } else {
                self.ids.contains(id)
            }
        })
    }
}

/// The unfinished erasures of one client.
#[derive(Default)]
pub(super) struct Journal(Vec<Entry>);

impl Journal {
    pub async fn read(db: &Db, client: i64) -> Result<Self, Error> {
        let scope = client.to_string();
        Ok(Self::parse(Checkpoint::Erasure.load(db, &scope).await?))
    }

    /// The first format was a list of ids for each person.
    fn parse(stored: Option<Value>) -> Self {
        let stored = stored.unwrap_or_default();
        let bare = || {
            let people: Vec<Vec<String>> = serde_json::from_value(stored.clone()).ok()?;
            let entry = |ids| Entry {
                ids,
                ..Entry::default()
            };
            Some(people.into_iter().map(entry).collect())
        };
        let entries = serde_json::from_value(stored.clone()).ok().or_else(bare);
        Self(entries.unwrap_or_default())
    }

    /// All ids of unfinished erasures that have one of `ids`.
    pub fn unfinished_ids(&self, ids: &BTreeSet<String>) -> BTreeSet<String> {
        let open = self.0.iter().filter(|entry| !entry.only_compaction);
        let theirs = open.filter(|entry| entry.ids.iter().any(|id| ids.contains(id)));
        theirs.flat_map(|entry| entry.ids.iter().cloned()).collect()
    }

    /// How much unfinished erasures of these ids erased; nothing when there are none.
    pub fn erased(&self, ids: &[String]) -> Option<Figures> {
        let theirs = self.0.iter().filter(|entry| entry.is_of(ids));
        theirs.map(|entry| entry.erased).reduce(Figures::plus)
    }

    /// Takes the entries of these ids out, as one.
    fn take(&mut self, ids: &[String]) -> Entry {
        let (theirs, others) = std::mem::take(&mut self.0)
            .into_iter()
            .partition::<Vec<_>, _>(|entry| entry.is_of(ids));
        self.0 = others;
        let open = theirs.iter().filter(|entry| !entry.only_compaction);
        let ids: BTreeSet<_> = open
            .flat_map(|entry| &entry.ids)
            .chain(ids)
            .cloned()
            .collect();
        Entry {
            ids: ids.into_iter().collect(),
            only_compaction: !theirs.is_empty() && theirs.iter().all(|entry| entry.only_compaction),
            erased: theirs
                .iter()
                .map(|entry| entry.erased)
                .fold(Figures::default(), Figures::plus),
        }
    }
}

/// Writes the journal of one client from within the transaction that erases.
#[derive(Clone)]
pub(super) struct Writer {
    pub client: i64,
    pub ids: Vec<String>,
    pub now: Millis,
}

impl Writer {
    async fn change(&self, tx: &mut Tx, change: impl FnOnce(&mut Journal)) -> Result<(), Error> {
        let scope = self.client.to_string();
        let mut journal = Journal::parse(Checkpoint::Erasure.load_in(tx, &scope).await?);
        change(&mut journal);
        let checkpoint = Checkpoint::Erasure;
        if journal.0.is_empty() {
            checkpoint.delete(tx, &scope).await
        } else {
            checkpoint.save(tx, &scope, &journal.0, self.now).await
        }
    }

    /// Adds what was erased; nothing of it before the first row goes.
    pub async fn add(&self, tx: &mut Tx, more: Figures) -> Result<(), Error> {
        let add = |journal: &mut Journal| {
            let mut entry = journal.take(&self.ids);
            entry.only_compaction = false;
            entry.erased = entry.erased.plus(more);
            journal.0.push(entry);
        };
        self.change(tx, add).await
    }

    /// Records that only the database's files are left to rewrite.
    pub async fn only_compaction_left(&self, tx: &mut Tx) -> Result<(), Error> {
        let mut was_so = false;
        let finish = |journal: &mut Journal| {
            let mut entry = journal.take(&self.ids);
            was_so = std::mem::replace(&mut entry.only_compaction, true);
            entry.ids = entry.ids.iter().map(|id| erased_message(id)).collect();
            journal.0.push(entry);
        };
        self.change(tx, finish).await?;
        if was_so {
            return Ok(());
        }
        let id = fresh_id(self.now);
        Checkpoint::Compaction.save(tx, "", &id, self.now).await
    }

    /// Removes the entry, unless more of it is being erased.
    pub async fn finished(&self, tx: &mut Tx) -> Result<(), Error> {
        let is_left = |entry: &Entry| !entry.only_compaction || !entry.is_of(&self.ids);
        self.change(tx, |journal| journal.0.retain(is_left)).await
    }
}

/// That the database's files are to be rewritten.
pub(super) struct Compaction(String);

impl Compaction {
    /// Whether any erasure left that to do.
    pub async fn pending(db: &Db) -> Result<Option<Self>, Error> {
        Ok(Checkpoint::Compaction.load(db, "").await?.map(Self))
    }

    /// Records that it was done, unless something was erased after it began.
    pub async fn done(self, db: &Db) -> Result<(), Error> {
        let cleared = db.write(
            Key::Everything,
            async move |tx| match Checkpoint::Compaction.load_in::<String>(tx, "").await? {
                Some(pending) if pending == self.0 => Checkpoint::Compaction.delete(tx, "").await,
                _ => Ok(()),
            },
        );
        cleared.await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_of_earlier_versions_are_read() {
        let ids = ["100000000000001".to_owned()];
        let first = r#"[["5500900000001","100000000000001"]]"#;
        let second = r#"[{"names":["5500900000001","100000000000001"],"erased":{"media":3},"is_done":false}]"#;
        for (stored, media) in [(first, 0), (second, 3)] {
            let stored = serde_json::from_str(stored).unwrap();
            let journal = Journal::parse(Some(stored));
            assert_eq!(journal.erased(&ids).unwrap().media, media);
            assert_eq!(journal.erased(&["5500900000002".to_owned()]), None);
            assert_eq!(journal.unfinished_ids(&ids.clone().into()).len(), 2);
        }
    }

    #[test]
    fn an_entry_that_waits_for_compaction_is_known_by_hashes_and_keeps_its_figures() {
        let ids = ["5500900000001".to_owned()];
        let erased = Figures {
            media: 3,
            ..Figures::default()
        };
        let mut journal = Journal(vec![Entry {
            ids: vec![erased_message(&ids[0])],
            erased,
            only_compaction: true,
        }]);
        assert!(journal.unfinished_ids(&ids.clone().into()).is_empty());
        assert_eq!(journal.erased(&ids), Some(erased));
        let entry = journal.take(&ids);
        assert_eq!((&entry.ids[..], entry.only_compaction), (&ids[..], true));
        assert!(journal.0.is_empty());
    }
}
