//! The lead list of the simulated world, and of the live demo: people spread over time zones
//! around the clock, some of them on the do-not-call list.

use crate::callee::{STREAM_LIST, stream};
use carillon_decision::call::CallRecord;
use carillon_decision::event::LeadUpdate;
use carillon_decision::id::{LeadId, SnapshotId};
use carillon_decision::lead::{Facts, Lead, LeadNumber, LeadStatus, PastAttempt};
use carillon_decision::number::E164;
use carillon_decision::time::Wall;
use rand::RngExt;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

/// Name of the do-not-call list of the demo.
pub const DNC_LIST: &str = "internal";

/// Where demo people live: zone, country, state, first of a hundred numbers (reserved for
/// fiction where the country reserves any), and of the thousands after them.
const PLACES: [(&str, &str, Option<&str>, u64, u64); 10] = [
    (
        "Pacific/Honolulu",
        "US",
        Some("HI"),
        18085550100,
        18085560000,
    ),
    (
        "America/Los_Angeles",
        "US",
        Some("CA"),
        12135550100,
        12135560000,
    ),
    (
        "America/New_York",
        "US",
        Some("NY"),
        12125550100,
        12125560000,
    ),
    (
        "America/Sao_Paulo",
        "BR",
        None,
        5511987650100,
        5511987660000,
    ),
    ("Europe/London", "GB", None, 442079460100, 442079470000),
    ("Africa/Nairobi", "KE", None, 254712340100, 254712350000),
    ("Asia/Dubai", "AE", None, 971501230100, 971501240000),
    ("Asia/Singapore", "SG", None, 6581230100, 6581240000),
    ("Pacific/Guam", "US", None, 16715550100, 16715560000),
    ("Pacific/Auckland", "NZ", None, 64212340100, 64212350000),
];

/// A person of the demo list.
#[derive(Clone, Debug, PartialEq)]
pub struct Person {
    /// Number.
    pub number: E164,
    /// IANA zone.
    pub zone: &'static str,
    /// ISO 3166-1 country.
    pub country: &'static str,
    /// State.
    pub state: Option<&'static str>,
    /// First name.
    pub first_name: &'static str,
    /// Last name.
    pub last_name: &'static str,
    /// On the do-not-call list.
    pub listed: bool,
}

const FIRST: [&str; 16] = [
    "Ada", "Bo", "Carmen", "Dmitri", "Emeka", "Freya", "Goro", "Hana", "Ines", "Jamal", "Kaia",
    "Liam", "Mei", "Nia", "Omar", "Priya",
];
const LAST: [&str; 16] = [
    "Abara", "Brandt", "Costa", "Dlamini", "Eriksen", "Fofana", "Garcia", "Haddad", "Ito",
    "Jensen", "Kim", "Lopez", "Moreau", "Novak", "Okafor", "Petrov",
];

/// `count` people, the same for the same seed.
pub fn people(count: u32, listed: f64, seed: u64) -> Vec<Person> {
    (0..u64::from(count))
        .map(|i| {
            let (zone, country, state, first, more) = PLACES[(i % 10) as usize];
            let k = i / 10;
            let digits = if k < 100 {
                first + k
            } else {
                more + (k - 100) % 10_000
            };
            let mut rng = stream(seed, STREAM_LIST, i);
            Person {
                number: E164::new(digits).expect("the table holds E.164 numbers"),
                zone,
                country,
                state,
                first_name: FIRST[rng.random_range(0..FIRST.len())],
                last_name: LAST[rng.random_range(0..LAST.len())],
                listed: rng.random_bool(listed.clamp(0.0, 1.0)),
            }
        })
        .collect()
}

struct Entry {
    lead: Lead,
    next_at: Wall,
}

/// Stands in for the store: who is due, and what became of them.
pub struct LeadList {
    entries: BTreeMap<LeadId, Entry>,
    /// By priority, greatest first.
    due: BTreeMap<Reverse<i32>, BTreeSet<(Wall, LeadId)>>,
    closed: BTreeMap<LeadStatus, u32>,
}

impl LeadList {
    /// A fresh list, every lead due.
    pub fn new(people: &[Person]) -> Self {
        let lead = |(i, person)| as_lead(LeadId(i as u64 + 1), person);
        Self::of(people.iter().enumerate().map(lead).collect())
    }

    /// A fresh list of these leads, every one due.
    pub fn of(leads: Vec<Lead>) -> Self {
        let mut list = Self {
            entries: BTreeMap::new(),
            due: BTreeMap::new(),
            closed: BTreeMap::new(),
        };
        for lead in leads {
            list.add(lead, Wall(0));
        }
        list
    }

    /// One more lead, due from then on.
    pub fn add(&mut self, lead: Lead, next_at: Wall) {
        self.queue(&lead).insert((next_at, lead.id));
        self.entries.insert(lead.id, Entry { lead, next_at });
    }

    fn queue(&mut self, lead: &Lead) -> &mut BTreeSet<(Wall, LeadId)> {
        self.due.entry(Reverse(lead.priority)).or_default()
    }

    /// Every lead.
    pub fn leads(&self) -> impl Iterator<Item = &Lead> {
        self.entries.values().map(|entry| &entry.lead)
    }

    /// One lead.
    pub fn lead(&self, id: LeadId) -> Option<&Lead> {
        self.entries.get(&id).map(|entry| &entry.lead)
    }

    /// How many leads are not done with.
    pub fn left(&self) -> u32 {
        self.entries.len() as u32 - self.closed.values().sum::<u32>()
    }

    /// How many leads are done with, by status.
    pub fn closed(&self) -> &BTreeMap<LeadStatus, u32> {
        &self.closed
    }

    /// Up to `count` leads that are due, by priority, then longest due first; and whether that
    /// was all.
    pub fn lease(&mut self, now: Wall, count: u32) -> (Vec<Lead>, bool) {
        let mut leads = Vec::new();
        for due in self.due.values_mut() {
            let wanted = count as usize - leads.len();
            let ripe = due.range(..=(now, LeadId(u64::MAX)));
            let taken: Vec<(Wall, LeadId)> = ripe.take(wanted).copied().collect();
            for key in taken {
                due.remove(&key);
                leads.push(self.entries[&key.1].lead.clone());
            }
        }
        let exhausted = (leads.len() as u32) < count;
        (leads, exhausted)
    }

    /// Enters a number into the do-not-call list.
    pub fn enter_do_not_call(&mut self, id: LeadId, number: E164) {
        if let Some(entry) = self.entries.get_mut(&id) {
            let numbers = entry.lead.numbers.iter_mut();
            for found in numbers.filter(|n| n.number == number && n.listed.is_empty()) {
                found.listed.push(DNC_LIST.to_owned());
            }
        }
    }

    /// Enters an attempt into its lead's history.
    pub fn record(&mut self, record: &CallRecord) {
        let (Some(lead), Some(number)) = (record.lead, record.number) else {
            return;
        };
        if let Some(entry) = self.entries.get_mut(&lead) {
            entry.lead.facts.history.push(PastAttempt {
                at: record.started,
                number,
                outcome: record.outcome,
            });
        }
    }

    /// Ends a lease.
    pub fn done(&mut self, id: LeadId, update: &LeadUpdate) {
        let Some(entry) = self.entries.get_mut(&id) else {
            return;
        };
        let due = self.due.entry(Reverse(entry.lead.priority)).or_default();
        due.remove(&(entry.next_at, id));
        entry.lead.callback = update.callback;
        match (update.status, update.next_at) {
            (LeadStatus::Due | LeadStatus::Callback, Some(at)) => {
                entry.next_at = at;
                due.insert((at, id));
            }
            (status, _) => *self.closed.entry(status).or_default() += 1,
        }
    }
}

fn as_lead(id: LeadId, person: &Person) -> Lead {
    let listed = if person.listed {
        vec![DNC_LIST.to_owned()]
    } else {
        Vec::new()
    };
    Lead {
        id,
        priority: 0,
        rank: 0,
        numbers: vec![LeadNumber {
            number: person.number,
            listed,
            retired: false,
        }],
        zone: Some(person.zone.to_owned()),
        country: Some(person.country.to_owned()),
        state: person.state.map(str::to_owned),
        tags: Vec::new(),
        needs: Vec::new(),
        owner: None,
        callback: None,
        answer_chance: None,
        facts: Facts {
            snapshot: SnapshotId(1),
            ..Facts::default()
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use carillon_decision::compliance::{ComplianceRules, Gate};
    use std::time::Duration;

    #[test]
    fn at_every_hour_of_the_week_a_third_of_the_people_may_be_called() {
        let rules: ComplianceRules = crate::floor::campaign(&crate::Scenario::demo()).compliance;
        let gate = Gate::new(&rules).unwrap();
        let people = people(200, 0.0, 1);
        // 2026-03-09 is a Monday.
        let monday = Wall(1_773_014_400_000);
        for hour in 0..24 * 7 {
            let now = monday + Duration::from_secs(hour * 3600 + 120);
            let permitted = people
                .iter()
                .enumerate()
                .filter(|(i, p)| {
                    let lead = as_lead(LeadId(*i as u64), p);
                    gate.permit(&lead, 0, now, Duration::from_secs(25)).is_ok()
                })
                .count();
            assert!(
                permitted * 3 >= people.len(),
                "hour {hour}: {permitted} of {}",
                people.len()
            );
        }
    }

    #[test]
    fn people_are_distinct_and_repeat_with_the_seed() {
        let a = people(3000, 0.02, 5);
        assert_eq!(a, people(3000, 0.02, 5));
        let numbers: BTreeSet<E164> = a.iter().map(|p| p.number).collect();
        assert_eq!(numbers.len(), a.len());
        let listed = a.iter().filter(|p| p.listed).count();
        assert!((30..100).contains(&listed), "{listed}");
    }
}
