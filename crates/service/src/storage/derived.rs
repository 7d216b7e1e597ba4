//! Files that are made from stored ones, such as thumbnails: `.derived/cliente_{client}/{2 digits}/{sha256}.{form}`, and with the
//! end `-{media}` when their media's message brought them.
//!
//! They can be made again, so a backup leaves them out and a missing one is no fault. They are never shared between clients, and
//! go with each file from which they were made; those of a message are of its media alone.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use super::{Error, Linked, Staging, Storage, blocking};
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
    staging: Staging,
    target: PathBuf,
    is_published: bool,
}

impl StagedDerived {
    /// Gives it its name; one that is there is kept. May be called twice. Quick, but blocking.
    pub fn publish(&mut self) -> Result<(), Error> {
        if self.is_published {
            return Ok(());
        }
        match self.staging.name_as(&self.target) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            named => named?,
        }
        self.is_published = true;
        Ok(())
    }
}

impl Storage {
    /// None when it was not made yet. Blocking.
    pub fn open_derived(&self, from: &DerivedFrom, form: DerivedForm) -> Option<File> {
        disk::open_no_link(&self.root.join(from.path(form))).ok()
    }

    /// Like [`Storage::open_derived`], for forms that are small.
    pub fn read_derived(&self, from: &DerivedFrom, form: DerivedForm) -> Option<Vec<u8>> {
        let file = self.open_derived(from, form)?;
        let length = file.metadata().ok()?.len();
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
        let (storage, target) = (self.clone(), self.root.join(from.path(form)));
        blocking(move || {
            staging.seal()?;
            storage.create_folder(disk::parent(&target))?;
            Ok(StagedDerived {
                staging,
                target,
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
                storage.remove_below(&path, Linked::Keep)?;
            }
            Ok(())
        })
        .await
    }

    /// The folders with derived files, and whose they are. Blocking.
    pub fn derived_folders(&self) -> Vec<(i64, PathBuf)> {
        let mut folders = Vec::new();
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
