//! Figures over the hours of the day.

use super::super::{Axis, Figure, Layer, Plot, Scale, Tone, Unit};
use super::over_day::{Days, Spread, figure, sum, table};
use super::{plural, share};
use crate::pacing::trace::Bin;
use crate::pacing::{PacingScenario, Trace};
use carillon_decision::pacing::Constraint;

/// Answers before a share of them is drawn.
const ANSWERS_LEAST: u32 = 20;

/// Many days' courses.
pub(super) struct Course<'a> {
    scenario: &'a PacingScenario,
    traces: &'a [Trace],
    days: Days,
}

impl<'a> Course<'a> {
    /// At least one trace.
    pub(super) fn new(scenario: &'a PacingScenario, traces: &'a [Trace]) -> Self {
        Self {
            scenario,
            traces,
            days: Days {
                hours: scenario.hours,
                width_h: traces[0].width_s / 3600.0,
                bins: traces[0].bins.len(),
                count: traces.len(),
            },
        }
    }

    fn spread(&self, at: f64, of: impl Fn(&Trace) -> Vec<Option<f64>>) -> Vec<Spread> {
        let days: Vec<Vec<Option<f64>>> = self.traces.iter().map(of).collect();
        self.days.spread(at, &days)
    }

    fn each(&self, of: impl Fn(&Bin) -> Option<f64>) -> Vec<Spread> {
        self.spread(0.5, |trace| trace.bins.iter().map(&of).collect())
    }

    /// Occupancy.
    pub(super) fn occupancy(&self) -> Figure {
        let spread = self.each(Bin::occupancy);
        let settled = || self.days.settled(&spread);
        let lowest = settled().min_by(|a, b| a.1.total_cmp(&b.1));
        let caption = lowest.map_or_else(
            || "Talk and wrap-up over logged-in time.".to_owned(),
            |(hour, mean, ..)| {
                format!(
                    "Talk and wrap-up over logged-in time. After the floor has filled, it is lowest at {} with {}.",
                    Unit::Hours.value(*hour),
                    share(*mean, 1)
                )
            },
        );
        // The filling of the floor leaves below the frame: the rest would be a thin line.
        let scale = Scale::over(
            settled()
                .flat_map(|(_, _, low, high)| [*low, *high])
                .chain([1.0]),
        );
        let y = Axis::new("occupancy", scale, Unit::Share);
        let plot = self.days.plot(y, &spread, Tone::Series(0));
        figure(
            "Occupancy",
            caption,
            &plot,
            table("occupancy", &spread, Unit::Share),
        )
    }

    /// Calls in flight.
    pub(super) fn lines(&self) -> Figure {
        let spread = self.each(|bin| (bin.length_s > 0.0).then(|| bin.line_s / bin.length_s));
        let mean = spread.iter().map(|value| value.1).sum::<f64>() / spread.len().max(1) as f64;
        let caption = format!(
            "Calls dialed and not yet connected or ended: {} on average, {} for each agent.",
            Unit::Number.value((mean * 10.0).round() / 10.0),
            Unit::Number
                .value((mean / f64::from(self.scenario.agents.max(1)) * 100.0).round() / 100.0),
        );
        let scale = Scale::with_zero(spread.iter().map(|value| value.3.max(value.1)));
        let y = Axis::new("calls in flight", scale, Unit::Number);
        let plot = self.days.plot(y, &spread, Tone::Series(2));
        figure(
            "Lines in flight",
            caption,
            &plot,
            table("calls in flight", &spread, Unit::Number),
        )
    }

    /// Agents by what they do.
    pub(super) fn agents(&self) -> Figure {
        type State = (&'static str, Tone, fn(&Bin) -> f64);
        let states: [State; 5] = [
            ("talk", Tone::Series(0), |bin| bin.talk_s),
            ("wrap-up", Tone::Series(4), |bin| bin.wrap_s),
            ("last call", Tone::Series(3), |bin| bin.leaving_s),
            ("idle", Tone::Series(1), |bin| bin.idle_s),
            ("away", Tone::Quiet, |bin| bin.away_s),
        ];
        let layers: Vec<Layer> = states
            .into_iter()
            .map(|(name, tone, of)| Layer {
                name: name.to_owned(),
                tone,
                values: self.means(|bin| of(bin) / bin.length_s.max(1e-9)),
            })
            .filter(|layer| layer.values.iter().any(|value| *value > 1e-9))
            .collect();
        let whole: f64 = layers.iter().flat_map(|layer| &layer.values).sum();
        let part = |name: &str| {
            let of = layers.iter().find(|layer| layer.name == name);
            of.map_or(0.0, |layer| layer.values.iter().sum::<f64>()) / whole.max(1e-9)
        };
        let caption = format!(
            "Of the agents' day {} is talk, {} wrap-up and {} idle: the mean of {}.",
            share(part("talk"), 1),
            share(part("wrap-up"), 1),
            share(part("idle"), 1),
            plural(self.traces.len(), "day")
        );
        let most =
            (0..self.days.bins).map(|k| layers.iter().map(|layer| layer.values[k]).sum::<f64>());
        let y = Axis::new(
            "agents",
            Scale::new(0.0, most.fold(0.0, f64::max)),
            Unit::Number,
        );
        let data = self.days.layer_table(&layers, Unit::Number);
        let plot = Plot::new(self.days.axis(), y).stack(self.days.edges(), layers);
        figure("What agents do", caption, &plot, data)
    }

    /// What held the number of lines.
    pub(super) fn constraints(&self) -> Option<Figure> {
        let layer = |(k, constraint): (usize, &Constraint)| Layer {
            name: constraint.code().replace('_', " "),
            // The first two, in nearly every day, are far apart for every eye.
            tone: Tone::Series([2, 1, 6, 3, 4, 5, 0, 7][k % 8]),
            values: self.means(|bin| bin.bound_s[k] / bin.bound_s.iter().sum::<f64>().max(1e-9)),
        };
        let layers: Vec<Layer> = Constraint::ALL
            .iter()
            .enumerate()
            .map(layer)
            .filter(|layer| layer.values.iter().any(|value| *value > 5e-4))
            .collect();
        let first = layers.iter().max_by(|a, b| sum(a).total_cmp(&sum(b)))?;
        let caption = format!(
            "Share of the time for which each limit kept the pacer from dialing one line more; most often: {} ({}).",
            first.name,
            share(sum(first) / self.days.bins as f64, 0)
        );
        let y = Axis::new("share of time", Scale::new(0.0, 1.0), Unit::Share);
        let data = self.days.layer_table(&layers, Unit::Share);
        let plot = Plot::new(self.days.axis(), y).stack(self.days.edges(), layers);
        Some(figure(
            "What held the number of lines",
            caption,
            &plot,
            data,
        ))
    }

    /// Abandonment from the start of the day.
    pub(super) fn running_share(&self) -> Figure {
        let cap = self.scenario.cap;
        let spread = self.spread(1.0, |trace| trace.running_share(ANSWERS_LEAST));
        let over = spread.iter().filter(|value| value.1 > cap).count();
        let caption = format!(
            "Share of all answers since the start of the day, from the {ANSWERS_LEAST}th answer on. The mean is above the cap for {} of the time; what counts is the right-hand end.",
            share(over as f64 / spread.len().max(1) as f64, 0)
        );
        let scale = Scale::with_zero(
            spread
                .iter()
                .map(|value| value.3.max(value.1))
                .chain([cap * 1.25]),
        );
        let y = Axis::new("abandoned so far", scale, Unit::Share);
        let plot = self
            .days
            .plot(y, &spread, Tone::Series(3))
            .level(&format!("cap {}", share(cap, 1)), cap);
        figure(
            "Abandonment in its window",
            caption,
            &plot,
            table("abandoned so far", &spread, Unit::Share),
        )
    }

    /// Abandonment of the hour before; none on days of less than an hour.
    pub(super) fn hours_before(&self) -> Option<Figure> {
        let cap = self.scenario.cap;
        let spread = self.spread(1.0, |trace| trace.hourly_share(ANSWERS_LEAST));
        if spread.len() < 2 {
            return None;
        }
        let worst = spread.iter().max_by(|a, b| a.3.total_cmp(&b.3))?;
        let caption = format!(
            "Share of the answers of the 60 minutes before. Single hours run above a cap that is meant for the day: one day in ten reached {} at {}.",
            share(worst.3, 1),
            Unit::Hours.value(worst.0)
        );
        let scale = Scale::with_zero(
            spread
                .iter()
                .map(|value| value.3.max(value.1))
                .chain([cap * 1.25]),
        );
        let y = Axis::new("abandoned in the hour before", scale, Unit::Share);
        let plot = self
            .days
            .plot(y, &spread, Tone::Series(6))
            .level(&format!("cap {}", share(cap, 1)), cap);
        let data = table("abandoned in the hour before", &spread, Unit::Share);
        Some(figure("The rolling hour", caption, &plot, data))
    }

    fn means(&self, of: impl Fn(&Bin) -> f64) -> Vec<f64> {
        let mean = |k: usize| {
            let sum: f64 = self.traces.iter().map(|trace| of(&trace.bins[k])).sum();
            sum / self.traces.len() as f64
        };
        (0..self.days.bins).map(mean).collect()
    }
}
