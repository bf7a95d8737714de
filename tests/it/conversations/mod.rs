//! What happens in a conversation after the bridge, through a real node with far ends of our own:
//! who hears whom at each step, what the phones' keys do, what is kept.

mod by_command;
mod consent;
mod destinations;
mod heard;
mod hold;
mod kept;
mod keys;
mod machines;
mod other_media;
mod phone_transfers;
mod supervisors;

use crate::support::node::{TestNode, config};
use crate::support::peer::{Line, Peer};
use carillon_decision::agent::AgentState;
use carillon_decision::event::Input;
use carillon_decision::id::AgentId;

const LEAD: &str = "+12125550123";
/// The outside destination of the campaign.
const BILLING: &str = "+12025550188";

// Whole periods in the 100 ms of a measurement, and none a harmonic of another.
const AGENT_HZ: f32 = 440.0;
const CUSTOMER_HZ: f32 = 1_030.0;
const SUPERVISOR_HZ: f32 = 730.0;
const OUTSIDE_HZ: f32 = 1_610.0;
/// The upper tone of North American ringback.
const RINGBACK_HZ: f32 = 480.0;
const ALL_HZ: [f32; 5] = [
    AGENT_HZ,
    CUSTOMER_HZ,
    SUPERVISOR_HZ,
    OUTSIDE_HZ,
    RINGBACK_HZ,
];

/// A node, its far ends, and an agent in conversation with a customer.
struct Floor {
    peer: Peer,
    node: TestNode,
    desk: Line,
    customer: Line,
}

/// The configuration with a destination, and a second agent and a supervisor at the same far
/// end. `more` goes into the campaign's table.
fn text(peer: &Peer, more: &str) -> String {
    let at = peer.address;
    let base = config(at, more);
    let people = format!(
        "[[agent]]\n name = \"ben\"\n phone = \"sip:ben@{at}\"\n pin = \"4712\"\n\
         [[agent]]\n name = \"sue\"\n role = \"supervisor\"\n phone = \"sip:sue@{at}\"\n\
         pin = \"4713\"\n[[campaign]]"
    );
    let base = base.replacen("[[campaign]]", &people, 1);
    format!("{base}\n[[campaign.destination]]\nname = \"billing\"\nnumber = \"{BILLING}\"\n")
}

/// Token of nodes that supervisors change or listen to over HTTP.
const TOKEN: &str = "a-token-for-tests-only";

/// The configuration with that token.
fn with_token(text: &str) -> String {
    let pages = format!("[web]\nsupervisor_token = \"{TOKEN}\"\n");
    text.replacen("[web]\n", &pages, 1)
}

fn at_once<T>(act: impl FnOnce() -> T) -> T {
    tokio::task::block_in_place(act)
}

impl Floor {
    /// Ana and the customer hear each other.
    async fn start(tag: u8, more: &str) -> Self {
        let peer = Peer::start(tag);
        let text = text(&peer, more);
        Self::start_on(peer, &text).await
    }

    async fn start_on(peer: Peer, text: &str) -> Self {
        let node = TestNode::start(text).await;
        node.leads(&[LEAD]).await;
        node.board("the trunk up", |b| b.floor.trunks[0].up).await;
        let desk = log_in(&peer, &node, "ana", AGENT_HZ).await;
        node.run(true).await;
        let call = at_once(|| peer.called(LEAD));
        let customer = peer.answer(&call, CUSTOMER_HZ);
        peer.listen_for(customer, &ALL_HZ);
        node.agent_is("talking").await;
        at_once(|| {
            peer.wait_to_hear(customer, AGENT_HZ);
            peer.wait_to_hear(desk, CUSTOMER_HZ);
        });
        Self {
            peer,
            node,
            desk,
            customer,
        }
    }

    fn agent(&self, name: &str) -> AgentId {
        agent(&self.node, name)
    }

    /// Waits until somebody is in a state of that name.
    async fn is(&self, name: &str, state: &str) -> AgentState {
        let id = self.agent(name);
        let of = |b: &carillon_api::port::BoardStatus| {
            let found = b.floor.agents.iter().find(|a| a.id == id);
            found.map(|a| (a.state_name.clone(), a.state))
        };
        let board = self
            .node
            .board(&format!("{name} {state}"), |b| {
                of(b).is_some_and(|(name, _)| name == state)
            })
            .await;
        of(&board).expect("just seen").1
    }

    fn hears(&self, line: Line, hz: f32) {
        at_once(|| self.peer.wait_to_hear(line, hz));
    }

    fn hears_no(&self, line: Line, hz: f32) {
        at_once(|| self.peer.wait_for_quiet(line, hz));
    }

    /// These lines hear each other, all of them.
    fn circle(&self, lines: &[(Line, f32)]) {
        for (line, own) in lines {
            for (_, hz) in lines.iter().filter(|(_, hz)| hz != own) {
                self.hears(*line, *hz);
            }
        }
    }

    async fn stop(self) {
        self.node.node.stop().await;
    }
}

fn agent(node: &TestNode, name: &str) -> AgentId {
    let agents = &node.node.config().agents;
    let found = agents.iter().find(|a| a.engine.name == name);
    found.expect("the agent is configured").engine.id
}

/// Logs somebody in on a line that the far end answers; agents are made ready.
async fn log_in(peer: &Peer, node: &TestNode, name: &str, hz: f32) -> Line {
    let id = agent(node, name);
    node.tell(Input::AgentLogin { agent: id }).await;
    let call = at_once(|| peer.called(name));
    let line = peer.answer(&call, hz);
    peer.listen_for(line, &ALL_HZ);
    let state = |b: &carillon_api::port::BoardStatus, wanted: &str| {
        let mut agents = b.floor.agents.iter();
        agents.any(|a| a.id == id && a.state_name == wanted)
    };
    node.board(&format!("{name} logged in"), |b| state(b, "break"))
        .await;
    if name != "sue" {
        node.tell(Input::AgentReady { agent: id }).await;
        node.board(&format!("{name} ready"), |b| state(b, "ready"))
            .await;
    }
    line
}
