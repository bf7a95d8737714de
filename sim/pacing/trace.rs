//! The course of a simulated day in bins of a few minutes, for plots. Nothing decides by it.

use carillon_decision::pacing::{Constraint, FloorCounts};

/// Constraints there are.
const CONSTRAINTS: usize = Constraint::ALL.len();
/// Widths of bins, s: multiples of the longest time between decisions, so that none is straddled.
const WIDTHS_S: [f64; 5] = [300.0, 120.0, 60.0, 30.0, 10.0];
/// Bins a day has at least, if the narrowest allow.
const BINS_LEAST: f64 = 24.0;
/// Width of a bin of waits, s.
pub const WAIT_BIN_S: f64 = 0.1;
/// Bins of waits; the last holds all longer ones.
pub const WAIT_BINS: usize = 21;

/// Width of the bins of a day of this length, s, and how many there are.
pub(crate) fn bins_of(day_s: f64) -> (f64, usize) {
    let fits = WIDTHS_S.iter().find(|width| day_s / **width >= BINS_LEAST);
    let width_s = *fits.unwrap_or(&WIDTHS_S[WIDTHS_S.len() - 1]);
    let bins = (day_s / width_s - 1e-9).ceil().max(1.0);
    (width_s, bins as usize)
}

/// A few minutes of a day: seconds spent, and counts.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Bin {
    /// Agents free, agent-seconds.
    pub idle_s: f64,
    /// Agents talking.
    pub talk_s: f64,
    /// Agents in wrap-up.
    pub wrap_s: f64,
    /// Agents in their last conversation or wrap-up before a break or the end of the shift.
    pub leaving_s: f64,
    /// Agents not logged in, or on a break.
    pub away_s: f64,
    /// Calls in flight, line-seconds.
    pub line_s: f64,
    /// Length of the bin, s.
    pub length_s: f64,
    /// People connected or abandoned.
    pub answered: u32,
    /// People abandoned.
    pub abandoned: u32,
    /// Seconds for which each constraint, in the order of [`Constraint::ALL`], held the number of
    /// lines.
    pub bound_s: [f64; CONSTRAINTS],
}

impl Bin {
    /// Seconds of agents logged in and not on a break.
    #[must_use]
    pub fn staffed_s(&self) -> f64 {
        self.idle_s + self.talk_s + self.wrap_s + self.leaving_s
    }

    /// Occupancy; none while nobody is there.
    #[must_use]
    pub fn occupancy(&self) -> Option<f64> {
        let staffed_s = self.staffed_s();
        (staffed_s > 0.0).then(|| 1.0 - self.idle_s / staffed_s)
    }
}

/// The course of a day.
#[derive(Clone, Debug, PartialEq)]
pub struct Trace {
    /// Width of a bin, s.
    pub width_s: f64,
    /// The bins, in order.
    pub bins: Vec<Bin>,
    /// People who were connected after a wait, by its length.
    pub waits: [u64; WAIT_BINS],
    agents: u32,
    now: usize,
    bound: Option<Constraint>,
}

impl Trace {
    /// An empty day.
    #[must_use]
    pub fn new(hours: f64, agents: u32) -> Self {
        let (width_s, bins) = bins_of(hours * 3600.0);
        Self {
            width_s,
            bins: vec![Bin::default(); bins],
            waits: [0; WAIT_BINS],
            agents,
            now: 0,
            bound: None,
        }
    }

    /// Nothing changes from one time to another, both in seconds from the start.
    pub(super) fn pass(&mut self, from_s: f64, to_s: f64, counts: &FloorCounts) {
        self.now = ((from_s / self.width_s + 1e-9) as usize).min(self.bins.len() - 1);
        let bin = &mut self.bins[self.now];
        let (span_s, here) = (to_s - from_s, counts.idle + counts.busy + counts.leaving);
        bin.length_s += span_s;
        bin.idle_s += span_s * f64::from(counts.idle);
        bin.talk_s += span_s * f64::from(counts.busy - counts.wrapping.min(counts.busy));
        bin.wrap_s += span_s * f64::from(counts.wrapping);
        bin.leaving_s += span_s * f64::from(counts.leaving);
        bin.away_s += span_s * f64::from(self.agents - here.min(self.agents));
        bin.line_s += span_s * f64::from(counts.in_flight);
        if let Some(bound) = self.bound {
            bin.bound_s[bound as usize] += span_s;
        }
    }

    pub(super) fn decided(&mut self, binding: Option<Constraint>) {
        self.bound = binding;
    }

    pub(super) fn person(&mut self, abandoned: bool) {
        let bin = &mut self.bins[self.now];
        bin.answered += 1;
        bin.abandoned += u32::from(abandoned);
    }

    pub(super) fn waited(&mut self, wait_s: f64) {
        self.waits[((wait_s / WAIT_BIN_S) as usize).min(WAIT_BINS - 1)] += 1;
    }

    /// Share abandoned from the start of the day to the end of each bin; none before so many
    /// answers.
    #[must_use]
    pub fn running_share(&self, answers_least: u32) -> Vec<Option<f64>> {
        self.share_of_last(self.bins.len(), answers_least)
    }

    /// Share abandoned in the hour before the end of each bin; none before an hour has passed or
    /// with fewer answers than that in it.
    #[must_use]
    pub fn hourly_share(&self, answers_least: u32) -> Vec<Option<f64>> {
        let hour = (3600.0 / self.width_s).round() as usize;
        let mut shares = self.share_of_last(hour, answers_least);
        let early = hour.saturating_sub(1).min(shares.len());
        shares[..early].fill(None);
        shares
    }

    fn share_of_last(&self, window: usize, answers_least: u32) -> Vec<Option<f64>> {
        let (mut answered, mut abandoned) = (0u32, 0u32);
        let share = |k: usize| {
            answered += self.bins[k].answered;
            abandoned += self.bins[k].abandoned;
            if k >= window {
                answered -= self.bins[k - window].answered;
                abandoned -= self.bins[k - window].abandoned;
            }
            (answered >= answers_least.max(1)).then(|| f64::from(abandoned) / f64::from(answered))
        };
        (0..self.bins.len()).map(share).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pacing::{PacingScenario, run_day, run_day_traced};

    fn scenario(settings: &[&str]) -> PacingScenario {
        let settings: Vec<String> = settings.iter().map(|s| (*s).to_owned()).collect();
        PacingScenario::read("reference", crate::pacing::SHIPPED[0].1, &settings).unwrap()
    }

    #[test]
    fn a_trace_adds_up_to_its_day_and_changes_nothing() {
        let world = scenario(&["agents=8", "hours=3"]);
        let (day, trace) = run_day_traced(&world, world.policy, 7);
        assert_eq!(day, run_day(&world, world.policy, 7));
        let sum = |of: fn(&Bin) -> f64| trace.bins.iter().map(of).sum::<f64>();
        assert_eq!((trace.width_s, trace.bins.len()), (300.0, 36));
        assert!(
            trace
                .bins
                .iter()
                .all(|bin| (bin.length_s - 300.0).abs() < 1e-6)
        );
        assert!((sum(Bin::staffed_s) / 3600.0 - day.staffed_h).abs() < 1e-6);
        let occupancy = 1.0 - sum(|bin| bin.idle_s) / sum(Bin::staffed_s);
        assert!(
            (occupancy - day.utilisation).abs() < 1e-6,
            "{occupancy} {day:?}"
        );
        assert_eq!(sum(|bin| f64::from(bin.abandoned)), day.abandoned as f64);
        let answered = sum(|bin| f64::from(bin.answered));
        assert_eq!(answered, (day.connected + day.abandoned) as f64);
        let waited = trace.waits.iter().sum::<u64>() as f64;
        assert!((waited / answered - day.waited_share).abs() < 1e-12);
        let last = trace.running_share(1).pop().flatten().unwrap();
        assert!((last - day.abandonment).abs() < 1e-12);
        let hours = trace.hourly_share(20);
        assert!(hours[..11].iter().all(Option::is_none));
        let worst = hours.into_iter().flatten().fold(0.0, f64::max);
        assert!((worst - day.worst_hour).abs() < 1e-12, "{worst} {day:?}");
        let bound = sum(|bin| bin.bound_s.iter().sum());
        assert!(bound > 0.99 * 3.0 * 3600.0, "{bound}");
    }

    #[test]
    fn short_days_have_narrow_bins_and_shifts_show_who_is_away() {
        let world = scenario(&["hours=0.2"]);
        let (_, trace) = run_day_traced(&world, world.policy, 1);
        assert_eq!((trace.width_s, trace.bins.len()), (30.0, 24));
        let mut world = scenario(&["agents=4", "hours=2"]);
        world.shifts = vec![crate::pacing::scenario::Shift {
            agents: 4,
            from_h: 1.0,
            to_h: 2.0,
            breaks: Vec::new(),
        }];
        let (_, trace) = run_day_traced(&world, world.policy, 1);
        assert_eq!(trace.bins[3].away_s, 4.0 * 300.0);
        assert_eq!(trace.bins[3].occupancy(), None);
        assert_eq!(trace.bins[15].away_s, 0.0);
    }
}
