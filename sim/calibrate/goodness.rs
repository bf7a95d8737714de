//! How far a fitted law is from what was measured, and how far its own samples are from theirs.

use super::family::Fitted;
use super::fit::{Cut, Durations, Tried, best_of};
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64Mcg;

/// Most durations the test of fit looks at: with more of them every law is refuted by something
/// that does not matter.
const TESTED_MAX: usize = 2000;
/// Samples behind a p-value.
const SAMPLES: usize = 99;

/// Kolmogorov's distance.
pub(super) fn distance(durations: &Durations, law: &Fitted, cut: Cut) -> f64 {
    let steps = steps(durations, cut);
    let whole = match cut {
        Cut::Later => 1.0,
        Cut::LaterOrNever(_) => law.share_below(latest(durations)).max(1e-12),
    };
    let mut before = 0.0;
    let mut widest: f64 = 0.0;
    for (x, after) in steps {
        let share = (law.share_below(x) / whole).min(1.0);
        widest = widest
            .max((share - before).abs())
            .max((share - after).abs());
        before = after;
    }
    widest
}

/// The longest a call rang.
pub(super) fn latest(durations: &Durations) -> f64 {
    let last = |values: &[f64]| values.last().copied().unwrap_or(0.0);
    last(&durations.whole).max(last(&durations.cut))
}

/// The share of durations up to each measured one (Kaplan and Meier); of ringing, the share of
/// answers in time.
pub(super) fn steps(durations: &Durations, cut: Cut) -> Vec<(f64, f64)> {
    let mut at_risk = durations.whole.len() + durations.cut.len();
    let mut cuts = durations.cut.iter().peekable();
    let mut left = 1.0;
    let mut steps = Vec::with_capacity(durations.whole.len());
    for x in &durations.whole {
        while cuts.next_if(|cut| *cut < x).is_some() {
            at_risk -= 1;
        }
        left *= 1.0 - 1.0 / at_risk as f64;
        at_risk -= 1;
        steps.push((*x, 1.0 - left));
    }
    if let (Cut::LaterOrNever(_), Some((_, last))) = (cut, steps.last().copied()) {
        steps.iter_mut().for_each(|step| step.1 /= last);
    }
    steps
}

/// The p-value of the distance, by samples drawn from the law and fitted like the measured ones:
/// a table would not know that parameters were fitted.
pub(super) fn p_value(durations: &Durations, law: Fitted, cut: Cut, seed: u64) -> f64 {
    let mut chance = Pcg64Mcg::seed_from_u64(seed ^ 0x5eed);
    let n = durations.whole.len();
    let tested = n.min(TESTED_MAX);
    let part = tested as f64 / n as f64;
    // Every k-th in an order that has nothing to do with the sizes.
    let mut order: Vec<usize> = (0..n).collect();
    for k in 0..tested {
        let other = chance.random_range(k..n);
        order.swap(k, other);
    }
    let mut whole: Vec<f64> = order[..tested]
        .iter()
        .map(|k| durations.whole[*k])
        .collect();
    whole.sort_by(f64::total_cmp);
    let cuts = |most: usize| -> Vec<f64> {
        let step = durations.cut.len() as f64 / most.max(1) as f64;
        (0..most)
            .map(|k| durations.cut[(k as f64 * step) as usize])
            .collect()
    };
    let kept = cuts((durations.cut.len() as f64 * part).round() as usize);
    let measured = Durations { whole, cut: kept };
    let (_, own) = best_of(law.family, &measured, cut);
    let reached = distance(&measured, &own.fitted, cut);
    let further = (0..SAMPLES)
        .filter(|_| {
            let drawn = drawn(&law, &measured, &own, cut, &mut chance);
            let (_, fitted) = best_of(law.family, &drawn, cut);
            distance(&drawn, &fitted.fitted, cut) >= reached
        })
        .count();
    (further + 1) as f64 / (SAMPLES + 1) as f64
}

/// A sample as large as the measured one, drawn from a law. Calls that ring are given up after times
/// like those measured; of other durations, few of which are cut off, none is.
fn drawn(
    law: &Fitted,
    measured: &Durations,
    own: &Tried,
    cut: Cut,
    chance: &mut Pcg64Mcg,
) -> Durations {
    let n = measured.whole.len();
    let mut drawn = match cut {
        Cut::LaterOrNever(failed) if !measured.cut.is_empty() => {
            let all = n + measured.cut.len();
            let would = own.answered / (1.0 - failed).max(1e-9);
            let mut drawn = Durations::default();
            for ring in law.draw(all, f64::INFINITY, chance) {
                let patience = measured.cut[chance.random_range(0..measured.cut.len())];
                match chance.random::<f64>() < would && ring < patience {
                    true => drawn.whole.push(ring),
                    false => drawn.cut.push(patience),
                }
            }
            drawn
        }
        _ => Durations {
            whole: law.draw(n, f64::INFINITY, chance),
            cut: Vec::new(),
        },
    };
    drawn.whole.sort_by(f64::total_cmp);
    drawn.cut.sort_by(f64::total_cmp);
    drawn
}
