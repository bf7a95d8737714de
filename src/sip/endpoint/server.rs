//! Server transactions: answering requests.

use std::time::Instant;

use super::Endpoint;
use super::access::Inbound;
use super::agenda::Target;
use super::stub::{Reply, Stub, merge_key, transaction_key};
use crate::event::LegKey;
use crate::headers::Via;
use crate::message::{Message, Method};
use crate::peer::{Peer, TransportKind};
use crate::transaction::{ServerInvite, ServerOther, Step};

#[derive(Debug, Clone, Copy)]
enum Machine {
    Invite(ServerInvite),
    Other(ServerOther),
}

/// One server transaction. `last` is the response to repeat; the stub goes with the final one.
#[derive(Debug)]
pub(super) struct ServerTx {
    machine: Machine,
    key: Vec<u8>,
    merge_key: Vec<u8>,
    to: Peer,
    stub: Option<Box<Stub>>,
    last: Vec<u8>,
    /// The leg an INVITE belongs to.
    pub(super) leg: Option<LegKey>,
}

impl ServerTx {
    fn on_timeout(&mut self, now: Instant) -> Step {
        match &mut self.machine {
            Machine::Invite(m) => m.on_timeout(now),
            Machine::Other(m) => m.on_timeout(now),
        }
    }

    fn deadline(&self) -> Option<Instant> {
        match &self.machine {
            Machine::Invite(m) => m.deadline(),
            Machine::Other(m) => m.deadline(),
        }
    }

    /// Whether no final response was sent.
    pub(super) fn is_open(&self) -> bool {
        self.stub.is_some()
    }

    /// The response sent last, and where it went.
    pub(super) fn last_sent(&self) -> (Peer, Vec<u8>) {
        (self.to, self.last.clone())
    }

    /// Where the responses go.
    pub(super) fn reply_to(&self) -> Peer {
        self.to
    }
}

impl Endpoint {
    /// Makes a transaction for a request.
    pub(super) fn start_server(&mut self, inbound: &Inbound<'_, '_>) -> u64 {
        let Inbound {
            now,
            source,
            request,
            via,
            ..
        } = *inbound;
        let reliable = source.transport.is_reliable();
        let machine = if request.method() == Some(Method::Invite) {
            Machine::Invite(ServerInvite::new(self.config.timers, reliable))
        } else {
            Machine::Other(ServerOther::new(now, self.config.timers, reliable))
        };
        let id = self.draw_key();
        let tx = ServerTx {
            machine,
            key: transaction_key(request, via),
            merge_key: merge_key(request),
            to: reply_peer(via, source),
            stub: Some(Box::new(Stub::new(request, via, source.address))),
            last: Vec::new(),
            leg: None,
        };
        self.server_keys.insert(tx.key.clone(), id);
        self.merged.insert(tx.merge_key.clone(), id);
        self.agenda.set(Target::Server(id), tx.deadline());
        self.servers.insert(id, tx);
        id
    }

    /// Sends a response within a transaction. Gives its octets if it is the final one, `None` if
    /// it is provisional or came too late.
    pub(super) fn respond(&mut self, now: Instant, id: u64, reply: &Reply<'_>) -> Option<Vec<u8>> {
        let tx = self.servers.get_mut(&id)?;
        let bytes = tx.stub.as_ref()?.build(reply, &self.config.user_agent);
        let allowed = match &mut tx.machine {
            Machine::Invite(m) => m.on_sent(now, reply.code),
            Machine::Other(m) => m.on_sent(now, reply.code),
        };
        self.agenda.set(Target::Server(id), tx.deadline());
        if !allowed {
            return None;
        }
        let is_final = reply.code >= 200;
        let is_answer =
            matches!(tx.machine, Machine::Invite(_)) && (200..300).contains(&reply.code);
        // The leg repeats a 2xx to INVITE; here it need not be kept.
        tx.last = if is_answer { Vec::new() } else { bytes.clone() };
        if is_final {
            tx.stub = None;
        }
        let to = tx.to;
        self.send(to, bytes.clone());
        is_final.then_some(bytes)
    }

    /// Answers a request without keeping anything (§8.2.7). ACK is never answered.
    pub(super) fn reply_stateless(
        &mut self,
        request: &Message<'_>,
        via: &Via<'_>,
        source: Peer,
        reply: &Reply<'_>,
    ) {
        if request.method() == Some(Method::Ack) {
            return;
        }
        let tag = self.tokens.stateless_tag(&transaction_key(request, via));
        let reply = Reply {
            tag: &tag,
            ..*reply
        };
        let bytes = Stub::new(request, via, source.address).build(&reply, &self.config.user_agent);
        self.send(reply_peer(via, source), bytes);
    }

    /// The request of a transaction came again.
    pub(super) fn on_repeated_request(&mut self, id: u64) {
        self.counters.retransmissions_received += 1;
        let Some(tx) = self.servers.get_mut(&id) else {
            return;
        };
        let step = match &mut tx.machine {
            Machine::Invite(m) => m.on_invite(),
            Machine::Other(m) => m.on_request(),
        };
        if step.retransmit && !tx.last.is_empty() {
            let (to, bytes) = (tx.to, tx.last.clone());
            self.counters.retransmissions_sent += 1;
            self.send(to, bytes);
        }
    }

    /// An ACK with the branch of an INVITE came: true if it is for the dialog.
    pub(super) fn on_transaction_ack(&mut self, now: Instant, id: u64) -> bool {
        let Some(tx) = self.servers.get_mut(&id) else {
            return true;
        };
        let Machine::Invite(machine) = &mut tx.machine else {
            return false;
        };
        let step = machine.on_ack(now);
        self.agenda.set(Target::Server(id), tx.deadline());
        if step.terminated {
            self.end_server(id);
        }
        step.deliver
    }

    pub(super) fn on_server_timer(&mut self, now: Instant, id: u64) {
        let Some(tx) = self.servers.get_mut(&id) else {
            return;
        };
        let step = tx.on_timeout(now);
        let (to, deadline) = (tx.to, tx.deadline());
        let again = step.retransmit.then(|| tx.last.clone());
        self.agenda.set(Target::Server(id), deadline);
        if let Some(bytes) = again {
            self.counters.retransmissions_sent += 1;
            self.send(to, bytes);
        }
        if step.terminated {
            self.end_server(id);
        }
    }

    fn end_server(&mut self, id: u64) {
        self.agenda.set(Target::Server(id), None);
        if let Some(tx) = self.servers.remove(&id) {
            self.server_keys.remove(&tx.key);
            if self.merged.get(&tx.merge_key) == Some(&id) {
                self.merged.remove(&tx.merge_key);
            }
        }
    }
}

/// Where a response goes (§18.2.2): back over the stream the request came on, or to the source of
/// the datagram.
fn reply_peer(via: &Via<'_>, source: Peer) -> Peer {
    match source.transport {
        TransportKind::Udp => Peer::udp(via.reply_to(source.address, true)),
        _ => source,
    }
}
