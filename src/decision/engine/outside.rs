//! Calls to outside destinations, for a conversation that is under way.

use super::Engine;
use super::dialing::SILENCE_LIMIT;
use super::progress::ENDING_LIMIT;
use super::talk::{OUTSIDE_LIMIT, Unobeyed, no};
use crate::call::{Call, Direction, EndedBy, Outcome, Phase};
use crate::conversation::{OrderRefusal, Party, Stage, TalkStep, Third};
use crate::event::{CallOut, Command};
use crate::id::{CallId, TrunkId};
use crate::routing::{TrunkRefusal, choose_caller_id};

impl Engine {
    /// Calls one of the campaign's destinations for the conversation of `id`. `tried` are
    /// trunks not to use again.
    pub(super) fn call_out(
        &mut self,
        id: CallId,
        name: &str,
        tried: &[TrunkId],
    ) -> Result<CallId, Unobeyed> {
        let now = self.now;
        if self.halted.is_some() {
            return no(
                OrderRefusal::OutsideFailed,
                "no new calls: the floor was halted",
            );
        }
        let call = &self.calls[&id];
        let (campaign_id, lead) = (call.campaign, call.lead.as_ref().map(|l| l.id));
        let Some(campaign) = self.campaigns.get_mut(&campaign_id) else {
            return no(OrderRefusal::UnknownTarget, "the campaign is gone");
        };
        let config = &campaign.config;
        let destinations = &config.conversation.destinations;
        if !destinations.iter().any(|d| d.name == name) {
            let why = format!("the campaign has no destination `{name}`");
            return Err((OrderRefusal::UnknownTarget, why));
        }
        let Some(gate) = &campaign.gate else {
            return no(OrderRefusal::NotAllowed, "the campaign's rules are broken");
        };
        let permit = gate
            .permit_destination(destinations, name, lead, now.wall)
            .map_err(|refusal| (OrderRefusal::NotAllowed, refusal.detail))?;
        let number = permit.number();
        let Some(caller_id) = choose_caller_id(&config.caller_ids, number, &campaign.caller_ids)
        else {
            return no(OrderRefusal::NotAllowed, "the campaign has no caller ID");
        };
        let groups = &config.trunk_groups;
        let no_tags = |_: &str| None;
        let trunk = self
            .trunks
            .take(number, groups, &no_tags, tried, now.mono)
            .map_err(|refusal| (OrderRefusal::OutsideFailed, no_line(refusal).to_owned()))?;
        let ring_timeout = config.ring_timeout;
        campaign.caller_ids.shown(caller_id);
        let out = self.take_call_id();
        let mut call = Call::new(out, campaign_id, Direction::Transfer, trunk, caller_id, now);
        call.number = Some(number);
        call.tried.extend(tried);
        call.ring_timeout = ring_timeout;
        call.follows = Some(id);
        call.permit = Some(permit.summary());
        self.calls.insert(out, call);
        self.order(Command::CallOut(Box::new(CallOut {
            call: out,
            conversation: id,
            campaign: campaign_id,
            permit,
            trunk,
            caller_id,
            ring_timeout,
        })));
        self.arm_call(out, now.mono + SILENCE_LIMIT.max(ring_timeout));
        Ok(out)
    }

    /// The conversation an outside call belongs to, if it is part of it still.
    fn conversation_of(&self, out: CallId) -> Option<(CallId, Third)> {
        let id = self.calls.get(&out)?.follows?;
        let third = self.calls.get(&id)?.talk.third?;
        (third.party == Party::Call(out)).then_some((id, third))
    }

    /// The destination's early media reaches the agent who waits for it.
    pub(super) fn outside_heard(&mut self, out: CallId) {
        if let Some((id, third)) = self.conversation_of(out)
            && third.stage == Stage::Called
        {
            self.set_stage(id, Stage::Early);
            self.refresh(id);
        }
    }

    /// The destination answers: with the agent first, or with the customer at once where no
    /// agent is left.
    pub(super) fn outside_answered(&mut self, out: CallId) {
        let now = self.now.mono;
        let conversation = self.conversation_of(out);
        let Some(call) = self.calls.get_mut(&out) else {
            return;
        };
        if call.phase == Phase::Ending {
            // It crossed our CANCEL: the answered call has to be ended again.
            call.late_answer = true;
            self.order(Command::HangUp { call: out });
            return self.arm_call(out, now + ENDING_LIMIT);
        }
        call.enter(Phase::Talking, now);
        call.bridged = Some(now);
        call.talk.since = Some(now);
        let Some((id, _)) = conversation else {
            return self.hang_up(out, None, EndedBy::System);
        };
        let served = self.calls.get(&id).is_some_and(|c| c.agent.is_some());
        self.set_stage(id, if served { Stage::Apart } else { Stage::Joined });
        if !served {
            self.arm_call(id, now + OUTSIDE_LIMIT);
        }
        self.refresh(id);
    }

    /// A further answer of a call to a destination: nobody waits for it, it is ended at once.
    pub(super) fn second_outside(&mut self, original: CallId, leg: u64) {
        let now = self.now;
        let Some(first) = self.calls.get(&original) else {
            return;
        };
        let (campaign, trunk, caller_id) = (first.campaign, first.trunk, first.caller_id);
        let number = first.number;
        let id = self.take_call_id();
        let mut call = Call::new(id, campaign, Direction::Transfer, trunk, caller_id, now);
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
        self.hang_up(id, Some(Outcome::Silent), EndedBy::System);
    }

    fn set_stage(&mut self, id: CallId, stage: Stage) {
        if let Some(call) = self.calls.get_mut(&id)
            && let Some(third) = &mut call.talk.third
        {
            third.stage = stage;
        }
    }

    /// An outside call ends, or was never answered: its conversation goes on without it, if
    /// somebody is left to go on with.
    pub(super) fn outside_over(&mut self, out: CallId) {
        let now = self.now.mono;
        let Some((id, third)) = self.conversation_of(out) else {
            return;
        };
        let ended = self.calls.get(&out);
        let why = match ended {
            Some(call) if call.answered.is_some() => "hung up".to_owned(),
            Some(call) => call.outcome.map_or("not reached", Outcome::name).to_owned(),
            None => return,
        };
        let Some(call) = self.calls.get_mut(&id) else {
            return;
        };
        call.talk.third = None;
        call.note(now, TalkStep::ThirdGone { why: why.clone() });
        let (agent, campaign, last) = (call.agent, call.campaign, call.talk.last_agent);
        match (agent, third.stage) {
            (Some(agent), stage) => {
                if matches!(stage, Stage::Called | Stage::Early) {
                    let why = format!("the destination was not reached: {why}");
                    self.answer_order(agent, Err((OrderRefusal::OutsideFailed, why)));
                }
                self.refresh(id);
            }
            (None, Stage::Joined) => self.hang_up(id, None, EndedBy::System),
            // Back to the house: the agent who passed them on first.
            (None, _) => self.pass_on(id, campaign, last),
        }
    }

    /// A trunk failed before the destination's phone was heard: another one, if there is one.
    /// Answers whether the conversation goes on with a new call.
    pub(super) fn call_out_elsewhere(&mut self, out: CallId) -> bool {
        let Some((id, third)) = self.conversation_of(out) else {
            return false;
        };
        let Some(call) = self.calls.get(&out) else {
            return false;
        };
        let (number, tried) = (call.number, call.tried.clone());
        let destinations = self
            .campaigns
            .get(&call.campaign)
            .map(|c| &c.config.conversation.destinations);
        let name = destinations
            .into_iter()
            .flatten()
            .find(|d| Some(d.number) == number)
            .map(|d| d.name.clone());
        let Some(next) = name.and_then(|name| self.call_out(id, &name, &tried).ok()) else {
            return false;
        };
        if let Some(call) = self.calls.get_mut(&id) {
            let party = Party::Call(next);
            call.talk.third = Some(Third { party, ..third });
        }
        true
    }
}

/// Why no trunk takes the call, for the agent.
fn no_line(refusal: TrunkRefusal) -> &'static str {
    match refusal {
        TrunkRefusal::NoMatch => "no trunk takes this number",
        TrunkRefusal::Down => "every trunk that takes this number is down",
        TrunkRefusal::Channels => "every line is busy: try again in a moment",
        TrunkRefusal::CallsPerSecond(_) => "too many calls this second: try again",
    }
}
