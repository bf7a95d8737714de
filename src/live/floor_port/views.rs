//! Leads, cards, calls and lists, from the store and the board.

use super::{FloorPort, asked};
use carillon_api::port::{
    ActionError, CallFilter, CardNote, LeadAttempt, LeadCard, LeadView, LeadViewNumber, ListView,
};
use carillon_decision::call::{CallRecord, Direction};
use carillon_decision::campaign::CampaignConfig;
use carillon_decision::conversation::MachineRule;
use carillon_decision::id::{AgentId, CallId, CampaignId, LeadId};
use carillon_decision::number::E164;
use carillon_decision::status::AgentStatus;
use carillon_store::{CallEntry, CallFilter as StoreFilter, LeadDetails};
use std::time::Duration;

/// Earlier contacts shown on a card.
const NOTES_MAX: usize = 10;
/// Calls that may have begun in the same millisecond as the last of a page.
const SAME_INSTANT: u32 = 200;

impl FloorPort {
    pub(super) async fn card_of(&self, agent: AgentId) -> Result<Option<LeadCard>, ActionError> {
        let board = self.board();
        let Some(status) = board.floor.agents.iter().find(|a| a.id == agent) else {
            return Ok(None);
        };
        let (Some(call), Some(campaign)) = (status.state.call(), status.campaign) else {
            return Ok(None);
        };
        let live = board.floor.calls.iter().find(|c| c.id == call);
        let ended = board.recent.iter().find(|r| r.call == call);
        let direction = live.map(|c| c.direction).or(ended.map(|r| r.direction));
        let details = match status.lead {
            Some(lead) => Some(asked(self.store.lead(lead)).await?),
            None => None,
        };
        let masked = live.map(|c| c.number.as_str());
        let number = ended
            .and_then(|r| r.number)
            .or_else(|| number_of(details.as_ref()?, masked));
        let direction = direction.unwrap_or(Direction::Outbound);
        Ok(self.card(status, call, campaign, direction, number, details))
    }

    fn card(
        &self,
        status: &AgentStatus,
        call: CallId,
        campaign: CampaignId,
        direction: Direction,
        number: Option<E164>,
        details: Option<LeadDetails>,
    ) -> Option<LeadCard> {
        let settings = &self.campaign_by_id(campaign)?.engine;
        let who = details.as_ref().map(|d| &d.card);
        let part = |text: Option<&String>| text.cloned().filter(|t| !t.is_empty());
        let name: Vec<String> = [
            who.and_then(|w| part(w.first_name.as_ref())),
            who.and_then(|w| part(w.last_name.as_ref())),
        ]
        .into_iter()
        .flatten()
        .collect();
        let place = who.map(|w| [w.postal_code.as_ref(), w.city.as_ref()]);
        let place: Vec<String> = place
            .into_iter()
            .flatten()
            .flatten()
            .filter(|t| !t.is_empty())
            .cloned()
            .collect();
        let address = [
            who.and_then(|w| part(w.address.as_ref())),
            Some(place.join(" ")),
        ];
        let history = details.as_ref().map_or(&[][..], |d| &d.history);
        // The call itself is among the ended ones while the agent wraps it up.
        let own = history.iter().find(|e| e.record.call == call);
        let earlier = history.iter().filter(|e| e.record.call != call);
        let notes = earlier.take(NOTES_MAX).map(|e| self.note(e, settings));
        let talks = &settings.conversation;
        Some(LeadCard {
            call,
            lead: status.lead,
            direction,
            campaign: settings.name.clone(),
            name: name.join(" "),
            number,
            address: address
                .into_iter()
                .flatten()
                .filter(|a| !a.is_empty())
                .collect(),
            zone: details.as_ref().and_then(|d| d.zone.clone()),
            tags: details
                .as_ref()
                .map(|d| d.tags.clone().into_iter().collect())
                .unwrap_or_default(),
            history: notes.collect(),
            script: None,
            dispositions: settings.dispositions.clone(),
            chosen: own.and_then(|e| e.disposition.clone()),
            note: own.and_then(|e| e.note.clone()),
            wrap_up_limit: settings.wrap_up_limit,
            destinations: talks.destinations.iter().map(|d| d.name.clone()).collect(),
            leaves_message: talks.machine != MachineRule::HangUp,
            may_pause: talks.recording.agents_pause,
        })
    }

    fn note(&self, entry: &CallEntry, campaign: &CampaignConfig) -> CardNote {
        let record = &entry.record;
        let said = entry.disposition.as_ref().map(|code| {
            let known = campaign.dispositions.iter().find(|d| d.code == *code);
            known.map_or_else(|| code.clone(), |d| d.name.clone())
        });
        CardNote {
            at: record.started,
            what: said.unwrap_or_else(|| record.outcome.name().replace('_', " ")),
            agent: record.agent.and_then(|a| self.agent_name(a)),
            note: entry.note.clone(),
        }
    }

    pub(super) async fn past_calls(
        &self,
        filter: CallFilter,
    ) -> Result<Vec<CallRecord>, ActionError> {
        let agent = filter.agent.as_deref().map(|name| {
            let found = self.config.agent(name).map(|a| a.engine.id);
            found.ok_or_else(|| ActionError::not_found(format!("agent {name}")))
        });
        let limit = filter.limit.clamp(1, 1_000);
        let mut wanted = StoreFilter {
            campaign: self.optional_campaign(filter.campaign.as_deref())?,
            lead: filter.lead,
            agent: agent.transpose()?,
            outcome: filter.outcome,
            ..StoreFilter::default()
        };
        let mut fetch = limit;
        if let Some(before) = filter.before {
            let last = asked(self.store.call(before)).await?.record.started;
            wanted.to = Some(last + Duration::from_millis(1));
            fetch = limit.saturating_add(SAME_INSTANT);
        }
        let entries = asked(self.store.calls(wanted, fetch)).await?;
        let records = entries.into_iter().map(|e| e.record);
        let older = records.filter(|r| filter.before.is_none_or(|before| r.call < before));
        Ok(older.take(limit as usize).collect())
    }

    pub(super) async fn lead_view(&self, id: LeadId) -> Result<LeadView, ActionError> {
        let d = asked(self.store.lead(id)).await?;
        let by_lead = StoreFilter {
            lead: Some(id),
            ..StoreFilter::default()
        };
        let calls = asked(self.store.calls(by_lead, 100)).await?;
        Ok(LeadView {
            id: d.id,
            campaign: self.campaign_name(d.campaign),
            list: d.list,
            vendor_code: d.card.vendor_lead_code,
            status: d.status.name().to_owned(),
            next_at: d.next_at,
            refusal: d.refusal.map(|r| r.refusal.to_string()),
            numbers: d
                .numbers
                .into_iter()
                .map(|n| LeadViewNumber {
                    number: n.number,
                    retired: n.retired,
                    listed: n.listed.into_iter().map(|m| m.list).collect(),
                })
                .collect(),
            zone: d.zone,
            priority: d.priority,
            rank: d.rank,
            tags: d.tags.into_iter().collect(),
            attempts: calls
                .into_iter()
                .map(|e| LeadAttempt {
                    call: e.record.call,
                    at: e.record.started,
                    outcome: Some(e.record.outcome),
                    disposition: e.disposition,
                })
                .collect(),
        })
    }

    pub(super) async fn list_views(
        &self,
        campaign: Option<String>,
    ) -> Result<Vec<ListView>, ActionError> {
        let one = self.optional_campaign(campaign.as_deref())?;
        let wanted = self
            .config
            .campaigns
            .iter()
            .map(|c| c.engine.id)
            .filter(|&id| one.is_none_or(|o| o == id));
        let mut views = Vec::new();
        for campaign in wanted {
            for list in asked(self.store.lists(campaign)).await? {
                let open = |status: &String| matches!(status.as_str(), "new" | "due" | "callback");
                let open: u64 = list
                    .by_status
                    .iter()
                    .filter(|(s, _)| open(s))
                    .map(|(_, n)| n)
                    .sum();
                views.push(ListView {
                    id: list.name,
                    campaign: self.campaign_name(campaign),
                    active: list.active,
                    leads: list.leads,
                    open,
                    closed: list.leads.saturating_sub(open),
                });
            }
        }
        Ok(views)
    }
}

/// The number on the line: the one of the lead's whose masked form the board shows.
fn number_of(details: &LeadDetails, masked: Option<&str>) -> Option<E164> {
    let numbers = details.numbers.iter().map(|n| n.number);
    let shown = |n: &E164| masked.is_none_or(|m| n.masked() == m);
    numbers
        .clone()
        .find(shown)
        .or_else(|| numbers.clone().next())
}
