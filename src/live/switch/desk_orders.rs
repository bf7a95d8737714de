//! What an agent orders by keys on the phone.

use super::Switch;
use super::dtmf_codes::DeskCode;
use super::key_ear::KeyBy;
use super::sounds::Signal;
use carillon_decision::Input;
use carillon_decision::agent::BreakReason;
use carillon_decision::conversation::{Party as Member, SuperviseMode, TransferKind, TransferTo};
use carillon_decision::id::AgentId;
use std::time::Instant;

impl Switch {
    /// A key on an agent's phone.
    pub(super) fn agent_key(&mut self, now: Instant, agent: AgentId, digit: char, by: KeyBy) {
        let mono = self.clock.mono(now);
        let Some(desk) = self.agents.get_mut(&agent) else {
            return;
        };
        if !desk.keys.is_new(mono, digit, by) {
            return;
        }
        let Some(code) = desk.codes.key(mono, digit) else {
            return;
        };
        tracing::info!(%agent, ?code, "code from the agent's phone");
        if self.halted {
            return self.code_halted(now, agent, code);
        }
        let input = match self.supervises(agent) {
            true => self.supervisors_order(agent, code),
            false => self.agents_order(agent, code),
        };
        match input {
            Some(input) => self.news.tell(input),
            None => {
                tracing::info!(%agent, ?code, "the code means nothing now");
                self.signal(agent, Signal::Denied);
            }
        }
    }

    /// An order of an agent or supervisor was not obeyed: they hear that it was not, and so does
    /// a phone that asked for a transfer.
    pub(super) fn refused(&mut self, now: Instant, agent: AgentId) {
        self.referral_failed(now, agent);
        self.signal(agent, Signal::Denied);
    }

    pub(super) fn signal(&self, agent: AgentId, signal: Signal) {
        if let Some(leg) = self.ear(Member::Agent(agent)) {
            self.media.signal(leg, signal);
        }
    }

    fn agents_order(&self, agent: AgentId, code: DeskCode) -> Option<Input> {
        let input = match code {
            DeskCode::Ready => Input::AgentReady { agent },
            DeskCode::Break => Input::AgentBreak {
                agent,
                reason: BreakReason::Requested,
            },
            DeskCode::HangUp => Input::AgentHangUp { agent },
            DeskCode::LogOut => Input::AgentLogout { agent, now: false },
            DeskCode::Hold => {
                let call = self.talks.of(Member::Agent(agent))?;
                let on = !self.talks.is_on_hold(call);
                Input::AgentHold { agent, on }
            }
            DeskCode::Recording { pause } => Input::AgentRecording { agent, pause },
            DeskCode::Transfer { place, kind } => self.transfer(agent, place, kind)?,
            DeskCode::Consult(step) => Input::AgentConsult { agent, step },
            DeskCode::DropMessage => Input::AgentDropMessage { agent },
            DeskCode::Disposition(place) => self.disposition(agent, place)?,
            DeskCode::Supervise(_) => return None,
        };
        Some(input)
    }

    /// Supervisors take no calls: there is nothing to be ready for.
    fn supervisors_order(&mut self, supervisor: AgentId, code: DeskCode) -> Option<Input> {
        match code {
            DeskCode::Supervise(mode) => self.supervise(supervisor, mode),
            DeskCode::LogOut => Some(Input::AgentLogout {
                agent: supervisor,
                now: false,
            }),
            _ => None,
        }
    }

    fn supervise(&mut self, supervisor: AgentId, mode: Option<SuperviseMode>) -> Option<Input> {
        let desk = self.agents.get_mut(&supervisor)?;
        let agent = match mode {
            Some(_) => desk.beside?,
            None => desk.beside.take()?,
        };
        Some(Input::Supervise {
            supervisor,
            agent,
            mode,
        })
    }

    /// The destination at a place of the list of the campaign whose call the agent is in.
    fn transfer(&self, agent: AgentId, place: u8, kind: TransferKind) -> Option<Input> {
        let call = self.talks.of(Member::Agent(agent))?;
        let campaign = self.calls.get(&call)?.campaign;
        let index = usize::from(place).checked_sub(1)?;
        let rules = &self.campaigns.get(&campaign)?.conversation;
        let chosen = rules.destinations.get(index)?;
        Some(Input::AgentTransfer {
            agent,
            to: TransferTo::Destination(chosen.name.clone()),
            kind,
        })
    }

    /// The disposition at a place of the campaign's list, for the call the agent is in or was
    /// in last.
    fn disposition(&self, agent: AgentId, place: u8) -> Option<Input> {
        let desk = self.agents.get(&agent)?;
        let (call, campaign) = desk.last?;
        let index = usize::from(place).checked_sub(1)?;
        let chosen = self.campaigns.get(&campaign)?.dispositions.get(index)?;
        Some(Input::AgentDisposition {
            agent,
            call: desk.state.call().unwrap_or(call),
            disposition: chosen.code.clone(),
            callback: None,
            ready: false,
        })
    }
}
