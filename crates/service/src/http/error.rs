//! Errors of the HTTP server: a status, a stable code, a sentence, a hint.

use std::fmt::Display;

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use crate::i18n::keys::hooks;
use crate::i18n::{Language, TextKey};

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

/// How a webhook was answered, as an extension of its answer, for the figures.
#[derive(Clone, Copy)]
pub(super) struct Outcome(pub &'static str);

impl Error {
    fn outcome(&self) -> Outcome {
        Outcome(match self {
            Self::WrongToken
            | Self::WrongSignature
            | Self::WrongVerifyToken
            | Self::OtherInstance
            | Self::UnknownInstance => "refused",
            Self::BodyTooLarge { .. } => "too_large",
            Self::BodyIncomplete => "incomplete",
            Self::Unavailable => "unavailable",
            Self::UnknownGateway | Self::UnknownEncoding | Self::NoSuchPage | Self::WrongMethod => {
                "invalid"
            }
        })
    }

    pub(super) fn status(&self) -> StatusCode {
        match self {
            Self::WrongToken
            | Self::WrongSignature
            | Self::OtherInstance
            | Self::UnknownInstance => StatusCode::UNAUTHORIZED,
            Self::WrongVerifyToken => StatusCode::FORBIDDEN,
            Self::UnknownGateway | Self::NoSuchPage => StatusCode::NOT_FOUND,
            Self::BodyTooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            Self::UnknownEncoding => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::BodyIncomplete | Self::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
            Self::WrongMethod => StatusCode::METHOD_NOT_ALLOWED,
        }
    }

    fn text(&self) -> TextKey {
        match self {
            Self::WrongToken => hooks::WRONG_TOKEN,
            Self::WrongSignature => hooks::WRONG_SIGNATURE,
            Self::WrongVerifyToken => hooks::WRONG_VERIFY_TOKEN,
            Self::OtherInstance => hooks::TOKEN_OF_ANOTHER_INSTANCE,
            Self::UnknownInstance => hooks::UNKNOWN_INSTANCE,
            Self::UnknownGateway => hooks::UNKNOWN_GATEWAY,
            Self::BodyTooLarge { .. } => hooks::BODY_TOO_LARGE,
            Self::UnknownEncoding => hooks::UNKNOWN_ENCODING,
            Self::BodyIncomplete => hooks::BODY_INCOMPLETE,
            Self::Unavailable => hooks::UNAVAILABLE,
            Self::NoSuchPage => hooks::PAGE_NOT_FOUND,
            Self::WrongMethod => hooks::WRONG_METHOD,
        }
    }

    fn document(&self) -> Value {
        let Self::BodyTooLarge { limit_bytes } = self else {
            return document(self.text(), &[]);
        };
        let mut document = document(self.text(), &[("limit", limit_bytes)]);
        document["error"]["limit"] = json!(limit_bytes);
        document
    }
}

/// The answer with this text, in English: gateways are programs.
pub(super) fn document(text: TextKey, values: &[(&str, &dyn Display)]) -> Value {
    let lang = Language::English;
    json!({"error": {"code": text.code(), "message": lang.fill(text, values), "hint": lang.hint(text, values)}})
}

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        let status = self.status();
        let mut response = (status, Json(self.document())).into_response();
        response.extensions_mut().insert(self.outcome());
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
