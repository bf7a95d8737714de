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

#[cfg(test)]
mod tests {
    use crate::config::{Config, ConfigErrors};
    use std::path::Path;

    fn parse(trunk: &str) -> Result<Config, ConfigErrors> {
        let text = format!(
            "[sip]\ndns = [\"192.0.2.53\", \"127.0.0.1:5353\"]\n[[trunk]]\nname = \"a\"\n\
             channels = 1\ncalls_per_second = 1\n{trunk}"
        );
        Config::parse(Path::new("carillon.toml"), &text)
    }

    fn looked_up(trunk: &str) -> String {
        parse(trunk).unwrap().trunks[0].query.to_string()
    }

    #[test]
    fn only_what_is_written_narrows_the_search() {
        let address = "address = \"Carrier.example\"\n";
        assert_eq!(looked_up(address), "sip:carrier.example");
        assert_eq!(
            looked_up("address = \"carrier.example:5070\""),
            "sip:carrier.example:5070"
        );
        assert_eq!(
            looked_up(&format!("{address}transport = \"udp\"")),
            "sip:carrier.example;transport=udp"
        );
        assert_eq!(looked_up("address = \"192.0.2.1\""), "sip:192.0.2.1");
        let servers = parse(address).unwrap().sip.dns;
        let servers: Vec<String> = servers.iter().map(ToString::to_string).collect();
        assert_eq!(servers, ["192.0.2.53:53", "127.0.0.1:5353"]);
    }

    #[test]
    fn an_outbound_proxy_is_looked_up_in_place_of_the_trunk() {
        let trunk = "address = \"carrier.example\"\ntransport = \"tcp\"\n\
                     outbound_proxy = \"sip:edge.example:5080\"";
        let config = parse(trunk).unwrap();
        let trunk = &config.trunks[0];
        assert_eq!(
            trunk.query.to_string(),
            "sip:edge.example:5080;transport=tcp"
        );
        assert_eq!(
            trunk.outbound_proxy.as_deref(),
            Some("sip:edge.example:5080;lr")
        );
        assert_eq!(trunk.host, "carrier.example");
    }

    #[test]
    fn a_proxy_that_cannot_be_met_is_a_fault() {
        for proxy in [
            "edge.example",
            "tel:+12025550123",
            "sip:edge.example;transport=tls",
        ] {
            let trunk = format!("address = \"carrier.example\"\noutbound_proxy = \"{proxy}\"");
            let errors = parse(&trunk).unwrap_err();
            assert_eq!(errors.errors.len(), 1, "{errors}");
            assert!(errors.errors[0].key.contains("outbound_proxy"), "{errors}");
        }
    }
}
