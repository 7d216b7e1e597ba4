//! Bytes from the network, under limits: clocks, a size cap, and a guard over every address.
//!
//! Redirects are followed by hand, so that each hop passes the guard. Nothing is ever held whole.

mod client;
pub mod coding;
pub mod cooldown;
mod dial;
pub mod guard;
mod pace;
pub mod proxy;
mod reach;

use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http_body_util::{BodyExt as _, Full};
pub use hyper::Method;
use hyper::body::Incoming;
use hyper::header::{
    ACCEPT_ENCODING, AUTHORIZATION, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, DATE, HeaderMap,
    HeaderName, HeaderValue, LOCATION, ORIGIN, RANGE, REFERER, RETRY_AFTER, USER_AGENT,
};
use hyper::{Request, Response, StatusCode};
use tokio::time::Instant;
use url::Url;

use crate::clock::{Millis, millis_of_http_date};
use crate::config;
use crate::model::MediaId;
use client::PooledClient;
pub use client::Unresolved;
pub use coding::{Coding, Decoder, UnknownCoding};
use cooldown::{Cooldown, Cooldowns, HostReadiness};
use guard::{CheckedUrl, Guard};
pub use pace::TransferPace;
use proxy::{InvalidProxy, Proxies, Proxy};
pub use reach::{AddressFamily, ConnectionProbe, probe_connection};

/// No answer to a call for a link is longer than this.
const LONGEST_ANSWER: usize = 1 << 20;
/// How much of an error's body is looked at.
const LONGEST_EXCERPT: usize = 4 << 10;
/// How long an error's body is waited for, in all.
const EXCERPT_PATIENCE: Duration = Duration::from_secs(5);
const MOST_REDIRECTS: usize = 5;
const AGENT: &str = concat!("midiateca/", env!("CARGO_PKG_VERSION"));

/// Why no bytes came, or not all.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The guard let nothing through.
    #[error("the address is refused: {0}")]
    Refused(#[from] guard::Error),
    /// No connection, or it broke before an answer.
    #[error("no answer")]
    Unreachable(#[source] hyper_util::client::legacy::Error),
    /// The proxy asks for a name and password, or for others.
    #[error("the proxy asks for authorization")]
    ProxyAuthorization,
    /// One of the clocks ran out.
    #[error("too slow")]
    TimedOut,
    /// An answer came that is not the file.
    #[error("status {status}")]
    Status {
        /// The HTTP status.
        status: u16,
        /// What `Retry-After` asked for.
        retry_after: Option<Duration>,
        /// The beginning of what it said, up to 4 KiB.
        excerpt: String,
    },
    /// The connection ended before the file did.
    #[error("the connection ended early")]
    CutShort(#[source] hyper::Error),
    /// The answer ended properly, but before the file did.
    #[error("the answer ended before the file")]
    EndedEarly,
    /// The body is compressed in a way that cannot be decoded here.
    #[error(transparent)]
    UnknownCoding(#[from] coding::UnknownCoding),
    /// The body is not what its content coding says.
    #[error("the answer cannot be decoded")]
    Undecodable(#[source] std::io::Error),
    /// More bytes than are taken.
    #[error("larger than {limit} bytes")]
    TooLarge {
        /// The cap.
        limit: u64,
    },
}

/// The fetching room; cheap to clone.
#[derive(Clone)]
pub struct HttpClient {
    client: PooledClient,
    proxies: Arc<Proxies>,
    settings: Arc<config::Fetch>,
    cooldowns: Arc<Cooldowns>,
}

/// The whole answer to a small call.
pub struct CallResponse {
    /// The HTTP status.
    pub status: u16,
    /// The body, up to 1 MiB.
    pub body: BytesMut,
    /// What `Retry-After` asked for.
    pub retry_after: Option<Duration>,
    /// What the server's clock said.
    pub date: Option<Millis>,
}

/// Who is asked for a file, and so how.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RequestStyle {
    /// A gateway's link: redirects are followed as far as the guard lets them.
    Link,
    /// WhatsApp's CDN: asked as WhatsApp Web asks, and never followed elsewhere.
    Cdn,
}

/// Which file is wanted.
#[derive(Clone, Copy)]
pub struct DownloadRequest<'a> {
    /// Where it is.
    pub link: &'a str,
    /// From which byte on. A server that does not give just that is an error.
    pub from: u64,
    /// How to ask.
    pub style: RequestStyle,
}

/// A file on its way.
pub struct Download {
    body: Incoming,
    host: String,
    /// The HTTP status.
    pub status: u16,
    /// How long the whole file is, its beginning included, if the server said so.
    pub whole_bytes: Option<u64>,
    /// How the bytes are compressed, although they should not be. Lengths and positions are those of compressed bytes.
    pub codings: Result<Vec<Coding>, UnknownCoding>,
    received: u64,
    limit: u64,
    idle: Duration,
}

impl HttpClient {
    /// Makes it ready; nothing is connected yet.
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

    /// The proxy through which a server is asked; none when it is asked directly.
    pub fn proxy_of(&self, url: &Url) -> Result<Option<Proxy>, InvalidProxy> {
        let destination = url.as_str().parse().unwrap_or_default();
        self.proxies.for_destination(&destination)
    }

    /// Sends a host no requests for as long as it asked for, an hour at most.
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

    /// Nothing when the host may be asked now; whoever asks first after a cooldown is its probe.
    pub fn enter(&self, host: &str) -> Option<Cooldown> {
        self.cooldowns.enter(host, Instant::now())
    }

    /// How many downloads the host may get now.
    pub fn readiness(&self, host: &str) -> HostReadiness {
        self.cooldowns.readiness(host, Instant::now())
    }

    /// The clock of one download, which goes on over all its connections. `expected_bytes` is what the message says.
    pub fn pace(&self, expected_bytes: Option<u64>) -> TransferPace {
        let likely = expected_bytes.unwrap_or(self.settings.max_file.bytes());
        let slowest = self.settings.min_rate.bytes().max(1);
        TransferPace::new(
            slowest,
            likely.min(self.settings.max_file.bytes()),
            Instant::now(),
        )
    }

    /// Calls a gateway's API at the address that the operator configured, with the instance's token.
    pub async fn call(
        &self,
        url: Url,
        token: &str,
        body: &serde_json::Value,
    ) -> Result<CallResponse, Error> {
        self.call_with(Method::POST, url, token, Some(body)).await
    }

    /// Like [`HttpClient::call`], with another method, or without a body.
    pub async fn call_with(
        &self,
        method: Method,
        url: Url,
        token: &str,
        body: Option<&serde_json::Value>,
    ) -> Result<CallResponse, Error> {
        let body = body.map_or_else(Full::default, |body| Full::from(body.to_string()));
        let mut request = request(&url, body)?;
        *request.method_mut() = method;
        let mut bearer = HeaderValue::try_from(format!("Bearer {token}"))
            .map_err(|_| Error::Refused(guard::Error::Scheme))?;
        bearer.set_sensitive(true);
        let headers = request.headers_mut();
        headers.insert(AUTHORIZATION, bearer);
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        self.answer(request).await
    }

    /// What a server that the operator named answers to a plain GET; no redirect is followed, and no token sent.
    pub async fn get_untrusted(&self, url: &Url) -> Result<CallResponse, Error> {
        self.answer(request(url, Full::default())?).await
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

    /// Starts a download, without any token. Every address on the way passes `guard`.
    pub async fn download(
        &self,
        guard: &Guard,
        wanted: &DownloadRequest<'_>,
        pace: &mut TransferPace,
    ) -> Result<Download, Error> {
        let mut passed = guard.check(wanted.link)?;
        let idle = self.settings.idle_timeout.duration();
        for _ in 0..=MOST_REDIRECTS {
            let response =
                tokio::time::timeout_at(pace.patience(idle), self.get(&passed, wanted)).await;
            let response = response.unwrap_or(Err(Error::TimedOut))?;
            let status = response.status();
            if status == StatusCode::PROXY_AUTHENTICATION_REQUIRED {
                return Err(Error::ProxyAuthorization);
            }
            if is_what_was_asked(&response, wanted.from) {
                let host = passed.url.host_str().unwrap_or("").to_owned();
                return self.begin(response, host, wanted, pace);
            }
            let target = response
                .headers()
                .get(LOCATION)
                .and_then(|value| value.to_str().ok());
            match target {
                Some(target) if status.is_redirection() && wanted.style == RequestStyle::Link => {
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

    async fn get(
        &self,
        passed: &CheckedUrl,
        wanted: &DownloadRequest<'_>,
    ) -> Result<Response<Incoming>, Error> {
        let mut request = request(&passed.url, Full::default())?;
        let headers = request.headers_mut();
        let mut set =
            |name: HeaderName, value| headers.insert(name, HeaderValue::from_static(value));
        if wanted.style == RequestStyle::Cdn {
            set(ORIGIN, "https://web.whatsapp.com");
            set(REFERER, "https://web.whatsapp.com/");
        }
        if wanted.from > 0
            && let Ok(range) = HeaderValue::try_from(format!("bytes={}-", wanted.from))
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
        wanted: &DownloadRequest<'_>,
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
            received: wanted.from,
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

    /// The next bytes; nothing at the end.
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

/// All of the file, or its rest from the byte that was asked for.
fn is_what_was_asked(response: &Response<Incoming>, from: u64) -> bool {
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

/// How long the file is, as a whole answer or one with a range says.
fn whole_bytes(response: &Response<Incoming>) -> Option<u64> {
    let header = |name| response.headers().get(name)?.to_str().ok();
    if response.status() == StatusCode::PARTIAL_CONTENT {
        header(CONTENT_RANGE)?.rsplit_once('/')?.1.parse().ok()
    } else {
        header(CONTENT_LENGTH)?.parse().ok()
    }
}

/// Decodes the next piece of a small answer; nothing is its end.
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

/// The beginning of an error's body, as text; what has not come by `until` is left out.
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
    // The status alone says enough.
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

/// The next bytes of a body; nothing at its end.
async fn next_chunk(body: &mut Incoming) -> Result<Option<Bytes>, Error> {
    while let Some(frame) = body.frame().await {
        // What is no data is a trailer, which nobody needs.
        if let Ok(data) = frame.map_err(Error::CutShort)?.into_data() {
            return Ok(Some(data));
        }
    }
    Ok(None)
}

/// The client's errors tell no address, so they may be logged.
fn unreachable(error: hyper_util::client::legacy::Error) -> Error {
    if let Some(refused) = guard::refusal_in(&error) {
        return Error::Refused(refused);
    }
    Error::Unreachable(error)
}

/// Seconds only: dates would need the sender's clock. At most a day.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let seconds: u64 = headers
        .get(RETRY_AFTER)?
        .to_str()
        .ok()?
        .trim()
        .parse()
        .ok()?;
    Some(Duration::from_secs(seconds.min(86_400)))
}
