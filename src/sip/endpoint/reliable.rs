//! Reliable provisional responses (RFC 3262), both sides.

use std::collections::VecDeque;
use std::time::Instant;

use super::Endpoint;
use super::access::Inbound;
use super::agenda::{LegTimer, Target};
use super::client::Purpose;
use super::dialog_request::{Asked, Within};
use super::incoming::offer_of;
use super::leg::Phase;
use super::stub::Reply;
use crate::event::{Event, LegKey};
use crate::headers::lex;
use crate::message::{HeaderName, Message, Method, Writer};
use crate::options::Reliable;
use crate::peer::Peer;
use crate::sdp::SessionDescription;
use crate::transaction::Repeat;

/// Provisional responses that may wait for the PRACK of the one before.
const QUEUE_MAX: usize = 8;

/// Our reliable provisional responses to one INVITE: one at a time (§3).
#[derive(Debug)]
pub(super) struct Reliables {
    next: u32,
    open: Option<Open>,
    queue: VecDeque<(u16, Vec<u8>)>,
    /// RSeq of one that our 2xx overtook: its PRACK may still come.
    overtaken: Option<u32>,
    /// The 200 that waits for the PRACK of the one with SDP (§3): its SDP.
    pub(super) answer_waits: Option<Vec<u8>>,
    /// The caller's answer to our offer, from its PRACK.
    pub(super) answer: Option<SessionDescription>,
}

/// One that is repeated until its PRACK comes.
#[derive(Debug)]
struct Open {
    rseq: u32,
    bytes: Vec<u8>,
    to: Peer,
    repeat: Repeat,
    give_up: Instant,
    has_sdp: bool,
    is_offer: bool,
}

impl Reliables {
    /// Numbers begin at random within 1 to 2³¹ − 1 (§3).
    pub(super) fn new(first: u32) -> Self {
        Self {
            next: first.max(1),
            open: None,
            queue: VecDeque::new(),
            overtaken: None,
            answer_waits: None,
            answer: None,
        }
    }

    /// One with SDP is not acknowledged: the 200 must wait.
    pub(super) fn holds_answer(&self) -> bool {
        self.open.as_ref().is_some_and(|o| o.has_sdp)
    }

    /// The PRACK of one that our 2xx overtook has not come.
    pub(super) fn is_overtaken(&self) -> bool {
        self.overtaken.is_some()
    }

    /// The 2xx goes: what is open is not repeated any more.
    pub(super) fn overtake(&mut self) {
        self.overtaken = self.open.take().map(|o| o.rseq).or(self.overtaken);
        self.queue.clear();
    }
}

/// RSeq of a provisional response that wants a PRACK.
fn rseq_of(response: &Message<'_>, code: u16) -> Option<u32> {
    let required = response
        .list(HeaderName::Require)
        .any(|o| o.eq_ignore_ascii_case(b"100rel"));
    (required && code > 100)
        .then(|| response.number(HeaderName::RSeq))
        .flatten()
        .filter(|n| *n > 0)
}

/// Whether a provisional response is a reliable one.
pub(super) fn is_reliable(response: &Message<'_>) -> bool {
    rseq_of(response, response.code().unwrap_or(0)).is_some()
}

/// RSeq and CSeq number of an INVITE that a PRACK names.
fn rack_of(request: &Message<'_>) -> Option<(u32, u32)> {
    let value = request.first(HeaderName::RAck)?;
    let mut fields = value
        .split(|b| lex::is_space(*b))
        .filter(|field| !field.is_empty());
    let rseq = lex::number(fields.next()?)?;
    let cseq = lex::number(fields.next()?)?;
    (fields.next()? == b"INVITE").then_some((rseq, cseq))
}

impl Endpoint {
    /// Whether our provisional responses to an INVITE are to be reliable.
    pub(super) fn reliables_for(&mut self, request: &Message<'_>) -> Option<Box<Reliables>> {
        let named = |name| {
            let mut options = request.list(name);
            options.any(|o: &[u8]| o.eq_ignore_ascii_case(b"100rel"))
        };
        let wanted = match self.config.session.reliable {
            Reliable::Off => false,
            Reliable::Supported => named(HeaderName::Require),
            Reliable::Required => named(HeaderName::Require) || named(HeaderName::Supported),
        };
        let first = u32::try_from(1 + self.tokens.below(1 << 30)).unwrap_or(1);
        wanted.then(|| Box::new(Reliables::new(first)))
    }

    /// Acknowledges a reliable provisional response. False: it came before, or one before it is
    /// missing, so that it must not be looked at (§4).
    pub(super) fn take_reliable(
        &mut self,
        now: Instant,
        from: Peer,
        key: LegKey,
        response: &Message<'_>,
        code: u16,
    ) -> bool {
        let Some(rseq) = rseq_of(response, code) else {
            return true;
        };
        let Some(leg) = self.legs.get_mut(&key) else {
            return true;
        };
        match leg.rseq {
            Some(last) if rseq <= last => {
                self.counters.retransmissions_received += 1;
                return false;
            }
            Some(last) if rseq != last + 1 => return false,
            _ => {}
        }
        leg.rseq = Some(rseq);
        leg.dialog.refresh(response, from);
        leg.note_peer(response);
        let cseq = response.cseq().map_or(0, |c| c.number);
        let mut lines = Writer::block();
        lines.header("RAck", format!("{rseq} {cseq} INVITE"));
        let within = Within {
            method: Method::Prack,
            purpose: Purpose::Within(key, Asked::Prack),
            lines: &lines.into_block(),
            content_type: "",
            body: b"",
        };
        self.send_within(now, key, &within);
        true
    }

    /// Queues a provisional response to be sent reliably.
    pub(super) fn ring_reliably(&mut self, now: Instant, key: LegKey, code: u16, sdp: &[u8]) {
        let Some(leg) = self.legs.get_mut(&key) else {
            return;
        };
        let Some(reliable) = leg.reliable.as_mut() else {
            return;
        };
        // Without an offer in the INVITE the first reliable response has to make one (§5).
        let offer_due = leg.remote_sdp.is_none() && sdp.is_empty() && reliable.open.is_none();
        if !offer_due && reliable.queue.len() < QUEUE_MAX {
            // An answer was given once: further ones would be none.
            let body = if leg.is_settled {
                Vec::new()
            } else {
                sdp.to_vec()
            };
            reliable.queue.push_back((code, body));
        }
        self.send_reliable(now, key);
    }

    fn send_reliable(&mut self, now: Instant, key: LegKey) {
        let allow = self.allow();
        let timers = self.config.timers;
        let Some(leg) = self.legs.get_mut(&key) else {
            return;
        };
        let Phase::Ringing(server) = leg.phase else {
            return;
        };
        let Some(reliable) = leg.reliable.as_mut().filter(|r| r.open.is_none()) else {
            return;
        };
        let Some((code, body)) = reliable.queue.pop_front() else {
            return;
        };
        let rseq = reliable.next;
        reliable.next += 1;
        let is_offer = leg.remote_sdp.is_none() && !body.is_empty();
        let tag = leg.local_tag();
        let headers = [
            ("Contact", leg.contact.clone()),
            ("Allow", allow),
            ("Require", "100rel".to_owned()),
            ("RSeq", rseq.to_string()),
        ];
        let reply = Reply {
            code,
            tag: &tag,
            headers: &headers,
            body: &body,
            ..Reply::default()
        };
        self.respond(now, server, &reply);
        let Some((to, bytes)) = self.servers.get(&server).map(|tx| tx.last_sent()) else {
            return;
        };
        let repeat = Repeat::new(now, timers.t1);
        self.agenda
            .set(Target::Leg(key, LegTimer::Reliable), Some(repeat.at));
        if let Some(reliable) = self.legs.get_mut(&key).and_then(|l| l.reliable.as_mut()) {
            reliable.open = Some(Open {
                rseq,
                bytes,
                to,
                repeat,
                give_up: now + timers.t1x64(),
                has_sdp: !body.is_empty(),
                is_offer,
            });
        }
    }

    /// Repeats the open one; after 64·T1 without PRACK the call is refused (§3).
    pub(super) fn on_reliable_timer(&mut self, now: Instant, key: LegKey) {
        let Some(leg) = self.legs.get_mut(&key) else {
            return;
        };
        let Phase::Ringing(server) = leg.phase else {
            return;
        };
        let Some(open) = leg.reliable.as_mut().and_then(|r| r.open.as_mut()) else {
            return;
        };
        if open.give_up > now {
            open.repeat = open.repeat.again(now, None);
            let next = open.repeat.at.min(open.give_up);
            let (to, bytes) = (open.to, open.bytes.clone());
            self.agenda
                .set(Target::Leg(key, LegTimer::Reliable), Some(next));
            self.counters.retransmissions_sent += 1;
            self.send(to, bytes);
            return;
        }
        self.counters.timeouts += 1;
        self.refuse_ringing(now, key, server, 504, "", &[]);
        self.events.push_back(Event::IncomingCancelled {
            leg: key,
            reasons: Vec::new(),
        });
    }

    pub(super) fn on_prack(&mut self, inbound: &Inbound<'_, '_>, key: LegKey) {
        let named = rack_of(inbound.request);
        let Some(leg) = self.legs.get_mut(&key) else {
            return;
        };
        let invite = leg.invite_cseq;
        let reliable = leg.reliable.as_mut();
        let (Some((rseq, cseq)), Some(reliable)) = (named, reliable) else {
            let code = if named.is_none() { 400 } else { 481 };
            self.counters.no_dialog += 1;
            self.finish(inbound, code, &[], b"");
            return;
        };
        if cseq == invite && reliable.overtaken == Some(rseq) {
            reliable.overtaken = None;
            self.finish(inbound, 200, &[], b"");
            return;
        }
        let matches = |o: &mut Open| o.rseq == rseq && cseq == invite;
        match reliable.open.take_if(matches) {
            Some(open) => self.on_acknowledged(inbound, key, &open),
            None => {
                self.counters.no_dialog += 1;
                self.finish(inbound, 481, &[], b"");
            }
        }
    }

    /// The open one has arrived: what waited for that goes on.
    fn on_acknowledged(&mut self, inbound: &Inbound<'_, '_>, key: LegKey, open: &Open) {
        self.agenda.set(Target::Leg(key, LegTimer::Reliable), None);
        let offer = match offer_of(inbound.request) {
            Ok(offer) => offer,
            Err(code) => {
                self.finish(inbound, code, &[], b"");
                return;
            }
        };
        let mut body = Vec::new();
        if let Some(leg) = self.legs.get_mut(&key) {
            leg.is_settled |= open.has_sdp && (!open.is_offer || offer.is_some());
            if open.is_offer {
                leg.remote_sdp.clone_from(&offer);
                if let Some(reliable) = &mut leg.reliable {
                    reliable.answer = offer;
                }
            } else if offer.is_some() && leg.is_settled {
                // A further offer (§5): answered here.
                match self.renegotiate(key, offer) {
                    Ok(outcome) => {
                        body = outcome.local.to_bytes();
                        self.report_change(key, outcome);
                    }
                    Err(code) => {
                        self.finish(inbound, code, &[], b"");
                        return;
                    }
                }
            }
        }
        self.finish(inbound, 200, &[], &body);
        let reliable = self.legs.get_mut(&key).and_then(|l| l.reliable.as_mut());
        match reliable.and_then(|r| r.answer_waits.take()) {
            Some(sdp) => {
                // The call stands as it was when the owner answered.
                let _ = self.answer_now(inbound.now, key, &sdp);
            }
            None => self.send_reliable(inbound.now, key),
        }
    }
}
