//! A made-up floor that moves: enough of one to look at pages. It decides nothing real.

use carillon_decision::agent::{AgentState, BreakReason};
use carillon_decision::call::{CallRecord, Cause, Direction, EndedBy, Outcome};
use carillon_decision::id::{AgentId, CallId, CampaignId, DecisionId, LeadId, TrunkId};
use carillon_decision::number::E164;
use carillon_decision::pacing::{Mode, Tuning};
use carillon_decision::status::{TimeSplit, Totals};
use carillon_decision::time::Wall;
use std::collections::VecDeque;

#[path = "world_picture.rs"]
mod picture;

const CAMPAIGN: CampaignId = CampaignId(1);

/// An agent and when the present state ends by itself.
pub struct Desk {
    pub name: &'static str,
    pub state: AgentState,
    pub since: i64,
    until: i64,
    times: TimeSplit,
    calls: u32,
}

struct Line {
    id: CallId,
    lead: LeadId,
    phase: &'static str,
    since: i64,
    until: i64,
    placed: i64,
    fate: Outcome,
    agent: Option<usize>,
    talked_ms: u64,
}

/// The made-up floor.
pub struct World {
    pub now: i64,
    chance: u64,
    pub desks: Vec<Desk>,
    lines: Vec<Line>,
    pub running: bool,
    pub tuning: Tuning,
    pub draining: bool,
    totals: Totals,
    records: VecDeque<CallRecord>,
    next_call: u64,
    decisions: u64,
}

const NAMES: [&str; 12] = [
    "amara",
    "bjorn",
    "chen",
    "dilnoza",
    "esteban",
    "fatima",
    "gwen",
    "hiro",
    "ines",
    "jakub",
    "katarzyna",
    "lwazi",
];

impl World {
    /// A floor of twelve agents at `now` (Unix ms), one of them logged out.
    pub fn new(now: i64) -> Self {
        let desk = |(i, name): (usize, &'static str)| Desk {
            name,
            state: match i {
                11 => AgentState::LoggedOut,
                7 => AgentState::Break(BreakReason::Requested),
                _ => AgentState::Ready,
            },
            since: now - 1000 * i as i64,
            until: i64::MAX,
            times: TimeSplit::default(),
            calls: 0,
        };
        Self {
            now,
            chance: 0x9e37_79b9_7f4a_7c15,
            desks: NAMES.into_iter().enumerate().map(desk).collect(),
            lines: Vec::new(),
            running: true,
            tuning: Tuning::default(),
            draining: false,
            totals: Totals::default(),
            records: VecDeque::new(),
            next_call: 48_211,
            decisions: 9_000,
        }
    }

    /// A number in [0, 1).
    fn draw(&mut self) -> f64 {
        self.chance ^= self.chance << 13;
        self.chance ^= self.chance >> 7;
        self.chance ^= self.chance << 17;
        (self.chance >> 11) as f64 / (1u64 << 53) as f64
    }

    fn span(&mut self, from_s: f64, to_s: f64) -> i64 {
        ((from_s + self.draw() * (to_s - from_s)) * 1000.0) as i64
    }

    /// Moves on by `ms`.
    pub fn step(&mut self, ms: i64) {
        self.now += ms;
        self.pass_agents(ms as f64 / 1000.0);
        self.pass_lines();
        if self.running && !self.draining {
            self.dial();
        }
    }

    fn pass_agents(&mut self, s: f64) {
        for i in 0..self.desks.len() {
            let now = self.now;
            let desk = &mut self.desks[i];
            match desk.state {
                AgentState::Ready => desk.times.ready_s += s,
                AgentState::Talking(_) => desk.times.talk_s += s,
                AgentState::WrapUp(_) => desk.times.wrap_s += s,
                AgentState::Break(_) => desk.times.break_s += s,
                _ => {}
            }
            if matches!(desk.state, AgentState::WrapUp(_)) && desk.until <= now {
                self.set(i, AgentState::Ready, i64::MAX);
            }
        }
    }

    /// Puts an agent into a state that ends by itself at `until`.
    pub fn set(&mut self, desk: usize, state: AgentState, until: i64) {
        let now = self.now;
        let desk = &mut self.desks[desk];
        (desk.state, desk.since, desk.until) = (state, now, until);
    }

    /// Ends the conversation of an agent.
    pub fn hang_up(&mut self, desk: usize) {
        let now = self.now;
        if let Some(line) = self.lines.iter_mut().find(|l| l.agent == Some(desk)) {
            line.until = now;
        }
        self.pass_lines();
    }

    fn pass_lines(&mut self) {
        let due: Vec<usize> = (0..self.lines.len())
            .filter(|&i| self.lines[i].until <= self.now)
            .collect();
        for i in due.into_iter().rev() {
            self.advance(i);
        }
        for i in 0..self.lines.len() {
            if self.lines[i].phase == "waiting" {
                self.connect(i);
            }
        }
    }

    fn advance(&mut self, i: usize) {
        let next = match (self.lines[i].phase, self.lines[i].fate) {
            ("dialing", Outcome::Unanswered(Cause::Busy)) => None,
            ("dialing", Outcome::Unanswered(_)) => Some(("ringing", self.span(24.0, 26.0))),
            ("dialing", _) => Some(("ringing", self.span(4.0, 16.0))),
            ("ringing", Outcome::Connected) => Some(("waiting", 2000)),
            ("ringing", Outcome::Machine) => Some(("screening", self.span(1.5, 3.0))),
            ("waiting", _) => {
                self.totals.answered_human += 1;
                self.totals.abandoned += 1;
                self.lines[i].fate = Outcome::Abandoned;
                Some(("message", 6000))
            }
            _ => None,
        };
        if let Some((phase, ms)) = next {
            let now = self.now;
            let line = &mut self.lines[i];
            (line.phase, line.since, line.until) = (phase, now, now + ms);
        } else {
            self.end(i);
        }
    }

    fn connect(&mut self, i: usize) {
        let idle = (0..self.desks.len())
            .filter(|&d| self.desks[d].state == AgentState::Ready)
            .min_by_key(|&d| self.desks[d].since);
        let Some(desk) = idle else { return };
        let talk = self.span(20.0, 150.0);
        let now = self.now;
        let line = &mut self.lines[i];
        (line.phase, line.since, line.until, line.agent) = ("talking", now, now + talk, Some(desk));
        let state = AgentState::Talking(line.id);
        self.set(desk, state, i64::MAX);
        self.desks[desk].calls += 1;
        self.totals.answered_human += 1;
        self.totals.connected += 1;
    }

    fn end(&mut self, i: usize) {
        let mut line = self.lines.remove(i);
        if let Some(desk) = line.agent {
            line.talked_ms = self.now.abs_diff(line.since);
            let wrap = self.now + self.span(5.0, 20.0);
            self.set(desk, AgentState::WrapUp(line.id), wrap);
        }
        *self
            .totals
            .outcomes
            .entry(line.fate.name().to_owned())
            .or_default() += 1;
        let record = self.record(&line);
        self.records.push_front(record);
        self.records.truncate(20);
    }

    fn record(&self, line: &Line) -> CallRecord {
        let human = line.fate.human_answered();
        CallRecord {
            call: line.id,
            campaign: CAMPAIGN,
            lead: Some(line.lead),
            direction: Direction::Outbound,
            number: number(line.lead),
            caller_id: E164::new(13_105_550_199).expect("valid"),
            trunk: TrunkId(1 + (line.id.0 % 2) as u32),
            agent: line.agent.map(|a| AgentId(a as u32 + 1)),
            started: Wall(line.placed),
            total_ms: self.now.abs_diff(line.placed),
            pdd_ms: Some(1400),
            ring_ms: Some(9000),
            answer_ms: human.then_some(10_400),
            wait_ms: human.then_some(if line.agent.is_some() { 40 } else { 2000 }),
            talk_ms: line.agent.map(|_| line.talked_ms),
            hold_ms: 0,
            message_left: false,
            recorded: false,
            events: Vec::new(),
            outcome: line.fate,
            verdict: None,
            ended_by: human.then_some(EndedBy::Customer),
            late_answer: false,
            follows: None,
            decision: Some(DecisionId(self.decisions)),
            permit: None,
        }
    }

    fn dial(&mut self) {
        let idle = self.count(|s| *s == AgentState::Ready) as f64;
        let busy =
            self.count(|s| matches!(s, AgentState::Talking(_) | AgentState::WrapUp(_))) as f64;
        let ratio = match self.tuning.mode {
            Mode::ManualRatio { ratio } => ratio,
            Mode::Progressive => 1.0,
            _ => 1.7,
        };
        let early = if self.tuning.mode.overdials() {
            0.25
        } else {
            0.0
        };
        let want = (ratio * idle + early * busy).floor() as usize;
        let have = self.lines.iter().filter(|l| l.agent.is_none()).count();
        self.decisions += 1;
        *self.totals.bound_by.entry("agents".into()).or_default() += 1;
        for _ in have..want.max(have).min(have + 3) {
            self.place();
        }
    }

    fn place(&mut self) {
        let fate = match self.draw() {
            x if x < 0.31 => Outcome::Connected,
            x if x < 0.52 => Outcome::Machine,
            x if x < 0.62 => Outcome::Unanswered(Cause::Busy),
            x if x < 0.65 => Outcome::Unanswered(Cause::Disconnected),
            _ => Outcome::Unanswered(Cause::NoAnswer),
        };
        self.next_call += 1;
        let until = self.now + self.span(0.8, 2.4);
        self.lines.push(Line {
            id: CallId(self.next_call),
            lead: LeadId(self.next_call - 40_000),
            phase: "dialing",
            since: self.now,
            until,
            placed: self.now,
            fate,
            agent: None,
            talked_ms: 0,
        });
        self.totals.placed += 1;
        if self.totals.placed.is_multiple_of(5) {
            *self
                .totals
                .refused
                .entry("outside_hours".into())
                .or_default() += 1;
        }
    }

    fn count(&self, what: impl Fn(&AgentState) -> bool) -> usize {
        self.desks.iter().filter(|d| what(&d.state)).count()
    }
}

/// The made-up number of a lead (from the range reserved for fiction).
pub fn number(lead: LeadId) -> Option<E164> {
    E164::new(12_025_550_100 + lead.0 % 100)
}
