//! Signing in and out, setting a password by a link, and the choice of language and theme.

use std::collections::HashMap;

use askama::Template;
use axum::body::Body;
use axum::extract::{FromRequest, Path, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Redirect, Response};

use super::frame::{Frame, answer, failed};
use super::visitor::{Visitor, next_of};
use crate::access::users::{self, SetupFor};
use crate::http::HttpState;
use crate::http::api::{ApiError, v1};
use crate::http::session;
use crate::i18n::keys::dashboard as words;
use crate::i18n::{Explanation, Reader};
use crate::ops::users::{Setup, SignedIn, UserError};

/// Of a form; no field of ours is longer.
const LONGEST_FORM: usize = 16 * 1_024;

/// The fields of a form that a browser sent.
pub struct Form {
    parts: Parts,
    fields: HashMap<String, String>,
}

impl Form {
    fn field(&self, name: &str) -> &str {
        self.fields.get(name).map_or("", String::as_str)
    }
}

impl FromRequest<HttpState> for Form {
    type Rejection = StatusCode;

    async fn from_request(request: Request<Body>, _: &HttpState) -> Result<Self, StatusCode> {
        let (parts, body) = request.into_parts();
        let bytes = axum::body::to_bytes(body, LONGEST_FORM).await;
        let bytes = bytes.map_err(|_| StatusCode::PAYLOAD_TOO_LARGE)?;
        let fields = url::form_urlencoded::parse(&bytes).into_owned().collect();
        Ok(Self { parts, fields })
    }
}

#[derive(Template)]
#[template(path = "sign_in.html")]
struct SignInPage {
    frame: Frame,
    name: String,
    next: String,
    /// Why it was refused.
    error: Option<Explanation>,
    /// Signing in works from here.
    is_private: bool,
}

fn sign_in_page(
    parts: &Parts,
    state: &HttpState,
    name: &str,
    next: &str,
    error: Option<&ApiError>,
) -> Response {
    let frame = Frame::new(parts, state, None);
    let page = SignInPage {
        name: name.to_owned(),
        next: next_of(next),
        error: error.map(|error| error.explanation(Reader::Page, frame.lang)),
        is_private: session::private(parts, state).is_some(),
        frame,
    };
    let status = error.map_or(StatusCode::OK, ApiError::status);
    answer(status, &page)
}

fn next_in(parts: &Parts) -> String {
    let query = parts.uri.query().unwrap_or("").as_bytes();
    let mut pairs = url::form_urlencoded::parse(query);
    let next = pairs.find(|(name, _)| name == "next");
    next.map_or_else(|| "/".to_owned(), |(_, next)| next_of(&next))
}

pub async fn page(State(state): State<HttpState>, parts: Parts) -> Response {
    let next = next_in(&parts);
    sign_in_page(&parts, &state, "", &next, None)
}

fn signed_in(private: session::Private, signed_in: &SignedIn, next: &str) -> Response {
    let mut response = Redirect::to(next).into_response();
    let cookie = private.set_cookie(&signed_in.token);
    response.headers_mut().insert(header::SET_COOKIE, cookie);
    response
}

pub async fn sign_in(State(state): State<HttpState>, form: Form) -> Response {
    let (name, next) = (form.field("name"), next_of(form.field("next")));
    let checking = async {
        let private = session::check_sign_in(&form.parts, &state)?;
        let password = form.field("password");
        let begun = v1::session::checked(&state, &form.parts, name, password).await?;
        Ok((private, begun))
    };
    match checking.await {
        Ok((private, begun)) => signed_in(private, &begun, &next),
        Err(error) => sign_in_page(&form.parts, &state, name, &next, Some(&error)),
    }
}

pub async fn sign_out(State(state): State<HttpState>, visitor: Visitor, form: Form) -> Response {
    if let Err(error) = v1::session::end(&state, &visitor.grant).await {
        return failed(visitor.frame, &error);
    }
    let mut response = Redirect::to("/sign-in").into_response();
    if let Some(private) = session::private(&form.parts, &state) {
        let cookie = private.set_cookie("");
        response.headers_mut().insert(header::SET_COOKIE, cookie);
    }
    response
}

#[derive(Template)]
#[template(path = "setup.html")]
struct SetupPage {
    frame: Frame,
    /// None for the first administrator, who chooses it.
    name: Option<String>,
    token: String,
    error: Option<Explanation>,
    /// Signing in works from here.
    is_private: bool,
}

async fn setup_page(
    state: &HttpState,
    parts: &Parts,
    token: String,
    error: Option<ApiError>,
) -> Response {
    let frame = Frame::new(parts, state, None);
    let found = users::setup_link(&state.app.db, &token, state.app.clock.now()).await;
    let found = match found {
        Ok(Some(found)) => found,
        Ok(None) => return failed(frame, &UserError::Link.into()),
        Err(error) => return failed(frame, &error.into()),
    };
    let page = SetupPage {
        name: match found {
            SetupFor::FirstAdmin => None,
            SetupFor::User(user) => Some(user.name),
        },
        token,
        is_private: session::private(parts, state).is_some(),
        error: error
            .as_ref()
            .map(|error| error.explanation(Reader::Page, frame.lang)),
        frame,
    };
    let status = error.map_or(StatusCode::OK, |error| error.status());
    answer(status, &page)
}

pub async fn setup(
    State(state): State<HttpState>,
    Path(token): Path<String>,
    parts: Parts,
) -> Response {
    setup_page(&state, &parts, token, None).await
}

pub async fn set_up(
    State(state): State<HttpState>,
    Path(token): Path<String>,
    form: Form,
) -> Response {
    let setting = async {
        let private = session::check_sign_in(&form.parts, &state)?;
        if form.field("password") != form.field("again") {
            return Err(ApiError::new(
                StatusCode::BAD_REQUEST,
                crate::i18n::keys::api::PASSWORDS_DIFFER,
            ));
        }
        let name = form.fields.get("name").cloned();
        let setup = Setup {
            token: token.clone(),
            name: name.filter(|name| !name.trim().is_empty()),
            password: form.field("password").to_owned(),
        };
        let begun = v1::session::use_link(&state, &form.parts, setup).await?;
        Ok((private, begun))
    };
    match setting.await {
        Ok((private, begun)) => signed_in(private, &begun, "/"),
        Err(error) => setup_page(&state, &form.parts, token, Some(error)).await,
    }
}

/// Remembers language and theme in the browser.
pub async fn set_preferences(State(state): State<HttpState>, form: Form) -> Response {
    if let Err(error) = session::check_own_page(&form.parts, &state) {
        return failed(Frame::new(&form.parts, &state, None), &error);
    }
    let mut response = Redirect::to(&next_of(form.field("next"))).into_response();
    for (name, known) in [
        ("lang", &["en", "pt-BR"][..]),
        ("theme", &["light", "dark", "system"]),
    ] {
        let chosen = form.field(name);
        if known.contains(&chosen) {
            let cookie =
                format!("{name}={chosen}; Path=/; Max-Age=31536000; SameSite=Lax; HttpOnly");
            if let Ok(cookie) = HeaderValue::try_from(cookie) {
                response.headers_mut().append(header::SET_COOKIE, cookie);
            }
        }
    }
    response
}

#[derive(Template)]
#[template(path = "account.html")]
struct AccountPage {
    frame: Frame,
}

/// The person's own password and sessions.
pub async fn account(visitor: Visitor) -> Response {
    let page = AccountPage {
        frame: visitor.frame,
    };
    answer(StatusCode::OK, &page)
}
