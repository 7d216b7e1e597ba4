//! Errors outside the dashboard's own pages, as pages for those who see them in a browser.

use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};

use super::frame::{Frame, failed};
use crate::http::api::ApiError;
use crate::http::{HttpState, error};

/// Whether the request comes from a browser that shows the answer to a person.
fn shows_pages(headers: &HeaderMap) -> bool {
    let accepted = headers.get_all(header::ACCEPT).iter();
    let mut accepted = accepted.filter_map(|value| value.to_str().ok());
    accepted.any(|types| types.contains("text/html"))
}

async fn page(state: &HttpState, parts: &Parts, error: &ApiError) -> Response {
    failed(Frame::of_anyone(parts, state).await, error)
}

/// An address that nothing has.
pub async fn page_not_found(State(state): State<HttpState>, parts: Parts) -> Response {
    let is_read = matches!(parts.method, Method::GET | Method::HEAD);
    if !is_read || !shows_pages(&parts.headers) {
        return error::page_not_found().await.into_response();
    }
    let error = crate::http::api::page_not_found().await;
    page(&state, &parts, &error).await
}

/// A form of a page that needs the script, sent without it.
pub async fn wrong_method(State(state): State<HttpState>, parts: Parts) -> Response {
    if !shows_pages(&parts.headers) {
        return error::wrong_method().await.into_response();
    }
    let error = crate::http::api::wrong_method().await;
    page(&state, &parts, &error).await
}

/// Shows why a signed link does not open.
pub async fn explain_links(
    State(state): State<HttpState>,
    request: Request,
    next: Next,
) -> Response {
    let is_for_person = request.uri().path().starts_with("/m/") && shows_pages(request.headers());
    if !is_for_person {
        return next.run(request).await;
    }
    let (parts, body) = request.into_parts();
    let seen = parts.clone();
    let response = next.run(Request::from_parts(parts, body)).await;
    match response.extensions().get::<ApiError>() {
        Some(error) => page(&state, &seen, &error.clone()).await,
        None => response,
    }
}
