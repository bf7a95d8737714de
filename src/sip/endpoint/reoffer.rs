//! Our own changes of a session: re-INVITE and UPDATE (RFC 3261 §14, RFC 3311), their collisions
//! with the peer's, and the refreshes of `session_timer`.

use std::time::{Duration, Instant};

use super::Endpoint;
use super::agenda::{ClientId, LegTimer, Target};
use super::client::Purpose;
use super::dialog_request::{Asked, Reaction, Within};
use super::leg::{Leg, Phase};
use super::session::{direction_of, set_hold, usable};
use super::session_timer::{RAISES_MAX, min_se};
use crate::error::SipError;
use crate::event::{EndCause, Event, LegKey};
use crate::headers::Reason;
use crate::message::{HeaderName, Message, Method, Writer};
use crate::sdp::SessionDescription;

/// A change that collides is tried this often in all.
const TRIES_MAX: u8 = 8;

const GONE: SipError = SipError::Gone { what: "leg" };

/// A change we want.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Wish {
    /// The offer; `None`: a refresh.
    body: Option<Vec<u8>>,
    /// The offer puts the peer on hold.
    holds: bool,
    tries: u8,
    raises: u8,
}

/// A change under way.
#[derive(Debug)]
pub(super) struct Change {
    wish: Wish,
    /// The offer as sent, with its version.
    offered: Option<SessionDescription>,
    method: Method,
    branch: u64,
}

impl Change {
    /// Whether an offer of ours is open.
    pub(super) fn is_offer(&self) -> bool {
        self.offered.is_some()
    }

    pub(super) fn is_invite(&self) -> bool {
        self.method == Method::Invite
    }
}

/// What an answer to a change leads to.
enum Verdict {
    Wait,
    Again(Option<Duration>),
    Accepted,
    Lost,
    Failed,
}

impl Endpoint {
    /// Offers the peer of an answered leg another session description by re-INVITE: other
    /// address, codecs, direction. Session id and version of the `o=` line are set here. While
    /// another INVITE or offer of the leg is open it waits; a later call replaces one that waits.
    /// Collisions with the peer's own offers (491) are tried again after the time RFC 3261 §14.1
    /// wants. Ends in [`Event::MediaChanged`] with what both sides now say, or in
    /// [`Event::ReofferFailed`] with the session as before, or with the leg.
    ///
    /// # Errors
    /// [`SipError::Gone`] when the leg is not answered, ending or gone; [`SipError::Invalid`] for
    /// SDP without usable audio.
    pub fn reoffer(&mut self, now: Instant, leg: LegKey, sdp: &[u8]) -> Result<(), SipError> {
        let parsed = usable(sdp)?;
        let state = self.standing(leg)?;
        state.wish = Some(Wish {
            body: Some(sdp.to_vec()),
            holds: !direction_of(&parsed).receives(),
            tries: 0,
            raises: 0,
        });
        self.pump(now, leg);
        Ok(())
    }

    /// Puts the peer on hold or takes it back (RFC 3264 §8.4), as [`Self::reoffer`] with our
    /// present description. The hold stays when the peer changes its side.
    ///
    /// # Errors
    /// As [`Self::reoffer`].
    pub fn hold(&mut self, now: Instant, leg: LegKey, on: bool) -> Result<(), SipError> {
        let state = self.standing(leg)?;
        let waiting = state.wish.as_ref().and_then(|w| w.body.as_deref());
        let mut sdp = match waiting {
            Some(body) => usable(body)?,
            None => {
                let open = state.change.as_ref().and_then(|c| c.offered.clone());
                open.or_else(|| state.local_sdp.clone()).ok_or(GONE)?
            }
        };
        set_hold(&mut sdp, on);
        self.reoffer(now, leg, &sdp.to_bytes())
    }

    /// Our present session description in a leg.
    pub fn local_sdp(&self, leg: LegKey) -> Option<&SessionDescription> {
        self.legs.get(&leg)?.local_sdp.as_ref()
    }

    /// The peer's present session description in a leg.
    pub fn remote_sdp(&self, leg: LegKey) -> Option<&SessionDescription> {
        self.legs.get(&leg)?.remote_sdp.as_ref()
    }

    pub(super) fn standing(&mut self, leg: LegKey) -> Result<&mut Leg, SipError> {
        let up = self.legs.get_mut(&leg).filter(|l| l.phase == Phase::Up);
        up.ok_or(GONE)
    }

    /// Refreshes the session, unless a change that is wanted or under way does so anyway.
    pub(super) fn refresh(&mut self, now: Instant, key: LegKey) {
        let Some(leg) = self.legs.get_mut(&key) else {
            return;
        };
        if leg.wish.is_none() && leg.change.is_none() {
            leg.wish = Some(Wish {
                body: None,
                holds: leg.holds,
                tries: 0,
                raises: 0,
            });
        }
        self.pump(now, key);
    }

    /// Starts the change that waits, if nothing stands in its way.
    pub(super) fn pump(&mut self, now: Instant, key: LegKey) {
        let Some(leg) = self.legs.get_mut(&key) else {
            return;
        };
        let free = leg.phase == Phase::Up
            && leg.change.is_none()
            && leg.unacked.is_none()
            && leg.late_ack.as_ref().is_none_or(|a| a.is_sent())
            && !leg.is_backing_off;
        if free && let Some(wish) = leg.wish.take() {
            self.send_change(now, key, wish);
        }
    }

    fn send_change(&mut self, now: Instant, key: LegKey, wish: Wish) {
        let allow = self.allow();
        let Some(leg) = self.legs.get(&key) else {
            return;
        };
        let by_update = wish.body.is_none() && leg.peer_updates;
        let method = if by_update {
            Method::Update
        } else {
            Method::Invite
        };
        let (offered, body) = match (&wish.body, by_update) {
            (_, true) => (None, Vec::new()),
            (Some(body), _) => leg.next_version(body),
            (None, _) => match &leg.local_sdp {
                Some(sdp) => (Some(sdp.clone()), sdp.to_bytes()),
                None => return,
            },
        };
        let mut lines = Writer::block();
        lines.header("Contact", &leg.contact);
        lines.header("Allow", allow);
        lines.header("Supported", leg.supported());
        leg.write_refresh(&mut lines);
        let within = Within {
            method,
            purpose: Purpose::Within(key, Asked::Change),
            lines: &lines.into_block(),
            content_type: "application/sdp",
            body: &body,
        };
        let Some(branch) = self.send_within(now, key, &within) else {
            return;
        };
        if let Some(leg) = self.legs.get_mut(&key) {
            if method == Method::Invite {
                // Each INVITE's reliable responses are numbered for themselves (RFC 3262 §3).
                leg.rseq = None;
            }
            leg.change = Some(Box::new(Change {
                wish,
                offered,
                method,
                branch,
            }));
        }
    }

    pub(super) fn on_change_response(&mut self, reaction: &Reaction<'_, '_>, key: LegKey) {
        let Reaction {
            now,
            from,
            response,
            code,
            branch,
        } = *reaction;
        let is_invite = response.cseq().is_some_and(|c| c.method == Method::Invite);
        if is_invite && (200..300).contains(&code) {
            if self.legs.contains_key(&key) {
                self.acknowledge_within(key, response);
            } else {
                self.acknowledge_orphan(from, response);
            }
        }
        if is_invite && code < 200 {
            // A peer that only says it is busy with it has as long as a silent one (§14.1), also
            // when the leg has ended meanwhile.
            let id = ClientId {
                branch,
                is_cancel: false,
            };
            self.limit_client(id, now + self.config.timers.t1x64());
        }
        let Some(leg) = self.legs.get_mut(&key).filter(|l| l.phase == Phase::Up) else {
            return;
        };
        let Some(change) = leg.change.as_ref().filter(|c| c.branch == branch) else {
            return;
        };
        match judge(leg.auth.as_mut(), change, response, code) {
            Verdict::Wait if is_invite => {
                self.take_reliable(now, from, key, response, code);
            }
            Verdict::Wait => {}
            Verdict::Again(pause) => self.change_again(now, key, response, code, pause),
            Verdict::Accepted => self.change_accepted(reaction, key),
            Verdict::Lost => self.lose(now, key, code),
            Verdict::Failed => self.change_failed(now, key, code),
        }
    }

    /// The refused change again: at once, or after a pause.
    fn change_again(
        &mut self,
        now: Instant,
        key: LegKey,
        response: &Message<'_>,
        code: u16,
        pause: Option<Duration>,
    ) {
        let Some(leg) = self.legs.get_mut(&key) else {
            return;
        };
        let Some(change) = leg.change.take() else {
            return;
        };
        let mut wish = change.wish;
        match code {
            422 => {
                wish.raises += 1;
                leg.min_se = leg.min_se.max(min_se(response));
            }
            405 | 501 => leg.peer_updates = false,
            401 | 407 => {}
            _ => wish.tries += 1,
        }
        // One that came meanwhile is the later will.
        if leg.wish.as_ref().is_none_or(|w| w.body.is_none()) {
            leg.wish = Some(wish);
        }
        if code == 491 {
            // The owner of the Call-ID waits longer, so that the two do not meet again (§14.1).
            let (least, span) = if leg.is_caller {
                (2_100, 191)
            } else {
                (0, 201)
            };
            let wait = Duration::from_millis(least + 10 * self.tokens.below(span));
            self.back_off(now, key, wait);
        } else if let Some(pause) = pause {
            self.back_off(now, key, pause);
        } else {
            self.pump(now, key);
        }
    }

    fn back_off(&mut self, now: Instant, key: LegKey, pause: Duration) {
        if let Some(leg) = self.legs.get_mut(&key) {
            leg.is_backing_off = true;
            let at = Some(now + pause);
            self.agenda.set(Target::Leg(key, LegTimer::Change), at);
        }
    }

    fn change_accepted(&mut self, reaction: &Reaction<'_, '_>, key: LegKey) {
        let Reaction {
            now,
            from,
            response,
            ..
        } = *reaction;
        let Some(leg) = self.legs.get_mut(&key) else {
            return;
        };
        let Some(change) = leg.change.take() else {
            return;
        };
        leg.dialog.refresh(response, from);
        leg.note_peer(response);
        leg.take_interval(response);
        if let Some(auth) = &mut leg.auth {
            auth.accepted();
        }
        if let Some(offered) = change.offered {
            let is_wanted = change.wish.body.is_some();
            let answer = response
                .sdp_body()
                .and_then(|b| SessionDescription::parse(b).ok());
            match answer.filter(|a| a.audio().is_some()) {
                Some(remote) => {
                    let before = leg.remote_sdp.as_ref().and_then(SessionDescription::audio);
                    let changed = before != remote.audio();
                    leg.holds = change.wish.holds;
                    leg.local_sdp = Some(offered.clone());
                    leg.remote_sdp = Some(remote.clone());
                    if is_wanted || changed {
                        self.events.push_back(Event::MediaChanged {
                            leg: key,
                            remote,
                            local: offered,
                        });
                    }
                }
                None if is_wanted => self.events.push_back(Event::ReofferFailed {
                    leg: key,
                    code: 488,
                }),
                None => {}
            }
        }
        self.wind_clock(now, key);
        self.pump(now, key);
    }

    fn change_failed(&mut self, now: Instant, key: LegKey, code: u16) {
        let Some(leg) = self.legs.get_mut(&key) else {
            return;
        };
        let Some(change) = leg.change.take() else {
            return;
        };
        if change.wish.body.is_some() {
            self.events
                .push_back(Event::ReofferFailed { leg: key, code });
        }
        self.refresh_again(now, key);
        self.pump(now, key);
    }

    /// The peer does not know the dialog any more, or does not answer: it is over (§12.2.1.2).
    pub(super) fn lose(&mut self, now: Instant, key: LegKey, code: u16) {
        let reason = Reason::sip(code, "");
        self.give_up_leg(now, key, EndCause::Lost { code }, Some(reason));
    }

    pub(super) fn on_change_timeout(&mut self, now: Instant, key: LegKey, branch: u64) {
        if self.is_open_change(key, branch) {
            self.lose(now, key, 408);
        }
    }

    pub(super) fn on_change_unreachable(&mut self, now: Instant, key: LegKey, branch: u64) {
        if self.is_open_change(key, branch) {
            self.change_failed(now, key, 503);
        }
    }

    fn is_open_change(&self, key: LegKey, branch: u64) -> bool {
        let leg = self.legs.get(&key).filter(|l| l.phase == Phase::Up);
        let change = leg.and_then(|l| l.change.as_ref());
        change.is_some_and(|c| c.branch == branch)
    }

    /// The pause before the next try is over.
    pub(super) fn on_change_timer(&mut self, now: Instant, key: LegKey) {
        let Some(leg) = self.legs.get_mut(&key) else {
            return;
        };
        leg.is_backing_off = false;
        self.pump(now, key);
    }
}

fn judge(
    auth: Option<&mut crate::digest::ClientAuth>,
    change: &Change,
    response: &Message<'_>,
    code: u16,
) -> Verdict {
    let wish = &change.wish;
    match code {
        100..=199 => Verdict::Wait,
        200..=299 => Verdict::Accepted,
        401 | 407 => match auth.map(|a| a.take(response)) {
            Some(true) => Verdict::Again(None),
            _ => Verdict::Failed,
        },
        408 | 481 => Verdict::Lost,
        422 if wish.raises < RAISES_MAX && min_se(response).is_some() => Verdict::Again(None),
        491 if wish.tries < TRIES_MAX => Verdict::Again(None),
        // An INVITE of ours was still open to the peer (§14.2).
        500 if wish.tries < TRIES_MAX => match response.number(HeaderName::RetryAfter) {
            Some(seconds) => Verdict::Again(Some(Duration::from_secs(u64::from(seconds.min(10))))),
            None => Verdict::Failed,
        },
        405 | 501 if change.method == Method::Update => Verdict::Again(None),
        _ => Verdict::Failed,
    }
}
