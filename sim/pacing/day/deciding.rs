//! The policy's turn: what it sees, and what is done of what it says.

use super::super::calendar::{Happening, nanos, seconds};
use super::super::call_log::News;
use super::super::callers::Fate;
use super::super::policy::Sight;
use super::{Call, CallState, Duty, Floor};
use carillon_decision::pacing::{
    AgentView, CallView, Change, FloorView, Limits, Outcome, Screening, WindowView,
};

impl Floor<'_> {
    /// Dials the next lead.
    fn dial(&mut self) {
        let at_s = self.now_s();
        let (lead, after_s) = self.callers.next(self.scenario, at_s);
        let slot = self.free_calls.pop().unwrap_or_else(|| {
            self.calls.push(Call {
                state: CallState::Over,
                since: 0,
                serial: 0,
                fate: Fate::Silent,
                score: None,
                place: 0,
            });
            (self.calls.len() - 1) as u32
        });
        let at = self.now + nanos(after_s);
        let serial = self.calendar.enter(at, Happening::CallTurns(slot));
        self.calls[slot as usize] = Call {
            state: CallState::Ringing,
            since: self.now,
            serial,
            fate: lead.fate,
            score: lead.score,
            place: self.open.len() as u32,
        };
        self.open.push(slot);
        self.tally.call(slot, self.now, News::Placed);
        self.counts.in_flight += 1;
        self.tally.placed += 1;
        self.tally.events += 1;
        if self.looks_closely {
            let view = self.calls[slot as usize].seen(self.now);
            self.changed.push(Change::Dialed(view));
        }
    }

    /// What a policy sees, agents and calls left out.
    fn sight(&self) -> Sight<'static> {
        let now_s = self.now_s();
        let day_s = self.scenario.hours * 3600.0;
        let (answered, abandoned) = (self.tally.answered, self.tally.abandoned);
        let recent = self.tally.recent(now_s);
        Sight {
            now_s,
            hours: self.scenario.hours,
            counts: self.counts,
            view: FloorView {
                agents: &[],
                calls: &[],
                waiting: self.counts.waiting,
                window: WindowView::over(answered, abandoned, now_s, day_s - now_s, recent),
                limits: Limits::default(),
                ring_minimum_s: self.scenario.ring_minimum_s,
                ring_timeout_s: self.scenario.ring_timeout_s,
                hold_s: self.callers.hold_mean_s(),
            },
        }
    }

    /// Asks the policy and does as it says.
    pub(super) fn decide(&mut self) {
        let mut orders = std::mem::take(&mut self.orders);
        let sight = self.sight();
        if !self.policy.glance(&sight, &self.changed, &mut orders) {
            if self.looks_closely {
                self.look();
            }
            let mut sight = sight;
            sight.view.agents = &self.agent_views;
            sight.view.calls = &self.call_views;
            self.policy.decide(&sight, &mut orders);
        }
        self.changed.clear();
        self.tally.decided(&orders);
        // The indices are of the view: gather the calls before any of them moves.
        let hung_up: Vec<u32> = orders
            .cancel
            .iter()
            .map(|index| self.open[*index])
            .collect();
        for call in hung_up {
            let of = self.calls[call as usize];
            if of.state == CallState::Ringing {
                self.learn(&of, Outcome::Cancelled);
                self.land(call);
                self.ended(call, "cancelled");
                self.tally.cancelled += 1;
                self.tally.events += 1;
            }
        }
        for _ in 0..orders.lines {
            self.dial();
        }
        self.orders = orders;
    }

    fn look(&mut self) {
        let now = self.now;
        self.agent_views.clear();
        self.agent_views
            .extend(self.agents.iter().filter_map(|agent| {
                let elapsed_s = seconds(now - agent.since);
                match agent.duty {
                    Duty::Away => None,
                    _ if agent.leaving => Some(AgentView::Leaving),
                    Duty::Idle => Some(AgentView::Idle { idle_s: elapsed_s }),
                    Duty::Talk => Some(AgentView::Talking { elapsed_s }),
                    Duty::Wrap => Some(AgentView::WrapUp {
                        elapsed_s,
                        limit_s: None,
                    }),
                }
            }));
        self.call_views.clear();
        let calls = &self.calls;
        let views = self.open.iter().map(|slot| calls[*slot as usize].seen(now));
        self.call_views.extend(views);
    }
}

impl Call {
    /// What a policy sees of it.
    pub(super) fn seen(&self, now: u64) -> CallView {
        let elapsed_s = seconds(now - self.since);
        let mut view = CallView::ringing(elapsed_s, Some(elapsed_s));
        view.p_human = self.score;
        if self.state == CallState::Screened {
            // A person is known at once, so what is being listened to is none.
            view.screening = Some(Screening {
                elapsed_s,
                p_human: Some(0.0),
            });
        }
        view
    }
}
