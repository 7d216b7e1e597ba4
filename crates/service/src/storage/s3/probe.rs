//! Tries what a bucket must be able to do, for `doctor`: some servers that call themselves compatible cannot.

use std::time::Duration;

use bytes::Bytes;
use hyper::header::{DATE, HeaderMap, RANGE};
use hyper::{Method, StatusCode};
use object_store::client::{HttpRequest, HttpRequestBody};
use object_store::signer::Signer as _;

use super::{Bucket, RemoteCause, RemoteError, TransportError, Upload, failed, transport_error};
use crate::clock::{Millis, millis_of_http_date};
use crate::storage::{Error, STAGING, Storage};

/// Above the size of a part, so that it is uploaded in two.
const MULTIPART_BYTES: usize = (8 << 20) + 1;
const SIGNED_FOR: Duration = Duration::from_secs(60);

/// What was found of a bucket. An error is why something could not be tried.
pub struct BucketFindings {
    /// Whether a part of an object is answered as such.
    pub gives_ranges: Result<bool, Error>,
    /// Whether a request without a signature is refused.
    pub is_private: Result<bool, Error>,
    pub multipart: Result<(), Error>,
    /// By how much the server's clock is ahead of the given time.
    pub ahead_ms: Option<Millis>,
}

impl Storage {
    /// None while files are on a disk. `now` is this machine's time. Blocking; uploads some MiB.
    pub fn try_bucket(&self, now: Millis) -> Option<Result<BucketFindings, Error>> {
        let bucket = self.bucket()?;
        let path = |what: &str| {
            let staging = self.stage();
            let name = staging.path().file_name().unwrap_or_default();
            format!("{STAGING}/{}-{what}", name.to_string_lossy())
        };
        Some(bucket.probe(&path("range"), &path("parts"), now))
    }

    /// Whether a bucket takes an upload without a checksum, although the settings ask for one. Blocking.
    pub fn takes_upload_without_checksum(&self) -> bool {
        let name = self
            .stage()
            .path()
            .file_name()
            .map(std::ffi::OsStr::to_owned);
        let path = format!(
            "{STAGING}/{}-plain",
            name.unwrap_or_default().to_string_lossy()
        );
        self.bucket().is_some_and(|bucket| {
            let is_taken = bucket.put_plain(&path).is_ok();
            is_taken && bucket.delete(&path).is_ok()
        })
    }
}

impl Bucket {
    fn probe(&self, path: &str, large: &str, now: Millis) -> Result<BucketFindings, Error> {
        self.put(path, Upload::Bytes(Bytes::from_static(b"0123456789")))?;
        let ranged = self.signed(path).and_then(|url| self.get(url, true));
        let ahead_ms = ranged.as_ref().ok().and_then(|(_, headers)| {
            let date = headers.get(DATE)?.to_str().ok()?;
            Some(millis_of_http_date(date)? - now)
        });
        let findings = BucketFindings {
            gives_ranges: ranged.map(|(status, _)| status == StatusCode::PARTIAL_CONTENT),
            is_private: self.is_private(path),
            multipart: self.probe_parts(large),
            ahead_ms,
        };
        self.delete(path)?;
        Ok(findings)
    }

    fn probe_parts(&self, path: &str) -> Result<(), Error> {
        let file = tempfile::NamedTempFile::new()?;
        std::fs::write(file.path(), vec![b'x'; MULTIPART_BYTES])?;
        let upload = Upload::File {
            path: file.path().to_owned(),
            size_bytes: MULTIPART_BYTES as u64,
        };
        let tried = self.put(path, upload);
        // Also when it failed: it may be there.
        let deleted = self.delete(path);
        tried.and(deleted)
    }

    fn is_private(&self, path: &str) -> Result<bool, Error> {
        let url = self.signed(path)?;
        let url = url.split('?').next().unwrap_or_default().to_owned();
        match self.get(url, false) {
            Ok(_) => Ok(false),
            // Not every server says 403.
            Err(Error::Remote(error)) if error.is_refusal() => Ok(true),
            Err(error) => Err(error),
        }
    }

    /// An address with a signature, which is a secret while it lasts.
    fn signed(&self, path: &str) -> Result<String, Error> {
        let (store, key) = (self.0.writes.clone(), self.key(path)?);
        let signing = async move { store.signed_url(Method::GET, &key, SIGNED_FOR).await };
        Ok(self.wait(signing)?.map_err(failed)?.to_string())
    }

    fn get(&self, url: String, is_part: bool) -> Result<(StatusCode, HeaderMap), Error> {
        let transport = self.0.transport.clone();
        let mut request = HttpRequest::new(HttpRequestBody::empty());
        let unusable = |_| Error::from(RemoteError::of(RemoteCause::Other));
        *request.uri_mut() = url.parse().map_err(unusable)?;
        if is_part {
            let range = hyper::header::HeaderValue::from_static("bytes=2-5");
            request.headers_mut().insert(RANGE, range);
        }
        let answer = self.wait(async move { transport.send(request).await })?;
        let answer = answer.map_err(|error| match transport_error(&error) {
            Some(found) => RemoteError::from(found),
            None => RemoteError::of(RemoteCause::Other),
        })?;
        if answer.status() == StatusCode::NOT_FOUND {
            return Err(
                RemoteError::from(std::sync::Arc::new(TransportError::Refused {
                    status: 404,
                    code: String::new(),
                }))
                .into(),
            );
        }
        Ok((answer.status(), answer.headers().clone()))
    }
}

#[cfg(test)]
mod tests {
    use super::super::{BucketSettings, Credentials};
    use super::*;

    #[test]
    fn the_bucket_is_in_the_path_or_in_the_name_of_the_host() {
        let credentials = Credentials {
            key_id: "id".to_owned(),
            secret: "secret".to_owned(),
            session_token: None,
        };
        for (endpoint, path_style, expected) in [
            (
                Some("http://s3.local:9000/"),
                true,
                "http://s3.local:9000/bkt/a%20b/x~%25.ogg",
            ),
            (
                Some("http://s3.local:9000"),
                false,
                "http://bkt.s3.local:9000/a%20b/x~%25.ogg",
            ),
            (
                None,
                true,
                "https://s3.sa-east-1.amazonaws.com/bkt/a%20b/x~%25.ogg",
            ),
            (
                None,
                false,
                "https://bkt.s3.sa-east-1.amazonaws.com/a%20b/x~%25.ogg",
            ),
        ] {
            let settings = BucketSettings {
                bucket: "bkt".to_owned(),
                prefix: "a b".to_owned(),
                endpoint: endpoint.map(str::to_owned),
                region: "sa-east-1".to_owned(),
                path_style,
                ..BucketSettings::default()
            };
            let bucket = Bucket::connect(&settings, &credentials).unwrap();
            let signed = bucket.signed("x~%.ogg").unwrap();
            assert_eq!(signed.split('?').next(), Some(expected));
            assert!(signed.contains("X-Amz-Signature") && !signed.contains("secret"));
        }
    }
}
