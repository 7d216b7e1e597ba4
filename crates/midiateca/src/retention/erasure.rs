//! Erasure: everything that a person sent to one client, or that was sent in the chat with them, every raw delivery
//! that names them, and their name where somebody else's caption or file name holds it. What is left of a media is that
//! it came, when, and under which message; by that a repeat is known, and not taken in again.
//!
//! A media is condemned first, so that nobody else changes it, then its files go, then what its row tells: whatever is
//! cut short is found again by the next erasure. The proof is one only when nothing is left, and what is left is said.

mod deliveries;
mod files;
mod names;
mod owed;

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

use serde_json::json;

use super::{Doing, Error};
use crate::app::App;
use crate::catalog::{self, Person, Theirs};
use crate::clock::Millis;
use crate::delivery;
use crate::events::{self, News};
use crate::media::{DeliveryId, MediaId};
use owed::Owed;

/// Media that are erased in one commit.
const PAGE: u32 = 100;
/// How long those who read the database are waited for.
const PATIENCE: Duration = Duration::from_secs(5);
const PAUSE: Duration = Duration::from_millis(200);

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
    /// Media whose files could not be removed.
    pub media_left: u64,
    /// Downloads that had not ended yet.
    pub downloads_left: u64,
    /// Whether what the rows said may still be read out of the database's files.
    pub left_in_database: bool,
    /// Whether an earlier erasure of the same person was finished, of which this one tells only the rest.
    pub went_on: bool,
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
        self.media + self.mentions + self.deliveries + left == 0 && !self.went_on
    }

    /// Whether nothing is left.
    pub fn is_whole(&self) -> bool {
        !self.has_left() && !self.left_in_database
    }

    fn has_left(&self) -> bool {
        self.deliveries_left + self.media_left + self.downloads_left > 0
    }

    fn count(&mut self, files: Vec<ErasedFile>) {
        self.media += 1;
        self.bytes += files.iter().map(|file| file.size).sum::<u64>();
        self.files.extend(files);
    }
}

/// Whether a name is one wherever it stands in a text: with fewer digits it is a word like others, and in many.
fn is_telling(name: &str) -> bool {
    name.bytes().filter(u8::is_ascii_digit).count() >= 7
}

/// An erasure that is under way.
struct Work<'a> {
    app: &'a App,
    doing: Doing,
    erasure: Erasure,
    owed: Owed,
    /// Whether anything was changed.
    is_begun: bool,
    media: BTreeSet<MediaId>,
    /// Deliveries that are counted already, by what becomes of them.
    gone: BTreeSet<DeliveryId>,
    needed: BTreeSet<DeliveryId>,
}

/// Erases a person from what one client holds. Doing it twice does no harm, and goes on where the first was cut short.
pub async fn erase(
    app: &App,
    client: i64,
    contacts: &[String],
    doing: Doing,
) -> Result<Erasure, Error> {
    let owed = Owed::of(app, client).await?;
    let names::Names { all, left_out } = names::of(app, client, contacts, owed.names()).await?;
    let names: Vec<_> = all.into_iter().collect();
    let erasure = Erasure {
        client,
        at: app.clock.now(),
        media: 0,
        mentions: 0,
        files: Vec::new(),
        bytes: 0,
        deliveries: 0,
        deliveries_left: 0,
        media_left: 0,
        downloads_left: 0,
        left_in_database: false,
        went_on: doing == Doing::Now && (owed.compaction || owed.is_begun(&names)),
        names,
        names_left_out: left_out,
    };
    let mut work = Work {
        app,
        doing,
        is_begun: erasure.went_on,
        erasure,
        owed,
        media: BTreeSet::new(),
        gone: BTreeSet::new(),
        needed: BTreeSet::new(),
    };
    for name in work.erasure.names.clone() {
        work.media(&Person { client, name }).await?;
    }
    let telling = work.erasure.names.iter().filter(|name| is_telling(name));
    for name in telling.cloned().collect::<Vec<_>>() {
        work.mentions(&Person { client, name }).await?;
    }
    work.deliveries().await?;
    work.erasure.deliveries = work.gone.len() as u64;
    work.erasure.deliveries_left = work.needed.len() as u64;
    if doing == Doing::Now && work.is_begun {
        work.finish().await?;
    }
    Ok(work.erasure)
}

impl Work<'_> {
    /// Before anything is changed, so that what was found is found again.
    async fn begin(&mut self) -> Result<(), Error> {
        if !self.is_begun {
            self.owed.begin(self.app, &self.erasure.names).await?;
            self.is_begun = true;
        }
        Ok(())
    }

    async fn media(&mut self, person: &Person) -> Result<(), Error> {
        let mut after = String::new();
        loop {
            let page = catalog::of_person(&self.app.db, person, &after, PAGE).await?;
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
        for theirs in page {
            self.erasure.count(files::of(self.app, &theirs).await?);
            let id = DeliveryId(theirs.delivery);
            if delivery::find(&self.app.db, &id).await?.is_some() {
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
        let condemning = self.app.db.write(async move |tx| {
            let mut page = Vec::with_capacity(ids.len());
            for id in &ids {
                page.extend(catalog::condemn(tx, id).await?);
            }
            Ok(page)
        });
        let mut clean = Vec::new();
        for theirs in condemning.await? {
            match files::remove(self.app, &theirs).await {
                Ok(files) => {
                    self.erasure.count(files);
                    clean.push(theirs);
                }
                Err(error) => {
                    tracing::error!(media = %theirs.id, error = crate::telemetry::chain(&error), "a file of an erased media could not be removed");
                    self.erasure.media_left += 1;
                }
            }
        }
        let names = self.erasure.names.clone();
        let erasing = self.app.db.write(async move |tx| {
            let mut deleted = Vec::with_capacity(clean.len());
            for theirs in &clean {
                let id = DeliveryId(theirs.delivery.clone());
                let deletion = delivery::delete(tx, &id).await?;
                deleted.push((id, deletion));
                catalog::erase(tx, &theirs.id, &names).await?;
            }
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
            let page = catalog::naming(&self.app.db, person, &after, PAGE).await?;
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
            let masking = self.app.db.write(async move |tx| {
                for id in &ids {
                    catalog::mask(tx, id, &name).await?;
                }
                Ok(())
            });
            masking.await?;
        }
    }

    /// Events of what was erased tell no more, and one event tells that and how much was erased, not whose it was. Then
    /// nothing is left but what the database's files still hold between the rows.
    async fn finish(&mut self) -> Result<(), Error> {
        self.erasure.downloads_left = files::end_downloads(self.app, &self.media).await?;
        let (now, client) = (self.app.clock.now(), self.erasure.client);
        let erasure = &self.erasure;
        let is_news = erasure.media + erasure.deliveries > 0;
        let data = json!({"media": erasure.media, "files": erasure.files.len(), "size": erasure.bytes, "deliveries": erasure.deliveries});
        let left = (!erasure.has_left()).then(|| self.owed.without(&erasure.names));
        let ending = self.app.db.write(async move |tx| {
            events::erase(tx, client).await?;
            let news = News {
                kind: "contact.erased",
                client,
                instance: "",
                media: None,
                data: data.clone(),
            };
            if is_news {
                events::append(tx, now, news).await?;
            }
            match &left {
                Some(left) => left.write(tx, now).await,
                None => Ok(()),
            }
        });
        ending.await?;
        self.erasure.left_in_database = self.erasure.has_left() || !compact(self.app).await?;
        Ok(())
    }
}

/// Writes the database anew, and empties its write-ahead log; false when it could not be, for want of room or because
/// somebody reads or writes all the while.
async fn compact(app: &App) -> Result<bool, Error> {
    if let Err(error) = app.db.compact().await {
        let error = crate::telemetry::chain(&error);
        tracing::warn!(error, "the database could not be written anew");
        return Ok(false);
    }
    let began = tokio::time::Instant::now();
    while !app.db.fold().await? {
        if began.elapsed() >= PATIENCE {
            tracing::warn!(
                "somebody reads the database, and keeps its write-ahead log from being emptied"
            );
            return Ok(false);
        }
        tokio::time::sleep(PAUSE).await;
    }
    Owed::compacted(app).await?;
    Ok(true)
}
