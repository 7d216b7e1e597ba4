//! Style, script and icon, with a hash in their address, so that browsers keep them until they change.

use std::sync::OnceLock;

use axum::extract::Path;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use sha2::{Digest as _, Sha256};

use crate::model::hex;

const FILES: [(&str, &str, &[u8]); 3] = [
    (
        "style.css",
        "text/css; charset=utf-8",
        include_bytes!("../../../assets/style.css"),
    ),
    (
        "app.js",
        "text/javascript; charset=utf-8",
        include_bytes!("../../../assets/app.js"),
    ),
    (
        "icon.svg",
        "image/svg+xml",
        include_bytes!("../../../assets/icon.svg"),
    ),
];

fn version() -> &'static str {
    static VERSION: OnceLock<String> = OnceLock::new();
    VERSION.get_or_init(|| {
        let mut hasher = Sha256::new();
        for (_, _, bytes) in FILES {
            hasher.update(bytes);
        }
        hex(&hasher.finalize()[..6])
    })
}

/// The address of a file.
pub fn address(name: &str) -> String {
    format!("/assets/{}/{name}", version())
}

fn answer(name: &str, caching: &'static str) -> Response {
    let Some((_, mime, bytes)) = FILES.iter().find(|(known, _, _)| *known == name) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(mime)),
        (header::CACHE_CONTROL, HeaderValue::from_static(caching)),
        (
            header::X_CONTENT_TYPE_OPTIONS,
            HeaderValue::from_static("nosniff"),
        ),
    ];
    (headers, *bytes).into_response()
}

/// A page of another version of the program gets the file as it is now, and does not keep it.
pub async fn file(Path((asked, name)): Path<(String, String)>) -> Response {
    let caching = if asked == version() {
        "public, max-age=31536000, immutable"
    } else {
        "no-store"
    };
    answer(&name, caching)
}

pub async fn icon() -> Response {
    answer("icon.svg", "public, max-age=86400")
}
