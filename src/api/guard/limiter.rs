//! Limits on wrong guesses, by who guesses and by what is guessed.

use carillon_decision::time::Mono;
use std::collections::BTreeMap;
use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

/// Wrong guesses one source may make at once at one secret.
const BURST: u32 = 8;
/// Wrong PINs of one source at all agents, or of all sources at one agent. More than [`BURST`],
/// and refilled as fast: a single guesser at a single agent never spends it, so neither the
/// colleagues behind the same address nor the agent at another one pay for it.
const BURST_WIDE: u32 = 40;
/// One more is allowed after this long.
const REFILL: Duration = Duration::from_secs(8);
/// Buckets remembered; past that, the one that failed longest ago is forgotten.
const BUCKETS_MAX: usize = 4096;
/// Characters of a login name that count; more would only fill memory.
const NAME_MAX: usize = 64;

/// Where requests come from: an IPv4 address, or an IPv6 network of 64 bits (one subscriber).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Source(IpAddr);

impl Source {
    pub fn new(ip: IpAddr) -> Self {
        let ip = match ip.to_canonical() {
            IpAddr::V6(v6) => IpAddr::V6((v6.to_bits() & !u128::from(u64::MAX)).into()),
            v4 => v4,
        };
        Self(ip)
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What wrong guesses are counted by.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Guess {
    /// A source's guesses at the supervisor's token.
    Token(Source),
    /// A source's guesses at one agent's PIN.
    Pin(Source, String),
    /// A source's guesses at anybody's PIN.
    PinsFrom(Source),
    /// Everybody's guesses at one agent's PIN.
    PinOf(String),
}

impl Guess {
    /// All that a guess at an agent's PIN is counted by.
    pub fn pin(source: Source, name: &str) -> [Self; 3] {
        let name: String = name.chars().take(NAME_MAX).collect();
        [
            Guess::Pin(source, name.clone()),
            Guess::PinsFrom(source),
            Guess::PinOf(name),
        ]
    }

    fn burst(&self) -> u32 {
        match self {
            Guess::Token(_) | Guess::Pin(..) => BURST,
            Guess::PinsFrom(_) | Guess::PinOf(_) => BURST_WIDE,
        }
    }
}

/// Buckets of wrong guesses.
#[derive(Default)]
pub(crate) struct Limiter {
    buckets: BTreeMap<Guess, Bucket>,
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
    /// Whether another guess may be made now.
    ///
    /// # Errors
    /// How long the guesser must wait.
    pub fn check(&mut self, guess: &Guess, now: Mono) -> Result<(), Duration> {
        let Some(bucket) = self.buckets.get_mut(guess) else {
            return Ok(());
        };
        bucket.pass_time(now);
        if bucket.failures == 0 {
            self.buckets.remove(guess);
            return Ok(());
        }
        if bucket.failures < guess.burst() {
            return Ok(());
        }
        Err((bucket.since + REFILL).since(now))
    }

    /// The guess was wrong.
    pub fn failed(&mut self, guess: Guess, now: Mono) {
        if self.buckets.len() >= BUCKETS_MAX && !self.buckets.contains_key(&guess) {
            let oldest = self
                .buckets
                .iter()
                .min_by_key(|(_, b)| b.since)
                .map(|(g, _)| g.clone());
            if let Some(oldest) = oldest {
                self.buckets.remove(&oldest);
            }
        }
        let burst = guess.burst();
        let bucket = self.buckets.entry(guess).or_insert(Bucket {
            failures: 0,
            since: now,
        });
        bucket.pass_time(now);
        bucket.failures = (bucket.failures + 1).min(burst);
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
        let guess = Guess::Token(source("192.0.2.1"));
        for _ in 0..BURST {
            assert_eq!(limiter.check(&guess, start), Ok(()));
            limiter.failed(guess.clone(), start);
        }
        assert_eq!(limiter.check(&guess, start), Err(REFILL));
        let other = Guess::Token(source("192.0.2.2"));
        assert_eq!(limiter.check(&other, start), Ok(()));
        let later = start + REFILL;
        assert_eq!(limiter.check(&guess, later), Ok(()));
        limiter.failed(guess.clone(), later);
        assert!(limiter.check(&guess, later).is_err());
        assert_eq!(limiter.check(&guess, later + REFILL * BURST), Ok(()));
    }

    /// Guesses at a PIN at every instant it may be made; how many of `rounds` seconds it took.
    fn hammer(limiter: &mut Limiter, source: Source, name: &str, rounds: u64) -> u32 {
        let mut made = 0;
        for second in 0..rounds {
            let now = Mono::from_secs(100 + second);
            while Guess::pin(source, name)
                .iter()
                .all(|g| limiter.check(g, now).is_ok())
            {
                made += 1;
                for guess in Guess::pin(source, name) {
                    limiter.failed(guess, now);
                }
            }
        }
        made
    }

    #[test]
    fn a_guesser_at_one_pin_shuts_out_neither_colleagues_nor_the_agent_elsewhere() {
        let mut limiter = Limiter::default();
        let made = hammer(&mut limiter, source("192.0.2.1"), "amy", 3600);
        assert_eq!(made, BURST + 3599 / 8);
        let now = Mono::from_secs(3700);
        let mut open = |from: &str, name: &str| {
            Guess::pin(source(from), name)
                .iter()
                .all(|g| limiter.check(g, now).is_ok())
        };
        assert!(open("192.0.2.1", "bob") && open("192.0.2.2", "amy"));
    }

    #[test]
    fn many_sources_at_one_pin_and_one_source_at_many_pins_are_limited_too() {
        let (mut one_name, mut one_source) = (Limiter::default(), Limiter::default());
        let (mut by_many, mut at_many) = (0, 0);
        for n in 0..100 {
            by_many += hammer(&mut one_name, source(&format!("192.0.2.{n}")), "amy", 1);
            at_many += hammer(&mut one_source, source("192.0.2.1"), &format!("a{n}"), 1);
        }
        assert_eq!((by_many, at_many), (BURST_WIDE, BURST_WIDE));
    }

    #[test]
    fn one_ipv6_subscriber_is_one_source_and_memory_is_bounded() {
        assert_eq!(source("2001:db8::1"), source("2001:db8::ffff:1"));
        assert_ne!(source("2001:db8::1"), source("2001:db8:0:1::1"));
        assert_eq!(source("::ffff:192.0.2.1"), source("192.0.2.1"));
        let mut limiter = Limiter::default();
        for i in 0..BUCKETS_MAX as u64 + 10 {
            limiter.failed(Guess::PinOf(i.to_string()), Mono::from_secs(i));
        }
        assert_eq!(limiter.buckets.len(), BUCKETS_MAX);
    }
}
