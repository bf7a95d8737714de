//! Reads what `[sip]` says of sockets, and `[sip.tls]`.

use super::node_read::host_port;
use super::section::{Item, Section};
use super::settings::{SipConfig, TlsListen};
use carillon_sip::TransportKind;
use std::net::SocketAddr;
use std::path::PathBuf;
use toml::de::DeValue;

/// Port of SIP over TLS (RFC 3261 §19.1.2).
const TLS_PORT: u16 = 5061;
/// An hour, s.
const HOUR: u64 = 3_600;

const BIND: &str = "an address and a port, such as \"0.0.0.0:5060\" or \"[::]:5060\", or a list of \
                    them";

pub(super) fn sockets(table: &Section<'_>, sip: &mut SipConfig) {
    if let Some(bind) = table.get("bind").and_then(|item| addresses(&item)) {
        sip.bind = bind;
    }
    if let Some(item) = table.get("transports") {
        sip.transports = transports(&item).unwrap_or(sip.transports.clone());
    }
    let port = sip.bind.first().map_or(0, SocketAddr::port);
    let port = if port == 0 { 5060 } else { port };
    if let Some(item) = table.get("external") {
        let read = |item: &Item<'_>| host_port(item, port);
        sip.external = one_or_more(&item).iter().filter_map(read).collect();
    }
    sip.tls = table.section("tls").and_then(|tls| listen(&tls, sip));
    if let Some(most) = table.u32("connections_max", 1..=1_000_000) {
        sip.connections_max = most as usize;
    }
    if let Some(most) = table.u32("connections_per_source", 1..=1_000_000) {
        sip.connections_per_source = most as usize;
    }
    sip.connection_idle = table
        .duration("connection_idle", 30..=24 * HOUR)
        .unwrap_or(sip.connection_idle);
}

/// A value, or the elements of a list of them.
fn one_or_more<'d>(item: &Item<'d>) -> Vec<Item<'d>> {
    match item.value {
        DeValue::Array(_) => item.list(""),
        _ => vec![item.clone()],
    }
}

fn addresses(item: &Item<'_>) -> Option<Vec<SocketAddr>> {
    let items = one_or_more(item);
    let read: Vec<SocketAddr> = items.iter().filter_map(|i| i.parsed(BIND)).collect();
    if items.is_empty() {
        item.expected(BIND);
    }
    for (n, address) in read.iter().enumerate() {
        let twice = address.port() != 0 && read[..n].contains(address);
        if twice && let Some(item) = items.get(n) {
            item.fault(
                format!("{address} stands here a second time"),
                "name each address once",
            );
        }
    }
    (!read.is_empty()).then_some(read)
}

fn transports(item: &Item<'_>) -> Option<Vec<TransportKind>> {
    let kinds = [("udp", TransportKind::Udp), ("tcp", TransportKind::Tcp)];
    let items = item.list("a list of \"udp\" and \"tcp\"; TLS has a table of its own, [sip.tls]");
    let mut read: Vec<TransportKind> = items.iter().filter_map(|i| i.choice(&kinds)).collect();
    read.sort_unstable();
    read.dedup();
    if items.is_empty() {
        item.fault(
            "no transport is named",
            "allowed: [\"udp\", \"tcp\"], [\"udp\"] or [\"tcp\"]",
        );
    }
    (!read.is_empty()).then_some(read)
}

fn listen(table: &Section<'_>, sip: &SipConfig) -> Option<TlsListen> {
    let bind = table.get("bind").map(|item| addresses(&item));
    let default = || {
        let secured = |address: &SocketAddr| match address.port() {
            // Ports of the system's choice stay so.
            0 => *address,
            _ => SocketAddr::new(address.ip(), TLS_PORT),
        };
        Some(sip.bind.iter().map(secured).collect())
    };
    let certificate = pem_file(table, "certificate", "\"tls/node.pem\"");
    let key = pem_file(table, "key", "\"tls/node.key\"");
    let directory = table.doc.directory();
    let client_ca = table.string("client_ca").map(|file| directory.join(file));
    let external_port = table.u32("external_port", 1..=65_535);
    table.finish(&[]);
    Some(TlsListen {
        bind: bind.unwrap_or_else(default)?,
        certificate: certificate?,
        key: key?,
        client_ca,
        external_port: external_port.and_then(|port| u16::try_from(port).ok()),
    })
}

/// A file that must be named; a relative path counts from the configuration.
fn pem_file(table: &Section<'_>, key: &'static str, example: &str) -> Option<PathBuf> {
    let file = table.required(key, example)?.string()?;
    Some(table.doc.directory().join(file))
}
