//! One binding: where a user's phone is, and which registration said so.

use std::time::{Duration, Instant};

use super::same_uri::same_uri;
use crate::event::Binding;
use crate::headers::{NameAddr, lex};
use crate::message::{HeaderName, Message};
use crate::peer::Peer;

/// What a REGISTER says of all its contacts.
#[derive(Debug, Clone, Copy)]
pub(super) struct Origin<'a> {
    pub(super) now: Instant,
    pub(super) source: Peer,
    /// The source is an allowed proxy: the phone is somewhere behind it.
    pub(super) is_proxied: bool,
    /// Path, nearest to us first; empty unless from an allowed proxy (RFC 3327).
    pub(super) path: &'a [&'a [u8]],
    /// Flows are told apart by `reg-id` (RFC 5626).
    pub(super) is_outbound: bool,
    pub(super) request: &'a Message<'a>,
}

/// One binding.
#[derive(Debug, Clone)]
pub(super) struct Bound {
    contact: Vec<u8>,
    /// `+sip.instance`, with its quotes.
    instance: Option<Vec<u8>>,
    reg_id: Option<u32>,
    pub(super) source: Peer,
    is_proxied: bool,
    path: Vec<Vec<u8>>,
    pub(super) until: Instant,
    pub(super) granted: Duration,
    q: u16,
    call_id: Vec<u8>,
    cseq: u32,
    user_agent: String,
    /// Order of storing.
    pub(super) since: u64,
}

impl Bound {
    pub(super) fn new(address: &NameAddr<'_>, origin: &Origin<'_>, granted: Duration) -> Self {
        let request = origin.request;
        let agent = request.first(HeaderName::UserAgent).unwrap_or(b"");
        let reg_id = address.param(b"reg-id").and_then(lex::leading_number);
        Self {
            contact: address.uri.to_vec(),
            instance: address.param(b"+sip.instance").map(<[u8]>::to_vec),
            reg_id: reg_id.filter(|_| origin.is_outbound),
            source: origin.source,
            is_proxied: origin.is_proxied,
            path: origin.path.iter().map(|p| p.to_vec()).collect(),
            until: origin.now + granted,
            granted,
            q: address.param(b"q").map_or(1000, thousandths),
            call_id: request.call_id().to_vec(),
            cseq: request.cseq().map_or(0, |c| c.number),
            user_agent: lex::text(&agent[..agent.len().min(128)]),
            since: 0,
        }
    }

    /// The new binding takes the place of the old: same Contact, or the same phone (and the same
    /// of its flows) under another address (RFC 5626 §6).
    pub(super) fn same_place(&self, other: &Self) -> bool {
        let same_phone = self.instance.is_some() && self.instance == other.instance;
        if same_phone {
            return self.reg_id == other.reg_id;
        }
        let one_is_a_flow = self.reg_id.is_some() || other.reg_id.is_some();
        !one_is_a_flow && same_uri(&self.contact, &other.contact)
    }

    /// A REGISTER of the same Call-ID that is not newer (RFC 3261 §10.3 step 7).
    pub(super) fn is_newer_than(&self, call_id: &[u8], cseq: u32) -> bool {
        self.call_id == call_id && self.cseq >= cseq
    }

    /// Whether another REGISTER came before this one.
    pub(super) fn is_out_of_order_after(&self, old: &Self) -> bool {
        self.same_place(old) && old.is_newer_than(&self.call_id, self.cseq)
    }

    /// Whether it goes with its stream: a phone behind NAT cannot be called back, while a proxy is
    /// connected to afresh.
    pub(super) fn lives_on(&self, stream: Peer) -> bool {
        self.source == stream && stream.transport.is_reliable() && !self.is_proxied
    }

    /// The phone itself sent from there.
    pub(super) fn is_at_home(&self, source: Peer) -> bool {
        self.source == source && !self.is_proxied
    }

    pub(super) fn rank(&self) -> (u16, u64) {
        (self.q, self.since)
    }

    /// Value of its Contact line in the answer.
    pub(super) fn line(&self, now: Instant) -> String {
        let seconds = self
            .until
            .saturating_duration_since(now)
            .as_secs_f64()
            .ceil();
        let q = f32::from(self.q) / 1000.0;
        let contact = lex::text(&self.contact);
        let mut line = format!("<{contact}>;expires={seconds};q={q}");
        if let Some(instance) = &self.instance {
            line.push_str(&format!(";+sip.instance={}", lex::text(instance)));
        }
        if let Some(reg_id) = self.reg_id {
            line.push_str(&format!(";reg-id={reg_id}"));
        }
        line
    }

    pub(super) fn view(&self, now: Instant) -> Binding {
        Binding {
            contact: lex::text(&self.contact),
            source: self.source,
            path: self.path.iter().map(|p| lex::text(p)).collect(),
            expires: self.until.saturating_duration_since(now),
            q_thousandths: self.q,
            user_agent: self.user_agent.clone(),
        }
    }
}

/// `0.7` → 700; nonsense counts as 1.
fn thousandths(value: &[u8]) -> u16 {
    let parsed = std::str::from_utf8(value)
        .ok()
        .and_then(|t| t.parse::<f32>().ok());
    let q = parsed.filter(|q| (0.0..=1.0).contains(q)).unwrap_or(1.0);
    // In range by the filter above.
    (q * 1000.0).round() as u16
}
