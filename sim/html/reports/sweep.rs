//! The report of a sweep: one scenario under many settings.

use super::super::{
    Axis, DataTable, Figure, HeatCell, HeatMap, Page, Plot, Point, Row, Rows, Scale, Section, Tone,
    Unit,
};
use super::{Source, notes, page, share, share_with_error};
use crate::pacing::PacingScenario;
use crate::pacing::statistics::Mean;
use crate::pacing::sweep::{Axis as Setting, SweepRow};

/// What a sweep's report is made of.
#[derive(Clone, Copy, Debug)]
pub struct Swept<'a> {
    /// The scenario before any axis.
    pub scenario: &'a PacingScenario,
    /// The axes.
    pub axes: &'a [Setting],
    /// The combinations, the last axis fastest.
    pub rows: &'a [SweepRow],
    /// Each combination's cap.
    pub caps: &'a [f64],
}

/// A figure of a combination.
struct Measure {
    name: &'static str,
    unit: Unit,
    of: fn(&SweepRow) -> Mean,
    /// Whether days over the cap are marked on it.
    marks: bool,
    caption: &'static str,
}

const MEASURES: [Measure; 4] = [
    Measure {
        name: "Occupancy",
        unit: Unit::Share,
        of: |row| row.utilisation,
        marks: true,
        caption: "The stronger the colour, the busier.",
    },
    Measure {
        name: "Abandoned",
        unit: Unit::Share,
        of: |row| Mean {
            mean: row.abandonment,
            ..row.abandonment_by_day
        },
        marks: true,
        caption: "Of all answers. The stronger the colour, the more.",
    },
    Measure {
        name: "Waited for an agent",
        unit: Unit::Share,
        of: |row| Mean {
            mean: row.waited_share,
            ..row.waited_by_day
        },
        marks: false,
        caption: "People connected, but not at once, of all answers.",
    },
    Measure {
        name: "People reached an hour",
        unit: Unit::Number,
        of: |row| row.contacts_per_hour,
        marks: false,
        caption: "Connected to an agent.",
    },
];

/// The report.
#[must_use]
pub fn sweep(swept: Swept<'_>, source: &Source) -> Page {
    let mut page = page("Sweep", swept.scenario, source);
    page.facts
        .retain(|(name, _)| swept.axes.iter().all(|axis| axis.key != *name));
    for axis in swept.axes {
        page.facts.push((axis.key.clone(), axis.values.join(", ")));
    }
    page.notes = notes();
    let lead = match swept.axes.len() {
        1 => String::new(),
        _ => "▲ and a frame: the cap did not hold on every day.".to_owned(),
    };
    let figures = match swept.axes {
        [axis] => MEASURES
            .iter()
            .map(|measure| along(swept, axis, measure))
            .collect(),
        _ => MEASURES
            .iter()
            .flat_map(|measure| maps(swept, measure))
            .collect(),
    };
    let section = |title: &str, lead: String, figures| Section {
        title: title.to_owned(),
        lead,
        figures,
    };
    page.sections = vec![
        section("By setting", lead, figures),
        section(
            "Occupancy against abandonment",
            String::new(),
            vec![super::frontier::trade_off(swept)],
        ),
        section("All combinations", String::new(), vec![table(swept)]),
    ];
    page
}

pub(super) fn numbers(axis: &Setting) -> Option<Vec<f64>> {
    axis.values.iter().map(|value| value.parse().ok()).collect()
}

pub(super) fn ends(mean: Mean) -> (f64, f64, f64) {
    let low = (mean.mean - mean.half_width).max(0.0);
    (mean.mean, low, mean.mean + mean.half_width)
}

/// A measure along the only axis.
fn along(swept: Swept<'_>, axis: &Setting, measure: &Measure) -> Figure {
    let means: Vec<Mean> = swept.rows.iter().map(measure.of).collect();
    let scale = Scale::over(means.iter().flat_map(|mean| [ends(*mean).1, ends(*mean).2]));
    let y = Axis::new(measure.name, scale, measure.unit);
    let caption = match measure.name {
        "Abandoned" => "Of all answers, all days pooled; the bar is a 95 % interval over days.",
        _ => "Mean over the days; the bar is its 95 % interval.",
    };
    let body = match numbers(axis) {
        Some(values) => {
            let x = Axis::new(&axis.key, Scale::over(values.iter().copied()), Unit::Number);
            let line = values
                .iter()
                .zip(&means)
                .map(|(x, mean)| (*x, mean.mean))
                .collect();
            let point = |(x, mean): (&f64, &Mean)| Point {
                name: String::new(),
                tone: Tone::Series(0),
                x: (*x, *x, *x),
                y: ends(*mean),
            };
            let points = values.iter().zip(&means).map(point).collect();
            let mut plot = Plot::new(x, y)
                .line(measure.name, Tone::Series(0), line)
                .points(points);
            if let (true, Some(cap)) = (measure.name == "Abandoned", same(swept.caps)) {
                plot = plot.level(&format!("cap {}", share(cap, 1)), cap);
            }
            plot.render(caption)
        }
        None => Rows {
            axis: y,
            rows: axis
                .values
                .iter()
                .zip(&means)
                .enumerate()
                .map(|(k, (name, mean))| Row {
                    name: name.clone(),
                    tone: Tone::Series(k),
                    value: mean.mean,
                    half_width: mean.half_width,
                })
                .collect(),
            border: None,
        }
        .render(caption),
    };
    Figure {
        title: measure.name.to_owned(),
        caption: caption.to_owned(),
        body,
        data: None,
        wide: false,
    }
}

pub(super) fn same(caps: &[f64]) -> Option<f64> {
    let first = *caps.first()?;
    caps.iter()
        .all(|cap| (cap - first).abs() < 1e-12)
        .then_some(first)
}

/// A measure over the first two axes, once for each combination of the others, on one scale.
fn maps(swept: Swept<'_>, measure: &Measure) -> Vec<Figure> {
    let (down, across) = (&swept.axes[0], &swept.axes[1]);
    let others: usize = swept.axes[2..]
        .iter()
        .map(|axis| axis.values.len())
        .product();
    let cell = |row: &SweepRow| HeatCell {
        value: Some((measure.of)(row).mean),
        marked: measure.marks && row.days_held < row.days,
    };
    // The last axis is fastest: every `others`-th row belongs to the same map.
    let grid = |other: usize| -> Vec<Vec<HeatCell>> {
        let own: Vec<HeatCell> = swept
            .rows
            .iter()
            .skip(other)
            .step_by(others)
            .map(cell)
            .collect();
        own.chunks(across.values.len())
            .map(<[HeatCell]>::to_vec)
            .collect()
    };
    let grids: Vec<Vec<Vec<HeatCell>>> = (0..others).map(grid).collect();
    let scale = HeatMap::scale_of(grids.iter().flatten());
    let figure = |(other, cells): (usize, Vec<Vec<HeatCell>>)| {
        let settings = swept
            .rows
            .get(other)
            .map_or(&[][..], |row| &row.settings[2..]);
        let title = match settings {
            [] => measure.name.to_owned(),
            _ => format!("{}, {}", measure.name, told(settings)),
        };
        let map = HeatMap {
            across: across.key.clone(),
            columns: across.values.clone(),
            down: down.key.clone(),
            rows: down.values.clone(),
            cells,
            unit: measure.unit,
            scale,
        };
        Figure {
            body: map.render(&format!("{title} by {} and {}", down.key, across.key)),
            title,
            caption: measure.caption.to_owned(),
            data: None,
            wide: across.values.len() > 6,
        }
    };
    grids.into_iter().enumerate().map(figure).collect()
}

/// Settings as people read them.
pub(super) fn told(settings: &[String]) -> String {
    settings.join(", ").replace('=', " ")
}

/// The value of a setting.
pub(super) fn value(setting: &str) -> String {
    let (_, value) = setting.split_once('=').unwrap_or_default();
    value.to_owned()
}

fn table(swept: Swept<'_>) -> Figure {
    let keys = swept.axes.iter().map(|axis| axis.key.as_str());
    let figures = [
        "occupancy",
        "abandoned",
        "cap held on days",
        "people reached an hour",
        "waited 0–2 s",
        "calls per answer",
    ];
    let mut table = DataTable::new(&keys.chain(figures).collect::<Vec<_>>());
    for row in swept.rows {
        let mut cells: Vec<String> = row.settings.iter().map(|set| value(set)).collect();
        cells.extend([
            share_with_error(row.utilisation),
            share(row.abandonment, 3),
            format!("{} of {}", row.days_held, row.days),
            format!(
                "{:.1} ± {:.1}",
                row.contacts_per_hour.mean, row.contacts_per_hour.half_width
            ),
            share(row.waited_share, 2),
            format!("{:.2}", row.calls_per_answer),
        ]);
        table.rows.push(cells);
    }
    Figure {
        title: "Figures by combination".to_owned(),
        caption: "Occupancy and people reached: mean over the days with half a 95 % interval."
            .to_owned(),
        body: table.render(),
        data: None,
        wide: true,
    }
}
