//! Reads where a trunk's requests go: its host, or an outbound proxy in front of it.

use super::section::Section;
use super::trunk_wire::TrunkWire;
use crate::locate::Query;
use carillon_sip::TransportKind;

/// A proxy that requests go through.
pub(super) struct Proxy {
    /// With `lr` (RFC 3261 §19.1.1): the proxy must not take the request-URI's place.
    pub(super) uri: String,
    query: Query,
}

/// What is looked up: of the outbound proxy where there is one, else of the trunk's host.
pub(super) fn query(
    table: &Section<'_>,
    host: &str,
    port: Option<u16>,
    wire: &TrunkWire,
    proxy: Option<&Proxy>,
) -> Query {
    // Written in the trunk, or another than the default because its profile says so.
    let is_stated = table.raw("transport").is_some() || wire.transport != TransportKind::Udp;
    let stated = is_stated.then_some(wire.transport);
    match proxy {
        Some(proxy) => Query {
            transport: proxy.query.transport.or(stated),
            secure: proxy.query.secure || wire.sips,
            ..proxy.query.clone()
        },
        None => Query {
            secure: wire.sips,
            ..Query::new(host, port, stated)
        },
    }
}

pub(super) fn outbound_proxy(table: &Section<'_>, wire: &TrunkWire) -> Option<Proxy> {
    let item = table.get("outbound_proxy")?;
    let text = item.text().unwrap_or("").trim().to_owned();
    let sendable = carillon_sip::uri::is_sendable(text.as_bytes());
    let Some(query) = Query::of_uri(&text).filter(|_| sendable) else {
        item.expected(
            "a SIP URI of the proxy, such as \"sip:proxy.example.net;lr\" or \
             \"sip:203.0.113.7:5070;transport=tcp;lr\"",
        );
        return None;
    };
    let is_tls = query.secure || query.transport == Some(TransportKind::Tls);
    if is_tls != (wire.transport == TransportKind::Tls) && query.transport.is_some() {
        item.fault(
            format!(
                "the proxy is met over another transport than the trunk ({})",
                wire.transport.param()
            ),
            "write the same `transport` in the trunk: what `[trunk.tls]` says holds for the proxy",
        );
        return None;
    }
    let has_lr = text
        .split(';')
        .skip(1)
        .any(|p| p.eq_ignore_ascii_case("lr") || p.starts_with("lr="));
    let uri = if has_lr { text } else { format!("{text};lr") };
    Some(Proxy { uri, query })
}
