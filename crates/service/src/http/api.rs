//! The HTTP API `/api/v1`, its OpenAPI document at `/openapi.json`, its manual at `/docs`, and signed links.

mod ascii_name;
pub mod caller;
mod content;
mod docs;
mod error;
mod fields;
pub(super) mod filter;
mod limits;
mod live_keys;
mod openapi;
pub(super) mod page;
pub(super) mod query;
mod reads;
mod runs;
pub(super) mod v1;
mod zip_stream;

use axum::Router;
use axum::extract::{MatchedPath, Request};
use axum::http::Method;
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::HttpState;
use crate::i18n::keys as texts;
use error::Detail;
pub(super) use error::language_of;
pub use error::{ApiError, scope_too_small};
pub(super) use error::{page_not_found, wrong_method};
pub use limits::RateLimits;
pub use live_keys::LiveKeys;
pub use openapi::document;
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
    OpenApiRouter::with_openapi(openapi::head())
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

/// Refuses parameters where none is known, as the other operations do: a filter must not be ignored.
async fn refuse_unknown_parameters(request: Request, next: Next) -> Response {
    let query = request.uri().query().filter(|query| !query.is_empty());
    let path = request.extensions().get::<MatchedPath>();
    if let (Some(query), Some(path)) = (query, path) {
        let method = match *request.method() {
            Method::HEAD => Method::GET,
            ref method => method.clone(),
        };
        if openapi::without_query().contains(&(method, path.as_str().to_owned())) {
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
