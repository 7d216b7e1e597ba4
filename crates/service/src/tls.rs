//! TLS towards servers. Certificates are checked against Mozilla's roots, compiled in, and those of a file if one is given.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use hyper_rustls::HttpsConnectorBuilder;
pub use hyper_rustls::{HttpsConnector, MaybeHttpsStream};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsConnector;
pub use tokio_rustls::client::TlsStream;

/// Why the certificates of a file cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("{path} has no usable certificate")]
pub struct InvalidRoots {
    pub path: PathBuf,
    #[source]
    source: Option<rustls::pki_types::pem::Error>,
}

/// How servers prove who they are; cheap to clone.
#[derive(Clone)]
pub struct Tls(Arc<ClientConfig>);

impl Default for Tls {
    fn default() -> Self {
        Self::new()
    }
}

impl Tls {
    /// With Mozilla's roots.
    pub fn new() -> Self {
        Self::with(mozilla())
    }

    /// With Mozilla's roots and the certificates of a file in PEM.
    pub fn with_roots_of(path: &Path) -> Result<Self, InvalidRoots> {
        let invalid = |source| InvalidRoots {
            path: path.to_owned(),
            source,
        };
        let mut roots = mozilla();
        let certificates = CertificateDer::pem_file_iter(path).map_err(|it| invalid(Some(it)))?;
        let before = roots.len();
        for certificate in certificates {
            let certificate = certificate.map_err(|it| invalid(Some(it)))?;
            roots.add(certificate).map_err(|_| invalid(None))?;
        }
        if roots.len() == before {
            return Err(invalid(None));
        }
        Ok(Self::with(roots))
    }

    fn with(roots: RootCertStore) -> Self {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("the provider supports the default protocol versions")
            .with_root_certificates(roots)
            .with_no_client_auth();
        Self(Arc::new(config))
    }

    /// Encrypts a connection to a host, whose name its certificate must have.
    pub async fn encrypt<S>(&self, host: &str, stream: S) -> io::Result<TlsStream<S>>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let name = ServerName::try_from(host.to_owned()).map_err(io::Error::other)?;
        let connector = TlsConnector::from(Arc::clone(&self.0));
        connector.connect(name, stream).await
    }

    /// Connections of `connector`, with TLS to addresses that begin with `https`.
    pub fn around<C>(&self, connector: C) -> HttpsConnector<C> {
        HttpsConnectorBuilder::new()
            .with_tls_config((*self.0).clone())
            .https_or_http()
            .enable_http1()
            .wrap_connector(connector)
    }
}

fn mozilla() -> RootCertStore {
    RootCertStore {
        roots: webpki_roots::TLS_SERVER_ROOTS.to_vec(),
    }
}
