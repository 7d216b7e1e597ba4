//! The rules of publishing, for a bucket: verified bytes are uploaded under a name that has a part of their hash, so that a
//! second upload changes nothing, and a node that lost its claim replaces nothing.

use futures_util::StreamExt as _;
use futures_util::stream;
use wa_media::Verified;

use super::layout::RelativePath;
use super::s3::{Bucket, RemoteCause, RemoteError, Upload};
use super::{Error, NamedStaging, Published, REQUESTS_AT_ONCE, STAGING, Staging, Storage};

impl Storage {
    /// The path that verified bytes get, of the one that their message makes.
    pub fn path_of(&self, path: RelativePath, sha256: &[u8; 32]) -> RelativePath {
        if self.is_remote() {
            path.with_hash(sha256)
        } else {
            path
        }
    }

    /// Like [`Storage::publish`]. `same` is copied by the server.
    pub(super) fn publish_object(
        &self,
        mut staging: Staging,
        verified: &Verified,
        path: &RelativePath,
        same: Option<&RelativePath>,
    ) -> Result<Published, Error> {
        self.verify()?;
        let bucket = self.expect_bucket()?;
        let is_like = |same: &&RelativePath| *same != path && same.has_hash(verified.sha256());
        if let Some(same) = same.filter(is_like) {
            // A server that cannot copy gets the bytes.
            let copied = bucket.copy(same.as_str(), path.as_str(), verified.size_bytes());
            if matches!(copied, Ok(true)) {
                return Ok(Published::Done);
            }
        }
        bucket.put(path.as_str(), staging.upload()?)?;
        Ok(Published::Done)
    }

    /// Like [`Storage::publish_together`]; several at once, and one that fails does not stop the others.
    pub(super) async fn publish_objects(
        &self,
        files: Vec<NamedStaging>,
    ) -> Vec<Result<Published, Error>> {
        let publishing = files.into_iter().map(|file| {
            self.blocking(move |storage| {
                storage.publish_object(file.staging, &file.verified, &file.path, None)
            })
        });
        stream::iter(publishing)
            .buffered(REQUESTS_AT_ONCE)
            .collect()
            .await
    }

    /// Like [`Storage::second`].
    pub(super) fn second_object(
        &self,
        existing: &str,
        sha256: &[u8; 32],
    ) -> Result<Option<Staging>, Error> {
        let mut staging = self.stage();
        match self.fetch(existing, &mut staging) {
            Ok(found) if found == *sha256 => Ok(Some(staging)),
            Ok(_) => Ok(None),
            Err(error) if error.is_missing() => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Like [`Storage::probe`], with an object.
    pub(super) fn probe_bucket(&self, mut staging: Staging) -> Result<(), Error> {
        self.verify()?;
        // The disk of staged files has to work, too.
        staging.write_to_file()?;
        let bucket = self.expect_bucket()?;
        let name = staging.path().file_name().unwrap_or_default();
        let path = format!("{STAGING}/{}-probe", name.to_string_lossy());
        bucket.put(&path, Upload::Bytes(b"midiateca".as_slice().into()))?;
        let back = bucket.read(&path, 64)?;
        bucket.delete(&path)?;
        if back.as_deref() == Some(b"midiateca".as_slice()) {
            Ok(())
        } else {
            Err(RemoteError::of(RemoteCause::Incomplete).into())
        }
    }

    fn expect_bucket(&self) -> Result<&Bucket, Error> {
        let none = || Error::Io(std::io::ErrorKind::Unsupported.into());
        self.bucket().ok_or_else(none)
    }
}
