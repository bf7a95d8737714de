//! The hopper: leads at hand, best first.

use super::Lead;
use crate::id::LeadId;
use crate::number::E164;
use serde::{Deserialize, Serialize};
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// Order among leads: promised callbacks, then priority, then rank, then first come.
type Place = (bool, Reverse<i32>, Reverse<i32>, i64);

/// Leads leased from the store and not dialed yet. A lead is in at most once.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Hopper {
    queue: BTreeMap<Place, Lead>,
    places: BTreeMap<LeadId, Place>,
    /// Next place at the end, and at the head, among equals.
    arrivals: i64,
    returns: i64,
}

impl Hopper {
    /// Puts a lead at its place. A lead that is already in is replaced by the newer facts.
    pub fn push(&mut self, lead: Lead) {
        self.arrivals += 1;
        self.insert(self.arrivals, lead);
    }

    /// Puts back a lead that was taken out and not dialed: ahead of its equals.
    pub fn put_back(&mut self, lead: Lead) {
        self.returns -= 1;
        self.insert(self.returns, lead);
    }

    fn insert(&mut self, turn: i64, lead: Lead) {
        self.remove(lead.id);
        let promised_last = lead.callback.is_none();
        let place = (
            promised_last,
            Reverse(lead.priority),
            Reverse(lead.rank),
            turn,
        );
        self.places.insert(lead.id, place);
        self.queue.insert(place, lead);
    }

    /// Takes the best lead out.
    pub fn pop(&mut self) -> Option<Lead> {
        let (_, lead) = self.queue.pop_first()?;
        self.places.remove(&lead.id);
        Some(lead)
    }

    /// Takes one lead out.
    pub fn remove(&mut self, id: LeadId) -> Option<Lead> {
        let place = self.places.remove(&id)?;
        self.queue.remove(&place)
    }

    /// Enters list membership for leads that hold one of these numbers.
    pub fn list(&mut self, list: &str, numbers: &[E164]) {
        for lead in self.queue.values_mut() {
            for number in &mut lead.numbers {
                let known = number.listed.iter().any(|l| l == list);
                if !known && numbers.contains(&number.number) {
                    number.listed.push(list.to_owned());
                }
            }
        }
    }

    /// Leads at hand.
    pub fn len(&self) -> usize {
        self.queue.len()
    }

    /// Whether none is at hand.
    pub fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }

    /// Takes every lead out, best first.
    pub fn drain(&mut self) -> Vec<Lead> {
        self.places.clear();
        std::mem::take(&mut self.queue).into_values().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lead::{Callback, Facts, LeadNumber};
    use crate::time::Wall;

    fn lead(id: u64, priority: i32, rank: i32, callback: bool) -> Lead {
        Lead {
            id: LeadId(id),
            priority,
            rank,
            numbers: vec![LeadNumber {
                number: E164::new(12_025_550_000 + id).unwrap(),
                listed: vec![],
                retired: false,
            }],
            zone: None,
            country: None,
            state: None,
            tags: vec![],
            needs: vec![],
            owner: None,
            callback: callback.then_some(Callback {
                at: Wall(0),
                agent: None,
            }),
            answer_chance: None,
            facts: Facts::default(),
        }
    }

    #[test]
    fn callbacks_then_priority_then_rank_then_first_come() {
        let mut hopper = Hopper::default();
        for l in [
            lead(1, 0, 0, false),
            lead(2, 0, 5, false),
            lead(3, 9, 0, false),
            lead(4, -5, 0, true),
            lead(5, 0, 0, false),
        ] {
            hopper.push(l);
        }
        let order: Vec<u64> = std::iter::from_fn(|| hopper.pop().map(|l| l.id.0)).collect();
        assert_eq!(order, [4, 3, 2, 1, 5]);
    }

    #[test]
    fn a_lead_put_back_keeps_its_turn() {
        let mut hopper = Hopper::default();
        for id in 1..=3 {
            hopper.push(lead(id, 0, 0, false));
        }
        let first = hopper.pop().unwrap();
        hopper.put_back(first);
        assert_eq!(hopper.pop().unwrap().id, LeadId(1));
    }

    #[test]
    fn a_lead_is_in_once_with_its_newest_facts() {
        let mut hopper = Hopper::default();
        hopper.push(lead(1, 0, 0, false));
        hopper.push(lead(1, 7, 0, false));
        assert_eq!(hopper.len(), 1);
        assert_eq!(hopper.pop().unwrap().priority, 7);
        assert!(hopper.is_empty() && hopper.pop().is_none());
    }

    #[test]
    fn a_number_listed_while_waiting_is_known_when_its_turn_comes() {
        let mut hopper = Hopper::default();
        hopper.push(lead(1, 0, 0, false));
        hopper.list("internal", &[E164::new(12_025_550_001).unwrap()]);
        assert_eq!(hopper.pop().unwrap().numbers[0].listed, ["internal"]);
    }
}
