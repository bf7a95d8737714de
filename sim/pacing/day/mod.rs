//! One simulated day at the pacer's level.

mod agents;
mod deciding;

use super::calendar::{Calendar, Happening, nanos, seconds};
use super::call_log::{CallLog, News};
use super::callers::{Callers, Fate, Person};
use super::figures::{Day, Tally};
use super::policy::{Orders, Policy, PolicyName};
use super::roster::Roster;
use super::scenario::PacingScenario;
use super::trace::Trace;
use crate::calls::CallRow;
use carillon_decision::pacing::{AgentView, CallView, Change, FloorCounts, Outcome, Resolution};
use carillon_decision::time::Wall;
use std::collections::VecDeque;

/// Longest time between two decisions.
const TICK: u64 = 500_000_000;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum CallState {
    Over,
    Ringing,
    /// Answered by a machine, not yet known as one.
    Screened,
    Waiting,
}

#[derive(Clone, Copy, Debug)]
struct Call {
    state: CallState,
    since: u64,
    /// The entry in the calendar that is meant for it.
    serial: u64,
    fate: Fate,
    score: Option<f64>,
    /// Its place among the open calls.
    place: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Duty {
    Away,
    Idle,
    Talk,
    Wrap,
}

#[derive(Clone, Copy, Debug)]
struct Agent {
    duty: Duty,
    since: u64,
    person: Person,
    /// No further call: a break or the end of the shift is due.
    leaving: bool,
}

/// Runs a day; equal arguments give equal days.
#[must_use]
pub fn run_day(scenario: &PacingScenario, policy: PolicyName, seed: u64) -> Day {
    let mut policy = policy.begin(&scenario.tuning(), &scenario.rivals);
    run_day_under(scenario, policy.as_mut(), seed)
}

/// Runs a day under a policy of one's own.
#[must_use]
pub fn run_day_under(scenario: &PacingScenario, policy: &mut dyn Policy, seed: u64) -> Day {
    let mut floor = Floor::new(scenario, policy, seed);
    run(&mut floor);
    floor.close(seed)
}

/// Runs a day and keeps its course; the day is the same as without.
#[must_use]
pub fn run_day_traced(scenario: &PacingScenario, policy: PolicyName, seed: u64) -> (Day, Trace) {
    let mut policy = policy.begin(&scenario.tuning(), &scenario.rivals);
    let mut floor = Floor::new(scenario, policy.as_mut(), seed);
    let empty = Trace::new(scenario.hours, floor.agents.len() as u32);
    floor.tally.trace = Some(Box::new(empty.clone()));
    run(&mut floor);
    let trace = floor.tally.trace.take();
    (floor.close(seed), trace.map_or(empty, |trace| *trace))
}

/// Runs a day that begins at `dawn` and keeps the records of its calls; the day is the same as
/// without. Calls that the end finds ringing, or waiting, leave none.
#[must_use]
pub fn run_day_recorded(
    scenario: &PacingScenario,
    policy: PolicyName,
    seed: u64,
    dawn: Wall,
) -> (Day, Vec<CallRow>) {
    let name = policy.to_string();
    let mut policy = policy.begin(&scenario.tuning(), &scenario.rivals);
    let mut floor = Floor::new(scenario, policy.as_mut(), seed);
    floor.tally.calls = Some(Box::new(CallLog::new(dawn, floor.end, name)));
    run(&mut floor);
    let rows = floor.tally.calls.take().map_or(Vec::new(), |log| log.rows);
    (floor.close(seed), rows)
}

fn run(floor: &mut Floor<'_>) {
    let mut next_tick = 0;
    loop {
        let due = floor.calendar.next_at().unwrap_or(u64::MAX);
        let at = due.min(next_tick);
        if at >= floor.end {
            break;
        }
        floor.tally.pass(floor.now, at, &floor.counts);
        floor.now = at;
        let changed = if due <= next_tick {
            floor
                .calendar
                .take()
                .is_some_and(|entry| floor.happen(entry.what, entry.serial))
        } else {
            next_tick += TICK;
            true
        };
        if changed {
            floor.decide();
        }
    }
    floor.tally.pass(floor.now, floor.end, &floor.counts);
}

struct Floor<'a> {
    scenario: &'a PacingScenario,
    policy: &'a mut dyn Policy,
    looks_closely: bool,
    end: u64,
    now: u64,
    calendar: Calendar,
    callers: Callers,
    agents: Vec<Agent>,
    /// Idle agents, longest idle first.
    idle: VecDeque<u32>,
    calls: Vec<Call>,
    free_calls: Vec<u32>,
    /// Calls in flight.
    open: Vec<u32>,
    /// People who wait, longest first.
    waiting: VecDeque<u32>,
    counts: FloorCounts,
    orders: Orders,
    agent_views: Vec<AgentView>,
    call_views: Vec<CallView>,
    /// What a decision that merely glances needs to know.
    changed: Vec<Change>,
    tally: Tally,
}

impl<'a> Floor<'a> {
    fn new(scenario: &'a PacingScenario, policy: &'a mut dyn Policy, seed: u64) -> Self {
        let end = nanos(scenario.hours * 3600.0);
        let roster = Roster::new(scenario);
        let mut calendar = Calendar::default();
        for (at_s, agent) in roster.turns() {
            calendar.enter(nanos(at_s), Happening::ShiftTurns(agent));
        }
        let present = roster.agents_at_dawn();
        let agent = |k: usize| Agent {
            duty: if present[k] { Duty::Idle } else { Duty::Away },
            since: 0,
            person: Person::default(),
            leaving: false,
        };
        let agents: Vec<Agent> = (0..present.len()).map(agent).collect();
        let idle: VecDeque<u32> = (0..present.len() as u32)
            .filter(|k| present[*k as usize])
            .collect();
        Self {
            looks_closely: policy.looks_closely(),
            policy,
            end,
            now: 0,
            calendar,
            callers: Callers::new(scenario, seed),
            counts: FloorCounts {
                idle: idle.len() as u32,
                ..FloorCounts::default()
            },
            agents,
            idle,
            calls: Vec::new(),
            free_calls: Vec::new(),
            open: Vec::new(),
            waiting: VecDeque::new(),
            orders: Orders::default(),
            agent_views: Vec::new(),
            call_views: Vec::new(),
            changed: Vec::new(),
            tally: Tally::new(scenario, &roster),
            scenario,
        }
    }

    fn now_s(&self) -> f64 {
        seconds(self.now)
    }

    /// Whether anything changed that a decision should see.
    fn happen(&mut self, what: Happening, serial: u64) -> bool {
        match what {
            Happening::CallTurns(call) => {
                if self.calls[call as usize].serial != serial {
                    return false;
                }
                self.call_turns(call);
            }
            Happening::MachineKnown(call) => {
                if self.calls[call as usize].serial != serial {
                    return false;
                }
                self.land(call);
                self.ended(call, "machine");
            }
            Happening::HoldEnds(call) => {
                if self.calls[call as usize].serial != serial {
                    return false;
                }
                self.waiting.retain(|waiting| *waiting != call);
                self.counts.waiting -= 1;
                self.met(true);
                self.ended(call, "abandoned");
            }
            Happening::TalkEnds(agent) => self.talk_ends(agent),
            Happening::WrapEnds(agent) => self.wrap_ends(agent),
            Happening::ShiftTurns(agent) => self.shift_turns(agent),
        }
        self.tally.events += 1;
        true
    }

    fn call_turns(&mut self, call: u32) {
        let of = self.calls[call as usize];
        let outcome = match of.fate {
            Fate::Person(_) => Outcome::Human,
            Fate::Mistaken | Fate::Machine { .. } => Outcome::Machine,
            Fate::Fails => Outcome::Failed,
            Fate::Silent => Outcome::NoAnswer,
        };
        self.learn(&of, outcome);
        if matches!(outcome, Outcome::Human | Outcome::Machine) {
            self.tally.call(call, self.now, News::Answered);
        }
        match of.fate {
            Fate::Person(_) => {
                self.land(call);
                self.answered(call);
            }
            // By law an abandoned call, as soon as it is hung up.
            Fate::Mistaken => {
                self.land(call);
                self.met(true);
                self.ended(call, "machine");
            }
            Fate::Machine { known_s } => {
                let at = self.now + nanos(known_s);
                let serial = self.calendar.enter(at, Happening::MachineKnown(call));
                self.over(call);
                let of = &mut self.calls[call as usize];
                (of.state, of.since, of.serial) = (CallState::Screened, self.now, serial);
            }
            Fate::Fails => {
                self.land(call);
                self.ended(call, "busy");
            }
            Fate::Silent => {
                self.land(call);
                self.ended(call, "no_answer");
            }
        }
    }

    fn answered(&mut self, call: u32) {
        if let Some(agent) = self.idle.pop_front() {
            self.counts.idle -= 1;
            self.connect(agent, call, false);
        } else {
            let hold_s = self.callers.hold_s();
            let at = self.now + nanos(hold_s);
            let serial = self.calendar.enter(at, Happening::HoldEnds(call));
            let of = &mut self.calls[call as usize];
            (of.state, of.since, of.serial) = (CallState::Waiting, self.now, serial);
            self.waiting.push_back(call);
            self.counts.waiting += 1;
        }
    }

    fn connect(&mut self, agent: u32, call: u32, waited: bool) {
        let of = self.calls[call as usize];
        if waited {
            self.tally.waited(seconds(self.now - of.since));
        }
        let Fate::Person(person) = of.fate else {
            return;
        };
        self.met(false);
        self.tally.call(call, self.now, News::Taken(agent, person));
        self.release(call);
        let at = self.now + nanos(person.talk_s);
        self.calendar.enter(at, Happening::TalkEnds(agent));
        let agent = &mut self.agents[agent as usize];
        (agent.duty, agent.since, agent.person) = (Duty::Talk, self.now, person);
        self.counts.busy += 1;
        self.agent_changed(None, Some(AgentView::Talking { elapsed_s: 0.0 }));
    }

    /// A person was connected or abandoned.
    fn met(&mut self, abandoned: bool) {
        self.tally.person(self.now_s(), abandoned);
        self.policy.person_met(abandoned);
    }

    fn learn(&mut self, call: &Call, outcome: Outcome) {
        self.policy.call_resolved(&Resolution {
            outcome,
            elapsed_s: seconds(self.now - call.since),
            rang: true,
            p_human: call.score,
        });
    }

    /// Nobody who would wait comes of the call any more, or someone did.
    fn over(&mut self, call: u32) {
        if self.looks_closely {
            let view = self.calls[call as usize].seen(self.now);
            self.changed.push(Change::Over(view));
        }
    }

    /// The call is no longer in flight.
    fn land(&mut self, call: u32) {
        self.over(call);
        let place = self.calls[call as usize].place as usize;
        self.open.swap_remove(place);
        if let Some(moved) = self.open.get(place) {
            self.calls[*moved as usize].place = place as u32;
        }
        self.counts.in_flight -= 1;
    }

    /// The call is over without an agent.
    fn ended(&mut self, call: u32, outcome: &'static str) {
        self.tally.call(call, self.now, News::Ended(outcome));
        self.release(call);
    }

    fn release(&mut self, call: u32) {
        let of = &mut self.calls[call as usize];
        (of.state, of.serial) = (CallState::Over, 0);
        self.free_calls.push(call);
    }

    fn close(mut self, seed: u64) -> Day {
        let end_s = seconds(self.end);
        for agent in &self.agents {
            if matches!(agent.duty, Duty::Talk | Duty::Wrap) {
                self.tally.busy_s += seconds(self.end - agent.since);
            }
        }
        self.tally.close(seed, end_s)
    }
}
