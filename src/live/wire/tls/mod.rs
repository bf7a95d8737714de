//! TLS of connections: certificates and keys from files, renewed while the node runs; whom to
//! trust; what went wrong, in words.
//!
//! TLS 1.2 and 1.3 with one cryptographic provider (ring). The name a server must prove is the
//! one in the configuration, never what DNS answered (RFC 5922 §4, RFC 3261 §26.3.2.2).

mod check;
mod client;
mod error;
mod material;
mod renew;
mod server;
mod trouble;

pub use check::{TlsFinding, tls_findings};
pub(crate) use client::TlsClient;
pub use error::TlsError;
pub(super) use renew::Renew;
pub(crate) use server::TlsServer;
pub(super) use trouble::in_words;

use rustls::crypto::CryptoProvider;
use std::sync::Arc;

/// The one provider of cryptography.
fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}
