//! Sends the requests of the object store library with hyper and our TLS: bounded buffers, time limits, and errors with a known
//! cause. What the server answers is not trusted: an error's body is read up to a limit, and only its code is kept.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Limited};
use hyper::body::{Body, Frame, Incoming, SizeHint};
use hyper::header::USER_AGENT;
use hyper::{Method, Response, StatusCode};
use hyper_util::client::legacy::Client as Pool;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use object_store::ClientOptions;
use object_store::client::{
    HttpClient, HttpConnector as ObjectConnector, HttpError, HttpErrorKind, HttpRequest,
    HttpRequestBody, HttpResponse, HttpResponseBody, HttpService,
};
use tokio::time::{Instant, Sleep, sleep, timeout};

use crate::tls::{HttpsConnector, Tls};

/// The most bytes that one connection reads ahead.
const BUFFER_BYTES: usize = 64 << 10;
const IDLE_CONNECTIONS: usize = 32;
const KEEP_IDLE: Duration = Duration::from_secs(20);
const LONGEST_ERROR: usize = 64 << 10;
/// The slowest upload that is not given up.
const LEAST_BYTES_PER_SECOND: u64 = 64 << 10;
const AGENT: &str = concat!("midiateca/", env!("CARGO_PKG_VERSION"));

type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Why a request has no usable answer. Without addresses and names.
#[derive(Debug, thiserror::Error)]
pub enum TransportError {
    #[error("no connection")]
    Connect(#[source] hyper_util::client::legacy::Error),
    #[error("the connection broke")]
    Broken(#[source] hyper_util::client::legacy::Error),
    #[error("the answer ended early")]
    CutShort(#[source] hyper::Error),
    #[error("too slow")]
    TimedOut,
    #[error("status {status}, code {code:?}")]
    Refused {
        status: u16,
        /// Empty when the answer has none.
        code: String,
    },
}

/// How long to wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    pub connect: Duration,
    /// For the beginning of an answer, without the time of an upload, and for each further piece of it.
    pub answer: Duration,
}

/// Makes the client of one bucket.
#[derive(Clone)]
pub(super) struct Transport {
    pool: Pool<HttpsConnector<HttpConnector>, HttpRequestBody>,
    patience: Patience,
}

impl std::fmt::Debug for Transport {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Transport").finish_non_exhaustive()
    }
}

impl Transport {
    pub fn new(tls: &Tls, patience: Patience) -> Self {
        let mut http = HttpConnector::new();
        http.enforce_http(false);
        http.set_nodelay(true);
        http.set_connect_timeout(Some(patience.connect));
        let pool = Pool::builder(TokioExecutor::new())
            .pool_max_idle_per_host(IDLE_CONNECTIONS)
            .pool_idle_timeout(KEEP_IDLE)
            .pool_timer(TokioTimer::new())
            .http1_max_buf_size(BUFFER_BYTES)
            .build(tls.around(http));
        Self { pool, patience }
    }

    pub async fn send(&self, mut request: HttpRequest) -> Result<HttpResponse, HttpError> {
        request
            .headers_mut()
            .entry(USER_AGENT)
            .or_insert(hyper::header::HeaderValue::from_static(AGENT));
        let method = request.method().clone();
        let upload = request.body().size_hint().exact().unwrap_or(0) / LEAST_BYTES_PER_SECOND;
        let longest = self.patience.answer + Duration::from_secs(upload);
        let answer = match timeout(longest, self.pool.request(request)).await {
            Err(_) => return Err(failed(TransportError::TimedOut)),
            Ok(Err(error)) if error.is_connect() => {
                return Err(failed(TransportError::Connect(error)));
            }
            Ok(Err(error)) => return Err(failed(TransportError::Broken(error))),
            Ok(Ok(answer)) => answer,
        };
        if answer.status().is_success() || answer.status() == StatusCode::NOT_MODIFIED {
            let (parts, body) = answer.into_parts();
            let body = HttpResponseBody::new(Paced::new(body, self.patience.answer));
            return Ok(Response::from_parts(parts, body));
        }
        self.refused(&method, answer).await
    }

    /// An object that does not exist is an answer like any other; a bucket that does not is a failure.
    async fn refused(
        &self,
        method: &Method,
        answer: Response<Incoming>,
    ) -> Result<HttpResponse, HttpError> {
        let (mut parts, body) = answer.into_parts();
        let body = Limited::new(body, LONGEST_ERROR).collect();
        let code = match timeout(self.patience.answer, body).await {
            Ok(Ok(body)) if *method != Method::HEAD => code_of(&body.to_bytes()),
            _ => String::new(),
        };
        if parts.status == StatusCode::NOT_FOUND && code != "NoSuchBucket" {
            parts.headers.clear();
            let body = http_body_util::Empty::new().map_err(|never| match never {});
            return Ok(Response::from_parts(parts, HttpResponseBody::new(body)));
        }
        Err(failed(TransportError::Refused {
            status: parts.status.as_u16(),
            code,
        }))
    }
}

impl ObjectConnector for Transport {
    fn connect(&self, _: &ClientOptions) -> object_store::Result<HttpClient> {
        Ok(HttpClient::new(self.clone()))
    }
}

impl HttpService for Transport {
    fn call<'a, 'b>(
        &'a self,
        request: HttpRequest,
    ) -> BoxFuture<'b, Result<HttpResponse, HttpError>>
    where
        'a: 'b,
        Self: 'b,
    {
        Box::pin(self.send(request))
    }
}

/// Which of them are tried again is decided by the library, for requests that allow it.
fn failed(error: TransportError) -> HttpError {
    let kind = match &error {
        TransportError::Connect(_) => HttpErrorKind::Connect,
        TransportError::TimedOut => HttpErrorKind::Timeout,
        TransportError::Broken(_) => HttpErrorKind::Request,
        TransportError::CutShort(_) => HttpErrorKind::Interrupted,
        TransportError::Refused { status, .. } if *status == 429 || *status >= 500 => {
            HttpErrorKind::Request
        }
        TransportError::Refused { .. } => HttpErrorKind::Unknown,
    };
    HttpError::new(kind, Arc::new(error))
}

/// The code in an error document: `<Error><Code>NoSuchBucket</Code>…`.
fn code_of(body: &[u8]) -> String {
    let body = String::from_utf8_lossy(body);
    let code = body.split_once("<Code>").map(|(_, rest)| rest);
    let code = code.and_then(|rest| rest.split_once("</Code>"));
    let code = code.map_or("", |(code, _)| code);
    let is_code = code.len() <= 100 && code.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if is_code {
        code.to_owned()
    } else {
        String::new()
    }
}

/// A body whose pieces have to come in time.
struct Paced {
    body: Incoming,
    idle: Duration,
    end: Pin<Box<Sleep>>,
}

impl Paced {
    fn new(body: Incoming, idle: Duration) -> Self {
        let end = Box::pin(sleep(idle));
        Self { body, idle, end }
    }
}

impl Body for Paced {
    type Data = Bytes;
    type Error = HttpError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, HttpError>>> {
        match Pin::new(&mut self.body).poll_frame(context) {
            Poll::Ready(frame) => {
                let end = Instant::now() + self.idle;
                self.end.as_mut().reset(end);
                let cut = |error| failed(TransportError::CutShort(error));
                Poll::Ready(frame.map(|frame| frame.map_err(cut)))
            }
            Poll::Pending => self.end.as_mut().poll(context).map(|()| {
                let error = failed(TransportError::TimedOut);
                Some(Err(error))
            }),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_code_is_kept_of_an_error() {
        let document = b"<?xml?><Error><Code>NoSuchBucket</Code><Message>secret</Message></Error>";
        assert_eq!(code_of(document), "NoSuchBucket");
        for other in [
            "",
            "<Code></Code>",
            "<Code>a b</Code>",
            "<Code>NoSuchBucket",
        ] {
            assert_eq!(code_of(other.as_bytes()), "", "{other}");
        }
    }
}
