//! Trunks: channels, calls-per-second budgets, prefixes, priorities, weights and health.

use crate::id::TrunkId;
use crate::number::E164;
use crate::time::Mono;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;
use std::time::Duration;

/// A trunk as the engine sees it. Addresses and credentials stay with the driver.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TrunkConfig {
    /// Id.
    pub id: TrunkId,
    /// Name, unique.
    pub name: String,
    /// Group; campaigns choose groups.
    pub group: String,
    /// Most calls at once, inbound included.
    pub channels: u32,
    /// Most new calls a second, 0 < cps.
    pub calls_per_second: f64,
    /// Number prefixes it takes (digits, no `+`); empty means every number.
    pub prefixes: Vec<String>,
    /// Lead tags it takes (`key`, `value`), all of which must match; empty means every lead.
    pub tags: Vec<(String, String)>,
    /// Lower is tried first.
    pub priority: u8,
    /// Share among trunks of the same priority, at least 1.
    pub weight: u32,
}

/// Whether a trunk can be used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum TrunkHealth {
    /// It answers.
    Up,
    /// It does not, or must not be used; the reason is for people.
    Down(String),
}

/// Why no trunk can take a call now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum TrunkRefusal {
    /// No configured trunk takes this number, tag or group.
    NoMatch,
    /// Every match is down.
    Down,
    /// Every match is full.
    Channels,
    /// Every match has spent its calls-per-second budget; try again at this instant.
    CallsPerSecond(Mono),
}

/// A trunk's running state.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Trunk {
    /// Its configuration.
    pub config: TrunkConfig,
    /// Its health as last reported.
    pub health: TrunkHealth,
    /// Calls it carries now.
    pub in_use: u32,
    /// When the calls of the last window were placed.
    placed: VecDeque<Mono>,
    /// Smooth weighted round-robin credit.
    pub(super) credit: i64,
    /// Not to be used before this instant (Retry-After, circuit breaker).
    pub(super) rest_until: Mono,
    /// Why it rests, for people.
    rest_reason: String,
    pub(super) failures_in_row: u32,
    /// Exponentially forgotten share of "disconnected" among its final answers.
    disconnected_share: f64,
    answers_seen: u32,
}

/// Congestion in a row that opens the circuit breaker.
const BREAKER_AFTER: u32 = 5;
/// How long the breaker stays open without a Retry-After.
const BREAKER_REST: Duration = Duration::from_secs(10);
/// A trunk on which more than this share of calls ends "disconnected" does not retire numbers:
/// a wrong prefix must not burn a list.
const DISCONNECTED_SHARE_MAX: f64 = 0.3;
/// Final answers before the share means anything.
const DISCONNECTED_SHARE_AFTER: u32 = 20;

impl Trunk {
    pub(super) fn new(config: TrunkConfig) -> Self {
        Self {
            placed: VecDeque::new(),
            credit: 0,
            rest_until: Mono(0),
            rest_reason: String::new(),
            failures_in_row: 0,
            disconnected_share: 0.0,
            answers_seen: 0,
            in_use: 0,
            health: TrunkHealth::Down("not checked yet".into()),
            config,
        }
    }

    pub(super) fn matches(
        &self,
        number: E164,
        groups: &[String],
        tag: &dyn Fn(&str) -> Option<String>,
    ) -> bool {
        let c = &self.config;
        (groups.is_empty() || groups.contains(&c.group))
            && (c.prefixes.is_empty() || c.prefixes.iter().any(|p| number.has_prefix(p)))
            && c.tags
                .iter()
                .all(|(k, v)| tag(k).as_deref() == Some(v.as_str()))
    }

    pub(super) fn usable(&self, now: Mono) -> bool {
        self.barred(now).is_none()
    }

    /// Keeps calls off the trunk until `until`.
    pub(super) fn rest(&mut self, until: Mono, reason: &str) {
        if until > self.rest_until {
            self.rest_until = until;
            reason.clone_into(&mut self.rest_reason);
        }
    }

    /// Why no call may use it now, if none may.
    pub fn barred(&self, now: Mono) -> Option<&str> {
        match &self.health {
            TrunkHealth::Down(reason) => Some(reason),
            TrunkHealth::Up if now < self.rest_until => Some(&self.rest_reason),
            TrunkHealth::Up => None,
        }
    }

    /// Most calls in any window: one second's worth, and at least one.
    fn calls_per_window(&self) -> usize {
        self.config.calls_per_second.ceil().max(1.0) as usize
    }

    /// A second where the rate is a whole number, else as long as makes the mean rate right.
    fn window(&self) -> Duration {
        let seconds = self.calls_per_window() as f64 / self.config.calls_per_second;
        Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX)
    }

    /// Calls its rate allows at once. A carrier counts the calls of any second, not of seconds
    /// by the clock, and not a rate over time: what was saved up is not given back.
    pub(super) fn calls_now(&mut self, now: Mono) -> u32 {
        let window = self.window();
        let gone = |at: &Mono| now.since(*at) >= window;
        while self.placed.front().is_some_and(gone) {
            self.placed.pop_front();
        }
        self.calls_per_window().saturating_sub(self.placed.len()) as u32
    }

    /// A call is placed on it.
    pub(super) fn place(&mut self, now: Mono) {
        self.placed.push_back(now);
        self.in_use += 1;
    }

    /// When its rate allows the next call; ask after [`Trunk::calls_now`].
    pub(super) fn next_call_at(&self, now: Mono) -> Mono {
        match self.placed.len().checked_sub(self.calls_per_window()) {
            Some(first) => self.placed[first] + self.window(),
            None => now,
        }
    }

    /// Free channels.
    pub fn channels_free(&self) -> u32 {
        self.config.channels.saturating_sub(self.in_use)
    }

    /// Whether "disconnected" from this trunk can be believed.
    pub fn trusts_disconnected(&self) -> bool {
        self.answers_seen < DISCONNECTED_SHARE_AFTER
            || self.disconnected_share <= DISCONNECTED_SHARE_MAX
    }

    /// Share of "disconnected" among recent final answers, in [0, 1].
    pub fn disconnected_share(&self) -> f64 {
        self.disconnected_share
    }

    /// Learns from a final answer. `trouble` is congestion or silence of the trunk itself;
    /// `retry_after` is what the carrier asked for. Answers whether the trunk's "disconnected"
    /// share has just become abnormal.
    pub(super) fn learn(
        &mut self,
        trouble: bool,
        disconnected: bool,
        retry_after: Option<Duration>,
        now: Mono,
    ) -> bool {
        if trouble {
            self.failures_in_row += 1;
            let rest = match retry_after {
                Some(asked) => Some(asked.min(Duration::from_secs(300))),
                None if self.failures_in_row >= BREAKER_AFTER => Some(BREAKER_REST),
                None => None,
            };
            if let Some(rest) = rest {
                self.rest(now + rest, "it refuses calls (congestion)");
            }
            return false;
        }
        self.failures_in_row = 0;
        let trusted = self.trusts_disconnected();
        self.answers_seen = self.answers_seen.saturating_add(1);
        let seen = if disconnected { 1.0 } else { 0.0 };
        let step = 1.0 / f64::from(self.answers_seen.min(50));
        self.disconnected_share += step * (seen - self.disconnected_share);
        trusted && !self.trusts_disconnected()
    }
}
