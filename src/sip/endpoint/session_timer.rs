//! Session timers (RFC 4028): calls whose peer has vanished end, refreshes keep the others alive.

use std::time::{Duration, Instant};

use super::Endpoint;
use super::agenda::{LegTimer, Target};
use super::leg::{Leg, Phase};
use crate::event::{EndCause, LegKey};
use crate::headers::{Reason, lex};
use crate::message::{HeaderName, Message, Writer};
use crate::options::{MIN_SE, Refresher, SessionTimer};

/// Longest interval taken, so that no peer's number overflows the clock.
const MAX_SE: Duration = Duration::from_secs(86_400);

/// 422 answered this often with a higher Min-SE before the call or the change fails.
pub(super) const RAISES_MAX: u8 = 3;

/// The session interval agreed on in a dialog.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Clock {
    pub(super) interval: Duration,
    pub(super) we_refresh: bool,
    /// When the session is over unless refreshed; BYE leaves then (§10).
    ends: Option<Instant>,
}

/// `Session-Expires` of a message.
struct SessionExpires {
    interval: Duration,
    /// Whether the sender of the *request* refreshes; `None`: not said.
    by_uac: Option<bool>,
}

impl SessionExpires {
    fn of(message: &Message<'_>) -> Option<Self> {
        let value = message.first(HeaderName::SessionExpires)?;
        let seconds = lex::leading_number(value)?;
        let refresher = lex::param(value, b"refresher");
        let by_uac = refresher.and_then(|r| {
            let uac = r.eq_ignore_ascii_case(b"uac");
            (uac || r.eq_ignore_ascii_case(b"uas")).then_some(uac)
        });
        Some(Self {
            interval: Duration::from_secs(seconds.into()),
            by_uac,
        })
    }
}

/// `Min-SE` of a message, never below the least there is.
pub(super) fn min_se(message: &Message<'_>) -> Option<Duration> {
    let seconds = message.number(HeaderName::MinSe)?;
    Some(Duration::from_secs(seconds.into()).clamp(MIN_SE, MAX_SE))
}

/// Whether an extension is named in `Supported` or `Require`.
pub(super) fn supports(message: &Message<'_>, option: &str) -> bool {
    let mut named = message
        .list(HeaderName::Supported)
        .chain(message.list(HeaderName::Require));
    named.any(|o| o.eq_ignore_ascii_case(option.as_bytes()))
}

/// Lines that ask for a session timer in a first INVITE (§7.1).
pub(super) fn ask(timer: SessionTimer, raised: Option<Duration>, out: &mut Writer) {
    let min = raised.unwrap_or(timer.min).max(timer.min);
    let interval = timer.interval.max(min).as_secs();
    let refresher = match timer.refresher {
        Refresher::Either => "",
        Refresher::Us => ";refresher=uac",
        Refresher::Peer => ";refresher=uas",
    };
    out.header("Session-Expires", format!("{interval}{refresher}"));
    if raised.is_some() || min > MIN_SE {
        out.header("Min-SE", min.as_secs().to_string());
    }
}

impl Leg {
    /// Lines of a request of ours within the dialog that may refresh it (§7.4).
    pub(super) fn write_refresh(&self, out: &mut Writer) {
        let Some(clock) = &self.clock else {
            return;
        };
        let min = self.min_se.unwrap_or(MIN_SE);
        let interval = clock.interval.max(min).as_secs();
        let refresher = if clock.we_refresh { "uac" } else { "uas" };
        out.header(
            "Session-Expires",
            format!("{interval};refresher={refresher}"),
        );
        if min > MIN_SE {
            out.header("Min-SE", min.as_secs().to_string());
        }
    }

    /// Takes what a 2xx to a request of ours says of the session (§7.2).
    pub(super) fn take_interval(&mut self, response: &Message<'_>) {
        let agreed = SessionExpires::of(response).filter(|_| self.timer.is_some());
        self.clock = agreed.map(|s| Clock {
            interval: s.interval.clamp(MIN_SE, MAX_SE),
            // Who asks refreshes where nobody says.
            we_refresh: s.by_uac.unwrap_or(true),
            ends: None,
        });
    }

    /// Agrees to the interval of a peer's INVITE or UPDATE (§9); `Err` holds the Min-SE of a 422.
    pub(super) fn agree_interval(&mut self, request: &Message<'_>) -> Result<(), Duration> {
        let Some(timer) = self.timer else {
            self.clock = None;
            return Ok(());
        };
        let can = supports(request, "timer");
        let asked = SessionExpires::of(request);
        if let Some(asked) = &asked
            && can
            && asked.interval < timer.min
        {
            return Err(timer.min);
        }
        if asked.is_none() && !can {
            self.clock = None;
            return Ok(());
        }
        let lowest = min_se(request).unwrap_or(MIN_SE).max(timer.min);
        let wished = timer.interval.max(lowest);
        let interval = asked.as_ref().map_or(wished, |a| a.interval.min(wished));
        let by_uac = asked.and_then(|a| a.by_uac).unwrap_or_else(|| {
            let now_ours = self.clock.as_ref().map(|c| c.we_refresh);
            !now_ours.unwrap_or(timer.refresher == Refresher::Us)
        });
        self.clock = Some(Clock {
            interval: interval.clamp(MIN_SE, MAX_SE),
            we_refresh: !(can && by_uac),
            ends: None,
        });
        self.peer_refreshes = can;
        Ok(())
    }

    /// Lines of our 2xx to such a request.
    pub(super) fn write_agreed(&self, headers: &mut Vec<(&'static str, String)>) {
        let Some(clock) = &self.clock else {
            return;
        };
        let refresher = if clock.we_refresh { "uas" } else { "uac" };
        let interval = clock.interval.as_secs();
        headers.push((
            "Session-Expires",
            format!("{interval};refresher={refresher}"),
        ));
        if self.peer_refreshes {
            headers.push(("Require", "timer".to_owned()));
        }
    }
}

impl Endpoint {
    /// The session begins or was refreshed.
    pub(super) fn wind_clock(&mut self, now: Instant, key: LegKey) {
        let Some(leg) = self.legs.get_mut(&key) else {
            return;
        };
        let at = leg.clock.as_mut().map(|clock| {
            let margin = Duration::from_secs(32).min(clock.interval / 3);
            let ends = now + clock.interval - margin;
            clock.ends = Some(ends);
            if clock.we_refresh {
                now + clock.interval / 2
            } else {
                ends
            }
        });
        self.agenda.set(Target::Leg(key, LegTimer::Session), at);
    }

    /// Time to refresh, or nobody did.
    pub(super) fn on_session_timer(&mut self, now: Instant, key: LegKey) {
        let Some(leg) = self.legs.get(&key).filter(|l| l.phase == Phase::Up) else {
            return;
        };
        let Some(clock) = leg.clock else {
            return;
        };
        let Some(ends) = clock.ends.filter(|ends| *ends > now) else {
            self.counters.timeouts += 1;
            let reason = Reason::sip(408, "Session expired");
            self.give_up_leg(now, key, EndCause::SessionExpired, Some(reason));
            return;
        };
        self.agenda
            .set(Target::Leg(key, LegTimer::Session), Some(ends));
        if clock.we_refresh {
            self.refresh(now, key);
        }
    }

    /// A refresh was refused for another reason than that the dialog is gone: once more after half
    /// the time left, while that is worth it.
    pub(super) fn refresh_again(&mut self, now: Instant, key: LegKey) {
        let clock = self.legs.get(&key).and_then(|l| l.clock);
        let Some(ends) = clock.filter(|c| c.we_refresh).and_then(|c| c.ends) else {
            return;
        };
        let left = ends.saturating_duration_since(now);
        let pause = if left > Duration::from_secs(8) {
            left / 2
        } else {
            left
        };
        self.agenda
            .set(Target::Leg(key, LegTimer::Session), Some(now + pause));
    }
}
