//! Uploads of verified bytes. Whatever runs at once, they take a bounded amount of memory.

use std::path::PathBuf;
use std::sync::Arc;

use bytes::Bytes;
use object_store::aws::AmazonS3;
use object_store::path::Path as Key;
use object_store::{MultipartUpload, ObjectStoreExt as _, PutPayload};
use tokio::io::AsyncReadExt as _;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;

use super::super::Error;
use super::RemoteError;

/// Larger ones go in parts of this size. S3 permits 10,000 parts, so 80 GiB.
const PART_BYTES: u64 = 8 << 20;
/// Parts, or whole files of this size, that are in memory at once.
const PARTS_AT_ONCE: u32 = 4;
const UNIT_BYTES: u64 = 1 << 20;
const PART_UNITS: u32 = 8;

/// Permits for bytes in memory, a MiB each.
#[derive(Clone)]
pub struct Memory(Arc<Semaphore>);

impl Default for Memory {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(
            (PARTS_AT_ONCE * PART_UNITS) as usize,
        )))
    }
}

impl Memory {
    async fn take(&self, bytes: u64) -> Result<OwnedSemaphorePermit, Error> {
        let units = u32::try_from(bytes.div_ceil(UNIT_BYTES)).unwrap_or(PART_UNITS);
        let permit = Arc::clone(&self.0).acquire_many_owned(units.clamp(1, PART_UNITS));
        // Never closed.
        let closed = |_| Error::Io(std::io::ErrorKind::Interrupted.into());
        permit.await.map_err(closed)
    }
}

/// Bytes to upload.
pub enum Upload {
    Bytes(Bytes),
    File { path: PathBuf, size_bytes: u64 },
}

impl Upload {
    pub fn size_bytes(&self) -> u64 {
        match self {
            Self::Bytes(bytes) => bytes.len() as u64,
            Self::File { size_bytes, .. } => *size_bytes,
        }
    }

    pub(super) async fn send(
        self,
        store: &AmazonS3,
        key: &Key,
        memory: &Memory,
    ) -> Result<(), Error> {
        let (path, size_bytes) = match self {
            Self::Bytes(bytes) => {
                let _permit = memory.take(bytes.len() as u64).await?;
                return put(store, key, bytes).await;
            }
            Self::File { path, size_bytes } => (path, size_bytes),
        };
        let mut file = tokio::fs::File::open(&path).await?;
        if size_bytes <= PART_BYTES {
            let _permit = memory.take(size_bytes).await?;
            let bytes = next_part(&mut file, size_bytes).await?;
            return put(store, key, bytes).await;
        }
        let started = store.put_multipart(key).await;
        let mut upload = started.map_err(failed)?;
        let sent = match send_parts(&mut *upload, file, size_bytes, memory).await {
            Ok(()) => upload.complete().await.map(drop).map_err(failed),
            Err(error) => Err(error),
        };
        if sent.is_err() {
            // The bucket's lifecycle rule deletes what stays.
            let _ = upload.abort().await;
        }
        sent
    }
}

async fn put(store: &AmazonS3, key: &Key, bytes: Bytes) -> Result<(), Error> {
    let put = store.put(key, PutPayload::from_bytes(bytes)).await;
    put.map(drop).map_err(failed)
}

/// Each part is a task, so that none waits for memory that another one has.
async fn send_parts(
    upload: &mut dyn MultipartUpload,
    mut file: tokio::fs::File,
    size_bytes: u64,
    memory: &Memory,
) -> Result<(), Error> {
    let mut parts = JoinSet::new();
    let mut left = size_bytes;
    while left > 0 {
        let length = left.min(PART_BYTES);
        let permit = memory.take(length).await?;
        let bytes = next_part(&mut file, length).await?;
        let sending = upload.put_part(PutPayload::from_bytes(bytes));
        parts.spawn(async move {
            let _permit = permit;
            sending.await
        });
        left -= length;
        while let Some(sent) = parts.try_join_next() {
            settle(sent)?;
        }
    }
    while let Some(sent) = parts.join_next().await {
        settle(sent)?;
    }
    Ok(())
}

fn settle(sent: Result<object_store::Result<()>, tokio::task::JoinError>) -> Result<(), Error> {
    let interrupted = |_| Error::Io(std::io::ErrorKind::Interrupted.into());
    sent.map_err(interrupted)?.map_err(failed)
}

/// A file that became shorter is an error.
async fn next_part(file: &mut tokio::fs::File, length: u64) -> Result<Bytes, Error> {
    let length = usize::try_from(length).unwrap_or(usize::MAX);
    let mut bytes = vec![0; length];
    file.read_exact(&mut bytes).await?;
    Ok(bytes.into())
}

fn failed(error: object_store::Error) -> Error {
    RemoteError::from(error).into()
}
