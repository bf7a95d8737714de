//! What each source that is not on the allow list may still do. Checked before any state is made.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::time::{Duration, Instant};

use crate::config::SourceLimits;

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
    first_failure: Instant,
    banned_until: Option<Instant>,
    /// Key in `by_age`.
    age: Instant,
}

/// Bounded table of sources; the longest unheard is forgotten first, banned ones last.
pub(super) struct Sources {
    limits: SourceLimits,
    table: BTreeMap<u128, Source>,
    by_age: BTreeSet<(Instant, u128)>,
}

/// IPv4 address, or the /64 of an IPv6 address.
fn key(ip: IpAddr) -> u128 {
    match ip.to_canonical() {
        IpAddr::V4(ip) => u128::from(u32::from(ip)),
        IpAddr::V6(ip) => u128::from(ip) & !u128::from(u64::MAX) | 1 << 63,
    }
}

impl Sources {
    pub(super) fn new(limits: SourceLimits) -> Self {
        Self {
            limits,
            table: BTreeMap::new(),
            by_age: BTreeSet::new(),
        }
    }

    /// Counts one request.
    pub(super) fn admit(&mut self, now: Instant, ip: IpAddr) -> Admission {
        let cost = Duration::from_secs(1) / self.limits.requests_per_second.max(1);
        let burst = cost * self.limits.burst.max(1);
        self.update(now, ip, |source| {
            if source.banned_until.is_some_and(|until| until > now) {
                return Admission::Banned;
            }
            source.banned_until = None;
            let after = source.busy_until.max(now) + cost;
            if after > now + burst {
                return Admission::TooMany;
            }
            source.busy_until = after;
            Admission::Heard
        })
    }

    /// Counts refused credentials; true when this bans the source.
    pub(super) fn blame(&mut self, now: Instant, ip: IpAddr) -> bool {
        let (window, ban_for, most) = (
            self.limits.failure_window,
            self.limits.ban_for,
            self.limits.ban_after_failures.max(1),
        );
        self.update(now, ip, |source| {
            if now.saturating_duration_since(source.first_failure) > window {
                source.failures = 0;
            }
            if source.failures == 0 {
                source.first_failure = now;
            }
            source.failures += 1;
            if source.failures < most {
                return false;
            }
            source.failures = 0;
            source.banned_until = Some(now + ban_for);
            true
        })
    }

    fn update<T>(&mut self, now: Instant, ip: IpAddr, act: impl FnOnce(&mut Source) -> T) -> T {
        let key = key(ip);
        let mut source = self.table.get(&key).copied().unwrap_or(Source {
            busy_until: now,
            failures: 0,
            first_failure: now,
            banned_until: None,
            age: now,
        });
        self.by_age.remove(&(source.age, key));
        let result = act(&mut source);
        source.age = source.banned_until.unwrap_or(now).max(now);
        self.table.insert(key, source);
        self.by_age.insert((source.age, key));
        while self.table.len() > self.limits.max_sources.max(1) {
            let Some((_, oldest)) = self.by_age.pop_first() else {
                break;
            };
            self.table.remove(&oldest);
        }
        result
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
                .filter(|_| s.admit(at, ip(1)) == Admission::Heard)
                .count()
        };
        assert_eq!(heard(&mut s, now), 5);
        assert_eq!(heard(&mut s, now + Duration::from_millis(200)), 2);
        assert_eq!(heard(&mut s, now + Duration::from_secs(9)), 5);
    }

    #[test]
    fn failures_ban_for_a_time_and_only_within_the_window() {
        let now = crate::test_clock::start();
        let mut s = Sources::new(limits());
        assert!(!s.blame(now, ip(1)));
        assert!(!s.blame(now, ip(1)));
        let later = now + Duration::from_secs(61);
        assert!(!s.blame(later, ip(1)), "the window has passed");
        assert!(!s.blame(later, ip(1)));
        assert!(s.blame(later, ip(1)));
        assert_eq!(s.admit(later, ip(1)), Admission::Banned);
        assert_eq!(s.admit(later, ip(2)), Admission::Heard);
        assert_eq!(
            s.admit(later + Duration::from_secs(101), ip(1)),
            Admission::Heard
        );
    }

    #[test]
    fn the_table_is_bounded_and_keeps_the_banned() {
        let now = crate::test_clock::start();
        let mut s = Sources::new(limits());
        for _ in 0..3 {
            s.blame(now, ip(1));
        }
        for n in 2..200 {
            s.admit(now + Duration::from_millis(u64::from(n)), ip(n));
        }
        assert_eq!(s.len(), 3);
        assert_eq!(
            s.admit(now + Duration::from_secs(1), ip(1)),
            Admission::Banned
        );
    }

    #[test]
    fn one_ipv6_network_is_one_source() {
        assert_eq!(
            key("2001:db8::1".parse().unwrap()),
            key("2001:db8::ffff".parse().unwrap())
        );
        assert_ne!(
            key("2001:db8::1".parse().unwrap()),
            key("2001:db8:0:1::1".parse().unwrap())
        );
    }
}
