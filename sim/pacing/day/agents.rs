//! Agents: conversations and wrap-ups end, shifts and breaks begin and end.

use super::super::calendar::{Happening, nanos, seconds};
use super::super::roster::Turn;
use super::{Agent, Duty, Floor};
use carillon_decision::pacing::{AgentView, Change};

impl Agent {
    /// What a policy sees of an agent who is busy, and stays.
    fn serving(&self, now: u64) -> Option<AgentView> {
        let elapsed_s = seconds(now - self.since);
        match self.duty {
            Duty::Talk => Some(AgentView::Talking { elapsed_s }),
            Duty::Wrap => Some(wrap_up(elapsed_s)),
            Duty::Idle | Duty::Away => None,
        }
    }
}

fn wrap_up(elapsed_s: f64) -> AgentView {
    AgentView::WrapUp {
        elapsed_s,
        limit_s: None,
    }
}

impl Floor<'_> {
    pub(super) fn talk_ends(&mut self, agent: u32) {
        let of = &mut self.agents[agent as usize];
        let talked_s = seconds(self.now - of.since);
        (of.duty, of.since) = (Duty::Wrap, self.now);
        let at = self.now + nanos(of.person.wrap_s);
        if !of.leaving {
            self.counts.wrapping += 1;
            let after = wrap_up(0.0);
            let before = AgentView::Talking {
                elapsed_s: talked_s,
            };
            self.agent_changed(Some(before), Some(after));
        }
        self.tally.busy_s += talked_s;
        self.policy.talked(talked_s);
        self.calendar.enter(at, Happening::WrapEnds(agent));
    }

    pub(super) fn wrap_ends(&mut self, agent: u32) {
        let of = &mut self.agents[agent as usize];
        let wrapped_s = seconds(self.now - of.since);
        self.tally.busy_s += wrapped_s;
        self.policy.wrapped_up(wrapped_s);
        if of.leaving {
            (of.duty, of.since, of.leaving) = (Duty::Away, self.now, false);
            self.counts.leaving -= 1;
            self.tally.left(agent, self.now_s());
            return;
        }
        self.counts.busy -= 1;
        self.counts.wrapping -= 1;
        self.agent_changed(Some(wrap_up(wrapped_s)), None);
        self.becomes_idle(agent);
    }

    pub(super) fn becomes_idle(&mut self, agent: u32) {
        if let Some(call) = self.waiting.pop_front() {
            self.counts.waiting -= 1;
            self.connect(agent, call, true);
            return;
        }
        let of = &mut self.agents[agent as usize];
        (of.duty, of.since) = (Duty::Idle, self.now);
        self.idle.push_back(agent);
        self.counts.idle += 1;
    }

    /// A shift or a break begins or ends.
    pub(super) fn shift_turns(&mut self, agent: u32) {
        match self.tally.roster.turn(agent) {
            Turn::Comes => {
                self.tally.came(agent, self.now_s());
                let of = &mut self.agents[agent as usize];
                if of.duty == Duty::Away {
                    self.becomes_idle(agent);
                } else if std::mem::take(&mut of.leaving) {
                    // Still in the conversation that was to be the last.
                    self.counts.leaving -= 1;
                    self.counts.busy += 1;
                    self.counts.wrapping += u32::from(of.duty == Duty::Wrap);
                    let after = of.serving(self.now);
                    self.agent_changed(None, after);
                }
            }
            Turn::Goes => match self.agents[agent as usize].duty {
                Duty::Idle => {
                    self.idle.retain(|idle| *idle != agent);
                    self.counts.idle -= 1;
                    self.agents[agent as usize].duty = Duty::Away;
                    self.tally.left(agent, self.now_s());
                }
                Duty::Talk | Duty::Wrap => {
                    let of = &mut self.agents[agent as usize];
                    let before = of.serving(self.now);
                    of.leaving = true;
                    self.agent_changed(before, None);
                    let of = &self.agents[agent as usize];
                    self.counts.busy -= 1;
                    self.counts.wrapping -= u32::from(of.duty == Duty::Wrap);
                    self.counts.leaving += 1;
                }
                Duty::Away => {}
            },
        }
    }

    pub(super) fn agent_changed(&mut self, before: Option<AgentView>, after: Option<AgentView>) {
        if self.looks_closely {
            self.changed.push(Change::Agent { before, after });
        }
    }
}
