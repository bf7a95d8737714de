//! Runs the reference world: a small discrete-event loop with a seeded generator. It knows nothing
//! of the engine; the whole-engine worlds live in the simulator.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, VecDeque};

use super::view::{AgentView, CallView, FloorView, Limits, WindowView};
use super::world::{Chance, Day, World};
use super::{Outcome, Pacer, Resolution, Tuning};

const RING_TIMEOUT_S: f64 = 25.0;
const RING_MINIMUM_S: f64 = 15.0;
const HOLD_S: f64 = 2.0;
const MACHINE: f64 = 0.3;
const BUSY: f64 = 0.1;
const TICK_S: f64 = 0.5;

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
            (Outcome::Failed, ring_s)
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
        let (answered, abandoned) = (self.day.answered, self.day.abandoned);
        if self.world.projected {
            let remaining_s = self.world.day_s - self.now;
            return WindowView::over(answered, abandoned, self.now, remaining_s, (0, 0.0));
        }
        WindowView {
            answered,
            abandoned,
            projected: 0.0,
        }
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
