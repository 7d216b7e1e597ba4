//! The HTTP API `/api/v1`, its OpenAPI document at `/openapi.json`, its manual at `/docs`, and signed links.

pub mod caller;
mod content;
mod docs;
mod error;
mod fields;
pub(super) mod filter;
mod limits;
mod live_keys;
pub(super) mod page;
pub(super) mod query;
mod reads;
mod runs;
pub(super) mod v1;
mod zip_stream;

use std::collections::HashSet;
use std::sync::{Arc, OnceLock};

use axum::Router;
use axum::extract::{MatchedPath, Request};
use axum::http::Method;
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use utoipa::openapi::extensions::Extensions;
use utoipa::openapi::path::{Operation, Parameter, ParameterIn};
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{InfoBuilder, OpenApi, OpenApiBuilder, RefOr, SecurityRequirement};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::HttpState;
use crate::i18n::keys as texts;
use crate::ops::dossier::PublicKey;
use error::Detail;
pub(super) use error::language_of;
pub use error::{ApiError, scope_too_small};
pub(super) use error::{page_not_found, wrong_method};
pub use limits::RateLimits;
pub use live_keys::LiveKeys;
pub use reads::RecentReads;
pub use runs::Runs;
pub(in crate::http) use runs::load as load_runs;

const BASE: &str = "/api/v1";

fn described() -> OpenApiRouter<HttpState> {
    let v1 = OpenApiRouter::new()
        .routes(routes!(v1::media::list))
        .routes(routes!(v1::archive::get))
        .routes(routes!(v1::media::get))
        .routes(routes!(v1::media::attempts))
        .routes(routes!(v1::dossier::of_media))
        .routes(routes!(v1::dossier::of_filter))
        .routes(routes!(v1::dossier::key))
        .routes(routes!(v1::media::file))
        .routes(routes!(v1::previews::thumbnail))
        .routes(routes!(v1::previews::waveform))
        .routes(routes!(v1::media::retry))
        .routes(routes!(v1::media::dismiss))
        .routes(routes!(v1::links::every))
        .routes(routes!(v1::links::create))
        .routes(routes!(v1::links::list, v1::links::revoke_all))
        .routes(routes!(v1::links::revoke_one))
        .routes(routes!(v1::bulk::list, v1::bulk::create))
        .routes(routes!(v1::bulk::get, v1::bulk::stop))
        .routes(routes!(v1::chats::list))
        .routes(routes!(v1::chats::get))
        .routes(routes!(v1::clients::list, v1::clients::create))
        .routes(routes!(
            v1::clients::get,
            v1::clients::rename,
            v1::clients::remove
        ))
        .routes(routes!(v1::instances::list, v1::instances::create))
        .routes(routes!(
            v1::instances::get,
            v1::instances::change,
            v1::instances::remove
        ))
        .routes(routes!(v1::instances::rotate))
        .routes(routes!(
            v1::instances::webhooks,
            v1::instances::set_webhooks
        ))
        .routes(routes!(v1::deliveries::list))
        .routes(routes!(v1::deliveries::get))
        .routes(routes!(v1::deliveries::replay))
        .routes(routes!(v1::endpoints::list, v1::endpoints::create))
        .routes(routes!(
            v1::endpoints::get,
            v1::endpoints::change,
            v1::endpoints::remove
        ))
        .routes(routes!(v1::endpoints::rotate))
        .routes(routes!(v1::endpoints::test))
        .routes(routes!(v1::endpoints::notifications))
        .routes(routes!(v1::endpoints::notification))
        .routes(routes!(v1::endpoints::resend))
        .routes(routes!(v1::endpoints::recover))
        .routes(routes!(v1::endpoints::replay_missing))
        .routes(routes!(v1::events::list))
        .routes(routes!(v1::audit::list))
        .routes(routes!(v1::reports::status))
        .routes(routes!(v1::reports::check))
        .routes(routes!(v1::reports::health))
        .routes(routes!(v1::reports::stats))
        .routes(routes!(v1::reports::usage));
    OpenApiRouter::with_openapi(head())
        .nest(BASE, v1.merge(administration()))
        .routes(routes!(v1::links::open))
}

/// Keys, users and holds.
fn administration() -> OpenApiRouter<HttpState> {
    OpenApiRouter::new()
        .routes(routes!(v1::keys::list, v1::keys::create))
        .routes(routes!(v1::keys::get, v1::keys::revoke))
        .routes(routes!(v1::holds::list, v1::holds::create))
        .routes(routes!(v1::holds::get, v1::holds::release))
        .routes(routes!(v1::users::list, v1::users::create))
        .routes(routes!(
            v1::users::get,
            v1::users::change,
            v1::users::remove
        ))
        .routes(routes!(v1::users::setup_link))
        .routes(routes!(v1::users::take_password))
        .routes(routes!(
            v1::session::get,
            v1::session::sign_in,
            v1::session::sign_out
        ))
        .routes(routes!(v1::session::change_password))
        .routes(routes!(v1::session::sign_out_everywhere))
        .routes(routes!(v1::session::set_up))
}

fn head() -> OpenApi {
    let info = InfoBuilder::new()
        .title("midiateca")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(
            "Media that arrived on a company's WhatsApp numbers. Each request has an API key (`midiateca key create NAME`) as \
             bearer token; what the key may not see is 404. Times are RFC 3339 in UTC, sizes bytes, durations milliseconds.\n\n\
             A key or a user has a role: a viewer reads, an operator also acts on media, deliveries and endpoints, an administrator \
             may do everything, within one client or all. Each operation says which role it needs.\n\n\
             Lists are pages, newest first: `next` is the `cursor` of the next page, and null on the last one.\n\n\
             Every error has the body `ErrorBody`, in the language of `Accept-Language` (en or pt-BR); programs compare its code. \
             Any operation may answer 400 `bad_query`, `bad_body` or `bad_cursor`, 401 `missing_key` or `invalid_key`, 403 \
             `role_too_low` or `scope_too_small`, 404 for what is not there or not the caller's, 413 `too_large`, 415 `wrong_type`, \
             429 `too_many_requests`, and 503 `unavailable` or `busy`; 429 and 503 have the seconds to wait in `Retry-After`.",
        ))
        .build();
    let mut document = OpenApiBuilder::new()
        .info(info)
        .security(Some(
            ["key", "session"].map(|name| SecurityRequirement::new(name, Vec::<String>::new())),
        ))
        .build();
    let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build();
    let components = document.components.get_or_insert_default();
    components.add_security_scheme("key", SecurityScheme::Http(bearer));
    let cookie = ApiKeyValue::with_description(
        "midiateca",
        "A signed-in user; over https the name is `__Host-midiateca`.",
    );
    let cookie = SecurityScheme::ApiKey(ApiKey::Cookie(cookie));
    components.add_security_scheme("session", cookie);
    document
}

fn documented() -> &'static OpenApi {
    static DOCUMENT: OnceLock<OpenApi> = OnceLock::new();
    DOCUMENT.get_or_init(|| {
        let mut document = described().into_openapi();
        let mut ids = HashSet::new();
        for (address, path) in &mut document.paths.paths {
            let operations = [
                &mut path.get,
                &mut path.put,
                &mut path.post,
                &mut path.patch,
                &mut path.delete,
            ];
            for operation in operations.into_iter().flatten() {
                say_role(operation);
                name(operation, address, &mut ids);
                // Errors of the service have the same body as those of requests.
                let responses = &mut operation.responses.responses;
                if let Some(error) = responses.get("4XX").cloned() {
                    responses.insert("5XX".to_owned(), error);
                }
                for (status, response) in responses {
                    if let RefOr::T(response) = response
                        && response.description.is_empty()
                    {
                        response.description = usual_description(status).to_owned();
                    }
                }
            }
        }
        document
    })
}

/// Generated clients need ids that no other operation has: the tag and the function, with the address where two have the same.
fn name(operation: &mut Operation, address: &str, ids: &mut HashSet<String>) {
    let tag = operation.tags.iter().flatten().next();
    let function = operation.operation_id.as_deref().unwrap_or_default();
    let id = tag.map_or_else(|| function.to_owned(), |tag| format!("{tag}_{function}"));
    let is_new = ids.insert(id.clone());
    let last = address.rsplit('/').find(|part| !part.contains('{'));
    let last = last.unwrap_or_default().replace(['.', '-'], "_");
    operation.operation_id = Some(if is_new { id } else { format!("{id}_{last}") });
}

/// OpenAPI requires a description of each response.
fn usual_description(status: &str) -> &'static str {
    match status {
        "200" => "Done",
        "201" => "Made",
        "202" => "Begun",
        "204" => "Done, without a body",
        "206" => "A part of the file",
        "304" => "Unchanged",
        "4XX" => "Refused: the code says why",
        "5XX" => "Not possible now: the code says why",
        _ => "See the description of the operation",
    }
}

/// The role is in the security requirement, which tools may not show.
fn say_role(operation: &mut Operation) {
    let required = operation.security.iter().flatten().next();
    let required = required.and_then(|required| serde_json::to_value(required).ok());
    let role = required.as_ref().and_then(|it| it["key"][0].as_str());
    if let Some(role) = role {
        let needed = format!("Needs the role `{role}`.");
        let known = operation.description.take();
        let description =
            known.map_or_else(|| needed.clone(), |known| format!("{known}\n\n{needed}"));
        operation.description = Some(description);
    }
}

/// The OpenAPI document, as JSON.
pub fn document() -> &'static Arc<str> {
    static DOCUMENT: OnceLock<Arc<str>> = OnceLock::new();
    DOCUMENT.get_or_init(|| {
        let text = documented().to_pretty_json();
        text.unwrap_or_default().into()
    })
}

/// The OpenAPI document of an installation, with the key that signs its dossiers.
fn document_of(key: PublicKey) -> String {
    let mut document = documented().clone();
    let key = Extensions::builder().add("x-dossier-key", key.to_string());
    document.info.extensions = Some(key.build());
    document.to_pretty_json().unwrap_or_default()
}

/// The operations that take no parameters in their query: method and path.
fn without_query() -> &'static HashSet<(Method, String)> {
    static KNOWN: OnceLock<HashSet<(Method, String)>> = OnceLock::new();
    KNOWN.get_or_init(|| {
        let mut known = HashSet::new();
        for (path, item) in &documented().paths.paths {
            let operations = [
                (Method::GET, &item.get),
                (Method::PUT, &item.put),
                (Method::POST, &item.post),
                (Method::PATCH, &item.patch),
                (Method::DELETE, &item.delete),
            ];
            for (method, operation) in operations {
                let Some(operation) = operation else {
                    continue;
                };
                let parameters = operation.parameters.iter().flatten();
                let is_of_query = |parameter: &RefOr<Parameter>| {
                    matches!(parameter, RefOr::T(it) if it.parameter_in == ParameterIn::Query)
                };
                if path.starts_with(BASE) && !parameters.into_iter().any(is_of_query) {
                    known.insert((method, path.clone()));
                }
            }
        }
        known
    })
}

/// Refuses parameters where none is known, as the other operations do: a filter must not be ignored.
async fn refuse_unknown_parameters(request: Request, next: Next) -> Response {
    let query = request.uri().query().filter(|query| !query.is_empty());
    let path = request.extensions().get::<MatchedPath>();
    if let (Some(query), Some(path)) = (query, path) {
        let method = match *request.method() {
            Method::HEAD => Method::GET,
            ref method => method.clone(),
        };
        if without_query().contains(&(method, path.as_str().to_owned())) {
            let mut names = url::form_urlencoded::parse(query.as_bytes());
            let name = names
                .next()
                .map_or_else(String::new, |(name, _)| name.into_owned());
            let detail = Detail::with(texts::api::DETAIL_UNKNOWN, "name", name);
            return ApiError::bad(texts::api::BAD_QUERY, detail).into_response();
        }
    }
    next.run(request).await
}

pub(super) fn router() -> Router<HttpState> {
    let (router, _) = described().split_for_parts();
    let unknown = Router::new()
        .route("/api", axum::routing::any(error::page_not_found))
        .route("/api/{*rest}", axum::routing::any(error::page_not_found));
    router
        .merge(unknown)
        .method_not_allowed_fallback(error::wrong_method)
        .route("/openapi.json", get(docs::openapi))
        .route("/docs", get(docs::page))
        .layer(from_fn(refuse_unknown_parameters))
        .layer(from_fn(error::translate))
}
