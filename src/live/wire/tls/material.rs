//! Certificates, keys and CAs out of PEM files.

use super::error::TlsError;
use rustls::RootCertStore;
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use std::path::{Path, PathBuf};
use x509_cert::der::Decode;

/// When a certificate ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::wire) struct Ends {
    /// The file it stands in.
    pub(in crate::wire) file: PathBuf,
    /// s since 1970.
    pub(in crate::wire) unix_s: i64,
}

/// A certificate with its chain, and its key.
pub(super) struct Identity {
    pub(super) chain: Vec<CertificateDer<'static>>,
    pub(super) key: PrivateKeyDer<'static>,
    pub(super) ends: Option<Ends>,
}

impl Identity {
    pub(super) fn load(certificate: &Path, key: &Path) -> Result<Self, TlsError> {
        let chain = certificates("certificate", certificate)?;
        let key = PrivateKeyDer::from_pem_file(key).map_err(|error| TlsError::File {
            what: "private key",
            file: key.to_owned(),
            problem: pem_problem(&error, "no private key"),
            remedy: "give a PEM file with an unencrypted PKCS#8, PKCS#1 or SEC1 key that this \
                     user may read",
        })?;
        let ends = chain.first().and_then(|leaf| not_after(leaf));
        let ends = ends.map(|unix_s| Ends {
            file: certificate.to_owned(),
            unix_s,
        });
        Ok(Self { chain, key, ends })
    }
}

/// The CAs in a file.
pub(super) fn roots(what: &'static str, file: &Path) -> Result<RootCertStore, TlsError> {
    let mut store = RootCertStore::empty();
    for certificate in certificates(what, file)? {
        store.add(certificate).map_err(|error| TlsError::File {
            what,
            file: file.to_owned(),
            problem: error.to_string(),
            remedy: "give the CA's own certificate",
        })?;
    }
    Ok(store)
}

/// The CAs the system trusts.
pub(super) fn system_roots() -> Result<RootCertStore, TlsError> {
    let found = rustls_native_certs::load_native_certs();
    let mut store = RootCertStore::empty();
    let (added, _) = store.add_parsable_certificates(found.certs);
    if added > 0 {
        return Ok(store);
    }
    let why: Vec<String> = found.errors.iter().map(ToString::to_string).collect();
    Err(TlsError::NoSystemRoots(why.join("; ")))
}

fn certificates(what: &'static str, file: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let failed = |error: &pem::Error| TlsError::File {
        what,
        file: file.to_owned(),
        problem: pem_problem(error, "no certificate"),
        remedy: "give a PEM file (-----BEGIN CERTIFICATE-----) that this user may read",
    };
    let read = CertificateDer::pem_file_iter(file).map_err(|e| failed(&e))?;
    let chain: Vec<_> = read.collect::<Result<_, _>>().map_err(|e| failed(&e))?;
    if chain.is_empty() {
        return Err(failed(&pem::Error::NoItemsFound));
    }
    Ok(chain)
}

fn pem_problem(error: &pem::Error, nothing: &str) -> String {
    match error {
        pem::Error::NoItemsFound => format!("{nothing} in it"),
        pem::Error::Io(error) => error.to_string(),
        other => format!("it cannot be read: {other:?}"),
    }
}

/// End of a certificate's validity, s since 1970; `None` where it cannot be read.
fn not_after(certificate: &CertificateDer<'_>) -> Option<i64> {
    let read = x509_cert::Certificate::from_der(certificate.as_ref()).ok()?;
    let end = read.tbs_certificate().validity().not_after;
    i64::try_from(end.to_unix_duration().as_secs()).ok()
}
