//! The engine's orders, carried out.

use super::{Event, World, desk};
use carillon_decision::event::{Command, Input};

impl World<'_> {
    /// Does what the engine orders.
    pub(super) fn obey(&mut self, command: Command) {
        let now = self.now();
        if !matches!(command, Command::Decided(_)) {
            self.note(|| format!("out  {command:?}"));
        }
        self.oracle.watch(&command, now);
        match command {
            Command::NeedLeads { campaign, count } => {
                let k = campaign.0 as usize - 1;
                let (mut leads, exhausted) = self.lists[k].lease(now.wall, count);
                if !self.scenario.campaigns[k].list.scores_known {
                    leads.iter_mut().for_each(|lead| lead.answer_chance = None);
                }
                let offer = Input::LeadsOffered {
                    campaign,
                    leads,
                    exhausted,
                };
                self.schedule(0.001, Event::Hear(Box::new(offer)));
            }
            Command::LeadDone {
                campaign,
                lead,
                update,
            } => self.lists[campaign.0 as usize - 1].done(lead, &update),
            Command::Originate(order) => self.place(&order),
            Command::HangUp { call } => self.hang_up(call),
            Command::Bridge { call, agent } => self.bridge(call, agent),
            Command::PlayMessage { call, .. } => self.message(call),
            Command::AnswerInbound {
                call,
                campaign,
                leg,
            } => {
                self.answered_in(call, campaign.0 as usize - 1, leg);
            }
            Command::RingAgent { agent } => {
                self.schedule(desk::ANSWER_S, Event::LineUp(agent.0 as usize - 1));
            }
            Command::DropAgentLine { agent } => self.desks[agent.0 as usize - 1].line = false,
            Command::AgentChanged { agent, from, to } => {
                self.agent_changed(agent.0 as usize - 1, from, to);
            }
            Command::EnterDoNotCall {
                lead,
                number,
                campaign,
            } => {
                self.lists[campaign.0 as usize - 1].enter_do_not_call(lead, number);
                let listed = Input::Listed {
                    list: crate::list::DNC_LIST.into(),
                    numbers: vec![number],
                    snapshot: carillon_decision::id::SnapshotId(2),
                };
                self.schedule(0.01, Event::Hear(Box::new(listed)));
            }
            Command::Record(record) => self.recorded(&record),
            // Nobody in a whole floor transfers, announces, forks or records.
            _ => {}
        }
    }
}
