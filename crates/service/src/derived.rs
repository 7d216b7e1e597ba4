//! What is made from a stored file for people: thumbnails, waveforms, other forms of the same sound.
//!
//! Promises: everything is made when it is first asked for, within limits of memory and time, and kept in the storage's folder of
//! derived files; nothing is kept for a file that is not stored any more; what cannot be made is said and not replaced by
//! something else.

pub mod examiner;
mod from_message;
pub mod opus_mp4;
mod picture;
pub mod programs;
pub mod tool;
mod waveform;

use std::collections::HashSet;
use std::io::BufReader;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use tokio::sync::Semaphore;

use crate::db::{Db, Key};
use crate::deliveries::Bodies;
use crate::gateway::Reader;
use crate::media::{self, Media};
use crate::storage::{self, DerivedForm, DerivedFrom, Storage};
use crate::telemetry;
pub use picture::mime_of_thumbnail;
use programs::Programs;
pub use waveform::Waveform;

/// Pictures that are decoded at the same time.
const PICTURES_AT_ONCE: usize = 2;
/// So many files are remembered from which nothing could be made.
const MOST_REMEMBERED: usize = 10_000;

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("the file is not stored")]
    NotStored,
    /// The row has a file that is not there.
    #[error("the file is not in its place")]
    Missing(#[source] storage::Error),
    #[error("it cannot be made from this file")]
    Absent,
}

/// Makes and keeps derived files. Cheap to clone.
#[derive(Clone)]
pub struct Derived {
    pub db: Db,
    pub storage: Storage,
    pub bodies: Bodies,
    pub reader: Reader,
    pub programs: Programs,
    shared: Arc<Shared>,
}

struct Shared {
    pictures: Semaphore,
    /// Files from which nothing could be made. They are tried again after a restart.
    failed: Mutex<HashSet<(DerivedFrom, DerivedForm)>>,
}

/// What one attempt gave.
enum Made {
    Bytes(Vec<u8>),
    /// Nothing, and trying again gives nothing.
    Nothing,
    /// A program for it is not there.
    NoProgram,
}

impl Derived {
    pub fn new(
        db: Db,
        storage: Storage,
        bodies: Bodies,
        reader: Reader,
        programs: Programs,
    ) -> Self {
        let shared = Arc::new(Shared {
            pictures: Semaphore::new(PICTURES_AT_ONCE),
            failed: Mutex::default(),
        });
        Self {
            db,
            storage,
            bodies,
            reader,
            programs,
            shared,
        }
    }

    /// What is made from the file of a media, from the folder of derived files or made now.
    pub async fn get(&self, media: &Media, form: DerivedForm) -> Result<Bytes, Error> {
        let (Some(path), Some(sha256)) = (media.path(), media.sha256) else {
            return Err(Error::NotStored);
        };
        let from = DerivedFrom {
            client: media.client,
            sha256,
        };
        if let Some(bytes) = self.read(from, form).await {
            return Ok(bytes);
        }
        // Whether the file is there is said before whether anything can be made from it.
        drop(self.storage.open_stored(path).map_err(Error::Missing)?);
        if self.failed().contains(&(from, form)) {
            return Err(Error::Absent);
        }
        let made = match form {
            DerivedForm::Thumbnail => self.thumbnail(media, path).await,
            DerivedForm::Waveform => self.waveform(media, path).await,
            DerivedForm::Aac => self.aac(media, path).await,
        };
        match made {
            Made::Bytes(bytes) => {
                self.keep(media, from, form, &bytes).await;
                Ok(bytes.into())
            }
            Made::NoProgram => Err(Error::Absent),
            Made::Nothing => {
                let mut failed = self.failed();
                if failed.len() >= MOST_REMEMBERED {
                    failed.clear();
                }
                failed.insert((from, form));
                Err(Error::Absent)
            }
        }
    }

    fn failed(&self) -> std::sync::MutexGuard<'_, HashSet<(DerivedFrom, DerivedForm)>> {
        let failed = self.shared.failed.lock();
        failed.unwrap_or_else(PoisonError::into_inner)
    }

    async fn read(&self, from: DerivedFrom, form: DerivedForm) -> Option<Bytes> {
        let storage = self.storage.clone();
        let reading = tokio::task::spawn_blocking(move || storage.read_derived(from, form));
        reading.await.ok().flatten().map(Bytes::from)
    }

    /// Publishes it, unless the file went away in the meantime. One that cannot be kept is made again.
    async fn keep(&self, media: &Media, from: DerivedFrom, form: DerivedForm, bytes: &[u8]) {
        let staged = match self.storage.stage_derived(from, form, bytes).await {
            Ok(staged) => Mutex::new(staged),
            Err(error) => return not_kept(&error),
        };
        let id = media.id.clone();
        // In the transaction, so that no erasure begins in between.
        let publishing = self.db.write(Key::Nothing, async move |tx| {
            let stored = media::sha256_of_stored(tx, &id).await?;
            if stored != Some(from.sha256) {
                return Ok(Ok(()));
            }
            let mut staged = staged.lock().unwrap_or_else(PoisonError::into_inner);
            Ok(staged.publish())
        });
        match publishing.await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => not_kept(&error),
            Err(error) => not_kept(&error),
        }
    }

    async fn thumbnail(&self, media: &Media, path: &str) -> Made {
        let mime = media.mime.as_deref().unwrap_or("");
        let mime = mime.split(';').next().unwrap_or("").trim();
        if let Some(format) = picture::format_of(mime) {
            let (storage, path) = (self.storage.clone(), path.to_owned());
            return self
                .decode(move || {
                    let file = storage.open_stored(&path).ok()?;
                    picture::thumbnail(BufReader::new(file), format).ok()
                })
                .await
                .map_or(Made::Nothing, Made::Bytes);
        }
        let from_program = match mime {
            "application/pdf" => self.programs.first_page(&self.storage, path).await,
            _ if mime.starts_with("video/") => self.programs.frame(&self.storage, path, mime).await,
            _ if mime.starts_with("image/") && mime != "image/svg+xml" => Err(tool::Error::Absent),
            _ => return Made::Nothing,
        };
        let is_absent = matches!(from_program, Err(tool::Error::Absent));
        if let Ok(picture) = from_program
            && let Some(small) = self.small(picture).await
        {
            return Made::Bytes(small);
        }
        if let Some(picture) = self.preview(media).await
            && let Some(small) = self.small(picture).await
        {
            return Made::Bytes(small);
        }
        if is_absent {
            Made::NoProgram
        } else {
            Made::Nothing
        }
    }

    /// A program's or a message's picture is decoded and encoded again, like any other.
    async fn small(&self, picture: Vec<u8>) -> Option<Vec<u8>> {
        let decoding = self.decode(move || picture::thumbnail_of_bytes(&picture).ok());
        decoding.await
    }

    async fn decode(
        &self,
        work: impl FnOnce() -> Option<Vec<u8>> + Send + 'static,
    ) -> Option<Vec<u8>> {
        let _permit = self.shared.pictures.acquire().await.ok()?;
        // A decoder that panics gives nothing.
        tokio::task::spawn_blocking(work).await.ok().flatten()
    }

    async fn waveform(&self, media: &Media, path: &str) -> Made {
        if let Some(samples) = self.waveform_in_message(media).await {
            return Made::Bytes(Waveform::of_message(samples).to_json());
        }
        let mime = media.mime.as_deref().unwrap_or("");
        let mut loudness = waveform::Loudness::default();
        let take = |bytes: &[u8]| loudness.add(bytes);
        match self.programs.sound(&self.storage, path, mime, take).await {
            Ok(()) => match loudness.waveform() {
                Some(waveform) => Made::Bytes(waveform.to_json()),
                None => Made::Nothing,
            },
            Err(tool::Error::Absent) => Made::NoProgram,
            Err(_) => Made::Nothing,
        }
    }

    async fn aac(&self, media: &Media, path: &str) -> Made {
        let mime = media.mime.as_deref().unwrap_or("");
        match self.programs.aac(&self.storage, path, mime).await {
            Ok(bytes) if !bytes.is_empty() => Made::Bytes(bytes),
            Err(tool::Error::Absent) => Made::NoProgram,
            Ok(_) | Err(_) => Made::Nothing,
        }
    }
}

fn not_kept(error: &(dyn std::error::Error + 'static)) {
    let error = telemetry::chain(error);
    tracing::warn!(error, "a derived file was made and cannot be kept");
}

#[cfg(test)]
mod tests;
