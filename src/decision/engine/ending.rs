//! How calls end: hang-ups, failures, records, and answers that come after the end.

use super::Engine;
use super::progress::ENDING_LIMIT;
use crate::call::{Call, Cause, Direction, EndedBy, Outcome, Phase};
use crate::event::{Alert, Command};
use crate::id::{CallId, CampaignId, TrunkId};
use crate::lead::Lead;
use crate::number::E164;
use crate::pacing;
use crate::time::Mono;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// How long an ended call is remembered for answers of other forks: the life of an INVITE
/// transaction after its first 2xx (RFC 6026 §8.5, timer M = 64·T1), twice.
const REMEMBER: Duration = Duration::from_secs(64);
/// And how many of them.
const REMEMBER_MOST: usize = 4096;
/// Pause before a trunk that refused our credentials is tried again.
const AUTH_REST: Duration = Duration::from_secs(60);

/// What an answer after the end of its call needs.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct RecentCall {
    id: CallId,
    ended: Mono,
    campaign: CampaignId,
    trunk: TrunkId,
    number: Option<E164>,
    caller_id: E164,
    lead: Option<Lead>,
}

impl Engine {
    /// Orders the end of a call; the record follows when the driver reports it. `outcome` is
    /// settled here unless it is left to how the call stands.
    pub(super) fn hang_up(&mut self, id: CallId, outcome: Option<Outcome>, by: EndedBy) {
        let now = self.now.mono;
        self.unqueue(id);
        let Some(call) = self.calls.get_mut(&id) else {
            return;
        };
        if call.phase == Phase::Ending {
            return;
        }
        let settled = outcome.unwrap_or_else(|| call.outcome_at_end(None));
        call.outcome.get_or_insert(settled);
        call.ended_by.get_or_insert(by);
        if call.phase == Phase::Talking {
            call.talk_ended = Some(now);
        }
        call.enter(Phase::Ending, now);
        self.dissolve(id);
        self.order(Command::HangUp { call: id });
        self.arm_call(id, now + ENDING_LIMIT);
    }

    pub(super) fn failed(&mut self, id: CallId, cause: Cause, retry_after: Option<Duration>) {
        let now = self.now.mono;
        let Some(call) = self.calls.get(&id) else {
            return;
        };
        if call.answered.is_some() {
            return self.hung_up(id);
        }
        let trunk = call.trunk;
        let ours = call.phase == Phase::Ending;
        let outcome = call.outcome_at_end(Some(cause));
        // What crosses our own CANCEL says nothing of the trunk.
        if !ours && cause != Cause::NotSent {
            let trouble = matches!(cause, Cause::Congestion | Cause::TrunkFailure);
            let gone = cause == Cause::Disconnected;
            if self.trunks.learn(trunk, trouble, gone, retry_after, now) {
                self.alert(Alert::TrunkDisconnects(trunk));
            }
            if cause == Cause::TrunkAuth {
                let why = "it refuses our credentials: correct user and password";
                self.trunks.rest(trunk, now + AUTH_REST, why);
                self.alert(Alert::TrunkAuth(trunk));
            }
        }
        let elsewhere = cause.is_trunk_trouble() && call_unheard(&self.calls[&id]) && !ours;
        if elsewhere && self.calls[&id].direction == Direction::Transfer {
            self.call_out_elsewhere(id);
            self.end_call(id, outcome);
        } else if elsewhere {
            self.end_and_fail_over(id, outcome);
        } else {
            self.end_call(id, outcome);
        }
    }

    pub(super) fn hung_up(&mut self, id: CallId) {
        let now = self.now.mono;
        let Some(call) = self.calls.get_mut(&id) else {
            return;
        };
        call.ended_by.get_or_insert(EndedBy::Customer);
        if call.bridged.is_some() {
            call.talk_ended.get_or_insert(now);
        }
        if call.gave_up.is_none() && call.phase == Phase::Waiting {
            call.gave_up = Some(now);
        }
        let outcome = call.outcome_at_end(None);
        self.end_call(id, outcome);
    }

    /// The end: channel, agent, ledger, record, counters, lead.
    pub(super) fn end_call(&mut self, id: CallId, outcome: Outcome) {
        if let Some(call) = self.close_call(id, outcome) {
            self.after_call(call, outcome);
        }
    }

    /// Everything of the end but what becomes of the lead.
    pub(super) fn close_call(&mut self, id: CallId, outcome: Outcome) -> Option<Call> {
        let now = self.now;
        if let Some(agent) = self.calls.get(&id)?.agent {
            self.agent_call_over(agent, id);
        }
        self.unqueue(id);
        if let Some(call) = self.calls.get_mut(&id) {
            call.outcome.get_or_insert(outcome);
        }
        self.dissolve(id);
        let call = self.calls.remove(&id)?;
        self.trunks.release(call.trunk);
        if call.direction != Direction::Transfer
            && let Some(campaign) = self.campaigns.get_mut(&call.campaign)
        {
            *campaign.counts.outcomes.entry(outcome).or_default() += 1;
            let outbound = call.direction == Direction::Outbound;
            if outbound && outcome.human_answered() && !call.in_ledger {
                let answered_at = call.answered_wall().unwrap_or(now.wall);
                campaign.enter_ledger(answered_at, outcome == Outcome::Abandoned);
            }
            if outcome == Outcome::Unanswered(Cause::Blocked) {
                campaign.caller_ids.blocked(call.caller_id);
            }
            if let Some(from) = call.talk.since {
                let talk = call.talk_end(now.mono).since(from);
                campaign.pacer.observe_talk(talk.as_secs_f64());
            }
            if let Some(seen) = resolution(&call, outcome, now.mono) {
                campaign.pacer.observe_resolution(&seen);
            }
        }
        self.order(Command::Record(Box::new(call.record(outcome, now.mono))));
        self.remember(&call);
        Some(call)
    }

    fn remember(&mut self, call: &Call) {
        let now = self.now.mono;
        let stale = |r: &RecentCall| now.since(r.ended) > REMEMBER;
        while self.recent.len() >= REMEMBER_MOST || self.recent.front().is_some_and(stale) {
            self.recent.pop_front();
        }
        if call.direction == Direction::Outbound && call.rang.is_some() {
            self.recent.push_back(RecentCall {
                id: call.id,
                ended: now,
                campaign: call.campaign,
                trunk: call.trunk,
                number: call.number,
                caller_id: call.caller_id,
                lead: call.lead.clone(),
            });
        }
    }

    /// A further answer for a call: somebody else picked up, and is a call of their own.
    pub(super) fn extra_answer(&mut self, original: CallId, leg: u64) {
        let now = self.now;
        let origin = match self.calls.get(&original) {
            Some(call) if call.direction == Direction::Transfer => {
                return self.second_outside(original, leg);
            }
            Some(call) => Some((
                call.campaign,
                call.trunk,
                call.number,
                call.caller_id,
                call.lead.clone(),
            )),
            None => self
                .recent
                .iter()
                .rev()
                .find(|r| r.id == original)
                .map(|r| (r.campaign, r.trunk, r.number, r.caller_id, r.lead.clone())),
        };
        let Some((campaign, trunk, number, caller_id, lead)) = origin else {
            return;
        };
        let id = self.take_call_id();
        let mut call = Call::new(id, campaign, Direction::Outbound, trunk, caller_id, now);
        call.lead = lead;
        call.number = number;
        call.answered = Some(now);
        call.late_answer = true;
        call.follows = Some(original);
        self.calls.insert(id, call);
        self.trunks.take_inbound(trunk);
        self.order(Command::Adopt {
            call: id,
            original,
            leg,
            campaign,
        });
        self.person_waits_now(id);
    }
}

/// Whether nothing at all was heard of the callee's phone.
fn call_unheard(call: &Call) -> bool {
    call.phase == Phase::Dialing && call.rang.is_none()
}

/// What pacing learns from an ended call; people were learned at the answer.
fn resolution(call: &Call, outcome: Outcome, now: Mono) -> Option<pacing::Resolution> {
    if call.direction != Direction::Outbound || call.late_answer || call.clock_from.is_some() {
        return None;
    }
    let seen = match outcome {
        Outcome::Machine | Outcome::Fax | Outcome::Silent => pacing::Outcome::Machine,
        Outcome::Unanswered(Cause::NoAnswer) => pacing::Outcome::NoAnswer,
        Outcome::Unanswered(Cause::Cancelled) => pacing::Outcome::Cancelled,
        Outcome::Unanswered(Cause::NotSent) => return None,
        Outcome::Unanswered(cause) if cause.is_trunk_trouble() => return None,
        Outcome::Unanswered(_) => pacing::Outcome::Failed,
        _ => return None,
    };
    let until = call.answered.map_or(now, |a| a.mono);
    Some(pacing::Resolution {
        outcome: seen,
        elapsed_s: until.since(call.started.mono).as_secs_f64(),
        rang: call.rang.is_some(),
        p_human: call.lead.as_ref().and_then(|l| l.answer_chance),
    })
}
