//! Values over the hours of many days.

use super::super::{Axis, DataTable, Figure, Layer, Plot, Scale, Tone, Unit};
use super::share;

/// Hours in which the floor fills: not looked at for highs and lows. Of short days a quarter.
const FILLING_H: f64 = 0.5;

/// The days and their bins.
#[derive(Clone, Copy, Debug)]
pub(super) struct Days {
    /// Length of a day, h.
    pub hours: f64,
    /// Width of a bin, h.
    pub width_h: f64,
    /// Bins of a day.
    pub bins: usize,
    /// How many days.
    pub count: usize,
}

/// Mean, 10th and 90th percentile over the days, at a time in hours.
pub(super) type Spread = (f64, f64, f64, f64);

impl Days {
    /// Over the days that have a value in the bin; `at` is 0.5 for its middle, 1 for its end.
    pub(super) fn spread(&self, at: f64, days: &[Vec<Option<f64>>]) -> Vec<Spread> {
        let bin = |k: usize| {
            let mut values: Vec<f64> = days.iter().filter_map(|day| day[k]).collect();
            // A few early days say nothing of all.
            if values.len() * 2 < days.len() || values.is_empty() {
                return None;
            }
            values.sort_by(f64::total_cmp);
            let rank = |share: f64| values[((values.len() - 1) as f64 * share).round() as usize];
            let mean = values.iter().sum::<f64>() / values.len() as f64;
            let hour = (k as f64 + at) * self.width_h;
            Some((hour.min(self.hours), mean, rank(0.1), rank(0.9)))
        };
        (0..self.bins).filter_map(bin).collect()
    }

    /// The hours of the day.
    pub(super) fn axis(&self) -> Axis {
        Axis::hours("hours from the start", self.hours)
    }

    /// The mean and what eight days in ten keep to, or the one day.
    pub(super) fn plot(&self, y: Axis, spread: &[Spread], tone: Tone) -> Plot {
        let mut plot = Plot::new(self.axis(), y);
        if self.count < 2 {
            return self.line(plot, "the day", tone, spread);
        }
        for (k, run) in self.runs(spread).enumerate() {
            let name = if k == 0 { "8 of 10 days" } else { "" };
            let band = run.iter().map(|(hour, _, low, high)| (*hour, *low, *high));
            plot = plot.band(name, tone, band.collect());
        }
        self.line(plot, "mean of the days", tone, spread)
    }

    /// The means, with gaps where there are none.
    pub(super) fn line(&self, plot: Plot, name: &str, tone: Tone, spread: &[Spread]) -> Plot {
        self.runs(spread).enumerate().fold(plot, |plot, (k, run)| {
            let line = run.iter().map(|(hour, mean, ..)| (*hour, *mean)).collect();
            plot.line(if k == 0 { name } else { "" }, tone, line)
        })
    }

    /// Neighbouring bins.
    fn runs<'a>(&self, spread: &'a [Spread]) -> impl Iterator<Item = &'a [Spread]> + use<'a> {
        let near = 1.5 * self.width_h;
        spread.chunk_by(move |one, next| next.0 - one.0 < near)
    }

    /// Once the floor has filled.
    pub(super) fn settled<'a>(
        &self,
        spread: &'a [Spread],
    ) -> impl Iterator<Item = &'a Spread> + use<'a> {
        let filled_h = FILLING_H.min(self.hours / 4.0);
        spread.iter().filter(move |value| value.0 > filled_h)
    }

    /// Where the bins begin, and where the last ends.
    pub(super) fn edges(&self) -> Vec<f64> {
        let edge = |k: usize| (k as f64 * self.width_h).min(self.hours);
        (0..=self.bins).map(edge).collect()
    }

    /// The values of layers.
    pub(super) fn layer_table(&self, layers: &[Layer], unit: Unit) -> DataTable {
        let names = layers.iter().map(|layer| layer.name.as_str());
        let heads: Vec<&str> = ["from"].into_iter().chain(names).collect();
        let mut data = DataTable::new(&heads);
        let edges = self.edges();
        data.rows = (0..self.bins)
            .map(|k| {
                let values = layers.iter().map(|layer| match unit {
                    Unit::Share => share(layer.values[k], 1),
                    _ => format!("{:.2}", layer.values[k]),
                });
                [Unit::Hours.value(edges[k])]
                    .into_iter()
                    .chain(values)
                    .collect()
            })
            .collect();
        data
    }
}

/// A figure half as wide as the page.
pub(super) fn figure(title: &str, caption: String, plot: &Plot, data: DataTable) -> Figure {
    Figure {
        title: title.to_owned(),
        body: plot.render(&caption),
        caption,
        data: Some(data),
        wide: false,
    }
}

/// All of a layer.
pub(super) fn sum(layer: &Layer) -> f64 {
    layer.values.iter().sum()
}

/// The values behind a line.
pub(super) fn table(what: &str, spread: &[Spread], unit: Unit) -> DataTable {
    let mut data = DataTable::new(&["at", what, "10th percentile of days", "90th percentile"]);
    data.rows = spread
        .iter()
        .map(|(hour, mean, low, high)| {
            let cells = [*mean, *low, *high].map(|value| unit.value(value));
            [Unit::Hours.value(*hour)]
                .into_iter()
                .chain(cells)
                .collect()
        })
        .collect();
    data
}

/// Some lines over the same hours: name, colour, values.
pub(super) type Lines = Vec<(String, Tone, Vec<Spread>)>;

/// The values behind some lines.
pub(super) fn lines_table(lines: &Lines, unit: Unit) -> DataTable {
    let names = lines.iter().map(|(name, ..)| name.as_str());
    let heads: Vec<&str> = ["at"].into_iter().chain(names).collect();
    let mut data = DataTable::new(&heads);
    let mut hours: Vec<f64> = lines
        .iter()
        .flat_map(|(.., spread)| spread.iter().map(|value| value.0))
        .collect();
    hours.sort_by(f64::total_cmp);
    hours.dedup();
    let row = |hour: &f64| {
        let cell = |(.., spread): &(String, Tone, Vec<Spread>)| {
            let found = spread.iter().find(|value| value.0 == *hour);
            found.map_or_else(|| "–".to_owned(), |value| unit.value(value.1))
        };
        [Unit::Hours.value(*hour)]
            .into_iter()
            .chain(lines.iter().map(cell))
            .collect()
    };
    data.rows = hours.iter().map(row).collect();
    data
}

/// A plot of some lines.
pub(super) fn lines_plot(
    days: &Days,
    label: &str,
    unit: Unit,
    scale: Scale,
    lines: &Lines,
) -> Plot {
    let plot = Plot::new(days.axis(), Axis::new(label, scale, unit));
    lines.iter().fold(plot, |plot, (name, tone, spread)| {
        days.line(plot, name, *tone, spread)
    })
}
