//! A sweep's occupancy against its abandonment.

use super::super::{Axis, Figure, Plot, Point, Scale, Tone, Unit};
use super::share;
use super::sweep::{Swept, ends, numbers, same, told, value};
use crate::pacing::statistics::Mean;
use crate::pacing::sweep::{Axis as Setting, SweepRow};

/// Points of the trade-off that still carry a name each.
const NAMED_MOST: usize = 12;
/// Lines that are told apart.
const SERIES_MOST: usize = 8;

pub(super) fn trade_off(swept: Swept<'_>) -> Figure {
    let point = |row: &SweepRow, k: usize, name: String| Point {
        name,
        tone: Tone::Series(k),
        x: abandoned(row),
        y: ends(row.utilisation),
    };
    let x = Scale::with_zero(swept.rows.iter().map(|row| abandoned(row).2));
    let y = Scale::over(
        swept
            .rows
            .iter()
            .flat_map(|row| [ends(row.utilisation).1, ends(row.utilisation).2]),
    );
    let mut plot = Plot::new(
        Axis::new("abandoned", x, Unit::Share),
        Axis::new("occupancy", y, Unit::Share),
    )
    .height(360);
    if let Some(cap) = same(swept.caps) {
        plot = plot.border(&format!("cap {}", share(cap, 1)), cap);
    }
    let (joined, series) = series(swept);
    let named = swept.rows.len() <= NAMED_MOST;
    let many = series.len() > SERIES_MOST;
    let mut keys: Vec<String> = Vec::new();
    for (k, (name, rows)) in series.iter().enumerate() {
        // Too many to be told apart: coloured by their first setting alone.
        let tone = if many {
            let first = told(&rows[0].settings[..1]);
            let known = keys.iter().position(|key| *key == first);
            known.unwrap_or_else(|| {
                keys.push(first);
                keys.len() - 1
            })
        } else {
            let line = rows
                .iter()
                .map(|row| (row.abandonment, row.utilisation.mean));
            plot = plot.line("", Tone::Series(k), line.collect());
            if series.len() > 1 {
                plot = plot.key(name, Tone::Series(k));
            }
            k
        };
        let own = |row: &&SweepRow| {
            let name = if named {
                value(&row.settings[joined])
            } else {
                String::new()
            };
            point(row, tone, name)
        };
        plot = plot.points(rows.iter().map(own).collect());
    }
    for (k, key) in keys.iter().enumerate() {
        plot = plot.key(key, Tone::Series(k));
    }
    let lines = if many {
        String::new()
    } else {
        format!(" Lines join the values of {}.", swept.axes[joined].key)
    };
    let caption = format!("Up is busier, left is kinder. Each point is a combination.{lines}");
    Figure {
        title: "Trade-off".to_owned(),
        body: plot.render(&caption),
        caption,
        data: None,
        wide: true,
    }
}

/// The axis whose values are joined, the last one of numbers, and the combinations of the others
/// with their rows.
fn series(swept: Swept<'_>) -> (usize, Vec<(String, Vec<&SweepRow>)>) {
    let last = swept.axes.len() - 1;
    let of_numbers = |axis: &Setting| numbers(axis).is_some();
    let joined = swept.axes.iter().rposition(of_numbers).unwrap_or(last);
    let mut series: Vec<(String, Vec<&SweepRow>)> = Vec::new();
    for row in swept.rows {
        let mut others = row.settings.clone();
        others.remove(joined);
        let name = told(&others);
        match series.iter_mut().find(|(known, _)| *known == name) {
            Some((_, rows)) => rows.push(row),
            None => series.push((name, vec![row])),
        }
    }
    (joined, series)
}

/// Abandonment of all days pooled, with the interval of the days.
fn abandoned(row: &SweepRow) -> (f64, f64, f64) {
    ends(Mean {
        mean: row.abandonment,
        ..row.abandonment_by_day
    })
}
