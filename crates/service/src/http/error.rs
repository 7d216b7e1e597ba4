//! Refusals: a status, a stable code, one plain sentence, a hint.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;

/// Everything the API refuses with.
#[derive(Debug)]
pub enum Error {
    /// No token, or none that is known.
    WrongToken,
    /// The token is right, but the body names an instance that it does not belong to.
    OtherInstance,
    /// The body or address names an instance that does not exist.
    UnknownInstance,
    /// The address names a gateway that is not known.
    UnknownGateway,
    /// The body is over the limit.
    BodyTooLarge {
        /// The limit.
        limit_bytes: usize,
    },
    /// The body has a `Content-Encoding` that is not known.
    UnknownEncoding,
    /// The body came too slowly or broke off.
    BodyIncomplete,
    /// Cannot commit now, or too much at once.
    Unavailable,
    /// Nothing is at this address.
    NoSuchPage,
    /// Something is, but not with this method.
    WrongMethod,
}

impl Error {
    pub(super) fn status(&self) -> StatusCode {
        self.parts().0
    }

    fn parts(&self) -> (StatusCode, &'static str, String, &'static str) {
        match self {
            Self::WrongToken => (
                StatusCode::UNAUTHORIZED,
                "wrong_token",
                "the webhook token is missing or wrong".to_owned(),
                "paste the address that `midiateca instance rotate-hook ID` prints into the gateway's panel",
            ),
            Self::OtherInstance => (
                StatusCode::UNAUTHORIZED,
                "token_of_another_instance",
                "the body names an instance to which this token does not belong".to_owned(),
                "each instance has its own webhook address",
            ),
            Self::UnknownInstance => (
                StatusCode::UNAUTHORIZED,
                "unknown_instance",
                "no such instance is known here".to_owned(),
                "add it with `midiateca instance add ID --client N`",
            ),
            Self::UnknownGateway => (
                StatusCode::NOT_FOUND,
                "unknown_gateway",
                "no such gateway is known here".to_owned(),
                "the address is /hooks/wapi/{token}",
            ),
            Self::BodyTooLarge { limit_bytes } => (
                StatusCode::PAYLOAD_TOO_LARGE,
                "body_too_large",
                format!("the body is larger than {limit_bytes} bytes"),
                "http.max_body sets the limit",
            ),
            Self::UnknownEncoding => (
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "unknown_encoding",
                "the body has a Content-Encoding that is not known here".to_owned(),
                "send it with one of those in Accept-Encoding, or with none",
            ),
            Self::BodyIncomplete => (
                StatusCode::SERVICE_UNAVAILABLE,
                "body_incomplete",
                "the body did not arrive in time or broke off".to_owned(),
                "send it again",
            ),
            Self::Unavailable => (
                StatusCode::SERVICE_UNAVAILABLE,
                "unavailable",
                "this cannot be committed now, and nothing was taken".to_owned(),
                "send it again after the seconds in Retry-After",
            ),
            Self::NoSuchPage => (
                StatusCode::NOT_FOUND,
                "no_such_page",
                "there is nothing at this address".to_owned(),
                "webhooks go to /hooks/{gateway}/{token}",
            ),
            Self::WrongMethod => (
                StatusCode::METHOD_NOT_ALLOWED,
                "wrong_method",
                "this address takes another method".to_owned(),
                "webhooks are sent with POST",
            ),
        }
    }
}

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        let (status, code, message, hint) = self.parts();
        let mut body = json!({"error": {"code": code, "message": message, "hint": hint}});
        if let Self::BodyTooLarge { limit_bytes } = self {
            body["error"]["limit"] = json!(limit_bytes);
        }
        let mut response = (status, Json(body)).into_response();
        if matches!(self, Self::UnknownEncoding) {
            let accepted = HeaderValue::from_static(super::encoding::ACCEPTED);
            response
                .headers_mut()
                .insert(header::ACCEPT_ENCODING, accepted);
        }
        if status == StatusCode::SERVICE_UNAVAILABLE {
            response
                .headers_mut()
                .insert(header::RETRY_AFTER, HeaderValue::from_static("5"));
        }
        response
    }
}

impl From<crate::db::Error> for Error {
    /// Whatever the database says, the gateway should try again: nothing was committed.
    fn from(error: crate::db::Error) -> Self {
        // A database that is not at its path is logged once, where that is found.
        if error.displaced().is_none() {
            tracing::error!(
                error = crate::telemetry::chain(&error),
                "the request cannot be committed"
            );
        }
        Self::Unavailable
    }
}

pub(super) async fn no_such_page() -> Error {
    Error::NoSuchPage
}

pub(super) async fn wrong_method() -> Error {
    Error::WrongMethod
}
