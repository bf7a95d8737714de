//! Requests from outside: what is checked before anything is kept.

use std::time::Instant;

use super::Endpoint;
use super::refer::is_refer_event;
use super::stub::{Reply, cancelled_key, merge_key, transaction_key};
use crate::config::Strangers;
use crate::dialog::Dialog;
use crate::event::LegKey;
use crate::headers::{Via, lex};
use crate::message::{Defect, HeaderName, Message, Method, StartLine};
use crate::peer::Peer;
use crate::uri;

/// Via elements searched for our own: as many hops as Max-Forwards usually grants.
const HOPS_MAX: usize = 70;

/// Longest Call-ID, tag and branch taken, octets.
const NAME_MAX: usize = 1024;

/// A request with what every handler needs of it.
#[derive(Clone, Copy)]
pub(super) struct Inbound<'m, 'a> {
    pub(super) now: Instant,
    pub(super) source: Peer,
    pub(super) request: &'m Message<'a>,
    pub(super) via: &'m Via<'a>,
    pub(super) method: Method,
}

/// Who may place a call to us.
pub(super) enum Caller {
    /// An allowed source.
    Trusted,
    /// A user of our registrar.
    User(String),
    /// Already answered or dropped.
    Refused,
}

impl Endpoint {
    pub(super) fn on_request(&mut self, now: Instant, source: Peer, request: &Message<'_>) {
        self.counters.requests_received += 1;
        let (Some(via), Some(method)) = (request.via(), request.method()) else {
            self.counters.malformed += 1;
            return;
        };
        let inbound = Inbound {
            now,
            source,
            request,
            via: &via,
            method,
        };
        let known = self
            .server_keys
            .get(&transaction_key(request, &via))
            .copied();
        if method == Method::Ack {
            self.on_ack(&inbound, known);
            return;
        }
        if let Some(id) = known {
            self.on_repeated_request(id);
            return;
        }
        let leg = self.leg_of(request);
        let cancelled = if method == Method::Cancel {
            self.server_keys.get(&cancelled_key(request, &via)).copied()
        } else {
            None
        };
        let ours = leg.is_some() || cancelled.is_some();
        // An edge proxy speaks for many phones; whoever guesses behind it is banned by user.
        let exempt = self.config.policy.trusts(source);
        if !ours && !exempt && !self.admit(now, source, request) {
            return;
        }
        if let Some(code) = fault(&inbound) {
            self.counters.bad_requests += 1;
            let strange = !ours && !self.is_known(source);
            if strange && self.config.policy.strangers == Strangers::Drop {
                self.counters.dropped_strangers += 1;
            } else {
                self.refuse(&inbound, code);
            }
            return;
        }
        match (leg, cancelled) {
            (_, Some(id)) => self.on_cancel(&inbound, id),
            (Some(leg), None) => self.on_dialog_request(&inbound, leg),
            (None, None) => self.on_new_request(&inbound),
        }
    }

    /// The leg a request with a To tag is for.
    fn leg_of(&self, request: &Message<'_>) -> Option<LegKey> {
        if request.to_tag().is_empty() {
            return None;
        }
        self.dialogs.get(&Dialog::id_of_request(request)).copied()
    }

    fn on_ack(&mut self, inbound: &Inbound<'_, '_>, known: Option<u64>) {
        if let Some(id) = known
            && !self.on_transaction_ack(inbound.now, id)
        {
            return;
        }
        match self.leg_of(inbound.request) {
            Some(leg) => self.on_dialog_ack(inbound.now, leg, inbound.request),
            // An ACK of one of our stateless refusals ends here too.
            None => self.counters.dropped_stray_acks += 1,
        }
    }

    /// A refusal with the standard phrase, nothing kept.
    pub(super) fn refuse(&mut self, inbound: &Inbound<'_, '_>, code: u16) {
        self.refuse_with(inbound, code, &[]);
    }

    pub(super) fn refuse_with(
        &mut self,
        inbound: &Inbound<'_, '_>,
        code: u16,
        headers: &[(&str, String)],
    ) {
        let reply = Reply {
            code,
            headers,
            ..Reply::default()
        };
        self.reply_stateless(inbound.request, inbound.via, inbound.source, &reply);
    }

    /// 503 with Retry-After: a limit is reached.
    pub(super) fn refuse_full(&mut self, inbound: &Inbound<'_, '_>) {
        self.counters.rejected_full += 1;
        let seconds = self.config.limits.retry_after.as_secs().max(1).to_string();
        self.refuse_with(inbound, 503, &[("Retry-After", seconds)]);
    }

    /// A source that is neither allowed nor registered.
    pub(super) fn refuse_stranger(&mut self, inbound: &Inbound<'_, '_>) {
        match self.config.policy.strangers {
            Strangers::Refuse => {
                self.counters.rejected_strangers += 1;
                self.refuse(inbound, 403);
            }
            Strangers::Drop => self.counters.dropped_strangers += 1,
        }
    }

    fn is_known(&self, source: Peer) -> bool {
        self.config.policy.trusts(source)
            || self.registrar.as_ref().is_some_and(|r| r.knows(source))
    }

    /// Outside any dialog we have.
    fn on_new_request(&mut self, inbound: &Inbound<'_, '_>) {
        let Inbound {
            request,
            method,
            source,
            ..
        } = *inbound;
        let authenticates =
            self.registrar.is_some() && matches!(method, Method::Invite | Method::Register);
        let tagged = !request.to_tag().is_empty();
        if !self.is_known(source) && (!authenticates || tagged) {
            self.refuse_stranger(inbound);
            return;
        }
        if tagged || matches!(method, Method::Cancel | Method::Bye | Method::Update) {
            self.counters.no_dialog += 1;
            self.refuse(inbound, 481);
            return;
        }
        let looped = || {
            request
                .list(HeaderName::Via)
                .take(HOPS_MAX)
                .any(|v| Via::parse(v).is_some_and(|v| self.tokens.own_branch(v.branch).is_some()))
        };
        if self.merged.contains_key(&merge_key(request)) || looped() {
            self.counters.merged_or_looped += 1;
            self.refuse(inbound, 482);
            return;
        }
        if !self.serves(method) {
            self.refuse_method(inbound);
            return;
        }
        if let Some(missing) = self.unsupported_of(request) {
            self.refuse_with(inbound, 420, &[("Unsupported", missing)]);
            return;
        }
        match method {
            Method::Invite => self.on_invite(inbound),
            Method::Register => self.on_register(inbound),
            Method::Options => self.answer_options(inbound),
            // A transfer without a call to transfer.
            Method::Refer => self.refuse(inbound, 403),
            // News nobody asked for (message waiting, keep-alives of PBXs).
            Method::Notify if !is_refer_event(request) => {
                self.refuse_with(inbound, 489, &[("Allow-Events", "refer".to_owned())]);
            }
            _ => {
                self.counters.no_dialog += 1;
                self.refuse(inbound, 481);
            }
        }
    }

    fn refuse_method(&mut self, inbound: &Inbound<'_, '_>) {
        let code = self.unsupported(inbound.method);
        self.refuse_with(inbound, code, &[("Allow", self.allow())]);
    }

    /// Counts a method that is not served; its status: 405 for methods that exist, 501 for others.
    pub(super) fn unsupported(&mut self, method: Method) -> u16 {
        self.counters.unsupported_methods += 1;
        if method == Method::Other { 501 } else { 405 }
    }

    /// Whether an INVITE may come in; refusals are sent from here.
    pub(super) fn caller(&mut self, inbound: &Inbound<'_, '_>) -> Caller {
        if self.config.policy.trusts(inbound.source) {
            return Caller::Trusted;
        }
        let Some(user) = self.authenticate(inbound) else {
            return Caller::Refused;
        };
        let callee = uri::user_of(inbound.request.uri());
        if self.config.policy.users_may_call.contains(&callee) {
            return Caller::User(user);
        }
        self.refuse(inbound, 403);
        Caller::Refused
    }
}

/// Status for a request that cannot be taken.
fn fault(inbound: &Inbound<'_, '_>) -> Option<u16> {
    let request = inbound.request;
    match request.defect {
        Some(Defect::Version) => return Some(505),
        Some(_) => return Some(400),
        None => {}
    }
    let StartLine::Request { token, uri, .. } = request.start else {
        return Some(400);
    };
    let cseq = request.cseq().is_some_and(|c| c.token == token);
    let addressed = request.from().is_some() && request.to().is_some();
    if !cseq || !addressed || request.call_id().is_empty() {
        return Some(400);
    }
    // Leading zeros are digits too (RFC 4475 §3.1.1.1).
    let hops = request.first(HeaderName::MaxForwards).map(lex::number);
    if hops.is_some_and(|n| n.is_none_or(|n| n > 255)) {
        return Some(400);
    }
    // These are kept as long as the dialog lives.
    let names = [
        request.call_id(),
        request.from_tag(),
        request.to_tag(),
        inbound.via.branch,
    ];
    if names.iter().any(|n| n.len() > NAME_MAX) {
        return Some(400);
    }
    let scheme_known = [&b"sip:"[..], b"sips:", b"tel:"]
        .iter()
        .any(|s| uri.len() > s.len() && uri[..s.len()].eq_ignore_ascii_case(s));
    (!scheme_known).then_some(416)
}
