//! Which number a call shows.

use crate::number::E164;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// How the numbers of a campaign's pool have fared.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallerIdUse {
    shown: BTreeMap<E164, u64>,
    blocked: BTreeMap<E164, u64>,
}

impl CallerIdUse {
    /// A call was placed showing this number.
    pub fn shown(&mut self, number: E164) {
        *self.shown.entry(number).or_default() += 1;
    }

    /// A call showing this number was blocked by analytics or the callee.
    pub fn blocked(&mut self, number: E164) {
        *self.blocked.entry(number).or_default() += 1;
    }

    /// Blocks in a thousand calls that showed this number.
    pub fn blocks_per_mille(&self, number: E164) -> u64 {
        let shown = self.shown.get(&number).copied().unwrap_or(0);
        let blocked = self.blocked.get(&number).copied().unwrap_or(0);
        1000 * blocked / shown.max(20)
    }

    fn count(&self, number: E164) -> u64 {
        self.shown.get(&number).copied().unwrap_or(0)
    }
}

/// The number of the pool to show to `callee`: longest common prefix (local presence), but
/// never one that is blocked markedly more often than the best of the pool; least used among
/// equals. `None` when the pool is empty.
pub fn choose_caller_id(pool: &[E164], callee: E164, used: &CallerIdUse) -> Option<E164> {
    let least_blocked = pool.iter().map(|n| used.blocks_per_mille(*n)).min()?;
    let tolerated = least_blocked + 50;
    pool.iter()
        .copied()
        .filter(|n| used.blocks_per_mille(*n) <= tolerated)
        .min_by_key(|n| {
            let local = common_prefix(*n, callee);
            (usize::MAX - local, used.count(*n), *n)
        })
}

fn common_prefix(a: E164, b: E164) -> usize {
    let (a, b) = (a.to_string(), b.to_string());
    a.bytes().zip(b.bytes()).take_while(|(x, y)| x == y).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn n(text: &str) -> E164 {
        text.parse().unwrap()
    }

    #[test]
    fn local_presence_then_least_used() {
        let pool = [n("+12125550100"), n("+13055550100"), n("+13055550101")];
        let mut used = CallerIdUse::default();
        assert_eq!(
            choose_caller_id(&pool, n("+12125557777"), &used),
            Some(pool[0])
        );
        let first = choose_caller_id(&pool, n("+13059997777"), &used).unwrap();
        used.shown(first);
        assert_ne!(
            choose_caller_id(&pool, n("+13059997777"), &used),
            Some(first)
        );
        assert_eq!(choose_caller_id(&[], n("+13059997777"), &used), None);
    }

    #[test]
    fn a_blocked_number_is_rested() {
        let pool = [n("+12125550100"), n("+13055550100")];
        let mut used = CallerIdUse::default();
        for _ in 0..20 {
            used.shown(pool[0]);
            used.blocked(pool[0]);
        }
        assert_eq!(
            choose_caller_id(&pool, n("+12125557777"), &used),
            Some(pool[1])
        );
    }
}
