//! Limits on wrong guesses, per source.

use carillon_decision::time::Mono;
use std::collections::BTreeMap;
use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

/// Wrong guesses a source may make at once.
const BURST: u32 = 8;
/// One more is allowed after this long.
const REFILL: Duration = Duration::from_secs(8);
/// Sources remembered; past that, the one that failed longest ago is forgotten.
const SOURCES_MAX: usize = 4096;

/// A guesser: an IPv4 address, an IPv6 network of 64 bits (one subscriber), or a login name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Source {
    Ip(IpAddr),
    Name(String),
}

impl Source {
    pub fn new(ip: IpAddr) -> Self {
        let ip = match ip.to_canonical() {
            IpAddr::V6(v6) => IpAddr::V6((v6.to_bits() & !u128::from(u64::MAX)).into()),
            v4 => v4,
        };
        Source::Ip(ip)
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Source::Ip(ip) => ip.fmt(f),
            Source::Name(name) => name.fmt(f),
        }
    }
}

/// A bucket of wrong guesses for each source.
#[derive(Default)]
pub(crate) struct Limiter {
    buckets: BTreeMap<Source, Bucket>,
}

struct Bucket {
    failures: u32,
    /// Since when one failure is being forgotten.
    since: Mono,
}

impl Bucket {
    fn pass_time(&mut self, now: Mono) {
        let refills = now.since(self.since).as_nanos() / REFILL.as_nanos();
        let refills = u32::try_from(refills).unwrap_or(u32::MAX);
        self.failures = self.failures.saturating_sub(refills);
        self.since = if self.failures == 0 {
            now
        } else {
            self.since + REFILL * refills
        };
    }
}

impl Limiter {
    /// Whether the source may guess now.
    ///
    /// # Errors
    /// How long it must wait.
    pub fn check(&mut self, source: &Source, now: Mono) -> Result<(), Duration> {
        let Some(bucket) = self.buckets.get_mut(source) else {
            return Ok(());
        };
        bucket.pass_time(now);
        if bucket.failures == 0 {
            self.buckets.remove(source);
            return Ok(());
        }
        if bucket.failures < BURST {
            return Ok(());
        }
        Err((bucket.since + REFILL).since(now))
    }

    /// The source guessed wrong.
    pub fn failed(&mut self, source: Source, now: Mono) {
        if self.buckets.len() >= SOURCES_MAX && !self.buckets.contains_key(&source) {
            let oldest = self
                .buckets
                .iter()
                .min_by_key(|(_, b)| b.since)
                .map(|(s, _)| s.clone());
            if let Some(oldest) = oldest {
                self.buckets.remove(&oldest);
            }
        }
        let bucket = self.buckets.entry(source).or_insert(Bucket {
            failures: 0,
            since: now,
        });
        bucket.pass_time(now);
        bucket.failures = (bucket.failures + 1).min(BURST);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(text: &str) -> Source {
        Source::new(text.parse().unwrap())
    }

    #[test]
    fn a_guesser_must_wait_and_others_need_not() {
        let mut limiter = Limiter::default();
        let start = Mono::from_secs(100);
        for _ in 0..BURST {
            assert_eq!(limiter.check(&source("192.0.2.1"), start), Ok(()));
            limiter.failed(source("192.0.2.1"), start);
        }
        assert_eq!(limiter.check(&source("192.0.2.1"), start), Err(REFILL));
        assert_eq!(limiter.check(&source("192.0.2.2"), start), Ok(()));
        let later = start + REFILL;
        assert_eq!(limiter.check(&source("192.0.2.1"), later), Ok(()));
        limiter.failed(source("192.0.2.1"), later);
        assert!(limiter.check(&source("192.0.2.1"), later).is_err());
        assert_eq!(
            limiter.check(&source("192.0.2.1"), later + REFILL * BURST),
            Ok(())
        );
    }

    #[test]
    fn one_ipv6_subscriber_is_one_source_and_memory_is_bounded() {
        assert_eq!(source("2001:db8::1"), source("2001:db8::ffff:1"));
        assert_ne!(source("2001:db8::1"), source("2001:db8:0:1::1"));
        assert_eq!(source("::ffff:192.0.2.1"), source("192.0.2.1"));
        let mut limiter = Limiter::default();
        for i in 0..SOURCES_MAX as u64 + 10 {
            limiter.failed(Source::Name(i.to_string()), Mono::from_secs(i));
        }
        assert_eq!(limiter.buckets.len(), SOURCES_MAX);
    }
}
