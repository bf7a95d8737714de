//! The course of a whole floor's day in bins of a few minutes, for plots. Nothing decides by it.

use super::figures::Times;
use super::scenario::FloorScenario;
use super::setup::campaign_id;
use crate::pacing::trace::bins_of;
use carillon_decision::status::FloorStatus;
use std::collections::BTreeMap;
use std::ops::{AddAssign, Sub};

/// Time of agents who are there and not on a break, agent-seconds.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Worked {
    /// In conversation or wrap-up.
    pub busy_s: f64,
    /// All of it.
    pub staffed_s: f64,
}

impl Worked {
    /// Occupancy; none while nobody is there.
    #[must_use]
    pub fn occupancy(self) -> Option<f64> {
        (self.staffed_s > 1e-6).then(|| self.busy_s / self.staffed_s)
    }
}

impl From<Times> for Worked {
    fn from(times: Times) -> Self {
        let busy_s = times.talk + times.wrap;
        let staffed_s = busy_s + times.idle;
        Self { busy_s, staffed_s }
    }
}

impl AddAssign for Worked {
    fn add_assign(&mut self, other: Self) {
        self.busy_s += other.busy_s;
        self.staffed_s += other.staffed_s;
    }
}

impl Sub for Worked {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        Self {
            busy_s: self.busy_s - other.busy_s,
            staffed_s: self.staffed_s - other.staffed_s,
        }
    }
}

/// A few minutes of a campaign.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CampaignBin {
    /// Agents who serve it, whatever they were busy with.
    pub worked: Worked,
    /// People who may still be called, at the end.
    pub left: u32,
    /// Live answers in its abandonment window, at the end.
    pub answered: u64,
    /// Of these abandoned.
    pub abandoned: u64,
    /// Pacing decisions by what bound them.
    pub bound: BTreeMap<String, u64>,
    /// Leads not dialed, by refusal.
    pub refused: BTreeMap<String, u64>,
}

/// A few minutes of a floor.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FloorBin {
    /// Its length, s.
    pub length_s: f64,
    /// All agents.
    pub worked: Worked,
    /// Call-seconds of each trunk.
    pub trunk_s: Vec<f64>,
    /// The campaigns.
    pub campaigns: Vec<CampaignBin>,
}

/// The course of a day.
#[derive(Clone, Debug, PartialEq)]
pub struct FloorTrace {
    /// Width of a bin, s; the last may be shorter.
    pub width_s: f64,
    /// The bins, in order.
    pub bins: Vec<FloorBin>,
    expected: usize,
    day_s: f64,
    /// Everything since the start of the day.
    before: FloorBin,
}

/// The floor at an instant, everything counted from the start of the day.
pub(super) struct Glance {
    pub status: FloorStatus,
    /// Group and times of every agent.
    pub desks: Vec<(usize, Times)>,
    /// Call-seconds by trunk.
    pub trunk_s: Vec<f64>,
    /// People left by list.
    pub left: Vec<u32>,
}

impl FloorTrace {
    /// An empty day.
    pub(super) fn new(scenario: &FloorScenario) -> Self {
        let (width_s, expected) = bins_of(scenario.day_s());
        Self {
            width_s,
            bins: Vec::with_capacity(expected),
            expected,
            day_s: scenario.day_s(),
            before: FloorBin {
                trunk_s: vec![0.0; scenario.trunks.len()],
                campaigns: vec![CampaignBin::default(); scenario.campaigns.len()],
                ..FloorBin::default()
            },
        }
    }

    /// When it is to be looked at next, s from the start; never again once the day is over.
    pub(super) fn due_s(&self) -> Option<f64> {
        let done = self.bins.len();
        (done < self.expected).then(|| ((done + 1) as f64 * self.width_s).min(self.day_s))
    }

    /// A bin ends.
    pub(super) fn look(&mut self, scenario: &FloorScenario, glance: Glance) {
        let at_s = self.due_s().unwrap_or(self.day_s);
        let total = total(scenario, glance, at_s);
        self.bins.push(total.since(&self.before));
        self.before = total;
    }
}

/// The day so far as one bin.
fn total(scenario: &FloorScenario, glance: Glance, at_s: f64) -> FloorBin {
    let mut groups = vec![Worked::default(); scenario.groups.len()];
    let mut worked = Worked::default();
    for (group, times) in glance.desks {
        groups[group] += times.into();
        worked += times.into();
    }
    let campaign = |(k, plan): (usize, &super::scenario::Campaign)| {
        let mut bin = CampaignBin {
            left: glance.left[k],
            ..CampaignBin::default()
        };
        for (group, worked) in scenario.groups.iter().zip(&groups) {
            if group.campaigns.is_empty() || group.campaigns.contains(&plan.name) {
                bin.worked += *worked;
            }
        }
        let mut known = glance.status.campaigns.iter();
        if let Some(status) = known.find(|status| status.id == campaign_id(k)) {
            let mut windows = status.windows.iter();
            if let Some(window) = windows.find(|window| window.window == plan.window.name()) {
                (bin.answered, bin.abandoned) = (window.answered, window.abandoned);
            }
            bin.bound = status.totals.bound_by.clone();
            bin.refused = status.totals.refused.clone();
        }
        bin
    };
    FloorBin {
        length_s: at_s,
        worked,
        trunk_s: glance.trunk_s,
        campaigns: scenario
            .campaigns
            .iter()
            .enumerate()
            .map(campaign)
            .collect(),
    }
}

impl FloorBin {
    /// What was added since an earlier time; what stands at the end stays as it is.
    fn since(&self, before: &Self) -> Self {
        let campaign = |(now, then): (&CampaignBin, &CampaignBin)| CampaignBin {
            worked: now.worked - then.worked,
            bound: more(&now.bound, &then.bound),
            refused: more(&now.refused, &then.refused),
            ..*now
        };
        let trunks = self.trunk_s.iter().zip(&before.trunk_s);
        let campaigns = self.campaigns.iter().zip(&before.campaigns);
        Self {
            length_s: self.length_s - before.length_s,
            worked: self.worked - before.worked,
            trunk_s: trunks.map(|(now, then)| now - then).collect(),
            campaigns: campaigns.map(campaign).collect(),
        }
    }
}

/// By how much counts have grown; those that have not are left out.
fn more(now: &BTreeMap<String, u64>, then: &BTreeMap<String, u64>) -> BTreeMap<String, u64> {
    let grown = |(name, count): (&String, &u64)| {
        let by = count.saturating_sub(then.get(name).copied().unwrap_or(0));
        (by > 0).then(|| (name.clone(), by))
    };
    now.iter().filter_map(grown).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::whole::{SHIPPED, World};

    fn scenario(name: &str, settings: &[&str]) -> FloorScenario {
        let (_, text) = SHIPPED.iter().find(|(known, _)| *known == name).unwrap();
        let settings: Vec<String> = settings.iter().map(|s| (*s).to_owned()).collect();
        FloorScenario::read(name, text, &settings).unwrap()
    }

    fn close(a: f64, b: f64) -> bool {
        (a - b).abs() < 1e-6
    }

    #[test]
    fn a_trace_adds_up_to_its_day_and_changes_nothing() {
        let floor = scenario("bank", &["hours=2.01", "list.leads=2000"]);
        let (day, trace) = World::new(&floor, 3).run_traced();
        assert_eq!(day, World::new(&floor, 3).run());
        assert_eq!((trace.width_s, trace.bins.len()), (300.0, 25));
        assert!(close(trace.bins[24].length_s, 36.0));
        let mut worked = Worked::default();
        trace.bins.iter().for_each(|bin| worked += bin.worked);
        assert!(close(worked.occupancy().unwrap(), day.utilisation));
        for (k, trunk) in day.trunks.iter().enumerate() {
            let used_s: f64 = trace.bins.iter().map(|bin| bin.trunk_s[k]).sum();
            let share = used_s / (f64::from(trunk.channels) * floor.day_s());
            assert!(close(share, trunk.busy), "{share} {trunk:?}");
            assert!(trunk.busy > 0.0);
        }
        for (k, campaign) in day.campaigns.iter().enumerate() {
            let bins = || trace.bins.iter().map(|bin| &bin.campaigns[k]);
            let mut worked = Worked::default();
            bins().for_each(|bin| worked += bin.worked);
            assert!(close(worked.occupancy().unwrap(), campaign.utilisation));
            let last = bins().next_back().unwrap();
            assert_eq!(last.left, campaign.list_left);
            assert_eq!(last.abandoned, campaign.abandoned);
            // People in conversation at the end have answered, and their calls are not over.
            let over = campaign.connected + campaign.abandoned;
            let talking = last.answered - over;
            assert!(talking <= u64::from(floor.agents()), "{talking}");
            assert!(bins().next().unwrap().left > last.left || campaign.list == 0);
            let sums = |of: fn(&CampaignBin) -> &BTreeMap<String, u64>| {
                let mut sums: BTreeMap<String, u64> = BTreeMap::new();
                for (name, count) in bins().flat_map(of) {
                    *sums.entry(name.clone()).or_default() += count;
                }
                sums
            };
            assert_eq!(sums(|bin| &bin.bound), campaign.bound_by);
            assert_eq!(sums(|bin| &bin.refused), campaign.refused);
        }
    }

    #[test]
    fn nobody_there_is_no_occupancy() {
        let late = "agents.desk.shift=[{ agents = 3, from_h = 0.5, to_h = 1.0 }]";
        let floor = scenario("shop", &["hours=1", late]);
        let (_, trace) = World::new(&floor, 1).run_traced();
        assert_eq!((trace.width_s, trace.bins.len()), (120.0, 30));
        assert_eq!(trace.bins[14].worked.occupancy(), None);
        assert!(trace.bins[25].worked.occupancy() > Some(0.1));
    }
}
