//! Names as the configuration has them now; what it no longer names keeps its id.

use crate::config::Config;
use carillon_decision::id::{AgentId, CampaignId, TrunkId};

pub(super) fn campaign_name(names: &Config, id: CampaignId) -> String {
    let found = names.campaigns.iter().find(|c| c.engine.id == id);
    found.map_or_else(|| id.to_string(), |c| c.engine.name.clone())
}

pub(super) fn trunk_name(names: &Config, id: TrunkId) -> String {
    let found = names.trunks.iter().find(|t| t.engine.id == id);
    found.map_or_else(|| id.to_string(), |t| t.engine.name.clone())
}

pub(super) fn agent_name(names: &Config, id: AgentId) -> String {
    let found = names.agents.iter().find(|a| a.engine.id == id);
    found.map_or_else(|| id.to_string(), |a| a.display_name.clone())
}
