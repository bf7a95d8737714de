//! What each source that is not on the allow list may still do. Checked before any state is made.

use std::net::IpAddr;
use std::time::{Duration, Instant};

use super::aged::Aged;
use crate::config::SourceLimits;

/// Wrong passwords of all users together ban a source at this many times the limit for one.
const IN_ALL: u32 = 5;

/// Whether a request is heard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Admission {
    Heard,
    TooMany,
    Banned,
}

#[derive(Debug, Clone, Copy)]
struct Source {
    /// Time owed: each request costs `1/rate`; at most `burst/rate` may be owed (a leaky bucket).
    busy_until: Instant,
    failures: u32,
    failed_users: u32,
    first_failure: Instant,
    banned_until: Option<Instant>,
}

/// Bounded table of sources; the longest unheard is forgotten first, banned ones last.
pub(super) struct Sources {
    limits: SourceLimits,
    table: Aged<u128, Source>,
}

/// IPv4 address, or the /64 of an IPv6 address.
pub(super) fn source_key(ip: IpAddr) -> u128 {
    match ip.to_canonical() {
        IpAddr::V4(ip) => u128::from(u32::from(ip)),
        IpAddr::V6(ip) => u128::from(ip) & !u128::from(u64::MAX) | 1 << 63,
    }
}

impl Sources {
    pub(super) fn new(limits: SourceLimits) -> Self {
        Self {
            table: Aged::new(limits.max_sources),
            limits,
        }
    }

    pub(super) fn is_banned(&self, now: Instant, ip: IpAddr) -> bool {
        self.table
            .get(&source_key(ip))
            .is_some_and(|s| s.banned_until.is_some_and(|until| until > now))
    }

    /// Counts one request. `excused`: heard in spite of a ban, at the same rate as everybody.
    pub(super) fn admit(&mut self, now: Instant, ip: IpAddr, excused: bool) -> Admission {
        let cost = Duration::from_secs(1) / self.limits.requests_per_second.max(1);
        let burst = cost * self.limits.burst.max(1);
        self.update(now, ip, |source| {
            if source.banned_until.is_some_and(|until| until > now) {
                if !excused {
                    return Admission::Banned;
                }
            } else {
                source.banned_until = None;
            }
            let after = source.busy_until.max(now) + cost;
            if after > now + burst {
                return Admission::TooMany;
            }
            source.busy_until = after;
            Admission::Heard
        })
    }

    /// Counts refused credentials, `is_first` for the first of a user; true when this bans the
    /// source.
    pub(super) fn blame(&mut self, now: Instant, ip: IpAddr, is_first: bool) -> bool {
        let (window, ban_for, most) = (
            self.limits.failure_window,
            self.limits.ban_for,
            self.limits.ban_after_failures.max(1),
        );
        self.update(now, ip, |source| {
            if now.saturating_duration_since(source.first_failure) > window {
                (source.failures, source.failed_users) = (0, 0);
            }
            if source.failures == 0 {
                source.first_failure = now;
            }
            source.failures += 1;
            source.failed_users += u32::from(is_first);
            if source.failed_users < most && source.failures < most.saturating_mul(IN_ALL) {
                return false;
            }
            (source.failures, source.failed_users) = (0, 0);
            source.banned_until = Some(now + ban_for);
            true
        })
    }

    fn update<T>(&mut self, now: Instant, ip: IpAddr, act: impl FnOnce(&mut Source) -> T) -> T {
        let fresh = Source {
            busy_until: now,
            failures: 0,
            failed_users: 0,
            first_failure: now,
            banned_until: None,
        };
        self.table.update(source_key(ip), fresh, |source| {
            let result = act(source);
            (source.banned_until.unwrap_or(now).max(now), result)
        })
    }

    pub(super) fn len(&self) -> usize {
        self.table.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits() -> SourceLimits {
        SourceLimits {
            requests_per_second: 10,
            burst: 5,
            ban_after_failures: 3,
            failure_window: Duration::from_secs(60),
            ban_for: Duration::from_secs(100),
            max_sources: 3,
            ..SourceLimits::default()
        }
    }

    fn ip(n: u8) -> IpAddr {
        IpAddr::from([192, 0, 2, n])
    }

    #[test]
    fn bursts_drain_at_the_rate() {
        let now = crate::test_clock::start();
        let mut s = Sources::new(limits());
        let heard = |s: &mut Sources, at| {
            (0..20)
                .filter(|_| s.admit(at, ip(1), false) == Admission::Heard)
                .count()
        };
        assert_eq!(heard(&mut s, now), 5);
        assert_eq!(heard(&mut s, now + Duration::from_millis(200)), 2);
        assert_eq!(heard(&mut s, now + Duration::from_secs(9)), 5);
    }

    #[test]
    fn failing_users_ban_for_a_time_and_only_within_the_window() {
        let now = crate::test_clock::start();
        let mut s = Sources::new(limits());
        assert!(!s.blame(now, ip(1), true));
        assert!(!s.blame(now, ip(1), true));
        let later = now + Duration::from_secs(61);
        assert!(!s.blame(later, ip(1), true), "the window has passed");
        assert!(!s.blame(later, ip(1), true));
        assert!(s.blame(later, ip(1), true));
        assert_eq!(s.admit(later, ip(1), false), Admission::Banned);
        assert_eq!(s.admit(later, ip(2), false), Admission::Heard);
        let end = later + Duration::from_secs(100);
        assert!(s.is_banned(end - Duration::from_nanos(1), ip(1)));
        assert_eq!(s.admit(end, ip(1), false), Admission::Heard);
    }

    #[test]
    fn one_user_alone_bans_the_source_later() {
        let now = crate::test_clock::start();
        let mut s = Sources::new(limits());
        let needed = 1
            + (0..100)
                .take_while(|n| !s.blame(now, ip(1), *n == 0))
                .count();
        assert_eq!(needed, 15);
    }

    #[test]
    fn the_excused_are_heard_at_the_same_rate() {
        let now = crate::test_clock::start();
        let mut s = Sources::new(limits());
        for _ in 0..3 {
            s.blame(now, ip(1), true);
        }
        let heard = (0..20).filter(|_| s.admit(now, ip(1), true) == Admission::Heard);
        assert_eq!(heard.count(), 5);
        assert_eq!(
            s.admit(now, ip(1), false),
            Admission::Banned,
            "the ban stands"
        );
    }

    #[test]
    fn the_table_is_bounded_and_keeps_the_banned() {
        let now = crate::test_clock::start();
        let mut s = Sources::new(limits());
        for _ in 0..3 {
            s.blame(now, ip(1), true);
        }
        for n in 2..200 {
            s.admit(now + Duration::from_millis(u64::from(n)), ip(n), false);
        }
        assert_eq!(s.len(), 3);
        assert!(s.is_banned(now + Duration::from_secs(1), ip(1)));
    }

    #[test]
    fn one_ipv6_network_is_one_source() {
        assert_eq!(
            source_key("2001:db8::1".parse().unwrap()),
            source_key("2001:db8::ffff".parse().unwrap())
        );
        assert_ne!(
            source_key("2001:db8::1".parse().unwrap()),
            source_key("2001:db8:0:1::1".parse().unwrap())
        );
    }
}
