//! What a demo reports.

use carillon_api::port::BoardStatus;
use carillon_carrier::CarrierStats;
use carillon_decision::status::{FloorStatus, TimeSplit};
use carillon_live::node::Vitals;
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt::Write;

/// Figures of a demo, from the first moment of dialing to its end; conversations that were
/// still going on then are in `connected` and in no outcome.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct DemoReport {
    /// Pacing mode at the end.
    pub mode: String,
    /// Agents.
    pub agents: u32,
    /// Length, s.
    pub seconds: f64,
    /// Seed.
    pub seed: u64,
    /// INVITEs sent.
    pub placed: u64,
    /// People who answered.
    pub answered_human: u64,
    /// Of these connected to an agent.
    pub connected: u64,
    /// Of these abandoned.
    pub abandoned: u64,
    /// Abandoned / answered by people.
    pub abandonment: f64,
    /// The cap it was held against.
    pub cap: f64,
    /// (talk + wrap-up) / logged-in time of all agents.
    pub utilisation: f64,
    /// Idle agent-seconds per conversation.
    pub idle_seconds_per_call: f64,
    /// Median time from the packet that told a person to person and agent hearing each other,
    /// ms; time waited for an agent to get free counts.
    pub bridge_ms_p50: f64,
    /// 99th percentile of it, ms.
    pub bridge_ms_p99: f64,
    /// Leads not dialed, by refusal code.
    pub refused: BTreeMap<String, u64>,
    /// Calls ended, by outcome.
    pub outcomes: BTreeMap<String, u64>,
    /// The same from the other side, after the last call.
    pub carrier: CarrierView,
}

/// What the carrier saw.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct CarrierView {
    /// INVITEs taken.
    pub placed: u64,
    /// Calls answered, by people and machines.
    pub answered: u64,
    /// Of these by people.
    pub answered_human: u64,
    /// People who heard an agent.
    pub connected: u64,
    /// People who heard the message and no agent.
    pub heard_message: u64,
    /// People who answered and never heard an agent, for whatever reason.
    pub abandoned: u64,
    /// Most calls at once.
    pub channels_most: u64,
    /// Calls still up after the dialer had stopped. Must be 0.
    pub ghost_calls: u64,
    /// Calls by what their callees were to do.
    pub fates: BTreeMap<&'static str, u64>,
}

impl From<&CarrierStats> for CarrierView {
    fn from(stats: &CarrierStats) -> Self {
        Self {
            placed: stats.placed,
            answered: stats.answered,
            answered_human: stats.answered_human,
            connected: stats.connected,
            heard_message: stats.heard_message,
            abandoned: stats.abandoned,
            channels_most: stats.up_most,
            ghost_calls: stats.up,
            fates: stats.fates.clone(),
        }
    }
}

/// Where all agents' time went so far, s.
pub(super) fn times(floor: &FloorStatus) -> TimeSplit {
    floor
        .agents
        .iter()
        .fold(TimeSplit::default(), |sum, agent| {
            let t = &agent.times;
            TimeSplit {
                ready_s: sum.ready_s + t.ready_s,
                reserved_s: sum.reserved_s + t.reserved_s,
                talk_s: sum.talk_s + t.talk_s,
                wrap_s: sum.wrap_s + t.wrap_s,
                break_s: sum.break_s + t.break_s,
            }
        })
}

impl DemoReport {
    /// Takes the floor's figures; `before` is where agents' time had gone when dialing began.
    pub(super) fn take(&mut self, board: &BoardStatus, before: &TimeSplit, vitals: &Vitals) {
        for campaign in &board.floor.campaigns {
            self.mode = campaign.tuning.mode.to_string();
            self.cap = campaign.tuning.cap;
            self.placed += campaign.totals.placed;
            self.answered_human += campaign.totals.answered_human;
            self.connected += campaign.totals.connected;
            self.abandoned += campaign.totals.abandoned;
            self.refused.clone_from(&campaign.totals.refused);
            self.outcomes.clone_from(&campaign.totals.outcomes);
        }
        let after = times(&board.floor);
        let busy = after.talk_s + after.wrap_s - before.talk_s - before.wrap_s;
        let idle = after.ready_s - before.ready_s;
        let rest = after.reserved_s + after.break_s - before.reserved_s - before.break_s;
        self.utilisation = share(busy, busy + idle + rest);
        self.abandonment = share(self.abandoned as f64, self.answered_human as f64);
        self.idle_seconds_per_call = share(idle, self.connected as f64);
        self.bridge_ms_p50 = vitals.bridge_ms_p50;
        self.bridge_ms_p99 = vitals.bridge_ms_p99;
    }

    /// The report for people.
    pub fn text(&self) -> String {
        let mut text = String::new();
        for (name, value) in self.figures().into_iter().chain(self.tallies()) {
            // Writing into a String cannot fail.
            let _ = writeln!(text, "{name:<20}{value}");
        }
        text
    }

    fn figures(&self) -> Vec<(&'static str, String)> {
        let (seconds, agents, people) = (self.seconds, self.agents, self.answered_human);
        let idle = match self.connected {
            0 => String::new(),
            _ => format!(
                "; idle {:.1} s per conversation",
                self.idle_seconds_per_call
            ),
        };
        let (share, cap) = (self.abandonment * 100.0, self.cap * 100.0);
        let (busy, p50, p99) = (
            self.utilisation * 100.0,
            self.bridge_ms_p50,
            self.bridge_ms_p99,
        );
        vec![
            (
                "ran",
                format!(
                    "{seconds:.0} s, {agents} agents, {}, seed {}",
                    self.mode, self.seed
                ),
            ),
            ("calls placed", self.placed.to_string()),
            (
                "answered by people",
                format!(
                    "{people}: {} connected, {} abandoned",
                    self.connected, self.abandoned
                ),
            ),
            (
                "abandonment",
                format!("{share:.1} % of a cap of {cap:.1} %"),
            ),
            ("agents busy", format!("{busy:.1} %{idle}")),
            (
                "person to agent",
                format!("{p50:.1} ms (median), {p99:.1} ms (p99, waiting included)"),
            ),
        ]
    }

    fn tallies(&self) -> Vec<(&'static str, String)> {
        let list = |map: &BTreeMap<String, u64>| match map.is_empty() {
            true => "none".to_owned(),
            false => map
                .iter()
                .map(|(k, n)| format!("{k} {n}"))
                .collect::<Vec<_>>()
                .join(", "),
        };
        let seen = &self.carrier;
        let carrier = format!(
            "{} calls, at most {} at once; {} people, {} of them heard an agent; {} left up",
            seen.placed, seen.channels_most, seen.answered_human, seen.connected, seen.ghost_calls
        );
        vec![
            ("outcomes", list(&self.outcomes)),
            ("not dialed", list(&self.refused)),
            ("the carrier saw", carrier),
        ]
    }
}

fn share(part: f64, whole: f64) -> f64 {
    if whole > 0.0 { part / whole } else { 0.0 }
}
