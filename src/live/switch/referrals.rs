//! The transfer and hold keys of agents' own phones: REFER (RFC 3515), and re-INVITEs that put
//! us on hold.
//!
//! The phone's line stays what it is, a nailed-up line: a transfer moves the customer, and the
//! phone is told how that went.

use super::lines::Referral;
use super::{Party, Switch, Timer};
use carillon_decision::Input;
use carillon_decision::agent::AgentState;
use carillon_decision::conversation::{ConsultStep, Party as Member, TransferKind, TransferTo};
use carillon_decision::id::AgentId;
use carillon_sip::uri::user_of;
use carillon_sip::{EndCause, LegKey, ReferRequest};
use std::time::{Duration, Instant};

/// The engine decides at once; a transfer it says nothing about for this long was not done.
const DONE_WITHIN: Duration = Duration::from_secs(10);
/// Phones hang up when they hear that their transfer is done (RFC 5589 §6.1), within this.
const HANGS_UP_WITHIN: Duration = Duration::from_secs(5);

impl Switch {
    /// Somebody's phone asks for a transfer. Only agents' may.
    pub(super) fn refer_requested(&mut self, now: Instant, request: &ReferRequest) {
        let leg = request.leg;
        let Some(&Party::Agent(agent)) = self.by_leg.get(&leg) else {
            tracing::info!("a transfer asked for by no agent's phone is declined");
            return self.refuse_referral(now, leg, 603);
        };
        let input = match self.halted {
            true => Err(503),
            false => self.read_referral(agent, request),
        };
        let input = match input {
            Ok(input) => input,
            Err(code) => {
                tracing::info!(%agent, target = request.target, code, "the phone's transfer is declined");
                return self.refuse_referral(now, leg, code);
            }
        };
        tracing::info!(%agent, ?input, "the agent's phone asks for a transfer");
        if self.endpoint.refer_accept(now, leg).is_err() {
            // Its leg has just ended.
            return;
        }
        if let Some(desk) = self.agents.get_mut(&agent) {
            desk.referral = Some(Referral {
                leg,
                asked: now,
                done: None,
            });
        }
        self.set_timer(now + DONE_WITHIN, Timer::Referral(agent));
        self.news.tell(input);
    }

    fn refuse_referral(&mut self, now: Instant, leg: LegKey, code: u16) {
        // Gone with its leg: nothing to refuse.
        let _ = self.endpoint.refer_refuse(now, leg, code);
    }

    /// What a phone asks for; else the status to decline it with.
    fn read_referral(&self, agent: AgentId, request: &ReferRequest) -> Result<Input, u16> {
        let call = self.talks.of(Member::Agent(agent)).ok_or(603_u16)?;
        match (&request.replaces, &request.replaces_value) {
            // Both calls of the phone end here: the one it consulted takes the customer.
            (Some(other), _) => {
                let other = match self.by_leg.get(other) {
                    Some(&Party::Call(call)) => Member::Call(call),
                    Some(&Party::Agent(agent)) => Member::Agent(agent),
                    Some(Party::Test(_)) | None => return Err(481),
                };
                let here = self.talks.of(other) == Some(call);
                here.then_some(Input::AgentConsult {
                    agent,
                    step: ConsultStep::Complete,
                })
                .ok_or(603)
            }
            // A call of the phone's to somewhere else: not ours to join.
            (None, Some(_)) => Err(481),
            (None, None) => {
                let campaign = self.calls.get(&call).map(|l| l.campaign).ok_or(603_u16)?;
                let to = self.named(campaign, &user_of(request.target.as_bytes()));
                let kind = TransferKind::Blind;
                let to = to
                    .filter(|to| *to != TransferTo::Agent(agent))
                    .ok_or(404_u16)?;
                Ok(Input::AgentTransfer { agent, to, kind })
            }
        }
    }

    /// Whom a user part names: a destination of the campaign by name or number, an agent, or the
    /// queue of a campaign.
    fn named(&self, campaign: carillon_decision::id::CampaignId, user: &str) -> Option<TransferTo> {
        let rules = &self.campaigns.get(&campaign)?.conversation;
        let digits = user.trim_start_matches('+');
        let destination = rules.destinations.iter().find(|d| {
            let number = d.number.to_string();
            d.name.eq_ignore_ascii_case(user) || number.trim_start_matches('+') == digits
        });
        if let Some(found) = destination {
            return Some(TransferTo::Destination(found.name.clone()));
        }
        let agent = self
            .agents
            .values()
            .find(|a| a.setup.name.eq_ignore_ascii_case(user));
        if let Some(found) = agent {
            return Some(TransferTo::Agent(found.setup.id));
        }
        let queue = self
            .campaigns
            .values()
            .find(|c| c.name.eq_ignore_ascii_case(user));
        queue.map(|c| TransferTo::Campaign(c.id))
    }

    /// The agent is no longer with the customer: the phone's transfer is done.
    pub(super) fn referral_done(&mut self, now: Instant, agent: AgentId, state: AgentState) {
        if matches!(state, AgentState::Talking(_) | AgentState::Reserved(_)) {
            return;
        }
        self.tell_referral(now, agent, 200);
    }

    /// The engine said nothing of a transfer.
    pub(super) fn referral_due(&mut self, now: Instant, agent: AgentId) {
        let referral = self.agents.get(&agent).and_then(|desk| desk.referral);
        if referral.is_some_and(|r| now >= r.asked + DONE_WITHIN) {
            self.referral_failed(now, agent);
        }
    }

    /// The engine did not obey.
    pub(super) fn referral_failed(&mut self, now: Instant, agent: AgentId) {
        self.tell_referral(now, agent, 603);
    }

    fn tell_referral(&mut self, now: Instant, agent: AgentId, code: u16) {
        let referral = self
            .agents
            .get_mut(&agent)
            .and_then(|desk| desk.referral.as_mut())
            .filter(|r| r.done.is_none());
        let Some(referral) = referral else {
            return;
        };
        referral.done = Some((now, code));
        // The phone may not want to know, or be gone.
        let _ = self.endpoint.refer_progress(now, referral.leg, code);
    }

    /// An agent's phone hung up. One that did so because its transfer is done is called back: it
    /// was never meant to leave the floor.
    pub(super) fn agent_hung_up(&mut self, now: Instant, agent: AgentId, cause: EndCause) {
        let desk = self.agents.get_mut(&agent);
        let transferred = desk.and_then(|d| d.referral.take()).and_then(|r| r.done);
        let after_transfer = transferred
            .is_some_and(|(at, code)| code == 200 && now < at + HANGS_UP_WITHIN)
            && matches!(cause, EndCause::RemoteBye);
        let kept = self.agents.get(&agent).is_some_and(|d| d.setup.kept);
        let free = self.talks.of(Member::Agent(agent)).is_none();
        if after_transfer && kept && free && !self.halted && self.stopping.is_none() {
            self.release_line(now, agent, false);
            match self.try_ring(now, agent) {
                Ok(()) => {
                    return tracing::info!(%agent, "hung up after its transfer: called back");
                }
                Err(reason) => tracing::info!(%agent, reason, "cannot be called back"),
            }
        }
        self.agent_line_gone(now, agent, &format!("{cause:?}"));
    }

    /// The agent's phone put us on hold or took us off it: the customer hears music meanwhile.
    pub(super) fn phone_holds(&mut self, agent: AgentId, on: bool) {
        let Some(desk) = self.agents.get_mut(&agent) else {
            return;
        };
        if std::mem::replace(&mut desk.holds, on) == on || self.halted {
            return;
        }
        let talks = self.talks.of(Member::Agent(agent)).is_some();
        tracing::info!(%agent, on, talks, "hold by the agent's phone");
        if talks && !self.supervises(agent) {
            self.news.tell(Input::AgentHold { agent, on });
        }
    }
}
