//! A bounded table that forgets what matters least.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

/// Beyond `max` entries the one with the earliest age goes. Each update says the entry's age, so
/// what has to be kept for long is given one in the future.
#[derive(Debug)]
pub(super) struct Aged<K, V> {
    max: usize,
    table: BTreeMap<K, (Instant, V)>,
    by_age: BTreeSet<(Instant, K)>,
}

impl<K: Ord + Clone, V: Clone> Aged<K, V> {
    /// At least one entry is held.
    pub(super) fn new(max: usize) -> Self {
        Self {
            max: max.max(1),
            table: BTreeMap::new(),
            by_age: BTreeSet::new(),
        }
    }

    pub(super) fn get(&self, key: &K) -> Option<&V> {
        self.table.get(key).map(|(_, value)| value)
    }

    /// Changes an entry, made from `fresh` if there is none; `act` gives its age and the result.
    pub(super) fn update<T>(
        &mut self,
        key: K,
        fresh: V,
        act: impl FnOnce(&mut V) -> (Instant, T),
    ) -> T {
        let mut value = match self.table.remove(&key) {
            Some((age, value)) => {
                self.by_age.remove(&(age, key.clone()));
                value
            }
            None => fresh,
        };
        let (age, result) = act(&mut value);
        self.by_age.insert((age, key.clone()));
        self.table.insert(key, (age, value));
        while self.table.len() > self.max {
            let Some((_, oldest)) = self.by_age.pop_first() else {
                break;
            };
            self.table.remove(&oldest);
        }
        result
    }

    /// Entries from `low` to `high`, both included.
    pub(super) fn range(&self, low: K, high: K) -> impl Iterator<Item = &V> {
        self.table.range(low..=high).map(|(_, (_, value))| value)
    }

    pub(super) fn len(&self) -> usize {
        self.table.len()
    }
}
