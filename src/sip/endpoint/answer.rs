//! Responses that make legs, and 2xx: every one is acknowledged; none leaves a person on a line
//! that nobody knows of.

use std::time::Instant;

use super::Endpoint;
use super::agenda::{ClientId, Target};
use super::call::{Fork, failure};
use super::client::{Head, Purpose};
use super::delayed_offer::LateAck;
use super::leg::{Leg, Phase};
use super::register_answer::learn;
use super::reliable::is_reliable;
use crate::dialog::{Dialog, hop, record_route, route};
use crate::digest::ClientAuth;
use crate::event::{CallKey, Event, Failure, LegKey};
use crate::message::{HeaderName, Message, Method};
use crate::options::SessionOptions;
use crate::peer::Peer;
use crate::sdp::SessionDescription;

/// The description in a response, if it has audio we can use.
fn usable_body(response: &Message<'_>) -> Option<SessionDescription> {
    let body = SessionDescription::parse(response.sdp_body()?).ok()?;
    body.audio().is_some().then_some(body)
}

impl Endpoint {
    /// The early dialog a 101–199 names, made if new.
    pub(super) fn early_leg(
        &mut self,
        from: Peer,
        key: CallKey,
        response: &Message<'_>,
    ) -> Option<LegKey> {
        let tag = response.to_tag();
        if tag.is_empty() {
            return None;
        }
        let call = self.calls.get_mut(&key)?;
        if let Some(fork) = call.forks.iter_mut().find(|f| f.tag == tag) {
            return fork.leg;
        }
        let leg = self.make_leg(from, key, response)?;
        let call = self.calls.get_mut(&key)?;
        call.forks.push(Fork {
            tag: tag.to_vec(),
            leg: Some(leg),
            answered: false,
            early_sdp: None,
        });
        Some(leg)
    }

    /// Keeps the SDP of a provisional response. In a reliable one it is the answer: the session
    /// may change before the 200 (RFC 3311 §5.1).
    pub(super) fn note_early_sdp(
        &mut self,
        key: CallKey,
        leg: LegKey,
        response: &Message<'_>,
        sdp: Option<&SessionDescription>,
    ) {
        let Some(sdp) = sdp else {
            return;
        };
        if let Some(call) = self.calls.get_mut(&key)
            && let Some(fork) = call.forks.iter_mut().find(|f| f.leg == Some(leg))
        {
            fork.early_sdp = Some(sdp.clone());
        }
        if is_reliable(response)
            && let Some(leg) = self.legs.get_mut(&leg)
            && sdp.audio().is_some()
        {
            leg.remote_sdp = Some(sdp.clone());
            leg.is_settled = leg.local_sdp.is_some();
        }
    }

    /// A new early leg of an outgoing call; `None` when a limit is reached.
    fn make_leg(&mut self, from: Peer, key: CallKey, response: &Message<'_>) -> Option<LegKey> {
        let limits = &self.config.limits;
        let call = self.calls.get(&key)?;
        if call.forks.len() >= limits.max_forks || self.legs.len() >= limits.max_dialogs {
            return None;
        }
        let dialog = Dialog::uac(response, &call.uri, from);
        let mut leg = Leg::new(dialog, Phase::Early, &call.options);
        leg.local_sdp = SessionDescription::parse(&call.offer).ok();
        leg.min_se = call.min_se;
        leg.auth.clone_from(&call.auth);
        if let Some(auth) = &mut leg.auth {
            // Refusals of the INVITE's first tries must not count against the BYE.
            auth.accepted();
        }
        leg.contact.clone_from(&call.contact);
        Some(self.insert_leg(leg))
    }

    /// A 2xx to an INVITE whose transaction lives.
    pub(super) fn on_answer(
        &mut self,
        now: Instant,
        from: Peer,
        key: CallKey,
        response: &Message<'_>,
    ) {
        let Some(call) = self.calls.get_mut(&key) else {
            self.on_stray_answer(now, from, response);
            return;
        };
        let (uri, auth_lines) = (call.uri.clone(), call.auth_lines.clone());
        learn(call.auth.as_mut(), response, &mut self.counters);
        call.close();
        self.agenda.set(Target::Call(key), None);
        let tag = response.to_tag();
        let is_delayed = call.offer.is_empty();
        let known = call.forks.iter().find(|f| f.tag == tag && f.answered);
        let known = known.and_then(|f| f.leg);
        if known.is_some_and(|leg| self.repeat_late_ack(leg)) {
            return;
        }
        let has_offer = is_delayed && usable_body(response).is_some();
        if !has_offer || known.is_some() {
            self.acknowledge(from, response, &uri, &auth_lines);
        }
        let Some(call) = self.calls.get_mut(&key) else {
            return;
        };
        let fork = call.forks.iter().position(|f| f.tag == tag);
        if fork.is_some_and(|f| call.forks[f].answered) {
            self.counters.retransmissions_received += 1;
            return;
        }
        let early = fork.and_then(|f| call.forks[f].early_sdp.take());
        let sdp = match usable_body(response) {
            // Some gateways send the answer in the 183 and none in the 200.
            None if response.sdp_body().is_none() && !is_delayed => {
                early.filter(|s| s.audio().is_some())
            }
            found => found,
        };
        let is_failed = call.is_failed;
        let early_leg = fork.and_then(|f| call.forks[f].leg);
        let leg = match &sdp {
            Some(_) if !is_failed => early_leg.or_else(|| self.make_leg(from, key, response)),
            _ => None,
        };
        self.note_fork(key, tag, leg);
        let (Some(sdp), Some(leg)) = (sdp, leg) else {
            if has_offer {
                self.acknowledge(from, response, &uri, &auth_lines);
            }
            self.hang_up_unusable(now, from, key, response, early_leg);
            return;
        };
        let late = is_delayed.then(|| LateAck {
            cseq: response.cseq().map_or(1, |c| c.number),
            lines: auth_lines,
            sent: None,
        });
        self.confirm_leg(&(now, from), key, leg, response, sdp);
        if let (Some(late), Some(leg_state)) = (late, self.legs.get_mut(&leg)) {
            leg_state.late_ack = Some(Box::new(late));
            self.await_late_answer(now, leg);
        }
    }

    fn note_fork(&mut self, key: CallKey, tag: &[u8], leg: Option<LegKey>) {
        let most = self.config.limits.max_forks;
        let Some(call) = self.calls.get_mut(&key) else {
            return;
        };
        if let Some(fork) = call.forks.iter_mut().find(|f| f.tag == tag) {
            fork.answered = true;
            fork.leg = leg;
        } else if call.forks.len() < most * 2 {
            // Remembered beyond the limit too, so that its repetitions get no second BYE.
            let tag = tag.to_vec();
            call.forks.push(Fork {
                tag,
                leg,
                answered: true,
                early_sdp: None,
            });
        }
    }

    fn confirm_leg(
        &mut self,
        (now, from): &(Instant, Peer),
        key: CallKey,
        leg: LegKey,
        response: &Message<'_>,
        sdp: SessionDescription,
    ) {
        let (Some(call), Some(state)) = (self.calls.get_mut(&key), self.legs.get_mut(&leg)) else {
            return;
        };
        let nth = call.answers;
        call.answers += 1;
        let after_cancel = call.is_cancelled();
        // The 2xx replaces route set and target of the early dialog (§13.2.2.4).
        let id = state.dialog.id.clone();
        let local_cseq = state.dialog.local_cseq;
        let fresh = Dialog::uac(response, &call.uri, *from);
        state.dialog = Dialog { id, ..fresh };
        state.dialog.local_cseq = state.dialog.local_cseq.max(local_cseq);
        state.phase = Phase::Up;
        // After an UPDATE the SDP of the INVITE's own answers is history.
        let sdp = match state.remote_sdp.take() {
            Some(updated) if state.is_updated => updated,
            _ => sdp,
        };
        state.remote_sdp = Some(sdp.clone());
        state.is_settled = true;
        state.note_peer(response);
        state.take_interval(response);
        self.wind_clock(*now, leg);
        self.events.push_back(Event::Answered {
            call: key,
            leg,
            nth,
            after_cancel,
            sdp,
        });
    }

    /// An answer we cannot use, or one too many: end it, and the call if nothing else stands.
    fn hang_up_unusable(
        &mut self,
        now: Instant,
        from: Peer,
        key: CallKey,
        response: &Message<'_>,
        early_leg: Option<LegKey>,
    ) {
        if let Some(leg) = early_leg {
            self.remove_leg(leg);
        }
        let Some(call) = self.calls.get(&key) else {
            return;
        };
        let dialog = Dialog::uac(response, &call.uri, from);
        let auth = call.auth.clone();
        if call.is_failed {
            self.counters.stray_answers += 1;
        }
        match auth {
            Some(auth) => self.hang_up_with(now, dialog, auth),
            None => self.hang_up_quietly(now, dialog),
        }
        let phrase = "no usable SDP in the answer".to_owned();
        self.fail(
            key,
            Failure {
                code: 488,
                phrase,
                unusable: true,
                ..failure(key)
            },
        );
    }

    /// A 2xx to an INVITE of ours that has failed or is forgotten (its branch proves that it was
    /// ours): someone picked up after a 300–699, after timer B or long after our CANCEL.
    pub(super) fn on_stray_answer(&mut self, now: Instant, from: Peer, response: &Message<'_>) {
        let to_uri = response.to().map_or(&b"sip:unknown"[..], |t| t.uri);
        self.acknowledge(from, response, to_uri, &[]);
        let dialog = Dialog::uac(response, to_uri, from);
        if self.dialogs.contains_key(&dialog.id) {
            // Its leg stands: only the ACK was lost.
            self.counters.retransmissions_received += 1;
            return;
        }
        self.counters.stray_answers += 1;
        self.hang_up_quietly(now, dialog);
    }

    /// ACK of a 2xx, made from the response alone (§13.2.2.4).
    fn acknowledge(
        &mut self,
        from: Peer,
        response: &Message<'_>,
        fallback: &[u8],
        auth_lines: &[u8],
    ) {
        let target = response.contact().map_or(fallback, |c| c.uri);
        let routes = record_route(response, true);
        let to = hop(target, &routes, from);
        let (uri, routes) = route(target, &routes);
        let head = Head {
            method: Method::Ack,
            uri: &uri,
            routes: &routes,
            from: response.first(HeaderName::From).unwrap_or(b""),
            to: response.first(HeaderName::To).unwrap_or(b""),
            call_id: response.call_id(),
            cseq: response.cseq().map_or(1, |c| c.number),
        };
        let (_, mut out) = self.open(&head, to);
        out.lines(auth_lines);
        self.send(to, out.finish("", b""));
    }

    /// BYE for a dialog nobody was told of, by a carrier that may challenge it: without credentials
    /// it would keep the call.
    fn hang_up_with(&mut self, now: Instant, dialog: Dialog, mut auth: ClientAuth) {
        if self.legs.len() >= self.config.limits.max_dialogs
            || self.dialogs.contains_key(&dialog.id)
        {
            return self.hang_up_quietly(now, dialog);
        }
        auth.accepted();
        let mut leg = Leg::new(dialog, Phase::Up, &SessionOptions::default());
        leg.auth = Some(auth);
        leg.is_reported = true;
        let key = self.insert_leg(leg);
        self.send_bye(now, key, None);
    }

    /// BYE for a dialog that no leg stands for. Repeated until answered, reported to nobody.
    pub(super) fn hang_up_quietly(&mut self, now: Instant, mut dialog: Dialog) {
        let cseq = dialog.next_cseq();
        let (uri, routes) = dialog.request_route();
        let head = Head {
            method: Method::Bye,
            uri: &uri,
            routes: &routes,
            from: &dialog.local,
            to: &dialog.remote,
            call_id: &dialog.id.call_id,
            cseq,
        };
        let (branch, out) = self.open(&head, dialog.next_hop());
        let bytes = out.finish("", b"");
        if self.is_full() {
            self.send(dialog.next_hop(), bytes);
            return;
        }
        let id = ClientId {
            branch,
            is_cancel: false,
        };
        self.start_client(
            now,
            id,
            Method::Bye,
            Purpose::Quiet,
            dialog.next_hop(),
            bytes,
        );
    }

    /// Early legs end with the call, without events.
    pub(super) fn drop_early_legs(&mut self, key: CallKey) {
        let Some(call) = self.calls.get_mut(&key) else {
            return;
        };
        let legs: Vec<LegKey> = call
            .forks
            .iter()
            .filter(|f| !f.answered)
            .filter_map(|f| f.leg)
            .collect();
        call.forks.retain(|f| f.answered);
        for leg in legs {
            self.remove_leg(leg);
        }
    }
}
