//! Dialing: what pacing asks for, turned into permitted calls on trunks.

use super::Engine;
use crate::call::{Call, Cause, Direction, EndedBy, Outcome};
use crate::compliance::{DialPermit, Refusal};
use crate::event::{Command, Originate};
use crate::id::{CallId, CampaignId, DecisionId};
use crate::lead::Lead;
use crate::pacing::{Constraint, Pace};
use crate::pacing_decision::PacingDecision;
use crate::routing::{TrunkRefusal, choose_caller_id};
use crate::time::Mono;
use std::time::Duration;

/// A callee's phone rings at least this long before we give up (16 CFR 310.4(b)(4)(ii)).
pub(super) const RING_MINIMUM: Duration = Duration::from_secs(15);
/// Silence on a trunk longer than this is the trunk's failure: SIP's timer B, 64·T1
/// (RFC 3261 §17.1.1.2), and a little for the answer on its way.
pub(super) const SILENCE_LIMIT: Duration = Duration::from_secs(34);
/// Leads looked at in one go, so that a list full of refusals never holds up calls in progress.
const LOOKED_AT_MOST: u32 = 64;
/// A campaign of more agents than this need not be paced at every change of one of them.
const LARGE: u32 = 40;
/// Least time between two looks at such a campaign's agents and calls, unless something presses.
const LOOK_LEAST: Duration = Duration::from_millis(250);
/// A standing refusal to dial is recorded again after this long.
const REMIND_AFTER: Duration = Duration::from_secs(60);
/// A changed reason is recorded no more often than this.
const REASON_EVERY: Duration = Duration::from_secs(1);

/// A lead that was not dialed, and why.
struct Undialed {
    lead: Lead,
    why: NotDialed,
}

impl Undialed {
    fn new(lead: Lead, why: NotDialed) -> Box<Self> {
        Box::new(Self { lead, why })
    }
}

/// What became of a lead whose turn it was.
enum Tried {
    Placed,
    GivenBack,
    Aside(Box<Lead>, Constraint),
}

/// What stopped a lead from being dialed this instant.
enum NotDialed {
    /// The gate: the lead goes back to the store.
    Refused(Refusal),
    /// No trunk: the lead waits, or goes back when none will ever match.
    Trunk(TrunkRefusal),
    /// The campaign has no number to show.
    NoCallerId,
}

impl Engine {
    /// Paces every campaign that runs, or still has calls out.
    pub(super) fn pace_all(&mut self) {
        let ids: Vec<CampaignId> = self.campaigns.keys().copied().collect();
        for id in ids {
            let out = || {
                let mut calls = self.calls.values();
                calls.any(|c| c.campaign == id && c.in_flight())
            };
            if !self.may_wait(id) && (self.campaigns[&id].running || out()) {
                self.pace(id);
            }
        }
    }

    /// Whether a campaign was looked at just now and one change more among its many agents can
    /// wait for the next look: while it dials ahead of them, or has nobody to dial.
    fn may_wait(&self, id: CampaignId) -> bool {
        let Some(campaign) = self.campaigns.get(&id) else {
            return true;
        };
        let counts = campaign.last_pace.as_ref().map(|pace| pace.inputs.counts);
        let large = counts.is_some_and(|counts| counts.serving() > LARGE);
        let now = self.now.mono;
        if !large || campaign.tick_due || now.since(campaign.looked) >= LOOK_LEAST {
            return false;
        }
        let moot = campaign.hopper.is_empty() && campaign.in_call.is_empty();
        moot || !self.reckons_with_all(id)
    }

    fn pace(&mut self, id: CampaignId) {
        self.ask_for_leads(id);
        self.ring_agents_for_dialing(id);
        let Some((pace, calls)) = self.decide(id) else {
            return;
        };
        let decision = self.next_decision;
        for index in &pace.cancel {
            if let Some(call) = calls.get(*index) {
                let over = Outcome::Unanswered(Cause::Cancelled);
                self.hang_up(*call, Some(over), EndedBy::System);
            }
        }
        let (placed, held) = self.dial(id, pace.lines, decision);
        self.record_pace(id, pace, placed, held);
    }

    /// In modes that never overdial, a phone that rings first is rung before its customer is
    /// dialed.
    fn ring_agents_for_dialing(&mut self, id: CampaignId) {
        let Some(campaign) = self.campaigns.get(&id) else {
            return;
        };
        let wanted = campaign.running
            && !self.draining
            && self.store_trouble.is_none()
            && !campaign.hopper.is_empty()
            && campaign.config.tuning.mode.allows_ring_first();
        if !wanted {
            return;
        }
        let needs = campaign.config.needs.clone();
        while let Some(agent) = self.ring_first_agent(id, &needs) {
            self.connect(agent);
        }
    }

    /// Places up to `lines` calls; answers how many, and what held it back. A lead whose trunks
    /// are busy steps aside for the next, so that one full trunk never holds up the others.
    fn dial(
        &mut self,
        id: CampaignId,
        lines: u32,
        decision: DecisionId,
    ) -> (u32, Option<Constraint>) {
        let mut placed = 0;
        let mut held = None;
        let mut aside = Vec::new();
        for _ in 0..LOOKED_AT_MOST {
            if placed == lines {
                break;
            }
            let Some(lead) = self.campaigns.get_mut(&id).and_then(|c| c.hopper.pop()) else {
                held = held.or(Some(self.why_empty(id)));
                break;
            };
            match self.try_lead(id, lead, decision) {
                Tried::Placed => placed += 1,
                Tried::GivenBack => {}
                Tried::Aside(lead, why) => {
                    held = held.or(Some(why));
                    aside.push(*lead);
                }
            }
        }
        if let Some(campaign) = self.campaigns.get_mut(&id) {
            for lead in aside.into_iter().rev() {
                campaign.hopper.put_back(lead);
            }
        }
        (placed, held)
    }

    /// Dials one lead, gives it back to the store with the reason, or sets it aside.
    fn try_lead(&mut self, id: CampaignId, lead: Lead, decision: DecisionId) -> Tried {
        if let Some(needed) = self.unserved_need(id, &lead) {
            self.defer_unserved(id, &lead, &needed);
            return Tried::GivenBack;
        }
        let Err(undialed) = self.dial_lead(id, lead, Some(decision)) else {
            return Tried::Placed;
        };
        let Undialed { lead, why } = *undialed;
        let busy = match why {
            NotDialed::Refused(refusal) => {
                self.refuse_lead(id, &lead, refusal);
                return Tried::GivenBack;
            }
            NotDialed::Trunk(TrunkRefusal::NoMatch) => {
                self.no_trunk(id, &lead);
                return Tried::GivenBack;
            }
            NotDialed::Trunk(TrunkRefusal::Down) => {
                self.trunks_down(id, &lead);
                return Tried::GivenBack;
            }
            NotDialed::Trunk(TrunkRefusal::CallsPerSecond(_)) => Constraint::CallsPerSecond,
            NotDialed::Trunk(TrunkRefusal::Channels) => Constraint::TrunkChannels,
            NotDialed::NoCallerId => Constraint::Paused,
        };
        Tried::Aside(Box::new(lead), busy)
    }

    /// An empty hopper is a matter of the hour when leads were turned away for it.
    fn why_empty(&self, id: CampaignId) -> Constraint {
        match self.campaigns.get(&id) {
            Some(c) if c.exhausted && c.hours_refused > 0 => Constraint::Hours,
            _ => Constraint::ListEmpty,
        }
    }

    /// Gate, trunk, caller ID, order.
    fn dial_lead(
        &mut self,
        id: CampaignId,
        lead: Lead,
        decision: Option<DecisionId>,
    ) -> Result<(), Box<Undialed>> {
        match self.permit(id, &lead) {
            Ok(permit) => self.place(id, lead, permit, &[], decision, None),
            Err(refusal) => Err(Undialed::new(lead, NotDialed::Refused(refusal))),
        }
    }

    /// Takes a trunk and orders the call. `tried` are trunks not to use again.
    fn place(
        &mut self,
        id: CampaignId,
        lead: Lead,
        permit: DialPermit,
        tried: &[crate::id::TrunkId],
        decision: Option<DecisionId>,
        follows: Option<CallId>,
    ) -> Result<(), Box<Undialed>> {
        let now = self.now;
        let Some(campaign) = self.campaigns.get_mut(&id) else {
            return Err(Undialed::new(lead, NotDialed::NoCallerId));
        };
        let number = permit.number();
        let pool = &campaign.config.caller_ids;
        let Some(caller_id) = choose_caller_id(pool, number, &campaign.caller_ids) else {
            return Err(Undialed::new(lead, NotDialed::NoCallerId));
        };
        let tag = |key: &str| lead.tag(key).map(str::to_owned);
        let groups = &campaign.config.trunk_groups;
        let trunk = match self.trunks.take(number, groups, &tag, tried, now.mono) {
            Ok(trunk) => trunk,
            Err(refusal) => return Err(Undialed::new(lead, NotDialed::Trunk(refusal))),
        };
        campaign.caller_ids.shown(caller_id);
        campaign.in_call.insert(lead.id);
        campaign.hours_refused = 0;
        let (ring, screening) = (campaign.config.ring_timeout, campaign.config.screening);
        let call_id = self.take_call_id();
        let mut call = Call::new(call_id, id, Direction::Outbound, trunk, caller_id, now);
        call.number = Some(number);
        call.tried.extend(tried);
        call.ring_timeout = permit.ring_limits().clamp(ring).max(RING_MINIMUM);
        call.ring_minimum = permit.ring_limits().at_least.unwrap_or(RING_MINIMUM);
        call.decision = decision;
        call.follows = follows;
        call.permit = Some(permit.summary());
        let order = Originate {
            call: call_id,
            campaign: id,
            lead: lead.id,
            permit,
            trunk,
            caller_id,
            screening,
            follows,
            decision,
        };
        call.lead = Some(lead);
        self.calls.insert(call_id, call);
        self.order(Command::Originate(Box::new(order)));
        self.arm_call(call_id, now.mono + SILENCE_LIMIT.max(ring));
        Ok(())
    }

    /// A trunk failed before the callee's phone was heard: the same lead goes to the next
    /// trunk at once, through the gate again; when there is none, back to the store.
    pub(super) fn end_and_fail_over(&mut self, id: CallId, outcome: Outcome) {
        let Some(mut call) = self.close_call(id, outcome) else {
            return;
        };
        let next = match call.lead.take() {
            None => Ok(()),
            Some(lead) if self.may_dial(call.campaign) => {
                let number = call.number;
                match self.permit(call.campaign, &lead) {
                    Ok(permit) if Some(permit.number()) == number => {
                        let tried = call.tried.clone();
                        self.place(call.campaign, lead, permit, &tried, call.decision, Some(id))
                    }
                    _ => Err(Undialed::new(lead, NotDialed::Trunk(TrunkRefusal::NoMatch))),
                }
            }
            Some(lead) => Err(Undialed::new(lead, NotDialed::Trunk(TrunkRefusal::Down))),
        };
        if let Err(undialed) = next {
            call.lead = Some(undialed.lead);
            self.after_call(call, outcome);
        }
    }

    fn trunks_usable(&mut self, id: CampaignId) -> bool {
        let now = self.now.mono;
        let groups = self
            .campaigns
            .get(&id)
            .map(|c| c.config.trunk_groups.clone());
        groups.is_some_and(|groups| self.trunks.capacity(&groups, now).up)
    }

    fn may_dial(&self, id: CampaignId) -> bool {
        !self.draining
            && self.halted.is_none()
            && self.store_trouble.is_none()
            && self.campaigns.get(&id).is_some_and(|c| c.running)
    }

    fn record_pace(&mut self, id: CampaignId, pace: Pace, placed: u32, held: Option<Constraint>) {
        let now = self.now;
        let mut pace = pace;
        if let Some(held) = held.filter(|_| placed < pace.lines) {
            // Fewer were placed than pacing allowed: what was done is what is told.
            pace.lines = placed;
            pace.binding = held;
        }
        if pace.binding == Constraint::TrunkChannels && !self.trunks_usable(id) {
            pace.binding = Constraint::TrunksDown;
        }
        let decision = self.next_decision;
        let Some(campaign) = self.campaigns.get_mut(&id) else {
            return;
        };
        let acted = placed > 0 || !pace.cancel.is_empty();
        let worth = acted || worth_recording(campaign.recorded, pace.binding, now.mono);
        if worth {
            campaign.recorded = Some((pace.binding, now.mono));
            campaign.last_decision = Some(decision);
            *campaign.counts.bound_by.entry(pace.binding).or_default() += 1;
        }
        let mode = campaign.config.tuning.mode.to_string();
        campaign.last_pace = Some(pace.clone());
        if worth {
            self.next_decision = DecisionId(decision.0 + 1);
            self.order(Command::Decided(Box::new(PacingDecision {
                id: decision,
                campaign: id,
                at: now.wall,
                mode,
                placed,
                pace,
            })));
        }
    }
}

/// Whether a decision not to dial deserves a record: a new reason, or the same one for long.
fn worth_recording(last: Option<(Constraint, Mono)>, binding: Constraint, now: Mono) -> bool {
    match last {
        None => true,
        Some((same, at)) if same == binding => now.since(at) >= REMIND_AFTER,
        Some((_, at)) => now.since(at) >= REASON_EVERY,
    }
}
