//! The reference world at the pacer's level: a small discrete-event loop with a seeded generator.
//! It knows nothing of the engine; the whole-engine worlds live in the simulator.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, VecDeque};

use super::survival::LogNormal;
use super::view::{AgentView, CallView, FloorView, Limits, WindowView};
use super::{Outcome, Pacer, Resolution, Tuning};

const RING_TIMEOUT_S: f64 = 25.0;
const RING_MINIMUM_S: f64 = 15.0;
const HOLD_S: f64 = 2.0;
const MACHINE: f64 = 0.3;
const BUSY: f64 = 0.1;
const TICK_S: f64 = 0.5;

/// A kind of duration in the world.
#[derive(Clone, Copy, Debug)]
pub enum Duration {
    /// Log-normal by mean and coefficient of variation.
    LogNormal(f64, f64),
    /// Exponential by mean.
    Exponential(f64),
    /// None at all.
    Zero,
}

/// What changes over the day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Drift {
    /// Nothing.
    Still,
    /// Slow swings of answer share and talk time, and a dip.
    Swings,
    /// 0.08, then 0.4 from 3 h to 6 h, then 0.08.
    Shock,
}

/// One world.
#[derive(Clone, Copy, Debug)]
pub struct World {
    pub agents: usize,
    pub p_human: f64,
    pub ring: Duration,
    pub talk: Duration,
    pub wrap: Duration,
    pub day_s: f64,
    pub drift: Drift,
    /// Machines and busy lines exist (the reference world) or every failure is silence.
    pub mixed: bool,
}

impl World {
    /// The reference world of an eight-hour day.
    pub fn reference(agents: usize, p_human: f64, talk_s: f64) -> Self {
        Self {
            agents,
            p_human,
            ring: Duration::LogNormal(12.0, 5.0 / 12.0),
            talk: Duration::LogNormal(talk_s, 1.0),
            wrap: Duration::LogNormal(20.0, 0.5),
            day_s: 8.0 * 3600.0,
            drift: Drift::Still,
            mixed: true,
        }
    }

    /// The quarter-hour of the demo: short talk, short wrap-up.
    pub fn demo() -> Self {
        Self {
            wrap: Duration::LogNormal(8.0, 0.5),
            day_s: 900.0,
            ..Self::reference(10, 0.2, 30.0)
        }
    }

    /// The exponential world whose optimum is known exactly.
    pub fn exponential(agents: usize, handling_s: f64, ring_s: f64, p_human: f64) -> Self {
        Self {
            ring: Duration::Exponential(ring_s),
            talk: Duration::Exponential(handling_s),
            wrap: Duration::Zero,
            mixed: false,
            ..Self::reference(agents, p_human, handling_s)
        }
    }

    fn p_at(&self, t: f64) -> f64 {
        let hour = t / 3600.0;
        match self.drift {
            Drift::Still => self.p_human,
            Drift::Swings => {
                let dip = if (3.5..4.5).contains(&hour) { 0.6 } else { 1.0 };
                self.p_human * (1.0 + 0.35 * libm::sin(std::f64::consts::TAU * hour / 8.0)) * dip
            }
            Drift::Shock if (3.0..6.0).contains(&hour) => 0.4,
            Drift::Shock => 0.08,
        }
    }

    fn talk_scale(&self, t: f64) -> f64 {
        if self.drift == Drift::Swings {
            1.0 + 0.25 * libm::sin(std::f64::consts::TAU * t / 28_800.0 + 1.0)
        } else {
            1.0
        }
    }
}

/// What a day came to.
#[derive(Clone, Copy, Debug, Default)]
pub struct Day {
    pub answered: u64,
    pub abandoned: u64,
    pub waited: u64,
    pub dialed: u64,
    pub cancelled: u64,
    pub decisions: u64,
    /// Seconds of talk and wrap-up.
    pub busy_s: f64,
    /// Seconds logged in, over all agents.
    pub logged_in_s: f64,
    /// Days that ended above the cap.
    pub over_cap: u64,
}

impl Day {
    pub fn utilisation(&self) -> f64 {
        self.busy_s / self.logged_in_s
    }

    pub fn abandonment(&self) -> f64 {
        self.abandoned as f64 / (self.answered.max(1)) as f64
    }

    pub fn add(&mut self, other: &Self) {
        self.answered += other.answered;
        self.abandoned += other.abandoned;
        self.waited += other.waited;
        self.dialed += other.dialed;
        self.cancelled += other.cancelled;
        self.decisions += other.decisions;
        self.busy_s += other.busy_s;
        self.logged_in_s += other.logged_in_s;
        self.over_cap += other.over_cap;
    }
}

/// SplitMix64 (Steele, Lea and Flood 2014): enough for a test world, and seedable per draw.
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^= z >> 31;
        ((z >> 11) as f64 + 0.5) / (1u64 << 53) as f64
    }

    fn duration(&mut self, law: Duration) -> f64 {
        let u = self.next();
        match law {
            Duration::LogNormal(mean, cv) => LogNormal::from_mean_cv(mean, cv).quantile(u),
            Duration::Exponential(mean) => -mean * libm::log(u),
            Duration::Zero => 0.0,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    Resolve(u64),
    TalkEnds(usize),
    WrapEnds(usize),
    HoldEnds(u64),
    Tick,
}

#[derive(Clone, Copy, Debug)]
enum Agent {
    Idle(f64),
    Talk(f64, f64),
    Wrap(f64),
}

#[derive(Clone, Copy, Debug)]
struct Call {
    since: f64,
    fate: Outcome,
    talk_s: f64,
    wrap_s: f64,
}

/// One running day.
struct Run<'a> {
    world: &'a World,
    tuning: &'a Tuning,
    pacer: Pacer,
    chance: Chance,
    now: f64,
    /// Times are non-negative, so that their bits order as they do.
    events: BinaryHeap<Reverse<(u64, u64, Event)>>,
    sequence: u64,
    agents: Vec<Agent>,
    calls: BTreeMap<u64, Call>,
    waiting: VecDeque<(u64, Call)>,
    next_call: u64,
    day: Day,
}

/// Runs one day of the world with a pacer that knows nothing yet.
pub fn run(world: &World, tuning: &Tuning, seed: u64) -> Day {
    let mut run = Run {
        world,
        tuning,
        pacer: Pacer::new(),
        chance: Chance(seed.wrapping_mul(0x2545_f491_4f6c_dd1d)),
        now: 0.0,
        events: BinaryHeap::new(),
        sequence: 0,
        agents: vec![Agent::Idle(0.0); world.agents],
        calls: BTreeMap::new(),
        waiting: VecDeque::new(),
        next_call: 0,
        day: Day {
            logged_in_s: world.day_s * world.agents as f64,
            ..Day::default()
        },
    };
    run.at(0.0, Event::Tick);
    while let Some(Reverse((bits, _, event))) = run.events.pop() {
        run.now = f64::from_bits(bits);
        if run.now >= world.day_s {
            break;
        }
        if run.happen(event) {
            run.decide();
        }
    }
    run.finish();
    run.day
}

impl Run<'_> {
    fn at(&mut self, time: f64, event: Event) {
        self.sequence += 1;
        self.events
            .push(Reverse((time.to_bits(), self.sequence, event)));
    }

    /// Whether anything changed that a decision should see.
    fn happen(&mut self, event: Event) -> bool {
        match event {
            Event::Tick => {
                self.at(self.now + TICK_S, Event::Tick);
                true
            }
            Event::Resolve(id) => self.resolve(id),
            Event::TalkEnds(agent) => {
                if let Agent::Talk(since, wrap_s) = self.agents[agent] {
                    self.day.busy_s += self.now - since;
                    self.pacer.observe_talk(self.now - since);
                    self.agents[agent] = Agent::Wrap(self.now);
                    self.at(self.now + wrap_s, Event::WrapEnds(agent));
                }
                true
            }
            Event::WrapEnds(agent) => {
                if let Agent::Wrap(since) = self.agents[agent] {
                    self.day.busy_s += self.now - since;
                    self.pacer.observe_wrap(self.now - since);
                }
                self.agents[agent] = Agent::Idle(self.now);
                if let Some((_, call)) = self.waiting.pop_front() {
                    self.day.waited += 1;
                    self.connect(agent, &call);
                }
                true
            }
            Event::HoldEnds(id) => {
                let before = self.waiting.len();
                self.waiting.retain(|(waiting, _)| *waiting != id);
                let left = self.waiting.len() < before;
                if left {
                    self.day.answered += 1;
                    self.day.abandoned += 1;
                    self.pacer.observe_person(true);
                }
                left
            }
        }
    }

    fn resolve(&mut self, id: u64) -> bool {
        let Some(call) = self.calls.remove(&id) else {
            return false;
        };
        self.observe(&call, call.fate);
        if call.fate == Outcome::Human {
            let longest = self
                .agents
                .iter()
                .enumerate()
                .filter_map(|(k, agent)| match agent {
                    Agent::Idle(since) => Some((since.to_bits(), k)),
                    _ => None,
                })
                .min();
            if let Some((_, agent)) = longest {
                self.connect(agent, &call);
            } else {
                self.waiting.push_back((id, call));
                self.at(self.now + HOLD_S, Event::HoldEnds(id));
            }
        }
        true
    }

    fn observe(&mut self, call: &Call, outcome: Outcome) {
        let elapsed_s = self.now - call.since;
        let resolution = Resolution {
            outcome,
            elapsed_s,
            rang: true,
            p_human: None,
        };
        self.pacer.observe_resolution(&resolution);
    }

    fn connect(&mut self, agent: usize, call: &Call) {
        self.day.answered += 1;
        self.pacer.observe_person(false);
        self.agents[agent] = Agent::Talk(self.now, call.wrap_s);
        self.at(self.now + call.talk_s, Event::TalkEnds(agent));
    }

    /// Every call draws the same number of variates: equal seeds keep worlds comparable.
    fn dial(&mut self) {
        let world = self.world;
        let (u, busy_u) = (self.chance.next(), self.chance.next());
        let ring_s = self.chance.duration(world.ring);
        let talk_s = self.chance.duration(world.talk) * world.talk_scale(self.now);
        let wrap_s = self.chance.duration(world.wrap);
        let p = world.p_at(self.now);
        let (machine, busy) = if world.mixed {
            (MACHINE, BUSY)
        } else {
            (0.0, 0.0)
        };
        let (fate, after_s) = if u < p + machine && (ring_s < RING_TIMEOUT_S || !world.mixed) {
            (
                if u < p {
                    Outcome::Human
                } else {
                    Outcome::Machine
                },
                ring_s,
            )
        } else if u >= p + machine && u < p + machine + busy {
            (Outcome::Failed, 1.0 + 2.0 * busy_u)
        } else if world.mixed {
            (Outcome::NoAnswer, RING_TIMEOUT_S)
        } else {
            (Outcome::NoAnswer, ring_s)
        };
        let id = self.next_call;
        self.next_call += 1;
        self.day.dialed += 1;
        self.calls.insert(
            id,
            Call {
                since: self.now,
                fate,
                talk_s,
                wrap_s,
            },
        );
        self.at(self.now + after_s, Event::Resolve(id));
    }

    fn window(&self) -> WindowView {
        WindowView::over(
            self.day.answered,
            self.day.abandoned,
            self.now,
            self.world.day_s - self.now,
        )
    }

    fn decide(&mut self) {
        let now = self.now;
        let agents: Vec<AgentView> = self
            .agents
            .iter()
            .map(|agent| match agent {
                Agent::Idle(since) => AgentView::Idle {
                    idle_s: now - since,
                },
                Agent::Talk(since, _) => AgentView::Talking {
                    elapsed_s: now - since,
                },
                Agent::Wrap(since) => AgentView::WrapUp {
                    elapsed_s: now - since,
                    limit_s: None,
                },
            })
            .collect();
        let ids: Vec<u64> = self.calls.keys().copied().collect();
        let calls: Vec<CallView> = self
            .calls
            .values()
            .map(|call| CallView::ringing(now - call.since, Some(now - call.since)))
            .collect();
        let view = FloorView {
            agents: &agents,
            calls: &calls,
            waiting: self.waiting.len() as u32,
            window: self.window(),
            limits: Limits::default(),
            ring_minimum_s: RING_MINIMUM_S,
            ring_timeout_s: if self.world.mixed {
                RING_TIMEOUT_S
            } else {
                1e4
            },
            hold_s: HOLD_S,
        };
        let pace = self.pacer.decide(now, &view, self.tuning);
        self.day.decisions += 1;
        for index in pace.cancel {
            if let Some(call) = self.calls.remove(&ids[index]) {
                self.observe(&call, Outcome::Cancelled);
                self.day.cancelled += 1;
            }
        }
        for _ in 0..pace.lines {
            self.dial();
        }
    }

    fn finish(&mut self) {
        for agent in &self.agents {
            if let Agent::Talk(since, _) | Agent::Wrap(since) = agent {
                self.day.busy_s += self.world.day_s - since;
            }
        }
        let over = self.day.abandonment() > self.tuning.cap;
        self.day.over_cap = u64::from(over);
    }
}
