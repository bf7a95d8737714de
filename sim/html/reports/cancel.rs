//! What hanging up over-dialed calls costs and gains.

use super::super::{Axis, Figure, Plot, Row, Rows, Scale, Section, Tone, Unit};
use super::{calls_per_answer, plural, share};
use crate::pacing::statistics::Mean;
use crate::pacing::{Day, PacingStudy};

/// Days with hanging up, and the first of them again without.
pub(super) fn section(with: &PacingStudy, without: &PacingStudy) -> Section {
    Section {
        title: "What hanging up over-dialed calls costs and gains".to_owned(),
        lead: "A call that has rung its legal minimum may be hung up when more people are expected than agents. \
               It is no abandoned call, but the lead was dialed for nothing."
            .to_owned(),
        figures: vec![cancelling(with, without), day_by_day(with, without)],
    }
}

fn cancelling(with: &PacingStudy, without: &PacingStudy) -> Figure {
    let days = without.replications.len();
    let of = |study: &PacingStudy, figure: fn(&Day) -> f64| {
        study.replications[..days]
            .iter()
            .map(figure)
            .collect::<Vec<_>>()
    };
    let gain = |figure: fn(&Day) -> f64| Mean::paired(&of(with, figure), &of(without, figure));
    let occupancy = gain(|day| day.utilisation);
    let (dialed, plain) = (of(with, calls_per_answer), of(without, calls_per_answer));
    let extra: Vec<f64> = dialed
        .iter()
        .zip(&plain)
        .map(|(a, b)| a / b - 1.0)
        .collect();
    let extra = Mean::of(&extra);
    let hung_up = Mean::of(&of(with, |day| {
        day.cancelled as f64 / (day.placed as f64).max(1.0)
    }));
    let rows = [
        ("Occupancy, pts", occupancy),
        ("More calls, %", extra),
        ("Hung up, %", hung_up),
    ];
    let scale = Scale::with_zero(
        rows.iter()
            .flat_map(|(_, mean)| [mean.mean - mean.half_width, mean.mean + mean.half_width]),
    );
    let caption = format!(
        "The same {} with it and without: {} points of occupancy for {} more calls per answer. Hung up: of all calls.",
        plural(days, "day"),
        Unit::Points.value(occupancy.mean),
        share(extra.mean, 1)
    );
    let drawn = Rows {
        axis: Axis::new("points; per cent", scale, Unit::Points),
        rows: rows
            .iter()
            .enumerate()
            .map(|(k, (name, mean))| Row {
                name: (*name).to_owned(),
                tone: Tone::Series(k),
                value: mean.mean,
                half_width: mean.half_width,
            })
            .collect(),
        border: Some((0.0, String::new())),
    };
    Figure {
        title: "Ring-cancel beside the same days without it".to_owned(),
        body: drawn.render(&caption),
        caption,
        data: None,
        wide: false,
    }
}

/// Each day's occupancy with and without hanging up.
fn day_by_day(with: &PacingStudy, without: &PacingStudy) -> Figure {
    let pairs: Vec<(f64, f64)> = without
        .replications
        .iter()
        .zip(&with.replications)
        .map(|(without, with)| (without.utilisation, with.utilisation))
        .collect();
    let scale = Scale::over(pairs.iter().flat_map(|(x, y)| [*x, *y]));
    let better = pairs.iter().filter(|(x, y)| y > x).count();
    let caption = format!(
        "Above the line the day was busier with it: {better} of {}.",
        plural(pairs.len(), "day")
    );
    let plot = Plot::new(
        Axis::new("occupancy without ring-cancel", scale, Unit::Share),
        Axis::new("occupancy with ring-cancel", scale, Unit::Share),
    )
    .diagonal("no difference")
    .dots("a day", Tone::Series(0), pairs);
    Figure {
        title: "Day by day".to_owned(),
        body: plot.render(&caption),
        caption,
        data: None,
        wide: false,
    }
}
