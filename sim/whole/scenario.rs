//! Scenarios of whole floors: campaigns, agents and trunks in one TOML file.

use super::{defaults, setting};
use crate::pacing::curve::Curve;
use crate::pacing::law::Law;
use crate::pacing::scenario::{PacingScenarioError as ScenarioError, Shift};
use crate::scenario::ScreeningLaw;
use carillon_decision::campaign::Screening;
use carillon_decision::compliance::{Purpose, WeekHours};
use carillon_decision::ledger::WindowKind;
use carillon_decision::time::Wall;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The floors that come with the program.
pub const SHIPPED: [(&str, &str); 4] = [
    ("bank", include_str!("../scenarios/bank.toml")),
    ("collections", include_str!("../scenarios/collections.toml")),
    ("shop", include_str!("../scenarios/shop.toml")),
    ("multiskill", include_str!("../scenarios/multiskill.toml")),
];

/// A floor and its day.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FloorScenario {
    /// What it is, in a line.
    #[serde(default)]
    pub title: String,
    /// When the day begins, RFC 3339.
    pub start: String,
    /// Length of the day, h.
    pub hours: f64,
    /// Days, each with its own seed.
    #[serde(default = "defaults::days")]
    pub replications: u32,
    /// Telling people from machines.
    #[serde(default = "defaults::screening")]
    pub screening: ScreeningLaw,
    /// The campaigns.
    #[serde(rename = "campaign")]
    pub campaigns: Vec<Campaign>,
    /// Groups of agents.
    #[serde(rename = "agents")]
    pub groups: Vec<AgentGroup>,
    /// The trunks.
    #[serde(rename = "trunk")]
    pub trunks: Vec<TrunkPlan>,
}

/// A campaign, its list and its callees.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Campaign {
    /// Name, unique.
    pub name: String,
    /// Pacing mode: `predictive`, `hard`, `progressive`, `ratio:R`, `erlang-c`.
    #[serde(default = "defaults::predictive")]
    pub mode: String,
    /// Abandonment cap, 0–1.
    #[serde(default = "defaults::cap")]
    pub cap: f64,
    /// Window in which the cap is held: `day`, `24h`, `30d`.
    #[serde(default)]
    pub window: WindowKind,
    /// Most calls in flight per agent.
    #[serde(default = "defaults::lines_max")]
    pub max_lines_per_agent: f64,
    /// Whether calls past the ring minimum are hung up when too many were dialed.
    #[serde(default = "defaults::yes")]
    pub ring_cancel: bool,
    /// Seconds after which a ringing call is given up, at least 15.
    #[serde(default = "defaults::ring_timeout")]
    pub ring_timeout_s: f64,
    /// Longest wrap-up, s.
    #[serde(default = "defaults::wrap_limit")]
    pub wrap_up_limit_s: f64,
    /// Longest wait of a person who answered, s.
    #[serde(default = "defaults::two")]
    pub abandon_within_s: f64,
    /// Whether people are told from machines before an agent is joined, and how.
    #[serde(default)]
    pub screening: Screening,
    /// What the calls are for: some rules of law bind only collections, for example.
    #[serde(default)]
    pub purpose: Purpose,
    /// Calling hours in the callee's local time, on top of the law's.
    #[serde(default)]
    pub calling: Option<WeekHours>,
    /// When dialing is switched on and off, h from the start of the day.
    #[serde(default)]
    pub runs: Option<(f64, f64)>,
    /// Most attempts on a person in a day; 0 lifts the cap.
    #[serde(default = "defaults::attempts")]
    pub attempts_per_day: u32,
    /// Least time between two attempts on a person, s.
    #[serde(default = "defaults::gap")]
    pub min_gap_s: f64,
    /// Most attempts on a person altogether.
    #[serde(default = "defaults::attempts_max")]
    pub attempts_max: u32,
    /// What follows each outcome; those not named keep the product's rule.
    #[serde(default)]
    pub retries: BTreeMap<String, Retry>,
    /// Skills every call needs.
    #[serde(default)]
    pub needs: Vec<SkillNeed>,
    /// Groups of trunks it may use; empty means every one.
    #[serde(default)]
    pub trunk_groups: Vec<String>,
    /// Whom it calls.
    pub list: ListPlan,
    /// What they do.
    pub callees: CalleePlan,
    /// What varies over the day.
    #[serde(default, rename = "varies")]
    pub curves: Vec<Curve>,
    /// Who calls in, if anybody.
    #[serde(default)]
    pub inbound: Option<InboundPlan>,
}

/// What follows an outcome.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Retry {
    /// Not before this much later, s.
    pub after_s: f64,
    /// Most attempts that may end like this.
    pub most: u32,
}

/// A skill that calls need.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SkillNeed {
    /// Its name.
    pub skill: String,
    /// Least level, 1 to 10.
    #[serde(default = "defaults::one")]
    pub level: u8,
    /// After this much waiting the need falls away, s.
    #[serde(default)]
    pub drop_after_s: Option<f64>,
}

/// A campaign's list.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ListPlan {
    /// People.
    pub leads: u32,
    /// Share of them on the do-not-call list.
    #[serde(default)]
    pub listed: f64,
    /// Where they live: IANA zone and weight.
    pub zones: BTreeMap<String, f64>,
    /// Share of them who are called first.
    #[serde(default)]
    pub urgent: f64,
    /// Spread of the people's answer probabilities (coefficient of variation of a beta law).
    #[serde(default)]
    pub scores_cv: Option<f64>,
    /// Whether the dialer is told each person's probability.
    #[serde(default)]
    pub scores_known: bool,
}

/// What a campaign's callees do. The rest of the probability rings without an answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CalleePlan {
    /// A person answers, if not too late.
    pub p_human: f64,
    /// A machine answers, if not too late.
    #[serde(default)]
    pub p_machine: f64,
    /// Busy.
    #[serde(default)]
    pub p_busy: f64,
    /// Special information tones: not in service.
    #[serde(default)]
    pub p_sit: f64,
    /// Wrong number: 404.
    #[serde(default)]
    pub p_wrong: f64,
    /// Dial to answer.
    #[serde(default = "defaults::ring")]
    pub ring: Law,
    /// A person's greeting.
    #[serde(default = "defaults::greeting")]
    pub greeting: Law,
    /// Conversation.
    pub talk: Law,
    /// Wrap-up after it.
    pub wrap: Law,
    /// How long a person who has greeted waits in silence.
    #[serde(default = "defaults::patience")]
    pub patience: Law,
    /// Share of people screening takes for machines and hangs up on.
    #[serde(default)]
    pub people_as_machines: f64,
    /// Share of machines screening takes for people; an agent gets them.
    #[serde(default)]
    pub machines_as_people: f64,
    /// How long an agent takes to find out that it is a machine.
    #[serde(default = "defaults::machine_talk")]
    pub machine_talk: Law,
    /// Share of those who hear the abandon message that press the opt-out key.
    #[serde(default)]
    pub opt_out: f64,
}

/// Who calls in on a campaign's number.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InboundPlan {
    /// Calls an hour: hour from the start of the day, rate from then on. The first is at hour 0.
    pub per_hour: Vec<(f64, f64)>,
    /// How long a caller waits in the queue before hanging up.
    pub patience: Law,
    /// Conversation.
    pub talk: Law,
    /// Wrap-up after it.
    pub wrap: Law,
    /// Longest wait before the message, s.
    #[serde(default = "defaults::longest_wait")]
    pub longest_wait_s: f64,
    /// The service level is the share answered within this, s.
    #[serde(default = "defaults::service_within")]
    pub service_within_s: f64,
}

/// Agents who are alike.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AgentGroup {
    /// Name, unique.
    pub name: String,
    /// How many, all day. Leave out with `[[agents.shift]]` tables, which say who is there.
    #[serde(default)]
    pub count: u32,
    /// Skill → level, 1 to 10.
    #[serde(default)]
    pub skills: BTreeMap<String, u8>,
    /// Campaigns they serve, in order of preference; empty means every one.
    #[serde(default)]
    pub campaigns: Vec<String>,
    /// Who is there when.
    #[serde(default, rename = "shift")]
    pub shifts: Vec<Shift>,
    /// How late each of them logs in.
    #[serde(default)]
    pub late: Option<Law>,
    /// How often an agent's phone is lost for a minute, per agent and hour.
    #[serde(default)]
    pub phone_lost_per_hour: f64,
}

/// A trunk.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrunkPlan {
    /// Name, unique.
    pub name: String,
    /// Group; campaigns choose groups.
    #[serde(default = "defaults::main")]
    pub group: String,
    /// Most calls at once, inbound included.
    pub channels: u32,
    /// Most new calls a second.
    pub calls_per_second: f64,
    /// Lower is tried first.
    #[serde(default)]
    pub priority: u8,
    /// Share among trunks of the same priority.
    #[serde(default = "defaults::one_32")]
    pub weight: u32,
    /// Dial to the first ringing sign.
    #[serde(default = "defaults::pdd")]
    pub post_dial_delay: Law,
    /// Share of calls it answers with 503.
    #[serde(default)]
    pub congestion: f64,
    /// What its 503 asks for as Retry-After, s; 0 says nothing.
    #[serde(default)]
    pub retry_after_s: f64,
    /// Outages: beginning in hours from the start of the day, length in minutes. New calls get
    /// no answer at all; conversations go on.
    #[serde(default)]
    pub outages: Vec<(f64, f64)>,
    /// How long after its beginning or end an outage is noticed (unanswered OPTIONS), s.
    #[serde(default = "defaults::noticed")]
    pub noticed_after_s: f64,
}

/// Whether a scenario file is a whole floor's: it has `[[campaign]]` sections.
#[must_use]
pub fn is_whole_floor(text: &str) -> bool {
    // A file with a fault elsewhere is still the one or the other.
    let section = |line: &str| line.split('#').next().unwrap_or("").trim() == "[[campaign]]";
    let array = |table: toml::Table| table.get("campaign").is_some_and(toml::Value::is_array);
    text.lines().any(section) || text.parse::<toml::Table>().is_ok_and(array)
}

impl FloorScenario {
    /// A scenario that comes with the program.
    #[must_use]
    pub fn shipped(name: &str) -> Option<Self> {
        let (_, text) = SHIPPED.iter().find(|(known, _)| *known == name)?;
        Some(Self::read(name, text, &[]).expect("shipped scenarios are tested"))
    }

    /// Reads a scenario and applies settings (`key=value`). `name` is for messages.
    ///
    /// # Errors
    /// A [`ScenarioError`] that names file, key, value and what is allowed.
    pub fn read(name: &str, text: &str, settings: &[String]) -> Result<Self, ScenarioError> {
        let scenario: Self =
            crate::pacing::setting::read_with(name, text, settings, setting::apply)?;
        scenario.check(name)?;
        Ok(scenario)
    }

    /// When the day begins.
    #[must_use]
    pub fn start_wall(&self) -> Wall {
        let start: jiff::Timestamp = self.start.parse().unwrap_or_default();
        Wall(start.as_millisecond())
    }

    /// Length of the day, s.
    #[must_use]
    pub fn day_s(&self) -> f64 {
        self.hours * 3600.0
    }

    /// Agents of all groups.
    #[must_use]
    pub fn agents(&self) -> u32 {
        self.groups.iter().map(AgentGroup::size).sum()
    }

    /// The modes of its campaigns: one name where they are the same.
    #[must_use]
    pub fn policy(&self) -> String {
        let modes: Vec<String> = self
            .campaigns
            .iter()
            .map(|c| c.pace().to_string())
            .collect();
        match modes.iter().all(|mode| Some(mode) == modes.first()) {
            true => modes.first().cloned().unwrap_or_default(),
            false => {
                let each = self.campaigns.iter().zip(&modes);
                let each: Vec<String> =
                    each.map(|(c, mode)| format!("{}={mode}", c.name)).collect();
                each.join(",")
            }
        }
    }
}
