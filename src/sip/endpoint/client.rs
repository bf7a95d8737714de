//! Client transactions: sending requests, taking responses.

use std::time::Instant;

use super::Endpoint;
use super::agenda::{ClientId, Target};
use super::dialog_request::{Asked, Reaction};
use crate::event::{CallKey, LegKey, RequestKey};
use crate::message::{self, Bounds, HeaderName, Message, Method, Writer};
use crate::peer::Peer;
use crate::transaction::{ClientInvite, ClientOther, Step, earlier};

/// What a transaction is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    Invite(CallKey),
    Cancel,
    Bye(LegKey),
    /// Any other request within a dialog.
    Within(LegKey, Asked),
    Request(RequestKey),
    /// A BYE nobody waits for.
    Quiet,
}

#[derive(Debug, Clone, Copy)]
pub(super) enum Machine {
    Invite(ClientInvite),
    Other(ClientOther),
}

/// One client transaction. `bytes` is the request while it may have to be sent again, then the
/// ACK of a 300–699, else empty.
#[derive(Debug)]
pub(super) struct ClientTx {
    machine: Machine,
    purpose: Purpose,
    method: Method,
    pub(super) to: Peer,
    pub(super) bytes: Vec<u8>,
    /// Something was heard: a stream that breaks now does not mean that the request was lost.
    is_heard: bool,
    /// Where a request that moved to TCP for its size goes when the peer has no TCP.
    datagram: Option<Peer>,
    /// When an INVITE with nothing but 1xx is given up: the machine itself would wait for ever.
    limit: Option<Instant>,
}

/// The lines every request begins with.
pub(super) struct Head<'a> {
    pub(super) method: Method,
    pub(super) uri: &'a [u8],
    pub(super) routes: &'a [Vec<u8>],
    pub(super) from: &'a [u8],
    pub(super) to: &'a [u8],
    pub(super) call_id: &'a [u8],
    pub(super) cseq: u32,
}

impl ClientTx {
    fn on_response(&mut self, now: Instant, code: u16) -> Step {
        match &mut self.machine {
            Machine::Invite(m) => m.on_response(now, code),
            Machine::Other(m) => m.on_response(now, code),
        }
    }

    fn on_timeout(&mut self, now: Instant) -> Step {
        match &mut self.machine {
            Machine::Invite(m) => m.on_timeout(now),
            Machine::Other(m) => m.on_timeout(now),
        }
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        let machine = match &self.machine {
            Machine::Invite(m) => m.deadline(),
            Machine::Other(m) => m.deadline(),
        };
        earlier(machine, self.limit)
    }

    pub(super) fn purpose(&self) -> Purpose {
        self.purpose
    }

    pub(super) fn method(&self) -> Method {
        self.method
    }

    pub(super) fn is_heard(&self) -> bool {
        self.is_heard
    }

    pub(super) fn take_datagram(&mut self) -> Option<Peer> {
        self.datagram.take()
    }

    /// The same request over another transport, as if sent now.
    pub(super) fn restart(&mut self, machine: Machine, to: Peer, bytes: Vec<u8>) {
        self.machine = machine;
        self.to = to;
        self.bytes = bytes;
    }
}

impl Endpoint {
    /// Begins a request with a fresh branch.
    pub(super) fn open(&mut self, head: &Head<'_>, to: Peer) -> (u64, Writer) {
        let (number, branch) = self.tokens.branch();
        let via = format!("{};branch={branch};rport", self.via_head(to));
        (number, write_head(head, via.as_bytes()))
    }

    /// Sends a request and keeps it until answered.
    pub(super) fn start_client(
        &mut self,
        now: Instant,
        id: ClientId,
        method: Method,
        purpose: Purpose,
        to: Peer,
        bytes: Vec<u8>,
    ) {
        let (to, bytes, datagram) = self.moved_to_stream(now, to, bytes);
        let machine = self.client_machine(now, method, to);
        self.send(to, bytes.clone());
        let tx = ClientTx {
            machine,
            purpose,
            method,
            to,
            bytes,
            is_heard: false,
            datagram,
            limit: None,
        };
        self.agenda.set(Target::Client(id), tx.deadline());
        self.clients.insert(id, tx);
    }

    pub(super) fn client_machine(&self, now: Instant, method: Method, to: Peer) -> Machine {
        let (timers, reliable) = (self.config.timers, to.transport.is_reliable());
        if method == Method::Invite {
            Machine::Invite(ClientInvite::new(now, timers, reliable))
        } else {
            Machine::Other(ClientOther::new(now, timers, reliable))
        }
    }

    pub(super) fn on_response(
        &mut self,
        now: Instant,
        from: Peer,
        response: &Message<'_>,
        code: u16,
    ) {
        self.counters.responses_received += 1;
        let (Some(via), Some(cseq)) = (response.via(), response.cseq()) else {
            self.counters.malformed += 1;
            return;
        };
        let several = response.list(HeaderName::Via).nth(1).is_some();
        let number = self.tokens.own_branch(via.branch);
        let (Some(branch), false, None) = (number, several, response.defect) else {
            self.counters.dropped_stray_responses += 1;
            return;
        };
        let id = ClientId {
            branch,
            is_cancel: cseq.method == Method::Cancel,
        };
        if self.is_of_another_call(id, response) {
            self.counters.dropped_stray_responses += 1;
            return;
        }
        let Some(tx) = self
            .clients
            .get_mut(&id)
            .filter(|tx| tx.method == cseq.method)
        else {
            if cseq.method == Method::Invite && (200..300).contains(&code) {
                self.on_stray_answer(now, from, response);
            } else {
                self.counters.dropped_stray_responses += 1;
            }
            return;
        };
        let step = tx.on_response(now, code);
        tx.is_heard = true;
        if code >= 200 {
            tx.limit = None;
        }
        let is_answer = cseq.method == Method::Invite && (200..300).contains(&code);
        if is_answer && !step.deliver {
            // The INVITE has failed already, yet another branch of it is picked up.
            self.on_stray_answer(now, from, response);
            return;
        }
        let (purpose, to) = (tx.purpose, tx.to);
        if step.ack && step.deliver {
            tx.bytes = ack_of_failure(&tx.bytes, response);
        }
        let ack = step.ack.then(|| tx.bytes.clone());
        let mut request = Vec::new();
        if code >= 200 && !step.ack {
            request = std::mem::take(&mut tx.bytes);
        }
        self.agenda.set(Target::Client(id), tx.deadline());
        if let Some(ack) = ack {
            self.send(to, ack);
        }
        if step.deliver {
            let reaction = Reaction {
                now,
                from,
                response,
                code,
                branch,
            };
            self.deliver(&reaction, purpose, &request);
        } else {
            self.counters.retransmissions_received += 1;
        }
        if step.terminated {
            self.end_client(id);
        }
    }

    /// Whether a response bears our branch and yet not the Call-ID or the tag of the INVITE: its
    /// dialog would be one that nobody has.
    fn is_of_another_call(&self, id: ClientId, response: &Message<'_>) -> bool {
        let Some(Purpose::Invite(call)) = self.clients.get(&id).map(|tx| tx.purpose) else {
            return false;
        };
        self.calls.get(&call).is_some_and(|call| {
            // Another target of the call was rung with a tag of its own.
            let is_latest = id.branch == call.branch;
            call.call_id.as_bytes() != response.call_id()
                || is_latest && !call.from.ends_with(response.from_tag())
        })
    }

    fn deliver(&mut self, reaction: &Reaction<'_, '_>, purpose: Purpose, request: &[u8]) {
        let Reaction {
            now,
            from,
            response,
            code,
            ..
        } = *reaction;
        match purpose {
            Purpose::Invite(call) => self.on_invite_response(now, from, call, response, code),
            Purpose::Bye(leg) => self.on_bye_response(now, leg, response, code),
            Purpose::Within(leg, asked) => self.on_within_response(reaction, leg, asked, request),
            Purpose::Request(key) => self.on_request_response(now, key, response, code),
            // A CANCEL's own answer says nothing about the INVITE.
            Purpose::Cancel | Purpose::Quiet => {}
        }
    }

    pub(super) fn on_client_timer(&mut self, now: Instant, id: ClientId) {
        let Some(tx) = self.clients.get_mut(&id) else {
            return;
        };
        if tx.limit.is_some_and(|limit| limit <= now) {
            let purpose = tx.purpose;
            self.counters.timeouts += 1;
            if let Purpose::Within(leg, asked) = purpose {
                self.on_within_timeout(now, leg, asked, id.branch);
            }
            self.end_client(id);
            return;
        }
        let step = tx.on_timeout(now);
        let (purpose, to, deadline) = (tx.purpose, tx.to, tx.deadline());
        let again = step.retransmit.then(|| tx.bytes.clone());
        self.agenda.set(Target::Client(id), deadline);
        if let Some(bytes) = again {
            self.counters.retransmissions_sent += 1;
            self.send(to, bytes);
        }
        if step.timed_out {
            self.counters.timeouts += 1;
            match purpose {
                Purpose::Invite(call) => self.on_invite_timeout(call),
                Purpose::Bye(leg) => self.on_bye_timeout(leg),
                Purpose::Within(leg, asked) => self.on_within_timeout(now, leg, asked, id.branch),
                Purpose::Request(key) => self.on_request_timeout(now, key),
                Purpose::Cancel | Purpose::Quiet => {}
            }
        }
        if step.terminated {
            self.end_client(id);
        }
    }

    /// Gives a request up at this instant unless its final response comes before.
    pub(super) fn limit_client(&mut self, id: ClientId, until: Instant) {
        if let Some(tx) = self.clients.get_mut(&id) {
            tx.limit = Some(until);
            self.agenda.set(Target::Client(id), tx.deadline());
        }
    }

    /// Forgets a transaction.
    pub(super) fn end_client(&mut self, id: ClientId) {
        self.agenda.set(Target::Client(id), None);
        if let Some(ClientTx {
            purpose: Purpose::Invite(call),
            ..
        }) = self.clients.remove(&id)
        {
            self.on_invite_over(call, id.branch);
        }
    }
}

fn write_head(head: &Head<'_>, via: &[u8]) -> Writer {
    let method = head.method.as_str();
    let mut out = Writer::request(method.as_bytes(), head.uri);
    out.copy("Via", via);
    out.header("Max-Forwards", "70");
    for route in head.routes {
        out.copy("Route", route);
    }
    out.copy("From", head.from);
    out.copy("To", head.to);
    out.copy("Call-ID", head.call_id);
    out.header("CSeq", format!("{} {method}", head.cseq));
    out
}

/// A request that goes with an INVITE already sent: same Request-URI, Via (one, with the same
/// branch), Route, From, Call-ID and CSeq number (§9.1, §17.1.1.3).
fn companion(invite: &Message<'_>, method: Method, to: &[u8]) -> Writer {
    let routes: Vec<Vec<u8>> = invite.all(HeaderName::Route).map(<[u8]>::to_vec).collect();
    let head = Head {
        method,
        uri: invite.uri(),
        routes: &routes,
        from: invite.first(HeaderName::From).unwrap_or(b""),
        to,
        call_id: invite.call_id(),
        cseq: invite.cseq().map_or(1, |c| c.number),
    };
    write_head(&head, invite.first(HeaderName::Via).unwrap_or(b""))
}

/// ACK of a 300–699: To comes from the response.
fn ack_of_failure(invite: &[u8], response: &Message<'_>) -> Vec<u8> {
    let Ok(invite) = message::parse(invite, &Bounds::default()) else {
        return Vec::new();
    };
    let to = response.first(HeaderName::To).unwrap_or(b"");
    companion(&invite, Method::Ack, to).finish("", b"")
}

/// CANCEL of an INVITE, with extra lines.
pub(super) fn cancel_of(invite: &[u8], extra: &[(&str, String)]) -> Option<Vec<u8>> {
    let invite = message::parse(invite, &Bounds::default()).ok()?;
    let to = invite.first(HeaderName::To).unwrap_or(b"");
    let mut out = companion(&invite, Method::Cancel, to);
    for (name, value) in extra {
        out.header(name, value);
    }
    Some(out.finish("", b""))
}
