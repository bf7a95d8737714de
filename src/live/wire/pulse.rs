//! When a connection is kept alive and when it is given up: its clock, without a socket.
//!
//! RFC 5626 §3.5.1 and §4.4.1 (CRLF keep-alives); the other bounds keep slow or silent peers
//! from holding a place for nothing.

use super::limits::WireLimits;
use std::time::{Duration, Instant};

/// What is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Beat {
    /// A keep-alive is to be sent.
    Ping,
    /// Nothing came since the connection was opened, or a message was begun and not finished.
    TooSlow,
    /// Our keep-alive was not answered by a peer that had answered earlier ones.
    NoPong,
    /// No traffic for long, and nobody needs the connection.
    Idle,
}

/// The clock of one connection.
#[derive(Clone, Debug)]
pub(super) struct Pulse {
    limits: WireLimits,
    ping_every: Option<Duration>,
    ping_at: Option<Instant>,
    /// When the answer to our last ping must be there.
    pong_by: Option<Instant>,
    /// This peer answers pings.
    has_ponged: bool,
    /// A lone empty line came that answers nothing: the first half of a ping, perhaps.
    half_ping: bool,
    /// When what was begun must be complete.
    complete_by: Option<Instant>,
    idle_at: Instant,
}

impl Pulse {
    /// The clock of a connection opened now. `accepted`: by the far side, which then has to
    /// speak first. `ping_every`: our keep-alives.
    pub(super) fn new(
        now: Instant,
        limits: WireLimits,
        accepted: bool,
        ping_every: Option<Duration>,
    ) -> Self {
        Self {
            limits,
            ping_every,
            ping_at: ping_every.map(|every| now + every),
            pong_by: None,
            has_ponged: false,
            half_ping: false,
            complete_by: accepted.then(|| now + limits.complete_within),
            idle_at: now + limits.idle,
        }
    }

    /// Octets came. `whole`: they completed a message or a keep-alive; `partial`: a message is
    /// begun and not complete.
    pub(super) fn heard(&mut self, now: Instant, whole: bool, partial: bool) {
        if whole {
            self.complete_by = None;
            self.idle_at = now + self.limits.idle;
        }
        if partial && self.complete_by.is_none() {
            self.complete_by = Some(now + self.limits.complete_within);
        }
    }

    /// A message came whole.
    pub(super) fn message(&mut self) {
        self.half_ping = false;
    }

    /// A double CRLF came: a ping, to be answered. A peer that lives is not asked further.
    pub(super) fn ping(&mut self) {
        self.half_ping = false;
        if self.pong_by.take().is_some() {
            self.has_ponged = true;
        }
    }

    /// A single CRLF came: the answer to our ping, padding, or half of a ping that was torn on
    /// its way. Says whether to answer it.
    pub(super) fn pong(&mut self) -> bool {
        if self.pong_by.take().is_some() {
            self.has_ponged = true;
            self.half_ping = false;
            return false;
        }
        self.half_ping = !self.half_ping;
        !self.half_ping
    }

    /// A message of ours went out.
    pub(super) fn sent(&mut self, now: Instant) {
        self.idle_at = now + self.limits.idle;
    }

    /// When [`Pulse::beat`] wants to be asked next.
    pub(super) fn next(&self) -> Instant {
        [self.ping_at, self.pong_by, self.complete_by]
            .into_iter()
            .flatten()
            .fold(self.idle_at, Instant::min)
    }

    /// What is due now. `held`: a registration or a dialog needs this connection.
    pub(super) fn beat(&mut self, now: Instant, held: bool) -> Option<Beat> {
        if self.complete_by.is_some_and(|at| at <= now) {
            return Some(Beat::TooSlow);
        }
        if self.pong_by.is_some_and(|at| at <= now) {
            self.pong_by = None;
            // Who never answered may not know the extension.
            if self.has_ponged {
                return Some(Beat::NoPong);
            }
        }
        if self.idle_at <= now {
            if !held {
                return Some(Beat::Idle);
            }
            self.idle_at = now + self.limits.idle;
        }
        if self.ping_at.is_some_and(|at| at <= now) {
            self.ping_at = self.ping_every.map(|every| now + every);
            // The oldest unanswered one counts, however often they go out.
            self.pong_by.get_or_insert(now + self.limits.pong_within);
            return Some(Beat::Ping);
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const S: Duration = Duration::from_secs(1);

    fn pulse(accepted: bool, ping: Option<u64>) -> (Instant, Pulse) {
        let now = Instant::now();
        let every = ping.map(Duration::from_secs);
        (now, Pulse::new(now, WireLimits::default(), accepted, every))
    }

    #[test]
    fn who_opens_and_says_nothing_is_gone_after_30_s() {
        let (t, mut pulse) = pulse(true, None);
        assert_eq!(pulse.next(), t + 30 * S);
        assert_eq!(pulse.beat(t + 29 * S, false), None);
        assert_eq!(pulse.beat(t + 30 * S, true), Some(Beat::TooSlow));
    }

    #[test]
    fn a_message_in_drops_has_30_s_from_its_first_octet() {
        let (t, mut pulse) = pulse(true, None);
        pulse.heard(t + S, true, false);
        assert_eq!(pulse.next(), t + 601 * S);
        // One octet every ten seconds does not move the end.
        for n in 0..3 {
            pulse.heard(t + (100 + 10 * n) * S, false, true);
        }
        assert_eq!(pulse.next(), t + 130 * S);
        assert_eq!(pulse.beat(t + 130 * S, true), Some(Beat::TooSlow));
    }

    #[test]
    fn a_message_that_ends_while_the_next_begins_starts_the_clock_anew() {
        let (t, mut pulse) = pulse(true, None);
        pulse.heard(t + S, false, true);
        pulse.heard(t + 20 * S, true, true);
        assert_eq!(pulse.next(), t + 50 * S);
    }

    #[test]
    fn pings_go_out_and_only_a_peer_that_answered_once_must_answer_again() {
        let (t, mut pulse) = pulse(false, Some(30));
        assert_eq!(pulse.beat(t + 30 * S, false), Some(Beat::Ping));
        assert_eq!(pulse.beat(t + 40 * S, false), None);
        assert_eq!(pulse.beat(t + 60 * S, false), Some(Beat::Ping));
        assert!(!pulse.pong());
        pulse.heard(t + 61 * S, true, false);
        assert_eq!(pulse.beat(t + 90 * S, false), Some(Beat::Ping));
        assert_eq!(pulse.next(), t + 100 * S);
        assert_eq!(pulse.beat(t + 100 * S, false), Some(Beat::NoPong));
    }

    #[test]
    fn pings_that_go_out_faster_than_answers_are_due_do_not_hide_the_silence() {
        let (t, mut pulse) = pulse(false, Some(5));
        assert_eq!(pulse.beat(t + 5 * S, false), Some(Beat::Ping));
        assert!(!pulse.pong());
        assert_eq!(pulse.beat(t + 10 * S, false), Some(Beat::Ping));
        assert_eq!(pulse.beat(t + 15 * S, false), Some(Beat::Ping));
        assert_eq!(pulse.beat(t + 20 * S, false), Some(Beat::NoPong));
    }

    #[test]
    fn a_torn_ping_is_answered_once_and_padding_never() {
        let (t, mut pulse) = pulse(false, Some(30));
        assert_eq!(
            [pulse.pong(), pulse.pong(), pulse.pong()],
            [false, true, false]
        );
        // Padding between messages.
        pulse.message();
        assert!(!pulse.pong());
        pulse.message();
        // The answer to our own ping is no half of one.
        assert_eq!(pulse.beat(t + 30 * S, false), Some(Beat::Ping));
        assert_eq!(
            [pulse.pong(), pulse.pong(), pulse.pong()],
            [false, false, true]
        );
    }

    #[test]
    fn an_idle_connection_is_closed_unless_it_is_needed() {
        let (t, mut pulse) = pulse(false, None);
        pulse.sent(t + 10 * S);
        assert_eq!(pulse.beat(t + 600 * S, false), None);
        assert_eq!(pulse.beat(t + 610 * S, true), None);
        assert_eq!(pulse.next(), t + 1_210 * S);
        assert_eq!(pulse.beat(t + 1_210 * S, false), Some(Beat::Idle));
    }
}
