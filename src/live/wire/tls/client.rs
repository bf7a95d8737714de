//! Our side of connections that we open to a trunk.

use super::error::TlsError;
use super::material::{Ends, Identity, roots, system_roots};
use super::provider;
use super::renew::Renewable;
use crate::config::{TrunkCa, TrunkTls};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, SignatureScheme};
use std::sync::Arc;

/// How one trunk is met over TLS.
#[derive(Debug)]
pub(crate) struct TlsClient {
    /// The name its certificate must carry.
    pub(in crate::wire) name: ServerName<'static>,
    pub(in crate::wire) config: Arc<Renewable<ClientConfig>>,
}

impl TlsClient {
    /// Reads the files. `host`: the trunk's host as configured, the name to be proved unless
    /// `server_name` says otherwise.
    ///
    /// # Errors
    /// [`TlsError`] with the file and what to do.
    pub(crate) fn new(trunk: &str, host: &str, settings: &TrunkTls) -> Result<Self, TlsError> {
        let wanted = settings.server_name.as_deref().unwrap_or(host);
        let name = ServerName::try_from(wanted.to_owned()).map_err(|_| TlsError::Unusable {
            what: "server_name of [trunk.tls]",
            problem: format!("\"{wanted}\" is neither a host name nor an address"),
        })?;
        let mut files = Vec::new();
        if let TrunkCa::File(file) = &settings.ca {
            files.push(file.clone());
        }
        if let Some((certificate, key)) = &settings.identity {
            files.extend([certificate.clone(), key.clone()]);
        }
        let settings = settings.clone();
        let whose = format!("trunk {trunk}");
        let config = Renewable::new(whose, files, move || build(&settings))?;
        Ok(Self {
            name,
            config: Arc::new(config),
        })
    }
}

fn build(settings: &TrunkTls) -> Result<(ClientConfig, Option<Ends>), TlsError> {
    let what = "[trunk.tls]";
    let unusable = |problem: String| TlsError::Unusable { what, problem };
    let builder = ClientConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .map_err(|e| unusable(e.to_string()))?;
    let builder = if settings.verify {
        let roots = match &settings.ca {
            TrunkCa::System => system_roots()?,
            TrunkCa::File(file) => roots("ca", file)?,
        };
        builder.with_root_certificates(roots)
    } else {
        let anyone = Arc::new(Anyone(provider()));
        builder.dangerous().with_custom_certificate_verifier(anyone)
    };
    let Some((certificate, key)) = &settings.identity else {
        return Ok((builder.with_no_client_auth(), None));
    };
    let identity = Identity::load(certificate, key)?;
    let config = builder
        .with_client_auth_cert(identity.chain, identity.key)
        .map_err(|e| unusable(identity_problem(&e)))?;
    Ok((config, identity.ends))
}

/// Why a certificate and a key are not taken together.
pub(super) fn identity_problem(error: &rustls::Error) -> String {
    match error {
        rustls::Error::InconsistentKeys(_) => {
            "the private key does not belong to the certificate; the first certificate in the file \
             must be the node's own, its chain below it"
                .to_owned()
        }
        other => other.to_string(),
    }
}

/// Takes whoever answers (`verify = "insecure"`): the octets are hidden from listeners, but
/// anybody in between can pose as the trunk.
#[derive(Debug)]
struct Anyone(Arc<CryptoProvider>);

impl ServerCertVerifier for Anyone {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        verify_tls12_signature(message, cert, dss, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        verify_tls13_signature(message, cert, dss, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
