//! Wrong passwords: who is not listened to any more, and who is all the same.
//!
//! * **One user from one source:** after `ban_after_failures` wrong passwords that pair is banned.
//!   The neighbours of a phone with a wrong password, behind the same NAT, stay heard.
//!   The phone itself, at the very address and port it is registered from, is heard even then
//!   (the caller sees to that).
//! * **One source:** when so many *different* users failed from it, or five times as many passwords
//!   were wrong in all, the source is banned (see `sources`). Users proven from there lately stay
//!   heard even then. Allowed sources are never banned as a whole: an edge proxy speaks for many.
//! * **One user from everywhere:** after `guard_after_failures` wrong passwords from sources where
//!   the user was not proven lately, credentials from such sources are looked at once in
//!   `guard_interval` only; the others are told to come back. The user's own phone, at a source
//!   where it was proven, is not slowed.
//!
//! Names that do not exist are counted like others, so nothing here tells who exists.

use std::net::IpAddr;
use std::time::{Duration, Instant};

use super::aged::Aged;
use super::sources::source_key;
use crate::config::SourceLimits;

/// Longest part of a user name that is remembered, octets.
const NAME_MAX: usize = 64;

/// A user at a source.
type Pair = (u128, String);

#[derive(Debug, Clone)]
struct Tried {
    failures: u32,
    first_failure: Instant,
    banned_until: Option<Instant>,
    proven_until: Option<Instant>,
}

#[derive(Debug, Clone)]
struct Guessed {
    failures: u32,
    first_failure: Instant,
    next_look: Instant,
}

/// What becomes of credentials before they are looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Hearing {
    Heard,
    /// Not answered.
    Banned,
    /// To be told to come back after this time.
    Later(Duration),
}

/// What a wrong password led to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Blame {
    /// The first of this user from this source within the window.
    pub(super) is_first: bool,
    /// The user is banned at this source from now on.
    pub(super) bans: bool,
}

/// Bounded memory of wrong and right passwords; the proven are forgotten last.
pub(super) struct Guesses {
    limits: SourceLimits,
    pairs: Aged<Pair, Tried>,
    users: Aged<String, Guessed>,
}

fn name_of(user: &str) -> String {
    let mut end = user.len().min(NAME_MAX);
    while !user.is_char_boundary(end) {
        end -= 1;
    }
    user[..end].to_owned()
}

fn is_after(until: Option<Instant>, now: Instant) -> bool {
    until.is_some_and(|until| until > now)
}

impl Guesses {
    pub(super) fn new(limits: SourceLimits) -> Self {
        Self {
            pairs: Aged::new(limits.max_sources),
            users: Aged::new(limits.max_sources),
            limits,
        }
    }

    fn tried(&self, ip: IpAddr, user: &str) -> Option<&Tried> {
        self.pairs.get(&(source_key(ip), name_of(user)))
    }

    /// Whether this user sent right credentials from this source lately.
    pub(super) fn is_proven(&self, now: Instant, ip: IpAddr, user: &str) -> bool {
        self.tried(ip, user)
            .is_some_and(|t| is_after(t.proven_until, now))
    }

    /// Whether anybody did.
    pub(super) fn is_anybody_proven(&self, now: Instant, ip: IpAddr) -> bool {
        let key = source_key(ip);
        let after = key.saturating_add(1);
        self.pairs
            .range((key, String::new()), (after, String::new()))
            .any(|t| is_after(t.proven_until, now))
    }

    /// Whether a request in this user's name is answered at all.
    pub(super) fn is_banned(&self, now: Instant, ip: IpAddr, user: &str) -> bool {
        self.tried(ip, user)
            .is_some_and(|t| is_after(t.banned_until, now))
    }

    /// Asked before credentials are looked at.
    pub(super) fn hear(&mut self, now: Instant, ip: IpAddr, user: &str) -> Hearing {
        if self.is_banned(now, ip, user) {
            return Hearing::Banned;
        }
        if self.is_proven(now, ip, user) {
            return Hearing::Heard;
        }
        let name = name_of(user);
        let limits = &self.limits;
        let guarded = self.users.get(&name).is_some_and(|g| {
            let recent = now.saturating_duration_since(g.first_failure) <= limits.failure_window;
            recent && g.failures >= limits.guard_after_failures.max(1)
        });
        if !guarded {
            return Hearing::Heard;
        }
        let interval = limits.guard_interval;
        self.users.update(name, fresh_guess(now), |g| {
            if g.next_look > now {
                return (now, Hearing::Later(interval.max(g.next_look - now)));
            }
            g.next_look = now + interval;
            (now, Hearing::Heard)
        })
    }

    /// The credentials were right.
    pub(super) fn proven(&mut self, now: Instant, ip: IpAddr, user: &str) {
        let until = now + self.limits.proven_for;
        let pair = (source_key(ip), name_of(user));
        self.pairs.update(pair, fresh(now), |t| {
            t.failures = 0;
            t.proven_until = Some(until);
            (until, ())
        });
    }

    /// The credentials were wrong.
    pub(super) fn failed(&mut self, now: Instant, ip: IpAddr, user: &str) -> Blame {
        if !self.is_proven(now, ip, user) {
            self.count_guess(now, user);
        }
        let (window, most) = (
            self.limits.failure_window,
            self.limits.ban_after_failures.max(1),
        );
        let ban = now + self.limits.ban_for;
        let pair = (source_key(ip), name_of(user));
        self.pairs.update(pair, fresh(now), |t| {
            if now.saturating_duration_since(t.first_failure) > window {
                t.failures = 0;
            }
            let is_first = t.failures == 0;
            if is_first {
                t.first_failure = now;
            }
            t.failures += 1;
            let bans = t.failures >= most;
            if bans {
                t.failures = 0;
                t.banned_until = Some(ban);
            }
            let age = [Some(now), t.banned_until, t.proven_until];
            let age = age.into_iter().flatten().max().unwrap_or(now);
            (age, Blame { is_first, bans })
        })
    }

    fn count_guess(&mut self, now: Instant, user: &str) {
        let window = self.limits.failure_window;
        self.users.update(name_of(user), fresh_guess(now), |g| {
            if now.saturating_duration_since(g.first_failure) > window {
                g.failures = 0;
            }
            if g.failures == 0 {
                g.first_failure = now;
            }
            g.failures = g.failures.saturating_add(1);
            (now, ())
        });
    }

    /// Pairs and users remembered.
    pub(super) fn len(&self) -> usize {
        self.pairs.len().max(self.users.len())
    }
}

fn fresh(now: Instant) -> Tried {
    Tried {
        failures: 0,
        first_failure: now,
        banned_until: None,
        proven_until: None,
    }
}

fn fresh_guess(now: Instant) -> Guessed {
    Guessed {
        failures: 0,
        first_failure: now,
        next_look: now,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn guesses() -> Guesses {
        Guesses::new(SourceLimits {
            ban_after_failures: 3,
            guard_after_failures: 5,
            guard_interval: Duration::from_secs(10),
            failure_window: Duration::from_secs(60),
            ban_for: Duration::from_secs(100),
            proven_for: Duration::from_secs(1000),
            max_sources: 50,
            ..SourceLimits::default()
        })
    }

    fn ip(n: u8) -> IpAddr {
        IpAddr::from([192, 0, 2, n])
    }

    fn after(start: Instant, seconds: u64) -> Instant {
        start + Duration::from_secs(seconds)
    }

    #[test]
    fn a_wrong_phone_is_banned_and_its_neighbours_are_not() {
        let t = crate::test_clock::start();
        let mut g = guesses();
        let bans: Vec<Blame> = (0..3).map(|_| g.failed(t, ip(1), "wrong")).collect();
        assert_eq!(bans.iter().filter(|b| b.is_first).count(), 1);
        assert_eq!(
            bans.iter().map(|b| b.bans).collect::<Vec<_>>(),
            [false, false, true]
        );
        assert_eq!(g.hear(t, ip(1), "wrong"), Hearing::Banned);
        assert_eq!(g.hear(t, ip(1), "neighbour"), Hearing::Heard);
        assert_eq!(g.hear(t, ip(2), "wrong"), Hearing::Heard);
        assert_eq!(g.hear(after(t, 99), ip(1), "wrong"), Hearing::Banned);
        assert_eq!(g.hear(after(t, 100), ip(1), "wrong"), Hearing::Heard);
    }

    #[test]
    fn failures_far_apart_and_before_a_right_password_do_not_add_up() {
        let t = crate::test_clock::start();
        let mut g = guesses();
        for n in 0..10 {
            let blame = g.failed(after(t, n * 61), ip(1), "u");
            assert_eq!(
                blame,
                Blame {
                    is_first: true,
                    bans: false
                }
            );
        }
        let later = after(t, 2000);
        for _ in 0..10 {
            g.failed(later, ip(1), "u");
            g.failed(later, ip(1), "u");
            g.proven(later, ip(1), "u");
        }
        assert!(!g.is_banned(later, ip(1), "u"));
    }

    #[test]
    fn guesses_from_everywhere_are_slowed_and_the_phone_is_heard() {
        let t = crate::test_clock::start();
        let mut g = guesses();
        g.proven(t, ip(200), "boss");
        for n in 0..5 {
            assert_eq!(g.hear(t, ip(n), "boss"), Hearing::Heard);
            g.failed(t, ip(n), "boss");
        }
        let heard = |g: &mut Guesses, at: Instant| {
            let sources = 100..150;
            sources
                .filter(|n| g.hear(at, ip(*n), "boss") == Hearing::Heard)
                .count()
        };
        assert_eq!(heard(&mut g, t), 1, "one look in ten seconds");
        assert_eq!(heard(&mut g, after(t, 9)), 0);
        assert_eq!(heard(&mut g, after(t, 10)), 1);
        assert_eq!(
            g.hear(after(t, 11), ip(7), "boss"),
            Hearing::Later(Duration::from_secs(10))
        );
        assert_eq!(g.hear(after(t, 11), ip(200), "boss"), Hearing::Heard);
        assert_eq!(g.hear(after(t, 11), ip(7), "another"), Hearing::Heard);
        assert_eq!(heard(&mut g, after(t, 61)), 50, "the window has passed");
    }

    #[test]
    fn the_proven_slow_nobody_by_their_own_mistakes() {
        let t = crate::test_clock::start();
        let mut g = guesses();
        g.proven(t, ip(1), "u");
        for _ in 0..2 {
            g.failed(t, ip(1), "u");
        }
        g.proven(t, ip(1), "u");
        for _ in 0..9 {
            g.failed(t, ip(1), "u");
        }
        assert_eq!(g.hear(t, ip(2), "u"), Hearing::Heard);
    }

    #[test]
    fn memory_is_bounded_and_the_proven_stay() {
        let t = crate::test_clock::start();
        let mut g = guesses();
        g.proven(t, ip(1), "phone");
        for n in 0..500u64 {
            g.failed(after(t, n / 10), ip(2), &format!("scan{n}"));
        }
        assert_eq!(g.len(), 50);
        assert!(g.is_proven(after(t, 60), ip(1), "phone"));
        assert!(g.is_anybody_proven(after(t, 60), ip(1)));
        assert!(!g.is_anybody_proven(after(t, 60), ip(2)));
        assert!(!g.is_anybody_proven(after(t, 1000), ip(1)));
        // Long names are cut, not refused, and not within a character.
        g.proven(t, ip(1), &"é".repeat(100));
        assert!(g.is_proven(t, ip(1), &"é".repeat(100)));
    }
}
