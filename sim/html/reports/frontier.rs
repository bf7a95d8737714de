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
    for (k, (name, rows)) in series.iter().enumerate() {
        if joined.is_some() {
            let at = |row: &&SweepRow| (row.abandonment, row.utilisation.mean);
            plot = plot.line("", Tone::Series(k), rows.iter().map(at).collect());
        }
        if series.len() > 1 {
            plot = plot.key(name, Tone::Series(k));
        }
        let own = |row: &&SweepRow| {
            let setting = joined.filter(|_| named).map(|axis| &row.settings[axis]);
            point(row, k, setting.map_or_else(String::new, |set| value(set)))
        };
        plot = plot.points(rows.iter().map(own).collect());
    }
    let lines = joined.map_or_else(String::new, |axis| {
        format!(" Lines join the values of {}.", swept.axes[axis].key)
    });
    let caption = format!("Up is busier, left is kinder. Each point is a combination.{lines}");
    Figure {
        title: "Trade-off".to_owned(),
        body: plot.render(&caption),
        caption,
        data: None,
        wide: true,
    }
}

type Series<'a> = Vec<(String, Vec<&'a SweepRow>)>;

/// The axis whose values are joined, the last one of numbers, and the combinations of the others
/// with their rows. Where these are too many to be told apart, or no axis is one of numbers, nothing
/// is joined, and the rows go by their first setting.
fn series(swept: Swept<'_>) -> (Option<usize>, Series<'_>) {
    let of_numbers = |axis: &Setting| numbers(axis).is_some();
    if let Some(joined) = swept.axes.iter().rposition(of_numbers) {
        let others = |row: &SweepRow| {
            let mut others = row.settings.clone();
            others.remove(joined);
            told(&others)
        };
        let series = grouped(swept.rows, others);
        if series.len() <= SERIES_MOST {
            return (Some(joined), series);
        }
    }
    (None, grouped(swept.rows, |row| told(&row.settings[..1])))
}

fn grouped(rows: &[SweepRow], by: impl Fn(&SweepRow) -> String) -> Series<'_> {
    let mut groups: Series<'_> = Vec::new();
    for row in rows {
        let name = by(row);
        match groups.iter_mut().find(|(known, _)| *known == name) {
            Some((_, own)) => own.push(row),
            None => groups.push((name, vec![row])),
        }
    }
    groups
}

/// Abandonment of all days pooled, with the interval of the days.
fn abandoned(row: &SweepRow) -> (f64, f64, f64) {
    ends(Mean {
        mean: row.abandonment,
        ..row.abandonment_by_day
    })
}
