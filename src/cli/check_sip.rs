//! The part of `carillon check` that looks at SIP's sockets and certificates.

use super::check::Finding;
use super::offline::now;
use carillon_live::config::Config;
use carillon_sip::TransportKind;
use std::net::{SocketAddr, TcpListener, UdpSocket};

/// A certificate that ends within this is told of, s.
const WARN_BEFORE_S: i64 = 14 * 86_400;

/// Whether SIP's addresses are free.
pub fn ports(config: &Config) -> Vec<Finding> {
    let sip = &config.sip;
    let mut findings = Vec::new();
    for &address in &sip.bind {
        if sip.speaks(TransportKind::Udp) {
            let free = UdpSocket::bind(address).map(drop);
            findings.push(port("udp", address, free));
        }
        if sip.speaks(TransportKind::Tcp) {
            let free = TcpListener::bind(address).map(drop);
            findings.push(port("tcp", address, free));
        }
    }
    for &address in sip.tls.iter().flat_map(|tls| &tls.bind) {
        findings.push(port("tls", address, TcpListener::bind(address).map(drop)));
    }
    findings
}

fn port(transport: &str, address: SocketAddr, free: std::io::Result<()>) -> Finding {
    match free {
        Ok(()) => Finding::good("SIP port", format!("{transport} {address} is free")),
        Err(error) => Finding::warning(
            "SIP port",
            format!("{transport} {address}: {error}"),
            "a running node holds it, or another program does (ss -lnp shows which); else change \
             `bind`",
        ),
    }
}

/// Whether certificates, keys and CAs can be used, and how long.
pub fn certificates(config: &Config) -> Vec<Finding> {
    let mut findings = Vec::new();
    for tls in carillon_live::tls_findings(config) {
        let what = format!("TLS of {}", tls.what);
        findings.push(match tls.outcome {
            Err(why) => Finding::fault(&what, why, "the node does not start before this is right"),
            Ok(ends) => life(&what, ends),
        });
        if tls.insecure {
            findings.push(Finding::warning(
                &what,
                "verify = \"insecure\": whoever answers is taken for the trunk",
                "name the trunk's CA with ca = \"FILE.pem\" in [trunk.tls] and remove `verify`",
            ));
        }
    }
    findings
}

fn life(what: &str, ends: Option<i64>) -> Finding {
    let Some(ends) = ends else {
        return Finding::good(what, "certificates can be read");
    };
    let left = ends - now().0 / 1_000;
    let days = left / 86_400;
    if left <= 0 {
        let found = format!("the certificate has expired {} days ago", -days);
        return Finding::fault(what, found, "renew it: peers refuse it");
    }
    if left < WARN_BEFORE_S {
        let found = format!("the certificate ends in {days} days");
        return Finding::warning(
            what,
            found,
            "renew it; the node takes the new files up by itself",
        );
    }
    Finding::good(what, format!("the certificate is good for {days} days"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    #[test]
    fn every_address_and_transport_is_looked_at() {
        let held = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = held.local_addr().unwrap().port();
        let text = format!("[sip]\nbind = [\"127.0.0.1:{port}\", \"[::1]:0\"]\n");
        let config = Config::parse(Path::new("carillon.toml"), &text).unwrap();
        let findings = ports(&config);
        assert_eq!(findings.len(), 4, "{findings:?}");
        let bad: Vec<&Finding> = findings.iter().filter(|f| f.state != "ok").collect();
        assert!(
            bad.iter().any(|f| f.found.starts_with("tcp 127.0.0.1")),
            "{bad:?}"
        );
    }

    #[test]
    fn certificates_that_are_missing_ended_or_unchecked_are_told() {
        let text = "[sip.tls]\ncertificate = \"no.pem\"\nkey = \"no.key\"\n\
                    [[trunk]]\nname = \"a\"\naddress = \"pbx.example\"\nchannels = 1\n\
                    calls_per_second = 1\ntransport = \"tls\"\n[trunk.tls]\nverify = \"insecure\"\n";
        let config = Config::parse(Path::new("carillon.toml"), text).unwrap();
        let findings = certificates(&config);
        assert!(findings[0].state == "fault" && findings[0].found.contains("no.pem"));
        assert!(
            findings
                .iter()
                .any(|f| f.state == "warning" && f.what.contains("trunk a"))
        );
        let now = now().0 / 1_000;
        for (left, state) in [(-1, "fault"), (86_400, "warning"), (90 * 86_400, "ok")] {
            assert_eq!(life("x", Some(now + left)).state, state);
        }
    }
}
