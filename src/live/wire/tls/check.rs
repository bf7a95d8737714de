//! What `carillon check` says of certificates.

use super::client::TlsClient;
use super::material::Ends;
use super::renew::Renew;
use super::server::TlsServer;
use crate::config::Config;

/// What is known of one set of certificates.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsFinding {
    /// Whose they are: `[sip.tls]`, `trunk NAME`.
    pub what: String,
    /// When the own certificate ends, s since 1970 (`None`: there is none, or it cannot be
    /// told); or why they cannot be used, with what to do.
    pub outcome: Result<Option<i64>, String>,
    /// Whoever answers is taken for the trunk (`verify = "insecure"`).
    pub insecure: bool,
}

/// Reads every certificate, key and CA of a configuration.
pub fn tls_findings(config: &Config) -> Vec<TlsFinding> {
    let unix_s = |ends: Option<Ends>| ends.map(|e| e.unix_s);
    let mut findings = Vec::new();
    if let Some(listen) = &config.sip.tls {
        let read = TlsServer::server(listen);
        findings.push(TlsFinding {
            what: "[sip.tls]".to_owned(),
            outcome: read.map(|s| unix_s(s.ends())).map_err(|e| e.to_string()),
            insecure: false,
        });
    }
    for trunk in &config.trunks {
        let Some(tls) = &trunk.tls else { continue };
        let name = &trunk.engine.name;
        let read = TlsClient::new(name, &trunk.host, tls);
        findings.push(TlsFinding {
            what: format!("trunk {name}"),
            outcome: read
                .map(|c| unix_s(c.config.ends()))
                .map_err(|e| e.to_string()),
            insecure: !tls.verify,
        });
    }
    findings
}
