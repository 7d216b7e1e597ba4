//! The head of every answer, whichever handler made it, and the headers of requests that count for GET only.
//!
//! Promises: an answer is cached only where its handler says how; a cache knows which headers of a request an answer depends
//! on; no browser guesses a type; an answer without a body has no header that describes one.

use axum::body::Body;
use axum::http::{HeaderName, HeaderValue, Method, Request, Response, StatusCode, header};

/// The headers of a request that answers depend on, by the beginning of the path; the first one counts.
const VARYING: [(&str, &str); 12] = [
    (
        "/api/v1/events",
        "accept, accept-language, authorization, cookie",
    ),
    ("/api", "accept-language, authorization, cookie"),
    ("/openapi.json", "accept-language"),
    ("/docs", "accept-language"),
    ("/metrics", "authorization"),
    ("/webhook/", "authorization"),
    ("/hooks/", ""),
    ("/healthz", ""),
    ("/readyz", ""),
    ("/assets/", ""),
    ("/favicon.ico", ""),
    // The pages of the dashboard, and what is at no address.
    ("/", "accept, accept-language, cookie"),
];
/// Files behind signed links are the same for everyone; only their errors are for a reader.
const LINKS: &str = "/m/";
const ERRORS_OF_LINKS: &str = "accept, accept-language, cookie";

/// Headers that describe the body of an answer.
const OF_BODIES: [HeaderName; 5] = [
    header::ACCEPT_RANGES,
    header::CONTENT_DISPOSITION,
    header::CONTENT_LENGTH,
    header::CONTENT_RANGE,
    header::CONTENT_TYPE,
];

/// What is known of a request when its answer is complete.
#[derive(Clone, Copy)]
pub(super) struct Asked {
    varying: &'static str,
    is_link: bool,
}

impl Asked {
    /// Only GET has ranges (RFC 9110, section 14.2); for other methods their headers are taken away.
    pub fn of<B>(request: &mut Request<B>) -> Self {
        if request.method() != Method::GET {
            request.headers_mut().remove(header::RANGE);
            request.headers_mut().remove(header::IF_RANGE);
        }
        let path = request.uri().path();
        let varying = VARYING.iter().find(|(start, _)| path.starts_with(start));
        Self {
            varying: varying.map_or("", |(_, headers)| headers),
            is_link: path.starts_with(LINKS),
        }
    }

    pub fn complete(self, response: &mut Response<Body>) {
        let status = response.status();
        let is_error = status.is_client_error() || status.is_server_error();
        let headers = response.headers_mut();
        headers.insert(
            header::X_CONTENT_TYPE_OPTIONS,
            HeaderValue::from_static("nosniff"),
        );
        let never = HeaderValue::from_static("no-store");
        headers.entry(header::CACHE_CONTROL).or_insert(never);
        let varying = match (self.is_link, is_error) {
            (false, _) => self.varying,
            (true, true) => ERRORS_OF_LINKS,
            (true, false) => "",
        };
        if !varying.is_empty() {
            headers.insert(header::VARY, HeaderValue::from_static(varying));
        }
        if status == StatusCode::NOT_MODIFIED {
            for name in &OF_BODIES {
                headers.remove(name);
            }
            // Without a length.
            *response.body_mut() = Body::empty();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head_of(method: Method, path: &str, status: u16) -> axum::http::HeaderMap {
        let mut request = Request::new(());
        *request.method_mut() = method;
        *request.uri_mut() = path.parse().unwrap();
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::from_u16(status).unwrap();
        response
            .headers_mut()
            .insert(header::CONTENT_LENGTH, HeaderValue::from_static("0"));
        Asked::of(&mut request).complete(&mut response);
        response.headers().clone()
    }

    #[test]
    fn caches_know_what_an_answer_depends_on() {
        for (path, status, expected) in [
            (
                "/api/v1/media",
                200,
                "accept-language, authorization, cookie",
            ),
            (
                "/api/v1/events?after=0",
                200,
                "accept, accept-language, authorization, cookie",
            ),
            ("/api/none", 404, "accept-language, authorization, cookie"),
            ("/m/a/b.jpg", 200, ""),
            ("/m/a/b.jpg", 304, ""),
            ("/m/a/b.jpg", 404, "accept, accept-language, cookie"),
            ("/media", 200, "accept, accept-language, cookie"),
            ("/", 200, "accept, accept-language, cookie"),
            ("/assets/1/a.css", 200, ""),
            ("/healthz", 200, ""),
            ("/hooks/wapi/x", 200, ""),
        ] {
            let headers = head_of(Method::GET, path, status);
            let vary = headers.get(header::VARY);
            let vary = vary.map_or("", |value| value.to_str().unwrap());
            assert_eq!(vary, expected, "{path} {status}");
            assert_eq!(headers[header::CACHE_CONTROL], "no-store", "{path}");
            assert_eq!(headers[header::X_CONTENT_TYPE_OPTIONS], "nosniff");
            let has_length = headers.contains_key(header::CONTENT_LENGTH);
            assert_eq!(has_length, status != 304, "{path} {status}");
        }
    }

    #[test]
    fn only_get_has_ranges() {
        for (method, counts) in [
            (Method::GET, true),
            (Method::HEAD, false),
            (Method::POST, false),
        ] {
            let mut request = Request::new(());
            *request.method_mut() = method.clone();
            for name in [header::RANGE, header::IF_RANGE] {
                let value = HeaderValue::from_static("bytes=0-0");
                request.headers_mut().insert(name, value);
            }
            Asked::of(&mut request);
            assert_eq!(!request.headers().is_empty(), counts, "{method}");
        }
    }
}
