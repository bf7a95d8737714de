//! Calls that come in: from trunks to our caller IDs, from agents' phones to the login number.

use super::audio::AudioRules;
use super::lines::{CallLine, Stage};
use super::pending::Pending;
use super::{LadderKey, Party, Switch};
use carillon_decision::id::{CallId, CampaignId, TrunkId};
use carillon_decision::number::E164;
use carillon_decision::{Input, Progress};
use carillon_sip::{IncomingCall, LegKey, SessionDescription};
use std::net::SocketAddr;
use std::time::Instant;

/// User part agents' phones dial to log in. They may dial nothing else.
pub(crate) const LOGIN_USER: &str = "login";

impl Switch {
    /// Somebody the endpoint's policy lets in calls.
    pub(super) fn incoming(&mut self, now: Instant, call: IncomingCall) {
        if self.stopping.is_some() || self.halted {
            return self.refuse(now, call.leg, 503);
        }
        match &call.user {
            Some(user) if call.to_user == LOGIN_USER => {
                let user = user.clone();
                self.agent_calls_in(now, call, &user);
            }
            Some(user) => {
                self.vitals.refused_agent_calls.add(1);
                tracing::warn!(user, "an agent's phone may not dial out");
                self.refuse(now, call.leg, 403);
            }
            None => self.trunk_calls_in(now, call),
        }
    }

    fn trunk_calls_in(&mut self, now: Instant, incoming: IncomingCall) {
        let Some(trunk) = self.trunk_of(incoming.source.address) else {
            self.vitals.refused_inbound.add(1);
            tracing::warn!(source = %incoming.source, "a call from an allowed source that is no trunk");
            return self.refuse(now, incoming.leg, 403);
        };
        let Some(to) = self.our_number(trunk, &incoming.to_user) else {
            self.vitals.refused_inbound.add(1);
            tracing::info!(%trunk, "a call to none of our caller IDs");
            return self.refuse(now, incoming.leg, 404);
        };
        let from = self
            .trunks
            .get(&trunk)
            .and_then(|t| t.read_number(&incoming.from_user, &t.settings.number_format));
        tracing::info!(
            %trunk, to = %to.masked(), from = from.map(E164::masked).unwrap_or_default(), "inbound call"
        );
        let leg = incoming.leg;
        self.ladders
            .name(LadderKey::Leg(leg.number()), &incoming.call_id);
        self.await_decision(
            now,
            leg,
            Pending::Inbound {
                leg,
                trunk,
                offer: incoming.sdp,
            },
        );
        self.news.tell(Input::Inbound {
            leg: leg.number(),
            from,
            to,
            trunk,
        });
    }

    fn refuse(&mut self, now: Instant, leg: LegKey, code: u16) {
        if let Err(error) = self.endpoint.reject(now, leg, code, "", &[]) {
            tracing::debug!(%error, "the caller gave up first");
        }
    }

    /// The trunk a source address belongs to: the one at that very port if there is one.
    pub(super) fn trunk_of(&self, source: SocketAddr) -> Option<TrunkId> {
        let candidates = self
            .trunks
            .values()
            .filter_map(|t| Some((t.is_source(source)?, t.id)));
        candidates
            .max_by_key(|&(exact, id)| (exact, std::cmp::Reverse(id)))
            .map(|(_, id)| id)
    }

    /// The caller ID of ours that a user part stands for.
    fn our_number(&self, trunk: TrunkId, user: &str) -> Option<E164> {
        let trunk = self.trunks.get(&trunk)?;
        let format = &trunk.settings.caller_id_format;
        let read = trunk.read_number(user, format);
        let mut ours = self.campaigns.values().flat_map(|c| &c.caller_ids);
        ours.find(|&&own| Some(own) == read || format.write(own) == user)
            .copied()
    }

    /// The engine takes the inbound call.
    pub(super) fn answer_inbound(
        &mut self,
        now: Instant,
        call: CallId,
        leg: u64,
        campaign: CampaignId,
    ) {
        self.ladders
            .alias(LadderKey::Leg(leg), LadderKey::Call(call));
        let Some(Pending::Inbound { leg, trunk, offer }) = self.pending.remove(&leg) else {
            tracing::info!(%call, "the caller gave up before the answer");
            return self.progress(call, Progress::HungUp);
        };
        let mut line = CallLine::new(campaign, trunk, Stage::Answered);
        line.leg = Some(leg);
        line.judged = true;
        line.answered = Some(now);
        line.person = Some(now);
        self.calls.insert(call, line);
        self.by_leg.insert(leg, Party::Call(call));
        let rules = self.trunk_audio(trunk);
        match self.answer_leg(now, leg, offer.as_ref(), Party::Call(call), &rules) {
            Ok(port) => {
                if let Some(line) = self.calls.get_mut(&call) {
                    line.media = Some(port);
                }
                self.progress(call, Progress::Answered);
            }
            Err(reason) => {
                tracing::warn!(%call, reason, "the inbound call cannot be answered");
                self.refuse(now, leg, 488);
                self.hung_up(call);
            }
        }
    }

    /// Answers a leg with audio of its own. The caller forgets the leg on error.
    pub(super) fn answer_leg(
        &mut self,
        now: Instant,
        leg: LegKey,
        offer: Option<&SessionDescription>,
        party: Party,
        rules: &AudioRules,
    ) -> Result<carillon_media::LegPort, String> {
        let port = match party {
            Party::Agent(_) => self.media.open_agent(),
            _ => self.media.open_call(),
        };
        let port = port.map_err(|e| e.to_string())?;
        let ours = match offer {
            // Agreed before it is said: an answer that cannot be kept is not given.
            Some(offer) => self
                .media
                .answer(port, rules, offer)
                .map_err(|e| e.to_string())
                .and_then(|sdp| self.media.set_remote(port.leg, offer).map(|()| sdp)),
            None => Ok(self.media.offer(port, rules)),
        };
        let sent = ours.and_then(|sdp| {
            let answered = self.endpoint.answer(now, leg, &sdp.to_bytes());
            answered.map_err(|e| e.to_string())
        });
        if let Err(reason) = sent {
            self.media.close(port.leg);
            return Err(reason);
        }
        self.by_media.insert(port.leg, party);
        Ok(port)
    }

    /// The engine does not want the inbound call.
    pub(super) fn reject_inbound(&mut self, now: Instant, leg: u64) {
        if let Some(Pending::Inbound { leg, .. }) = self.pending.remove(&leg) {
            self.refuse(now, leg, 480);
        }
    }
}
