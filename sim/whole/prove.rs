//! Proving the engine on random floors: every command judged, a failing seed named and replayed.

use super::random;
use super::study::in_parallel;
use super::world::World;
use serde::Serialize;
use std::num::NonZeroUsize;

/// A seed on which an oracle was broken.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Failure {
    /// The seed of floor and day.
    pub seed: u64,
    /// The oracle.
    pub oracle: String,
    /// Seconds from the start of the day.
    pub at_s: f64,
    /// What it saw.
    pub what: String,
    /// The last events and commands before it.
    pub trace: Vec<String>,
}

/// What was proved.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Proof {
    /// Floors that were run.
    pub floors: usize,
    /// Calls sent on all of them.
    pub placed: u64,
    /// People joined with an agent.
    pub connected: u64,
    /// People who were not.
    pub abandoned: u64,
    /// Inbound callers answered.
    pub inbound: u64,
    /// Events of all the worlds.
    pub events: u64,
    /// Seeds on which an oracle was broken, in order.
    pub failures: Vec<Failure>,
}

/// Runs the random floors of `seeds` seeds from `first` on. `done` hears of floors done, of how
/// many.
#[must_use]
pub fn prove(
    first: u64,
    seeds: usize,
    threads: NonZeroUsize,
    done: impl FnMut(usize, usize),
) -> Proof {
    let one = |k: usize| {
        let seed = first.wrapping_add(k as u64);
        let floor = random::floor(seed);
        let day = World::new(&floor, seed).run();
        let failure = if day.breaches.is_empty() {
            None
        } else {
            replay(seed)
        };
        (day, failure)
    };
    let mut proof = Proof::default();
    for (day, failure) in in_parallel(seeds, threads, one, done) {
        proof.floors += 1;
        proof.placed += day.placed;
        proof.connected += day.connected;
        proof.abandoned += day.abandoned;
        proof.inbound += day
            .campaigns
            .iter()
            .map(|c| c.inbound.answered)
            .sum::<u64>();
        proof.events += day.events;
        proof.failures.extend(failure);
    }
    proof
}

/// Runs the random floor of one seed to its first breach, if there is one.
#[must_use]
pub fn replay(seed: u64) -> Option<Failure> {
    let floor = random::floor(seed);
    let (breach, trace) = World::new(&floor, seed).traced().run_to_breach()?;
    Some(Failure {
        seed,
        oracle: breach.oracle.to_owned(),
        at_s: breach.at.as_secs_f64(),
        what: breach.what,
        trace,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The engine on a thousand random floors. A failing seed is named: `carillon sim prove
    /// --seed S` shows what led to it.
    #[test]
    fn no_oracle_is_broken_on_a_thousand_random_floors() {
        let proof = prove(1, 1000, NonZeroUsize::MIN, |_, _| {});
        let said: Vec<String> = proof
            .failures
            .iter()
            .map(|f| format!("seed {}: {:.3} s: {}: {}", f.seed, f.at_s, f.oracle, f.what))
            .collect();
        let trace = proof
            .failures
            .first()
            .map(|f| f.trace.join("\n"))
            .unwrap_or_default();
        assert!(
            said.is_empty(),
            "{trace}\n{} seeds:\n{}",
            said.len(),
            said.join("\n")
        );
        // Floors on which nothing happens prove nothing.
        assert!(proof.placed > 100_000, "{}", proof.placed);
        assert!(proof.connected > 10_000, "{}", proof.connected);
        assert!(proof.abandoned > 300, "{}", proof.abandoned);
        assert!(proof.inbound > 3_000, "{}", proof.inbound);
    }
}
