//! Transfers the peer asks us for: REFER, and the NOTIFYs we send about it (RFC 3515, RFC 4488).

use std::time::{Duration, Instant};

use super::Endpoint;
use super::access::Inbound;
use super::agenda::{LegTimer, Target};
use super::client::Purpose;
use super::dialog_request::{Asked, Within};
use super::leg::Phase;
use super::stub::Reply;
use crate::error::SipError;
use crate::event::{Event, LegKey, ReferRequest};
use crate::headers::{NameAddr, lex};
use crate::message::{HeaderName, Method, Writer, reason_phrase};

/// How long the owner may think before a REFER is declined: well within the peer's timer F.
const THINK_MAX: Duration = Duration::from_secs(8);

/// How long the subscription of an accepted REFER lasts.
const NEWS_MAX: Duration = Duration::from_secs(180);

const GONE: SipError = SipError::Gone { what: "REFER" };

/// A transfer we were asked for.
#[derive(Debug)]
pub(super) struct Referral {
    /// The REFER's server transaction.
    server: u64,
    /// `id` of the subscription; the first of a dialog needs none (RFC 3515 §2.4.6).
    id: Option<u32>,
    wants_news: bool,
    is_accepted: bool,
    /// Sent last, to be said again when the subscription runs out.
    code: u16,
    /// A NOTIFY is under way, and what is to be said after it.
    is_telling: bool,
    waiting: Option<u16>,
}

impl Endpoint {
    pub(super) fn on_refer(&mut self, inbound: &Inbound<'_, '_>, key: LegKey) {
        let request = inbound.request;
        let mut targets = request.list(HeaderName::ReferTo);
        let target = targets.next().and_then(NameAddr::parse);
        let (Some(target), None) = (target, targets.next()) else {
            self.finish(inbound, 400, &[], b"");
            return;
        };
        let Some(leg) = self.legs.get(&key) else {
            return;
        };
        let code = match leg.phase {
            Phase::Up if !leg.takes_refer => Some(603),
            Phase::Up if leg.referral.is_some() => Some(491),
            Phase::Up => None,
            _ => Some(481),
        };
        if let Some(code) = code {
            self.finish(inbound, code, &[], b"");
            return;
        }
        let (uri, headers) = split_headers(target.uri);
        let replaces = headers.and_then(|h| uri_header(h, b"replaces"));
        let ours = replaces.as_deref().and_then(|v| self.leg_replaced(v));
        let silent = request.named("Refer-Sub");
        let server = self.start_server(inbound);
        let number = request.cseq().map_or(0, |c| c.number);
        let Some(leg) = self.legs.get_mut(&key) else {
            return;
        };
        leg.referral = Some(Box::new(Referral {
            server,
            id: (leg.referrals > 0).then_some(number),
            wants_news: !silent.is_some_and(|v| v.trim().eq_ignore_ascii_case("false")),
            is_accepted: false,
            code: 100,
            is_telling: false,
            waiting: None,
        }));
        leg.referrals += 1;
        let until = Some(inbound.now + THINK_MAX);
        self.agenda.set(Target::Leg(key, LegTimer::Referral), until);
        let by = request.first(HeaderName::ReferredBy);
        self.events
            .push_back(Event::ReferRequested(Box::new(ReferRequest {
                leg: key,
                target: lex::text(uri),
                replaces: ours,
                replaces_value: replaces.map(|v| lex::text(&v)),
                referred_by: by.map(lex::text),
            })));
    }

    fn referral(&mut self, leg: LegKey) -> Result<&mut Referral, SipError> {
        let leg = self.legs.get_mut(&leg).ok_or(GONE)?;
        leg.referral.as_deref_mut().ok_or(GONE)
    }

    /// Agrees to a transfer the peer asked for (202). Tell how it goes with
    /// [`Self::refer_progress`].
    ///
    /// # Errors
    /// [`SipError::Gone`] when the REFER is answered already or its leg is gone.
    pub fn refer_accept(&mut self, now: Instant, leg: LegKey) -> Result<(), SipError> {
        let referral = self.referral(leg)?;
        if referral.is_accepted {
            return Err(GONE);
        }
        referral.is_accepted = true;
        let (server, wants_news) = (referral.server, referral.wants_news);
        let contact = self.legs.get(&leg).map(|l| l.contact.clone());
        let mut headers = vec![("Contact", contact.unwrap_or_default())];
        if !wants_news {
            headers.push(("Refer-Sub", "false".to_owned()));
        }
        let reply = Reply {
            code: 202,
            headers: &headers,
            ..Reply::default()
        };
        self.respond(now, server, &reply);
        let until = wants_news.then(|| now + NEWS_MAX);
        self.agenda.set(Target::Leg(leg, LegTimer::Referral), until);
        if wants_news {
            self.tell(now, leg, 100);
        } else if let Some(leg) = self.legs.get_mut(&leg) {
            leg.referral = None;
        }
        Ok(())
    }

    /// Declines a transfer the peer asked for. Left alone, it is declined with 603 after 8 s.
    ///
    /// # Errors
    /// [`SipError::Gone`] when the REFER is answered already or its leg is gone;
    /// [`SipError::Invalid`] for a code outside 300–699.
    pub fn refer_refuse(&mut self, now: Instant, leg: LegKey, code: u16) -> Result<(), SipError> {
        if !(300..700).contains(&code) {
            return Err(SipError::Invalid {
                what: "final status",
            });
        }
        let referral = self.referral(leg)?;
        if referral.is_accepted {
            return Err(GONE);
        }
        let server = referral.server;
        let reply = Reply {
            code,
            ..Reply::default()
        };
        self.respond(now, server, &reply);
        self.end_referral(leg);
        Ok(())
    }

    /// Tells the peer how the transfer it asked for goes: status of our call to the target,
    /// 100–699; from 200 on it is over. No effect where the peer wants no news.
    ///
    /// # Errors
    /// [`SipError::Gone`] when no accepted REFER is open; [`SipError::Invalid`] for another code.
    pub fn refer_progress(&mut self, now: Instant, leg: LegKey, code: u16) -> Result<(), SipError> {
        if !(100..700).contains(&code) {
            return Err(SipError::Invalid { what: "status" });
        }
        let referral = self.referral(leg)?;
        if !referral.is_accepted || referral.code >= 200 {
            return Err(GONE);
        }
        self.tell(now, leg, code);
        Ok(())
    }

    fn end_referral(&mut self, key: LegKey) {
        self.agenda.set(Target::Leg(key, LegTimer::Referral), None);
        if let Some(leg) = self.legs.get_mut(&key) {
            leg.referral = None;
        }
    }

    /// A NOTIFY; one at a time, so that none overtakes another.
    fn tell(&mut self, now: Instant, key: LegKey, code: u16) {
        let Ok(referral) = self.referral(key) else {
            return;
        };
        referral.code = code;
        if referral.is_telling {
            referral.waiting = Some(code);
            return;
        }
        let state = if code < 200 {
            format!("active;expires={}", NEWS_MAX.as_secs())
        } else {
            "terminated;reason=noresource".to_owned()
        };
        self.notify(now, key, code, state);
    }

    fn notify(&mut self, now: Instant, key: LegKey, code: u16, state: String) {
        let Ok(referral) = self.referral(key) else {
            return;
        };
        referral.is_telling = true;
        let id = referral.id.map_or(String::new(), |id| format!(";id={id}"));
        let mut lines = Writer::block();
        lines.header("Event", format!("refer{id}"));
        lines.header("Subscription-State", state);
        if let Some(leg) = self.legs.get(&key) {
            lines.header("Contact", &leg.contact);
        }
        let body = format!("SIP/2.0 {code} {}\r\n", reason_phrase(code));
        let within = Within {
            method: Method::Notify,
            purpose: Purpose::Within(key, Asked::Notify),
            lines: &lines.into_block(),
            content_type: "message/sipfrag;version=2.0",
            body: body.as_bytes(),
        };
        self.send_within(now, key, &within);
    }

    /// A NOTIFY was answered, or not.
    pub(super) fn on_notify_response(&mut self, now: Instant, key: LegKey, code: u16) {
        let Ok(referral) = self.referral(key) else {
            return;
        };
        referral.is_telling = false;
        let (waiting, is_last) = (referral.waiting.take(), referral.code >= 200);
        match waiting {
            // The peer has dropped the subscription (RFC 6665 §4.2.2): nothing more to tell.
            _ if code >= 300 => self.end_referral(key),
            Some(next) => self.tell(now, key, next),
            None if is_last => self.end_referral(key),
            None => {}
        }
    }

    /// The owner does not decide, or the subscription runs out.
    pub(super) fn on_referral_timer(&mut self, now: Instant, key: LegKey) {
        let Ok(referral) = self.referral(key) else {
            return;
        };
        if referral.is_accepted {
            let code = referral.code;
            self.notify(now, key, code, "terminated;reason=timeout".to_owned());
            self.end_referral(key);
        } else {
            // Nobody took it up: it is still there to refuse.
            let _ = self.refer_refuse(now, key, 603);
        }
    }
}

/// A URI and its header part.
fn split_headers(uri: &[u8]) -> (&[u8], Option<&[u8]>) {
    let after = uri.iter().position(|b| *b == b'@').unwrap_or(0);
    match uri[after..].iter().position(|b| *b == b'?') {
        Some(at) => (&uri[..after + at], Some(&uri[after + at + 1..])),
        None => (uri, None),
    }
}

/// A header of a URI's header part, unescaped.
fn uri_header(headers: &[u8], wanted: &[u8]) -> Option<Vec<u8>> {
    headers.split(|b| *b == b'&').find_map(|pair| {
        let (name, value) = lex::name_value(pair);
        let named = lex::unescape(name).eq_ignore_ascii_case(wanted);
        named.then(|| lex::unescape(value.unwrap_or(b"")))
    })
}
