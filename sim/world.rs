//! One simulated day: a heap of events around the engine.

use crate::agent::AgentLaw;
use crate::callee::Fate;
use crate::floor::{engine_config, opening};
use crate::list::{LeadList, people};
use crate::oracle::Oracle;
use crate::report::DayFigures;
use crate::scenario::Scenario;
use carillon_decision::agent::AgentState;
use carillon_decision::call::{AmdVerdict, CallRecord, Cause, Direction};
use carillon_decision::engine::{Engine, EngineConfig, Output};
use carillon_decision::event::{Command, Input, Progress};
use carillon_decision::id::{AgentId, CallId};
use carillon_decision::time::{Mono, Now, Wall};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::time::Duration;

/// INVITE to 180 on a loopback carrier.
const PDD_S: f64 = 0.05;
/// One signalling round trip.
const ROUND_TRIP_S: f64 = 0.02;
/// Joining two legs.
const BRIDGE_S: f64 = 0.002;
/// An agent's phone answers by itself.
const AGENT_ANSWER_S: f64 = 0.2;
/// Tones before a "not in service" is recognised.
const SIT_S: f64 = 1.2;
/// Length of what is said to a customer at the bridge.
const ANNOUNCEMENT_S: f64 = 1.0;
/// Dial to answer of an outside destination: somebody sits there and waits.
const DESTINATION_RING_S: f64 = 4.0;
/// How long a destination talks.
const DESTINATION_TALK_S: f64 = 60.0;
/// Length of the abandon message.
const MESSAGE_S: f64 = 7.0;

#[derive(Clone, Debug, PartialEq)]
enum Event {
    Wake,
    Hear(Box<Input>),
    /// News of a call, void once the call is over or hung up.
    Call(CallId, Progress),
    /// A person tires of silence.
    Patience(CallId),
    /// A conversation has been had.
    TalkOver(CallId),
}

struct CallSim {
    fate: Fate,
    answered: bool,
    /// Bridged or in the message: the person hears something.
    served: bool,
    ended: bool,
}

/// A world in the middle of its day.
pub struct World {
    scenario: Scenario,
    seed: u64,
    engine: Engine,
    start: Wall,
    now_ns: u64,
    heap: BinaryHeap<Reverse<(u64, u64)>>,
    events: BTreeMap<u64, Event>,
    sequence: u64,
    wake_at: Option<Mono>,
    calls: BTreeMap<CallId, CallSim>,
    placed: u64,
    wraps: u64,
    bridges: u64,
    list: LeadList,
    agents_law: AgentLaw,
    figures: DayFigures,
    oracle: Oracle,
    tape: Option<Vec<(Now, Input)>>,
    records: Option<Vec<CallRecord>>,
}

impl World {
    /// A world at dawn. `tape` keeps every input for a journal.
    pub fn new(scenario: &Scenario, seed: u64, tape: bool) -> Self {
        let config = engine_config(seed);
        let list = LeadList::new(&people(scenario.leads, scenario.listed, seed));
        let mut world = Self {
            engine: Engine::new(config),
            start: scenario.start_wall(),
            now_ns: 0,
            heap: BinaryHeap::new(),
            events: BTreeMap::new(),
            sequence: 0,
            wake_at: None,
            calls: BTreeMap::new(),
            placed: 0,
            wraps: 0,
            bridges: 0,
            agents_law: scenario.agents_law,
            figures: DayFigures::new(seed),
            oracle: Oracle::new(list.leads()),
            list,
            tape: tape.then(Vec::new),
            records: None,
            scenario: scenario.clone(),
            seed,
        };
        for input in opening(scenario) {
            world.hear(input);
        }
        world
    }

    /// Runs to the end of the day and answers its figures.
    pub fn run(mut self) -> DayFigures {
        self.run_out();
        self.figures
    }

    /// Runs to the end of the day; answers figures and the records of calls that have ended.
    pub fn run_recorded(mut self) -> (DayFigures, Vec<CallRecord>) {
        self.records = Some(Vec::new());
        self.run_out();
        (self.figures, self.records.unwrap_or_default())
    }

    /// Runs to the end of the day; answers figures and every input heard.
    pub fn run_taped(mut self) -> (DayFigures, EngineConfig, Vec<(Now, Input)>) {
        self.run_out();
        (
            self.figures,
            engine_config(self.seed),
            self.tape.unwrap_or_default(),
        )
    }

    fn run_out(&mut self) {
        let end_ns = seconds(self.scenario.minutes * 60.0);
        while let Some(Reverse((at, key))) = self.heap.pop() {
            if at > end_ns {
                break;
            }
            let Some(event) = self.events.remove(&key) else {
                continue;
            };
            self.now_ns = at;
            self.play(event);
        }
        self.now_ns = end_ns;
        self.oracle.close(self.now());
        let status = self.engine.status(self.now());
        self.figures.close(&status, &self.oracle);
    }

    fn now(&self) -> Now {
        Now {
            mono: Mono(self.now_ns),
            wall: self.start + Duration::from_nanos(self.now_ns),
        }
    }

    fn schedule(&mut self, after_s: f64, event: Event) {
        let at = self.now_ns + seconds(after_s);
        self.sequence += 1;
        self.events.insert(self.sequence, event);
        self.heap.push(Reverse((at, self.sequence)));
    }

    fn play(&mut self, event: Event) {
        match event {
            Event::Wake => {
                if self.wake_at.is_some_and(|at| at.0 <= self.now_ns) {
                    self.wake_at = None;
                    self.hear(Input::Tick);
                }
            }
            Event::Hear(input) => self.hear(*input),
            Event::Call(id, progress) => {
                let Some(call) = self.calls.get_mut(&id).filter(|c| !c.ended) else {
                    return;
                };
                call.answered |= progress == Progress::Answered;
                call.ended = matches!(progress, Progress::Failed { .. } | Progress::HungUp);
                self.hear(Input::Progress { call: id, progress });
            }
            Event::Patience(id) => {
                if self.calls.get(&id).is_some_and(|c| !c.ended && !c.served) {
                    self.play(Event::Call(id, Progress::HungUp));
                }
            }
            Event::TalkOver(id) => self.play(Event::Call(id, Progress::HungUp)),
        }
    }

    fn hear(&mut self, input: Input) {
        let now = self.now();
        if let Some(tape) = &mut self.tape {
            tape.push((now, input.clone()));
        }
        self.oracle.hear(&input, now);
        self.engine.handle(now, input);
        loop {
            match self.engine.poll() {
                Output::Command(command) => self.obey(command),
                Output::Wait(until) => {
                    if let Some(at) = until
                        && self
                            .wake_at
                            .is_none_or(|planned| at < planned || planned.0 <= self.now_ns)
                    {
                        self.wake_at = Some(at);
                        // To the nanosecond: a wake a moment early is none.
                        self.sequence += 1;
                        self.events.insert(self.sequence, Event::Wake);
                        let due = at.0.max(self.now_ns);
                        self.heap.push(Reverse((due, self.sequence)));
                    }
                    return;
                }
            }
        }
    }

    fn obey(&mut self, command: Command) {
        self.oracle.watch(&command, self.now());
        match command {
            Command::NeedLeads { campaign, count } => {
                let (leads, exhausted) = self.list.lease(self.now().wall, count);
                let offer = Input::LeadsOffered {
                    campaign,
                    leads,
                    exhausted,
                };
                self.schedule(0.001, Event::Hear(Box::new(offer)));
            }
            Command::LeadDone { lead, update, .. } => self.list.done(lead, &update),
            Command::Originate(order) => self.place(order.call),
            Command::CallOut(order) => self.call_out(order.call),
            Command::Announce { call, .. } => {
                self.schedule(
                    ANNOUNCEMENT_S,
                    Event::Call(call, Progress::AnnouncementEnded),
                );
            }
            Command::HangUp { call } => self.hang_up(call),
            Command::Bridge { call, agent } => self.bridge(call, agent),
            Command::PlayMessage { call, .. } => {
                if let Some(sim) = self.calls.get_mut(&call) {
                    sim.served = true;
                }
                self.schedule(MESSAGE_S, Event::Call(call, Progress::MessageEnded));
            }
            Command::RingAgent { agent } => {
                let line = Input::AgentLine { agent, up: true };
                self.schedule(AGENT_ANSWER_S, Event::Hear(Box::new(line)));
            }
            Command::AgentChanged {
                agent,
                to: AgentState::WrapUp(_),
                ..
            } => {
                let wrap = self.agents_law.wrap_s(self.seed, self.wraps);
                self.wraps += 1;
                self.schedule(wrap, Event::Hear(Box::new(Input::AgentReady { agent })));
            }
            Command::Record(record) => {
                if record.direction == Direction::Outbound {
                    self.list.record(&record);
                }
                let known_ms = self.scenario.known_ms();
                self.figures.record(&record, known_ms);
                self.calls.remove(&record.call);
                if let Some(records) = &mut self.records {
                    records.push(*record);
                }
            }
            Command::Adopt { .. }
            | Command::AnswerInbound { .. }
            | Command::RejectInbound { .. }
            | Command::DropAgentLine { .. }
            | Command::AgentChanged { .. }
            | Command::Disposition { .. }
            | Command::RetireNumber { .. }
            | Command::EnterDoNotCall { .. }
            | Command::Audio(_)
            | Command::Refused { .. }
            | Command::Recorder { .. }
            | Command::Decided(_)
            | Command::Alert(_) => {}
        }
    }

    /// The carrier takes the call; its callee's fate unfolds.
    fn place(&mut self, id: CallId) {
        let fate = self.scenario.callees.fate(self.seed, self.placed);
        self.placed += 1;
        self.calls.insert(
            id,
            CallSim {
                fate,
                answered: false,
                served: false,
                ended: false,
            },
        );
        self.schedule(0.0, Event::Call(id, Progress::Sent));
        let screening = self.scenario.screening;
        let verdict = |who, greeting_ended_s: f64| Progress::Verdict {
            who,
            greeting_ended: Duration::from_secs_f64(greeting_ended_s),
        };
        let fail = |cause| Progress::Failed {
            cause,
            retry_after: None,
        };
        match fate {
            Fate::Human {
                ring_s, greeting_s, ..
            } => {
                let heard = ring_s + screening.onset_s;
                let known = heard + greeting_s + screening.trailing_s;
                self.schedule(PDD_S, Event::Call(id, Progress::Ringing));
                self.schedule(ring_s, Event::Call(id, Progress::Answered));
                self.schedule(heard, Event::Call(id, Progress::SpeechStarted));
                self.schedule(
                    known,
                    Event::Call(id, verdict(AmdVerdict::Person, screening.trailing_s)),
                );
                self.schedule(
                    known + self.scenario.callees.patience_s,
                    Event::Patience(id),
                );
            }
            Fate::Machine { ring_s, .. } => {
                let heard = ring_s + screening.onset_s;
                self.schedule(PDD_S, Event::Call(id, Progress::Ringing));
                self.schedule(ring_s, Event::Call(id, Progress::Answered));
                self.schedule(heard, Event::Call(id, Progress::SpeechStarted));
                let known = heard + screening.machine_after_s;
                self.schedule(known, Event::Call(id, verdict(AmdVerdict::Machine, 0.0)));
            }
            Fate::Busy { after_s } => self.schedule(after_s, Event::Call(id, fail(Cause::Busy))),
            Fate::WrongNumber { after_s } => {
                self.schedule(after_s, Event::Call(id, fail(Cause::Disconnected)));
            }
            Fate::NotInService { after_s } => {
                self.schedule(after_s, Event::Call(id, Progress::EarlyMedia));
                let tones = verdict(AmdVerdict::NotInService, 0.0);
                self.schedule(after_s + SIT_S, Event::Call(id, tones));
            }
            Fate::NoAnswer => self.schedule(PDD_S, Event::Call(id, Progress::Ringing)),
        }
    }

    /// A destination of the campaign: it always answers, and hangs up when all is said.
    fn call_out(&mut self, id: CallId) {
        let fate = Fate::Human {
            ring_s: DESTINATION_RING_S,
            greeting_s: 0.0,
            talk_s: DESTINATION_TALK_S,
        };
        let sim = CallSim {
            fate,
            answered: false,
            served: true,
            ended: false,
        };
        self.calls.insert(id, sim);
        let over = DESTINATION_RING_S + DESTINATION_TALK_S;
        self.schedule(0.0, Event::Call(id, Progress::Sent));
        self.schedule(PDD_S, Event::Call(id, Progress::Ringing));
        self.schedule(DESTINATION_RING_S, Event::Call(id, Progress::Answered));
        self.schedule(over, Event::TalkOver(id));
    }

    fn hang_up(&mut self, id: CallId) {
        let Some(call) = self.calls.get_mut(&id).filter(|c| !c.ended) else {
            return;
        };
        // Nothing more comes from the callee: the far end has our CANCEL or BYE.
        call.ended = true;
        let end = if call.answered {
            Progress::HungUp
        } else {
            Progress::Failed {
                cause: Cause::NoAnswer,
                retry_after: None,
            }
        };
        let input = Input::Progress {
            call: id,
            progress: end,
        };
        self.schedule(ROUND_TRIP_S, Event::Hear(Box::new(input)));
    }

    fn bridge(&mut self, id: CallId, agent: AgentId) {
        let Some(call) = self.calls.get_mut(&id).filter(|c| !c.ended) else {
            return;
        };
        call.served = true;
        let talk_s = match call.fate {
            Fate::Human { talk_s, .. } => talk_s,
            _ => 0.0,
        };
        self.schedule(BRIDGE_S, Event::Call(id, Progress::Bridged));
        self.schedule(BRIDGE_S + talk_s, Event::TalkOver(id));
        let (habits, agents) = (self.scenario.habits, self.scenario.agents);
        self.bridges += 1;
        for (after_s, order) in habits.orders(self.seed, self.bridges, agent, agents) {
            self.schedule(BRIDGE_S + after_s, Event::Hear(Box::new(order)));
        }
    }
}

fn seconds(s: f64) -> u64 {
    (s.max(0.0) * 1e9) as u64
}
