//! When the next report is due (RFC 3550 section 6.3.1 and appendix A.7).

use std::time::Duration;

/// Shortest time between reports, seconds; half of it before the first.
const SHORTEST: f64 = 5.0;
/// Part of RTCP's bandwidth that senders have, when they are few.
const SENDERS_SHARE: f64 = 0.25;
/// Makes up for timers being reconsidered: Euler's number less 1.5.
const COMPENSATION: f64 = std::f64::consts::E - 1.5;

/// The session a report is for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Session {
    /// Everyone in it, ourselves included. A call has 2.
    pub members: u32,
    /// Those who sent since the report before the last.
    pub senders: u32,
    /// We are one of them.
    pub we_send: bool,
    /// Octets a second that RTCP may take: 5 % of the stream's.
    pub bandwidth: f64,
    /// Mean size of compound packets with IP and UDP headers, octets.
    pub packet_size: f64,
    /// No report was sent yet.
    pub first: bool,
}

impl Session {
    /// A call of two parties who both talk over G.711 at 20 ms.
    #[must_use]
    pub fn call(first: bool) -> Self {
        Self {
            members: 2,
            senders: 2,
            we_send: true,
            bandwidth: 0.05 * 10_000.0,
            packet_size: 120.0,
            first,
        }
    }
}

/// Time until the next report. `random` is a number from 0 to 1, new for each report.
#[must_use]
pub fn interval(session: &Session, random: f64) -> Duration {
    let (members, senders) = (f64::from(session.members), f64::from(session.senders));
    let few = senders <= members * SENDERS_SHARE;
    let (share, sharing) = match (few, session.we_send) {
        (true, true) => (SENDERS_SHARE, senders),
        (true, false) => (1.0 - SENDERS_SHARE, members - senders),
        (false, _) => (1.0, members),
    };
    let shortest = if session.first {
        SHORTEST / 2.0
    } else {
        SHORTEST
    };
    let bandwidth = (session.bandwidth * share).max(1.0);
    let fair = (session.packet_size * sharing / bandwidth).max(shortest);
    let spread = random.clamp(0.0, 1.0) + 0.5;
    Duration::from_secs_f64(fair * spread / COMPENSATION)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_reports_every_five_seconds_more_or_less() {
        let seconds = |first, random| interval(&Session::call(first), random).as_secs_f64();
        assert!((seconds(true, 0.5) - 2.5 / 1.218_28).abs() < 1e-3);
        assert!((seconds(false, 0.0) - 2.5 / 1.218_28).abs() < 1e-3);
        assert!((seconds(false, 1.0) - 7.5 / 1.218_28).abs() < 1e-3);
        assert_eq!(
            seconds(false, 7.0),
            seconds(false, 1.0),
            "held in its range"
        );
    }

    #[test]
    fn a_crowd_reports_as_seldom_as_its_bandwidth_wants() {
        let crowd = Session {
            members: 1000,
            senders: 10,
            we_send: false,
            ..Session::call(false)
        };
        // 990 listeners share three quarters of 500 octets a second.
        let expected = 120.0 * 990.0 / 375.0 / 1.218_28;
        assert!((interval(&crowd, 0.5).as_secs_f64() - expected).abs() < 0.1);
    }
}
