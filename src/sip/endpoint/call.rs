//! Outgoing INVITEs until their final response.

use std::time::{Duration, Instant};

use super::agenda::{ClientId, Target};
use super::client::{Purpose, cancel_of};
use super::redirect::Redirects;
use super::session_timer::{RAISES_MAX, min_se};
use super::{Endpoint, Invite};
use crate::digest::ClientAuth;
use crate::event::{CallKey, Event, Failure, LegKey};
use crate::headers::{Reason, lex};
use crate::message::{HeaderName, Message, Method};
use crate::options::SessionOptions;
use crate::peer::Peer;
use crate::sdp::SessionDescription;

/// One branch of the call, told apart by the peer's tag.
#[derive(Debug)]
pub(super) struct Fork {
    pub(super) tag: Vec<u8>,
    pub(super) leg: Option<LegKey>,
    pub(super) answered: bool,
    pub(super) early_sdp: Option<SessionDescription>,
}

/// One outgoing call. Kept until its last transaction is over.
#[derive(Debug)]
pub(super) struct Call {
    /// What to send again after a challenge; goes with the final response.
    pub(super) invite: Option<Box<Invite>>,
    pub(super) uri: Vec<u8>,
    /// Our offer as sent; empty: the peer has to make one (delayed offer). Kept as octets, which are
    /// fewer: it outlives the answer for the sake of further forks.
    pub(super) offer: Vec<u8>,
    pub(super) contact: String,
    pub(super) from: Vec<u8>,
    pub(super) call_id: String,
    pub(super) cseq: u32,
    /// Of the INVITE sent last.
    pub(super) branch: u64,
    pub(super) auth: Option<ClientAuth>,
    /// Credentials of the INVITE sent last: its ACKs carry the same (§22.1).
    pub(super) auth_lines: Vec<u8>,
    cancel: Option<Cancel>,
    pub(super) is_proceeding: bool,
    is_trying_reported: bool,
    /// Failed was reported: later answers are hung up.
    pub(super) is_failed: bool,
    pub(super) answers: u32,
    pub(super) options: SessionOptions,
    /// Highest Min-SE a 422 demanded, and how often.
    pub(super) min_se: Option<Duration>,
    raises: u8,
    pub(super) redirects: Option<Box<Redirects>>,
    pub(super) forks: Vec<Fork>,
}

#[derive(Debug)]
struct Cancel {
    reason: Option<Reason>,
    is_sent: bool,
}

impl Call {
    /// A call about to be placed.
    pub(super) fn new(
        mut invite: Box<Invite>,
        contact: String,
        from: String,
        call_id: String,
    ) -> Self {
        Self {
            uri: invite.request_uri.clone().into_bytes(),
            offer: std::mem::take(&mut invite.body),
            contact,
            from: from.into_bytes(),
            call_id,
            cseq: 0,
            branch: 0,
            auth: invite.credentials.clone().map(ClientAuth::new),
            auth_lines: Vec::new(),
            cancel: None,
            is_proceeding: false,
            is_trying_reported: false,
            is_failed: false,
            answers: 0,
            options: invite.session.clone(),
            min_se: None,
            raises: 0,
            redirects: None,
            forks: Vec::new(),
            invite: Some(invite),
        }
    }

    pub(super) fn is_cancelled(&self) -> bool {
        self.cancel.is_some()
    }

    /// Whether no final response has come.
    pub(super) fn is_open(&self) -> bool {
        self.invite.is_some()
    }

    /// A final response has come: what only a repetition would need goes.
    pub(super) fn close(&mut self) {
        self.invite = None;
        self.redirects = None;
    }
}

impl Endpoint {
    /// Gives up an outgoing call that is not answered yet. Before a provisional response has come
    /// the wish is remembered and CANCEL leaves right after it (RFC 3261 §9.1). An answer that
    /// crosses is still reported. No effect on a call that has its final response.
    pub fn cancel(&mut self, now: Instant, call: CallKey, reason: Option<Reason>) {
        let Some(state) = self.calls.get_mut(&call) else {
            return;
        };
        if !state.is_open() || state.cancel.is_some() {
            return;
        }
        state.cancel = Some(Cancel {
            reason,
            is_sent: false,
        });
        if state.is_proceeding {
            self.send_cancel(now, call);
        }
    }

    fn send_cancel(&mut self, now: Instant, key: CallKey) {
        let Some(call) = self.calls.get_mut(&key) else {
            return;
        };
        let branch = call.branch;
        if call.invite.is_none() {
            return;
        }
        let Some(cancel) = call.cancel.as_mut().filter(|c| !c.is_sent) else {
            return;
        };
        cancel.is_sent = true;
        let extra: Vec<(&str, String)> = cancel
            .reason
            .iter()
            .map(|r| ("Reason", r.to_string()))
            .collect();
        let invite = self.clients.get(&ClientId {
            branch,
            is_cancel: false,
        });
        // Over the transport the INVITE took, which for a large one is not what was asked for.
        let cancel = invite.and_then(|tx| Some((tx.to, cancel_of(&tx.bytes, &extra)?)));
        let Some((next_hop, bytes)) = cancel else {
            return;
        };
        let id = ClientId {
            branch,
            is_cancel: true,
        };
        self.start_client(now, id, Method::Cancel, Purpose::Cancel, next_hop, bytes);
        // No final response within 64·T1 of the CANCEL: the INVITE counts as cancelled (§9.1).
        let until = now + self.config.timers.t1x64();
        self.agenda.set(Target::Call(key), Some(until));
    }

    /// After the CANCEL: nothing came. Before: proceeding for too long.
    pub(super) fn on_call_timer(&mut self, now: Instant, key: CallKey) {
        let Some(call) = self.calls.get(&key).filter(|c| c.is_open()) else {
            return;
        };
        if !call.cancel.as_ref().is_some_and(|c| c.is_sent) {
            self.cancel(now, key, None);
            self.send_cancel(now, key);
            return;
        }
        let id = ClientId {
            branch: call.branch,
            is_cancel: false,
        };
        self.fail(
            key,
            Failure {
                code: 487,
                timed_out: true,
                ..failure(key)
            },
        );
        self.end_client(id);
    }

    pub(super) fn on_invite_timeout(&mut self, key: CallKey) {
        self.fail(
            key,
            Failure {
                code: 408,
                timed_out: true,
                ..failure(key)
            },
        );
    }

    /// The stream to the next hop could not be opened, or broke before anything was heard.
    pub(super) fn on_invite_unreachable(&mut self, key: CallKey) {
        self.fail(
            key,
            Failure {
                code: 503,
                transport_error: true,
                ..failure(key)
            },
        );
    }

    pub(super) fn on_invite_response(
        &mut self,
        now: Instant,
        from: Peer,
        key: CallKey,
        response: &Message<'_>,
        code: u16,
    ) {
        match code {
            100..=199 => self.on_provisional(now, from, key, response, code),
            200..=299 => self.on_answer(now, from, key, response),
            401 | 407 if self.authenticate_call(key, response) => {
                self.agenda.set(Target::Call(key), None);
                self.send_invite(now, key);
            }
            422 if self.raise_min_se(key, response) => {
                self.agenda.set(Target::Call(key), None);
                self.send_invite(now, key);
            }
            _ if self.redirect(now, from, key, response, code) => {}
            _ => self.fail(key, failure_of(key, response, code)),
        }
    }

    /// Whether a 422 can be met (RFC 4028 §7.3).
    fn raise_min_se(&mut self, key: CallKey, response: &Message<'_>) -> bool {
        let Some(call) = self.calls.get_mut(&key) else {
            return false;
        };
        let wanted = call.is_open() && !call.is_cancelled() && call.options.timer.is_some();
        let demanded = min_se(response).filter(|_| wanted && call.raises < RAISES_MAX);
        if demanded.is_none() {
            return false;
        }
        call.raises += 1;
        call.min_se = call.min_se.max(demanded);
        self.drop_early_legs(key);
        true
    }

    /// Whether a challenge can be answered.
    fn authenticate_call(&mut self, key: CallKey, response: &Message<'_>) -> bool {
        let Some(call) = self.calls.get_mut(&key) else {
            return false;
        };
        let wanted = call.is_open() && !call.is_cancelled();
        if !wanted || !call.auth.as_mut().is_some_and(|a| a.take(response)) {
            return false;
        }
        // Early dialogs of the challenged INVITE are void.
        self.drop_early_legs(key);
        true
    }

    fn on_provisional(
        &mut self,
        now: Instant,
        from: Peer,
        key: CallKey,
        response: &Message<'_>,
        code: u16,
    ) {
        let Some(call) = self.calls.get_mut(&key) else {
            return;
        };
        if !call.is_proceeding {
            call.is_proceeding = true;
            let until = now + self.config.timers.proceeding_max;
            self.agenda.set(Target::Call(key), Some(until));
        }
        if call.cancel.as_ref().is_some_and(|c| !c.is_sent) {
            self.send_cancel(now, key);
        }
        if code == 100 {
            self.report_trying(key);
            return;
        }
        let sdp = response
            .sdp_body()
            .and_then(|b| SessionDescription::parse(b).ok());
        let leg = self.early_leg(from, key, response);
        if let Some(leg) = leg {
            if !self.take_reliable(now, from, leg, response, code) {
                return;
            }
            self.note_early_sdp(key, leg, response, sdp.as_ref());
        }
        let phrase = response.phrase();
        self.events.push_back(Event::Provisional {
            call: key,
            leg,
            code,
            phrase,
            sdp,
        });
    }

    fn report_trying(&mut self, key: CallKey) {
        if let Some(call) = self.calls.get_mut(&key).filter(|c| !c.is_trying_reported) {
            call.is_trying_reported = true;
            self.events.push_back(Event::Trying { call: key });
        }
    }

    /// Reports a failure once and drops what only a living call needs.
    pub(super) fn fail(&mut self, key: CallKey, mut failure: Failure) {
        self.agenda.set(Target::Call(key), None);
        let Some(call) = self.calls.get_mut(&key) else {
            return;
        };
        call.close();
        if call.is_failed || call.answers > 0 {
            return;
        }
        call.is_failed = true;
        failure.after_cancel = call.is_cancelled();
        self.drop_early_legs(key);
        self.events.push_back(Event::Failed(failure));
    }

    /// A transaction of the call is over: with the last one the call goes.
    pub(super) fn on_invite_over(&mut self, key: CallKey, branch: u64) {
        if self.calls.get(&key).is_some_and(|c| c.branch == branch) {
            self.agenda.set(Target::Call(key), None);
            self.drop_early_legs(key);
            self.calls.remove(&key);
        }
    }
}

/// A failure with nothing known but the call.
pub(super) fn failure(call: CallKey) -> Failure {
    Failure {
        call,
        code: 0,
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

fn failure_of(call: CallKey, response: &Message<'_>, code: u16) -> Failure {
    let retry = response.number(HeaderName::RetryAfter);
    let contacts = response.list(HeaderName::Contact).take(8).map(lex::text);
    Failure {
        code,
        phrase: response.phrase(),
        reasons: Reason::all(response),
        retry_after: retry.map(|s| Duration::from_secs(s.into())),
        warning: response.first(HeaderName::Warning).map(lex::text),
        contacts: if code < 400 {
            contacts.collect()
        } else {
            Vec::new()
        },
        ..failure(call)
    }
}
