//! Bytes on their way: in memory while they are few, else in a file that nobody takes for one that is held.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use wa_media::{Form, MediaKind};

use super::{Error, Vault, blocking, hash_file};

/// Bytes kept in memory before a staged file is made: a voice note never needs one.
const BUFFER_BYTES: usize = 64 << 10;

/// Bytes that nobody has proven yet. Dropped unpublished, they are gone.
pub struct Staging {
    buffer: Vec<u8>,
    file: Option<(PathBuf, Arc<File>)>,
    path: PathBuf,
    vault: Vault,
}

impl Staging {
    /// To be written there once memory does not take it.
    pub(super) fn at(vault: Vault, path: PathBuf) -> Self {
        Self {
            vault,
            buffer: Vec::new(),
            file: None,
            path,
        }
    }

    /// Takes the next bytes.
    pub async fn write(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.append(|buffer| buffer.extend_from_slice(bytes)).await
    }

    /// Takes what `fill` appends.
    pub async fn append(&mut self, fill: impl FnOnce(&mut Vec<u8>)) -> Result<(), Error> {
        fill(&mut self.buffer);
        if self.buffer.len() >= BUFFER_BYTES {
            self.spill().await?;
        }
        Ok(())
    }

    async fn spill(&mut self) -> Result<(), Error> {
        let buffer = std::mem::take(&mut self.buffer);
        let open = self.file.as_ref().map(|(_, file)| Arc::clone(file));
        let (vault, path) = (self.vault.clone(), self.path.clone());
        let (file, mut buffer) = blocking(move || {
            let file = match open {
                Some(file) => file,
                None => Arc::new(vault.create_staged(&path)?),
            };
            (&*file).write_all(&buffer)?;
            Ok((file, buffer))
        })
        .await?;
        buffer.clear();
        self.buffer = buffer;
        self.file = Some((self.path.clone(), file));
        Ok(())
    }

    /// What the bytes are. Of a file only what tells it is read.
    pub async fn form(
        &mut self,
        kind: MediaKind,
        declared: Option<&str>,
        file_name: Option<&str>,
    ) -> Result<Form, Error> {
        if self.file.is_none() {
            return Ok(wa_media::form_of_head(
                &self.buffer,
                kind,
                declared,
                file_name,
            ));
        }
        self.spill().await?;
        let path = self.path.clone();
        let [declared, file_name] = [declared, file_name].map(|text| text.map(str::to_owned));
        blocking(move || {
            let file = File::open(&path)?;
            Ok(wa_media::form(
                file,
                kind,
                declared.as_deref(),
                file_name.as_deref(),
            ))
        })
        .await
    }

    /// Takes the bytes of a file, which must still be the proven ones.
    pub(super) fn copy(&mut self, source: &Path, sha256: &[u8; 32]) -> Result<(), Error> {
        let file = Arc::new(self.vault.create_staged(&self.path)?);
        // From here on it is removed again when anything fails.
        self.file = Some((self.path.clone(), Arc::clone(&file)));
        io::copy(&mut File::open(source)?, &mut &*file)?;
        match hash_file(&self.path)? == *sha256 {
            true => Ok(()),
            false => Err(io::Error::from(io::ErrorKind::InvalidData).into()),
        }
    }

    /// Writes what is left, syncs, and renames into place.
    pub(super) fn place(mut self, target: &Path) -> Result<(), Error> {
        if self.file.is_none() {
            let file = self.vault.create_staged(&self.path)?;
            self.file = Some((self.path.clone(), Arc::new(file)));
        }
        if let Some((path, file)) = &self.file {
            (&**file).write_all(&self.buffer)?;
            file.sync_all()?;
            fs::rename(path, target)?;
        }
        self.file = None;
        Ok(())
    }
}

impl Drop for Staging {
    fn drop(&mut self) {
        if let Some((path, _)) = self.file.take() {
            // What cannot be removed now is swept at the next start.
            let _ = fs::remove_file(path);
        }
    }
}
