//! Errors of the API: a status, a stable code, a message and a hint in the language of the request.

use std::sync::Arc;

use axum::Json;
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use crate::i18n::explain::explain_for;
use crate::i18n::{Explanation, Language, Reader, TextKey, keys};
use crate::telemetry;

/// Why a request was not answered.
#[derive(Clone, Debug)]
pub struct ApiError {
    status: StatusCode,
    text: Text,
    header: Option<(HeaderName, String)>,
}

#[derive(Clone, Debug)]
enum Text {
    Key(TextKey, Vec<(&'static str, String)>),
    Detailed(TextKey, Box<Detail>),
    Of(Arc<dyn std::error::Error + Send + Sync>),
}

/// What is wrong with a parameter or a body.
#[derive(Clone, Debug)]
pub enum Detail {
    Said(TextKey, Vec<(&'static str, String)>),
    /// Of a field.
    In(&'static str, Arc<dyn std::error::Error + Send + Sync>),
}

impl Detail {
    pub fn with(key: TextKey, name: &'static str, value: impl ToString) -> Self {
        Self::Said(key, vec![(name, value.to_string())])
    }

    fn text(&self, reader: Reader, lang: Language) -> String {
        match self {
            Self::Said(key, values) => lang.fill_for(reader, *key, &borrowed(values)),
            Self::In(field, error) => {
                let message = explain_for(reader, error.as_ref(), lang).message;
                match reader {
                    Reader::Page => message,
                    Reader::Api | Reader::Program => format!("{field}: {message}"),
                }
            }
        }
    }
}

impl From<TextKey> for Detail {
    fn from(key: TextKey) -> Self {
        Self::Said(key, Vec::new())
    }
}

fn borrowed<'v>(values: &'v [(&'static str, String)]) -> Vec<(&'v str, &'v dyn std::fmt::Display)> {
    let values = values.iter();
    values
        .map(|(name, value)| (*name, value as &dyn std::fmt::Display))
        .collect()
}

pub type Result<T, E = ApiError> = std::result::Result<T, E>;

/// The body of every error.
#[derive(Serialize, utoipa::ToSchema)]
pub struct ErrorBody {
    error: ErrorDetail,
}

#[derive(Serialize, utoipa::ToSchema)]
struct ErrorDetail {
    /// Stable, such as `media_not_found`.
    code: String,
    /// For people, in the language of the request.
    message: String,
    /// The suggested next step, for people.
    hint: Option<String>,
    /// Of `cursor_expired`: the first event that is kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    first_seq: Option<i64>,
    /// Of `cursor_unknown`: the last event.
    #[serde(skip_serializing_if = "Option::is_none")]
    last_seq: Option<i64>,
}

impl ApiError {
    pub fn new(status: StatusCode, key: TextKey) -> Self {
        Self::with(status, key, Vec::new())
    }

    pub fn with(status: StatusCode, key: TextKey, values: Vec<(&'static str, String)>) -> Self {
        Self {
            status,
            text: Text::Key(key, values),
            header: None,
        }
    }

    pub fn header(self, name: HeaderName, value: impl ToString) -> Self {
        Self {
            header: Some((name, value.to_string())),
            ..self
        }
    }

    pub fn not_found(key: TextKey) -> Self {
        Self::new(StatusCode::NOT_FOUND, key)
    }

    /// A parameter or a body that cannot be used.
    pub fn bad(key: TextKey, detail: impl Into<Detail>) -> Self {
        Self {
            status: StatusCode::BAD_REQUEST,
            text: Text::Detailed(key, Box::new(detail.into())),
            header: None,
        }
    }

    pub fn conflict(key: TextKey) -> Self {
        Self::new(StatusCode::CONFLICT, key)
    }

    pub fn unavailable() -> Self {
        let error = Self::new(StatusCode::SERVICE_UNAVAILABLE, keys::api::UNAVAILABLE);
        error.header(header::RETRY_AFTER, 5)
    }

    /// Too much of the same work waits.
    pub fn busy() -> Self {
        let error = Self::new(StatusCode::SERVICE_UNAVAILABLE, keys::api::BUSY);
        error.header(header::RETRY_AFTER, 5)
    }

    /// The error of an operation, with its own text.
    pub fn of(status: StatusCode, error: impl std::error::Error + Send + Sync + 'static) -> Self {
        Self {
            status,
            text: Text::Of(Arc::new(error)),
            header: None,
        }
    }

    /// A fault of the server; logged here.
    pub fn internal(error: &(dyn std::error::Error + 'static)) -> Self {
        let error = telemetry::chain(error);
        tracing::error!(error, "a request to the API failed");
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, keys::api::INTERNAL)
    }

    /// What is wrong with a parameter; None when that is not what is wrong, and for a value that is none of some codes or ids, for
    /// which pages have words of their own.
    pub fn detail(&self, lang: Language) -> Option<String> {
        use keys::api::{DETAIL_NO_NUMBER, DETAIL_NONE_OF, DETAIL_UNUSABLE};
        match &self.text {
            Text::Detailed(_, detail) => match &**detail {
                Detail::Said(DETAIL_NONE_OF | DETAIL_NO_NUMBER | DETAIL_UNUSABLE, _) => None,
                detail => Some(detail.text(Reader::Page, lang)),
            },
            _ => None,
        }
    }

    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// A further header of the answer.
    pub fn extra_header(&self) -> Option<(&HeaderName, &str)> {
        let header = self.header.as_ref();
        header.map(|(name, value)| (name, value.as_str()))
    }

    pub fn explanation(&self, reader: Reader, lang: Language) -> Explanation {
        let said = |key: &TextKey, values: &[(&str, &dyn std::fmt::Display)]| Explanation {
            code: key.code(),
            message: lang.fill_for(reader, *key, values),
            hint: lang.hint_for(reader, *key, values),
        };
        match &self.text {
            Text::Of(error) => explain_for(reader, error.as_ref(), lang),
            Text::Detailed(key, detail) => said(key, &[("detail", &detail.text(reader, lang))]),
            Text::Key(key, values) => {
                let is_named = |name: &str| reader == Reader::Page && name == "role";
                let values = values.iter().map(|(name, value)| match *name {
                    name if is_named(name) => (name, lang.label(value).to_owned()),
                    name => (name, value.clone()),
                });
                said(key, &borrowed(&values.collect::<Vec<_>>()))
            }
        }
    }

    /// A value of the text, for programs.
    fn number(&self, wanted: &str) -> Option<i64> {
        let Text::Key(_, values) = &self.text else {
            return None;
        };
        let value = values.iter().find(|(name, _)| *name == wanted);
        value.and_then(|(_, value)| value.parse().ok())
    }

    fn response(&self, reader: Reader, lang: Language) -> Response {
        let Explanation {
            code,
            message,
            hint,
        } = self.explanation(reader, lang);
        let error = ErrorDetail {
            code,
            message,
            hint,
            first_seq: self.number("first_seq"),
            last_seq: self.number("last_seq"),
        };
        let mut response = (self.status, Json(ErrorBody { error })).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some((name, value)) = &self.header
            && let Ok(value) = HeaderValue::from_str(value)
        {
            headers.insert(name, value);
        }
        response
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let mut response = self.response(Reader::Api, Language::English);
        response.extensions_mut().insert(self);
        response
    }
}

impl From<crate::db::Error> for ApiError {
    fn from(error: crate::db::Error) -> Self {
        if error.is_uncertain() {
            let error = telemetry::chain(&error);
            tracing::error!(
                error,
                "it is not known whether a request to the API was committed"
            );
            // Who sends it again without looking may do it twice.
            let status = StatusCode::SERVICE_UNAVAILABLE;
            return Self::new(status, keys::api::COMMIT_UNCERTAIN);
        }
        if error.is_unavailable() {
            // A database that is not at its path is logged once, where that is detected.
            if error.displaced().is_none() {
                tracing::warn!(
                    error = telemetry::chain(&error),
                    "a request to the API cannot be answered now"
                );
            }
            return Self::unavailable();
        }
        if matches!(error, crate::db::Error::TooSlow) {
            return Self::new(StatusCode::SERVICE_UNAVAILABLE, keys::api::QUERY_TOO_SLOW);
        }
        Self::internal(&error)
    }
}

/// For a caller of one client.
pub fn scope_too_small() -> ApiError {
    ApiError::new(StatusCode::FORBIDDEN, keys::api::SCOPE_TOO_SMALL)
}

/// The script of the dashboard sends it.
const PAGE_HEADER: HeaderName = HeaderName::from_static("x-midiateca-page");

fn reader_of(headers: &HeaderMap) -> Reader {
    if headers.contains_key(PAGE_HEADER) {
        Reader::Page
    } else {
        Reader::Api
    }
}

/// Writes errors for the reader and in the language that the request prefers.
pub async fn translate(request: Request, next: Next) -> Response {
    let lang = language_of(request.headers());
    let reader = reader_of(request.headers());
    let response = next.run(request).await;
    match response.extensions().get::<ApiError>() {
        Some(error) if (reader, lang) != (Reader::Api, Language::English) => {
            let mut translated = error.response(reader, lang);
            translated.extensions_mut().insert(error.clone());
            translated
        }
        _ => response,
    }
}

/// The first known language of `Accept-Language`; weights are not compared.
pub fn language_of(headers: &HeaderMap) -> Language {
    let header = headers.get(header::ACCEPT_LANGUAGE);
    let list = header.and_then(|value| value.to_str().ok()).unwrap_or("");
    let names = list.split(',').map(|name| name.split(';').next());
    let mut known = names.filter_map(|name| Language::of_locale(name?.trim()));
    known.next().unwrap_or_default()
}

pub async fn page_not_found() -> ApiError {
    ApiError::not_found(keys::api::PAGE_NOT_FOUND)
}

pub async fn wrong_method() -> ApiError {
    ApiError::new(StatusCode::METHOD_NOT_ALLOWED, keys::api::WRONG_METHOD)
}
