//! Reads `[node]`, `[sip]`, `[rtp]`, `[web]`, `[store]` and `[[dnc]]`.

use super::secret_read;
use super::section::{Item, Section};
use super::settings::{
    DncList, LogFormat, NodeConfig, PhoneDigest, RtpConfig, SipConfig, StoreConfig, WebConfig,
};
use super::sip_read;
use carillon_sip::Strangers;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};

/// A day, s.
const DAY: u64 = 86_400;

pub(super) fn node(root: &Section<'_>) -> NodeConfig {
    let mut node = NodeConfig::default();
    let directory = root.doc.directory();
    if let Some(table) = root.section("node") {
        node.name = table
            .get("name")
            .and_then(|i| name(&i))
            .unwrap_or(node.name);
        node.data_dir = table
            .string("data_dir")
            .map_or(node.data_dir, PathBuf::from);
        node.seed = table.integer("seed", 0..=u64::MAX);
        node.log = table.string("log").unwrap_or(node.log);
        let formats = [("text", LogFormat::Text), ("json", LogFormat::Json)];
        node.log_format = table
            .choice("log_format", &formats)
            .unwrap_or(node.log_format);
        node.dry_run = table.boolean("dry_run").unwrap_or(node.dry_run);
        node.drain_limit = table
            .duration("drain_limit", 0..=DAY)
            .unwrap_or(node.drain_limit);
        node.country = table
            .get("country")
            .and_then(|i| country(&i))
            .unwrap_or(node.country);
        table.finish(&[]);
    }
    node.data_dir = directory.join(node.data_dir);
    node
}

pub(super) fn sip(root: &Section<'_>) -> SipConfig {
    let mut sip = SipConfig::default();
    let Some(table) = root.section("sip") else {
        return sip;
    };
    sip_read::sockets(&table, &mut sip);
    sip.user_agent = table.string("user_agent").unwrap_or(sip.user_agent);
    sip.realm = table
        .get("realm")
        .and_then(|i| name(&i))
        .unwrap_or(sip.realm);
    let network = "a network, such as \"192.0.2.0/24\", \"192.0.2.7\" or \"192.0.2.7:5060\"";
    sip.allow = table.parsed_list("allow", network).unwrap_or_default();
    let server = "a name server's address, such as \"192.0.2.53\" or \"127.0.0.1:5353\"";
    let servers = table.parsed_list::<NameServer>("dns", server);
    sip.dns = servers.map_or(sip.dns, |list| list.into_iter().map(|s| s.0).collect());
    let digests = [
        ("both", PhoneDigest::Both),
        ("md5", PhoneDigest::Md5),
        ("sha256", PhoneDigest::Sha256),
    ];
    sip.phone_digest = table
        .choice("phone_digest", &digests)
        .unwrap_or(sip.phone_digest);
    let strangers = [("refuse", Strangers::Refuse), ("drop", Strangers::Drop)];
    sip.strangers = table
        .choice("strangers", &strangers)
        .unwrap_or(sip.strangers);
    sip.options_interval = table
        .duration("options_interval", 1..=3600)
        .unwrap_or(sip.options_interval);
    sip.options_lost_max = table
        .u32("options_lost_max", 1..=100)
        .unwrap_or(sip.options_lost_max);
    sip.register_expires = table
        .duration("register_expires", 60..=DAY)
        .unwrap_or(sip.register_expires);
    sip.profile = table.string("profile").unwrap_or(sip.profile);
    table.finish(&[]);
    sip
}

/// An address with port 53 where none is written.
struct NameServer(SocketAddr);

impl std::str::FromStr for NameServer {
    type Err = std::net::AddrParseError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let port = |ip| SocketAddr::new(ip, 53);
        let read = text.parse::<IpAddr>().map(port);
        read.or_else(|_| text.parse()).map(Self)
    }
}

pub(super) fn rtp(root: &Section<'_>, sip: &SipConfig) -> RtpConfig {
    let mut rtp = RtpConfig::default();
    if let Some(table) = root.section("rtp") {
        let address = "an address without a port, such as \"203.0.113.7\"";
        rtp.bind = table.parsed::<IpAddr>("bind", address).unwrap_or(rtp.bind);
        rtp.external = table.parsed::<IpAddr>("external", address);
        if let Some((min, max)) = table.get("ports").and_then(|item| ports(&item)) {
            (rtp.port_min, rtp.port_max) = (min, max);
        }
        table.finish(&[]);
    }
    let of_family = sip.external_for(rtp.bind.is_ipv4());
    let shown = of_family.and_then(|(host, _)| host.parse().ok());
    rtp.external = rtp.external.or(shown);
    rtp
}

pub(super) fn web(root: &Section<'_>) -> WebConfig {
    let mut web = WebConfig::default();
    if let Some(table) = root.section("web") {
        let bind = "an address and a port, such as \"127.0.0.1:8080\"";
        web.bind = table.parsed::<SocketAddr>("bind", bind).unwrap_or(web.bind);
        web.supervisor_token = table
            .get("supervisor_token")
            .and_then(|item| secret_read::token(&item));
        if let Some(item) = table.get("hosts") {
            web.hosts = item.list(HOSTS).iter().filter_map(host_name).collect();
        }
        web.https = table.boolean("https").unwrap_or(web.https);
        let streams = table.u32("streams_max", 1..=10_000);
        web.streams_max = streams.map_or(web.streams_max, |most| most as usize);
        table.finish(&[]);
    }
    web
}

const HOSTS: &str = "a list of names without scheme and port, such as [\"dialer.example.com\"]";

/// A name as it stands in a browser's address line.
fn host_name(item: &Item<'_>) -> Option<String> {
    let fits = |text: &str| {
        !text.is_empty()
            && text
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_'))
    };
    let text = item.string()?;
    if fits(&text) {
        return Some(text.to_ascii_lowercase());
    }
    item.expected(HOSTS);
    None
}

pub(super) fn store(root: &Section<'_>, data_dir: &Path) -> StoreConfig {
    let mut store = StoreConfig::default();
    if let Some(table) = root.section("store") {
        store.path = table.string("path").map_or(store.path, PathBuf::from);
        table.finish(&[]);
    }
    store.path = data_dir.join(store.path);
    store
}

pub(super) fn dnc(root: &Section<'_>) -> Vec<DncList> {
    let mut lists: Vec<DncList> = Vec::new();
    for table in root.sections("dnc") {
        let name = table.required("name", "\"us-registry\"").and_then(|item| {
            let name = name(&item)?;
            if lists.iter().any(|list| list.name == name) {
                item.fault(
                    format!("a second list named \"{name}\""),
                    "give each list a name of its own",
                );
            }
            Some(name)
        });
        lists.push(DncList {
            name: name.unwrap_or_default(),
            source: table.string("source").unwrap_or_default(),
            max_age: table.duration("max_age", 3600..=3650 * DAY),
        });
        table.finish(&[]);
    }
    lists
}

/// A name as it may stand in commands, URLs and file names.
pub(super) fn name(item: &Item<'_>) -> Option<String> {
    let fits = |text: &&str| {
        (1..=64).contains(&text.len())
            && text
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b))
    };
    let name = item.text().filter(fits);
    if name.is_none() {
        item.expected("a name of up to 64 letters, digits, `-`, `_` or `.`, without spaces");
    }
    name.map(str::to_owned)
}

/// An ISO 3166-1 country that the numbering plans know.
pub(super) fn country(item: &Item<'_>) -> Option<String> {
    let found = item.text().map(|text| text.trim().to_ascii_uppercase());
    let known = found.filter(|text| calling_code(text).is_some());
    if known.is_none() {
        item.expected("a country as two letters (ISO 3166-1), such as \"US\", \"GB\" or \"CN\"");
    }
    known
}

/// Calling code of an ISO 3166-1 country.
pub(super) fn calling_code(country: &str) -> Option<i32> {
    crate::import::calling_code(country)
}

/// `host` or `host:port`.
pub(super) fn host_port(item: &Item<'_>, port: u16) -> Option<(String, u16)> {
    let read = item
        .text()
        .and_then(|text| split_host_port(text.trim(), port));
    if read.is_none() {
        item.expected(
            "a host, or host and port, such as \"sip.example.net\", \"203.0.113.7:5060\" or \
             \"[2001:db8::1]:5060\"",
        );
    }
    read
}

pub(super) fn split_host_port(text: &str, port: u16) -> Option<(String, u16)> {
    if let Ok(address) = text.parse::<IpAddr>() {
        return Some((address.to_string(), port));
    }
    if let Ok(socket) = text.parse::<SocketAddr>() {
        return (socket.port() != 0).then(|| (socket.ip().to_string(), socket.port()));
    }
    let (host, port) = match text.split_once(':') {
        Some((host, port)) => (host, port.parse().ok().filter(|&p| p != 0)?),
        None => (text, port),
    };
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
    };
    // A name made of digits and dots only is a mistyped address.
    let is_name = host.trim_end_matches('.').split('.').all(label)
        && !host.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    is_name.then(|| (host.to_owned(), port))
}

/// `16384-32767`: the first even, room for at least one call of two legs.
fn ports(item: &Item<'_>) -> Option<(u16, u16)> {
    let read = item.text().and_then(|text| {
        let (min, max) = text.split_once('-')?;
        Some((
            min.trim().parse::<u16>().ok()?,
            max.trim().parse::<u16>().ok()?,
        ))
    });
    let read =
        read.filter(|(min, max)| *min >= 1024 && min % 2 == 0 && *max >= min.saturating_add(3));
    if read.is_none() {
        item.expected(
            "a range of at least 4 UDP ports from an even one on, at least 1024, such as \
             \"16384-32767\" (a call takes 4: two legs, RTP and RTCP)",
        );
    }
    read
}
