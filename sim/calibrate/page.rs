//! The calibration as a page with plots.

use super::fit::LawFit;
use super::found::Calibration;
use super::shares::Hour;
use crate::html::{Axis, DataTable, Figure, Page, Plot, Point, Scale, Section, Tile, Tone, Unit};

/// Bars of a histogram, at most.
const BARS: usize = 30;
/// Points of a curve.
const CURVE: usize = 160;
/// Points of a quantile plot.
const QUANTILES: usize = 99;
/// Plots end at this share of the durations: the last few would flatten all others.
const SHOWN: f64 = 0.995;

/// The page. `command`: the line that makes it.
#[must_use]
pub fn page(found: &Calibration, command: &str) -> Page {
    let share = |x: f64| format!("{:.1} %", 100.0 * x);
    let tile = |name: &str, value: String, note: String| Tile {
        name: name.to_owned(),
        value,
        note,
        bad: false,
    };
    let mean = |what: &str| {
        found.law(what).map_or_else(
            || ("–".to_owned(), "too few".to_owned()),
            |fit| {
                let law = match fit.is_law() {
                    true => fit.tried[0].fitted.family.name(),
                    false => "measured values",
                };
                (format!("{:.1} s", fit.law.mean_s()), law.to_owned())
            },
        )
    };
    let mut tiles = vec![
        tile(
            "people",
            share(found.p_human),
            "of calls, however long they ring".to_owned(),
        ),
        tile("machines", share(found.p_machine), "of calls".to_owned()),
    ];
    for what in ["ring", "talk", "wrap"] {
        let (value, note) = mean(what);
        tiles.push(tile(what, value, note));
    }
    let laws = found.laws.iter().map(|fit| Section {
        title: fit.what.to_owned(),
        lead: lead(fit),
        figures: vec![histogram(fit), distribution(fit), quantiles(fit)],
    });
    let mut sections = vec![Section {
        title: "Who answers".to_owned(),
        lead: String::new(),
        figures: vec![answers(&found.hours)],
    }];
    sections.extend(laws);
    Page {
        kind: "Calibration".to_owned(),
        title: found.source.clone(),
        facts: vec![
            ("calls".to_owned(), found.counts.placed.to_string()),
            ("from".to_owned(), found.from.clone()),
            ("to".to_owned(), found.to.clone()),
            ("agents".to_owned(), found.agents.to_string()),
            (
                "rows left out".to_owned(),
                found.reading.skipped.len().to_string(),
            ),
        ],
        command: command.to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        tiles,
        sections,
        notes: notes(found),
    }
}

fn notes(found: &Calibration) -> Vec<String> {
    let mut notes: Vec<String> = found.notes.clone();
    notes.push(
        "Laws are fitted by maximum likelihood; what was cut off counts as longer than it was, and \
         ringing given up as answered later or never. Families are compared by Akaike's criterion. \
         The p-value is the share of samples drawn from the law itself, and fitted alike, that lie \
         further from their fit: a small one refutes the law."
            .to_owned(),
    );
    notes
}

fn lead(fit: &LawFit) -> String {
    let best = &fit.tried[0];
    let taken = match fit.is_law() {
        true => "is taken",
        false => "is nearest, and refuted: the measured values are taken",
    };
    format!(
        "{} durations, {} of them cut off. The {} law (mean {:.1} s, cv {:.2}) {taken}; distance \
         {:.3}, p {:.2}.",
        fit.whole + fit.cut,
        fit.cut,
        best.fitted.family.name(),
        best.mean_s,
        best.cv,
        fit.distance,
        fit.p_value
    )
}

/// The longest duration shown.
fn end(fit: &LawFit) -> f64 {
    let values = &fit.measured.whole;
    let place = (SHOWN * (values.len() - 1) as f64) as usize;
    values[place].max(0.1)
}

fn histogram(fit: &LawFit) -> Figure {
    let values = &fit.measured.whole;
    let x = Scale::with_zero([end(fit)]);
    let bars = (2.0 * (values.len() as f64).cbrt())
        .ceil()
        .clamp(5.0, BARS as f64) as usize;
    let width = x.to / bars as f64;
    // By the steps, which know of what was cut off.
    let steps = fit.steps();
    let below = |x: f64| match steps.partition_point(|(at, _)| *at < x) {
        0 => 0.0,
        k => steps[k - 1].1,
    };
    let bar = |k: usize| {
        let (from, to) = (k as f64 * width, (k + 1) as f64 * width);
        (from, to, (below(to) - below(from)) / width)
    };
    let bars: Vec<(f64, f64, f64)> = (0..bars).map(bar).collect();
    let curve = |k: usize| {
        let law = &fit.tried[k].fitted;
        // Of ringing, answers in time are shown: the law's, too.
        let whole = match fit.answered {
            Some(_) => law.share_below(values[values.len() - 1]).max(1e-9),
            None => 1.0,
        };
        let at = |j: usize| {
            let x = x.to * (j as f64 + 0.5) / CURVE as f64;
            (x, law.density(x) / whole)
        };
        (0..CURVE).map(at).collect::<Vec<(f64, f64)>>()
    };
    let best = curve(0);
    // A second curve that is as good as the first is told apart by nobody.
    let second = fit
        .tried
        .get(1)
        .map(|tried| (tried.fitted.family.name(), curve(1)));
    let top = bars
        .iter()
        .map(|b| b.2)
        .chain(best.iter().map(|p| p.1))
        .fold(0.0, f64::max);
    let mut plot = Plot::new(
        Axis::new("seconds", x, Unit::Number),
        Axis::new("density, 1/s", Scale::with_zero([top]), Unit::Number),
    )
    .bars("measured", Tone::Quiet, bars)
    .line(fit.tried[0].fitted.family.name(), Tone::Series(0), best);
    if let Some((name, curve)) = second {
        plot = plot.dashed(name, Tone::Series(1), curve);
    }
    Figure {
        title: "Durations and laws".to_owned(),
        caption: "The best law and the next one over the measured durations.".to_owned(),
        body: plot.render("a histogram of durations under the density of the fitted law"),
        data: Some(tried(fit)),
        wide: false,
    }
}

fn tried(fit: &LawFit) -> DataTable {
    let mut table = DataTable::new(&["law", "mean, s", "cv", "AIC behind the best"]);
    table.rows = fit
        .tried
        .iter()
        .map(|tried| {
            vec![
                tried.fitted.family.name().to_owned(),
                format!("{:.2}", tried.mean_s),
                format!("{:.3}", tried.cv),
                format!("{:.1}", tried.aic_behind),
            ]
        })
        .collect();
    table
}

fn distribution(fit: &LawFit) -> Figure {
    let x = Scale::with_zero([end(fit)]);
    let steps = fit.steps();
    let every = (steps.len() / 400).max(1);
    let mut shown: Vec<(f64, f64)> = vec![(0.0, 0.0)];
    shown.extend(
        steps
            .iter()
            .step_by(every)
            .copied()
            .filter(|(at, _)| *at <= x.to),
    );
    let at = |k: usize| {
        let x = x.to * k as f64 / CURVE as f64;
        (x, fit.foretold(x))
    };
    let law = (0..=CURVE).map(at).collect();
    let plot = Plot::new(
        Axis::new("seconds", x, Unit::Number),
        Axis::new("share up to here", Scale::new(0.0, 1.0), Unit::Share),
    )
    .steps("measured", Tone::Series(1), &shown)
    .line(fit.tried[0].fitted.family.name(), Tone::Series(0), law);
    Figure {
        title: "Shares".to_owned(),
        caption: format!(
            "Measured and foretold differ by at most {:.1} points.",
            100.0 * fit.distance
        ),
        body: plot.render("the measured distribution function beside the fitted one"),
        data: None,
        wide: false,
    }
}

fn quantiles(fit: &LawFit) -> Figure {
    let steps = fit.steps();
    let law = &fit.tried[0].fitted;
    let all = match fit.answered {
        Some(_) => law.share_below(fit.measured.whole[fit.measured.whole.len() - 1]),
        None => 1.0,
    };
    let point = |k: usize| {
        let p = k as f64 / (QUANTILES + 1) as f64;
        let at = steps.iter().find(|(_, share)| *share >= p)?;
        Some((law.quantile(p * all), at.0))
    };
    let points: Vec<(f64, f64)> = (1..=QUANTILES).filter_map(point).collect();
    let scale = Scale::with_zero(points.iter().flat_map(|(x, y)| [*x, *y]));
    let plot = Plot::new(
        Axis::new("foretold, s", scale, Unit::Number),
        Axis::new("measured, s", scale, Unit::Number),
    )
    .diagonal("equal")
    .dots("percentiles", Tone::Series(0), points);
    Figure {
        title: "Percentiles".to_owned(),
        caption: "On the line, the law foretells what was measured.".to_owned(),
        body: plot.render("percentiles measured over percentiles of the law"),
        data: None,
        wide: false,
    }
}

fn answers(hours: &[Hour]) -> Figure {
    let most = hours
        .iter()
        .map(|hour| hour.answered.high)
        .fold(0.0, f64::max);
    let point = |hour: &Hour| {
        let at = f64::from(hour.hour) + 0.5;
        let share = hour.answered;
        Point {
            name: String::new(),
            tone: Tone::Series(0),
            x: (at, at, at),
            y: (share.share, share.low, share.high),
        }
    };
    let first = hours.first().map_or(0.0, |hour| f64::from(hour.hour));
    let last = hours.last().map_or(24.0, |hour| f64::from(hour.hour) + 1.0);
    let x = Axis {
        ticks: 8,
        ..Axis::new("hour of the day", Scale::new(first, last), Unit::Hours)
    };
    let y = Axis::new("share of calls", Scale::with_zero([most]), Unit::Share);
    let plot = Plot::new(x, y).points(hours.iter().map(point).collect());
    let mut data = DataTable::new(&["hour", "calls", "people", "share", "95 %"]);
    let percent = |x: f64| format!("{:.1} %", 100.0 * x);
    data.rows = hours
        .iter()
        .map(|hour| {
            let share = hour.answered;
            vec![
                format!("{:02}:00", hour.hour),
                hour.placed.to_string(),
                hour.people.to_string(),
                percent(share.share),
                format!("{} – {}", percent(share.low), percent(share.high)),
            ]
        })
        .collect();
    Figure {
        title: "Answered by people, hour by hour".to_owned(),
        caption: "Each hour's share with its 95 % interval.".to_owned(),
        body: plot.render("the share of calls answered by people in each hour"),
        data: Some(data),
        wide: true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calibrate::found::tests::calibrated_day;

    #[test]
    fn the_page_shows_every_law_and_needs_no_network() {
        let page = page(&calibrated_day(3000), "carillon sim calibrate day.csv").render();
        for shown in [
            "Who answers",
            "Percentiles",
            "log-normal",
            "day.csv",
            "talk",
            "wrap",
        ] {
            assert!(page.contains(shown), "{shown}");
        }
        assert!(!page.contains("http://") && !page.contains("https://"));
        assert!(!page.contains("NaN"));
    }
}
