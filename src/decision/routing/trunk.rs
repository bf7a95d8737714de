//! Trunks: channels, calls-per-second budgets, prefixes, priorities, weights and health.

use crate::id::TrunkId;
use crate::number::E164;
use crate::time::Mono;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
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
    /// Calls-per-second bucket: tokens at `filled`.
    tokens: f64,
    filled: Mono,
    /// Smooth weighted round-robin credit.
    credit: i64,
    /// Not to be used before this instant (Retry-After, circuit breaker).
    rest_until: Mono,
    failures_in_row: u32,
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
    fn new(config: TrunkConfig) -> Self {
        Self {
            tokens: 1.0,
            filled: Mono(0),
            credit: 0,
            rest_until: Mono(0),
            failures_in_row: 0,
            disconnected_share: 0.0,
            answers_seen: 0,
            in_use: 0,
            health: TrunkHealth::Down("not checked yet".into()),
            config,
        }
    }

    fn matches(
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

    fn usable(&self, now: Mono) -> bool {
        self.health == TrunkHealth::Up && now >= self.rest_until
    }

    /// A bucket that holds one second's worth, and at least one call.
    fn depth(&self) -> f64 {
        self.config.calls_per_second.max(1.0)
    }

    fn refill(&mut self, now: Mono) {
        let grown = now.since(self.filled).as_secs_f64() * self.config.calls_per_second;
        self.tokens = (self.tokens + grown).min(self.depth());
        self.filled = now;
    }

    fn token_at(&self, now: Mono) -> Mono {
        let missing = (1.0 - self.tokens).max(0.0);
        now + Duration::from_secs_f64(missing / self.config.calls_per_second)
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
}

/// Every trunk of the floor.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Trunks {
    trunks: BTreeMap<TrunkId, Trunk>,
}

impl Trunks {
    /// Adds a trunk or replaces its configuration; calls it carries stay counted.
    pub fn set(&mut self, config: TrunkConfig) {
        match self.trunks.get_mut(&config.id) {
            Some(trunk) => trunk.config = config,
            None => {
                self.trunks.insert(config.id, Trunk::new(config));
            }
        }
    }

    /// Every trunk, by id.
    pub fn iter(&self) -> impl Iterator<Item = &Trunk> {
        self.trunks.values()
    }

    /// One trunk.
    pub fn get(&self, id: TrunkId) -> Option<&Trunk> {
        self.trunks.get(&id)
    }

    /// Records reported health; answers whether it changed.
    pub fn set_health(&mut self, id: TrunkId, health: TrunkHealth) -> bool {
        let Some(trunk) = self.trunks.get_mut(&id) else {
            return false;
        };
        let changed = trunk.health != health;
        if health == TrunkHealth::Up {
            trunk.failures_in_row = 0;
        }
        trunk.health = health;
        changed
    }

    /// Free channels and calls that may be placed at once over trunks of these groups.
    pub fn capacity(&mut self, groups: &[String], now: Mono) -> TrunkCapacity {
        let mut sum = TrunkCapacity::default();
        for trunk in self.trunks.values_mut() {
            if !(groups.is_empty() || groups.contains(&trunk.config.group)) {
                continue;
            }
            sum.known = true;
            if !trunk.usable(now) {
                continue;
            }
            trunk.refill(now);
            sum.up = true;
            sum.channels_free += trunk.channels_free();
            sum.calls_now += trunk.tokens as u32;
        }
        sum
    }

    /// Chooses a trunk for a number and takes one channel and one call of its budget:
    /// lowest priority value first, smooth weighted round-robin among equals.
    ///
    /// `not` names trunks already tried for this call.
    pub fn take(
        &mut self,
        number: E164,
        groups: &[String],
        tag: &dyn Fn(&str) -> Option<String>,
        not: &[TrunkId],
        now: Mono,
    ) -> Result<TrunkId, TrunkRefusal> {
        let mut refusal = TrunkRefusal::NoMatch;
        let mut open: Vec<(u8, TrunkId)> = Vec::new();
        for (id, trunk) in &mut self.trunks {
            if not.contains(id) || !trunk.matches(number, groups, tag) {
                continue;
            }
            trunk.refill(now);
            let barred = if !trunk.usable(now) {
                TrunkRefusal::Down
            } else if trunk.channels_free() == 0 {
                TrunkRefusal::Channels
            } else if trunk.tokens < 1.0 {
                TrunkRefusal::CallsPerSecond(trunk.token_at(now))
            } else {
                open.push((trunk.config.priority, *id));
                continue;
            };
            refusal = nearer(refusal, barred);
        }
        let Some(first) = open.iter().map(|(priority, _)| *priority).min() else {
            return Err(refusal);
        };
        open.retain(|(priority, _)| *priority == first);
        let chosen = self.round_robin(&open);
        let trunk = self.trunks.get_mut(&chosen).expect("chosen from the map");
        trunk.tokens -= 1.0;
        trunk.in_use += 1;
        Ok(chosen)
    }

    fn round_robin(&mut self, open: &[(u8, TrunkId)]) -> TrunkId {
        let mut total = 0;
        let mut best: Option<(i64, TrunkId)> = None;
        for (_, id) in open {
            let trunk = self.trunks.get_mut(id).expect("listed from the map");
            let weight = i64::from(trunk.config.weight.max(1));
            total += weight;
            trunk.credit += weight;
            if best.is_none_or(|(credit, _)| trunk.credit > credit) {
                best = Some((trunk.credit, *id));
            }
        }
        let (_, id) = best.expect("at least one trunk is open");
        self.trunks
            .get_mut(&id)
            .expect("listed from the map")
            .credit -= total;
        id
    }

    /// Takes a channel for an inbound call, full or not: the call is already there.
    pub fn take_inbound(&mut self, id: TrunkId) {
        if let Some(trunk) = self.trunks.get_mut(&id) {
            trunk.in_use += 1;
        }
    }

    /// Gives a channel back.
    pub fn release(&mut self, id: TrunkId) {
        if let Some(trunk) = self.trunks.get_mut(&id) {
            debug_assert!(trunk.in_use > 0, "a channel freed twice");
            trunk.in_use = trunk.in_use.saturating_sub(1);
        }
    }

    /// Learns from a final answer. `trouble` is congestion or silence of the trunk itself;
    /// `retry_after` is what the carrier asked for. Answers whether the trunk's "disconnected"
    /// share has just become abnormal.
    pub fn learn(
        &mut self,
        id: TrunkId,
        trouble: bool,
        disconnected: bool,
        retry_after: Option<Duration>,
        now: Mono,
    ) -> bool {
        let Some(trunk) = self.trunks.get_mut(&id) else {
            return false;
        };
        if trouble {
            trunk.failures_in_row += 1;
            let rest = match retry_after {
                Some(asked) => Some(asked.min(Duration::from_secs(300))),
                None if trunk.failures_in_row >= BREAKER_AFTER => Some(BREAKER_REST),
                None => None,
            };
            if let Some(rest) = rest {
                trunk.rest_until = trunk.rest_until.max(now + rest);
            }
            return false;
        }
        trunk.failures_in_row = 0;
        let trusted = trunk.trusts_disconnected();
        trunk.answers_seen = trunk.answers_seen.saturating_add(1);
        let seen = if disconnected { 1.0 } else { 0.0 };
        let step = 1.0 / f64::from(trunk.answers_seen.min(50));
        trunk.disconnected_share += step * (seen - trunk.disconnected_share);
        trusted && !trunk.trusts_disconnected()
    }
}

/// What a set of trunks can take now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TrunkCapacity {
    /// At least one trunk is configured.
    pub known: bool,
    /// At least one is up.
    pub up: bool,
    /// Free channels.
    pub channels_free: u32,
    /// Calls their budgets allow at once.
    pub calls_now: u32,
}

/// Of two reasons, the one that passes sooner.
fn nearer(a: TrunkRefusal, b: TrunkRefusal) -> TrunkRefusal {
    let rank = |r: &TrunkRefusal| match r {
        TrunkRefusal::NoMatch => 3,
        TrunkRefusal::Down => 2,
        TrunkRefusal::Channels => 1,
        TrunkRefusal::CallsPerSecond(_) => 0,
    };
    match (a, b) {
        (TrunkRefusal::CallsPerSecond(x), TrunkRefusal::CallsPerSecond(y)) => {
            TrunkRefusal::CallsPerSecond(x.min(y))
        }
        (a, b) if rank(&a) <= rank(&b) => a,
        (_, b) => b,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(id: u32, priority: u8, weight: u32) -> TrunkConfig {
        TrunkConfig {
            id: TrunkId(id),
            name: format!("t{id}"),
            group: "main".into(),
            channels: 1000,
            calls_per_second: 1000.0,
            prefixes: vec![],
            tags: vec![],
            priority,
            weight,
        }
    }

    fn up(configs: Vec<TrunkConfig>) -> Trunks {
        let mut trunks = Trunks::default();
        for c in configs {
            let id = c.id;
            trunks.set(c);
            trunks.set_health(id, TrunkHealth::Up);
        }
        trunks
    }

    fn number() -> E164 {
        "+12025550123".parse().unwrap()
    }

    fn no_tags(_: &str) -> Option<String> {
        None
    }

    #[test]
    fn weights_share_calls_exactly() {
        let mut trunks = up(vec![config(1, 0, 3), config(2, 0, 1), config(3, 1, 9)]);
        let mut counts = BTreeMap::new();
        for second in 1..=40 {
            let id = trunks
                .take(number(), &[], &no_tags, &[], Mono::from_secs(second))
                .unwrap();
            *counts.entry(id).or_insert(0) += 1;
        }
        assert_eq!(counts, BTreeMap::from([(TrunkId(1), 30), (TrunkId(2), 10)]));
    }

    #[test]
    fn budget_of_calls_per_second_is_a_bucket() {
        let mut slow = config(1, 0, 1);
        slow.calls_per_second = 2.0;
        let mut trunks = up(vec![slow]);
        let now = Mono::from_secs(100);
        let mut take = |at: Mono| trunks.take(number(), &[], &no_tags, &[], at);
        assert!(take(now).is_ok() && take(now).is_ok());
        let Err(TrunkRefusal::CallsPerSecond(at)) = take(now) else {
            panic!("third call in the same instant must wait");
        };
        assert_eq!(at, now + Duration::from_millis(500));
        assert!(take(at).is_ok());
    }

    #[test]
    fn retry_after_rests_the_trunk_and_failover_skips_the_tried_one() {
        let mut trunks = up(vec![config(1, 0, 1), config(2, 1, 1)]);
        let now = Mono::from_secs(10);
        assert_eq!(
            trunks.take(number(), &[], &no_tags, &[TrunkId(1)], now),
            Ok(TrunkId(2))
        );
        trunks.learn(TrunkId(1), true, false, Some(Duration::from_secs(30)), now);
        assert_eq!(
            trunks.take(number(), &[], &no_tags, &[], now),
            Ok(TrunkId(2))
        );
        let later = now + Duration::from_secs(30);
        assert_eq!(
            trunks.take(number(), &[], &no_tags, &[], later),
            Ok(TrunkId(1))
        );
    }

    #[test]
    fn wrong_prefix_is_noticed_before_it_burns_the_list() {
        let mut trunks = up(vec![config(1, 0, 1)]);
        let mut noticed = 0;
        for i in 0..40 {
            noticed += u32::from(trunks.learn(TrunkId(1), false, i % 2 == 0, None, Mono(0)));
        }
        assert_eq!(noticed, 1);
        assert!(!trunks.get(TrunkId(1)).unwrap().trusts_disconnected());
    }

    #[test]
    fn prefix_and_tag_must_match() {
        let mut uk = config(1, 0, 1);
        uk.prefixes = vec!["44".into()];
        let mut vip = config(2, 0, 1);
        vip.tags = vec![("class".into(), "vip".into())];
        let mut trunks = up(vec![uk, vip]);
        let now = Mono::from_secs(1);
        assert_eq!(
            trunks.take(number(), &[], &no_tags, &[], now),
            Err(TrunkRefusal::NoMatch)
        );
        let tag = |k: &str| (k == "class").then(|| "vip".to_owned());
        assert_eq!(trunks.take(number(), &[], &tag, &[], now), Ok(TrunkId(2)));
    }
}
