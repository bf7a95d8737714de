//! Calls from order to record: trunks, ringing, waiting, and what the record says.

use super::Oracle;
use carillon_decision::call::{AmdVerdict, CallRecord, Cause, Direction, Outcome};
use carillon_decision::campaign::{AbandonmentClock, InboundRule};
use carillon_decision::event::{CallOut, Originate, Progress};
use carillon_decision::id::{AgentId, CallId, CampaignId, LeadId, TrunkId};
use carillon_decision::time::{Mono, Now};
use std::time::Duration;

/// A callee's phone rings at least this long (16 CFR 310.4(b)(4)(ii)).
const RING_LEAST: Duration = Duration::from_secs(15);
/// Whoever hears nothing of a call for this long may take its trunk for dead.
const SILENCE_LEAST: Duration = Duration::from_secs(32);
/// Whoever answers is told apart, or taken for a person, and served within this.
const UNDECIDED_MOST: Duration = Duration::from_secs(10);

/// A call as the world knows it.
#[derive(Debug)]
pub(super) struct Watched {
    pub(super) campaign: CampaignId,
    lead: Option<LeadId>,
    pub(super) trunk: Option<TrunkId>,
    direction: Direction,
    ordered: Now,
    rang: Option<Mono>,
    pub(super) answered: Option<Mono>,
    /// Known to be a person since.
    pub(super) told: Option<Mono>,
    /// What screening said last.
    verdict: Option<AmdVerdict>,
    pub(super) due: Option<Mono>,
    pub(super) served: bool,
    pub(super) bridged: bool,
    pub(super) agent: Option<AgentId>,
    hung_up: bool,
    /// The trunk failed it.
    trouble: bool,
    pub(super) over: bool,
}

impl Watched {
    fn new(campaign: CampaignId, direction: Direction, now: Now) -> Self {
        Self {
            campaign,
            lead: None,
            trunk: None,
            direction,
            ordered: now,
            rang: None,
            answered: None,
            told: None,
            verdict: None,
            due: None,
            served: false,
            bridged: false,
            agent: None,
            hung_up: false,
            trouble: false,
            over: false,
        }
    }
}

impl Oracle {
    pub(super) fn originated(&mut self, order: &Originate) {
        let (call, lead) = (order.call, order.lead);
        if !order.permit.is_valid_at(self.now.wall) || order.permit.lead() != lead {
            self.breach("permit", format!("call {call} has no valid permit"));
        }
        self.may_call(order);
        match self.campaigns.get(&order.campaign) {
            Some((_, running)) if !running || self.draining => {
                self.breach(
                    "paused",
                    format!("call {call} of a campaign that does not run"),
                );
            }
            Some((campaign, _)) if !campaign.caller_ids.contains(&order.caller_id) => {
                self.breach(
                    "caller-id",
                    format!("call {call} shows a number of somebody else"),
                );
            }
            _ => {}
        }
        self.on_trunk(call, order.campaign, order.trunk);
        let mut watched = Watched::new(order.campaign, Direction::Outbound, self.now);
        (watched.lead, watched.trunk) = (Some(lead), Some(order.trunk));
        self.placed(call, watched);
    }

    pub(super) fn called_out(&mut self, order: &CallOut) {
        let (call, of) = (order.call, order.conversation);
        if !order.permit.is_valid_at(self.now.wall) {
            self.breach("permit", format!("call {call} has no valid permit"));
        }
        if !self.calls.contains_key(&of) {
            self.breach(
                "engine",
                format!("call {call} is for call {of}, which is over"),
            );
        }
        self.on_trunk(call, order.campaign, order.trunk);
        let mut watched = Watched::new(order.campaign, Direction::Transfer, self.now);
        (watched.trunk, watched.served) = (Some(order.trunk), true);
        self.placed(call, watched);
    }

    pub(super) fn answered_inbound(&mut self, call: CallId, leg: u64, campaign: CampaignId) {
        let Some((to, trunk)) = self.ringing.remove(&leg) else {
            return self.breach(
                "engine",
                format!("inbound leg {leg} is answered, but rings not"),
            );
        };
        let mut watched = Watched::new(campaign, Direction::Inbound, self.now);
        watched.trunk = Some(trunk);
        watched.answered = Some(self.now.mono);
        watched.told = Some(self.now.mono);
        let mut due = self.now.mono;
        match self.campaigns.get(&campaign) {
            Some((config, _)) if config.caller_ids.contains(&to) => {
                if let InboundRule::Queue { longest_wait, .. } = &config.inbound {
                    due = due + *longest_wait;
                }
            }
            _ => self.breach(
                "caller-id",
                format!("campaign {campaign} answers a call to {to}"),
            ),
        }
        self.placed(call, watched);
        self.must_serve(call, due);
    }

    pub(super) fn adopted(&mut self, call: CallId, original: CallId, campaign: CampaignId) {
        let mut watched = Watched::new(campaign, Direction::Outbound, self.now);
        watched.answered = Some(self.now.mono);
        watched.trunk = self.calls.get(&original).and_then(|call| call.trunk);
        self.placed(call, watched);
    }

    /// What the world says of a call.
    pub(super) fn news(&mut self, id: CallId, progress: &Progress) {
        let now = self.now.mono;
        let Some(call) = self.calls.get_mut(&id) else {
            return;
        };
        match progress {
            Progress::Ringing | Progress::EarlyMedia => {
                call.rang.get_or_insert(now);
            }
            Progress::Answered => self.answered(id),
            Progress::Verdict {
                who,
                greeting_ended,
            } => self.told(id, *who, *greeting_ended),
            Progress::Bridged => call.bridged = true,
            Progress::BridgeFailed => call.agent = None,
            Progress::Failed { cause, .. } => {
                call.over = true;
                call.trouble |= matches!(
                    cause,
                    Cause::Congestion
                        | Cause::TrunkFailure
                        | Cause::TrunkAuth
                        | Cause::Media
                        | Cause::NotSent
                );
                self.served(id);
            }
            Progress::HungUp => {
                call.over = true;
                self.served(id);
            }
            Progress::OptOut => {
                let number = call.lead.and_then(|lead| self.number_of(lead));
                self.listed.extend(number);
            }
            _ => {}
        }
    }

    fn number_of(&self, lead: LeadId) -> Option<carillon_decision::number::E164> {
        self.people.get(&lead)?.first_number()
    }

    fn answered(&mut self, id: CallId) {
        let now = self.now.mono;
        let Some(call) = self.calls.get_mut(&id) else {
            return;
        };
        call.answered.get_or_insert(now);
        if call.direction != Direction::Outbound {
            return;
        }
        let Some((campaign, _)) = self.campaigns.get(&call.campaign) else {
            return;
        };
        // An answer that crossed our CANCEL is a person's.
        let person = !campaign.screening.is_on() || call.hung_up;
        call.hung_up = false;
        let within = match person {
            true => campaign.abandonment.within,
            false => UNDECIDED_MOST + campaign.abandonment.within,
        };
        if person {
            call.told = Some(now);
        }
        self.must_serve(id, now + within);
    }

    fn told(&mut self, id: CallId, who: AmdVerdict, ago: Duration) {
        let now = self.now.mono;
        let Some(call) = self.calls.get_mut(&id) else {
            return;
        };
        let Some((campaign, _)) = self.campaigns.get(&call.campaign) else {
            return;
        };
        call.verdict = Some(who);
        if call.told.is_some() || call.served || call.over || call.hung_up {
            return;
        }
        if who != AmdVerdict::Person {
            return;
        }
        let answered = call.answered.unwrap_or(now);
        let from = match campaign.abandonment.clock {
            AbandonmentClock::GreetingEnd => (now - ago).max(answered),
            AbandonmentClock::Answer => answered,
        };
        call.told = Some(now);
        let due = (from + campaign.abandonment.within).max(now);
        self.must_serve(id, due);
    }

    pub(super) fn hung_up_by_us(&mut self, id: CallId) {
        let now = self.now.mono;
        self.talks.remove(&id);
        self.wraps_up(id);
        let Some(call) = self.calls.get_mut(&id) else {
            return;
        };
        call.hung_up = true;
        let tones = call.verdict == Some(AmdVerdict::NotInService);
        let waits = call.told.is_some() && !call.served && call.direction == Direction::Outbound;
        let rang_for = call.rang.map(|at| now.since(at));
        let unanswered = call.answered.is_none() && call.direction == Direction::Outbound;
        let silent_for = now.since(call.ordered.mono);
        if unanswered && !tones {
            match rang_for {
                Some(rang) if rang < RING_LEAST => {
                    let what = format!(
                        "call {id} is hung up after {:.3} s of ringing",
                        rang.as_secs_f64()
                    );
                    self.breach("ringing", what);
                }
                None if silent_for < SILENCE_LEAST => {
                    let what = format!(
                        "call {id} is hung up after {:.3} s of silence",
                        silent_for.as_secs_f64()
                    );
                    self.breach("ringing", what);
                }
                _ => {}
            }
        }
        if waits {
            self.breach(
                "waiting",
                format!("the waiting person of call {id} is hung up on"),
            );
        }
        self.served(id);
    }

    /// The call leaves its record.
    pub(super) fn recorded(&mut self, record: &CallRecord) {
        let id = record.call;
        self.talks.remove(&id);
        self.wraps_up(id);
        self.served(id);
        let Some(call) = self.calls.remove(&id) else {
            return self.breach(
                "record",
                format!("call {id} has two records, or none was placed"),
            );
        };
        if let Some(trunk) = call.trunk.and_then(|id| self.trunks.get_mut(&id)) {
            trunk.open = trunk.open.saturating_sub(1);
        }
        let same = record.direction == call.direction
            && record.campaign == call.campaign
            && (record.lead == call.lead || call.lead.is_none())
            && call.trunk.is_none_or(|trunk| trunk == record.trunk);
        if !same {
            self.breach(
                "record",
                format!("the record of call {id} is another call's"),
            );
        }
        if call.direction == Direction::Outbound
            && let Some(wrong) = contradicts(&call, record.outcome)
        {
            let what = format!(
                "call {id} {wrong}, its record says {}",
                record.outcome.name()
            );
            self.breach("record", what);
        }
        self.attempt_over(record, call.trouble);
    }
}

/// What happened, where the outcome says otherwise.
fn contradicts(call: &Watched, outcome: Outcome) -> Option<&'static str> {
    let told_person = call.told.is_some();
    match outcome {
        Outcome::Connected if !call.bridged => Some("was never joined with an agent"),
        Outcome::Connected => None,
        _ if call.bridged => Some("was joined with an agent"),
        Outcome::Unanswered(Cause::Disconnected)
            if call.verdict == Some(AmdVerdict::NotInService) =>
        {
            None
        }
        Outcome::Unanswered(_) if call.answered.is_some() => Some("was answered"),
        Outcome::Unanswered(_) => None,
        _ if call.answered.is_none() => Some("was never answered"),
        // The promise behind every abandonment figure: no person is left out.
        Outcome::Abandoned => None,
        _ if told_person => Some("was answered by a person nobody served"),
        _ => None,
    }
}
