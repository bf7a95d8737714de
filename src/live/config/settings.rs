//! Sections that describe the node itself: `[node]`, `[sip]`, `[rtp]`, `[web]`, `[store]`.

use super::secret::Secret;
use carillon_sip::{Network, Strangers};
use serde::Serialize;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

/// `[node]`: this process.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct NodeConfig {
    /// Name in logs, metrics and the journal. Default `carillon`.
    pub name: String,
    /// Directory of the database, the journal and recordings; a relative path counts from the
    /// configuration file. Default `data`.
    pub data_dir: PathBuf,
    /// Seed of every random choice of the engine; absent: drawn at start and journalled.
    pub seed: Option<u64>,
    /// Log filter, such as `info` or `info,carillon_sip=debug`. Default `info`.
    pub log: String,
    /// How log lines are written. Default text.
    pub log_format: LogFormat,
    /// Decide and record, but let no INVITE leave. Default off.
    pub dry_run: bool,
    /// Longest time a drain waits for conversations to end. Default 10 min.
    pub drain_limit: Duration,
    /// ISO 3166-1 country of numbers written without `+`. Default `US`.
    pub country: String,
}

/// How log lines are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

/// `[sip]`: signalling over UDP.
#[derive(Clone, Debug, Serialize)]
pub struct SipConfig {
    /// Address to listen on and send from. Default `0.0.0.0:5060`.
    pub bind: SocketAddr,
    /// Host and port that Via and Contact show when they differ from `bind` (NAT). The port
    /// is `bind`'s where only a host was given.
    pub external: Option<(String, u16)>,
    /// `User-Agent` and `Server`; empty sends none. Default `Carillon`.
    pub user_agent: String,
    /// Digest realm of agents' phones, and host of their addresses. Default `carillon`.
    pub realm: String,
    /// Sources whose calls are taken without a challenge, besides the trunks' addresses.
    #[serde(serialize_with = "display_networks")]
    pub allow: Vec<Network>,
    /// What other sources get. Default refuse.
    #[serde(serialize_with = "display_strangers")]
    pub strangers: Strangers,
    /// Time between two OPTIONS to each trunk. Default 5 s.
    pub options_interval: Duration,
    /// Unanswered OPTIONS in a row after which a trunk is down. Default 2.
    pub options_lost_max: u32,
    /// Longest binding of an agent's phone. Default 10 min.
    pub register_expires: Duration,
    /// Profile of trunks that name none. Default `generic`.
    pub profile: String,
}

/// `[rtp]`: audio.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RtpConfig {
    /// Address to listen on. Default `0.0.0.0`.
    pub bind: IpAddr,
    /// Address that SDP shows when it differs from `bind` (NAT); default the host of
    /// `[sip] external` where that is an address.
    pub external: Option<IpAddr>,
    /// First UDP port, even. Default 16384.
    pub port_min: u16,
    /// Last UDP port. Default 32767.
    pub port_max: u16,
}

/// `[web]`: pages, API and metrics.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct WebConfig {
    /// Address to listen on. Default `127.0.0.1:8080`.
    pub bind: SocketAddr,
    /// Token every change must carry; absent: the pages only show.
    pub supervisor_token: Option<Secret>,
    /// Names under which browsers reach the pages, besides `localhost` and addresses; requests
    /// for others are refused (DNS rebinding). In lower case, without port.
    pub hosts: Vec<String>,
    /// Browsers come by HTTPS, through a proxy: agents' cookies are then marked `Secure`.
    /// Default no.
    pub https: bool,
    /// Most pages that are open at once, 1 to 10,000. Default 200.
    pub streams_max: usize,
}

/// `[store]`: the database.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct StoreConfig {
    /// SQLite file; a relative path counts from the data directory. Default `carillon.db`.
    pub path: PathBuf,
}

/// One `[[dnc]]`: a do-not-call list the node knows of.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct DncList {
    /// Name, as campaigns and `dnc import --list` use it.
    pub name: String,
    /// Where it comes from, for the records.
    pub source: String,
    /// Age after which `check` warns that the copy is stale (US registry: 31 days).
    pub max_age: Option<Duration>,
}

impl Default for NodeConfig {
    fn default() -> Self {
        Self {
            name: "carillon".into(),
            data_dir: "data".into(),
            seed: None,
            log: "info".into(),
            log_format: LogFormat::Text,
            dry_run: false,
            drain_limit: Duration::from_secs(600),
            country: "US".into(),
        }
    }
}

impl Default for SipConfig {
    fn default() -> Self {
        Self {
            bind: SocketAddr::from(([0, 0, 0, 0], 5060)),
            external: None,
            user_agent: "Carillon".into(),
            realm: "carillon".into(),
            allow: Vec::new(),
            strangers: Strangers::default(),
            options_interval: Duration::from_secs(5),
            options_lost_max: 2,
            register_expires: Duration::from_secs(600),
            profile: "generic".into(),
        }
    }
}

impl Default for RtpConfig {
    fn default() -> Self {
        Self {
            bind: IpAddr::from([0, 0, 0, 0]),
            external: None,
            port_min: 16_384,
            port_max: 32_767,
        }
    }
}

impl Default for WebConfig {
    fn default() -> Self {
        Self {
            bind: SocketAddr::from(([127, 0, 0, 1], 8080)),
            supervisor_token: None,
            hosts: Vec::new(),
            https: false,
            streams_max: 200,
        }
    }
}

impl Default for StoreConfig {
    fn default() -> Self {
        Self {
            path: "carillon.db".into(),
        }
    }
}

fn display_networks<S: serde::Serializer>(list: &[Network], to: S) -> Result<S::Ok, S::Error> {
    to.collect_seq(list.iter().map(|n| match n.port {
        Some(port) => SocketAddr::new(n.address, port).to_string(),
        None => format!("{}/{}", n.address, n.prefix),
    }))
}

fn display_strangers<S: serde::Serializer>(
    strangers: &Strangers,
    to: S,
) -> Result<S::Ok, S::Error> {
    to.serialize_str(match strangers {
        Strangers::Refuse => "refuse",
        Strangers::Drop => "drop",
    })
}
