//! What is made from a stored file for people: thumbnails, waveforms, other forms of the same sound.
//!
//! Promises: everything is made when it is first asked for, once however many ask for it, within limits of memory and time, and
//! kept in the storage's folder of derived files; nothing is kept for a file that is not stored any more; what a message brought
//! is shown with its own media only; what cannot be made is said and not replaced by something else.

pub mod examiner;
mod failures;
mod flights;
mod from_message;
pub mod opus_mp4;
pub mod pauses;
mod picture;
pub mod programs;
pub mod schedule;
pub mod tool;
mod waveform;

use std::io::{BufReader, Read as _};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;

use crate::clock::Clock;
use crate::db::{Db, Key};
use crate::deliveries::Bodies;
use crate::gateway::Reader;
use crate::media::{self, Media};
use crate::storage::{self, DerivedForm, DerivedFrom, StagedDerived, Storage, StoredReader};
use crate::telemetry;
use failures::Failures;
use flights::Flights;
pub use picture::mime_of_thumbnail;
use programs::{Input, Programs};
use schedule::{Ended, Schedule, Work, WorkKind};
pub use waveform::Waveform;

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("the file is not stored")]
    NotStored,
    /// The row has a file that is not there.
    #[error("the file is not in its place")]
    Missing(#[source] Arc<storage::Error>),
    #[error("it cannot be made from this file")]
    Absent,
    #[error("too much is being made at the moment")]
    Busy,
}

/// What was made.
pub enum Content {
    File(StoredReader),
    Memory(Bytes),
}

/// Makes and keeps derived files. Cheap to clone.
#[derive(Clone)]
pub struct Derived {
    pub db: Db,
    pub storage: Storage,
    pub bodies: Bodies,
    pub reader: Reader,
    pub clock: Clock,
    pub programs: Programs,
    shared: Arc<Shared>,
}

type FormOf = (DerivedFrom, DerivedForm);

struct Shared {
    flights: Flights<FormOf, Made>,
    failures: Failures<FormOf>,
}

/// What one attempt gave.
#[derive(Clone, Debug)]
enum Made {
    Bytes(Bytes),
    /// In the folder of derived files.
    Kept,
    /// Nothing, and trying again gives nothing.
    Nothing,
    /// Nothing this time.
    Failed,
    /// A program for it is not there.
    NoProgram,
    Busy,
    /// The file from which it is made is not there.
    Missing(Arc<storage::Error>),
    NotStored,
}

impl Made {
    fn refused(error: &tool::Error) -> Self {
        match error {
            tool::Error::Absent => Self::NoProgram,
            tool::Error::Busy => Self::Busy,
            error if error.is_verdict() => Self::Nothing,
            _ => Self::Failed,
        }
    }

    fn is_there(&self) -> bool {
        matches!(self, Self::Bytes(_) | Self::Kept)
    }

    fn error(self) -> Error {
        match self {
            Self::Busy => Error::Busy,
            Self::Missing(error) => Error::Missing(error),
            Self::NotStored => Error::NotStored,
            Self::Bytes(_) | Self::Kept | Self::Nothing | Self::Failed | Self::NoProgram => {
                Error::Absent
            }
        }
    }
}

/// A stored file.
#[derive(Clone)]
struct Stored {
    media: Arc<Media>,
    path: String,
    sha256: [u8; 32],
}

impl Stored {
    fn of(media: &Media) -> Option<Self> {
        Some(Self {
            path: media.path()?.to_owned(),
            sha256: media.sha256?,
            media: Arc::new(media.clone()),
        })
    }

    /// What is made from its bytes.
    fn bytes(&self) -> DerivedFrom {
        DerivedFrom {
            client: self.media.client,
            sha256: self.sha256,
            message_of: None,
        }
    }

    /// What came with it in its message.
    fn message(&self) -> DerivedFrom {
        DerivedFrom {
            message_of: Some(self.media.id.clone()),
            ..self.bytes()
        }
    }

    fn work(&self, kind: WorkKind) -> Work {
        Work {
            kind,
            client: self.media.client,
            sha256: self.sha256,
            is_repeat: false,
        }
    }

    fn input<'a>(&'a self, storage: &'a Storage) -> Input<'a> {
        Input {
            storage,
            path: &self.path,
            mime: self.mime(),
            client: self.media.client,
            sha256: self.sha256,
        }
    }

    /// Its type without parameters; empty when it is unknown.
    fn mime(&self) -> &str {
        let mime = self.media.mime.as_deref().unwrap_or("");
        mime.split(';').next().unwrap_or("").trim()
    }
}

impl Derived {
    pub fn new(
        db: Db,
        storage: Storage,
        bodies: Bodies,
        reader: Reader,
        clock: Clock,
        programs: Programs,
    ) -> Self {
        let shared = Arc::new(Shared {
            flights: Flights::default(),
            failures: Failures::default(),
        });
        Self {
            db,
            storage,
            bodies,
            reader,
            clock,
            programs,
            shared,
        }
    }

    pub fn schedule(&self) -> &Schedule {
        &self.programs.schedule
    }

    /// A small picture.
    pub async fn thumbnail(&self, media: &Media) -> Result<Bytes, Error> {
        let file = Stored::of(media).ok_or(Error::NotStored)?;
        let form = DerivedForm::Thumbnail;
        let mut made = self.once(&file, file.bytes(), form, Self::picture).await;
        if !made.is_there() && may_have_preview(file.mime()) {
            let (from, preview) = (file.message(), Self::picture_in_message);
            let shown = self.once(&file, from, form, preview).await;
            made = if shown.is_there() { shown } else { made };
        }
        bytes_of(made)
    }

    /// A [`Waveform`] as JSON: of the message, else of the sound.
    pub async fn waveform(&self, media: &Media) -> Result<Bytes, Error> {
        let file = Stored::of(media).ok_or(Error::NotStored)?;
        let form = DerivedForm::Waveform;
        let (from, measured) = (file.message(), Self::loudness_in_message);
        let mut made = self.once(&file, from, form, measured).await;
        if !made.is_there() {
            made = self.once(&file, file.bytes(), form, Self::loudness).await;
        }
        bytes_of(made)
    }

    /// The sound as AAC.
    pub async fn aac(&self, media: &Media) -> Result<Content, Error> {
        self.sound(media, DerivedForm::Aac, Self::encoded).await
    }

    /// A voice note in Ogg as MP4, with the same packets.
    pub async fn mp4(&self, media: &Media) -> Result<Content, Error> {
        self.sound(media, DerivedForm::Mp4, Self::rewrapped).await
    }

    async fn sound(
        &self,
        media: &Media,
        form: DerivedForm,
        make: fn(Self, Stored) -> BoxFuture<'static, Made>,
    ) -> Result<Content, Error> {
        let file = Stored::of(media).ok_or(Error::NotStored)?;
        match self.once(&file, file.bytes(), form, make).await {
            Made::Bytes(bytes) => Ok(Content::Memory(bytes)),
            Made::Kept => {
                let from = file.bytes();
                let opening = move |storage: &Storage| storage.open_derived(&from, form);
                let kept = self.storage.blocking(opening).await;
                // Deleted in the meantime, with its file.
                kept.map(Content::File).ok_or(Error::NotStored)
            }
            made => Err(made.error()),
        }
    }

    /// From the folder of derived files, or made now, by one caller for all.
    async fn once(
        &self,
        file: &Stored,
        from: DerivedFrom,
        form: DerivedForm,
        make: fn(Self, Stored) -> BoxFuture<'static, Made>,
    ) -> Made {
        if let Some(kept) = self.kept(&from, form).await {
            return kept;
        }
        // Whether the file is there is said before whether anything can be made from it.
        let path = file.path.clone();
        let opening = move |storage: &Storage| storage.open_stored(&path).map(drop);
        if let Err(error) = self.storage.blocking(opening).await {
            return Made::Missing(Arc::new(error));
        }
        let key = (from, form);
        if self.shared.failures.has(&key, self.clock.now()) {
            return Made::Nothing;
        }
        let (derived, file, of) = (self.clone(), file.clone(), key.clone());
        let work = async move {
            if let Some(kept) = derived.kept(&of.0, form).await {
                return kept;
            }
            let made = make(derived.clone(), file.clone()).await;
            derived.remember(&of, &made);
            if let Made::Bytes(bytes) = &made {
                derived.keep(&file, of.0, form, bytes).await;
            }
            made
        };
        self.shared.flights.join(key, work).await
    }

    fn remember(&self, key: &FormOf, made: &Made) {
        let failures = &self.shared.failures;
        match made {
            Made::Nothing => failures.add_verdict(key.clone()),
            Made::Failed => failures.add_attempt(key.clone(), self.clock.now()),
            Made::Bytes(_) | Made::Kept => failures.forget(key),
            Made::NoProgram | Made::Busy | Made::Missing(_) | Made::NotStored => {}
        }
    }

    async fn kept(&self, from: &DerivedFrom, form: DerivedForm) -> Option<Made> {
        let (storage, from) = (self.storage.clone(), from.clone());
        let reading = tokio::task::spawn_blocking(move || {
            if form.is_large() {
                return storage.open_derived(&from, form).map(|_| Made::Kept);
            }
            let bytes = storage.read_derived(&from, form)?;
            Some(Made::Bytes(bytes.into()))
        });
        reading.await.ok().flatten()
    }

    /// Keeps it, unless the file went away in the meantime. One that cannot be kept is made again.
    async fn keep(&self, file: &Stored, from: DerivedFrom, form: DerivedForm, bytes: &[u8]) {
        let staged = self.storage.stage_derived(&from, form, bytes).await;
        let kept = match staged {
            Ok(staged) => self.publish(file, staged).await,
            Err(error) => Err(not_kept(&error)),
        };
        // Logged already.
        drop(kept);
    }

    /// Gives it its name; false when the file is not stored any more.
    async fn publish(&self, file: &Stored, staged: StagedDerived) -> Result<bool, NotKept> {
        let (id, sha256) = (file.media.id.clone(), file.sha256);
        let staged = Mutex::new(staged);
        // In the transaction, so that no erasure begins in between.
        let publishing = self.db.write(Key::Nothing, async move |tx| {
            if media::sha256_of_stored(tx, &id).await? != Some(sha256) {
                return Ok(Ok(false));
            }
            let mut staged = staged.lock().unwrap_or_else(PoisonError::into_inner);
            Ok(staged.publish().map(|()| true))
        });
        match publishing.await {
            Ok(Ok(is_stored)) => Ok(is_stored),
            Ok(Err(error)) => Err(not_kept(&error)),
            Err(error) => Err(not_kept(&error)),
        }
    }

    fn picture(self, file: Stored) -> BoxFuture<'static, Made> {
        async move {
            if let Some(format) = picture::format_of(file.mime()) {
                let (storage, path) = (self.storage.clone(), file.path.clone());
                let decoding = self.decode(&file, move || {
                    let file = storage.open_stored(&path).map_err(|_| Made::Failed)?;
                    picture::thumbnail(BufReader::new(file), format).map_err(undecoded)
                });
                return decoding.await;
            }
            let input = file.input(&self.storage);
            let made = match file.mime() {
                "application/pdf" => self.programs.first_page(input).await,
                mime if mime.starts_with("video/") => self.programs.frame(input).await,
                mime if may_have_preview(mime) => Err(tool::Error::Absent),
                _ => return Made::Nothing,
            };
            match made {
                Ok(picture) => self.small(&file, picture).await,
                Err(error) => Made::refused(&error),
            }
        }
        .boxed()
    }

    fn picture_in_message(self, file: Stored) -> BoxFuture<'static, Made> {
        async move {
            match self.preview(&file.media).await {
                Ok(Some(picture)) => self.small(&file, picture).await,
                Ok(None) => Made::Nothing,
                Err(_) => Made::Failed,
            }
        }
        .boxed()
    }

    /// A program's or a message's picture is decoded and encoded again, like any other.
    async fn small(&self, file: &Stored, picture: Vec<u8>) -> Made {
        let work = move || picture::thumbnail_of_bytes(&picture).map_err(undecoded);
        self.decode(file, work).await
    }

    async fn decode(
        &self,
        file: &Stored,
        work: impl FnOnce() -> Result<Vec<u8>, Made> + Send + 'static,
    ) -> Made {
        let Some(place) = self.schedule().enter(file.work(WorkKind::Picture)).await else {
            return Made::Busy;
        };
        let decoding = tokio::task::spawn_blocking(move || {
            let made = work();
            place.end(Ended::InTime);
            made
        });
        match decoding.await {
            Ok(Ok(small)) => Made::Bytes(small.into()),
            Ok(Err(made)) => made,
            // A decoder that panics gives nothing.
            Err(error) if error.is_panic() => Made::Nothing,
            Err(_) => Made::Failed,
        }
    }

    fn loudness_in_message(self, file: Stored) -> BoxFuture<'static, Made> {
        async move {
            match self.waveform_in_message(&file.media).await {
                Ok(Some(samples)) => Made::Bytes(Waveform::of_message(samples).to_json().into()),
                Ok(None) => Made::Nothing,
                Err(_) => Made::Failed,
            }
        }
        .boxed()
    }

    fn loudness(self, file: Stored) -> BoxFuture<'static, Made> {
        async move {
            let mut loudness = waveform::Loudness::default();
            let mut take = |bytes: &[u8]| loudness.add(bytes);
            let decoding = self.programs.sound(file.input(&self.storage), &mut take);
            match decoding.await {
                Ok(()) => loudness.waveform().map_or(Made::Nothing, |waveform| {
                    Made::Bytes(waveform.to_json().into())
                }),
                Err(error) => Made::refused(&error),
            }
        }
        .boxed()
    }

    fn encoded(self, file: Stored) -> BoxFuture<'static, Made> {
        async move {
            let mut staging = self.storage.stage();
            let encoding = self.programs.aac(file.input(&self.storage), &mut staging);
            match encoding.await {
                Ok(0) => return Made::Nothing,
                Ok(_) => {}
                Err(error) => return Made::refused(&error),
            }
            let from = file.bytes();
            let sealing = self.storage.seal_derived(staging, &from, DerivedForm::Aac);
            let published = match sealing.await {
                Ok(staged) => self.publish(&file, staged).await,
                Err(error) => Err(not_kept(&error)),
            };
            match published {
                Ok(true) => Made::Kept,
                Ok(false) => Made::NotStored,
                Err(NotKept) => Made::Failed,
            }
        }
        .boxed()
    }

    fn rewrapped(self, file: Stored) -> BoxFuture<'static, Made> {
        async move {
            if file
                .media
                .size
                .is_none_or(|size| size > opus_mp4::MOST_BYTES)
            {
                return Made::Nothing;
            }
            let Some(place) = self.schedule().enter(file.work(WorkKind::Voice)).await else {
                return Made::Busy;
            };
            let (storage, path) = (self.storage.clone(), file.path.clone());
            let rewrapping = tokio::task::spawn_blocking(move || {
                let _place = place;
                let mut ogg = Vec::new();
                let read = storage
                    .open_stored(&path)
                    .map(|mut file| file.read_to_end(&mut ogg));
                if !matches!(read, Ok(Ok(_))) {
                    return Made::Failed;
                }
                opus_mp4::rewrap(&ogg).map_or(Made::Nothing, |mp4| Made::Bytes(mp4.into()))
            });
            rewrapping.await.unwrap_or(Made::Failed)
        }
        .boxed()
    }
}

fn bytes_of(made: Made) -> Result<Bytes, Error> {
    match made {
        Made::Bytes(bytes) => Ok(bytes),
        made => Err(made.error()),
    }
}

/// Of which WhatsApp's apps put a small picture into the message, and which are not decoded here.
fn may_have_preview(mime: &str) -> bool {
    let is_picture = mime.starts_with("image/") && mime != "image/svg+xml";
    let is_decoded = picture::format_of(mime).is_some();
    mime == "application/pdf" || mime.starts_with("video/") || is_picture && !is_decoded
}

fn undecoded(error: picture::Error) -> Made {
    if error.is_verdict() {
        Made::Nothing
    } else {
        Made::Failed
    }
}

/// A derived file was made, cannot be kept, and that is logged.
struct NotKept;

fn not_kept(error: &(dyn std::error::Error + 'static)) -> NotKept {
    let error = telemetry::chain(error);
    tracing::warn!(error, "a derived file was made and cannot be kept");
    NotKept
}

#[cfg(test)]
mod tests;
