//! Bytes from the network, under limits: three clocks, a size cap, and a guard over every address.
//!
//! Redirects are followed by hand, so that each hop passes the guard. Nothing is ever held whole.

mod brake;
pub mod guard;

use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use reqwest::header::{
    ACCEPT_ENCODING, CONTENT_RANGE, HeaderMap, LOCATION, ORIGIN, RANGE, REFERER, RETRY_AFTER,
};
use reqwest::{Client, Response, StatusCode};
use tokio::time::Instant;
use url::Url;

use crate::config::{self, millis};
use brake::Brakes;
use guard::{Guard, Passed};

/// No answer to a call for a link is longer than this.
const LONGEST_ANSWER: usize = 1 << 20;
/// How much of an error's body is looked at.
const LONGEST_EXCERPT: usize = 4 << 10;
const MOST_REDIRECTS: usize = 5;

/// Why no bytes came, or not all.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The guard let nothing through.
    #[error("the address is refused: {0}")]
    Refused(#[from] guard::Error),
    /// No connection, or it broke before an answer.
    #[error("no answer")]
    Unreachable(#[source] reqwest::Error),
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
    CutShort(#[source] reqwest::Error),
    /// More bytes than are taken.
    #[error("larger than {limit} bytes")]
    TooLarge {
        /// The cap.
        limit: u64,
    },
}

/// The fetching room; cheap to clone.
#[derive(Clone)]
pub struct Fetch {
    /// Reaches public addresses only.
    strict: Client,
    /// Reaches hosts that the operator named, wherever they are.
    trusted: Client,
    settings: Arc<config::Fetch>,
    brakes: Arc<Brakes>,
}

/// The whole answer to a small call.
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The body, up to 1 MiB.
    pub body: BytesMut,
    /// What `Retry-After` asked for.
    pub retry_after: Option<Duration>,
}

/// Who is asked for a file, and so how.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manner {
    /// A gateway's link: redirects are followed as far as the guard lets them.
    Link,
    /// WhatsApp's CDN: asked as WhatsApp Web asks, and never followed elsewhere.
    Cdn,
}

/// Which file is wanted.
#[derive(Clone, Copy)]
pub struct Wanted<'a> {
    /// Where it is.
    pub link: &'a str,
    /// From which byte on. A server that does not give just that is an error.
    pub from: u64,
    /// How long it should be, which decides how long it may take.
    pub expected_bytes: Option<u64>,
    /// How to ask.
    pub manner: Manner,
}

/// A file on its way.
pub struct Download {
    response: Response,
    /// The HTTP status.
    pub status: u16,
    /// How long the whole file is, its beginning included, if the server said so.
    pub whole_bytes: Option<u64>,
    received: u64,
    limit: u64,
    idle: Duration,
    until: Instant,
}

impl Fetch {
    /// Sets up both clients. Certificates are checked against Mozilla's roots, compiled in.
    pub fn new(settings: &config::Fetch) -> Self {
        let client = |strict: bool| {
            let roots = rustls::RootCertStore {
                roots: webpki_roots::TLS_SERVER_ROOTS.to_vec(),
            };
            let tls = rustls::ClientConfig::builder_with_provider(Arc::new(
                rustls::crypto::aws_lc_rs::default_provider(),
            ))
            .with_safe_default_protocol_versions()
            .expect("the provider supports the default protocol versions")
            .with_root_certificates(roots)
            .with_no_client_auth();
            let builder = Client::builder()
                .tls_backend_preconfigured(tls)
                .no_proxy()
                .referer(false)
                .redirect(reqwest::redirect::Policy::none())
                .connect_timeout(millis(settings.connect_timeout_ms))
                .pool_max_idle_per_host(32)
                .pool_idle_timeout(Duration::from_secs(30))
                .user_agent(concat!("midiateca/", env!("CARGO_PKG_VERSION")));
            let builder = if strict {
                builder.dns_resolver(guard::PublicOnly)
            } else {
                builder
            };
            builder.build().expect("all parts of the client are given")
        };
        Self {
            strict: client(true),
            trusted: client(false),
            settings: Arc::new(settings.clone()),
            brakes: Arc::default(),
        }
    }

    /// Lets a host rest that asked for it, an hour at the most.
    pub fn brake(&self, host: &str, asked: Duration) {
        self.brakes.set(host, asked);
    }

    /// For how long a host is still to be left alone; nothing when it may be asked.
    pub fn braked_for(&self, host: &str) -> Option<Duration> {
        self.brakes.left(host)
    }

    /// Calls a gateway's API at the address that the operator configured, with the instance's token.
    pub async fn call(
        &self,
        url: Url,
        token: &str,
        body: &serde_json::Value,
    ) -> Result<Answer, Error> {
        let within = millis(self.settings.call_timeout_ms);
        let call = async {
            let request = self.trusted.post(url).bearer_auth(token).json(body);
            let mut response = request.send().await.map_err(unreachable)?;
            let mut body = BytesMut::new();
            while let Some(chunk) = response.chunk().await.map_err(broken)? {
                if body.len() + chunk.len() > LONGEST_ANSWER {
                    let limit = LONGEST_ANSWER as u64;
                    return Err(Error::TooLarge { limit });
                }
                body.extend_from_slice(&chunk);
            }
            Ok(Answer {
                status: response.status().as_u16(),
                retry_after: retry_after(response.headers()),
                body,
            })
        };
        tokio::time::timeout(within, call)
            .await
            .unwrap_or(Err(Error::TimedOut))
    }

    /// Starts a download, without any token. Every address on the way passes `guard`.
    pub async fn download(&self, guard: &Guard, wanted: &Wanted<'_>) -> Result<Download, Error> {
        let mut passed = guard.check(wanted.link)?;
        let idle = millis(self.settings.idle_timeout_ms);
        for _ in 0..=MOST_REDIRECTS {
            let response = tokio::time::timeout(idle, self.get(&passed, wanted))
                .await
                .unwrap_or(Err(Error::TimedOut))?;
            let status = response.status();
            if is_what_was_asked(&response, wanted.from) {
                return self.begin(response, wanted, idle);
            }
            let target = response
                .headers()
                .get(LOCATION)
                .and_then(|value| value.to_str().ok());
            match target {
                Some(target) if status.is_redirection() && wanted.manner == Manner::Link => {
                    passed = guard.check_redirect(&passed, target)?
                }
                _ => {
                    return Err(Error::Status {
                        status: status.as_u16(),
                        retry_after: retry_after(response.headers()),
                        excerpt: excerpt(response, idle).await,
                    });
                }
            }
        }
        Err(Error::Refused(guard::Error::TooManyRedirects))
    }

    async fn get(&self, passed: &Passed, wanted: &Wanted<'_>) -> Result<Response, Error> {
        let client = if passed.trusted {
            &self.trusted
        } else {
            &self.strict
        };
        let mut request = client
            .get(passed.url.clone())
            .header(ACCEPT_ENCODING, "identity");
        if wanted.manner == Manner::Cdn {
            request = request
                .header(ORIGIN, "https://web.whatsapp.com")
                .header(REFERER, "https://web.whatsapp.com/");
        }
        if wanted.from > 0 {
            request = request.header(RANGE, format!("bytes={}-", wanted.from));
        }
        request.send().await.map_err(unreachable)
    }

    fn begin(
        &self,
        response: Response,
        wanted: &Wanted<'_>,
        idle: Duration,
    ) -> Result<Download, Error> {
        let limit = self.settings.max_file_bytes;
        let length = whole_bytes(&response);
        if length.is_some_and(|length| length > limit) {
            return Err(Error::TooLarge { limit });
        }
        // Both lengths are only claims, so the time they buy is bounded by the cap.
        let likely = length.or(wanted.expected_bytes).unwrap_or(limit).min(limit);
        let whole = Duration::from_secs(60 + likely / self.settings.min_bytes_per_second.max(1));
        Ok(Download {
            status: response.status().as_u16(),
            response,
            whole_bytes: length,
            received: wanted.from,
            limit,
            idle,
            until: Instant::now() + whole,
        })
    }
}

impl Download {
    /// The host that sends, after all redirects.
    pub fn host(&self) -> Option<&str> {
        self.response.url().host_str()
    }

    /// The next bytes; nothing at the end.
    pub async fn next(&mut self) -> Result<Option<Bytes>, Error> {
        let patience = (Instant::now() + self.idle).min(self.until);
        let chunk = tokio::time::timeout_at(patience, self.response.chunk()).await;
        let chunk = chunk.map_err(|_| Error::TimedOut)?.map_err(broken)?;
        if let Some(chunk) = &chunk {
            self.received += chunk.len() as u64;
            if self.received > self.limit {
                return Err(Error::TooLarge { limit: self.limit });
            }
        }
        Ok(chunk)
    }
}

/// All of the file, or its rest from the byte that was asked for.
fn is_what_was_asked(response: &Response, from: u64) -> bool {
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
fn whole_bytes(response: &Response) -> Option<u64> {
    if response.status() != StatusCode::PARTIAL_CONTENT {
        return response.content_length();
    }
    let range = response.headers().get(CONTENT_RANGE)?.to_str().ok()?;
    range.rsplit_once('/')?.1.parse().ok()
}

/// The beginning of an error's body, as text.
async fn excerpt(mut response: Response, idle: Duration) -> String {
    let mut bytes = Vec::new();
    while bytes.len() < LONGEST_EXCERPT {
        match tokio::time::timeout(idle, response.chunk()).await {
            Ok(Ok(Some(chunk))) => bytes.extend_from_slice(&chunk),
            _ => break,
        }
    }
    bytes.truncate(LONGEST_EXCERPT);
    String::from_utf8_lossy(&bytes).into_owned()
}

fn unreachable(error: reqwest::Error) -> Error {
    // `without_url`: a signed link or a token must not reach a log through an error's text.
    let error = error.without_url();
    if let Some(refused) = guard::refusal_in(&error) {
        return Error::Refused(refused);
    }
    if error.is_timeout() {
        Error::TimedOut
    } else {
        Error::Unreachable(error)
    }
}

fn broken(error: reqwest::Error) -> Error {
    Error::CutShort(error.without_url())
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
