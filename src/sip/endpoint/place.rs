//! Placing calls: checks, and the INVITE itself.

use std::time::Instant;

use super::agenda::ClientId;
use super::call::Call;
use super::client::{Head, Purpose};
use super::locals::as_asked;
use super::{Endpoint, Invite, session_timer};
use crate::error::SipError;
use crate::event::CallKey;
use crate::headers::lex;
use crate::message::{HeaderName, Method, Writer};
use crate::options::Reliable;
use crate::sdp::SessionDescription;
use crate::uri::is_sendable;

/// Header fields the endpoint writes itself.
fn is_ours(name: &str) -> bool {
    use HeaderName as H;
    let ours = [
        H::Via,
        H::From,
        H::To,
        H::CallId,
        H::CSeq,
        H::Contact,
        H::MaxForwards,
        H::ContentLength,
        H::ContentType,
        H::RecordRoute,
        H::Authorization,
        H::ProxyAuthorization,
        H::Allow,
        H::SessionExpires,
        H::MinSe,
        H::RSeq,
        H::RAck,
    ];
    ours.contains(&HeaderName::from_bytes(name.as_bytes()))
}

/// Looks at a call before it is placed; an empty body is a delayed offer.
fn check(invite: &Invite) -> Result<(), SipError> {
    for (what, uri) in [
        ("request URI", &invite.request_uri),
        ("From URI", &invite.from),
        ("To URI", &invite.to),
    ] {
        if !is_sendable(uri.as_bytes()) {
            return Err(SipError::Invalid { what });
        }
    }
    for (name, value) in &invite.headers {
        if !Invite::may_carry(name, value) {
            return Err(SipError::Invalid {
                what: "extra header",
            });
        }
    }
    if invite.body.is_empty() {
        // The offer could then come in a 183, with nobody there to answer it.
        return match invite.session.reliable {
            Reliable::Required => Err(SipError::Invalid {
                what: "call without an offer that requires 100rel",
            }),
            _ => Ok(()),
        };
    }
    let sdp = SessionDescription::parse(&invite.body);
    sdp.map(|_| ())
        .map_err(|_| SipError::Invalid { what: "SDP body" })
}

/// Lines that say which extensions a call may use.
fn extensions(call: &Call, out: &mut Writer) {
    let options = &call.options;
    let mut supported = vec!["replaces", "norefersub"];
    if options.timer.is_some() {
        supported.insert(0, "timer");
    }
    match options.reliable {
        Reliable::Required => {
            out.header("Require", "100rel");
        }
        Reliable::Supported if !call.offer.is_empty() => supported.insert(0, "100rel"),
        _ => {}
    }
    out.header("Supported", supported.join(", "));
    if let Some(timer) = options.timer {
        session_timer::ask(timer.bounded(), call.min_se, out);
    }
}

impl Invite {
    /// Whether a header line may be added to a call: a name that is a token and none the endpoint
    /// writes itself, a value in one line.
    pub fn may_carry(name: &str, value: &str) -> bool {
        let token = !name.is_empty() && name.bytes().all(lex::is_token);
        token && !is_ours(name) && !value.contains(['\r', '\n', '\0'])
    }
}

impl Endpoint {
    /// Places a call.
    ///
    /// # Errors
    /// [`SipError::Invalid`] for URIs, headers or SDP that cannot be sent, [`SipError::Full`].
    pub fn invite(&mut self, now: Instant, invite: Invite) -> Result<CallKey, SipError> {
        let call_id = self.tokens.call_id();
        self.invite_as(now, invite, call_id)
    }

    /// Places a call under a Call-ID of the owner's, so that it can be written down before the
    /// INVITE leaves. It must be unique in space and time (RFC 3261 §8.1.1.4).
    ///
    /// # Errors
    /// As [`Self::invite`]; [`SipError::Invalid`] for a Call-ID that is not one token.
    pub fn invite_as(
        &mut self,
        now: Instant,
        invite: Invite,
        call_id: String,
    ) -> Result<CallKey, SipError> {
        if call_id.is_empty() || !call_id.bytes().all(lex::is_token) {
            return Err(SipError::Invalid { what: "Call-ID" });
        }
        check(&invite)?;
        if self.is_full() {
            return Err(SipError::Full {
                what: "transaction",
            });
        }
        if self.legs.len() >= self.config.limits.max_dialogs {
            return Err(SipError::Full { what: "dialog" });
        }
        let key = CallKey(self.draw_key());
        let display = if invite.display.is_empty() {
            String::new()
        } else {
            format!("{} ", lex::quote(&invite.display))
        };
        let from = format!("{display}<{}>;tag={}", invite.from, self.tokens.tag());
        let contact = self.contact(&invite.contact_user, invite.next_hop);
        let contact = as_asked(contact, invite.request_uri.as_bytes());
        let call = Call::new(Box::new(invite), contact, from, call_id);
        self.calls.insert(key, call);
        self.send_invite(now, key);
        Ok(key)
    }

    /// The Call-ID of an outgoing call that is still known.
    pub fn call_id(&self, call: CallKey) -> Option<&str> {
        self.calls.get(&call).map(|c| c.call_id.as_str())
    }

    pub(super) fn send_invite(&mut self, now: Instant, key: CallKey) {
        // Taken out for the time of writing, as `open` draws from the endpoint.
        let Some(mut call) = self.calls.remove(&key) else {
            return;
        };
        if let Some(invite) = &call.invite {
            call.cseq += 1;
            let to = format!("<{}>", invite.to);
            let head = Head {
                method: Method::Invite,
                uri: &call.uri,
                routes: &[],
                from: &call.from,
                to: to.as_bytes(),
                call_id: call.call_id.as_bytes(),
                cseq: call.cseq,
            };
            let (branch, mut out) = self.open(&head, invite.next_hop);
            out.header("Contact", &call.contact);
            let cnonce = self.tokens.tag();
            let mut lines = Writer::block();
            if let Some(auth) = &mut call.auth {
                for (name, value) in auth.authorize("INVITE", &call.uri, &call.offer, &cnonce) {
                    lines.header(name.as_str(), value);
                }
            }
            call.auth_lines = lines.into_exact_block();
            out.lines(&call.auth_lines);
            out.header("Allow", self.allow());
            extensions(&call, &mut out);
            if !self.config.user_agent.is_empty() {
                out.header("User-Agent", &self.config.user_agent);
            }
            for (name, value) in &invite.headers {
                out.header(name, value);
            }
            let bytes = out.finish("application/sdp", &call.offer);
            call.branch = branch;
            call.is_proceeding = false;
            let (id, to) = (
                ClientId {
                    branch,
                    is_cancel: false,
                },
                invite.next_hop,
            );
            self.start_client(now, id, Method::Invite, Purpose::Invite(key), to, bytes);
        }
        self.calls.insert(key, call);
    }
}
