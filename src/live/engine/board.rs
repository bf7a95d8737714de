//! What pages show besides the engine's own view: the last calls and what went wrong lately.

use crate::keeping::Kept;
use carillon_api::port::{Alert as BoardAlert, AlertLevel, BoardStatus, Refusal};
use carillon_decision::call::CallRecord;
use carillon_decision::event::Alert;
use carillon_decision::id::{AgentId, TrunkId};
use carillon_decision::status::FloorStatus;
use carillon_decision::time::Wall;
use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

/// Ended calls shown.
const RECENT_MAX: usize = 20;
/// Alerts shown, and for how long.
const ALERTS_MAX: usize = 50;
const ALERT_FOR: Duration = Duration::from_secs(600);
/// A refused order is news this long.
const REFUSAL_FOR: Duration = Duration::from_secs(8);

/// Names for people, by id.
#[derive(Clone, Debug, Default)]
pub(crate) struct Names {
    pub(crate) agents: BTreeMap<AgentId, String>,
    pub(crate) trunks: BTreeMap<TrunkId, String>,
}

impl Names {
    fn agent(&self, id: AgentId) -> String {
        self.agents
            .get(&id)
            .cloned()
            .unwrap_or_else(|| format!("agent {id}"))
    }

    fn trunk(&self, id: TrunkId) -> String {
        self.trunks
            .get(&id)
            .cloned()
            .unwrap_or_else(|| format!("trunk {id}"))
    }
}

/// Gathers what pages show. Owned by the engine's thread.
#[derive(Debug)]
pub(crate) struct Board {
    names: Names,
    dry_run: bool,
    recent: VecDeque<CallRecord>,
    alerts: VecDeque<BoardAlert>,
    refusals: BTreeMap<AgentId, Refusal>,
}

impl Board {
    pub(crate) fn new(names: Names, dry_run: bool) -> Self {
        Self {
            names,
            dry_run,
            recent: VecDeque::with_capacity(RECENT_MAX + 1),
            alerts: VecDeque::new(),
            refusals: BTreeMap::new(),
        }
    }

    pub(crate) fn call_ended(&mut self, record: &CallRecord) {
        self.recent.push_front(record.clone());
        self.recent.truncate(RECENT_MAX);
    }

    /// Notes what the engine alerts of. Troubles that the floor's own status shows (a trunk
    /// down, the store, a halt) need no entry.
    pub(crate) fn alert(&mut self, at: Wall, alert: &Alert) {
        let (level, code, text) = match alert {
            Alert::InvariantBroken(_)
            | Alert::TrunkDown { .. }
            | Alert::TrunkUp(_)
            | Alert::Store(_)
            | Alert::StoreBack => return,
            Alert::TrunkAuth(trunk) => (
                AlertLevel::Critical,
                "trunk_auth",
                format!("trunk {} refuses our credentials", self.names.trunk(*trunk)),
            ),
            Alert::TrunkDisconnects(trunk) => (
                AlertLevel::Warning,
                "trunk_disconnects",
                format!(
                    "trunk {} says \"not in service\" unusually often: no number is retired meanwhile",
                    self.names.trunk(*trunk)
                ),
            ),
            Alert::AgentMissedCall(agent) => (
                AlertLevel::Warning,
                "agent_missed_call",
                format!("{} did not pick up the phone", self.names.agent(*agent)),
            ),
            Alert::AgentLineLost(agent) => (
                AlertLevel::Warning,
                "agent_line_lost",
                format!("the phone line of {} was lost", self.names.agent(*agent)),
            ),
            Alert::Conversation {
                call,
                agent,
                problem,
            } => {
                let with = agent.map_or_else(String::new, |agent| {
                    format!(" with {}", self.names.agent(agent))
                });
                (
                    AlertLevel::Warning,
                    "conversation",
                    format!("call {call}{with}: {problem}"),
                )
            }
        };
        self.note(at, level, code, text);
    }

    /// An order of an agent's or a supervisor's was not obeyed.
    pub(crate) fn refused(&mut self, at: Wall, agent: AgentId, why: String) {
        self.refusals.insert(agent, Refusal { at, why });
    }

    /// Notes something of the node's own.
    pub(crate) fn note(&mut self, at: Wall, level: AlertLevel, code: &str, text: String) {
        self.alerts.retain(|a| !(a.code == code && a.text == text));
        self.alerts.push_front(BoardAlert {
            level,
            code: code.to_owned(),
            text,
            since: at,
        });
        self.alerts.truncate(ALERTS_MAX);
    }

    pub(crate) fn show(
        &mut self,
        floor: FloorStatus,
        bridge: carillon_api::port::LatencySummary,
        kept: Kept,
    ) -> BoardStatus {
        let now = floor.at;
        self.alerts.retain(|a| now < a.since + ALERT_FOR);
        self.refusals.retain(|_, r| now < r.at + REFUSAL_FOR);
        BoardStatus {
            floor,
            dry_run: self.dry_run,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            recent: self.recent.iter().cloned().collect(),
            alerts: kept
                .alerts
                .into_iter()
                .chain(self.alerts.iter().cloned())
                .collect(),
            sound: kept.sound,
            refusals: self.refusals.clone(),
            bridge,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(board: &mut Board, at: i64) -> Vec<String> {
        let floor = FloorStatus {
            at: Wall(at),
            ..FloorStatus::default()
        };
        let board = board.show(floor, Default::default(), Kept::default());
        board.alerts.into_iter().map(|a| a.text).collect()
    }

    #[test]
    fn alerts_name_people_repeat_once_and_fade() {
        let names = Names {
            agents: [(AgentId(7), "ana".to_owned())].into(),
            trunks: BTreeMap::new(),
        };
        let mut board = Board::new(names, false);
        board.alert(Wall(0), &Alert::AgentLineLost(AgentId(7)));
        board.alert(Wall(500_000), &Alert::AgentLineLost(AgentId(7)));
        board.alert(Wall(500_000), &Alert::StoreBack);
        assert_eq!(
            shown(&mut board, 600_001),
            ["the phone line of ana was lost"]
        );
        assert!(shown(&mut board, 1_100_001).is_empty());
    }
}
