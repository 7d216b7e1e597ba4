//! Unverified bytes: small ones in memory, larger ones in a staged file.

use std::fs::{self, File};
use std::io::{self, Read as _, Seek as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use wa_media::{Form, MediaKind};

use super::s3::Upload;
use super::{Error, PIECE_BYTES, Storage, blocking, hash_open};
use crate::disk;

/// Larger files go to disk. A voice note fits.
const BUFFER_BYTES: usize = 64 << 10;

/// Unverified bytes. Deleted on drop unless published.
pub struct Staging {
    buffer: Vec<u8>,
    /// Open while more bytes may come.
    file: Option<Arc<File>>,
    path: PathBuf,
    storage: Storage,
    /// Whether a file may exist at `path`.
    is_named: bool,
    /// Whether it is complete and synced.
    is_sealed: bool,
}

impl Staging {
    /// `path` is used once the bytes exceed the buffer.
    pub(super) fn at(storage: Storage, path: PathBuf) -> Self {
        Self {
            storage,
            buffer: Vec::new(),
            file: None,
            path,
            is_named: false,
            is_sealed: false,
        }
    }

    pub async fn write(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.append(|buffer| buffer.extend_from_slice(bytes)).await
    }

    /// Appends what `fill` writes.
    pub async fn append(&mut self, fill: impl FnOnce(&mut Vec<u8>)) -> Result<(), Error> {
        fill(&mut self.buffer);
        if self.buffer.len() >= BUFFER_BYTES {
            self.spill().await?;
        }
        Ok(())
    }

    /// Like [`Staging::append`]. Blocking.
    pub fn append_blocking(&mut self, fill: impl FnOnce(&mut Vec<u8>)) -> Result<(), Error> {
        fill(&mut self.buffer);
        if self.buffer.len() >= BUFFER_BYTES {
            self.file = Some(self.write_out()?);
        }
        Ok(())
    }

    /// Writes the buffer. Blocking.
    fn write_out(&mut self) -> Result<Arc<File>, Error> {
        // Deleted on drop even if this write fails, as on a full disk.
        self.is_named = true;
        // A partial write is not repeated.
        let mut buffer = std::mem::take(&mut self.buffer);
        let file = append(&self.storage, &self.path, self.file.clone(), &buffer)?;
        buffer.clear();
        self.buffer = buffer;
        Ok(file)
    }

    async fn spill(&mut self) -> Result<(), Error> {
        let buffer = std::mem::take(&mut self.buffer);
        let open = self.file.clone();
        let (storage, path) = (self.storage.clone(), self.path.clone());
        // Deleted on drop even if this write fails, as on a full disk.
        self.is_named = true;
        let (file, mut buffer) = blocking(move || {
            let file = append(&storage, &path, open, &buffer)?;
            Ok((file, buffer))
        })
        .await?;
        buffer.clear();
        self.buffer = buffer;
        self.file = Some(file);
        Ok(())
    }

    /// Passes all bytes so far to `take`, in order and in pieces.
    pub async fn read(&self, mut take: impl FnMut(&[u8])) -> Result<(), Error> {
        if self.file.is_some() {
            let path = self.path.clone();
            let mut file = blocking(move || Ok(File::open(&path)?)).await?;
            let mut piece = vec![0; PIECE_BYTES];
            loop {
                let count;
                (file, piece, count) = blocking(move || {
                    let count = file.read(&mut piece)?;
                    Ok((file, piece, count))
                })
                .await?;
                if count == 0 {
                    break;
                }
                take(&piece[..count]);
            }
        }
        take(&self.buffer);
        Ok(())
    }

    /// Detects the file's form. Reads only the bytes that decide it.
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

    /// Whether the bytes are still in memory, so that writing and syncing them takes little time.
    pub fn is_small(&self) -> bool {
        self.file.is_none() && !self.is_named
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The staged path was created by other means, complete and synced.
    pub(super) fn set_complete(&mut self) {
        (self.is_named, self.is_sealed) = (true, true);
    }

    /// Copies a file and syncs the copy; fails when its hash differs.
    pub(super) fn copy(&mut self, source: &Path, sha256: &[u8; 32]) -> Result<(), Error> {
        let mut source = disk::open_no_link(source)?;
        let mut file = self.storage.create_staged(&self.path)?;
        // Deleted on drop from here on.
        self.is_named = true;
        io::copy(&mut source, &mut file)?;
        file.sync_all()?;
        file.rewind()?;
        match hash_open(file, &mut |_| true)? {
            Some(found) if found == *sha256 => {
                self.is_sealed = true;
                Ok(())
            }
            _ => Err(io::Error::from(io::ErrorKind::InvalidData).into()),
        }
    }

    /// Writes the rest to the file, also if the bytes would fit into memory. Blocking.
    pub(super) fn write_to_file(&mut self) -> Result<(), Error> {
        if !self.is_sealed {
            self.file = Some(self.write_out()?);
        }
        Ok(())
    }

    /// The bytes for an upload; they stay staged. Blocking.
    pub(super) fn upload(&mut self) -> Result<Upload, Error> {
        if self.is_small() {
            return Ok(Upload::Bytes(Bytes::copy_from_slice(&self.buffer)));
        }
        self.write_to_file()?;
        Ok(Upload::File {
            path: self.path.clone(),
            size_bytes: fs::metadata(&self.path)?.len(),
        })
    }

    /// Writes the rest, and has the system begin to bring it to the disk. [`Staging::seal`] waits for that.
    pub(super) fn begin_seal(&mut self) -> Result<(), Error> {
        if !self.is_sealed {
            let file = self.write_out()?;
            disk::begin_sync(&file);
            self.file = Some(file);
        }
        Ok(())
    }

    /// Writes the rest and syncs. Idempotent.
    pub(super) fn seal(&mut self) -> Result<(), Error> {
        if self.is_sealed {
            return Ok(());
        }
        let file = self.write_out()?;
        file.sync_all()?;
        (self.file, self.is_sealed) = (None, true);
        Ok(())
    }

    /// Publishes the sealed file; keeps it staged if the name exists.
    pub(super) fn name_as(&mut self, target: &Path) -> io::Result<()> {
        disk::name_new(&self.path, target)?;
        self.is_named = false;
        Ok(())
    }
}

/// Appends bytes to the staged file, which is created if it is not open yet.
fn append(
    storage: &Storage,
    path: &Path,
    open: Option<Arc<File>>,
    bytes: &[u8],
) -> Result<Arc<File>, Error> {
    let file = match open {
        Some(file) => file,
        None => Arc::new(storage.create_staged(path)?),
    };
    (&*file).write_all(bytes)?;
    Ok(file)
}

impl Drop for Staging {
    fn drop(&mut self) {
        // Windows does not delete open files.
        self.file = None;
        if self.is_named {
            // The next start sweeps what cannot be removed now.
            let _ = fs::remove_file(&self.path);
        }
    }
}
