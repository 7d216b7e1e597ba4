//! What an object storage answers instead of doing what was asked.

use std::sync::Arc;

use super::transport::TransportError;

crate::model::codes! {
    /// Why an object storage failed, as far as an operator can do something about it.
    RemoteCause {
        /// The credentials are wrong, or may not do it.
        Denied "denied",
        NoBucket "no_bucket",
        /// No connection, also because of a certificate.
        Unreachable "unreachable",
        TimedOut "timed_out",
        /// It asks for fewer requests, or is out of service.
        Busy "busy",
        /// The bucket is in another region, or at another address.
        WrongRegion "wrong_region",
        /// This machine's clock differs too much from the server's.
        ClockSkew "clock_skew",
        /// The answer, or what it stored, has not the length that it should have.
        Incomplete "incomplete",
        /// It does not know a request or a header.
        Unsupported "unsupported",
        Other "other",
    }
}

/// Never has an address, a key or a part of an object's name.
#[derive(Clone, Debug, thiserror::Error)]
#[error("the object storage failed ({})", cause.as_str())]
pub struct RemoteError {
    pub cause: RemoteCause,
    #[source]
    source: Option<Arc<TransportError>>,
}

impl RemoteError {
    /// Whether the server answered that it does not do it, for whatever reason.
    pub(super) fn is_refusal(&self) -> bool {
        let source = self.source.as_deref();
        matches!(
            source,
            Some(TransportError::Refused {
                status: 400..=499,
                ..
            })
        )
    }

    pub fn of(cause: RemoteCause) -> Self {
        Self {
            cause,
            source: None,
        }
    }
}

impl From<Arc<TransportError>> for RemoteError {
    fn from(error: Arc<TransportError>) -> Self {
        Self {
            cause: cause_of(&error),
            source: Some(error),
        }
    }
}

impl From<object_store::Error> for RemoteError {
    fn from(error: object_store::Error) -> Self {
        let found = transport_error(&error);
        let cause = match (&found, &error) {
            (Some(found), _) => cause_of(found),
            (
                None,
                object_store::Error::PermissionDenied { .. }
                | object_store::Error::Unauthenticated { .. },
            ) => RemoteCause::Denied,
            // An answer without the requested range, among others.
            (None, object_store::Error::NotSupported { .. }) => RemoteCause::Unsupported,
            (None, _) => RemoteCause::Other,
        };
        Self {
            cause,
            source: found,
        }
    }
}

/// The error of our client in the chain of the library's.
pub(super) fn transport_error(
    error: &(dyn std::error::Error + 'static),
) -> Option<Arc<TransportError>> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref::<Arc<TransportError>>() {
            return Some(Arc::clone(found));
        }
        next = error.source();
    }
    None
}

/// The codes are those of <https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html>.
fn cause_of(error: &TransportError) -> RemoteCause {
    let (status, code) = match error {
        TransportError::Connect(_) => return RemoteCause::Unreachable,
        TransportError::TimedOut => return RemoteCause::TimedOut,
        TransportError::Broken(_) | TransportError::CutShort(_) => return RemoteCause::Incomplete,
        TransportError::Refused { status, code } => (*status, code.as_str()),
    };
    match (status, code) {
        (_, "NoSuchBucket") => RemoteCause::NoBucket,
        (_, "RequestTimeTooSkewed" | "RequestExpired") => RemoteCause::ClockSkew,
        (_, "AuthorizationHeaderMalformed" | "PermanentRedirect" | "TemporaryRedirect")
        | (300..=399, _) => RemoteCause::WrongRegion,
        (_, "SlowDown" | "RequestLimitExceeded" | "Throttling") | (429 | 503, _) => {
            RemoteCause::Busy
        }
        (_, "RequestTimeout") => RemoteCause::TimedOut,
        (_, "BadDigest" | "IncompleteBody" | "XAmzContentSHA256Mismatch") => {
            RemoteCause::Incomplete
        }
        (401 | 403, _) => RemoteCause::Denied,
        (501, _) | (_, "NotImplemented" | "InvalidArgument") => RemoteCause::Unsupported,
        _ => RemoteCause::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cause_is_that_of_status_and_code() {
        for (status, code, cause) in [
            (403, "AccessDenied", RemoteCause::Denied),
            (403, "SignatureDoesNotMatch", RemoteCause::Denied),
            (403, "", RemoteCause::Denied),
            (403, "RequestTimeTooSkewed", RemoteCause::ClockSkew),
            (404, "NoSuchBucket", RemoteCause::NoBucket),
            (301, "PermanentRedirect", RemoteCause::WrongRegion),
            (307, "", RemoteCause::WrongRegion),
            (
                400,
                "AuthorizationHeaderMalformed",
                RemoteCause::WrongRegion,
            ),
            (503, "SlowDown", RemoteCause::Busy),
            (503, "", RemoteCause::Busy),
            (400, "BadDigest", RemoteCause::Incomplete),
            (501, "NotImplemented", RemoteCause::Unsupported),
            (500, "InternalError", RemoteCause::Other),
        ] {
            let code = code.to_owned();
            let error = TransportError::Refused { status, code };
            assert_eq!(cause_of(&error), cause, "{error}");
        }
        assert_eq!(cause_of(&TransportError::TimedOut), RemoteCause::TimedOut);
    }
}
