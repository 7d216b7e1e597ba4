//! hyper's client. Its read buffers can be bounded, so that many large downloads at once need little memory.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::header::PROXY_AUTHORIZATION;
use hyper::{Request, Response};
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::{Client as Pool, Error};
use hyper_util::rt::{TokioExecutor, TokioTimer};

use super::dial::Dialer;
use super::proxy::Proxies;
use super::resolve::Resolver;
use crate::tls::{HttpsConnector, Tls};

/// The most bytes that one connection reads ahead.
const BUFFER_BYTES: usize = 64 << 10;
const IDLE_PER_HOST: usize = 32;
const IDLE: Duration = Duration::from_secs(30);

/// Two pools of connections: one for public addresses only, the other for configured servers at any address.
#[derive(Clone)]
pub(super) struct PooledClient {
    strict: Pool<HttpsConnector<Dialer>, Full<Bytes>>,
    trusted: Pool<HttpsConnector<Dialer>, Full<Bytes>>,
    proxies: Arc<Proxies>,
}

impl PooledClient {
    /// Certificates are checked against Mozilla's roots, compiled in.
    pub fn new(connect_timeout: Duration, proxies: Arc<Proxies>) -> Self {
        let tls = Tls::new();
        let http = |resolver| {
            let mut http = HttpConnector::new_with_resolver(resolver);
            http.enforce_http(false);
            http.set_nodelay(true);
            http.set_connect_timeout(Some(connect_timeout));
            http
        };
        let to_proxy = tls.around(http(Resolver::AnyAddress));
        let pool = |resolver| {
            let https = tls.around(Dialer {
                direct: http(resolver),
                to_proxy: to_proxy.clone(),
                resolver,
                proxies: Arc::clone(&proxies),
            });
            Pool::builder(TokioExecutor::new())
                .pool_max_idle_per_host(IDLE_PER_HOST)
                .pool_idle_timeout(IDLE)
                .pool_timer(TokioTimer::new())
                .http1_max_buf_size(BUFFER_BYTES)
                .build(https)
        };
        Self {
            strict: pool(Resolver::PublicOnly),
            trusted: pool(Resolver::AnyAddress),
            proxies: Arc::clone(&proxies),
        }
    }

    /// Sends a request, and returns the answer's head; follows no redirect.
    pub async fn send(
        &self,
        mut request: Request<Full<Bytes>>,
        trusted: bool,
    ) -> Result<Response<Incoming>, Error> {
        // In a tunnel the proxy gets its password when it opens, and nothing of this request.
        let is_clear = request.uri().scheme_str() == Some("http");
        let proxy = self.proxies.for_destination(request.uri()).ok().flatten();
        if let Some(auth) = proxy
            .filter(|_| is_clear)
            .and_then(|proxy| proxy.basic_auth())
        {
            request.headers_mut().insert(PROXY_AUTHORIZATION, auth);
        }
        let pool = if trusted { &self.trusted } else { &self.strict };
        pool.request(request).await
    }
}
