//! What agents of the simulated floor do in conversations beside talking.

use crate::callee::{STREAM_HABITS, stream};
use carillon_decision::conversation::{ConsultStep, TransferKind, TransferTo};
use carillon_decision::event::Input;
use carillon_decision::id::AgentId;
use rand::RngExt;
use serde::{Deserialize, Serialize};

/// Name of the one destination of the simulated campaign.
pub const DESTINATION: &str = "back-office";

/// Shares of conversations in which agents do these things, each drawn on its own; none by
/// default.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Habits {
    /// Hold for a while.
    pub hold: f64,
    /// Pass the customer on to a colleague, who may be busy.
    pub transfer: f64,
    /// Pass the customer on to the queue.
    pub queue: f64,
    /// Ask a colleague first; then complete, join or cancel.
    pub consult: f64,
    /// Pass the customer on to the destination, asking first in half of the cases.
    pub outside: f64,
}

impl Habits {
    /// What `agent`, one of `agents`, does in conversation number `bridge` in the world of
    /// `seed`: orders, each with its time after the bridge, s. Some come at the wrong moment, as
    /// people's do.
    pub fn orders(&self, seed: u64, bridge: u64, agent: AgentId, agents: u32) -> Vec<(f64, Input)> {
        let mut rng = stream(seed, STREAM_HABITS, bridge);
        let mut does = |share: f64| rng.random_bool(share.clamp(0.0, 1.0));
        let (hold, transfer) = (does(self.hold), does(self.transfer));
        let (queue, consult) = (does(self.queue), does(self.consult));
        let (outside, ask_first) = (does(self.outside), does(0.5));
        let colleague = AgentId(1 + rng.random_range(0..agents.max(1)));
        let at = rng.random_range(2.0..20.0);
        let step = [
            ConsultStep::Complete,
            ConsultStep::Join,
            ConsultStep::Cancel,
        ][rng.random_range(0..3)];
        let pass = |to, kind| Input::AgentTransfer { agent, to, kind };
        let step = Input::AgentConsult { agent, step };
        let mut orders = Vec::new();
        if hold {
            orders.push((at, Input::AgentHold { agent, on: true }));
            orders.push((at + 5.0, Input::AgentHold { agent, on: false }));
        }
        let at = at + 2.0;
        if transfer {
            let to = TransferTo::Agent(colleague);
            orders.push((at, pass(to, TransferKind::Blind)));
        }
        if queue {
            let to = TransferTo::Campaign(crate::floor::CAMPAIGN);
            orders.push((at, pass(to, TransferKind::Blind)));
        }
        if consult {
            let to = TransferTo::Agent(colleague);
            orders.push((at, pass(to, TransferKind::Attended)));
            orders.push((at + 8.0, step.clone()));
        }
        if outside {
            let to = TransferTo::Destination(DESTINATION.to_owned());
            let kind = if ask_first {
                TransferKind::Attended
            } else {
                TransferKind::Blind
            };
            orders.push((at, pass(to, kind)));
            orders.push((at + 8.0, step));
        }
        orders
    }

    /// The shares by name, for checking.
    pub(crate) fn shares(&self) -> [(&'static str, f64); 5] {
        [
            ("habits.hold", self.hold),
            ("habits.transfer", self.transfer),
            ("habits.queue", self.queue),
            ("habits.consult", self.consult),
            ("habits.outside", self.outside),
        ]
    }
}
