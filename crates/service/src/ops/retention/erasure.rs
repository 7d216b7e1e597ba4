//! Erasure: everything that a person sent to one client, or that was sent in the chat with them, every raw delivery
//! that names them, and their name where somebody else's caption or file name holds it. What is left of a media is that
//! it came, when, and under which message; by that a repeat is known, and not taken in again.
//!
//! A media is condemned first, so that nobody else changes it, then its files go, then what its row tells: whatever is
//! cut short is found again by the next erasure. The proof is one only when nothing is left, and what is left is said.

mod delivery_rows;
mod ending;
mod files;
mod names;
mod owed;
mod remains;

use std::collections::BTreeSet;
use std::path::PathBuf;

use super::{Doing, Error};
use crate::app::{App, IMPORT_MARK};
use crate::clock::Millis;
use crate::db::Key;
use crate::deliveries::{self, Deletion};
use crate::media::{self, Person, Theirs};
use crate::model::{DeliveryId, MediaId};
use crate::storage::{self, Index};
pub use owed::Figures;
use owed::Owed;

/// Media that are erased in one commit.
const PAGE: u32 = 100;

/// What was erased, or would be: the proof, when [`Erasure::is_whole`].
#[derive(Clone, Debug, serde::Serialize)]
pub struct Erasure {
    /// The client.
    pub client: i64,
    /// All names under which the person was looked for.
    pub names: Vec<String>,
    /// Names that go with one of these and with several other people's, and were not looked for.
    pub names_left_out: Vec<String>,
    /// When it began, unix milliseconds.
    #[serde(skip)]
    pub at: Millis,
    /// Rows of which everything personal is gone.
    pub media: u64,
    /// Other people's rows of which the person's name is gone.
    pub mentions: u64,
    /// Files that are gone.
    pub files: Vec<ErasedFile>,
    /// How large they were together.
    pub bytes: u64,
    /// Raw deliveries that are gone.
    pub deliveries: u64,
    /// Raw deliveries that name the person, and stay until the bytes that somebody else sent in them are filed.
    pub deliveries_left: u64,
    /// Raw deliveries that name the person and cannot be read: they may be the only copy of what somebody else sent, and
    /// stay unless [`Unreadable::Go`] was said.
    pub unreadable_left: u64,
    /// Media whose files could not be removed.
    pub media_left: u64,
    /// Downloads that had not ended yet.
    pub downloads_left: u64,
    /// Whether what the rows said may still be read out of the database's files.
    pub left_in_database: bool,
    /// How much is to be free for these to be written anew, where it is not.
    pub room_needed_bytes: Option<u64>,
    /// Whether files may lie here that no row names yet, for an import was cut short.
    pub import_cut_short: bool,
    /// Files that hold erased bytes and are still there. Those that are not the person's, as far as can be told, keep
    /// nothing from being whole.
    pub left: Vec<Left>,
    /// Whether an earlier erasure of the same person was gone on with.
    pub went_on: bool,
    /// What that one had erased, which is not in the other figures.
    pub earlier: Figures,
}

/// A file that holds erased bytes and is still there.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Left {
    /// Which file.
    pub path: PathBuf,
    /// SHA-256 of its bytes, hexadecimal, where it is known.
    pub sha256: Option<String>,
    /// Why.
    pub why: Why,
}

/// Why a file is still there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Why {
    /// It is a link or behind one, and what that leads to may be another's.
    Linked,
    /// Another media's row has it: somebody else sent the same bytes.
    Shared,
    /// No row names it, but it is where another message's file would be.
    Orphaned,
    /// It could not be removed.
    Failed,
}

/// One file that is gone.
#[derive(Clone, Debug, serde::Serialize)]
pub struct ErasedFile {
    /// Which media it was.
    pub media: String,
    /// SHA-256 of its bytes, hexadecimal.
    pub sha256: Option<String>,
    /// How long it was.
    pub size: u64,
    /// Where it was, below the storage root.
    #[serde(skip)]
    pub path: PathBuf,
}

impl Erasure {
    /// Whether there was anything to erase.
    pub fn is_empty(&self) -> bool {
        let left = self.deliveries_left + self.media_left + self.downloads_left;
        let found = self.media + self.mentions + self.deliveries + self.unreadable_left;
        found + left == 0 && !self.went_on
    }

    /// Whether nothing is left.
    pub fn is_whole(&self) -> bool {
        let is_theirs = |left: &Left| !matches!(left.why, Why::Shared | Why::Orphaned);
        let has_left =
            self.has_left() || self.unreadable_left > 0 || self.left.iter().any(is_theirs);
        !has_left && !self.left_in_database && !self.import_cut_short
    }

    /// Whether something is left that goes by itself, or the next time.
    fn has_left(&self) -> bool {
        self.deliveries_left + self.media_left + self.downloads_left > 0
    }

    fn count(&mut self, files: Vec<ErasedFile>) {
        self.media += 1;
        self.bytes += bytes_of(&files);
        self.files.extend(files);
    }

    /// Everything that was erased, by this and the earlier one.
    pub fn in_all(&self) -> Figures {
        Figures {
            media: self.media + self.earlier.media,
            mentions: self.mentions + self.earlier.mentions,
            files: self.files.len() as u64 + self.earlier.files,
            bytes: self.bytes + self.earlier.bytes,
            deliveries: self.deliveries + self.earlier.deliveries,
        }
    }
}

fn bytes_of(files: &[ErasedFile]) -> u64 {
    files.iter().map(|file| file.size).sum()
}

/// Whether a name is one wherever it stands in a text: with fewer digits it is a word like others, and in many.
fn is_telling(name: &str) -> bool {
    name.bytes().filter(u8::is_ascii_digit).count() >= 7
}

/// What becomes of deliveries that name the person and that nobody could read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Unreadable {
    /// They stay, and are told of.
    #[default]
    Stay,
    /// They go.
    Go,
}

/// Whom to erase.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// From what this client holds.
    pub client: i64,
    /// By these numbers and ids.
    pub contacts: &'a [String],
    /// And whether with what cannot be read.
    pub unreadable: Unreadable,
}

impl<'a> Asked<'a> {
    /// With nothing that cannot be read.
    pub fn of(client: i64, contacts: &'a [String]) -> Self {
        Self {
            client,
            contacts,
            unreadable: Unreadable::Stay,
        }
    }
}

/// An erasure that is under way.
struct Work<'a> {
    app: &'a App,
    doing: Doing,
    unreadable: Unreadable,
    erasure: Erasure,
    owed: Owed,
    /// Whether anything was changed.
    is_begun: bool,
    media: BTreeSet<MediaId>,
    /// Deliveries that are counted already, by what becomes of them.
    gone: BTreeSet<DeliveryId>,
    needed: BTreeSet<DeliveryId>,
    /// What must not be left anywhere.
    erased: remains::Erased,
    tell: &'a mut dyn FnMut(&ErasedFile),
}

/// Erases a person from what one client holds. Doing it twice does no harm, and goes on where the first was cut short.
/// Each file is told as it goes, for who is cut short tells nothing afterwards.
pub async fn erase(
    app: &App,
    asked: Asked<'_>,
    doing: Doing,
    mut tell: impl FnMut(&ErasedFile),
) -> Result<Erasure, Error> {
    let Asked {
        client,
        contacts,
        unreadable,
    } = asked;
    let owed = Owed::of(app, client).await?;
    let names::Names { all, left_out } = names::of(app, client, contacts, owed.names()).await?;
    let names: Vec<_> = all.into_iter().collect();
    let earlier = owed.erased(&names).filter(|_| doing == Doing::Now);
    let erasure = Erasure {
        client,
        at: app.clock.now(),
        media: 0,
        mentions: 0,
        files: Vec::new(),
        bytes: 0,
        deliveries: 0,
        deliveries_left: 0,
        unreadable_left: 0,
        media_left: 0,
        downloads_left: 0,
        left_in_database: false,
        room_needed_bytes: None,
        import_cut_short: app.db.marked(IMPORT_MARK).await?.is_some(),
        left: Vec::new(),
        went_on: earlier.is_some(),
        earlier: earlier.unwrap_or_default(),
        names,
        names_left_out: left_out,
    };
    let mut work = Work {
        app,
        doing,
        unreadable,
        is_begun: false,
        erasure,
        owed,
        media: BTreeSet::new(),
        gone: BTreeSet::new(),
        needed: BTreeSet::new(),
        erased: remains::Erased::default(),
        tell: &mut tell,
    };
    for name in work.erasure.names.clone() {
        work.media(&Person { client, name }).await?;
    }
    let telling = work.erasure.names.iter().filter(|name| is_telling(name));
    for name in telling.cloned().collect::<Vec<_>>() {
        work.mentions(&Person { client, name }).await?;
    }
    work.deliveries().await?;
    work.remembered_captions().await?;
    work.erasure.deliveries = work.gone.len() as u64;
    work.erasure.deliveries_left = work.needed.len() as u64;
    if work.is_begun || work.erasure.went_on {
        work.finish().await?;
    } else if doing == Doing::Now {
        // What other erasures owe is no proof of this one.
        ending::compact(app).await?;
    }
    Ok(work.erasure)
}

impl Work<'_> {
    /// Before anything is changed, so that what was found is found again.
    async fn begin(&mut self) -> Result<(), Error> {
        if !self.is_begun {
            let (owed, names, now) = self.remembering();
            let beginning = self.app.db.write(Key::Everything, async move |tx| {
                owed.begin(tx, &names, now).await
            });
            beginning.await?;
            self.is_begun = true;
        }
        Ok(())
    }

    /// What it takes to remember how much went, in the transaction in which it does.
    fn remembering(&self) -> (Owed, Vec<String>, Millis) {
        let names = self.erasure.names.clone();
        (self.owed.clone(), names, self.app.clock.now())
    }

    async fn media(&mut self, person: &Person) -> Result<(), Error> {
        let mut after = String::new();
        loop {
            let page = media::of_person(&self.app.db, person, &after, PAGE).await?;
            let Some(last) = page.last() else {
                return Ok(());
            };
            after.clone_from(&last.id.0);
            let page = page.into_iter();
            let page: Vec<_> = page
                .filter(|theirs| self.media.insert(theirs.id.clone()))
                .collect();
            match self.doing {
                Doing::DryRun => self.would_go(page).await?,
                Doing::Now => self.goes(page).await?,
            }
        }
    }

    async fn would_go(&mut self, page: Vec<Theirs>) -> Result<(), Error> {
        let index = Index::default();
        for theirs in page {
            let files = files::of(self.app, &theirs, &index).await?;
            files.iter().for_each(&mut *self.tell);
            self.erasure.count(files);
            let id = DeliveryId(theirs.delivery);
            if deliveries::find(&self.app.db, &id).await?.is_some() {
                self.gone.insert(id);
            }
        }
        Ok(())
    }

    async fn goes(&mut self, page: Vec<Theirs>) -> Result<(), Error> {
        // Alone: no repair takes what goes for lost and puts it back, and no import gives a file its name before its row
        // tells it.
        let _files = self.app.hold_files_alone().await?;
        self.begin().await?;
        let ids: Vec<_> = page.into_iter().map(|theirs| theirs.id).collect();
        // What is stored, moved or claimed up to here is told by the row; from here on nobody changes it.
        let condemning = self.app.db.write(Key::Everything, async move |tx| {
            let mut page = Vec::with_capacity(ids.len());
            for id in &ids {
                page.extend(media::condemn(tx, id).await?);
            }
            Ok(page)
        });
        let (mut clean, index) = (Vec::new(), Index::default());
        let mut erased = Figures::default();
        for theirs in condemning.await? {
            match files::remove(self.app, &theirs, &index).await {
                Ok(files) => {
                    files.iter().for_each(&mut *self.tell);
                    files.iter().for_each(|file| self.erased.add_file(file));
                    self.erased.add_row(&theirs);
                    erased.media += 1;
                    erased.files += files.len() as u64;
                    erased.bytes += bytes_of(&files);
                    self.erasure.count(files);
                    clean.push(theirs);
                }
                Err(error) => {
                    tracing::error!(media = %theirs.id, error = crate::telemetry::chain(&error), "a file of an erased media could not be removed");
                    self.erasure.media_left += 1;
                    if let Error::Vault(storage::Error::Linked(path)) = error {
                        let sha256 = theirs.sha256.map(|sha256| media::hex(&sha256));
                        let why = Why::Linked;
                        self.erasure.left.push(Left { path, sha256, why });
                    }
                }
            }
        }
        let (owed, names, now) = self.remembering();
        let erasing = self.app.db.write(Key::Everything, async move |tx| {
            let mut erased = erased;
            let mut deleted = Vec::with_capacity(clean.len());
            for theirs in &clean {
                let id = DeliveryId(theirs.delivery.clone());
                let deletion = deliveries::delete(tx, &id).await?;
                erased.deliveries += u64::from(deletion == Deletion::Gone);
                deleted.push((id, deletion));
                media::erase(tx, &theirs.id, &names).await?;
            }
            owed.add(tx, &names, erased, now).await?;
            Ok(deleted)
        });
        for (id, deletion) in erasing.await? {
            self.count_delivery(id, deletion);
        }
        Ok(())
    }

    /// Other people speak of them, too.
    async fn mentions(&mut self, person: &Person) -> Result<(), Error> {
        let mut after = String::new();
        loop {
            let page = media::naming(&self.app.db, person, &after, PAGE).await?;
            let Some((last, _)) = page.last() else {
                return Ok(());
            };
            after.clone_from(&last.0);
            let is_others = |id: &MediaId| !self.media.contains(id);
            let page = page.into_iter();
            let ids: Vec<_> = page
                .filter_map(|(id, is_named)| (is_named && is_others(&id)).then_some(id))
                .collect();
            self.erasure.mentions += ids.len() as u64;
            if self.doing == Doing::DryRun || ids.is_empty() {
                continue;
            }
            self.begin().await?;
            let name = person.name.clone();
            let (owed, names, now) = self.remembering();
            let masking = self.app.db.write(Key::Everything, async move |tx| {
                for id in &ids {
                    media::mask(tx, id, &name).await?;
                }
                let erased = Figures {
                    mentions: ids.len() as u64,
                    ..Figures::default()
                };
                owed.add(tx, &names, erased, now).await
            });
            masking.await?;
        }
    }
}
