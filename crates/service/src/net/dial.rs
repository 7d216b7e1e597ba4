//! Connections to destinations: directly, or through the proxy that the environment names.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use hyper::Uri;
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_util::client::legacy::connect::dns::Name;
use hyper_util::client::legacy::connect::proxy::{SocksV5, Tunnel};
use hyper_util::client::legacy::connect::{Connected, Connection, HttpConnector};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tower_service::Service;

use super::proxy::{Proxies, Proxy};
use super::resolve::Resolver;
use crate::tls::{HttpsConnector, MaybeHttpsStream};

type Failure = Box<dyn std::error::Error + Send + Sync>;

#[derive(Clone)]
pub(super) struct Dialer {
    /// To destinations.
    pub direct: HttpConnector<Resolver>,
    /// To proxies, which may be anywhere.
    pub to_proxy: HttpsConnector<HttpConnector<Resolver>>,
    /// Resolves destinations for proxies that need an address.
    pub resolver: Resolver,
    pub proxies: Arc<Proxies>,
}

/// A connection, perhaps to a proxy that gets whole URLs.
pub(super) struct Stream {
    io: MaybeHttpsStream<TokioIo<TcpStream>>,
    is_for_urls: bool,
}

impl Service<Uri> for Dialer {
    type Response = Stream;
    type Error = Failure;
    type Future = Pin<Box<dyn Future<Output = Result<Stream, Failure>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Failure>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, destination: Uri) -> Self::Future {
        let mut dialer = self.clone();
        Box::pin(async move {
            let Some(proxy) = dialer.proxies.for_destination(&destination)? else {
                std::future::poll_fn(|context| dialer.direct.poll_ready(context)).await?;
                let stream = dialer.direct.call(destination).await?;
                return Ok(Stream {
                    io: MaybeHttpsStream::Http(stream),
                    is_for_urls: false,
                });
            };
            dialer.through(&proxy, destination).await
        })
    }
}

impl Dialer {
    async fn through(&mut self, proxy: &Proxy, destination: Uri) -> Result<Stream, Failure> {
        let (uri, to_proxy) = (proxy.uri().clone(), self.to_proxy.clone());
        let is_clear = destination.scheme_str() == Some("http");
        let io = match uri.scheme_str() {
            Some(scheme @ ("socks5" | "socks5h")) => {
                let mut socks = SocksV5::new(as_http(&uri)?, to_proxy);
                if let Some((user, password)) = proxy.intercept().raw_auth() {
                    socks = socks.with_auth(user.to_owned(), password.to_owned());
                }
                // With `socks5h` the proxy resolves names, with `socks5` the client does.
                let destination = match scheme {
                    "socks5" => self.resolved(&destination).await?,
                    _ => with_host(destination.host().unwrap_or(""), port_of(&destination))?,
                };
                socks.call(destination).await?
            }
            _ if is_clear => {
                let mut to_proxy = to_proxy;
                let io = to_proxy.call(uri).await?;
                return Ok(Stream {
                    io,
                    is_for_urls: true,
                });
            }
            _ => {
                let mut tunnel = Tunnel::new(uri, to_proxy);
                if let Some(auth) = proxy.basic_auth() {
                    tunnel = tunnel.with_auth(auth);
                }
                tunnel.call(destination).await?
            }
        };
        Ok(Stream {
            io,
            is_for_urls: false,
        })
    }

    /// The destination with a resolved address that the guard allows.
    async fn resolved(&mut self, destination: &Uri) -> Result<Uri, Failure> {
        let host = destination.host().unwrap_or("").trim_matches(['[', ']']);
        let mut found = self.resolver.call(host.parse::<Name>()?).await?;
        let address = found
            .next()
            .ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))?;
        let host = match address.ip() {
            std::net::IpAddr::V6(address) => format!("[{address}]"),
            std::net::IpAddr::V4(address) => address.to_string(),
        };
        with_host(&host, port_of(destination))
    }
}

/// The SOCKS client takes 443 for every destination without a port, so the port is always explicit.
fn port_of(destination: &Uri) -> u16 {
    let usual = match destination.scheme_str() {
        Some("https") => 443,
        _ => 80,
    };
    destination.port_u16().unwrap_or(usual)
}

/// A connector accepts only `http`.
fn as_http(uri: &Uri) -> Result<Uri, Failure> {
    with_host(uri.host().unwrap_or(""), uri.port_u16().unwrap_or(1080))
}

fn with_host(host: &str, port: u16) -> Result<Uri, Failure> {
    let authority = format!("{host}:{port}");
    Ok(Uri::builder()
        .scheme("http")
        .authority(authority)
        .path_and_query("/")
        .build()?)
}

impl Connection for Stream {
    fn connected(&self) -> Connected {
        self.io.connected().proxy(self.is_for_urls)
    }
}

impl Read for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_read(context, buffer)
    }
}

impl Write for Stream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(context)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write_vectored(context, slices)
    }
}
