//! The made-up floor as the board shows it.

use super::{CAMPAIGN, Line, World, number};
use carillon_api::port::{Alert, AlertLevel, BoardStatus, LatencySummary, SoundStatus};
use carillon_decision::agent::{AgentState, LineKind, Role};
use carillon_decision::call::{CallRecord, Direction};
use carillon_decision::id::{AgentId, DecisionId, LeadId, TrunkId};
use carillon_decision::number::E164;
use carillon_decision::status::{
    AgentStatus, CallStatus, CampaignStatus, FloorStatus, LineCounts, RecordingStatus, TalkStatus,
    TrunkStatus, WindowStatus,
};
use carillon_decision::time::Wall;

impl World {
    fn phases(&self) -> LineCounts {
        let count = |phase| self.lines.iter().filter(|l| l.phase == phase).count() as u32;
        LineCounts {
            dialing: count("dialing"),
            ringing: count("ringing"),
            screening: count("screening"),
            waiting: count("waiting"),
            talking: count("talking"),
            message: count("message"),
            ending: 0,
        }
    }

    /// The board of this instant.
    pub fn board(&self) -> BoardStatus {
        let lines = self.phases();
        let floor = FloorStatus {
            at: Wall(self.now),
            draining: self.draining,
            store_trouble: None,
            halted: None,
            campaigns: vec![self.campaign(lines)],
            agents: (0..self.desks.len()).map(|i| self.agent(i)).collect(),
            trunks: self.trunks(),
            calls: self.lines.iter().map(|l| self.call(l)).collect(),
        };
        let alert = Alert {
            level: AlertLevel::Warning,
            code: "agent_missed_call".into(),
            text: "hiro missed a call and is on a break".into(),
            since: Wall(self.now - 120_000),
        };
        let recorder = Alert {
            level: AlertLevel::Critical,
            code: "recording_disk_full".into(),
            text:
                "3 recordings have come to grief alike, the latest: recording 8 stopped, its call \
                   goes on: cannot write 8.wav: no space left on device; free disk space; calls go \
                   on, the next recording is tried anew"
                    .into(),
            since: Wall(self.now - 40_000),
        };
        let connected = self.totals.connected;
        BoardStatus {
            floor,
            dry_run: false,
            version: "0.1.0".into(),
            recent: self.records.iter().cloned().collect(),
            alerts: if self.totals.placed > 200 {
                vec![recorder, alert]
            } else {
                vec![]
            },
            refusals: Default::default(),
            sound: [(CAMPAIGN, self.sound())].into(),
            bridge: LatencySummary {
                count: connected,
                sum_s: 0.021 * connected as f64,
                p50_s: 0.019,
                p95_s: 0.031,
                p99_s: 0.044,
                max_s: 0.051,
            },
        }
    }

    fn campaign(&self, lines: LineCounts) -> CampaignStatus {
        let waiting_lines = lines.dialing + lines.ringing + lines.screening + lines.waiting;
        let serving = self.count(|s| !matches!(s, AgentState::LoggedOut | AgentState::Break(_)));
        let reason = if self.running {
            format!(
                "Free agents: {}, and 2.6 more are expected within 11 s; {waiting_lines} lines in flight \
                 should give 3.9 answers. One more line would meet no free agent with 4.1 %, above the 3.2 % accepted now.",
                self.count(|s| *s == AgentState::Ready)
            )
        } else {
            "The campaign is paused: nothing new is dialed.".to_owned()
        };
        let window = |name: &str, answered: u64, abandoned: u64| WindowStatus {
            window: name.into(),
            answered,
            abandoned,
            share: if answered == 0 {
                0.0
            } else {
                abandoned as f64 / answered as f64
            },
            cap: self.tuning.cap,
        };
        let (answered, abandoned) = (self.totals.answered_human, self.totals.abandoned);
        CampaignStatus {
            id: CAMPAIGN,
            name: "autumn-renewals".into(),
            running: self.running,
            tuning: self.tuning,
            mode: self.tuning.mode.to_string(),
            lines_per_agent: f64::from(waiting_lines) / serving.max(1) as f64,
            decision: Some(DecisionId(self.decisions)),
            binding: if self.running { "agents" } else { "paused" }.into(),
            reason,
            lines,
            windows: vec![
                window("day", 412 + answered, 8 + abandoned),
                window("24h", 655 + answered, 15 + abandoned),
                window("30d", 15_820 + answered, 419 + abandoned),
            ],
            totals: self.totals.clone(),
            hopper: 184,
            list_empty: false,
        }
    }

    fn sound(&self) -> SoundStatus {
        let judged = self.lines.iter().filter(|l| l.phase == "talking").count() as u32;
        // One line in seven is bad for a while.
        let bad = judged > 0 && self.now / 10_000 % 7 == 3;
        SoundStatus {
            judged,
            mos: (judged > 0).then_some(if bad { 4.1 } else { 4.3 }),
            mos_worst: (judged > 0).then_some(if bad { 2.6 } else { 4.2 }),
            alarms: u32::from(bad),
            calls_with_alarms: u32::from(bad),
            measured: self.totals.connected,
            with_problems: self.totals.connected / 19,
        }
    }

    fn agent(&self, i: usize) -> AgentStatus {
        let desk = &self.desks[i];
        AgentStatus {
            id: AgentId(i as u32 + 1),
            name: desk.name.into(),
            state: desk.state,
            state_name: desk.state.name().into(),
            for_s: (self.now - desk.since) as f64 / 1000.0,
            line_up: desk.state != AgentState::LoggedOut,
            line: LineKind::NailedUp,
            role: Role::Agent,
            skills: [("spanish".to_owned(), 1 + i as u8 % 10)].into(),
            campaign: desk.state.call().map(|_| CAMPAIGN),
            lead: desk.state.call().map(|c| LeadId(c.0 - 40_000)),
            calls: desk.calls,
            times: desk.times,
        }
    }

    fn trunks(&self) -> Vec<TrunkStatus> {
        let trunk = |id: u32, name: &str, channels| TrunkStatus {
            id: TrunkId(id),
            name: name.into(),
            group: "main".into(),
            up: true,
            reason: String::new(),
            in_use: self
                .lines
                .iter()
                .filter(|l| 1 + l.id.0 % 2 == u64::from(id))
                .count() as u32,
            channels,
            disconnected_share: 0.03,
        };
        vec![trunk(1, "carrier-a", 60), trunk(2, "carrier-b", 30)]
    }

    fn call(&self, line: &Line) -> CallStatus {
        CallStatus {
            id: line.id,
            campaign: CAMPAIGN,
            lead: Some(line.lead),
            direction: Direction::Outbound,
            number: number(line.lead).map(E164::masked).unwrap_or_default(),
            trunk: TrunkId(1 + (line.id.0 % 2) as u32),
            phase: line.phase.into(),
            for_s: (self.now - line.since) as f64 / 1000.0,
            agent: line.agent.map(|a| AgentId(a as u32 + 1)),
            talk: (line.phase == "talking").then_some(TalkStatus {
                held: false,
                third: None,
                recording: RecordingStatus::On,
            }),
        }
    }

    /// Latest ended calls.
    pub fn records(&self) -> Vec<CallRecord> {
        self.records.iter().cloned().collect()
    }
}
