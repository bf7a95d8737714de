//! Transfers we ask the peer for: REFER and the NOTIFYs that tell how it goes (RFC 3515, RFC 6665,
//! RFC 4488, RFC 3892).

use std::time::{Duration, Instant};

use super::Endpoint;
use super::access::Inbound;
use super::agenda::{LegTimer, Target};
use super::client::Purpose;
use super::dialog_request::{Asked, Reaction, Within};
use super::leg::Phase;
use crate::error::SipError;
use crate::event::{Event, LegKey, ReferOutcome};
use crate::headers::{NameAddr, lex};
use crate::message::{HeaderName, Message, Method, Writer};
use crate::uri::is_sendable;

/// How long a transfer may take before we stop waiting for news.
const NEWS_MAX: Duration = Duration::from_secs(180);

/// A transfer we asked for.
#[derive(Debug)]
pub(super) struct Transfer {
    branch: u64,
    /// Reported last; 0 for nothing.
    code: u16,
    /// Its outcome was reported; further NOTIFYs are only answered.
    is_over: bool,
}

impl Endpoint {
    /// Asks the peer of an answered leg to call `target` instead of us (blind transfer), or with
    /// `replaces` to take the place of our other leg's call (attended: `target` is then the remote
    /// target of that leg, see [`Self::remote_target`]). [`Event::ReferProgress`] tells how it
    /// goes, one [`Event::ReferEnded`] how it ended. The leg stays: hang it up then.
    ///
    /// # Errors
    /// [`SipError::Gone`] when a leg is not answered or gone, [`SipError::Invalid`] for a target
    /// that cannot be sent, [`SipError::Busy`] while another transfer of the leg is open.
    pub fn refer(
        &mut self,
        now: Instant,
        leg: LegKey,
        target: &str,
        replaces: Option<LegKey>,
    ) -> Result<(), SipError> {
        if !is_sendable(target.as_bytes()) || target.contains('?') {
            return Err(SipError::Invalid {
                what: "transfer target",
            });
        }
        let headers = match replaces {
            Some(other) => format!("?Replaces={}", escape(&self.replaces_value(other)?)),
            None => String::new(),
        };
        let state = self.standing(leg)?;
        if state.transfer.as_ref().is_some_and(|t| !t.is_over) {
            return Err(SipError::Busy { what: "transfer" });
        }
        let by = NameAddr::parse(&state.dialog.local).map_or(&b""[..], |a| a.uri);
        let mut lines = Writer::block();
        lines.header("Refer-To", format!("<{target}{headers}>"));
        if !by.is_empty() {
            lines.header("Referred-By", [b"<", by, b">"].concat());
        }
        lines.header("Contact", &state.contact);
        lines.header("Supported", "norefersub");
        let within = Within {
            method: Method::Refer,
            purpose: Purpose::Within(leg, Asked::Refer),
            lines: &lines.into_block(),
            content_type: "",
            body: b"",
        };
        let branch = self
            .send_within(now, leg, &within)
            .ok_or(SipError::Gone { what: "leg" })?;
        self.standing(leg)?.transfer = Some(Transfer {
            branch,
            code: 0,
            is_over: false,
        });
        Ok(())
    }

    /// Where requests of a leg go: the peer's Contact, as received.
    pub fn remote_target(&self, leg: LegKey) -> Option<String> {
        Some(lex::text(&self.legs.get(&leg)?.dialog.target))
    }

    /// `Replaces` that names a leg's dialog to its peer (RFC 3891 §6.1): tags seen from there.
    fn replaces_value(&self, leg: LegKey) -> Result<Vec<u8>, SipError> {
        let state = self.legs.get(&leg).filter(|l| l.phase == Phase::Up);
        let id = &state.ok_or(SipError::Gone { what: "leg" })?.dialog.id;
        let parts: [&[u8]; 5] = [
            &id.call_id,
            b";to-tag=",
            &id.remote_tag,
            b";from-tag=",
            &id.local_tag,
        ];
        Ok(parts.concat())
    }

    /// Another try of the same REFER (credentials).
    pub(super) fn renumber_transfer(&mut self, key: LegKey, old: u64, fresh: u64) {
        let leg = self.legs.get_mut(&key);
        if let Some(transfer) = leg.and_then(|l| l.transfer.as_mut())
            && transfer.branch == old
        {
            transfer.branch = fresh;
        }
    }

    fn transfer_of(&mut self, key: LegKey, branch: u64) -> bool {
        let leg = self.legs.get(&key).and_then(|l| l.transfer.as_ref());
        leg.is_some_and(|t| t.branch == branch && !t.is_over)
    }

    pub(super) fn on_refer_response(&mut self, reaction: &Reaction<'_, '_>, key: LegKey) {
        let Reaction {
            now,
            response,
            code,
            branch,
            ..
        } = *reaction;
        if !self.transfer_of(key, branch) {
            return;
        }
        match code {
            200..=299 => {
                let silent = response.named("Refer-Sub");
                if silent.is_some_and(|v| v.trim().eq_ignore_ascii_case("false")) {
                    // No news will come (RFC 4488 §4).
                    self.end_transfer(key, ReferOutcome::Unknown);
                    return;
                }
                let until = Some(now + NEWS_MAX);
                self.agenda.set(Target::Leg(key, LegTimer::Transfer), until);
                self.report_transfer(key, 100);
            }
            408 | 481 => {
                self.end_transfer(key, ReferOutcome::Refused { code });
                self.lose(now, key, code);
            }
            _ => self.end_transfer(key, ReferOutcome::Refused { code }),
        }
    }

    pub(super) fn on_refer_timeout(&mut self, now: Instant, key: LegKey, branch: u64) {
        if self.transfer_of(key, branch) {
            self.end_transfer(key, ReferOutcome::Refused { code: 408 });
            self.lose(now, key, 408);
        }
    }

    pub(super) fn on_refer_unreachable(&mut self, key: LegKey, branch: u64) {
        if self.transfer_of(key, branch) {
            self.end_transfer(key, ReferOutcome::Refused { code: 503 });
        }
    }

    pub(super) fn on_transfer_timer(&mut self, key: LegKey) {
        self.end_transfer(key, ReferOutcome::Unknown);
    }

    fn report_transfer(&mut self, key: LegKey, code: u16) {
        let leg = self.legs.get_mut(&key);
        if let Some(transfer) = leg.and_then(|l| l.transfer.as_mut())
            && !transfer.is_over
            && transfer.code != code
        {
            transfer.code = code;
            self.events
                .push_back(Event::ReferProgress { leg: key, code });
        }
    }

    fn end_transfer(&mut self, key: LegKey, outcome: ReferOutcome) {
        self.agenda.set(Target::Leg(key, LegTimer::Transfer), None);
        let leg = self.legs.get_mut(&key);
        if let Some(transfer) = leg.and_then(|l| l.transfer.as_mut())
            && !transfer.is_over
        {
            transfer.is_over = true;
            self.events
                .push_back(Event::ReferEnded { leg: key, outcome });
        }
    }

    /// The leg ends: no news will come.
    pub(super) fn close_transfer(&mut self, key: LegKey) {
        self.end_transfer(key, ReferOutcome::Unknown);
    }

    /// News of a transfer; NOTIFYs of anything else are refused.
    pub(super) fn on_notify(&mut self, inbound: &Inbound<'_, '_>, key: LegKey) {
        let request = inbound.request;
        if !is_refer_event(request) {
            let headers = [("Allow-Events", "refer".to_owned())];
            self.finish(inbound, 489, &headers, b"");
            return;
        }
        let known = self.legs.get(&key).is_some_and(|l| l.transfer.is_some());
        if !known {
            self.counters.no_dialog += 1;
            self.finish(inbound, 481, &[], b"");
            return;
        }
        self.finish(inbound, 200, &[], b"");
        let state = request.first(HeaderName::SubscriptionState).unwrap_or(b"");
        let word = &state[..lex::until(state, b';')];
        let is_last = lex::trim(word).eq_ignore_ascii_case(b"terminated");
        match sipfrag_code(request) {
            Some(code @ 200..=299) => self.news_ended(key, code, ReferOutcome::Transferred),
            Some(code @ 300..=699) => self.news_ended(key, code, ReferOutcome::Failed { code }),
            code => {
                if let Some(code) = code {
                    self.report_transfer(key, code);
                }
                if is_last {
                    self.end_transfer(key, ReferOutcome::Unknown);
                }
            }
        }
    }

    fn news_ended(&mut self, key: LegKey, code: u16, outcome: ReferOutcome) {
        self.report_transfer(key, code);
        self.end_transfer(key, outcome);
    }
}

/// Whether `Event` names the refer package.
pub(super) fn is_refer_event(request: &Message<'_>) -> bool {
    let value = request.first(HeaderName::Event).unwrap_or(b"");
    let word = &value[..lex::until(value, b';')];
    lex::trim(word).eq_ignore_ascii_case(b"refer")
}

/// Status of the first line of a `message/sipfrag` body (RFC 3420).
fn sipfrag_code(request: &Message<'_>) -> Option<u16> {
    let rest = request.body.strip_prefix(b"SIP/2.0 ")?;
    let code = lex::number(rest.get(..3)?)?;
    u16::try_from(code).ok().filter(|c| (100..700).contains(c))
}

/// Percent-escapes for a header in a URI (RFC 3261 §25.1, hvalue).
fn escape(value: &[u8]) -> String {
    let mut out = String::with_capacity(value.len() + 16);
    for b in value {
        if b.is_ascii_alphanumeric() || b"-_.!~*'()".contains(b) {
            out.push(char::from(*b));
        } else {
            out.push_str(&format!("%{b:02X}"));
        }
    }
    out
}
