//! What becomes of calls on a whole floor. A call's fate is keyed by its lead and attempt: under
//! another policy the same attempt meets the same fate, whenever it is made.

use super::scenario::{Campaign, InboundPlan};
use crate::callee::stream;
use crate::pacing::curve::Varied;
use crate::pacing::law::Sampler;
use rand::RngExt;
use rand_pcg::Pcg64Mcg;

const STREAM_FATE: u64 = 22;
const STREAM_CALLER: u64 = 23;
const STREAM_ARRIVAL: u64 = 24;
/// Attempts on a lead that have a key of their own.
const ATTEMPTS_APART: u64 = 4096;

/// Who answers, if anybody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who {
    /// A person, who is told as one.
    Person,
    /// A person whom screening takes for a machine.
    Mistaken,
    /// A machine, told as one.
    Machine,
    /// A machine that screening takes for a person.
    Posing,
    /// Busy.
    Busy,
    /// Special information tones.
    Tones,
    /// Wrong number: 404.
    Wrong,
    /// Nobody.
    Nobody,
}

/// What becomes of one call. Times in seconds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Fate {
    /// Who answers.
    pub who: Who,
    /// Dial to answer.
    pub ring_s: f64,
    /// Dial to a failure.
    pub fails_after_s: f64,
    /// Length of a person's greeting.
    pub greeting_s: f64,
    /// Wait in silence after the greeting, or in the queue, before hanging up.
    pub patience_s: f64,
    /// Conversation, once connected.
    pub talk_s: f64,
    /// Wrap-up after it.
    pub wrap_s: f64,
    /// Presses the opt-out key when the abandon message is heard.
    pub opts_out: bool,
    /// Where it stands among calls when the carrier is congested, 0 to 1.
    pub luck: f64,
}

/// A campaign's callees, ready for drawing.
#[derive(Clone, Debug)]
pub struct Callees {
    ring: Sampler,
    greeting: Sampler,
    talk: Sampler,
    wrap: Sampler,
    patience: Sampler,
    machine_talk: Sampler,
    inbound: Option<Callers>,
}

#[derive(Clone, Debug)]
struct Callers {
    patience: Sampler,
    talk: Sampler,
    wrap: Sampler,
    per_hour: Vec<(f64, f64)>,
    peak: f64,
}

impl Callers {
    fn new(plan: &InboundPlan) -> Self {
        Self {
            patience: plan.patience.sampler(),
            talk: plan.talk.sampler(),
            wrap: plan.wrap.sampler(),
            per_hour: plan.per_hour.clone(),
            peak: plan
                .per_hour
                .iter()
                .map(|(_, rate)| *rate)
                .fold(0.0, f64::max),
        }
    }

    fn rate(&self, hour: f64) -> f64 {
        let step = self.per_hour.iter().rev().find(|(from, _)| *from <= hour);
        step.map_or(0.0, |(_, rate)| *rate)
    }
}

impl Callees {
    /// The campaign's. Check the scenario first.
    #[must_use]
    pub fn new(campaign: &Campaign) -> Self {
        let c = &campaign.callees;
        Self {
            ring: c.ring.sampler(),
            greeting: c.greeting.sampler(),
            talk: c.talk.sampler(),
            wrap: c.wrap.sampler(),
            patience: c.patience.sampler(),
            machine_talk: c.machine_talk.sampler(),
            inbound: campaign.inbound.as_ref().map(Callers::new),
        }
    }

    /// The fate of an attempt on a lead, dialed `at_s` after the start of the day. `score` is the
    /// lead's own answer probability.
    #[must_use]
    pub fn fate(&self, campaign: &Campaign, seed: u64, attempt: Attempt, at_s: f64) -> Fate {
        let key = attempt
            .lead
            .wrapping_mul(ATTEMPTS_APART)
            .wrapping_add(attempt.number);
        let mut chance = stream(seed, STREAM_FATE, key);
        let c = &campaign.callees;
        // Always in this order, so that a draw more for one kind shifts no other.
        let kind: f64 = chance.random();
        let (mistake, opt_out, luck): (f64, f64, f64) =
            (chance.random(), chance.random(), chance.random());
        let ring_s = self.ring.draw(&mut chance);
        let greeting_s = self.greeting.draw(&mut chance);
        let patience_s = self.patience.draw(&mut chance);
        let talk_s = self.talk.draw(&mut chance) * campaign.factor(Varied::Talk, at_s);
        let wrap_s = self.wrap.draw(&mut chance) * campaign.factor(Varied::Wrap, at_s);
        let machine_talk_s = self.machine_talk.draw(&mut chance);
        let fails_after_s = 1.0 + 2.0 * chance.random::<f64>();
        let base = attempt.score.unwrap_or(c.p_human);
        let p = (base * campaign.factor(Varied::PHuman, at_s)).min(1.0);
        // What people leave is shared by the others as before.
        let rest = (1.0 - p) / (1.0 - c.p_human).max(1e-9);
        let who = who(kind, mistake, p, rest, campaign);
        Fate {
            who,
            ring_s,
            fails_after_s,
            greeting_s,
            patience_s,
            talk_s: if who == Who::Person {
                talk_s
            } else {
                machine_talk_s
            },
            wrap_s,
            opts_out: opt_out < c.opt_out,
            luck,
        }
    }

    /// The fate of the `k`-th inbound caller.
    #[must_use]
    pub fn caller(&self, seed: u64, campaign: usize, k: u64) -> Option<Fate> {
        let callers = self.inbound.as_ref()?;
        let mut chance = stream(seed, STREAM_CALLER, campaign as u64 * 1_000_000_007 + k);
        Some(Fate {
            who: Who::Person,
            ring_s: 0.0,
            fails_after_s: 0.0,
            greeting_s: 0.0,
            patience_s: callers.patience.draw(&mut chance),
            talk_s: callers.talk.draw(&mut chance),
            wrap_s: callers.wrap.draw(&mut chance),
            opts_out: false,
            luck: 1.0,
        })
    }

    /// When inbound callers of a day ring, seconds from its start.
    #[must_use]
    pub fn arrivals(&self, seed: u64, campaign: usize, day_s: f64) -> Vec<f64> {
        let Some(callers) = self.inbound.as_ref().filter(|c| c.peak > 0.0) else {
            return Vec::new();
        };
        let mut chance = stream(seed, STREAM_ARRIVAL, campaign as u64);
        let gap_s = 3600.0 / callers.peak;
        let mut at = 0.0;
        let mut arrivals = Vec::new();
        loop {
            at += gap_s * exponential(&mut chance);
            if at >= day_s {
                return arrivals;
            }
            // Thinned to the rate of the hour.
            if chance.random::<f64>() * callers.peak < callers.rate(at / 3600.0) {
                arrivals.push(at);
            }
        }
    }
}

/// An attempt on a lead.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Attempt {
    /// The lead's id.
    pub lead: u64,
    /// Which attempt, from 0.
    pub number: u64,
    /// The lead's own answer probability.
    pub score: Option<f64>,
}

fn who(kind: f64, mistake: f64, p: f64, rest: f64, campaign: &Campaign) -> Who {
    let c = &campaign.callees;
    let screened = campaign.screening.is_on();
    let mut below = p;
    if kind < below {
        let mistaken = screened && mistake < c.people_as_machines;
        return if mistaken { Who::Mistaken } else { Who::Person };
    }
    below += rest * c.p_machine;
    if kind < below {
        let posing = !screened || mistake < c.machines_as_people;
        return if posing { Who::Posing } else { Who::Machine };
    }
    for (share, who) in [
        (c.p_busy, Who::Busy),
        (c.p_sit, Who::Tones),
        (c.p_wrong, Who::Wrong),
    ] {
        below += rest * share;
        if kind < below {
            return who;
        }
    }
    Who::Nobody
}

/// A standard exponential.
pub(super) fn exponential(chance: &mut Pcg64Mcg) -> f64 {
    -libm::log(1.0 - chance.random::<f64>())
}
