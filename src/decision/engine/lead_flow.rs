//! Leads in and out: asked for, offered, refused, called, given back.

use super::Engine;
use crate::call::{Call, Cause, Direction, Outcome};
use crate::compliance::{DialPermit, Refusal, RefusalCode};
use crate::event::{Command, LeadUpdate};
use crate::id::{CampaignId, LeadId};
use crate::lead::{Lead, LeadStatus};
use crate::routing::serves;
use crate::time::Wall;
use std::time::Duration;

/// Fewest leads to keep at hand.
const HOPPER_LEAST: usize = 40;
/// Leads at hand per agent on duty.
const HOPPER_PER_AGENT: usize = 8;
/// Pause before a dry list is asked again.
const ASK_AGAIN: Duration = Duration::from_secs(2);
/// A lead that time alone does not free is looked at again after a day: lists, zones and
/// consent may have changed.
const LOOK_AGAIN: Duration = Duration::from_secs(86_400);
/// A lead that needs a skill nobody on duty has.
const SKILL_AGAIN: Duration = Duration::from_secs(300);
/// A lead whose trunks are all down.
const TRUNK_DOWN_AGAIN: Duration = Duration::from_secs(30);
/// A lead that no trunk takes.
const TRUNK_AGAIN: Duration = Duration::from_secs(3600);

impl Engine {
    pub(super) fn ask_for_leads(&mut self, id: CampaignId) {
        let now = self.now.mono;
        let on_duty = self
            .agents
            .values()
            .filter(|a| a.on_duty() && a.works_for(id))
            .count();
        let Some(campaign) = self.campaigns.get_mut(&id) else {
            return;
        };
        let target = HOPPER_LEAST.max(HOPPER_PER_AGENT * on_duty);
        let low = campaign.hopper.len() * 2 < target;
        if on_duty == 0 || !campaign.running || campaign.asked || !low || now < campaign.ask_after {
            return;
        }
        campaign.asked = true;
        let count = (target - campaign.hopper.len()) as u32;
        self.order(Command::NeedLeads {
            campaign: id,
            count,
        });
    }

    pub(super) fn leads_offered(&mut self, id: CampaignId, leads: Vec<Lead>, exhausted: bool) {
        let now = self.now;
        let Some(campaign) = self.campaigns.get_mut(&id) else {
            return;
        };
        campaign.asked = false;
        campaign.exhausted = exhausted;
        if exhausted {
            campaign.ask_after = now.mono + ASK_AGAIN;
        }
        let running = campaign.running;
        for lead in leads {
            if campaign.in_call.contains(&lead.id) {
                continue;
            }
            campaign.hopper.push(lead);
        }
        if !running {
            self.release_hopper(id);
        }
    }

    /// A lead was changed or taken away outside: if it only waits, it goes back as it came.
    pub(super) fn lead_withdrawn(&mut self, id: CampaignId, lead: LeadId) {
        let now = self.now.wall;
        let Some(lead) = self
            .campaigns
            .get_mut(&id)
            .and_then(|c| c.hopper.remove(lead))
        else {
            return;
        };
        let at = lead.callback.map_or(now, |c| c.at);
        self.lead_done(
            id,
            &lead,
            waiting_status(&lead),
            Some(at),
            None,
            "withdrawn before its turn",
        );
    }

    /// Gives every lead at hand back to the store, as it came.
    pub(super) fn release_hopper(&mut self, id: CampaignId) {
        let now = self.now.wall;
        let Some(campaign) = self.campaigns.get_mut(&id) else {
            return;
        };
        for lead in campaign.hopper.drain() {
            let (status, next_at) = match lead.callback {
                Some(callback) => (LeadStatus::Callback, callback.at),
                None => (LeadStatus::Due, now),
            };
            self.lead_done(
                id,
                &lead,
                status,
                Some(next_at),
                None,
                "not dialed: campaign paused",
            );
        }
    }

    fn lead_done(
        &mut self,
        campaign: CampaignId,
        lead: &Lead,
        status: LeadStatus,
        next_at: Option<Wall>,
        refusal: Option<Refusal>,
        why: &str,
    ) {
        let update = LeadUpdate {
            status,
            next_at,
            callback: lead.callback.filter(|_| status == LeadStatus::Callback),
            refusal,
            why: why.to_owned(),
        };
        self.order(Command::LeadDone {
            campaign,
            lead: lead.id,
            update,
        });
    }

    /// A permit for the lead's best number: least tried first, in the lead's order. Where
    /// every number is refused, the refusal that passes soonest.
    pub(super) fn permit(&self, id: CampaignId, lead: &Lead) -> Result<DialPermit, Refusal> {
        let wall = self.now.wall;
        let campaign = &self.campaigns[&id];
        let nothing = || Refusal {
            code: RefusalCode::NoNumber,
            rule: "number".into(),
            zone: None,
            source: None,
            not_before: None,
            detail: "the lead has no number that can be dialed".into(),
        };
        let Some(gate) = &campaign.gate else {
            return Err(nothing());
        };
        let ring = campaign.config.ring_timeout;
        let mut order: Vec<(usize, usize)> = lead
            .numbers
            .iter()
            .enumerate()
            .map(|(index, n)| {
                let tried = lead.facts.history.iter().filter(|p| p.number == n.number);
                (tried.count(), index)
            })
            .collect();
        order.sort_unstable();
        let mut soonest: Option<Refusal> = None;
        for (_, index) in order {
            match gate.permit(lead, index, wall, ring) {
                Ok(permit) => return Ok(permit),
                Err(refusal) => {
                    let sooner = soonest
                        .as_ref()
                        .is_none_or(|best| passes_sooner(&refusal, best));
                    if sooner {
                        soonest = Some(refusal);
                    }
                }
            }
        }
        Err(soonest.unwrap_or_else(nothing))
    }

    pub(super) fn refuse_lead(&mut self, id: CampaignId, lead: &Lead, refusal: Refusal) {
        let wall = self.now.wall;
        let status = standing(refusal.code);
        let next_at = match status {
            LeadStatus::Due => Some(refusal.not_before.unwrap_or(wall + LOOK_AGAIN)),
            _ => None,
        };
        let status = if lead.callback.is_some() && status == LeadStatus::Due {
            LeadStatus::Callback
        } else {
            status
        };
        if let Some(campaign) = self.campaigns.get_mut(&id) {
            *campaign.counts.refused.entry(refusal.code).or_default() += 1;
            let of_the_hour = matches!(
                refusal.code,
                RefusalCode::OutsideHours | RefusalCode::Holiday | RefusalCode::Blackout
            );
            campaign.hours_refused += u32::from(of_the_hour);
        }
        let why = refusal.code.name();
        self.lead_done(id, lead, status, next_at, Some(refusal), why);
    }

    pub(super) fn no_trunk(&mut self, id: CampaignId, lead: &Lead) {
        let again = self.now.wall + TRUNK_AGAIN;
        let why = "no trunk takes this number: see prefixes, tags and groups of the trunks";
        self.lead_done(id, lead, waiting_status(lead), Some(again), None, why);
    }

    pub(super) fn trunks_down(&mut self, id: CampaignId, lead: &Lead) {
        let again = self.now.wall + TRUNK_DOWN_AGAIN;
        let status = waiting_status(lead);
        let why = "every trunk that takes this number is down or rests";
        self.lead_done(id, lead, status, Some(again), None, why);
    }

    /// A skill the lead needs and nobody on duty has at that level.
    pub(super) fn unserved_need(&self, id: CampaignId, lead: &Lead) -> Option<String> {
        if lead.needs.is_empty() {
            return None;
        }
        let served = self
            .agents
            .values()
            .filter(|a| a.on_duty() && a.works_for(id))
            .any(|a| serves(&a.profile.skills, &lead.needs, Duration::ZERO));
        let hard = lead.needs.iter().find(|n| n.drop_after.is_none());
        match (served, hard) {
            (false, Some(need)) => Some(format!("{} (level {})", need.skill, need.level)),
            _ => None,
        }
    }

    pub(super) fn defer_unserved(&mut self, id: CampaignId, lead: &Lead, need: &str) {
        let again = self.now.wall + SKILL_AGAIN;
        let why = format!("no agent on duty has the needed skill {need}");
        self.lead_done(id, lead, waiting_status(lead), Some(again), None, &why);
    }

    /// What becomes of the lead after a call.
    pub(super) fn after_call(&mut self, call: Call, outcome: Outcome) {
        let Some(lead) = &call.lead else {
            return;
        };
        if call.direction == Direction::Inbound {
            return;
        }
        let still = self
            .calls
            .values()
            .any(|c| c.lead.as_ref().is_some_and(|l| l.id == lead.id));
        if let Some(campaign) = self.campaigns.get_mut(&call.campaign)
            && !still
        {
            campaign.in_call.remove(&lead.id);
        }
        if still || call.disposed {
            return;
        }
        let Some(number) = call.number else {
            return;
        };
        let Some(campaign) = self.campaigns.get(&call.campaign) else {
            return;
        };
        let wall = self.now.wall;
        let after = campaign.config.retry.after(lead, number, outcome, wall);
        let (mut status, mut next_at) = keep_promise(after, outcome, lead);
        let gone = outcome == Outcome::Unanswered(Cause::Disconnected);
        let retired = gone && self.retire_if_confirmed(&call, lead);
        let others = lead
            .numbers
            .iter()
            .any(|n| !n.retired && n.number != number);
        if retired && !others {
            (status, next_at) = (LeadStatus::Unreachable, None);
        }
        if call.opted_out {
            (status, next_at) = (LeadStatus::DoNotCall, None);
        }
        self.lead_done(call.campaign, lead, status, next_at, None, outcome.name());
    }

    /// Retires a number that was found out of service twice, unless the trunk finds too many.
    fn retire_if_confirmed(&mut self, call: &Call, lead: &Lead) -> bool {
        let Some(number) = call.number else {
            return false;
        };
        let gone = Outcome::Unanswered(Cause::Disconnected);
        let before = lead
            .facts
            .history
            .iter()
            .any(|p| p.number == number && p.outcome == gone);
        let trusted = self
            .trunks
            .get(call.trunk)
            .is_some_and(|t| t.trusts_disconnected());
        if before && trusted {
            self.order(Command::RetireNumber {
                lead: lead.id,
                number,
            });
        }
        before && trusted
    }
}

/// A promised callback that did not reach the person stays one.
fn keep_promise(
    (status, next_at): (LeadStatus, Option<Wall>),
    outcome: Outcome,
    lead: &Lead,
) -> (LeadStatus, Option<Wall>) {
    if status == LeadStatus::Due && lead.callback.is_some() && !outcome.human_answered() {
        return (LeadStatus::Callback, next_at);
    }
    (status, next_at)
}

/// The status of a lead that is to be offered again: a promised callback stays one.
fn waiting_status(lead: &Lead) -> LeadStatus {
    match lead.callback {
        Some(_) => LeadStatus::Callback,
        None => LeadStatus::Due,
    }
}

/// Where a refused lead stands.
fn standing(code: RefusalCode) -> LeadStatus {
    match code {
        RefusalCode::DoNotCall => LeadStatus::DoNotCall,
        RefusalCode::NoNumber
        | RefusalCode::RetiredNumber
        | RefusalCode::EmergencyNumber
        | RefusalCode::ShortNumber
        | RefusalCode::PremiumNumber
        | RefusalCode::SpecialNumber
        | RefusalCode::InvalidNumber => LeadStatus::Unreachable,
        _ => LeadStatus::Due,
    }
}

fn passes_sooner(a: &Refusal, b: &Refusal) -> bool {
    match (a.not_before, b.not_before) {
        (Some(a), Some(b)) => a < b,
        (Some(_), None) => true,
        // Of two that never pass by themselves, the one that leaves the lead alive.
        (None, None) => standing(a.code) == LeadStatus::Due && standing(b.code) != LeadStatus::Due,
        (None, Some(_)) => false,
    }
}
