//! Our side of connections that others open.

use super::error::TlsError;
use super::material::{Ends, Identity, roots};
use super::provider;
use super::renew::Renewable;
use crate::config::TlsListen;
use rustls::ServerConfig;
use rustls::server::WebPkiClientVerifier;
use std::sync::Arc;

/// What a TLS listener shows and asks for, renewed when its files change.
pub(crate) type TlsServer = Renewable<ServerConfig>;

impl TlsServer {
    /// Reads the files.
    ///
    /// # Errors
    /// [`TlsError`] with the file and what to do.
    pub(crate) fn server(settings: &TlsListen) -> Result<Self, TlsError> {
        let files = [&settings.certificate, &settings.key]
            .into_iter()
            .chain(&settings.client_ca)
            .cloned()
            .collect();
        let settings = settings.clone();
        Renewable::new("[sip.tls]".to_owned(), files, move || build(&settings))
    }
}

fn build(settings: &TlsListen) -> Result<(ServerConfig, Option<Ends>), TlsError> {
    let what = "[sip.tls]";
    let unusable = |problem: String| TlsError::Unusable { what, problem };
    let identity = Identity::load(&settings.certificate, &settings.key)?;
    let builder = ServerConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .map_err(|e| unusable(e.to_string()))?;
    let builder = match &settings.client_ca {
        None => builder.with_no_client_auth(),
        Some(file) => {
            let roots = Arc::new(roots("client_ca", file)?);
            let verifier = WebPkiClientVerifier::builder_with_provider(roots, provider());
            let verifier = verifier.build().map_err(|e| unusable(e.to_string()))?;
            builder.with_client_cert_verifier(verifier)
        }
    };
    let config = builder
        .with_single_cert(identity.chain, identity.key)
        .map_err(|e| unusable(super::client::identity_problem(&e)))?;
    Ok((config, identity.ends))
}
