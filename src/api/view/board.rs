//! The board as a whole.

use super::agent::{AgentBoard, since_ms};
use super::call::{CallBoard, Names, direction};
use super::campaign::CampaignBoard;
use super::share;
use crate::port::{AlertLevel, BoardStatus};
use carillon_decision::agent::AgentState;
use carillon_decision::status::{AgentStatus, CallStatus, FloorStatus, TrunkStatus};
use carillon_decision::time::Wall;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Ended calls shown.
const RECENT_MAX: usize = 20;

/// Everything the wallboard shows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct BoardView {
    /// The floor's clock.
    pub at_ms: i64,
    /// Version of the program.
    pub version: String,
    /// Calls are decided but not placed.
    pub dry_run: bool,
    /// Dialing is stopped everywhere until the program ends or resumes.
    pub draining: bool,
    /// What a supervisor must know, worst first.
    pub alerts: Vec<AlertBoard>,
    /// The agents in figures.
    pub crew: CrewBoard,
    /// Campaigns by id.
    pub campaigns: Vec<CampaignBoard>,
    /// Agents by id.
    pub agents: Vec<AgentBoard>,
    /// Trunks by id.
    pub trunks: Vec<TrunkBoard>,
    /// Calls in progress, oldest first. Left out of event streams.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub calls: Option<Vec<LiveCallBoard>>,
    /// Ended calls, newest first.
    pub recent: Vec<CallBoard>,
    /// Time to join a person and an agent.
    pub bridge: BridgeBoard,
}

/// Something a supervisor must know.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AlertBoard {
    /// `info`, `warning` or `critical`.
    pub level: String,
    /// Stable kind.
    pub code: String,
    /// In words.
    pub text: String,
    /// Since when, where that is known.
    pub since_ms: Option<i64>,
}

/// The agents in figures.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct CrewBoard {
    /// Logged in, breaks included.
    pub logged_in: u32,
    /// Idle.
    pub ready: u32,
    /// Talking, or reserved for a call that is being joined.
    pub talking: u32,
    /// In after-call work.
    pub wrap_up: u32,
    /// On a break, or connecting.
    pub on_break: u32,
    /// (Talk + wrap-up) ÷ time on duty of those logged in, 0–1.
    pub occupancy: f64,
}

/// A trunk.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct TrunkBoard {
    /// Id.
    pub id: u32,
    /// Name.
    pub name: String,
    /// Group.
    pub group: String,
    /// It answers.
    pub up: bool,
    /// Why not.
    pub reason: String,
    /// Calls it carries.
    pub in_use: u32,
    /// Most calls at once.
    pub channels: u32,
    /// Share of "not in service" among recent answers, 0–1.
    pub disconnected_share: f64,
}

/// A call in progress.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LiveCallBoard {
    /// Id.
    pub call: u64,
    /// Campaign name.
    pub campaign: String,
    /// Lead id.
    pub lead: Option<u64>,
    /// `outbound` or `inbound`.
    pub direction: String,
    /// With its middle hidden.
    pub number: String,
    /// Trunk name.
    pub trunk: String,
    /// Phase.
    pub phase: String,
    /// Since when in that phase.
    pub since_ms: i64,
    /// Login name of the agent.
    pub agent: Option<String>,
}

/// Time to join a person and an agent, since the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct BridgeBoard {
    /// Observations.
    pub count: u64,
    /// Median, ms.
    pub p50_ms: f64,
    /// 95th percentile, ms.
    pub p95_ms: f64,
    /// 99th percentile, ms.
    pub p99_ms: f64,
    /// Longest, ms.
    pub max_ms: f64,
}

impl BoardView {
    pub(crate) fn of(status: &BoardStatus) -> Self {
        let floor = &status.floor;
        let names = Names::of(floor);
        let ms = |s: f64| (s * 10_000.0).round() / 10.0;
        Self {
            at_ms: floor.at.0,
            version: status.version.clone(),
            dry_run: status.dry_run,
            draining: floor.draining,
            alerts: alerts(status),
            crew: CrewBoard::of(&floor.agents),
            campaigns: floor
                .campaigns
                .iter()
                .map(|c| CampaignBoard::of(c, status.sound.get(&c.id)))
                .collect(),
            agents: floor
                .agents
                .iter()
                .map(|a| AgentBoard::of(a, floor.at, &names))
                .collect(),
            trunks: floor.trunks.iter().map(TrunkBoard::of).collect(),
            calls: Some(live_calls(floor, &names)),
            recent: status
                .recent
                .iter()
                .take(RECENT_MAX)
                .map(|r| CallBoard::of(r, &names))
                .collect(),
            bridge: BridgeBoard {
                count: status.bridge.count,
                p50_ms: ms(status.bridge.p50_s),
                p95_ms: ms(status.bridge.p95_s),
                p99_ms: ms(status.bridge.p99_s),
                max_ms: ms(status.bridge.max_s),
            },
        }
    }

    /// As event streams carry it: without single calls, and with steady starts of states.
    pub(crate) fn for_stream(mut self, before: Option<&BoardView>) -> Self {
        self.calls = None;
        for agent in &mut self.agents {
            let earlier = before.and_then(|b| b.agents.iter().find(|a| a.id == agent.id));
            if let Some(earlier) = earlier {
                agent.steady(earlier);
            }
        }
        self
    }

    /// Whether anything but the clock differs.
    pub(crate) fn differs(&self, before: &BoardView) -> bool {
        let then = BoardView {
            at_ms: self.at_ms,
            ..before.clone()
        };
        *self != then
    }
}

fn live_calls(floor: &FloorStatus, names: &Names) -> Vec<LiveCallBoard> {
    let view = |c: &CallStatus| LiveCallBoard {
        call: c.id.0,
        campaign: names.campaign(c.campaign),
        lead: c.lead.map(|l| l.0),
        direction: direction(c.direction).into(),
        number: c.number.clone(),
        trunk: names.trunk(c.trunk),
        phase: c.phase.clone(),
        since_ms: since_ms(floor.at, c.for_s),
        agent: c.agent.map(|a| names.agent(a)),
    };
    floor.calls.iter().map(view).collect()
}

impl TrunkBoard {
    fn of(t: &TrunkStatus) -> Self {
        Self {
            id: t.id.0,
            name: t.name.clone(),
            group: t.group.clone(),
            up: t.up,
            reason: t.reason.clone(),
            in_use: t.in_use,
            channels: t.channels,
            disconnected_share: super::round4(t.disconnected_share),
        }
    }
}

impl CrewBoard {
    fn of(agents: &[AgentStatus]) -> Self {
        let mut crew = CrewBoard::default();
        let (mut busy_s, mut duty_s) = (0.0, 0.0);
        for agent in agents {
            match agent.state {
                AgentState::LoggedOut => continue,
                AgentState::Ready => crew.ready += 1,
                AgentState::Reserved(_) | AgentState::Talking(_) => crew.talking += 1,
                AgentState::WrapUp(_) => crew.wrap_up += 1,
                AgentState::Connecting | AgentState::Break(_) => crew.on_break += 1,
            }
            crew.logged_in += 1;
            let t = &agent.times;
            busy_s += t.talk_s + t.wrap_s;
            duty_s += t.ready_s + t.reserved_s + t.talk_s + t.wrap_s + t.break_s;
        }
        crew.occupancy = (share(busy_s, duty_s) * 1000.0).round() / 1000.0;
        crew
    }
}

/// Alerts of the floor's own fields and those handed in, worst first.
fn alerts(status: &BoardStatus) -> Vec<AlertBoard> {
    let floor = &status.floor;
    let mut all: Vec<(AlertLevel, &str, String, Option<Wall>)> = Vec::new();
    if let Some(why) = &floor.halted {
        let text = format!("Dialing halted: {why}. Calls in progress go on.");
        all.push((AlertLevel::Critical, "halted", text, None));
    }
    if let Some(why) = &floor.store_trouble {
        let text = format!(
            "The store refuses writes ({why}): nothing is dialed until it takes them again."
        );
        all.push((AlertLevel::Critical, "store", text, None));
    }
    for trunk in floor.trunks.iter().filter(|t| !t.up) {
        let text = format!("Trunk {} is down: {}", trunk.name, trunk.reason);
        all.push((AlertLevel::Critical, "trunk_down", text, None));
    }
    for alert in &status.alerts {
        all.push((
            alert.level,
            &alert.code,
            alert.text.clone(),
            Some(alert.since),
        ));
    }
    if floor.draining {
        let text = "Draining: nothing new is dialed, conversations end on their own.".to_owned();
        all.push((AlertLevel::Warning, "draining", text, None));
    }
    if status.dry_run {
        let text = "Dry run: calls are decided but not placed.".to_owned();
        all.push((AlertLevel::Info, "dry_run", text, None));
    }
    all.sort_by_key(|a| std::cmp::Reverse(a.0));
    let name = |level| match level {
        AlertLevel::Info => "info",
        AlertLevel::Warning => "warning",
        AlertLevel::Critical => "critical",
    };
    all.into_iter()
        .map(|(level, code, text, since)| AlertBoard {
            level: name(level).into(),
            code: code.into(),
            text,
            since_ms: since.map(|w| w.0),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::port::SoundStatus;
    use crate::view::SoundBoard;
    use carillon_decision::agent::LineKind;
    use carillon_decision::id::{AgentId, CampaignId, TrunkId};
    use carillon_decision::status::{CampaignStatus, TimeSplit};

    fn status(at: i64, for_s: f64, up: bool) -> BoardStatus {
        let mut status = BoardStatus::default();
        status.floor.at = Wall(at);
        status.floor.agents.push(AgentStatus {
            id: AgentId(1),
            name: "amy".into(),
            state: AgentState::Ready,
            state_name: "ready".into(),
            for_s,
            line_up: true,
            line: LineKind::NailedUp,
            role: Default::default(),
            skills: Default::default(),
            campaign: None,
            lead: None,
            calls: 0,
            times: TimeSplit::default(),
        });
        status.floor.trunks.push(TrunkStatus {
            id: TrunkId(1),
            name: "a".into(),
            group: "main".into(),
            up,
            reason: "no answer to OPTIONS".into(),
            in_use: 0,
            channels: 10,
            disconnected_share: 0.0,
        });
        status
    }

    #[test]
    fn passing_time_alone_is_no_change() {
        let before = BoardView::of(&status(100_000, 5.0, true)).for_stream(None);
        let later = BoardView::of(&status(101_000, 6.004, true)).for_stream(Some(&before));
        assert!(!later.differs(&before));
        assert_eq!(later.agents[0].since_ms, 95_000);
        let again = BoardView::of(&status(200_000, 5.0, true)).for_stream(Some(&before));
        assert!(again.differs(&before), "ready anew is a change");
    }

    #[test]
    fn how_conversations_sound_stands_with_their_campaign() {
        let mut status = status(0, 0.0, true);
        for id in [1, 2] {
            status.floor.campaigns.push(CampaignStatus {
                id: CampaignId(id),
                name: String::new(),
                running: true,
                tuning: Default::default(),
                mode: String::new(),
                lines_per_agent: 1.0,
                decision: None,
                binding: String::new(),
                reason: String::new(),
                lines: Default::default(),
                windows: Vec::new(),
                totals: Default::default(),
                hopper: 0,
                list_empty: false,
            });
        }
        let sound = SoundStatus {
            judged: 3,
            mos: Some(3.949_9),
            mos_worst: Some(2.061),
            alarms: 2,
            calls_with_alarms: 1,
            measured: 40,
            with_problems: 7,
        };
        status.sound.insert(CampaignId(2), sound);
        let board = BoardView::of(&status);
        assert_eq!(board.campaigns[0].sound, SoundBoard::default());
        let heard = &board.campaigns[1].sound;
        assert_eq!((heard.mos, heard.mos_worst), (Some(3.9), Some(2.1)));
        assert_eq!(
            (heard.judged, heard.alarms, heard.calls_with_alarms),
            (3, 2, 1)
        );
        assert_eq!((heard.measured, heard.with_problems), (40, 7));
        // What no reader can see is no change.
        let mut later = status.clone();
        later.sound.get_mut(&CampaignId(2)).unwrap().mos = Some(3.93);
        assert!(!BoardView::of(&later).differs(&board));
        later.sound.get_mut(&CampaignId(2)).unwrap().alarms = 3;
        assert!(BoardView::of(&later).differs(&board));
    }

    #[test]
    fn trouble_is_raised_from_the_floor_worst_first() {
        let mut status = status(0, 0.0, false);
        status.dry_run = true;
        status.floor.draining = true;
        let codes: Vec<String> = BoardView::of(&status)
            .alerts
            .into_iter()
            .map(|a| a.code)
            .collect();
        assert_eq!(codes, ["trunk_down", "draining", "dry_run"]);
    }
}
