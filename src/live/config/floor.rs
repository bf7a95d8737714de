//! Sections that describe the floor: `[[trunk]]`, `[[agent]]`, `[[campaign]]`, as the driver
//! needs them around the engine's own settings.

use super::detection_read::Detection;
use super::number_format::NumberFormat;
use super::secret::Secret;
use crate::locate::Query;
use crate::profiles::{CallerIdHeader, CodecName, Profile, Srtp};
use carillon_decision::agent::AgentProfile;
use carillon_decision::campaign::CampaignConfig;
use carillon_decision::routing::TrunkConfig;
use carillon_media::greeting::TonePlan;
use carillon_sip::TransportKind;
use serde::Serialize;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// One `[[trunk]]`.
#[derive(Clone, Debug, Serialize)]
pub struct TrunkSettings {
    /// What the engine must know: id, name, group, channels, rate, prefixes, tags, priority.
    pub engine: TrunkConfig,
    /// Host name or address of the carrier or PBX.
    pub host: String,
    /// Its port. Default 5060, over TLS 5061.
    pub port: u16,
    /// What is looked up to find it (RFC 3263): its host, or the outbound proxy's, with the port
    /// and the transport only where they are written.
    #[serde(serialize_with = "display_query")]
    pub query: Query,
    /// URI of a proxy that every request goes through (RFC 3261 §8.1.2), with `lr`: it is what is
    /// located, and stands in a `Route` of each INVITE.
    pub outbound_proxy: Option<String>,
    /// How it is met. Default UDP.
    #[serde(serialize_with = "transport_name")]
    pub transport: TransportKind,
    /// Whom to trust there; only over TLS.
    pub tls: Option<TrunkTls>,
    /// Time between two CRLF keep-alives (RFC 5626 §3.5.1); `None` sends none. Default 30 s over
    /// TCP and TLS, none over UDP.
    pub keep_alive: Option<Duration>,
    /// Write `sips:` in Request-URI and Contact (RFC 5630); only over TLS. Default off.
    pub sips: bool,
    /// How it behaves: causes, codecs, headers.
    #[serde(serialize_with = "profile_name")]
    pub profile: Arc<Profile>,
    /// How numbers are written in the Request-URI and To.
    pub number_format: NumberFormat,
    /// How our own number is written in From and P-Asserted-Identity.
    pub caller_id_format: NumberFormat,
    /// Digest user name.
    pub username: Option<String>,
    /// Digest password.
    pub password: Option<Secret>,
    /// Register there (needs a user name and a password). Default off.
    pub register: bool,
    /// Host part of From and To; default the trunk's host.
    pub from_domain: Option<String>,
    /// Codecs in order of preference, the profile's unless given.
    pub codecs: Vec<CodecName>,
    /// Whether audio is secured. Default off.
    pub srtp: Srtp,
    /// Whose call-progress tones come from there. Default any.
    #[serde(serialize_with = "tones_name")]
    pub tones: TonePlan,
    /// Header that carries the caller ID, the profile's unless given.
    pub caller_id_header: CallerIdHeader,
    /// Further header lines of each call, as written: `Privacy`, `Diversion`, `X-Account` …
    pub headers: Vec<(String, String)>,
    /// Ask for OPTIONS answers to know whether the trunk is up. Default on; when off, the
    /// trunk counts as up until calls fail.
    pub options: bool,
}

/// `[trunk.tls]`: whom to trust, and who we are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TrunkTls {
    /// Whose certificates count. Default the system's.
    pub ca: TrunkCa,
    /// Name the trunk's certificate must carry; default the trunk's host as configured, never
    /// what DNS made of it (RFC 5922 §4).
    pub server_name: Option<String>,
    /// PEM files of a certificate of ours (its chain below it) and its key, for trunks that ask
    /// for one.
    pub identity: Option<(PathBuf, PathBuf)>,
    /// Check the certificate. Off only by `verify = "insecure"`.
    pub verify: bool,
}

/// Whose certificates count.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum TrunkCa {
    /// The CAs the system trusts.
    System,
    /// Those in a PEM file, and no others.
    File(PathBuf),
}

/// One `[[agent]]`.
#[derive(Clone, Debug, Serialize)]
pub struct AgentSettings {
    /// What the engine must know: id, name, skills, campaigns, line.
    pub engine: AgentProfile,
    /// Shown on pages; default the name.
    pub display_name: String,
    /// PIN of the agent page and of the login by phone (digits).
    pub pin: Option<Secret>,
    /// SIP password of the agent's registered phone.
    pub password: Option<Secret>,
    /// Where the phone is.
    pub phone: AgentPhone,
    /// Codecs its phone is offered, most wanted first. Default PCMU, PCMA.
    pub codecs: Vec<CodecName>,
    /// Whether its audio is secured. Default off.
    pub srtp: Srtp,
}

/// Where an agent's phone is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum AgentPhone {
    /// It registers with Carillon under this user name.
    Registered(String),
    /// A fixed SIP URI, octet for octet.
    Uri(String),
}

/// One `[[campaign]]`.
#[derive(Clone, Debug, Serialize)]
pub struct CampaignSettings {
    /// What the engine must know.
    pub engine: CampaignConfig,
    /// Start dialing as soon as the node is up. Default off: `campaign start` does.
    pub autostart: bool,
    /// How it tells who answered.
    pub detection: Detection,
    /// Prompts by the name the engine uses for them.
    pub prompts: Vec<PromptSource>,
}

/// A prompt a campaign plays.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PromptSource {
    /// The name in the engine's settings (`abandon_prompt`, inbound `prompt`), as written.
    pub name: String,
    /// The WAV file, absolute or counted from the working directory; absent: a prompt built in
    /// (`carillon_media::prompts`) of that name.
    pub file: Option<PathBuf>,
}

fn tones_name<S: serde::Serializer>(plan: &TonePlan, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(plan.name())
}

fn profile_name<S: serde::Serializer>(profile: &Arc<Profile>, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(&profile.name)
}

fn transport_name<S: serde::Serializer>(kind: &TransportKind, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(kind.param())
}

fn display_query<S: serde::Serializer>(query: &Query, to: S) -> Result<S::Ok, S::Error> {
    to.collect_str(query)
}
