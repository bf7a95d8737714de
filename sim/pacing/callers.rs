//! Who is called and what becomes of it: one random stream for each source of chance, so that two
//! policies meet the same callers.

use super::curve::Varied;
use super::law::Sampler;
use super::scenario::PacingScenario;
use rand::{RngExt, SeedableRng};
use rand_distr::{Beta, Distribution};
use rand_pcg::Pcg64Mcg;

/// What a conversation with a person takes.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Person {
    /// Talk, s.
    pub talk_s: f64,
    /// Wrap-up after it, s.
    pub wrap_s: f64,
}

/// What becomes of a dialed call.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Fate {
    /// A person answers.
    Person(Person),
    /// A person answers and is taken for a machine.
    Mistaken,
    /// A machine answers.
    Machine {
        /// Answer until it is known as one, s.
        known_s: f64,
    },
    /// Busy, or not in service.
    Fails,
    /// Nobody answers in time.
    Silent,
}

/// A lead as it is dialed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Dialed {
    /// What becomes of it.
    pub fate: Fate,
    /// Its answer probability, if the policy may know it.
    pub score: Option<f64>,
}

/// The people of a day.
#[derive(Debug)]
pub struct Callers {
    fates: Pcg64Mcg,
    rings: Pcg64Mcg,
    persons: Pcg64Mcg,
    machines: Pcg64Mcg,
    holds: Pcg64Mcg,
    leads: Pcg64Mcg,
    ring: Sampler,
    talk: Sampler,
    wrap: Sampler,
    hold: Sampler,
    hold_mean_s: f64,
    machine_known: Sampler,
    busy_after: Sampler,
    scores: Option<Beta<f64>>,
    varies: bool,
}

impl Callers {
    /// The callers of the day with this seed.
    #[must_use]
    pub fn new(scenario: &PacingScenario, seed: u64) -> Self {
        // Streams of one seed are kept apart by an odd constant (2⁶⁴ ÷ the golden ratio).
        let stream = |k: u64| {
            Pcg64Mcg::seed_from_u64(seed.wrapping_add(k.wrapping_mul(0x9e37_79b9_7f4a_7c15)))
        };
        let scores = scenario.scores.and_then(|scores| {
            let p = scenario.p_human;
            let weight = (1.0 - p) / (p * scores.cv * scores.cv) - 1.0;
            Beta::new(p * weight, (1.0 - p) * weight).ok()
        });
        Self {
            fates: stream(1),
            rings: stream(2),
            persons: stream(3),
            machines: stream(4),
            holds: stream(5),
            leads: stream(6),
            ring: scenario.ring.sampler(),
            talk: scenario.talk.sampler(),
            wrap: scenario.wrap.sampler(),
            hold: scenario.hold.sampler(),
            hold_mean_s: scenario.hold.mean_s(),
            machine_known: scenario.others.machine_known.sampler(),
            busy_after: scenario.others.busy_after.sampler(),
            scores,
            varies: !scenario.curves.is_empty(),
        }
    }

    /// The next lead, dialed now, and seconds until its fate shows.
    pub fn next(&mut self, scenario: &PacingScenario, at_s: f64) -> (Dialed, f64) {
        let factor = |what| {
            if self.varies {
                scenario.factor(what, at_s)
            } else {
                1.0
            }
        };
        let own = self.scores.as_ref().map(|law| law.sample(&mut self.leads));
        let p = (own.unwrap_or(scenario.p_human) * factor(Varied::PHuman)).min(1.0);
        let others = &scenario.others;
        // With leads that differ, the rest shares what people leave.
        let rest = match own {
            Some(_) => (1.0 - p) / (1.0 - scenario.p_human).max(1e-9),
            None => 1.0,
        };
        let u: f64 = self.fates.random();
        let (machine, busy) = (
            p + rest * others.machine,
            p + rest * (others.machine + others.busy),
        );
        let known = scenario.scores.is_some_and(|scores| scores.known);
        let lead = |fate| Dialed {
            fate,
            score: own.filter(|_| known),
        };
        if u >= machine && u < busy {
            return (lead(Fate::Fails), self.busy_after.draw(&mut self.machines));
        }
        let timeout_s = scenario.ring_timeout_s;
        if u >= busy {
            return (lead(Fate::Silent), timeout_s);
        }
        let ring_s = self.ring.draw(&mut self.rings);
        if ring_s >= timeout_s {
            return (lead(Fate::Silent), timeout_s);
        }
        if u >= p {
            let known_s = self.machine_known.draw(&mut self.machines);
            return (lead(Fate::Machine { known_s }), ring_s);
        }
        let person = Person {
            talk_s: self.talk.draw(&mut self.persons) * factor(Varied::Talk),
            wrap_s: self.wrap.draw(&mut self.persons) * factor(Varied::Wrap),
        };
        let mistaken = others.people_as_machines > 0.0
            && self.persons.random::<f64>() < others.people_as_machines;
        let fate = if mistaken {
            Fate::Mistaken
        } else {
            Fate::Person(person)
        };
        (lead(fate), ring_s)
    }

    /// How long the next person who must wait does so.
    pub fn hold_s(&mut self) -> f64 {
        self.hold.draw(&mut self.holds)
    }

    /// Mean of that.
    #[must_use]
    pub fn hold_mean_s(&self) -> f64 {
        self.hold_mean_s
    }
}
