//! One day of a whole floor: a heap of events around the engine.

use super::carrier::Carrier;
use super::fate::{Callees, Fate};
use super::figures::{FloorDay, Tally};
use super::people;
use super::roster::{self, Worker};
use super::scenario::FloorScenario;
use super::setup::{self, campaign_id, trunk_id};
use crate::list::LeadList;
use crate::oracle::{Breach, Oracle};
use carillon_decision::campaign::Dial;
use carillon_decision::engine::{Engine, EngineConfig, Output};
use carillon_decision::event::{Input, Progress};
use carillon_decision::id::{CallId, DecisionId};
use carillon_decision::routing::TrunkHealth;
use carillon_decision::time::{Mono, Now, Wall};
use desk::Desk;
pub use desk::Times;
use event::{Entry, Event, nanos, seconds};
use std::collections::{BTreeMap, BinaryHeap, VecDeque};
use std::time::Duration;

mod calls;
mod desk;
mod event;
mod orders;
mod watch;

/// Lines of a trace that are kept.
const TRACE_LINES: usize = 60;

/// A call of the world.
struct CallSim {
    campaign: usize,
    trunk: usize,
    lead: Option<carillon_decision::id::LeadId>,
    fate: Fate,
    inbound: bool,
    /// Nothing is ever heard of it.
    lost: bool,
    /// When the callee would answer.
    answers_at: Option<u64>,
    answered: bool,
    /// Since when it is known to be a person who waits.
    told_at: Option<u64>,
    /// Bridged or in the message: the person hears something.
    served: bool,
    /// Its end of talk is planned.
    talking: bool,
    ended: bool,
}

/// A floor in the middle of its day.
pub struct World<'a> {
    scenario: &'a FloorScenario,
    seed: u64,
    engine: Engine,
    start: Wall,
    now_ns: u64,
    heap: BinaryHeap<Entry>,
    serial: u64,
    wake_at: Option<u64>,
    calls: BTreeMap<CallId, CallSim>,
    lists: Vec<LeadList>,
    callees: Vec<Callees>,
    carriers: Vec<Carrier>,
    desks: Vec<Desk>,
    attempts: BTreeMap<u64, u64>,
    tally: Tally,
    oracle: Oracle,
    events: u64,
    trace: Option<VecDeque<String>>,
}

impl<'a> World<'a> {
    /// A floor at dawn; check the scenario first.
    #[must_use]
    pub fn new(scenario: &'a FloorScenario, seed: u64) -> Self {
        let lists: Vec<LeadList> = (0..scenario.campaigns.len())
            .map(|k| LeadList::of(people::leads(scenario, k, seed)))
            .collect();
        // The dialer is told probabilities only where the scenario says so.
        let workers = roster::workers(scenario, seed);
        let mut world = Self {
            engine: Engine::new(EngineConfig {
                seed,
                first_call: CallId(1),
                first_decision: DecisionId(1),
            }),
            start: scenario.start_wall(),
            now_ns: 0,
            heap: BinaryHeap::new(),
            serial: 0,
            wake_at: None,
            calls: BTreeMap::new(),
            callees: scenario.campaigns.iter().map(Callees::new).collect(),
            carriers: Carrier::all(scenario),
            desks: workers
                .iter()
                .map(|worker| Desk::new(worker.group))
                .collect(),
            attempts: BTreeMap::new(),
            tally: Tally::new(scenario, seed),
            oracle: Oracle::new(lists.iter().flat_map(LeadList::leads)),
            lists,
            events: 0,
            trace: None,
            scenario,
            seed,
        };
        world.plan(&workers);
        for input in setup::opening(scenario, &workers) {
            world.hear(input);
        }
        world
    }

    /// Keeps the last events and commands, in words.
    #[must_use]
    pub fn traced(mut self) -> Self {
        self.trace = Some(VecDeque::new());
        self
    }

    /// Everything the clock alone brings.
    fn plan(&mut self, workers: &[Worker]) {
        for (k, worker) in workers.iter().enumerate() {
            for (at, turn) in &worker.turns {
                self.schedule(*at, Event::Turn(k, *turn));
            }
        }
        let day_s = self.scenario.day_s();
        for (k, campaign) in self.scenario.campaigns.iter().enumerate() {
            let dial = |on| Input::Adjust {
                campaign: campaign_id(k),
                dial: Dial::Running(on),
            };
            let (from, to) = campaign.runs.unwrap_or((0.0, f64::INFINITY));
            self.schedule(from * 3600.0 + 1.0, Event::Hear(Box::new(dial(true))));
            if to.is_finite() {
                self.schedule(to * 3600.0, Event::Hear(Box::new(dial(false))));
            }
            for (n, at) in self.callees[k]
                .arrivals(self.seed, k, day_s)
                .into_iter()
                .enumerate()
            {
                self.schedule(at, Event::Caller(k, n as u64));
            }
        }
        for (k, trunk) in self.scenario.trunks.iter().enumerate() {
            let health = |health| Input::TrunkHealth {
                trunk: trunk_id(k),
                health,
            };
            for (hour, minutes) in &trunk.outages {
                // A short one ends before anybody notices.
                if minutes * 60.0 <= trunk.noticed_after_s {
                    continue;
                }
                let seen = hour * 3600.0 + trunk.noticed_after_s;
                let down = health(TrunkHealth::Down("no answer to OPTIONS".into()));
                self.schedule(seen, Event::Hear(Box::new(down)));
                let up = health(TrunkHealth::Up);
                self.schedule(seen + minutes * 60.0, Event::Hear(Box::new(up)));
            }
        }
    }

    /// Runs to the end of the day.
    #[must_use]
    pub fn run(mut self) -> FloorDay {
        self.run_out();
        self.finish()
    }

    /// Runs until an oracle is broken or the day ends; answers the breach and what led to it.
    #[must_use]
    pub fn run_to_breach(mut self) -> Option<(Breach, Vec<String>)> {
        while self.oracle.breaches().is_empty() && self.step() {}
        let breach = self.oracle.breaches().first().cloned().or_else(|| {
            self.oracle.close(self.now());
            self.oracle.breaches().first().cloned()
        })?;
        Some((breach, self.trace.unwrap_or_default().into()))
    }

    fn run_out(&mut self) {
        while self.step() {}
    }

    /// One event; answers whether the day goes on.
    fn step(&mut self) -> bool {
        let end = nanos(self.scenario.day_s());
        match self.heap.pop() {
            Some(entry) if entry.at < end => {
                self.now_ns = entry.at;
                self.play(entry.event);
                true
            }
            _ => {
                self.now_ns = end;
                false
            }
        }
    }

    fn finish(mut self) -> FloorDay {
        let now = self.now();
        self.oracle.close(now);
        for carrier in &mut self.carriers {
            carrier.channel(0, seconds(self.now_ns));
        }
        for desk in &mut self.desks {
            desk.settle(self.now_ns);
        }
        let status = self.engine.status(now);
        let (desks, lists, carriers) = (&self.desks, &self.lists, &self.carriers);
        self.tally.close(super::figures::Evening {
            scenario: self.scenario,
            status: &status,
            desks: &desks.iter().map(|d| (d.group, d.times)).collect::<Vec<_>>(),
            lists,
            carriers,
            breaches: self.oracle.breaches(),
            events: self.events,
        })
    }

    fn now(&self) -> Now {
        Now {
            mono: Mono(self.now_ns),
            wall: self.start + Duration::from_nanos(self.now_ns),
        }
    }

    fn schedule(&mut self, after_s: f64, event: Event) {
        self.schedule_at(self.now_ns.saturating_add(nanos(after_s)), event);
    }

    fn schedule_at(&mut self, at: u64, event: Event) {
        self.serial += 1;
        let serial = self.serial;
        self.heap.push(Entry { at, serial, event });
    }

    fn play(&mut self, event: Event) {
        match event {
            Event::Wake => {
                if self.wake_at.is_some_and(|at| at <= self.now_ns) {
                    self.wake_at = None;
                    self.hear(Input::Tick);
                }
            }
            Event::Hear(input) => self.hear(*input),
            Event::Call(id, progress) => self.news(id, progress),
            Event::Patience(id) => self.tires(id),
            Event::TalkOver(id) => self.news(id, Progress::HungUp),
            Event::Turn(agent, turn) => self.turn(agent, turn),
            Event::LineUp(agent) => self.line_up(agent),
            Event::Ready(agent) => self.says_ready(agent),
            Event::WrapOver(agent, serial) => self.wrap_over(agent, serial),
            Event::BreakOver(agent) => self.break_over(agent),
            Event::Caller(campaign, k) => self.calls_in(campaign, k),
        }
    }

    fn hear(&mut self, input: Input) {
        let now = self.now();
        self.events += u64::from(input != Input::Tick);
        if input != Input::Tick {
            self.note(|| format!("in   {input:?}"));
        }
        self.oracle.hear(&input, now);
        self.engine.handle(now, input);
        loop {
            match self.engine.poll() {
                Output::Command(command) => self.obey(command),
                Output::Wait(until) => {
                    let sooner = |at: &Mono| {
                        self.wake_at
                            .is_none_or(|planned| at.0 < planned || planned <= self.now_ns)
                    };
                    if let Some(at) = until.filter(sooner) {
                        self.wake_at = Some(at.0);
                        self.schedule_at(at.0.max(self.now_ns), Event::Wake);
                    }
                    return;
                }
            }
        }
    }

    fn note(&mut self, line: impl FnOnce() -> String) {
        let at = seconds(self.now_ns);
        if let Some(trace) = &mut self.trace {
            if trace.len() == TRACE_LINES {
                trace.pop_front();
            }
            trace.push_back(format!("{at:10.3}  {}", line()));
        }
    }
}
