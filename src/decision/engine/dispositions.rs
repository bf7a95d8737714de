//! What agents say of their calls, and what becomes of the leads.

use super::Engine;
use crate::agent::{AgentState, LastCall};
use crate::event::{Command, LeadUpdate};
use crate::id::{AgentId, CallId};
use crate::lead::{Callback, LeadStatus};
use std::time::Duration;

/// When a person who was reached without a result may be called again.
const TALK_AGAIN: Duration = Duration::from_secs(86_400);

impl Engine {
    pub(super) fn agent_disposition(
        &mut self,
        id: AgentId,
        call: CallId,
        code: &str,
        callback: Option<Callback>,
        ready: bool,
    ) {
        let talking = self.agents.get(&id).map(|a| a.state) == Some(AgentState::Talking(call));
        if talking {
            self.remember_for_disposition(id, call);
        }
        let last = self.agents.get(&id).and_then(|a| a.last.clone());
        if let Some(last) = last.filter(|l| l.call == call) {
            self.dispose(id, &last, code, callback);
        }
        if talking {
            self.agent_hang_up(id);
        }
        if ready {
            self.agent_ready(id);
        }
    }

    fn dispose(&mut self, id: AgentId, last: &LastCall, code: &str, callback: Option<Callback>) {
        let Some(campaign) = self.campaigns.get(&last.campaign) else {
            return;
        };
        let Some(kind) = campaign
            .config
            .dispositions
            .iter()
            .find(|d| d.code == code)
            .cloned()
        else {
            return;
        };
        self.order(Command::Disposition {
            call: last.call,
            agent: id,
            code: kind.code.clone(),
        });
        let Some(lead) = last.lead else {
            return;
        };
        if kind.dnc
            && let Some(number) = last.number
        {
            let campaign = last.campaign;
            self.order(Command::EnterDoNotCall {
                lead,
                number,
                campaign,
            });
        }
        if let Some(call) = self.calls.get_mut(&last.call) {
            call.disposed = true;
        }
        let (status, next_at) = match callback.filter(|_| kind.callback) {
            Some(promised) => (LeadStatus::Callback, Some(promised.at)),
            None if kind.dnc => (LeadStatus::DoNotCall, None),
            None if kind.completed || kind.sale => (LeadStatus::Completed, None),
            // Reached, and nothing settled: another day.
            None => (LeadStatus::Due, Some(self.now.wall + TALK_AGAIN)),
        };
        let update = LeadUpdate {
            status,
            next_at,
            callback: callback.filter(|_| kind.callback),
            refusal: None,
            why: kind.code,
        };
        self.order(Command::LeadDone {
            campaign: last.campaign,
            lead,
            update,
        });
    }
}
