//! Parameters and bodies of requests: what is unknown or wrong is an error and never ignored.

use axum::extract::rejection::JsonRejection;
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::StatusCode;
use axum::http::request::Parts;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};
use utoipa::IntoParams;

use super::error::{ApiError, Detail, Result};
use crate::http::HttpState;
use crate::i18n::keys as texts;

/// Two sets of parameters from one query.
pub struct Query<A, B = None>(pub A, pub B);

/// No further parameters.
#[derive(Deserialize)]
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
        if value.contains('\0') {
            return Err(Detail::with(texts::api::DETAIL_NUL, "name", name));
        }
        let fields = match () {
            () if first.contains(&name) => &mut of_first,
            () if second.contains(&name) => &mut of_second,
            () => return Err(Detail::with(texts::api::DETAIL_UNKNOWN, "name", name)),
        };
        if fields.insert(name.clone(), Value::String(value)).is_some() {
            return Err(Detail::with(texts::api::DETAIL_TWICE, "name", name));
        }
    }
    let error = |error: serde_json::Error| Detail::Technical(error.to_string());
    Ok(Query(
        serde_json::from_value(Value::Object(of_first)).map_err(error)?,
        serde_json::from_value(Value::Object(of_second)).map_err(error)?,
    ))
}

/// A JSON body.
pub struct Body<T>(pub T);

impl<T: DeserializeOwned> FromRequest<HttpState> for Body<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &HttpState) -> Result<Self> {
        let body = axum::Json::<Value>::from_request(request, state).await;
        let axum::Json(body) = body.map_err(|error| bad_body(&error))?;
        // A list of values would be taken for the fields in their order.
        if !body.is_object() {
            return Err(ApiError::bad(
                texts::api::BAD_BODY,
                texts::api::DETAIL_NO_OBJECT,
            ));
        }
        let body = serde_json::from_value(body);
        let wrong = |error: serde_json::Error| {
            ApiError::bad(texts::api::BAD_BODY, Detail::Technical(error.to_string()))
        };
        body.map(Self).map_err(wrong)
    }
}

fn bad_body(error: &JsonRejection) -> ApiError {
    let status = error.status();
    match status {
        StatusCode::PAYLOAD_TOO_LARGE => return ApiError::new(status, texts::api::TOO_LARGE),
        StatusCode::UNSUPPORTED_MEDIA_TYPE => {
            return ApiError::new(status, texts::api::WRONG_TYPE);
        }
        _ => {}
    }
    ApiError::bad(texts::api::BAD_BODY, Detail::Technical(error.body_text()))
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
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Number {
        Whole(i64),
        Text(String),
        Null,
    }
    let wrong = || serde::de::Error::custom("not a whole number in range");
    match Number::deserialize(deserializer)? {
        Number::Whole(number) => N::try_from(number).map(Some).map_err(|_| wrong()),
        Number::Text(text) => text.parse().map(Some).map_err(|_| wrong()),
        Number::Null => Ok(Option::None),
    }
}

/// `true` or `false`, also as a text.
pub fn flag<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    match Value::deserialize(deserializer)? {
        Value::Bool(flag) => Ok(flag),
        Value::String(text) if text == "true" => Ok(true),
        Value::String(text) if text == "false" => Ok(false),
        _ => Err(serde::de::Error::custom("neither true nor false")),
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
            <$type>::parse(&text).map(Some).ok_or_else(|| {
                let known: Vec<_> = $all.iter().map(|code| code.as_str()).collect();
                serde::de::Error::custom(crate::model::unknown_code(&text, &known))
            })
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
