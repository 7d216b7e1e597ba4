//! Parameters and bodies of requests: what is unknown or wrong is an error and never ignored.

use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use serde::de::{DeserializeOwned, Error as _, Unexpected};
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};
use utoipa::IntoParams;

use super::error::{ApiError, Detail, Result};
use super::fields;
use crate::http::HttpState;
use crate::i18n::keys as texts;

/// Two sets of parameters from one query.
pub struct Query<A, B = None>(pub A, pub B);

/// No further parameters.
#[derive(Default, Deserialize)]
pub struct None {}

impl IntoParams for None {
    fn into_params(
        _: impl Fn() -> Option<utoipa::openapi::path::ParameterIn>,
    ) -> Vec<utoipa::openapi::path::Parameter> {
        Vec::new()
    }
}

impl<A, B> FromRequestParts<HttpState> for Query<A, B>
where
    A: DeserializeOwned + IntoParams,
    B: DeserializeOwned + IntoParams,
{
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &HttpState) -> Result<Self> {
        of_text(parts.uri.query().unwrap_or(""))
    }
}

/// The parameters of a query.
pub fn of_text<A, B>(query: &str) -> Result<Query<A, B>>
where
    A: DeserializeOwned + IntoParams,
    B: DeserializeOwned + IntoParams,
{
    read(query).map_err(|detail| ApiError::bad(texts::api::BAD_QUERY, detail))
}

/// The parameters that a set has.
pub fn names<P: IntoParams>() -> Vec<String> {
    let params = P::into_params(|| Option::None);
    params.into_iter().map(|param| param.name).collect()
}

fn read<A, B>(query: &str) -> Result<Query<A, B>, Detail>
where
    A: DeserializeOwned + IntoParams,
    B: DeserializeOwned + IntoParams,
{
    let (first, second) = (names::<A>(), names::<B>());
    let (mut of_first, mut of_second) = (Map::new(), Map::new());
    for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
        let (name, value) = (name.into_owned(), value.into_owned());
        let fields = match () {
            () if first.contains(&name) => &mut of_first,
            () if second.contains(&name) => &mut of_second,
            () => return Err(Detail::with(texts::api::DETAIL_UNKNOWN, "name", name)),
        };
        if fields.insert(name.clone(), Value::String(value)).is_some() {
            return Err(Detail::with(texts::api::DETAIL_TWICE, "name", name));
        }
    }
    Ok(Query(fields::read(of_first)?, fields::read(of_second)?))
}

/// A JSON body.
pub struct Body<T>(pub T);

impl<T: DeserializeOwned> FromRequest<HttpState> for Body<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &HttpState) -> Result<Self> {
        if !is_json(request.headers()) {
            let status = StatusCode::UNSUPPORTED_MEDIA_TYPE;
            return Err(ApiError::new(status, texts::api::WRONG_TYPE));
        }
        let body = Bytes::from_request(request, state).await;
        let body = body.map_err(|error| unread(error.status()))?;
        let body: Value = serde_json::from_slice(&body).map_err(|error| no_json(&error))?;
        // A list of values would be taken for the fields in their order.
        let Value::Object(body) = body else {
            return Err(ApiError::bad(
                texts::api::BAD_BODY,
                texts::api::DETAIL_NO_OBJECT,
            ));
        };
        let body = fields::read(body);
        body.map(Self)
            .map_err(|error| ApiError::bad(texts::api::BAD_BODY, error))
    }
}

/// Whether a body is JSON by its type, as axum takes it.
fn is_json(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE);
    let kind = kind.and_then(|kind| kind.to_str().ok()).unwrap_or("");
    let kind = kind.split(';').next().unwrap_or("").trim();
    let kind = kind.to_ascii_lowercase();
    kind.strip_prefix("application/")
        .is_some_and(|kind| kind == "json" || kind.ends_with("+json"))
}

fn unread(status: StatusCode) -> ApiError {
    match status {
        StatusCode::PAYLOAD_TOO_LARGE => ApiError::new(status, texts::api::TOO_LARGE),
        _ => ApiError::bad(texts::api::BAD_BODY, texts::api::DETAIL_UNREADABLE),
    }
}

fn no_json(error: &serde_json::Error) -> ApiError {
    let values = [("line", error.line()), ("column", error.column())];
    let values = values.map(|(name, value)| (name, value.to_string()));
    let detail = Detail::Said(texts::api::DETAIL_NO_JSON, values.to_vec());
    ApiError::bad(texts::api::BAD_BODY, detail)
}

/// A JSON body that may be left out.
pub struct OptionalBody<T>(pub T);

impl<T: DeserializeOwned + Default> FromRequest<HttpState> for OptionalBody<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &HttpState) -> Result<Self> {
        if http_body::Body::is_end_stream(request.body()) {
            return Ok(Self(T::default()));
        }
        Body::<T>::from_request(request, state)
            .await
            .map(|body| Self(body.0))
    }
}

/// A number, or its digits in a text, as in a query.
pub fn number<'de, D, N>(deserializer: D) -> Result<Option<N>, D::Error>
where
    D: Deserializer<'de>,
    N: std::str::FromStr + TryFrom<i64>,
{
    let value = Value::deserialize(deserializer)?;
    let number = match &value {
        Value::Null => return Ok(Option::None),
        Value::Number(number) => number.as_i64().and_then(|number| N::try_from(number).ok()),
        Value::String(text) => text.parse().ok(),
        _ => Option::None,
    };
    let wrong = || D::Error::invalid_value(Unexpected::Other("value"), &fields::WHOLE_NUMBER);
    number.map(Some).ok_or_else(wrong)
}

/// A list in a text, which has a limit of its own.
pub fn list<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    match Value::deserialize(deserializer)? {
        Value::String(text) if !text.contains('\0') => Ok(Some(text)),
        _ => Err(D::Error::custom("not a list")),
    }
}

/// `true` or `false`, also as a text.
pub fn flag<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    match Value::deserialize(deserializer)? {
        Value::Bool(flag) => Ok(flag),
        Value::String(text) if text == "true" => Ok(true),
        Value::String(text) if text == "false" => Ok(false),
        _ => Err(D::Error::invalid_value(
            Unexpected::Other("value"),
            &fields::FLAG,
        )),
    }
}

/// `1` or `0`, or as in [`flag`].
pub fn bit<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    match Value::deserialize(deserializer)?.as_str() {
        Some("1" | "true") => Ok(true),
        Some("0" | "false") => Ok(false),
        _ => Err(D::Error::invalid_value(
            Unexpected::Other("value"),
            &fields::BIT,
        )),
    }
}

/// A code of a closed set whose type is another crate's.
macro_rules! code {
    ($name:ident, $type:ty, $all:expr) => {
        fn $name<'de, D: serde::Deserializer<'de>>(
            deserializer: D,
        ) -> Result<Option<$type>, D::Error> {
            let Some(text) = Option::<String>::deserialize(deserializer)? else {
                return Ok(None);
            };
            static KNOWN: std::sync::LazyLock<Vec<&str>> =
                std::sync::LazyLock::new(|| $all.iter().map(|code| code.as_str()).collect());
            let wrong = || serde::de::Error::unknown_variant(&text, &KNOWN);
            <$type>::parse(&text).map(Some).ok_or_else(wrong)
        }
    };
}
pub(super) use code;

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Deserialize, IntoParams)]
    struct Some_ {
        #[serde(default, deserialize_with = "number")]
        client: Option<i64>,
        name: Option<String>,
    }

    #[test]
    fn unknown_wrong_and_repeated_parameters_are_errors() {
        let read = |query| super::read::<Some_, None>(query).map(|query| query.0);
        let found = read("client=5&name=a%20b").unwrap();
        assert_eq!(
            (found.client, found.name.as_deref()),
            (Some(5), Some("a b"))
        );
        assert_eq!(read("").unwrap().client, Option::None);
        for wrong in [
            "client=x",
            "client=99999999999999999999",
            "client=",
            "other=1",
            "name=a&name=b",
            "name=%00",
        ] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }
}
