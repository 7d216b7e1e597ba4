//! Files that are made from stored ones, such as thumbnails: `.derived/cliente_{client}/{2 digits}/{sha256}.{form}`, and with the
//! end `-{media}` when their media's message brought them.
//!
//! They can be made again, so a backup leaves them out and a missing one is no fault. They are never shared between clients, and
//! go with each file from which they were made; those of a message are of its media alone.

use std::collections::BTreeSet;
use std::fs;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use super::s3::Bucket;
use super::{Backend, Error, Linked, Staging, Storage, StoredReader, blocking, slashed};
use crate::disk;
use crate::model::{MediaId, hex, unhex};

/// Files that are made from stored ones.
pub const DERIVED: &str = ".derived";
/// A larger one is not one of ours. Of those that are read into memory.
const MOST_BYTES: u64 = 8 << 20;

/// What is made from a stored file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DerivedForm {
    Thumbnail,
    Waveform,
    Aac,
    Mp4,
}

impl DerivedForm {
    const ALL: [Self; 4] = [Self::Thumbnail, Self::Waveform, Self::Aac, Self::Mp4];

    /// Whether it is read piece by piece.
    pub fn is_large(self) -> bool {
        match self {
            Self::Thumbnail | Self::Waveform => false,
            Self::Aac | Self::Mp4 => true,
        }
    }

    /// The end of its file's name.
    fn as_str(self) -> &'static str {
        match self {
            Self::Thumbnail => "thumbnail",
            Self::Waveform => "waveform",
            Self::Aac => "aac",
            Self::Mp4 => "mp4",
        }
    }
}

/// From what something is made.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DerivedFrom {
    pub client: i64,
    pub sha256: [u8; 32],
    /// The media whose message it is from; None for what is made from the bytes of the file.
    pub message_of: Option<MediaId>,
}

impl DerivedFrom {
    /// All from which something of this media is made.
    pub fn all_of(client: i64, sha256: [u8; 32], media: &MediaId) -> [Self; 2] {
        [None, Some(media.clone())].map(|message_of| Self {
            client,
            sha256,
            message_of,
        })
    }

    fn paths(&self) -> [PathBuf; 4] {
        DerivedForm::ALL.map(|form| self.path(form))
    }

    fn path(&self, form: DerivedForm) -> PathBuf {
        let sha256 = hex(&self.sha256);
        let folder = Path::new(DERIVED).join(format!("cliente_{}", self.client));
        let form = form.as_str();
        let name = match &self.message_of {
            None => format!("{sha256}.{form}"),
            Some(media) => format!("{sha256}.{form}-{}", media.as_str()),
        };
        folder.join(&sha256[..2]).join(name)
    }

    /// From the name of a derived file.
    fn of_name(client: i64, name: &str) -> Option<Self> {
        let (sha256, form) = name.split_once('.')?;
        let message_of = form.split_once('-').map(|(_, media)| media);
        Some(Self {
            client,
            sha256: unhex(sha256)?,
            message_of: message_of.map(|media| MediaId(media.to_owned())),
        })
    }
}

/// A complete and synced derived file without its name.
pub struct StagedDerived {
    place: Place,
    is_published: bool,
}

enum Place {
    Disk {
        staging: Staging,
        target: PathBuf,
    },
    /// It has its name already: no request belongs in the transaction that publishes it.
    Bucket {
        bucket: Bucket,
        path: String,
    },
}

impl Drop for StagedDerived {
    fn drop(&mut self) {
        if let Place::Bucket { bucket, path } = &self.place
            && !self.is_published
        {
            bucket.delete_later(path);
        }
    }
}

impl StagedDerived {
    /// Gives it its name; one that is there is kept. May be called twice. Quick, but blocking.
    pub fn publish(&mut self) -> Result<(), Error> {
        if self.is_published {
            return Ok(());
        }
        if let Place::Disk { staging, target } = &mut self.place {
            match staging.name_as(target) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                named => named?,
            }
        }
        self.is_published = true;
        Ok(())
    }
}

impl Storage {
    /// None when it was not made yet. Blocking.
    pub fn open_derived(&self, from: &DerivedFrom, form: DerivedForm) -> Option<StoredReader> {
        let path = from.path(form);
        match &self.backend {
            Backend::Disk => Some(disk::open_no_link(&self.root.join(path)).ok()?.into()),
            Backend::S3(bucket) => {
                let object = bucket.open(&slashed(&path)).ok()?;
                Some(StoredReader::Object(Box::new(object)))
            }
        }
    }

    /// Like [`Storage::open_derived`], for forms that are small.
    pub fn read_derived(&self, from: &DerivedFrom, form: DerivedForm) -> Option<Vec<u8>> {
        let file = self.open_derived(from, form)?;
        let length = file.size_bytes().ok()?;
        let mut bytes = Vec::new();
        file.take(MOST_BYTES).read_to_end(&mut bytes).ok()?;
        (length == bytes.len() as u64).then_some(bytes)
    }

    /// Writes and syncs it without its name.
    pub async fn stage_derived(
        &self,
        from: &DerivedFrom,
        form: DerivedForm,
        bytes: &[u8],
    ) -> Result<StagedDerived, Error> {
        let mut staging = self.stage();
        staging.write(bytes).await?;
        self.seal_derived(staging, from, form).await
    }

    /// Syncs what was staged, without its name.
    pub async fn seal_derived(
        &self,
        mut staging: Staging,
        from: &DerivedFrom,
        form: DerivedForm,
    ) -> Result<StagedDerived, Error> {
        let (storage, path) = (self.clone(), from.path(form));
        blocking(move || {
            let place = match &storage.backend {
                Backend::Disk => {
                    let target = storage.root.join(path);
                    staging.seal()?;
                    storage.create_folder(disk::parent(&target))?;
                    Place::Disk { staging, target }
                }
                Backend::S3(bucket) => {
                    let path = slashed(&path);
                    bucket.put(&path, staging.upload()?)?;
                    let bucket = bucket.clone();
                    Place::Bucket { bucket, path }
                }
            };
            Ok(StagedDerived {
                place,
                is_published: false,
            })
        })
        .await
    }

    /// Deletes all that was made from files that are deleted. Another media with the same bytes gets it again.
    pub async fn remove_derived(&self, from: Vec<DerivedFrom>) -> Result<(), Error> {
        let storage = self.clone();
        blocking(move || {
            for path in from.iter().flat_map(DerivedFrom::paths) {
                if let Backend::S3(bucket) = &storage.backend {
                    bucket.delete(&slashed(&path))?;
                    continue;
                }
                storage.remove_below(&path, Linked::Keep)?;
            }
            Ok(())
        })
        .await
    }

    /// The folders with derived files, and whose they are. Blocking.
    pub fn derived_folders(&self) -> Vec<(i64, PathBuf)> {
        let mut folders = Vec::new();
        if let Backend::S3(bucket) = &self.backend {
            // What cannot be listed is swept another time.
            let _ = bucket.each(Some(DERIVED), None, |found| {
                let folder = Path::new(&found.path).parent().unwrap_or(Path::new(""));
                let client = folder.iter().nth(1).and_then(|name| name.to_str());
                let number = client.and_then(|name| name.strip_prefix("cliente_"));
                if let Some(Ok(number)) = number.map(str::parse) {
                    let of = (number, folder.to_owned());
                    if folders.last() != Some(&of) {
                        folders.push(of);
                    }
                }
                true
            });
            return folders;
        }
        for client in folders_in(&self.root.join(DERIVED)) {
            let name = client.file_name().unwrap_or_default().to_string_lossy();
            let number = name.strip_prefix("cliente_").map(str::parse);
            if let Some(Ok(number)) = number {
                folders.extend(folders_in(&client).map(|folder| (number, folder)));
            }
        }
        folders
    }

    /// From what those in a client's folder were made. Blocking.
    pub fn derived_in(&self, client: i64, folder: &Path) -> BTreeSet<DerivedFrom> {
        if let Backend::S3(bucket) = &self.backend {
            let mut all = BTreeSet::new();
            let _ = bucket.each(Some(&slashed(folder)), None, |found| {
                let name = found.path.rsplit('/').next().unwrap_or_default();
                all.extend(DerivedFrom::of_name(client, name));
                true
            });
            return all;
        }
        let entries = fs::read_dir(folder).into_iter().flatten().flatten();
        let names = entries.map(|entry| entry.file_name());
        names
            .filter_map(|name| DerivedFrom::of_name(client, name.to_str()?))
            .collect()
    }
}

fn folders_in(folder: &Path) -> impl Iterator<Item = PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let is_folder = |entry: &fs::DirEntry| entry.file_type().is_ok_and(|kind| kind.is_dir());
    entries.filter(is_folder).map(|entry| entry.path())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_derived_file_is_complete_or_absent_and_belongs_to_one_client() {
        let folder = tempfile::tempdir().unwrap();
        let storage = Storage::open(folder.path(), "test").unwrap();
        let from = DerivedFrom {
            client: 2,
            sha256: [7; 32],
            message_of: None,
        };
        let other = DerivedFrom {
            client: 3,
            ..from.clone()
        };
        let form = DerivedForm::Thumbnail;
        drop(storage.stage_derived(&from, form, b"x").await.unwrap());
        assert_eq!(storage.read_derived(&from, form), None);
        for bytes in [b"one", b"two"] {
            let mut staged = storage.stage_derived(&from, form, bytes).await.unwrap();
            staged.publish().unwrap();
            staged.publish().unwrap();
        }
        assert_eq!(storage.read_derived(&from, form).unwrap(), b"one");
        assert_eq!(storage.read_derived(&other, form), None);
        assert_eq!(storage.read_derived(&from, DerivedForm::Waveform), None);
        let folders = storage.derived_folders();
        assert_eq!(folders.len(), 1);
        assert_eq!(folders[0].0, 2);
        let in_folder = || storage.derived_in(2, &folders[0].1);
        assert_eq!(in_folder(), [from.clone()].into());
        let media = MediaId("media-1".to_owned());
        let all = DerivedFrom::all_of(2, [7; 32], &media);
        let message = &all[1];
        let staging = storage.stage_derived(message, form, b"of one media");
        staging.await.unwrap().publish().unwrap();
        assert_eq!(in_folder(), all.clone().into());
        let staged = fs::read_dir(folder.path().join(super::super::STAGING)).unwrap();
        assert_eq!(staged.count(), 0);
        storage.remove_derived(vec![other]).await.unwrap();
        assert!(storage.read_derived(&from, form).is_some());
        storage.remove_derived(vec![from.clone()]).await.unwrap();
        assert_eq!(storage.read_derived(&from, form), None);
        assert!(storage.read_derived(message, form).is_some());
        storage.remove_derived(all.into()).await.unwrap();
        assert_eq!(in_folder(), BTreeSet::new());
    }
}
