//! Downloads and calls with limits: timeouts, a size limit, and a guard over every address.
//!
//! Redirects are followed here, so that each hop passes the guard. No file is in memory as a whole.

mod client;
pub mod coding;
pub mod cooldown;
mod dial;
pub mod guard;
pub mod loopback;
mod notify;
mod pace;
pub mod proxy;
mod reach;
mod resolve;
mod wait;

use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http_body_util::{BodyExt as _, Full};
pub use hyper::Method;
use hyper::body::Incoming;
use hyper::header::{
    ACCEPT_ENCODING, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, DATE, HeaderMap, HeaderName,
    HeaderValue, LOCATION, ORIGIN, RANGE, REFERER, USER_AGENT,
};
use hyper::{Request, Response, StatusCode};
use tokio::time::Instant;
use url::{Origin, Url};

use crate::clock::{Millis, millis_of_http_date};
use crate::config;
use crate::gateway::{Call, CallMethod};
use crate::model::MediaId;
use client::PooledClient;
pub use coding::{Coding, Decoder, UnknownCoding};
use cooldown::{Cooldown, Cooldowns, HostReadiness};
use guard::{CheckedUrl, Guard};
pub use pace::TransferPace;
use proxy::{InvalidProxy, Proxies, Proxy};
pub use reach::{AddressFamily, ConnectionProbe, probe_connection};
pub use resolve::Unresolved;
use wait::retry_after;

/// The longest answer to a call for a link.
const LONGEST_ANSWER: usize = 1 << 20;
/// How much of an error's body is read.
const LONGEST_EXCERPT: usize = 4 << 10;
/// How long to wait for an error's body, in all.
const EXCERPT_PATIENCE: Duration = Duration::from_secs(5);
const MOST_REDIRECTS: usize = 5;
const AGENT: &str = concat!("midiateca/", env!("CARGO_PKG_VERSION"));

/// Why a request failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The guard refused the address.
    #[error("the address is refused: {0}")]
    Refused(#[from] guard::Error),
    /// No connection, or it broke before an answer.
    #[error("no answer")]
    Unreachable(#[source] hyper_util::client::legacy::Error),
    /// The proxy asks for a name and password, or for others.
    #[error("the proxy asks for authorization")]
    ProxyAuthorization,
    #[error("too slow")]
    TimedOut,
    /// An answer that is not the file.
    #[error("status {status}")]
    Status {
        status: u16,
        /// The time in `Retry-After`.
        retry_after: Option<Duration>,
        /// The beginning of the body, up to 4 KiB.
        excerpt: String,
    },
    /// The connection ended before the file did.
    #[error("the connection ended early")]
    CutShort(#[source] hyper::Error),
    /// The answer ended properly, but before the file did.
    #[error("the answer ended before the file")]
    EndedEarly,
    /// The body has an unknown content coding.
    #[error(transparent)]
    UnknownCoding(#[from] coding::UnknownCoding),
    /// The body does not match its content coding.
    #[error("the answer cannot be decoded")]
    Undecodable(#[source] std::io::Error),
    #[error("larger than {limit} bytes")]
    TooLarge { limit: u64 },
}

/// The HTTP client; cheap to clone.
#[derive(Clone)]
pub struct HttpClient {
    client: PooledClient,
    proxies: Arc<Proxies>,
    settings: Arc<config::Fetch>,
    cooldowns: Arc<Cooldowns>,
}

/// The whole answer to a small call.
pub struct CallResponse {
    pub status: u16,
    /// Up to 1 MiB.
    pub body: BytesMut,
    /// The time in `Retry-After`.
    pub retry_after: Option<Duration>,
    /// The time in `Date`.
    pub date: Option<Millis>,
}

/// How to request a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RequestStyle {
    /// A gateway's link: redirects are followed if the guard allows them.
    Link,
    /// WhatsApp's CDN: requested like WhatsApp Web, without redirects.
    Cdn,
}

/// A file to download.
#[derive(Clone, Copy)]
pub struct DownloadRequest<'a> {
    pub link: &'a str,
    /// The first byte. A server that does not start there is an error.
    pub from: u64,
    pub style: RequestStyle,
    /// Sent to the origin of `link` only.
    pub headers: &'a [(&'static str, String)],
}

/// A running download.
pub struct Download {
    body: Incoming,
    host: String,
    pub status: u16,
    /// The size of the whole file, its beginning included, if the server states it.
    pub whole_bytes: Option<u64>,
    /// The codings of the body, although none was accepted. Lengths and positions count compressed bytes.
    pub codings: Result<Vec<Coding>, UnknownCoding>,
    received: u64,
    limit: u64,
    idle: Duration,
}

impl HttpClient {
    /// Connects to nothing yet.
    pub fn new(settings: &config::Fetch) -> Self {
        Self::with_proxies(settings, Proxies::from_environment())
    }

    /// Like [`HttpClient::new`], with other proxies than those of the environment.
    pub fn with_proxies(settings: &config::Fetch, proxies: Proxies) -> Self {
        let proxies = Arc::new(proxies);
        Self {
            client: PooledClient::new(settings.connect_timeout.duration(), Arc::clone(&proxies)),
            proxies,
            settings: Arc::new(settings.clone()),
            cooldowns: Arc::default(),
        }
    }

    /// The proxy for a server; `None` for a direct connection.
    pub fn proxy_of(&self, url: &Url) -> Result<Option<Proxy>, InvalidProxy> {
        let destination = url.as_str().parse().unwrap_or_default();
        self.proxies.for_destination(&destination)
    }

    /// Pauses requests to a host for as long as it asked for, an hour at most.
    pub fn throttle(&self, host: &str, asked: Duration) {
        self.cooldowns.throttle(host, asked, Instant::now());
    }

    /// Records that a download of this media from the host timed out.
    pub fn timed_out(&self, host: &str, media: &MediaId) {
        if self.cooldowns.timed_out(host, media, Instant::now()) {
            tracing::warn!(host, "downloads keep timing out: the host is on a cooldown");
        }
    }

    /// Records that the host answered.
    pub fn answered(&self, host: &str) {
        if self.cooldowns.answered(host) {
            tracing::info!(host, "the host answers again: its cooldown ends");
        }
    }

    /// `None` when the host may be asked now. The first caller after a cooldown is its probe.
    pub fn enter(&self, host: &str) -> Option<Cooldown> {
        self.cooldowns.enter(host, Instant::now())
    }

    /// How many downloads the host may get now.
    pub fn readiness(&self, host: &str) -> HostReadiness {
        self.cooldowns.readiness(host, Instant::now())
    }

    /// The time limit of one download over all its connections. `expected_bytes` is the declared size.
    pub fn pace(&self, expected_bytes: Option<u64>) -> TransferPace {
        let likely = expected_bytes.unwrap_or(self.settings.max_file.bytes());
        let slowest = self.settings.min_rate.bytes().max(1);
        TransferPace::new(
            slowest,
            likely.min(self.settings.max_file.bytes()),
            Instant::now(),
        )
    }

    /// Calls a gateway's API at the configured address.
    pub async fn call(&self, api_base: &Url, call: &Call) -> Result<CallResponse, Error> {
        let request = api_request(api_base, call)?;
        self.answer(request).await
    }

    /// Like [`HttpClient::call`], for an answer that may contain a file: it is read piece by piece.
    pub async fn call_for_file(
        &self,
        api_base: &Url,
        call: &Call,
        within: Duration,
    ) -> Result<FileResponse, Error> {
        let request = api_request(api_base, call)?;
        let sent = tokio::time::timeout(within, self.client.send(request, true));
        let response = sent
            .await
            .map_err(|_| Error::TimedOut)?
            .map_err(unreachable)?;
        let status = response.status();
        if status == StatusCode::PROXY_AUTHENTICATION_REQUIRED {
            return Err(Error::ProxyAuthorization);
        }
        Ok(FileResponse {
            status: status.as_u16(),
            retry_after: retry_after(response.headers()),
            decoder: Decoder::new(&coding::codings(response.headers())?),
            body: Some(response.into_body()),
            received: 0,
            // Base64 takes four bytes for three.
            limit: self.settings.max_file.bytes().saturating_mul(2),
            idle: self.settings.idle_timeout.duration(),
        })
    }

    /// Sends a plain GET to a configured server, without a token; follows no redirect.
    pub async fn get(&self, url: &Url) -> Result<CallResponse, Error> {
        self.answer(request(url, Full::default())?).await
    }

    /// Posts JSON to a configured server, without a token; follows no redirect.
    pub async fn post(&self, url: &Url, body: &serde_json::Value) -> Result<CallResponse, Error> {
        let mut request = request(url, Full::from(body.to_string()))?;
        *request.method_mut() = Method::POST;
        let json = HeaderValue::from_static("application/json");
        request.headers_mut().insert(CONTENT_TYPE, json);
        self.answer(request).await
    }

    async fn answer(&self, request: Request<Full<Bytes>>) -> Result<CallResponse, Error> {
        let within = self.settings.call_timeout.duration();
        let call = async {
            let response = self.client.send(request, true).await.map_err(unreachable)?;
            let (status, retry_after) = (response.status(), retry_after(response.headers()));
            if status == StatusCode::PROXY_AUTHENTICATION_REQUIRED {
                return Err(Error::ProxyAuthorization);
            }
            let date = response.headers().get(DATE);
            let date = date.and_then(|date| millis_of_http_date(date.to_str().ok()?));
            let mut decoder = Decoder::new(&coding::codings(response.headers())?);
            let mut incoming = response.into_body();
            let mut body = Vec::new();
            let mut is_open = true;
            while is_open {
                let chunk = next_chunk(&mut incoming).await?;
                is_open = chunk.is_some();
                decode(&mut decoder, chunk, &mut body)?;
            }
            let body = BytesMut::from(body.as_slice());
            Ok(CallResponse {
                status: status.as_u16(),
                retry_after,
                date,
                body,
            })
        };
        tokio::time::timeout(within, call)
            .await
            .unwrap_or(Err(Error::TimedOut))
    }

    /// Starts a download. Every address on the way passes `guard`.
    pub async fn download(
        &self,
        guard: &Guard,
        file: &DownloadRequest<'_>,
        pace: &mut TransferPace,
    ) -> Result<Download, Error> {
        let mut passed = guard.check(file.link)?;
        let origin = passed.url.origin();
        let idle = self.settings.idle_timeout.duration();
        for _ in 0..=MOST_REDIRECTS {
            let response = tokio::time::timeout_at(
                pace.patience(idle),
                self.request_file(&passed, &origin, file),
            )
            .await;
            let response = response.unwrap_or(Err(Error::TimedOut))?;
            let status = response.status();
            if status == StatusCode::PROXY_AUTHENTICATION_REQUIRED {
                return Err(Error::ProxyAuthorization);
            }
            if is_requested_file(&response, file.from) {
                let host = passed.url.host_str().unwrap_or("").to_owned();
                return self.begin(response, host, file, pace);
            }
            let target = response
                .headers()
                .get(LOCATION)
                .and_then(|value| value.to_str().ok());
            match target {
                Some(target) if status.is_redirection() && file.style == RequestStyle::Link => {
                    passed = guard.check_redirect(&passed, target)?
                }
                _ => {
                    return Err(Error::Status {
                        status: status.as_u16(),
                        retry_after: retry_after(response.headers()),
                        excerpt: excerpt(response, pace.patience(idle.min(EXCERPT_PATIENCE))).await,
                    });
                }
            }
        }
        Err(Error::Refused(guard::Error::TooManyRedirects))
    }

    async fn request_file(
        &self,
        passed: &CheckedUrl,
        origin: &Origin,
        file: &DownloadRequest<'_>,
    ) -> Result<Response<Incoming>, Error> {
        let mut request = request(&passed.url, Full::default())?;
        let headers = request.headers_mut();
        if passed.url.origin() == *origin {
            set_headers(headers, file.headers)?;
        }
        let mut set =
            |name: HeaderName, value| headers.insert(name, HeaderValue::from_static(value));
        if file.style == RequestStyle::Cdn {
            set(ORIGIN, "https://web.whatsapp.com");
            set(REFERER, "https://web.whatsapp.com/");
        }
        if file.from > 0
            && let Ok(range) = HeaderValue::try_from(format!("bytes={}-", file.from))
        {
            headers.insert(RANGE, range);
        }
        let sent = self.client.send(request, passed.trusted).await;
        sent.map_err(unreachable)
    }

    fn begin(
        &self,
        response: Response<Incoming>,
        host: String,
        file: &DownloadRequest<'_>,
        pace: &mut TransferPace,
    ) -> Result<Download, Error> {
        let limit = self.settings.max_file.bytes();
        let length = whole_bytes(&response);
        if length.is_some_and(|length| length > limit) {
            return Err(Error::TooLarge { limit });
        }
        if let Some(length) = length {
            pace.expect(length);
        }
        Ok(Download {
            status: response.status().as_u16(),
            codings: coding::codings(response.headers()),
            body: response.into_body(),
            host,
            whole_bytes: length,
            received: file.from,
            limit,
            idle: self.settings.idle_timeout.duration(),
        })
    }
}

impl Download {
    /// The host that sends, after all redirects.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The next bytes; `None` at the end.
    pub async fn next(&mut self, pace: &mut TransferPace) -> Result<Option<Bytes>, Error> {
        let patience = pace.patience(self.idle);
        let chunk = tokio::time::timeout_at(patience, next_chunk(&mut self.body)).await;
        let chunk = chunk.map_err(|_| Error::TimedOut)??;
        if let Some(chunk) = &chunk {
            self.received += chunk.len() as u64;
            if self.received > self.limit {
                return Err(Error::TooLarge { limit: self.limit });
            }
            if !pace.keeps_up(self.received, Instant::now()) {
                return Err(Error::TimedOut);
            }
        }
        Ok(chunk)
    }
}

/// An answer that may contain a file.
pub struct FileResponse {
    pub status: u16,
    pub retry_after: Option<Duration>,
    decoder: Decoder,
    /// `None` when it ended.
    body: Option<Incoming>,
    received: u64,
    limit: u64,
    idle: Duration,
}

impl FileResponse {
    /// The next decoded bytes, perhaps none; `None` at the end.
    pub async fn next(&mut self) -> Result<Option<Vec<u8>>, Error> {
        let Some(body) = &mut self.body else {
            return Ok(None);
        };
        let chunk = tokio::time::timeout(self.idle, next_chunk(body)).await;
        let chunk = chunk.map_err(|_| Error::TimedOut)??;
        let mut decoded = Vec::new();
        match chunk {
            Some(chunk) => {
                self.decoder.push(&chunk);
                while self
                    .decoder
                    .next(&mut decoded)
                    .map_err(Error::Undecodable)?
                {}
            }
            None => {
                self.body = None;
                self.decoder
                    .finish(&mut decoded)
                    .map_err(Error::Undecodable)?;
            }
        }
        self.received += decoded.len() as u64;
        if self.received > self.limit {
            return Err(Error::TooLarge { limit: self.limit });
        }
        Ok(Some(decoded))
    }
}

fn api_request(api_base: &Url, call: &Call) -> Result<Request<Full<Bytes>>, Error> {
    let url = call
        .url(api_base)
        .ok_or(Error::Refused(guard::Error::Scheme))?;
    let body = call.body.as_ref();
    let body = body.map_or_else(Full::default, |body| Full::from(body.to_string()));
    let mut request = request(&url, body)?;
    *request.method_mut() = match call.method {
        CallMethod::Get => Method::GET,
        CallMethod::Post => Method::POST,
        CallMethod::Put => Method::PUT,
        CallMethod::Patch => Method::PATCH,
        CallMethod::Delete => Method::DELETE,
    };
    let headers = request.headers_mut();
    set_headers(headers, &call.headers)?;
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    Ok(request)
}

/// Sets headers that may have secrets.
fn set_headers(to: &mut HeaderMap, headers: &[(&'static str, String)]) -> Result<(), Error> {
    for (name, value) in headers {
        let value = HeaderValue::try_from(value);
        let mut value = value.map_err(|_| Error::Refused(guard::Error::Scheme))?;
        value.set_sensitive(true);
        to.insert(HeaderName::from_static(name), value);
    }
    Ok(())
}

/// Whether the response is the file, or its rest from the requested byte.
fn is_requested_file(response: &Response<Incoming>, from: u64) -> bool {
    let range = response
        .headers()
        .get(CONTENT_RANGE)
        .and_then(|range| range.to_str().ok());
    match from {
        0 => response.status() == StatusCode::OK,
        from => {
            response.status() == StatusCode::PARTIAL_CONTENT
                && range.is_some_and(|range| range.starts_with(&format!("bytes {from}-")))
        }
    }
}

/// The size of the file, from a whole response or one with a range.
fn whole_bytes(response: &Response<Incoming>) -> Option<u64> {
    let header = |name| response.headers().get(name)?.to_str().ok();
    if response.status() == StatusCode::PARTIAL_CONTENT {
        header(CONTENT_RANGE)?.rsplit_once('/')?.1.parse().ok()
    } else {
        header(CONTENT_LENGTH)?.parse().ok()
    }
}

/// Decodes the next piece of a small answer; `None` is its end.
fn decode(decoder: &mut Decoder, chunk: Option<Bytes>, body: &mut Vec<u8>) -> Result<(), Error> {
    let check = |body: &Vec<u8>| {
        if body.len() > LONGEST_ANSWER {
            Err(Error::TooLarge {
                limit: LONGEST_ANSWER as u64,
            })
        } else {
            Ok(())
        }
    };
    match chunk {
        Some(chunk) => decoder.push(&chunk),
        None => decoder.finish(body).map_err(Error::Undecodable)?,
    }
    while decoder.next(body).map_err(Error::Undecodable)? {
        check(body)?;
    }
    check(body)
}

/// The beginning of an error's body, as text; omits what has not arrived by `until`.
async fn excerpt(response: Response<Incoming>, until: Instant) -> String {
    let codings = coding::codings(response.headers()).unwrap_or_default();
    let mut decoder = Decoder::new(&codings);
    let mut body = response.into_body();
    let mut bytes = Vec::new();
    let read = async {
        while let (true, Ok(Some(chunk))) =
            (bytes.len() < LONGEST_EXCERPT, next_chunk(&mut body).await)
        {
            if decode(&mut decoder, Some(chunk), &mut bytes).is_err() {
                break;
            }
        }
    };
    // The status alone is enough.
    let _ = tokio::time::timeout_at(until, read).await;
    bytes.truncate(LONGEST_EXCERPT);
    String::from_utf8_lossy(&bytes).into_owned()
}

fn request(url: &Url, body: Full<Bytes>) -> Result<Request<Full<Bytes>>, Error> {
    let request = Request::builder()
        .uri(url.as_str())
        .header(USER_AGENT, AGENT)
        .header(ACCEPT_ENCODING, "identity")
        .body(body);
    request.map_err(|_| Error::Refused(guard::Error::NotAUrl))
}

/// The next bytes of a body; `None` at its end.
async fn next_chunk(body: &mut Incoming) -> Result<Option<Bytes>, Error> {
    while let Some(frame) = body.frame().await {
        // A frame without data is a trailer, which is not needed.
        if let Ok(data) = frame.map_err(Error::CutShort)?.into_data() {
            return Ok(Some(data));
        }
    }
    Ok(None)
}

/// The client's errors contain no address, so they may be logged.
fn unreachable(error: hyper_util::client::legacy::Error) -> Error {
    if let Some(refused) = guard::refusal_in(&error) {
        return Error::Refused(refused);
    }
    Error::Unreachable(error)
}
