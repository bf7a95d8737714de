//! Agents at their desks: log-in, breaks, wrap-up, lost phones.

use super::{Event, World, seconds};
use crate::whole::roster::Turn;
use crate::whole::setup::agent_id;
use carillon_decision::agent::{AgentState, BreakReason};
use carillon_decision::event::Input;

/// An agent's phone answers by itself.
pub(super) const ANSWER_S: f64 = 0.2;
/// From the log-in to the first "ready".
const SETTLES_S: f64 = 0.5;

/// Where an agent's time went, s.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Times {
    /// In conversation.
    pub talk: f64,
    /// In wrap-up.
    pub wrap: f64,
    /// Ready, or being joined.
    pub idle: f64,
    /// On a break, or connecting.
    pub pause: f64,
}

/// An agent as the world knows one.
#[derive(Clone)]
pub(super) struct Desk {
    pub(super) group: usize,
    pub(super) line: bool,
    /// At work: logged in, and not told to log out.
    present: bool,
    state: AgentState,
    since_ns: u64,
    /// Length of the break that was asked for and has not begun, s.
    break_s: Option<f64>,
    wraps: u32,
    pub(super) times: Times,
}

impl Desk {
    pub(super) fn new(group: usize) -> Self {
        Self {
            group,
            line: false,
            present: false,
            state: AgentState::LoggedOut,
            since_ns: 0,
            break_s: None,
            wraps: 0,
            times: Times::default(),
        }
    }

    /// Books the time up to now.
    pub(super) fn settle(&mut self, now_ns: u64) {
        let spent = seconds(now_ns - self.since_ns);
        self.since_ns = now_ns;
        let times = &mut self.times;
        match self.state {
            AgentState::LoggedOut => {}
            AgentState::Ready | AgentState::Reserved(_) => times.idle += spent,
            AgentState::Talking(_) => times.talk += spent,
            AgentState::WrapUp(_) => times.wrap += spent,
            AgentState::Break(_) | AgentState::Connecting => times.pause += spent,
        }
    }

    fn on_break(&self) -> bool {
        self.break_s.is_some() || self.state == AgentState::Break(BreakReason::Requested)
    }
}

impl World<'_> {
    pub(super) fn turn(&mut self, k: usize, turn: Turn) {
        let agent = agent_id(k);
        let desk = &mut self.desks[k];
        match turn {
            Turn::LogsIn => {
                desk.present = true;
                self.schedule(SETTLES_S, Event::Ready(k));
                self.hear(Input::AgentLogin { agent });
            }
            Turn::Breaks(length_s) if desk.present && !desk.on_break() => {
                desk.break_s = Some(length_s);
                self.ask_for_break(k);
            }
            Turn::LogsOut if desk.present => {
                (desk.present, desk.break_s) = (false, None);
                self.hear(Input::AgentLogout { agent, now: false });
            }
            Turn::PhoneLost if desk.present && desk.line => {
                desk.line = false;
                self.hear(Input::AgentLine { agent, up: false });
            }
            Turn::PhoneBack if desk.present && !desk.line => match desk.state {
                AgentState::LoggedOut => {
                    self.schedule(SETTLES_S, Event::Ready(k));
                    self.hear(Input::AgentLogin { agent });
                }
                _ => {
                    self.line_up(k);
                    self.says_ready(k);
                }
            },
            _ => {}
        }
    }

    fn ask_for_break(&mut self, k: usize) {
        self.hear(Input::AgentBreak {
            agent: agent_id(k),
            reason: BreakReason::Requested,
        });
    }

    pub(super) fn line_up(&mut self, k: usize) {
        let desk = &mut self.desks[k];
        if desk.present && !desk.line {
            desk.line = true;
            let agent = agent_id(k);
            self.hear(Input::AgentLine { agent, up: true });
        }
    }

    pub(super) fn says_ready(&mut self, k: usize) {
        let desk = &self.desks[k];
        if desk.present && !desk.on_break() {
            self.hear(Input::AgentReady { agent: agent_id(k) });
        }
    }

    /// The agent is done with the wrap-up, and goes where they wanted to go.
    pub(super) fn wrap_over(&mut self, k: usize, serial: u32) {
        let desk = &self.desks[k];
        if desk.wraps != serial || !matches!(desk.state, AgentState::WrapUp(_)) {
            return;
        }
        let agent = agent_id(k);
        match (desk.present, desk.break_s.is_some()) {
            (false, _) => self.hear(Input::AgentLogout { agent, now: false }),
            (true, true) => self.ask_for_break(k),
            (true, false) => self.hear(Input::AgentReady { agent }),
        }
    }

    pub(super) fn break_over(&mut self, k: usize) {
        if self.desks[k].present {
            self.hear(Input::AgentReady { agent: agent_id(k) });
        }
    }

    pub(super) fn agent_changed(&mut self, k: usize, _from: AgentState, to: AgentState) {
        let desk = &mut self.desks[k];
        desk.settle(self.now_ns);
        desk.state = to;
        match to {
            AgentState::WrapUp(call) => {
                desk.wraps += 1;
                let serial = desk.wraps;
                let wrap_s = self.calls.get(&call).map_or(0.0, |call| call.fate.wrap_s);
                self.schedule(wrap_s, Event::WrapOver(k, serial));
            }
            AgentState::Break(BreakReason::Requested) => {
                if let Some(length_s) = desk.break_s.take() {
                    self.schedule(length_s, Event::BreakOver(k));
                }
            }
            _ => {}
        }
    }
}
