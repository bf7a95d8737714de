//! Callees: what becomes of a dialed call, drawn once per call from its own stream.
//!
//! The live demo's carrier draws from the same law, so both worlds meet the same people.

use rand::{RngExt, SeedableRng};
use rand_distr::{Distribution, LogNormal};
use rand_pcg::Pcg64Mcg;
use serde::{Deserialize, Serialize};

/// A log-normal duration by its mean and standard deviation, s.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Span {
    /// Mean, s, > 0.
    pub mean_s: f64,
    /// Standard deviation, s, > 0.
    pub sd_s: f64,
}

impl Span {
    /// Draws one duration, s.
    pub fn draw(self, rng: &mut Pcg64Mcg) -> f64 {
        match LogNormal::from_mean_cv(self.mean_s, self.sd_s / self.mean_s) {
            Ok(law) => law.sample(rng),
            // Impossible values are refused when the scenario is read.
            Err(_) => self.mean_s,
        }
    }
}

/// What callees do, as probabilities and laws of time. The rest of the probability rings
/// without an answer.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CalleeLaw {
    /// A person answers, if not too late.
    pub p_human: f64,
    /// A machine answers, if not too late.
    pub p_machine: f64,
    /// Busy.
    pub p_busy: f64,
    /// Special information tones: not in service.
    pub p_sit: f64,
    /// Wrong number: 404.
    pub p_wrong: f64,
    /// Dial to answer.
    pub ring: Span,
    /// An answer later than this never comes, s.
    pub ring_most_s: f64,
    /// A person's greeting lasts between these, s.
    pub greeting_s: (f64, f64),
    /// How long a person talks once connected.
    pub talk: Span,
    /// How long a person waits in silence before hanging up, s.
    pub patience_s: f64,
}

/// What becomes of one call. Times in seconds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub enum Fate {
    /// A person answers.
    Human {
        /// Dial to answer.
        ring_s: f64,
        /// Length of the greeting.
        greeting_s: f64,
        /// Conversation, once connected.
        talk_s: f64,
    },
    /// A machine answers.
    Machine {
        /// Dial to answer.
        ring_s: f64,
        /// Length of the announcement.
        greeting_s: f64,
    },
    /// Busy, after a moment.
    Busy {
        /// Dial to busy.
        after_s: f64,
    },
    /// Special information tones in early media, then a failure.
    NotInService {
        /// Dial to the tones.
        after_s: f64,
    },
    /// 404 after a moment.
    WrongNumber {
        /// Dial to failure.
        after_s: f64,
    },
    /// Rings for ever.
    NoAnswer,
}

impl CalleeLaw {
    /// The fate of call number `call` in the world of `seed`.
    pub fn fate(&self, seed: u64, call: u64) -> Fate {
        let mut rng = stream(seed, STREAM_CALLEE, call);
        let kind: f64 = rng.random();
        let ring_s = self.ring.draw(&mut rng);
        let greeting_s = rng.random_range(self.greeting_s.0..=self.greeting_s.1);
        let talk_s = self.talk.draw(&mut rng);
        let moment = rng.random_range(1.0..3.0);
        let mut below = self.p_human;
        if kind < below {
            return self.in_time(
                ring_s,
                Fate::Human {
                    ring_s,
                    greeting_s,
                    talk_s,
                },
            );
        }
        below += self.p_machine;
        if kind < below {
            let greeting_s = rng.random_range(6.0..9.0);
            return self.in_time(ring_s, Fate::Machine { ring_s, greeting_s });
        }
        below += self.p_busy;
        if kind < below {
            return Fate::Busy { after_s: moment };
        }
        below += self.p_sit;
        if kind < below {
            return Fate::NotInService { after_s: moment };
        }
        below += self.p_wrong;
        if kind < below {
            return Fate::WrongNumber { after_s: moment };
        }
        Fate::NoAnswer
    }

    fn in_time(&self, ring_s: f64, fate: Fate) -> Fate {
        if ring_s > self.ring_most_s {
            Fate::NoAnswer
        } else {
            fate
        }
    }
}

/// Streams of chance, one per source: a new draw in one never shifts another.
pub const STREAM_CALLEE: u64 = 1;
/// Agents' wrap-up.
pub const STREAM_AGENT: u64 = 2;
/// The lead list.
pub const STREAM_LIST: u64 = 3;

/// What agents do in conversations.
pub const STREAM_HABITS: u64 = 4;

/// The random stream `key` of `source` in the world of `seed`.
pub fn stream(seed: u64, source: u64, key: u64) -> Pcg64Mcg {
    // Weyl steps with odd constants keep neighbouring seeds, sources and keys apart;
    // `seed_from_u64` then mixes all bits.
    let state = seed
        .wrapping_mul(0x9E37_79B9_7F4A_7C15)
        .wrapping_add(source.wrapping_mul(0xD1B5_4A32_D192_ED03))
        .wrapping_add(key.wrapping_mul(0x8CB9_2BA7_2F3D_8DD7));
    Pcg64Mcg::seed_from_u64(state)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::Scenario;

    #[test]
    fn fates_follow_the_law_and_repeat() {
        let law = Scenario::demo().callees;
        let n = 40_000;
        let (mut humans, mut machines, mut busy, mut talk) = (0, 0, 0, 0.0);
        for call in 0..n {
            let fate = law.fate(7, call);
            assert_eq!(fate, law.fate(7, call));
            match fate {
                Fate::Human { ring_s, talk_s, .. } => {
                    assert!(ring_s <= law.ring_most_s);
                    humans += 1;
                    talk += talk_s;
                }
                Fate::Machine { .. } => machines += 1,
                Fate::Busy { .. } => busy += 1,
                _ => {}
            }
        }
        let share = |count: i32| f64::from(count) / n as f64;
        // Two in a hundred would answer too late (log-normal, mean 12 s, sd 5 s, beyond 25 s).
        assert!(
            (share(humans) - law.p_human * 0.98).abs() < 0.01,
            "{}",
            share(humans)
        );
        assert!((share(machines) - law.p_machine * 0.98).abs() < 0.01);
        assert!((share(busy) - law.p_busy).abs() < 0.006);
        let mean = talk / f64::from(humans);
        assert!((mean / law.talk.mean_s - 1.0).abs() < 0.06, "{mean}");
    }
}
