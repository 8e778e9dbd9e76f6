//! What all vendors of a node share: runtime, trust, one HTTP client.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use rustls::crypto::aws_lc_rs::default_provider;
use rustls::pki_types::CertificateDer;
use rustls::{ClientConfig, RootCertStore};
use rustls_platform_verifier::BuilderVerifierExt;
use thiserror::Error;
use tokio::runtime::Handle;
use tokio_rustls::TlsConnector;
use types::Millis;

use crate::clock::duration;

/// How long a TCP connection and its handshake may take (conversation.md §7.10).
pub const CONNECT_WAIT: Millis = Millis::from_secs(2);

/// Idle connections kept per host for the next request.
const IDLE_PER_HOST_MAX: usize = 64;

/// Runtime, trust and HTTP client of a node's vendors. Cloning shares them.
#[derive(Clone)]
pub struct Net {
    handle: Handle,
    tls: TlsConnector,
    http: reqwest::Client,
    sessions: Arc<AtomicU64>,
}

/// Why vendors cannot be reached at all.
#[derive(Debug, Error)]
pub enum NetError {
    /// No TLS.
    #[error("no encrypted connections: {0}")]
    Tls(#[source] rustls::Error),
    /// No HTTP client.
    #[error("no client for requests: {0}")]
    Http(#[source] reqwest::Error),
}

impl Net {
    /// Sessions run on `handle`'s runtime; certificates are believed as the system believes them.
    ///
    /// # Errors
    /// [`NetError`] if the system's trust cannot be read.
    pub fn new(handle: Handle) -> Result<Self, NetError> {
        let config = ClientConfig::builder_with_provider(Arc::new(default_provider()))
            .with_safe_default_protocol_versions()
            .and_then(|builder| builder.with_platform_verifier())
            .map_err(NetError::Tls)?
            .with_no_client_auth();
        Self::with_tls(handle, config)
    }

    /// As [`Self::new`], but believes only what `roots` signed: a vendor on the own premises.
    ///
    /// # Errors
    /// [`NetError`] if one of `roots` is no certificate.
    pub fn trusting(handle: Handle, roots: &[CertificateDer<'_>]) -> Result<Self, NetError> {
        let mut store = RootCertStore::empty();
        for root in roots {
            store.add(root.clone().into_owned()).map_err(NetError::Tls)?;
        }
        let config = ClientConfig::builder_with_provider(Arc::new(default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(NetError::Tls)?
            .with_root_certificates(store)
            .with_no_client_auth();
        Self::with_tls(handle, config)
    }

    fn with_tls(handle: Handle, config: ClientConfig) -> Result<Self, NetError> {
        let http = reqwest::Client::builder()
            .tls_backend_preconfigured(config.clone())
            .connect_timeout(duration(CONNECT_WAIT))
            .pool_max_idle_per_host(IDLE_PER_HOST_MAX)
            .tcp_nodelay(true)
            // A key goes to the host it was given for, and nowhere else.
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .map_err(NetError::Http)?;
        let tls = TlsConnector::from(Arc::new(config));
        Ok(Self { handle, tls, http, sessions: Arc::default() })
    }

    /// The runtime that sessions' tasks run on.
    pub const fn handle(&self) -> &Handle {
        &self.handle
    }

    /// What encrypts sockets.
    pub const fn tls(&self) -> &TlsConnector {
        &self.tls
    }

    /// The client that requests go through: pooled, follows no redirect.
    pub const fn http(&self) -> &reqwest::Client {
        &self.http
    }

    /// A number for one more session: what its chances are drawn from.
    pub fn next_session(&self) -> u64 {
        self.sessions.fetch_add(1, Ordering::Relaxed)
    }
}

impl std::fmt::Debug for Net {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Net").finish_non_exhaustive()
    }
}
