//! Carriers of a whole floor: what they do with a call, and when they are out.

use super::fate::Fate;
use super::scenario::{FloorScenario, TrunkPlan};
use crate::callee::stream;
use crate::pacing::law::Sampler;
use std::time::Duration;

const STREAM_TRUNK: u64 = 25;

/// What a trunk does with a call that is sent to it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Taken {
    /// It is passed on; ringing is heard after this long, s.
    Passed(f64),
    /// 503 after this long, s, with its Retry-After.
    Congested(f64, Option<Duration>),
    /// Nothing is ever heard.
    Lost,
}

/// A carrier.
#[derive(Clone, Debug)]
pub struct Carrier {
    delay: Sampler,
    plan: TrunkPlan,
    /// Its calls as the carrier counts them.
    pub in_use: u32,
    /// Calls sent to it.
    pub sent: u64,
    /// Of these refused or lost.
    pub failed: u64,
    /// Most at once.
    pub peak: u32,
    /// Channel-seconds in use, up to `since_s`.
    pub busy_s: f64,
    since_s: f64,
}

impl Carrier {
    /// A carrier by its plan.
    #[must_use]
    pub fn new(plan: &TrunkPlan) -> Self {
        Self {
            delay: plan.post_dial_delay.sampler(),
            plan: plan.clone(),
            in_use: 0,
            sent: 0,
            failed: 0,
            peak: 0,
            busy_s: 0.0,
            since_s: 0.0,
        }
    }

    /// The scenario's.
    #[must_use]
    pub fn all(scenario: &FloorScenario) -> Vec<Self> {
        scenario.trunks.iter().map(Self::new).collect()
    }

    /// Whether it is out, `at_s` after the start of the day.
    #[must_use]
    pub fn is_out(&self, at_s: f64) -> bool {
        let out = |(hour, minutes): &(f64, f64)| {
            let from = hour * 3600.0;
            (from..from + minutes * 60.0).contains(&at_s)
        };
        self.plan.outages.iter().any(out)
    }

    /// A call is sent to it.
    pub fn take(&mut self, seed: u64, call: u64, fate: &Fate, at_s: f64) -> Taken {
        self.sent += 1;
        self.channel(1, at_s);
        let delay_s = self.delay.draw(&mut stream(seed, STREAM_TRUNK, call));
        if self.is_out(at_s) {
            self.failed += 1;
            return Taken::Lost;
        }
        if fate.luck < self.plan.congestion {
            self.failed += 1;
            let asks = self.plan.retry_after_s;
            let after = (asks > 0.0).then(|| Duration::from_secs_f64(asks));
            return Taken::Congested(0.2 * delay_s, after);
        }
        Taken::Passed(delay_s)
    }

    /// Whether it can bring an inbound call now.
    #[must_use]
    pub fn has_room(&self, at_s: f64) -> bool {
        self.in_use < self.plan.channels && !self.is_out(at_s)
    }

    /// A channel more, or one less.
    pub fn channel(&mut self, by: i32, at_s: f64) {
        self.busy_s += f64::from(self.in_use) * (at_s - self.since_s);
        self.since_s = at_s;
        self.in_use = self.in_use.saturating_add_signed(by);
        self.peak = self.peak.max(self.in_use);
    }
}
