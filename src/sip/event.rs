//! What an [`Endpoint`](crate::Endpoint) reports.

use std::time::Duration;

use crate::headers::lex::ListIter;
use crate::headers::{NameAddr, Reason};
use crate::peer::Peer;
use crate::sdp::SessionDescription;
use crate::uri::user_of;

/// One outgoing INVITE (with all its retries for authentication and all its forks).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CallKey(pub(crate) u64);

/// One dialog: a branch of an outgoing call that answered, or an incoming call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LegKey(pub(crate) u64);

/// One OPTIONS or one registration that is kept up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RequestKey(pub(crate) u64);

impl CallKey {
    /// Number unique within the endpoint, for logs.
    pub fn number(self) -> u64 {
        self.0
    }
}

impl LegKey {
    /// Number unique within the endpoint, for logs.
    pub fn number(self) -> u64 {
        self.0
    }
}

impl RequestKey {
    /// Number unique within the endpoint, for logs.
    pub fn number(self) -> u64 {
        self.0
    }
}

/// Something that happened. Every outgoing call ends in exactly one [`Event::Failed`], or in one
/// or more [`Event::Answered`]; every leg that was answered or came in ends in exactly one
/// [`Event::Ended`] or [`Event::IncomingCancelled`] (a rejected incoming leg needs no event).
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Event {
    /// The next hop has our INVITE (100 Trying); nothing is heard yet.
    Trying {
        /// The outgoing call.
        call: CallKey,
    },
    /// 101–199. 180 is the first sign of ringing; with `sdp` there is early media to listen to.
    Provisional {
        /// The outgoing call.
        call: CallKey,
        /// The early dialog, when the response names one.
        leg: Option<LegKey>,
        /// 101–199.
        code: u16,
        /// Reason phrase as received.
        phrase: String,
        /// Early media.
        sdp: Option<SessionDescription>,
    },
    /// A 2xx with a usable answer arrived and was acknowledged: someone is on the line, also when
    /// `nth > 0` or `after_cancel`. Only the owner ends the leg, with [`bye`](crate::Endpoint::bye).
    Answered {
        /// The outgoing call.
        call: CallKey,
        /// The dialog of this answer.
        leg: LegKey,
        /// 0 for the first answer, counting up for further forks.
        nth: u32,
        /// We had asked to cancel before this answer came.
        after_cancel: bool,
        /// The answer.
        sdp: SessionDescription,
    },
    /// The call has ended without a usable answer.
    Failed(Failure),
    /// The leg is gone.
    Ended {
        /// The dialog.
        leg: LegKey,
        /// Who or what ended it.
        cause: EndCause,
        /// Reason header fields of the BYE (RFC 3326).
        reasons: Vec<Reason>,
    },
    /// Somebody whom the policy lets in calls; 100 Trying was sent. Answer with
    /// [`ring`](crate::Endpoint::ring), [`answer`](crate::Endpoint::answer) or
    /// [`reject`](crate::Endpoint::reject).
    Incoming(Box<IncomingCall>),
    /// The caller gave up before our final answer (487 was sent), or nobody answered within the
    /// caller's Expires or [`Timers::proceeding_max`](crate::Timers) (480 was sent), or our reliable
    /// provisional response was never acknowledged (504 was sent). The leg is gone.
    IncomingCancelled {
        /// The dialog.
        leg: LegKey,
        /// Reason header fields of the CANCEL.
        reasons: Vec<Reason>,
    },
    /// The caller has our 200: the incoming leg stands.
    Acked {
        /// The dialog.
        leg: LegKey,
        /// The answer in the ACK, when our 200 carried the offer.
        sdp: Option<SessionDescription>,
    },
    /// The session changed: the peer offered something else by re-INVITE or UPDATE and was answered
    /// with `local`, or accepted what [`reoffer`](crate::Endpoint::reoffer) or
    /// [`hold`](crate::Endpoint::hold) offered. Also before the answer, by UPDATE in an early dialog.
    MediaChanged {
        /// The dialog.
        leg: LegKey,
        /// The peer's present description.
        remote: SessionDescription,
        /// Ours.
        local: SessionDescription,
    },
    /// What [`reoffer`](crate::Endpoint::reoffer) or [`hold`](crate::Endpoint::hold) offered was
    /// refused; the session is as before.
    ReofferFailed {
        /// The dialog.
        leg: LegKey,
        /// Final status; 491 when it collided with offers of the peer's again and again, 488 also
        /// when it was accepted without a usable answer.
        code: u16,
    },
    /// News of a transfer we asked for with [`refer`](crate::Endpoint::refer).
    ReferProgress {
        /// The dialog of the REFER.
        leg: LegKey,
        /// Status of the peer's call to the target, 100–699; 100 also when it agreed to try.
        code: u16,
    },
    /// A transfer we asked for is over, one way or the other; once for each
    /// [`refer`](crate::Endpoint::refer). The leg itself stands until it is hung up.
    ReferEnded {
        /// The dialog of the REFER.
        leg: LegKey,
        /// What became of it.
        outcome: ReferOutcome,
    },
    /// The peer asks us to call somebody in its stead. Only with
    /// [`SessionOptions::takes_refer`](crate::SessionOptions::takes_refer). Answer with
    /// [`refer_accept`](crate::Endpoint::refer_accept) or
    /// [`refer_refuse`](crate::Endpoint::refer_refuse); declined with 603 after 8 s.
    ReferRequested(Box<ReferRequest>),
    /// A key pressed, by INFO (`application/dtmf-relay` or `application/dtmf`).
    Dtmf {
        /// The dialog.
        leg: LegKey,
        /// `0`–`9`, `*`, `#`, `A`–`D`.
        digit: char,
        /// As stated by the sender; 0 if not stated.
        duration: Duration,
    },
    /// What became of [`options`](crate::Endpoint::options).
    OptionsReply {
        /// The request.
        key: RequestKey,
        /// Final status; 408 when `timed_out`. Any status shows that the peer is alive.
        code: u16,
        /// No answer within 64·T1.
        timed_out: bool,
    },
    /// The registration stands (also after each refresh).
    Registered {
        /// The registration.
        key: RequestKey,
        /// Time granted; it is refreshed before.
        expires: Duration,
        /// Service-Route (RFC 3608), nearest first: the Route of calls over this registrar.
        /// Mostly empty.
        service_route: Vec<String>,
    },
    /// The registration was removed at our wish (or the wish was not answered).
    Unregistered {
        /// The registration.
        key: RequestKey,
    },
    /// The registration does not stand. It is tried again until it is removed: soon after most
    /// failures, after half an hour when the credentials were refused (401, 403, 407).
    RegistrationFailed {
        /// The registration.
        key: RequestKey,
        /// Final status; 408 or 503 (no connection, or it broke) when `timed_out`.
        code: u16,
        /// Reason phrase as received.
        phrase: String,
        /// No answer within 64·T1, or no connection: the code is ours.
        timed_out: bool,
        /// When it is tried again.
        retry_in: Duration,
        /// Contacts of a 3xx that was not followed (a name, which only the owner can look up), as
        /// received.
        contacts: Vec<String>,
    },
    /// The bindings of a user of our registrar changed: added, refreshed from another address,
    /// removed or expired.
    BindingsChanged {
        /// The user.
        user: String,
        /// All present bindings, best `q` first, then latest first. Empty: unreachable.
        bindings: Vec<Binding>,
    },
}

/// Why an outgoing call failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// The outgoing call.
    pub call: CallKey,
    /// Final status 300–699. 408 when `timed_out`, 488 when `unusable`, 487 when a cancelled
    /// call got no final response.
    pub code: u16,
    /// Reason phrase as received.
    pub phrase: String,
    /// Reason header fields (RFC 3326), e.g. `Q.850;cause=17`.
    pub reasons: Vec<Reason>,
    /// `Retry-After` of the response.
    pub retry_after: Option<Duration>,
    /// First `Warning`.
    pub warning: Option<String>,
    /// Timer B fired, nothing at all was heard (the code is ours). Also set when a cancelled
    /// call got no final response within 64·T1.
    pub timed_out: bool,
    /// The stream to the next hop could not be opened, or broke before anything was heard (the
    /// code, 503, is ours).
    pub transport_error: bool,
    /// We had asked to cancel.
    pub after_cancel: bool,
    /// A 2xx came whose SDP cannot be used; it was acknowledged and hung up. A person answered.
    pub unusable: bool,
    /// Contacts of a 3xx, as received.
    pub contacts: Vec<String>,
}

/// Who or what ended a leg.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum EndCause {
    /// The peer sent BYE.
    RemoteBye,
    /// We sent BYE; `confirmed` when the peer answered it.
    LocalBye {
        /// False: no answer within 64·T1.
        confirmed: bool,
    },
    /// Our 2xx was never acknowledged; we sent BYE.
    AckTimeout,
    /// Nobody refreshed the session in time (RFC 4028 §10); we sent BYE.
    SessionExpired,
    /// A request within the dialog was answered 481 or not at all (408): the peer has lost it
    /// (RFC 3261 §12.2.1.2). We sent BYE.
    Lost {
        /// 408 or 481.
        code: u16,
    },
    /// The owner did not answer the offer of a 200 in time; it was declined and we sent BYE.
    OfferUnanswered,
}

/// How a transfer we asked for ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReferOutcome {
    /// The peer reached the target.
    Transferred,
    /// The peer tried and did not reach the target.
    Failed {
        /// Status of its call, 300–699.
        code: u16,
    },
    /// The peer did not try.
    Refused {
        /// Status of the REFER; 408 without any answer.
        code: u16,
    },
    /// The peer agreed and never said how it went: the leg ended, the subscription ran out after
    /// 180 s, or it declared that it would not tell (RFC 4488).
    Unknown,
}

/// A transfer the peer asks for (RFC 3515).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReferRequest {
    /// The dialog of the REFER.
    pub leg: LegKey,
    /// URI to call, as received, without its header part.
    pub target: String,
    /// The leg of ours whose call the new one is to replace (both calls of an attended transfer
    /// end here).
    pub replaces: Option<LegKey>,
    /// `Replaces` for the INVITE to the target, unescaped (attended transfer to somebody else).
    pub replaces_value: Option<String>,
    /// `Referred-By` (RFC 3892), as received.
    pub referred_by: Option<String>,
}

/// An incoming call the policy lets in.
#[derive(Debug, Clone, PartialEq)]
pub struct IncomingCall {
    /// The dialog to answer on.
    pub leg: LegKey,
    /// Where the datagram came from.
    pub source: Peer,
    /// Request-URI, as received.
    pub request_uri: String,
    /// User part of the request-URI, unescaped (the number called, for `tel:` too).
    pub to_user: String,
    /// URI of From, as received.
    pub from_uri: String,
    /// User part of From, unescaped.
    pub from_user: String,
    /// Display name of From, unquoted.
    pub from_display: String,
    /// Call-ID.
    pub call_id: String,
    /// The user of our registrar who proved to be calling; `None` for allowed sources.
    pub user: Option<String>,
    /// The offer; `None`: we have to make one in the 200.
    pub sdp: Option<SessionDescription>,
    /// The leg this call takes the place of (`Replaces`, RFC 3891; from allowed sources only).
    /// Answer this one, then hang up that one.
    pub replaces: Option<LegKey>,
    /// Every header line, name as received, value with invalid UTF-8 replaced.
    pub headers: Vec<(String, String)>,
}

/// Where a user's phone can be reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Binding {
    /// Contact URI, octet for octet: the request-URI of a call to the phone.
    pub contact: String,
    /// Where the REGISTER came from: the next hop of a call to the phone (NAT).
    pub source: Peer,
    /// Path (RFC 3327), nearest to us first: the Route of a call to the phone. Taken from allowed
    /// proxies only; mostly empty.
    pub path: Vec<String>,
    /// Time left.
    pub expires: Duration,
    /// Preference in thousandths, 0–1000 (`q`, RFC 3261 §10.2.1.2); 1000 if not stated.
    pub q_thousandths: u16,
    /// `User-Agent` of the phone.
    pub user_agent: String,
}

impl IncomingCall {
    /// User part of the first `P-Asserted-Identity` (RFC 3325) that has one, unescaped: the number
    /// the network vouches for. To be believed from trusted sources only.
    pub fn asserted_user(&self) -> Option<String> {
        let lines = self.headers.iter();
        let values = lines.filter(|(n, _)| n.eq_ignore_ascii_case("P-Asserted-Identity"));
        values
            .flat_map(|(_, value)| ListIter::new(value.as_bytes()))
            .filter_map(NameAddr::parse)
            .map(|address| user_of(address.uri))
            .find(|user| !user.is_empty())
    }
}
