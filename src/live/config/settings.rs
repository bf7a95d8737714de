//! Sections that describe the node itself: `[node]`, `[sip]`, `[rtp]`, `[web]`, `[store]`.

use super::secret::Secret;
use carillon_media::recording::Format;
use carillon_sip::{Network, Strangers, TransportKind};
use serde::Serialize;
use std::collections::BTreeMap;
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

/// `[sip]`: signalling.
#[derive(Clone, Debug, Serialize)]
pub struct SipConfig {
    /// Addresses to listen on and send from, at least one. Default `0.0.0.0:5060`. An IPv6
    /// wildcard serves IPv6 alone. Towards peers of a family that has several, Via and Contact
    /// show the first.
    pub bind: Vec<SocketAddr>,
    /// What is spoken on [`Self::bind`]: UDP, TCP or both. Default both.
    #[serde(serialize_with = "display_transports")]
    pub transports: Vec<TransportKind>,
    /// Host and port that Via and Contact show when they differ from `bind` (NAT): an address is
    /// for its family, a name for both. The port is the first `bind`'s where only a host was
    /// given.
    pub external: Vec<(String, u16)>,
    /// `[sip.tls]`: where TLS is spoken, and with which certificate.
    pub tls: Option<TlsListen>,
    /// TCP and TLS connections open at once; those of trunks and of [`Self::allow`] come on top.
    /// Default 4,096.
    pub connections_max: usize,
    /// Connections one IPv4 address or IPv6 /64 may hold; trunks and [`Self::allow`] any number.
    /// Default 64.
    pub connections_per_source: usize,
    /// A connection without traffic that no registration and no call needs is closed after this.
    /// Default 10 min.
    pub connection_idle: Duration,
    /// `User-Agent` and `Server`; empty sends none. Default `Carillon`.
    pub user_agent: String,
    /// Digest realm of agents' phones, and host of their addresses. Default `carillon`.
    pub realm: String,
    /// What agents' phones may prove their password with. Default SHA-256 and MD5.
    pub phone_digest: PhoneDigest,
    /// Sources whose calls are taken without a challenge, besides the trunks' addresses.
    #[serde(serialize_with = "display_networks")]
    pub allow: Vec<Network>,
    /// What other sources get. Default refuse.
    #[serde(serialize_with = "display_strangers")]
    pub strangers: Strangers,
    /// Name servers asked where trunks are; none: the system's (`/etc/resolv.conf`).
    pub dns: Vec<SocketAddr>,
    /// Time between two OPTIONS to each target of a trunk. Default 5 s.
    pub options_interval: Duration,
    /// Unanswered OPTIONS in a row after which a trunk is down. Default 2.
    pub options_lost_max: u32,
    /// Longest binding of an agent's phone. Default 10 min.
    pub register_expires: Duration,
    /// Profile of trunks that name none. Default `generic`.
    pub profile: String,
}

/// `[sip.tls]`: our side of TLS connections that others open.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TlsListen {
    /// Addresses to listen on, at least one. Default the hosts of `[sip] bind` with port 5061.
    pub bind: Vec<SocketAddr>,
    /// PEM file of the node's certificate, its chain below it.
    pub certificate: PathBuf,
    /// PEM file of its private key.
    pub key: PathBuf,
    /// PEM file of the CAs whose certificates peers must show; absent: none is asked for.
    pub client_ca: Option<PathBuf>,
    /// Port that Via and Contact show when it differs from `bind`'s (NAT).
    pub external_port: Option<u16>,
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

/// `[recording]`: how recordings are written and kept. Which calls are recorded, and on what
/// ground, each campaign says.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RecordingConfig {
    /// Their directory; a relative path counts from `[node] data_dir`. Default `recordings`.
    pub root: PathBuf,
    /// What a recording is kept as. Default WAV, 16 bits.
    pub format: Format,
    /// File of the key they are sealed with; absent: they are not.
    pub key_file: Option<PathBuf>,
    /// Files of keys that older recordings were sealed with.
    pub old_key_files: Vec<PathBuf>,
    /// What was written is brought to the disk this often. Default 5 s.
    pub sync_every: Duration,
    /// Threads that write. Default 2.
    pub writers: usize,
    /// How long recordings of a class are kept; `None`: for ever. Default `standard` 90 days,
    /// `bank` three years.
    pub classes: BTreeMap<String, Option<Duration>>,
}

impl RecordingConfig {
    /// How long recordings of a class are kept; `None`: for ever, as with a class that nothing
    /// is said of.
    pub fn keep(&self, class: &str) -> Option<Duration> {
        self.classes.get(class).copied().flatten()
    }
}

impl Default for RecordingConfig {
    fn default() -> Self {
        let days = |n: u64| Some(Duration::from_secs(n * 86_400));
        Self {
            root: "recordings".into(),
            format: Format::Wav,
            key_file: None,
            old_key_files: Vec::new(),
            sync_every: Duration::from_secs(5),
            writers: 2,
            classes: BTreeMap::from([
                ("standard".to_owned(), days(90)),
                ("bank".to_owned(), days(1_096)),
            ]),
        }
    }
}

/// `[capture]`: SIP messages kept to be looked at.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CaptureConfig {
    /// Room for messages, octets. Default 64 MiB.
    pub memory: u64,
    /// Most dialogs remembered. Default 20,000.
    pub calls: u32,
    /// Holders of the token may see keys pressed and all else but passwords. Default no.
    pub unmasked: bool,
    /// Host and UDP port of a Homer collector (HEP3).
    pub homer: Option<(String, u16)>,
    /// This node's id there. Default 2001.
    pub capture_id: u32,
    /// The collector's key.
    pub auth_key: Option<Secret>,
    /// Numbers and keys pressed are masked in what Homer gets. Default yes.
    pub homer_masked: bool,
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

impl SipConfig {
    /// Whether UDP, or TCP, is spoken on [`Self::bind`].
    pub fn speaks(&self, transport: TransportKind) -> bool {
        self.transports.contains(&transport)
    }

    /// Host and port shown to peers of one family where they differ from the socket's: an
    /// address of that family, else a name.
    pub fn external_for(&self, v4: bool) -> Option<&(String, u16)> {
        let family = |(host, _): &&(String, u16)| match host.parse::<IpAddr>() {
            Ok(ip) => ip.is_ipv4() == v4,
            Err(_) => false,
        };
        let name = |(host, _): &&(String, u16)| host.parse::<IpAddr>().is_err();
        let of_family = self.external.iter().find(family);
        of_family.or_else(|| self.external.iter().find(name))
    }
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

/// Digest algorithms the registrar offers (RFC 7616, RFC 8760).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum PhoneDigest {
    /// SHA-256, then MD5. A phone takes the first it knows (RFC 8760 §2.4).
    Both,
    /// MD5 alone: for phones that give up at an algorithm they do not know instead of skipping it.
    Md5,
    /// SHA-256 alone.
    Sha256,
}

impl Default for SipConfig {
    fn default() -> Self {
        Self {
            bind: vec![SocketAddr::from(([0, 0, 0, 0], 5060))],
            transports: vec![TransportKind::Udp, TransportKind::Tcp],
            external: Vec::new(),
            tls: None,
            connections_max: 4_096,
            connections_per_source: 64,
            connection_idle: Duration::from_secs(600),
            user_agent: "Carillon".into(),
            realm: "carillon".into(),
            phone_digest: PhoneDigest::Both,
            allow: Vec::new(),
            strangers: Strangers::default(),
            dns: Vec::new(),
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

impl Default for CaptureConfig {
    fn default() -> Self {
        Self {
            memory: 64 << 20,
            calls: 20_000,
            unmasked: false,
            homer: None,
            capture_id: 2001,
            auth_key: None,
            homer_masked: true,
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

fn display_transports<S: serde::Serializer>(
    list: &[TransportKind],
    to: S,
) -> Result<S::Ok, S::Error> {
    to.collect_seq(list.iter().map(|kind| kind.param()))
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
