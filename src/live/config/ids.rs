//! Names of trunks, agents and campaigns, and the ids the engine knows them by.

use super::Config;
use super::node_read;
use super::section::Section;
use carillon_decision::id::{AgentId, CampaignId, TrunkId};
use carillon_store::{NameKind, NameStore, StoreError};
use std::collections::BTreeMap;

/// Names taken so far in one kind of table.
pub(super) struct Names {
    kind: &'static str,
    taken: Vec<String>,
}

impl Names {
    pub(super) fn new(kind: &'static str) -> Self {
        Self {
            kind,
            taken: Vec::new(),
        }
    }

    /// Reads `name` (required, unique). The id is the place in the file, until
    /// [`Config::bind_ids`] takes the store's.
    pub(super) fn read(&mut self, table: &Section<'_>, example: &str) -> (String, u32) {
        let item = table.required("name", example);
        let name = item.as_ref().and_then(node_read::name).unwrap_or_default();
        if let (Some(item), true) = (&item, !name.is_empty() && self.taken.contains(&name)) {
            let problem = format!("a second {} named \"{name}\"", self.kind);
            item.fault(problem, "give each a name of its own");
        }
        self.taken.push(name.clone());
        (name, u32::try_from(self.taken.len()).unwrap_or(u32::MAX))
    }
}

impl Config {
    /// Takes the ids that the store keeps for these names, so that records and ledgers belong
    /// to the same campaign, agent and trunk whatever the order of the file. Call it before
    /// anything of this configuration enters the engine or the store.
    ///
    /// # Errors
    /// What the store says.
    pub async fn bind_ids(&mut self, store: &dyn NameStore) -> Result<(), StoreError> {
        let names = self.trunks.iter().map(|t| t.engine.name.clone()).collect();
        let ids = store.ensure_names(NameKind::Trunk, names).await?;
        for (trunk, id) in self.trunks.iter_mut().zip(ids) {
            trunk.engine.id = TrunkId(id);
        }
        let names = self
            .campaigns
            .iter()
            .map(|c| c.engine.name.clone())
            .collect();
        let ids = store.ensure_names(NameKind::Campaign, names).await?;
        let mut moved = BTreeMap::new();
        for (campaign, id) in self.campaigns.iter_mut().zip(ids) {
            moved.insert(campaign.engine.id, CampaignId(id));
            campaign.engine.id = CampaignId(id);
        }
        let names = self.agents.iter().map(|a| a.engine.name.clone()).collect();
        let ids = store.ensure_names(NameKind::Agent, names).await?;
        for (agent, id) in self.agents.iter_mut().zip(ids) {
            agent.engine.id = AgentId(id);
            for campaign in &mut agent.engine.campaigns {
                *campaign = moved.get(campaign).copied().unwrap_or(*campaign);
            }
        }
        Ok(())
    }
}
