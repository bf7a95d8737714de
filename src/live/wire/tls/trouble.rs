//! What went wrong with a connection, in words that say what to do.

use rustls::{AlertDescription, CertificateError, Error as TlsError, PeerIncompatible};
use std::io;

/// An error of a socket or of TLS; `ours`: on a connection that we opened.
pub(in crate::wire) fn in_words(error: &io::Error, ours: bool) -> String {
    let tls = error
        .get_ref()
        .and_then(|inner| inner.downcast_ref::<TlsError>());
    match (tls, error.kind()) {
        (Some(tls), _) => tls_in_words(tls, ours),
        (None, io::ErrorKind::ConnectionRefused) => {
            "connection refused: nothing listens there on this port and transport".to_owned()
        }
        (None, io::ErrorKind::ConnectionReset) => "the far side reset it".to_owned(),
        (None, io::ErrorKind::UnexpectedEof) => "the far side cut it off".to_owned(),
        (None, _) => error.to_string(),
    }
}

fn tls_in_words(error: &TlsError, ours: bool) -> String {
    match error {
        TlsError::InvalidCertificate(why) => certificate_in_words(why, ours),
        TlsError::AlertReceived(alert) => alert_in_words(*alert),
        TlsError::PeerIncompatible(why) => incompatible_in_words(why),
        TlsError::InvalidMessage(_) if ours => {
            "the far side does not speak TLS on this port; check the port (5061) and the trunk's \
             `transport`"
                .to_owned()
        }
        TlsError::InvalidMessage(_) => "the far side does not speak TLS".to_owned(),
        TlsError::NoCertificatesPresented => "the far side showed no certificate".to_owned(),
        other => format!("TLS: {other}"),
    }
}

#[allow(clippy::wildcard_enum_match_arm, reason = "the enum grows")]
fn certificate_in_words(error: &CertificateError, ours: bool) -> String {
    match error {
        CertificateError::ExpiredContext { time, not_after } => {
            let days = time.as_secs().saturating_sub(not_after.as_secs()) / 86_400;
            format!(
                "its certificate expired {days} days ago; the far side must renew it (check this \
                 machine's clock, too)"
            )
        }
        CertificateError::Expired => {
            "its certificate has expired; the far side must renew it".to_owned()
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            "its certificate is not valid yet; check this machine's clock".to_owned()
        }
        CertificateError::NotValidForNameContext {
            expected,
            presented,
        } => {
            let names = match presented.is_empty() {
                true => "none".to_owned(),
                false => presented.join(", "),
            };
            format!(
                "its certificate is not for \"{}\" but for: {names}; set `server_name` in \
                 [trunk.tls] to the name your carrier gives, if that is one of them",
                expected.to_str()
            )
        }
        CertificateError::UnknownIssuer if !ours => {
            "its certificate comes from a CA that `client_ca` in [sip.tls] does not name".to_owned()
        }
        CertificateError::UnknownIssuer => {
            "its certificate comes from a CA that is not trusted here; set `ca` in [trunk.tls] to \
             the file of your carrier's or PBX's CA"
                .to_owned()
        }
        CertificateError::BadSignature => {
            "its certificate was not signed by the CA it names, or by an older key of it; get the \
             CA's present certificate"
                .to_owned()
        }
        CertificateError::Revoked => "its certificate was revoked".to_owned(),
        other => format!("its certificate cannot be used: {other}"),
    }
}

fn alert_in_words(alert: AlertDescription) -> String {
    use AlertDescription as A;
    match alert {
        A::CertificateRequired => "the far side wants a certificate of ours; set `certificate` \
                                   and `key` in [trunk.tls]"
            .to_owned(),
        A::BadCertificate
        | A::UnsupportedCertificate
        | A::CertificateRevoked
        | A::CertificateExpired
        | A::CertificateUnknown
        | A::UnknownCA => format!(
            "the far side does not take our certificate ({alert:?}); check that it trusts the CA \
             of ours, and that ours has not expired"
        ),
        A::ProtocolVersion => {
            "the far side speaks neither TLS 1.2 nor 1.3, which this node asks for".to_owned()
        }
        A::HandshakeFailure => "the far side ended the handshake: no cipher in common, or it \
                                wants a certificate of ours (`certificate` and `key` in \
                                [trunk.tls])"
            .to_owned(),
        A::UnrecognisedName => {
            "the far side does not know the name it was asked for; set `server_name` in \
             [trunk.tls]"
                .to_owned()
        }
        other => format!("the far side ended the handshake with the alert {other:?}"),
    }
}

fn incompatible_in_words(why: &PeerIncompatible) -> String {
    match why {
        PeerIncompatible::Tls12NotOffered
        | PeerIncompatible::Tls12NotOfferedOrEnabled
        | PeerIncompatible::Tls13RequiredForQuic
        | PeerIncompatible::ServerTlsVersionIsDisabledByOurConfig => {
            "the far side speaks neither TLS 1.2 nor 1.3, which this node asks for".to_owned()
        }
        PeerIncompatible::NoCipherSuitesInCommon
        | PeerIncompatible::NoKxGroupsInCommon
        | PeerIncompatible::NoSignatureSchemesInCommon => {
            format!("no protocol in common with the far side ({why:?})")
        }
        other => format!("the far side's TLS does not fit: {other:?}"),
    }
}
