//! People who call us.

use super::Engine;
use crate::call::{Call, Direction, Phase};
use crate::campaign::InboundRule;
use crate::event::Command;
use crate::id::TrunkId;
use crate::number::E164;

impl Engine {
    /// A call to one of our caller IDs is answered: a queue, or the message. Any other
    /// number is refused.
    pub(super) fn inbound(&mut self, leg: u64, from: Option<E164>, to: E164, trunk: TrunkId) {
        let campaign = self
            .campaigns
            .values()
            .find(|c| c.config.caller_ids.contains(&to))
            .map(|c| c.config.id);
        let Some(campaign) = campaign.filter(|_| !self.draining) else {
            return self.order(Command::RejectInbound { leg });
        };
        let now = self.now;
        let id = self.take_call_id();
        let mut call = Call::new(id, campaign, Direction::Inbound, trunk, to, now);
        call.number = from;
        call.answered = Some(now);
        call.clock_from = Some(now.mono);
        call.enter(Phase::Waiting, now.mono);
        self.calls.insert(id, call);
        self.trunks.take_inbound(trunk);
        self.order(Command::AnswerInbound {
            call: id,
            leg,
            campaign,
        });
        let queues = self
            .campaigns
            .get(&campaign)
            .is_some_and(|c| matches!(c.config.inbound, InboundRule::Queue { .. }));
        if queues {
            self.enqueue(id, now.mono);
            let until = now.mono + self.longest_wait(id);
            self.arm_call(id, until);
            self.keep_ticking(campaign);
        } else {
            self.play_message(id);
        }
    }
}
