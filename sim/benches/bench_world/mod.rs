//! What the benches run: days of pacing, a policy that is timed, and the M/M/100 queue.

use carillon_decision::pacing::Resolution;
use carillon_sim::pacing::calendar::{Calendar, Happening, nanos};
use carillon_sim::pacing::policy::{Orders, Sight};
use carillon_sim::pacing::{PacingScenario, Policy, PolicyName, SHIPPED};
use rand::SeedableRng;
use rand_distr::{Distribution, Exp1};
use rand_pcg::Pcg64Mcg;
use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// Servers of the queue.
const SERVERS: usize = 100;
/// Arrivals in a mean service time.
const LOAD: f64 = 90.0;

/// The reference world with so many agents, for so many hours, paced by this policy.
pub fn world(agents: u32, hours: f64, policy: &str) -> (PacingScenario, PolicyName) {
    let settings = [
        format!("agents={agents}"),
        format!("hours={hours}"),
        format!("policy={policy}"),
    ];
    let scenario = PacingScenario::read("reference", SHIPPED[0].1, &settings)
        .unwrap_or_else(|error| panic!("{error}"));
    let policy = scenario.policy;
    (scenario, policy)
}

/// A policy whose decisions are timed and counted; the rest of the world is not.
pub struct Timed {
    inner: Box<dyn Policy>,
    /// Time spent deciding.
    pub spent: Duration,
    /// Decisions.
    pub decisions: u64,
}

impl Timed {
    /// This policy in this world.
    pub fn new(scenario: &PacingScenario, policy: PolicyName) -> Self {
        Self {
            inner: policy.begin(&scenario.tuning(), &scenario.rivals),
            spent: Duration::ZERO,
            decisions: 0,
        }
    }
}

impl Policy for Timed {
    fn looks_closely(&self) -> bool {
        self.inner.looks_closely()
    }
    fn call_resolved(&mut self, resolution: &Resolution) {
        self.inner.call_resolved(resolution);
    }
    fn talked(&mut self, seconds: f64) {
        self.inner.talked(seconds);
    }
    fn wrapped_up(&mut self, seconds: f64) {
        self.inner.wrapped_up(seconds);
    }
    fn person_met(&mut self, abandoned: bool) {
        self.inner.person_met(abandoned);
    }
    fn decide(&mut self, sight: &Sight<'_>, orders: &mut Orders) {
        let began = Instant::now();
        self.inner.decide(sight, orders);
        self.spent += began.elapsed();
        self.decisions += 1;
    }
}

/// What a run of the queue came to.
pub struct Queue {
    /// Arrivals and departures.
    pub events: u64,
    /// Customers who waited ÷ customers served.
    pub waited: f64,
}

/// M/M/100 at 90 erlangs through the simulator's own calendar, for so many customers.
pub fn queue(customers: u64, seed: u64) -> Queue {
    let mut chance = Pcg64Mcg::seed_from_u64(seed);
    let mut draw = |mean: f64| -> u64 {
        let unit: f64 = Exp1.sample(&mut chance);
        nanos(unit * mean)
    };
    let mut calendar = Calendar::default();
    let mut waiting: VecDeque<u64> = VecDeque::new();
    let (mut busy, mut served, mut waited, mut events) = (0, 0u64, 0u64, 0u64);
    calendar.enter(draw(1.0 / LOAD), Happening::CallTurns(0));
    while served < customers {
        let Some(entry) = calendar.take() else {
            break;
        };
        events += 1;
        if let Happening::CallTurns(_) = entry.what {
            calendar.enter(entry.at + draw(1.0 / LOAD), Happening::CallTurns(0));
            if busy < SERVERS {
                busy += 1;
                calendar.enter(entry.at + draw(1.0), Happening::TalkEnds(0));
            } else {
                waiting.push_back(entry.at);
            }
        } else {
            served += 1;
            if waiting.pop_front().is_some() {
                waited += 1;
                calendar.enter(entry.at + draw(1.0), Happening::TalkEnds(0));
            } else {
                busy -= 1;
            }
        }
    }
    Queue {
        events,
        waited: waited as f64 / served.max(1) as f64,
    }
}
