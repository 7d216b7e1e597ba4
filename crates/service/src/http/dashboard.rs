//! The dashboard: pages for people, made on the server from what the API answers to the same person.
//!
//! Promises: a page shows what the API shows within the person's scope, and nothing else; received texts are escaped;
//! no script or style comes from elsewhere or from a page's text. Actions are requests of the page's script to the API.

mod assets;
mod browser;
mod chats;
mod document;
pub(super) mod dossier;
mod failures;
mod form;
mod frame;
mod gallery;
mod manage;
mod media;
mod media_item;
mod overview;
mod panel;
mod sign_in;
mod visitor;

use axum::Router;
use axum::routing::{get, post};

use super::HttpState;

pub(super) use browser::{explain_links, page_not_found};

pub(super) fn router() -> Router<HttpState> {
    Router::new()
        .route("/", get(overview::page))
        .route("/media", get(gallery::page))
        .route("/media/{id}", get(media::page))
        .route("/chats", get(chats::list))
        .route("/chats/{client}/{chat}", get(chats::page))
        .route("/failures", get(failures::page))
        .route("/deliveries", get(manage::deliveries))
        .route("/deliveries/{id}", get(manage::delivery))
        .route("/instances", get(manage::instances))
        .route("/instances/{id}", get(manage::instance))
        .route("/instances/{id}/gateway", get(manage::gateway))
        .route("/clients/{id}", get(manage::client))
        .route("/endpoints", get(manage::endpoints))
        .route("/endpoints/{id}", get(manage::endpoint))
        .route(
            "/endpoints/{id}/notifications/{notification}",
            get(manage::notification),
        )
        .route("/access", get(manage::access))
        .route("/links", get(manage::links))
        .route("/holds", get(manage::holds))
        .route("/audit", get(manage::audit))
        .route("/health", get(manage::health))
        .route("/sign-in", get(sign_in::page).post(sign_in::sign_in))
        .route("/sign-out", post(sign_in::sign_out))
        .route("/setup/{token}", get(sign_in::setup).post(sign_in::set_up))
        .route("/account", get(sign_in::account))
        .route("/preferences", post(sign_in::set_preferences))
        .route("/favicon.ico", get(assets::icon))
        .route("/assets/{version}/{name}", get(assets::file))
        .method_not_allowed_fallback(browser::wrong_method)
}
