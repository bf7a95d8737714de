//! Calls of the world: placed, answered, joined, ended.

use super::{CallSim, Event, World, nanos, seconds};
use crate::whole::carrier::Taken;
use crate::whole::fate::{Attempt, Fate, Who};
use crate::whole::setup;
use carillon_decision::call::{AmdVerdict, CallRecord, Cause, Direction};
use carillon_decision::event::{Input, Originate, Progress};
use carillon_decision::id::{AgentId, CallId, TrunkId};
use carillon_decision::number::E164;
use std::time::Duration;

/// One signalling round trip.
const ROUND_TRIP_S: f64 = 0.02;
/// A CANCEL's way to the callee: an answer within it crosses.
const CANCEL_S: f64 = 0.01;
/// Joining two legs.
const BRIDGE_S: f64 = 0.002;
/// Tones before a "not in service" is recognised.
const SIT_S: f64 = 1.2;
/// Length of the abandon message, and when in it the opt-out key is pressed.
const MESSAGE_S: f64 = 7.0;
const OPT_OUT_S: f64 = 4.0;
/// When an unanswered INVITE fails by itself: SIP's timer B.
const TIMER_B_S: f64 = 32.0;

impl World<'_> {
    /// The carrier takes the call; its callee's fate unfolds.
    pub(super) fn place(&mut self, order: &Originate) {
        let id = order.call;
        let (k, t) = (order.campaign.0 as usize - 1, order.trunk.0 as usize - 1);
        let campaign = &self.scenario.campaigns[k];
        let number = self.attempts.entry(order.lead.0).or_default();
        let attempt = Attempt {
            lead: order.lead.0,
            number: *number,
            score: self.lists[k]
                .lead(order.lead)
                .and_then(|lead| lead.answer_chance),
        };
        *number += 1;
        let at_s = seconds(self.now_ns);
        let fate = self.callees[k].fate(campaign, self.seed, attempt, at_s);
        let key = attempt.lead.wrapping_mul(4096).wrapping_add(attempt.number);
        let taken = self.carriers[t].take(self.seed, key, &fate, at_s);
        self.tally.sent(k, fate.who);
        self.calls.insert(
            id,
            CallSim {
                campaign: k,
                trunk: t,
                lead: Some(order.lead),
                fate,
                inbound: false,
                lost: taken == Taken::Lost,
                answers_at: None,
                answered: false,
                told_at: None,
                served: false,
                talking: false,
                ended: false,
            },
        );
        self.schedule(0.0, Event::Call(id, Progress::Sent));
        let fail = |cause, retry_after| Event::Call(id, Progress::Failed { cause, retry_after });
        match taken {
            Taken::Passed(delay_s) => self.unfold(id, &fate, delay_s),
            Taken::Congested(after_s, retry_after) => {
                self.schedule(after_s, fail(Cause::Congestion, retry_after));
            }
            Taken::Lost => self.schedule(TIMER_B_S, fail(Cause::TrunkFailure, None)),
        }
    }

    fn unfold(&mut self, id: CallId, fate: &Fate, delay_s: f64) {
        let fail = |cause| {
            let retry_after = None;
            Event::Call(id, Progress::Failed { cause, retry_after })
        };
        match fate.who {
            Who::Busy => return self.schedule(delay_s + fate.fails_after_s, fail(Cause::Busy)),
            Who::Wrong => {
                return self.schedule(delay_s + fate.fails_after_s, fail(Cause::Disconnected));
            }
            Who::Tones => {
                self.schedule(delay_s, Event::Call(id, Progress::EarlyMedia));
                let tones = verdict(AmdVerdict::NotInService, 0.0);
                return self.schedule(delay_s + SIT_S, Event::Call(id, tones));
            }
            _ => self.schedule(delay_s, Event::Call(id, Progress::Ringing)),
        }
        if fate.who == Who::Nobody {
            return;
        }
        // Nobody answers before the phone rings.
        let answer_s = fate.ring_s.max(delay_s + 0.05);
        if let Some(call) = self.calls.get_mut(&id) {
            call.answers_at = Some(self.now_ns.saturating_add(nanos(answer_s)));
        }
        self.schedule(answer_s, Event::Call(id, Progress::Answered));
    }

    /// What screening hears after an answer, and how long the person waits.
    fn listened_to(&mut self, id: CallId) {
        let Some(call) = self.calls.get(&id) else {
            return;
        };
        let (k, fate) = (call.campaign, call.fate);
        let s = self.scenario.screening;
        let known = s.onset_s + fate.greeting_s + s.trailing_s;
        let person = matches!(fate.who, Who::Person | Who::Mistaken);
        if self.scenario.campaigns[k].screening.is_on() {
            self.schedule(s.onset_s, Event::Call(id, Progress::SpeechStarted));
            let (after, heard) = match fate.who {
                Who::Person => (known, verdict(AmdVerdict::Person, s.trailing_s)),
                Who::Posing => (s.machine_after_s, verdict(AmdVerdict::Person, s.trailing_s)),
                _ => (
                    s.onset_s + s.machine_after_s,
                    verdict(AmdVerdict::Machine, 0.0),
                ),
            };
            self.schedule(after, Event::Call(id, heard));
        }
        if person {
            let waits = s.onset_s + fate.greeting_s + fate.patience_s;
            self.schedule(waits, Event::Patience(id));
        }
    }

    /// Somebody calls in.
    pub(super) fn calls_in(&mut self, k: usize, n: u64) {
        let at_s = seconds(self.now_ns);
        let groups = &self.scenario.campaigns[k].trunk_groups;
        let brings = |t: &usize| {
            let group = &self.scenario.trunks[*t].group;
            (groups.is_empty() || groups.contains(group)) && self.carriers[*t].has_room(at_s)
        };
        let trunk = (0..self.carriers.len()).find(brings);
        self.tally.offered(k, trunk.is_some());
        let Some(t) = trunk else {
            return;
        };
        self.hear(Input::Inbound {
            leg: k as u64 * 1_000_000_000 + n * 1000 + t as u64,
            from: E164::new(13_105_550_000 + n % 10_000),
            to: setup::caller_id(k),
            trunk: TrunkId(t as u32 + 1),
        });
    }

    /// The engine has answered somebody who calls in.
    pub(super) fn answered_in(&mut self, id: CallId, k: usize, leg: u64) {
        let (n, t) = (leg % 1_000_000_000 / 1000, (leg % 1000) as usize);
        let Some(fate) = self.callees[k].caller(self.seed, k, n) else {
            return;
        };
        self.carriers[t].channel(1, seconds(self.now_ns));
        self.calls.insert(
            id,
            CallSim {
                campaign: k,
                trunk: t,
                lead: None,
                fate,
                inbound: true,
                lost: false,
                answers_at: None,
                answered: true,
                told_at: Some(self.now_ns),
                served: false,
                talking: false,
                ended: false,
            },
        );
        self.schedule(fate.patience_s, Event::Patience(id));
    }

    /// News of a call that is neither over nor hung up.
    pub(super) fn news(&mut self, id: CallId, progress: Progress) {
        let Some(call) = self.calls.get_mut(&id).filter(|c| !c.ended) else {
            return;
        };
        let mut answers = false;
        match &progress {
            Progress::Answered => {
                answers = !call.answered;
                call.answered = true;
                let screened = self.scenario.campaigns[call.campaign].screening.is_on();
                if !screened {
                    call.told_at = Some(self.now_ns);
                }
            }
            Progress::Verdict {
                who: AmdVerdict::Person,
                ..
            } => {
                call.told_at.get_or_insert(self.now_ns);
            }
            Progress::Failed { .. } | Progress::HungUp => call.ended = true,
            _ => {}
        }
        if answers {
            self.listened_to(id);
        }
        self.hear(Input::Progress { call: id, progress });
    }

    pub(super) fn tires(&mut self, id: CallId) {
        if self.calls.get(&id).is_some_and(|c| !c.ended && !c.served) {
            self.news(id, Progress::HungUp);
        }
    }

    /// Our CANCEL or BYE is on its way.
    pub(super) fn hang_up(&mut self, id: CallId) {
        let crossing = self.now_ns.saturating_add(nanos(CANCEL_S));
        let Some(call) = self.calls.get_mut(&id).filter(|c| !c.ended) else {
            return;
        };
        if !call.answered && call.answers_at.is_some_and(|at| at <= crossing) {
            // The answer crosses our CANCEL: a person is on the line.
            return;
        }
        call.ended = true;
        let progress = match (call.answered, call.lost) {
            (true, _) => Progress::HungUp,
            (false, lost) => Progress::Failed {
                cause: if lost {
                    Cause::TrunkFailure
                } else {
                    Cause::NoAnswer
                },
                retry_after: None,
            },
        };
        let input = Input::Progress { call: id, progress };
        self.schedule(ROUND_TRIP_S, Event::Hear(Box::new(input)));
    }

    pub(super) fn bridge(&mut self, id: CallId, agent: AgentId) {
        let line = self.desks[agent.0 as usize - 1].line;
        let now_ns = self.now_ns;
        let Some(call) = self.calls.get_mut(&id).filter(|c| !c.ended) else {
            return;
        };
        if !line {
            return self.schedule(BRIDGE_S, Event::Call(id, Progress::BridgeFailed));
        }
        let first = !call.served;
        (call.served, call.answered) = (true, true);
        let talk_s = call.fate.talk_s;
        let plans_end = !std::mem::replace(&mut call.talking, true);
        if first {
            let waited = call.told_at.map_or(0.0, |at| seconds(now_ns - at));
            self.tally
                .joined(call.campaign, call.inbound, waited, call.fate.who);
        }
        self.schedule(BRIDGE_S, Event::Call(id, Progress::Bridged));
        if plans_end {
            self.schedule(BRIDGE_S + talk_s, Event::TalkOver(id));
        }
    }

    pub(super) fn message(&mut self, id: CallId) {
        let Some(call) = self.calls.get_mut(&id) else {
            return;
        };
        call.served = true;
        if call.fate.opts_out && call.lead.is_some() {
            self.schedule(OPT_OUT_S, Event::Call(id, Progress::OptOut));
        }
        self.schedule(MESSAGE_S, Event::Call(id, Progress::MessageEnded));
    }

    pub(super) fn recorded(&mut self, record: &CallRecord) {
        let Some(call) = self.calls.remove(&record.call) else {
            return;
        };
        self.carriers[call.trunk].channel(-1, seconds(self.now_ns));
        if record.direction == Direction::Outbound {
            self.lists[call.campaign].record(record);
        }
        self.tally.ended(call.campaign, record, call.fate.who);
    }
}

fn verdict(who: AmdVerdict, ended_ago_s: f64) -> Progress {
    Progress::Verdict {
        who,
        greeting_ended: Duration::from_secs_f64(ended_ago_s),
    }
}
