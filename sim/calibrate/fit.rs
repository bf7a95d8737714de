//! Fitting laws to measured durations: maximum likelihood with what was cut off, Akaike's
//! criterion between families, and how far the best of them is from what was measured.

use super::family::{Family, Fitted, SHORTEST_S, Sums};
use super::goodness::{distance, latest, p_value, steps};
use super::search::highest;
use crate::pacing::law::Law;
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64Mcg;
use serde::Serialize;

/// Fewer durations than this say nothing of their law.
pub const DURATIONS_MIN: usize = 20;
/// A law is taken when its p-value is above this …
const P_MIN: f64 = 0.01;
/// … or when no share of durations is wrong by more than this.
const DISTANCE_FINE: f64 = 0.025;
/// Akaike's criterion of what is no law.
const NO_LAW: f64 = 1e12;
/// Values of an empirical law in a scenario.
const EMPIRICAL_MAX: usize = 200;

/// Measured durations, s.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Durations {
    /// Seen from beginning to end.
    pub whole: Vec<f64>,
    /// Cut off while they went on.
    pub cut: Vec<f64>,
}

/// What was tried and what was taken.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LawFit {
    /// What it is the law of.
    pub what: &'static str,
    /// Durations seen whole.
    pub whole: usize,
    /// Durations cut off.
    pub cut: usize,
    /// Mean of the whole ones, s.
    pub mean_s: f64,
    /// Families by Akaike's criterion, best first.
    pub tried: Vec<Tried>,
    /// Kolmogorov's distance of the best: the largest difference between the shares it foretells
    /// and those measured.
    pub distance: f64,
    /// Share of samples drawn from the best law itself, and fitted alike, that lie further from
    /// their fit.
    pub p_value: f64,
    /// The law for the scenario: the best, or the measured values where it does not fit.
    pub law: Law,
    /// Share of calls that would be answered however long they rang; of ringing only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub answered: Option<f64>,
    /// The measured ones, for plots.
    #[serde(skip)]
    pub measured: Durations,
}

/// A family's best law.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Tried {
    /// The law.
    pub fitted: Fitted,
    /// Mean, s.
    pub mean_s: f64,
    /// Standard deviation ÷ mean.
    pub cv: f64,
    /// Akaike's criterion less that of the best: 0 for the best, 10 is much.
    pub aic_behind: f64,
    /// Share of all calls that are answered, where ringing was cut off.
    #[serde(skip)]
    pub answered: f64,
}

/// How what was cut off counts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Cut {
    /// It would have ended later.
    Later,
    /// It would have ended later, or never: ringing. The value is the share of calls known to
    /// ring for nobody (busy, not in service).
    LaterOrNever(f64),
}

/// Fits a law to durations that all end at some time. `None` for fewer than [`DURATIONS_MIN`].
#[must_use]
pub fn fit(what: &'static str, durations: Durations, seed: u64) -> Option<LawFit> {
    fit_with(what, durations, Cut::Later, seed)
}

/// Fits the law of ringing until the answer: calls given up may have been answered later, or
/// never. `failed` is the share of all calls that never rang for anybody.
#[must_use]
pub fn fit_ring(durations: Durations, failed: f64, seed: u64) -> Option<LawFit> {
    fit_with("ring", durations, Cut::LaterOrNever(failed), seed)
}

fn fit_with(what: &'static str, durations: Durations, cut: Cut, seed: u64) -> Option<LawFit> {
    if durations.whole.len() < DURATIONS_MIN {
        return None;
    }
    let mut durations = spread_seconds(durations, seed);
    durations.whole.sort_by(f64::total_cmp);
    durations.cut.sort_by(f64::total_cmp);
    let mut tried: Vec<(f64, Tried)> = Family::ALL
        .into_iter()
        .map(|family| best_of(family, &durations, cut))
        .collect();
    tried.sort_by(|a, b| a.0.total_cmp(&b.0));
    let best_aic = tried[0].0;
    let tried: Vec<Tried> = tried
        .into_iter()
        .filter(|(aic, _)| *aic < NO_LAW || best_aic >= NO_LAW)
        .map(|(aic, tried)| Tried {
            aic_behind: aic - best_aic,
            ..tried
        })
        .collect();
    let best = tried[0];
    let distance = distance(&durations, &best.fitted, cut);
    let p_value = p_value(&durations, best.fitted, cut, seed);
    let fine = p_value > P_MIN || distance <= DISTANCE_FINE;
    let law = if fine {
        best.fitted.law()
    } else {
        empirical(&durations.whole)
    };
    let n = durations.whole.len() as f64;
    let answered = match (cut, fine) {
        (Cut::Later, _) => None,
        (Cut::LaterOrNever(_), true) => Some(best.answered),
        // Measured values know of no answer that came too late.
        (Cut::LaterOrNever(failed), false) => Some(n / all_calls(&durations, failed)),
    };
    Some(LawFit {
        what,
        whole: durations.whole.len(),
        cut: durations.cut.len(),
        mean_s: durations.whole.iter().sum::<f64>() / n,
        tried,
        distance,
        p_value,
        law,
        answered,
        measured: durations,
    })
}

/// Mean and coefficient of variation of the likeliest log-normal law, without a test of fit: for
/// worlds whose laws are log-normal. `None` for fewer than [`DURATIONS_MIN`].
pub(super) fn log_normal(mut durations: Durations) -> Option<(f64, f64)> {
    if durations.whole.len() < DURATIONS_MIN {
        return None;
    }
    floor(&mut durations);
    let (_, best) = best_of(Family::LogNormal, &durations, Cut::Later);
    Some((best.mean_s, best.cv))
}

/// The same of ringing, with the share of calls that would be answered.
pub(super) fn log_normal_ring(mut durations: Durations, failed: f64) -> Option<(f64, f64, f64)> {
    if durations.whole.len() < DURATIONS_MIN {
        return None;
    }
    floor(&mut durations);
    let (_, best) = best_of(Family::LogNormal, &durations, Cut::LaterOrNever(failed));
    Some((best.mean_s, best.cv, best.answered))
}

/// Orders durations and lifts those that are nothing.
fn floor(durations: &mut Durations) {
    for values in [&mut durations.whole, &mut durations.cut] {
        values.iter_mut().for_each(|x| *x = x.max(SHORTEST_S));
        values.sort_by(f64::total_cmp);
    }
}

/// Calls behind answers, calls given up and failures.
fn all_calls(durations: &Durations, failed: f64) -> f64 {
    (durations.whole.len() + durations.cut.len()) as f64 / (1.0 - failed).max(1e-9)
}

/// Durations that were written down in whole seconds are spread evenly over theirs: as they are,
/// no smooth law could have brought them forth.
fn spread_seconds(durations: Durations, seed: u64) -> Durations {
    let coarse = durations.whole.iter().all(|x| x.fract() == 0.0);
    let mut chance = Pcg64Mcg::seed_from_u64(seed);
    let mut spread = |values: Vec<f64>| {
        let one = |x: f64| match coarse {
            true => (x - 0.5 + chance.random::<f64>()).max(0.1 * chance.random::<f64>()),
            false => x,
        };
        let values = values.into_iter().map(one);
        values.map(|x| x.max(SHORTEST_S)).collect::<Vec<f64>>()
    };
    Durations {
        whole: spread(durations.whole),
        cut: spread(durations.cut),
    }
}

/// The family's most likely law, with Akaike's criterion.
pub(super) fn best_of(family: Family, durations: &Durations, cut: Cut) -> (f64, Tried) {
    let sums = Sums::of(&durations.whole);
    let (mean, mean_ln) = (sums.x / sums.n, sums.ln / sums.n);
    let start = family.start(mean, mean_ln, sums.ln2 / sums.n - mean_ln * mean_ln);
    let cuts = grouped(&durations.cut);
    let n = sums.n;
    let (point, likelihood, answered, extra) = match cut {
        Cut::Later => {
            let (point, found) = highest(&start, |point| {
                let law = family.at(point);
                let beyond = |(at, count): &(f64, f64)| count * law.share_beyond(*at).ln();
                law.ln_density_of(&durations.whole, &sums) + cuts.iter().map(beyond).sum::<f64>()
            });
            (point, found, 1.0, 0)
        }
        Cut::LaterOrNever(failed) => {
            // The share that is answered lies between what was seen and all that could be.
            let most = 1.0 - failed;
            let share = |x: f64| most / (1.0 + (-x).exp());
            let seen = (n / all_calls(durations, failed) / most).clamp(1e-6, 1.0 - 1e-6);
            let mut start = start;
            start.push((seen / (1.0 - seen)).ln() + 0.05);
            let free = family.parameters();
            let (point, found) = highest(&start, |point| {
                let (law, p) = (family.at(point), share(point[free]));
                let silent = |(at, count): &(f64, f64)| {
                    count * (most - p * law.share_below(*at)).max(1e-300).ln()
                };
                law.ln_density_of(&durations.whole, &sums)
                    + n * p.ln()
                    + cuts.iter().map(silent).sum::<f64>()
            });
            let answered = share(point[free]);
            (point, found, answered, 1)
        }
    };
    let fitted = family.at(&point);
    let tried = Tried {
        fitted,
        mean_s: fitted.mean(),
        cv: fitted.cv(),
        aic_behind: 0.0,
        answered,
    };
    // A law no scenario may name is none.
    let aic = match fitted.law().check() {
        Ok(()) => 2.0 * (family.parameters() + extra) as f64 - 2.0 * likelihood,
        Err(_) => NO_LAW,
    };
    (aic, tried)
}

/// Equal durations together, to a tenth of a second where they are many.
fn grouped(cut: &[f64]) -> Vec<(f64, f64)> {
    let mut groups: Vec<(f64, f64)> = Vec::new();
    for x in cut {
        let x = if cut.len() > 50 {
            (x * 10.0).round() / 10.0
        } else {
            *x
        };
        match groups.last_mut() {
            Some((at, count)) if *at == x => *count += 1.0,
            _ => groups.push((x, 1.0)),
        }
    }
    groups
}

impl LawFit {
    /// The share of durations up to each measured one.
    #[must_use]
    pub fn steps(&self) -> Vec<(f64, f64)> {
        let cut = match self.answered {
            Some(_) => Cut::LaterOrNever(0.0),
            None => Cut::Later,
        };
        steps(&self.measured, cut)
    }

    /// The best law's share of durations up to `x`, comparable with [`LawFit::steps`].
    #[must_use]
    pub fn foretold(&self, x: f64) -> f64 {
        let law = &self.tried[0].fitted;
        match self.answered {
            Some(_) => (law.share_below(x) / law.share_below(latest(&self.measured))).min(1.0),
            None => law.share_below(x),
        }
    }

    /// Whether the best law was taken, rather than the measured values.
    #[must_use]
    pub fn is_law(&self) -> bool {
        !matches!(self.law, Law::Empirical { .. })
    }
}

/// Measured values that stand for all: evenly over their ranks.
fn empirical(sorted: &[f64]) -> Law {
    let n = sorted.len().min(EMPIRICAL_MAX);
    let at = |k: usize| {
        let place = (k as f64 + 0.5) / n as f64 * sorted.len() as f64;
        (1000.0 * sorted[(place as usize).min(sorted.len() - 1)]).round() / 1000.0
    };
    Law::Empirical {
        values_s: (0..n).map(at).collect(),
    }
}

#[cfg(test)]
#[path = "fit_test.rs"]
mod tests;
