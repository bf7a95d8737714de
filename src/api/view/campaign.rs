//! Campaigns and pacing decisions.

use super::{round2, round4, share};
use crate::port::SoundStatus;
use carillon_decision::pacing::Mode;
use carillon_decision::pacing_decision::PacingDecision;
use carillon_decision::status::{CampaignStatus, LineCounts, Totals, WindowStatus};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// A campaign.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct CampaignBoard {
    /// Id.
    pub id: u32,
    /// Name.
    pub name: String,
    /// Dialing is on.
    pub running: bool,
    /// `predictive`, `predictive-hard`, `progressive`, `erlang-c` or `manual`.
    pub mode: String,
    /// Lines per idle agent, in mode `manual`.
    pub ratio: Option<f64>,
    /// Abandonment cap, a share in (0, 1).
    pub cap: f64,
    /// Most lines per agent.
    pub max_lines_per_agent: f64,
    /// Calls are hung up past the legal ring time when too many were dialed.
    pub ring_cancel: bool,
    /// Lines not yet answered, per agent who takes calls.
    pub lines_per_agent: f64,
    /// Id of the last pacing decision.
    pub decision: Option<u64>,
    /// Stable name of what bound it.
    pub binding: String,
    /// Why, in words.
    pub reason: String,
    /// Calls by phase.
    pub lines: LinesBoard,
    /// Abandonment by window.
    pub windows: Vec<WindowBoard>,
    /// Since the start.
    pub totals: TotalsBoard,
    /// Leads at hand.
    pub hopper: u32,
    /// No more leads are due.
    pub list_empty: bool,
    /// How its conversations sound.
    #[serde(default)]
    pub sound: SoundBoard,
}

/// How the conversations of a campaign sound now, and did since the start.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct SoundBoard {
    /// Conversations in progress that were judged: those past their first ten seconds.
    pub judged: u32,
    /// Mean of these, each by what the worse side heard in its latest ten seconds, MOS-CQE 1 to
    /// 4.5 (ITU-T G.107).
    pub mos: Option<f64>,
    /// The worst of these.
    pub mos_worst: Option<f64>,
    /// Alarms that are up now: dead air, a side not heard, a bad line, clipping, a silent agent.
    pub alarms: u32,
    /// Conversations in progress with an alarm up.
    pub calls_with_alarms: u32,
    /// Ended conversations that were measured, since the start.
    pub measured: u64,
    /// Of these with a problem.
    pub with_problems: u64,
}

/// Calls of a campaign by phase.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LinesBoard {
    /// Sent, nothing heard.
    pub dialing: u32,
    /// Ringing.
    pub ringing: u32,
    /// Answered, being told apart.
    pub screening: u32,
    /// People waiting for an agent.
    pub waiting: u32,
    /// In conversation.
    pub talking: u32,
    /// Hearing the message.
    pub message: u32,
    /// Being hung up.
    pub ending: u32,
    /// All of them.
    pub total: u32,
}

/// Abandonment in a window.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct WindowBoard {
    /// `day`, `24h` or `30d`.
    pub window: String,
    /// People who answered.
    pub answered: u64,
    /// Of these abandoned.
    pub abandoned: u64,
    /// Abandoned ÷ answered, 0–1.
    pub share: f64,
    /// The cap it is held against.
    pub cap: f64,
}

/// Counters since the start.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct TotalsBoard {
    /// INVITEs sent.
    pub placed: u64,
    /// People who answered.
    pub answered_human: u64,
    /// People who talked to an agent.
    pub connected: u64,
    /// People nobody took in time.
    pub abandoned: u64,
    /// People who answered ÷ ended calls, 0–1.
    pub answer_rate: f64,
    /// Ended calls by outcome.
    pub outcomes: BTreeMap<String, u64>,
    /// Leads not dialed by reason.
    pub refused: BTreeMap<String, u64>,
    /// Pacing decisions by what bound them.
    pub bound_by: BTreeMap<String, u64>,
}

/// A pacing decision.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct DecisionBoard {
    /// Id.
    pub id: u64,
    /// Campaign name, or `#id` of one that is gone.
    pub campaign: String,
    /// When.
    pub at_ms: i64,
    /// Mode in words.
    pub mode: String,
    /// Lines wanted.
    pub lines: u32,
    /// Lines placed because of it.
    pub placed: u32,
    /// Stable name of what bound it.
    pub binding: String,
    /// Why, in words.
    pub reason: String,
    /// Every number it rests on.
    #[schema(value_type = Object)]
    pub inputs: serde_json::Value,
}

impl DecisionBoard {
    pub(crate) fn of(decision: &PacingDecision, campaign: String) -> Self {
        Self {
            id: decision.id.0,
            campaign,
            at_ms: decision.at.0,
            mode: decision.mode.clone(),
            lines: decision.pace.lines,
            placed: decision.placed,
            binding: decision.pace.binding.code().into(),
            reason: decision.pace.describe(),
            inputs: serde_json::to_value(decision.pace.inputs).unwrap_or_default(),
        }
    }
}

impl CampaignBoard {
    pub(crate) fn of(c: &CampaignStatus, sound: Option<&SoundStatus>) -> Self {
        let ratio = match c.tuning.mode {
            Mode::ManualRatio { ratio } => Some(ratio),
            _ => None,
        };
        Self {
            id: c.id.0,
            name: c.name.clone(),
            running: c.running,
            mode: c.tuning.mode.name().into(),
            ratio,
            cap: c.tuning.cap,
            max_lines_per_agent: c.tuning.max_lines_per_agent,
            ring_cancel: c.tuning.ring_cancel,
            lines_per_agent: round2(c.lines_per_agent),
            decision: c.decision.map(|d| d.0),
            binding: c.binding.clone(),
            reason: c.reason.clone(),
            lines: LinesBoard::of(c.lines),
            windows: c.windows.iter().map(WindowBoard::of).collect(),
            totals: TotalsBoard::of(&c.totals),
            hopper: c.hopper,
            list_empty: c.list_empty,
            sound: sound.map(SoundBoard::of).unwrap_or_default(),
        }
    }
}

impl SoundBoard {
    fn of(s: &SoundStatus) -> Self {
        // A finer figure promises more than the model gives, and changes the board for nothing.
        let tenths = |mos: f64| (mos * 10.0).round() / 10.0;
        Self {
            judged: s.judged,
            mos: s.mos.map(tenths),
            mos_worst: s.mos_worst.map(tenths),
            alarms: s.alarms,
            calls_with_alarms: s.calls_with_alarms,
            measured: s.measured,
            with_problems: s.with_problems,
        }
    }
}

impl LinesBoard {
    fn of(l: LineCounts) -> Self {
        let total = [
            l.dialing,
            l.ringing,
            l.screening,
            l.waiting,
            l.talking,
            l.message,
            l.ending,
        ]
        .into_iter()
        .fold(0, u32::saturating_add);
        Self {
            dialing: l.dialing,
            ringing: l.ringing,
            screening: l.screening,
            waiting: l.waiting,
            talking: l.talking,
            message: l.message,
            ending: l.ending,
            total,
        }
    }
}

impl WindowBoard {
    fn of(w: &WindowStatus) -> Self {
        Self {
            window: w.window.clone(),
            answered: w.answered,
            abandoned: w.abandoned,
            share: round4(w.share),
            cap: w.cap,
        }
    }
}

impl TotalsBoard {
    fn of(t: &Totals) -> Self {
        // Calls still ringing have not had their chance yet: they would push the rate down.
        let ended: u64 = t.outcomes.values().sum();
        Self {
            placed: t.placed,
            answered_human: t.answered_human,
            connected: t.connected,
            abandoned: t.abandoned,
            answer_rate: share(t.answered_human as f64, ended.max(t.answered_human) as f64),
            outcomes: t.outcomes.clone(),
            refused: t.refused.clone(),
            bound_by: t.bound_by.clone(),
        }
    }
}
