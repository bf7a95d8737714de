//! The people on a whole floor's lists.

use super::scenario::{Campaign, FloorScenario};
use crate::callee::stream;
use crate::list::DNC_LIST;
use carillon_decision::id::{LeadId, SnapshotId};
use carillon_decision::lead::{Facts, Lead, LeadNumber};
use carillon_decision::number::E164;
use rand::RngExt;
use rand_distr::{Beta, Distribution};

/// Chance of the lists' people.
const STREAM_PEOPLE: u64 = 21;
/// Ids of one campaign's leads begin this far after the one's before.
pub const LEADS_APART: u64 = 10_000_000;

/// Where people may live.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Place {
    /// IANA zone.
    pub zone: &'static str,
    /// ISO 3166-1 country.
    pub country: &'static str,
    /// State.
    pub state: Option<&'static str>,
    /// Country and area code: seven digits follow in North America, else `digits`.
    prefix: u64,
    digits: u32,
}

const fn us(zone: &'static str, state: &'static str, area: u64) -> Place {
    Place {
        zone,
        country: "US",
        state: Some(state),
        prefix: 1000 + area,
        digits: 7,
    }
}

/// Every place, from east to west.
pub const ZONES: [Place; 9] = [
    Place {
        zone: "Asia/Singapore",
        country: "SG",
        state: None,
        prefix: 658,
        digits: 7,
    },
    Place {
        zone: "Africa/Nairobi",
        country: "KE",
        state: None,
        prefix: 254_712,
        digits: 6,
    },
    us("America/New_York", "NY", 212),
    us("America/Chicago", "IL", 312),
    us("America/Denver", "CO", 303),
    us("America/Phoenix", "AZ", 602),
    us("America/Los_Angeles", "CA", 213),
    us("America/Anchorage", "AK", 907),
    us("Pacific/Honolulu", "HI", 808),
];

impl Place {
    /// The `k`-th number of the place.
    fn number(&self, k: u64) -> E164 {
        let scale = 10_u64.pow(self.digits);
        let local = match self.country {
            // Exchanges from 220 on; those ending in 11 are services.
            "US" => {
                let (tens, ones) = ((k / 10_000) / 9, (k / 10_000) % 9);
                let exchange = 220 + 10 * tens + [0, 2, 3, 4, 5, 6, 7, 8, 9][ones as usize];
                exchange * 10_000 + k % 10_000
            }
            _ => 130_000 + k % 700_000,
        };
        E164::new(self.prefix * scale + local % scale).expect("the table holds E.164 numbers")
    }

    /// The place of a zone.
    #[must_use]
    pub fn of_zone(zone: &str) -> Option<&'static Place> {
        ZONES.iter().find(|place| place.zone == zone)
    }
}

/// The list of the campaign with index `campaign`, the same for the same seed. No number is on
/// two lists.
#[must_use]
pub fn leads(scenario: &FloorScenario, campaign: usize, seed: u64) -> Vec<Lead> {
    let plan = &scenario.campaigns[campaign];
    let list = &plan.list;
    let places: Vec<(&Place, f64)> = list
        .zones
        .iter()
        .filter_map(|(zone, weight)| Some((Place::of_zone(zone)?, *weight)))
        .collect();
    let all: f64 = places.iter().map(|(_, weight)| weight).sum();
    let beta = scores(plan);
    let mut taken = vec![0_u64; places.len()];
    // Campaigns take turns with the numbers of a place.
    let campaigns = scenario.campaigns.len() as u64;
    (0..u64::from(list.leads))
        .map(|k| {
            let id = LeadId(campaign as u64 * LEADS_APART + k + 1);
            let mut chance = stream(seed, STREAM_PEOPLE, id.0);
            let mut left = chance.random::<f64>() * all;
            let index = places.iter().position(|(_, weight)| {
                left -= weight;
                left < 0.0
            });
            let index = index.unwrap_or(places.len() - 1);
            let place = places[index].0;
            let number = place.number(taken[index] * campaigns + campaign as u64);
            taken[index] += 1;
            let listed = chance.random::<f64>() < list.listed;
            let urgent = chance.random::<f64>() < list.urgent;
            let score = beta.as_ref().map(|law| law.sample(&mut chance));
            Lead {
                id,
                priority: i32::from(urgent),
                rank: 0,
                numbers: vec![LeadNumber {
                    number,
                    listed: if listed {
                        vec![DNC_LIST.to_owned()]
                    } else {
                        Vec::new()
                    },
                    retired: false,
                }],
                zone: Some(place.zone.to_owned()),
                country: Some(place.country.to_owned()),
                state: place.state.map(str::to_owned),
                tags: Vec::new(),
                needs: Vec::new(),
                owner: None,
                callback: None,
                answer_chance: score,
                facts: Facts {
                    snapshot: SnapshotId(1),
                    ..Facts::default()
                },
            }
        })
        .collect()
}

fn scores(campaign: &Campaign) -> Option<Beta<f64>> {
    let cv = campaign.list.scores_cv?;
    let p = campaign.callees.p_human;
    let weight = (1.0 - p) / (p * cv * cv) - 1.0;
    Beta::new(p * weight, (1.0 - p) * weight).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use carillon_decision::compliance::{ComplianceRules, Gate};
    use carillon_decision::time::Wall;
    use std::collections::BTreeSet;
    use std::time::Duration;

    #[test]
    fn numbers_are_distinct_and_may_be_called_by_day() {
        let gate = Gate::new(&ComplianceRules::default()).unwrap();
        let ring = Duration::from_secs(25);
        for place in &ZONES {
            let numbers: BTreeSet<E164> = (0..30_000).map(|k| place.number(k)).collect();
            assert_eq!(numbers.len(), 30_000, "{}", place.zone);
            let allowed = |k: u64, hour: u64| {
                let lead = Lead {
                    numbers: vec![LeadNumber {
                        number: place.number(k),
                        listed: Vec::new(),
                        retired: false,
                    }],
                    ..blank(place)
                };
                // 2026-03-10 is a Tuesday.
                let at = Wall(1_773_100_800_000) + Duration::from_secs(hour * 3600 + 60);
                gate.permit(&lead, 0, at, ring).is_ok()
            };
            for k in [0, 9_999, 10_000, 29_999, 250_000] {
                let open = (0..24).filter(|hour| allowed(k, *hour)).count();
                assert!(open >= 8, "{} number {k}: {open} hours", place.zone);
            }
        }
    }

    fn blank(place: &Place) -> Lead {
        let mut lead =
            leads(&crate::whole::FloorScenario::shipped("shop").unwrap(), 0, 1).remove(0);
        lead.zone = Some(place.zone.to_owned());
        lead.country = Some(place.country.to_owned());
        lead.state = place.state.map(str::to_owned);
        lead
    }
}
