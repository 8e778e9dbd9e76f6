//! Certificates: read at the start, looked at while running, exchanged without dropping a connection.

use std::fs;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::SystemTime;

use arc_swap::ArcSwap;
use rustls::ServerConfig;
use rustls::crypto::CryptoProvider;
use rustls::crypto::aws_lc_rs::default_provider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use thiserror::Error;
use tokio_rustls::TlsAcceptor;

use crate::config::TlsConfig;
use crate::telemetry::Telemetry;

/// Makes aws-lc-rs this process's one cryptography provider. Calling it again is fine.
pub fn install_provider() {
    if default_provider().install_default().is_err() {
        tracing::debug!("a cryptography provider is installed already");
    }
}

/// A certificate and key that cannot be used.
#[derive(Debug, Error)]
pub enum TlsError {
    /// A file cannot be read.
    #[error("tls.{key}: {} cannot be read: {source}", path.display())]
    File {
        /// Which setting names it.
        key: &'static str,
        /// Which file.
        path: PathBuf,
        /// What the system says.
        #[source]
        source: io::Error,
    },
    /// It is not PEM of the right kind.
    #[error("tls.{key}: {} holds no usable PEM: {what}", path.display())]
    Pem {
        /// Which setting names it.
        key: &'static str,
        /// Which file.
        path: PathBuf,
        /// What is wrong.
        what: String,
    },
    /// Certificate and key do not fit together, or are of a kind we do not speak.
    #[error("tls: certificate and key cannot be used together: {0}")]
    Pair(#[source] rustls::Error),
    /// No protocol version is left to speak.
    #[error("tls: {0}")]
    Protocol(#[source] rustls::Error),
}

/// The certificate in force.
#[derive(Debug)]
struct Current(ArcSwap<CertifiedKey>);

impl ResolvesServerCert for Current {
    fn resolve(&self, _hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        // Whole `Arc`s only, see `Snapshot`.
        Some(self.0.load_full())
    }
}

/// The certificate of this engine's listeners.
#[derive(Debug)]
pub struct Certificates {
    config: TlsConfig,
    current: Arc<Current>,
    server: Arc<ServerConfig>,
    telemetry: Telemetry,
}

/// What the files looked like: a change of either is a reason to read them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Look([Option<(SystemTime, u64)>; 2]);

impl Certificates {
    /// Reads the pair.
    ///
    /// # Errors
    /// [`TlsError`].
    pub fn load(config: TlsConfig, telemetry: Telemetry) -> Result<Arc<Self>, TlsError> {
        let provider = Arc::new(default_provider());
        let pair = read_pair(&config, &provider)?;
        let current = Arc::new(Current(ArcSwap::from_pointee(pair)));
        let mut server = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(TlsError::Protocol)?
            .with_no_client_auth()
            .with_cert_resolver(current.clone());
        server.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Arc::new(Self { config, current, server: Arc::new(server), telemetry }))
    }

    /// Takes handshakes with whatever certificate is in force.
    pub fn acceptor(&self) -> TlsAcceptor {
        TlsAcceptor::from(self.server.clone())
    }

    /// Looks at the files every so often, for as long as the runtime lives.
    pub async fn watch(self: Arc<Self>) {
        let every = std::time::Duration::from_micros(self.config.reload.as_micros());
        let mut looked = self.look();
        loop {
            tokio::time::sleep(every).await;
            let look = self.look();
            if look != looked {
                looked = look;
                self.reload();
            }
        }
    }

    /// Reads the pair anew. One that cannot be used changes nothing; whether it was taken.
    pub fn reload(&self) -> bool {
        match read_pair(&self.config, self.server.crypto_provider()) {
            Ok(pair) => {
                self.current.0.store(Arc::new(pair));
                self.telemetry.tls_reloads.increment(1);
                tracing::info!("certificate exchanged: new connections use it");
                true
            }
            Err(error) => {
                self.telemetry.tls_refused.increment(1);
                tracing::error!(%error, "the new certificate is refused, the old one stays");
                false
            }
        }
    }

    fn look(&self) -> Look {
        Look([&self.config.certificate, &self.config.key].map(|path| {
            let meta = fs::metadata(path).ok()?;
            Some((meta.modified().ok()?, meta.len()))
        }))
    }
}

fn read_pair(config: &TlsConfig, provider: &CryptoProvider) -> Result<CertifiedKey, TlsError> {
    let read = |key: &'static str, path: &PathBuf| {
        fs::read(path).map_err(|source| TlsError::File { key, path: path.clone(), source })
    };
    let bad = |key: &'static str, path: &PathBuf, what: String| TlsError::Pem {
        key,
        path: path.clone(),
        what,
    };
    let bytes = read("certificate", &config.certificate)?;
    let chain: Result<Vec<CertificateDer<'static>>, _> =
        CertificateDer::pem_slice_iter(&bytes).collect();
    let chain =
        chain.map_err(|error| bad("certificate", &config.certificate, error.to_string()))?;
    if chain.is_empty() {
        return Err(bad("certificate", &config.certificate, "no certificate in it".into()));
    }
    let bytes = read("key", &config.key)?;
    let key = PrivateKeyDer::from_pem_slice(&bytes)
        .map_err(|error| bad("key", &config.key, error.to_string()))?;
    CertifiedKey::from_der(chain, key, provider).map_err(TlsError::Pair)
}
