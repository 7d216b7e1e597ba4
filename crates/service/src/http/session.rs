//! Signed-in browsers: the cookie of a session, the connections that may carry it, and requests that other sites cause.
//!
//! Promises: a cookie is given and accepted over https, or from this machine, only; a request that changes something counts
//! only when no other site sent it.

use std::net::SocketAddr;
use std::time::Duration;

use axum::extract::ConnectInfo;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use url::Url;

use super::HttpState;
use super::api::ApiError;
use super::client_address::{ClientAddress, ClientNetwork, is_trusted};
use crate::access::users::{self, Session};
use crate::db::Key;
use crate::i18n::keys::api as texts;
use crate::net::loopback::{is_loopback_host, is_loopback_ip};
use crate::telemetry;

/// For recording the use of a session.
const PATIENCE: Duration = Duration::from_secs(1);

/// A connection that no one else can read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Private {
    /// A trusted proxy says so.
    Https,
    /// Without a proxy, from this machine to an address of this machine.
    Loopback,
}

impl Private {
    /// Browsers accept a name that begins with `__Host-` only with Secure and for the whole host.
    fn cookie_name(self) -> &'static str {
        match self {
            Self::Https => "__Host-midiateca",
            Self::Loopback => "midiateca",
        }
    }

    fn scheme(self) -> &'static str {
        match self {
            Self::Https => "https",
            Self::Loopback => "http",
        }
    }

    /// The value of `Set-Cookie`. It ends with the browser's own session at last; the server knows when.
    pub fn set_cookie(self, token: &str) -> HeaderValue {
        let secure = match self {
            Self::Https => "; Secure",
            Self::Loopback => "",
        };
        let end = if token.is_empty() {
            "; Max-Age=0"
        } else {
            "; Max-Age=2592000"
        };
        let text = format!(
            "{}={token}; Path=/; HttpOnly; SameSite=Lax{end}{secure}",
            self.cookie_name()
        );
        let value = HeaderValue::try_from(text);
        value.unwrap_or_else(|_| HeaderValue::from_static(""))
    }
}

fn text_of<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

/// None for a connection that others may read.
pub(super) fn private(parts: &Parts, state: &HttpState) -> Option<Private> {
    let ConnectInfo(peer) = parts.extensions.get::<ConnectInfo<SocketAddr>>()?;
    let ClientAddress(client) = parts.extensions.get()?;
    let lines = parts.headers.get_all("x-forwarded-proto");
    let last = lines.iter().next_back().and_then(|line| line.to_str().ok());
    let proto = last.and_then(|line| line.rsplit(',').next()).map(str::trim);
    if is_trusted(peer.ip(), &state.trusted_proxies)
        && proto.is_some_and(|proto| proto.eq_ignore_ascii_case("https"))
    {
        return Some(Private::Https);
    }
    let host = text_of(&parts.headers, "host")?;
    // A proxy on this machine that says so, but not for whom it sends.
    let is_of_proxy = |name: &str| {
        ["via", "forwarded", "x-real-ip"].contains(&name) || name.starts_with("x-forwarded-")
    };
    let is_proxied = parts.headers.keys().any(|name| is_of_proxy(name.as_str()));
    let is_loopback = is_loopback_ip(peer.ip())
        && is_loopback_ip(*client)
        && is_loopback_host(host)
        && !is_proxied;
    is_loopback.then_some(Private::Loopback)
}

/// For signing in: refuses connections that others may read, and requests of other sites.
pub(super) fn check_sign_in(parts: &Parts, state: &HttpState) -> Result<Private, ApiError> {
    let private = private(parts, state);
    let private = private
        .ok_or_else(|| ApiError::new(StatusCode::FORBIDDEN, texts::CONNECTION_NOT_PRIVATE))?;
    check_origin(parts, state, private)?;
    Ok(private)
}

/// The network of a request.
pub(super) fn network(parts: &Parts) -> Option<ClientNetwork> {
    let ClientAddress(address) = parts.extensions.get()?;
    Some(ClientNetwork::from(*address))
}

/// Counts an attempt to sign in; an error when its network has made too many.
pub(super) fn count_attempt(parts: &Parts, state: &HttpState) -> Result<(), ApiError> {
    network(parts).map_or(Ok(()), |network| state.limits.count_sign_in(network))
}

/// Refuses a request of another site's page that changes what a browser remembers.
pub(super) fn check_own_page(parts: &Parts, state: &HttpState) -> Result<(), ApiError> {
    let private = private(parts, state).unwrap_or(Private::Loopback);
    check_origin(parts, state, private)
}

/// Whether a link on another site led here.
pub(super) fn is_cross_site(headers: &HeaderMap) -> bool {
    text_of(headers, "sec-fetch-site").is_some_and(|site| !matches!(site, "same-origin" | "none"))
}

/// Refuses a request that changes something and that another site's page sent. Browsers send at least one of the two
/// headers with it, other programs none.
fn check_origin(parts: &Parts, state: &HttpState, private: Private) -> Result<(), ApiError> {
    if matches!(parts.method, Method::GET | Method::HEAD | Method::OPTIONS) {
        return Ok(());
    }
    let is_own = match text_of(&parts.headers, "origin") {
        Some(origin) => is_own_origin(origin, parts, state, private),
        None if parts.headers.contains_key(header::ORIGIN) => false,
        None => match text_of(&parts.headers, "sec-fetch-site") {
            Some(site) => matches!(site, "same-origin" | "none"),
            None => !parts.headers.contains_key("sec-fetch-site"),
        },
    };
    if is_own {
        return Ok(());
    }
    Err(ApiError::new(StatusCode::FORBIDDEN, texts::OTHER_SITE))
}

/// `http.public_url` is the trusted origin. On this machine, and without that setting, it is the address that was asked for.
fn is_own_origin(origin: &str, parts: &Parts, state: &HttpState, private: Private) -> bool {
    let public = Url::parse(&state.app.config.http.public_url);
    if let Ok(public) = &public
        && public.origin().ascii_serialization() == origin
    {
        return true;
    }
    let is_by_host = private == Private::Loopback || public.is_err();
    let host = text_of(&parts.headers, "host").unwrap_or("");
    is_by_host && format!("{}://{host}", private.scheme()).eq_ignore_ascii_case(origin)
}

pub(super) fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let lines = headers.get_all(header::COOKIE).iter();
    let mut pairs = lines
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(key, _)| *key == name).map(|(_, value)| value)
}

/// The session of a request; None without a valid cookie.
pub(super) async fn session(parts: &Parts, state: &HttpState) -> Result<Option<Session>, ApiError> {
    let Some(private) = private(parts, state) else {
        return Ok(None);
    };
    let Some(token) = cookie(&parts.headers, private.cookie_name()) else {
        return Ok(None);
    };
    let (app, now) = (&state.app, state.app.clock.now());
    let Some(session) = users::session(&app.db, token, now).await? else {
        return Ok(None);
    };
    check_origin(parts, state, private)?;
    if session.is_use_due(now) {
        record_use(state, &session).await;
    }
    Ok(Some(session))
}

/// A database that cannot be written must not stop readers, nor keep them waiting for long.
async fn record_use(state: &HttpState, session: &Session) {
    let (hash, now) = (session.hash.clone(), state.app.clock.now());
    let recording = state.app.db.write(Key::Nothing, async move |tx| {
        users::set_session_used(tx, &hash, now).await
    });
    match tokio::time::timeout(PATIENCE, recording).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => {
            let error = telemetry::chain(&error);
            tracing::warn!(error, "cannot record the use of a session");
        }
        Err(_) => tracing::warn!("the use of a session is not recorded in time"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_cookie_is_found_among_others() {
        let mut headers = HeaderMap::new();
        headers.append(
            header::COOKIE,
            HeaderValue::from_static("a=1; midiateca=x=y;b"),
        );
        headers.append(
            header::COOKIE,
            HeaderValue::from_static("__Host-midiateca=z"),
        );
        assert_eq!(cookie(&headers, "midiateca"), Some("x=y"));
        assert_eq!(cookie(&headers, "__Host-midiateca"), Some("z"));
        assert_eq!(cookie(&headers, "ateca"), None);
    }
}
