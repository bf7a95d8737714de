//! Every trunk of the floor, and the choice among them.

use super::trunk::{Trunk, TrunkConfig, TrunkHealth, TrunkRefusal};
use crate::id::TrunkId;
use crate::number::E164;
use crate::time::Mono;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::time::Duration;

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
            sum.up = true;
            sum.channels_free += trunk.channels_free();
            sum.calls_now += trunk.calls_now(now);
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
            let calls_now = trunk.calls_now(now);
            let barred = if !trunk.usable(now) {
                TrunkRefusal::Down
            } else if trunk.channels_free() == 0 {
                TrunkRefusal::Channels
            } else if calls_now == 0 {
                TrunkRefusal::CallsPerSecond(trunk.next_call_at(now))
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
        trunk.place(now);
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

    /// Keeps calls off a trunk for a while; health reports do not lift it.
    pub fn rest(&mut self, id: TrunkId, until: Mono, reason: &str) {
        if let Some(trunk) = self.trunks.get_mut(&id) {
            trunk.rest(until, reason);
        }
    }

    /// Learns from a final answer of one trunk; an unknown one teaches nothing.
    pub fn learn(
        &mut self,
        id: TrunkId,
        trouble: bool,
        disconnected: bool,
        retry_after: Option<Duration>,
        now: Mono,
    ) -> bool {
        self.trunks
            .get_mut(&id)
            .is_some_and(|trunk| trunk.learn(trouble, disconnected, retry_after, now))
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
    fn no_second_has_more_calls_than_the_trunk_takes() {
        let take_at = |rate: f64, millis: u64, trunks: &mut Trunks| {
            trunks
                .iter()
                .for_each(|t| assert_eq!(t.config.calls_per_second, rate));
            let at = Mono(5_000_000_000_000) + Duration::from_millis(millis);
            trunks.take(number(), &[], &no_tags, &[], at).map(|_| at)
        };
        for (rate, most) in [(2.0, 2), (2.5, 3), (20.0, 20)] {
            let mut slow = config(1, 0, 1);
            slow.calls_per_second = rate;
            let mut trunks = up(vec![slow]);
            // Asked every 10 ms for ten seconds, after a long rest.
            let placed: Vec<Mono> = (0..1000)
                .filter_map(|k| take_at(rate, 10 * k, &mut trunks).ok())
                .collect();
            for (k, at) in placed.iter().enumerate() {
                let within = placed[k..]
                    .iter()
                    .filter(|p| p.since(*at) < Duration::from_secs(1));
                assert!(within.count() <= most, "{rate} a second");
            }
            let mean = placed.len() as f64 / 10.0;
            assert!((mean / rate - 1.0).abs() < 0.15, "{rate} a second: {mean}");
        }
        // One call in two seconds, and when the next one may come.
        let mut slow = config(1, 0, 1);
        slow.calls_per_second = 0.5;
        let mut trunks = up(vec![slow]);
        let first = take_at(0.5, 0, &mut trunks).unwrap();
        assert_eq!(
            take_at(0.5, 700, &mut trunks),
            Err(TrunkRefusal::CallsPerSecond(first + Duration::from_secs(2)))
        );
        assert!(take_at(0.5, 2000, &mut trunks).is_ok());
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
