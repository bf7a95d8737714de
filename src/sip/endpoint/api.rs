//! Values that go in and out of an [`Endpoint`](crate::Endpoint).

use std::time::Duration;

use crate::config::Credentials;
use crate::event::RequestKey;
use crate::options::SessionOptions;
use crate::peer::Peer;

/// A message to send: one datagram, or one message into the stream to that peer, which is opened
/// if there is none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transmit {
    /// Destination.
    pub to: Peer,
    /// The message.
    pub bytes: Vec<u8>,
}

/// An outgoing call.
#[derive(Debug, Clone)]
pub struct Invite {
    /// Request-URI, sent octet for octet (tech prefixes, `tel:`, escapes).
    pub request_uri: String,
    /// Where the INVITE goes: the trunk, the proxy, or the source of a phone's binding.
    pub next_hop: Peer,
    /// URI of From, e.g. `sip:+15550100@carrier.example`.
    pub from: String,
    /// Display name of From; empty for none. Quoted as needed.
    pub display: String,
    /// URI of To; mostly equal to the request-URI.
    pub to: String,
    /// User part of our Contact; empty for none.
    pub contact_user: String,
    /// SDP offer, see [`SessionDescription::offer`](crate::SessionDescription::offer). Empty: the
    /// peer makes the offer in its 200 (delayed offer), to be answered with
    /// [`ack_with`](crate::Endpoint::ack_with).
    pub body: Vec<u8>,
    /// Further header lines (P-Asserted-Identity, Privacy, Diversion, History-Info, User-to-User,
    /// Identity, Replaces, X-…), in this order, values octet for octet.
    pub headers: Vec<(String, String)>,
    /// For 401 and 407.
    pub credentials: Option<Credentials>,
    /// Session timer, reliable provisional responses, redirections, transfers.
    pub session: SessionOptions,
}

/// A registration to be kept up.
#[derive(Debug, Clone)]
pub struct Register {
    /// Request-URI, e.g. `sip:carrier.example`.
    pub registrar: String,
    /// Address of record, e.g. `sip:1001@carrier.example`.
    pub aor: String,
    /// User part of our Contact.
    pub contact_user: String,
    /// Time asked for.
    pub expires: Duration,
    /// For 401 and 407.
    pub credentials: Option<Credentials>,
    /// Where the REGISTER goes.
    pub next_hop: Peer,
}

/// One flow of a registration (RFC 5626).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outbound {
    /// URN of this installation, the same for ever (`urn:uuid:…`, RFC 5626 §4.1), without angle
    /// brackets.
    pub instance: String,
    /// Tells the flows of one address of record apart; from 1.
    pub reg_id: u32,
}

/// What was counted since the endpoint was made.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counters {
    /// Datagrams received.
    pub received: u64,
    /// Datagrams handed out for sending, retransmissions included.
    pub sent: u64,
    /// Requests received that parsed.
    pub requests_received: u64,
    /// Responses received that parsed.
    pub responses_received: u64,
    /// Keep-alives (CRLF and the like).
    pub keep_alives: u64,
    /// Datagrams that are not SIP, dropped.
    pub malformed: u64,
    /// Requests that were SIP but broken, answered 400.
    pub bad_requests: u64,
    /// Datagrams above the size limit, dropped.
    pub oversized: u64,
    /// Our own retransmissions of requests and responses.
    pub retransmissions_sent: u64,
    /// Retransmissions received and absorbed.
    pub retransmissions_received: u64,
    /// Responses that match nothing, dropped.
    pub dropped_stray_responses: u64,
    /// 2xx to our INVITE after the call was forgotten: acknowledged and hung up.
    pub stray_answers: u64,
    /// ACKs that match nothing, dropped.
    pub dropped_stray_acks: u64,
    /// Requests from sources over their rate, dropped.
    pub dropped_rate_limited: u64,
    /// Requests from banned sources, dropped.
    pub dropped_banned: u64,
    /// Requests from strangers, dropped.
    pub dropped_strangers: u64,
    /// Requests from strangers, answered 403.
    pub rejected_strangers: u64,
    /// Challenges sent (401, 407).
    pub challenges_sent: u64,
    /// Credentials refused.
    pub auth_failures: u64,
    /// Credentials not looked at, as too many wrong ones for their user came from elsewhere;
    /// answered 503.
    pub auth_slowed: u64,
    /// Answers whose `rspauth` did not prove that the server knows our password (RFC 7616 §3.5).
    /// Counted only: border controllers rewrite what it covers.
    pub auth_info_mismatches: u64,
    /// Sources banned, and users banned at a source.
    pub bans: u64,
    /// 503 sent because a limit was reached.
    pub rejected_full: u64,
    /// Requests for dialogs we do not have, answered 481.
    pub no_dialog: u64,
    /// Merged requests and loops, answered 482.
    pub merged_or_looped: u64,
    /// Methods answered 405 or 501.
    pub unsupported_methods: u64,
    /// Contacts of 3xx answers rung.
    pub redirects_followed: u64,
    /// Client transactions that ended by timer B or F.
    pub timeouts: u64,
    /// Client transactions that ended because their stream could not be opened or broke.
    pub transport_errors: u64,
    /// Requests too large for a datagram that left over TCP (RFC 3261 §18.1.1).
    pub moved_to_tcp: u64,
}

/// How much is held at this instant; all are bounded by [`Limits`](crate::Limits).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Held {
    /// Outgoing INVITEs, also those with a final response whose transaction lingers.
    pub calls: usize,
    /// Legs in any state.
    pub legs: usize,
    /// Client transactions.
    pub client_transactions: usize,
    /// Server transactions.
    pub server_transactions: usize,
    /// Registrations and OPTIONS of ours.
    pub requests: usize,
    /// Bindings in the registrar.
    pub bindings: usize,
    /// Sources remembered.
    pub sources: usize,
    /// Timers set.
    pub timers: usize,
}

/// Result of starting a request.
pub type Started = Result<RequestKey, crate::SipError>;
