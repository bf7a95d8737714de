//! From `Originate` or `CallOut` to the answer or the failure.

use super::audio::AudioRules;
use super::lines::{Attempt, CallLine, Stage};
use super::order::Order;
use super::pending::normal;
use super::{LadderKey, Party, Switch};
use crate::config::Detection;
use crate::profiles::EarlyMedia;
use crate::store_port::AttemptJob;
use carillon_decision::Progress;
use carillon_decision::call::Cause;
use carillon_decision::conversation::Party as Member;
use carillon_decision::event::{CallOut, Originate};
use carillon_decision::id::{CallId, TrunkId};
use carillon_media::LegPort;
use carillon_sip::{Failure, LegKey, Peer, SessionDescription};
use std::time::Instant;
use tokio::sync::mpsc::error::TrySendError;

/// Most targets of a trunk that one attempt goes to.
const TARGETS_TRIED_MAX: usize = 5;

impl Switch {
    /// Calls a lead.
    pub(super) fn originate(&mut self, order: Box<Originate>) {
        let mut line = CallLine::new(order.campaign, order.trunk, Stage::Storing);
        line.lead = Some(order.lead);
        line.screening = order.screening;
        line.judged = !order.screening.is_on();
        tracing::info!(
            call = %order.call, lead = %order.lead, campaign = %order.campaign,
            trunk = %order.trunk, number = %order.permit.number().masked(), "dial"
        );
        self.store_first(line, Order::Lead(order));
    }

    /// Calls an outside destination for a conversation.
    pub(super) fn call_out(&mut self, order: Box<CallOut>) {
        let mut line = CallLine::new(order.campaign, order.trunk, Stage::Storing);
        line.conversation = Some(order.conversation);
        line.judged = true;
        tracing::info!(
            call = %order.call, conversation = %order.conversation, campaign = %order.campaign,
            trunk = %order.trunk, number = %order.permit.number().masked(), "call out"
        );
        self.store_first(line, Order::Out(order));
    }

    /// Hands the attempt to the store; [`Switch::stored`] goes on.
    fn store_first(&mut self, line: CallLine, order: Order) {
        let call = order.call();
        self.calls.insert(call, line);
        let sip_call_id = self.sip_call_id(&call.to_string());
        match self.attempts.try_send(AttemptJob { order, sip_call_id }) {
            Ok(()) => {}
            Err(TrySendError::Full(_)) => self.not_sent(call, "the store is behind"),
            Err(TrySendError::Closed(_)) => self.not_sent(call, "the node is stopping"),
        }
    }

    /// The store has answered: the INVITE may leave, or the attempt did not happen.
    pub(super) fn stored(&mut self, now: Instant, job: AttemptJob, result: Result<(), String>) {
        let call = job.order.call();
        let Some(line) = self.calls.get(&call) else {
            return;
        };
        if let Err(reason) = result {
            return self.not_sent(call, &reason);
        }
        self.vitals.attempts_stored.add(1);
        if line.hang_up || self.stopping.is_some() || self.halted {
            self.fail(call, Cause::Cancelled, None);
            return self.stop_checked();
        }
        if self.dry_run {
            return self.not_sent(call, "dry run");
        }
        if !job.order.permit().is_valid_at(self.clock.now().wall) {
            return self.not_sent(call, "the permit went stale while the attempt was stored");
        }
        match self.place(now, job) {
            Ok(()) => self.progress(call, Progress::Sent),
            Err(reason) => self.not_sent(call, &reason),
        }
    }

    fn place(&mut self, now: Instant, job: AttemptJob) -> Result<(), String> {
        let (call, trunk) = (job.order.call(), job.order.trunk());
        let trunk = self.trunks.get(&trunk).ok_or("the trunk is unknown")?;
        let peer = trunk.pool.pick(now, &mut self.chance);
        let peer = peer.ok_or("nobody knows where the trunk is")?;
        let port = self.media.open_call().map_err(|e| e.to_string())?;
        let attempt = Box::new(Attempt {
            order: job.order,
            call_id: job.sip_call_id,
            tried: Vec::new(),
        });
        if let Err(reason) = self.send_to(now, attempt, peer, port) {
            self.media.close(port.leg);
            return Err(reason);
        }
        self.by_media.insert(port.leg, Party::Call(call));
        let line = self.calls.get_mut(&call).ok_or("the call is gone")?;
        line.media = Some(port);
        line.stage = Stage::Dialing;
        self.heard_again(Member::Call(call));
        Ok(())
    }

    /// What calls of a trunk are offered.
    pub(super) fn trunk_audio(&self, trunk: TrunkId) -> AudioRules {
        let found = self.trunks.get(&trunk);
        found.map_or_else(AudioRules::default, |trunk| trunk.audio())
    }

    /// Sends an attempt's INVITE to one target of its trunk.
    fn send_to(
        &mut self,
        now: Instant,
        mut attempt: Box<Attempt>,
        peer: Peer,
        port: LegPort,
    ) -> Result<(), String> {
        let (order, call) = (&attempt.order, attempt.order.call());
        let trunk = self.trunks.get(&order.trunk());
        let trunk = trunk.ok_or("the trunk is unknown")?;
        let offer = self.media.offer(port, &trunk.audio());
        let number = order.permit().number();
        let invite = trunk.invite(peer, number, order.caller_id(), &offer);
        let key = self
            .endpoint
            .invite_as(now, invite, attempt.call_id.clone())
            .map_err(|e| e.to_string())?;
        self.by_key.insert(key, Party::Call(call));
        self.ladders.name(LadderKey::Call(call), &attempt.call_id);
        attempt.tried.push(peer);
        if let Some(line) = self.calls.get_mut(&call) {
            line.key = Some(key);
            line.peer = Some(peer);
            line.attempt = Some(attempt);
        }
        Ok(())
    }

    /// Lets another target of the trunk have the INVITE, within the same attempt and on the same
    /// permit: the first said 503, or could not be reached, and nothing rang. Says whether it did.
    ///
    /// Silence (timer B) is no such failure: seven INVITEs went there, the person's phone may
    /// ring, and the engine decides what follows.
    fn try_elsewhere(&mut self, now: Instant, call: CallId, failure: &Failure) -> bool {
        let refused = failure.code == 503 && !failure.timed_out;
        let over = failure.after_cancel || self.stopping.is_some() || self.halted;
        if !(refused || failure.transport_error) || over {
            return false;
        }
        let wall = self.clock.now().wall;
        let Some(line) = self.calls.get_mut(&call).filter(|l| !l.hang_up) else {
            return false;
        };
        let (Some(attempt), Some(port)) = (line.attempt.take(), line.media) else {
            return false;
        };
        let Some(trunk) = self.trunks.get(&line.trunk) else {
            return false;
        };
        let next = trunk.pool.next(now, &attempt.tried, &mut self.chance);
        let valid = attempt.order.permit().is_valid_at(wall);
        let Some(next) = next.filter(|_| valid && attempt.tried.len() < TARGETS_TRIED_MAX) else {
            return false;
        };
        tracing::info!(
            %call, trunk = trunk.settings.engine.name, code = failure.code, phrase = failure.phrase,
            to = %next, "the next target gets the call"
        );
        match self.send_to(now, attempt, next, port) {
            Ok(()) => true,
            Err(reason) => {
                tracing::warn!(%call, reason, "the next target did not get the call");
                false
            }
        }
    }

    /// What a final failure says of the target it came from.
    fn judge_target(&mut self, now: Instant, call: CallId, failure: &Failure) {
        let Some(line) = self.calls.get(&call) else {
            return;
        };
        let Some((peer, trunk)) = line.peer.zip(self.trunks.get_mut(&line.trunk)) else {
            return;
        };
        let silent = failure.timed_out || failure.transport_error;
        match failure.code {
            // Ours: it says nothing of the target.
            _ if failure.after_cancel => {}
            503 => trunk
                .pool
                .failed(now, peer, super::pool_trouble(silent, failure.retry_after)),
            _ if silent => trunk
                .pool
                .failed(now, peer, super::pool_trouble(true, None)),
            _ => trunk.pool.worked(peer),
        }
    }

    fn not_sent(&mut self, call: CallId, reason: &str) {
        self.vitals.not_sent.add(1);
        tracing::warn!(%call, reason, "not sent");
        self.fail(call, Cause::NotSent, None);
    }

    /// 101–199 on a call of ours.
    pub(super) fn call_provisional(
        &mut self,
        call: CallId,
        code: u16,
        sdp: Option<SessionDescription>,
    ) {
        let Some(line) = self.calls.get(&call) else {
            return;
        };
        let (peer, trunk) = (line.peer, line.trunk);
        let early_media = self.trunks.get_mut(&trunk).map(|t| {
            if let Some(peer) = peer {
                t.pool.worked(peer);
            }
            t.settings.profile.early_media
        });
        // Announcements of the network come this way: "not in service" tones above all.
        let tones_only = self.listening(call, Detection::before_answer);
        let Some(line) = self.calls.get_mut(&call) else {
            return;
        };
        // The person's phone may ring from now on: nobody else gets this call.
        line.attempt = None;
        if let (Some(sdp), Some(leg)) = (&sdp, line.audio()) {
            if let Err(error) = self.media.set_remote(leg, sdp) {
                tracing::warn!(%call, error, "no audio before the answer");
            }
            line.early_media = true;
            if let Some(Err(error)) = tones_only.map(|tones| self.media.watch(leg, tones)) {
                tracing::debug!(%call, %error, "early media is not listened to");
            }
        }
        let progress = match (code, sdp.is_some(), early_media) {
            (180, _, _) => Progress::Ringing,
            (183, _, Some(EarlyMedia::Ringing)) => Progress::Ringing,
            (_, true, _) => Progress::EarlyMedia,
            _ => return,
        };
        // Who is waiting for a destination hears it ring, from there or from us.
        line.rings = progress == Progress::Ringing && !line.early_media;
        let waits = line.conversation;
        let audible = waits.is_some() && line.early_media && progress == Progress::Ringing;
        self.progress(call, progress);
        if audible {
            self.progress(call, Progress::EarlyMedia);
        }
        self.heard_again(Member::Call(waits.unwrap_or(call)));
    }

    /// A 2xx on a call of ours. Also the answer that crossed our CANCEL: the engine takes it
    /// for a late answer of the same call.
    pub(super) fn call_answered(
        &mut self,
        now: Instant,
        call: CallId,
        leg: LegKey,
        nth: u32,
        sdp: SessionDescription,
    ) {
        if nth > 0 {
            return self.extra_answer(now, call, leg, sdp);
        }
        let Some(line) = self.calls.get_mut(&call) else {
            return self.endpoint.bye(now, leg, Some(normal()));
        };
        line.leg = Some(leg);
        line.attempt = None;
        line.stage = Stage::Answered;
        line.hang_up = false;
        line.answered = Some(now);
        line.rings = false;
        line.early_cause = None;
        let audio = line.audio();
        self.by_leg.insert(leg, Party::Call(call));
        let agreed = audio.map_or(Ok(()), |audio| self.media.set_remote(audio, &sdp));
        let waits = line.conversation;
        self.progress(call, Progress::Answered);
        self.heard_again(Member::Call(waits.unwrap_or(call)));
        if let Err(error) = agreed {
            tracing::warn!(%call, error, "no audio with the callee: the call is ended");
            return self.hang_up(now, call);
        }
        self.screen(now, call);
        self.after_answer_halted(now, call);
    }

    /// The INVITE of a call of ours failed.
    pub(super) fn call_failed(&mut self, now: Instant, call: CallId, failure: &Failure) {
        self.judge_target(now, call, failure);
        if self.try_elsewhere(now, call, failure) {
            return;
        }
        let Some(line) = self.calls.get(&call) else {
            return;
        };
        let Some(trunk) = self.trunks.get(&line.trunk) else {
            return self.fail(call, Cause::TrunkFailure, None);
        };
        let profile = &trunk.settings.profile;
        let mapped = || cause_of(profile.cause_of(failure), failure, line.sit);
        let cause = line.early_cause.unwrap_or_else(mapped);
        let rest = profile.retry_after.rest(failure.retry_after);
        tracing::info!(
            %call, lead = line.lead.map(|l| l.0), code = failure.code, phrase = failure.phrase,
            cause = cause.name(), "call failed"
        );
        self.fail(call, cause, rest);
    }

    /// The engine ends a call: CANCEL before an answer, BYE after. The end is reported when
    /// the far side has confirmed it.
    pub(super) fn hang_up(&mut self, now: Instant, call: CallId) {
        let Some(line) = self.calls.get_mut(&call) else {
            return;
        };
        line.hang_up = true;
        match (line.stage, line.key, line.leg) {
            // Its worker is on the way to the store: [`Switch::stored`] ends it.
            (Stage::Storing, _, _) | (Stage::Ending, _, _) => {}
            (Stage::Dialing, Some(key), _) => {
                self.endpoint.cancel(now, key, Some(normal()));
            }
            (_, _, Some(leg)) => {
                line.stage = Stage::Ending;
                self.part(call);
                self.endpoint.bye(now, leg, Some(normal()));
            }
            (_, _, None) => self.hung_up(call),
        }
    }
}

/// The profile's cause, corrected by what only we know: that we cancelled, that a tone said
/// "not in service".
fn cause_of(mapped: Cause, failure: &Failure, sit: bool) -> Cause {
    if failure.after_cancel && (failure.timed_out || failure.code == 487) {
        return Cause::NoAnswer;
    }
    let vague = matches!(
        mapped,
        Cause::NoAnswer | Cause::Congestion | Cause::TrunkFailure | Cause::Refused
    );
    if sit && vague {
        Cause::Disconnected
    } else {
        mapped
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failure(code: u16) -> Failure {
        // The key is never looked at here: one is taken from an endpoint that never sends.
        let local = std::net::SocketAddr::from(([127, 0, 0, 1], 5060));
        let mut endpoint =
            carillon_sip::Endpoint::new(carillon_sip::EndpointConfig::new(local, [7; 32]));
        let invite = carillon_sip::Invite {
            request_uri: "sip:1@127.0.0.1".into(),
            next_hop: local.into(),
            from: "sip:2@127.0.0.1".into(),
            display: String::new(),
            to: "sip:1@127.0.0.1".into(),
            contact_user: String::new(),
            body: SessionDescription::offer(&carillon_sip::MediaSpec::g711(local, 1)).to_bytes(),
            headers: Vec::new(),
            credentials: None,
            session: Default::default(),
        };
        let call = endpoint.invite(Instant::now(), invite).unwrap();
        Failure {
            call,
            code,
            phrase: String::new(),
            reasons: Vec::new(),
            retry_after: None,
            warning: None,
            timed_out: false,
            transport_error: false,
            after_cancel: false,
            unusable: false,
            contacts: Vec::new(),
        }
    }

    #[test]
    fn our_own_cancel_is_no_trunk_failure() {
        let mut cancelled = failure(408);
        cancelled.after_cancel = true;
        cancelled.timed_out = true;
        assert_eq!(
            cause_of(Cause::TrunkFailure, &cancelled, false),
            Cause::NoAnswer
        );
        cancelled.code = 486;
        cancelled.timed_out = false;
        assert_eq!(cause_of(Cause::Busy, &cancelled, false), Cause::Busy);
    }

    #[test]
    fn a_not_in_service_tone_refines_vague_answers_only() {
        assert_eq!(
            cause_of(Cause::NoAnswer, &failure(480), true),
            Cause::Disconnected
        );
        assert_eq!(
            cause_of(Cause::Congestion, &failure(503), true),
            Cause::Disconnected
        );
        assert_eq!(cause_of(Cause::Busy, &failure(486), true), Cause::Busy);
        assert_eq!(
            cause_of(Cause::TrunkAuth, &failure(401), true),
            Cause::TrunkAuth
        );
        assert_eq!(
            cause_of(Cause::NoAnswer, &failure(480), false),
            Cause::NoAnswer
        );
    }
}
