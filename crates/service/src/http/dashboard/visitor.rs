//! Who opens a page: a person who is signed in, or else the page for signing in.

use axum::extract::FromRequestParts;
use axum::http::Method;
use axum::http::request::Parts;
use axum::response::{IntoResponse as _, Redirect, Response};

use super::frame::{Frame, failed};
use crate::access::Grant;
use crate::http::HttpState;
use crate::http::api::caller;
use crate::instances;

/// A signed-in person, and the frame of the page.
pub struct Visitor {
    pub grant: Grant,
    pub frame: Frame,
}

/// The path to come back to: of this site only.
pub fn next_of(address: &str) -> String {
    let is_own = address.starts_with('/')
        && !address.starts_with("//")
        && !address.contains(['\\', '\r', '\n', '\t']);
    if is_own {
        address.to_owned()
    } else {
        "/".to_owned()
    }
}

fn to_sign_in(parts: &Parts) -> Response {
    let address = parts.uri.path_and_query();
    let address = address.map_or("/", |address| address.as_str());
    let is_page = matches!(parts.method, Method::GET | Method::HEAD);
    if address == "/" || !is_page {
        return Redirect::to("/sign-in").into_response();
    }
    let next: String = url::form_urlencoded::byte_serialize(address.as_bytes()).collect();
    Redirect::to(&format!("/sign-in?next={next}")).into_response()
}

impl FromRequestParts<HttpState> for Visitor {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, state: &HttpState) -> Result<Self, Response> {
        let frame = |person| Frame::new(parts, state, person);
        let (grant, user) = match caller::user_of_session(parts, state).await {
            Ok(Some(found)) => found,
            Ok(None) => return Err(to_sign_in(parts)),
            Err(error) => return Err(failed(frame(None), &error)),
        };
        let mut frame = frame(Some(user.into()));
        // A page is of use without the names.
        let clients = instances::every_client(&state.app.db).await;
        let clients = clients.unwrap_or_default().into_iter();
        let visible = clients.filter(|client| grant.scope.includes(client.id));
        frame.client_names = visible.map(|client| (client.id, client.name)).collect();
        Ok(Self { frame, grant })
    }
}

#[cfg(test)]
mod tests {
    use super::next_of;

    #[test]
    fn only_paths_of_this_site_are_gone_back_to() {
        assert_eq!(next_of("/media?kind=audio"), "/media?kind=audio");
        for foreign in [
            "//evil.example",
            "https://evil.example",
            "",
            "media",
            "/\\evil.example",
            "/\tx",
        ] {
            assert_eq!(next_of(foreign), "/", "{foreign}");
        }
    }
}
