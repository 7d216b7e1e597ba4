//! Objects in a bucket. What is here knows keys and objects, and no rows: the rest of `storage` has the rules.
//!
//! The calls block, like those of a disk; the requests run on threads of their own. Nothing relies on conditional requests,
//! which many servers ignore. A key has the beginning of the hash of its bytes, so a second upload writes what is there already.

mod configured;
mod error;
mod object;
mod probe;
mod transport;
mod upload;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::sync_channel;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use futures_util::StreamExt as _;
use object_store::aws::{AmazonS3, AmazonS3Builder, Checksum};
use object_store::path::Path as Key;
use object_store::{
    BackoffConfig, GetOptions, ObjectMeta, ObjectStore as _, ObjectStoreExt as _, RetryConfig,
};
use tokio::runtime::Runtime;

use super::Error;
use super::layout::RelativePath;
use crate::tls::{InvalidRoots, Tls};
use error::transport_error;
pub use error::{RemoteCause, RemoteError};
pub use object::ObjectReader;
pub use probe::BucketFindings;
use transport::Transport;
pub use transport::{Patience, TransportError};
pub(super) use upload::Upload;

/// Objects that are listed before the next page is requested.
const PAGE: usize = 1_000;
/// Threads for requests. They only move bytes.
const THREADS: usize = 2;

/// Who asks. Its secrets appear in no output.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    pub key_id: String,
    pub secret: String,
    pub session_token: Option<String>,
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Credentials").finish_non_exhaustive()
    }
}

/// A bucket, or a part of one, and how it is reached.
#[derive(Clone, Debug)]
pub struct BucketSettings {
    pub bucket: String,
    /// Before each key; empty for none.
    pub prefix: String,
    /// None for AWS.
    pub endpoint: Option<String>,
    pub region: String,
    /// Whether the bucket is in the path, and not in the host's name.
    pub path_style: bool,
    /// Further roots, in PEM.
    pub ca_file: Option<PathBuf>,
    /// Whether uploads carry `x-amz-checksum-sha256`.
    pub checksum: bool,
    pub patience: Patience,
}

impl Default for BucketSettings {
    fn default() -> Self {
        Self {
            bucket: String::new(),
            prefix: String::new(),
            endpoint: None,
            region: "us-east-1".to_owned(),
            path_style: true,
            ca_file: None,
            checksum: true,
            patience: Patience {
                connect: Duration::from_secs(5),
                answer: Duration::from_secs(30),
            },
        }
    }
}

/// Why a bucket cannot be used with these settings.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    #[error("there are no credentials for the bucket")]
    NoCredentials,
    #[error("the credentials in {path} cannot be read")]
    CredentialsFile {
        path: PathBuf,
        /// None when a line is missing.
        #[source]
        source: Option<std::io::Error>,
    },
    #[error(transparent)]
    Roots(#[from] InvalidRoots),
    #[error("the threads for requests cannot be started")]
    Threads(#[source] std::io::Error),
    #[error("the settings of the bucket are not usable")]
    Settings(#[source] object_store::Error),
}

/// What is known of an object without reading it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Object {
    /// Without the prefix.
    pub path: String,
    pub size_bytes: u64,
    pub modified: SystemTime,
}

/// A bucket; cheap to clone.
#[derive(Clone)]
pub struct Bucket(Arc<Inner>);

struct Inner {
    /// Tries again by itself.
    reads: AmazonS3,
    /// Does not: the queue tries again.
    writes: AmazonS3,
    /// Like `writes`, and never with a checksum.
    plain: AmazonS3,
    transport: Transport,
    bucket: String,
    prefix: String,
    memory: upload::Memory,
    /// None only while it is dropped.
    runtime: Option<Runtime>,
}

impl Drop for Inner {
    fn drop(&mut self) {
        // Possibly on an async thread, which must not wait for others.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

impl Bucket {
    /// Sends nothing yet.
    pub fn connect(
        settings: &BucketSettings,
        credentials: &Credentials,
    ) -> Result<Self, ConnectError> {
        let tls = match &settings.ca_file {
            Some(path) => Tls::with_roots_of(path)?,
            None => Tls::new(),
        };
        let transport = Transport::new(&tls, settings.patience);
        let store = |settings: &BucketSettings, retries| {
            let store = builder(settings, credentials, retries)
                .with_http_connector(transport.clone())
                .build();
            store.map_err(ConnectError::Settings)
        };
        let plain = BucketSettings {
            checksum: false,
            ..settings.clone()
        };
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(THREADS)
            .thread_name("s3")
            .enable_all()
            .build()
            .map_err(ConnectError::Threads)?;
        Ok(Self(Arc::new(Inner {
            reads: store(settings, 3)?,
            writes: store(settings, 0)?,
            plain: store(&plain, 0)?,
            transport,
            bucket: settings.bucket.clone(),
            prefix: settings.prefix.trim_matches('/').to_owned(),
            memory: upload::Memory::default(),
            runtime: Some(runtime),
        })))
    }

    /// `s3://bucket/prefix`.
    pub fn address(&self) -> String {
        format!("s3://{}/{}", self.0.bucket, self.0.prefix)
    }

    /// Waits for requests. Blocking: on an async thread it panics in debug builds, and keeps others waiting in release builds.
    fn wait<T: Send + 'static>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> Result<T, Error> {
        #[cfg(debug_assertions)]
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            // Panics on an async thread.
            runtime.block_on(async {});
        }
        let interrupted = || Error::Io(std::io::ErrorKind::Interrupted.into());
        let (answer, answered) = sync_channel(1);
        let runtime = self.0.runtime.as_ref().ok_or_else(interrupted)?;
        runtime.spawn(async move {
            // The caller waits until then.
            let _ = answer.send(work.await);
        });
        answered.recv().map_err(|_| interrupted())
    }

    fn key(&self, path: &str) -> Result<Key, Error> {
        let refused = || Error::Io(std::io::ErrorKind::InvalidInput.into());
        let path = RelativePath::from_row(path.to_owned()).ok_or_else(refused)?;
        let key = match self.0.prefix.as_str() {
            "" => path.as_str().to_owned(),
            prefix => format!("{prefix}/{}", path.as_str()),
        };
        Key::parse(key).map_err(|_| refused())
    }

    fn object(&self, found: &ObjectMeta) -> Option<Object> {
        let path = found.location.as_ref().strip_prefix(&self.0.prefix)?;
        let modified = u64::try_from(found.last_modified.timestamp_millis()).unwrap_or(0);
        Some(Object {
            path: path.trim_start_matches('/').to_owned(),
            size_bytes: found.size,
            modified: UNIX_EPOCH + Duration::from_millis(modified),
        })
    }

    /// None when it does not exist. A bucket that does not exist is an error.
    pub fn find(&self, path: &str) -> Result<Option<Object>, Error> {
        let (store, key) = (self.0.reads.clone(), self.key(path)?);
        let finding = async move {
            match store.head(&key).await {
                // It has no body that would say whether the object or the bucket is missing.
                Err(object_store::Error::NotFound { .. }) => {
                    let range = Some((0..1).into());
                    let options = GetOptions {
                        range,
                        ..GetOptions::default()
                    };
                    store.get_opts(&key, options).await.map(|found| found.meta)
                }
                found => found,
            }
        };
        match self.wait(finding)? {
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            found => Ok(self.object(&found.map_err(failed)?)),
        }
    }

    /// Uploads, and asks for the size of what the server has then.
    pub fn put(&self, path: &str, upload: Upload) -> Result<(), Error> {
        let (store, key, memory) = (
            self.0.writes.clone(),
            self.key(path)?,
            self.0.memory.clone(),
        );
        let size_bytes = upload.size_bytes();
        self.wait(async move { upload.send(&store, &key, &memory).await })??;
        self.confirm(path, size_bytes)
    }

    /// A small object without a checksum.
    fn put_plain(&self, path: &str) -> Result<(), Error> {
        let (store, key, memory) = (self.0.plain.clone(), self.key(path)?, self.0.memory.clone());
        let upload = Upload::Bytes(Bytes::from_static(b"midiateca"));
        self.wait(async move { upload.send(&store, &key, &memory).await })?
    }

    fn confirm(&self, path: &str, size_bytes: u64) -> Result<(), Error> {
        let is_stored = |found: &Object| found.size_bytes == size_bytes;
        if self.find(path)?.as_ref().is_some_and(is_stored) {
            return Ok(());
        }
        Err(RemoteError::of(RemoteCause::Incomplete).into())
    }

    /// Copies within the bucket. False when there is no such object with this size.
    pub fn copy(&self, from: &str, to: &str, size_bytes: u64) -> Result<bool, Error> {
        let found = self.find(from)?;
        if found.is_none_or(|found| found.size_bytes != size_bytes) {
            return Ok(false);
        }
        let (store, from, key) = (self.0.writes.clone(), self.key(from)?, self.key(to)?);
        match self.wait(async move { store.copy(&from, &key).await })? {
            Err(object_store::Error::NotFound { .. }) => return Ok(false),
            copied => copied.map_err(failed)?,
        }
        self.confirm(to, size_bytes).map(|()| true)
    }

    /// Also when it does not exist.
    pub fn delete(&self, path: &str) -> Result<(), Error> {
        let (store, key) = (self.0.reads.clone(), self.key(path)?);
        match self.wait(async move { store.delete(&key).await })? {
            Err(object_store::Error::NotFound { .. }) => Ok(()),
            deleted => Ok(deleted.map_err(failed)?),
        }
    }

    /// Like [`Bucket::delete`], without waiting for it, and on any thread.
    pub fn delete_later(&self, path: &str) {
        let (Some(runtime), Ok(key)) = (&self.0.runtime, self.key(path)) else {
            return;
        };
        let store = self.0.reads.clone();
        runtime.spawn(async move {
            // What stays is found by a sweep.
            let _ = store.delete(&key).await;
        });
    }

    /// A small object; None when it does not exist or is larger than `most_bytes`.
    pub fn read(&self, path: &str, most_bytes: u64) -> Result<Option<Bytes>, Error> {
        let (store, key) = (self.0.reads.clone(), self.key(path)?);
        let reading = async move {
            let found = store.get(&key).await?;
            if found.meta.size > most_bytes {
                return Ok(None);
            }
            found.bytes().await.map(Some)
        };
        match self.wait(reading)? {
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            read => Ok(read.map_err(failed)?),
        }
    }

    /// Opens an object to read it. One that does not exist is [`std::io::ErrorKind::NotFound`].
    pub fn open(&self, path: &str) -> Result<ObjectReader, Error> {
        let missing = || Error::Io(std::io::ErrorKind::NotFound.into());
        let found = self.find(path)?.ok_or_else(missing)?;
        let key = self.key(path)?;
        Ok(ObjectReader::new(self.clone(), key, &found))
    }

    /// Calls `visit` with the objects below a folder, or below the prefix, in the order of their keys, until it returns false.
    /// `after` is a path that is left out with all before it.
    pub fn each(
        &self,
        folder: Option<&str>,
        after: Option<&str>,
        mut visit: impl FnMut(Object) -> bool,
    ) -> Result<(), Error> {
        let folder = match (folder, self.0.prefix.as_str()) {
            (Some(folder), _) => Some(self.key(folder)?),
            (None, "") => None,
            (None, prefix) => Key::parse(prefix).ok(),
        };
        let after = after.map(|after| self.key(after)).transpose()?;
        let store = self.0.reads.clone();
        let mut objects = match &after {
            Some(after) => store.list_with_offset(folder.as_ref(), after),
            None => store.list(folder.as_ref()),
        };
        loop {
            let reading = async move {
                let mut page = Vec::new();
                while page.len() < PAGE {
                    match objects.next().await {
                        Some(found) => page.push(found),
                        None => break,
                    }
                }
                (page, objects)
            };
            let (page, rest) = self.wait(reading)?;
            objects = rest;
            let is_last = page.len() < PAGE;
            for found in page {
                let found = found.map_err(failed)?;
                if self.object(&found).is_some_and(|found| !visit(found)) {
                    return Ok(());
                }
            }
            if is_last {
                return Ok(());
            }
        }
    }
}

fn failed(error: object_store::Error) -> Error {
    RemoteError::from(error).into()
}

fn builder(
    settings: &BucketSettings,
    credentials: &Credentials,
    max_retries: usize,
) -> AmazonS3Builder {
    let endpoint = settings.endpoint.as_deref().map(|endpoint| {
        let endpoint = endpoint.trim_end_matches('/');
        match endpoint.split_once("://") {
            // With the bucket in the host's name, the library wants it there.
            Some((scheme, host)) if !settings.path_style => {
                format!("{scheme}://{}.{host}", settings.bucket)
            }
            _ => endpoint.to_owned(),
        }
    });
    let mut builder = AmazonS3Builder::new()
        .with_bucket_name(&settings.bucket)
        .with_region(&settings.region)
        .with_virtual_hosted_style_request(!settings.path_style)
        .with_access_key_id(&credentials.key_id)
        .with_secret_access_key(&credentials.secret)
        // Some servers do not know the request for many.
        .with_disable_bulk_delete(true)
        .with_retry(RetryConfig {
            backoff: BackoffConfig {
                init_backoff: Duration::from_millis(100),
                max_backoff: Duration::from_secs(2),
                base: 2.0,
            },
            max_retries,
            retry_timeout: Duration::from_secs(20),
        });
    if let Some(token) = &credentials.session_token {
        builder = builder.with_token(token);
    }
    if let Some(endpoint) = endpoint {
        builder = builder.with_endpoint(endpoint);
    }
    if settings.checksum {
        builder = builder.with_checksum_algorithm(Checksum::SHA256);
    }
    builder
}
