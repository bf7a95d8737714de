//! Reads how a trunk is met: `transport`, `keep_alive`, `scheme` and `[trunk.tls]`.

use super::floor::{TrunkCa, TrunkTls};
use super::section::{Item, Section};
use super::settings::SipConfig;
use crate::profiles::TRANSPORTS;
use carillon_sip::TransportKind;
use std::time::Duration;
use toml::de::DeValue;

/// Keep-alives on streams where nothing else is written: within the shortest time-out of common
/// firewalls and load balancers (a minute).
const STREAM_KEEP_ALIVE: Duration = Duration::from_secs(30);

/// How a trunk is met.
pub(super) struct TrunkWire {
    pub(super) transport: TransportKind,
    pub(super) tls: Option<TrunkTls>,
    pub(super) keep_alive: Option<Duration>,
    pub(super) sips: bool,
}

/// `usual` is the profile's transport, for a trunk that names none.
pub(super) fn read(
    table: &Section<'_>,
    sip: &SipConfig,
    usual: Option<TransportKind>,
) -> TrunkWire {
    let usual = usual.unwrap_or(TransportKind::Udp);
    let transport = table.get("transport");
    let transport = match &transport {
        None => usual,
        Some(item) => item.choice(&TRANSPORTS).unwrap_or(usual),
    };
    if transport == TransportKind::Udp && !sip.speaks(TransportKind::Udp) {
        table.fault(
            "the trunk is met over UDP, which [sip] transports does not name",
            "write transport = \"tcp\" or \"tls\" here, or add \"udp\" to [sip] transports",
        );
    }
    let tls = table.get("tls");
    let is_tls = transport == TransportKind::Tls;
    if let Some(item) = tls.as_ref().filter(|_| !is_tls) {
        item.fault(
            format!("[trunk.tls] in a trunk over {}", transport.param()),
            "write transport = \"tls\" in the trunk, or remove the table",
        );
    }
    let read = tls.and_then(|item| item.section()).map(|t| read_tls(&t));
    let schemes = [("sip", false), ("sips", true)];
    let sips = table.get("scheme").and_then(|item| {
        let sips = item.choice(&schemes)?;
        if sips && !is_tls {
            item.fault(
                format!("scheme \"sips\" in a trunk over {}", transport.param()),
                "write transport = \"tls\" in the trunk, or scheme = \"sip\"",
            );
        }
        Some(sips)
    });
    let default = (transport != TransportKind::Udp).then_some(STREAM_KEEP_ALIVE);
    TrunkWire {
        transport,
        tls: is_tls.then(|| read.unwrap_or_else(TrunkTls::system)),
        keep_alive: table
            .get("keep_alive")
            .map_or(default, |item| keep_alive(&item)),
        sips: sips.unwrap_or(false),
    }
}

/// A span, or "off".
fn keep_alive(item: &Item<'_>) -> Option<Duration> {
    if item.text().is_some_and(|text| text.trim() == "off") {
        return None;
    }
    item.duration(Duration::from_secs(5)..=Duration::from_secs(3_600))
}

impl TrunkTls {
    /// The system's CAs, and nothing else.
    fn system() -> Self {
        Self {
            ca: TrunkCa::System,
            server_name: None,
            identity: None,
            verify: true,
        }
    }
}

fn read_tls(table: &Section<'_>) -> TrunkTls {
    let directory = table.doc.directory();
    let file = |key| {
        let path = table.string(key)?;
        Some(directory.join(path))
    };
    let ca = match table.string("ca").as_deref() {
        None | Some("system") => TrunkCa::System,
        Some(path) => TrunkCa::File(directory.join(path)),
    };
    let server_name = table.get("server_name").and_then(|item| server_name(&item));
    let identity = match (file("certificate"), file("key")) {
        (Some(certificate), Some(key)) => Some((certificate, key)),
        (None, None) => None,
        (Some(_), None) => {
            table.fault("`certificate` without `key`", "add key = \"FILE.key\"");
            None
        }
        (None, Some(_)) => {
            table.fault(
                "`key` without `certificate`",
                "add certificate = \"FILE.pem\"",
            );
            None
        }
    };
    let verify = table.get("verify").is_none_or(|item| verify(&item));
    table.finish(&[]);
    TrunkTls {
        ca,
        server_name,
        identity,
        verify,
    }
}

fn server_name(item: &Item<'_>) -> Option<String> {
    let text = item.text().map(str::trim);
    let name = text.filter(|t| rustls::pki_types::ServerName::try_from(*t).is_ok());
    if name.is_none() {
        item.expected("the host name or address in the trunk's certificate, without a port");
    }
    name.map(str::to_owned)
}

/// Only a word that nobody writes by mistake switches the check off.
fn verify(item: &Item<'_>) -> bool {
    match item.value {
        DeValue::Boolean(true) => true,
        DeValue::Boolean(false) => {
            item.fault(
                "found false",
                "name the trunk's CA with ca = \"FILE.pem\" instead; a test without any check \
                 must say verify = \"insecure\"",
            );
            true
        }
        _ if item.text() == Some("insecure") => false,
        _ => {
            item.expected("true, or \"insecure\" (whoever answers is taken for the trunk)");
            true
        }
    }
}
