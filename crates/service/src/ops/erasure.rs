//! Erasure: everything that a person sent to one client or that was sent in the chat with them, every raw delivery that
//! names one of their ids, and the id in captions and file names of others. What is left of a media is that it came,
//! when, and under which message, so that a repeat is recognised and not taken in again.
//!
//! `identify` finds the person's ids, `run` erases exactly the ids that it is given. A media is condemned first, so
//! that nothing else changes it, then its files go, then its row's personal data: a run that was cut short is continued by
//! the next. The report is a proof when nothing is left, and names what is left.

mod copies;
mod deliveries;
mod files;
mod finish;
mod identity;
mod journal;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::retention::derived::sweep;
use super::{FileDeps, Progress};
use crate::access::Actor;
use crate::clock::Millis;
use crate::config::Config;
use crate::coordination::Maintenance;
use crate::coordination::checkpoint::Checkpoint;
use crate::db::Key;
use crate::deliveries::Deletion;
use crate::media::{self, Media, Person};
use crate::model::{DeliveryId, MediaId};
use crate::shutdown::CancellationToken;
use crate::storage::{self, Index};
pub use identity::{Basis, Identities, Identity, identify};
pub use journal::Figures;
use journal::{Journal, Writer};

/// Media that are erased in one commit.
const PAGE: u32 = 100;

#[derive(Clone, Copy)]
pub struct Deps<'a> {
    pub files: FileDeps<'a>,
    pub data: &'a Path,
    pub config: &'a Config,
}

#[derive(Clone, Debug)]
pub struct Options {
    pub client: i64,
    /// The person's ids, without server and device.
    pub ids: Vec<String>,
    /// Also delete raw deliveries that cannot be read. They may be the only copy of what others sent.
    pub include_unreadable: bool,
    pub dry_run: bool,
    pub actor: Actor,
}

/// The completed part is recorded; the next run continues.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(transparent)]
    Db(#[from] crate::db::Error),
    #[error(transparent)]
    Coordination(#[from] crate::coordination::Error),
    #[error("a file could not be removed")]
    Storage(#[from] crate::storage::Error),
    #[error("the contact is no number and no known id")]
    UnknownContact { contact: String },
    #[error("the id has {count} counterparts, so it is not one person's")]
    SeveralPeople { id: String, count: usize },
    #[error("the contact may be numbers of different countries")]
    SeveralCountries { contact: String, known: Vec<String> },
    #[error("the hold {hold} keeps what is to be erased")]
    OnHold { hold: String },
}

impl Error {
    /// Whether another command line helps: the contact is none, or not one, or a hold has to be released first.
    pub fn is_usage(&self) -> bool {
        matches!(
            self,
            Self::UnknownContact { .. }
                | Self::SeveralPeople { .. }
                | Self::SeveralCountries { .. }
                | Self::OnHold { .. }
        )
    }
}

/// The erased data, or the data to erase: the proof, when [`Report::is_complete`].
#[derive(Clone, Debug, Default, serde::Serialize)]
pub struct Report {
    pub client: i64,
    pub ids: Vec<String>,
    #[serde(skip)]
    pub at: Millis,
    /// Rows whose personal data is gone.
    pub media: u64,
    /// Rows of other people in which an id was masked.
    pub mentions: u64,
    #[serde(skip)]
    pub files: Vec<ErasedFile>,
    pub bytes: u64,
    /// Raw ones.
    pub deliveries: u64,
    /// Raw deliveries that name the person, and stay until the bytes that others sent in them are stored.
    pub deliveries_left: u64,
    /// Raw deliveries that name the person and that no reader understands.
    pub unreadable_left: u64,
    /// Media and raw deliveries of others that name the person and that a hold keeps as they are.
    pub on_hold: u64,
    /// Media whose files could not be removed.
    pub media_left: u64,
    /// Downloads that had not ended yet.
    pub downloads_left: u64,
    /// Whether the database's files may still hold what its rows no longer say.
    pub left_in_database: bool,
    /// How many bytes must be free for these to be rewritten, where they are not.
    pub free_bytes_needed: Option<u64>,
    /// Whether an import was cut short, so that there may be files here that no row names yet.
    pub import_cut_short: bool,
    /// Files that still contain erased bytes.
    pub left: Vec<Left>,
    /// Whether it continued an unfinished erasure of the same person.
    pub resumed: bool,
    /// The counts of that one; not in the other figures.
    pub earlier: Figures,
}

/// What the report proves, and otherwise what helps most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProofState {
    /// Nothing is left here.
    Complete,
    /// The database has no free space to be rewritten.
    NoSpace,
    /// Only until the holds are released.
    UntilRelease,
    /// Only after what no reader understands is deleted, too.
    WithUnreadable,
    /// Only the pages of the database may still have it.
    LeftInDatabase,
    NotComplete,
}

/// A file that still has erased bytes.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Left {
    pub path: PathBuf,
    /// In hexadecimal, where it is known.
    pub sha256: Option<String>,
    pub why: Why,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Why {
    /// It is a link or behind one, and its target may belong to something else.
    Linked,
    /// Another media's row has it: another person sent the same bytes.
    Shared,
    /// No row names it, but it is where another message's file would be.
    Orphaned,
    Failed,
}

#[derive(Clone, Debug, serde::Serialize)]
pub struct ErasedFile {
    pub media: String,
    /// In hexadecimal.
    pub sha256: Option<String>,
    pub size: u64,
    /// Below the storage root.
    #[serde(skip)]
    pub path: PathBuf,
}

impl Report {
    pub fn is_empty(&self) -> bool {
        let found = self.media + self.mentions + self.deliveries;
        let left = self.unreadable_left + self.on_hold;
        found + left == 0 && !self.is_unfinished() && !self.resumed
    }

    /// Whether nothing of the person is left. What other people's rows name stays.
    pub fn is_complete(&self) -> bool {
        let is_theirs = |left: &Left| !matches!(left.why, Why::Shared | Why::Orphaned);
        let is_left = self.unreadable_left + self.on_hold > 0 || self.left.iter().any(is_theirs);
        !self.is_unfinished() && !is_left && !self.left_in_database && !self.import_cut_short
    }

    pub fn proof_state(&self) -> ProofState {
        if self.is_complete() {
            ProofState::Complete
        } else if self.free_bytes_needed.is_some() {
            ProofState::NoSpace
        } else if self.on_hold > 0 && !self.is_unfinished() {
            ProofState::UntilRelease
        } else if self.unreadable_left > 0 && !self.left_in_database {
            ProofState::WithUnreadable
        } else if self.left_in_database && !self.is_unfinished() {
            ProofState::LeftInDatabase
        } else {
            ProofState::NotComplete
        }
    }

    /// Whether the next run can erase what is left.
    fn is_unfinished(&self) -> bool {
        self.deliveries_left + self.media_left + self.downloads_left > 0
    }

    /// The sum of this run and the earlier one.
    pub fn total(&self) -> Figures {
        let here = Figures {
            media: self.media,
            mentions: self.mentions,
            files: self.files.len() as u64,
            bytes: self.bytes,
            deliveries: self.deliveries,
        };
        here.plus(self.earlier)
    }

    fn add(&mut self, files: Vec<ErasedFile>) {
        self.media += 1;
        self.bytes += total_size(&files);
        self.files.extend(files);
    }
}

fn total_size(files: &[ErasedFile]) -> u64 {
    files.iter().map(|file| file.size).sum()
}

/// Whether an id is searched in texts: one with fewer digits is a word like others.
fn is_searched_in_texts(id: &str) -> bool {
    id.bytes().filter(u8::is_ascii_digit).count() >= 7
}

struct Work<'a> {
    deps: FileDeps<'a>,
    data: &'a Path,
    config: &'a Config,
    options: Options,
    report: Report,
    journal: Writer,
    has_begun: bool,
    media: BTreeSet<MediaId>,
    deleted: BTreeSet<DeliveryId>,
    needed: BTreeSet<DeliveryId>,
    deliveries_on_hold: BTreeSet<DeliveryId>,
    bytes: copies::ErasedBytes,
    progress: &'a dyn Progress<ErasedFile>,
}

/// Erases the ids from what one client stores. `progress` gets each file as it goes, because a run that is cut short
/// returns no report.
pub async fn run(
    deps: Deps<'_>,
    options: Options,
    progress: &dyn Progress<ErasedFile>,
) -> Result<Report, Error> {
    let (client, ids, now) = (options.client, options.ids.clone(), deps.files.clock.now());
    media::holds::cover_deliveries(deps.files.db).await?;
    for id in &ids {
        refuse_on_hold(media::holds::of_person(deps.files.db, client, id).await?)?;
    }
    let earlier = Journal::read(deps.files.db, client).await?.erased(&ids);
    let earlier = earlier.filter(|_| !options.dry_run);
    let mut work = Work {
        deps: deps.files,
        data: deps.data,
        config: deps.config,
        report: Report {
            client,
            ids: ids.clone(),
            at: now,
            import_cut_short: Checkpoint::Import.is_set(deps.files.db).await?,
            resumed: earlier.is_some(),
            earlier: earlier.unwrap_or_default(),
            ..Report::default()
        },
        journal: Writer { client, ids, now },
        options,
        has_begun: false,
        media: BTreeSet::new(),
        deleted: BTreeSet::new(),
        needed: BTreeSet::new(),
        deliveries_on_hold: BTreeSet::new(),
        bytes: copies::ErasedBytes::default(),
        progress,
    };
    let people = work.people();
    for person in &people {
        work.media(person).await?;
    }
    for person in people.iter().filter(|it| is_searched_in_texts(&it.name)) {
        work.mentions(person).await?;
    }
    work.deliveries().await?;
    work.remembered().await?;
    work.report.deliveries = work.deleted.len() as u64;
    work.report.deliveries_left = work.needed.len() as u64;
    work.report.on_hold += work.deliveries_on_hold.len() as u64;
    if work.has_begun || work.report.resumed {
        work.derived().await?;
        work.finish().await?;
    } else if !work.options.dry_run {
        // Another erasure may have left that to do; it proves nothing about this one.
        work.compact().await?;
    }
    Ok(work.report)
}

fn refuse_on_hold(hold: Option<String>) -> Result<(), Error> {
    hold.map_or(Ok(()), |hold| Err(Error::OnHold { hold }))
}

impl Work<'_> {
    fn report_files(&self, files: &[ErasedFile]) {
        files.iter().for_each(|file| self.progress.finding(file));
    }

    fn people(&self) -> Vec<Person> {
        let client = self.options.client;
        let ids = self.options.ids.iter().cloned();
        ids.map(|name| Person { client, name }).collect()
    }

    /// Before the first change, so that the next run finds the same ids.
    async fn begin(&mut self) -> Result<(), Error> {
        if !self.has_begun {
            let journal = self.journal.clone();
            let begun = self.deps.db.write(Key::Everything, async move |tx| {
                journal.add(tx, Figures::default()).await
            });
            begun.await?;
            self.has_begun = true;
        }
        Ok(())
    }

    async fn media(&mut self, person: &Person) -> Result<(), Error> {
        let mut after = String::new();
        loop {
            let mut page = media::of_person(self.deps.db, person, &after, PAGE).await?;
            let Some(last) = page.last() else {
                return Ok(());
            };
            after.clone_from(&last.id.0);
            page.retain(|row| self.media.insert(row.id.clone()));
            if self.options.dry_run {
                self.preview_media(page).await?;
            } else {
                self.erase_media(page).await?;
            }
        }
    }

    async fn preview_media(&mut self, page: Vec<Media>) -> Result<(), Error> {
        let index = Index::default();
        for row in page {
            let files = files::find(self.deps, &row, &index).await?;
            self.report_files(&files);
            self.report.add(files);
            let id = row.delivery;
            if crate::deliveries::find(self.deps.db, &id).await?.is_some() {
                self.deleted.insert(id);
            }
        }
        Ok(())
    }

    async fn erase_media(&mut self, page: Vec<Media>) -> Result<(), Error> {
        // Alone: no repair restores a file that goes, and no import publishes one before its row names it.
        let coordination = self.deps.coordination;
        let _lease = coordination.maintenance(Maintenance::Exclusive).await?;
        self.begin().await?;
        let ids: Vec<_> = page.into_iter().map(|row| row.id).collect();
        let condemned = self.deps.db.write(Key::Everything, async move |tx| {
            for id in &ids {
                if let Some(hold) = media::holds::of_media_now(tx, id).await? {
                    return Ok(Err(Error::OnHold { hold }));
                }
            }
            let mut page = Vec::with_capacity(ids.len());
            for id in &ids {
                page.extend(media::condemn(tx, id).await?);
            }
            Ok(Ok(page))
        });
        let (mut clean, index) = (Vec::new(), Index::default());
        let mut erased = Figures::default();
        for row in condemned.await?? {
            match files::remove(self.deps, &row, &index).await {
                Ok(files) => {
                    self.report_files(&files);
                    self.bytes.add(&row, &files);
                    erased.media += 1;
                    erased.files += files.len() as u64;
                    erased.bytes += total_size(&files);
                    self.report.add(files);
                    clean.push(row);
                }
                Err(error) => self.media_left(&row, error),
            }
        }
        let journal = self.journal.clone();
        let deletions = self.deps.db.write(Key::Everything, async move |tx| {
            let mut erased = erased;
            let mut deleted = Vec::with_capacity(clean.len());
            for row in &clean {
                let id = row.delivery.clone();
                let deletion = crate::deliveries::delete(tx, &id).await?;
                erased.deliveries += u64::from(deletion == Deletion::Gone);
                deleted.push((id, deletion));
                media::erase(tx, &row.id, &journal.ids).await?;
            }
            journal.add(tx, erased).await?;
            Ok(deleted)
        });
        for (id, deletion) in deletions.await? {
            self.count_delivery(id, deletion);
        }
        Ok(())
    }

    /// What was made of a file that was lost, before another one took its place.
    async fn derived(&self) -> Result<(), Error> {
        let (deps, client) = (self.deps, Some(self.options.client));
        let cancelled = CancellationToken::new();
        sweep(deps, client, false, &cancelled).await.map(drop)
    }

    fn media_left(&mut self, row: &Media, error: Error) {
        tracing::error!(media = %row.id, error = crate::telemetry::chain(&error), "a file of an erased media could not be removed");
        self.report.media_left += 1;
        if let Error::Storage(storage::Error::Linked(path)) = error {
            let sha256 = row.sha256.map(|sha256| media::hex(&sha256));
            let why = Why::Linked;
            self.report.left.push(Left { path, sha256, why });
        }
    }

    /// Masks an id in captions and file names of other people's media.
    async fn mentions(&mut self, person: &Person) -> Result<(), Error> {
        let mut after = String::new();
        loop {
            let page = media::naming(self.deps.db, person, &after, PAGE).await?;
            let Some((last, _)) = page.last() else {
                return Ok(());
            };
            after.clone_from(&last.0);
            let is_others = |id: &MediaId| !self.media.contains(id);
            let page = page.into_iter();
            let mut ids = Vec::new();
            for (id, is_named) in page {
                if !is_named || !is_others(&id) {
                    continue;
                }
                if media::holds::of_media(self.deps.db, &id).await?.is_some() {
                    self.report.on_hold += 1;
                } else {
                    ids.push(id);
                }
            }
            let mentions = ids.len() as u64;
            self.report.mentions += mentions;
            if self.options.dry_run || ids.is_empty() {
                continue;
            }
            self.begin().await?;
            let (journal, name) = (self.journal.clone(), person.name.clone());
            let masked = self.deps.db.write(Key::Everything, async move |tx| {
                for id in &ids {
                    media::mask(tx, id, &name).await?;
                }
                let erased = Figures {
                    mentions,
                    ..Figures::default()
                };
                journal.add(tx, erased).await
            });
            masked.await?;
        }
    }
}
