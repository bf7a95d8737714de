//! Agents' phones: called or calling in, kept connected, listened to for codes.

use super::audio::AudioRules;
use super::inbound::LOGIN_USER;
use super::pending::normal;
use super::{LadderKey, Party, Switch};
use crate::config::AgentPhone;
use carillon_decision::Input;
use carillon_decision::agent::AgentState;
use carillon_decision::conversation::Party as Member;
use carillon_decision::id::AgentId;
use carillon_sip::{IncomingCall, Invite, LegKey, Peer, SessionDescription, SessionOptions};
use std::time::Instant;

/// Where an agent's phone can be called.
struct Contact {
    uri: String,
    next_hop: Peer,
}

impl Switch {
    /// Calls the agent's phone. A line that is up already is reported so.
    pub(super) fn ring_agent(&mut self, now: Instant, agent: AgentId) {
        let Some(desk) = self.agents.get(&agent) else {
            return self.news.tell(Input::AgentLine { agent, up: false });
        };
        if desk.in_use() {
            if desk.up {
                self.news.tell(Input::AgentLine { agent, up: true });
            }
            return;
        }
        if let Err(reason) = self.try_ring(now, agent) {
            tracing::warn!(%agent, reason, "the agent's phone cannot be called");
            self.news.tell(Input::AgentLine { agent, up: false });
        }
    }

    pub(super) fn try_ring(&mut self, now: Instant, agent: AgentId) -> Result<(), String> {
        let contact = self.contact(now, agent)?;
        let rules = self.agent_audio(agent);
        let port = self.media.open_agent().map_err(|e| e.to_string())?;
        let offer = self.media.offer(port, &rules);
        let login = format!("sip:{LOGIN_USER}@{}", self.realm);
        let invite = Invite {
            to: contact.uri.clone(),
            request_uri: contact.uri,
            next_hop: contact.next_hop,
            from: login,
            display: "Carillon".to_owned(),
            contact_user: LOGIN_USER.to_owned(),
            body: offer.to_bytes(),
            // Phones that know it pick up by themselves (RFC 5373).
            headers: vec![("Answer-Mode".to_owned(), "Auto".to_owned())],
            credentials: None,
            session: SessionOptions {
                takes_refer: true,
                ..SessionOptions::default()
            },
        };
        // One instant rings a phone once.
        let nth = self.clock.mono(now).0;
        let call_id = self.sip_call_id(&format!("agent-{agent}-{nth:x}"));
        let sent = self.endpoint.invite_as(now, invite, call_id.clone());
        let key = sent.map_err(|error| {
            self.media.close(port.leg);
            error.to_string()
        })?;
        self.ladders.name(LadderKey::Agent(agent), &call_id);
        self.by_key.insert(key, Party::Agent(agent));
        self.by_media.insert(port.leg, Party::Agent(agent));
        if let Some(desk) = self.agents.get_mut(&agent) {
            desk.key = Some(key);
            desk.media = Some(port);
        }
        Ok(())
    }

    /// What the agent's phone is offered.
    pub(super) fn agent_audio(&self, agent: AgentId) -> AudioRules {
        let desk = self.agents.get(&agent);
        desk.map_or_else(AudioRules::default, |desk| desk.setup.audio.clone())
    }

    fn contact(&mut self, now: Instant, agent: AgentId) -> Result<Contact, String> {
        let desk = self.agents.get(&agent).ok_or("the agent is unknown")?;
        match &desk.setup.phone {
            AgentPhone::Registered(user) => {
                let binding = self.endpoint.bindings(now, user).into_iter().next();
                let binding = binding.ok_or_else(|| format!("no phone is registered as {user}"))?;
                Ok(Contact {
                    uri: binding.contact,
                    next_hop: binding.source,
                })
            }
            AgentPhone::Uri(uri) => {
                let uri = uri.clone();
                let next_hop = self.phone_at(&uri)?;
                Ok(Contact { uri, next_hop })
            }
        }
    }

    /// A registered phone dials the login number: its line is the agent's from now on.
    pub(super) fn agent_calls_in(&mut self, now: Instant, call: IncomingCall, user: &str) {
        let of_user = |phone: &AgentPhone| matches!(phone, AgentPhone::Registered(u) if u == user);
        let agent = self
            .agents
            .values()
            .find(|a| of_user(&a.setup.phone))
            .map(|a| a.setup.id);
        let Some(agent) = agent else {
            let _ = self.endpoint.reject(now, call.leg, 403, "", &[]);
            return;
        };
        // A phone that restarted calls again while its old line still seems to stand.
        self.drop_agent_line(now, agent);
        self.ladders.name(LadderKey::Agent(agent), &call.call_id);
        let rules = self.agent_audio(agent);
        match self.answer_leg(
            now,
            call.leg,
            call.sdp.as_ref(),
            Party::Agent(agent),
            &rules,
        ) {
            Ok(port) => {
                self.by_leg.insert(call.leg, Party::Agent(agent));
                if let Some(desk) = self.agents.get_mut(&agent) {
                    desk.leg = Some(call.leg);
                    desk.media = Some(port);
                    desk.up = true;
                }
                tracing::info!(%agent, "the agent's phone logs in");
                self.news.tell(Input::AgentLine { agent, up: true });
                self.news.tell(Input::AgentLogin { agent });
            }
            Err(reason) => {
                tracing::warn!(%agent, reason, "the agent's phone cannot be answered");
                let _ = self.endpoint.reject(now, call.leg, 488, "", &[]);
            }
        }
    }

    /// The agent's phone picked up.
    pub(super) fn agent_answered(
        &mut self,
        now: Instant,
        agent: AgentId,
        leg: LegKey,
        nth: u32,
        sdp: SessionDescription,
    ) {
        let fits = self
            .agents
            .get(&agent)
            .is_some_and(|desk| desk.key.is_some() && desk.leg.is_none());
        if nth > 0 || !fits {
            // Another phone of the same agent, or one that was given up: it is not needed.
            return self.endpoint.bye(now, leg, Some(normal()));
        }
        self.by_leg.insert(leg, Party::Agent(agent));
        let mut agreed = Ok(());
        if let Some(desk) = self.agents.get_mut(&agent) {
            desk.leg = Some(leg);
            desk.up = true;
            if let Some(port) = desk.media {
                agreed = self.media.set_remote(port.leg, &sdp);
            }
        }
        if let Err(error) = agreed {
            tracing::warn!(%agent, error, "no audio with the agent's phone: its line is ended");
            return self.drop_agent_line(now, agent);
        }
        self.news.tell(Input::AgentLine { agent, up: true });
    }

    /// The agent's phone did not pick up, or its line ended.
    pub(super) fn agent_line_gone(&mut self, now: Instant, agent: AgentId, why: &str) {
        tracing::info!(%agent, why, "the agent's line is down");
        self.release_line(now, agent, false);
        self.news.tell(Input::AgentLine { agent, up: false });
    }

    /// The agent's phone sends nothing any more.
    pub(super) fn agent_silent(&mut self, now: Instant, agent: AgentId) {
        // Many phones send nothing while they have a line on hold.
        if self.agents.get(&agent).is_some_and(|desk| desk.holds) {
            return;
        }
        tracing::warn!(%agent, "no audio from the agent's phone: it is taken for gone");
        self.release_line(now, agent, true);
        self.news.tell(Input::AgentLine { agent, up: false });
    }

    /// The engine lets the agent go.
    pub(super) fn drop_agent_line(&mut self, now: Instant, agent: AgentId) {
        let used = self.agents.get(&agent).is_some_and(|desk| desk.in_use());
        self.release_line(now, agent, true);
        if used {
            self.news.tell(Input::AgentLine { agent, up: false });
        }
    }

    /// Takes the line out of every table; the customer on it stays up, alone.
    pub(super) fn release_line(&mut self, now: Instant, agent: AgentId, hang_up: bool) {
        let bridged = self.talks.of(Member::Agent(agent));
        self.leave_talk(Member::Agent(agent));
        let Some(desk) = self.agents.get_mut(&agent) else {
            return;
        };
        desk.up = false;
        desk.holds = false;
        let (key, leg, media) = (desk.key.take(), desk.leg.take(), desk.media.take());
        if let Some(port) = media {
            self.by_media.remove(&port.leg);
            self.media.close(port.leg);
        }
        if let Some(leg) = leg {
            self.by_leg.remove(&leg);
            if hang_up {
                self.endpoint.bye(now, leg, Some(normal()));
            }
        }
        if let Some(key) = key {
            self.by_key.remove(&key);
            if hang_up && leg.is_none() {
                // An answer that crosses finds no party and is hung up.
                self.endpoint.cancel(now, key, Some(normal()));
            }
        }
        if let Some(call) = bridged {
            self.agent_lost_halted(now, call);
        }
    }

    pub(super) fn agent_changed(&mut self, now: Instant, agent: AgentId, to: AgentState) {
        if let Some(desk) = self.agents.get_mut(&agent) {
            desk.state = to;
            if to == AgentState::Ready {
                desk.ready = Some(now);
            }
        }
        self.referral_done(now, agent, to);
    }
}
