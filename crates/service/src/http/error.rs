//! Errors of the HTTP server: a status, a stable code, a sentence, a hint.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;

/// Every error that the HTTP server answers.
#[derive(Debug)]
pub enum Error {
    /// No token, or an unknown one.
    WrongToken,
    /// The token is valid, but the delivery is not signed with the instance's secret.
    WrongSignature,
    /// The verify token of a subscription is wrong.
    WrongVerifyToken,
    /// The token is valid, but the body names another instance.
    OtherInstance,
    /// The body or address names an instance that does not exist.
    UnknownInstance,
    /// The address names an unknown gateway.
    UnknownGateway,
    /// The body is over the limit.
    BodyTooLarge {
        limit_bytes: usize,
    },
    /// The body has an unknown `Content-Encoding`.
    UnknownEncoding,
    /// The body came too slowly or broke off.
    BodyIncomplete,
    /// Cannot commit now, or too many requests at once.
    Unavailable,
    NoSuchPage,
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
            Self::WrongSignature => (
                StatusCode::UNAUTHORIZED,
                "wrong_signature",
                "the delivery is not signed with the secret of this instance".to_owned(),
                "correct the secret with `midiateca instance add ID --client N --secret-env VAR`, then run `midiateca deliveries replay`",
            ),
            Self::WrongVerifyToken => (
                StatusCode::FORBIDDEN,
                "wrong_verify_token",
                "the verify token is not that of this instance".to_owned(),
                "the verify token is the last part of the webhook address, or the secret of the instance",
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
                "the address is /hooks/{gateway}/{token}, with a gateway of `midiateca instance add --help`, or auto",
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
                "the request cannot be committed now; nothing was stored".to_owned(),
                "send it again after the seconds in Retry-After",
            ),
            Self::NoSuchPage => (
                StatusCode::NOT_FOUND,
                "page_not_found",
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
    /// Nothing was committed, so every database error asks the gateway to try again.
    fn from(error: crate::db::Error) -> Self {
        // A database that is not at its path is logged once, where that is detected.
        if error.displaced().is_none() {
            tracing::error!(
                error = crate::telemetry::chain(&error),
                "the request cannot be committed"
            );
        }
        Self::Unavailable
    }
}

pub(super) async fn page_not_found() -> Error {
    Error::NoSuchPage
}

pub(super) async fn wrong_method() -> Error {
    Error::WrongMethod
}
