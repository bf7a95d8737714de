//! Legs the engine has not decided about: inbound calls, and further answers of one INVITE.

use super::lines::{CallLine, Stage};
use super::{LadderKey, Party, Switch, Timer};
use carillon_decision::id::{CallId, CampaignId, TrunkId};
use carillon_decision::{Input, Progress};
use carillon_sip::{CallKey, LegKey, Reason, SessionDescription};
use std::time::{Duration, Instant};

/// How long the engine may take to decide. It answers within milliseconds or is in trouble.
const DECIDE_WITHIN: Duration = Duration::from_secs(5);

/// How long other forks of an INVITE may answer after the first (timer M, RFC 6026 §8.5).
const FORKS_FOR: Duration = Duration::from_secs(32);

/// A leg that waits for the engine.
#[derive(Debug)]
pub(super) enum Pending {
    /// Somebody calls one of our numbers.
    Inbound {
        leg: LegKey,
        trunk: TrunkId,
        /// `None`: the INVITE had no offer.
        offer: Option<SessionDescription>,
    },
    /// A further answer to an INVITE of ours: a person on the line.
    Extra {
        leg: LegKey,
        trunk: TrunkId,
        answer: SessionDescription,
        at: Instant,
    },
}

impl Switch {
    pub(super) fn await_decision(&mut self, now: Instant, leg: LegKey, pending: Pending) {
        self.pending.insert(leg.number(), pending);
        self.set_timer(now + DECIDE_WITHIN, Timer::Undecided(leg.number()));
    }

    /// The engine did not decide in time.
    pub(super) fn undecided(&mut self, now: Instant, leg: u64) {
        match self.pending.remove(&leg) {
            Some(Pending::Inbound { leg, .. }) => {
                // Gone already: nothing to refuse.
                let _ = self.endpoint.reject(now, leg, 480, "", &[]);
            }
            Some(Pending::Extra { leg, .. }) => self.endpoint.bye(now, leg, Some(normal())),
            None => {}
        }
    }

    /// A further answer arrived on a call's INVITE.
    pub(super) fn extra_answer(
        &mut self,
        now: Instant,
        call: CallId,
        leg: LegKey,
        answer: SessionDescription,
    ) {
        let ended = self.forks.get(&call).map(|(_, trunk)| *trunk);
        let Some(trunk) = self.calls.get(&call).map(|line| line.trunk).or(ended) else {
            return self.endpoint.bye(now, leg, Some(normal()));
        };
        tracing::info!(%call, "a further answer to one INVITE: another person on the line");
        self.await_decision(
            now,
            leg,
            Pending::Extra {
                leg,
                trunk,
                answer,
                at: now,
            },
        );
        self.news.tell(Input::ExtraAnswer {
            call,
            leg: leg.number(),
        });
    }

    /// Keeps an ended call's INVITE known, for as long as forks of it may answer.
    pub(super) fn expect_forks(&mut self, call: CallId, key: CallKey, trunk: TrunkId) {
        self.forks.insert(call, (key, trunk));
        self.set_timer(self.clock.instant() + FORKS_FOR, Timer::Forks(call));
    }

    pub(super) fn forget_forks(&mut self, call: CallId) {
        if let Some((key, _)) = self.forks.remove(&call) {
            self.by_key.remove(&key);
        }
    }

    /// The further answer becomes a call of its own. Its far end was offered the first
    /// answer's port, so it is spoken to from a new one: it hears us, and we hear it where it
    /// follows the source of what it hears (symmetric RTP).
    pub(super) fn adopt(
        &mut self,
        now: Instant,
        call: CallId,
        original: CallId,
        leg: u64,
        campaign: CampaignId,
    ) {
        let Some(Pending::Extra {
            leg,
            trunk,
            answer,
            at,
        }) = self.pending.remove(&leg)
        else {
            tracing::info!(%call, %original, "the further answer has hung up already");
            return self.progress(call, Progress::HungUp);
        };
        // Forks share a Call-ID.
        self.ladders
            .alias(LadderKey::Call(original), LadderKey::Call(call));
        let mut line = CallLine::new(campaign, trunk, Stage::Answered);
        line.leg = Some(leg);
        line.judged = true;
        line.answered = Some(at);
        line.person = Some(at);
        match self.media.open_call() {
            Ok(port) => {
                self.by_media.insert(port.leg, Party::Call(call));
                // It answered what all forks were offered ...
                let first = self.calls.get(&original).and_then(|line| line.audio());
                self.media.says_as(port.leg, first);
                if let Err(error) = self.media.set_remote(port.leg, &answer) {
                    tracing::warn!(%call, error, "no audio with the further answer");
                }
                line.media = Some(port);
                // ... and gets an address of its own.
                let rules = self.trunk_audio(trunk);
                let ours = rules.offer(port.address, self.media.session()).to_bytes();
                if let Err(error) = self.endpoint.reoffer(now, leg, &ours) {
                    tracing::debug!(%call, %error, "the further answer keeps the first address");
                }
            }
            Err(error) => {
                tracing::error!(%call, %error, code = error.code(), "no audio for a further answer")
            }
        }
        let silent = line.media.is_none();
        self.by_leg.insert(leg, Party::Call(call));
        self.calls.insert(call, line);
        if silent {
            self.hang_up(now, call);
        }
    }

    /// A leg that waited for the engine's decision has ended.
    pub(super) fn pending_gone(&mut self, leg: LegKey) -> bool {
        self.pending.remove(&leg.number()).is_some()
    }
}

/// Q.850 cause 16: normal call clearing.
pub(super) fn normal() -> Reason {
    Reason::q850(16, "Normal call clearing")
}
